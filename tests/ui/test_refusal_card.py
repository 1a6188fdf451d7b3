from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallbackkit import Answer, Failure, FailureKind, Outcome
from fallbackkit.ui._components_trouble import RefusalCard
from fallbackkit.ui.views._html import clean
from fallbackkit.ui.views._refusal import Refusal, RefusalCategory, RefusalState, refusal_card
from stories import refusal_card as stories
from tests.ui.corpus import BERLIN, HOSTILE
from tests.ui.html import assert_harmless, elements, parsed, path, visible

STATES = get_args(RefusalState)
CATEGORIES = get_args(RefusalCategory)
BLAME = r"\b(?:sorry|violat|inappropriate|harmful|illegal|forbidden|invalid|please|must not|you tried|against)"
refusals = st.builds(
    Refusal,
    id=st.text(max_size=5),
    what=st.none() | st.text(),
    state=st.sampled_from(STATES),
    category=st.none() | st.sampled_from(CATEGORIES),
    policy_url=st.none() | st.text() | st.just("https://intranet.example/p"),
    alternatives=st.lists(st.tuples(st.text(max_size=9), st.text(max_size=30)), max_size=4).map(tuple),
)


def draw(value, **reader):
    """As people in Berlin see it."""
    return str(refusal_card(value, now=stories.NOW, tz=BERLIN, **reader))


def buttons(markup):
    """The buttons that can be seen, in order: what each does, with what, and whether it is the primary one."""

    def walk(node):
        if "hidden" not in node.attrib:
            if node.tag == "button":
                yield node.get("data-action"), node.get("data-value"), "fk-primary" in node.get("class")
            for child in node:
                yield from walk(child)

    return list(walk(parsed(markup)))


SAID = {
    "refused": "I can't help with sharing a colleague's salary",
    "refused_without_more": "I can't help with that",
    "partly": "Left out: whether to take the company to court over the notice period",
    "needs_approval": "Nothing is done until they agree.",
    "other_channel": "This is handled somewhere else",
    "reported": "The people who run this assistant see it.",
    "of_an_outcome": "I can't help with that",
    "none": "Nothing was declined.",
}


@pytest.mark.parametrize(("story", "words"), SAID.items())
def test_each_state_has_its_words(story, words):
    """In English; German and Arabic say the same in words of their own."""
    english, german, arabic = (visible(draw(getattr(stories, story)(), locale=each)) for each in ("en", "de", "ar"))
    assert words in english
    assert len({english, german, arabic}) == 3


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("category", CATEGORIES)
def test_it_is_calm_and_blames_nobody(state, category):
    """Neutral in colour, without apology, moral or rule text; it does not interrupt (rubric 37, 38, 39)."""
    markup = draw(Refusal(id="1", what="this", state=state, category=category))
    assert "fk-tone-neutral" in markup
    assert not re.search("danger|attention|assertive", markup)
    assert not re.search(BLAME, visible(markup), re.IGNORECASE)


@pytest.mark.parametrize("locale", ["en", "de", "ar"])
def test_each_category_gives_its_reason(locale):
    """One sentence each, and none where nothing is given."""
    said = {visible(draw(Refusal(id="1", category=each), locale=locale)) for each in (*CATEGORIES, None)}
    assert len(CATEGORIES) + 1 == len(said)


def test_what_is_long_does_not_stand_in_the_headline():
    """Which has at most 60 characters (rubric 32); it is told below, as it is."""
    long = "ordering a second laptop " * 40_000
    markup = draw(Refusal(id="1", what=long))
    assert "I can't help with that" in visible(markup)
    assert f"Your request: {long}" in visible(markup)


def test_the_alternatives_lead():
    """The best first, a person last; below them a word on a mistake (rubric 30, 34)."""
    assert [
        ("alternative", "bands", True),
        ("alternative", "hr", False),
        ("escalate", None, False),
        ("report", None, False),
    ] == buttons(draw(stories.refused()))
    assert ("escalate", None, True) == buttons(draw(stories.refused_without_more()))[0]
    assert ("request_approval", None, True) == buttons(draw(stories.needs_approval()))[0]


@given(refusals)
@settings(max_examples=40)
def test_one_action_leads(value):
    """Never two, never none (rubric 34)."""
    assert 1 == sum(primary for _, _, primary in buttons(draw(value)))


def test_a_mistake_is_reported_once():
    """Then the card says who sees it, and the button is gone; the rest stays."""
    actions = [action for action, _, _ in buttons(draw(stories.reported()))]
    assert ["alternative", "alternative", "escalate"] == actions


def test_what_the_page_does_not_handle_is_not_offered():
    """``actions`` names what it handles."""
    assert [("report", None, False)] == buttons(draw(stories.refused(), actions=["report"]))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//intranet.example", "policy", ""])
def test_only_an_address_that_may_be_opened_is_a_link(url):
    """Without one, the line is not there."""
    links = [each for each in elements(draw(Refusal(id="1", policy_url=url))) if each.tag == "a"]
    assert [] == links
    assert "Read the policy" not in visible(draw(Refusal(id="1", policy_url=url)))
    assert "Read the policy" in visible(draw(stories.refused()))


def test_the_words_of_the_model_are_not_shown():
    """Neither on the page nor in the data that leave the server."""
    outcome = Outcome(
        status="unavailable",
        answer=Answer(text="", refusal="I cannot assist with salaries under rule 7."),
        failure=Failure(kind=FailureKind.SAFETY_REFUSED),
    )
    assert "I can't help with that" in visible(draw(outcome))
    assert "rule 7" not in str(RefusalCard().postprocess(outcome))


def test_a_refusal_of_the_first_choice_counts():
    """Also where others were tried and failed of something else."""
    refused = Failure(kind=FailureKind.SAFETY_REFUSED)
    failure = Failure(kind=FailureKind.FALLBACK_EXHAUSTED, steps=(refused, Failure(kind=FailureKind.INTERNAL)))
    assert "refused" == Refusal.of(Outcome(status="unavailable", failure=failure)).state


def test_an_outcome_that_was_no_refusal_is_none():
    """A calm empty frame that says nothing."""
    outcome = Outcome(status="unavailable", failure=Failure(kind=FailureKind.PROVIDER_5XX))
    assert Refusal.of(outcome) is None
    assert "Nothing was declined." == visible(draw(outcome)) == visible(draw(None))
    assert parsed(draw(outcome))[0][0].text is None


def test_too_many_alternatives_are_refused_with_a_remedy():
    """Nobody chooses between two hundred."""
    with pytest.raises(ValueError, match=r"`alternatives` may be at most 4, got 200; give the best ones"):
        Refusal(alternatives=[(str(index), "Show it") for index in range(200)])


@given(refusals)
@settings(max_examples=60)
def test_any_refusal_draws_harmlessly(value):
    """Whatever is known of it; and it is JSON both ways."""
    assert_harmless(draw(value))
    assert draw(value) == draw(Refusal.model_validate_json(value.model_dump_json()))


@given(refusals)
@settings(max_examples=40)
def test_what_can_hold_the_focus_keeps_its_place(value):
    """The live region, the word on a mistake, and the way to a person."""
    for mark in (("class", "fk-live"), ("data-action", "report"), ("data-action", "escalate")):
        assert path(draw(stories.refused()), mark) == path(draw(value), mark)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_field_stays_text(text):
    """What was asked for, the names of the alternatives, the address."""
    for state in STATES:
        value = Refusal(id=text, what=text, state=state, policy_url=text, alternatives=((text, text),))
        markup = draw(value)
        assert_harmless(markup)
        assert visible(markup).count(clean(text)) >= 2
        assert clean(text) == buttons(markup)[0][1] or state == "needs_approval"


def test_a_state_of_a_newer_version_is_told_as_it_is():
    """Calm, verbatim, with a person to ask."""
    value = Refusal.model_construct(id="7", state="hibernating", category="sunspots", alternatives=())
    assert "This page does not know this state: hibernating." in visible(draw(value))
    assert "escalate" == buttons(draw(value))[0][0]
