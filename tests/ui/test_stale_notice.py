from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit import Answer, Outcome, Source, Step
from fallbackkit.ui._components_origin import StaleNotice
from fallbackkit.ui._stylesheet import script, stylesheet
from fallbackkit.ui.views._html import clean
from fallbackkit.ui.views._reader import Reader
from fallbackkit.ui.views._staleness import Staleness, Told, stale_notice, staleness
from stories import outcome_card
from stories import stale_notice as stories
from tests.ui.corpus import BERLIN, HOSTILE, outcomes
from tests.ui.html import assert_harmless, elements, parsed, path, visible

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
WEEK = 7 * 86400.0
STORIES = {
    name: make for name, make in inspect.getmembers(stories, inspect.isfunction) if make.__module__ == stories.__name__
}
WORDS = {
    "fresh": "Saved answer from 2 days ago It counts as up to date until 19 October, 09:10",
    "ageing": "Saved answer from 6 days ago It counts as up to date only until 15 October, 14:20 (in 24 hours",
    "stale_but_usable": "Saved answer from 9 days ago It was meant to be used for 7 days at most.",
    "do_not_rely_on_it": "Saved answer from 2 days ago Price list, catering 2026, which it used, has changed since:",
    "too_old": "Saved answer from 21 days ago It is too old to rely on.",
    "age_alone": "Saved answer from 2 days ago What it is about may have changed since.",
    "cooling_down": "Saved answer from 9 days ago",
    "refreshing": "Getting a new answer",
    "refresh_failed": "The answer could not be refreshed Still showing the answer from 12 October, 09:10 (2 days ago",
    "superseded": "There is a newer answer",
    "refreshed": "This is the new answer",
    "empty": "No saved answer is shown here.",
}


def drawn(value, now=NOW, **reader):
    """The notice, for somebody in Berlin."""
    return str(stale_notice(value, now=now, tz=BERLIN, **reader))


def said(value, **reader):
    """What is on the screen, on one line."""
    return " ".join(visible(drawn(value, **reader).replace("</p>", " </p>")).split())


def offered(value, **reader):
    """The actions that can be pressed."""
    return [
        each.get("data-action")
        for each in elements(drawn(value, **reader))
        if each.tag == "button" and "hidden" not in each.attrib
    ]


def aged(seconds, **more):
    """An answer of that age."""
    return Staleness(answered_at=NOW - timedelta(seconds=seconds), **more)


@pytest.mark.parametrize("story", STORIES)
def test_each_state_says_how_old_it_is_and_why_that_matters(story):
    """Age and reason in words (rubric 24)."""
    assert said(STORIES[story]()).startswith(WORDS[story])


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (-60, "fresh"),
        (0, "fresh"),
        (0.74, "fresh"),
        (0.75, "ageing"),
        (0.99, "ageing"),
        (1, "stale"),
        (1.99, "stale"),
        (2, "unreliable"),
        (900, "unreliable"),
    ],
)
def test_an_answer_ages_in_four_states(age, state):
    """Against the time for which such answers hold."""
    assert state == aged(age * WEEK, valid_for=WEEK).found(NOW)
    assert f'data-status="{state}"' in drawn(aged(age * WEEK, valid_for=WEEK))


@pytest.mark.parametrize(("changed", "state"), [(-1, "fresh"), (0, "fresh"), (1, "unreliable")])
def test_what_changed_after_an_answer_makes_it_unreliable(changed, state):
    """However young it is; a change before it does not."""
    at = NOW - timedelta(hours=2)
    value = Staleness(answered_at=at, valid_for=WEEK, source_changed_at=at + timedelta(seconds=changed))
    assert state == value.found(NOW)
    assert (state == "unreliable") == ("Do not rely on this answer" in said(value))


def test_times_without_a_zone_are_compared_all_the_same():
    """They are taken to be UTC."""
    value = Staleness(answered_at=datetime(2026, 10, 12), source_changed_at=NOW, valid_for=WEEK)  # noqa: DTZ001
    assert "unreliable" == value.found(NOW)
    assert "ageing" == Staleness(answered_at=datetime(2026, 10, 8), valid_for=WEEK).found(NOW)  # noqa: DTZ001


def test_without_a_present_no_age_is_pretended():
    """The date it was given stands there, and no judgement."""
    shown = " ".join(visible(str(stale_notice(stories.too_old(), tz=BERLIN))).split())
    assert "Saved answer" in shown
    assert "23 September 2026, 14:20 (Berlin time)" in shown
    assert "ago" not in shown
    assert "too old" not in shown


def test_the_application_says_why_age_matters_here():
    """In its own sentence, behind ours."""
    assert "check it before you act. The cafeteria changes its menu every Monday." in said(stories.stale_but_usable())


def test_times_can_be_read_by_machines():
    """When it was given and when its page changed (rubric 44)."""
    times = [each.get("datetime") for each in elements(drawn(stories.do_not_rely_on_it())) if each.tag == "time"]
    assert {"2026-10-12T09:10:00+02:00", "2026-10-13T17:00:00+02:00"} == set(times)


def test_a_failed_refresh_says_that_the_old_answer_stays():
    """And since when it is, and why its age matters (rubric 25)."""
    changed = stories.do_not_rely_on_it().model_copy(update={"state": "refresh_failed"})
    assert "Still showing the answer from 12 October, 09:10" in said(changed)
    assert "Price list, catering 2026, which it used, has changed since" in said(changed)
    assert ["refresh"] == offered(changed)


def test_while_a_new_answer_is_on_its_way_it_cannot_be_asked_for_again():
    """The old one stays meanwhile."""
    assert [] == offered(stories.refreshing())
    assert "This one stays until the new one is here." in said(stories.refreshing())


def test_a_newer_answer_shows_what_changed():
    """Only then is there something to compare."""
    assert ["show_changes", "refresh"] == offered(stories.superseded())
    assert ["refresh"] == offered(stories.fresh())


def test_a_new_answer_cannot_be_asked_for_in_a_row():
    """Until then it says how long, and after it the button is there (no button that does nothing)."""
    value = stories.cooling_down()
    assert [] == offered(value)
    assert "You can get a new answer in 24 seconds." in said(value)
    late = stale_notice(value, now=NOW + timedelta(seconds=24), tz=BERLIN)
    assert "You can get" not in visible(str(late))
    assert "Get a new answer" in visible(str(late))


def test_what_the_page_does_not_handle_is_not_offered():
    """Neither a button nor the wait for it."""
    assert [] == offered(stories.stale_but_usable(), actions=[])
    assert "You can get" not in said(stories.cooling_down(), actions=["show_changes"])


def test_inside_a_card_it_may_leave_the_buttons_to_the_card():
    """The notice alone."""
    markup = str(staleness(stories.too_old(), Reader(now=NOW), acts=False))
    assert all(
        "hidden" in each.attrib for each in elements(markup) if "fk-actions" in (each.get("class") or "").split()
    )
    assert "too old to rely on" in visible(markup)


def test_only_what_is_new_is_read_out():
    """An answer that ages says nothing by itself (one announcement a change)."""
    spoken = {name: parsed(drawn(make()))[0][0].text for name, make in STORIES.items()}
    assert {"refreshed": "This is the new answer"} == {name: text for name, text in spoken.items() if text}


def test_the_word_cached_is_not_used():
    """It says nothing to the person who asks."""
    assert not [name for name, make in STORIES.items() if "cache" in said(make()).lower()]


def test_a_saved_answer_is_read_from_its_outcome():
    """When it was said, what changed since, and that a new one failed."""
    value = Staleness.of(outcome_card.degraded_saved_answer(), valid_for=WEEK, why="Hours differ.")
    assert (datetime(2026, 10, 12, 7, 10, tzinfo=UTC), "Cafeteria hours", "refresh_failed", "Hours differ.") == (
        value.answered_at,
        value.source,
        value.state,
        value.why,
    )
    assert "unreliable" == value.by_age(NOW)


def test_an_answer_that_was_saved_as_planned_has_not_failed():
    """The first choice was the saved one."""
    outcome = Outcome(
        status="answered",
        answer=Answer(text="Yes.", created_at=NOW - timedelta(days=2), sources=(Source(title="T", check="changed"),)),
        trail=(Step(name="saved", kind="cache"),),
    )
    assert (None, None) == (Staleness.of(outcome).state, Staleness.of(outcome).source_changed_at)
    assert "refreshing" == Staleness.of(outcome, state="refreshing").state


@pytest.mark.parametrize("name", ["answered", "degraded_smaller_model", "awaiting_review", "unavailable", "working"])
def test_what_is_no_saved_answer_has_no_age(name):
    """A calm frame, and nothing is claimed."""
    assert Staleness.of(getattr(outcome_card, name)()) is None
    assert WORDS["empty"] == said(getattr(outcome_card, name)())


def test_what_can_hold_the_focus_keeps_its_place():
    """A state that changes does not move the button (rubric 63)."""
    markups = [drawn(make()) for make in STORIES.values()]
    for mark in (("class", "fk-live"), ("data-action", "refresh"), ("data-action", "show_changes")):
        assert 1 == len({str(path(markup, mark)) for markup in markups})


@pytest.mark.parametrize("locale", ["de", "ar"])
@pytest.mark.parametrize("story", STORIES)
def test_every_state_has_words_of_its_own_in_each_language(story, locale):
    """No English is left over but what the application says."""
    assert_harmless(drawn(STORIES[story](), locale=locale))
    words = said(STORIES[story](), locale=locale).replace("The cafeteria changes its menu every Monday.", "")
    assert not {"answer", "is", "it", "Given", "new", "since:", "saved"} & set(words.lower().replace(".", " ").split())


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(text):
    """In every field that holds one."""
    value = Staleness(id=text, answered_at=NOW, source=text, why=text, source_changed_at=NOW + timedelta(seconds=1))
    assert_harmless(drawn(value))
    assert 2 == "".join(parsed(drawn(value)).itertext()).count(clean(text))


TIMES = st.datetimes() | st.datetimes(timezones=st.just(UTC))
AGES = st.builds(
    Staleness,
    answered_at=TIMES,
    valid_for=st.none() | st.floats(0, exclude_min=True, allow_infinity=False),
    source_changed_at=st.none() | TIMES,
    source=st.none() | st.text(max_size=9),
    why=st.none() | st.text(max_size=9),
    state=st.none() | st.sampled_from(get_args(Told)),
    cooldown_until=st.none() | TIMES,
)


@given(AGES, st.none() | TIMES)
@settings(max_examples=100)
def test_any_age_draws_and_travels(value, now):
    """Before the first and after the last day of the calendar too."""
    assert_harmless(drawn(value, now=now))
    assert value == Staleness.model_validate_json(value.model_dump_json())


@given(outcomes)
@settings(max_examples=40)
def test_any_outcome_draws(outcome):
    """Saved or not."""
    assert_harmless(drawn(outcome))
    assert drawn(outcome) == drawn(Staleness.of(outcome))


@pytest.mark.parametrize(
    ("seconds", "reason"), [(0.0, "above 0 seconds"), (-5.0, "leave it out"), (float("nan"), "finite")]
)
def test_a_time_that_is_none_is_refused_with_a_remedy(seconds, reason):
    """The message names the argument."""
    with pytest.raises(ValidationError, match=reason) as refused:
        Staleness(answered_at=NOW, valid_for=seconds)
    assert "valid_for" in str(refused.value)


def test_a_state_of_a_newer_version_is_calm():
    """Its age still stands."""
    value = stories.fresh().model_copy(update={"state": "mouldy"})
    assert said(value).startswith("Saved answer from 2 days ago")
    assert_harmless(drawn(value))


def test_the_component_keeps_the_age():
    """An outcome goes in, its age comes back."""
    notice = StaleNotice()
    assert Staleness.of(stories.refresh_failed()) == notice.preprocess(notice.postprocess(stories.refresh_failed()))
    assert {"refresh", "show_changes"} < {str(event) for event in StaleNotice.EVENTS}


def test_the_button_comes_back_by_itself(page):
    """When the time is over, without the server; and one press raises one event."""
    page.clock.install()
    page.set_content(
        f"<!doctype html><html lang=en><title>x</title><style>{stylesheet()}</style>"
        f"<main>{drawn(stories.cooling_down())}</main>"
    )
    page.evaluate("window.heard = []; addEventListener('fk-action', (event) => heard.push(event.detail.action))")
    page.add_script_tag(content=script())
    page.clock.run_for(1_000)
    button = page.get_by_role("button", name="Get a new answer")
    assert not button.is_visible()
    page.clock.run_for(24_000)
    assert not page.locator(".fk-stale-wait").is_visible()
    assert "" == page.locator(".fk-live").inner_text()
    button.dblclick()
    assert ["refresh"] == page.evaluate("heard")
