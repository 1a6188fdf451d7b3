from __future__ import annotations

from itertools import pairwise

import pybreaker
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit.events import CircuitOpened
from fallbackkit.testing import FakeClock, Fault, Script

quarters = st.integers(1, 4000).map(lambda quarter: quarter / 4)


def limited(seconds):
    """What a provider says that has too much to do."""
    return Fault(kind="rate.shared", retry_after=seconds)


def left(breaker):
    """Seconds until a call may be let through."""
    return breaker.snapshot().retry_after


@pytest.mark.parametrize("options", [{}, {"consecutive": 9}, {"breaker": pybreaker.CircuitBreaker}], ids=repr)
@pytest.mark.parametrize("after", [0.25, 7, 30, 5000])
def test_one_failure_with_a_retry_after_opens_it_for_exactly_that_time(run, after, options, clock):
    """5: never earlier, and no later; shorter than `reset_timeout` or longer than `max_reset_timeout`."""
    options = {name: value() if name == "breaker" else value for name, value in options.items()}
    breaker, events = fk.CircuitBreaker(open_for_retry_after=True, reset_timeout=30, **options), []
    pipeline = fk.Pipeline(breaker, clock=clock, observers=[events.append])
    script = Script(limited(after), "fine", clock=clock)
    run.outcome(pipeline, script)
    assert ("open", after) == (breaker.state, left(breaker))
    assert [after] == [event.retry_after for event in events if isinstance(event, CircuitOpened)]
    clock.advance(after - 0.125)
    assert 0.125 == run.outcome(pipeline, script).failure.retry_after
    clock.advance(0.125)
    assert ("fine", "closed") == (run.outcome(pipeline, script).value, breaker.state)
    assert [0, after] == script.calls


def test_it_has_to_be_asked_for(run, clock):
    """By default a Retry-After is a failure like any other."""
    breaker = fk.CircuitBreaker(clock=clock)
    run.outcome(fk.Pipeline(breaker, clock=clock), Script(limited(5), clock=clock))
    assert ("closed", 1) == (breaker.state, breaker.snapshot().failures)


@pytest.mark.parametrize(
    "play",
    [Fault(kind="rate.user", retry_after=5), Fault(kind="provider.5xx", retry_after=5), limited(0), limited(None)],
    ids=repr,
)
def test_what_does_not_count_opens_nothing(run, play, clock):
    """A limit of one user, a failure that is to be ignored, and a Retry-After of nothing."""
    breaker = fk.CircuitBreaker(open_for_retry_after=True, ignore="provider.5xx", clock=clock)
    run.outcome(fk.Pipeline(breaker, clock=clock), Script(play, clock=clock))
    assert "closed" == breaker.state


def test_by_hand_the_failure_says_it(clock):
    """Settled as a failure; a success that carries one by mistake opens nothing."""
    breaker, failure = (
        fk.CircuitBreaker(open_for_retry_after=True, clock=clock),
        fk.Failure(kind="provider.overloaded", retry_after=12),
    )
    for verdict, state in (("success", "closed"), ("ignored", "closed"), ("failure", "open")):
        breaker.settle(breaker.acquire(), verdict, failure)
        assert state == breaker.state
    assert 12 == left(breaker)


@pytest.mark.parametrize("after", [2, 500])
def test_late_failures_do_not_extend_it(after, clock):
    """21, 23: one that was let through before it opened says nothing any more."""
    breaker = fk.CircuitBreaker(open_for_retry_after=True, clock=clock)
    permits = [breaker.acquire(), breaker.acquire()]
    for permit, seconds in zip(permits, (60, after), strict=True):
        breaker.settle(permit, "failure", fk.Failure(kind="rate.shared", retry_after=seconds))
    assert 60 == left(breaker)


@given(first=quarters, trials=st.lists(st.one_of(st.none(), quarters), max_size=8))
def test_after_failed_trials_it_opens_for_the_longer_time(first, trials):
    """5, 25: never earlier than told, and never shorter than before, up to the maximum."""
    clock = FakeClock()
    breaker = fk.CircuitBreaker(open_for_retry_after=True, reset_timeout=4, max_reset_timeout=64, clock=clock)
    waits = []
    for after in (first, *trials):
        breaker.settle(breaker.acquire(), "failure", fk.Failure(kind="rate.shared", retry_after=after))
        if breaker.state != "open":
            return
        waits.append(left(breaker))
        clock.advance(waits[-1])
    assert first == waits[0]
    for (before, wait), after in zip(pairwise(waits), trials, strict=True):
        assert max(min(max(2 * before, 4), 64), after or 0) == wait
        assert wait >= min(before, 64)


def test_a_short_one_does_not_shorten_the_tries_that_follow(clock):
    """A provider that said a quarter of a second is not tried twice a second from then on."""
    breaker = fk.CircuitBreaker(open_for_retry_after=True, reset_timeout=30, clock=clock)
    breaker.settle(breaker.acquire(), "failure", fk.Failure(kind="rate.shared", retry_after=0.25))
    clock.advance(0.25)
    breaker.settle(breaker.acquire(), "failure")
    assert 30 == left(breaker)
    clock.advance(30)
    breaker.settle(breaker.acquire(), "success")
    breaker.settle(breaker.acquire(), "failure", fk.Failure(kind="rate.shared", retry_after=0.25))
    assert 0.25 == left(breaker)
