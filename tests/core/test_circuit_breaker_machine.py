from __future__ import annotations

import asyncio
import math
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import fallbackkit as fk
from fallbackkit.events import CircuitClosed, CircuitHalfOpened, CircuitOpened
from fallbackkit.testing import FakeClock

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
WINDOW = 10.0  # slices of 1 s, and every time is a multiple of 0.25 s: the arithmetic is exact


class Trial:
    def __init__(self, episode, expires):
        self.episode = episode
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

    def enter(self, state, now):
        if state == "open":
            longer = 2 * self.wait if self.state == "half_open" else self.rules["reset_timeout"]
            self.wait = min(longer, self.rules["max_reset_timeout"])
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
        if self.state == "closed":
            return Trial(self.episode, math.inf)
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
        trial = Trial(self.episode, now + self.rules["trial_lease"])
        self.trials.append(trial)
        return trial

    def live(self, now):
        return [trial for trial in self.trials if not trial.settled and now < trial.expires]

    def settle(self, trial, verdict, now):
        late = trial.settled or now >= trial.expires or trial.episode != self.episode
        trial.settled = True
        if late or verdict == "ignored":
            return
        if self.state == "half_open":
            self.passed += verdict == "success"
            if verdict == "failure":
                self.enter("open", now)
            elif self.passed == self.rules["trial_calls"]:
                self.enter("closed", now)
            return
        self.records.append((now, verdict == "failure"))
        self.streak = self.streak + 1 if verdict == "failure" else 0
        if self.tripped(now):
            self.enter("open", now)

    def tripped(self, now):
        if self.rules["consecutive"]:
            return self.streak >= self.rules["consecutive"]
        return self.over(self.counted(now))

    def over(self, verdicts):
        enough = len(verdicts) >= self.rules["min_calls"]
        return enough and sum(verdicts) / len(verdicts) >= self.rules["failure_rate"]

    def counted(self, now):
        """Those of the slice of now and of the nine before it."""
        return [failed for at, failed in self.records if math.floor(at) > math.floor(now) - 10]

    def last(self, seconds, now):
        return [failed for at, failed in self.records if at > now - seconds]

    def isolate(self, now):
        self.isolations += 1
        self.enter("isolated", now)

    def reset(self, now):
        self.isolations = max(0, self.isolations - 1)
        if not self.isolations:
            self.enter("closed", now)


class BreakerMachine(RuleBasedStateMachine):
    """Drives a breaker by hand and through a pipeline, side by side with the model."""

    @initialize(
        rules=st.fixed_dictionaries(
            {
                "failure_rate": st.sampled_from([0.1, 0.3, 0.5, 0.75, 1.0]),
                "min_calls": st.integers(1, 6),
                "consecutive": st.sampled_from([None, None, 1, 2, 4]),
                "reset_timeout": st.sampled_from([0.25, 4.0]),
                "max_reset_timeout": st.sampled_from([4.0, 6.0, 64.0]),
                "trial_calls": st.integers(1, 3),
                "trial_lease": st.sampled_from([0.5, 8.0]),
            }
        ),
        start=st.sampled_from([0.0, -100.0, 7.75, 1e6]),
    )
    def build(self, rules, start):
        self.clock = FakeClock(start=start)
        self.events = []
        self.breaker = fk.CircuitBreaker(window=WINDOW, clock=self.clock, **rules)
        self.pipeline = fk.Pipeline(
            self.breaker,
            clock=self.clock,
            observers=[lambda event: self.events.append(event) if type(event) in EVENT.values() else None],
        )
        self.model = Model(rules)
        self.permits = []
        self.runner = asyncio.Runner()
        self.refused = None

    def teardown(self):
        if hasattr(self, "model"):
            self.check_liveness()
            self.check_events()
            self.runner.close()

    def check_liveness(self):
        """20: whatever happened, after the longest wait and the lease a call is let through, if not isolated."""
        rules = self.model.rules
        self.clock.advance(max(rules["max_reset_timeout"], rules["reset_timeout"]) + rules["trial_lease"])
        if self.breaker.state == "isolated":
            with pytest.raises(fk.CircuitOpen):
                self.breaker.acquire()
            return
        self.model.acquire(self.clock.now())
        self.breaker.settle(self.breaker.acquire(), "ignored")

    def check_events(self):
        """30: the events tell every change, in order, and each is a legal one."""
        path = self.model.path
        assert set(pairwise(path)) <= LEGAL
        self.breaker.isolate()
        self.model.isolate(self.clock.now())
        self.pipeline.outcome(str)
        assert [EVENT[state] for state in path[1:]] == [type(event) for event in self.events]

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
    @rule(data=st.data(), verdict=st.sampled_from(["success", "failure", "failure", "ignored"]))
    def settle(self, data, verdict):
        """Any permit: of this or a past generation, settled before, or with its lease over."""
        permit, trial = data.draw(st.sampled_from(self.permits))
        self.model.settle(trial, verdict, self.clock.now())
        before = self.breaker.snapshot()
        self.breaker.settle(permit, verdict)
        if "closed" == before.state and before != self.breaker.snapshot() and not self.model.rules["consecutive"]:
            self.check_bounds()

    def check_bounds(self):
        """16, 17, 24: it opens if all cuts from 0.9 to 1.0 of the window say so, and only if one does."""
        now = self.clock.now()
        cuts = {0.9 * WINDOW, *(now - at for at, _ in self.model.records if 0.9 * WINDOW <= now - at < WINDOW), WINDOW}
        over = [self.model.over(self.model.last(cut, now)) for cut in cuts]
        if "open" == self.breaker.state:
            assert any(over)
        else:
            assert not all(over)

    @rule(
        play=st.sampled_from(["answer", ConnectionError(), ValueError(), fk.CannotAnswer("rate.user")]),
        way=st.sampled_from(["sync", "async"]),
    )
    def call(self, play, way):
        """The same through a pipeline; a user's own limit counts neither way."""
        expected = self.model.acquire(self.clock.now())
        outcome = self.serve(play, way)
        if not isinstance(expected, Trial):
            assert ("circuit.open", expected) == (outcome.failure.kind, outcome.failure.retry_after)
            return
        verdict = {str: "success", fk.CannotAnswer: "ignored"}.get(type(play), "failure")
        self.model.settle(expected, verdict, self.clock.now())
        assert play is (outcome.value if verdict == "success" else outcome.failure.error)

    def serve(self, play, way):
        def ask():
            if isinstance(play, Exception):
                raise play
            return play

        async def aask():
            return ask()

        if way == "sync":
            return self.pipeline.outcome(ask)
        return self.runner.run(self.pipeline.aoutcome(aask))

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
        assert (len(counted), sum(counted)) == (snapshot.calls, snapshot.failures)
        assert (sum(counted) / len(counted) if counted else None) == snapshot.failure_rate
        assert len(live) == snapshot.trials <= model.rules["trial_calls"]
        if model.state == "open":
            assert max(0.0, model.opened + model.wait - now) == snapshot.retry_after
        if model.state in {"closed", "isolated"}:
            assert snapshot.retry_after is None


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
