from __future__ import annotations

import asyncio
import math
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fallbackkit import _threads
from fallbackkit._waiting import ThreadWaiter
from fallbackkit.testing._timeline import Caller, TaskStay, ThreadStay, running_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from fallbackkit.testing._timeline import Timeline

__all__ = ["TaskBranch", "ThreadBranch"]

T = TypeVar("T")


class ThreadBranch(Generic[T]):
    """A thread in virtual time. Given up in its sleep, it is cut off there."""

    def __init__(self, timeline: Timeline, fn: Callable[[], T], ended: Callable[[], None]) -> None:
        self._timeline = timeline
        self._parent = timeline.parent()
        self._caller = Caller(None, self._parent)
        self._first = ThreadStay(self._caller, timeline.now)
        self._tell = ended
        self._unwound = ThreadWaiter()
        self._job = _threads.start(partial(self._run, fn), self._over)
        timeline.admit(self._parent, self._first)

    def _run(self, fn: Callable[[], T]) -> T:
        self._first.stop()
        self._timeline.begin(self._caller)
        return fn()

    def _over(self) -> None:
        self._tell()
        self._unwound.wake()
        self._timeline.leave(self._caller, self._parent)

    def done(self) -> bool:
        return self._job.done()

    def result(self) -> T:
        return self._job.result()

    def cancel(self) -> None:
        if self.done():
            return
        self._job.cancel()
        if self._timeline.cut(self._caller):
            stay = ThreadStay(self._timeline.here(), math.inf, self._unwound)
            self._timeline.arrive(stay)
            stay.stop()


class TaskBranch(Generic[T]):
    """A task in virtual time."""

    def __init__(self, timeline: Timeline, coroutine: Coroutine[Any, Any, T], ended: Callable[[], None]) -> None:
        self._timeline = timeline
        self._parent = timeline.parent()
        self._caller = Caller(running_loop(), self._parent)
        self._first = TaskStay(self._caller, timeline.now)
        self._coroutine = coroutine
        self._tell = ended
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._task.add_done_callback(self._over)
        timeline.admit(self._parent, self._first)

    async def _run(self) -> T:
        await self._first.stop()
        self._timeline.begin(self._caller)
        return await self._coroutine

    def _over(self, task: asyncio.Task[T]) -> None:
        self._coroutine.close()  # it never began if it was cancelled first
        self._tell()
        self._timeline.leave(self._caller, self._parent)
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not complain about those given up

    def done(self) -> bool:
        return self._task.done()

    def result(self) -> T:
        return self._task.result()

    def cancel(self) -> None:
        if not self.done():
            self._timeline.cut(self._caller)
            self._task.cancel()
