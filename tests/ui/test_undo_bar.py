from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit.ui._components_people import UndoBar
from fallbackkit.ui._stylesheet import script, stylesheet
from fallbackkit.ui.views._html import clean
from fallbackkit.ui.views._undo import Undoable, undo_bar
from stories import undo_bar as stories
from tests.ui.corpus import BERLIN, HOSTILE
from tests.ui.html import assert_harmless, elements, parsed, path, visible

NOW = stories.NOW


def markup(value, locale="en", **reader):
    """The bar as a string."""
    return str(undo_bar(value, **{"now": NOW, "tz": BERLIN, "locale": locale, **reader}))


def shown(value, locale="en", **reader):
    """What is on the screen, on one line."""
    return " ".join(visible(markup(value, locale, **reader)).split())


def spoken(value, locale="en"):
    """What is read out."""
    return parsed(markup(value, locale))[0][0].text or ""


@pytest.mark.parametrize(
    ("value", "on_screen", "aloud"),
    [
        (
            stories.offered_for_a_minute(),
            "Undo: sent to 3 people48 seconds left to undo.",
            "Undo: sent to 3 people",
        ),
        (
            stories.offered_until_you_leave(),
            "Undo: booked the Linden room for Thursday, 14:00You can undo it until you leave this page.",
            "Undo: booked the Linden room for Thursday, 14:00",
        ),
        (stories.time_is_over(), "The time to undo this is over.", "The time to undo this is over."),
        (
            stories.undone(),
            "Undone: sent to 3 people. Nobody has received it.",
            "Undone: sent to 3 people. Nobody has received it.",
        ),
        (
            stories.cannot_be_undone(),
            "This can't be undone: hand in the October figures. Payroll closes the month as soon as it has them.",
            "This can't be undone: hand in the October figures. Payroll closes the month as soon as it has them.",
        ),
        (stories.overridden_by_you(), "You changed this.Show the AI version", "You changed this."),
        (
            stories.restored(),
            "The AI version is back. Your version is kept.Show your version",
            "The AI version is back. Your version is kept.",
        ),
    ],
)
def test_every_state_says_what_can_be_taken_back(value, on_screen, aloud):
    """And for how long (52); drawing it again says nothing new aloud (66)."""
    assert on_screen == shown(value)
    assert aloud == spoken(value)
    assert 3 == len({shown(value, locale) for locale in ("en", "de", "ar")})


def test_the_words_are_those_of_each_language():
    """With the length of time as it says it."""
    assert "Rückgängig machen: sent to 3 peopleNoch 48 Sekunden Zeit dafür." == shown(
        stories.offered_for_a_minute(), "de"
    )
    assert "بقي 48 ثانية للتراجع." in shown(stories.offered_for_a_minute(), "ar")


def test_without_a_present_the_end_is_a_time():
    """A page that does not know how late it is does not count."""
    said = shown(stories.offered_for_a_minute(), now=None)
    assert "Undo: sent to 3 people14 October 2026, 14:20 (Berlin time)" == said


def test_what_a_person_changed_shows_both_versions():
    """The assistant's text, the differences marked in words, and the way back (53)."""
    text = " ".join("".join(parsed(markup(stories.overridden_by_you())).itertext()).split())
    assert stories.AI_TEXT in text
    assert "request for removed seven added five days" in text
    assert "Use the AI version" in text
    assert 'data-rail="person"' in markup(stories.overridden_by_you())
    marks = [each.tag for each in elements(markup(stories.overridden_by_you())) if each.tag in {"ins", "del"}]
    assert ["del", "ins", "del", "ins", "del", "ins"] == marks


def test_what_came_back_can_go_again():
    """The person's version is the other one then."""
    buttons = {
        each.get("data-action"): "hidden" not in each.attrib
        for each in elements(markup(stories.restored()))
        if each.get("data-action")
    }
    assert {"undone": False, "restored": False, "overridden": True} == buttons


def test_versions_too_long_to_compare_are_shown_whole():
    """The time it takes would grow with their square."""
    long = "word " * 200_000
    drawn = markup(Undoable(action="letter", state="overridden", before=long, after=long + "more"))
    assert long in drawn
    assert "<ins" not in drawn
    assert "What is different" not in visible(drawn)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {"done_at": NOW, "reversible_until": NOW + timedelta(seconds=19)},
            "`reversible_until` must be at least 20 seconds after `done_at`, got 19; give people longer",
        ),
        ({"reversible_until": NOW}, "`done_at` must be given with `reversible_until`; say when it was done"),
        ({"state": "impossible"}, "`why_not` must say why it can't be undone in the state 'impossible', got nothing"),
        ({"action": ""}, "`action` must say what is undone, got nothing"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(fields, says):
    """Fewer than 20 seconds above all: it names the argument, the value and what to do."""
    with pytest.raises(ValidationError, match=says):
        Undoable(**{"action": "sent", **fields})


def test_twenty_seconds_are_enough():
    """Also where only one of the times has a zone."""
    for until in (NOW + timedelta(seconds=20), NOW.replace(tzinfo=None) + timedelta(seconds=20)):
        assert "Undo: sent20 seconds left" in shown(Undoable(action="sent", done_at=NOW, reversible_until=until))


def test_what_the_page_does_not_handle_is_not_offered():
    """No button, and no time that runs out for nothing."""
    said = shown(stories.offered_for_a_minute(), actions=())
    assert "Undo: sent" not in said
    assert "48 seconds" not in said


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_field_stays_text(text):
    """In each state, and as a state of a newer version (83)."""
    for state in ("offered", "undone", "impossible", "overridden", "restored", text):
        value = Undoable.model_construct(id=text, action=text, state=state, why_not=text, before=text, after="x")
        assert_harmless(markup(value))
        assert clean(text) in "".join(parsed(markup(value))[0][1].itertext())


values = st.builds(
    Undoable,
    action=st.text(min_size=1, max_size=40),
    state=st.sampled_from(["offered", "undone", "impossible", "overridden", "restored"]),
    done_at=st.just(NOW),
    reversible_until=st.none() | st.integers(20, 10**9).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    why_not=st.text(min_size=1, max_size=40),
    before=st.none() | st.text(max_size=60),
    after=st.none() | st.text(max_size=60),
)


@given(values, st.sampled_from(["en", "de", "ar"]))
@settings(max_examples=40, deadline=None)
def test_anything_done_draws_at_the_same_places(value, locale):
    """The buttons and the disclosure stand where they stood (63)."""
    first, drawn = markup(None), markup(value, locale)
    assert_harmless(drawn)
    for mark in (
        ("data-action", "undone"),
        ("data-toggle", "undo-version"),
        ("data-action", "restored"),
        ("data-action", "overridden"),
    ):
        assert path(first, mark) == path(drawn, mark)
    assert value == Undoable.model_validate_json(value.model_dump_json())


def test_the_component_gives_back_what_it_showed():
    """Its value goes to the browser and back unchanged."""
    bar = UndoBar()
    assert stories.restored() == bar.preprocess(bar.postprocess(stories.restored()))


def test_the_button_stays_until_the_time_is_over_and_the_focus_is_kept(page):
    """Then it says so, once on the screen and once aloud, and tells the page (52, 63, 66)."""
    page.clock.install(time=0)
    page.clock.pause_at(1000)  # else it goes on by itself
    page.set_content(
        f"<style>{stylesheet()}</style><script>{script()}</script>{markup(stories.offered_for_a_minute())}"
    )
    page.evaluate("window.got = []; addEventListener('fk-action', event => got.push(event.detail.action))")
    undo = page.get_by_role("button", name="Undo: sent to 3 people")
    undo.focus()
    page.clock.run_for(40_000)
    assert undo.is_visible()
    assert "8 seconds left to undo." in page.locator(".fk-card").inner_text()
    assert "10 seconds left to undo." == page.locator(".fk-live").inner_text()
    page.clock.run_for(10_000)
    assert "The time to undo this is over." == page.locator(".fk-card").inner_text().strip()
    assert "The time to undo this is over." == page.locator(".fk-live").inner_text()
    assert "undo-bar" == page.evaluate("document.activeElement.dataset.fk")
    assert ["expired"] == page.evaluate("got")
