from __future__ import annotations

import asyncio
import types
from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

import fallbackkit as fk
from fallbackkit._call import Reply
from fallbackkit._runtime import SYNC, Target
from fallbackkit.testing import FakeClock

KEYS = ["dana", "lee"]
INTERRUPTIONS = [asyncio.CancelledError, KeyboardInterrupt, GeneratorExit, RuntimeError]


@types.coroutine
def think():
    """Suspend the attempt until it is told how it ends."""
    return (yield)


class Attempt:
    """A call that is under way inside the limit, and what the model knows of it."""

    def __init__(self, limit, clock, key):
        call = fk.Pipeline(clock=clock).start(Target(str), SYNC, (key,), {})
        self.key = key
        self.reply = None
        self.coroutine = limit.run(lambda _: think(), call)
        self.end(None)

    def end(self, reply):
        """Let it go on; whether it is over."""
        try:
            self.coroutine.send(reply)
        except StopIteration as end:
            self.reply = end.value
        return self.reply is not None


class Entry:
    """One line of the model's book, in cents."""

    def __init__(self, period, key, held):
        self.period = period
        self.key = key
        self.aside = self.held = held
        self.spent = 0


class Spending(RuleBasedStateMachine):
    """Attempts that overlap, under a limit with keys, over periods that end; the model keeps a list of all of them."""

    attempts = Bundle("attempts")

    @initialize(
        amount=st.integers(1, 60),
        estimate=st.integers(1, 20),
        per=st.sampled_from(["hour", "day", "month", 1800]),
        start=st.integers(0, 10**9),
    )
    def build(self, amount, estimate, per, start):
        self.clock = FakeClock(epoch=start)
        self.amount, self.estimate, self.per = amount, min(estimate, amount), per
        self.limit = fk.SpendLimit(
            amount / 100, estimate=self.estimate / 100, per=per, key=lambda user: user, clock=self.clock
        )
        self.limit._warned = True
        self.book = []

    def period(self):
        now = datetime.fromtimestamp(self.clock.time(), UTC)
        parts = {"hour": now.timetuple()[:4], "day": now.timetuple()[:3], "month": now.timetuple()[:2]}
        return parts.get(self.per, self.clock.time() // 1800)

    def entries(self, key):
        return [entry for entry in self.book if (entry.period, entry.key) == (self.period(), key)]

    @rule(target=attempts, key=st.sampled_from(KEYS))
    def begin(self, key):
        """It is let in if what it may cost is left, and refused at once if not."""
        entries = self.entries(key)
        taken = sum(entry.held + entry.spent for entry in entries)
        held = min(self.amount, max([self.estimate, *(entry.spent for entry in entries)]))
        attempt = Attempt(self.limit, self.clock, key)
        assert (taken + held <= self.amount) == (attempt.reply is None)
        if attempt.reply is not None:
            failure = attempt.reply.failure
            assert ("quota.billing", fk.SpendExceeded) == (failure.kind, type(failure.error))
            assert 0 < failure.retry_after == self.limit.snapshot(key).ends_in
            return multiple()
        entry = Entry(self.period(), key, held)
        self.book.append(entry)
        return attempt, entry

    @rule(attempt=consumes(attempts), cents=st.integers(0, 40))
    def it_answers(self, attempt, cents):
        self.ends(attempt, Reply(fk.Answer(text="x", usage=fk.Usage(cost=cents / 100))), cents)

    @rule(attempt=consumes(attempts), usage=st.sampled_from([None, fk.Usage(), fk.Usage(cost=0.07, currency="EUR")]))
    def it_answers_without_saying_the_cost(self, attempt, usage):
        self.ends(attempt, Reply(fk.Answer(text="x", usage=usage)), attempt[1].held)

    @rule(attempt=consumes(attempts), kind=st.sampled_from(fk.FailureKind))
    def it_fails(self, attempt, kind):
        self.ends(attempt, Reply(failure=fk.Failure(kind=kind)), 0)

    @rule(attempt=consumes(attempts), interruption=st.sampled_from(INTERRUPTIONS))
    def it_is_interrupted(self, attempt, interruption):
        """10: it costs nothing, and passes through."""
        with pytest.raises(interruption):
            attempt[0].coroutine.throw(interruption())
        attempt[1].held = 0

    @rule(attempt=consumes(attempts))
    def it_is_abandoned(self, attempt):
        attempt[0].coroutine.close()
        attempt[1].held = 0

    def ends(self, attempt, reply, cents):
        assert attempt[0].end(reply)
        assert reply is attempt[0].reply
        attempt[1].held, attempt[1].spent = 0, cents

    @rule(seconds=st.sampled_from([1.0, 600.0, 3600.0, 7200.0, 86400.0, 40 * 86400.0]))
    def time_passes(self, seconds):
        self.clock.advance(seconds)

    @invariant()
    def the_books_agree(self):
        """What is set aside is never negative; left is what nobody has spent or may still spend."""
        for key in KEYS if hasattr(self, "book") else ():
            entries = self.entries(key)
            spent, held = (sum(getattr(entry, name) for entry in entries) for name in ("spent", "held"))
            snapshot = self.limit.snapshot(key)
            left = max(0, self.amount - spent - held)
            assert (spent / 100, held / 100, left / 100) == (snapshot.spent, snapshot.held, snapshot.left)

    @invariant()
    def nobody_overspends_but_by_surprise(self):
        """Over the amount only by what attempts cost beyond what was set aside for them."""
        groups = {}
        for entry in getattr(self, "book", ()):
            groups.setdefault((entry.period, entry.key), []).append(entry)
        for entries in groups.values():
            surprises = sum(max(0, entry.spent - entry.aside) for entry in entries)
            assert sum(entry.spent + entry.held for entry in entries) <= self.amount + surprises


TestSpending = Spending.TestCase
TestSpending.settings = settings(max_examples=150, stateful_step_count=40)
