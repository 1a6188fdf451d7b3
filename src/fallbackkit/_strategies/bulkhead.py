from __future__ import annotations

import threading
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING

from fallbackkit import _checks
from fallbackkit._call import Reply
from fallbackkit._forks import inherit
from fallbackkit._runtime import Strategy
from fallbackkit._threads import LEFT_BEHIND
from fallbackkit.errors import BulkheadFull, DeadlineExceeded, Failure, FailureKind

if TYPE_CHECKING:
    from typing import Any

    from fallbackkit._call import Call
    from fallbackkit._runtime import Layer
    from fallbackkit._threads import Job
    from fallbackkit._waiting import Waiter

__all__ = ["Bulkhead"]


class Bulkhead(Strategy):
    """Lets at most ``limit`` calls in at a time, so that one slow dependency cannot take every thread.

    When all places are taken, up to ``queue`` calls wait for one, first come first served, each inside its
    own deadline; any more are refused at once. A function that was given up at its time limit and
    still hangs on its thread keeps its place until it ends. A call that goes through the same bulkhead
    again from inside takes a second place. Safe to share between threads, tasks, event loops and
    pipelines, which then share the places.

    Args:
        limit: Places, at least 1.
        queue: Places in the queue, 0 or more.

    Raises:
        ValueError: A number is out of range.

    Example:
        >>> Bulkhead(4, queue=8).describe()
        'Bulkhead(4 at a time, queue of 8)'
    """

    def __init__(self, limit: int, *, queue: int = 0) -> None:
        self.limit = _checks.count("limit", limit)
        self.queue = _checks.count("queue", queue, least=0)
        self._active = 0
        self._line: OrderedDict[Waiter, None] = OrderedDict()
        self._lock = threading.Lock()
        inherit(self)

    def start_over(self) -> None:
        """In a forked child: those inside and those in line are in the parent."""
        self._lock = threading.Lock()
        self._active = 0
        self._line.clear()

    @property
    def active(self) -> int:
        """How many places are taken, at most ``limit``."""
        return self._active

    @property
    def waiting(self) -> int:
        """How many calls wait for a place, at most ``queue``."""
        return len(self._line)

    async def run(self, inner: Layer, call: Call) -> Reply:
        waiter = None
        with self._lock:
            free = self._active < self.limit
            if free:
                self._active += 1
            elif len(self._line) < self.queue:
                waiter = call.runtime.waiter()
                self._line[waiter] = None
        if not free:
            failure = self._full() if waiter is None else await self._wait(call, waiter)
            if failure is not None:
                return Reply(failure=failure)
        left_behind: list[Job[Any]] = []
        token = LEFT_BEHIND.set(left_behind)
        try:
            return await inner(call)
        finally:
            self._leave(left_behind)
            try:  # noqa: SIM105 - on the hot path
                LEFT_BEHIND.reset(token)
            except ValueError:
                pass  # a stream that is dropped may be closed in another context

    async def _wait(self, call: Call, waiter: Waiter) -> Failure | None:
        """Wait for a place. None if one was handed over."""
        try:
            await call.runtime.wait(call, waiter)
        except BaseException:
            if not self._step_out(waiter):
                self._leave([])
            raise
        return self._late(call) if self._step_out(waiter) else None

    def _step_out(self, waiter: Waiter) -> bool:
        """Give up waiting. False if a place has been handed over."""
        with self._lock:
            return self._line.pop(waiter, waiter) is None

    def _leave(self, left_behind: list[Job[Any]]) -> None:
        """Hand the place over, once everything that still hangs has ended."""
        if left_behind:
            left_behind.pop().after(partial(self._leave, left_behind))
            return
        with self._lock:
            if not self._line:
                self._active = max(0, self._active - 1)  # none are left in a child that was forked inside
                return
            waiter, _ = self._line.popitem(last=False)
        waiter.wake()

    def _full(self) -> Failure:
        error = BulkheadFull(f"{self.limit} calls are inside and {self.queue} wait; send fewer, or raise `limit`")
        return Failure(kind=FailureKind.PROVIDER_OVERLOADED, error=error)

    def _late(self, call: Call) -> Failure:
        limit = max(0.0, call.until - call.step_started)
        error = DeadlineExceeded(f"none of {self.limit} places became free within {limit:.3g} s", limit)
        return Failure(kind=FailureKind.TIMEOUT_FIRST_BYTE, limit=limit, error=error)

    def describe(self) -> str:
        queue = f", queue of {self.queue}" if self.queue else ""
        return f"Bulkhead({self.limit} at a time{queue})"
