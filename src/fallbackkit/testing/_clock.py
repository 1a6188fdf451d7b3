from __future__ import annotations

import asyncio
import math
import threading
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from fallbackkit._clock import LimitReached

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from fallbackkit._waiting import AsyncWaiter, ThreadWaiter

__all__ = ["FakeClock"]

T = TypeVar("T")
_limits: ContextVar[Mapping[FakeClock, float]] = ContextVar("fallbackkit_fake_limits", default=MappingProxyType({}))


class _Cut(BaseException):
    """Unwinds scripted code at a limit, as cancellation would."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


class FakeClock:
    """A clock that moves only when told to, or when something sleeps on it.

    Give it to a Pipeline as ``clock=``. Code under a time limit that sleeps past the limit on this
    clock is cut off exactly there, sync and async. Safe to share between threads and tasks; it is
    one time line for all of them.

    Args:
        start: Monotonic seconds to begin with.
        epoch: Seconds since 1970 at the same moment.

    Example:
        >>> clock = FakeClock()
        >>> clock.sleep(3600)
        >>> clock.now()
        3600.0
    """

    def __init__(self, start: float = 0.0, epoch: float = 1_800_000_000.0) -> None:
        self._now = start
        self._epoch = epoch - start
        self._lock = threading.Lock()
        self.sleeps: list[float] = []

    def now(self) -> float:
        return self._now

    def time(self) -> float:
        return self._epoch + self._now

    def advance(self, seconds: float) -> None:
        """Let time pass, limits or not."""
        with self._lock:
            self._now += seconds

    def sleep(self, seconds: float) -> None:
        """Pass ``seconds``, or as many as the innermost limit allows."""
        until = self._limit()
        with self._lock:
            late = self._now + seconds > until
            self._now = max(self._now, until) if late else self._now + seconds
            self.sleeps.append(seconds)
        if late:
            raise _Cut(until)

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)
        await asyncio.sleep(0)

    def limited(self, fn: Callable[[], T], seconds: float) -> T:
        until = min(self._limit(), self._now + seconds)
        token = _limits.set({**_limits.get(), self: until})
        try:
            return fn()
        except _Cut as cut:
            self._check(cut, until, seconds)
            raise
        finally:
            _limits.reset(token)

    async def alimited(self, fn: Callable[[], Awaitable[T]], seconds: float) -> T:
        until = min(self._limit(), self._now + seconds)
        token = _limits.set({**_limits.get(), self: until})
        try:
            return await fn()
        except _Cut as cut:
            self._check(cut, until, seconds)
            raise
        finally:
            _limits.reset(token)

    def wait(self, waiter: ThreadWaiter, seconds: float) -> bool:
        if not waiter.woken:
            self.sleep(seconds)
        return waiter.woken

    async def await_(self, waiter: AsyncWaiter, seconds: float) -> bool:
        if not waiter.woken:
            await self.asleep(seconds)
        return waiter.woken

    def _limit(self) -> float:
        return _limits.get().get(self, math.inf)

    @staticmethod
    def _check(cut: _Cut, until: float, seconds: float) -> None:
        if cut.until == until:
            raise LimitReached(seconds) from None
