from __future__ import annotations

import functools
import random
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, TypeVar, cast, overload

from fallbackkit import _order
from fallbackkit._clock import SYSTEM_CLOCK
from fallbackkit._outcome import Confidence, Outcome, trusted
from fallbackkit._runtime import ASYNC, SYNC, Call, Reply, Strategy, Target, drive, unusable
from fallbackkit._strategies.fallback import Fallback
from fallbackkit.errors import FailureKind, FallbackkitError, ReviewPending
from fallbackkit.events import Answered, Unanswered
from fallbackkit.providers._own_retries import warn_of_own_retries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable

    from fallbackkit._clock import Clock
    from fallbackkit._outcome import Answer, Status
    from fallbackkit._runtime import Layer, Runtime
    from fallbackkit.events import Observer

__all__ = ["AsyncProtected", "Pipeline", "Protected"]

P = ParamSpec("P")
T = TypeVar("T")


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
    ) -> None:
        _order.check(strategies)
        self.strategies = strategies
        self.name = name
        self.observers = tuple(observers)
        self.prompt_version = prompt_version
        self.variant = variant
        self._clock: Clock = clock or SYSTEM_CLOCK
        self._rng = rng or random.Random()  # noqa: S311 - jitter
        self._chain: Layer = _leaf
        for strategy in reversed(strategies):
            self._chain = partial(strategy.run, self._chain)
        self._async_rungs = tuple(
            rung.name
            for strategy in strategies
            if isinstance(strategy, Fallback)
            for rung in strategy.rungs
            if rung.target.is_async
        )

    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, T]]) -> AsyncProtected[P, T]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, fn: Callable[P, T]) -> Protected[P, T]: ...
    def __call__(self, fn: Callable[..., Any]) -> Any:
        target = Target(fn, self.name)
        warn_of_own_retries(fn)
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

    def describe(self) -> str:
        """The chain in one line: its order and its limits. Always the same for the same pipeline."""
        return " > ".join([*(strategy.describe() for strategy in self.strategies), self.name or "function"])

    def start(self, target: Target, runtime: Runtime, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        return Call(target, args, kwargs, runtime, self._clock, self._rng, self.observers)

    async def run(self, call: Call) -> Reply:
        """Run the chain, and tell the observers how it ended."""
        try:
            reply = await self._chain(call)
        except Exception as error:  # noqa: BLE001 - what a strategy was given to call is foreign code
            reply = call.stumbled(error)
        if call.observers:
            outcome = self.conclude(call, reply)
            call.emit(Answered if outcome.answer else Unanswered, outcome=outcome)
        return reply

    def conclude(self, call: Call, reply: Reply) -> Outcome:
        """The Outcome of a call that has ended, made once."""
        if call.outcome is not None:
            return call.outcome
        answer = reply.answer if reply.failure is None else None
        if answer is None and reply.failure is None:
            reply = Reply(failure=unusable(reply))
        call.close_step(reply)
        plain = answer is not None and not (call.degraded or reply.hedged)
        call.outcome = trusted(
            Outcome,
            {
                "id": call.id,
                "name": call.name,
                "status": "answered" if plain else _status(call, reply),
                "value": reply.value,
                "answer": answer,
                "confidence": _confidence(answer),
                "requested": call.name,
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

    def require_sync(self, target: Target) -> None:
        """Refuse a chain that cannot run without an event loop."""
        if target.is_async:
            msg = f"`{target.name}` is async; use `await pipeline.aoutcome(…)` or `await pipeline.acall(…)`"
            raise TypeError(msg)
        if self._async_rungs:
            rung = self._async_rungs[0]
            msg = (
                f"`{target.name}` is a plain function, but its fallback `{rung}` is async; make both async, or neither"
            )
            raise TypeError(msg)


def _leaf(call: Call) -> Coroutine[Any, Any, Reply]:
    return call.runtime.invoke(call, call.target)


def _status(call: Call, reply: Reply) -> Status:
    failure = reply.failure
    if failure is None:
        return "low_confidence" if reply.hedged else "degraded"
    if call.ticket is not None:
        return "awaiting_review"
    return "low_confidence" if failure.kind is FailureKind.QUALITY_LOW_CONFIDENCE else "unavailable"


_UNKNOWN = Confidence()


def _confidence(answer: Answer | None) -> Confidence:
    """A score says nothing about being right unless it says what it is."""
    if answer is None or answer.score_basis is None or answer.score is None or not 0 <= answer.score <= 1:
        return _UNKNOWN
    return Confidence(value=answer.score, basis=answer.score_basis)


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
        reply = await self.pipeline.run(call)
        call.close_step(reply)
        own = {"name": outer.step}
        outer.trail += [step.model_copy(update=own) if step.name == call.name else step for step in call.trail]
        outer.closed = True
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
        call = self.pipeline.start(self._target, SYNC, args, kwargs)
        reply = drive(self.pipeline.run(call))
        if reply.failure is None:
            value: T = reply.value
            return value
        _raise(call, reply)

    def outcome(self, *args: P.args, **kwargs: P.kwargs) -> Outcome:
        """How the call ended. Raises for interruptions only (KeyboardInterrupt and the like)."""
        call = self.pipeline.start(self._target, SYNC, args, kwargs)
        return self.pipeline.conclude(call, drive(self.pipeline.run(call)))


class AsyncProtected(_Wrapped[P, T]):
    """A wrapped async function. Await it as before, or await its ``outcome``.

    Safe to share between tasks and event loops. Attributes: ``pipeline``.
    """

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's own value, or a fallback's; raises as ``Protected`` does."""
        call = self.pipeline.start(self._target, ASYNC, args, kwargs)
        reply = await self.pipeline.run(call)
        if reply.failure is None:
            value: T = reply.value
            return value
        _raise(call, reply)

    async def outcome(self, *args: P.args, **kwargs: P.kwargs) -> Outcome:
        """How the call ended. Raises for interruptions only (cancellation and the like)."""
        call = self.pipeline.start(self._target, ASYNC, args, kwargs)
        return self.pipeline.conclude(call, await self.pipeline.run(call))
