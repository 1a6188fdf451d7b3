"""Pipelines that are built again and again, each for one call: what remembers in them forgets."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from fallbackkit._guards import STATEFUL, caller, warn
from fallbackkit._strategies.hedge import Hedge
from fallbackkit.providers._look import look

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from fallbackkit._call import Call, Reply
    from fallbackkit._runtime import Layer, Strategy

__all__ = ["watched"]

_FEW = 2
_AGAIN = 10
_MOST = 64
_MOST_PLACES = 256


class _Place:
    """A line of the source at which pipelines are built.

    Attributes:
        built: How many so far.
        wasted: How many in a row were called once or twice and then let go.
        told: Whether nothing more has to be said.
        known: What remembered something in the pipelines built here.
    """

    __slots__ = ("built", "known", "told", "wasted")

    def __init__(self) -> None:
        self.built = 0
        self.wasted = 0
        self.told = False
        self.known: WeakSet[Any] = WeakSet()


class _Use:
    """Counts the calls of one pipeline, and tells its place when it is gone."""

    __slots__ = ("_calls", "_place")

    def __init__(self, place: _Place) -> None:
        self._calls = 0
        self._place = place

    def enter(self, chain: Layer, call: Call) -> Coroutine[Any, Any, Reply]:
        self._calls += 1
        return chain(call)

    def __del__(self) -> None:
        if self._calls > _FEW:
            self._place.wasted = 0
        elif self._calls:
            self._place.wasted += 1


_places: dict[tuple[str, int], _Place] = {}


def watched(strategies: Sequence[Strategy], *chains: Layer) -> tuple[Layer, ...]:
    """Warn if pipelines with a memory are built for one call each; the first at a place is never watched."""
    memories = [memory for strategy in strategies if (memory := _memory(strategy)) is not None]
    place = _place() if memories else None
    if place is None or place.told:
        return chains
    fresh = [memory for memory in memories if memory not in place.known]
    if not fresh:
        return chains
    place.known.update(fresh)
    place.built += 1
    if place.wasted >= _AGAIN:
        names = " and ".join(f"`{type(memory).__name__}`" for memory in fresh)
        warn(
            f"a Pipeline is built here for each call, so that its {names} forgets between calls; "
            "build it once, outside the function"
        )
    place.told = place.wasted >= _AGAIN or len(place.known) > _MOST
    if place.told or place.built == 1:
        return chains
    use = _Use(place)
    return tuple(partial(use.enter, chain) for chain in chains)


def _memory(strategy: Strategy) -> object | None:
    """What a strategy keeps from call to call in this process alone, if anything."""
    forgetful = isinstance(strategy, Hedge) and not isinstance(strategy.after, str)
    kept = strategy if isinstance(strategy, STATEFUL) and not forgetful else look(strategy, "_budget")
    return kept if look(kept, "store") is None else None


def _place() -> _Place | None:
    """Where in the user's source a pipeline is being built; None if that is no file, or one of too many."""
    frame, _ = caller()
    where = (frame.f_code.co_filename, frame.f_lineno)
    if where[0].startswith("<") or (len(_places) >= _MOST_PLACES and where not in _places):
        return None
    return _places.setdefault(where, _Place())
