"""Deadlines and time-outs on a virtual clock."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit.testing import FakeClock, Fault, Script

few = settings(max_examples=40)
HANG = Fault()


@few
@given(
    deadline=st.floats(1, 100),
    share=st.floats(0.01, 0.9),
    before=st.lists(
        st.sampled_from([HANG, Fault(kind="provider.5xx", after=0.5), Fault(error=OSError(), after=30)]),
        min_size=1,
        max_size=5,
    ),
)
def test_a_quick_rung_always_gets_to_answer(run, deadline, share, before):
    """50: whatever the rungs before it do, a rung that needs no more than ``reserve`` answers inside the deadline."""
    clock = FakeClock()
    reserve = deadline * share / len(before)
    scripts = [Script(play, clock=clock) for play in before]
    last = Script("quick", clock=clock, takes=reserve * 0.999)
    rungs = [run.fn(script) for script in [*scripts[1:], last]]
    pipeline = fk.Pipeline(
        fk.Deadline(deadline), fk.Fallback(*rungs, reserve=reserve), fk.Retry(attempts=4), clock=clock
    )
    outcome = run.outcome(pipeline, scripts[0])
    assert ("degraded", "quick") == (outcome.status, outcome.text)
    assert outcome.duration <= deadline * (1 + 1e-9)


@few
@given(deadline=st.floats(0.1, 100), timeout=st.floats(0.05, 1), attempts=st.integers(1, 6))
def test_hung_attempts_end_at_the_limit_that_comes_first(run, deadline, timeout, attempts):
    """2: each hung attempt lasts its time-out, all together the deadline at most."""
    clock = FakeClock()
    timeout = min(timeout, deadline)
    chain = [fk.Deadline(deadline), fk.Retry(attempts=attempts, max_wait=0), fk.Timeout(timeout)]
    outcome = run.outcome(fk.Pipeline(*chain, clock=clock), Script(HANG, clock=clock))
    assert min(deadline, attempts * timeout) == pytest.approx(outcome.duration)
    assert "timeout.first_byte" == outcome.failure.kind
    assert isinstance(outcome.failure.error, fk.DeadlineExceeded)
    assert isinstance(outcome.failure.error, TimeoutError)
    assert all(attempt.duration <= timeout * (1 + 1e-9) for attempt in outcome.trail[0].attempts)


def test_a_result_in_time_is_delivered(run, clock):
    """46: a call that ends just before its limit has answered, one just after has not."""
    pipeline = fk.Pipeline(fk.Timeout(8), clock=clock)
    assert "answered" == run.outcome(pipeline, Script("in time", clock=clock, takes=7.999)).status
    assert "unavailable" == run.outcome(pipeline, Script("late", clock=clock, takes=8.001)).status


def test_a_foreign_time_out_is_itself(run, clock):
    """46: the client's own TimeoutError comes up as the same object, not as a limit of ours."""
    error = TimeoutError("the client's")
    chain = [fk.Deadline(20), fk.Retry(attempts=1), fk.Timeout(8)]
    failure = run.outcome(fk.Pipeline(*chain, clock=clock), Script(error, clock=clock)).failure
    assert error is failure.error
    assert ("timeout.first_byte", None) == (failure.kind, failure.limit)


def test_a_limit_says_how_long_it_was(run, clock):
    """46: a limit of ours is reported with its seconds."""
    failure = run.outcome(fk.Pipeline(fk.Timeout(8), clock=clock), Script(HANG, clock=clock)).failure
    assert (8.0, 8.0) == (failure.limit, failure.error.limit)


def test_no_call_starts_after_the_deadline(run, clock):
    """2: when the time is up before a rung's turn, the rung is skipped and the trail says so."""

    def overrun(*_args):
        clock.advance(30)
        raise ConnectionError

    rung = Script("too late", clock=clock)
    pipeline = fk.Pipeline(fk.Deadline(20), fk.Fallback(run.fn(rung)), fk.Retry(), clock=clock)
    outcome = run.outcome(pipeline, overrun, "?")
    assert [] == rung.calls
    assert ["failed", "skipped"] == [step.verdict for step in outcome.trail]
    assert ["deadline", None] == [step.failure.stopped_by for step in outcome.trail]


def nested_remaining(run, clock, inner_clock=None, *inner_chain):
    """What ``remaining()`` gives in a function, and in a pipeline that this function calls."""
    seen = []
    inner = fk.Pipeline(*inner_chain, clock=inner_clock)

    def innermost():
        seen.append(fk.remaining())
        return "fine"

    def ask():
        seen.append(fk.remaining())
        clock.sleep(5)
        assert "fine" == inner.call(innermost)
        return "fine"

    outcome = run.outcome(fk.Pipeline(fk.Deadline(20), fk.Timeout(8), clock=clock), ask)
    assert "answered" == outcome.status
    return seen


def test_remaining_counts_down_into_nested_pipelines(run, clock):
    """The tightest limit counts, inside the function and in what it calls."""
    assert [8.0, 3.0] == nested_remaining(run, clock, clock)
    inside = FakeClock()
    assert [8.0, 1.0] == nested_remaining(run, inside, inside, fk.Timeout(1))


def test_a_limit_reaches_a_pipeline_with_another_clock(run, clock):
    """Two clocks do not show the same time, but the seconds left are the same."""
    assert [8.0, 3.0] == nested_remaining(run, clock, FakeClock(start=1e6))
    outer, inner = nested_remaining(run, FakeClock(), fk.SystemClock())
    assert 8.0 == outer
    assert 0 < inner <= 3.0


def test_no_wait_outlasts_the_limit_of_a_caller(run, clock):
    """2: the time that is left around a nested pipeline ends its retries too, on whatever clock it runs."""

    def ask():
        stopped.append(inner.outcome(Script(Fault(kind="rate.shared", retry_after=60), clock=clock)).failure.stopped_by)
        return "fine"

    for inner_clock in (clock, FakeClock(start=1e6), FakeClock(start=-1e6), None):
        stopped = []
        inner = fk.Pipeline(fk.Retry(), clock=inner_clock)
        assert "answered" == run.outcome(fk.Pipeline(fk.Timeout(8), clock=clock), ask).status
        assert ["deadline"] == stopped


def test_a_limit_reaches_a_rung_with_another_clock(run, clock):
    """A rung that is a pipeline on a clock of its own stays inside the caller's deadline."""
    seen = []

    def rung():
        seen.append(fk.remaining())
        return "fine"

    protected = fk.Pipeline(clock=FakeClock(start=1e6))(run.fn(rung))
    pipeline = fk.Pipeline(fk.Deadline(20), fk.Fallback(protected), clock=clock)
    outcome = run.outcome(pipeline, Script(Fault(kind="provider.5xx", after=5), clock=clock))
    assert ("degraded", "fine") == (outcome.status, outcome.text)
    assert [15.0] == seen


def test_without_a_limit_nothing_remains_to_tell(run):
    """No limit, no number; and none leaks out of a call that had one."""
    seen = []
    fine = run.outcome(fk.Pipeline(fk.Timeout(8)), lambda: "fine")
    run.outcome(fk.Pipeline(), lambda: seen.append(fk.remaining()))
    assert ("fine", [None], None) == (fine.text, seen, fk.remaining())


def test_remaining_is_never_negative(run, clock):
    """Code that overruns its limit is told 0."""

    def ask():
        clock.advance(9)
        return str(fk.remaining())

    assert "0.0" == run.outcome(fk.Pipeline(fk.Timeout(8), clock=clock), ask).text


def test_the_rungs_of_a_nested_pipeline_share_the_deadline(run, clock):
    """35: a rung that is a pipeline cannot outlast the caller, whatever limits of its own it has."""
    inner = fk.Pipeline(fk.Deadline(1000), fk.Retry(attempts=50, max_wait=0), fk.Timeout(7), clock=clock)
    rung = inner(run.fn(Script(HANG, clock=clock)))
    pipeline = fk.Pipeline(fk.Deadline(20), fk.Fallback(rung, run.fn(lambda: "page 7")), clock=clock)
    outcome = run.outcome(pipeline, Script(Fault(kind="provider.5xx"), clock=clock))
    assert ("degraded", "page 7") == (outcome.status, outcome.text)
    assert 19.0 == pytest.approx(outcome.duration)
    assert math.inf > len(outcome.trail[1].attempts) >= 2


def test_a_rung_without_any_time_left_says_that_it_had_none(run, clock):
    """It is not entered, and its limit counts from its own beginning, whatever the clock says."""
    clock.advance(100)
    rung = Script("never", clock=clock)
    pipeline = fk.Pipeline(fk.Deadline(5), fk.Fallback(fk.Rung(run.fn(rung), "rule"), reserve=0), clock=clock)
    outcome = run.outcome(pipeline, Script("late", clock=clock, takes=9))
    assert ([], "skipped", 0) == (rung.calls, outcome.trail[-1].verdict, outcome.trail[-1].failure.limit)
