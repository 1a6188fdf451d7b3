"""Money per period: what is charged, what is refused, and who answers then."""

from __future__ import annotations

import asyncio
import calendar
import math
import threading
import time
import warnings
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit import events
from fallbackkit._ledger import Book, period_at
from fallbackkit.testing import FakeClock, Fault, Script, Stream
from tests.core.spend_stores import SpendStoreSuite

few = settings(max_examples=40)
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC).timestamp()


def priced(cost, text="fine", currency="USD"):
    """An answer that says what it cost."""
    return fk.Answer(text=text, usage=fk.Usage(input_tokens=1, output_tokens=1, cost=cost, currency=currency))


def limited(limit, clock, *outside, inside=(), **how):
    """A pipeline with a limit."""
    return fk.Pipeline(*outside, limit, *inside, clock=clock, **how)


class TestBook(SpendStoreSuite):
    """The ledgers in memory."""

    @pytest.fixture
    def store(self):
        """Big enough."""
        return Book(100)


def test_the_next_rung_answers_when_the_money_is_spent(run, clock):
    """The dear model, until the day's dollar is gone; then the search, and the Outcome says why."""
    seen = []
    rung = fk.Rung(run.fn(lambda _: "found"), "search", name="search")
    limit = fk.SpendLimit(1.0)
    pipeline = limited(limit, clock, fk.Fallback(rung), fk.Retry(), observers=[seen.append])
    script = Script(priced(0.25), clock=clock)
    outcomes = [run.outcome(pipeline, script, "q") for _ in range(6)]
    assert ["fine"] * 4 + ["found"] * 2 == [outcome.text for outcome in outcomes]
    assert (4, 1.0) == (len(script.calls), limit.spent())
    last = outcomes[-1]
    assert ("degraded", ("quota.billing",)) == (last.status, last.reasons)
    refused = last.trail[0]
    assert ("rejected", (), "not_retryable") == (refused.verdict, refused.attempts, refused.failure.stopped_by)
    assert isinstance(refused.failure.error, fk.SpendExceeded)
    assert [] == [event for event in seen if type(event) in {events.AttemptFailed, events.RetryScheduled}]
    assert (events.FellBack, "quota.billing") == (type(seen[-2]), seen[-2].failure.kind)


def test_a_refusal_says_when_to_come_back(run):
    """Seconds until midnight UTC, in the failure and in the error; there, money is there again."""
    clock = FakeClock(epoch=datetime(2026, 12, 31, 22, 30, tzinfo=UTC).timestamp())
    limit = fk.SpendLimit(0.5)
    pipeline = limited(limit, clock)
    script = Script(priced(0.5), clock=clock)
    assert "fine" == run.outcome(pipeline, script).text
    failure = run.outcome(pipeline, script).failure
    assert ("quota.billing", 5400.0, 5400.0) == (failure.kind, failure.retry_after, failure.error.retry_after)
    assert "0.5 USD per day" in str(failure.error)
    clock.advance(5399.75)
    assert 0.25 == run.outcome(pipeline, script).failure.retry_after
    clock.advance(0.25)
    assert ("fine", 0.5) == (run.outcome(pipeline, script).text, limit.spent())


moments = st.datetimes(datetime(1970, 1, 1), datetime(2400, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone follows


@given(moment=moments, per=st.sampled_from(["hour", "day", "month"]))
def test_periods_are_those_of_the_calendar(moment, per):
    """In UTC, leap years and all; each moment is in one period, and the periods leave no gap."""
    start = {
        "hour": moment.replace(minute=0, second=0, microsecond=0),
        "day": moment.replace(hour=0, minute=0, second=0, microsecond=0),
        "month": moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0),
    }[per]
    days = calendar.monthrange(moment.year, moment.month)[1]
    length = {"hour": timedelta(hours=1), "day": timedelta(days=1), "month": timedelta(days=days)}[per]
    period = period_at(per, moment.timestamp())
    assert (start.timestamp(), (start + length).timestamp()) == period
    assert period.end == period_at(per, period.end).start
    assert period == period_at(per, math.nextafter(period.end, 0))


@given(now=st.integers(0, 2**33), seconds=st.integers(1, 10**7))
def test_periods_of_seconds_are_counted_from_1970(now, seconds):
    """So that processes that start at different times mean the same."""
    assert (now // seconds * seconds, now // seconds * seconds + seconds) == period_at(float(seconds), now + 0.5)


@few
@given(
    costs=st.lists(st.integers(0, 60), max_size=40),
    amount=st.integers(1, 100),
    estimate=st.none() | st.integers(1, 40),
)
def test_no_more_is_spent_than_there_is(run, costs, amount, estimate):
    """Over the amount only by what an attempt cost beyond what was set aside for it: the estimate or the dearest."""
    clock = FakeClock()
    estimate = None if estimate is None else min(estimate, amount)
    limit = fk.SpendLimit(amount / 100, estimate=None if estimate is None else estimate / 100)
    pipeline = limited(limit, clock)
    spent = dearest = Fraction(0)
    for cost in costs:
        held = min(Fraction(amount), max(dearest, Fraction(amount, 1000) if estimate is None else Fraction(estimate)))
        fits = spent + held <= amount
        outcome = run.outcome(pipeline, Script(priced(cost / 100), clock=clock))
        assert fits == (outcome.failure is None)
        if fits:
            spent += cost
            dearest = max(dearest, Fraction(cost))
        assert float(spent / 100) == limit.spent()
    if estimate is not None and max(costs, default=0) <= estimate:
        assert limit.spent() <= amount / 100


def test_a_million_small_sums_stay_exact(clock):
    """A price a hair less than 130000 billionths: a thousand of them are thirteen cents, to the last digit."""
    limit = fk.SpendLimit(0.13, estimate=0.00013)
    pipeline = limited(limit, clock)(lambda: priced(0.00013))
    assert [None] * 1000 == [pipeline.outcome().failure for _ in range(1000)]
    assert (0.13, 0.0) == (limit.spent(), limit.snapshot().left)
    assert "quota.billing" == pipeline.outcome().failure.kind


def test_every_attempt_is_charged(run, clock):
    """A malformed answer was paid for as well, and a retry is one attempt more."""
    limit = fk.SpendLimit(1.0)
    pipeline = limited(limit, clock, fk.Retry(max_wait=0), fk.Validate(check=lambda answer: answer.text == "fine"))
    run.outcome(pipeline, Script(priced(0.3, "odd"), priced(0.2, "odd"), priced(0.1), clock=clock))
    assert 0.6 == limit.spent()
    outcome = run.outcome(pipeline, Script(priced(0.3, "odd"), clock=clock))
    assert ("quota.billing", 1) == (outcome.failure.kind, len(outcome.trail[0].attempts))
    assert 0.9 == limit.spent()


def test_a_failure_of_unknown_cost_costs_nothing(run, clock):
    """It sets nothing aside any more, either."""
    limit = fk.SpendLimit(1.0)
    pipeline = limited(limit, clock, fk.Retry(max_wait=0), inside=[fk.Timeout(5)])
    for play in (ConnectionError(), Fault(), Fault(kind="provider.5xx")):
        run.outcome(pipeline, Script(play, clock=clock))
    assert (0.0, 0.0) == (limit.snapshot().spent, limit.snapshot().held)


@pytest.mark.parametrize("error", [fk.InvalidAnswer, fk.LowConfidence])
def test_a_failure_that_says_what_it_cost_is_charged(run, clock, error):
    """An answer came, and was of no use."""
    limit = fk.SpendLimit(1.0)
    run.outcome(limited(limit, clock), Script(error("no", priced(0.4)), clock=clock))
    assert 0.4 == limit.spent()
    run.outcome(limited(limit, clock), Script(error("no"), clock=clock))
    assert 0.4 == limit.spent()


def test_a_stream_is_charged_like_an_answer(run, clock):
    """To its end, or as far as it was shown."""
    limit = fk.SpendLimit(1.0, cost=lambda answer: len(answer.text) / 100)
    pipeline = limited(limit, clock)
    run.stream(pipeline, Script(Stream("Hel", "lo"), clock=clock))
    assert 0.05 == limit.spent()
    outcome = run.stream(pipeline, Script(Stream("Hel", Fault(kind="connection.lost", after=1)), clock=clock))[-1]
    assert ("interrupted", 0.08) == (outcome.status, limit.spent())


UNKNOWN = {
    "no usage": fk.Answer(text="fine"),
    "no cost": priced(None),
    "another currency": priced(0.01, currency="EUR"),
    "a plain string": "fine",
    "nothing to read": {"rows": []},
    "negative": priced(-3.0),
    "beyond all sums": priced(1e300),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_cost_is_not_0(run, clock, name):
    """What was set aside is charged; the first time a warning says what to do."""
    limit = fk.SpendLimit(1.0, estimate=0.25)
    pipeline = limited(limit, clock)
    with pytest.warns(UserWarning, match=r"`script` answered .* cost in USD.*Usage\(cost=…\).*cost=") as warned:
        first = run.outcome(pipeline, Script(UNKNOWN[name], clock=clock))
    assert 1 == len(warned)
    assert (UNKNOWN[name], 0.25) == (first.value, limit.spent())
    rest = [run.outcome(pipeline, Script(UNKNOWN[name], clock=clock)).failure for _ in range(4)]
    assert [None, None, None, "quota.billing"] == [failure and failure.kind for failure in rest]
    assert (1.0, 0.0) == (limit.spent(), limit.snapshot().held)


def test_an_unknown_cost_is_that_of_the_dearest(run, clock):
    """Of those that are known in this period."""
    limit = fk.SpendLimit(10.0)
    pipeline = limited(limit, clock)
    run.outcome(pipeline, Script(priced(3.0), clock=clock))
    with pytest.warns(UserWarning, match="unknown is not 0"):
        run.outcome(pipeline, Script("fine", clock=clock))
    assert 6.0 == limit.spent()


def test_a_price_list_of_ones_own(run, clock):
    """``cost`` sees the Answer, and its word counts, also where the answer says another price."""
    limit = fk.SpendLimit(1.0, cost=lambda answer: answer.usage.output_tokens * 0.125)
    run.outcome(limited(limit, clock), Script(priced(99.0), clock=clock))
    assert 0.125 == limit.spent()


@pytest.mark.parametrize("cost", [None, math.nan, math.inf, -math.inf, -0.1, 1e300])
def test_a_price_list_that_does_not_know(run, clock, cost):
    """What is no sum of money is an unknown cost."""
    limit = fk.SpendLimit(1.0, estimate=0.5, cost=lambda _: cost)
    with pytest.warns(UserWarning, match="unknown is not 0"):
        outcome = run.outcome(limited(limit, clock), Script(priced(0.1), clock=clock))
    assert ("fine", 0.5) == (outcome.text, limit.spent())


def test_a_price_list_with_a_bug_loses_no_answer(run, clock, caplog):
    """It is logged, and the cost is unknown."""

    def cost(answer):
        raise KeyError(answer.model)

    limit = fk.SpendLimit(1.0, estimate=0.5, cost=cost)
    with pytest.warns(UserWarning, match="unknown is not 0"):
        outcome = run.outcome(limited(limit, clock), Script(priced(0.1), clock=clock))
    assert ("fine", 0.5) == (outcome.text, limit.spent())
    assert "`cost` of `spend` raised" in caplog.text


def test_each_key_has_its_own_money(run, clock):
    """And the key itself is told to nobody."""
    seen = []
    limit = fk.SpendLimit(1.0, estimate=0.5, key=lambda question, user: user)
    pipeline = limited(limit, clock, observers=[seen.append])
    script = Script(priced(0.5), clock=clock)
    outcomes = [run.outcome(pipeline, script, "q", user=user) for user in ("dana", "dana", "lee", "dana")]
    assert [None, None, None, "quota.billing"] == [outcome.failure and outcome.failure.kind for outcome in outcomes]
    assert [1.0, 0.5, 0.0, 0.0] == [limit.spent(key) for key in ("dana", "lee", "kim", None)]
    told = "".join([*map(str, seen), *(o.model_dump_json() for o in outcomes), str(outcomes[-1].failure.error)])
    assert "dana" not in told
    assert "dana" not in outcomes[-1].notice(audience="operator").body + limit.describe()


def test_a_key_with_a_bug_is_served_by_the_next_rung(run, clock):
    """Like every function that a strategy was given: logged, and a failure like any other."""
    limit = fk.SpendLimit(1.0, key=lambda question: {}[question])
    rung = fk.Rung(run.fn(lambda _: "found"), "rule")
    outcome = run.outcome(limited(limit, clock, fk.Fallback(rung)), Script(priced(0.5), clock=clock), "q")
    assert ("found", "internal") == (outcome.text, outcome.trail[0].failure.kind)


def test_keys_are_bounded(run, clock):
    """The one that was not used for longest starts anew."""
    limit = fk.SpendLimit(1.0, estimate=0.5, key=lambda user: user, max_keys=2)
    pipeline = limited(limit, clock)
    script = Script(priced(0.5), clock=clock)
    for user in "abac":
        assert run.outcome(pipeline, script, user).failure is None
    assert [1.0, 0.0, 0.5] == [limit.spent(user) for user in "abc"]
    assert 2 == len(limit._book._ledgers)


def test_one_limit_for_several_pipelines(run, clock):
    """What one spends, the other has not."""
    limit = fk.SpendLimit(1.0)
    pipelines = [limited(limit, clock, name=name) for name in ("one", "two")]
    outcomes = [run.outcome(pipelines[n % 2], Script(priced(0.5), clock=clock)) for n in range(3)]
    assert [None, None, "quota.billing"] == [outcome.failure and outcome.failure.kind for outcome in outcomes]


def test_a_limit_goes_by_the_clock_it_was_given(clock):
    """Or by that of its first pipeline."""
    own = FakeClock(epoch=NEW_YEAR - 10)
    given, taken = fk.SpendLimit(1.0, clock=own), fk.SpendLimit(1.0)
    ends = period_at("day", clock.time()).end - clock.time()
    for limit in (given, taken):
        limited(limit, clock).outcome(lambda: priced(0.5))
        limited(limit, FakeClock(epoch=0)).outcome(lambda: priced(0.25))
    assert [(10.0, 0.75), (ends, 0.75)] == [(limit.snapshot().ends_in, limit.spent()) for limit in (given, taken)]
    own.advance(10)
    assert [0.0, 0.75] == [given.spent(), taken.spent()]


def test_a_new_limit_can_be_looked_at():
    """Before any call, by the machine's clock."""
    snapshot = fk.SpendLimit(2.0, per="hour").snapshot()
    assert (0.0, 0.0, 2.0) == (snapshot.spent, snapshot.held, snapshot.left)
    assert 0 < snapshot.ends_in <= 3600


def test_a_wall_clock_that_jumps_back_finds_what_was_spent():
    """Around midnight nobody gets the day's money twice."""
    clock = FakeClock(epoch=NEW_YEAR - 1)
    limit = fk.SpendLimit(1.0)
    pipeline = limited(limit, clock)
    refused = []
    for jump, cost in ((0, 1.0), (2, 0.5), (-2, 0.25), (2, 0.5), (0, 0.1)):
        clock.advance(jump)
        refused.append(pipeline.outcome(priced, cost).failure is not None)
    assert [False, False, True, False, True] == refused


def test_an_attempt_belongs_to_the_period_in_which_it_began(run):
    """At midnight the new day's money is all there."""
    clock = FakeClock(epoch=NEW_YEAR - 1)
    limit = fk.SpendLimit(1.0)
    outcome = run.outcome(limited(limit, clock), Script(priced(0.75), clock=clock, takes=2.0))
    assert ("fine", 0.0, 0.0) == (outcome.text, limit.spent(), limit.snapshot().held)
    clock.advance(-2)
    assert (0.75, 0.0) == (limit.spent(), limit.snapshot().held)


def hold(limit, clock, *, way, calls, then):
    """Many calls at once, none of which ends before all have been let in or refused; what came of each."""
    pipeline = limited(limit, clock)
    inside, outcomes = [], []
    meet = threading.Semaphore(0)
    go = threading.Event()

    def ask(n):
        inside.append(limit.snapshot())
        meet.release()
        assert go.wait(30)
        return then(n)

    def serve(n):
        outcomes.append(pipeline.outcome(ask, n))
        meet.release()

    async def aask(n):
        inside.append(limit.snapshot())
        await asyncio.sleep(0)
        return then(n)

    async def gathered():
        return await asyncio.gather(*(pipeline.aoutcome(aask, n) for n in range(calls)))

    if way == "async":
        return asyncio.run(gathered()), inside
    threads = [threading.Thread(target=serve, args=(n,)) for n in range(calls)]
    for thread in threads:
        thread.start()
    for _ in range(calls):
        assert meet.acquire(timeout=30)
    go.set()
    for thread in threads:
        thread.join(30)
    return outcomes, inside


@pytest.mark.parametrize("way", ["sync", "async"])
def test_attempts_at_the_same_time_do_not_overspend(way, clock):
    """Forty at once, four dollars, a quarter each: sixteen are let in, whatever the others would have cost."""
    limit = fk.SpendLimit(4.0, estimate=0.25)
    outcomes, inside = hold(limit, clock, way=way, calls=40, then=lambda _: priced(0.25))
    assert 16 == sum(outcome.failure is None for outcome in outcomes) == len(inside)
    assert 4.0 == max(snapshot.held for snapshot in inside)
    assert all(snapshot.left >= 0 for snapshot in inside)
    assert (4.0, 0.0, 0.0) == tuple(getattr(limit.snapshot(), name) for name in ("spent", "held", "left"))


@pytest.mark.parametrize("way", ["sync", "async"])
def test_however_small_the_amount_something_is_set_aside(way, clock):
    """Three billionths are enough for three attempts at once, and no more."""
    outcomes, _ = hold(fk.SpendLimit(3e-9), clock, way=way, calls=9, then=lambda _: priced(1e-9))
    assert 3 == sum(outcome.failure is None for outcome in outcomes)


@pytest.mark.parametrize("way", ["sync", "async"])
def test_overspending_is_bounded_by_what_is_under_way(way, clock):
    """Each of the sixteen costs thrice what was set aside; after that nothing goes, and one is enough to know."""
    limit = fk.SpendLimit(4.0, estimate=0.25)
    outcomes, _ = hold(limit, clock, way=way, calls=40, then=lambda _: priced(0.75))
    assert 12.0 == limit.spent() == 4.0 + 16 * (0.75 - 0.25)
    assert 24 == sum(outcome.failure is not None for outcome in outcomes)
    assert limited(limit, clock).outcome(lambda: priced(0.0)).failure is not None


class Yielding(int):
    """A sum that lets other threads run just when it is compared or added."""

    def __lt__(self, other):
        time.sleep(0)
        return int(self) < other

    def __radd__(self, other):
        time.sleep(0)
        return other + int(self)


def test_no_thread_comes_between():
    """Looking and taking are one step, and no charge is lost."""
    book = Book(9)
    held = []
    ready = threading.Barrier(8)

    def hammer():
        ready.wait(30)
        for _ in range(50):
            held.append(book.set_aside("a", limit=Yielding(200), estimate=1, seconds=1.0))
            book.charge("b", held=0, cost=Yielding(1))

    book.set_aside("b", limit=1, estimate=1, seconds=1.0)
    threads = [threading.Thread(target=hammer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (200, 200) == (held.count(1), held.count(None))
    assert ((0, 200), (400, 1)) == (book.balance("a"), book.balance("b"))


def test_hammering_threads_do_not_overspend(clock):
    """Eight threads, two limits, a few thousand calls: to the billionth what was there."""
    limits = [fk.SpendLimit(1.0, estimate=0.001), fk.SpendLimit(0.5, estimate=0.001, key=lambda: "k")]
    asks = [limited(limit, clock)(lambda: priced(0.001)) for limit in limits]
    answered = [0, 0]
    tally = threading.Lock()
    ready = threading.Barrier(8)

    def hammer():
        ready.wait(30)
        mine = [sum(ask.outcome().failure is None for _ in range(200)) for ask in asks]
        with tally:
            answered[:] = [before + got for before, got in zip(answered, mine, strict=True)]

    threads = [threading.Thread(target=hammer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [1000, 500] == answered
    assert [1.0, 0.5] == [limits[0].spent(), limits[1].spent("k")]
    assert [0.0, 0.0] == [limits[0].snapshot().held, limits[1].snapshot("k").held]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError])
def test_an_interruption_gives_back_what_was_set_aside(run, clock, interruption):
    """10: it passes through, and costs nothing."""
    limit = fk.SpendLimit(1.0, estimate=1.0)
    pipeline = limited(limit, clock)
    script = Script(interruption(), priced(0.5), clock=clock)
    serve = pipeline.outcome if run.way == "sync" else lambda fn: asyncio.run(pipeline.aoutcome(run.fn(fn)))
    with pytest.raises(interruption):
        serve(script)
    assert (0.0, 0.0) == (limit.snapshot().spent, limit.snapshot().held)
    assert "fine" == run.outcome(pipeline, script).text


def test_a_cancelled_attempt_gives_back_what_was_set_aside(clock):
    """10: a task that is cancelled while the model thinks."""
    limit = fk.SpendLimit(1.0, estimate=1.0)
    held = []

    async def think(begun):
        held.append(limit.snapshot().held)
        begun.set()
        await asyncio.Event().wait()

    async def main():
        begun = asyncio.Event()
        task = asyncio.create_task(limited(limit, clock).aoutcome(think, begun))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ([1.0], 0.0, 0.0) == (held, limit.snapshot().spent, limit.snapshot().held)


def test_an_abandoned_stream_gives_back_what_was_set_aside(run, clock):
    """40: whoever stops reading has not charged anything that is known."""
    limit = fk.SpendLimit(1.0)
    script = Script(Stream("Hel", "lo", every=1.0), clock=clock)
    run.stream(limited(limit, clock), script, most=2)
    assert 0.0 == limit.snapshot().held
    assert script.closed == len(script.streams)


def test_a_forked_child_leaves_the_parents_attempts_to_the_parent():
    """What was spent holds; what is under way elsewhere is settled there; the lock is new."""
    book = Book(9)
    assert 30 == book.set_aside("a", limit=100, estimate=30, seconds=1.0)
    book.charge("a", held=0, cost=20)
    book._lock.acquire()
    book.start_over()
    assert (20, 0) == book.balance("a")


DESCRIPTIONS = {
    "SpendLimit(10 USD per day)": {},
    "SpendLimit(10 EUR per month for each key)": {"currency": "EUR", "per": "month", "key": len},
    "SpendLimit(10 USD per 30 s)": {"per": 30},
}


@pytest.mark.parametrize("expected", DESCRIPTIONS)
def test_a_limit_describes_itself(expected):
    """48: the same before and after use."""
    assert expected == fk.SpendLimit(10, **DESCRIPTIONS[expected]).describe()


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"amount": 0}, ValueError, "`amount` must be a finite sum of money, a billionth or more, got 0"),
        ({"amount": -1.5}, ValueError, "`amount` .*-1.5"),
        ({"amount": math.nan}, ValueError, "`amount`"),
        ({"amount": math.inf}, ValueError, "`amount`"),
        ({"amount": 1e300}, ValueError, "`amount`"),
        ({"amount": "10"}, ValueError, "`amount` .*'10'"),
        ({"amount": True}, ValueError, "`amount` .*True"),
        ({"amount": 1e-10}, ValueError, "`amount` .*a billionth or more, got 1e-10"),
        ({"estimate": 0}, ValueError, "`estimate` must be a finite sum"),
        ({"estimate": 11}, ValueError, "`estimate` is 11, more than the whole `amount` of 10; lower it"),
        ({"per": "week"}, ValueError, "`per` must be 'hour', 'day', 'month' or seconds, got 'week'; a week is 604800"),
        ({"per": 0}, ValueError, "`per` must be a finite number of seconds, more than 0, got 0"),
        ({"per": None}, ValueError, "`per`"),
        ({"key": "user"}, TypeError, "`key` must be a function, got 'user'"),
        ({"cost": 0.1}, TypeError, "`cost` must be a function"),
        ({"max_keys": 0}, ValueError, "`max_keys` must be a whole number of 1 or more, got 0"),
    ],
)
def test_odd_limits_are_refused(given, error, message):
    """With the name, the value and what to do."""
    with pytest.raises(error, match=message):
        fk.SpendLimit(**{"amount": 10, **given})


@pytest.mark.parametrize("outer", [fk.CircuitBreaker(), fk.Timeout(8)], ids=["breaker", "timeout"])
def test_a_limit_stands_outside_what_takes_up_a_place(outer):
    """The order says so, and why."""
    with pytest.raises(ValueError, match=r"`SpendLimit` must stand outside .*must not take up a place or a permit"):
        fk.Pipeline(outer, fk.SpendLimit(1))


def test_a_refusal_charges_no_breaker(run, clock):
    """It is no failure of the dependency."""
    breaker = fk.CircuitBreaker(consecutive=1)
    pipeline = limited(fk.SpendLimit(0.5), clock, inside=[breaker])
    for _ in range(3):
        run.outcome(pipeline, Script(priced(0.5), clock=clock))
    assert ("closed", 1) == (breaker.state, breaker.snapshot().calls)


def test_a_warning_that_is_an_error_leaves_nothing_set_aside(run, clock):
    """Where warnings raise, it is a failure like any other."""
    limit = fk.SpendLimit(1.0, estimate=0.25)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome = run.outcome(limited(limit, clock), Script("fine", clock=clock))
    assert ("internal", 0.0) == (outcome.failure.kind, limit.snapshot().held)
