"""The one order in which strategies make sense, outermost first, and why."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from fallbackkit._strategies.bulkhead import Bulkhead
from fallbackkit._strategies.cache import Cache
from fallbackkit._strategies.circuit_breaker import CircuitBreaker
from fallbackkit._strategies.escalate import Escalate
from fallbackkit._strategies.fallback import Fallback
from fallbackkit._strategies.gate import ConfidenceGate
from fallbackkit._strategies.hedge import Hedge
from fallbackkit._strategies.retry import Retry
from fallbackkit._strategies.route import Route
from fallbackkit._strategies.spend import SpendLimit
from fallbackkit._strategies.timeout import Deadline, Timeout
from fallbackkit._strategies.validate import Validate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fallbackkit._runtime import Strategy

__all__ = ["check"]

_WHY: dict[type[Strategy], str] = {
    Escalate: "the ticket has to be filed even when the time is up",
    Deadline: "it limits everything inside, fallbacks and waits too; for one attempt use Timeout",
    Fallback: "the next rung has to be asked after every attempt at this one has failed",
    Cache: "only answers that passed the gate may be saved",
    ConfidenceGate: "an unsure answer is no reason to ask the same model again",
    Route: "every attempt has to be at the target that was chosen",
    Retry: "each attempt needs its own check, permit and time limit",
    Hedge: "each attempt beside another needs its own check, permit and time limit",
    Validate: "a malformed answer may be asked for again, but must not charge the breaker",
    SpendLimit: "what it refuses must not take up a place or a permit",
    Bulkhead: "a call that waits for a place must hold no permit, and its attempt has not begun",
    CircuitBreaker: "an attempt that timed out has to count",
    Timeout: "it limits one attempt; for the whole call use Deadline",
}
_ORDER = tuple(_WHY)
_NAMES = " > ".join(strategy.__name__ for strategy in _ORDER)


def check(strategies: Sequence[Any]) -> None:
    """Refuse orders and combinations that cannot work, with a sentence that says what to move.

    Raises:
        TypeError: Something is not a strategy.
        ValueError: An impossible order, a strategy given twice, or limits that contradict one another.
    """
    strategies = _but_innermost(strategies)
    for strategy in strategies:
        if type(strategy) not in _WHY:
            msg = f"a Pipeline is made of {_NAMES}, got {strategy!r}"
            raise TypeError(msg)
    for outer, inner in pairwise(strategies):
        _check_pair(type(outer), type(inner))
    _check_limits({type(strategy): strategy for strategy in strategies})


def _but_innermost(strategies: Sequence[Any]) -> Sequence[Any]:
    """All but what stands around the function itself, as ``fallbackkit.testing.Chaos`` does."""
    innermost = [getattr(strategy, "innermost", False) for strategy in strategies]
    if True in innermost[:-1]:
        name = type(strategies[innermost.index(True)]).__name__
        raise ValueError(
            f"`{name}` must stand innermost: every other strategy has to see what it does. Move it to the end"
        )
    return strategies[:-1] if True in innermost else strategies


def _check_pair(outer: type[Strategy], inner: type[Strategy]) -> None:
    if outer is inner:
        msg = f"`{outer.__name__}` is given twice; keep one, its limits would multiply"
        raise ValueError(msg)
    if _ORDER.index(outer) > _ORDER.index(inner):
        msg = (
            f"`{inner.__name__}` must stand outside `{outer.__name__}`: {_WHY[inner]}. "
            f"Move it in front; outermost first the order is {_NAMES}"
        )
        raise ValueError(msg)


def _check_limits(given: dict[type[Strategy], Any]) -> None:
    deadline = given[Deadline].seconds if Deadline in given else math.inf
    timeout = given[Timeout].seconds if Timeout in given else math.inf
    fallback = given.get(Fallback)
    kept = fallback.reserve * len(fallback.rungs) if fallback else 0.0
    if deadline < timeout < math.inf:
        msg = f"`Timeout({timeout:g})` is longer than `Deadline({deadline:g})`; lower it, or leave it out"
        raise ValueError(msg)
    if kept >= deadline:
        msg = (
            f"`Deadline({deadline:g})` leaves nothing for the first rung: Fallback keeps {kept:g} s for those behind "
            f"it; raise the deadline, or give Fallback a smaller `reserve`"
        )
        raise ValueError(msg)
    pause = given[Retry].first_wait if Retry in given else 0.0
    if pause >= deadline:
        msg = f"`Retry` never asks again: it waits {pause:g} s, and `Deadline({deadline:g})` ends before; wait less"
        raise ValueError(msg)
    after = given[Hedge].after if Hedge in given else 0.0
    if not isinstance(after, str) and after >= min(timeout, deadline):
        limit = f"Timeout({timeout:g})" if timeout <= deadline else f"Deadline({deadline:g})"
        msg = f"`Hedge({after:g})` never asks again: `{limit}` ends the attempt before; lower `after`"
        raise ValueError(msg)
