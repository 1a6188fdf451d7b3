"""How one call waits for another: a waiter is woken once, from any thread or event loop."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

__all__ = ["AsyncWaiter", "ThreadWaiter", "Waiter"]


class Waiter(Protocol):
    """Something to be woken. Waking is thread-safe, may come before the wait, and counts once."""

    @property
    def woken(self) -> bool:
        """Whether ``wake`` was called."""
        ...

    def wake(self) -> None:
        """End the wait, now or as soon as it begins."""
        ...


class ThreadWaiter:
    """A thread waits."""

    __slots__ = ("lock",)

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
            self.lock.release()
        return woken


class AsyncWaiter:
    """A task waits."""

    __slots__ = ("_loop", "_waiting", "woken")

    def __init__(self) -> None:
        import asyncio

        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Future[None] | None = None
        self.woken = False

    def wake(self) -> None:
        self.woken = True
        with contextlib.suppress(RuntimeError):  # the loop was closed
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
