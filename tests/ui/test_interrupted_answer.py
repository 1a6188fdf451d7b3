from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallbackkit import Answer, Failure, FailureKind, Outcome
from fallbackkit.ui._components_trouble import InterruptedAnswer
from fallbackkit.ui.views._html import clean
from fallbackkit.ui.views._interrupted import Cause, Partial, ToolEnd, interrupted_answer
from stories import interrupted_answer as stories
from tests.ui.corpus import BERLIN, HOSTILE
from tests.ui.html import assert_harmless, parsed, path, visible

CAUSES = (*get_args(Cause), None)
ends = st.builds(ToolEnd, name=st.text(max_size=20), state=st.sampled_from(["done", "not_done", "unknown"]))
partials = st.builds(
    Partial,
    id=st.text(max_size=5),
    text=st.text(),
    cause=st.sampled_from(CAUSES),
    words=st.none() | st.integers(0, 10**9),
    resumable=st.booleans(),
    tools=st.lists(ends, max_size=5).map(tuple),
    kept=st.none() | st.booleans(),
)


def draw(value, **reader):
    """As people in Berlin see it."""
    return str(interrupted_answer(value, now=stories.NOW, tz=BERLIN, **reader))


def buttons(markup):
    """The buttons that can be seen, in order, each with whether it is the primary one."""

    def walk(node):
        if "hidden" not in node.attrib:
            if node.tag == "button":
                yield node.get("data-action"), "fk-primary" in node.get("class")
            for child in node:
                yield from walk(child)

    return dict(walk(parsed(markup)))


def part(**props):
    """Five words that arrived."""
    return Partial(id="1", text="You can carry over five", **props)


SAID = {
    "connection": "The connection was lostIt ends after 12 words.",
    "you": "You stopped the answer",
    "service": "The answer service stopped sending",
    "length": "The answer hit its length limit",
    "safety": "A safety check stopped the answer",
    "timeout": "The rest of the answer took too long",
    "with_tools": "Invite Dana Richter: not known whether it was done; check before you repeat it",
    "nothing_arrived": "Nothing of it arrived. Your question is still here.",
    "kept": "You kept this part. It is not the whole answer.",
    "discarded": "The part that arrived is removed.",
    "of_an_outcome": "The answer stopped early",
    "none": "No answer has stopped early.",
}


@pytest.mark.parametrize(("story", "words"), SAID.items())
def test_each_state_has_its_words(story, words):
    """In English; German and Arabic say the same in words of their own."""
    english, german, arabic = (visible(draw(getattr(stories, story)(), locale=each)) for each in ("en", "de", "ar"))
    assert words in english
    assert len({english, german, arabic}) == 3


@pytest.mark.parametrize("locale", ["en", "de", "ar"])
def test_each_cause_is_named_in_its_own_words(locale):
    """You, the connection, the service, the length, safety, the time; and where it is not known, none (rubric 46)."""
    said = {visible(draw(part(cause=cause), locale=locale)) for cause in CAUSES}
    assert len(CAUSES) == len(said)


def test_what_arrived_comes_first_and_its_notice_below():
    """The text, its end, then what happened, then what to do (rubric 45)."""
    shown = visible(draw(stories.connection()))
    order = ["To book the large", "It ends here, unfinished", "AI wrote this", "The connection was lost", "Continue"]
    found = [shown.index(each) for each in order]
    assert sorted(found) == found


def test_nothing_vouches_for_a_part():
    """No confidence and no check mark is drawn, and none can be given."""
    for cause in CAUSES:
        assert not re.search("easured|right, about|quote found", visible(draw(part(cause=cause))))
    with pytest.raises(ValueError, match="confidence"):
        Partial(text="Five", confidence=0.8)


@pytest.mark.parametrize(
    ("props", "first", "others"),
    [
        ({"cause": "connection", "resumable": True}, "continue_answer", {"retry", "keep", "discard", "escalate"}),
        ({"cause": "connection"}, "retry", {"keep", "discard", "escalate"}),
        ({"cause": "you", "resumable": True}, "continue_answer", {"retry", "keep", "discard"}),
        ({"cause": "safety"}, "escalate", {"keep", "discard"}),
        ({"cause": "timeout", "kept": True}, "retry", {"escalate"}),
        ({"cause": "timeout", "kept": False, "resumable": True}, "retry", {"escalate"}),
    ],
)
def test_one_way_on_leads(props, first, others):
    """What can be resumed is; a safety stop is not tried again; who stopped it needs no help (rubric 30, 34)."""
    offered = buttons(draw(part(**props)))
    assert first == next(name for name, leads in offered.items() if leads)
    assert others == {name for name, leads in offered.items() if not leads}
    assert "escalate" not in offered or "escalate" == list(offered)[-1]


def test_what_the_page_does_not_handle_is_not_offered():
    """And what leads is one of those that are."""
    assert {"retry": True} == buttons(draw(part(cause="length", resumable=True), actions=["retry"]))


def test_a_removed_part_is_gone():
    """From the page and from the data that leave the server."""
    gone = part(kept=False)
    assert "carry over" not in draw(gone)
    assert "carry over" not in str(InterruptedAnswer().postprocess(gone))
    assert "carry over" in draw(part(kept=True))


def test_every_action_it_was_taking_is_settled():
    """Done, not done, or not known; nothing still turns, and the answer is not busy any more."""
    shown = visible(draw(stories.with_tools()))
    assert "Reserve Linden, 15 October, 10:00: done" in shown
    assert "Order coffee for 24: not done" in shown
    assert 'aria-busy="false"' in draw(stories.with_tools())


def test_it_is_said_once_that_and_why_it_stopped():
    """Politely, with the count of what arrived (rubric 65)."""
    live = parsed(draw(stories.connection()))[0][0]
    assert "The connection was lost. It ends after 12 words. What arrived is above." == live.text
    assert "polite" == live.get("aria-live")


@pytest.mark.parametrize("cause", ["you", "length", "safety"])
def test_stops_and_limits_are_no_alarm(cause):
    """Neither red nor amber (rubric 39)."""
    assert not re.search("fk-tone-(danger|attention)", draw(part(cause=cause)))


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (FailureKind.CANCELLED, "you"),
        (FailureKind.CONNECTION_LOST, "connection"),
        (FailureKind.PROVIDER_5XX, "service"),
        (FailureKind.CONNECTION_UPSTREAM, "service"),
        (FailureKind.OUTPUT_TRUNCATED, "length"),
        (FailureKind.SAFETY_REFUSED, "safety"),
        (FailureKind.TIMEOUT_MID_STREAM, "timeout"),
        (FailureKind.INTERNAL, None),
    ],
)
def test_the_cause_is_read_from_an_outcome(kind, cause):
    """And none is made up where the failure does not say (copy rule 9)."""
    outcome = Outcome(status="interrupted", answer=Answer(text="Five"), failure=Failure(kind=kind))
    assert cause == Partial.of(outcome).cause
    assert (kind == FailureKind.OUTPUT_TRUNCATED) == Partial.of(outcome).resumable
    assert Partial.of(outcome, resumable=True).resumable


def test_an_outcome_that_was_not_interrupted_is_none():
    """A calm empty frame that says nothing."""
    outcome = Outcome(status="answered", answer=Answer(text="Five days."))
    assert Partial.of(outcome) is None
    assert visible(draw(None)) == visible(draw(outcome)) == "No answer has stopped early."
    assert parsed(draw(outcome))[0][0].text is None


@given(partials)
@settings(max_examples=60)
def test_any_part_draws_harmlessly(value):
    """Whatever arrived; and it is JSON both ways."""
    assert_harmless(draw(value))
    assert draw(value) == draw(Partial.model_validate_json(value.model_dump_json()))


@given(partials)
@settings(max_examples=40)
def test_what_can_hold_the_focus_keeps_its_place(value):
    """The live region, what becomes of the part, and the way to a person."""
    for mark in (("class", "fk-live"), ("data-action", "keep"), ("data-action", "escalate")):
        assert path(draw(stories.connection()), mark) == path(draw(value), mark)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_field_stays_text(text):
    """What arrived, what was done, and the name of it all."""
    value = Partial(id=text, text=text, cause="service", tools=(ToolEnd(name=text, state="unknown"),))
    markup = draw(value)
    assert_harmless(markup)
    assert clean(text) in visible(markup)
    assert clean(text) == parsed(markup)[0].get("data-id")


def test_much_is_as_good_as_little():
    """A megabyte of text and two hundred actions."""
    tools = tuple(ToolEnd(name=f"Invite {index}", state="done") for index in range(200))
    shown = visible(draw(Partial(text="five days " * 100_000, cause="length", tools=tools)))
    assert "It ends after 200,000 words." in shown
    assert "Invite 199: done" in shown


def test_a_cause_of_a_newer_version_is_not_guessed():
    """It stopped early; that much is known."""
    value = Partial.model_construct(id="7", text="Five", cause="sunspots", tools=())
    assert "The answer stopped early" in visible(draw(value))


def test_a_count_that_is_none_is_refused():
    """NaN and less than nothing."""
    for words in (float("nan"), -1):
        with pytest.raises(ValueError, match="words"):
            Partial(words=words)
