from __future__ import annotations

import random

import pybreaker
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit.events import CircuitClosed, CircuitHalfOpened, CircuitOpened, CircuitWouldOpen
from fallbackkit.testing import FakeClock, Fault, Script
from tests.core.chains import anonymous, plays

MOVES = (CircuitClosed, CircuitHalfOpened, CircuitOpened, CircuitWouldOpen)


def spoil(_):
    """A bug in a predicate."""
    raise ZeroDivisionError


options = st.fixed_dictionaries(
    {
        "min_calls": st.integers(1, 3),
        "consecutive": st.sampled_from([None, 1, 2]),
        "slow_call": st.sampled_from([None, 1.0]),
        "reset_timeout": st.sampled_from([0.5, 30.0]),
        "open_for_retry_after": st.booleans(),
        "ignore": st.sampled_from([(), OSError, spoil]),
    }
)


def trace(run, breakers, script, waits):
    """All that calls through a pipeline bring and cost, but for what the shadow says itself."""
    clock, rng, events = script.clock, random.Random(1), []
    pipeline = fk.Pipeline(
        fk.Retry(attempts=2), *breakers, fk.Timeout(5), clock=clock, rng=rng, name="ask", observers=[events.append]
    )
    outcomes = []
    for wait in waits:
        outcomes.append(anonymous(run.outcome(pipeline, script)))
        clock.advance(wait)
    seen = [(type(event), anonymous(event)) for event in events if not isinstance(event, CircuitWouldOpen)]
    return outcomes, seen, script.calls, clock.sleeps, rng.getstate()


@given(
    options=options,
    plays=plays(limited=True),
    takes=st.sampled_from([0.0, 3.0]),
    waits=st.lists(st.sampled_from([0.0, 1.0, 40.0]), min_size=1, max_size=8),
)
def test_results_are_those_without_a_breaker(run, options, plays, takes, waits):
    """27: outcomes, events, attempts, waits and chance, whatever the calls come to; a bug in `ignore`, too."""
    with_it, without = (Script(*plays, clock=FakeClock(), takes=takes) for _ in range(2))
    shadow = fk.CircuitBreaker(shadow=True, **options)
    assert trace(run, [], without, waits) == trace(run, [shadow], with_it, waits)


@given(
    options=options,
    steps=st.lists(
        st.tuples(st.sampled_from(["success", "failure", "ignored"]), st.sampled_from([0.0, 0.5, 2.0, 31.0])),
        max_size=40,
    ),
)
def test_it_goes_through_the_states_of_a_real_one(options, steps):
    """27: which hears the same calls, those that it lets through."""
    clock = FakeClock()
    shadow, real = (fk.CircuitBreaker(clock=clock, shadow=shadow, **options) for shadow in (True, False))
    for verdict, takes in steps:
        permit = shadow.acquire()
        try:
            permits = [(shadow, permit), (real, real.acquire())]
        except fk.CircuitOpen:
            permits = [(shadow, permit)]
        clock.advance(takes)
        for breaker, mine in permits:
            breaker.settle(mine, verdict, fk.Failure(kind="rate.shared", retry_after=takes))
        assert real.snapshot() == shadow.snapshot()


def test_an_episode_is_told_once(run, clock):
    """27: from closed until it is closed again, however often its trials fail meanwhile."""
    breaker, events = fk.CircuitBreaker(consecutive=2, reset_timeout=30, shadow=True, name="model"), []
    pipeline = fk.Pipeline(breaker, clock=clock, observers=[events.append])
    script = Script(*[ConnectionError()] * 7, "fine", ConnectionError(), clock=clock)
    states = []
    for _ in range(10):
        run.outcome(pipeline, script)
        states.append(breaker.state)
        clock.advance(15)
    assert ["closed", *["open"] * 6, "closed", "closed", "open"] == states
    told = [event for event in events if isinstance(event, MOVES)]
    assert [(CircuitWouldOpen, 15, 30), (CircuitWouldOpen, 135, 30)] == [
        (type(event), event.at, event.retry_after) for event in told
    ]
    assert {"model"} == {event.breaker for event in told}
    assert 10 == len(script.calls)


def test_an_isolated_one_lets_calls_through_as_well(run, clock):
    """27: and tells of it, unless the episode has been told."""
    breaker, events = fk.CircuitBreaker(consecutive=1, shadow=True, clock=clock), []
    pipeline = fk.Pipeline(breaker, clock=clock, observers=[events.append])
    for _ in range(2):
        breaker.isolate()
        assert "fine" == run.outcome(pipeline, Script("fine", clock=clock)).value
        assert "isolated" == breaker.state
    breaker.reset()
    breaker.reset()
    run.outcome(pipeline, Script(ConnectionError(), clock=clock))
    breaker.isolate()
    run.outcome(pipeline, Script("fine", clock=clock))
    assert [None, 30.0] == [event.retry_after for event in events if isinstance(event, MOVES)]


def test_by_hand_it_never_refuses(clock):
    """27: a call that a real one would refuse is not heard."""
    breaker = fk.CircuitBreaker(consecutive=1, shadow=True, clock=clock)
    for _ in range(3):
        breaker.settle(breaker.acquire(), "failure")
    assert ("open", 1, 30.0) == (breaker.state, breaker.snapshot().failures, breaker.snapshot().retry_after)
    clock.advance(30)
    trial, other = breaker.acquire(), breaker.acquire()
    breaker.settle(other, "failure")
    assert ("half_open", 1) == (breaker.state, breaker.snapshot().trials)
    breaker.settle(trial, "success")
    assert "closed" == breaker.state


class Ear(pybreaker.CircuitBreakerListener):
    """Counts what it hears."""

    heard = 0

    def state_change(self, cb, old_state, new_state):
        self.heard += 1

    def failure(self, cb, exc):
        self.heard += 1

    def success(self, cb):
        self.heard += 1


@pytest.mark.parametrize("state", ["closed", "open", "half-open"])
def test_a_pybreaker_that_it_is_given_is_left_as_it_is(run, state, clock):
    """27: its state, its counters and its listeners, in all that the shadow goes through."""
    ear = Ear()
    storage = pybreaker.CircuitMemoryStorage(state)
    theirs = pybreaker.CircuitBreaker(fail_max=2, reset_timeout=30, state_storage=storage, listeners=[ear])
    breaker = fk.CircuitBreaker(breaker=theirs, shadow=True)
    pipeline = fk.Pipeline(breaker, clock=clock)
    for play, expected in [(OSError(), "closed"), (OSError(), "open"), ("fine", "closed"), (OSError(), "closed")]:
        run.outcome(pipeline, Script(play, clock=clock))
        assert expected == breaker.state
        clock.advance(30)
    breaker.isolate()
    breaker.reset()
    assert (state, 0, 0, 0) == (theirs.current_state, theirs.fail_counter, theirs.success_counter, ear.heard)
    assert (ear,) == theirs.listeners


def test_it_does_not_follow_a_pybreaker(run, clock):
    """It is told by nobody but its calls; the rules of pybreaker hold."""
    theirs = pybreaker.CircuitBreaker(fail_max=2, exclude=[KeyError])
    breaker = fk.CircuitBreaker(breaker=theirs, shadow=True, clock=clock)
    theirs.open()
    for error in (KeyError(), OSError()):
        run.outcome(fk.Pipeline(breaker, clock=clock), Script(error, clock=clock))
    assert ("closed", 1) == (breaker.state, breaker.snapshot().failures)


@pytest.mark.parametrize("given", ["ignore", "exclude"])
def test_a_predicate_that_raises_is_logged(run, given, clock, caplog):
    """27: nothing of it is seen by the caller, and the permit is free."""
    theirs = pybreaker.CircuitBreaker(fail_max=1, exclude=[spoil] if given == "exclude" else [])
    breaker = fk.CircuitBreaker(breaker=theirs, ignore=spoil if given == "ignore" else (), shadow=True, name="model")
    error = ConnectionError()
    assert error is run.outcome(fk.Pipeline(breaker, clock=clock), Script(error, clock=clock)).failure.error
    assert ("closed", 0) == (breaker.state, breaker.snapshot().calls)
    assert "a predicate of `model` raised" in caplog.text


def test_slow_calls_are_told_too(run, clock):
    """What would have opened it is no matter."""
    breaker, events = fk.CircuitBreaker(slow_call=2, min_calls=1, shadow=True), []
    pipeline = fk.Pipeline(breaker, fk.Timeout(5), clock=clock, observers=[events.append])
    run.outcome(pipeline, Script(Fault(after=9), clock=clock))
    assert ["open", 1] == [breaker.state, sum(isinstance(event, CircuitWouldOpen) for event in events)]
