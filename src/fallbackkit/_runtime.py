"""Where user code is entered, what strategies may await, and the two runtimes.

Strategies are coroutines that await only the next layer and the verbs of ``call.runtime``. The verbs
of the sync runtime never suspend, so ``drive`` finishes such a coroutine with a single send.
"""

from __future__ import annotations

import inspect
import math
from functools import partial
from types import CoroutineType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeAlias, TypeVar

from fallbackkit import _threads
from fallbackkit._call import Reply
from fallbackkit._clock import UNTIL, LimitReached
from fallbackkit._outcome import Answer
from fallbackkit._waiting import AsyncWaiter, ThreadWaiter
from fallbackkit.errors import (
    DeadlineExceeded,
    Failure,
    FailureKind,
)
from fallbackkit.events import AttemptFailed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from fallbackkit._call import Call
    from fallbackkit._waiting import Branch, Waiter

__all__ = [
    "ASYNC",
    "SYNC",
    "AsyncRuntime",
    "Layer",
    "Runtime",
    "Strategy",
    "SyncRuntime",
    "Target",
    "drive",
    "finish",
    "remaining",
]

T = TypeVar("T")
Layer: TypeAlias = "Callable[[Call], Coroutine[Any, Any, Reply]]"

_SUSPENDED = "a strategy suspended in the sync runtime; it may await only the next layer and the runtime's verbs"
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


class Strategy:
    """One layer of a pipeline.

    Attributes:
        holds: Whether it has to see the whole answer before anybody else may.
        innermost: Whether it stands around the function itself, inside of everything else.
    """

    holds = False
    innermost = False
    _made_from: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        strategy = super().__new__(cls)
        strategy._made_from = args, kwargs
        return strategy

    def anew(self, **instead: Any) -> Self:
        """Make it once more, with the same limits, nothing remembered, and no store, breaker or budget of others.

        Functions, rungs and a queue that it was given stay the same ones.

        Args:
            **instead: Parameters of the constructor to give in place of those; ``rungs`` as a tuple, ``targets`` as
                a dict.
        """
        args, kwargs = self._made_from
        given = inspect.signature(type(self)).bind(*args, **kwargs)
        given.arguments |= instead
        return type(self)(*given.args, **given.kwargs)

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
            if _is_stream(value):
                reply = await self._gather(call, value, started)
            else:
                reply = call.read_first(value) if call.pipeline.providers else Reply(value)
        except LimitReached as limit:
            reply = _late(limit.seconds)
        except Exception as error:  # noqa: BLE001 - user code may raise anything; classify names it
            reply = call.raised(_as_raised(error))
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
