"""When a call is made again, and when it is not."""

from __future__ import annotations

import asyncio
import math
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from types import SimpleNamespace

import pytest
import tenacity
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit import events
from fallbackkit.testing import FakeClock, Fault, Script
from tests.core.chains import anonymous

few = settings(max_examples=40)
DOWN = Fault(kind="provider.5xx")


class First(random.Random):
    """Draws the upper end always: jitter without luck."""

    def uniform(self, a, b):
        return b


@few
@given(kind=st.sampled_from(fk.FailureKind), attempts=st.integers(1, 5))
def test_only_transient_kinds_are_asked_again(run, kind, attempts):
    """1, 9: what may pass is tried ``attempts`` times, anything else once; the failure says why it stopped."""
    script = Script(Fault(kind=kind), clock=FakeClock())
    outcome = run.outcome(fk.Pipeline(fk.Retry(attempts=attempts), clock=script.clock), script)
    assert len(script.calls) == (attempts if kind.transient else 1)
    assert ("attempts" if kind.transient else "not_retryable") == outcome.failure.stopped_by


@few
@given(
    after=st.floats(0, 1e4),
    limit=st.floats(0, 1000),
    deadline=st.none() | st.floats(1, 1000),
    max_wait=st.floats(0, 60),
)
def test_retry_after_is_honoured_or_there_is_no_retry(run, after, limit, deadline, max_wait):
    """5, 6: the next attempt starts no earlier than asked; if it cannot, none starts, at once, with a reason."""
    script = Script(Fault(kind="rate.shared", retry_after=after), "fine", clock=FakeClock())
    chain = [] if deadline is None else [fk.Deadline(deadline)]
    pipeline = fk.Pipeline(*chain, fk.Retry(retry_after_limit=limit, max_wait=max_wait), clock=script.clock)
    outcome = run.outcome(pipeline, script)
    if outcome.failure is None:
        assert after <= limit
        assert after <= script.calls[1] < (deadline or math.inf)
        return
    assert after > limit or after + max_wait >= (deadline or math.inf)
    assert ("retry_after" if after > limit else "deadline") == outcome.failure.stopped_by
    assert [0.0] == script.calls
    assert (0.0, after) == (outcome.duration, outcome.failure.retry_after)


def test_no_wait_starts_that_would_end_after_the_deadline(run, clock):
    """2: at once, with the reason."""
    pipeline = fk.Pipeline(fk.Deadline(20), fk.Retry(attempts=9, wait=tenacity.wait_fixed(8)), clock=clock)
    outcome = run.outcome(pipeline, Script(DOWN, clock=clock))
    assert ([0.0, 8.0, 8.0], 16.0) == ([attempt.waited for attempt in outcome.trail[0].attempts], outcome.duration)
    assert "deadline" == outcome.failure.stopped_by


@few
@given(
    attempt=st.sampled_from([1, 2, 10, 63, 64, 1000, 1023, 1024, 1025, 10**6]),
    cap=st.floats(0, 1e6),
    seed=st.integers(),
)
def test_waits_stay_finite_for_any_attempt(attempt, cap, seed):
    """3: 0 ≤ wait ≤ cap, never NaN, up to the millionth attempt, whatever the wait object says."""
    call = SimpleNamespace(rng=random.Random(seed))
    state = tenacity.RetryCallState(None, None, (), {})
    state.attempt_number = attempt
    strange = [lambda _: math.nan, lambda _: math.inf, lambda _: -5.0, lambda _: 1e300]
    for wait in (
        None,
        tenacity.wait_exponential(),
        tenacity.wait_random_exponential(),
        tenacity.wait_incrementing(),
        *strange,
    ):
        pause = fk.Retry(wait=wait, max_wait=cap)._pause(state, call)
        assert 0 <= pause <= cap
        if wait in strange:
            assert pause == (0 if wait is strange[2] else min(cap, 1e300))


def test_jitter_spreads_also_at_the_cap(run):
    """4: callers that failed together do not come back together, not even when every wait is at its cap."""
    waits = set()
    for seed in range(20):
        script = Script(DOWN, clock=FakeClock())
        pipeline = fk.Pipeline(fk.Retry(attempts=8, max_wait=2), clock=script.clock, rng=random.Random(seed))
        waits.add(run.outcome(pipeline, script).trail[0].attempts[-1].waited)
    assert 20 == len(waits)
    assert max(waits) - min(waits) > 1


def test_waits_double_from_half_a_second(run, clock):
    """The default schedule, with the jitter at its upper end."""
    pipeline = fk.Pipeline(fk.Retry(attempts=9), clock=clock, rng=First())
    attempts = run.outcome(pipeline, Script(DOWN, clock=clock)).trail[0].attempts
    assert [0.0, 0.5, 1, 2, 4, 8, 16, 30, 30] == [attempt.waited for attempt in attempts]


def test_nothing_is_consulted_after_the_last_verdict(run, clock):
    """7: wait and sleep are asked between attempts only; stop and predicate once an attempt."""
    asked = []

    class Stop(tenacity.stop_after_attempt):
        def __call__(self, state):
            asked.append("stop")
            return super().__call__(state)

    def wait(state):
        asked.append("wait")
        return 1.0

    def on(failure):
        asked.append("on")
        return True

    run.outcome(fk.Pipeline(fk.Retry(attempts=2, wait=wait, on=on), clock=clock), Script(DOWN, clock=clock))
    assert ["on", "wait", "on"] == asked
    asked.clear()
    run.outcome(fk.Pipeline(fk.Retry(attempts=Stop(2), on=on), clock=clock), Script(DOWN, clock=clock))
    assert ["on", "stop", "on", "stop"] == asked
    asked.clear()
    run.outcome(fk.Pipeline(fk.Retry(attempts=Stop(9), wait=wait, on=on), clock=clock), Script("fine", clock=clock))
    assert [] == asked


def test_the_next_attempt_is_announced(run, clock):
    """Events tell each failure, and each wait before it begins."""
    seen = []
    script = Script(DOWN, DOWN, "fine", clock=clock)
    wait = tenacity.wait_chain(tenacity.wait_fixed(1), tenacity.wait_fixed(3))
    run.outcome(fk.Pipeline(fk.Retry(wait=wait), clock=clock, observers=[seen.append]), script)
    assert ["AttemptFailed", "RetryScheduled"] * 2 + ["Answered"] == [type(event).__name__ for event in seen]
    assert [(2, 1.0, 0.0), (3, 3.0, 1.0)] == [
        (event.attempt, event.wait, event.at) for event in seen if type(event) is events.RetryScheduled
    ]
    assert [1, 2] == [event.attempt for event in seen if type(event) is events.AttemptFailed]
    assert all("call" in {field.name for field in fields(event)} for event in seen)
    assert 1 == len({event.call for event in seen})


STOPS = {
    "after_attempt": (tenacity.stop_after_attempt(3), 3),
    "after_delay": (tenacity.stop_after_delay(10), 3),
    "before_delay": (tenacity.stop_before_delay(10), 2),
    "any": (tenacity.stop_after_delay(100) | tenacity.stop_after_attempt(2), 2),
    "all": (tenacity.stop_after_delay(10) & tenacity.stop_after_attempt(2), 3),
    "never": (tenacity.stop_never, 4),
}


@pytest.mark.parametrize("name", STOPS)
def test_a_stop_object_of_tenacity_decides(run, name, clock):
    """Fixed waits of 6 s under a deadline of 20 s: each stop object stops where tenacity would."""
    stop, expected = STOPS[name]
    script = Script(DOWN, clock=clock)
    retry = fk.Retry(attempts=stop, wait=tenacity.wait_fixed(6))
    run.outcome(fk.Pipeline(fk.Deadline(20), retry, clock=clock), script)
    assert expected == len(script.calls)


RETRIES = {
    "type": (tenacity.retry_if_exception_type(ConnectionError), ConnectionError("1"), 3),
    "other type": (tenacity.retry_if_exception_type(ConnectionError), ValueError("1"), 1),
    "message": (tenacity.retry_if_exception_message(match="busy"), ValueError("busy"), 3),
    "predicate": (tenacity.retry_if_exception(lambda error: "x" in str(error)), KeyError("y"), 1),
    "not type": (tenacity.retry_if_not_exception_type(ValueError), ValueError("1"), 1),
    "never": (tenacity.retry_never, ConnectionError("1"), 1),
}


@pytest.mark.parametrize("name", RETRIES)
def test_a_retry_object_of_tenacity_decides(run, name, clock):
    """It sees the exception that the function raised."""
    retry, error, expected = RETRIES[name]
    script = Script(error, clock=clock)
    run.outcome(fk.Pipeline(fk.Retry(on=retry), clock=clock), script)
    assert expected == len(script.calls)


@pytest.mark.parametrize(
    "on",
    [
        "quota.billing",
        fk.FailureKind.QUOTA_BILLING,
        fk.CannotAnswer,
        lambda failure: failure.kind == "quota.billing",
        [ValueError, "quota.billing"],
        (lambda failure: False, fk.CannotAnswer),
    ],
)
def test_failures_are_chosen_by_kind_type_or_predicate(run, on, clock):
    """``on`` takes any of them, and several."""
    script = Script(Fault(kind="quota.billing"), clock=clock)
    run.outcome(fk.Pipeline(fk.Retry(on=on), clock=clock), script)
    assert 3 == len(script.calls)
    other = Script(KeyError("x"), clock=clock)
    run.outcome(fk.Pipeline(fk.Retry(on=on), clock=clock), other)
    assert 1 == len(other.calls)


def test_an_open_circuit_is_not_asked_again(run, clock):
    """A refusal by the breaker ends the retries at once, and its Retry-After reaches the caller."""
    breaker = fk.CircuitBreaker(consecutive=2, reset_timeout=30)
    script = Script(DOWN, clock=clock)
    pipeline = fk.Pipeline(fk.Retry(attempts=5, max_wait=0), breaker, clock=clock)
    first, second = (run.outcome(pipeline, script) for _ in range(2))
    assert 2 == len(script.calls)
    assert ["circuit.open"] * 2 == [first.failure.kind, second.failure.kind]
    assert 30.0 == second.failure.retry_after
    assert [("failed", 2), ("rejected", 0)] == [(o.trail[0].verdict, len(o.trail[0].attempts)) for o in (first, second)]


def test_an_attempt_that_waits_inside_its_limit_is_retried_after_it(run, clock):
    """A time-out of one attempt is a failure that may pass."""
    script = Script(Fault(), "fine", clock=clock)
    outcome = run.outcome(fk.Pipeline(fk.Retry(max_wait=0), fk.Timeout(8), clock=clock), script)
    assert ("fine", [0.0, 8.0]) == (outcome.text, script.calls)


def told(outcome):
    """An Outcome without what depends on the clock that all calls share."""
    facts = anonymous(outcome.model_dump(mode="json", exclude={"duration", "created_at"}))
    for step in facts["trail"]:
        del step["duration"]
        for attempt in step["attempts"]:
            del attempt["duration"]
    return facts


SCRIPTS = [
    (DOWN, "fine"),
    (Fault(kind="rate.shared", retry_after=9, after=1), DOWN, "fine"),
    (TimeoutError(), TimeoutError(), Fault(kind="timeout.first_byte", after=2)),
    (ValueError("x"),),
    ("", "", "fine"),
]


def test_concurrent_calls_do_not_touch_one_another(run, clock):
    """11: fifty calls through one pipeline at once: attempts, waits and trail are those of a solo run."""
    retry = fk.Retry(wait=tenacity.wait_exponential(), max_wait=8)
    rung = fk.Rung(run.fn(lambda: "echo"), "rule", name="echo")
    chain = [fk.Fallback(rung, on="timeout.first_byte"), retry, fk.Validate(), fk.CircuitBreaker(min_calls=999)]
    pipeline = fk.Pipeline(*chain, clock=clock)
    expected = [told(run.outcome(pipeline, Script(*plays, clock=clock))) for plays in SCRIPTS] * 10
    scripts = [Script(*plays, clock=clock) for plays in SCRIPTS * 10]
    if run.way == "sync":
        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(pipeline.outcome, scripts))
    else:
        outcomes = run.runner.run(gathered([pipeline.aoutcome(run.fn(script)) for script in scripts]))
    assert expected == [told(outcome) for outcome in outcomes]


async def gathered(calls):
    """Make the calls at once."""
    return await asyncio.gather(*calls)
