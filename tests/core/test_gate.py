"""Which answers pass: the confidence gate and Validate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import fallbackkit as fk
from fallbackkit import events
from fallbackkit.testing import Chunk, FakeClock, Script, Stream

few = settings(max_examples=40)
quiet = pytest.mark.filterwarnings("ignore:.*answered without a score")
scores = (
    st.none() | st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 1.0, math.nextafter(1, 2), -5e-324])
)


def gate(threshold, **options):
    """A pipeline that is nothing but a gate."""
    return fk.Pipeline(fk.ConfidenceGate(threshold, **options), clock=FakeClock())


@quiet
@few
@given(score=scores, threshold=st.floats(0, 1))
def test_only_a_true_score_at_or_above_the_threshold_passes(run, score, threshold):
    """36: finite, in [0, 1] and ≥ threshold; NaN, None and what is out of range never, not even at threshold 0."""
    outcome = run.outcome(gate(threshold), lambda: fk.Answer(text="maybe", score=score))
    passes = score is not None and threshold <= score <= 1
    assert ("answered" if passes else "low_confidence") == outcome.status
    assert ("maybe" if passes else "") == outcome.text
    assert passes == (outcome.value is not None)


@quiet
@few
@given(score=scores, low=st.floats(0, 1), high=st.floats(0, 1))
def test_the_gate_is_monotone(run, score, low, high):
    """36: what passes a threshold passes every lower one."""
    low, high = sorted((low, high))
    passed = [run.outcome(gate(t), lambda: fk.Answer(text="x", score=score)).status == "answered" for t in (low, high)]
    assert passed[0] >= passed[1]


@quiet
@few
@given(score=scores)
def test_a_withheld_answer_is_nowhere_in_the_outcome(run, score):
    """36: the text of an answer that did not pass is not in the JSON, nor in the words for people."""
    outcome = run.outcome(gate(1.0), lambda: fk.Answer(text="WITHHELD", score=None if score == 1 else score))
    assert "WITHHELD" not in outcome.model_dump_json() + outcome.notice().body + repr(outcome)


@quiet
@few
@given(score=scores, calls=st.integers(1, 12))
def test_an_abstention_is_no_failure_of_the_provider(run, score, calls):
    """36: however often the gate withholds, the breaker inside stays closed and counts successes."""
    breaker = fk.CircuitBreaker(min_calls=1, failure_rate=0.01)
    pipeline = fk.Pipeline(fk.ConfidenceGate(1.0), fk.Retry(), breaker, clock=FakeClock())
    for _ in range(calls):
        run.outcome(pipeline, lambda: fk.Answer(text="x", score=score))
    assert ("closed", calls, 0) == (breaker.state, breaker.snapshot().calls, breaker.snapshot().failures)


@quiet
def test_an_abstention_is_not_asked_again(run, clock):
    """The same model would be as unsure the second time."""
    script = Script(fk.Answer(text="x", score=0.1), clock=clock)
    seen = []
    outcome = run.outcome(fk.Pipeline(fk.ConfidenceGate(0.8), fk.Retry(), clock=clock, observers=[seen.append]), script)
    assert (1, "abstained") == (len(script.calls), outcome.trail[0].verdict)
    assert [(0.1, 0.8)] == [(event.score, event.threshold) for event in seen if type(event) is events.Abstained]


@quiet
def test_an_uncertain_answer_can_be_shown_with_a_hedge(run):
    """``hedge`` shows it, says that it is unsure and why, and does not pass it off as an answer."""
    outcome = run.outcome(gate(0.8, below="hedge"), lambda: fk.Answer(text="maybe", score=0.3))
    assert ("low_confidence", "maybe") == (outcome.status, outcome.text)
    assert (fk.FailureKind.QUALITY_LOW_CONFIDENCE,) == outcome.reasons
    assert "answered" == run.outcome(gate(0.8, below="hedge"), lambda: fk.Answer(text="sure", score=0.8)).status


def test_a_missing_score_warns_once_with_the_remedy(run):
    """The first answer without a score says what to return; the second is silent, or it would raise here."""
    pipeline = gate(0.5)
    with pytest.warns(UserWarning, match=r"`ask` answered without a score.*Answer\(text, score=…\).*score="):
        run.outcome(pipeline, lambda: "no score")
    assert "low_confidence" == run.outcome(pipeline, lambda: "no score").status


def test_a_score_function_decides(run):
    """``score=`` sees the Answer and overrules its own score."""
    pipeline = gate(0.5, score=lambda answer: len(answer.text) / 10)
    assert "answered" == run.outcome(pipeline, lambda: "12345").status
    assert "low_confidence" == run.outcome(pipeline, lambda: fk.Answer(text="1234", score=1.0)).status


@pytest.mark.parametrize("broken", [lambda answer: 1 / 0, lambda answer: "0.9"])
def test_a_broken_score_function_withholds(run, broken):
    """A bug in the score is a failure like any other: nothing passes unscored, and the next rung answers."""
    assert "unavailable" == run.outcome(gate(0.5, score=broken), lambda: "x").status
    pipeline = fk.Pipeline(fk.Fallback(run.fn(lambda: "page 7")), fk.ConfidenceGate(0.5, score=broken))
    assert ("degraded", "page 7") == ((outcome := run.outcome(pipeline, lambda: "x")).status, outcome.text)
    assert fk.FailureKind.INTERNAL == outcome.trail[0].failure.kind


@dataclass
class Order:
    """What the model is asked to return."""

    item: str
    count: int


def test_an_answer_of_the_schema_is_parsed(run):
    """Text read as JSON, or data as it is, becomes ``answer.data``; the value stays the function's own."""
    pipeline = fk.Pipeline(fk.Validate(schema=Order))
    text = '{"item": "pen", "count": 2}'
    outcome = run.outcome(pipeline, lambda: text)
    assert (Order("pen", 2), text) == (outcome.answer.data, outcome.value)
    assert (
        Order("pen", 2)
        == run.outcome(pipeline, lambda: fk.Answer(text="", data={"item": "pen", "count": 2})).answer.data
    )
    assert [1, 2] == run.outcome(fk.Pipeline(fk.Validate(schema=list[int])), lambda: "[1, 2]").answer.data


BAD = {
    "not JSON": ("pen, two", {"schema": Order}, "output.malformed"),
    "misses a field": ('{"item": "pen"}', {"schema": Order}, "output.malformed"),
    "check says no": ("TODO", {"check": lambda answer: "TODO" not in answer.text}, "output.malformed"),
    "check raises": ("x", {"check": lambda answer: int(answer.text) > 0}, "output.malformed"),
    "empty": ("", {}, "output.empty"),
    "nothing": (None, {}, "output.empty"),
    "cut": (fk.Answer(text="half", finish_reason="length"), {}, "output.truncated"),
    "refused": (fk.Answer(text="", finish_reason="content_filter"), {}, "safety.refused"),
    "a web page": ("<!doctype html><title>502", {}, "provider.5xx"),
}


@pytest.mark.parametrize("name", BAD)
def test_an_unusable_answer_is_a_failure_that_spares_the_breaker(run, name, clock):
    """A bad 200 is asked for again if that may help, never shown, and not charged to the breaker."""
    value, options, kind = BAD[name]
    breaker = fk.CircuitBreaker(min_calls=1)
    script = Script(value, clock=clock)
    outcome = run.outcome(fk.Pipeline(fk.Retry(attempts=2), fk.Validate(**options), breaker, clock=clock), script)
    assert (kind, "", None) == (outcome.failure.kind, outcome.text, outcome.value)
    assert isinstance(outcome.failure.error, fk.InvalidAnswer)
    assert (2 if outcome.failure.kind.transient else 1) == len(script.calls)
    assert "closed" == breaker.state
    with pytest.raises(fk.InvalidAnswer):
        run.value(fk.Pipeline(fk.Validate(**options), clock=clock), script)


def test_a_tool_call_without_text_is_an_answer(run):
    """There is something to do in it."""
    answer = fk.Answer(text="", finish_reason="tool_calls")
    assert answer is run.value(fk.Pipeline(fk.Validate()), lambda: answer)


def test_a_score_that_was_asked_for_is_the_answers(run):
    """Whoever reads the Outcome sees the score that let the answer pass."""
    answer = fk.Answer(text="ok", score=0.1)
    outcome = run.outcome(gate(0.5, score=lambda answer: 0.75), lambda: answer)
    assert (0.75, answer) == (outcome.answer.score, outcome.value)


@quiet
@pytest.mark.parametrize("below", ["abstain", "hedge"])
def test_nothing_is_no_uncertain_answer(run, below):
    """Where there is no answer there is nothing to show with a hedge either."""
    outcome = run.outcome(gate(0.5, below=below), lambda: None)
    assert ("low_confidence", None) == (outcome.status, outcome.answer)
    assert fk.FailureKind.QUALITY_LOW_CONFIDENCE == outcome.failure.kind


@pytest.mark.parametrize(("below", "shown"), [("abstain", []), ("hedge", ["may", "be"])])
def test_only_a_gate_that_may_withhold_keeps_a_stream_back(run, below, shown):
    """What may still be withheld is not shown on the way; what is shown with a hedge anyway is."""
    clock = FakeClock()
    pipeline = fk.Pipeline(fk.ConfidenceGate(0.5, score=lambda answer: 0.0, below=below), clock=clock)
    script = Script(Stream(Chunk("may"), Chunk("be", after=1.0)), clock=clock)
    *way, end = run.stream(pipeline, script)
    assert bool(shown) == ("may" in [outcome.text for outcome in way])
    assert ("low_confidence", "".join(shown)) == (end.status, end.text)


def test_a_check_that_is_content_changes_nothing(run):
    """The answer is the same object, and nothing is charged."""
    answer = fk.Answer(text="fine")
    seen = []
    outcome = run.outcome(fk.Pipeline(fk.Validate(check=lambda answer: seen.append(answer) or True)), lambda: answer)
    assert ("answered", [answer]) == (outcome.status, seen)
    assert answer is outcome.value


def test_why_an_answer_was_refused_is_the_cause(run):
    """A developer sees what the schema or the check had against the answer, and the answer."""
    for options, cause in (
        ({"schema": Order}, ValidationError),
        ({"check": lambda answer: int(answer.text)}, ValueError),
    ):
        error = run.outcome(fk.Pipeline(fk.Validate(**options)), lambda: "two pens").failure.error
        assert isinstance(error.__cause__, cause)
        assert "two pens" == error.answer.text


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        (fk.Validate(), "Validate()"),
        (fk.Validate(schema=Order, check=bool), "Validate(Order, check)"),
        (fk.Validate(schema=list[int]), "Validate(list)"),
        (fk.Validate(schema=int | str), "Validate(int | str)"),
    ],
)
def test_a_validation_says_what_it_looks_at(strategy, said):
    """The schema by its name if it has one."""
    assert said == strategy.describe()
