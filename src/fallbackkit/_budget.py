from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from fallbackkit import _checks
from fallbackkit._clock import SYSTEM_CLOCK
from fallbackkit._forks import inherit
from fallbackkit._shared import Shared, StoreDown, able

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fallbackkit._call import Call
    from fallbackkit._clock import Clock

__all__ = ["BudgetSnapshot", "RetryBudget", "RetryStore", "checked"]

_SLICES = 10


class RetryStore(Shared, Protocol):
    """Retries that several processes count together. Every method raises StoreDown if it cannot answer."""

    def withdraw(
        self,
        budget: str,
        *,
        ratio: float,
        floor: int,
        window: float,
        wait: float,
        requests: Sequence[tuple[float, int]],
    ) -> bool:
        """Note the requests, then grant a retry or not, in one step and by the store's own clock.

        Args:
            budget: The name that the processes share.
            ratio: As for RetryBudget, like ``floor`` and ``window``.
            floor: The same.
            window: The same.
            wait: Seconds until the retry starts, where it counts; at most ``window``.
            requests: How long ago at most, in seconds, and how many, that the store has not heard of.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSnapshot:
    """A RetryBudget at one moment, as this process sees it.

    Attributes:
        requests: Calls in the window.
        retries: Retries and hedges in the window, and those that are about to start.
        left: How many more may start now.
    """

    requests: int
    retries: int
    left: int


class RetryBudget:
    """Bounds retries and hedges to a share of the requests, so that they cannot make an outage worse.

    With every caller retrying three times, a dependency in trouble gets three times its load. Give one
    budget to every ``Retry`` and ``Hedge`` that calls the same dependency: what they start in any
    ``window`` seconds is at most ``floor``, or ``ratio`` of the requests in the ``window`` seconds
    before the last of it, whichever is more. A retry counts when it starts, not when it is granted.
    Without a budget left the first failure comes back as it is. Safe to share between threads, tasks
    and pipelines. Source: Finagle's retry budgets, 2016; Beyer et al., Site Reliability Engineering,
    chapter 21, 2016.

    Args:
        ratio: Retries and hedges for each request, in [0, 1].
        floor: So many are granted in any window, for programs with few calls; 0 or more.
        window: Seconds. Make it longer than a call takes with its waits: a retry may start later than
            the request that it belongs to is remembered. Kept in ten slices, so constant time and space;
            requests count for 0.9 to 1 of it, retries for 1 to 1.1.
        store: Where processes count together, for example a ``fallbackkit.redis.RedisStore``. It is asked
            once a retry, never for a success; while it is down, each process counts for itself.
        name: In the store: budgets of one name are one.
        clock: By default that of the first pipeline that uses it.

    Raises:
        TypeError: ``store`` is no store.
        ValueError: A number is out of range.

    Example:
        >>> budget = RetryBudget(floor=1)
        >>> budget.withdraw(), budget.withdraw()
        (True, False)
    """

    def __init__(
        self,
        *,
        ratio: float = 0.2,
        floor: int = 3,
        window: float = 60.0,
        store: RetryStore | None = None,
        name: str = "retries",
        clock: Clock | None = None,
    ) -> None:
        self.ratio = _checks.fraction("ratio", ratio)
        self.floor = _checks.count("floor", floor, least=0)
        self.window = _checks.seconds("window", window)
        self.store = able(store, "withdraw")
        self.name = name
        self._clock = clock
        self._slice = self.window / _SLICES
        self._slot = 0.0
        self._requests: defaultdict[float, int] = defaultdict(int)
        self._retries: defaultdict[float, int] = defaultdict(int)
        self._reported: defaultdict[float, int] = defaultdict(int)
        self._lock = threading.Lock()
        inherit(self)

    def start_over(self) -> None:
        """In a forked child: what was counted still holds."""
        self._lock = threading.Lock()

    def request(self, call: Call) -> None:
        """A call begins. It counts once, however many strategies with this budget it passes."""
        if call.budget is self:
            return
        call.budget = self
        slot = (self._clock or self._follow(call.clock)).now() // self._slice
        with self._lock:
            if slot != self._slot:
                self._move(slot)
            self._requests[slot] += 1

    def withdraw(self, wait: float = 0.0) -> bool:
        """Whether one more attempt may start, ``wait`` seconds from now; if so, it is counted there.

        Waits for the network if there is a store. Nothing has to be given back: what was granted and not
        used is forgotten with the rest of the window.
        """
        wait = min(wait, self.window)
        if self.store is None:
            return self._grant(wait)
        news = self._take()
        ask = partial(self.store.withdraw, self.name, ratio=self.ratio, floor=self.floor, window=self.window)
        try:
            granted = ask(wait=wait, requests=self._aged(news))
        except StoreDown:
            self._give_back(news)
            return self._grant(wait)
        return granted and self._grant(wait, granted=True)

    def snapshot(self) -> BudgetSnapshot:
        """What an operator wants to see, at one moment."""
        with self._lock:
            self._move(self._now() // self._slice)
            requests, retries = sum(self._requests.values()), sum(self._retries.values())
        allowed = int(max(self.floor, self.ratio * requests))
        return BudgetSnapshot(requests=requests, retries=retries, left=max(0, allowed - retries))

    def anew(self) -> RetryBudget:
        """Make it once more, with nothing counted, for this process alone and any clock."""
        return RetryBudget(ratio=self.ratio, floor=self.floor, window=self.window, name=self.name)

    def describe(self) -> str:
        return f"{self.ratio:g} of the calls or {self.floor} in {self.window:g} s"

    def _follow(self, clock: Clock) -> Clock:
        """Go on by a pipeline's clock; what was counted by another is forgotten."""
        with self._lock:
            self._clock = clock
            self._retries.clear()
        return clock

    def _now(self) -> float:
        return (self._clock or SYSTEM_CLOCK).now()

    def _grant(self, wait: float, *, granted: bool = False) -> bool:
        now = self._now()
        with self._lock:
            self._move(now // self._slice)
            retries = sum(self._retries.values()) + 1
            if granted or retries <= self.floor or retries <= self.ratio * sum(self._requests.values()):
                self._retries[(now + wait) // self._slice] += 1
                return True
            return False

    def _move(self, slot: float) -> None:
        """Go on to a slice, and forget those that are too old by then."""
        self._slot = slot
        self._requests = _since(slot - _SLICES + 1, self._requests)
        self._retries = _since(slot - _SLICES, self._retries)

    def _take(self) -> dict[float, int]:
        """The requests that the store has not heard of, for one caller to report."""
        with self._lock:
            self._move(self._now() // self._slice)
            news = {slot: count - self._reported[slot] for slot, count in self._requests.items()}
            self._reported = self._requests.copy()
        return news

    def _give_back(self, news: dict[float, int]) -> None:
        with self._lock:
            for slot, count in news.items():
                self._reported[slot] -= count

    def _aged(self, counts: dict[float, int]) -> list[tuple[float, int]]:
        now = self._now()
        return [(now - slot * self._slice, count) for slot, count in counts.items() if count]


def checked(budget: RetryBudget | None) -> RetryBudget | None:
    """The budget that a strategy was given, if it is one."""
    if budget is not None and not isinstance(budget, RetryBudget):
        msg = f"`budget` must be a RetryBudget, got {budget!r}; for a share of the calls write RetryBudget(ratio=0.2)"
        raise TypeError(msg)
    return budget


def _since(oldest: float, counts: dict[float, int]) -> defaultdict[float, int]:
    return defaultdict(int, {slot: count for slot, count in counts.items() if slot >= oldest})
