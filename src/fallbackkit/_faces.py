"""What a wrapped function can be asked for: its value, its Outcome, its Outcome as it grows."""

from __future__ import annotations

import functools
from contextlib import suppress
from inspect import CORO_SUSPENDED, getcoroutinestate
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, TypeVar, cast

from fallbackkit._call import Call, Reply, unusable
from fallbackkit._ending import as_rung, conclude, growing
from fallbackkit._runtime import ASYNC, SYNC, Target, finish
from fallbackkit._streams import Emission
from fallbackkit.errors import FallbackkitError, ReviewPending

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator

    from fallbackkit._outcome import Outcome
    from fallbackkit._pipeline import Pipeline
    from fallbackkit._runtime import Runtime

__all__ = ["AsyncProtected", "Protected"]

P = ParamSpec("P")
T = TypeVar("T")


class _Next:
    """Awaited, drives a coroutine on to its next Emission, or to its end, which gives None."""

    __slots__ = ("_coroutine", "_resume", "_value")

    def __init__(self, coroutine: Coroutine[Any, Any, None], error: BaseException | None = None) -> None:
        self._resume: Callable[[Any], Any] = coroutine.send if error is None else coroutine.throw
        self._value: Any = error
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, Emission | None]:
        resume, value = self._resume, self._value
        while True:
            try:
                waits_for = resume(value)
            except StopIteration:
                return None
            if type(waits_for) is Emission:
                return waits_for
            try:
                value = yield waits_for
                resume = self._coroutine.send
            except BaseException as error:  # noqa: BLE001 - it belongs to the coroutine: cancellation, above all
                resume, value = self._coroutine.throw, error


class _Abandoned(BaseException):
    """Nobody looks any more: unwinds a coroutine as closing it would, but lets it await what it has to close."""


def _raise(call: Call, reply: Reply) -> NoReturn:
    error = (reply.failure and reply.failure.error) or FallbackkitError("the call failed without an error")
    if call.ticket is not None:
        msg = f"a person has the question now, ticket {call.ticket.id}"
        raise ReviewPending(msg, call.ticket) from error
    raise error


class _Wrapped(Generic[P, T]):
    """What sync and async wrapped functions share."""

    _runtime: Runtime

    def __init__(self, pipeline: Pipeline, target: Target) -> None:
        functools.update_wrapper(cast("Any", self), target.fn, updated=())
        self.pipeline = pipeline
        self._target = target

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is None:
            return self
        return type(self)(self.pipeline, Target(self._target.fn.__get__(instance, owner), self._target.name))

    async def within(self, outer: Call) -> Reply:
        """Run as a rung of another call: in its runtime, inside its limits, on its trail."""
        call = self.pipeline.start(self._target, outer.runtime, outer.args, dict(outer.kwargs))
        call.step_kind = outer.step_kind
        call.end_by(outer.clock, outer.until)
        if outer.streams:
            call.look_on_as(outer)
        await self.pipeline.run(call)
        reply = call.reply
        if reply.failure is None and reply.answer is None:
            reply = Reply(failure=unusable(reply))
        call.close_step(reply)
        outer.trail += as_rung(call.trail, call, outer)
        outer.closed = True
        outer.degraded = outer.degraded or call.degraded
        outer.stale = call.stale
        outer.ticket = call.ticket or outer.ticket
        return reply


class Protected(_Wrapped[P, T]):
    """A wrapped function. Call it as before, or ask for the ``outcome``.

    Safe to share between threads. Attributes: ``pipeline``.
    """

    def __init__(self, pipeline: Pipeline, target: Target) -> None:
        pipeline.require_sync(target)
        super().__init__(pipeline, target)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's own value, or a fallback's.

        Raises:
            FallbackkitError: By a decision of the pipeline (see ``fallbackkit.errors``).
            Exception: The function's own, the same object, if nothing else answered.
        """
        pipeline = self.pipeline
        call = Call(self._target, args, kwargs, SYNC, pipeline)
        finish(pipeline.run(call))
        reply = call.reply
        if reply.failure is None:
            value: T = reply.value
            return value
        _raise(call, reply)

    def outcome(self, *args: P.args, **kwargs: P.kwargs) -> Outcome:
        """How the call ended. Raises for interruptions only (KeyboardInterrupt and the like)."""
        pipeline = self.pipeline
        call = Call(self._target, args, kwargs, SYNC, pipeline)
        finish(pipeline.run(call))
        return conclude(call)

    def stream(self, *args: P.args, **kwargs: P.kwargs) -> Generator[Outcome, None, None]:
        """The Outcome as it grows, for a screen; the last one is final.

        First comes one that is ``working``, and again when another rung is asked; then, if the function
        returns an iterator or is a generator, ``streaming`` ones with the text so far, at most one every
        50 ms. Until something has been shown, a failure leads to the next attempt or rung as ever;
        afterwards the Outcome ends ``interrupted`` with what came, or is withdrawn (back to
        ``working``) if the pipeline was told to restart. A layer that has to see the whole answer (a gate that
        withholds, a schema, a check) keeps it back until then. Closing the generator closes your stream,
        and counts as nothing.
        """
        call = self.pipeline.start_shown(self._target, SYNC, args, kwargs)
        yield growing(call, call, None)
        coroutine = self.pipeline.run(call)
        try:
            while True:
                try:
                    emission: Emission = coroutine.send(None)
                except StopIteration:
                    break
                yield growing(call, emission.call, emission.answer)
        finally:
            coroutine.close()
        yield conclude(call)


class AsyncProtected(_Wrapped[P, T]):
    """A wrapped async function. Await it as before, or await its ``outcome``.

    Safe to share between tasks and event loops. Attributes: ``pipeline``.
    """

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's own value, or a fallback's; raises as ``Protected`` does."""
        pipeline = self.pipeline
        call = Call(self._target, args, kwargs, ASYNC, pipeline)
        await pipeline.run(call)
        reply = call.reply
        if reply.failure is None:
            value: T = reply.value
            return value
        _raise(call, reply)

    async def outcome(self, *args: P.args, **kwargs: P.kwargs) -> Outcome:
        """How the call ended. Raises for interruptions only (cancellation and the like)."""
        pipeline = self.pipeline
        call = Call(self._target, args, kwargs, ASYNC, pipeline)
        await pipeline.run(call)
        return conclude(call)

    async def stream(self, *args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[Outcome, None]:
        """The Outcome as it grows; see ``Protected.stream``. ``async for`` over it."""
        call = self.pipeline.start_shown(self._target, ASYNC, args, kwargs)
        yield growing(call, call, None)
        coroutine = self.pipeline.run(call)
        try:
            while (came := await _Next(coroutine)) is not None:
                yield growing(call, came.call, came.answer)
        finally:
            if getcoroutinestate(coroutine) == CORO_SUSPENDED:
                with suppress(_Abandoned):
                    await _Next(coroutine, _Abandoned())
        yield conclude(call)
