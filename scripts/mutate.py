"""Break the core in every small way that can be thought of, and list the breaks that no test notices.

A mutant is one change in one function: a comparison turned round, a statement left out, a number one
higher. The tests are collected once, and run once to see which functions each of them enters. Then each
mutant gets a forked process, which puts the changed code in the place of the function's own and runs the
tests that enter it, quickest first, until one fails.
"""

from __future__ import annotations

import argparse
import ast
import copy
import gc
import importlib
import json
import os
import resource
import signal
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
from _pytest.runner import runtestprotocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "fallbackkit"
EXPLAINED = ROOT / "docs" / "mutation.md"
CORE = ("_strategies/*.py", "_runtime.py", "_pipeline.py", "_circuit.py")
TESTS = ("tests/core", "--ignore=tests/core/test_shape.py")
OPTIONS = ("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--capture=sys", "--hypothesis-profile=mutants")
ENOUGH = 0.9
BUDGET = 30.0  # seconds of tests, the quickest first, that have a chance to notice a mutant
MEMORY = 8 << 30

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Break: ast.Continue,
    ast.Continue: ast.Break,
}
RENAMED = {"min": "max", "max": "min", "any": "all", "all": "any"}


Key = tuple[str, str, int]  # of a function: file, qualified name, first line


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
        return f"`{self.file}` {self.function}: {self.change}"


def changed(node: ast.AST, **fields: Any) -> ast.AST:
    made = copy.copy(node)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def variants(node: ast.AST) -> Iterator[ast.AST]:  # noqa: C901, PLR0912 - one case a kind of change
    """Everything that a node could be by mistake."""
    match node:
        case ast.Compare(ops=ops):
            for at, op in enumerate(ops):
                yield changed(node, ops=[*ops[:at], SWAPPED[type(op)](), *ops[at + 1 :]])
        case ast.BoolOp(op=op) | ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in SWAPPED:
            yield changed(node, op=SWAPPED[type(op)]())
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield ast.Constant(value + 1)
        case ast.Constant(value=str(value)) if value and " " not in value:
            yield ast.Constant("")
        case ast.IfExp(body=body, orelse=orelse):
            yield body
            yield orelse
        case ast.Call(func=ast.Name(id=name)) if name in RENAMED:
            yield changed(node, func=ast.Name(RENAMED[name], ast.Load()))
        case ast.Call(keywords=keywords):
            for keyword in keywords:
                yield changed(node, keywords=[other for other in keywords if other is not keyword])
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield ast.Return(None)
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.Raise():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
        case ast.AnnAssign(target=ast.Attribute(), value=ast.expr()):
            yield ast.Pass()
        case ast.Break() | ast.Continue():
            yield SWAPPED[type(node)]()
        case ast.With(items=[ast.withitem(optional_vars=None)], body=body):
            yield ast.If(ast.Constant(value=True), body, [])
        case ast.If(test=test) | ast.While(test=test) if isinstance(test, ast.Name | ast.Attribute | ast.Call):
            yield changed(node, test=ast.UnaryOp(ast.Not(), test))
    if isinstance(node, ast.AugAssign):
        yield ast.Pass()


def places(node: ast.AST) -> Iterator[tuple[Callable[[ast.AST], None], ast.AST]]:
    """Each node below that runs and is not mere words, and how to put another there."""
    for name, value in ast.iter_fields(node):
        if name in {"decorator_list", "annotation", "returns", "args", "type_params"} and not isinstance(node, ast.Call):
            continue
        for at, item in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(item, ast.AST) or isinstance(item, ast.JoinedStr):
                continue

            def put(new: ast.AST, at: int = at, name: str = name, value: Any = value) -> None:
                if isinstance(value, list):
                    value[at] = new
                else:
                    setattr(node, name, new)

            yield put, item
            yield from places(item)


def functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
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


def said(node: ast.AST) -> str:
    return " ".join(ast.unparse(ast.fix_missing_locations(node)).split())


def first_line(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])


def mutants_of(path: Path) -> Iterator[Mutant]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    file = path.relative_to(PACKAGE).as_posix()
    for name, function in functions(tree):
        key = (str(path), name, first_line(function))
        for default in mutants_of_defaults(function):
            yield Mutant(file, function.lineno, name, default[0], key, default[1])
        for put, node in list(places(function)):
            for new in variants(node):
                ast.copy_location(new, node)
                put(ast.fix_missing_locations(new))
                code = code_in(compile(tree, str(path), "exec"), *key[1:])
                put(node)
                if code is not None:
                    change = f"`{said(node)[:150]}` became `{said(new)[:150]}`"
                    yield Mutant(file, getattr(node, "lineno", 0), name, change, key, replaced_by(code))


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
    return lambda function: setattr(function, "__code__", code)


def mutants_of_defaults(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, Any]]:
    """Another default for each keyword-only number and truth value."""
    for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
        if not isinstance(default, ast.Constant) or not isinstance(default.value, int | float):
            continue
        value = not default.value if isinstance(default.value, bool) else default.value + 1

        def put(live: FunctionType, name: str = argument.arg, value: object = value) -> None:
            live.__kwdefaults__ = {**(live.__kwdefaults__ or {}), name: value}

        yield f"the default of `{argument.arg}` became `{value}`", put


class Mutation:
    """A pytest plugin that runs mutants in the place of the tests."""

    def __init__(self, files: list[Path], processes: int) -> None:
        self.files = files
        self.processes = processes
        self.mutants = [mutant for path in files for mutant in mutants_of(path)]
        self.keys = {mutant.key for mutant in self.mutants}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
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
        items = self.session.items
        following = None if after is None else items[after]
        return not any(report.failed for report in runtestprotocol(items[test], log=False, nextitem=following))

    def each_in_its_process(self, took: dict[int, float]) -> Iterator[Mutant]:
        """Each mutant once its fate is known."""
        running: dict[int, Mutant] = {}
        for mutant in [*self.mutants, *[None] * self.processes]:
            while running and (mutant is None or len(running) >= self.processes):
                pid, status = os.wait()
                if pid in running:
                    done = running.pop(pid)
                    done.fate = fate(status)
                    yield done
            if mutant is not None and mutant.tests:
                running[fork(lambda mutant=mutant: self.try_out(mutant, took))] = mutant
            elif mutant is not None:
                yield mutant

    def try_out(self, mutant: Mutant, took: dict[int, float]) -> int:
        """1 if a test fails, 0 if none does, 2 if the mutant cannot be made."""
        spent = 0.0
        signal.setitimer(signal.ITIMER_REAL, 20 + 5 * min(BUDGET, sum(took[test] for test in mutant.tests)))
        try:
            for function in self.live[mutant.key]:
                mutant.put(function)
        except ValueError:
            return 2
        for test, after in pairwise([*mutant.tests, None]):
            if not self.passes(test, after):
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
    if os.WIFSIGNALED(status):
        return "out of time" if os.WTERMSIG(status) == signal.SIGALRM else "crashed"
    return ("survived", "killed", "impossible")[os.WEXITSTATUS(status)]


def say(text: str) -> None:
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
