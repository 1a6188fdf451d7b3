from __future__ import annotations

import math
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Self, get_args

from fallbackkit import _checks, _log, _threads
from fallbackkit._call import Reply
from fallbackkit._clock import SYSTEM_CLOCK
from fallbackkit._ledger import BILLION, Book, Per, Period, period_at
from fallbackkit._runtime import Strategy
from fallbackkit._shared import StoreDown, able, tell
from fallbackkit.errors import BulkheadFull, Failure, FailureKind, InvalidAnswer, LowConfidence, SpendExceeded

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from fallbackkit._call import Call
    from fallbackkit._clock import Clock
    from fallbackkit._ledger import SpendStore
    from fallbackkit._outcome import Answer
    from fallbackkit._runtime import Layer

__all__ = ["SpendLimit", "SpendSnapshot"]

_SHARE = 1000
_MAX_KEYS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendSnapshot:
    """What one key may spend, at one moment.

    Attributes:
        spent: In this period.
        held: Set aside for attempts under way.
        left: What may still be set aside; never negative.
        ends_in: Seconds until the next period.
    """

    spent: float
    held: float
    left: float
    ends_in: float


class SpendLimit(Strategy):
    """Refuses attempts when the money for a period is spent, so that something cheaper answers.

    An attempt is charged what its answer says in ``usage.cost``; one that failed without saying is
    charged nothing. While it is under way, the price of the dearest attempt of the period is set aside
    for it, or ``estimate`` if that is more. So no more than ``amount`` is spent, but for what
    attempts under way cost beyond what was set aside for each; with the default ``estimate`` these are
    at most a thousand. An attempt belongs to the period in which it began. Sums are kept in whole
    billionths and stay exact. Safe to share between threads, tasks and pipelines.

    Args:
        amount: The most that may be spent in a period, above 0.
        per: ``hour``, ``day`` or ``month`` of the calendar in UTC, by the clock's ``time()``; or
            seconds, counted from 1970.
        key: Makes a key from the call's arguments, for example the user: each key has its own
            ``amount``. It is in no event and no message.
        cost: Called with the Answer, returns its cost or None; by default ``answer.usage.cost``. If it
            raises, that is logged, and the cost is unknown.
        currency: Of all sums. A cost in another one is unknown.
        estimate: What is set aside at least, above 0 and at most ``amount``; by default a thousandth
            of it. If no attempt costs more, ``amount`` is never passed.
        store: Where processes spend together, for example a ``fallbackkit.redis.RedisStore``; it is asked
            before and told after each attempt. While it is down, each process knows its own share only.
        name: For messages, and in the store: limits of one name are one.
        max_keys: Bound; the key that was not used for longest is forgotten, and starts anew.
        clock: By default that of the first pipeline that uses it.

    Raises:
        TypeError: ``key`` or ``cost`` is not a function, or ``store`` is no store.
        ValueError: A number is out of range, or ``per`` is no period.

    Warns:
        UserWarning: Once, when the cost of an answer is unknown. It is not 0: what was set aside is charged.

    Example:
        >>> SpendLimit(10, per="month", key=lambda question, user: user).describe()
        'SpendLimit(10 USD per month for each key)'
    """

    def __init__(
        self,
        amount: float,
        *,
        per: Per | float = "day",
        key: Callable[..., Hashable] | None = None,
        cost: Callable[[Answer], float | None] | None = None,
        currency: str = "USD",
        estimate: float | None = None,
        store: SpendStore | None = None,
        name: str = "spend",
        max_keys: int = _MAX_KEYS,
        clock: Clock | None = None,
    ) -> None:
        self._limit = _money("amount", amount)
        self._least = max(1, self._limit // _SHARE) if estimate is None else _money("estimate", estimate)
        if self._least > self._limit:
            raise ValueError(f"`estimate` is {estimate:g}, more than the whole `amount` of {amount:g}; lower it")
        self.amount = amount
        self.per = _per(per)
        self.currency = currency
        self.store = able(store, "set_aside")
        self.name = name
        self._key = _checks.function("key", key)
        self._price = _checks.function("cost", cost)
        self._clock = clock
        self._period = Period(0.0, 0.0)
        self._book = Book(_checks.count("max_keys", max_keys))
        self._warned = False
        self._notes = [
            " for each key" * (key is not None),
            "" if estimate is None else f", {estimate:g} set aside",
            f", {max_keys} keys" * (max_keys != _MAX_KEYS),
        ]

    async def run(self, inner: Layer, call: Call) -> Reply:
        if self._clock is None:
            self._clock = call.clock
        key = None if self._key is None else self._key(*call.args, **call.kwargs)
        now = self._clock.time()
        period = self._period
        if not period.start <= now < period.end:
            self._period = period = period_at(self.per, now)
        ledger = (period.start, key)
        left = period.end - now
        held = self._book.set_aside(ledger, limit=self._limit, estimate=self._least, seconds=left)
        if held is None:
            return self._refused(left)
        cost = 0
        try:
            if self.store is None:
                reply = await inner(call)
                cost = self._cost(reply, call, held)
            else:
                shared = self._shared_name(period, key)
                reply, cost = await self._together(self.store, inner, call, shared, left)
        finally:
            self._book.charge(ledger, held=held, cost=cost)
        return reply

    def spent(self, key: Hashable = None) -> float:
        """Money spent in this period, by ``key`` if the limit has keys. See ``snapshot``."""
        return self.snapshot(key).spent

    def snapshot(self, key: Hashable = None) -> SpendSnapshot:
        """What an operator wants to see of one key, at one moment. Waits for the network if there is a store."""
        now = (self._clock or SYSTEM_CLOCK).time()
        period = period_at(self.per, now)
        spent, held = self._book.balance((period.start, key))
        if self.store is not None:
            with suppress(StoreDown):
                spent, held = self.store.balance(self._shared_name(period, key))
        return SpendSnapshot(
            spent=spent / BILLION,
            held=held / BILLION,
            left=max(0, self._limit - spent - held) / BILLION,
            ends_in=period.end - now,
        )

    def anew(self, **instead: Any) -> Self:
        """Make it once more, with nothing spent, for this process alone and any clock."""
        return super().anew(**{"store": None, "clock": None, **instead})

    def describe(self) -> str:
        return f"SpendLimit({self._allowance()}{''.join(self._notes)})"

    async def _together(
        self, store: SpendStore, inner: Layer, call: Call, ledger: str, left: float
    ) -> tuple[Reply, int]:
        """Ask within the ledger of all processes; the reply, and what it cost."""
        set_aside = partial(store.set_aside, ledger, limit=self._limit, estimate=self._least, seconds=left)
        try:
            held = await call.runtime.store(set_aside)
        except StoreDown:
            held = 0
        tell(store, call)
        if held is None:
            return self._refused(left), 0
        try:
            reply = await inner(call)
        except BaseException:
            # Whoever was cancelled cannot wait any more. If this is lost, it counts until the period ends.
            with suppress(BulkheadFull):
                _threads.start(partial(store.charge, ledger, held=held, cost=0))
            raise
        cost = self._cost(reply, call, held or self._least)
        with suppress(StoreDown):
            await call.runtime.store(partial(store.charge, ledger, held=held, cost=cost))
        tell(store, call)
        return reply, cost

    def _cost(self, reply: Reply, call: Call, held: int) -> int:
        """In billionths; if it is unknown, what was set aside for an answer, and nothing for a failure."""
        answer = _answer(reply, call)
        cost = None if answer is None else self._priced(answer)
        if cost is not None and 0 <= cost * BILLION < math.inf:
            return round(cost * BILLION)
        if reply.failure is not None:
            return 0
        self._warn(call)
        return held

    def _priced(self, answer: Answer) -> float | None:
        if self._price is None:
            usage = answer.usage
            return usage.cost if usage is not None and usage.currency == self.currency else None
        try:
            return self._price(answer)
        except Exception as error:  # noqa: BLE001 - a price list is foreign code, and the answer is paid for
            _log.error("`cost` of `%s` raised", self.name, error=error)
            return None

    def _warn(self, call: Call) -> None:
        if self._warned:
            return
        self._warned = True
        warnings.warn(
            f"`{call.step}` answered without a known cost in {self.currency}, and unknown is not 0: what was set aside "
            "for it is charged. Return Answer(text, usage=Usage(cost=…)), or give SpendLimit cost=, a function of the "
            "answer",
            UserWarning,
            stacklevel=2,
        )

    def _refused(self, left: float) -> Reply:
        left = max(0.0, left)
        msg = f"`{self.name}` is spent: {self._allowance()}, less what calls under way need; again in {left:.3g} s"
        error = SpendExceeded(msg, left)
        return Reply(failure=Failure(kind=FailureKind.QUOTA_BILLING, retry_after=left, error=error))

    def _allowance(self) -> str:
        per = self.per if isinstance(self.per, str) else f"{self.per:g} s"
        return f"{self.amount:g} {self.currency} per {per}"

    def _shared_name(self, period: Period, key: Hashable) -> str:
        return f"{self.name}:{self.per}:{period.start!r}:{'' if key is None else key}"


def _answer(reply: Reply, call: Call) -> Answer | None:
    """The answer, also one that came but was of no use, or the part of one that was shown."""
    if reply.failure is None:
        return reply.answer
    error = reply.failure.error
    return error.answer if isinstance(error, InvalidAnswer | LowConfidence) else call.partial


def _money(name: str, value: float) -> int:
    number = math.nan if isinstance(value, bool) or not isinstance(value, int | float) else value
    if not 1 <= number * BILLION < math.inf:
        raise ValueError(f"`{name}` must be a finite sum of money, a billionth or more, got {value!r}")
    return round(number * BILLION)


def _per(value: Per | float) -> Per | float:
    if not isinstance(value, str):
        return _checks.seconds("per", value)
    if value not in get_args(Per):
        raise ValueError(f"`per` must be 'hour', 'day', 'month' or seconds, got {value!r}; a week is 604800")
    return value
