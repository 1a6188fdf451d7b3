"""The shape of the package: who imports what, who awaits what, what is public."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import fallbackkit as fk
import fallbackkit.testing

PACKAGE = Path(fk.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
STRATEGIES = sorted((PACKAGE / "_strategies").glob("[a-z]*.py"))
VERBS = {"invoke", "store", "sleep", "wait", "progress"}


def name_of(path):
    """The module's dotted name."""
    return ".".join(("fallbackkit", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def parse(path):
    """The module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(tree):
    """Top-level names of the packages that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def foreign_awaits(tree):
    """What a strategy awaits besides the next layer, the runtime's verbs and coroutines of its own."""
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFor | ast.AsyncWith):
            yield ast.unparse(node)
        if not isinstance(node, ast.Await):
            continue
        called = ast.unparse(node.value.func) if isinstance(node.value, ast.Call) else ast.unparse(node.value)
        allowed = {
            "inner",
            *("call.show", "call.retract", "race.call.show"),
            *(f"call.runtime.{verb}" for verb in VERBS),
            *(f"self.{name}" for name in own),
        }
        if called not in allowed:
            yield called


def test_the_strategies_are_found():
    """The checks below look at something."""
    assert {"retry", "timeout", "fallback", "circuit_breaker", "gate", "cache"} <= {path.stem for path in STRATEGIES}


@pytest.mark.parametrize("path", STRATEGIES, ids=name_of)
def test_a_strategy_awaits_only_what_never_suspends_in_the_sync_runtime(path):
    """Anything else would work under async and fail under sync."""
    assert [] == list(foreign_awaits(parse(path)))


def test_a_foreign_await_would_be_found():
    """The check above sees sleeps of asyncio, async with, and awaited names."""
    body = ["await inner(call)", "await asyncio.sleep(1)", "async with x: pass", "await task"]
    code = "\n    ".join(["async def run(inner, call):", *body])
    assert {"asyncio.sleep", "async with x:\n    pass", "task"} == set(foreign_awaits(ast.parse(code)))


@pytest.mark.parametrize(("library", "home"), [("tenacity", "retry"), ("pybreaker", "circuit_breaker")])
def test_a_wrapped_library_is_known_to_one_file_only(library, home):
    """Exchanging it means changing that file."""
    assert [f"fallbackkit._strategies.{home}"] == [
        name_of(path) for path in MODULES if library in imported(parse(path))
    ]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_all_is_sorted_and_complete(path):
    """``__all__`` lists existing names, sorted, and in a package every public name that it imports."""
    names = next(
        (
            ast.literal_eval(node.value)
            for node in parse(path).body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        ),
        None,
    )
    if names is None:
        return
    assert sorted(names) == sorted(set(names))
    assert names == sorted(names, key=lambda name: (not name.isupper(), name[0].islower(), name))
    if path.parts[-2] != "ui" and "ui" not in path.parts:
        assert all(hasattr(importlib.import_module(name_of(path)), name) for name in names)
    if path.name == "__init__.py":
        given = {
            alias.asname or alias.name
            for node in parse(path).body
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fallbackkit")
            for alias in node.names
        }
        assert {name for name in given if not name.startswith("_")} <= set(names)


PROMISED = set(
    """
Answer Source Confidence Usage Step Attempt Failure FailureKind classify Outcome Ticket
Retry CircuitBreaker Timeout Deadline Fallback Rung Cache Validate ConfidenceGate Escalate
FallbackkitError CallRejected CircuitOpen BulkheadFull DeadlineExceeded LowConfidence InvalidAnswer
ReviewPending FallbackExhausted Pipeline protect remaining Notice
RetryBudget Bulkhead Hedge Route SpendLimit SpendExceeded
""".split()  # noqa: SIM905 - a list of forty lines says no more
)


def test_the_promised_names_are_public():
    """What the README and the callers rely on is importable from the top."""
    assert set() == PROMISED - set(fk.__all__)
    assert {"Chaos", "Chunk", "FakeClock", "Script", "Stream", "Fault", "outcomes", "failures", "fault_scripts"} <= set(
        fallbackkit.testing.__all__
    )


def test_the_faces_are_there():
    """The methods by which a pipeline serves."""
    assert {"call", "acall", "outcome", "aoutcome", "stream", "astream", "describe"} <= set(dir(fk.Pipeline))
    assert {"stream", "outcome", "__call__"} <= set(dir(fk.Protected)) & set(dir(fk.AsyncProtected))
    assert {"state", "snapshot", "isolate", "reset"} <= set(dir(fk.CircuitBreaker))
    assert {"notice", "served_by", "usage", "degraded", "text", "sources"} <= set(dir(fk.Outcome))


def test_the_error_tree_is_as_drawn():
    """The tree in the docstring of ``errors`` is the tree of the classes."""
    drawn = [
        line for line in fk.errors.__doc__.splitlines() if line[:1] in {"│", "├", "└"} or line == "FallbackkitError"
    ]
    parents, tree = [], {}
    for line in drawn:
        name = line.lstrip("│ ├└─").split()[0]
        depth = (len(line) - len(line.lstrip("│ ├└─"))) // 4
        parents[depth:] = [name]
        tree[name] = parents[depth - 1] if depth else "Exception"
    public = {name: getattr(fk.errors, name) for name in fk.errors.__all__}
    assert set(tree) == {name for name, it in public.items() if isinstance(it, type) and issubclass(it, Exception)}
    assert all(parent in [base.__name__ for base in getattr(fk, name).__mro__] for name, parent in tree.items())
    assert issubclass(fk.DeadlineExceeded, TimeoutError)
    assert issubclass(fk.FallbackExhausted, ExceptionGroup)
