from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallbackkit import Attempt, Failure, FailureKind, Outcome, Step
from fallbackkit.ui._stylesheet import script, stylesheet
from fallbackkit.ui.views._countdown import Countdown, CountdownState, retry_countdown
from fallbackkit.ui.views._html import clean
from stories import retry_countdown as stories
from tests.ui.corpus import BERLIN, HOSTILE
from tests.ui.html import assert_harmless, parsed, path, visible

NOW = stories.NOW
WAITS = ("scheduled", "counting", "paused")
BUTTONS = ("retry_now", "pause", "cancel", "escalate")
countdowns = st.builds(
    Countdown,
    id=st.text(max_size=5),
    state=st.sampled_from(get_args(CountdownState)),
    retry_at=st.none() | st.datetimes(timezones=st.just(UTC)) | st.datetimes(),
    attempt=st.integers(1, 10**9),
    max_attempts=st.none(),
    reason=st.none() | st.sampled_from(FailureKind),
    auto=st.booleans(),
)


def draw(wait, now=NOW, **reader):
    """As people in Berlin see it."""
    return str(retry_countdown(wait, now=now, tz=BERLIN, **reader))


def of_state(state, **props):
    """The story of 24 seconds, in that state."""
    return stories.counting().model_copy(update={"state": state, **props})


def offered(markup):
    """The actions that can be seen."""
    return [each.get("data-action") for each in parsed(markup).iter("button") if "hidden" not in each.attrib]


def spoken(markup):
    """What is read out."""
    return parsed(markup)[0][0].text


SAID = {
    "counting": "Trying again in 24 seconds",
    "scheduled": "At 14:26 (Berlin time).",
    "unknown_wait": "The service did not say how long to wait. Attempt 2 of 4.",
    "up_to_the_person": "You can try again in 40 seconds",
    "up_to_the_person_now": "You can try again now",
    "paused": "Nothing is tried until you go on.",
    "retrying": "Trying again now",
    "succeeded": "It worked this time",
    "gave_up": "It did not work, and we stopped after 4 tries",
    "cancelled": "Stopped. Nothing more is tried",
    "of_an_outcome": "Trying again in 24 seconds",
    "none": "Nothing is waiting to be tried again.",
}


@pytest.mark.parametrize(("story", "words"), SAID.items())
def test_each_state_says_what_happens_next(story, words):
    """In English; German and Arabic say the same in words of their own, with nothing left in English."""
    english, german, arabic = (visible(draw(getattr(stories, story)(), locale=each)) for each in ("en", "de", "ar"))
    assert words in english
    assert len({english, german, arabic}) == 3
    assert not re.search(r"[A-Za-z]{2}", arabic)


def test_a_wait_tells_the_attempt_and_why():
    """Which one it is, of how many, and what went wrong, in plain words."""
    assert "The answer service is very busy. Attempt 2 of 4." in visible(draw(stories.counting()))
    assert "Attempt 2." in visible(draw(of_state("counting", max_attempts=None)))


def test_a_long_wait_is_told_by_the_clock_too():
    """The time with its zone beside the length (rubric 44)."""
    wait = of_state("counting", retry_at=NOW + timedelta(minutes=40))
    assert "Trying again in 40 minutes" in visible(draw(wait))
    assert "At 15:00 (Berlin time)." in visible(draw(wait))


def test_without_a_present_the_time_is_absolute():
    """Nothing counts from a moment that nobody knows."""
    markup = str(retry_countdown(stories.counting(), tz=BERLIN))
    assert "Trying again at 14 October 2026, 14:20 (Berlin time)" in visible(markup)
    assert "data-clock" not in markup


@given(countdowns)
@settings(max_examples=40)
def test_any_wait_draws_harmlessly_and_without_numbers_that_are_none(wait):
    """Whatever is known of it, in each language; NaN and infinity are never shown."""
    for locale in ("en", "de", "ar"):
        markup = draw(wait, locale=locale)
        assert_harmless(markup)
        assert not re.search(r"NaN|Infinity|None|inf\b", visible(markup))
    assert wait == Countdown.model_validate_json(wait.model_dump_json())


@given(countdowns)
@settings(max_examples=40)
def test_what_can_hold_the_focus_keeps_its_place(wait):
    """In every state the same buttons at the same places, some of them hidden."""
    for mark in [("class", "fk-live"), *(("data-action", name) for name in BUTTONS)]:
        assert path(draw(stories.counting()), mark) == path(draw(wait), mark)


@pytest.mark.parametrize("state", WAITS)
def test_a_wait_can_always_be_ended_halted_and_called_off(state):
    """Try now, pause and stop are there all the time, and then a person (rubric 30, 66)."""
    assert list(BUTTONS) == offered(draw(of_state(state)))


@pytest.mark.parametrize(
    ("state", "left"),
    [
        ("retrying", ["cancel", "escalate"]),
        ("succeeded", []),
        ("gave_up", ["escalate"]),
        ("cancelled", ["retry_now", "escalate"]),
    ],
)
def test_what_cannot_be_done_any_more_is_not_offered(state, left):
    """After the last try none is offered (rubric 40)."""
    assert left == offered(draw(of_state(state)))


def test_what_the_page_does_not_handle_is_not_offered():
    """``actions`` names what it handles."""
    assert ["pause"] == offered(draw(stories.counting(), actions=["pause"]))


@pytest.mark.parametrize("state", WAITS)
def test_a_wait_is_not_an_error(state):
    """Its colour is neutral."""
    assert 'data-tone="neutral"' in draw(of_state(state))
    assert "fk-tone-neutral" in draw(of_state(state))


def test_the_timer_is_named_and_not_live():
    """Its role is timer, which is not read out as it changes (rubric 66)."""
    markup = draw(stories.counting())
    [timer] = [each for each in parsed(markup).iter() if each.get("role") == "timer"]
    assert "Time until the next try" == timer.get("aria-label")
    assert timer.get("aria-live") is None
    assert 1 == markup.count("aria-live")


@pytest.mark.parametrize("wait", [stories.counting(), stories.scheduled(), stories.unknown_wait()])
def test_a_new_drawing_of_the_same_wait_is_not_news(wait):
    """The clock is known by the moment it counts to, and the live region says the same."""
    first, later = draw(wait), draw(wait, now=NOW + timedelta(seconds=9))
    assert re.findall('data-at="[^"]*"', first) == re.findall('data-at="[^"]*"', later) != []
    assert spoken(first) == spoken(later)
    following = draw(wait.model_copy(update={"attempt": 3}))
    assert re.findall('data-at="[^"]*"', first) != re.findall('data-at="[^"]*"', following)


def test_only_what_goes_by_itself_raises_the_event_at_zero():
    """Not where the person decides."""
    assert 'data-due="retry_now"' in draw(stories.counting())
    assert 'data-due="retry_now"' in draw(stories.unknown_wait())
    assert "data-due" not in draw(stories.up_to_the_person())
    assert "data-paused" in draw(stories.paused())
    assert "data-paused" not in draw(stories.counting())


@pytest.mark.parametrize("state", ["retrying", "succeeded", "gave_up", "cancelled"])
def test_nothing_counts_where_nothing_is_waited_for(state):
    """So that no event is raised from a state that is over."""
    assert "data-clock" not in draw(of_state(state))


def failed(kind, at=NOW, tries=1, **facts):
    """A call without an answer."""
    failure = Failure(kind=kind, **facts)
    step = Step(name="ask", verdict="failed", failure=failure, attempts=(Attempt(failure=failure),) * tries)
    return Outcome(status="unavailable", requested="ask", trail=(step,), failure=failure, created_at=at)


def test_the_wait_is_read_from_an_outcome():
    """From its end, as long as the service asked for; the next attempt follows those made."""
    wait = Countdown.of(failed(FailureKind.PROVIDER_OVERLOADED, tries=2, retry_after=24), max_attempts=4)
    assert (NOW + timedelta(seconds=24), 3, 4, "counting") == (
        wait.retry_at,
        wait.attempt,
        wait.max_attempts,
        wait.state,
    )


def test_after_the_last_try_it_has_given_up():
    """It does not wait for one that is not made."""
    wait = Countdown.of(failed(FailureKind.PROVIDER_OVERLOADED, tries=4, retry_after=24), max_attempts=4)
    assert ("gave_up", 4) == (wait.state, wait.attempt)


@pytest.mark.parametrize(
    "outcome",
    [
        failed(FailureKind.PROVIDER_OVERLOADED),
        failed(FailureKind.PROVIDER_OVERLOADED, at=None, retry_after=24),
        failed(FailureKind.PROVIDER_OVERLOADED, at=datetime.max.replace(tzinfo=UTC), retry_after=24),
        failed(FailureKind.PROVIDER_OVERLOADED, retry_after=1e300),
    ],
)
def test_a_wait_that_nobody_can_tell_is_said_to_be_unknown(outcome):
    """No Retry-After, no time of the call, or a time beyond all calendars."""
    assert Countdown.of(outcome).retry_at is None
    assert "The service did not say how long to wait" in visible(draw(outcome))


@pytest.mark.parametrize("kind", [FailureKind.SAFETY_REFUSED, FailureKind.INPUT_TOO_LONG, FailureKind.AUTH_CONFIG])
def test_where_another_try_cannot_help_there_is_no_wait(kind):
    """A calm empty frame, which says nothing."""
    assert Countdown.of(failed(kind)) is None
    assert spoken(draw(failed(kind))) is None
    assert visible(draw(None)) == visible(draw(failed(kind)))


def test_an_attempt_beyond_the_last_is_refused_with_a_remedy():
    """The message names the argument, the value and what to do; numbers that are none are refused, too."""
    with pytest.raises(ValueError, match=r"`attempt` must not be beyond `max_attempts`, got 5 of 4; say"):
        Countdown(attempt=5, max_attempts=4)
    with pytest.raises(ValueError, match="attempt"):
        Countdown(attempt=float("nan"))
    with pytest.raises(ValueError, match="attempt"):
        Countdown(attempt=0)


def test_a_state_of_a_newer_version_is_told_as_it_is():
    """Calm, verbatim, with a person to ask."""
    markup = draw(Countdown.model_construct(id="7", state="hibernating"))
    assert "This page does not know this state: hibernating." in visible(markup)
    assert "escalate" in offered(markup)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(text):
    """Wherever a text can come from."""
    markup = draw(Countdown.model_construct(id=text, state=text))
    assert_harmless(markup)
    assert clean(text) in visible(markup)
    assert clean(text) == parsed(markup)[0].get("data-id")


# In the browser

HEAR = """() => {
  window.raised = [];
  addEventListener("fk-action", ({ detail }) => raised.push([detail.action, detail.value].join(" ").trim()));
  const live = document.querySelector(".fk-live");
  window.said = [live.textContent];
  new MutationObserver(() => said.push(live.textContent)).observe(live, { childList: true });
}"""


@pytest.fixture
def stage(page):
    """A plain page with one wait and a clock that the test moves; what it says and raises is written down."""

    def show(wait):
        page.clock.install(time=NOW)
        page.clock.pause_at(NOW + timedelta(seconds=1))
        head = f"<!doctype html><html lang=en><title>Wait</title><style>{stylesheet()}</style>"
        page.set_content(f"{head}<main>{draw(wait)}</main>")
        page.evaluate(HEAR)
        page.add_script_tag(content=script())
        page.clock.run_for(300)
        return page

    return show


def seconds(page, count):
    """Let so many pass."""
    page.clock.run_for(count * 1000)


def test_it_counts_speaks_three_times_and_begins_once(stage):
    """At the start, at ten seconds and at the end (rubric 66); nothing jumps as the number gets shorter."""
    page = stage(stories.counting())
    width = "document.querySelector('.fk-clock').getBoundingClientRect().width"
    before = page.evaluate(width)
    seconds(page, 17)
    assert "Trying again in 7 seconds" == page.inner_text("[role=timer]")
    assert before == page.evaluate(width)
    seconds(page, 60)
    assert ["retry_now"] == page.evaluate("raised")
    assert [
        "Trying again at 14:20 (Berlin time). You can pause this or stop it.",
        "Trying again in 10 seconds",
        "Trying again now",
    ] == page.evaluate("said")


def test_it_can_be_halted_and_goes_on_from_there(stage):
    """At once, before the page has answered; nothing is raised in the meantime (rubric 66)."""
    page = stage(stories.counting())
    seconds(page, 4)
    page.get_by_role("button", name="Pause").click()
    seconds(page, 600)
    assert page.get_by_text("Nothing is tried until you go on.").is_visible()
    assert "pause" == page.evaluate("document.activeElement.dataset.action")
    page.get_by_role("button", name="Go on waiting").click()
    assert "Trying again in 20 seconds" == page.inner_text("[role=timer]")
    assert ["pause on", "pause off"] == page.evaluate("raised")
    seconds(page, 21)
    assert ["pause on", "pause off", "retry_now"] == page.evaluate("raised")


def test_a_new_drawing_does_not_set_it_back_nor_forward(stage):
    """The same wait, drawn nine seconds later with what is left then."""
    page = stage(stories.counting())
    seconds(page, 9)
    page.evaluate("document.querySelector('.fk-clock').dataset.seconds = '15.000'; fallbackkit.settle()")
    assert "Trying again in 15 seconds" == page.inner_text("[role=timer]")


@pytest.mark.parametrize(("name", "raised"), [("Try now", "retry_now"), ("Stop trying", "cancel")])
def test_what_the_person_did_is_not_done_again_at_zero(stage, name, raised):
    """Trying now and calling off both end the wait at once."""
    page = stage(stories.counting())
    page.get_by_role("button", name=name).click()
    seconds(page, 60)
    assert [raised] == page.evaluate("raised")


def test_a_wait_of_unknown_length_ends_after_about_a_minute(stage):
    """What the words promise is kept; no number is shown on the way."""
    page = stage(stories.unknown_wait())
    seconds(page, 58)
    assert [] == page.evaluate("raised")
    assert "Trying again in about a minute" == page.inner_text("[role=timer]")
    seconds(page, 3)
    assert ["retry_now"] == page.evaluate("raised")
