from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallbackkit import Answer, FailureKind, Outcome
from fallbackkit.ui._components_trouble import ErrorCard
from fallbackkit.ui.views._html import clean
from fallbackkit.ui.views._trouble import Trouble, TroubleState, error_card
from stories import error_card as stories
from stories import outcome_card
from tests.ui.corpus import BERLIN, HOSTILE, outcomes, poisoned
from tests.ui.html import assert_harmless, parsed, path, visible

NOW = stories.NOW
STATES = get_args(TroubleState)
KEPT = "Your question is still here."
CALM = [
    *("rate.user", "rate.shared", "quota.billing", "input.too_long", "output.truncated", "safety.refused"),
    *("permission", "quality.out_of_scope", "cancelled", "auth.expired", "human.unavailable"),
]
kinds = pytest.mark.parametrize("kind", FailureKind)
troubles = st.builds(
    Trouble,
    outcome=outcomes,
    state=st.sampled_from(STATES),
    tries=st.integers(0, 10**9),
    input_kept=st.none() | st.booleans(),
    audience=st.sampled_from(["user", "operator"]),
    level=st.integers(2, 6),
)


def draw(value, **reader):
    """As people in Berlin see it."""
    return str(error_card(value, now=NOW, tz=BERLIN, **reader))


def of_state(state, **props):
    """The story of a service that cannot be reached, in that state."""
    return Trouble(outcome=stories.error(), state=state, **props)


def shown_buttons(markup):
    """The buttons that can be seen, in order."""

    def walk(node):
        if "hidden" not in node.attrib:
            if node.tag == "button":
                yield node
            for child in node:
                yield from walk(child)

    return list(walk(parsed(markup)))


def actions(markup):
    """What the buttons of the row of actions do."""
    apart = {"dismiss", "copy_reference", None}
    return [name for each in shown_buttons(markup) if (name := each.get("data-action")) not in apart]


def primary(markup):
    """What leads."""
    return [each.get("data-action") for each in shown_buttons(markup) if "fk-primary" in each.get("class")]


SAID = {
    "error": "We can't reach the answer service",
    "error_of_ours": "Something broke on our side",
    "limit": "The shared answers are used up for now",
    "question_lost": "Your question was not kept. It has to be typed again.",
    "with_countdown": "Trying again in 24 seconds",
    "retrying": "There is nothing you need to do.",
    "resolved": "It works again",
    "repeated": "You have tried this 3 times. Another way may work better.",
    "handed_over": "Your case is 4821.",
    "dismissed": "Closed: We can't reach the answer service",
    "for_operators": "Something broke on our side",
    "none": "Nothing has gone wrong here.",
}


@pytest.mark.parametrize(("story", "words"), SAID.items())
def test_each_state_has_its_words(story, words):
    """In English; German and Arabic say the same in words of their own, with nothing left in English."""
    english, german, arabic = (visible(draw(getattr(stories, story)(), locale=each)) for each in ("en", "de", "ar"))
    assert words in english
    assert len({english, german, arabic}) == 3
    assert not re.search(r"[A-Za-z]{2}", arabic)


@kinds
def test_every_failure_is_told_by_its_effect_and_leads_on(kind):
    """A short headline, no code; one thing to do first, at most three, a person last (rubric 30, 32, 33, 34)."""
    outcome = outcome_card.unavailable(kind)
    markup = draw(outcome)
    notice = outcome.notice()
    assert notice.title in visible(markup)
    assert len(notice.title) <= 60
    assert kind.value not in visible(markup)
    assert "7F3K2M" not in visible(markup)
    assert 1 <= len(actions(markup)) <= 3
    assert "escalate" == actions(markup)[-1]
    assert len(primary(markup)) == 1


@kinds
def test_the_question_is_spoken_of_once(kind):
    """Its own line says that it is still there, and only where the words of the failure do (rubric 36)."""
    outcome = outcome_card.unavailable(kind)
    said = KEPT in outcome.notice().body
    assert said == visible(draw(outcome)).count(KEPT)


@kinds
@pytest.mark.parametrize("locale", ["en", "de", "ar"])
def test_a_lost_question_is_not_said_to_be_kept(kind, locale):
    """In no language and for no failure."""
    kept = {"en": "still here", "de": "noch da", "ar": "ما زال هنا"}[locale]
    trouble = Trouble(outcome=outcome_card.unavailable(kind), input_kept=False)
    markup = draw(trouble, locale=locale)
    assert kept not in visible(markup)
    assert kept not in (parsed(markup)[0][0].text or "")


@pytest.mark.parametrize("kind", [*map(FailureKind, CALM)])
def test_limits_and_stops_are_not_red(kind):
    """They are no disaster (rubric 39)."""
    assert "danger" not in draw(outcome_card.unavailable(kind))


@kinds
@pytest.mark.parametrize("trouble", [{"tries": 2}, {"tries": 50}, {"state": "repeated"}])
def test_the_third_time_in_a_row_trying_again_is_not_offered(kind, trouble):
    """Neither as a button nor in words (rubric 40)."""
    markup = draw(Trouble(outcome=outcome_card.unavailable(kind), **trouble))
    assert not {"retry", "wait"} & set(actions(markup))
    assert "ry again" not in visible(markup)
    assert len(primary(markup)) == 1


def test_the_second_time_it_still_is():
    """Once is no series."""
    assert "retry" in actions(draw(of_state("error", tries=1)))
    assert "error" == Trouble.of(stories.error(), tries=1).state
    assert "repeated" == Trouble.of(stories.error(), tries=2).state


def test_a_running_wait_has_the_only_way_to_try_again():
    """Its own buttons, its own time; the way around is the primary action."""
    markup = draw(stories.with_countdown())
    assert ["retry_now", "pause", "cancel", "search", "escalate"] == actions(markup)
    assert ["search"] == primary(markup)
    assert "You can try again" not in visible(markup)


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("retrying", ["cancel", "escalate"]),
        ("resolved", ["retry"]),
        ("handed_over", ["track"]),
        ("dismissed", ["reopen"]),
    ],
)
def test_what_can_be_done_fits_the_state(state, offered):
    """Nobody is asked again who has the question, and nothing is tried twice at once."""
    assert offered == actions(draw(of_state(state)))


def test_it_stays_until_the_person_closes_it():
    """Nothing in it counts or goes by itself (rubric 43), and what was closed can be opened again."""
    assert not re.search("data-(clock|until|from)", draw(stories.error()))
    assert "dismiss" in [each.get("data-action") for each in shown_buttons(draw(stories.error()))]
    assert KEPT not in visible(draw(stories.dismissed()))


def test_the_reference_is_inside_the_details_with_a_way_to_copy_it():
    """The words for having copied it come along, as the browser cannot know them (rubric 42)."""
    markup = draw(stories.error())
    [copy] = [each for each in parsed(markup).iter("button") if each.get("data-action") == "copy_reference"]
    assert ("7F3K2M", "Copied.", "Copy the reference code") == (
        copy.get("data-copy"),
        copy.get("data-copied"),
        copy.get("aria-label"),
    )
    assert "Details" in visible(markup)
    assert "14:18 (2 minutes ago, Berlin time)" in "".join(parsed(markup).itertext())


def test_only_operators_learn_the_kind_and_what_was_tried():
    """Under the details; the headline stays the same (rubric 33)."""
    people, operators = (
        "".join(parsed(draw(of_state("error", audience=each))).itertext()) for each in ("user", "operator")
    )
    for inside in ("connection.upstream", "The provider could not be reached", "ask_policies"):
        assert inside not in people
        assert inside in operators
    assert "We can't reach the answer service" in operators


def test_it_has_an_icon_and_a_heading():
    """Its weight is not told by colour alone (rubric 41); the level is the page's to choose."""
    root = parsed(draw(of_state("error", level=2)))
    [heading] = [each for each in root.iter() if each.get("role") == "heading"]
    assert ("2", "We can't reach the answer service") == (heading.get("aria-level"), heading.text)
    [box] = [each for each in root.iter() if "fk-tone-attention" in (each.get("class") or "")]
    assert "svg" == box[0].tag.rpartition("}")[2]


def test_only_an_error_that_is_news_interrupts():
    """What the person did themselves has failed: at once. Once it goes on: when there is a pause."""
    failed = outcome_card.unavailable(FailureKind.TIMEOUT_FIRST_BYTE)
    polite = {
        state: parsed(draw(Trouble(outcome=failed, state=state)))[0][0].get("aria-live") == "polite" for state in STATES
    }
    assert polite == {state: state not in {"error", "repeated"} for state in STATES}


@given(troubles)
@settings(max_examples=60)
def test_any_trouble_draws_harmlessly(trouble):
    """Whatever is known of it; and it is JSON both ways."""
    assert_harmless(draw(trouble))
    assert draw(trouble) == draw(Trouble.model_validate_json(trouble.model_dump_json()))


@given(troubles)
@settings(max_examples=40)
def test_what_can_hold_the_focus_keeps_its_place(trouble):
    """The live region, the details, and the way to a person at the same place in every state (rubric 30)."""
    marks = [("data-toggle", "details"), ("data-action", "escalate"), ("data-action", "dismiss")]
    for mark in [("class", "fk-live"), *marks]:
        assert path(draw(stories.error()), mark) == path(draw(trouble), mark)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_field_stays_text(text):
    """In each state, for people and operators."""
    outcome = poisoned(text, "unavailable")
    for state in STATES:
        for audience in ("user", "operator"):
            assert_harmless(draw(Trouble(outcome=outcome, state=state, audience=audience)))
    operators = draw(Trouble(outcome=outcome, audience="operator"))
    assert "".join(parsed(operators).itertext()).count(clean(text)) >= 2


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble.model_construct(id="7", outcome=stories.error(), state="hibernating"),
        Trouble.model_construct(id="7", outcome=stories.error().model_copy(update={"status": "hibernating"})),
        Trouble.model_construct(
            id="7",
            outcome=stories.error().model_copy(
                update={"failure": stories.error().failure.model_copy(update={"kind": "hibernating"})}
            ),
        ),
    ],
    ids=["state", "status", "kind"],
)
def test_what_a_newer_version_says_is_told_as_it_is(trouble):
    """Calm, verbatim."""
    markup = draw(trouble)
    assert "This page does not know this state: hibernating." in visible(markup)
    assert "danger" not in markup


@pytest.mark.parametrize("status", ["working", "streaming", "answered", "reviewed"])
def test_where_nothing_failed_nothing_is_said(status):
    """The same calm frame as for None."""
    outcome = Outcome(status=status, answer=Answer(text="Five days."))
    assert "Nothing has gone wrong here." == visible(draw(outcome)) == visible(draw(None))
    assert parsed(draw(outcome))[0][0].text is None


def test_events_bear_the_name_of_the_call():
    """So that a handler knows which one it is about."""
    assert "carry-over" == Trouble(outcome=stories.error()).id == Trouble.of(stories.error()).id
    assert "own" == Trouble(id="own", outcome=stories.error()).id


def test_numbers_out_of_bounds_are_refused():
    """The message names the argument."""
    for wrong in ({"tries": -1}, {"tries": float("nan")}, {"level": 1}, {"state": "gone"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Trouble(outcome=stories.error(), **wrong)


def test_a_withheld_answer_does_not_leave_the_server():
    """The card does not show one, so its data have none either."""
    outcome = stories.error().model_copy(update={"answer": Answer(text="The salary is 4,200 euros.")})
    for value in (outcome, Trouble(outcome=outcome)):
        assert "4,200" not in str(ErrorCard().postprocess(value))
