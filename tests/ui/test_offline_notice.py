from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit.ui._stylesheet import script, stylesheet
from fallbackkit.ui.views._html import clean
from fallbackkit.ui.views._offline import Offline, OfflineState, offline_notice
from stories import offline_notice as stories
from tests.ui.corpus import BERLIN, HOSTILE
from tests.ui.html import assert_harmless, elements, parsed, path, visible

LANGUAGES = ("en", "de", "ar")
STATES = get_args(OfflineState)
STORIES = {
    name: story
    for name, story in vars(stories).items()
    if callable(story) and getattr(story, "__module__", "") == stories.__name__
}

words = st.text(max_size=20) | st.sampled_from(["", " ", "x" * 10_000, *HOSTILE[:4]])
notices = st.builds(
    Offline,
    state=st.sampled_from(STATES),
    waiting=st.integers(0, 10**9),
    still_works=st.lists(words, max_size=4) | st.just(["name"] * 200),
    about=st.none() | words,
    watch=st.booleans(),
)


def drawn(value, locale="en", **reader):
    """The notice as the help desk's people read it."""
    return str(offline_notice(value, now=stories.NOW, tz=BERLIN, locale=locale, **reader))


def shown(value, locale="en"):
    """What they see."""
    return " ".join(visible(drawn(value, locale)).split())


def spoken(value):
    """What is read out."""
    return next(each.text or "" for each in elements(drawn(value)) if each.get("class") == "fk-live")


@pytest.mark.parametrize(
    ("story", "said"),
    [
        (
            "offline",
            "You can read earlier answers. Your question is saved and will be sent when you're back.",
        ),
        ("read_only", "You can still use earlier answers, the floor plan and policies. New questions can't be sent"),
        ("queued", "What you asked is saved on this device and will be sent when you're back.Waiting to be sent: 3"),
        ("sending", "You're back online3 questions are being sent."),
        ("sent", "You're back online3 questions were sent."),
        ("conflict", "Both versions are kept. Choose the one that counts."),
    ],
)
def test_each_state_says_what_becomes_of_their_work(story, said):
    """And in other words in German and Arabic."""
    assert said in shown(STORIES[story]())
    assert ("You're offline" in shown(STORIES[story]())) == (story in {"offline", "read_only", "queued"})
    assert 3 == len({shown(STORIES[story](), locale) for locale in LANGUAGES})


def test_nothing_is_said_until_the_connection_goes():
    """Both texts are in the page already, as neither can be fetched then; what will be read out is, too."""
    text = drawn(stories.watching())
    assert "" == shown(stories.watching()) == spoken(stories.watching()) == shown(None)
    said = {each.get("data-when"): each.get("data-said") for each in elements(text) if each.get("data-when")}
    assert (
        "You're offline. You can still use earlier answers and saved pages. Your question is saved and will be sent"
        " when you're back."
    ) == said["offline"]
    assert "You're back online. A question that waited is sent now." == said["online"]
    assert 'data-network="online"' in text
    assert "data-network" not in drawn(stories.offline())


@pytest.mark.parametrize("story", STORIES)
def test_nothing_is_disabled_and_nothing_red(story):
    """Rubrics 39 and 64: it only speaks, through one live node."""
    text = drawn(STORIES[story]())
    assert not any({"disabled", "inert", "aria-disabled"} & set(each.attrib) for each in elements(text))
    assert "danger" not in text
    assert 1 == text.count('role="status"')


def test_a_conflict_loses_neither_version():
    """It names what was changed, and offers to look first; it cannot be hidden."""
    text = shown(stories.conflict())
    assert "This was changed elsewhere while you were offline" in text
    assert "Booking of the room Linden, 15 October, 10:00" in text
    assert text.index("Compare the versions") < text.index("Keep my version") < text.index("Keep the other version")
    assert "Hide" not in text
    assert 1 == drawn(stories.conflict()).count("fk-primary")
    assert "Keep my version" not in visible(drawn(stories.conflict(), actions=["compare"]))


@pytest.mark.parametrize(
    ("state", "one", "many"),
    [("sending", "1 question is being sent.", "are being sent."), ("sent", "1 question was sent.", "were sent.")],
)
@pytest.mark.parametrize("count", [0, 1, 2, 5, 11, 100])
def test_questions_are_counted_in_each_language(count, state, one, many):
    """With the plural form that goes with the number, or none where the number is not known."""
    value = Offline(state=state, waiting=count)
    assert 3 == len({shown(value, locale) for locale in LANGUAGES})
    assert (one in shown(value)) == (count == 1)
    assert (many in shown(value)) == (count > 1)


@pytest.mark.parametrize("fields", [{"waiting": -1}, {"state": "away"}, {"waiting": 1.5}])
def test_what_cannot_be_is_refused(fields):
    """The message names the argument."""
    with pytest.raises(ValidationError, match=next(iter(fields))):
        Offline(**fields)


def test_a_state_of_a_newer_version_is_calm():
    """A page of today does not break on tomorrow's states."""
    newer = Offline.model_construct(id="n", state="mirrored", waiting=2, watch=False)
    assert "You're back online" in shown(newer)
    assert_harmless(drawn(newer))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_stay_text(text, state):
    """Rubric 83: whatever the app calls things, it is shown as it is."""
    value = Offline(id=text, state=state, still_works=(text,), about=text, watch=False)
    assert_harmless(drawn(value))
    read = "".join(parsed(drawn(value)).itertext())
    assert clean(text) in read


@given(notices, st.sampled_from([*LANGUAGES, "en-XA"]))
@settings(max_examples=60, deadline=None)
def test_any_notice_draws_and_travels(value, locale):
    """None, nothing, much and odd: harmless HTML, and the same after JSON."""
    assert_harmless(drawn(value, locale))
    assert value == Offline.model_validate_json(value.model_dump_json())


@given(notices)
@settings(max_examples=20, deadline=None)
def test_buttons_keep_their_place(value):
    """An update by position finds what can hold the focus where it was."""
    for action in ("compare", "keep_mine", "keep_other", "dismiss"):
        assert path(drawn(None), ("data-action", action)) == path(drawn(value), ("data-action", action))


def test_the_browser_tells_when_they_are_away_and_back(page):
    """Each change is shown and read out once, raises its event, and leaves the rest of the page as it is."""
    page.set_content(
        f'<!doctype html><html lang="en"><title>Desk</title><style>{stylesheet()}</style><button>Search</button>'
        f"{drawn(stories.watching())}<script>window.heard = [];"
        "addEventListener('fk-action', event => heard.push([event.detail.action, event.detail.id]))</script>"
        f"<script>{script()}</script>"
    )
    live = page.locator(".fk-live")
    away, back = (page.get_by_text(title, exact=True) for title in ("You're offline", "You're back online"))
    assert (False, False) == (away.is_visible(), back.is_visible())
    page.context.set_offline(offline=True)
    away.wait_for()
    assert live.text_content().startswith("You're offline. You can still use earlier answers")
    assert page.get_by_role("button", name="Search").is_enabled()
    assert page.get_by_text("Waiting to be sent").is_hidden()
    page.evaluate("fallbackkit.waiting(1200)")
    assert "Waiting to be sent: 1,200" == page.locator(".fk-count").inner_text()
    page.evaluate("fallbackkit.settle()")
    page.context.set_offline(offline=False)
    back.wait_for()
    assert away.is_hidden()
    assert "You're back online. A question that waited is sent now." == live.text_content()
    assert [["offline", "watching"], ["online", "watching"]] == page.evaluate("heard")
    page.get_by_role("button", name="Hide this notice").press("Enter")
    assert back.is_hidden()
    assert "offline-notice" == page.evaluate("document.activeElement.dataset.fk")
