from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import fallbackkit as fk
from fallbackkit.events import CircuitClosed, CircuitHalfOpened, CircuitOpened, CircuitWouldOpen
from fallbackkit.testing import FakeClock, Fault, Script

LEGAL = {
    ("closed", "open"),
    ("open", "half_open"),
    ("half_open", "open"),
    ("half_open", "closed"),
    ("open", "closed"),  # reset()
    ("isolated", "closed"),  # reset()
    ("closed", "isolated"),
    ("open", "isolated"),
    ("half_open", "isolated"),
}
EVENT = {
    "closed": CircuitClosed,
    "open": CircuitOpened,
    "half_open": CircuitHalfOpened,
    "isolated": CircuitOpened,
}
TOLD = {*EVENT.values(), CircuitWouldOpen}
NEVER = -1  # the episode of a call that a shadow lets through, and a real breaker would not
LONGEST = 100.0  # Retry-After
PLAYS = [
    "answer",
    "answer",
    Fault(kind="connection.upstream"),
    Fault(kind="internal"),
    Fault(kind="timeout.mid_stream"),
    Fault(kind="rate.shared", retry_after=7.0),
    Fault(kind="rate.user", retry_after=7.0),
]
WINDOW = 10.0  # slices of 1 s, and every time is a multiple of 0.25 s: the arithmetic is exact


RULES = st.fixed_dictionaries(
    {
        "failure_rate": st.sampled_from([0.1, 0.3, 0.5, 0.75, 1.0]),
        "min_calls": st.integers(1, 6),
        "consecutive": st.sampled_from([None, None, 1, 2, 4]),
        "slow_call": st.sampled_from([None, None, 0.5, 2.0]),
        "slow_rate": st.sampled_from([0.1, 0.5, 1.0]),
        "reset_timeout": st.sampled_from([0.25, 4.0]),
        "max_reset_timeout": st.sampled_from([4.0, 6.0, 64.0]),
        "trial_calls": st.integers(1, 3),
        "trial_lease": st.sampled_from([0.5, 8.0]),
        "open_for_retry_after": st.booleans(),
        "shadow": st.sampled_from([False, False, True]),
    }
)


class Trial:
    def __init__(self, episode, started, expires):
        self.episode = episode
        self.started = started
        self.expires = expires
        self.settled = False


class Model:
    """What a breaker should do, from the whole history, with lists and no cleverness."""

    def __init__(self, rules):
        self.rules = rules
        self.state = "closed"
        self.path = ["closed"]
        self.episode = 0
        self.records = []
        self.streak = 0
        self.opened = 0.0
        self.wait = None
        self.passed = 0
        self.trials = []
        self.isolations = 0

    def enter(self, state, now, after=None):
        if state == "open":
            usual, longest = self.rules["reset_timeout"], self.rules["max_reset_timeout"]
            if self.state == "half_open":
                self.wait = max(min(max(2 * self.wait, usual), longest), after or 0)
            else:
                self.wait = after or usual
            self.opened = now
        if state == "closed":
            self.records = []
        if state != self.path[-1]:
            self.path.append(state)
        self.state = state
        self.episode += 1
        self.streak = self.passed = 0
        self.trials = []

    def acquire(self, now):
        """A Trial, or the seconds to wait (None: not a matter of time)."""
        allowed = self.admit(now)
        unheard = self.rules["shadow"] and not isinstance(allowed, Trial)
        return Trial(NEVER, now, math.inf) if unheard else allowed

    def admit(self, now):
        if self.state == "closed":
            return Trial(self.episode, now, math.inf)
        if self.state == "isolated":
            return None
        if self.state == "open":
            left = self.opened + self.wait - now
            if left > 0:
                return left
            self.enter("half_open", now)
        live = self.live(now)
        if len(live) >= self.rules["trial_calls"]:
            return min(trial.expires for trial in live) - now
        trial = Trial(self.episode, now, now + self.rules["trial_lease"])
        self.trials.append(trial)
        return trial

    def live(self, now):
        return [trial for trial in self.trials if not trial.settled and now < trial.expires]

    def settle(self, trial, verdict, now, *, cut_off=False, after=None):
        late = trial.settled or now >= trial.expires or trial.episode != self.episode
        trial.settled = True
        if late or verdict == "ignored":
            return
        limit = self.rules["slow_call"]
        slow = limit is not None and (cut_off or now - trial.started > limit)
        after = after if verdict == "failure" and self.rules["open_for_retry_after"] else None
        if self.state == "half_open":
            self.try_out(now, well=verdict == "success" and not slow, after=after)
            return
        self.records.append((now, verdict == "failure", slow))
        self.streak = self.streak + 1 if verdict == "failure" else 0
        if after or self.tripped(now):
            self.enter("open", now, after)

    def try_out(self, now, *, well, after):
        self.passed += well
        if not well:
            self.enter("open", now, after)
        elif self.passed == self.rules["trial_calls"]:
            self.enter("closed", now)

    def tripped(self, now):
        if self.rules["consecutive"] and self.streak >= self.rules["consecutive"]:
            return True
        return self.over(self.counted(now))

    def over(self, records):
        """By the share of failures, unless they count in a row, or by that of slow calls."""
        shares = [sum(kind) / len(records) for kind in zip(*records, strict=True)]
        if len(records) < self.rules["min_calls"]:
            return False
        by_rate = not self.rules["consecutive"] and shares[0] >= self.rules["failure_rate"]
        return by_rate or (self.rules["slow_call"] is not None and shares[1] >= self.rules["slow_rate"])

    def counted(self, now):
        """Those of the slice of now and of the nine before it."""
        return [(failed, slow) for at, failed, slow in self.records if math.floor(at) > math.floor(now) - 10]

    def last(self, seconds, now):
        return [(failed, slow) for at, failed, slow in self.records if at > now - seconds]

    def isolate(self, now):
        self.isolations += 1
        self.enter("isolated", now)

    def reset(self, now):
        self.isolations = max(0, self.isolations - 1)
        if not self.isolations:
            self.enter("closed", now)


class BreakerMachine(RuleBasedStateMachine):
    """Drives a breaker by hand and through a pipeline, side by side with the model."""

    @initialize(rules=RULES, start=st.sampled_from([0.0, -100.0, 7.75, 1e6]))
    def build(self, rules, start):
        self.clock = FakeClock(start=start)
        self.events = []
        self.breaker = self.breaker_of(window=WINDOW, **rules)
        self.pipeline = fk.Pipeline(
            self.breaker,
            clock=self.clock,
            observers=[lambda event: self.events.append(type(event)) if type(event) in TOLD else None],
        )
        self.model = Model(rules)
        self.permits = []
        self.runner = asyncio.Runner()
        self.refused = None

    def breaker_of(self, **options):
        return fk.CircuitBreaker(clock=self.clock, **options)

    def teardown(self):
        if hasattr(self, "model"):
            self.check_liveness()
            self.check_events()
            self.runner.close()

    def check_liveness(self):
        """20: whatever happened, after the longest wait and the lease a call is let through, if not isolated."""
        rules = self.model.rules
        self.clock.advance(max(rules["max_reset_timeout"], LONGEST) + rules["trial_lease"])
        if self.breaker.state == "isolated" and not rules["shadow"]:
            with pytest.raises(fk.CircuitOpen):
                self.breaker.acquire()
            return
        assert isinstance(self.model.acquire(self.clock.now()), Trial)
        self.breaker.release(self.breaker.acquire())

    def check_events(self):
        """30, 27: the events tell every change, in order, and each is a legal one; a shadow tells each episode."""
        path = self.model.path
        assert set(pairwise(path)) <= LEGAL
        self.breaker.isolate()
        self.model.isolate(self.clock.now())
        self.pipeline.outcome(str)
        if self.model.rules["shadow"]:
            assert [CircuitWouldOpen] * sum(before == "closed" for before, _ in pairwise(path)) == self.events
        else:
            assert [EVENT[state] for state in path[1:]] == self.events

    @rule()
    def acquire(self):
        now = self.clock.now()
        expected = self.model.acquire(now)
        if isinstance(expected, Trial):
            self.permits.append((self.breaker.acquire(), expected))
            return
        with pytest.raises(fk.CircuitOpen) as refusal:
            self.breaker.acquire()
        assert expected == refusal.value.retry_after
        self.check_refusal(refusal.value.retry_after)

    def check_refusal(self, after):
        """18: it is above 0 and, within one episode of being open, falls as time passes."""
        if after is None:
            return
        assert after > 0
        now, episode = self.clock.now(), self.model.episode
        if self.refused and self.refused[0] == episode and self.breaker.state == "open":
            assert self.refused[2] - (now - self.refused[1]) == pytest.approx(after)
        self.refused = episode, now, after

    @precondition(lambda self: self.permits)
    @rule(
        data=st.data(),
        verdict=st.sampled_from(["success", "success", "failure", "failure", "ignored"]),
        cut_off=st.booleans(),
        after=st.sampled_from([None, None, 0.25, 7.0, LONGEST]),
    )
    def settle(self, data, verdict, cut_off, after):
        """Any permit: of this or a past generation, settled before, or with its lease over."""
        permit, trial = data.draw(st.sampled_from(self.permits))
        self.model.settle(trial, verdict, self.clock.now(), cut_off=cut_off and verdict == "failure", after=after)
        before = self.breaker.snapshot()
        kind = "timeout.first_byte" if cut_off else "rate.shared"
        cause = fk.Failure(kind=kind, retry_after=after) if verdict == "failure" else None
        self.breaker.settle(permit, verdict, cause)
        told = after and self.model.rules["open_for_retry_after"]
        if "closed" == before.state and before != self.breaker.snapshot() and not told:
            self.check_bounds()

    @precondition(lambda self: self.permits)
    @rule(data=st.data())
    def release(self, data):
        """20, 22: any permit; nothing changes but that it is back."""
        permit, trial = data.draw(st.sampled_from(self.permits))
        self.model.settle(trial, "ignored", self.clock.now())
        before = self.breaker.snapshot()
        self.breaker.release(permit)
        after = self.breaker.snapshot()
        assert (before.state, before.calls, before.failures) == (after.state, after.calls, after.failures)

    def check_bounds(self):
        """16, 17, 24: it opens if all cuts from 0.9 to 1.0 of the window say so, and only if one does."""
        if self.model.rules["consecutive"]:
            return
        now = self.clock.now()
        cuts = {
            0.9 * WINDOW,
            *(now - at for at, _, _ in self.model.records if 0.9 * WINDOW <= now - at < WINDOW),
            WINDOW,
        }
        over = [self.model.over(self.model.last(cut, now)) for cut in cuts]
        if "open" == self.breaker.state:
            assert any(over)
        else:
            assert not all(over)

    @rule(
        play=st.sampled_from(PLAYS),
        takes=st.sampled_from([0.0, 0.0, 0.5, 2.25]),
        way=st.sampled_from(["sync", "async"]),
    )
    def call(self, play, takes, way):
        """The same through a pipeline; a user's own limit counts neither way."""
        expected = self.model.acquire(self.clock.now())
        fault = None if play == "answer" else replace(play, after=takes)
        outcome = self.serve(Script(fault or play, clock=self.clock, takes=takes), way)
        if not isinstance(expected, Trial):
            assert ("circuit.open", expected) == (outcome.failure.kind, outcome.failure.retry_after)
            return
        kind = fault and fault.kind
        assert kind == (outcome.failure and outcome.failure.kind)
        verdict = {None: "success", "rate.user": "ignored"}.get(kind, "failure")
        cut_off = kind == "timeout.mid_stream"
        self.model.settle(expected, verdict, self.clock.now(), cut_off=cut_off, after=fault and fault.retry_after)

    def serve(self, script, way):
        if way == "sync":
            return self.pipeline.outcome(script)
        return self.runner.run(self.pipeline.aoutcome(script.asynchronous))

    @rule(quarters=st.one_of(st.integers(0, 8), st.integers(1, 400)))
    def wait(self, quarters):
        self.clock.advance(quarters / 4)

    @precondition(lambda self: len(self.model.path) > 3)
    @rule()
    def isolate(self):
        self.breaker.isolate()
        self.model.isolate(self.clock.now())

    @rule()
    def reset(self):
        self.breaker.reset()
        self.model.reset(self.clock.now())

    @precondition(lambda self: hasattr(self, "model"))
    @invariant()
    def agrees(self):
        now, model, snapshot = self.clock.now(), self.model, self.breaker.snapshot()
        counted = model.counted(now)
        live = model.live(now)
        assert model.state == snapshot.state == self.breaker.state
        calls, failures, slow = len(counted), sum(failed for failed, _ in counted), sum(slow for _, slow in counted)
        assert (calls, failures, slow) == (snapshot.calls, snapshot.failures, snapshot.slow)
        rates = (failures / calls, slow / calls) if calls else (None, None)
        assert rates == (snapshot.failure_rate, snapshot.slow_rate)
        assert len(live) == snapshot.trials <= model.rules["trial_calls"]
        if model.state == "open":
            assert max(0.0, model.opened + model.wait - now) == snapshot.retry_after
        if model.state in {"closed", "isolated"}:
            assert snapshot.retry_after is None


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
