"""Money that several processes spend together."""

from __future__ import annotations

import asyncio
import threading
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit import _threads, events
from fallbackkit._ledger import Book
from fallbackkit._shared import StoreDown
from fallbackkit.events import StoreLost, StoreRestored
from fallbackkit.testing import FakeClock, Script

EPOCH = 1_800_000_000.0


class Together:
    """A Book that processes share over a network, as one does: ``down`` as long as it is told so."""

    def __init__(self):
        self.name = "together"
        self.news = deque()
        self.book = Book(100)
        self.ledgers = set()
        self.threads = set()
        self.charged = threading.Semaphore(0)
        self._down = False

    @property
    def down(self):
        return self._down

    @down.setter
    def down(self, down):
        if down != self._down:
            self.news.append(StoreLost if down else StoreRestored)
        self._down = down

    def _up(self):
        self.threads.add(threading.current_thread())
        if self._down:
            raise StoreDown
        return self.book

    def set_aside(self, ledger, **how):
        self.ledgers.add((ledger, how["seconds"]))
        return self._up().set_aside(ledger, **how)

    def charge(self, ledger, **how):
        self._up().charge(ledger, **how)
        self.charged.release()

    def balance(self, ledger):
        return self._up().balance(ledger)


@pytest.fixture
def store():
    """Empty, and up."""
    return Together()


def priced(cost):
    """An answer that says what it cost."""
    return fk.Answer(text="fine", usage=fk.Usage(cost=cost))


def processes(store, clock, *amounts, **how):
    """One limit of one name for each process."""
    observers = how.pop("observers", ())
    limits = [fk.SpendLimit(amount, store=store, clock=clock, **{"name": "bill", **how}) for amount in amounts]
    return limits, [fk.Pipeline(limit, clock=clock, observers=observers) for limit in limits]


def kinds(outcomes):
    """What became of each."""
    return [outcome.failure and outcome.failure.kind.value for outcome in outcomes]


def test_processes_spend_one_amount(run, clock, store):
    """What one has spent, the others cannot, and each of them sees it."""
    limits, pipelines = processes(store, clock, 1.0, 1.0)
    outcomes = [run.outcome(pipelines[n % 2], Script(priced(0.25), clock=clock)) for n in range(6)]
    assert [None] * 4 + ["quota.billing"] * 2 == kinds(outcomes)
    assert [1.0, 1.0] == [limit.spent() for limit in limits]
    assert [0.0, 0.0] == [limit.snapshot().held for limit in limits]
    assert outcomes[-1].failure.retry_after == limits[0].snapshot().ends_in
    assert ("rejected", ()) == (outcomes[-1].trail[0].verdict, outcomes[-1].trail[0].attempts)


def test_a_refusal_of_the_store_leaves_nothing_set_aside_here(run, clock, store):
    """When the period's money was spent elsewhere."""
    (one, two), (first, second) = processes(store, clock, 1.0, 1.0, estimate=1.0)
    run.outcome(first, Script(priced(1.0), clock=clock))
    assert ["quota.billing"] == kinds([run.outcome(second, Script(priced(1.0), clock=clock))])
    store.down = True
    assert [(1.0, 0.0), (0.0, 0.0)] == [(limit.snapshot().spent, limit.snapshot().held) for limit in (one, two)]


def test_ledgers_are_named_by_limit_period_and_key(run, store):
    """Limits of one name share; other names, keys, lengths and days do not."""
    clock = FakeClock(epoch=EPOCH)
    for how in ({}, {"name": "other"}, {"per": "hour"}, {"per": 3600}, {"key": lambda user: user}):
        (limit,), (pipeline,) = processes(store, clock, 1.0, estimate=1.0, **how)
        for user in ("dana", "lee"):
            run.outcome(pipeline, Script(priced(0.5), clock=clock), user)
        assert 0.5 == limit.spent("lee" if "key" in how else None)
    midnight = EPOCH - EPOCH % 86400
    hour, day = EPOCH - EPOCH % 3600, 86400 - EPOCH % 86400
    assert {
        (f"bill:day:{midnight}:", day),
        (f"other:day:{midnight}:", day),
        (f"bill:hour:{hour}:", 3600 - EPOCH % 3600),
        (f"bill:3600.0:{hour}:", 3600 - EPOCH % 3600),
        (f"bill:day:{midnight}:dana", day),
        (f"bill:day:{midnight}:lee", day),
    } == store.ledgers


def test_while_the_store_is_down_each_process_spends_what_it_knows(run, clock, store):
    """29: bounded by the amount for each; told once when it is lost, and once when it is back."""
    seen = []
    limits, (one, two) = processes(store, clock, 1.0, 1.0, estimate=0.5, observers=[seen.append])
    before = run.outcome(one, Script(priced(0.5), clock=clock))
    store.down = True
    during = [run.outcome(pipeline, Script(priced(0.5), clock=clock)) for pipeline in (one, two, one, two, two)]
    assert [None, None, None, "quota.billing", None, "quota.billing"] == kinds([before, *during])
    assert [1.0, 1.0] == [limit.spent() for limit in limits]
    store.down = False
    after = run.outcome(two, Script(priced(0.5), clock=clock))
    assert ["quota.billing"] == kinds([after])
    assert 0.5 == limits[0].spent()  # of the outage the store knows nothing
    run.outcome(fk.Pipeline(fk.SpendLimit(9.0, name="bill", store=store), observers=[seen.append], clock=clock), str)
    told = [event for event in seen if type(event) in {StoreLost, StoreRestored}]
    assert [(StoreLost, "together"), (StoreRestored, "together")] == [(type(event), event.store) for event in told]


def test_a_store_that_is_lost_during_an_attempt_loses_no_answer(run, clock, store):
    """29: what was set aside there counts until the period ends; the sum here is right. Back in time, it is told."""
    seen = []
    (limit,), (pipeline,) = processes(store, clock, 1.0, estimate=0.25, observers=[seen.append])

    def losing(*, down):
        store.down = down
        return priced(0.125)

    assert "fine" == run.outcome(pipeline, losing, down=True).text
    assert [StoreLost] == [type(event) for event in seen if type(event) is not events.Answered]
    assert (0.125, 0.0) == (limit.snapshot().spent, limit.snapshot().held)
    assert "fine" == run.outcome(pipeline, losing, down=False).text
    assert (0.125, 0.25) == (limit.snapshot().spent, limit.snapshot().held)


def test_an_unknown_cost_is_what_was_set_aside(run, clock, store):
    """Also where the store was down when the attempt began."""
    (limit,), (pipeline,) = processes(store, clock, 1.0, estimate=0.125)
    limit._warned = True
    run.outcome(pipeline, Script(priced(0.25), clock=clock))
    run.outcome(pipeline, Script("fine", clock=clock))
    assert 0.5 == limit.spent()
    store.down = True

    def back():
        store.down = False
        return "fine"

    run.outcome(pipeline, back)
    assert 0.625 == limit.spent()


def test_a_failure_frees_what_was_set_aside(run, clock, store):
    """And costs nothing."""
    (limit,), (pipeline,) = processes(store, clock, 1.0, estimate=1.0)
    run.outcome(pipeline, Script(ConnectionError(), clock=clock))
    assert (0.0, 0.0) == (limit.snapshot().spent, limit.snapshot().held)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, GeneratorExit, asyncio.CancelledError])
def test_an_interruption_frees_what_was_set_aside(run, clock, store, interruption):
    """10: told to the store by somebody who can wait for it."""
    (limit,), (pipeline,) = processes(store, clock, 1.0, estimate=1.0)
    script = Script(interruption(), clock=clock)
    serve = pipeline.outcome if run.way == "sync" else lambda fn: asyncio.run(pipeline.aoutcome(run.fn(fn)))
    with pytest.raises(interruption):
        serve(script)
    assert store.charged.acquire(timeout=30)
    assert (0.0, 0.0) == (limit.snapshot().spent, limit.snapshot().held)


def test_an_interruption_passes_even_if_nobody_can_tell_the_store(clock, store, monkeypatch):
    """10: with as many hung calls as there may be, the same interruption comes out."""
    monkeypatch.setattr(_threads, "MAX_ABANDONED", 0)
    _, (pipeline,) = processes(store, clock, 1.0)
    with pytest.raises(KeyboardInterrupt):
        pipeline.outcome(Script(KeyboardInterrupt(), clock=clock))


def test_asking_the_store_does_not_hold_up_the_loop(clock, store):
    """The network is waited for on a thread, as for every store."""
    _, (pipeline,) = processes(store, clock, 1.0)
    script = Script(priced(0.5), clock=clock)
    assert "fine" == asyncio.run(pipeline.aoutcome(script.asynchronous)).text
    assert threading.current_thread() not in store.threads


def test_without_money_here_the_store_is_not_asked(run, clock, store):
    """What this process has spent alone is enough to know."""
    _, (pipeline,) = processes(store, clock, 1.0, estimate=1.0)
    run.outcome(pipeline, Script(priced(1.0), clock=clock))
    store.ledgers.clear()
    assert ["quota.billing"] == kinds([run.outcome(pipeline, Script(priced(1.0), clock=clock))])
    assert set() == store.ledgers


@settings(max_examples=60)
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 5), st.sampled_from([None, None, "down", "up"])), max_size=40
    )
)
def test_processes_together_keep_the_bound(steps):
    """29: with the store, one amount for all; each process alone never more than one amount for itself."""
    clock, store = FakeClock(), Together()
    limits, pipelines = processes(store, clock, 0.2, 0.2, 0.2, estimate=0.05)
    own, together = [0] * 3, 0
    for n, cents, turn in steps:
        store.down = turn == "down" or (store.down and turn != "up")
        outcome = pipelines[n].outcome(lambda cents=cents: priced(cents / 100))
        if outcome.failure is None:
            own[n] += cents
            together += 0 if store.down else cents
    assert max(own) <= 20
    assert together <= 20
    store.down = False
    assert together / 100 == limits[0].spent()
