from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, get_args

from fallbackkit import _checks
from fallbackkit._outcome import StepKind
from fallbackkit._runtime import Reply, Strategy, Target, unusable
from fallbackkit.errors import Failure, FailureKind, FallbackExhausted, FallbackkitError
from fallbackkit.events import FellBack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fallbackkit._checks import Match
    from fallbackkit._runtime import Call, Layer

__all__ = ["Fallback", "Rung"]


class Rung:
    """One alternative of a Fallback, and what to call it on the screen.

    Args:
        fn: Called with the same arguments as the wrapped function. A wrapped function keeps its
            own pipeline.
        kind: What sort of answerer it is: ``model``, ``smaller_model``, ``cache``, ``rule``,
            ``search``, ``person``; ``other`` if it is none of these.
        name: For the trail; by default the function's name.

    Raises:
        TypeError: ``fn`` is not callable.
        ValueError: ``kind`` is not one of the closed set.

    Example:
        >>> Rung(str.upper, "rule").name
        'upper'
    """

    __slots__ = ("kind", "target")

    def __init__(self, fn: Callable[..., Any], kind: StepKind = "other", *, name: str | None = None) -> None:
        if kind not in get_args(StepKind):
            msg = f"`kind` must be one of {', '.join(get_args(StepKind))}, got {kind!r}"
            raise ValueError(msg)
        self.kind: StepKind = kind
        self.target = Target(fn, name)

    @property
    def name(self) -> str:
        return self.target.name


class Fallback(Strategy):
    """Asks the next rung when the one before did not answer. Each rung is asked at most once, in order.

    Safe to share between threads and tasks.

    Args:
        *rungs: Functions, wrapped functions, or Rungs; at least one. A rung whose answer is empty,
            cut off or refused has not answered.
        on: The failures to handle: kinds, exception types or predicates on the Failure; by default all.
        reserve: Seconds of the deadline kept for each rung behind, so that a quick last rung always
            gets to answer.

    Raises:
        TypeError: A rung is not callable.
        ValueError: No rung is given, or ``reserve`` is negative or not finite.

    Example:
        >>> Fallback(Rung(str.upper, "rule")).describe()
        'Fallback(upper, reserve 1 s)'
    """

    def __init__(
        self,
        *rungs: Rung | Callable[..., Any],
        on: Match | Iterable[Match] | None = None,
        reserve: float = 1.0,
    ) -> None:
        if not rungs:
            msg = "`rungs` is empty; give Fallback at least one function to ask next"
            raise ValueError(msg)
        self.rungs = tuple(rung if isinstance(rung, Rung) else Rung(rung) for rung in rungs)
        self.reserve = _checks.seconds("reserve", reserve, zero=True)
        self._handles = None if on is None else _checks.matching("on", on)

    async def run(self, inner: Layer, call: Call) -> Reply:
        reply = await self._inside(call, len(self.rungs), inner)
        if reply.failure is None:
            failure = None if reply.value is not None else unusable(reply)
            if failure is None:
                return reply
            reply = call.refused(failure)
        failures: list[Failure] = []
        for index, rung in enumerate(self.rungs):
            failure = reply.failure
            if failure is None:
                return reply
            failures.append(failure)
            if self._handles is not None and not self._handles(failure):
                break
            call.close_step(reply)
            call.emit(FellBack, step=call.step, to=rung.name, kind=rung.kind, failure=failure)
            call.open_step(rung.name, rung.kind)
            call.degraded = True
            reply = await self._inside(call, len(self.rungs) - index - 1, _layer(rung))
        else:
            if reply.failure is None:
                return reply
            failures.append(reply.failure)
        call.close_step(reply)
        return reply if len(failures) == 1 else _exhausted(failures)

    async def _inside(self, call: Call, behind: int, inner: Layer) -> Reply:
        """Run a layer inside the deadline, less what is kept for the rungs behind it."""
        outer = call.until
        call.until = outer - self.reserve * behind
        try:
            return await inner(call)
        except Exception as error:  # noqa: BLE001 - what a strategy was given to call is foreign code
            return call.stumbled(error)
        finally:
            call.until = outer

    def describe(self) -> str:
        return f"Fallback({', '.join(rung.name for rung in self.rungs)}, reserve {self.reserve:g} s)"


def _layer(rung: Rung) -> Layer:
    nested = getattr(type(rung.target.fn), "within", None)
    if nested is not None:
        return partial(nested, rung.target.fn)

    async def ask(call: Call) -> Reply:
        reply = await call.runtime.invoke(call, rung.target)
        if reply.failure is not None:
            return reply
        failure = unusable(reply)
        return reply if failure is None else call.refused(failure)

    return ask


def _exhausted(failures: list[Failure]) -> Reply:
    errors = [f.error if isinstance(f.error, Exception) else FallbackkitError(f.kind.value) for f in failures]
    error = FallbackExhausted("every way to answer failed", errors)
    return Reply(failure=Failure(kind=FailureKind.FALLBACK_EXHAUSTED, steps=tuple(failures), error=error))
