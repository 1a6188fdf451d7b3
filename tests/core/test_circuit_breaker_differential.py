"""The same scripts for interlock's circuit breaker and ours; where the two contracts agree, so must they.

They do not agree, and are not compared, in this:

- A call of exactly ``slow_call`` seconds is slow to interlock. So no call takes exactly that.
- Several trials: interlock lets so many through in all and weighs their shares, ours lets so many through at a time
  and opens with the first that fails. So there is one.
- Ours gives a trial a lease, and has the time until its end for whom it refuses meanwhile. So the lease is long, and
  the time is compared while both are open.
- One reset ends any number of isolations of interlock's. So none is isolated twice.
- Ours counts failures in a row by themselves; interlock's last ``n`` calls, all of them failed, are the same. In that
  mode its window is no time, so what is in the windows is not compared, and no call is slow.
"""

from __future__ import annotations

import contextvars
from dataclasses import dataclass

import interlock
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit.testing import FakeClock

STATES = {
    interlock.State.CLOSED: "closed",
    interlock.State.OPEN: "open",
    interlock.State.HALF_OPEN: "half_open",
    interlock.State.FORCED_OPEN: "isolated",
}
WINDOW = 10  # whole seconds of interlock, slices of a second of ours


@dataclass(frozen=True)
class TheirClock:
    """Ours, as interlock reads it."""

    clock: FakeClock

    def monotonic(self):
        return self.clock.now()


class Theirs:
    """interlock's breaker with a permit a call: a block, entered and left in a context of its own."""

    errors = {"success": None, "failure": ConnectionError(), "ignored": KeyboardInterrupt()}  # noqa: RUF012 - constants

    def __init__(self, rules, clock):
        row = rules["consecutive"]
        self.breaker = interlock.CircuitBreaker(
            name="theirs",
            clock=TheirClock(clock),
            config=interlock.Config(
                failure_rate_threshold=rules["failure_rate"] if row is None else 1.0,
                minimum_number_of_calls=rules["min_calls"] if row is None else row,
                slow_call_duration_threshold=rules["slow_call"] or 1e9,
                slow_call_rate_threshold=rules["slow_rate"],
                permitted_calls_in_half_open=1,
                wait_duration_in_open=rules["reset_timeout"],
                wait_duration_backoff_multiplier=2.0,
                wait_duration_in_open_max=rules["max_reset_timeout"],
                window_type=interlock.WindowType.TIME_BASED if row is None else interlock.WindowType.COUNT_BASED,
                window_size=WINDOW if row is None else row,
            ),
        )

    def acquire(self):
        """A permit, or the seconds to wait."""
        context = contextvars.copy_context()
        try:
            context.run(self.breaker.__enter__)
        except interlock.CircuitOpenError as refusal:
            return refusal.retry_after
        return context

    def settle(self, permit, verdict):
        error = self.errors[verdict]
        permit.run(self.breaker.__exit__, type(error), error, None)

    @property
    def state(self):
        return STATES[self.breaker.state]

    @property
    def counts(self):
        window = self.breaker.snapshot()
        return window.total_calls, window.failed_calls, window.slow_calls


class Ours:
    """Our breaker, in the same words."""

    def __init__(self, rules, clock):
        self.breaker = fk.CircuitBreaker(window=WINDOW, trial_lease=1e9, clock=clock, **rules)

    def acquire(self):
        try:
            return self.breaker.acquire()
        except fk.CircuitOpen as refusal:
            return refusal.retry_after

    def settle(self, permit, verdict):
        self.breaker.settle(permit, verdict)

    @property
    def state(self):
        return self.breaker.state

    @property
    def counts(self):
        snapshot = self.breaker.snapshot()
        return snapshot.calls, snapshot.failures, snapshot.slow


def allowed(permit):
    """Whether a call may be made."""
    return permit is not None and not isinstance(permit, float)


class Both:
    """The two, side by side on one clock."""

    def __init__(self, rules, start):
        self.clock = FakeClock(start=start)
        self.by_time = rules["consecutive"] is None
        self.ours, self.theirs = Ours(rules, self.clock), Theirs(rules, self.clock)
        self.permits = []

    def acquire(self):
        mine, its = self.ours.acquire(), self.theirs.acquire()
        assert allowed(its) == allowed(mine)
        if allowed(mine):
            self.permits.append((mine, its))
        elif self.ours.state == "open":
            assert its == mine

    def settle(self, which, verdict):
        """Any call that is under way, of whatever generation."""
        if self.permits:
            mine, its = self.permits.pop(which % len(self.permits))
            self.theirs.settle(its, verdict)
            self.ours.settle(mine, verdict)

    def call(self, seconds, verdict):
        before = len(self.permits)
        self.acquire()
        self.clock.advance(seconds)
        if len(self.permits) > before:
            self.settle(-1, verdict)

    def wait(self, seconds):
        self.clock.advance(seconds)

    def isolate(self):
        if self.ours.state != "isolated":
            self.ours.breaker.isolate()
            self.theirs.breaker.force_open()

    def reset(self):
        self.ours.breaker.reset()
        self.theirs.breaker.reset()

    def compare(self):
        assert self.theirs.state == self.ours.state
        if self.by_time:
            assert self.theirs.counts == self.ours.counts


quarters = st.one_of(st.integers(0, 8), st.integers(0, 100)).map(lambda quarter: quarter / 4)
verdicts = st.sampled_from(["success", "success", "failure", "failure", "ignored"])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("call"), quarters, verdicts),
        st.tuples(st.just("call"), st.just(0.0), verdicts),
        st.tuples(st.just("acquire")),
        st.tuples(st.just("settle"), st.integers(0, 9), verdicts),
        st.tuples(st.just("wait"), quarters),
        st.sampled_from([("isolate",), ("reset",), ("reset",)]),
    ),
    max_size=80,
)
rates = st.sampled_from([0.07, 0.25, 0.5, 0.75, 1.0])
rules = st.fixed_dictionaries(
    {
        "failure_rate": rates,
        "min_calls": st.integers(1, 8),
        "slow_rate": rates,
        "reset_timeout": st.sampled_from([0.25, 1.0, 4.0]),
        "max_reset_timeout": st.sampled_from([4.0, 6.5, 64.0]),
    }
)
by_rate = st.fixed_dictionaries({"consecutive": st.none(), "slow_call": st.sampled_from([None, 0.625, 3.125])})
in_a_row = st.fixed_dictionaries({"consecutive": st.integers(1, 5), "slow_call": st.none()})


def play(rules, start, steps):
    """Both do the same, and look the same after each step; how many calls were let through."""
    both = Both(rules, start)
    for name, *arguments in steps:
        getattr(both, name)(*arguments)
        both.compare()
    return both


EXAMPLE = {"failure_rate": 0.5, "min_calls": 2, "slow_rate": 0.5, "reset_timeout": 1.0, "max_reset_timeout": 4.0}
FAIL, WAIT = ("call", 0.0, "failure"), ("wait", 25.0)


@example(
    EXAMPLE,
    {"consecutive": None, "slow_call": 0.625},
    0.0,
    [FAIL, FAIL, *[WAIT, FAIL] * 4, WAIT, ("call", 1.0, "success")],
)
@given(rules=rules, mode=st.one_of(by_rate, in_a_row), start=st.sampled_from([0.0, 7.75, 1e6]), steps=steps)
@settings(max_examples=400, deadline=None)
def test_the_two_do_the_same(rules, mode, start, steps):
    """16-18, 20-26: state, window and admission after each step of any script."""
    play(rules | mode, start, steps)


@pytest.mark.parametrize("mode", [{"consecutive": None, "slow_call": 0.625}, {"consecutive": 2, "slow_call": None}])
def test_the_scripts_reach_every_state(mode):
    """Or the comparison would be worth little: a life in which both open, try in vain, close and are isolated."""
    script = [FAIL, FAIL, FAIL, WAIT, FAIL, ("acquire",), WAIT, ("acquire",), ("acquire",), ("settle", 0, "success")]
    both, seen = Both(EXAMPLE | mode, 0.0), []
    for name, *arguments in [*script, ("isolate",), ("acquire",), ("reset",)]:
        getattr(both, name)(*arguments)
        both.compare()
        if both.ours.state not in seen[-1:]:
            seen.append(both.ours.state)
    assert ["closed", "open", "half_open", "closed", "isolated", "closed"] == seen
