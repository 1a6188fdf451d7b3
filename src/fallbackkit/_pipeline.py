from __future__ import annotations

import functools
import random
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from inspect import CORO_SUSPENDED, getcoroutinestate
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, ParamSpec, TypeVar, cast, get_args, overload

from fallbackkit import _guards, _order
from fallbackkit._clock import SYSTEM_CLOCK
from fallbackkit._outcome import Confidence, Step, make_confidence, make_outcome
from fallbackkit._runtime import ASYNC, SYNC, Call, Reply, Strategy, Target, finish, unusable
from fallbackkit._streams import Emission
from fallbackkit.errors import FailureKind, FallbackkitError, ReviewPending
from fallbackkit.events import Answered, Unanswered

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Iterable

    from fallbackkit._clock import Clock
    from fallbackkit._outcome import Answer, Outcome, Status
    from fallbackkit._runtime import Layer, Runtime
    from fallbackkit.events import Observer

__all__ = ["AsyncProtected", "Pipeline", "Protected"]

P = ParamSpec("P")
T = TypeVar("T")
Interruption = Literal["keep", "restart"]


class Pipeline:
    """A chain of strategies around a function; every call through it ends in one Outcome.

    Outermost first: Escalate, Deadline, Fallback, Cache, ConfidenceGate, Retry, Validate,
    CircuitBreaker, Timeout; each at most once, and none has to be there. Build it once and keep it:
    breakers and caches live in it. Safe to share between threads and tasks.

    Args:
        *strategies: Outermost first.
        name: For the trail and the tickets; by default the wrapped function's name.
        observers: Called with every event.
        clock: Measures and waits; ``fallbackkit.testing.FakeClock`` in tests.
        rng: Draws the jitter of retries.
        prompt_version: Put on every Outcome.
        variant: Put on every Outcome.
        interruption: What becomes of a stream that breaks off after a part of it has been shown: ``keep``
            ends with what came, marked as interrupted; ``restart`` withdraws it and goes on as for any
            other failure.

    Raises:
        TypeError: Something is not a strategy.
        ValueError: An impossible order, a strategy given twice, or limits that contradict one another.

    Example:
        >>> shout = Pipeline(Fallback(lambda text: "LATER"))(str.upper)
        >>> shout.outcome("hello").text
        'HELLO'
        >>> shout.outcome(None).status
        'degraded'
    """

    def __init__(
        self,
        *strategies: Strategy,
        name: str | None = None,
        observers: Iterable[Observer] = (),
        clock: Clock | None = None,
        rng: random.Random | None = None,
        prompt_version: str | None = None,
        variant: str | None = None,
        interruption: Interruption = "keep",
    ) -> None:
        if interruption not in get_args(Interruption):
            raise ValueError(f"`interruption` must be 'keep' or 'restart', got {interruption!r}")
        _order.check(strategies)
        _guards.check(strategies)
        self.strategies = strategies
        self.name = name
        self.observers = tuple(observers)
        self.prompt_version = prompt_version
        self.variant = variant
        self.interruption = interruption
        self.clock: Clock = clock or SYSTEM_CLOCK
        self.rng = rng or random.Random()  # noqa: S311 - jitter
        self._chain: Layer = _leaf
        self._shown_chain: Layer = _leaf
        for strategy in reversed(strategies):
            self._chain = partial(strategy.run, self._chain)
            inner = partial(_hold, self._shown_chain) if strategy.holds else self._shown_chain
            self._shown_chain = partial(strategy.run, inner)
        self._chain, self._shown_chain = _guards.watched(strategies, self._chain, self._shown_chain)
        self._async_rungs = _guards.async_rungs(strategies)

    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, T]]) -> AsyncProtected[P, T]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, fn: Callable[P, T]) -> Protected[P, T]: ...
    def __call__(self, fn: Callable[..., Any]) -> Any:
        target = Target(fn, self.name)
        _guards.check_function(self.strategies, fn)
        return AsyncProtected(self, target) if target.is_async else Protected(self, target)

    def call(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``fn`` returned, or else a fallback's value; raises if there is none."""
        return Protected[P, T](self, Target(fn, self.name))(*args, **kwargs)

    async def acall(self, fn: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """``call`` for an async function."""
        value: T = await AsyncProtected[P, Any](self, Target(fn, self.name))(*args, **kwargs)
        return value

    def outcome(self, fn: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> Outcome:
        """How the call ended. Raises for programming errors and interruptions only."""
        return Protected[P, Any](self, Target(fn, self.name)).outcome(*args, **kwargs)

    async def aoutcome(self, fn: Callable[P, Awaitable[object]], /, *args: P.args, **kwargs: P.kwargs) -> Outcome:
        """``outcome`` for an async function."""
        return await AsyncProtected[P, Any](self, Target(fn, self.name)).outcome(*args, **kwargs)

    def stream(self, fn: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> Generator[Outcome, None, None]:
        """The Outcome as it grows; see ``Protected.stream``."""
        return Protected[P, Any](self, Target(fn, self.name)).stream(*args, **kwargs)

    def astream(self, fn: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[Outcome, None]:
        """``stream`` for an async function."""
        return AsyncProtected[P, Any](self, Target(fn, self.name)).stream(*args, **kwargs)

    def describe(self) -> str:
        """The chain in one line: its order and its limits. Always the same for the same pipeline."""
        return " > ".join([*(strategy.describe() for strategy in self.strategies), self.name or "function"])

    def start(self, target: Target, runtime: Runtime, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        return Call(target, args, kwargs, runtime, self)

    def start_shown(self, target: Target, runtime: Runtime, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """Start a call that somebody looks on at."""
        call = self.start(target, runtime, args, kwargs)
        call.streams = True
        call.channel = Emission
        call.restarts = self.interruption == "restart"
        return call

    async def run(self, call: Call) -> None:
        """Run the chain, leave how it ended in ``call.reply``, and tell the observers."""
        try:
            call.reply = await (self._shown_chain if call.streams else self._chain)(call)
        except Exception as error:  # noqa: BLE001 - what a strategy was given to call is foreign code
            call.reply = call.stumbled(error)
        if call.observers:
            outcome = self.conclude(call)
            call.emit(Answered if outcome.failure is None else Unanswered, outcome=outcome)

    def conclude(self, call: Call) -> Outcome:
        """The Outcome of a call that has ended, made once."""
        if call.outcome is not None:
            return call.outcome
        reply = call.reply
        answer = reply.answer if reply.failure is None else None
        if answer is None and reply.failure is None:
            reply = Reply(failure=unusable(reply))
        call.close_step(reply)
        plain = answer is not None and not (call.degraded or reply.hedged)
        if call.shown and reply.failure is not None:
            answer = call.partial
        call.outcome = make_outcome(
            {
                "id": call.id,
                "name": call.name,
                "status": "answered" if plain else _status(call, reply),
                "value": reply.value,
                "answer": answer,
                "confidence": _confidence(answer),
                "requested": call.requested or call.name,
                "reasons": () if plain else _reasons(call, reply),
                "trail": tuple(call.trail),
                "failure": reply.failure,
                "ticket": call.ticket,
                "duration": call.clock.now() - call.started,
                "created_at": datetime.fromtimestamp(call.clock.time(), UTC),
                "prompt_version": self.prompt_version,
                "variant": self.variant,
            },
        )
        return call.outcome

    def growing(self, call: Call, at: Call, answer: Answer | None) -> Outcome:
        """The Outcome of a call that goes on: what has been shown of the answer, or that there is none yet.

        Args:
            call: The call that was asked for.
            at: Where in it something goes on: itself, or a rung that is a pipeline of its own.
            answer: What there is so far.
        """
        trail = _steps_so_far(at, answer)
        return make_outcome(
            {
                "id": call.id,
                "name": call.name,
                "status": "working" if answer is None else "streaming",
                "value": None,
                "answer": answer,
                "confidence": _UNKNOWN,
                "requested": call.requested or call.name,
                "reasons": tuple([step.failure.kind for step in trail if step.failure is not None]),
                "trail": tuple(trail),
                "failure": None,
                "ticket": None,
                "duration": call.clock.now() - call.started,
                "created_at": datetime.fromtimestamp(call.clock.time(), UTC),
                "prompt_version": self.prompt_version,
                "variant": self.variant,
            },
        )

    def require_sync(self, target: Target) -> None:
        """Refuse a chain that cannot run without an event loop."""
        if target.is_async:
            msg = f"`{target.name}` is async; use `await pipeline.aoutcome(…)` or `await pipeline.acall(…)`"
            raise TypeError(msg)
        if self._async_rungs:
            rung = self._async_rungs[0]
            msg = f"`{target.name}` is a plain function, but its {rung} is async; make both async, or neither"
            raise TypeError(msg)


def _steps_so_far(call: Call, answer: Answer | None) -> list[Step]:
    """What has been tried, with the step whose words are on the screen."""
    steps = list(call.trail)
    if answer is not None:
        duration = call.clock.now() - call.step_started
        steps.append(Step(name=call.step, kind=call.kind_of(answer), duration=duration))
    while call.outer is not None:
        steps = [*call.outer.trail, *_as_rung(steps, call, call.outer)]
        call = call.outer
    return steps


def _as_rung(steps: Iterable[Step], call: Call, outer: Call) -> list[Step]:
    """The steps of a call that is a rung of another: its own first step bears the rung's name there."""
    own = {"name": outer.step}
    return [step.model_copy(update=own) if step.name == call.name else step for step in steps]


async def _hold(inner: Layer, call: Call) -> Reply:
    """What a layer around may still refuse is not shown while it arrives."""
    outer = call.held
    call.held = True
    try:
        return await inner(call)
    finally:
        call.held = outer


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


def _leaf(call: Call) -> Coroutine[Any, Any, Reply]:
    return call.runtime.invoke(call, call.target)


def _status(call: Call, reply: Reply) -> Status:
    failure = reply.failure
    if failure is None:
        return "low_confidence" if reply.hedged else "degraded"
    if call.shown:
        return "interrupted"
    if call.ticket is not None:
        return "awaiting_review"
    return "low_confidence" if failure.kind is FailureKind.QUALITY_LOW_CONFIDENCE else "unavailable"


_UNKNOWN = Confidence()
_NOT_MEASURED = dict(_UNKNOWN)


def _confidence(answer: Answer | None) -> Confidence:
    """A score says nothing about being right unless it says what it is."""
    if answer is None or answer.score_basis is None or answer.score is None or not 0 <= answer.score <= 1:
        return _UNKNOWN
    return make_confidence({**_NOT_MEASURED, "value": answer.score, "basis": answer.score_basis})


def _reasons(call: Call, reply: Reply) -> tuple[FailureKind, ...]:
    kinds = [step.failure.kind for step in call.trail if step.failure is not None]
    if call.stale:
        kinds.append(FailureKind.CACHE_STALE)
    if reply.hedged:
        kinds.append(FailureKind.QUALITY_LOW_CONFIDENCE)
    return tuple(kinds)


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
        reply = await self.pipeline.run(call)
        if reply.failure is None and reply.answer is None:
            reply = Reply(failure=unusable(reply))
        call.close_step(reply)
        outer.trail += _as_rung(call.trail, call, outer)
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
        return pipeline.conclude(call)

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
        yield self.pipeline.growing(call, call, None)
        coroutine = self.pipeline.run(call)
        try:
            while True:
                try:
                    emission: Emission = coroutine.send(None)
                except StopIteration:
                    break
                yield self.pipeline.growing(call, emission.call, emission.answer)
        finally:
            coroutine.close()
        yield self.pipeline.conclude(call)


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
        return pipeline.conclude(call)

    async def stream(self, *args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[Outcome, None]:
        """The Outcome as it grows; see ``Protected.stream``. ``async for`` over it."""
        call = self.pipeline.start_shown(self._target, ASYNC, args, kwargs)
        yield self.pipeline.growing(call, call, None)
        coroutine = self.pipeline.run(call)
        try:
            while (came := await _Next(coroutine)) is not None:
                yield self.pipeline.growing(call, came.call, came.answer)
        finally:
            if getcoroutinestate(coroutine) == CORO_SUSPENDED:
                with suppress(_Abandoned):
                    await _Next(coroutine, _Abandoned())
        yield self.pipeline.conclude(call)
