from __future__ import annotations

import json
import math
from datetime import UTC, timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit import Failure, FailureKind, Outcome, Step
from fallbackkit.ui._components_service import QuotaNotice
from fallbackkit.ui.views._html import clean
from fallbackkit.ui.views._quota import Quota, QuotaState, Unit, Whose, Window, quota_notice
from stories import quota_notice as stories
from tests.ui.corpus import BERLIN, HOSTILE, outcomes
from tests.ui.html import assert_harmless, elements, parsed, path, visible

NOW = stories.NOW
LANGUAGES = ("en", "de", "ar")
ACTIONS = ("retry", "saved_answers", "search", "notify", "ask_for_more", "escalate")
STORIES = {
    name: story
    for name, story in vars(stories).items()
    if callable(story) and getattr(story, "__module__", "") == stories.__name__
}

whole = st.none() | st.integers(0, 10**15)
quotas = st.builds(
    Quota,
    used=whole,
    limit=st.none() | st.integers(1, 10**15),
    unit=st.sampled_from(["answers", "questions", "tokens", "money"]),
    currency=st.sampled_from(["EUR", "JPY", "XXX"]),
    whose=st.sampled_from(get_args(Whose)),
    window=st.none() | st.sampled_from(get_args(Window)),
    resets_at=st.none() | st.datetimes(timezones=st.sampled_from([None, UTC, BERLIN]), allow_imaginary=False),
    reached=st.booleans(),
    still_works=st.lists(st.text(max_size=20) | st.sampled_from(["", " ", *HOSTILE[:4]]), max_size=4)
    | st.just(["name"] * 200),
)


def drawn(value, locale="en", now=NOW, **reader):
    """The notice as the help desk's people read it."""
    return str(quota_notice(value, now=now, tz=BERLIN, locale=locale, **reader))


def shown(value, locale="en", now=NOW):
    """What they see."""
    return " ".join(visible(drawn(value, locale, now).replace("</p>", " </p>")).split())


def spoken(value, now=NOW):
    """What is read out."""
    return next(each.text or "" for each in elements(drawn(value, now=now)) if each.get("class") == "fk-live")


def meter(value):
    """The bar's attributes."""
    return next((each.attrib for each in elements(drawn(value)) if each.get("role") == "meter"), None)


@pytest.mark.parametrize(
    ("story", "state", "said"),
    [
        ("fine", "fine", "You've used 12 of 50 answers today. The count starts again at 00:00"),
        ("most_used", "most", "You've used 41 of 50 answers today. 9 left."),
        ("nearly_used", "nearly", "You've used 48 of 50 answers today. 2 left."),
        ("reached", "reached", "You've used 50 of 50 answers today. More at 00:00 (in 10 hours, Berlin time). You can"),
        ("reached", "reached", "You can still use saved answers and search."),
        ("reached_team", "reached", "Your team has used 200 of 200 answers this hour."),
        ("reached_app", "reached", "has used 400.00 € of 400.00 € this month. More on 1 November, 00:00"),
        ("reached_provider", "reached", "The answer service has given 1,000,000 of 1,000,000 tokens this hour."),
        (
            "reached_and_due",
            "reached",
            "The count was to start again by 14:00 (20 minutes ago, Berlin time). Try again",
        ),
        ("raised", "raised", "You've used 50 of 80 answers today. The limit went up from 50 to 80 answers."),
        ("unknown", "unknown", "How much is left is not known right now."),
    ],
)
def test_each_state_says_how_much_and_until_when(story, state, said):
    """Rubric 44; in other words in German and Arabic."""
    assert state == STORIES[story]().state
    assert said in shown(STORIES[story]())
    assert 3 == len({shown(STORIES[story](), locale) for locale in LANGUAGES})


@pytest.mark.parametrize(
    ("used", "state"),
    [
        (0, "fine"),
        (79, "fine"),
        (80, "most"),
        (94, "most"),
        (95, "nearly"),
        (99, "nearly"),
        (100, "reached"),
        (140, "reached"),
    ],
)
def test_the_state_follows_from_the_numbers(used, state):
    """80 %, 95 %, all of it; a limit that was raised is news until it is reached, too."""
    assert state == Quota(used=used, limit=100).state
    assert ("reached" if used >= 100 else "raised") == Quota(used=used, limit=100, raised_from=60).state
    assert {"unknown"} == {Quota(used=used).state, Quota(limit=100).state, Quota().state}


@pytest.mark.parametrize("story", STORIES)
def test_a_limit_is_never_red(story):
    """Rubric 39, and one live node."""
    text = drawn(STORIES[story]())
    assert "danger" not in text
    assert "fk-warn" not in text
    assert 'data-tone="neutral"' in text
    assert 1 == text.count('role="status"')


def test_the_bar_says_in_words_what_it_shows():
    """Rubric 4: a meter with its ends, and the sentence instead of a bare percentage; none without numbers."""
    bar = meter(stories.most_used())
    assert ("0", "50", "41") == tuple(bar[f"aria-value{end}"] for end in ("min", "max", "now"))
    assert "You've used 41 of 50 answers today." == bar["aria-valuetext"]
    assert "How much is used" == bar["aria-label"]
    assert "50" == meter(Quota(used=70, limit=50))["aria-valuenow"]
    assert None is meter(stories.unknown())
    assert "%" not in shown(stories.most_used())


def test_each_state_is_read_out_once():
    """Rubric 64: one more answer, or a minute, is no news; the next state is."""
    said = [spoken(Quota(used=used, limit=50, resets_at=stories.MIDNIGHT)) for used in range(51)]
    assert ["", "At most a fifth of the limit is left.", "At most a twentieth of the limit is left."] == list(
        dict.fromkeys(said[:50])
    )
    assert "You've reached your limit for now. More at 00:00." == said[50]
    assert spoken(stories.reached()) == spoken(stories.reached(), NOW + timedelta(minutes=1))


def test_a_limit_leaves_something_to_do():
    """Rubrics 29, 30 and 34: a way without AI, a person last, one thing first; before that only the way to more."""
    found = (each for each in elements(drawn(stories.reached())) if each.tag == "button")
    reached = [each for each in found if "hidden" not in each.attrib]
    assert ["saved_answers", "search", "ask_for_more", "escalate"] == [each.get("data-action") for each in reached]
    assert 1 == sum("fk-primary" in each.get("class") for each in reached)
    assert "Ask for more" in shown(stories.nearly_used())
    assert "Search" not in shown(stories.nearly_used())
    assert "Tell me when there is more" in shown(stories.reached_team())
    assert "Ask a person" not in shown(stories.fine())


def test_trying_again_is_offered_once_it_can_help():
    """Not before the count should have started again."""
    due = stories.reached_and_due()
    assert "Try again" in shown(due)
    assert "Tell me" not in shown(due)
    assert "Try again" not in shown(due, now=NOW - timedelta(minutes=30))
    assert "Try again" not in visible(drawn(due, actions=["search"]))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"used": math.nan}, "finite number"),
        ({"limit": math.inf}, "finite number"),
        ({"used": -1}, "used"),
        ({"limit": 0}, "limit"),
        ({"used": 1.5}, "`used` must be a whole number for the unit 'answers', got 1.5: round it"),
        ({"unit": "money", "used": 1}, "`currency` must be given for the unit 'money', got None"),
        ({"unit": "money", "currency": "euro"}, "currency"),
        ({"limit": 50, "raised_from": 50}, "`raised_from` must be below `limit`, got 50.0 and 50.0"),
        ({"unit": "pages"}, "unit"),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(fields, named):
    """The message names the argument and the value."""
    with pytest.raises(ValidationError, match=named):
        Quota(**fields)


@pytest.mark.parametrize(
    ("kind", "whose", "said"),
    [
        (FailureKind.RATE_USER, "you", "You've reached your limit for now."),
        (FailureKind.RATE_SHARED, "app", "The shared limit is reached for now."),
    ],
)
def test_an_outcome_tells_the_limit_it_has_met(kind, whose, said):
    """From its failure, from that of a step, or from its reasons, without pretending to know numbers."""
    limited = Failure(kind=kind, retry_after=1800)
    failed = Outcome(status="unavailable", failure=limited, created_at=NOW)
    step = Step(name="large", verdict="failed", failure=limited)
    degraded = Outcome(status="degraded", trail=(step,), reasons=(kind,), created_at=NOW)
    exhausted = Failure(kind=FailureKind.FALLBACK_EXHAUSTED, steps=(limited,))
    for outcome in (failed, degraded, Outcome(status="unavailable", failure=exhausted, created_at=NOW)):
        value = Quota.of(outcome)
        assert (outcome.id, whose, "reached", None) == (value.id, value.whose, value.state, value.used)
        assert NOW + timedelta(minutes=30) == value.resets_at
        assert said in shown(outcome)
        assert "More at 14:50 (in 30 minutes, Berlin time)." in shown(outcome)
    assert None is Quota.of(Outcome(status="degraded", reasons=(kind,))).resets_at


def test_an_outcome_without_a_limit_shows_none():
    """Another failure is not said to be a limit."""
    down = Outcome(status="unavailable", failure=Failure(kind=FailureKind.PROVIDER_5XX, retry_after=5))
    assert None is Quota.of(down)
    assert "" == shown(down) == shown(None)


def test_an_outcome_reaches_the_component_as_its_limit_only():
    """What a handler returns is read into the props, and no answer leaves with it."""
    shown = QuotaNotice().postprocess(stories.from_an_outcome())
    assert "The shared limit is reached" in shown["html"]
    assert "app" == QuotaNotice().preprocess(shown).whose
    assert "trail" not in json.loads(shown["data"])


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_stay_text(text):
    """Rubric 83: whatever the app calls its parts, it is shown as it is."""
    value = Quota(id=text, used=5, limit=5, still_works=(text,))
    assert_harmless(drawn(value))
    assert clean(text) in "".join(parsed(drawn(value)).itertext())


def test_words_of_a_newer_version_are_told_as_they_are():
    """A page of today does not break on tomorrow's units, owners and periods."""
    newer = Quota.model_construct(id="n", used=3.0, limit=9.0, unit="pages", whose="guild", window="decade")
    assert "Used so far: 3 of 9 pages." in shown(newer)
    full = Quota.model_construct(id="n", used=None, limit=None, whose="guild", reached=True, actions=("bribe",))
    assert "The limit is reached for now." in shown(full)
    assert "The limit is reached for now." == spoken(full)


@given(quotas, st.sampled_from([*LANGUAGES, "en-XA"]), st.booleans())
@settings(max_examples=80, deadline=None)
def test_any_quota_draws_and_travels(value, locale, aware):
    """None, nothing, much and odd: harmless HTML, a state we know, and the same after JSON."""
    assert_harmless(str(quota_notice(value, now=NOW if aware else None, tz=BERLIN, locale=locale)))
    assert value.state in get_args(QuotaState)
    again = Quota.model_validate_json(value.model_dump_json())
    assert value.model_copy(update={"resets_at": None}) == again.model_copy(update={"resets_at": None})


@given(quotas)
@settings(max_examples=20, deadline=None)
def test_buttons_keep_their_place(value):
    """An update by position finds what can hold the focus where it was."""
    for mark in (("class", "fk-live"), *(("data-action", each) for each in ACTIONS)):
        assert path(drawn(None), mark) == path(drawn(value), mark)


@given(outcomes)
@settings(max_examples=40, deadline=None)
def test_any_outcome_draws(outcome):
    """No outcome breaks the notice."""
    assert_harmless(drawn(outcome))


def test_every_unit_has_its_words():
    """In each language, for one and for many."""
    for unit in get_args(Unit):
        currency = "EUR" if unit == "money" else None
        for limit in (1, 2, 5, 11, 100):
            value = Quota(used=0, limit=limit, unit=unit, currency=currency)
            assert 3 == len({shown(value, locale) for locale in LANGUAGES})
            assert unit == "money" or f"{limit} {unit[:-1]}" in shown(value)
