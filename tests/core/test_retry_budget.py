"""Retries are bounded by the requests, over all calls of all pipelines that share a budget."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections import defaultdict
from itertools import cycle, islice

import pytest
import tenacity
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit._runtime import SYNC, Target
from fallbackkit.events import RetryScheduled
from fallbackkit.testing import FakeClock, Fault, Script, Stream

few = settings(max_examples=40)
DOWN = Fault(kind="provider.5xx")


def begin(budget, clock):
    """A call through nothing but the budget."""
    call = fk.Pipeline(clock=clock).start(Target(str), SYNC, (), {})
    budget.request(call)
    return call


def retrying(budget, clock, *, attempts=3, wait=0.0, **how):
    """A pipeline that retries after ``wait`` seconds, as far as the budget lets it."""
    pause = tenacity.wait_fixed(wait)
    return fk.Pipeline(fk.Retry(attempts=attempts, wait=pause, budget=budget), clock=clock, **how)


calls = st.tuples(
    st.sampled_from([0.0, 0.0, 0.25, 1.0, 4.5, 12.0]),  # since the call before
    st.integers(0, 3),  # failures before it answers
    st.sampled_from([0.0, 0.0, 1.0, 7.5]),  # how long it waits between attempts
)


@few
@given(
    history=st.lists(calls, min_size=10, max_size=60),
    ratio=st.sampled_from([0.0, 0.07, 0.2, 0.5, 1.0]),
    floor=st.integers(0, 4),
)
def test_retries_are_bounded_in_any_window(run, history, ratio, floor):
    """13: in any window, at most max(floor, ratio × requests in the window before the last retry was granted)."""
    clock, budget = FakeClock(), fk.RetryBudget(ratio=ratio, floor=floor, window=10)
    requests, retries = [], []  # (granted at, started at)

    def note(event):
        if type(event) is RetryScheduled:
            retries.append((event.at, event.at + event.wait))

    pipelines = {wait: retrying(budget, clock, wait=wait, observers=[note]) for wait in {wait for *_, wait in history}}
    for since, failures, wait in history:
        clock.advance(since)
        script = Script(*[DOWN] * failures, "fine", clock=clock)
        requests.append(clock.now())
        run.outcome(pipelines[wait], script)
        assert [start for _, start in retries][len(retries) - len(script.calls) + 1 :] == script.calls[1:]
        assert budget.snapshot().retries >= 0
    for _, first in retries:
        window = [(granted, start) for granted, start in retries if first <= start < first + 10]
        last = max(granted for granted, _ in window)
        seen = sum(last - 10 < request <= last for request in requests)
        assert len(window) <= max(floor, ratio * seen)
    clock.advance(22)
    assert fk.BudgetSnapshot(requests=0, retries=0, left=floor) == budget.snapshot()


@few
@given(failures=st.integers(0, 9), attempts=st.integers(1, 6), floor=st.integers(0, 4))
def test_an_exhausted_budget_gives_the_failure_as_it_is(run, failures, attempts, floor):
    """14: the same error, ``budget`` as the reason, and no wait after the last attempt."""
    clock = FakeClock()
    errors = [ConnectionError(str(n)) for n in range(9)]
    script = Script(*errors[:failures], "fine", clock=clock)
    budget = fk.RetryBudget(ratio=0, floor=floor)
    outcome = run.outcome(retrying(budget, clock, attempts=attempts, wait=2.0), script)
    made = min(failures + 1, attempts, floor + 1)
    assert made == len(script.calls)
    assert 2.0 * (made - 1) == outcome.duration
    if outcome.failure is None:
        assert failures < made
        return
    assert errors[made - 1] is outcome.failure.error
    assert ("attempts" if made == attempts else "budget") == outcome.failure.stopped_by


def test_what_is_not_worth_a_retry_takes_nothing(run, clock):
    """Success, a failure that does not pass, the last attempt, a deadline: the budget stays as it was."""
    budget = fk.RetryBudget(ratio=0)
    pipeline = fk.Pipeline(fk.Deadline(5), fk.Retry(attempts=2, budget=budget), clock=clock)
    reasons = [
        getattr(run.outcome(pipeline, Script(play, clock=clock)).failure, "stopped_by", None)
        for play in ("fine", ValueError("x"), *(Fault(kind="rate.shared", retry_after=after) for after in (999, 9)))
    ]
    assert [None, "not_retryable", "retry_after", "deadline"] == reasons
    run.outcome(retrying(budget, clock, attempts=1), Script(DOWN, clock=clock))
    assert fk.BudgetSnapshot(requests=5, retries=0, left=3) == budget.snapshot()


def test_healthy_traffic_pays_for_retries(run, clock):
    """A hundred answers allow twenty retries at the usual ratio, and a quiet minute forgets them."""
    budget = fk.RetryBudget()
    pipeline = retrying(budget, clock, attempts=2)
    for _ in range(95):
        run.outcome(pipeline, Script("fine", clock=clock))
    assert 19 == budget.snapshot().left
    scripts = [Script(DOWN, clock=clock) for _ in range(30)]
    for script in scripts:
        run.outcome(pipeline, script)
    assert 125 / 5 == sum(len(script.calls) - 1 for script in scripts)
    clock.advance(66)
    last = [Script(DOWN, clock=clock) for _ in range(4)]
    for script in last:
        run.outcome(pipeline, script)
    assert [2, 2, 2, 1] == [len(script.calls) for script in last]


def test_a_retry_counts_when_it_starts(clock):
    """13: a retry granted for later is counted later, too: it cannot meet a fresh allowance then."""
    budget = fk.RetryBudget(ratio=0, floor=2, window=10, clock=clock)
    assert [True, True] == [budget.withdraw(9.0) for _ in range(2)]
    clock.advance(18)
    assert not budget.withdraw()  # nine seconds after the two have started
    clock.advance(2)
    assert budget.withdraw()


def test_a_wait_longer_than_the_window_counts_as_the_window(clock):
    """What is granted for next week is not remembered until then."""
    budget = fk.RetryBudget(ratio=0, floor=1, window=10, clock=clock)
    assert budget.withdraw(600_000.0)
    clock.advance(19.75)
    assert not budget.withdraw()
    clock.advance(1.25)
    assert budget.withdraw()


def test_a_call_counts_once(run, clock):
    """Attempts are no requests, a budget that a call meets again has counted it, and another budget has not."""
    budget, other = fk.RetryBudget(), fk.RetryBudget()
    run.outcome(retrying(budget, clock, attempts=3), Script(DOWN, clock=clock))
    assert (1, 2) == (budget.snapshot().requests, budget.snapshot().retries)
    call = begin(budget, clock)
    budget.request(call)
    other.request(call)
    assert (2, 1) == (budget.snapshot().requests, other.snapshot().requests)


def test_a_rung_with_a_pipeline_of_its_own_is_a_request_of_its_own(run, clock):
    """It asks a dependency once more."""
    budget = fk.RetryBudget()
    rung = retrying(budget, clock, attempts=1, name="rung")(run.fn(Script("fine", clock=clock)))
    retry = fk.Retry(attempts=1, budget=budget)
    run.outcome(fk.Pipeline(fk.Fallback(rung), retry, clock=clock), Script(DOWN, clock=clock))
    assert 2 == budget.snapshot().requests


def test_budgets_do_not_touch_one_another(run, clock):
    """What one pipeline may do no more, another with a budget of its own still may."""
    one, two = (fk.RetryBudget(ratio=0, floor=2) for _ in range(2))
    scripts = [Script(DOWN, clock=clock) for _ in range(4)]
    for script, budget in zip(scripts, cycle([one, two]), strict=False):
        run.outcome(retrying(budget, clock, attempts=2), script)
    assert [2, 2, 2, 2] == [len(script.calls) for script in scripts]
    assert [0, 0] == [one.snapshot().left, two.snapshot().left]


def test_without_a_budget_nothing_is_counted(run, clock):
    """Every call has all its attempts."""
    scripts = [Script(DOWN, clock=clock) for _ in range(9)]
    for script in scripts:
        run.outcome(fk.Pipeline(fk.Retry(max_wait=0), clock=clock), script)
    assert [3] * 9 == [len(script.calls) for script in scripts]


def test_calls_at_the_same_time_share_the_budget(run, clock):
    """13: fifty calls fail at once; ten of them are made again."""
    budget = fk.RetryBudget(ratio=0.2, floor=3)
    pipeline = retrying(budget, clock, attempts=3)
    meet = threading.Barrier(50)
    scripts = [Script(DOWN, clock=clock) for _ in range(50)]

    def together(script):
        if not script.calls:
            meet.wait(30)
        return script()

    async def atogether(script):
        await asyncio.sleep(0)
        return script()

    if run.way == "async":

        async def all_of_them():
            await asyncio.gather(*(pipeline.aoutcome(atogether, script) for script in scripts))

        run.runner.run(all_of_them())
    else:
        threads = [threading.Thread(target=pipeline.outcome, args=(together, script)) for script in scripts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert 60 == sum(len(script.calls) for script in scripts)
    assert (50, 10, 0) == tuple(getattr(budget.snapshot(), name) for name in ("requests", "retries", "left"))


@pytest.fixture
def restless():
    """Threads are switched as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


class Yielding(int):
    """A bound that lets other threads run just when it is compared."""

    def __ge__(self, other):
        time.sleep(0)
        return int(self) >= other


class YieldingCounts(defaultdict):
    """Counts that let other threads run between reading and writing."""

    def __getitem__(self, key):
        count = super().__getitem__(key)
        time.sleep(0)
        return count


@pytest.mark.usefixtures("restless")
def test_no_thread_comes_between(clock):
    """13: looking and taking are one step, and no request is lost."""
    budget = fk.RetryBudget(ratio=0, floor=40, clock=clock)
    budget.floor = Yielding(40)
    budget._requests = YieldingCounts(int)
    granted = []
    ready = threading.Barrier(8)

    def hammer():
        ready.wait(30)
        for _ in range(25):
            begin(budget, FakeClock())
            granted.append(budget.withdraw())

    threads = [threading.Thread(target=hammer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (40, 200) == (sum(granted), sum(budget._requests.values()))


@pytest.mark.usefixtures("restless")
def test_hammering_threads_get_what_is_there_and_no_more():
    """13: eight threads ask far too often; together they get the exact share of what they requested."""
    budgets = [fk.RetryBudget(ratio=0.25, floor=1, window=1e6, clock=FakeClock()) for _ in range(2)]
    granted = [0, 0]
    tally = threading.Lock()
    ready = threading.Barrier(8)

    def hammer():
        clock = FakeClock()
        mine = [0, 0]
        ready.wait(30)
        for turn in range(400):
            for n, budget in enumerate(budgets):
                begin(budget, clock)
                mine[n] += budget.withdraw(turn % 3)
        with tally:
            granted[:] = [mine + got for mine, got in zip(mine, granted, strict=True)]

    threads = [threading.Thread(target=hammer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for budget, got in zip(budgets, granted, strict=True):
        left = sum(budget.withdraw() for _ in range(801))
        assert (3200, 800, 0) == (budget.snapshot().requests, got + left, budget.snapshot().left)
        assert 800 == budget.snapshot().retries


def test_a_budget_goes_by_the_clock_of_its_first_pipeline(clock):
    """Or by the one it was given; what was counted by another is forgotten."""
    budget = fk.RetryBudget(ratio=0, floor=1)
    assert [True, False] == [budget.withdraw(), budget.withdraw()]
    begin(budget, clock)
    assert [True, False] == [budget.withdraw(), budget.withdraw()]
    clock.advance(66)
    assert budget.withdraw()
    own = FakeClock()
    budget = fk.RetryBudget(ratio=0, floor=1, clock=own)
    begin(budget, clock)
    assert [True, False] == [budget.withdraw(), budget.withdraw()]
    clock.advance(66)
    assert not budget.withdraw()
    own.advance(66)
    assert budget.withdraw()


def test_time_and_space_are_constant(clock):
    """An hour of calls leaves ten slices of requests, and as many of retries as the window and a wait are long."""
    budget = fk.RetryBudget(floor=10**6, window=10, clock=clock)
    for step in range(4000):
        begin(budget, clock)
        budget.withdraw(step % 11)
        clock.advance(0.9)
    assert 10 >= len(budget._requests)
    assert 22 >= len(budget._retries)
    for _ in range(99):
        begin(budget, clock)
        clock.advance(0.9)
    assert 10 >= len(budget._requests)


def test_a_forked_child_goes_on_counting():
    """The parent may have held the lock at that moment; what was counted still holds."""
    budget = fk.RetryBudget(ratio=0, floor=2)
    assert budget.withdraw()
    budget._lock.acquire()
    budget.start_over()
    assert [True, False] == [budget.withdraw(), budget.withdraw()]


def test_a_retry_says_what_its_budget_is():
    """48: limits are in the description, and it does not change with use."""
    retry = fk.Retry(budget=fk.RetryBudget(ratio=0.1, floor=5, window=30))
    assert "Retry(3 attempts, waits up to 30 s, 0.1 of the calls or 5 in 30 s)" == retry.describe()


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"ratio": 1.4}, ValueError, "`ratio` must be between 0 and 1, got 1.4"),
        ({"ratio": float("nan")}, ValueError, "`ratio`"),
        ({"floor": -1}, ValueError, "`floor` must be a whole number of 0 or more, got -1"),
        ({"floor": 2.5}, ValueError, "`floor`"),
        ({"window": 0}, ValueError, "`window` must be a finite number of seconds, more than 0, got 0"),
        ({"window": float("inf")}, ValueError, "`window`"),
    ],
)
def test_odd_numbers_are_refused(given, error, message):
    """With the name, the value and the bound."""
    with pytest.raises(error, match=message):
        fk.RetryBudget(**given)


@pytest.mark.parametrize("budget", [0.2, fk.RetryBudget, "10%"])
def test_what_is_no_budget_is_refused(budget):
    """The message says how to make one."""
    with pytest.raises(TypeError, match=r"`budget` must be a RetryBudget, got .*RetryBudget\(ratio=0\.2\)"):
        fk.Retry(budget=budget)


def test_what_was_shown_is_not_asked_for_again(run, clock):
    """39: a stream that broke off after its first words ends the call: no retry, no wait, nothing withdrawn."""
    budget = fk.RetryBudget()
    script = Script(Stream("Hel", Fault(kind="connection.lost", after=1)), "whole", clock=clock)
    outcome = run.stream(retrying(budget, clock, wait=5.0), script)[-1]
    assert ("interrupted", "Hel", 1.0) == (outcome.status, outcome.text, outcome.duration)
    assert ([0.0], 0) == (script.calls, budget.snapshot().retries)
    assert outcome.failure.stopped_by is None


def test_what_broke_before_it_was_shown_is_asked_for_again(run, clock):
    """39: also if it is the second attempt that shows something and breaks."""
    plays = [Stream(Fault(kind="connection.lost")), Stream("Hel", Fault(kind="connection.lost", after=1)), "whole"]
    script = Script(*plays, clock=clock)
    outcome = run.stream(retrying(None, clock, wait=5.0), script)[-1]
    assert ("interrupted", "Hel", [0.0, 5.0]) == (outcome.status, outcome.text, script.calls)


NEVER = tenacity.stop_never
ENDS = {
    "a number": (3, 3, False),
    "after attempts": (tenacity.stop_after_attempt(3), None, False),
    "never": (NEVER, None, True),
    "never or after a time": (NEVER | tenacity.stop_after_delay(9), None, False),
    "never and after a time": (tenacity.stop_after_delay(9) & NEVER, None, True),
    "never or never": (NEVER | NEVER, None, True),
    "both end": (tenacity.stop_after_delay(9) & tenacity.stop_after_attempt(9), None, False),
    "nested": ((NEVER & tenacity.stop_after_delay(9)) | NEVER, None, True),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_retry_knows_whether_it_ends_by_itself(name):
    """So that a pipeline without a limit can refuse one that does not."""
    given, attempts, endless = ENDS[name]
    retry = fk.Retry(attempts=given)
    assert (attempts, endless) == (retry.attempts, retry.endless)


def test_the_first_answer_is_all_that_happens(run, clock):
    """12: with a budget, too, an answer costs no sleep, no draw and no event but ``Answered``."""
    seen = []
    script = Script("fine", clock=clock)
    outcome = run.outcome(retrying(fk.RetryBudget(), clock, observers=[seen.append]), script)
    assert ("answered", [0.0], 1) == (outcome.status, clock.sleeps, len(seen))


def test_an_interrupted_retry_is_no_retry(run, clock):
    """10: an interruption takes nothing from the budget, and passes through."""
    budget = fk.RetryBudget(ratio=0, floor=1)
    script = Script(KeyboardInterrupt(), clock=clock)
    pipeline = retrying(budget, clock)
    serve = pipeline.outcome if run.way == "sync" else lambda fn: asyncio.run(pipeline.aoutcome(run.fn(fn)))
    with pytest.raises(KeyboardInterrupt):
        serve(script)
    assert 1 == budget.snapshot().left


@few
@given(plays=st.lists(st.sampled_from(["fine", DOWN, ValueError("x")]), min_size=1, max_size=30))
def test_every_way_of_serving_spends_the_same(run, plays):
    """43: outcomes, waits and what is left are those of the plain sync call."""
    told = []
    for way in ("sync", run.way):
        clock, budget = FakeClock(), fk.RetryBudget(ratio=0.3, floor=1)
        pipeline = retrying(budget, clock, wait=1.0)
        serve = run if way == run.way else type(run)("sync", None)
        outcomes = [
            serve.outcome(pipeline, Script(*islice(cycle(plays), n, n + 4), clock=clock)) for n in range(len(plays))
        ]
        told.append(
            (
                [(o.text, o.failure and o.failure.stopped_by, len(o.trail[0].attempts)) for o in outcomes],
                clock.sleeps,
                budget.snapshot(),
            )
        )
    assert told[0] == told[1]
