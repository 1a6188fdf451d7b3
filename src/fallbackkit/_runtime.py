"""One call on its way down (``Call``), what comes back up (``Reply``), and the two runtimes.

Strategies are coroutines that await only the next layer and the verbs of ``call.runtime``. The verbs
of the sync runtime never suspend, so ``drive`` finishes such a coroutine with a single send.
"""

from __future__ import annotations

import inspect
import logging
import math
from functools import partial
from types import CoroutineType
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeAlias, TypeVar

from fallbackkit import _threads
from fallbackkit._clock import UNTIL, LimitReached
from fallbackkit._outcome import Answer, Step, Ticket, make_attempt, make_step, new_id
from fallbackkit._waiting import AsyncWaiter, ThreadWaiter
from fallbackkit.errors import (
    CallRejected,
    DeadlineExceeded,
    Failure,
    FailureKind,
    InvalidAnswer,
    LowConfidence,
    QueueFull,
)
from fallbackkit.events import AttemptFailed
from fallbackkit.providers import classify, read

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence

    from fallbackkit._clock import Clock
    from fallbackkit._outcome import Outcome, StepKind, Verdict
    from fallbackkit._waiting import Branch, Waiter
    from fallbackkit.events import Event, Observer

__all__ = [
    "ASYNC",
    "SYNC",
    "AsyncRuntime",
    "Call",
    "Channel",
    "Layer",
    "Reply",
    "Runtime",
    "Strategy",
    "SyncRuntime",
    "Target",
    "drive",
    "finish",
    "remaining",
    "unusable",
]

T = TypeVar("T")
Channel: TypeAlias = "Callable[[Call, Answer | None], Awaitable[None]]"
Layer: TypeAlias = "Callable[[Call], Coroutine[Any, Any, Reply]]"

_SUSPENDED = "a strategy suspended in the sync runtime; it may await only the next layer and the runtime's verbs"
_log = logging.getLogger("fallbackkit")
_WHOLE = frozenset({str, Answer})


def remaining() -> float | None:
    """Seconds left for the function that is running now, or None if it has no limit.

    Hand it to your client, so that the client gives up when the pipeline does. Never negative;
    right in worker threads and in tasks that inherit the context.

    Example:
        >>> remaining() is None
        True
    """
    limit = UNTIL.get()
    return None if limit is None else max(0.0, limit[1] - limit[0].now())


class Reply:
    """What a layer hands up: a value, or a failure. Strategies may replace it, never both at once."""

    __slots__ = ("_answer", "failure", "hedged", "value")

    def __init__(self, value: Any = None, failure: Failure | None = None, answer: Answer | None = None) -> None:
        self.value = value
        self.failure = failure
        self.hedged = False
        self._answer = answer

    @property
    def answer(self) -> Answer | None:
        """The value as an Answer, read once; None if there is nothing to read."""
        if self._answer is None:
            self._answer = read(self.value)
        return self._answer


def unusable(reply: Reply) -> Failure | None:
    """The failure that a value is in itself (empty, cut off, refused), or None if it can be used."""
    failure = classify(reply.value)
    if failure is None or failure.error is not None:
        return failure
    return failure.model_copy(update={"error": InvalidAnswer(failure.kind.value, reply.answer)})


class Pipe(Protocol):
    """What a call takes from its pipeline."""

    clock: Clock
    rng: random.Random
    observers: Sequence[Observer]
    prompt_version: str | None
    variant: str | None


class Call:
    """The state of one call. Never shared between calls.

    Attributes:
        until: The clock's time at which everything inside the current layer has to end.
        requested: Who was chosen to answer in place of the wrapped function, if anybody was.
        degraded: Whether the step that is under way is not what was asked for.
        stale: Whether a saved answer past its time is given.
        closed: Whether no step is under way.
        first_token: Seconds from the start of an attempt until a stream has to bring something.
        idle: Seconds that a stream may then be silent.
        streams: Whether somebody looks on.
        held: Whether a layer around has to see the whole answer before anybody else may.
        shown: Whether a part of the answer under way has been shown: then nothing may take its place.
        restarts: Whether what was shown is withdrawn when its stream breaks off, to begin again.
        partial: What was shown of a stream that broke off.
        channel: Takes what is to be shown.
        outer: The call that this one is a rung of.
        reply: How the chain ended, once it has.
        budget: The retry budget that has counted this call.
    """

    until = math.inf
    waited = 0.0
    requested: str | None = None
    degraded = False
    stale = False
    closed = False
    first_token: float | None = None
    idle: float | None = None
    streams = False
    held = False
    shown = False
    restarts = False
    partial: Answer | None = None
    channel: Channel
    outer: Call | None = None
    budget: object = None
    ticket: Ticket | None = None
    reply: Reply
    outcome: Outcome | None = None
    _id: str | None = None

    def __init__(
        self, target: Target, args: tuple[Any, ...], kwargs: Mapping[str, Any], runtime: Runtime, pipeline: Pipe
    ) -> None:
        self.name = self.step = target.name
        self.step_kind: StepKind = "model"
        self.target = target
        self.args = args
        self.kwargs = kwargs
        self.runtime = runtime
        self.pipeline = pipeline
        self.clock = clock = pipeline.clock
        self.rng = pipeline.rng
        self.observers = pipeline.observers
        self.trail: list[Step] = []
        self.attempts: list[dict[str, Any]] = []
        self.started = self.step_started = clock.now()
        outer = UNTIL.get()
        if outer is not None:
            self.end_by(*outer)

    @property
    def id(self) -> str:
        if self._id is None:
            self._id = new_id()
        return self._id

    def end_by(self, clock: Clock, until: float) -> None:
        """Take over a limit from around this call, in seconds left if it was set on another clock."""
        if clock is not self.clock:
            until += self.started - clock.now()
        self.until = min(self.until, until)

    def emit(self, event: type[Event], **facts: Any) -> None:
        """Tell the observers. One that raises is logged and changes nothing."""
        if not self.observers:
            return
        happened = event(call=self.id, at=self.clock.now(), **facts)
        for observer in self.observers:
            try:
                observer(happened)
            except Exception:  # noqa: BLE001 - an observer is foreign code
                _log.exception("an observer raised on %s", event.__name__)

    def failed(self, error: Exception) -> Reply:
        """What an exception means, as a reply."""
        failure = classify(error, now=self.clock.time())
        return Reply(failure=failure or Failure(kind=FailureKind.INTERNAL, error=error))

    def stumbled(self, error: Exception) -> Reply:
        """A bug in a layer (a predicate, a key, a score that raises): a failure like any other, and logged."""
        _log.error("a strategy of `%s` raised", self.name, exc_info=error)
        return self.failed(error)

    def refused(self, failure: Failure) -> Reply:
        """Charge the attempt that has just answered with the failure that its answer is."""
        self.attempts[-1]["failure"] = failure
        self.emit(AttemptFailed, step=self.step, attempt=len(self.attempts), failure=failure)
        return Reply(failure=failure)

    def heed(self) -> None:
        """Stop here if nobody waits any more."""

    def look_on_as(self, outer: Call) -> None:
        """Be shown as a part of another call."""
        self.outer = outer
        self.streams = True
        self.channel = outer.channel
        self.restarts = outer.restarts
        self.held = outer.held

    async def show(self, answer: Answer) -> None:
        """Show what has come of the answer so far."""
        for call in self._lineage():
            call.shown = True
        await self.channel(self, answer)

    async def retract(self) -> None:
        """Withdraw what has been shown."""
        for call in self._lineage():
            call.shown = False
        await self.channel(self, None)

    def keep(self, answer: Answer) -> None:
        """This is all that there will be of the answer shown."""
        for call in self._lineage():
            call.partial = answer

    def _lineage(self) -> Iterator[Call]:
        call: Call | None = self
        while call is not None:
            yield call
            call = call.outer

    def open_step(self, name: str, kind: StepKind) -> None:
        self.step = name
        self.step_kind = kind
        self.step_started = self.clock.now()
        self.attempts = []
        self.waited = 0.0
        self.closed = False

    def close_step(self, reply: Reply) -> None:
        """Put the step that is under way, if any, on the trail."""
        if self.closed:
            return
        self.closed = True
        failure = reply.failure
        answer = reply.answer if failure is None else None
        self.trail.append(
            make_step(
                {
                    "name": self.step,
                    "kind": self.step_kind if answer is None else self.kind_of(answer),
                    "verdict": "answered" if failure is None else _verdict(failure, self.attempts),
                    "failure": failure,
                    "attempts": tuple([make_attempt(attempt) for attempt in self.attempts]),
                    "duration": self.clock.now() - self.step_started,
                    "usage": None if answer is None else answer.usage,
                }
            )
        )

    def kind_of(self, answer: Answer) -> StepKind:
        """A fallback of unknown kind whose answer names a model is a model."""
        return "smaller_model" if self.step_kind == "other" and answer.model else self.step_kind


def _verdict(failure: Failure, attempts: Sequence[object]) -> Verdict:
    if isinstance(failure.error, LowConfidence):
        return "abstained"
    if attempts:
        return "failed"
    # What a full queue refuses, no person has refused.
    refused = isinstance(failure.error, CallRejected) and not isinstance(failure.error, QueueFull)
    return "rejected" if refused else "skipped"


class Strategy:
    """One layer of a pipeline.

    Attributes:
        holds: Whether it has to see the whole answer before anybody else may.
        innermost: Whether it stands around the function itself, inside of everything else.
    """

    holds = False
    innermost = False

    async def run(self, inner: Layer, call: Call) -> Reply:
        raise NotImplementedError

    def describe(self) -> str:
        """One deterministic phrase: the name and the limits in force."""
        raise NotImplementedError


class Target:
    """A function to call, whether it has to be awaited or iterated async, and whether it is a generator function."""

    __slots__ = ("fn", "generates", "is_async", "name")

    def __init__(self, fn: Callable[..., Any], name: str | None = None) -> None:
        if not callable(fn):
            msg = f"a function is needed, got {fn!r}; pass the function itself, not its result"
            raise TypeError(msg)
        self.fn = fn
        self.name = name or _name_of(fn)
        call = getattr(fn, "__call__", None)  # noqa: B004 - an object that is called like a function
        agen = inspect.isasyncgenfunction(fn) or inspect.isasyncgenfunction(call)
        self.generates = agen or inspect.isgeneratorfunction(fn) or inspect.isgeneratorfunction(call)
        self.is_async = agen or inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(call)


def _name_of(fn: Callable[..., Any]) -> str:
    if isinstance(fn, partial):
        return _name_of(fn.func)
    name: str = getattr(fn, "__name__", type(fn).__name__)
    return "ask" if name == "<lambda>" else name


class Runtime:
    """The verbs that strategies may await: ``invoke``, ``store``, ``sleep``.

    Attributes:
        suspends: Whether ``enter`` gives a coroutine.
    """

    suspends = True

    async def invoke(self, call: Call, target: Target) -> Reply:
        """Enter user code with the call's arguments, inside the call's limit, and record the attempt."""
        clock = call.clock
        started = clock.now()
        try:
            if call.until <= started:
                return _late(call.until - call.step_started)
            if target.generates:
                value = target.fn(*call.args, **call.kwargs)
            elif call.until == math.inf:
                value = self.enter(target, call.args, call.kwargs)
                if self.suspends:
                    value = await value
            else:
                token = UNTIL.set((clock, call.until))
                try:
                    value = await self.enter_limited(call, target, call.until - started)
                finally:
                    UNTIL.reset(token)
            reply = await self._gather(call, value, started) if _is_stream(value) else Reply(value)
        except LimitReached as limit:
            reply = _late(limit.seconds)
        except Exception as error:  # noqa: BLE001 - user code may raise anything; classify names it
            reply = call.failed(_as_raised(error))
        call.attempts.append({"failure": reply.failure, "duration": clock.now() - started, "waited": call.waited})
        if reply.failure is not None:
            call.emit(AttemptFailed, step=call.step, attempt=len(call.attempts), failure=reply.failure)
        return reply

    async def _gather(self, call: Call, stream: Any, started: float) -> Reply:
        from fallbackkit._streams import gather

        if not self.suspends and not hasattr(type(stream), "__next__"):
            raise TypeError(f"`{call.step}` returned an async stream; use `async for … in pipeline.astream(…)`")
        got = await gather(call, stream, started)
        return Reply(failure=got) if isinstance(got, Failure) else Reply(got)

    async def progress(self, call: Call) -> None:
        """Show that something goes on, if somebody looks on."""
        if call.streams:
            await call.channel(call, None)

    def enter(self, target: Target, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        raise NotImplementedError

    def enter_limited(self, call: Call, target: Target, seconds: float) -> Awaitable[Any]:
        raise NotImplementedError

    async def store(self, fn: Callable[..., T], *args: Any) -> T:
        """Call something that waits for a disk or a network."""
        raise NotImplementedError

    async def sleep(self, call: Call, seconds: float) -> None:
        raise NotImplementedError

    def waiter(self) -> Waiter:
        """Something that this runtime can wait for; hand it to whoever will wake it."""
        raise NotImplementedError

    async def wait(self, call: Call, waiter: Any, seconds: float = math.inf) -> bool:
        """Whether ``waiter`` was woken, within ``seconds`` and the call's own limit."""
        raise NotImplementedError

    def branch(self, call: Call, coroutine: Coroutine[Any, Any, T], ended: Callable[[], None]) -> Branch[T]:
        """Run a coroutine beside this call, and call ``ended`` when it is over.

        Raises:
            BulkheadFull: There is no thread for it.
        """
        raise NotImplementedError


def _is_stream(value: object) -> bool:
    kind = type(value)
    return kind not in _WHOLE and (hasattr(kind, "__next__") or hasattr(kind, "__anext__"))


def _late(seconds: float) -> Reply:
    seconds = max(0.0, seconds)
    error = DeadlineExceeded(f"no answer within {seconds:.3g} s", seconds)
    return Reply(failure=Failure(kind=FailureKind.TIMEOUT_FIRST_BYTE, limit=seconds, error=error))


def _as_raised(error: Exception) -> Exception:
    """The error itself, or the StopIteration that a coroutine had to turn into a RuntimeError (PEP 479)."""
    cause = error.__cause__
    return cause if isinstance(cause, StopIteration) and type(error) is RuntimeError else error


def _refuse_coroutine(target: Target, coroutine: CoroutineType[Any, Any, Any]) -> NoReturn:
    coroutine.close()
    msg = f"`{target.name}` returned a coroutine; use `await pipeline.acall(…)` or `await pipeline.aoutcome(…)`"
    raise TypeError(msg)


class SyncRuntime(Runtime):
    """Verbs that never suspend: what takes time, the thread waits for."""

    suspends = False

    def enter(self, target: Target, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        value = target.fn(*args, **kwargs)
        return _refuse_coroutine(target, value) if type(value) is CoroutineType else value

    async def enter_limited(self, call: Call, target: Target, seconds: float) -> Any:
        value = call.clock.limited(partial(target.fn, *call.args, **call.kwargs), seconds)
        return _refuse_coroutine(target, value) if type(value) is CoroutineType else value

    async def store(self, fn: Callable[..., T], *args: Any) -> T:
        return fn(*args)

    async def sleep(self, call: Call, seconds: float) -> None:
        call.clock.sleep(seconds)

    def waiter(self) -> ThreadWaiter:
        return ThreadWaiter()

    async def wait(self, call: Call, waiter: ThreadWaiter, seconds: float = math.inf) -> bool:
        return call.clock.wait(waiter, min(seconds, max(0.0, call.until - call.clock.now())))

    def branch(self, call: Call, coroutine: Coroutine[Any, Any, T], ended: Callable[[], None]) -> Branch[T]:
        return call.clock.branch(partial(drive, coroutine), ended)


class AsyncRuntime(Runtime):
    """Verbs that hold up no event loop: plain functions run on worker threads."""

    async def enter(self, target: Target, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        if target.is_async:
            return await target.fn(*args, **kwargs)
        value = await _threads.arun(partial(target.fn, *args, **kwargs))
        return await value if inspect.isawaitable(value) else value

    def enter_limited(self, call: Call, target: Target, seconds: float) -> Awaitable[Any]:
        return call.clock.alimited(partial(self.enter, target, call.args, call.kwargs), seconds)

    async def store(self, fn: Callable[..., T], *args: Any) -> T:
        import asyncio

        return await asyncio.to_thread(fn, *args)  # not on our threads: hung calls must not keep out a ticket

    async def sleep(self, call: Call, seconds: float) -> None:
        await call.clock.asleep(seconds)

    def waiter(self) -> AsyncWaiter:
        return AsyncWaiter()

    async def wait(self, call: Call, waiter: AsyncWaiter, seconds: float = math.inf) -> bool:
        return await call.clock.await_(waiter, min(seconds, max(0.0, call.until - call.clock.now())))

    def branch(self, call: Call, coroutine: Coroutine[Any, Any, T], ended: Callable[[], None]) -> Branch[T]:
        return call.clock.abranch(coroutine, ended)


SYNC: Runtime = SyncRuntime()
ASYNC: Runtime = AsyncRuntime()


def finish(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that never suspends and returns nothing: without a value, no exception has to carry it."""
    for _ in coroutine.__await__():
        coroutine.close()
        raise RuntimeError(_SUSPENDED)


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine that never suspends returns."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    coroutine.close()
    raise RuntimeError(_SUSPENDED)
