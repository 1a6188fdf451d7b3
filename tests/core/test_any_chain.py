"""What holds for every chain around every script."""

from __future__ import annotations

import importlib.util
import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit import events
from tests.core.chains import QUESTION, SECRET, chains

pytestmark = pytest.mark.filterwarnings("ignore:.*answered without a score")
QUANTUM = 1e-6
thrice = settings(max_examples=60)  # each property runs in three ways


def cards():
    """The card, where the packages that it needs are installed."""
    if importlib.util.find_spec("nh3") is None:
        return None
    from fallbackkit.ui.views import outcome_card

    return outcome_card


outcome_card = cards()


def walk(failure):
    """A failure and those in it."""
    yield failure
    for step in failure.steps:
        yield from walk(step)


@thrice
@given(chain=chains())
def test_calls_are_bounded(run, chain):
    """1: the function is entered at least once and at most ``attempts`` times, each rung at most once."""
    built = chain.build(run)
    built.outcome()
    assert 1 <= len(built.script.calls) <= (chain.attempts or 1)
    assert all(len(rung.calls) <= 1 for rung in built.rungs)


@thrice
@given(chain=chains())
def test_time_is_bounded(run, chain):
    """2, 35: attempts, waits and fallbacks together stay inside the deadline, and no wait starts that would not."""
    built = chain.build(run)
    outcome = built.outcome()
    limit = math.inf if chain.deadline is None else chain.deadline
    assert outcome.duration <= limit + QUANTUM
    assert outcome.duration == built.clock.now()
    for scheduled in built.seen(events.RetryScheduled):
        assert scheduled.at + scheduled.wait < limit - chain.reserve * len(chain.rungs) + QUANTUM


@thrice
@given(chain=chains())
def test_waits_are_finite_capped_and_never_before_retry_after(run, chain):
    """3, 5: 0 ≤ wait ≤ max(cap, Retry-After), and the next attempt starts no earlier than Retry-After."""
    built = chain.build(run)
    outcome = built.outcome()
    attempts = outcome.trail[0].attempts
    for before, after in itertools.pairwise(attempts):
        asked = before.failure.retry_after or 0.0
        assert asked <= after.waited <= max(chain.max_wait, asked)
        assert asked <= 120
    starts = built.script.calls
    for start, next_start, attempt in zip(starts, starts[1:], attempts, strict=False):
        assert start + attempt.duration + (attempt.failure.retry_after or 0.0) <= next_start + QUANTUM


@thrice
@given(chain=chains())
def test_first_success_costs_nothing_else(run, chain):
    """12: a usable first answer in time means no sleep, no draw and no event but ``Answered``."""
    good = fk.Answer(text="fine", score=1.0)
    built = chain.__class__(**{**chain.__dict__, "plays": (good,), "takes": 0.0}).build(run)
    before = built.rng.getstate()
    outcome = built.outcome()
    assert ("answered", good) == (outcome.status, outcome.value)
    assert [0.0] == built.clock.sleeps
    assert before == built.rng.getstate()
    assert [events.Answered] == [type(event) for event in built.events]


@thrice
@given(chain=chains())
def test_trail_tells_the_whole_story(run, chain):
    """33: steps in the order of the rungs, a reason for each that did not answer, attempts as made."""
    built = chain.build(run)
    outcome = built.outcome()
    names = ["ask", *(f"rung {n}" for n in range(1, len(built.rungs) + 1))]
    visited = [name for name, _ in itertools.groupby(step.name for step in outcome.trail)]
    assert names[: len(visited)] == visited
    assert [step.verdict == "answered" for step in outcome.trail] == [step.failure is None for step in outcome.trail]
    assert all(step.failure is not None for step in outcome.trail[:-1])
    entered = sum(len(step.attempts) for step in outcome.trail)
    assert len(built.script.calls) + sum(len(rung.calls) for rung in built.rungs) == entered
    assert (outcome.trail[-1].failure is None) == (outcome.failure is None)
    assert (outcome.served_by is not None and outcome.served_by.name != "ask") <= (outcome.status != "answered")
    assert (outcome.status == "answered") == (not outcome.reasons)


@thrice
@given(chain=chains())
def test_rungs_run_only_when_those_before_failed(run, chain):
    """32: a rung is entered iff everything before it failed; a good value comes back as the same object."""
    built = chain.build(run)
    outcome = built.outcome()
    if outcome.failure is not None:
        assert (None, None) == (outcome.value, outcome.answer)
        skipped = {step.name for step in outcome.trail if step.verdict == "skipped"}
        assert all(rung.calls or f"rung {n}" in skipped for n, rung in enumerate(built.rungs, 1))
        return
    answered = [built.script, *built.rungs][["ask", *(f"rung {n}" for n in range(1, 4))].index(outcome.trail[-1].name)]
    assert any(outcome.value is play for play in answered.plays)
    behind = built.rungs[built.rungs.index(answered) + 1 :] if answered in built.rungs else built.rungs
    assert all(not rung.calls for rung in behind)


@thrice
@given(chain=chains())
def test_value_face_agrees_with_outcome_face(run, chain):
    """8, 9: the value face returns the Outcome's value, or raises the error of its failure.

    Where nothing was to look at what the function returned, None is a value, and no answer to show.
    """
    expected = chain.build(run).outcome()
    built = chain.build(run)
    looked_at = chain.validate or chain.rungs
    if not looked_at and isinstance(expected.failure and expected.failure.error, fk.InvalidAnswer):
        assert built.value() is None
        return
    if expected.failure is None:
        value = built.value()
        assert expected.value is value or expected.value == value
        return
    error = expected.failure.error
    with pytest.raises(type(error)) as raised:
        built.value()
    if not built.rungs and not isinstance(error, fk.FallbackkitError):
        played = [getattr(play, "error", None) or play for play in built.script.plays]
        assert any(raised.value is play for play in played)


@thrice
@given(chain=chains())
def test_nothing_private_is_shown(run, chain):
    """34: no words for people and no JSON carry the text of an error or the arguments."""
    outcome = chain.build(run).outcome()
    shown = outcome.model_dump_json()
    for audience in ("user", "operator"):
        notice = outcome.notice(audience=audience)
        shown += notice.title + notice.body + "".join(action.label for action in notice.actions)
    assert not any(word in shown for word in [*SECRET.split(), QUESTION])


@thrice
@given(chain=chains())
def test_every_way_of_serving_gives_the_same_trace(run, chain):
    """43: events, outcome, attempts, waits and draws are those of the plain sync call."""
    from tests.core.conftest import Run

    reference = chain.build(Run("sync", None))
    expected = reference.trace(reference.outcome())
    built = chain.build(run)
    assert expected == built.trace(built.outcome())


@thrice
@given(chain=chains())
def test_every_outcome_can_be_shown_and_travels(run, chain):
    """51: the JSON round-trips, there are words for both audiences, and the card draws."""
    outcome = chain.build(run).outcome()
    travelled = fk.Outcome.model_validate_json(outcome.model_dump_json())
    assert outcome.model_dump_json() == travelled.model_dump_json()
    for each in (outcome, travelled):
        assert each.notice().title
        assert each.notice(audience="operator").title
        if outcome_card is not None:
            assert outcome_card(each)


@thrice
@given(chain=chains())
def test_description_is_deterministic(run, chain):
    """48: two pipelines built alike describe themselves alike, before and after use."""
    first, second = chain.build(run), chain.build(run)
    before = first.pipeline.describe()
    first.outcome()
    assert before == first.pipeline.describe() == second.pipeline.describe()
    assert "\n" not in before


@thrice
@given(chain=chains(), noise=st.sampled_from([RuntimeError, ValueError, fk.LowConfidence]))
def test_observers_change_nothing(run, chain, noise):
    """31: an observer that raises and one that re-enters leave the trace as it is."""
    quiet = chain.build(run)
    expected = quiet.trace(quiet.outcome())
    built = chain.build(run)
    echoed = fk.Pipeline(fk.Retry(attempts=1))

    def loud(event):
        assert echoed.outcome(str.upper, "again").text == "AGAIN"
        raise noise(*(["no", None] if noise is fk.LowConfidence else ["no"]))

    built.pipeline.observers = (loud, *built.pipeline.observers, loud)
    assert expected == built.trace(built.outcome())
