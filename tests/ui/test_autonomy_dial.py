from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit.ui._components_people import AutonomyDial
from fallbackkit.ui._stylesheet import script, stylesheet
from fallbackkit.ui.views._autonomy import Dial, Level, autonomy_dial
from fallbackkit.ui.views._html import clean
from stories import autonomy_dial as stories
from tests.ui.corpus import BERLIN, HOSTILE, LATER
from tests.ui.html import assert_harmless, elements, parsed, path, visible

LEVELS = {
    1: "Suggest only",
    2: "Prepare a plan, I decide",
    3: "Do it after I confirm",
    4: "Do it and tell me",
}


def markup(value, locale="en", **reader):
    """The dial as a string."""
    return str(autonomy_dial(value, now=LATER, tz=BERLIN, locale=locale, **reader))


def shown(value, locale="en", **reader):
    """What is on the screen, on one line."""
    return " ".join(visible(markup(value, locale, **reader)).split())


def spoken(value, locale="en"):
    """What is read out."""
    return parsed(markup(value, locale))[0][0].text or ""


def radios(value, **reader):
    """Each choice: whether it is chosen, and whether it can be."""
    found = [each for each in elements(markup(value, **reader)) if each.tag == "input"]
    return [("checked" in each.attrib, "disabled" not in each.attrib) for each in found]


@pytest.mark.parametrize("level", get_args(Level))
def test_the_present_level_is_named_for_its_task(level):
    """In words, beside the choices and without them; the choice itself is marked (56)."""
    value = Dial(task="Refunds", level=level)
    assert shown(value).startswith(f"Refunds: {LEVELS[level]}How much may the assistant do alone?")
    assert f"Refunds: {LEVELS[level]}" == shown(value.model_copy(update={"compact": True})) == spoken(value)
    assert [(each == level, True) for each in LEVELS] == radios(value)


def test_every_level_says_what_it_means_in_each_language():
    """All four are on the screen with their description, whichever is chosen."""
    said = {locale: shown(stories.suggest_only(), locale) for locale in ("en", "de", "ar")}
    assert 3 == len(set(said.values()))
    assert all(label in said["en"] for label in LEVELS.values())
    assert "Nothing happens until you press the button." in said["en"]
    assert "Es geschieht nichts, bis Sie den Knopf drücken." in said["de"]
    assert "ولا يحدث شيء قبل أن تضغط الزر" in said["ar"]


def test_a_level_that_policy_forbids_stays_readable_with_the_reason():
    """Who set the limit stands on each choice above it; those below can be chosen."""
    value = stories.locked_by_policy()
    assert [(False, True), (True, True), (False, False), (False, False)] == radios(value)
    reason = "Not available here. The works agreement of 12 March 2026 allows up to “Prepare a plan, I decide”."
    assert 2 == shown(value).count(reason)
    assert "Do it and tell me" in shown(value)
    assert 2 == shown(value.model_copy(update={"locked_by": None})).count("Not available here.")


@pytest.mark.parametrize(
    ("fields", "title", "why"),
    [
        ({"corrections": 3}, "Lowered to “Prepare a plan, I decide” on 12 October", "After 3 corrections in a row."),
        ({"corrections": 1}, "Lowered to “Prepare a plan, I decide” on 12 October", "After 1 correction."),
        ({"corrections": None}, "Lowered to “Prepare a plan, I decide” on 12 October", "You can raise it again"),
        ({"lowered_at": None}, "Lowered to “Prepare a plan, I decide”", "After 3 corrections in a row."),
    ],
)
def test_a_level_that_was_lowered_says_so(fields, title, why):
    """With the date and the number of corrections, as far as they are known."""
    value = stories.lowered_after_corrections().model_copy(update=fields)
    assert title == spoken(value)
    assert title in shown(value)
    assert why in shown(value)


def test_lowering_is_counted_as_each_language_counts():
    """Arabic has a form for two."""
    value = stories.lowered_after_corrections()
    assert "Am 12. Oktober auf „Plan vorbereiten, ich entscheide“ gesenkt" in shown(value, "de")
    assert "بعد تصحيحين متتاليين." in shown(value.model_copy(update={"corrections": 2}), "ar")


def test_a_change_that_does_not_hold_yet_is_not_shown_as_done():
    """The present level stays chosen, and what is coming is said."""
    value = stories.pending()
    said = "Changing to “Do it after I confirm”. Until then, “Prepare a plan, I decide” holds."
    assert said == spoken(value)
    assert said in shown(value)
    assert [False, True, False, False] == [chosen for chosen, _ in radios(value)]


def test_a_page_that_does_not_handle_changes_shows_them_closed():
    """What can't be changed here can still be read."""
    assert [(False, False), (False, False), (True, True), (False, False)] == radios(
        stories.do_it_after_i_confirm(), actions=()
    )


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"level": 4, "max_level": 2}, r"`level` must be at most `max_level` \(2\), got 4; lower it"),
        ({"max_level": 2, "pending": 3}, r"`pending` must be at most `max_level` \(2\), got 3; lower it"),
        ({"level": 5}, "Input should be 1, 2, 3 or 4"),
        ({"task": ""}, "`task` must say what it is about, got nothing"),
        ({"corrections": 0}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(fields, says):
    """It names the argument, the value and what to do."""
    with pytest.raises(ValidationError, match=says):
        Dial(**{"task": "Refunds", "level": 2, **fields})


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_field_stays_text(text):
    """The task, the limit and who set it (83)."""
    value = Dial(id=text, task=text, level=1, max_level=1, locked_by=text, limit=text)
    assert_harmless(markup(value))
    assert 5 == "".join(parsed(markup(value))[0][1].itertext()).count(clean(text))


def test_a_level_of_a_newer_version_is_calm():
    """It is shown as it is, and no choice is marked."""
    value = Dial.model_construct(**{**dict(stories.suggest_only()), "level": 7, "max_level": 9, "pending": 8})
    assert "Leave requests: 7" in shown(value)
    assert [False] * 4 == [chosen for chosen, _ in radios(value)]


dials = st.integers(1, 4).flatmap(
    lambda top: st.builds(
        Dial,
        task=st.text(min_size=1, max_size=40),
        level=st.integers(1, top),
        max_level=st.just(top),
        pending=st.none() | st.integers(1, top),
        locked_by=st.none() | st.text(max_size=40),
        lowered_at=st.none() | st.datetimes(),
        corrections=st.none() | st.integers(1, 10**9),
        limit=st.none() | st.text(max_size=40),
        compact=st.booleans(),
    )
)


@given(dials, st.sampled_from(["en", "de", "ar"]))
@settings(max_examples=40, deadline=None)
def test_any_dial_draws_at_the_same_places(value, locale):
    """Each choice stands where it stood (63), and exactly one is marked."""
    first, drawn = markup(None), markup(value, locale)
    assert_harmless(drawn)
    for level in "1234":
        assert path(first, ("data-value", level)) == path(drawn, ("data-value", level))
    assert 1 == sum(chosen for chosen, _ in radios(value))
    assert value == Dial.model_validate_json(value.model_dump_json())


def test_a_megabyte_is_drawn_whole():
    """Nothing is cut."""
    long = "word " * 200_000
    assert long in markup(Dial(task="x", level=1, limit=long))


def test_the_component_gives_back_what_it_showed():
    """Its value goes to the browser and back unchanged."""
    dial = AutonomyDial()
    assert stories.locked_by_policy() == dial.preprocess(dial.postprocess(stories.locked_by_policy()))


def test_the_keyboard_changes_one_dial_alone(page):
    """An arrow key sends the next level of this task; another dial on the page keeps its own."""
    both = markup(stories.do_it_after_i_confirm()) + markup(stories.suggest_only())
    page.set_content(f"<style>{stylesheet()}</style><script>{script()}</script>{both}")
    page.evaluate("addEventListener('fk-action', event => { window.got = event.detail })")
    page.get_by_role("radio", name="Do it after I confirm").first.focus()
    page.keyboard.press("ArrowDown")
    expected = {"component": "autonomy-dial", "action": "changed", "id": "refunds", "value": "4"}
    assert expected == page.evaluate("got")
    assert ["4", "1"] == page.evaluate("[...document.querySelectorAll(':checked')].map(each => each.value)")
