from __future__ import annotations

import math
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit import Attempt, Failure, FailureKind, Outcome, Step
from fallbackkit.ui._components_machinery import LatencyWaterfall
from fallbackkit.ui.views import _waterfall
from fallbackkit.ui.views._html import clean
from fallbackkit.ui.views._reader import Reader
from fallbackkit.ui.views._spans import Answerer, Span, SpanKind, SpanOutcome, Spans, WaterfallState
from fallbackkit.ui.views._waterfall import latency_waterfall
from stories import latency_waterfall as stories
from stories import outcome_card
from tests.ui.corpus import HOSTILE, outcomes, poisoned
from tests.ui.html import assert_harmless, elements, parsed, path, visible

BUSY = Failure(kind=FailureKind.PROVIDER_OVERLOADED)


def shown(value, locale="en"):
    """What is on the screen, on one line."""
    return " ".join(visible(str(latency_waterfall(value, locale=locale))).split())


def spoken(value):
    """What is read out."""
    return parsed(str(latency_waterfall(value)))[0][0].text


def rows(value):
    """Each row of the table as its cells, without the bar."""
    found = [each for each in elements(str(latency_waterfall(value))) if each.tag == "tr"][1:]
    return [tuple("".join(cell.itertext()) for cell in row[:4]) for row in found]


def bars(value):
    """Where each bar lies."""
    found = elements(str(latency_waterfall(value)))
    return [each.get("style") for each in found if "fk-wf-span" in each.get("class", "")]


def test_one_sentence_says_what_the_time_went_to():
    """Failed tries and waits are counted together, and each answerer once."""
    said = "6.4 s: 2 failed tries (3.1 s), waiting (1.0 s), smaller model (2.1 s) and checking sources (0.2 s)."
    assert shown(stories.finished()).startswith(said)
    assert said == spoken(stories.finished())


def test_every_number_stands_in_the_table():
    """The bars are not needed: step, result, start and time are text."""
    assert [
        ("main model, try 1 ask_policies", "was busy", "0.0 s", "1.6 s"),
        ("waiting", "", "1.6 s", "1.0 s"),
        ("main model, try 2", "was busy", "2.6 s", "1.5 s"),
        ("smaller model ask_small", "answered", "4.1 s", "2.1 s"),
        ("checking sources", "", "6.2 s", "0.2 s"),
    ] == rows(stories.finished())


def test_the_bars_lie_where_the_numbers_say():
    """As shares of the whole call, and nobody is read them."""
    assert "margin-inline-start:25.0%;inline-size:15.6%" == bars(stories.finished())[1]
    hidden = [each for each in elements(str(latency_waterfall(stories.finished()))) if each.get("class") == "fk-wf-bar"]
    assert {"true"} == {each.get("aria-hidden") for each in hidden}


def test_tries_and_waits_of_an_outcome_are_rows_of_their_own():
    """The wait comes before the try that it was for; a step begins where the one before it ended."""
    tries = (Attempt(failure=BUSY, duration=0.5), Attempt(failure=BUSY, duration=0.5, waited=1.0))
    trail = (
        Step(name="ask", verdict="failed", failure=BUSY, attempts=tries, duration=2.0),
        Step(name="small", kind="smaller_model", attempts=(Attempt(duration=3.0),), duration=3.0),
    )
    outcome = Outcome(status="degraded", requested="ask", trail=trail, duration=5.0)
    assert [
        ("main model, try 1 ask", "was busy", "0.0 s", "0.5 s"),
        ("waiting", "", "0.5 s", "1.0 s"),
        ("main model, try 2", "was busy", "1.5 s", "0.5 s"),
        ("smaller model small", "answered", "2.0 s", "3.0 s"),
    ] == rows(outcome)
    assert ["attempt", "backoff", "attempt", "fallback"] == [span.kind for span in Spans.of(outcome).spans]


def test_the_last_try_ends_as_its_step_did():
    """A try that came back is not called an answer where the step gave none."""
    step = Step(name="ask", verdict="abstained", attempts=(Attempt(duration=2.0),), duration=2.0)
    assert "was not sure enough" == rows(Outcome(status="low_confidence", trail=(step,)))[0][1]


def test_time_that_no_try_explains_is_named_as_other_work():
    """What a step took beyond its tries and waits is not given to any of them."""
    step = Step(name="ask", attempts=(Attempt(duration=2.0),), duration=3.0)
    assert ("other work", "", "2.0 s", "1.0 s") == rows(Outcome(status="answered", trail=(step,), duration=3.0))[-1]


def test_tries_beside_one_another_end_with_their_step():
    """Of two tries at once, the second does not stand after the end of both."""
    step = Step(name="ask", attempts=(Attempt(duration=4.0), Attempt(duration=1.0)), duration=4.0)
    assert [0.0, 3.0] == [span.start for span in Spans.of(Outcome(status="answered", trail=(step,))).spans]


def test_what_was_left_out_took_no_time():
    """A skipped step says so, without numbers and without a part in the sentence."""
    skipped = Step(name="saved", kind="cache", verdict="skipped")
    value = Outcome(status="answered", trail=(skipped, Step(name="ask", duration=1.0)), duration=1.0)
    assert ("saved answer saved", "was left out", "", "") == rows(value)[0]
    assert "1.0 s: main model (1.0 s)." == spoken(value)


def test_over_the_budget_is_said_with_both_numbers():
    """By how much, of what; within it, only what the limit is."""
    assert "1.4 s over the limit of 5.0 s." in shown(stories.over_budget())
    assert "1.4 s over the limit of 5.0 s." in spoken(stories.over_budget())
    assert "The limit is 8.0 s. Half of such calls take less than 2.4 s." in shown(stories.finished())


def test_a_call_under_way_is_not_read_out():
    """Its numbers change all the time; what is said comes at its end (rubric 65)."""
    assert shown(stories.live()).startswith(
        "3.2 s so far: 1 failed try (1.6 s), waiting (1.0 s) and main model (0.6 s)."
    )
    assert spoken(stories.live()) is None


def test_a_record_that_ends_early_says_so():
    """Also where a trail is too long to be shown whole."""
    tries = tuple(Attempt(failure=BUSY, duration=0.1) for _ in range(200))
    long = Outcome(status="unavailable", trail=(Step(name="ask", verdict="failed", attempts=tries, duration=20.0),))
    for value in (stories.truncated(), long):
        assert "The record ends early. What came after is not in it." in shown(value)
    assert 100 == len(rows(long))


def test_many_parts_are_told_by_the_longest():
    """The failed tries are always named; what is left out of the sentence is summed up in it."""
    spans = [Span(name=f"part {number}", kind="other", duration=1.0 + number) for number in range(20)]
    said = spoken(Spans(spans=(*spans, Span(duration=0.5, outcome="failed"))))
    assert "part 19 (20.0 s)" in said
    assert "1 failed try (0.5 s)" in said
    assert "other work (2 min 16 s)" in said
    assert "part 3 " not in said


@pytest.mark.parametrize("locale", ["de", "ar"])
def test_every_word_is_in_the_readers_language(locale):
    """No English word is left of what the kit says."""
    spans = [Span(kind=kind, duration=1.0) for kind in get_args(SpanKind)]
    spans += [Span(by=by, name="x", outcome=outcome) for by, outcome in zip(_answerers(), _endings(), strict=False)]
    value = Spans(spans=tuple(spans), state="truncated", total=30.0, budget=2.0, p50=1.0)
    english, other = (
        {
            "".join(each.itertext())
            for each in elements(str(latency_waterfall(value, locale=tag)))
            if each.tag in {"th", "p"}
        }
        for tag in ("en", locale)
    )
    assert english.isdisjoint(other)


def _answerers():
    return sorted({name for each in get_args(Answerer) for name in get_args(each)} - {"person", "other"})


def _endings():
    return get_args(SpanOutcome)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_stay_text(text):
    """In a span, and in the trail of an outcome."""
    value = Spans(id=text, spans=(Span(name=text, kind="verify", duration=1.0), Span(name=text, by="other")))
    for markup in (str(latency_waterfall(value)), str(latency_waterfall(poisoned(text)))):
        assert_harmless(markup)
        assert clean(text) in "".join(parsed(markup).itertext())


spans = st.builds(
    Span,
    name=st.text(max_size=20),
    kind=st.sampled_from(get_args(SpanKind)),
    start=st.floats(0, 1e9),
    duration=st.floats(0, 1e9),
    outcome=st.sampled_from(get_args(SpanOutcome)),
    failure=st.none() | st.sampled_from(FailureKind),
    by=st.none() | st.sampled_from([*_answerers(), "person", "other"]),
    number=st.none() | st.integers(1, 10**9),
)
seconds = st.none() | st.floats(0.001, 1e9)


@given(st.lists(spans, max_size=200), st.sampled_from(["live", "finished", "truncated"]), seconds, seconds, seconds)
@settings(max_examples=50)
def test_any_spans_are_drawn_and_travel(each, state, total, budget, p50):
    """Whatever the types allow draws, with its places kept, and comes back from JSON."""
    value = Spans(spans=tuple(each), state=state, total=total, budget=budget, p50=p50)
    markup = str(latency_waterfall(value))
    assert_harmless(markup)
    for mark in (("class", "fk-live"), ("role", "group")):
        assert path(str(latency_waterfall(None)), mark) == path(markup, mark)
    assert value == Spans.model_validate_json(value.model_dump_json())


times = st.floats(0, 0.3) | st.floats(0, 70) | st.sampled_from([0.05, 0.15, 0.35, 0.45, 59.85, 59.94, 59.96, 63.2])


@given(times, times, times, st.none() | st.floats(0, 9), st.sampled_from([None, 2]))
@settings(max_examples=300)
def test_what_is_remembered_of_a_step_is_what_would_be_drawn(start, duration, total, p50, number):
    """Times are remembered as they are read only where nobody can see the difference."""
    span = Span(name="ask", by="model", start=start, duration=duration, outcome="answered", number=number)
    for whole in (total, None, start + duration):
        value = Spans(spans=(span,), total=whole, p50=p50)
        assert _waterfall._waterfall(value, Reader()) == _waterfall.waterfall(value, Reader())


@given(outcomes)
@settings(max_examples=50)
def test_any_outcome_is_drawn(outcome):
    """No trail that the types allow breaks the table."""
    assert_harmless(str(latency_waterfall(outcome)))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"spans": [{"duration": math.nan}]}, "finite"),
        ({"spans": [{"start": -1.0}]}, "greater than or equal to 0"),
        ({"total": math.inf}, "finite"),
        ({"budget": 0}, "greater than 0"),
        ({"state": "over_budget"}, "`state` must not be 'over_budget' with a `budget` of None"),
        ({"state": "over_budget", "budget": 5, "total": 4}, "a `budget` of 5.0 and 4 s in all"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(wrong, said):
    """NaN, negative times, and a state that the times do not bear out."""
    with pytest.raises(ValidationError, match=said):
        Spans.model_validate(wrong)


def test_what_a_newer_version_says_is_shown_as_it_is():
    """An unknown kind, outcome, answerer and state break nothing."""
    span = Span.model_construct(name="", kind="vote", outcome="outvoted", by="council", duration=1.0)
    markup = str(latency_waterfall(Spans.model_construct(spans=(span,), state="dreaming", id="x")))
    assert_harmless(markup)
    texts = {(each.text or "").strip() for each in elements(markup)}
    assert {"council", "outvoted"} <= texts


def test_no_call_is_a_calm_empty_frame():
    """None says that there is nothing yet, and has no table to tab into."""
    markup = str(latency_waterfall(None))
    assert "No call has been made yet." == shown(None)
    assert [True] == ["hidden" in each.attrib for each in elements(markup) if each.get("role") == "group"]


def test_the_region_that_may_scroll_can_be_reached_and_has_a_name():
    """By keyboard (rubric 62)."""
    region = next(each for each in elements(str(latency_waterfall(stories.finished()))) if each.get("role") == "group")
    assert ("0", "Steps in time") == (region.get("tabindex"), region.get("aria-label"))


def test_the_component_sends_times_and_nothing_else_of_an_outcome():
    """The answer does not leave the server with the waterfall."""
    sent = LatencyWaterfall().postprocess(outcome_card.answered())
    assert "carry over" not in str(sent)
    assert 2.1 == LatencyWaterfall().preprocess(sent).total


def test_the_states_are_those_of_the_kit():
    """Each has a story."""
    assert set(get_args(WaterfallState)) <= set(vars(stories))
