"""Virtual time that several threads and tasks share: one runs at a time, and time passes when all of them wait."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fallbackkit._waiting import Waiter

__all__ = ["Caller", "Deadlock", "TaskStay", "ThreadStay", "Timeline"]

_callers: ContextVar[Mapping[Timeline, Caller]] = ContextVar("fallbackkit_fake_callers", default=MappingProxyType({}))


class Deadlock(BaseException):
    """Everybody in virtual time waits for somebody else, for ever. Unwinds one after another, as cancellation would."""

    def __init__(self, waiting: int) -> None:
        who = "one caller waits" if waiting == 1 else f"{waiting} callers wait for one another"
        super().__init__(f"{who}, and nobody is left to wake them; give the wait a limit, or start its waker, too")


class Caller:
    """A thread or a task in virtual time. While one with ``ties`` runs, time stands still.

    Attributes:
        loop: The event loop of a task.
        depth: How many callers stand between it and the first.
        ties: Why it is waited for: 1 for one that was started to take part, and 1 for each that it started.
        over: Whether it has ended.
        cut: Whether it was given up.
    """

    __slots__ = ("cut", "depth", "loop", "over", "ties")

    def __init__(self, loop: asyncio.AbstractEventLoop | None, parent: Caller | None = None) -> None:
        self.loop = loop
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.ties = 0 if parent is None else 1
        self.over = False
        self.cut = False


class ThreadStay:
    """The time that a thread spends in one sleep or wait."""

    __slots__ = ("_lock", "caller", "due", "stuck", "waiter")

    def __init__(self, caller: Caller, due: float, waiter: Waiter | None = None) -> None:
        self.caller = caller
        self.due = due
        self.waiter = waiter
        self.stuck = 0
        self._lock = threading.Lock()
        self._lock.acquire()

    @property
    def left(self) -> bool:
        return False

    def go(self) -> None:
        self._lock.release()

    def stop(self) -> None:
        self._lock.acquire()


class TaskStay:
    """The time that a task spends in one sleep or wait."""

    __slots__ = ("_future", "_loop", "caller", "due", "stuck", "waiter")

    def __init__(self, caller: Caller, due: float, waiter: Waiter | None = None) -> None:
        self.caller = caller
        self.due = due
        self.waiter = waiter
        self.stuck = 0
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[None] = self._loop.create_future()

    @property
    def left(self) -> bool:
        """Whether its task was cancelled, and is about to run."""
        return self._future.cancelled()

    def go(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if not self._future.done():
            self._future.set_result(None)

    async def stop(self) -> None:
        await self._future


class Timeline:
    """Says who runs next: whoever was woken, or else whoever's time comes first.

    At one moment, those that sleep go before those that wait, so that what happens just in time
    happens; and who came first goes first.
    """

    def __init__(self, start: float) -> None:
        self.now = start
        self._lock = threading.Lock()
        self._running: set[Caller] = set()
        self._stays: list[ThreadStay | TaskStay] = []

    def here(self) -> Caller:
        """Who runs now; somebody new, if nobody waits for them."""
        caller = _callers.get().get(self)
        return caller if caller is not None and (caller.ties or caller.over) else Caller(running_loop())

    def parent(self) -> Caller:
        """Who runs now, and is waited for from now on, as long as what they start goes on."""
        caller = self.here()
        if not caller.ties:
            others = {timeline: other for timeline, other in _callers.get().items() if other.ties}
            _callers.set({**others, self: caller})
        return caller

    def begin(self, caller: Caller) -> None:
        """What runs now is this caller."""
        _callers.set({**_callers.get(), self: caller})

    def advance(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds

    def skip(self, caller: Caller, due: float, *, held_up: asyncio.AbstractEventLoop | None = None) -> bool:
        """Pass time at once, if nobody else takes part, or some of them cannot: their event loop is held up."""
        with self._lock:
            others = [*(self._running - {caller}), *(stay.caller for stay in self._stays)]
            if others and (held_up is None or all(other.loop is not held_up for other in others)):
                return False
            if due == math.inf:
                raise Deadlock(1)
            self.now = max(self.now, due)
            return True

    def admit(self, parent: Caller, stay: ThreadStay | TaskStay) -> None:
        """Let a new caller take part, from its parent's next stay on."""
        with self._lock:
            parent.ties += 1
            self._rejoin(parent)
            self._stays.append(stay)

    def arrive(self, stay: ThreadStay | TaskStay) -> None:
        with self._lock:
            self._running.discard(stay.caller)
            self._stays.append(stay)
            self._turn()

    def depart(self, stay: ThreadStay | TaskStay) -> None:
        """A stay has ended, in its turn or by an interruption."""
        with self._lock:
            if stay in self._stays:
                self._stays.remove(stay)
                self._rejoin(stay.caller)

    def cut(self, caller: Caller) -> bool:
        """Give a caller up. True if its thread was asleep, and unwinds now; if it is busy, nobody waits for it."""
        with self._lock:
            asleep = self._cut(caller)
            if not asleep and caller.loop is None:
                caller.over = True
                self._running.discard(caller)
                self._turn()
            return asleep

    def leave(self, caller: Caller, parent: Caller) -> None:
        """A caller that its parent had started has ended."""
        with self._lock:
            caller.over = True
            self._cut(caller)
            self._stays = [stay for stay in self._stays if stay.caller is not caller]
            self._running.discard(caller)
            parent.ties -= 1
            if not parent.ties:
                self._running.discard(parent)
            self._turn()

    def _cut(self, caller: Caller) -> bool:
        caller.cut = True
        asleep = [stay for stay in self._stays if stay.caller is caller and isinstance(stay, ThreadStay)]
        for stay in asleep:
            self._go(stay)
        return bool(asleep)

    def _rejoin(self, caller: Caller) -> None:
        if caller.ties and not caller.over:
            self._running.add(caller)

    def _go(self, stay: ThreadStay | TaskStay) -> None:
        self._stays.remove(stay)
        self._rejoin(stay.caller)
        stay.go()

    def _turn(self) -> None:
        """Let the next one run, if nobody does."""
        if self._running or not self._stays:
            return
        stay = min(self._stays, key=_turn_of)
        if not _ready(stay):
            if stay.due == math.inf:
                stay = max(self._stays, key=lambda stay: stay.caller.depth)  # those who started others come last
                stay.stuck = len(self._stays)
            else:
                self.now = max(self.now, stay.due)
        self._go(stay)


def running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _ready(stay: ThreadStay | TaskStay) -> bool:
    return stay.left or (stay.waiter is not None and stay.waiter.woken)


def _turn_of(stay: ThreadStay | TaskStay) -> tuple[bool, float, bool]:
    if _ready(stay):
        return (False, 0.0, False)
    return (True, stay.due, stay.waiter is not None)
