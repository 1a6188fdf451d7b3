from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit.ui._stylesheet import script, stylesheet
from fallbackkit.ui.views._choices import Choice
from fallbackkit.ui.views._html import clean
from fallbackkit.ui.views._waiting import Stage, Waiting, wait_progress
from stories import wait_progress as stories
from tests.ui.corpus import BERLIN, HOSTILE
from tests.ui.html import assert_harmless, elements, parsed, path, visible

NOW = stories.NOW
STOP = "Stop the answerEsc"
SAVED = Choice(id="saved", kind="saved")


def shown(value, locale="en", **reader):
    """What is on the screen, on one line."""
    return " ".join(visible(str(wait_progress(value, now=NOW, tz=BERLIN, locale=locale, **reader))).split())


def after(seconds, **more):
    """Work that began so many seconds ago, half of which takes 4 and a tenth more than 9."""
    return Waiting(**{"id": "w", "started_at": NOW - timedelta(seconds=seconds), "p50": 4, "p90": 9, **more})


def bar(value, locale="en"):
    """What the bar says to people who do not see it; None while it is not there."""
    found = next(each for each in elements(str(wait_progress(value, now=NOW, locale=locale))) if _is_bar(each))
    return None if "hidden" in found.attrib else {k: v for k, v in found.attrib.items() if k.startswith("aria-")}


def _is_bar(element):
    return element.get("role") == "progressbar"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.9, ""),
        (1, f"Working on it.{STOP}"),
        (3, f"Still working. Usually takes 4 to 9 seconds.{STOP}"),
        (9, f"Taking longer than usual (9 seconds). Usually takes 4 to 9 seconds. You can wait or stop.{STOP}"),
    ],
)
def test_what_is_said_grows_with_the_wait(seconds, expected):
    """Nothing for a second, then that it is heard, how long it usually takes, and what can be done (47, 48, 50)."""
    assert expected == shown(after(seconds))


def test_the_stage_is_named_after_three_seconds():
    """In the application's words, with its place among the stages (48)."""
    assert "Reading 3 documentsStep 2 of 4 Usually takes 4 to 9 seconds." in shown(stories.stage_named())
    assert "Reading" not in shown(stories.acknowledged())


def test_past_the_measured_time_other_ways_are_offered():
    """With a button each, and the way without them stays (50)."""
    said = shown(stories.much_slower())
    assert "You can wait, use the saved answer, ask a person, do something else meanwhile or stop." in said
    assert ["Stop the answer", "Use the saved answer", "Ask the HR desk"] == [
        label for label in ("Stop the answer", "Use the saved answer", "Ask the HR desk") if label in said
    ]
    assert "Use the saved answer" not in shown(stories.slower_offered_later())


def test_what_was_not_measured_is_not_said():
    """Without figures nothing is usual; after ten seconds other ways are offered all the same."""
    said = shown(after(10, p50=None, p90=None, alternatives=(SAVED,)))
    assert said.startswith("Still working after 10 seconds. You can wait, use the saved answer or stop.")
    assert "sual" not in said


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"p50": 4, "p90": None}, "Usually takes about 4 seconds."),
        ({"p50": None, "p90": 9}, "Usually takes at most 9 seconds."),
        ({"p50": 8.8, "p90": 9}, "Usually takes 9 seconds."),
        ({"p50": 75, "p90": 140}, "Usually takes 1 to 3 minutes."),
    ],
)
def test_the_range_says_no_more_than_was_measured(figures, expected):
    """In whole units of the longer one."""
    assert expected in shown(after(5, **figures))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "Waiting in line."),
        ({"position": 1, "size": 9}, "You're next in line."),
        ({"position": 3}, "You're number 3 in line."),
        ({"position": 3, "size": 12}, "You're number 3 of 12 in line."),
    ],
)
def test_a_line_says_the_place_that_is_known(more, expected):
    """And that it starts by itself; who stands in line is not slower than usual."""
    said = shown(after(60, state="queued", **more))
    assert said.startswith(f"{expected}It starts by itself. Usually takes 4 to 9 seconds. You can wait or stop.")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"state": "cancelled", "undone": "sent"}, "Stopped. Nothing was sent."),
        ({"state": "cancelled", "undone": "changed"}, "Stopped. Nothing was changed."),
        ({"state": "cancelled"}, "Stopped. No answer was given."),
        ({"state": "cancelled", "note": "Linden was not booked."}, "Stopped. Linden was not booked."),
        ({"state": "cancelling", "undone": "sent"}, "Stopping. This takes a moment."),
        ({"state": "background"}, "Working in the background. You can do something else meanwhile."),
        ({"state": "done"}, "Done."),
        ({"state": "done", "ended_at": NOW}, "Done in 6 seconds."),
    ],
)
def test_an_end_is_said_to_eyes_and_ears(more, expected):
    """Also what did not happen, and nothing else was there to say before (49)."""
    markup = str(wait_progress(after(6, **more), now=NOW))
    assert expected == " ".join((parsed(markup)[0][0].text or "").split())
    assert " ".join(visible(markup).split()).startswith(expected.replace(". ", ". ", 1)[:8])
    assert not parsed(str(wait_progress(after(6), now=NOW)))[0][0].text


def test_stages_are_steps_and_not_a_share_of_time():
    """Determinate only where there are stages; never a percentage (51)."""
    expected = {"aria-label": "Progress", "aria-valuemin": "0", "aria-valuemax": "4", "aria-valuenow": "1"}
    assert expected | {"aria-valuetext": "Step 2 of 4: Reading 3 documents"} == bar(stories.stage_named())
    assert {"aria-label": "Progress"} == bar(stories.stages_not_known())
    assert None is bar(stories.acknowledged())
    assert "%" not in shown(stories.many_stages())


@pytest.mark.parametrize(("state", "busy"), [("working", "true"), ("cancelling", "true"), ("cancelled", "false")])
def test_what_is_under_way_is_busy(state, busy):
    """So that a screen reader does not read it half done."""
    assert f'aria-busy="{busy}"' in str(wait_progress(after(6, state=state), now=NOW))


def test_only_what_the_page_handles_is_offered():
    """Neither a button, nor a word of it."""
    said = shown(after(20, alternatives=(SAVED,), can_background=True), actions={"stop"})
    assert said.endswith("You can wait or stop.Stop the answerEsc")
    assert "You can wait." in shown(after(20), actions=())
    gone = SAVED.model_copy(update={"available": False, "why_not": "gone"})
    assert "saved" not in shown(after(20, alternatives=(gone,)))


@pytest.mark.parametrize("locale", ["de", "ar"])
def test_other_languages_have_their_own_words(locale):
    """Nothing of English is left in any state, but the names of stages."""
    states = [make for name, make in vars(stories).items() if callable(make) and name in STATES]
    for make in states:
        value = make().model_copy(update={"stages": (), "note": None})
        own = shown(value, locale).replace("Ask the HR desk", "").replace("Esc", "")
        english = set(shown(value).replace("Ask the HR desk", "").replace("Esc", "").split())
        assert not {word for word in own.split() if word in english and len(word) > 3}


STATES = ("acknowledged", "slower_than_usual", "much_slower", "queued", "cancelled", "background", "done", "cancelling")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"p50": 9, "p90": 4}, "`p50` must not be above `p90`, got 9.0 and 4.0; are they exchanged?"),
        ({"position": 4, "size": 3}, "`position` must not be above `size`, got 4 of 3"),
        (
            {"alternatives": tuple(Choice(id=str(n), label="x") for n in range(6))},
            "`alternatives` must be at most 5, got 6",
        ),
        ({"p90": math.nan}, "p90"),
        ({"p50": 0}, "p50"),
        ({"offer_after": -1}, "offer_after"),
        ({"state": "paused"}, "state"),
    ],
)
def test_what_cannot_be_is_refused_by_name(given, said):
    """With the value, and what to do."""
    with pytest.raises(ValidationError) as error:
        Waiting(**given)
    assert said in str(error.value)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_field_stays_text(text):
    """A stage, a label and a note are shown as they are, and make no element."""
    stages = (Stage(name=text, state="current"), Stage(name=text))
    ways = (Choice(id=text, label=text),)
    for seconds in (0, 5, 20):
        markup = str(wait_progress(after(seconds, id=text, stages=stages, alternatives=ways), now=NOW))
        assert_harmless(markup)
        assert clean(text) in "".join(parsed(markup).itertext())
    ended = str(wait_progress(after(6, state="cancelled", note=text), now=NOW))
    assert_harmless(ended)
    assert clean(text) in "".join(parsed(ended).itertext())


def test_a_state_of_a_newer_version_is_calm():
    """It is named as it is, and nothing counts."""
    value = Waiting.model_construct(**{**dict(after(6)), "state": "hibernating"})
    assert "In a state that this page does not know: hibernating" in shown(value)
    assert "data-clock" not in str(wait_progress(value, now=NOW))


def test_nothing_is_an_empty_place():
    """No words, and no clock."""
    assert "" == shown(None)
    assert "data-clock" not in str(wait_progress(None))


states = st.sampled_from(["working", "queued", "cancelling", "cancelled", "background", "done"])
stage = st.builds(Stage, name=st.text(max_size=8), state=st.sampled_from(["done", "current", "later"]))
moments = st.none() | st.datetimes(timezones=st.just(UTC)) | st.just(NOW)
waits = st.builds(
    Waiting,
    id=st.text(max_size=5),
    state=states,
    started_at=moments,
    p50=st.none() | st.floats(0.001, 5),
    p90=st.none() | st.floats(5, 1e12),
    stages=st.lists(stage, max_size=30).map(tuple),
    position=st.none() | st.integers(1, 9),
    size=st.none() | st.integers(9, 10**9),
    can_cancel=st.booleans(),
    can_background=st.booleans(),
    offer_after=st.none() | st.floats(0, 1e9),
    alternatives=st.sampled_from([(), (SAVED,)]),
    undone=st.sampled_from([None, "sent", "changed", "saved"]),
    note=st.none() | st.text(max_size=5),
    ended_at=moments,
)


@given(waits)
@settings(max_examples=60)
def test_any_wait_is_drawn_at_the_same_places(value):
    """Harmless HTML, JSON both ways, and what can hold the focus keeps its place in every state."""
    markup = str(wait_progress(value, now=NOW, tz=BERLIN))
    assert_harmless(markup)
    assert value == Waiting.model_validate_json(value.model_dump_json())
    for mark in (
        ("class", "fk-live"),
        ("data-action", "stop"),
        ("data-action", "background"),
        ("data-action", "retry"),
    ):
        assert path(str(wait_progress(None)), mark) == path(markup, mark)


def test_a_megabyte_and_hundreds_of_stages_are_drawn():
    """Slowly typed or generated, it is all there."""
    stages = tuple(Stage(name=f"File {number}") for number in range(200))
    long = str(wait_progress(after(5, stages=(Stage(name="x" * 10**6, state="current"), *stages)), now=NOW))
    assert "x" * 10**6 in long
    assert "Step 1 of 201" in long


HEAD = f"<!doctype html><html lang=en><title>Wait</title><style>{stylesheet()}</style><input autofocus>"


@pytest.fixture
def shows(page):
    """Puts a wait on a page, from its beginning, with a clock that the test moves."""

    def put(value):
        page.clock.install(time=0)
        page.clock.pause_at(1000)
        page.set_content(f"{HEAD}{wait_progress(value, now=NOW)}<script>{script()}</script>")
        page.evaluate("window.heard = []; addEventListener('fk-action', (e) => heard.push(e.detail.action))")
        page.evaluate(SPOKEN)
        return page

    return put


SPOKEN = """window.spoken = [];
new MutationObserver(() => spoken.push(document.querySelector('.fk-live').textContent))
  .observe(document.querySelector('.fk-live'), {childList: true, characterData: true, subtree: true})"""


def on(page):
    """The title that is on the screen."""
    return " ".join(page.inner_text(".fk-wait-title").split()) if page.is_visible(".fk-wait-title") else ""


def test_the_browser_moves_on_by_itself(shows):
    """From nothing to the offer, without the server; each stage is told once, five seconds apart at least."""
    page = shows(after(0, stages=stories.STAGES, alternatives=(SAVED,)))
    seen = [on(page)]
    for seconds in (0.9, 0.6, 2, 6):
        page.clock.run_for(seconds * 1000)
        seen.append(on(page))
    page.clock.run_for(30_000)
    assert seen[:2] == ["", ""]
    assert seen[2] == "Working on it."
    assert seen[3] == "Reading 3 documents Step 2 of 4"
    assert seen[4].startswith("Taking longer than usual (9 seconds).")
    assert page.get_by_role("button", name="Use the saved answer").is_visible()
    assert [
        "Working on it.",
        "Step 2 of 4: Reading 3 documents",
        "Taking longer than usual. You can wait, use the saved answer or stop.",
    ] == page.evaluate("spoken")


def test_escape_stops_wherever_the_focus_is(shows):
    """One key press from the question, also in the first second; not while a word is composed (49)."""
    page = shows(after(0))
    page.locator("input").press("Escape")
    assert ["stop"] == page.evaluate("heard")


def test_escape_stops_nothing_where_it_is_not_clear_what(shows):
    """Two waits on a page: only the one that has the focus."""
    page = shows(after(0))
    page.evaluate("document.body.append(document.querySelector('.fk').cloneNode(true))")
    page.locator("input").press("Escape")
    assert [] == page.evaluate("heard")
    page.locator(".fk").first.focus()
    page.keyboard.press("Escape")
    assert ["stop"] == page.evaluate("heard")


def test_an_update_does_not_set_the_clock_back(shows):
    """The server draws it again with a new stage: the wait goes on from where it was."""
    page = shows(after(0))
    page.clock.run_for(8000)
    start = datetime.fromisoformat(NOW.isoformat())
    again = str(wait_progress(after(0, started_at=start, stages=(Stage(name="Writing", state="current"),)), now=NOW))
    page.evaluate(
        "html => { const next = new DOMParser().parseFromString(html, 'text/html').querySelector('.fk');"
        "document.querySelector('.fk').replaceChildren(...next.childNodes); fallbackkit.settle() }",
        again,
    )
    assert "Writing Step 1 of 1" == on(page)
    page.clock.run_for(1000)
    assert on(page).startswith("Taking longer than usual (9 seconds).")
