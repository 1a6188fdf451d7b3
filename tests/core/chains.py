"""Random chains of strategies around random scripts, as data, so that one can be built many times."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, is_dataclass
from typing import Any

from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit.testing import FakeClock, Fault, Script

SECRET = "sk-SECRET-0123 dana@example.org /srv/private"
QUESTION = "PRIVATE-QUESTION"

scores = st.one_of(
    st.none(), st.floats(0, 1), st.sampled_from([math.nan, math.inf, -math.inf, -0.1, 1.1, 0.0, 0.5, 0.8, 1.0])
)
answers = st.one_of(
    st.sampled_from(["fine", "", "  ", "<html><p>Bad gateway", None, 0, {"rows": [1, 2]}]),
    st.builds(
        fk.Answer,
        text=st.sampled_from(["fine", ""]),
        score=scores,
        finish_reason=st.sampled_from([None, "stop", "length", "content_filter", "tool_calls"]),
        usage=st.sampled_from([None, fk.Usage(input_tokens=3, output_tokens=5, cost=0.25)]),
    ),
)
errors = st.sampled_from(
    [ConnectionError, TimeoutError, ValueError, RuntimeError, LookupError, AssertionError, RecursionError]
).map(lambda error: error(SECRET))
delays = st.sampled_from([0.0, 0.0, 0.5, 3.0, 40.0])
faults = st.builds(
    Fault,
    kind=st.sampled_from(fk.FailureKind),
    after=delays,
    retry_after=st.one_of(st.none(), st.floats(0, 200), st.sampled_from([math.nan, math.inf, -1.0, 1e300])),
)
hangs = st.just(Fault())


def plays(*, limited):
    """What a script plays: answers of any quality, failures of any kind, and, under a limit, hangs."""
    kinds = [answers, faults, errors, st.builds(Fault, error=errors, after=delays)]
    return st.lists(st.one_of(*kinds, *([hangs] if limited else [])), min_size=1, max_size=5).map(tuple)


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Which strategies, with which numbers, around what."""

    plays: tuple[Any, ...]
    rungs: tuple[tuple[Any, ...], ...] = ()
    takes: float = 0.0
    deadline: float | None = None
    reserve: float = 1.0
    ttl: float | None = None
    threshold: float | None = None
    below: str = "abstain"
    attempts: int | None = None
    max_wait: float = 30.0
    validate: bool = False
    breaker: bool = False
    timeout: float | None = None
    seed: int = 0

    def build(self, run, clock=None):
        """The chain with fresh strategies, scripts and clock."""
        return Built(self, run, clock or FakeClock())


class Built:
    """A chain ready to be asked. ``events`` is what its observer saw."""

    def __init__(self, chain, run, clock):
        self.run = run
        self.clock = clock
        self.events = []
        self.rng = random.Random(chain.seed)
        self.script = Script(*chain.plays, clock=clock, takes=chain.takes)
        self.rungs = [Script(*plays, clock=clock) for plays in chain.rungs]
        self.pipeline = fk.Pipeline(
            *self._strategies(chain), name="ask", observers=[self.events.append], clock=clock, rng=self.rng
        )

    def _strategies(self, chain):
        named = [fk.Rung(self.run.fn(script), "rule", name=f"rung {n}") for n, script in enumerate(self.rungs, 1)]
        if chain.deadline is not None:
            yield fk.Deadline(chain.deadline)
        if named:
            yield fk.Fallback(*named, reserve=chain.reserve)
        if chain.ttl is not None:
            yield fk.Cache(chain.ttl, stale_if_error=60)
        if chain.threshold is not None:
            yield fk.ConfidenceGate(chain.threshold, score=lambda answer: answer.score, below=chain.below)
        if chain.attempts is not None:
            yield fk.Retry(attempts=chain.attempts, max_wait=chain.max_wait)
        if chain.validate:
            yield fk.Validate()
        if chain.breaker:
            yield fk.CircuitBreaker(min_calls=3)
        if chain.timeout is not None:
            yield fk.Timeout(chain.timeout)

    def outcome(self):
        return self.run.outcome(self.pipeline, self.script, QUESTION)

    def value(self):
        return self.run.value(self.pipeline, self.script, QUESTION)

    def seen(self, event):
        return [happened for happened in self.events if type(happened) is event]

    def trace(self, outcome):
        """Everything that must not depend on how the call was served."""
        return {
            "outcome": anonymous(outcome.model_dump(mode="json")),
            "events": [(type(event).__name__, anonymous(event)) for event in self.events],
            "entries": [self.script.calls, *(script.calls for script in self.rungs)],
            "slept": self.clock.sleeps,
            "drawn": self.rng.getstate(),
        }


def anonymous(value):
    """The value without what is drawn anew for each call."""
    if isinstance(value, fk.Outcome | fk.Failure):
        return anonymous(value.model_dump(mode="json"))
    if is_dataclass(value):
        return anonymous({name: getattr(value, name) for name in value.__dataclass_fields__})
    if isinstance(value, dict):
        return {key: anonymous(item) for key, item in value.items() if key not in {"id", "call", "reference"}}
    if isinstance(value, list | tuple):
        return [anonymous(item) for item in value]
    return value


@st.composite
def chains(draw):
    """Any allowed subset of the strategies, in order, around any script."""
    deadline = draw(st.sampled_from([None, 5.0, 20.0, 100.0]))
    timeout = draw(st.sampled_from([None, 1.0, 4.0]))
    return Chain(
        plays=draw(plays(limited=deadline is not None or timeout is not None)),
        rungs=tuple(draw(st.lists(plays(limited=deadline is not None), max_size=3))),
        takes=draw(delays),
        deadline=deadline,
        reserve=draw(st.sampled_from([0.0, 0.5, 1.0])),
        ttl=draw(st.sampled_from([None, 30.0])),
        threshold=draw(st.sampled_from([None, 0.0, 0.5, 1.0])),
        below=draw(st.sampled_from(["abstain", "hedge"])),
        attempts=draw(st.sampled_from([None, 1, 2, 3, 6])),
        max_wait=draw(st.sampled_from([0.0, 1.0, 30.0])),
        validate=draw(st.booleans()),
        breaker=draw(st.booleans()),
        timeout=timeout,
        seed=draw(st.integers(0, 3)),
    )
