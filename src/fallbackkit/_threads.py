"""Worker threads for calls with a time limit.

``concurrent.futures`` would join a hung call at interpreter exit and costs four times as much a call.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fallbackkit.errors import BulkheadFull

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LEFT_BEHIND", "MAX_ABANDONED", "Job", "abandoned", "start"]

T = TypeVar("T")

MAX_ABANDONED = 64
"""Calls past their limit that may still hang in the background before new ones are refused."""

LEFT_BEHIND: contextvars.ContextVar[list[Job[Any]] | None] = contextvars.ContextVar(
    "fallbackkit_left_behind", default=None
)
"""Where calls that are given up are noted, for whoever started them to know what still hangs."""

_MAX_IDLE = 64
_idle: list[_Worker] = []
_lock = threading.Lock()
_abandoned = 0


def abandoned() -> int:
    """How many calls have passed their limit and have not ended yet."""
    return _abandoned


def _forget_parent() -> None:
    """In a forked process the threads of the parent do not exist, and its lock may be held for ever."""
    global _lock, _abandoned  # noqa: PLW0603
    _idle.clear()
    _lock = threading.Lock()
    _abandoned = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_parent)


class Job(Generic[T]):
    """One call on a worker thread."""

    __slots__ = (
        "_after",
        "_done",
        "_droppable",
        "_ended",
        "_error",
        "_fn",
        "_given_up",
        "_notify",
        "_value",
        "context",
    )

    def __init__(self, fn: Callable[[], T], notify: Callable[[], None] | None, *, droppable: bool) -> None:
        self._droppable = droppable
        self.context = contextvars.copy_context()
        self._fn = fn
        self._notify = notify
        self._done = threading.Lock()
        self._done.acquire()
        self._ended = False
        self._given_up = False
        self._after: Callable[[], None] | None = None
        self._value: Any = None
        self._error: BaseException | None = None

    def run(self) -> None:
        global _abandoned  # noqa: PLW0603 - one bound for the process
        try:
            if not (self._given_up and self._droppable):
                self._value = self.context.run(self._fn)
        except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
            self._error = error
        with _lock:
            self._ended = True
            self._done.release()
            if self._given_up:
                _abandoned -= 1
            after = self._after
        if after is not None:
            after()
        if self._notify is not None:
            self._notify()

    def wait(self, seconds: float) -> bool:
        """Whether the call ended within ``seconds``. If not, or if interrupted, it is given up."""
        ended = False
        try:
            ended = self._done.acquire(timeout=min(seconds, threading.TIMEOUT_MAX))
        finally:
            if not ended:
                ended = self.give_up()
        return ended

    def give_up(self) -> bool:
        """Count the call as abandoned until it ends. Returns True if it has ended already."""
        global _abandoned  # noqa: PLW0603
        with _lock:
            if self._done.acquire(blocking=False):
                return True
            self._given_up = True
            _abandoned += 1
            left_behind = self.context.get(LEFT_BEHIND)
            if left_behind is not None:
                left_behind[:] = [*(job for job in left_behind if not job.done()), self]
            return False

    def after(self, fn: Callable[[], None]) -> None:
        """Call ``fn`` once a call that was given up has ended: on its thread, or now if it has."""
        with _lock:
            if not self._ended:
                self._after = fn
                return
        fn()

    def done(self) -> bool:
        return self._ended

    def cancel(self) -> None:
        if not (self._ended or self._given_up):
            self.give_up()

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        value: T = self._value
        return value


class _Worker(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="fallbackkit-call", daemon=True)
        self.jobs: SimpleQueue[Job[Any]] = SimpleQueue()
        self.start()

    def run(self) -> None:
        while True:
            self.jobs.get().run()
            if len(_idle) >= _MAX_IDLE:
                return
            _idle.append(self)


def start(fn: Callable[[], T], notify: Callable[[], None] | None = None, *, droppable: bool = False) -> Job[T]:
    """Run ``fn`` on a worker thread, in a copy of the caller's context.

    Args:
        fn: What to run.
        notify: Called on that thread at the end.
        droppable: Not to begin at all what was given up before its turn came.

    Raises:
        BulkheadFull: ``MAX_ABANDONED`` earlier calls are still hanging.
    """
    if _abandoned >= MAX_ABANDONED:
        msg = f"{_abandoned} calls passed their time limit and still hang; give their client a time-out of its own"
        raise BulkheadFull(msg)
    job = Job(fn, notify, droppable=droppable)
    try:
        worker = _idle.pop()
    except IndexError:
        worker = _Worker()
    worker.jobs.put(job)
    return job


async def arun(fn: Callable[[], T]) -> T:
    """Await ``fn()`` on a worker thread; if the awaiting task is cancelled, the call is given up."""
    import asyncio

    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def set_ended() -> None:
        if not ended.done():
            ended.set_result(None)

    def notify() -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed while the call still hung
            loop.call_soon_threadsafe(set_ended)

    job = start(fn, notify, droppable=True)
    try:
        await ended
    finally:
        if not ended.done() or ended.cancelled():
            job.give_up()
    return job.result()
