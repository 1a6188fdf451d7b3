from __future__ import annotations

import time as _time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from fallbackkit import _threads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from fallbackkit._waiting import AsyncWaiter, Branch, ThreadWaiter

T = TypeVar("T")

UNTIL: ContextVar[tuple[Clock, float] | None] = ContextVar("fallbackkit_until", default=None)
"""The limit that the code running now is under: whose clock, and its time."""


class LimitReached(Exception):
    """A function did not end within the ``seconds`` that a clock was told to give it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no end within {seconds} s")
        self.seconds = seconds


class Clock(Protocol):
    """Who measures time, waits, and cuts off. ``SystemClock``, or ``testing.FakeClock`` in tests."""

    def now(self) -> float:
        """Monotonic seconds; only differences mean something."""
        ...

    def time(self) -> float:
        """Seconds since the epoch, for what people read."""
        ...

    def sleep(self, seconds: float) -> None: ...

    async def asleep(self, seconds: float) -> None: ...

    def limited(self, fn: Callable[[], T], seconds: float) -> T:
        """Return what ``fn()`` returns, or raise LimitReached after ``seconds``."""
        ...

    async def alimited(self, fn: Callable[[], Awaitable[T]], seconds: float) -> T:
        """Return what ``await fn()`` returns, or raise LimitReached after ``seconds``."""
        ...

    def wait(self, waiter: ThreadWaiter, seconds: float) -> bool:
        """Whether ``waiter`` was woken within ``seconds``."""
        ...

    async def await_(self, waiter: AsyncWaiter, seconds: float) -> bool:
        """Whether ``waiter`` was woken within ``seconds``."""
        ...

    def branch(self, fn: Callable[[], T], ended: Callable[[], None]) -> Branch[T]:
        """Call ``fn()`` on another thread, and ``ended()`` when it is over."""
        ...

    def abranch(self, coroutine: Coroutine[Any, Any, T], ended: Callable[[], None]) -> Branch[T]:
        """Await a coroutine in another task, and call ``ended()`` when it is over."""
        ...


class SystemClock:
    """The machine's clocks. Safe to share between threads and tasks."""

    __slots__ = ()
    now = staticmethod(_time.monotonic)
    time = staticmethod(_time.time)
    sleep = staticmethod(_time.sleep)

    async def asleep(self, seconds: float) -> None:
        import asyncio  # programs without it need not load it

        await asyncio.sleep(seconds)

    def limited(self, fn: Callable[[], T], seconds: float) -> T:
        job = _threads.start(fn, droppable=True)
        if job.wait(seconds):
            return job.result()
        raise LimitReached(seconds)

    async def alimited(self, fn: Callable[[], Awaitable[T]], seconds: float) -> T:
        import asyncio

        timeout = asyncio.timeout(seconds)
        try:
            async with timeout:
                return await fn()
        except TimeoutError:
            if timeout.expired():
                raise LimitReached(seconds) from None
            raise

    def wait(self, waiter: ThreadWaiter, seconds: float) -> bool:
        return waiter.wait(seconds)

    async def await_(self, waiter: AsyncWaiter, seconds: float) -> bool:
        return await waiter.wait(seconds)

    def branch(self, fn: Callable[[], T], ended: Callable[[], None]) -> Branch[T]:
        return _threads.start(fn, ended)

    def abranch(self, coroutine: Coroutine[Any, Any, T], ended: Callable[[], None]) -> Branch[T]:
        import asyncio

        def over(task: asyncio.Task[T]) -> None:
            if not task.cancelled():
                task.exception()  # looked at, so that asyncio does not complain about those given up
            ended()

        task = asyncio.get_running_loop().create_task(coroutine)
        task.add_done_callback(over)
        return task


SYSTEM_CLOCK = SystemClock()
"""One instance for all, so that nested pipelines know that they share a time line."""
