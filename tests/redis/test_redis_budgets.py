"""Retry budgets and spend limits that processes share through a real Redis."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit.testing import FakeClock, Script
from tests.core.retry_stores import RetryStoreSuite
from tests.core.spend_stores import SpendStoreSuite
from tests.core.test_retry_budget_store import Together
from tests.redis.timed import TimedStore

DAY = 86400.0
one_server = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


class TestRetryBudgets(RetryStoreSuite):
    """What every RetryStore does, by the clock of the test."""

    @pytest.fixture
    def store(self, timed):
        """Empty."""
        return timed()

    @pytest.fixture
    def pass_time(self, clock):
        """The server's time is the test's."""
        return clock.advance


class TestSpendLimits(SpendStoreSuite):
    """What every SpendStore does."""

    @pytest.fixture
    def store(self, connect):
        """Empty."""
        return connect()


@one_server
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["a", "b"]),
            st.sampled_from([0.0, 0.25, 1.0, 3.75, 11.0]),  # of the server's clock
            st.sampled_from([0.0, 0.5, 6.0]),
            st.lists(st.tuples(st.sampled_from([0.0, 0.5, 4.0, 9.5]), st.integers(1, 9)), max_size=3),
        ),
        max_size=30,
    ),
    ratio=st.sampled_from([0.0, 0.2, 1.0]),
    floor=st.integers(0, 3),
)
def test_redis_grants_what_the_simplest_store_grants(server, steps, ratio, floor):
    """13: step by step the same as lists behind one lock."""
    server.client.flushall()
    clock = FakeClock(start=1e9)
    store, model = TimedStore(server.url, clock), Together(clock)
    for budget, passed, wait, requests in steps:
        clock.advance(passed)
        ask = {"ratio": ratio, "floor": floor, "window": 10.0, "wait": wait, "requests": requests}
        assert model.withdraw(budget, **ask) == store.withdraw(budget, **ask)
    store.close()


def test_retries_go_by_the_clock_of_the_server(connect):
    """The processes' own clocks may say what they like."""
    one, two = (
        fk.RetryBudget(floor=2, window=1e6, store=connect(), name="model", clock=FakeClock(start=start))
        for start in (0.0, 1e9)
    )
    assert [True, True, False, False] == [one.withdraw(), two.withdraw(), two.withdraw(), one.withdraw()]


def test_retries_of_the_future_do_not_count_for_ever(timed, clock):
    """24: after the server's clock was set back."""
    store = timed()
    ask = {"ratio": 0.0, "floor": 1, "window": 10.0, "wait": 0.0, "requests": []}
    clock.advance(1e6)
    assert [True, False] == [store.withdraw("a", **ask), store.withdraw("a", **ask)]
    clock.advance(-1e5)
    assert [True, False] == [store.withdraw("a", **ask), store.withdraw("a", **ask)]


def test_processes_spend_one_amount(run, clock, connect):
    """What one has spent, the others cannot, and each of them sees it; a restart of the process changes nothing."""
    bill = fk.Answer(text="fine", usage=fk.Usage(cost=0.25))

    def limit():
        return fk.SpendLimit(1.0, name="bill", key=lambda user: user, estimate=0.25, store=connect(), clock=clock)

    first, second = limit(), limit()
    pipelines = [fk.Pipeline(limit, clock=clock) for limit in (first, second)]
    for pipeline in (*pipelines, *pipelines):
        assert "fine" == run.outcome(pipeline, Script(bill, clock=clock), "dana").text
    assert "quota.billing" == run.outcome(pipelines[0], Script(bill, clock=clock), "dana").failure.kind
    assert "fine" == run.outcome(pipelines[1], Script(bill, clock=clock), "lee").text
    again = limit()
    assert [1.0, 0.25] == [again.spent("dana"), again.spent("lee")]


def test_no_key_says_whose_money_it_is(server, connect):
    """Whoever looks into Redis sees no user."""
    connect().set_aside("bill:day:0:dana@example.org", limit=9, estimate=1, seconds=DAY)
    assert 1 == len(server.lifetimes())
    assert not [key for key in server.lifetimes() if "dana" in key]


def test_every_key_expires(server, connect):
    """A budget three windows after its last use, a ledger an hour after its period, by the server's clock."""
    store = connect(prefix="mine")
    store.withdraw("a", ratio=0.0, floor=1, window=10.0, wait=10.0, requests=[(9.0, 1)])
    store.set_aside("b", limit=9, estimate=1, seconds=DAY)
    store.charge("b", held=1, cost=1)
    lefts = {key.split(":")[1]: left / 1000 for key, left in server.lifetimes().items() if key.startswith("mine:")}
    assert {"budget": pytest.approx(30, abs=5), "spend": pytest.approx(DAY + 3600, abs=5)} == lefts


@pytest.mark.parametrize("seconds", [1e-9, 1e300])
def test_the_shortest_and_the_longest_window_work(connect, seconds):
    """Whatever may be asked for fits into what Redis can count."""
    ask = {"ratio": 0.0, "floor": 1, "window": seconds, "wait": 0.0, "requests": [(seconds / 2, 1)]}
    assert connect().withdraw("a", **ask)
    assert 1 == connect().set_aside("a", limit=9, estimate=1, seconds=seconds)
