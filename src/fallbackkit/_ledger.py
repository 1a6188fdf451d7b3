from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from fallbackkit._forks import inherit
from fallbackkit._shared import Shared

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["BILLION", "Balance", "Book", "Per", "Period", "SpendStore", "period_at"]

Per = Literal["hour", "day", "month"]

BILLION = 10**9
"""Money is counted in whole billionths, so that sums stay exact."""

_LENGTHS = {"hour": 3600.0, "day": 86400.0}


class Period(NamedTuple):
    """Seconds since 1970; the end belongs to the next one."""

    start: float
    end: float


def period_at(per: Per | float, now: float) -> Period:
    """The period of the calendar in UTC, or of the seconds since 1970, in which ``now`` lies."""
    if per == "month":
        today = datetime.fromtimestamp(now // 1, UTC)  # whole seconds: it rounds, at worst into the next month
        first = today.replace(day=1, hour=0, minute=0, second=0)
        following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
        return Period(first.timestamp(), following.timestamp())
    length = _LENGTHS[per] if isinstance(per, str) else per
    start = now // length * length
    return Period(start, start + length)


class Balance(NamedTuple):
    """What was spent, and what is set aside for attempts under way, in billionths."""

    spent: int = 0
    held: int = 0


class SpendStore(Shared, Protocol):
    """Ledgers that several processes keep together. Every method raises StoreDown if it cannot answer.

    A ledger is one key's money in one period. Money is in whole billionths.
    """

    def set_aside(self, ledger: str, *, limit: int, estimate: int, seconds: float) -> int | None:
        """Set aside the price of the dearest attempt so far, in one step.

        Args:
            ledger: Contains the user's key.
            limit: For what is spent and set aside together.
            estimate: The least that is set aside; the most is ``limit``.
            seconds: Until the period ends, and with it what the ledger is good for.

        Returns:
            How much was set aside, or None if so much is not left.
        """
        ...

    def charge(self, ledger: str, *, held: int, cost: int) -> None:
        """Spend ``cost`` in place of what was set aside, 0 for nothing. A ledger that is gone stays so."""
        ...

    def balance(self, ledger: str) -> tuple[int, int]:
        """As Balance."""
        ...


@dataclass(slots=True)
class _Ledger:
    spent: int = 0
    held: int = 0
    dearest: int = 0


class Book:
    """A SpendStore in the memory of one process, whose ledgers may have any hashable name.

    Args:
        most: Bound; the ledger that was not used for longest goes first. So the ledgers of periods that
            are over need no clearing away, and a wall clock that jumps back finds them as they were.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._ledgers: OrderedDict[Hashable, _Ledger] = OrderedDict()
        self._lock = threading.Lock()
        inherit(self)

    def start_over(self) -> None:
        """In a forked child: what the parent has under way, the parent will settle."""
        self._lock = threading.Lock()
        for ledger in self._ledgers.values():
            ledger.held = 0

    def set_aside(self, ledger: Hashable, *, limit: int, estimate: int, seconds: float) -> int | None:  # noqa: ARG002
        """As ``SpendStore.set_aside``."""
        with self._lock:
            kept = self._open(ledger)
            held = min(limit, max(estimate, kept.dearest))
            if kept.spent + kept.held + held > limit:
                return None
            kept.held += held
            return held

    def charge(self, ledger: Hashable, *, held: int, cost: int) -> None:
        """As ``SpendStore.charge``."""
        with self._lock:
            kept = self._ledgers.get(ledger)
            if kept is not None:
                kept.held = max(0, kept.held - held)  # it may have been forgotten and begun anew
                kept.spent += cost
                kept.dearest = max(kept.dearest, cost)

    def balance(self, ledger: Hashable) -> Balance:
        """As ``SpendStore.balance``."""
        with self._lock:
            kept = self._ledgers.get(ledger)
            return Balance() if kept is None else Balance(kept.spent, kept.held)

    def _open(self, ledger: Hashable) -> _Ledger:
        ledgers = self._ledgers
        kept = ledgers.get(ledger)
        if kept is None:
            kept = ledgers[ledger] = _Ledger()
            if len(ledgers) > self._most:
                ledgers.popitem(last=False)
        else:
            ledgers.move_to_end(ledger)
        return kept
