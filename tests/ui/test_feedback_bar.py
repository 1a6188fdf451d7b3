from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit.ui._components_people import FeedbackBar
from fallbackkit.ui._stylesheet import script, stylesheet
from fallbackkit.ui.views._feedback import REASONS, Feedback, feedback_bar
from fallbackkit.ui.views._html import clean
from stories import feedback_bar as stories
from tests.ui.corpus import HOSTILE
from tests.ui.html import assert_harmless, elements, parsed, path, visible

LISTEN = "window.got = []; addEventListener('fk-action', event => got.push(event.detail))"


def markup(value, locale="en", **reader):
    """The bar as a string."""
    return str(feedback_bar(value, locale=locale, **reader))


def shown(value, locale="en", **reader):
    """What is on the screen, on one line."""
    return " ".join(visible(markup(value, locale, **reader)).split())


def spoken(value, locale="en"):
    """What is read out."""
    return parsed(markup(value, locale))[0][0].text or ""


def pressed(value):
    """What is pressed, by the value it sends."""
    return [each.get("data-value") for each in elements(markup(value)) if each.get("aria-pressed") == "true"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (stories.unrated(), ""),
        (stories.down(), f"Thanks. Counted. {stories.WEEKLY}"),
        (stories.down_without_consequence(), "Thanks. Counted. It is kept with this answer."),
        (stories.edited(), f"Thanks. Updated. {stories.WEEKLY}"),
        (stories.withdrawn(), "Taken back. It is not counted."),
        (stories.failed_to_send(), "We couldn't send your feedback. It is kept here. You can send it again."),
    ],
)
def test_the_thanks_say_what_happens_next(value, expected):
    """On the screen and aloud, in a region that was there before (55)."""
    assert expected == spoken(value)
    assert expected in shown(value)


@pytest.mark.parametrize("state", ["sent", "edited", "failed"])
def test_each_language_has_its_words(state):
    """For the thanks, the thumbs and the nine reasons."""
    value = Feedback(id="a", rating="down", state=state)
    for read in (shown, spoken):
        assert 3 == len({read(value, locale) for locale in ("en", "de", "ar")})
    for locale in ("en", "de", "ar"):
        chips = ["".join(each.itertext()) for each in elements(markup(value, locale)) if each.get("data-part")]
        assert 9 == len(set(chips)) == len(REASONS)


def test_the_first_click_is_the_rating_and_the_reasons_may_follow():
    """Reasons are not there before it, and nothing is pressed for the person (54)."""
    assert "What was wrong?" not in shown(stories.unrated())
    assert [] == pressed(stories.unrated())
    assert ["down"] == pressed(stories.down())
    assert "What was wrong? You can leave this out.WrongOut of date" in shown(stories.down())


def test_reasons_belong_to_the_rating():
    """A helpful answer has its own, or none; both can be commented on."""
    assert ["up", "Right page at once"] == pressed(stories.up_with_reasons())
    assert "What was wrong?" not in shown(stories.up_with_reasons())
    assert "What was good?" not in shown(stories.up())
    assert "In your words" in shown(stories.up())
    assert "In your words" not in shown(stories.down_without_consequence())


def test_what_could_not_be_sent_is_still_there():
    """The rating, the reasons and the comment, with a button that sends them (36)."""
    value = stories.failed_to_send()
    assert ["down", "outdated"] == pressed(value)
    assert "The canteen opens at 11." in shown(value)
    assert "Send it again" in shown(value)
    assert "assertive" == parsed(markup(value))[0][0].get("aria-live")


def test_it_can_be_taken_back():
    """As long as there is a rating."""
    assert "Take it back" in shown(stories.edited())
    assert "Take it back" not in shown(stories.withdrawn())


def test_what_the_page_does_not_handle_is_not_offered():
    """Neither reasons without a place for them, nor taking back."""
    said = shown(stories.edited(), actions={"rated"})
    assert "Helpful" in said
    for label in ("What was wrong?", "Send the comment", "Take it back"):
        assert label not in said
    assert "Helpful" not in shown(stories.edited(), actions=())


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"state": "sent"}, "`rating` must be up or down in the state 'sent', got None"),
        ({"rating": "up", "reasons": ("wrong",)}, "`reasons` must be among those offered for 'up', got 'wrong'"),
        ({"reasons": ("wrong",)}, "`reasons` must be among those offered for None, got 'wrong'"),
        ({"text": "x" * 11, "max_chars": 10}, r"`text` must have at most `max_chars` \(10\), got 11"),
        ({"max_chars": 0}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(fields, says):
    """It names the argument, the value and what to do."""
    with pytest.raises(ValidationError, match=says):
        Feedback(**fields)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_field_stays_text(text):
    """Ids, labels, the comment and the consequence; also as a state of a newer version (83)."""
    for state in ("sent", "failed", text):
        value = Feedback.model_construct(
            id=text, rating="down", reasons=(text,), reasons_up=(text,), reasons_down=(text,), text=text, state=state
        ).model_copy(update={"consequence": text})
        drawn = markup(value)
        assert_harmless(drawn)
        assert "".join(parsed(drawn).itertext()).count(clean(text)) >= 3


values = st.builds(
    Feedback,
    rating=st.sampled_from(["up", "down"]),
    state=st.sampled_from(["open", "sent", "edited", "withdrawn", "failed"]),
    reasons_up=st.lists(st.text(max_size=9), max_size=5).map(tuple),
    allow_text=st.booleans(),
    text=st.text(max_size=40),
    max_chars=st.integers(40, 10**9),
    consequence=st.none() | st.text(max_size=40),
)


@given(values, st.sampled_from(["en", "de", "ar"]))
@settings(max_examples=40, deadline=None)
def test_any_feedback_draws_at_the_same_places(value, locale):
    """The thumbs, the comment and the ways back stand where they stood (63)."""
    first, drawn = markup(None), markup(value, locale)
    assert_harmless(drawn)
    for mark in (("data-value", "up"), ("data-value", "down"), ("data-field", "text"), ("data-action", "withdrawn")):
        assert path(first, mark) == path(drawn, mark)


def test_much_of_everything_is_drawn_whole():
    """A megabyte of comment and two hundred reasons."""
    long = "word " * 200_000
    many = tuple(f"reason {number}" for number in range(200))
    drawn = markup(Feedback(rating="down", reasons_down=many, text=long, max_chars=len(long)))
    assert long in drawn
    assert 200 == drawn.count('data-part="reasons"')


def test_the_component_gives_back_what_it_showed():
    """Its value goes to the browser and back unchanged."""
    bar = FeedbackBar()
    assert stories.edited() == bar.preprocess(bar.postprocess(stories.edited()))


def test_a_click_rates_once_and_a_second_one_takes_it_back(page):
    """A double click is one click; each event names the answer; the other thumb is released (54)."""
    page.clock.install()
    page.set_content(f"<style>{stylesheet()}</style><script>{script()}</script>{markup(stories.unrated())}")
    page.evaluate(LISTEN)
    up, down = (page.get_by_role("button", name=name, exact=True) for name in ("Helpful", "Not helpful"))
    up.dblclick()
    down.click()
    assert ["rated up carry-over", "rated down carry-over"] == page.evaluate(
        "got.map(each => `${each.action} ${each.value} ${each.id}`)"
    )
    assert ["false", "true"] == [each.get_attribute("aria-pressed") for each in (up, down)]
    page.clock.run_for(1100)  # a second click on the same thing is the same click for a second
    down.click()
    assert "withdrawn" == page.evaluate("got.at(-1).action")
    assert "false" == down.get_attribute("aria-pressed")


def test_each_reason_goes_with_all_that_are_pressed_on_its_own_bar(page):
    """One record: an event replaces what the one before said; another bar on the page has no part in it."""
    other = stories.failed_to_send().model_copy(update={"id": "other", "reasons": ("wrong",)})
    both = markup(stories.edited()) + markup(other)
    page.set_content(f"<style>{stylesheet()}</style><script>{script()}</script>{both}")
    page.evaluate(LISTEN)
    page.locator(".fk").first.get_by_role("button", name="Too long").click()
    assert {
        "component": "feedback-bar",
        "action": "detailed",
        "id": "carry-over",
        "value": "too_long",
        "reasons": ["unsupported", "incomplete", "too_long"],
        "text": "Section 4 says nothing about parental leave.",
    } == page.evaluate("got.at(-1)")
