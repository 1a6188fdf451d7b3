"""How many calls are inside at once, who waits, and who is refused."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import heapq
import math
import threading
from dataclasses import dataclass
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit import _threads
from fallbackkit._waiting import AsyncWaiter
from fallbackkit.testing import FakeClock, Script
from tests.core.test_interruptions import settle

thrice = settings(max_examples=100)
AGES = 20.0
TINY = 0.02


class Calls:
    """Calls that run at the same time, in virtual time, in one of the ways of serving."""

    def __init__(self, run, clock):
        self.run = run
        self.clock = clock

    def outcomes(self, *calls, beside=None):
        """The Outcomes of (pipeline, script, time to come[, seconds until it is cancelled])."""
        if self.run.way == "sync":
            others = [] if beside is None else [lambda: finish(beside(self))]
            return self.clock.together(*[partial(self._call, *call) for call in calls], *others)[: len(calls)]
        return self.run.runner.run(self._all(calls, beside))

    def _call(self, pipeline, script, at=0.0, _cancel=math.inf):
        self.clock.sleep(at)
        return pipeline.outcome(script)

    async def _all(self, calls, beside):
        others = [] if beside is None else [partial(beside, self)]
        return (await self.clock.atogether(*[partial(self._acall, *call) for call in calls], *others))[: len(calls)]

    async def _acall(self, pipeline, script, at=0.0, cancel=math.inf):
        await self.clock.asleep(at)
        call = pipeline.aoutcome(self.run.fn(script))
        if cancel == math.inf:
            return await call
        ended = AsyncWaiter()
        branch = self.clock.abranch(call, ended.wake)
        if not await self.clock.await_(ended, cancel):
            branch.cancel()
            await self.clock.await_(ended, math.inf)
        try:
            return branch.result()
        except asyncio.CancelledError:
            return "cancelled"

    async def sleep(self, seconds):
        if self.run.way == "sync":
            self.clock.sleep(seconds)
        else:
            await self.clock.asleep(seconds)


def finish(coroutine):
    """Drive a coroutine that never suspends."""
    with pytest.raises(StopIteration):
        coroutine.send(None)


@pytest.fixture
def calls(run, clock):
    """Calls at the same time."""
    return Calls(run, clock)


def test_calls_inside_are_counted(run, clock):
    """44: one while it runs, none before and after, whatever becomes of it."""
    bulkhead = fk.Bulkhead(2)
    pipeline = fk.Pipeline(bulkhead, clock=clock)
    assert (0, 0) == (bulkhead.active, bulkhead.waiting)
    assert (1, 0) == run.outcome(pipeline, lambda: (bulkhead.active, bulkhead.waiting)).value
    for error in (ConnectionError(), KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError()):
        script = Script(error, clock=clock)
        with contextlib.suppress(KeyboardInterrupt, GeneratorExit, asyncio.CancelledError):
            alone(run, pipeline, script)
        assert (0, 0, 1) == (bulkhead.active, bulkhead.waiting, len(script.calls))


def alone(run, pipeline, script):
    """In an event loop of its own: an interruption ends the loop it happens in."""
    if run.way == "sync":
        return pipeline.outcome(script)
    return asyncio.run(pipeline.aoutcome(run.fn(script)))


def test_more_than_the_limit_are_refused(calls, clock):
    """At once, without an attempt, as an overload that may pass; the trail says rejected."""
    pipeline = fk.Pipeline(fk.Bulkhead(2), clock=clock)
    script = Script("fine", clock=clock, takes=10)
    *inside, refused = calls.outcomes((pipeline, script), (pipeline, script), (pipeline, script, 4))
    assert ["answered"] * 2 == [outcome.status for outcome in inside]
    assert ("unavailable", "provider.overloaded", 0.0) == (refused.status, refused.failure.kind, refused.duration)
    assert isinstance(refused.failure.error, fk.BulkheadFull)
    assert "2 calls are inside and 0 wait" in str(refused.failure.error)
    assert [("rejected", ())] == [(step.verdict, step.attempts) for step in refused.trail]
    assert [0.0, 0.0] == script.calls


def test_a_refused_call_may_be_tried_again(calls, clock):
    """By a Retry outside, which finds a place when one is free."""
    pipeline = fk.Pipeline(fk.Retry(attempts=9, wait=lambda _: 3.0), fk.Bulkhead(1), clock=clock)
    script = Script("fine", clock=clock, takes=10)
    outcomes = calls.outcomes((pipeline, script), (pipeline, script, 1))
    assert ["answered", "answered"] == [outcome.status for outcome in outcomes]
    assert [0.0, 10.0] == script.calls


def test_a_call_whose_time_passes_in_line_is_late(calls, clock):
    """46: its own limit, told as such; no attempt was made, and the line is free for others."""
    bulkhead = fk.Bulkhead(1, queue=1)
    script = Script("fine", clock=clock, takes=10)
    held = (fk.Pipeline(bulkhead, clock=clock), script)
    hasty = (fk.Pipeline(fk.Deadline(4), bulkhead, clock=clock), script, 1)
    patient = (fk.Pipeline(bulkhead, clock=clock), script, 6)
    _, late, served = calls.outcomes(held, hasty, patient)
    assert ("unavailable", "timeout.first_byte", 4.0) == (late.status, late.failure.kind, late.duration)
    assert (4.0, fk.DeadlineExceeded) == (late.failure.limit, type(late.failure.error))
    assert "none of 1 places became free within 4 s" in str(late.failure.error)
    assert [("skipped", ())] == [(step.verdict, step.attempts) for step in late.trail]
    assert ("answered", [0.0, 10.0]) == (served.status, script.calls)


def test_pipelines_that_share_a_bulkhead_share_its_places(calls, clock):
    """And each keeps its own limits."""
    bulkhead = fk.Bulkhead(1)
    script = Script("fine", clock=clock, takes=10)
    pipelines = [fk.Pipeline(bulkhead, clock=clock), fk.Pipeline(fk.Retry(attempts=1), bulkhead, clock=clock)]
    first, second = calls.outcomes((pipelines[0], script), (pipelines[1], script, 1))
    assert ("answered", "unavailable") == (first.status, second.status)


def test_waiting_in_line_takes_no_permit_and_no_time_of_the_attempt(calls, clock):
    """The layers inside see a call when it is in."""
    breaker = fk.CircuitBreaker(consecutive=1)
    pipeline = fk.Pipeline(fk.Bulkhead(1, queue=2), breaker, fk.Timeout(8), clock=clock)
    script = Script("fine", clock=clock, takes=7)
    outcomes = calls.outcomes(*[(pipeline, script)] * 3)
    assert ["answered"] * 3 == [outcome.status for outcome in outcomes]
    assert [7.0, 14.0, 21.0] == [outcome.duration for outcome in outcomes]
    assert ("closed", 3, 0) == (breaker.state, breaker.snapshot().calls, breaker.snapshot().failures)


@dataclass(frozen=True)
class Plan:
    """One call: when it comes, how long it is inside, its deadline, and when its caller loses patience."""

    at: float
    takes: float
    deadline: float
    cancel: float


def apart(plans):
    """Plans whose times, and sums of times, are all different: then there is only one right story."""
    return [
        Plan(
            plan.at + 2.0 ** -(20 + number),
            plan.takes + 2.0 ** -(10 + number),
            plan.deadline + 2.0 ** -(30 + number),
            plan.cancel + 2.0 ** -(40 + number),
        )
        for number, plan in enumerate(plans)
    ]


plans = st.lists(
    st.builds(
        Plan,
        at=st.integers(0, 8),
        takes=st.integers(0, 6),
        deadline=st.sampled_from([math.inf, math.inf, 1, 3, 5, 9]),
        cancel=st.sampled_from([math.inf, math.inf, 0, 2, 4]),
    ),
    max_size=8,
).map(apart)


class Model:
    """A bulkhead by the book: lists, and a heap of what happens next."""

    def __init__(self, limit, queue, plans):
        self.limit, self.queue, self.plans = limit, queue, plans
        self.active, self.line = [], []
        self.story = [None] * len(plans)  # (what became of it, when it went in, when it ended)
        self.history = [(-1.0, 0, 0)]
        self.heap = [(plan.at, number, "come") for number, plan in enumerate(plans)]
        heapq.heapify(self.heap)

    def run(self):
        while self.heap and self.heap[0][0] < math.inf:
            now, number, happens = heapq.heappop(self.heap)
            getattr(self, happens)(now, number)
            self.history.append((now, len(self.active), len(self.line)))
        return self.story

    def at(self, moment):
        """How many are inside, and how many wait."""
        return [counts for now, *counts in self.history if now <= moment][-1]

    def out_of_time(self, number):
        plan = self.plans[number]
        ways = [(plan.at + plan.deadline, "late"), (plan.at + plan.cancel, "cancelled")]
        return min(ways)

    def come(self, now, number):
        if len(self.active) < self.limit:
            self.enter(now, number)
        elif len(self.line) < self.queue:
            self.line.append(number)
            heapq.heappush(self.heap, (self.out_of_time(number)[0], number, "lose"))
        else:
            self.story[number] = ("full", None, now)

    def enter(self, now, number):
        self.active.append(number)
        end, how = min((now + self.plans[number].takes, "answered"), self.out_of_time(number))
        self.story[number] = (how, now, end)
        heapq.heappush(self.heap, (end, number, "leave"))

    def leave(self, now, number):
        self.active.remove(number)
        if self.line:
            self.enter(now, self.line.pop(0))

    def lose(self, now, number):
        if number in self.line:
            self.line.remove(number)
            self.story[number] = (self.out_of_time(number)[1], None, now)


@thrice
@given(limit=st.integers(1, 3), queue=st.integers(0, 3), plans=plans)
def test_any_traffic_is_served_by_the_book(run, limit, queue, plans):
    """44: active ≤ limit, queue ≤ q, first come first served; whoever gives up frees its place, and none is lost."""
    if run.way != "async":  # a plain function cannot be cancelled
        plans = [Plan(plan.at, plan.takes, plan.deadline, math.inf) for plan in plans]
    clock, bulkhead = FakeClock(), fk.Bulkhead(limit, queue=queue)
    model = Model(limit, queue, plans)
    expected = model.run()
    scripts = [Script("fine", clock=clock, takes=plan.takes) for plan in plans]

    def pipeline(plan):
        limits = [fk.Deadline(plan.deadline)] if plan.deadline < math.inf else []
        return fk.Pipeline(*limits, bulkhead, clock=clock)

    async def looks_on(calls):
        for _ in range(50):
            await calls.sleep(0.5)
            assert model.at(clock.now()) == [bulkhead.active, bulkhead.waiting]
            assert bulkhead.active <= limit
            assert bulkhead.waiting <= queue

    served = [(pipeline(plan), script, plan.at, plan.cancel) for plan, script in zip(plans, scripts, strict=True)]
    outcomes = Calls(run, clock).outcomes(*served, beside=looks_on)
    for plan, script, outcome, (how, entered, ended) in zip(plans, scripts, outcomes, expected, strict=True):
        assert [entered] * (entered is not None) == script.calls
        assert how == what_became_of(outcome)
        if how != "cancelled":
            assert ended == plan.at + outcome.duration
    assert (0, 0) == (bulkhead.active, bulkhead.waiting)


def what_became_of(outcome):
    """In one word."""
    if outcome == "cancelled":
        return outcome
    if outcome.failure is None:
        return "answered"
    return {fk.BulkheadFull: "full", fk.DeadlineExceeded: "late"}[type(outcome.failure.error)]


@pytest.mark.parametrize("turns", range(12))
def test_a_place_handed_over_to_a_cancelled_call_goes_on(turns):
    """44: cancelled before, at, or after the hand-over, whoever comes next is served."""
    bulkhead = fk.Bulkhead(1, queue=5)
    pipeline = fk.Pipeline(bulkhead)

    async def main():
        release, entered = asyncio.Event(), []

        async def held():
            await release.wait()

        async def ask(number):
            entered.append(number)

        tasks = [asyncio.ensure_future(pipeline.aoutcome(held))]
        await asyncio.sleep(0)
        tasks += [asyncio.ensure_future(pipeline.aoutcome(partial(ask, number))) for number in range(3)]
        await asyncio.sleep(0)
        assert (1, 3) == (bulkhead.active, bulkhead.waiting)
        release.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert [1, 2] == entered[-2:]
        assert tasks[1].cancelled() == (0 not in entered)

    asyncio.run(main())
    assert (0, 0) == (bulkhead.active, bulkhead.waiting)


class Inside:
    """A blocking function that counts who is in it, and lets nobody out before ``together`` have met."""

    def __init__(self, together):
        self.met = threading.Barrier(together)
        self.lock = threading.Lock()
        self.now = self.most = 0

    def __call__(self):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.met.wait(AGES)
        with self.lock:
            self.now -= 1
        return "fine"


def test_threads_share_the_places():
    """28, 44: 32 threads, four places: always four inside at once, never more, and everybody is served."""
    bulkhead, inside, outcomes = fk.Bulkhead(4, queue=28), Inside(4), []
    protected = fk.Pipeline(bulkhead)(inside)
    threads = [threading.Thread(target=lambda: outcomes.append(protected.outcome())) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(AGES)
    assert ["answered"] * 32 == [outcome.status for outcome in outcomes]
    assert (4, 0, 0) == (inside.most, bulkhead.active, bulkhead.waiting)


def test_threads_tasks_and_event_loops_share_the_places():
    """44: three event loops with tasks, async and blocking, and eight threads: places go from one to the other."""
    bulkhead, inside, outcomes = fk.Bulkhead(4, queue=60), Inside(4), []
    pipeline = fk.Pipeline(bulkhead)

    async def ask():
        return await asyncio.to_thread(inside)

    async def main():
        outcomes.extend(await asyncio.gather(*[pipeline.aoutcome(fn) for fn in [ask, inside] * 4]))

    targets = [lambda: asyncio.run(main())] * 3 + [lambda: outcomes.append(pipeline.outcome(inside))] * 8
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(AGES)
    assert ["answered"] * 32 == [outcome.status for outcome in outcomes]
    assert (4, 0, 0) == (inside.most, bulkhead.active, bulkhead.waiting)


def becomes_empty(bulkhead):
    """Wait for the thread that holds the last place: its function has ended."""
    for _ in range(1000):
        if not bulkhead.active:
            return
        threading.Event().wait(0.005)
    pytest.fail("the place stays taken")


@pytest.fixture(params=["sync", "threads"])
def blocking(request):
    """Both ways to serve a blocking function under a limit."""
    if request.param == "sync":
        return lambda pipeline, fn: pipeline.outcome(fn)
    return lambda pipeline, fn: asyncio.run(pipeline.aoutcome(fn))


def test_a_hung_call_keeps_its_place_until_its_thread_ends(blocking):
    """It was given up at its limit, but what it hangs on is still in use; then the place goes to who waits."""
    before, released, bulkhead = _threads.abandoned(), threading.Event(), fk.Bulkhead(1)
    assert (
        "timeout.first_byte"
        == blocking(fk.Pipeline(bulkhead, fk.Timeout(TINY)), lambda: released.wait(AGES)).failure.kind
    )
    assert 1 == bulkhead.active
    assert isinstance(blocking(fk.Pipeline(bulkhead), lambda: "fine").failure.error, fk.BulkheadFull)
    bulkhead.queue = 1
    late = blocking(fk.Pipeline(fk.Deadline(TINY), bulkhead), lambda: "fine")
    assert isinstance(late.failure.error, fk.DeadlineExceeded)
    threading.Timer(TINY, released.set).start()
    assert "fine" == blocking(fk.Pipeline(fk.Deadline(AGES), bulkhead), lambda: "fine").text
    settle(before)
    assert (0, 0) == (bulkhead.active, bulkhead.waiting)  # it was the call after the hung one that left last


def test_every_hung_call_of_a_call_is_waited_for(blocking):
    """An inner pipeline may leave more than one behind."""
    before, bulkhead = _threads.abandoned(), fk.Bulkhead(1)
    released = [threading.Event(), threading.Event()]
    inner = fk.Pipeline(fk.Timeout(TINY))

    def ask():
        return str([inner.outcome(partial(event.wait, AGES)).failure.kind for event in released])

    assert "answered" == blocking(fk.Pipeline(bulkhead), ask).status
    for event in reversed(released):
        assert 1 == bulkhead.active
        event.set()
        settle(before + (event is released[1]))
    becomes_empty(bulkhead)


def test_a_cancelled_task_whose_thread_hangs_keeps_its_place():
    """10, 44: the caller goes at once, the place when the thread ends."""
    before, released, entered, bulkhead = _threads.abandoned(), threading.Event(), threading.Event(), fk.Bulkhead(1)

    def hang():
        entered.set()
        released.wait(AGES)

    async def main():
        task = asyncio.ensure_future(fk.Pipeline(bulkhead).aoutcome(hang))
        assert await asyncio.to_thread(entered.wait, AGES)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert 1 == bulkhead.active
        released.set()

    asyncio.run(main())
    settle(before)
    becomes_empty(bulkhead)


def test_what_hangs_is_noted_where_it_was_started():
    """Wherever it is given up; and whoever waits for its end is told, however late they ask."""
    noted, told, release = [], [], threading.Event()

    def start():
        _threads.LEFT_BEHIND.set(noted)
        return _threads.start(partial(release.wait, AGES))

    before = _threads.abandoned()
    job = contextvars.copy_context().run(start)
    assert not job.give_up()
    assert [job] == noted
    job.after(partial(told.append, "at its end"))
    assert [] == told
    release.set()
    settle(before)
    job.after(partial(told.append, "afterwards"))
    assert {"at its end", "afterwards"} >= set(told) >= {"afterwards"}


def test_a_stream_that_is_dropped_elsewhere_gives_its_place_back(clock, caplog):
    """40: closed in another context than it was begun in, as garbage collection does, and nothing to complain of."""
    bulkhead = fk.Bulkhead(1)
    outcomes = fk.Pipeline(bulkhead, clock=clock).stream(lambda: iter(["a", "b"]))
    begun = contextvars.copy_context()
    assert ["working", "streaming"] == [begun.run(next, outcomes).status for _ in range(2)]
    assert 1 == bulkhead.active
    contextvars.Context().run(outcomes.close)
    assert (0, []) == (bulkhead.active, caplog.records)


def test_a_call_leaves_nothing_in_its_context(run):
    """What hangs later is no business of a bulkhead that was passed before."""
    pipeline = fk.Pipeline(fk.Bulkhead(1))

    async def acall():
        await pipeline.aoutcome(run.fn(lambda: "fine"))
        return _threads.LEFT_BEHIND.get()

    def call():
        pipeline.outcome(lambda: "fine")
        return _threads.LEFT_BEHIND.get()

    assert (call() if run.way == "sync" else run.runner.run(acall())) is None


@pytest.mark.parametrize(
    ("name", "value"), [("limit", 0), ("limit", -1), ("limit", True), ("limit", 1.5), ("limit", None)]
)
def test_odd_limits_are_refused(name, value):
    """The message names the argument and the value."""
    with pytest.raises(ValueError, match=f"`{name}` must be a whole number of 1 or more, got {value}"):
        fk.Bulkhead(value)


@pytest.mark.parametrize("value", [-1, True, 0.5, "3", math.inf])
def test_odd_queues_are_refused(value):
    """The message names the argument and the value."""
    with pytest.raises(ValueError, match=f"`queue` must be a whole number of 0 or more, got {value!r}"):
        fk.Bulkhead(1, queue=value)


def test_it_says_how_many():
    """48: in one phrase."""
    assert "Bulkhead(4 at a time, queue of 8)" == fk.Bulkhead(4, queue=8).describe()
    assert "Bulkhead(1 at a time)" == fk.Bulkhead(1).describe()
