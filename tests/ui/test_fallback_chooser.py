from __future__ import annotations

import json
import math
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit import Answer, FailureKind, Outcome
from fallbackkit.ui._components_waiting import FallbackChooser
from fallbackkit.ui._stylesheet import script, stylesheet
from fallbackkit.ui.views._choices import Choice, Choices, fallback_chooser
from fallbackkit.ui.views._html import clean
from stories import fallback_chooser as stories
from tests.ui.corpus import BERLIN, HOSTILE
from tests.ui.html import assert_harmless, elements, parsed, path, visible

NOW = stories.NOW
FREE = "Cost nothing extra"
KINDS = ("wait", "saved", "smaller_model", "search", "person")


def drawn(value, **reader):
    """As somebody in Berlin sees it."""
    return str(fallback_chooser(value, **{"now": NOW, "tz": BERLIN, **reader}))


def shown(value, **reader):
    """What is on the screen, on one line."""
    return " ".join(visible(drawn(value, **reader)).split())


def options(value, **reader):
    """What each option says."""
    found = [each for each in elements(drawn(value, **reader)) if "fk-option" in (each.get("class") or "").split()]
    return [" ".join(read(each).split()) for each in found]


def read(node):
    """The text of the element that is not hidden."""
    inner = "" if "hidden" in node.attrib else (node.text or "") + "".join(map(read, node))
    return inner + (node.tail or "")


def test_each_option_says_time_quality_and_cost_in_this_order():
    """So that they can be compared; also those that say nothing of it themselves."""
    assert [
        "Wait for the full answerTime about 2 minutesQuality full answerCost €0.02",
        "Use the saved answerfrom Tuesday, 13 OctoberTime nowQuality may be out of dateCost nothing extra",
        "Get a short answer from the smaller modelTime about 4 secondsQuality less detail, no tablesCost €0.003",
        f"Just show the matching pages4 pages of the travel policyTime nowQuality no AI, you read the pages{FREE}",
        f"Ask the HR deskAnna Kowalski's teamTime by 16:00 (in 2 hours, Berlin time)Quality a person answers{FREE}",
    ] == options(stories.choosing(), locale="en-GB")


def test_what_is_not_known_is_said_to_be_so():
    """A time and a cost; costs are left out where no option has one."""
    bare, priced = Choice(id="a", label="Ask Dana"), Choice(id="b", kind="search", wait=0, cost=0)
    assert ["Ask DanaTime not knownQuality not knownCost not known"] == options(Choices(options=(bare, priced)))[:1]
    assert "Cost" not in shown(Choices(options=(bare,)))


def test_a_long_wait_is_told_as_a_time_of_day():
    """Relative alone where the present is not known (44)."""
    late = Choices(options=(Choice(id="p", kind="person", wait=7200),))
    assert "by 16:20 (in 2 hours, Berlin time)" in shown(late)
    assert "about 2 hours" in shown(late, now=None)
    assert "about" in shown(Choices(options=(Choice(id="p", kind="person", wait=1e300),)))


def test_what_is_not_available_stays_readable_with_the_reason():
    """And cannot be chosen (29)."""
    markup = drawn(stories.some_not_available())
    assert "Not available: nobody is on shift until Thursday, 08:00" in visible(markup)
    assert "Ask the HR desk" in visible(markup)
    off = [each.get("value") for each in elements(markup) if each.tag == "input" and "disabled" in each.attrib]
    assert ["saved", "hr_desk"] == off


@pytest.mark.parametrize("kind", ["search", "person"])
@pytest.mark.parametrize("state", [{}, {"locked": True}, {"acts": True}, {"recommended": "x"}])
def test_the_way_without_ai_is_never_hidden(kind, state):
    """Whatever else there is, and whether or not it is available (29)."""
    ways = (Choice(id="x", kind="saved"), Choice(id="y", kind=kind, available=False, why_not="closed"))
    assert {"search": "Just show the matching pages", "person": "Ask a person"}[kind] in shown(
        Choices(options=ways, **state)
    )


def test_the_recommended_one_is_chosen_already():
    """And says so; without a recommendation nothing is."""
    checked = [each.get("value") for each in elements(drawn(stories.recommended())) if "checked" in each.attrib]
    assert ["saved"] == checked
    assert 1 == shown(stories.recommended()).count("Recommended")
    assert "checked" not in drawn(stories.choosing())
    assert "Recommended" not in shown(stories.choosing())


def test_chosen_is_one_line_with_a_way_back():
    """The others are behind a button; nothing of them is on the screen. It is told once."""
    assert "Continuing with: Use the saved answerChange" == shown(stories.chosen())
    assert "Continuing with: Use the saved answer" == parsed(drawn(stories.chosen()))[0][0].text
    assert "Continuing with: Get a short answer from the smaller model" == shown(stories.chosen_and_locked())
    assert None is parsed(drawn(stories.choosing()))[0][0].text


def test_nothing_can_be_chosen_while_a_try_is_under_way():
    """The options stay readable, and it says when they come back."""
    markup = drawn(stories.locked())
    assert next(each for each in elements(markup) if each.tag == "fieldset").get("disabled") is not None
    assert "You can choose again when the try that is under way has ended." in visible(markup)
    assert "Continue this way" not in visible(markup)
    acting = Choices(options=(stories.SAVED,), acts=True, locked=True)
    assert 'data-action="chosen" data-value' not in drawn(acting)


def test_only_a_page_that_handles_it_lets_people_choose():
    """The options are there to read."""
    said = shown(stories.choosing(), actions=())
    assert "Use the saved answer" in said
    assert "Continue this way" not in said
    assert 'data-value="saved" aria-disabled="true"' in drawn(stories.acts_at_once(), actions=())


def test_an_outcome_offers_its_own_ways():
    """With the wait that is known, and the first thing to do recommended."""
    busy = stories.of_an_outcome()
    made = Choices.of(busy)
    assert [("wait", 120.0), ("search", 0.0), ("escalate", None)] == [(each.id, each.wait) for each in made.options]
    assert ("wait", busy.id) == (made.recommended, made.id)
    assert shown(busy) == shown(made)


@pytest.mark.parametrize("kind", FailureKind)
def test_every_failure_that_offers_a_way_without_ai_keeps_it(kind):
    """However many others there are (29, 30)."""
    outcome = Outcome(status="unavailable", failure={"kind": kind}, reasons=(kind,))
    offered = {action.id for action in outcome.notice().actions} & {"search", "escalate"}
    assert offered <= {option.id for option in Choices.of(outcome).options}
    for locale in ("en", "de", "ar"):
        assert_harmless(drawn(outcome, locale=locale))


def test_a_component_sends_only_what_an_outcome_offers():
    """Not the answer that is withheld."""
    held = stories.of_an_outcome().model_copy(update={"answer": Answer(text="5000 EUR")})
    sent = FallbackChooser().postprocess(held)
    assert "wait" == json.loads(sent["data"])["recommended"]
    assert "5000" not in str(sent)


def test_nothing_to_choose_from_is_said():
    """Also for None."""
    assert "How should we continue?There is no other way to continue right now." == shown(None)
    assert shown(None) == shown(stories.no_other_way())


@pytest.mark.parametrize("locale", ["de", "ar"])
def test_other_languages_have_their_own_words(locale):
    """Nothing of English is left where the application says nothing itself."""
    ways = tuple(Choice(id=kind, kind=kind, wait=90, cost=0) for kind in KINDS)
    for more in ({}, {"locked": True}, {"chosen": "wait"}, {"recommended": "search"}, {"acts": True}):
        value = Choices(options=ways, **more)
        english = set(shown(value).split())
        assert not {word for word in shown(value, locale=locale).split() if word in english and word.isalpha()}


ONE = Choice(id="a", label="One")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Choice(id="a"), "`label` is needed for the choice 'a'"),
        (lambda: Choice(id="", kind="saved"), "`id` must not be empty"),
        (lambda: Choice(id="a", kind="saved", available=False), "`why_not` is needed for the choice 'a'"),
        (lambda: Choice(id="a", kind="saved", wait=math.nan), "wait"),
        (lambda: Choice(id="a", kind="saved", cost=-1), "cost"),
        (
            lambda: Choices(options=tuple(Choice(id=str(n), label="x") for n in range(6))),
            "`options` must be at most 5, got 6",
        ),
        (lambda: Choices(options=(ONE, ONE)), "`options` must each have an id of its own, got 'a' twice"),
        (lambda: Choices(options=(ONE,), chosen="b"), "`chosen` must be the id of an option, got 'b'; the ids are 'a'"),
        (lambda: Choices(recommended="b"), "`recommended` must be the id of an option, got 'b'; the ids are none"),
        (
            lambda: Choices(options=(ONE.model_copy(update={"available": False, "why_not": "x"}),), recommended="a"),
            "`recommended` must be available, got 'a', which is not",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(make, said):
    """With the value, and what to do."""
    with pytest.raises(ValidationError) as error:
        make()
    assert said in str(error.value)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("acts", [False, True])
def test_hostile_text_in_every_field_stays_text(text, acts):
    """It is shown as it is, and makes no element."""
    off = Choice(id=f"{text}2", label=text, what=text, quality=text, available=False, why_not=text)
    ways = (Choice(id=text, label=text, what=text, quality=text, cost=1, currency=text), off)
    for chosen in (None, text):
        markup = drawn(Choices(id=text, options=ways, chosen=chosen, acts=acts))
        assert_harmless(markup)
        assert "".join(parsed(markup).itertext()).count(clean(text)) >= 7


def test_a_kind_of_a_newer_version_is_calm():
    """It is called by its id."""
    newer = Choice.model_construct(**{**dict(ONE), "kind": "quantum", "label": None, "id": "quantum"})
    for acts in (False, True):
        value = Choices.model_construct(**{**dict(Choices()), "options": (newer,), "acts": acts})
        assert "quantum" in shown(value)


texts = st.none() | st.text(min_size=1, max_size=4)
option = st.builds(
    Choice,
    id=st.text(min_size=1, max_size=4),
    kind=st.sampled_from((*KINDS, "other")),
    label=st.text(min_size=1, max_size=4),
    what=texts,
    wait=st.none() | st.floats(0, 1e12),
    cost=st.none() | st.floats(0, 1e12),
    quality=texts,
    available=st.booleans(),
    why_not=st.text(min_size=1, max_size=4),
)
some = st.lists(option, max_size=5, unique_by=lambda each: each.id)


@given(some, st.data(), st.booleans(), st.booleans())
@settings(max_examples=60)
def test_any_choice_is_drawn_at_the_same_places(ways, data, locked, acts):
    """Harmless HTML, JSON both ways, and what can hold the focus keeps its place."""
    chosen = data.draw(st.sampled_from([None, *(each.id for each in ways)]))
    value = Choices(options=tuple(ways), chosen=chosen, locked=locked, acts=acts)
    markup = drawn(value, now=NOW + timedelta(days=data.draw(st.integers(0, 10**6))))
    assert_harmless(markup)
    assert value == Choices.model_validate_json(value.model_dump_json())
    for mark in (("class", "fk-live"), ("class", "fk-button fk-quiet"), ("class", "fk-button fk-primary")):
        assert path(drawn(None), mark) == path(markup, mark)


@pytest.fixture
def shows(page):
    """Puts the choices on a page, and listens."""

    def put(value):
        css = f"<style>{stylesheet()}</style>"
        page.set_content(f"<!doctype html><title>Choose</title>{css}{drawn(value)}<script>{script()}</script>")
        page.evaluate(
            "window.heard = []; addEventListener('fk-action', (e) => heard.push([e.detail.action, e.detail.value]))"
        )
        return page

    return put


def test_arrow_keys_choose_and_a_button_confirms(shows):
    """Moving through the options changes nothing yet; what is confirmed is what was picked last (62)."""
    page = shows(stories.some_not_available())
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")
    assert "smaller" == page.evaluate("document.activeElement.value")
    assert [] == page.evaluate("heard")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert [["chosen", "smaller"]] == page.evaluate("heard")


def test_what_somebody_is_choosing_outlives_an_update(shows):
    """A new drawing of the server does not take it back."""
    page = shows(stories.recommended())
    page.get_by_label("Just show the matching pages").check()
    page.evaluate("fallbackkit.settle()")
    assert page.get_by_label("Just show the matching pages").is_checked()


def test_an_option_that_acts_is_one_press(shows):
    """With its id as the value."""
    page = shows(stories.acts_at_once())
    page.get_by_role("button", name="Ask the HR desk").press("Enter")
    assert [["chosen", "hr_desk"]] == page.evaluate("heard")


def test_change_opens_the_options_again(shows):
    """At once, without the server."""
    page = shows(stories.chosen())
    page.get_by_role("button", name="Change how to continue").press("Enter")
    assert page.get_by_label("Use the saved answer").is_checked()
    assert page.get_by_label("Wait for the full answer").is_visible()
