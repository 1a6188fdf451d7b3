from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fallbackkit import _checks
from fallbackkit._rung import Rung
from fallbackkit._runtime import Strategy, Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from fallbackkit._call import Call, Reply
    from fallbackkit._runtime import Layer

__all__ = ["Route"]


class Route(Strategy):
    """Chooses by the arguments which function is asked: the small model for short questions, say.

    The target takes the place of the wrapped function for this call: the layers inside, all attempts
    included, are around it, and the Outcome names it as the one that was ``requested``. Nothing is
    degraded by that. A wrapped function keeps its own pipeline, and then no layer may stand inside
    the Route. Safe to share between threads and tasks, if ``choose`` is.

    Args:
        choose: Called with the call's arguments, returns the name of a target, or None for the
            wrapped function itself. It decides at once: in the async runtime it runs on the event
            loop. If it raises, or names no target, the call fails as if the function had, without
            an attempt.
        **targets: Functions, wrapped functions, or Rungs, by name; at least one. A function is
            taken for a model and bears the name given here; a Rung says what it is and is called.

    Raises:
        TypeError: ``choose`` is not a plain function, or a target is not callable.
        ValueError: No target is given.

    Example:
        >>> def by_length(question: str) -> str | None:
        ...     return "small" if len(question) < 200 else None
        >>> Route(by_length, small=str.upper).describe()
        'Route(by_length: small)'
    """

    def __init__(self, choose: Callable[..., str | None], /, **targets: Rung | Callable[..., Any]) -> None:
        if not targets:
            msg = "`targets` is empty; give Route at least one function to choose, by name: Route(choose, small=…)"
            raise ValueError(msg)
        by = Target(_checks.function("choose", choose))
        if by.is_async:
            msg = f"`choose` must be a plain function that decides at once, got the async `{by.name}`"
            raise TypeError(msg)
        self._by = by
        self.targets = {
            name: target if isinstance(target, Rung) else Rung(target, "model", name=name)
            for name, target in targets.items()
        }
        self.rungs = tuple(self.targets.values())

    async def run(self, inner: Layer, call: Call) -> Reply:
        try:
            rung = self._chosen(call)
        except Exception as error:  # noqa: BLE001 - `choose` is foreign code
            return call.stumbled(error)
        if rung is None:
            return await inner(call)
        call.target = rung.target
        call.step = call.requested = rung.name
        call.step_kind = rung.kind
        if call.streams:
            await call.runtime.progress(call)
        inner = rung.nested or inner
        return await inner(call)

    def _chosen(self, call: Call) -> Rung | None:
        chosen = self._by.fn(*call.args, **call.kwargs)
        rung = self.targets.get(chosen) if isinstance(chosen, str) else None
        if rung is None and chosen is not None:
            names = ", ".join(self.targets)
            raise LookupError(f"`{self._by.name}` chose {chosen!r}; the targets are {names}, and None is the function")
        return rung

    def describe(self) -> str:
        return f"Route({self._by.name}: {', '.join(self.targets)})"
