from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit._outcome import StepKind
from fallbackkit.ui._stylesheet import script, stylesheet
from fallbackkit.ui.views._banner import Banner, Mode, Scope, degraded_banner
from fallbackkit.ui.views._foremost import foremost
from fallbackkit.ui.views._html import clean
from stories import degraded_banner as stories
from tests.ui.corpus import BERLIN, HOSTILE
from tests.ui.html import assert_harmless, elements, parsed, path, visible

NOW = stories.NOW
LANGUAGES = ("en", "de", "ar")
STORIES = {
    name: story
    for name, story in vars(stories).items()
    if callable(story) and getattr(story, "__module__", "") == stories.__name__
}

words = st.text(max_size=20) | st.sampled_from(["", " ", "\x00", "search", "x" * 10_000, "بحث", *HOSTILE[:4]])
names = st.lists(words, max_size=4) | st.just(["name"] * 200)
times = st.none() | st.datetimes(timezones=st.sampled_from([None, UTC, BERLIN]), allow_imaginary=False)


@st.composite
def banners(draw):
    """Any banner that can be made."""
    fields = {
        "mode": draw(st.sampled_from(get_args(Mode))),
        "affected": draw(names),
        "still_works": draw(names),
        "instead": draw(st.none() | st.sampled_from(get_args(StepKind))),
        "since": draw(times),
        "next_update_at": draw(times),
        "expected_end": draw(times),
        "back_at": draw(times),
        "marked": draw(st.none() | st.integers(0, 10**9)),
        "scope": draw(st.sampled_from(get_args(Scope))),
        "dismissible": draw(st.booleans()),
        "once": draw(st.booleans()),
    }
    try:
        return Banner(**fields)
    except ValidationError:
        return Banner(mode="limited", **{name: fields[name] for name in ("affected", "still_works", "marked", "scope")})


def drawn(value, locale="en", now=NOW, **reader):
    """The banner as the help desk's people read it."""
    return str(degraded_banner(value, now=now, tz=BERLIN, locale=locale, **reader))


def shown(value, locale="en", now=NOW):
    """What they see."""
    return visible(drawn(value, locale, now))


def spoken(value, now=NOW):
    """What is read out."""
    return next(each.text or "" for each in elements(drawn(value, now=now)) if each.get("class") == "fk-live")


@pytest.mark.parametrize(
    ("story", "said"),
    [
        ("slower", "Answers take longer than usual"),
        ("limited", "Some features are off for now"),
        ("fallback", "Answers come from saved results for now"),
        ("fallback_smaller_model", "Answers come from the smaller model for now"),
        ("fallback_people", "People answer instead of the AI for now"),
        ("read_only", "Reading works, changes are off for now"),
        ("maintenance_ahead", "Planned work from 17 October, 18:00"),
        ("maintenance", "Planned work until 15:00"),
        ("maintenance_overdue", "Planned work was to end by 14:00"),
        ("recovering", "The service is coming back"),
        ("recovered", "Back to normal since 14:02 (18 minutes ago, Berlin time)"),
        ("on_an_answer", "Given while the main model was unavailable, since 13:10 (70 minutes ago, Berlin time)"),
    ],
)
def test_each_state_says_what_it_means_for_people(story, said):
    """In a title of at most 60 characters, and in other words in German and Arabic."""
    assert said in shown(STORIES[story]())
    assert len(said.partition(" (")[0]) <= 60 or "Given" in said
    assert 3 == len({shown(STORIES[story](), locale) for locale in LANGUAGES})


@pytest.mark.parametrize("story", [name for name in STORIES if STORIES[name]() and STORIES[name]().still_works])
@pytest.mark.parametrize("locale", LANGUAGES)
def test_what_still_works_comes_before_what_does_not(story, locale):
    """Rubric 26: in the banner, and in what is read out."""
    value = STORIES[story]()
    text = shown(value, locale)
    rest = [text.index(name) for name in value.affected]
    assert all(text.index(name) < first for name in value.still_works for first in rest)
    assert all(name in spoken(value) for name in value.still_works)
    assert not any(name in spoken(value) for name in value.affected)


def test_recovery_is_a_state_of_its_own():
    """Rubric 28: since when, how many answers are marked, and a way to look at them; read out once."""
    text = shown(stories.recovered())
    assert "6 answers given between 13:10 and 14:02 are marked." in text
    assert "Review the marked answers" in text
    assert "Tell me when" not in text
    assert "Back to normal since 14:02. 6 answers given between 13:10 and 14:02 are marked." == spoken(
        stories.recovered()
    )
    assert "6 Antworten aus der Zeit von 13:10 bis 14:02 sind markiert." in shown(stories.recovered(), "de")


def test_nothing_marked_leaves_nothing_to_review():
    """No button leads to an empty list."""
    text = shown(stories.recovered_nothing_marked())
    assert "No answers are marked." in text
    assert "Review" not in text


@pytest.mark.parametrize("count", [1, 2, 5, 11, 100])
def test_marked_answers_are_counted_in_each_language(count):
    """With the plural form that goes with the number."""
    forms = {shown(Banner(mode="recovering", marked=count), locale) for locale in LANGUAGES}
    assert 3 == len(forms)
    assert ("1 answer given meanwhile is marked." in forms.pop() + "".join(forms)) == (count == 1)


def test_the_mark_stays_on_the_answer():
    """Rubric 28: the answer itself says so, as a line without a region, a button, or a word read out."""
    text = drawn(stories.on_an_answer_afterwards())
    assert "between 13:10 and 14:02 (18 minutes ago, Berlin time)" in visible(text)
    assert "region" not in text
    assert "<button" not in text
    assert "" == spoken(stories.on_an_answer_afterwards())


def test_the_banner_is_a_named_region():
    """People who jump from landmark to landmark find it; an empty one is not there."""
    region = next(each for each in elements(drawn(stories.limited())) if each.get("role") == "region")
    assert "Notice about the service" == region.get("aria-label")
    assert "hidden" not in region.attrib
    assert "" == shown(None).strip()


@pytest.mark.parametrize("story", STORIES)
def test_trouble_of_the_service_is_not_red(story):
    """Rubric 39 and 27: neutral, and one live node."""
    text = drawn(STORIES[story]())
    assert "danger" not in text
    assert 'data-tone="neutral"' in text
    assert 1 == text.count('role="status"')


def test_times_are_absolute_and_relative_with_their_zone():
    """Rubric 44; news that did not come is said to be overdue."""
    assert "by 15:00 (in 40 minutes, Berlin time)" in shown(stories.limited())
    assert "Update was due" in shown(stories.fallback_people())
    assert "Next update" not in shown(stories.fallback_people())
    assert "Next update" not in spoken(stories.fallback_people())


@pytest.mark.parametrize("story", STORIES)
def test_passing_time_alone_is_not_read_out(story):
    """Rubric 64: another drawing a minute later says nothing new."""
    assert spoken(STORIES[story]()) == spoken(STORIES[story](), NOW + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"mode": "maintenance"}, "`expected_end` must be given for the mode 'maintenance', got None"),
        ({"mode": "recovered"}, "`back_at` must be given for the mode 'recovered', got None"),
        ({"mode": "slower", "since": NOW, "expected_end": datetime(2026, 10, 13)}, "`expected_end` must not be before"),  # noqa: DTZ001
        ({"mode": "slower", "since": NOW, "back_at": NOW - timedelta(1)}, "`back_at` must not be before `since`"),
        ({"mode": "slower", "marked": -1}, "marked"),
        ({"mode": "down"}, "mode"),
        ({"mode": "slower", "begun": NOW}, "begun"),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(fields, named):
    """Planned work never goes without a time."""
    with pytest.raises(ValidationError, match=named):
        Banner(**fields)


def test_a_mode_of_a_newer_version_is_told_as_it_is():
    """A page of today does not break on tomorrow's states."""
    newer = Banner.model_construct(id="n", mode="brownout", scope="page", instead="oracle", affected=("rooms",))
    assert "The service reports: brownout" in shown(newer)
    assert "rooms" in shown(newer)
    fallback = Banner.model_construct(id="n", mode="fallback", instead="oracle")
    assert "Answers come another way for now" in shown(fallback)


def test_only_what_the_page_handles_has_a_button():
    """Dismissing has to be allowed by the app, too."""
    assert "Tell me when it's back" in shown(stories.limited())
    assert "Hide this notice" not in shown(stories.limited())
    assert "<button" not in visible(drawn(stories.slower(), actions=()))
    assert "Hide this notice" not in visible(drawn(stories.slower(), actions=()))


@pytest.mark.parametrize("scope", get_args(Scope))
@pytest.mark.parametrize("mode", get_args(Mode))
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_stay_text(text, mode, scope):
    """Rubric 83: whatever the app calls its parts, it is shown as it is."""
    value = Banner(
        id=text, mode=mode, affected=(text,), still_works=(text,), expected_end=NOW, back_at=NOW, scope=scope, once=True
    )
    assert_harmless(drawn(value))
    read = "".join(parsed(drawn(value)).itertext())
    assert scope == "answer" or read.count(clean(text)) >= 2


@given(banners(), st.sampled_from([*LANGUAGES, "en-XA"]), st.booleans())
@settings(max_examples=80, deadline=None)
def test_any_banner_draws_and_travels(value, locale, aware):
    """None, nothing, much and odd: harmless HTML, and the same after JSON."""
    assert_harmless(str(degraded_banner(value, now=NOW if aware else None, tz=BERLIN, locale=locale)))
    assert value == Banner.model_validate_json(value.model_dump_json()) or any(
        at is not None and at.tzinfo is BERLIN
        for at in (value.since, value.next_update_at, value.expected_end, value.back_at)
    )


@given(banners().filter(lambda value: value.scope != "answer"))
@settings(max_examples=20, deadline=None)
def test_buttons_keep_their_place(value):
    """An update by position finds what can hold the focus where it was."""
    for action in ("review_marked", "follow", "dismiss"):
        assert path(drawn(None), ("data-action", action)) == path(drawn(value), ("data-action", action))


def test_one_banner_stands_for_all():
    """Rubric 27: the worst one; nothing if nothing is wrong; lines on answers take no part."""
    slower, off = stories.slower(), stories.limited()
    for order in permutations([slower, None, off, stories.recovered(), stories.on_an_answer()]):
        assert "limited" == foremost(order).mode
    assert None is foremost([None, stories.on_an_answer()])
    assert slower == foremost([slower])


def test_banners_of_one_mode_become_one():
    """All that is affected, the first news, and an end only if all of them have one."""
    soon, late = NOW + timedelta(minutes=10), NOW + timedelta(hours=1)
    one = Banner(mode="limited", affected=("photos",), next_update_at=late, expected_end=soon, marked=2, since=NOW)
    two = Banner(mode="limited", affected=("photos", "maps"), next_update_at=soon, scope="panel", dismissible=True)
    both = foremost([two, one])
    assert ("photos", "maps") == both.affected
    assert (soon, None, NOW) == (both.next_update_at, both.expected_end, both.since)
    assert (2, "page", False, two.id) == (both.marked, both.scope, both.dismissible, two.id)
    assert both == Banner.model_validate(both.model_dump())


def test_what_another_banner_has_lost_is_not_said_to_work():
    """The banner that is shown speaks for those that are not."""
    reading = Banner(mode="read_only", still_works=("search", "rooms"))
    off = Banner(mode="limited", affected=("search",))
    slow = Banner(mode="slower", affected=("rooms",))
    assert ("rooms",) == foremost([off, reading, slow]).still_works


def test_planned_work_waits_for_its_time():
    """Ahead it gives way to trouble there is; under way it is the first thing to know."""
    planned, slow = stories.maintenance_ahead(), stories.slower()
    assert slow == foremost([planned, slow], now=NOW)
    assert planned == foremost([planned, slow], now=NOW + timedelta(days=3, hours=5))
    assert planned == foremost([planned, stories.recovered()], now=NOW)


def page_of(*banners):
    """A plain page with these banners, and what it hears of them."""
    body = "".join(map(drawn, banners))
    return (
        f'<!doctype html><html lang="en"><title>Desk</title><style>{stylesheet()}</style>{body}'
        "<script>addEventListener('fk-action', event => (window.heard ??= []).push(event.detail))</script>"
        f"<script>{script()}</script>"
    )


def test_news_that_was_seen_is_not_shown_again(page):
    """The recovered banner is quiet on the next page, for who asked for that; the others stay."""
    once = stories.recovered().model_copy(update={"once": True})
    html = page_of(once, stories.limited())
    page.route("http://127.0.0.1:1/**", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto("http://127.0.0.1:1/")
    page.evaluate("fallbackkit.settle()")
    news, trouble = page.get_by_role("button", name="Review the marked"), page.get_by_text("Off for now", exact=True)
    assert (True, True) == (news.is_visible(), trouble.is_visible())
    page.reload()
    assert (False, True) == (news.is_visible(), trouble.is_visible())


def test_hiding_a_banner_is_felt_at_once(page):
    """It goes with the click, the app hears of it, and the focus stays in the component."""
    page.set_content(page_of(stories.slower()))
    page.get_by_role("button", name="Hide this notice").press("Enter")
    assert page.get_by_role("region").is_hidden()
    assert [{"component": "degraded-banner", "action": "dismiss", "id": "slower"}] == page.evaluate("heard")
    assert "degraded-banner" == page.evaluate("document.activeElement.dataset.fk")
