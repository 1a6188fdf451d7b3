"""Which answers are on their way, so that whoever asks the same meanwhile need not ask again."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from fallbackkit._forks import inherit

if TYPE_CHECKING:
    from fallbackkit._call import Reply
    from fallbackkit._waiting import Branch, Waiter

__all__ = ["LEADING", "Flight", "Flights"]


class Flight:
    """One load, and those that wait for it.

    Attributes:
        reply: What came of it, for all. None if it came to no end that says anything to the others.
        alone: Whether each of the others has to ask for itself.
        thread: Where it is led, once it is.
        home: Where it runs, if it runs beside the calls.
        branch: What runs it there. asyncio itself would let a task be forgotten.
    """

    __slots__ = ("_landed", "_waiters", "alone", "branch", "home", "reply", "thread")

    def __init__(self) -> None:
        self.reply: Reply | None = None
        self.alone = False
        self.thread: int | None = None
        self.home: Waiter | None = None
        self.branch: Branch[None] | None = None
        self._landed = False
        self._waiters: list[Waiter] = []

    @property
    def lost(self) -> bool:
        """Whether it will never land: an event loop was closed on it."""
        return self.home is not None and self.home.gone

    def wake_at_end(self, waiter: Waiter) -> None:
        self._waiters.append(waiter)
        if self._landed:  # looked at second, as `land` wakes second: one of the two sees the other
            waiter.wake()

    def land(self) -> None:
        self._landed = True
        for waiter in self._waiters:
            waiter.wake()


LEADING: ContextVar[tuple[Flight, ...]] = ContextVar("fallbackkit_leading", default=())
"""The loads that the code running now is a part of: if it waited for one of them, it would wait for itself."""


class Flights:
    """The loads under way, at most one a key.

    There is no lock: keys are strings, so that every step is one operation of a dict or a list.
    """

    def __init__(self) -> None:
        self._flights: dict[str, Flight] = {}
        inherit(self)

    def start_over(self) -> None:
        self._flights = {}

    def find(self, key: str) -> Flight | None:
        flight = self._flights.get(key)
        if flight is not None and flight.lost:
            self.end(key, flight)
            return None
        return flight

    def join(self, key: str) -> tuple[Flight, bool]:
        """The load of ``key``, and whether it is a new one, which the caller has to lead and to end."""
        flight = self.find(key)
        if flight is not None:
            return flight, False
        own = Flight()
        flight = self._flights.setdefault(key, own)
        return flight, flight is own

    def end(self, key: str, flight: Flight) -> None:
        """Let nobody else join, and wake those who did. May come twice."""
        if self._flights.get(key) is flight:
            self._flights.pop(key, None)
        flight.land()
