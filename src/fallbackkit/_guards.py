from __future__ import annotations

import sys
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

from fallbackkit._strategies.bulkhead import Bulkhead
from fallbackkit._strategies.cache import Cache
from fallbackkit._strategies.circuit_breaker import CircuitBreaker
from fallbackkit._strategies.fallback import Fallback
from fallbackkit._strategies.hedge import Hedge
from fallbackkit._strategies.retry import Retry
from fallbackkit._strategies.route import Route
from fallbackkit._strategies.spend import SpendLimit
from fallbackkit._strategies.timeout import Deadline, Timeout
from fallbackkit.providers._look import look
from fallbackkit.providers._own_retries import retrying_clients

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from fallbackkit._rung import Rung
    from fallbackkit._runtime import Strategy

__all__ = ["STATEFUL", "async_rungs", "caller", "check", "check_function", "warn"]

_PER_DEPENDENCY = (Bulkhead, CircuitBreaker)
STATEFUL = (Bulkhead, Cache, CircuitBreaker, Hedge, SpendLimit)
_QUICK = frozenset({"cache", "rule"})


def check(strategies: Sequence[Strategy]) -> None:
    """Refuse, or warn of, what is known to go wrong in an outage, when the pipeline is built.

    Raises:
        ValueError: Attempts without end, layers around a target that has its own, or a strategy inside itself.
    """
    given = {type(strategy): strategy for strategy in strategies}
    _check_end(given)
    _check_route(strategies)
    _check_inside(strategies)
    _warn_of_no_limit(given)
    for strategy in strategies:
        for rung in _rungs(strategy):
            _warn_of_own_retries(rung.target.fn)


def check_function(strategies: Sequence[Strategy], fn: Callable[..., Any]) -> None:
    """The same for the function that is wrapped."""
    _check_inside(strategies, fn)
    _warn_of_own_retries(fn)


def async_rungs(strategies: Sequence[Strategy]) -> tuple[str, ...]:
    """What cannot be asked without an event loop."""
    return tuple(
        f"{'target' if isinstance(strategy, Route) else 'fallback'} `{rung.name}`"
        for strategy in strategies
        for rung in _rungs(strategy)
        if rung.target.is_async
    )


def _rungs(strategy: Strategy) -> tuple[Rung, ...]:
    return strategy.rungs if isinstance(strategy, Fallback | Route) else ()


def _check_end(given: dict[type[Strategy], Any]) -> None:
    if Retry in given and given[Retry].endless and Deadline not in given:
        raise ValueError(
            "`Retry` never stops by itself, and there is no `Deadline` to end it; add Deadline(seconds), "
            "or combine its stop object with tenacity.stop_after_attempt(n)"
        )


def _check_route(strategies: Sequence[Strategy]) -> None:
    route = next((strategy for strategy in strategies if isinstance(strategy, Route)), None)
    if route is None:
        return
    inside = [each for each in strategies[strategies.index(route) + 1 :] if not getattr(each, "innermost", False)]
    nested = next((rung.name for rung in route.rungs if rung.nested is not None), None)
    if nested is not None and inside:
        name = type(inside[0]).__name__
        raise ValueError(
            f"`{name}` stands inside `Route`, but the target `{nested}` has a pipeline of its own, which it would "
            f"not reach; give every function a pipeline of its own, and move `{name}` there"
        )
    for strategy in inside:
        if isinstance(strategy, _PER_DEPENDENCY):
            name = type(strategy).__name__
            warn(
                f"`{name}` stands inside `Route`, and so counts the calls of all targets together: one that is down "
                f"closes the way to the others. Give every function a pipeline of its own: "
                f"Pipeline({name}(…))(fn), with the same {name} for those that are one service"
            )


def _check_inside(strategies: Sequence[Strategy], fn: Callable[..., Any] | None = None) -> None:
    inside = _inside(fn)
    for strategy in reversed(strategies):
        if strategy in inside and isinstance(strategy, STATEFUL):
            name = type(strategy).__name__
            raise ValueError(
                f"the same `{name}` stands inside itself: a function in here runs in a pipeline that has it, too. "
                f"Every call would count twice, or wait for itself; take it out of one of the two"
            )
        for rung in _rungs(strategy):
            inside |= _inside(rung.target.fn)


def _inside(fn: object) -> set[Strategy]:
    """Every strategy that a call of ``fn`` passes, as far as it shows."""
    found: set[Strategy] = set()
    for strategies in _chains_of(fn):
        for strategy in strategies:
            found |= {strategy}.union(*(_inside(rung.target.fn) for rung in _rungs(strategy)))
    return found


def _chains_of(fn: object) -> Iterator[Sequence[Strategy]]:
    """The chains around ``fn``, also under decorators and partials."""
    seen: set[int] = set()
    while fn is not None and id(fn) not in seen:
        seen.add(id(fn))
        if hasattr(type(fn), "within"):
            yield fn.pipeline.strategies  # type: ignore[attr-defined]
        fn = fn.func if isinstance(fn, partial) else look(fn, "__wrapped__")


def _warn_of_no_limit(given: dict[type[Strategy], Any]) -> None:
    """A Timeout says that what is called may hang; it does not reach the rungs.

    Without one, whoever built the chain leaves limits to the functions themselves, and a rung is no worse
    than they are. What is said to answer by a rule or from a cache does not hang.
    """
    if Timeout not in given or Deadline in given or Fallback not in given:
        return
    for rung in given[Fallback].rungs:
        if rung.nested is None and rung.kind not in _QUICK:
            warn(
                f"`Timeout` does not reach the fallback `{rung.name}`, which may hang; add a Deadline(seconds) over "
                f"everything, or give it a limit of its own: Pipeline(Timeout(seconds))({rung.name}). If it cannot "
                f"hang, say so: Rung({rung.name}, 'rule')"
            )


def _warn_of_own_retries(fn: Callable[..., Any]) -> None:
    for name, retries in retrying_clients(fn):
        warn(
            f"`{name}` retries by itself (max_retries={retries}), which no pipeline sees or limits; "
            f"make it with max_retries=0, or use {name}.with_options(max_retries=0)"
        )


def warn(message: str) -> None:
    """Warn whoever builds a pipeline, at the line where they do."""
    _, level = caller()
    warnings.warn(message, UserWarning, stacklevel=level)


def caller() -> tuple[FrameType, int]:
    """The first frame outside this package, and how far out it is of the function that asks."""
    frame, level = sys._getframe(1), 1  # noqa: SLF001 - there is no other way to look at callers
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "fallbackkit":
        frame, level = frame.f_back, level + 1
    return frame, level
