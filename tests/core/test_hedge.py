"""When an attempt gets company, whose answer is taken, and what becomes of the others."""

from __future__ import annotations

import asyncio
import math
import random
from bisect import insort
from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import fallbackkit as fk
from fallbackkit import _threads, events
from fallbackkit._strategies.hedge import _LAST, _WARM, _Usual
from fallbackkit._waiting import AsyncWaiter
from fallbackkit.testing import FakeClock, Fault, Script
from tests.core.chains import anonymous
from tests.core.test_bulkhead import becomes_empty
from tests.core.test_interruptions import settle

thrice = settings(max_examples=150)
few = settings(max_examples=40)


class Timed(Script):
    """A Script whose values and exceptions take their own seconds each."""

    def __init__(self, *plays, clock):
        super().__init__(*[play for play, _ in plays], clock=clock)
        self.seconds = [seconds for _, seconds in plays]

    def _next(self):
        self.takes = self.seconds[min(len(self.calls), len(self.seconds) - 1)]
        return super()._next()


SLOW, QUICK = ("slow", 10), ("quick", 1)
DOWN = fk.CannotAnswer("provider.5xx")


def ask(run, clock, hedge, *plays, inside=(), outside=()):
    """The Outcome of one call, the script, and the events."""
    seen, script = [], Timed(*plays, clock=clock)
    pipeline = fk.Pipeline(*outside, hedge, *inside, name="ask", clock=clock, observers=[seen.append])
    return run.outcome(pipeline, script, "?"), script, seen


def attempts(outcome):
    """Kind of failure, duration and wait of each attempt of the first step."""
    return [(a.failure and a.failure.kind.value, a.duration, a.waited) for a in outcome.trail[0].attempts]


@pytest.fixture(autouse=True)
def nothing_hangs():
    """No thread stays behind."""
    before = _threads.abandoned()
    yield
    settle(before)


def test_a_quick_answer_needs_no_company(run, clock):
    """12: no second start, no event but ``Answered``."""
    outcome, script, seen = ask(run, clock, fk.Hedge(2), QUICK)
    assert ("answered", "quick", [0.0]) == (outcome.status, outcome.text, script.calls)
    assert [events.Answered] == [type(event) for event in seen]
    assert [(None, 1.0, 0.0)] == attempts(outcome)


def test_a_slow_attempt_gets_company(run, clock):
    """45: the first answer counts; the trail lists the other as cancelled, and the one that answered last."""
    outcome, script, seen = ask(run, clock, fk.Hedge(2), SLOW, QUICK)
    assert ("answered", "quick", 3.0) == (outcome.status, outcome.text, outcome.duration)
    assert [0.0, 2.0] == script.calls
    assert [("cancelled", 3.0, 0.0), (None, 1.0, 2.0)] == attempts(outcome)
    assert [events.Hedged, events.Answered] == [type(event) for event in seen]
    assert ("ask", 1, 2.0) == (seen[0].step, seen[0].hedge, seen[0].after)
    assert {outcome.id} == {event.call for event in seen}


def test_the_first_may_still_win(run, clock):
    """With company under way, too."""
    outcome, script, _ = ask(run, clock, fk.Hedge(2), ("first", 5), SLOW)
    assert ("first", [0.0, 2.0]) == (outcome.text, script.calls)
    assert [("cancelled", 3.0, 2.0), (None, 5.0, 0.0)] == attempts(outcome)


def test_an_early_failure_is_left_to_retry(run, clock):
    """It starts no hedge, and comes back at once."""
    outcome, script, _ = ask(run, clock, fk.Hedge(2), (DOWN, 1), QUICK)
    assert ("unavailable", 1.0, [0.0]) == (outcome.status, outcome.duration, script.calls)
    outcome, script, seen = ask(run, FakeClock(), fk.Hedge(2), (DOWN, 1), SLOW, QUICK, outside=[fk.Retry(max_wait=0)])
    assert ("quick", [0.0, 1.0, 3.0]) == (outcome.text, script.calls)
    assert [2.0] == [event.after for event in seen if type(event) is events.Hedged]
    assert ["provider.5xx", "cancelled", None] == [kind for kind, _, _ in attempts(outcome)]


def test_attempts_are_numbered_through(run, clock):
    """By their starts, over the rounds of a Retry."""
    plays = [(DOWN, 1), (DOWN, 5), (DOWN, 1), QUICK]
    outcome, _, seen = ask(run, clock, fk.Hedge(2), *plays, outside=[fk.Retry(max_wait=0)])
    assert [1, 3, 2] == [event.attempt for event in seen if type(event) is events.AttemptFailed]
    assert [(1.0, 0.0), (5.0, 0.0), (1.0, 2.0), (1.0, 0.0)] == [tuple(seconds) for _, *seconds in attempts(outcome)]


def test_a_failure_waits_for_the_others(run, clock):
    """While another attempt runs, it may answer."""
    outcome, _, seen = ask(run, clock, fk.Hedge(2), (DOWN, 3), ("late", 7))
    assert ("answered", "late", 9.0) == (outcome.status, outcome.text, outcome.duration)
    assert [events.Hedged, events.AttemptFailed, events.Answered] == [type(event) for event in seen]


def test_if_all_fail_the_first_failure_comes_back(run, clock):
    """The same error object, whenever it came; every attempt is listed and told, by the order of their starts."""
    first, second = fk.CannotAnswer("provider.5xx"), fk.CannotAnswer("rate.shared", retry_after=9)
    outcome, _, seen = ask(run, clock, fk.Hedge(2), (first, 5), (second, 1))
    assert (first, 5.0) == (outcome.failure.error, outcome.duration)
    assert [("provider.5xx", 5.0, 0.0), ("rate.shared", 1.0, 2.0)] == attempts(outcome)
    assert [(2, 3.0), (1, 5.0)] == [(e.attempt, e.at) for e in seen if type(e) is events.AttemptFailed]


def test_a_refused_hedge_is_no_harm(run, clock):
    """A breaker that lets one trial through refuses the second: the first goes on."""
    breaker = fk.CircuitBreaker(consecutive=1, reset_timeout=1)
    ask(run, clock, fk.Hedge(20), (DOWN, 0), inside=[breaker])
    clock.advance(2)
    outcome, script, _ = ask(run, clock, fk.Hedge(2), SLOW, QUICK, inside=[breaker])
    assert ("slow", 1, "closed") == (outcome.text, len(script.calls), breaker.state)


def test_each_attempt_has_its_own_check_permit_and_time(run, clock):
    """A bad answer of one does not stop the other; a time-out counts where it happened, a loser nowhere."""
    breaker, bulkhead = fk.CircuitBreaker(min_calls=99), fk.Bulkhead(9)
    inside = [fk.Validate(), bulkhead, breaker, fk.Timeout(8)]
    outcome, _, _ = ask(run, clock, fk.Hedge(3, max_hedges=3), SLOW, ("", 1), SLOW, ("good", 2), inside=inside)
    assert ("good", 11.0) == (outcome.text, outcome.duration)
    kinds = ["timeout.first_byte", "output.empty", "cancelled", None]
    assert kinds == [kind for kind, _, _ in attempts(outcome)]
    snapshot = breaker.snapshot()
    assert (3, 1, 0) == (snapshot.calls, snapshot.failures, snapshot.trials)
    becomes_empty(bulkhead)


def test_no_hedge_starts_when_the_time_is_up(run, clock):
    """2: not at the deadline, nor after it; the attempt tells its own time-out."""
    outside = [fk.Deadline(8), fk.Retry(wait=lambda _: 1.0)]
    outcome, script, seen = ask(run, clock, fk.Hedge(4), (DOWN, 3), (Fault(), 0), outside=outside)
    assert ("timeout.first_byte", 8.0, [0.0, 4.0]) == (outcome.failure.kind, outcome.duration, script.calls)
    assert [("provider.5xx", 3.0, 0.0), ("timeout.first_byte", 4.0, 1.0)] == attempts(outcome)
    assert events.Hedged not in map(type, seen)


def test_no_hedge_starts_when_the_time_was_up_before(run, clock):
    """2: an attempt that does not heed its limit is waited for, and gets no company."""

    def overruns(*_):
        clock.advance(30)
        clock.sleep(0.0)
        return "late"

    seen = []
    pipeline = fk.Pipeline(fk.Deadline(20), fk.Hedge(2), clock=clock, observers=[seen.append])
    run.outcome(pipeline, overruns)
    assert events.Hedged not in map(type, seen)


def test_what_came_too_late_to_enter_is_no_attempt(run, clock):
    """A hedge that finds the time up when its turn comes has not been made."""
    script = Timed(SLOW, QUICK, clock=clock)
    late = lambda event: type(event) is events.Hedged and clock.advance(100)  # noqa: E731
    outcome = run.outcome(fk.Pipeline(fk.Deadline(20), fk.Hedge(2), clock=clock, observers=[late]), script)
    assert 1 == len(script.calls) == len(outcome.trail[0].attempts)


def test_all_at_once(run, clock):
    """After 0 seconds: the quickest of them answers."""
    outcome, script, _ = ask(run, clock, fk.Hedge(0, max_hedges=2), SLOW, SLOW, QUICK)
    assert ("quick", [0.0] * 3, 1.0) == (outcome.text, script.calls, outcome.duration)


def test_the_deadline_is_back_for_what_comes_after(run, clock):
    """A fallback behind a hedged step lives inside the same deadline."""
    left = []
    rung = run.fn(lambda *_: left.append(fk.remaining()) or "page 7")
    outcome, _, _ = ask(
        run, clock, fk.Hedge(2), (DOWN, 3), (DOWN, 3), outside=[fk.Deadline(20), fk.Fallback(rung, reserve=1)]
    )
    assert ("page 7", [15.0]) == (outcome.text, left)


def test_remaining_is_right_in_every_attempt(run, clock):
    """Each knows its own time limit."""
    left = []

    def plain(*_):
        left.append(fk.remaining())
        clock.sleep(30)

    async def asynchronous(*_):
        left.append(fk.remaining())
        await clock.asleep(30)

    pipeline = fk.Pipeline(fk.Deadline(20), fk.Hedge(5, max_hedges=3), fk.Timeout(8), clock=clock)
    if run.way == "async":
        run.runner.run(pipeline.aoutcome(asynchronous))
    else:
        run.outcome(pipeline, plain)
    assert [8.0, 8.0, 8.0, 5.0] == left


def test_a_bug_in_a_layer_inside_is_a_failure_like_any_other(run, clock):
    """It comes out as if there were no Hedge, and the other attempt is given up."""

    def check(answer):
        raise LookupError("bug")

    outcome, _, _ = ask(run, clock, fk.Hedge(2), SLOW, QUICK, inside=[fk.Validate(check=check)])
    assert (LookupError, 3.0) == (type(outcome.failure.error), outcome.duration)
    assert ["cancelled", None] == [kind for kind, _, _ in attempts(outcome)]


def test_observers_hear_nothing_of_losers(run, clock):
    """What happens to an attempt after another has answered is no event."""
    breaker = fk.CircuitBreaker(consecutive=1)
    _, _, seen = ask(run, clock, fk.Hedge(2), (DOWN, 4), QUICK, inside=[breaker, fk.Timeout(5)])
    clock.advance(60)
    assert [events.Hedged, events.Answered] == [type(event) for event in seen]
    assert "closed" == breaker.state


@dataclass(frozen=True)
class Plan:
    """One call: what each attempt comes to and how long it takes, and the limits."""

    plays: tuple
    after: float
    max_hedges: int
    deadline: float
    timeout: float
    cancel: float


def apart(plan):
    """All times, and sums of times, are different: then there is only one right story."""
    plays = [(play, seconds + 2.0 ** -(10 + number)) for number, (play, seconds) in enumerate(plan.plays)]
    return Plan(
        tuple(plays),
        plan.after + 2.0**-20,
        plan.max_hedges,
        plan.deadline + 2.0**-22,
        plan.timeout + 2.0**-24,
        plan.cancel + 2.0**-26,
    )


plans = st.builds(
    Plan,
    plays=st.lists(
        st.tuples(st.sampled_from(["answer", "answer", "5xx", "hang"]), st.integers(0, 12)), min_size=5, max_size=5
    ),
    after=st.sampled_from([0, 1, 2, 3]),
    max_hedges=st.integers(1, 4),
    deadline=st.sampled_from([math.inf, 6, 12]),
    timeout=st.sampled_from([4, 5]),
    cancel=st.sampled_from([math.inf, math.inf, 0, 3, 7]),
).map(apart)


@dataclass
class Story:
    """What a hedged call should come to, by the book: one event after the other."""

    plan: Plan
    starts: list = field(default_factory=list)
    ended: dict = field(default_factory=dict)  # attempt: (kind of failure or None, time)
    told: list = field(default_factory=list)
    end: float = math.inf
    winner: int | None = None

    def fate(self, number):
        """When an attempt ends, and how."""
        play, seconds = self.plan.plays[number]
        start = self.starts[number]
        cut = min(start + self.plan.timeout, self.plan.deadline)
        if play == "hang" or start + seconds > cut:
            return cut, "timeout.first_byte"
        return start + seconds, {"answer": None, "5xx": "provider.5xx"}[play]

    def play(self):
        plan, due = self.plan, 0.0
        while True:
            running = [number for number in range(len(self.starts)) if number not in self.ended]
            if self.starts and not running:
                break
            end, failure, number = min(
                ((*self.fate(number), number) for number in running), default=(math.inf, None, 0)
            )
            if len(self.starts) <= plan.max_hedges and due < min(end, plan.deadline):
                now, act = due, self.start
            else:
                now, act = end, self.finish
            if now >= plan.cancel:
                self.end = plan.cancel
                return self
            act(now, number, failure)
            due = due + plan.after if act == self.start else due
            self.end = now
            if self.winner is not None:
                break
        return self

    def start(self, now, _number, _failure):
        if self.starts:
            self.told.append(("Hedged", now, len(self.starts)))
        self.starts.append(now)

    def finish(self, now, number, failure):
        self.ended[number] = (failure, now)
        if failure is None:
            self.winner = number
        else:
            self.told.append(("AttemptFailed", now, number + 1))

    def attempts(self):
        listed = sorted(range(len(self.starts)), key=lambda number: number == self.winner)
        fates = {number: self.ended.get(number, ("cancelled", self.end)) for number in listed}
        return [(fates[n][0], fates[n][1] - self.starts[n], self.starts[n]) for n in listed]


class Served:
    """A plan, served."""

    def __init__(self, run, plan):
        self.clock = FakeClock()
        self.told = []
        plays = [({"hang": Fault(), "5xx": DOWN}.get(play, f"{play} {n}"), s) for n, (play, s) in enumerate(plan.plays)]
        self.script = Timed(*plays, clock=self.clock)
        self.breaker = fk.CircuitBreaker(min_calls=99, window=1000)
        self.bulkhead = fk.Bulkhead(99)
        pipeline = fk.Pipeline(
            *([fk.Deadline(plan.deadline)] if plan.deadline < math.inf else []),
            fk.Hedge(plan.after, max_hedges=plan.max_hedges),
            fk.Validate(),
            self.bulkhead,
            self.breaker,
            fk.Timeout(plan.timeout),
            clock=self.clock,
            observers=[self.hear],
        )
        if plan.cancel == math.inf:
            self.outcome = run.outcome(pipeline, self.script, "?")
        else:
            self.outcome = run.runner.run(self.cancelled(pipeline.aoutcome(run.fn(self.script)), plan.cancel))

    async def cancelled(self, coroutine, seconds):
        ended = AsyncWaiter()
        branch = self.clock.abranch(coroutine, ended.wake)
        if not await self.clock.await_(ended, seconds):
            branch.cancel()
            assert await self.clock.await_(ended, 0)
        try:
            return branch.result()
        except asyncio.CancelledError:
            return None

    def hear(self, event):
        if isinstance(event, events.Hedged):
            self.told.append(("Hedged", event.at, event.hedge))
        elif isinstance(event, events.AttemptFailed):
            self.told.append(("AttemptFailed", event.at, event.attempt))


@thrice
@given(plan=plans)
def test_any_race_is_run_by_the_book(run, plan):
    """45: ≤ 1 + max hedges starts, one answer, losers count nowhere and hold nothing, no start after cancellation."""
    if run.way == "sync" and plan.cancel < math.inf:
        plan = Plan(plan.plays, plan.after, plan.max_hedges, plan.deadline, plan.timeout, math.inf)
    story = Story(plan).play()
    served = Served(run, plan)
    assert 1 + plan.max_hedges >= len(served.script.calls)
    assert story.starts == served.script.calls
    assert story.told == served.told
    assert story.end == served.clock.now()
    snapshot = served.breaker.snapshot()
    failures = [kind for kind, _ in story.ended.values() if kind is not None]
    assert (len(story.ended), len(failures), 0) == (snapshot.calls, snapshot.failures, snapshot.trials)
    if run.way != "threads":  # there the place is free when the thread has unwound, in real time
        assert 0 == served.bulkhead.active
    outcome = served.outcome
    if story.end == plan.cancel:
        assert outcome is None
        return
    assert story.attempts() == attempts(outcome)
    if story.winner is not None:
        assert ("answered", f"answer {story.winner}") == (outcome.status, outcome.text)
    else:
        assert story.ended[0][0] == outcome.failure.kind


@few
@given(plan=plans)
def test_every_way_of_serving_runs_the_same_race(run, plan):
    """43: the whole Outcome is that of the plain sync call."""
    from tests.core.conftest import Run

    plan = Plan(plan.plays, plan.after, plan.max_hedges, plan.deadline, plan.timeout, math.inf)
    outcomes = [Served(way, plan).outcome for way in (Run("sync", None), run)]
    assert len({str(anonymous(outcome)) for outcome in outcomes}) == 1


@settings(max_examples=15)
@given(percent=st.integers(1, 99), seed=st.integers(), spread=st.sampled_from([3, 1e6]))
def test_the_usual_duration_is_that_of_a_share_of_the_last(percent, seed, spread):
    """The nearest rank among the last 200, and nothing before 20 are known; never more than 200 are kept."""
    usual, rng = _Usual(f"p{percent}"), random.Random(seed)
    durations = [float(int(rng.expovariate(1) * spread)) for _ in range(2 * _LAST + 30)]
    for number, duration in enumerate(durations):
        last = sorted(durations[max(0, number - _LAST) : number])
        if len(last) < _WARM:
            assert math.inf == usual.seconds()
        else:
            assert usual.seconds() in last
            slower = sum(each > usual.seconds() for each in last)
            as_slow = sum(each >= usual.seconds() for each in last)
            assert slower <= len(last) * (1 - percent / 100) + 1e-9 < as_slow + 1e-6
        usual.add(duration)
    assert len(usual._last) == len(usual._sorted) == _LAST


def test_nothing_is_hedged_before_enough_is_known(run, clock):
    """Twenty first attempts; from then on about the slowest share."""
    hedge = fk.Hedge("p90")
    pipeline = fk.Pipeline(hedge, clock=clock)
    for number in range(_WARM):
        script = Timed(("slow", 100 if number < 2 else number), clock=clock)
        assert ("slow", 1) == (run.outcome(pipeline, script).text, len(script.calls))
    script = Timed(SLOW, QUICK, clock=clock)
    assert ("slow", 1) == (run.outcome(pipeline, script).text, len(script.calls))
    start, script = clock.now(), Timed(("slow", 50), QUICK, clock=clock)
    assert "quick" == run.outcome(pipeline, script).text
    assert [start, start + 19] == script.calls


def test_the_usual_duration_is_that_of_first_attempts_that_did_not_fail(run, clock):
    """Failures tell nothing; one that lost its race tells that it had not answered until then; hedges tell nothing."""
    hedge = fk.Hedge("p50")
    pipeline = fk.Pipeline(hedge, clock=clock)

    def known(*plays):
        run.outcome(pipeline, Timed(*plays, clock=clock))
        return sorted(hedge._usual._last)

    expected = []
    for _ in range(10):
        assert [*expected, 4.0] == known(("fine", 4))
        expected.append(4.0)
        assert expected == known((DOWN, 1))
    for _ in range(10):
        expected.append(8.0)
        assert expected == known(("fine", 8))
    insort(expected, 6.0)
    assert expected == known(("slow", 10), ("quick", 2))  # asked again after 4 s
    insort(expected, 5.0)
    assert expected == known(("first", 5), ("slow", 9))
    assert expected == known((DOWN, 5), ("late", 9))
    assert expected == known((DOWN, 5), (DOWN, 9))


class HedgeMachine(RuleBasedStateMachine):
    """Calls of all sorts through one Hedge with a percentile and a budget, side by side with lists."""

    @initialize(percent=st.sampled_from([50, 90]), floor=st.integers(0, 3), ratio=st.sampled_from([0.0, 0.1]))
    def build(self, percent, floor, ratio):
        self.clock = FakeClock()
        self.budget = fk.RetryBudget(ratio=ratio, floor=floor, window=1e9)
        self.pipeline = fk.Pipeline(fk.Hedge(f"p{percent}", budget=self.budget), clock=self.clock)
        self.share, self.floor, self.ratio = percent / 100, floor, ratio
        self.durations = []
        self.requests = self.hedges = 0
        self.runner = asyncio.Runner()

    def teardown(self):
        if hasattr(self, "runner"):
            self.runner.close()

    @rule(count=st.integers(1, 40), seconds=st.sampled_from([1, 2, 5]))
    def calls(self, count, seconds):
        for _ in range(count):
            self.one(("fine", seconds), ("fine", 1), "sync")

    @rule(
        first=st.sampled_from([("fine", 0.5), ("fine", 30), (DOWN, 0.5), (DOWN, 30)]),
        second=st.sampled_from([("fine", 0.25), ("fine", 60), (DOWN, 0.25)]),
        way=st.sampled_from(["sync", "async"]),
    )
    def one(self, first, second, way):
        """13, 14: a hedge starts iff the first is slower than usual and the budget grants it."""
        start, script = self.clock.now(), Timed(first, second, clock=self.clock)
        self.requests += 1
        pause = self.usual()
        hedged = first[1] > pause and self.hedges + 1 <= max(self.floor, self.ratio * self.requests)
        self.hedges += hedged
        if way == "sync":
            outcome = self.pipeline.outcome(script)
        else:
            outcome = self.runner.run(self.pipeline.aoutcome(script.asynchronous))
        assert [start, *[start + pause] * hedged] == script.calls
        ran = [(first, 0), (second, pause)][: 1 + hedged]
        answers = [(at + seconds, number) for number, ((play, seconds), at) in enumerate(ran) if play == "fine"]
        end, winner = min(answers, default=(None, None))
        assert (winner is None) == (outcome.failure is not None)
        if winner is not None:
            assert end == pytest.approx(self.clock.now() - start)
            if winner == 0 or first[0] == "fine" or first[1] > end:
                self.durations.append(min(first[1], end))

    def usual(self):
        last = sorted(self.durations[-_LAST:])
        return last[math.ceil(self.share * len(last)) - 1] if len(last) >= _WARM else math.inf


TestHedgeMachine = HedgeMachine.TestCase
TestHedgeMachine.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)


def test_a_budget_that_is_used_up_means_no_hedge(run, clock):
    """14: the call goes on as it is; calls are counted once, with a Retry that has the same budget."""
    budget = fk.RetryBudget(floor=1, ratio=0)
    outcome, script, _ = ask(
        run, clock, fk.Hedge(2, max_hedges=3, budget=budget), SLOW, SLOW, outside=[fk.Retry(budget=budget)]
    )
    assert ("slow", [0.0, 2.0]) == (outcome.text, script.calls)
    outcome, script, seen = ask(run, clock, fk.Hedge(2, budget=budget), SLOW)
    assert ("answered", 1, [events.Answered]) == (outcome.status, len(script.calls), [type(event) for event in seen])
    assert (2, 1) == (budget.snapshot().requests, budget.snapshot().retries)


class Ledger:
    """A store of a budget that says what it was told to, after some time."""

    name = "ledger"

    def __init__(self, clock, *, grants, takes=0.0):
        self.news = deque([events.StoreLost])
        self.grants = grants
        self.clock = clock
        self.takes = takes
        self.asked = 0

    def withdraw(self, budget, **facts):
        self.asked += 1
        self.clock.sleep(self.takes)
        return self.grants


@pytest.mark.parametrize("grants", [True, False])
def test_a_shared_budget_is_asked_where_it_may_take_time(run, clock, grants):
    """In the runtime's place for I/O; what has become of the store is told."""
    ledger = Ledger(clock, grants=grants)
    hedge = fk.Hedge(2, budget=fk.RetryBudget(store=ledger))
    outcome, script, seen = ask(run, clock, hedge, SLOW, QUICK)
    assert ("quick" if grants else "slow", 1 + grants, 1) == (outcome.text, len(script.calls), ledger.asked)
    assert events.StoreLost is type(seen[0])


@pytest.mark.parametrize(
    ("first", "kind", "takes"), [((Fault(), 0), "timeout.first_byte", 5), (("in time", 4), None, 3)]
)
def test_a_budget_that_is_granted_too_late_is_not_used(run, clock, first, kind, takes):
    """The time was up, or the attempt over, when the store answered."""
    hedge = fk.Hedge(2, budget=fk.RetryBudget(store=Ledger(clock, grants=True, takes=takes)))
    outcome, script, seen = ask(run, clock, hedge, first, QUICK, outside=[fk.Deadline(6)])
    assert (kind, 1) == (outcome.failure and outcome.failure.kind, len(script.calls))
    assert events.Hedged not in map(type, seen)


@pytest.mark.parametrize("value", ["95", "p0", "p100", "p9.5", "P95", "p-5", "", "p95 ", "95%", "p095"])
def test_odd_percentiles_are_refused(value):
    """The message names the argument, the value, and what may be given."""
    with pytest.raises(ValueError, match=f"`after` must be seconds, or a percentile from 'p1' to 'p99', got {value!r}"):
        fk.Hedge(value)


@pytest.mark.parametrize("value", [-1, math.nan, math.inf, True, None])
def test_odd_seconds_are_refused(value):
    """The message names the argument and the value."""
    with pytest.raises(ValueError, match=f"`after` must be a finite number of seconds, 0 or more, got {value}"):
        fk.Hedge(value)


@pytest.mark.parametrize("value", [0, -1, True, 1.5, None])
def test_odd_numbers_of_hedges_are_refused(value):
    """The message names the argument and the value."""
    with pytest.raises(ValueError, match=f"`max_hedges` must be a whole number of 1 or more, got {value}"):
        fk.Hedge(1, max_hedges=value)


def test_an_odd_budget_is_refused():
    """With what to write instead."""
    with pytest.raises(TypeError, match=r"`budget` must be a RetryBudget, got 0\.1; .*RetryBudget\(ratio=0\.2\)"):
        fk.Hedge(1, budget=0.1)


def test_it_says_when_and_how_often():
    """48: in one phrase."""
    assert "Hedge(after 0.5 s, at most 2)" == fk.Hedge(0.5, max_hedges=2).describe()
    assert "Hedge(after p95, at most 1, 0.1 of the calls or 3 in 60 s)" == (
        fk.Hedge("p95", budget=fk.RetryBudget(ratio=0.1)).describe()
    )
