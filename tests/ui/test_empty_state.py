from __future__ import annotations

from datetime import UTC
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit.ui.views._empty import Empty, EmptyReason, empty_state
from fallbackkit.ui.views._html import clean
from stories import empty_state as stories
from tests.ui.corpus import BERLIN, HOSTILE
from tests.ui.html import assert_harmless, elements, parsed, path, visible

LANGUAGES = ("en", "de", "ar")
STATES = get_args(EmptyReason)
ACTIONS = ("ask", "edit_question", "clear_filters", "ask_access", "search", "escalate")
STORIES = {
    name: story
    for name, story in vars(stories).items()
    if callable(story) and getattr(story, "__module__", "") == stories.__name__
}

words = st.text(max_size=20) | st.sampled_from(["", " ", "x" * 1000, *HOSTILE[:4]])
names = st.lists(words, max_size=3)
empties = st.builds(
    Empty,
    state=st.sampled_from(STATES),
    about=st.none() | words,
    examples=st.lists(words.filter(str.strip), max_size=3),
    can=names,
    cannot=names,
    query=st.none() | words,
    filters=names,
    filtered_out=st.none() | st.integers(0, 10**9),
    owner=st.none() | words,
    still_works=names,
    back_at=st.none() | st.datetimes(timezones=st.sampled_from([None, UTC])),
)


def drawn(value, locale="en", **reader):
    """The state as the help desk's people read it."""
    return str(empty_state(value, now=stories.NOW, tz=BERLIN, locale=locale, **reader))


def shown(value, locale="en", **reader):
    """What they see."""
    return " ".join(visible(drawn(value, locale, **reader)).split())


def spoken(value):
    """What is read out."""
    return next(each.text or "" for each in elements(drawn(value)) if each.get("class") == "fk-live")


def buttons(value, **reader):
    """The buttons that can be pressed."""
    return [each for each in elements(drawn(value, **reader)) if each.tag == "button" and "hidden" not in each.attrib]


@pytest.mark.parametrize(
    ("state", "title", "action"),
    [
        ("first_use", "Ask your first question", "ask"),
        ("no_results", "Nothing found for “sabbatical loan”", "edit_question"),
        ("filtered", "Nothing matches your filters", "clear_filters"),
        ("not_allowed", "You don't have access to this", "ask_access"),
        ("off", "This is switched off for now", "search"),
        ("degraded", "Answers are not available right now", "search"),
    ],
)
def test_each_state_says_why_and_leaves_one_thing_to_do_first(state, title, action):
    """Rubric 34: one primary action; in other words in German and Arabic."""
    value = STORIES[state]()
    assert shown(value).startswith(title)
    assert len(title) <= 60
    assert [action] == [each.get("data-action") for each in buttons(value) if "fk-primary" in each.get("class")]
    assert 3 == len({shown(value, locale) for locale in LANGUAGES})


@pytest.mark.parametrize("locale", LANGUAGES)
def test_it_states_what_the_assistant_can_and_cannot_do(locale):
    """Rubric 10: as text, not behind a click."""
    text = shown(stories.first_use(), locale)
    assert all(each in text for each in (*stories.CAN, *stories.CANNOT, "Answers about leave, rooms, travel"))
    assert ("What it can do" in text) == ("What it cannot do" in text) == (locale == "en")
    assert "What it can do" not in shown(Empty())


def test_examples_are_buttons_that_send_the_question():
    """At most three, each with the question as its name and its value; none where nobody hears them."""
    found = [each for each in buttons(stories.first_use()) if each.get("data-action") == "example"]
    assert list(stories.EXAMPLES) == [each.get("data-value") for each in found]
    assert list(stories.EXAMPLES) == ["".join(each.itertext()) for each in found]
    assert "carry over" not in shown(stories.first_use(), actions=["ask"])
    off = Empty(state="off", examples=stories.EXAMPLES)
    assert "carry over" not in shown(off)


@pytest.mark.parametrize("state", STATES)
def test_a_person_is_the_last_way_where_something_is_amiss(state):
    """Rubric 30: in every failure, at the same place; nobody is needed before the first question."""
    last = buttons(Empty(state=state))[-1]
    assert (state not in {"first_use", "filtered"}) == (last.get("data-action") == "escalate")


def test_what_works_is_said_before_what_does_not_come():
    """Rubrics 29 and 44: search stands there, and when answers are expected."""
    text = shown(stories.degraded())
    back = "Expected back by 15:00 (in 40 minutes, Berlin time)."
    assert text.index("You can still use search and saved answers.") < text.index(back)
    assert "There is no date yet for when it comes back." in shown(stories.off())


def test_filters_are_named_and_counted():
    """So that people see what hides what they look for."""
    assert "12 entries are hidden. Filters in use: Berlin office, open and mine." in shown(stories.filtered())
    assert "1 entry is hidden." in shown(Empty(state="filtered", filtered_out=1))
    assert "hidden" not in shown(Empty(state="filtered"))


@pytest.mark.parametrize("story", STORIES)
def test_nothing_here_is_no_error(story):
    """Rubrics 39 and 64: not red, one live node, and the first use is silent."""
    text = drawn(STORIES[story]())
    assert "danger" not in text
    assert 1 == text.count('role="status"')
    assert (story == "first_use") == (spoken(STORIES[story]()) == "")


@pytest.mark.parametrize(
    ("examples", "named"),
    [
        (("a", "b", "c", "d"), "`examples` must be at most 3, got 4"),
        (("a", " "), "`examples` must be questions"),
    ],
)
def test_too_many_examples_and_empty_ones_are_refused(examples, named):
    """The message says what to do."""
    with pytest.raises(ValidationError, match=named):
        Empty(examples=examples)


def test_a_state_of_a_newer_version_is_told_as_it_is():
    """A page of today does not break on tomorrow's states."""
    newer = Empty.model_construct(id="n", state="archived", cannot=("tax",))
    assert "Nothing to show: archived" in shown(newer)
    assert [] == buttons(newer)


def test_nothing_at_all_is_a_calm_frame():
    """Before the app has said why."""
    assert "Nothing here yet" == shown(None)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_field_stays_text(text, state):
    """Rubric 83: whatever a field holds, it is shown as it is."""
    fields = dict.fromkeys(("id", "about", "query", "owner"), text)
    lists = dict.fromkeys(("examples", "can", "cannot", "filters", "still_works"), (text,))
    value = Empty(state=state, **fields, **lists)
    assert_harmless(drawn(value))
    assert "".join(parsed(drawn(value)).itertext()).count(clean(text)) >= 3


def test_very_much_is_drawn():
    """A megabyte in a field and 200 items break nothing."""
    assert 1_000_000 <= len(shown(Empty(about="long " * 200_000, can=("x" * 1_000_000,))))
    assert 200 == shown(Empty(cannot=["approve leave"] * 200)).count("approve leave")


@given(empties, st.sampled_from([*LANGUAGES, "en-XA"]))
@settings(max_examples=60, deadline=None)
def test_any_state_draws_and_travels(value, locale):
    """None, nothing, much and odd: harmless HTML, and the same after JSON."""
    assert_harmless(drawn(value, locale))
    assert value == Empty.model_validate_json(value.model_dump_json())


@given(empties)
@settings(max_examples=15, deadline=None)
def test_buttons_keep_their_place(value):
    """An update by position finds what can hold the focus where it was."""
    for action in ACTIONS:
        assert path(drawn(None), ("data-action", action)) == path(drawn(value), ("data-action", action))
