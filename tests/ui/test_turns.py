from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallbackkit import Answer, FailureKind, Outcome, Pipeline, Step
from fallbackkit.ui import replies
from fallbackkit.ui._turns import banner_of, cut_off, rated, request_for, stored, turns_in
from fallbackkit.ui.views import Feedback, Turn
from stories import outcome_card as answers
from tests.ui.corpus import outcomes

BUSY = (FailureKind.PROVIDER_OVERLOADED,)


def turn(status, minutes, **facts):
    """A turn that ended so many minutes after the first one."""
    at = answers.NOW + timedelta(minutes=minutes)
    step = Step(name="keyword_search", kind="search") if status == "degraded" else Step(name="ask")
    trail = () if status == "unavailable" else (step,)
    answer = None if status == "unavailable" else Answer(text="Five days.")
    given = {"answer": answer, "trail": trail, "created_at": at, **facts}
    return Turn(question="How many?", outcome=Outcome(status=status, **given))


def test_while_something_else_answers_the_banner_says_since_when():
    """From the first answer of the outage on, and who answers instead."""
    turns = [turn("answered", 0), turn("degraded", 1, reasons=BUSY), turn("degraded", 2, reasons=BUSY)]
    banner = banner_of(turns)
    assert ("fallback", "search") == (banner.mode, banner.instead)
    assert turns[1].outcome.created_at == banner.since


def test_recovery_is_told_with_the_answers_that_were_given_meanwhile():
    """Rubric 28: since when it is back, and how many answers are marked; the next answer ends it."""
    turns = [turn("degraded", 1, reasons=BUSY), turn("unavailable", 2, reasons=BUSY), turn("answered", 3)]
    banner = banner_of(turns)
    assert ("recovered", 1) == (banner.mode, banner.marked)
    assert (turns[0].outcome.created_at, turns[2].outcome.created_at) == (banner.since, banner.back_at)
    assert None is banner_of([*turns, turn("answered", 4)])


@pytest.mark.parametrize(
    "turns",
    [
        [],
        [turn("answered", 0)],
        [turn("unavailable", 0, reasons=BUSY)],
        [turn("degraded", 0, reasons=(FailureKind.RETRIEVAL_NONE,))],
        [turn("degraded", 0, reasons=(FailureKind.RETRIEVAL_NONE,)), turn("answered", 1)],
    ],
)
def test_no_outage_no_banner(turns):
    """What one question met says nothing about the service; a failed answer speaks for itself."""
    assert None is banner_of(turns)


def test_what_was_stopped_keeps_what_had_come():
    """With words it is an interrupted answer, without it is none; both say who stopped it."""
    begun = cut_off(answers.streaming())
    assert ("interrupted", FailureKind.CANCELLED) == (begun.status, begun.failure.kind)
    assert answers.streaming().text == begun.text
    assert "unavailable" == cut_off(answers.working()).status


def test_the_first_click_is_the_record_and_the_rest_changes_it():
    """Rubric 54: stored at once; reasons and a comment are added; a new rating starts afresh; it can be taken back."""
    first = rated(Feedback(id="a"), {"action": "rated", "value": "down"})
    assert ("a", "down", "sent") == (first.id, first.rating, first.state)
    said = {"action": "detailed", "value": "wrong", "reasons": ["outdated", "made up"], "text": "Since May."}
    second = rated(first, said)
    assert ("a", ("outdated",), "Since May.", "edited") == (second.id, second.reasons, second.text, second.state)
    assert ("up", ()) == (rated(second, {"action": "rated", "value": "up"}).rating, ())
    assert Feedback(id="a", state="withdrawn") == rated(second, {"action": "withdrawn"})


@given(
    st.dictionaries(
        st.sampled_from(["action", "value", "reasons", "text"]), st.none() | st.text() | st.lists(st.text())
    )
)
def test_whatever_a_browser_says_becomes_a_record(said):
    """Nothing that is sent breaks it, and nothing that was not offered gets in."""
    for given_before in (Feedback(id="a"), Feedback(id="a", rating="down", state="sent")):
        record = rated(given_before, said)
        assert Feedback.model_validate(record.model_dump()) == record


@given(st.lists(outcomes, max_size=3))
def test_a_conversation_survives_the_browser(found):
    """As JSON there and back; a withheld answer never goes there."""
    turns = [Turn(question="How?", outcome=outcome) for outcome in found]
    kept = json.loads(json.dumps(stored(turns)))
    assert [each.outcome.status for each in turns] == [each.outcome.status for each in turns_in(kept)]
    for each in turns_in(kept):
        assert each.outcome.answer is None or each.outcome.status not in {"awaiting_review", "unavailable", "working"}


@pytest.mark.parametrize("saved", [None, "", {}, 7, [None], [{"question": 1}], [{"question": "How?", "mood": "new"}]])
def test_what_another_version_kept_is_left_out(saved):
    """Calmly: people lose an old conversation, not the page."""
    assert [] == turns_in(saved)


def test_the_latest_turns_are_kept():
    """Fifty, so that a browser's room is never full."""
    assert [str(number) for number in range(10, 60)] == [
        each["question"] for each in stored([Turn(question=str(number)) for number in range(60)])
    ]


def test_a_reviewer_gets_what_this_server_knows():
    """The draft, the sources and the way there; of an answer that only a browser knows, the question alone."""
    ours = request_for("How many?", "answered", answers.answered())
    assert ("How many?", answers.answered().text) == (ours.question, ours.draft)
    assert answers.answered().sources == ours.sources
    theirs = request_for("How many?", "answered", None)
    assert (None, (), "answered") == (theirs.draft, theirs.sources, theirs.idempotency_key)


async def test_an_async_function_replies_too():
    """With the same cards, as an async generator."""

    async def tell(question: str) -> str:
        return f"Five days, {question}"

    found = [card.value async for card in replies(Pipeline()(tell))("How many?", [])]
    assert 2 == len(found)
    assert "Five days, How many?" in found[-1]
