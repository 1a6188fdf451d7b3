"""Hedges on real threads and tasks: who is given up, what it still holds, and what an interruption leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import subprocess
import sys
import threading
import time

import pytest

import fallbackkit as fk
from fallbackkit import _threads, events
from fallbackkit._fork import Fork, GivenUp
from fallbackkit._runtime import SYNC, Target, drive
from fallbackkit.testing import FakeClock
from tests.core.test_hedge import Timed
from tests.core.test_interruptions import INTERRUPTIONS, settle

AGES = 20.0
SOON = 0.01


@pytest.fixture(autouse=True)
def no_complaints(caplog):
    """Nothing is logged: no bug of a layer, no task whose exception nobody looked at."""
    yield
    assert [] == [record.getMessage() for record in caplog.get_records("call")]


class Hang:
    """A blocking function that hangs in its first call until released, and answers in the others."""

    def __init__(self, outcome="too late"):
        self.outcome = outcome
        self.calls = 0
        self.entered, self.released, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.lock = threading.Lock()

    def __call__(self):
        with self.lock:
            self.calls += 1
            first = self.calls == 1
        if not first:
            return "quick"
        self.entered.set()
        self.released.wait(AGES)
        self.ended.set()
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


@pytest.fixture(params=["sync", "threads"])
def blocking(request):
    """Both ways to serve a blocking function."""
    if request.param == "sync":
        return lambda pipeline, fn: pipeline.outcome(fn)
    return lambda pipeline, fn: asyncio.run(pipeline.aoutcome(fn))


def until(holds):
    """Wait for what another thread does."""
    for _ in range(2000):
        if holds():
            return
        threading.Event().wait(0.005)
    pytest.fail("it does not happen")


@pytest.mark.parametrize("play", ["too late", ConnectionError("late"), fk.CannotAnswer("provider.5xx"), ""])
@pytest.mark.parametrize("limit", [[], [fk.Timeout(AGES)]])
def test_a_thread_that_lost_is_unheard(blocking, play, limit):
    """45, 22: it counts among those that hang, keeps its place, and what it comes to changes nothing but these."""
    before, hang, seen = _threads.abandoned(), Hang(play), []
    breaker, bulkhead = fk.CircuitBreaker(consecutive=1), fk.Bulkhead(5)
    chain = [fk.Hedge(SOON), fk.Validate(), bulkhead, breaker, *limit]
    outcome = blocking(fk.Pipeline(*chain, observers=[seen.append]), hang)
    assert ("quick", 2) == (outcome.text, hang.calls)
    assert ["cancelled", None] == [attempt.failure and attempt.failure.kind for attempt in outcome.trail[0].attempts]
    assert not hang.ended.is_set()
    assert 1 == bulkhead.active
    assert before < _threads.abandoned()
    hang.released.set()
    settle(before)
    until(lambda: not bulkhead.active)
    snapshot = breaker.snapshot()
    assert ("closed", 1, 0, 0) == (snapshot.state, snapshot.calls, snapshot.failures, snapshot.trials)
    assert [events.Hedged, events.Answered] == [type(event) for event in seen]


def test_a_thread_that_lost_does_not_count_as_late():
    """22: its time limit passes unheard, too."""
    before, hang, breaker = _threads.abandoned(), Hang(), fk.CircuitBreaker(consecutive=1)
    assert "quick" == fk.Pipeline(fk.Hedge(SOON), breaker, fk.Timeout(0.2)).outcome(hang).text
    until(lambda: _threads.abandoned() == before + 1)  # that of the attempt has ended, the function still hangs
    assert ("closed", 1, 0) == (breaker.state, breaker.snapshot().calls, breaker.snapshot().failures)
    hang.released.set()
    settle(before)


def test_a_trial_that_lost_gives_its_permit_back():
    """20: when its thread ends at the latest, a half-open breaker can try again."""
    hang, breaker = Hang(), fk.CircuitBreaker(consecutive=1, reset_timeout=SOON, trial_calls=2)
    fk.Pipeline(breaker).outcome(fail)
    threading.Event().wait(2 * SOON)
    assert "quick" == fk.Pipeline(fk.Hedge(SOON), breaker).outcome(hang).text
    assert ("half_open", 1) == (breaker.state, breaker.snapshot().trials)
    hang.released.set()
    until(lambda: not breaker.snapshot().trials)
    assert "half_open" == breaker.state


def fail():
    """As a provider in trouble does."""
    raise ConnectionResetError from fk.CannotAnswer("provider.5xx")


@pytest.mark.parametrize("way", ["sync", "async", "threads"])
def test_a_loser_in_line_makes_room(way):
    """44, 45: an attempt that waits for a place when the other answers leaves the line at once, and never starts."""
    bulkhead, hang, taken = fk.Bulkhead(1, queue=1), Hang(), threading.Event()
    holder = threading.Thread(target=lambda: fk.Pipeline(bulkhead).outcome(lambda: taken.set() or hang()))
    holder.start()
    assert taken.wait(AGES)
    calls = []

    def ask():
        calls.append(len(calls))
        return "fine"

    async def aask():
        return ask()

    # the first attempt waits in line; the second is refused; so the first waits on, inside its deadline
    pipeline = fk.Pipeline(fk.Deadline(0.2), fk.Hedge(SOON), bulkhead)
    outcome = serve(way, pipeline, ask, aask)
    assert isinstance(outcome.failure.error, fk.DeadlineExceeded)
    assert ([], 0, 1) == (calls, bulkhead.waiting, bulkhead.active)
    # now the caller is interrupted while an attempt waits in line
    with pytest.raises(KeyboardInterrupt):
        serve(way, fk.Pipeline(fk.Hedge(SOON), bulkhead, observers=[interrupt]), ask, aask)
    until(lambda: not bulkhead.waiting)
    hang.released.set()
    holder.join(AGES)
    assert ([], 0, 0) == (calls, bulkhead.waiting, bulkhead.active)


def interrupt(event):
    """Ctrl-C while an observer runs."""
    raise KeyboardInterrupt


def serve(way, pipeline, ask, aask=None):
    """In an event loop of its own: an interruption ends the loop it happens in."""
    if way == "sync":
        return pipeline.outcome(ask)
    if way == "async":
        return asyncio.run(pipeline.aoutcome(aask or ask.asynchronous))
    return asyncio.run(pipeline.aoutcome(ask))


@pytest.mark.parametrize("interruption", INTERRUPTIONS)
@pytest.mark.parametrize("way", ["sync", "async", "threads"])
def test_an_interruption_of_an_attempt_is_one_of_the_call(way, interruption):
    """10: it passes through, the other attempt is given up, and nothing is counted."""
    clock, breaker, bulkhead, seen = FakeClock(), fk.CircuitBreaker(consecutive=1), fk.Bulkhead(5), []
    error = interruption("stop")
    script = Timed(("slow", 100), (error, 1), clock=clock)
    chain = [fk.Retry(on=lambda _: True), fk.Hedge(2), fk.Validate(), bulkhead, breaker, fk.Timeout(200)]
    pipeline = fk.Pipeline(*chain, clock=clock, observers=[seen.append])
    with pytest.raises(interruption) as raised:
        serve(way, pipeline, script)
    assert error is raised.value or way != "sync"
    assert [0.0, 2.0] == script.calls
    assert [events.Hedged] == [type(event) for event in seen]
    until(lambda: not bulkhead.active)
    assert ("closed", 0, 0) == (breaker.state, breaker.snapshot().calls, breaker.snapshot().trials)


def test_cancellation_at_any_step_leaves_nothing_behind():
    """10, 45: after any number of turns of the loop: no task, no permit, no place, no later start, no open function."""
    turns = 0
    while asyncio.run(cancelled_after(turns, "async")):
        turns += 1
    assert turns > 20


@pytest.mark.parametrize("turns", [*range(8), *range(8, 500, 41)])
def test_cancellation_at_any_time_leaves_no_thread_behind(turns):
    """The same with plain functions, which unwind by themselves."""
    asyncio.run(cancelled_after(turns, "threads"))


async def cancelled_after(turns, way):
    """Cancel a call with three attempts, and look around. Whether it could be cancelled."""
    clock, inside, before = FakeClock(), [], _threads.abandoned()
    breaker, bulkhead = fk.CircuitBreaker(min_calls=99), fk.Bulkhead(9)
    script = Timed((ConnectionError(), 3), ("slow", 50), ("answer", 5), ("no", 1), clock=clock)

    async def aask():
        inside.append(1)
        try:
            return await cleaned_up()
        finally:
            inside.pop()

    async def cleaned_up():
        try:
            return await script.asynchronous()
        finally:
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    def ask():
        inside.append(1)
        try:
            return script()
        finally:
            inside.pop()

    chain = [fk.Deadline(100), fk.Hedge(2, max_hedges=2), fk.Validate(), bulkhead, breaker, fk.Timeout(60)]
    pipeline = fk.Pipeline(*chain, clock=clock)
    task = asyncio.ensure_future(pipeline.aoutcome(aask if way == "async" else ask))
    for _ in range(turns):
        await asyncio.sleep(0)
    could = task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        assert "answer" == (await task).text
    assert task.cancelled() == could
    assert {asyncio.current_task()} == asyncio.all_tasks()
    while inside or bulkhead.active or _threads.abandoned() > before:  # noqa: ASYNC110 - a thread unwinds by itself
        await asyncio.sleep(0.001)
    calls = len(script.calls)
    assert calls <= 3
    assert 0 == breaker.snapshot().trials
    await clock.asleep(1000)
    assert calls == len(script.calls)
    return could


def test_a_loser_is_cleaned_up_before_the_answer_comes():
    """45: its clean-up is awaited."""
    log = []

    async def ask():
        log.append("entered")
        if len(log) > 1:
            return "quick"
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(9):
                await asyncio.sleep(0)
            log.append("closed")

    outcome = asyncio.run(fk.Pipeline(fk.Hedge(SOON)).aoutcome(ask))
    assert ("quick", ["entered", "entered", "closed"]) == (outcome.text, log)


def test_a_stubborn_loser_holds_up_the_answer_for_a_second_at_most(clock):
    """It is left to itself then, and told apart from a success of its own."""
    log, breaker = [], fk.CircuitBreaker(min_calls=1, window=1000)

    async def ask():
        log.append(clock.now())
        if len(log) > 1:
            return "quick"
        with contextlib.suppress(asyncio.CancelledError):
            await clock.asleep(100)
        with contextlib.suppress(asyncio.CancelledError):
            await clock.asleep(30)
        log.append("done")
        return "ignored the cancellation"

    async def main():
        outcome = await fk.Pipeline(fk.Hedge(2), breaker, clock=clock).aoutcome(ask)
        assert ("quick", 3.0) == (outcome.text, clock.now())
        await clock.asleep(60)
        return outcome

    outcome = asyncio.run(main())
    assert 1.0 + 2.0 == outcome.duration
    assert [0.0, 2.0, "done"] == log
    assert (1, 0, 0) == (breaker.snapshot().calls, breaker.snapshot().failures, breaker.snapshot().trials)


def test_losers_that_fail_are_no_complaint_of_asyncio():
    """``Task exception was never retrieved`` would be a lie: nobody is to retrieve it."""
    entered = []

    async def ask():
        entered.append(True)
        if len(entered) > 1:
            return "quick"
        try:
            await asyncio.Event().wait()
        finally:
            raise ConnectionError("in the clean-up")

    assert "quick" == asyncio.run(fk.Pipeline(fk.Hedge(SOON), fk.Validate()).aoutcome(ask)).text
    gc.collect()


def test_an_abandoned_coroutine_closes_quietly():
    """GeneratorExit: a call that is dropped half-way gives up its attempts, and complains to nobody."""
    breaker, inside = fk.CircuitBreaker(min_calls=1), []

    async def ask():
        inside.append(True)
        try:
            await asyncio.Event().wait()
        finally:
            inside.pop()

    async def main():
        dropped = fk.Pipeline(fk.Hedge(SOON), breaker).aoutcome(ask)
        dropped.send(None)
        await asyncio.sleep(2 * SOON)
        assert [True] == inside
        dropped.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert {asyncio.current_task()} == asyncio.all_tasks()

    asyncio.run(main())
    assert ([], 0, 0) == (inside, breaker.snapshot().trials, breaker.snapshot().calls)


def test_hung_threads_are_bounded(blocking, monkeypatch):
    """Without a thread for the first attempt the call is refused as such."""
    before, hangs = _threads.abandoned(), [Hang(), Hang()]
    monkeypatch.setattr(_threads, "MAX_ABANDONED", before + 2)
    pipeline = fk.Pipeline(fk.Hedge(SOON))
    for hang in hangs:
        assert "quick" == blocking(pipeline, hang).text
    refused = blocking(pipeline, lambda: "fine")
    assert ("provider.overloaded", fk.BulkheadFull) == (refused.failure.kind, type(refused.failure.error))
    for hang in hangs:
        hang.released.set()
    settle(before)
    assert "fine" == blocking(pipeline, lambda: "fine").text


def test_a_hedge_without_a_thread_is_none(monkeypatch):
    """The first attempt goes on alone."""
    seen = []

    def ask():
        monkeypatch.setattr(_threads, "MAX_ABANDONED", _threads.abandoned())
        threading.Event().wait(3 * SOON)
        return "fine"

    outcome = fk.Pipeline(fk.Hedge(SOON), observers=[seen.append]).outcome(ask)
    assert ("fine", 1, [events.Answered]) == (
        outcome.text,
        len(outcome.trail[0].attempts),
        [type(event) for event in seen],
    )


def test_many_hedged_calls_share_one_pipeline():
    """11: sixteen threads, each of its calls with one slow and one quick attempt, each gets its own answer."""
    lock, entered, stop = threading.Lock(), {}, threading.Event()
    before = _threads.abandoned()

    def ask(number):
        with lock:
            entered[number] = entered.get(number, 0) + 1
            first = entered[number] == 1
        if first:
            stop.wait(AGES)
        return f"answer {number}"

    breaker = fk.CircuitBreaker(min_calls=1)
    protected = fk.Pipeline(fk.Hedge(SOON), fk.Validate(), breaker)(ask)
    answers = {}
    callers = [threading.Thread(target=lambda n=n: answers.update({n: protected.outcome(n).text})) for n in range(16)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(AGES)
    assert {number: f"answer {number}" for number in range(16)} == answers
    assert {2} == set(entered.values())
    stop.set()
    settle(before)
    until(lambda: (16, 0) == (breaker.snapshot().calls, breaker.snapshot().failures))


def test_the_first_of_many_async_answers_counts():
    """On the machine's clock: the others are cancelled, each once."""
    cancelled = []

    async def ask():
        number = len(started)
        started.append(number)
        try:
            await asyncio.sleep(AGES if number != 2 else SOON)
        except asyncio.CancelledError:
            cancelled.append(number)
            raise
        return f"answer {number}"

    started = []
    began = time.monotonic()
    outcome = asyncio.run(fk.Pipeline(fk.Hedge(0, max_hedges=4)).aoutcome(ask))
    assert ("answer 2", [0, 1, 3, 4]) == (outcome.text, cancelled)
    assert time.monotonic() - began < AGES / 2
    assert ["cancelled"] * 4 + [None] == [a.failure and a.failure.kind for a in outcome.trail[0].attempts]


def test_what_was_given_up_before_its_thread_came_never_begins():
    """2, 45: no function is entered after its limit has passed, or its caller has gone."""
    calls = []
    for droppable in (True, False):
        job = _threads.Job(lambda: calls.append(droppable), None, droppable=droppable)  # noqa: B023 - run at once
        assert not job.give_up()
        job.run()
        assert job.done()
    assert [False] == calls


def fork_of(fn):
    """One attempt of a call, and the target that it would enter."""
    target = Target(fn)
    call = fk.Pipeline().start(target, SYNC, (), {})
    return Fork(call, 0, None), target


def test_a_fork_that_was_given_up_enters_nothing():
    """45: neither your function nor a line; and what lifts it out is no failure to anybody."""
    calls = []
    fork, target = fork_of(lambda: calls.append("entered"))
    fork.give_up()
    with pytest.raises(GivenUp):
        drive(fork.runtime.invoke(fork, target))
    with pytest.raises(GivenUp):
        drive(fork.runtime.wait(fork, fork.runtime.waiter()))
    assert ([], []) == (calls, fork.made())
    assert not issubclass(GivenUp, Exception)


def test_a_fork_that_waits_is_lifted_out():
    """It does not take being woken for that for being woken for what it waited for."""
    fork, _ = fork_of(str)
    waiter = fork.runtime.waiter()
    threading.Timer(SOON, fork.give_up).start()
    with pytest.raises(GivenUp):
        drive(fork.runtime.wait(fork, waiter))


def test_what_a_fork_has_made_is_told_for_good():
    """What its thread does to its own list later changes no trail."""
    fork, target = fork_of(lambda: "fine")
    drive(fork.runtime.invoke(fork, target))
    made = fork.made()
    fork.attempts[-1]["failure"] = "changed"
    assert [None] == [attempt["failure"] for attempt in made]


def test_waiting_for_attempts_that_clean_up_is_no_work(monkeypatch):
    """2: after the deadline the call sleeps until they have ended."""
    made = []
    waiter = fk._runtime.ASYNC.waiter
    monkeypatch.setattr(fk._runtime.AsyncRuntime, "waiter", lambda self: made.append(1) or waiter())

    async def ask():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(5 * SOON)

    outcome = asyncio.run(fk.Pipeline(fk.Deadline(2 * SOON), fk.Hedge(SOON)).aoutcome(ask))
    assert ["timeout.first_byte"] * 2 == [attempt.failure.kind for attempt in outcome.trail[0].attempts]
    assert len(made) < 10


FORKED = """
import os, sys, threading, warnings
warnings.simplefilter("ignore")
import fallbackkit as fk
hedge, bulkhead, entered = fk.Hedge("p50"), fk.Bulkhead(1, queue=1), threading.Event()
pipeline = fk.Pipeline(hedge, bulkhead)
def hang():
    entered.set()
    threading.Event().wait(30)
for _ in range(2):
    threading.Thread(target=pipeline.outcome, args=(hang,), daemon=True).start()
entered.wait()
while bulkhead.waiting < 1:
    threading.Event().wait(0.001)
hedge._usual._lock.acquire()
bulkhead._lock.acquire()
child = os.fork()
if child == 0:
    empty = (bulkhead.active, bulkhead.waiting) == (0, 0)
    os._exit(0 if empty and pipeline.outcome(lambda: "fine").status == "answered" else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_child_begins_with_an_empty_bulkhead():
    """Those inside and in line are in the parent, and so is whoever held a lock."""
    assert 0 == subprocess.run([sys.executable, "-c", FORKED], check=False, timeout=60).returncode  # noqa: S603


def test_a_child_that_was_forked_inside_leaves_no_debt():
    """It leaves a place that it does not have: one call at a time is one, afterwards too."""
    bulkhead = fk.Bulkhead(1)
    fk.Pipeline(bulkhead).outcome(bulkhead.start_over)
    assert 0 == bulkhead.active
