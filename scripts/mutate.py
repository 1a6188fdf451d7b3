"""Break the core in every small way that can be thought of, and list the breaks that no test notices.

The mutants are those of Cosmic Ray: a comparison turned round, a condition negated, a number one higher.
Running all tests anew for each of some thousand would take days. So they are collected once, and run once to
see which functions each of them enters. Then each mutant gets a forked process, which puts the changed code
in the place of the function's own and runs the tests that enter it until one fails: first those that have
killed others, then the quickest.
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib
import json
import mmap
import os
import re
import resource
import signal
import struct
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

import pytest
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import use_db

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "fallbackkit"
EXPLAINED = ROOT / "docs" / "mutation.md"
CORE = (
    "_strategies/*.py",
    "_call.py",
    "_circuit.py",
    "_ending.py",
    "_faces.py",
    "_fork.py",
    "_pipeline.py",
    "_runtime.py",
    "_streams.py",
)
TESTS = ("tests/core", "--ignore=tests/core/test_shape.py")
OPTIONS = (
    "-o",
    "addopts=--import-mode=importlib --strict-markers",
    "-p",
    "no:terminal",
    "-p",
    "no:randomly",
    "-p",
    "no:cacheprovider",
    "--capture=sys",
    "--hypothesis-profile=mutants",
)
ENOUGH = 0.9
BUDGET = 10.0  # seconds of tests that have a chance to notice a mutant
PATIENCE = 5.0  # seconds before a mutant that hangs is dead, beyond five times what its tests take
MEMORY = 8 << 30

Key = tuple[str, str, int]  # of a function: file, qualified name, first line

OPERATORS = re.compile(
    r"core/(Replace(BinaryOperator_(Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Div|Mod_Mul|Pow_Mul|BitOr_BitAnd|BitAnd_BitOr)"
    r"|ComparisonOperator_(Eq_NotEq|NotEq_Eq|Lt_LtE|LtE_Lt|Gt_GtE|GtE_Gt|Lt_Gt|LtE_GtE|Gt_Lt|GtE_LtE|Is_IsNot|IsNot_Is)"
    r"|UnaryOperator_.*_Nothing|UnaryOperator_Delete.*|AndWithOr|OrWithAnd|TrueWithFalse|FalseWithTrue"
    r"|BreakWithContinue|ContinueWithBreak)"
    r"|NumberReplacer|ExceptionReplacer|ZeroIterationForLoop)"
)
"""Of Cosmic Ray's operators those that turn a thing round; the same tests kill the rest, + into ** for example."""


@dataclass
class Mutant:
    """One change: ``put`` makes it in the live function, ``fate`` is what became of it."""

    file: str
    line: int
    function: str
    change: str
    key: Key
    put: Callable[[FunctionType], None]
    tests: list[int] = field(default_factory=list)
    fate: str = "survived"

    @property
    def name(self) -> str:
        """How the page of the survivors calls it."""
        return f"`{self.file}` {self.function}: {self.change}"


def functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function]]:
    """Those of a module and of its classes, by qualified name."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, f"{prefix}{node.name}.")


def code_in(code: CodeType, name: str, line: int) -> CodeType | None:
    """The code of a function of a compiled module."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if (constant.co_qualname, constant.co_firstlineno) == (name, line):
                return constant
            if found := code_in(constant, name, line):
                return found
    return None


def first_line(function: Function) -> int:
    """As the compiler counts it."""
    return min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])


def mutants_of(path: Path) -> Iterator[Mutant]:
    """What Cosmic Ray would change inside the functions of a module."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    whole = compile(tree, str(path), "exec")
    file = path.relative_to(PACKAGE).as_posix()
    places = [(name, node) for name, node in functions(tree) if node.end_lineno is not None]
    for operator, occurrence, line in positions(path):
        inside = [(name, node) for name, node in places if first_line(node) <= line <= (node.end_lineno or 0)]
        if not inside:
            continue
        name, node = inside[-1]
        key = (str(path), name, first_line(node))
        made = mutate_code(source, operator, occurrence)
        if made is None or made == source:
            continue
        put = put_in_place(path, made, key, code_in(whole, name, key[2]))
        if put is not None:
            yield Mutant(file, line, name, difference(source, made), key, put)


def positions(path: Path) -> Iterator[tuple[Any, int, int]]:
    """Each operator, which occurrence, and on what line."""
    with use_db(":memory:") as found:
        init([path], found, {})
        specs = [spec for item in found.work_items for spec in item.mutations]
    for spec in specs:
        if OPERATORS.fullmatch(spec.operator_name):
            yield get_operator(spec.operator_name)(**spec.operator_args), spec.occurrence, spec.start_pos[0]


def put_in_place(path: Path, made: str, key: Key, old: CodeType | None) -> Callable[[FunctionType], None] | None:
    """How to make a living function the changed one; None if nothing that runs has changed."""
    try:
        tree = ast.parse(made)
        new = code_in(compile(tree, str(path), "exec"), key[1], key[2])
    except SyntaxError:
        return None
    if new is not None and new != old:
        return replaced_by(new)
    return (
        None
        if old is None
        else defaults_of(dict(functions(tree))[key[1]], dict(functions(ast.parse(path.read_text())))[key[1]])
    )


def defaults_of(new: Function, old: Function) -> Callable[[FunctionType], None] | None:
    """Other defaults for keyword-only arguments."""
    changes = {
        argument.arg: after
        for argument, before, after in zip(old.args.kwonlyargs, old.args.kw_defaults, new.args.kw_defaults, strict=True)
        if before is not None and after is not None and ast.dump(before) != ast.dump(after)
    }

    def put(live: FunctionType) -> None:
        values = {
            name: eval(compile(ast.Expression(value), "<default>", "eval"), live.__globals__)  # noqa: S307 - our own code
            for name, value in changes.items()
        }
        live.__kwdefaults__ = {**(live.__kwdefaults__ or {}), **values}

    return put if changes else None


def difference(before: str, after: str) -> str:
    """The lines that differ, shortened."""
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    old, new = next(((old.strip(), new.strip()) for old, new in pairs if old != new), ("", ""))
    return f"`{old[:150]}` became `{new[:150]}`"


def noted_in(path: Path) -> Iterator[tuple[Key, CodeType]]:
    """The code of each function with one statement more, which adds the function's key to ``__entered__``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    keys = []
    for name, function in functions(tree):
        keys.append((str(path), name, first_line(function)))
        note = ast.parse(f"__entered__.add({keys[-1]!r})").body[0]
        function.body.insert(0, ast.copy_location(note, function))
    whole = compile(ast.fix_missing_locations(tree), str(path), "exec")
    for key in keys:
        code = code_in(whole, *key[1:])
        if code is not None:
            yield key, code


def replaced_by(code: CodeType) -> Callable[[FunctionType], None]:
    """What puts the code in the place of a function's own."""
    return lambda function: setattr(function, "__code__", code)


class Mutation:
    """A pytest plugin that runs mutants in the place of the tests."""

    def __init__(self, files: list[Path], processes: int) -> None:
        self.files = files
        self.processes = processes
        self.mutants = [mutant for path in files for mutant in mutants_of(path)]
        self.keys = {mutant.key for mutant in self.mutants}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In the place of pytest's own."""
        self.session = session
        for path in self.files:
            name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
            importlib.import_module(name.removesuffix(".__init__"))
        self.live: dict[Key, list[FunctionType]] = defaultdict(list)
        for thing in gc.get_objects():
            if isinstance(thing, FunctionType):
                code = thing.__code__
                self.live[code.co_filename, code.co_qualname, code.co_firstlineno].append(thing)
        gc.freeze()
        began = time.monotonic()
        took = self.survey()
        say(f"{len(took)} tests seen in {time.monotonic() - began:.0f} s; {len(self.mutants)} mutants")
        for number, mutant in enumerate(self.each_in_its_process(took), 1):
            if mutant.fate == "survived":
                say(f"{number}/{len(self.mutants)} {mutant.file}:{mutant.line} {mutant.name}")
        say(f"{time.monotonic() - began:.0f} s in all")
        return True

    def survey(self) -> dict[int, float]:
        """Run each test once, in forked processes; how long it took, and into ``mutant.tests`` who enters what."""
        entered: dict[Key, list[int]] = defaultdict(list)
        took: dict[int, float] = {}
        with tempfile.TemporaryDirectory() as folder:
            parts = [Path(folder, str(part)) for part in range(self.processes)]
            pids = [fork(lambda at=at, part=part: self.look(at, part)) for at, part in enumerate(parts)]
            for pid in pids:
                os.waitpid(pid, 0)
            for part in parts:
                for test, seconds, passed, keys in json.loads(part.read_text(encoding="utf-8")):
                    if not passed:
                        say(f"fails without any mutant, and is left out: {self.session.items[test].nodeid}")
                        continue
                    took[test] = seconds
                    for key in keys:
                        entered[tuple(key)].append(test)
        for mutant in self.mutants:
            mutant.tests = sorted(entered[mutant.key], key=took.__getitem__)
        return took

    def look(self, part: int, into: Path) -> int:
        """Run one part of the tests, and note which functions each of them enters."""
        notes = []
        entered: set[Key] = set()
        for path in self.files:
            for key, code in noted_in(path):
                for function in self.live[key]:
                    function.__globals__["__entered__"] = entered
                    function.__code__ = code
        tests = range(part, len(self.session.items), self.processes)
        for test, after in pairwise([*tests, None]):
            entered.clear()
            began = time.perf_counter()
            passed = self.passes(test, after)
            notes.append((test, time.perf_counter() - began, passed, sorted(entered)))
        into.write_text(json.dumps(notes), encoding="utf-8")
        return 0

    def passes(self, test: int, after: int | None) -> bool:
        """Whether a test passes; it keeps the fixtures that the one after it needs."""
        items = self.session.items
        self.failed = False
        self.session.ihook.pytest_runtest_protocol(item=items[test], nextitem=None if after is None else items[after])
        return not self.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest within ``passes``."""
        self.failed = self.failed or report.failed

    def each_in_its_process(self, took: dict[int, float]) -> Iterator[Mutant]:
        """Each mutant once its fate is known. What has killed others of its file has the first try."""
        running: dict[int, int] = {}
        kills: dict[str, Counter[int]] = defaultdict(Counter)
        killers = mmap.mmap(-1, 4 * len(self.mutants))
        for number, mutant in enumerate([*self.mutants, *[None] * self.processes]):
            while running and (mutant is None or len(running) >= self.processes):
                pid, status = os.wait()
                at = running.pop(pid)
                done = self.mutants[at]
                done.fate = fate(status)
                if done.fate == "killed":
                    kills[done.file][struct.unpack_from("i", killers, 4 * at)[0]] += 1
                yield done
            if mutant is None:
                continue
            mutant.tests.sort(key=lambda test, known=kills[mutant.file]: (-known[test], took[test]))
            running[fork(lambda mutant=mutant, number=number: self.try_out(mutant, took, killers, 4 * number))] = number

    def try_out(self, mutant: Mutant, took: dict[int, float], killers: mmap.mmap, at: int) -> int:
        """1 if a test fails, 0 if none does, 2 if the mutant cannot be made."""
        signal.setitimer(signal.ITIMER_REAL, PATIENCE + 5 * min(BUDGET, sum(took[test] for test in mutant.tests)))
        try:
            for function in self.live[mutant.key]:
                mutant.put(function)
        except ValueError:
            return 2
        spent = 0.0
        for test, after in pairwise([*mutant.tests, None]):
            if not self.passes(test, after):
                struct.pack_into("i", killers, at, test)
                return 1
            spent += took[test]
            if spent > BUDGET:
                break
        return 0


def fork(job: Callable[[], int]) -> int:
    """The process id of a child that does the job and ends with what it gives."""
    pid = os.fork()
    if pid:
        return pid
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    status = 1
    try:
        status = job()
    finally:
        os._exit(status)


def fate(status: int) -> str:
    """What the end of its process says of a mutant."""
    if os.WIFSIGNALED(status):
        return "out of time" if os.WTERMSIG(status) == signal.SIGALRM else "crashed"
    return ("survived", "killed", "impossible")[os.WEXITSTATUS(status)]


def say(text: str) -> None:
    """Print, past pytest."""
    print(text, file=sys.__stdout__, flush=True)


def summary(mutants: list[Mutant]) -> int:
    """Say how many survived, file by file, and which of them the page does not explain."""
    mutants = [mutant for mutant in mutants if mutant.fate != "impossible"]
    explained = EXPLAINED.read_text(encoding="utf-8")
    lines = ["| file | mutants | killed | |", "| --- | ---: | ---: | ---: |"]
    for file in [*sorted({mutant.file for mutant in mutants}), "all"]:
        counts = Counter(mutant.fate == "survived" for mutant in mutants if file in {mutant.file, "all"})
        lines.append(f"| `{file}` | {counts.total()} | {counts[False]} | {counts[False] / counts.total():.1%} |")
    say("\n".join(lines))
    for mutant in mutants:
        if mutant.fate == "survived" and mutant.name not in explained:
            say(f"not in {EXPLAINED.name}: {mutant.name}")
    killed = sum(mutant.fate != "survived" for mutant in mutants)
    return int(killed < ENOUGH * len(mutants))


def main() -> int:
    """0 if enough of them are killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", default=CORE, help="patterns below src/fallbackkit (default: the core)")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="at a time (default: %(default)s)")
    chosen = parser.parse_args()
    files = [
        path
        for path in sorted(PACKAGE.rglob("*.py"))
        if any(fnmatch(path.relative_to(PACKAGE).as_posix(), pattern) for pattern in chosen.files)
    ]
    os.chdir(ROOT)
    mutation = Mutation(files, chosen.processes)
    pytest.main([*OPTIONS, *TESTS], plugins=[mutation])
    return summary(mutation.mutants)


if __name__ == "__main__":
    sys.exit(main())
