"""How one call waits for another: a waiter is woken once, from any thread or event loop."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    import asyncio

__all__ = ["AsyncWaiter", "Branch", "ThreadWaiter", "Waiter"]

T_co = TypeVar("T_co", covariant=True)


class Waiter(Protocol):
    """Something to be woken. Waking is thread-safe, may come before the wait, and counts once."""

    @property
    def woken(self) -> bool:
        """Whether ``wake`` was called."""
        ...

    @property
    def gone(self) -> bool:
        """Whether it can wait no more, because its event loop is closed."""
        ...

    def wake(self) -> None:
        """End the wait, now or as soon as it begins."""
        ...


class Branch(Protocol[T_co]):
    """Something that runs beside the call that started it."""

    def done(self) -> bool:
        """Whether it is over."""
        ...

    def result(self) -> T_co:
        """What it returned or raised, once it is over."""
        ...

    def cancel(self) -> object:
        """Stop caring. A task is cancelled; a thread is abandoned, and counted until it ends."""
        ...


class ThreadWaiter:
    """A thread waits."""

    __slots__ = ("lock",)
    gone = False

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lock.acquire()

    @property
    def woken(self) -> bool:
        return not self.lock.locked()

    def wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # woken already
            self.lock.release()

    def wait(self, seconds: float) -> bool:
        """Whether it was woken within ``seconds``; infinity waits as long as it takes."""
        woken = self.lock.acquire(timeout=min(seconds, threading.TIMEOUT_MAX))
        if woken:
            self.wake()  # which somebody may do a second time at this moment
        return woken


class AsyncWaiter:
    """A task waits."""

    __slots__ = ("_loop", "_thread", "_waiting", "woken")

    def __init__(self) -> None:
        import asyncio

        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._waiting: asyncio.Future[None] | None = None
        self.woken = False

    @property
    def gone(self) -> bool:
        return self._loop.is_closed()

    def wake(self) -> None:
        self.woken = True
        with contextlib.suppress(RuntimeError):  # the loop was closed
            if threading.get_ident() == self._thread:  # ten times as fast as to reach over to another thread
                self._end()
            else:
                self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def wait(self, seconds: float) -> bool:
        """Whether it was woken within ``seconds``; infinity waits as long as it takes."""
        if self.woken:
            return True
        self._waiting = self._loop.create_future()
        timer = self._loop.call_later(seconds, self._end) if seconds < threading.TIMEOUT_MAX else None
        try:
            await self._waiting
        finally:
            if timer is not None:
                timer.cancel()
        return self.woken
