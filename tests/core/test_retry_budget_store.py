"""Retries that several processes count together."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque

import pytest
import tenacity
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit._shared import StoreDown
from fallbackkit.events import StoreLost, StoreRestored
from fallbackkit.testing import FakeClock, Fault, Script
from tests.core.retry_stores import RetryStoreSuite, began

DOWN = Fault(kind="provider.5xx")


class Together:
    """The simplest RetryStore: one lock, one clock, lists of times. ``down`` as long as it is told so."""

    def __init__(self, clock):
        self.clock = clock
        self.name = "together"
        self.news = deque()
        self.asked = []
        self.waits = []
        self.takes = 0.0
        self._down = False
        self._lock = threading.Lock()
        self._requests = {}
        self._retries = {}

    @property
    def down(self):
        return self._down

    @down.setter
    def down(self, down):
        if down != self._down:
            self.news.append(StoreLost if down else StoreRestored)
        self._down = down

    def withdraw(self, budget, *, ratio, floor, window, wait, requests):
        self.asked.append(requests)
        self.waits.append(wait)
        self.clock.advance(self.takes)
        if self._down:
            raise StoreDown
        with self._lock:
            now, length = self.clock.now(), window / 10
            known = self._requests.setdefault(budget, Counter())
            retries = self._retries.setdefault(budget, Counter())
            for age, count in requests:
                known[(now - age) // length] += count
            recent = sum(count for slot, count in known.items() if slot > now // length - 10)
            taken = sum(count for slot, count in retries.items() if slot > now // length - 11)
            granted = taken + 1 <= max(floor, ratio * recent)
            retries[(now + wait) // length] += granted
            return granted


@pytest.fixture
def store(clock):
    """Empty, on the clock of the test."""
    return Together(clock)


class TestTogether(RetryStoreSuite):
    """The reference passes what it is the reference for."""

    @pytest.fixture
    def pass_time(self, clock):
        """Its clock is virtual."""
        return clock.advance


def retrying(budget, clock, *, wait=0.0, **how):
    """A pipeline that would ask nine times."""
    retry = fk.Retry(attempts=9, wait=tenacity.wait_fixed(wait), budget=budget)
    return fk.Pipeline(retry, clock=clock, **how)


def test_a_success_asks_nobody(run, clock, store):
    """The store is asked once a retry, and told then of the requests so far."""
    budget = fk.RetryBudget(floor=1, store=store)
    pipeline = retrying(budget, clock)
    for _ in range(4):
        run.outcome(pipeline, Script("fine", clock=clock))
    assert [] == store.asked
    outcome = run.outcome(pipeline, Script(DOWN, clock=clock))
    assert ("budget", 2) == (outcome.failure.stopped_by, len(outcome.trail[0].attempts))
    assert [5, 0] == [sum(count for _, count in requests) for requests in store.asked]


def test_while_the_store_is_down_each_process_counts_for_itself(run, clock, store):
    """29: the bound still holds, by what was seen here; told once when it is lost, and once when it is back."""
    seen = []
    budget = fk.RetryBudget(floor=2, store=store, window=10)
    pipeline = retrying(budget, clock, observers=[seen.append])
    outcomes = [run.outcome(pipeline, Script(DOWN, "fine", clock=clock))]
    store.down = True
    outcomes += [run.outcome(pipeline, Script(DOWN, "fine", clock=clock)) for _ in range(3)]
    assert ["fine", "fine", "", ""] == [outcome.text or "" for outcome in outcomes]
    store.down = False
    outcome = run.outcome(pipeline, Script(DOWN, "fine", clock=clock))
    assert "fine" == outcome.text  # the other process saw one retry only
    told = [event for event in seen if type(event) in {StoreLost, StoreRestored}]
    assert [(StoreLost, "together"), (StoreRestored, "together")] == [(type(event), event.store) for event in told]


def test_news_wait_for_somebody_to_tell(clock, store):
    """29: a call without observers does not use them up, and two calls at once tell them once."""
    budget = fk.RetryBudget(store=store)
    seen = []
    store.down = True
    retrying(budget, clock).outcome(Script(DOWN, "fine", clock=clock))
    assert [StoreLost] == list(store.news)

    class Raced(deque):
        def popleft(self):
            self.clear()  # another call was faster
            raise IndexError

    store.news = Raced(store.news)
    assert "fine" == retrying(budget, clock, observers=[seen.append]).outcome(Script(DOWN, "fine", clock=clock)).text
    assert StoreLost not in map(type, seen)


def test_what_could_not_be_told_is_told_later(clock, store):
    """29: with the store back, the requests of the outage count, as old as they are, and once."""
    budget = fk.RetryBudget(floor=0, ratio=0.5, store=store, window=10, clock=clock)
    began(budget, clock, 2)
    store.down = True
    assert [True, False, False] == [budget.withdraw() for _ in range(3)]
    clock.advance(3.0)
    began(budget, clock, 2)
    store.down = False
    assert [True, True, False] == [budget.withdraw(), budget.withdraw(), budget.withdraw()]
    assert [(2, 3.0), (2, 0.0)] == [(count, age) for age, count in store.asked[3]]
    assert [[], []] == store.asked[4:]


def test_requests_are_told_as_old_as_they_may_be(clock, store):
    """Their slice began a little earlier than they did; a window later they are not told at all."""
    budget = fk.RetryBudget(store=store, window=10, clock=clock)
    clock.advance(0.75)
    began(budget, clock, 3)
    clock.advance(4.5)
    began(budget, clock, 1)
    assert budget.withdraw()
    clock.advance(1.0)
    began(budget, clock, 1)
    clock.advance(20.0)
    assert budget.withdraw()
    assert [[(5.25, 3), (0.25, 1)], []] == store.asked


def test_the_store_learns_when_the_retry_starts(run, clock, store):
    """13: a window ahead at most."""
    pipeline = retrying(fk.RetryBudget(store=store, window=10), clock, wait=4.0)
    run.outcome(pipeline, Script(DOWN, "fine", clock=clock))
    pipeline = retrying(fk.RetryBudget(store=store, window=10), clock, wait=25.0)
    run.outcome(pipeline, Script(DOWN, "fine", clock=clock))
    assert [4.0, 10.0] == store.waits


def test_a_store_that_takes_its_time_does_not_push_a_wait_past_the_deadline(run, clock, store):
    """2: the deadline is looked at once more before the wait."""
    store.takes = 3.0
    retry = fk.Retry(wait=tenacity.wait_fixed(6), budget=fk.RetryBudget(store=store))
    outcome = run.outcome(fk.Pipeline(fk.Deadline(8), retry, clock=clock), Script(DOWN, clock=clock))
    assert ("deadline", 3.0) == (outcome.failure.stopped_by, outcome.duration)


def test_asking_the_store_does_not_hold_up_the_loop():
    """The network is waited for on a thread, as for every store."""
    here = []

    class Slow(Together):
        def withdraw(self, *args, **kwargs):
            here.append(threading.current_thread() is threading.main_thread())
            return super().withdraw(*args, **kwargs)

    clock = FakeClock()
    script = Script(DOWN, "fine", clock=clock)
    pipeline = retrying(fk.RetryBudget(store=Slow(clock)), clock)
    assert "fine" == asyncio.run(pipeline.aoutcome(script.asynchronous)).text
    assert [False] == here


@settings(max_examples=60)
@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 2), st.sampled_from(["begin", "begin", "retry", "pass", "down", "up"]), st.integers(1, 5)
        ),
        max_size=60,
    )
)
def test_processes_together_keep_the_bound(steps):
    """13, 29: three processes, a store that comes and goes: never more than one share for all, plus one each alone."""
    clock = FakeClock()
    store = Together(clock)
    budgets = [fk.RetryBudget(ratio=0.25, floor=1, window=1e6, store=store, clock=clock) for _ in range(3)]
    requests, granted, alone = [0] * 3, [0] * 3, 0
    for n, step, times in steps:
        for _ in range(times):
            if step == "begin":
                began(budgets[n], clock, 1)
                requests[n] += 1
            elif step == "retry":
                got = budgets[n].withdraw()
                granted[n] += got
                alone += got and store.down
                assert not (got and store.down) or granted[n] <= max(1, 0.25 * requests[n])
            elif step == "pass":
                clock.advance(1.0)
            else:
                store.down = step == "down"
        assert sum(granted) - alone <= max(1, 0.25 * sum(requests))
