from __future__ import annotations

import asyncio
import math
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from fallbackkit._clock import LimitReached
from fallbackkit._waiting import AsyncWaiter, ThreadWaiter
from fallbackkit.testing._branches import TaskBranch, ThreadBranch
from fallbackkit.testing._timeline import Deadlock, TaskStay, ThreadStay, Timeline, running_loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from fallbackkit._waiting import Branch, Waiter

__all__ = ["FakeClock"]

T = TypeVar("T")
_limits: ContextVar[Mapping[FakeClock, float]] = ContextVar("fallbackkit_fake_limits", default=MappingProxyType({}))


class _Cut(BaseException):
    """Unwinds scripted code at a limit, or where it is given up, as cancellation would."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


class FakeClock:
    """A clock that moves only when told to, or when something sleeps on it.

    Give it to a Pipeline as ``clock=``. Code under a time limit that sleeps past the limit on this
    clock is cut off exactly there, sync and async. Safe to share between threads and tasks; it is
    one time line for all of them.

    Start those that are to run at the same time with ``together`` or ``atogether``. One of them runs at
    a time, until it sleeps or waits; when all do, the clock moves to the first wake-up. So every run is
    the same, and ends: should they all wait for one another, each gets a Deadlock. What a pipeline
    starts beside a call takes part by itself. Let them meet through pipelines and this clock only;
    nothing else that one of them waits for lets another one run.

    Args:
        start: Monotonic seconds to begin with.
        epoch: Seconds since 1970 at the same moment.

    Attributes:
        sleeps: The seconds of each sleep, in order.

    Example:
        >>> clock = FakeClock()
        >>> clock.sleep(3600)
        >>> clock.now()
        3600.0
        >>> nap = lambda seconds: clock.sleep(seconds) or clock.now()
        >>> clock.together(lambda: nap(20), lambda: nap(10))
        [3620.0, 3610.0]
    """

    def __init__(self, start: float = 0.0, epoch: float = 1_800_000_000.0) -> None:
        self._timeline = Timeline(start)
        self._epoch = epoch - start
        self.sleeps: list[float] = []

    def now(self) -> float:
        return self._timeline.now

    def time(self) -> float:
        return self._epoch + self._timeline.now

    def advance(self, seconds: float) -> None:
        """Let time pass, limits or not."""
        self._timeline.advance(seconds)

    def sleep(self, seconds: float) -> None:
        """Pass ``seconds``, or as many as the innermost limit allows."""
        self.sleeps.append(seconds)
        self._stay(seconds)

    async def asleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        await self._astay(seconds)

    def wait(self, waiter: ThreadWaiter, seconds: float) -> bool:
        if self._outside() and seconds == math.inf:
            return waiter.wait(seconds)
        return waiter.woken or self._stay(seconds, waiter)

    async def await_(self, waiter: AsyncWaiter, seconds: float) -> bool:
        if self._outside() and seconds == math.inf:
            return await waiter.wait(seconds)
        return waiter.woken or await self._astay(seconds, waiter)

    def limited(self, fn: Callable[[], T], seconds: float) -> T:
        until = min(self._limit(), self.now() + seconds)
        token = _limits.set({**_limits.get(), self: until})
        try:
            return fn()
        except _Cut as cut:
            self._check(cut, until, seconds)
            raise
        finally:
            _limits.reset(token)

    async def alimited(self, fn: Callable[[], Awaitable[T]], seconds: float) -> T:
        until = min(self._limit(), self.now() + seconds)
        token = _limits.set({**_limits.get(), self: until})
        try:
            return await fn()
        except _Cut as cut:
            self._check(cut, until, seconds)
            raise
        finally:
            _limits.reset(token)

    def branch(self, fn: Callable[[], T], ended: Callable[[], None]) -> Branch[T]:
        return ThreadBranch(self._timeline, fn, ended)

    def abranch(self, coroutine: Coroutine[Any, Any, T], ended: Callable[[], None]) -> Branch[T]:
        return TaskBranch(self._timeline, coroutine, ended)

    def together(self, *fns: Callable[[], T]) -> list[T]:
        """Call the functions at the same time, each on a thread of its own, and return what they return, in order.

        Raises:
            Exception: That of the first of them that raised, once all have ended.
        """
        waiters = [ThreadWaiter() for _ in fns]
        branches = [self.branch(fn, waiter.wake) for fn, waiter in zip(fns, waiters, strict=True)]
        for waiter in waiters:
            self.wait(waiter, math.inf)
        return [branch.result() for branch in branches]

    async def atogether(self, *fns: Callable[[], Coroutine[Any, Any, T]]) -> list[T]:
        """``together`` for async functions, each in a task of its own. Cancelled with the task that awaits it."""
        waiters = [AsyncWaiter() for _ in fns]
        branches = [self.abranch(fn(), waiter.wake) for fn, waiter in zip(fns, waiters, strict=True)]
        try:
            for waiter in waiters:
                await self.await_(waiter, math.inf)
        finally:
            for branch in branches:
                branch.cancel()
        return [branch.result() for branch in branches]

    def _stay(self, seconds: float, waiter: Waiter | None = None) -> bool:
        caller, wake = self._timeline.here(), self.now() + seconds
        due = min(wake, self._limit())
        stay = None
        if not caller.cut and not self._timeline.skip(caller, due, held_up=running_loop()):
            stay = ThreadStay(caller, due, waiter)
            try:
                self._timeline.arrive(stay)
                stay.stop()
            finally:
                self._timeline.depart(stay)
        if caller.cut:
            raise _Cut(math.nan)
        return _ended(stay, waiter, wake, due)

    async def _astay(self, seconds: float, waiter: Waiter | None = None) -> bool:
        caller, wake = self._timeline.here(), self.now() + seconds
        due = min(wake, self._limit())
        stay = None
        if not self._timeline.skip(caller, due):
            stay = TaskStay(caller, due, waiter)
            try:
                self._timeline.arrive(stay)
                await stay.stop()
            finally:
                self._timeline.depart(stay)
        ended = _ended(stay, waiter, wake, due)
        if stay is None:
            await asyncio.sleep(0)
        return ended

    def _outside(self) -> bool:
        return not self._timeline.here().ties

    def _limit(self) -> float:
        return _limits.get().get(self, math.inf)

    @staticmethod
    def _check(cut: _Cut, until: float, seconds: float) -> None:
        if cut.until == until:
            raise LimitReached(seconds) from None


def _ended(stay: ThreadStay | TaskStay | None, waiter: Waiter | None, wake: float, due: float) -> bool:
    """Whether somebody woke the one who stayed."""
    if stay is not None and stay.stuck:
        raise Deadlock(stay.stuck)
    if waiter is not None and waiter.woken:
        return True
    if wake > due:
        raise _Cut(due)
    return False
