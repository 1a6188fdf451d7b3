from __future__ import annotations

from itertools import permutations

import pybreaker
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit.events import CircuitOpened
from fallbackkit.testing import FakeClock, Fault, Script


def take(breaker, clock, *seconds, verdict="success"):
    """Make calls one after the other, each of so many seconds."""
    for duration in seconds:
        permit = breaker.acquire()
        clock.advance(duration)
        breaker.settle(permit, verdict)


def counts(breaker):
    """Calls, failures and slow calls of the window."""
    snapshot = breaker.snapshot()
    return snapshot.calls, snapshot.failures, snapshot.slow


@pytest.mark.parametrize("durations", sorted(set(permutations([3, 3, 1, 1]))))
def test_enough_slow_calls_open_it_whatever_their_order(durations, clock):
    """17: two of four at a rate of a half, although all of them succeed."""
    breaker = fk.CircuitBreaker(slow_call=2, slow_rate=0.5, min_calls=4, clock=clock)
    take(breaker, clock, *durations[:3])
    assert "closed" == breaker.state
    take(breaker, clock, durations[3])
    assert ("open", 30.0) == (breaker.state, breaker.snapshot().retry_after)
    assert (4, 0, 2) == counts(breaker)
    assert 0.5 == breaker.snapshot().slow_rate


@given(slow=st.integers(1, 99), enough=st.booleans())
def test_the_slow_rate_is_met_exactly_for_every_share(slow, enough):
    """Reached, it opens; one slow call fewer leaves it closed."""
    clock = FakeClock()
    breaker = fk.CircuitBreaker(slow_call=1, slow_rate=slow / 100, min_calls=100, window=1e6, clock=clock)
    take(breaker, clock, *[2] * (slow - (not enough)), *[0] * (100 - slow + (not enough)))
    assert ("open" if enough else "closed") == breaker.state


def test_few_slow_calls_are_no_share(clock):
    """16: it does not open with fewer calls than `min_calls`, all of them slow."""
    breaker = fk.CircuitBreaker(slow_call=2, min_calls=5, clock=clock)
    take(breaker, clock, 9, 9, 9, 9)
    assert ("closed", (4, 0, 4)) == (breaker.state, counts(breaker))


def test_slow_is_what_takes_longer(clock):
    """A call of exactly `slow_call` seconds is in time."""
    breaker = fk.CircuitBreaker(slow_call=2, slow_rate=1, clock=clock)
    take(breaker, clock, 0, 2, 2.25)
    assert (3, 0, 1) == counts(breaker)


def test_calls_that_overlap_are_timed_each_from_its_permit(clock):
    """The second begins when the first is nearly over."""
    breaker = fk.CircuitBreaker(slow_call=2, clock=clock)
    first = breaker.acquire()
    clock.advance(1.5)
    second = breaker.acquire()
    clock.advance(1)
    for permit in (second, first):
        breaker.settle(permit, "success")
    assert (2, 0, 1) == counts(breaker)


def test_a_slow_call_still_is_what_it_came_to(clock):
    """A success is a success, a failure is a failure, and what is ignored is nothing at all."""
    breaker = fk.CircuitBreaker(slow_call=2, slow_rate=1, failure_rate=1, clock=clock)
    for verdict in ("success", "failure", "ignored"):
        take(breaker, clock, 3, verdict=verdict)
    assert (2, 1, 2) == counts(breaker)


def test_slow_calls_add_nothing_to_the_failures(clock):
    """Two failures and two slow successes of four are a rate of a half each, not of one."""
    breaker = fk.CircuitBreaker(slow_call=2, slow_rate=0.75, failure_rate=0.75, min_calls=4, clock=clock)
    take(breaker, clock, 3, 3)
    take(breaker, clock, 0, 0, verdict="failure")
    assert ("closed", (4, 2, 2)) == (breaker.state, counts(breaker))


def test_slow_calls_older_than_the_window_are_forgotten(clock):
    """24: with the calls that they were."""
    breaker = fk.CircuitBreaker(slow_call=0.5, slow_rate=1, min_calls=3, window=10, clock=clock)
    take(breaker, clock, 1, 1)
    clock.advance(10)
    assert ((0, 0, 0), None) == (counts(breaker), breaker.snapshot().slow_rate)
    take(breaker, clock, 1, 1)
    assert ("closed", (2, 0, 2)) == (breaker.state, counts(breaker))


def test_in_a_row_and_slow_are_two_reasons(clock):
    """A slow success ends the row of failures, and yet opens it by its share."""
    breaker = fk.CircuitBreaker(consecutive=2, slow_call=2, slow_rate=0.4, min_calls=5, clock=clock)
    take(breaker, clock, 0, verdict="failure")
    take(breaker, clock, 3)
    take(breaker, clock, 0, verdict="failure")
    take(breaker, clock, 0)
    assert "closed" == breaker.state
    take(breaker, clock, 3)
    assert "open" == breaker.state
    clock.advance(30)
    take(breaker, clock, 0)
    take(breaker, clock, 0, 0, verdict="failure")
    assert ("open", (2, 2, 0)) == (breaker.state, counts(breaker))


def test_a_slow_trial_has_failed(run, clock):
    """It opens again, for twice as long, and the answer is given all the same."""
    breaker, events = fk.CircuitBreaker(consecutive=1, slow_call=2, reset_timeout=30, trial_calls=2), []
    pipeline = fk.Pipeline(breaker, clock=clock, observers=[events.append])
    run.outcome(pipeline, Script(ConnectionError(), clock=clock))
    clock.advance(30)
    assert "fine" == run.outcome(pipeline, Script("fine", clock=clock, takes=2)).value
    assert "half_open" == breaker.state
    assert "late" == run.outcome(pipeline, Script("late", clock=clock, takes=3)).value
    assert ("open", 60.0) == (breaker.state, breaker.snapshot().retry_after)
    assert [30.0, 60.0] == [event.retry_after for event in events if isinstance(event, CircuitOpened)]
    clock.advance(60)
    for _ in range(2):
        run.outcome(pipeline, Script("fine", clock=clock, takes=2))
    assert ("closed", (0, 0, 0)) == (breaker.state, counts(breaker))


class Diary(pybreaker.CircuitBreakerListener):
    """Writes down what pybreaker tells."""

    def __init__(self):
        self.lines = []

    def failure(self, cb, exc):
        self.lines.append(repr(exc))

    def success(self, cb):
        self.lines.append("success")

    def state_change(self, cb, old_state, new_state):
        self.lines.append(f"{old_state.name} > {new_state.name}")


def test_pybreakers_listeners_see_a_slow_trial_fail(clock):
    """As a success it would have closed pybreaker; one that opens a closed breaker is the success that it was."""
    diary = Diary()
    breaker = fk.CircuitBreaker(slow_call=2, min_calls=1, reset_timeout=30, clock=clock)
    breaker.breaker.add_listener(diary)
    take(breaker, clock, 3)
    clock.advance(30)
    take(breaker, clock, 3)
    assert ["success", "closed > open", "open > half-open", "_Failed()", "half-open > open"] == diary.lines
    assert "open" == breaker.state


@pytest.mark.parametrize("play", [Fault(after=99), Fault(kind="timeout.mid_stream"), TimeoutError()], ids=repr)
def test_a_call_that_a_time_limit_cut_off_is_slow(run, play, clock):
    """Ours, a stream's or the client's own, and even if the limit is shorter than `slow_call`."""
    breaker = fk.CircuitBreaker(slow_call=5, clock=clock)
    pipeline = fk.Pipeline(breaker, fk.Timeout(1), clock=clock)
    run.outcome(pipeline, Script(play, ConnectionError(), clock=clock))
    run.outcome(pipeline, Script(ConnectionError(), clock=clock))
    assert (2, 2, 1) == counts(breaker)


def test_by_hand_a_failure_says_that_it_was_cut_off(clock):
    """Settled with the Failure itself; an exception alone says nothing of limits."""
    breaker = fk.CircuitBreaker(slow_call=5, clock=clock)
    breaker.settle(breaker.acquire(), "failure", fk.Failure(kind="timeout.first_byte"))
    breaker.settle(breaker.acquire(), "failure", TimeoutError())
    assert (2, 2, 1) == counts(breaker)


def test_nothing_is_slow_unless_somebody_says_what_is(run, clock):
    """Not an hour, and not a time-out."""
    breaker = fk.CircuitBreaker(failure_rate=1, slow_rate=0.01, min_calls=2, clock=clock)
    pipeline = fk.Pipeline(breaker, fk.Timeout(4000), clock=clock)
    for play in ("fine", Fault(after=9999)):
        run.outcome(pipeline, Script(play, clock=clock, takes=3600))
    assert "closed" == breaker.state
    assert 0 == breaker.snapshot().slow


def test_the_time_is_that_of_its_own_clock(run, clock):
    """The pipeline's may be another."""
    other = FakeClock()
    breaker = fk.CircuitBreaker(slow_call=2, clock=other)
    for watch in (clock, other):
        run.outcome(fk.Pipeline(breaker, clock=clock), Script("fine", clock=watch, takes=3))
    assert (2, 0, 1) == counts(breaker)


def test_a_permit_from_before_it_had_a_clock_is_not_heard(run, clock):
    """The times of two clocks have nothing to do with one another."""
    clock.advance(1e9)
    breaker = fk.CircuitBreaker(slow_call=2)
    early = breaker.acquire()
    run.outcome(fk.Pipeline(breaker, clock=clock), Script("fine", clock=clock))
    breaker.settle(early, "failure")
    assert (1, 0, 0) == counts(breaker)
