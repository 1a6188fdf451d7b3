from __future__ import annotations

import inspect
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallbackkit import Answer, FailureKind, Outcome, Step
from fallbackkit._outcome import StepKind
from fallbackkit.ui._components_origin import AnsweredBy
from fallbackkit.ui.views._answered_by import Provenance, answered_by
from fallbackkit.ui.views._html import clean
from fallbackkit.ui.views._provenance import Answerer
from stories import answered_by as stories
from stories import outcome_card
from tests.ui.corpus import BERLIN, HOSTILE, outcomes, poisoned
from tests.ui.html import assert_harmless, elements, parsed, path, visible

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
STORIES = {
    name: make for name, make in inspect.getmembers(stories, inspect.isfunction) if make.__module__ == stories.__name__
}
KINDS = get_args(Answerer)
LINES = {
    "main_model": "Answered by the main model",
    "smaller_model": "Answered by the smaller model instead of the main model",
    "another_model": "Answered by another model instead of the main model",
    "of_an_outcome": "Answered by the smaller model instead of the main model",
    "saved": "Saved answer from 9 October, 10:15 (5 days ago, Berlin time), checked by Dana Richter",
    "saved_instead": "Saved answer from 12 October, 09:10 (2 days ago, Berlin time) instead of the main model",
    "rule": "Answered by a fixed rule: holiday entitlement table 2026",
    "search": "Matching pages found by search instead of the main model",
    "person": "Answered by Anna Kowalski",
    "person_and_ai": "Written by AI, checked by Anna Kowalski",
    "mixed": "Answered together: main model and fixed rule",
    "on_the_way": "Being written by the main model",
    "nobody": "Not answered",
    "empty": "No answer yet",
}


def drawn(value, **reader):
    """The label, for somebody in Berlin."""
    return str(answered_by(value, now=NOW, tz=BERLIN, **reader))


def said(value, **reader):
    """What is on the screen, on one line."""
    return " ".join(visible(drawn(value, **reader)).split())


def told(value, **reader):
    """What one click shows: each term with what is known of it."""
    rows = [
        each for each in elements(drawn(value, **reader)) if each.tag == "div" and len(each) and each[0].tag == "dt"
    ]
    return {"".join(row[0].itertext()): " ".join("".join(row[1].itertext()).split()) for row in rows}


@pytest.mark.parametrize("story", STORIES)
def test_each_answerer_has_its_line(story):
    """Whoever answered is named on the answer itself, and instead of whom (rubric 21)."""
    assert said(STORIES[story]()).startswith(LINES[story])


def test_each_answerer_has_an_outline_of_its_own():
    """They differ in shape, so that they do in grey too; another main model looks like one."""
    shapes = {kind: drawn(Provenance(kind=kind)).partition("<svg")[2].partition("</svg>")[0] for kind in KINDS}
    assert shapes.pop("another_model") == shapes["model"]
    assert len(shapes) == len(set(shapes.values()))


@pytest.mark.parametrize("make", [stories.smaller_model, stories.of_an_outcome])
def test_requested_actual_and_every_step_are_one_click_away(make):
    """And the reason is seen without one (rubric 23)."""
    rows = told(make())
    assert ("main model ask_policies", "smaller model ask_small") == (rows["Requested"], rows["Answered"])
    assert "main model was busy (2.6 s)smaller model answered (3.1 s)" == rows["Steps"]
    assert "The main model was busy." in said(make())
    button = next(each for each in elements(drawn(make())) if each.tag == "button")
    assert ("by", "false") == (button.get("data-toggle"), button.get("aria-expanded"))


def test_what_may_be_worse_is_said_at_once():
    """In the words of the application."""
    assert "What may be worse: answers about long documents and tables." in said(stories.smaller_model())
    assert "worse" not in said(stories.main_model())


def test_no_reason_is_given_where_nothing_stands_in():
    """A first choice that answered needs none."""
    value = stories.main_model().model_copy(update={"reason": FailureKind.PROVIDER_OVERLOADED})
    assert "busy" not in said(value)


@pytest.mark.parametrize(
    ("story", "rail"),
    [
        ("main_model", "live"),
        ("smaller_model", "fallback"),
        ("saved", "saved"),
        ("saved_instead", "saved"),
        ("search", "fallback"),
        ("person", "person"),
        ("person_and_ai", "person"),
        ("empty", "none"),
    ],
)
def test_the_rail_says_the_same(story, rail):
    """Its pattern can be told apart in grey."""
    assert f'data-rail="{rail}"' in drawn(STORIES[story]())


@pytest.mark.parametrize(
    "name", ["answered", "degraded_smaller_model", "degraded_saved_answer", "degraded_search_only"]
)
def test_what_is_kept_of_an_outcome_says_the_same(name):
    """After a reload, from JSON, the line and its reason are as they were (rubric 22)."""
    outcome = getattr(outcome_card, name)()
    kept = Provenance.model_validate_json(Provenance.of(outcome).model_dump_json())
    assert said(outcome) == said(kept)
    assert told(outcome)["Requested"] == told(kept)["Requested"]
    assert told(outcome)["Answered"] == told(kept)["Answered"]


@pytest.mark.parametrize(
    ("reason", "kind", "line"),
    [
        ("approved", "person_and_ai", "Written by AI, checked by Anna Kowalski"),
        ("answered", "person", "Answered by Anna Kowalski"),
    ],
)
def test_a_draft_that_a_person_checked_is_by_both(reason, kind, line):
    """What a person wrote is by that person alone."""
    outcome = outcome_card.reviewed()
    outcome = outcome.model_copy(update={"answer": outcome.answer.model_copy(update={"finish_reason": reason})})
    kept = Provenance.of(outcome)
    assert (kind, "Anna Kowalski") == (kept.kind, kept.person)
    assert line == said(kept)


@pytest.mark.parametrize("status", ["working", "awaiting_review", "unavailable"])
def test_nothing_is_kept_where_no_answer_may_be_seen(status):
    """Nobody has answered yet, or not for this reader."""
    assert Provenance.of(Outcome(status=status, answer=Answer(text="Yes."), trail=(Step(name="a"),))) is None


def test_what_may_be_worse_can_be_added_to_an_outcome():
    """Its first choice, its steps and its reason come by themselves."""
    kept = Provenance.of(stories.of_an_outcome(), differences=("tables",))
    assert ("smaller_model", "ask_policies", FailureKind.PROVIDER_OVERLOADED, True, 2) == (
        kept.kind,
        kept.requested,
        kept.reason,
        kept.degraded,
        len(kept.chain),
    )
    assert "What may be worse: tables." in said(kept)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_drawn_with_nothing_else_known(kind):
    """Then there is a line, and nothing that opens to nothing."""
    value = Provenance(kind=kind)
    assert_harmless(drawn(value))
    assert said(value)
    assert "hidden" in next(each for each in elements(drawn(value)) if each.tag == "button").attrib


def test_while_an_answer_is_written_no_step_has_answered():
    """Its step is not finished."""
    assert "Steps" not in told(stories.on_the_way())
    assert "Steps" in told(stories.nobody())


def test_the_line_is_what_is_read_out():
    """Once; before there is an answer, nothing."""
    assert LINES["rule"] == parsed(drawn(stories.rule()))[0][0].text
    assert parsed(drawn(None))[0][0].text is None


def test_what_can_hold_the_focus_keeps_its_place():
    """An answer that comes in finds the disclosure where it was (rubric 63)."""
    markups = [drawn(make()) for make in STORIES.values()] + [drawn(Provenance(kind=kind)) for kind in KINDS]
    for mark in (("class", "fk-live"), ("data-toggle", "by")):
        assert 1 == len({str(path(markup, mark)) for markup in markups})


@pytest.mark.parametrize("locale", ["de", "ar"])
@pytest.mark.parametrize("story", STORIES)
def test_every_line_has_words_of_its_own_in_each_language(story, locale):
    """No English is left over."""
    assert_harmless(drawn(STORIES[story](), locale=locale))
    words = set("".join(parsed(drawn(STORIES[story](), locale=locale)).itertext()).replace(".", " ").split())
    assert not {"Answered", "answered", "model", "Steps", "Requested", "was", "worse"} & words


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(text):
    """In every field of what is kept."""
    steps = (Step(name=text, kind="other"), Step(name=text, kind="person", verdict="failed"))
    for kind in KINDS:
        value = Provenance(
            id=text, kind=kind, actual=text, requested=text, degraded=True, requested_kind="other", reason="internal",
            chain=steps, at=NOW, person=text, model=text, differences=(text, text),
        )  # fmt: skip
        assert_harmless(drawn(value))
        assert "".join(parsed(drawn(value)).itertext()).count(clean(text)) >= 5
    assert_harmless(drawn(poisoned(text)))


KEPT = st.builds(
    Provenance,
    kind=st.sampled_from(KINDS),
    actual=st.none() | st.text(max_size=9),
    requested=st.none() | st.text(max_size=9),
    requested_kind=st.sampled_from(get_args(StepKind)),
    degraded=st.booleans(),
    reason=st.none() | st.sampled_from(FailureKind),
    chain=st.lists(st.builds(Step, name=st.text(max_size=9), kind=st.sampled_from(get_args(StepKind))), max_size=4).map(
        tuple
    ),
    at=st.none() | st.datetimes() | st.datetimes(timezones=st.just(UTC)),
    person=st.none() | st.text(max_size=9),
    differences=st.lists(st.text(max_size=9), max_size=3).map(tuple),
)


@given(KEPT)
@settings(max_examples=80)
def test_whatever_was_kept_draws_and_travels(value):
    """All combinations of what is known and not."""
    assert_harmless(drawn(value))
    assert value == Provenance.model_validate_json(value.model_dump_json())


@given(outcomes)
@settings(max_examples=60)
def test_any_outcome_draws_and_can_be_kept(outcome):
    """With or without an answer."""
    assert_harmless(drawn(outcome))
    assert_harmless(drawn(Provenance.of(outcome)))


def test_an_answerer_of_a_newer_version_is_told_as_it_is():
    """Calmly, with the drawing of the unknown."""
    value = stories.main_model().model_copy(update={"kind": "oracle", "actual": None, "requested_kind": "oracle"})
    assert "Answered by oracle" in said(value)
    named = stories.smaller_model().model_copy(update={"kind": "oracle", "requested_kind": "seer", "reason": "tired"})
    assert "Answered by ask_small instead of ask_policies" in said(named)


def test_the_component_keeps_what_is_shown():
    """An outcome goes in, what is to be kept of it comes back."""
    label = AnsweredBy()
    assert Provenance.of(stories.of_an_outcome()) == label.preprocess(label.postprocess(stories.of_an_outcome()))
    assert label.preprocess(label.postprocess(stories.nobody())) is None
