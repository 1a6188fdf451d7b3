from __future__ import annotations

import re

import pytest

from fallbackkit import Attempt, Failure, FailureKind, Outcome, Step
from fallbackkit.ui.views import outcome_card
from fallbackkit.ui.views._reader import Reader
from fallbackkit.ui.views._spans import Spans
from fallbackkit.ui.views._trail import trail
from fallbackkit.ui.views._waterfall import waterfall
from stories import outcome_card as stories
from tests.ui.html import elements, parsed, path

LABELS = {
    "en": "What the system did: 2 steps, 5.7 s",
    "de": "Was das System getan hat: 2 Schritte, 5,7 s",
    "ar": "ما فعله النظام: خطوتان، 5.7 ث",
}


def panel(outcome, locale="en"):
    """The part of the card."""
    return str(trail(outcome, Reader(locale=locale)))


def label(outcome, locale="en"):
    """What its button says."""
    said = "".join(parsed(panel(outcome, locale))[0][0][0].itertext())
    return re.sub("[\u2068\u2069]", "", said).replace("\u00a0", " ")


@pytest.mark.parametrize("locale", LABELS)
def test_the_button_says_how_much_there_is(locale):
    """The number of steps in the plural of the language, and the time of the whole call."""
    assert LABELS[locale] == label(stories.degraded_smaller_model(), locale)


def test_the_panel_is_the_waterfall():
    """One table for both, so that they cannot tell different stories."""
    outcome = stories.degraded_smaller_model()
    assert str(waterfall(Spans.of(outcome), Reader())) in panel(outcome)
    assert str(waterfall(Spans.of(outcome), Reader())) in str(outcome_card(outcome))


def test_the_reference_can_be_copied():
    """With a name for the button, and what is said when it worked and when it did not (rubric 42)."""
    markup = panel(stories.unavailable())
    button = next(each for each in elements(markup) if each.get("data-action") == "copy_reference")
    told = [button.get(name) for name in ("data-copy", "aria-label", "data-copied", "data-select")]
    assert ["7F3K2M", "Copy the reference code", "Copied.", "Selected. Copy it with your keyboard."] == told


def test_a_reference_without_steps_still_has_its_place():
    """The code is what support asks for, even if nothing else is known."""
    outcome = Outcome(status="unavailable", failure=Failure(kind=FailureKind.INTERNAL, reference="7F3K2M"))
    assert "What the system did: details" == label(outcome)
    assert "7F3K2M" in panel(outcome)


@pytest.mark.parametrize("outcome", [None, stories.working(), stories.streaming(), Outcome(status="answered")])
def test_nothing_done_is_nothing_shown(outcome):
    """The place is kept, hidden, with its button where it will be."""
    assert "hidden" in parsed(panel(outcome))[0].attrib
    mark = ("data-toggle", "trail")
    assert path(panel(stories.unavailable()), mark) == path(panel(outcome), mark)


def test_a_time_that_makes_no_sense_is_not_drawn():
    """A clock that ran backwards gives no negative bar."""
    step = Step(name="ask", duration=-5.0, attempts=(Attempt(duration=-5.0, waited=-1.0),))
    markup = panel(Outcome(status="answered", trail=(step,)))
    assert ["margin-inline-start:0.0%;inline-size:0.0%"] == re.findall(r'style="([^"]*)"', markup)
