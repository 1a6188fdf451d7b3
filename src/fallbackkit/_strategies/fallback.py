from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from fallbackkit import _checks
from fallbackkit._call import Reply, unusable
from fallbackkit._rung import Rung
from fallbackkit._runtime import Strategy
from fallbackkit.errors import Failure, FailureKind, FallbackExhausted, FallbackkitError
from fallbackkit.events import FellBack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fallbackkit._call import Call
    from fallbackkit._checks import Match
    from fallbackkit._runtime import Layer, Target

__all__ = ["Fallback"]


class Fallback(Strategy):
    """Asks the next rung when the one before did not answer. Each rung is asked at most once, in order.

    What has been shown of a streamed answer stays: no rung takes its place. Safe to share between threads and tasks.

    Args:
        *rungs: Functions, wrapped functions, or Rungs; at least one. A rung whose answer is empty,
            cut off or refused has not answered.
        on: The failures to handle: kinds, exception types or predicates on the Failure; by default all.
            A predicate that raises is logged, and the next rung is asked.
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
        self._on = None if on is None else _checks.listed(on)
        self._handles = None if self._on is None else _checks.matching("on", self._on)

    async def run(self, inner: Layer, call: Call) -> Reply:
        reply = await self._inside(call, len(self.rungs), inner)
        if reply.failure is None:
            failure = None if reply.value is not None else unusable(reply)
            if failure is None:
                return reply
            reply = call.refused(failure) if call.attempts else Reply(failure=failure)
        failures: list[Failure] = []
        behind = len(self.rungs)
        for rung in self.rungs:
            failure = reply.failure
            if failure is None or call.shown:
                return reply
            failures.append(failure)
            if not self._is_handled(failure, call):
                break
            call.close_step(reply)
            call.emit(FellBack, step=call.step, to=rung.name, kind=rung.kind, failure=failure)
            call.open_step(rung.name, rung.kind)
            call.degraded = True
            if call.streams:
                await call.runtime.progress(call)
            behind -= 1
            rung.asked += 1
            reply = await self._inside(call, behind, rung.nested or partial(_ask, rung.target))
            rung.answered += reply.failure is None
        else:
            if reply.failure is None or call.shown:
                return reply
            failures.append(reply.failure)
        call.close_step(reply)
        return reply if len(failures) == 1 else _exhausted(failures)

    def _is_handled(self, failure: Failure, call: Call) -> bool:
        if self._handles is None:
            return True
        try:
            return self._handles(failure)
        except Exception as error:  # noqa: BLE001 - a predicate is foreign code, and its bug no reason to give up
            call.stumbled(error)
            return True

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
        on = "" if self._on is None else f", on {_checks.words(self._on)}"
        return f"Fallback({', '.join(rung.name for rung in self.rungs)}{on}, reserve {self.reserve:g} s)"


async def _ask(target: Target, call: Call) -> Reply:
    reply = await call.runtime.invoke(call, target)
    if reply.failure is not None:
        return reply
    failure = unusable(reply)
    return reply if failure is None else call.refused(failure)


def _exhausted(failures: list[Failure]) -> Reply:
    errors = [f.error if isinstance(f.error, Exception) else FallbackkitError(f.kind.value) for f in failures]
    error = FallbackExhausted("every way to answer failed", errors)
    return Reply(failure=Failure(kind=FailureKind.FALLBACK_EXHAUSTED, steps=tuple(failures), error=error))
