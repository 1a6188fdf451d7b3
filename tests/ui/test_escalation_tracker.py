from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit import Outcome, Ticket
from fallbackkit._outcome import TicketState
from fallbackkit.ui._components_people import EscalationTracker
from fallbackkit.ui._stylesheet import script
from fallbackkit.ui.views._handover import Handover, HandoverState, Moment
from fallbackkit.ui.views._html import clean
from fallbackkit.ui.views._tracker import escalation_tracker
from stories import escalation_tracker as stories
from stories import outcome_card as cards
from tests.ui.corpus import BERLIN, HOSTILE, poisoned
from tests.ui.html import assert_harmless, elements, parsed, path, visible

NOW = stories.NOW
STATES = get_args(HandoverState)
ISOLATES = re.compile("[\u2068\u2069]")
BEFORE = {"available", "outside_hours", "nobody", "confirm"}
FIRST = {
    "available": "A person can take over",
    "outside_hours": "Nobody is on shift now",
    "nobody": "Nobody is free right now",
    "confirm": "Send this to a person?",
    "sent": "Your question is sent",
    "queued": "Your question is in line",
    "assigned": "Anna has your question",
    "reading": "Anna is reading your question",
    "replying": "Anna is writing an answer",
    "transferring": "Your question is being passed on",
    "waiting_for_you": "Anna needs something from you",
    "answered": "Anna has answered",
    "closed": "This case is closed",
    "reopened": "This case is open again",
    "lost": "The connection to the desk was lost",
    "expired": "Nobody answered in time",
    "withdrawn": "You withdrew your question",
}


def markup(value, locale="en", **reader):
    """The tracker as a string."""
    return str(escalation_tracker(value, now=NOW, tz=BERLIN, locale=locale, **reader))


def shown(value, locale="en", **reader):
    """What is on the screen, on one line."""
    return ISOLATES.sub("", " ".join(visible(markup(value, locale, **reader)).split()))


def offered(value):
    """The buttons that can be pressed, by the event they raise."""
    buttons = [each for each in elements(markup(value)) if each.get("data-action") and "hidden" not in each.attrib]
    return {each.get("data-action"): "".join(each.itertext()) for each in buttons}


@pytest.mark.parametrize("state", STATES)
def test_every_state_says_what_it_means_and_says_it_aloud_once(state):
    """The title is what is read out; without a name, somebody stands for it."""
    value = Handover(state=state, person="Anna")
    assert FIRST[state] in shown(value)
    assert FIRST[state] == parsed(markup(value))[0][0].text
    assert FIRST[state].replace("Anna", "A person") in shown(Handover(state=state))


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_its_words_in_each_language(state):
    """No two states read alike, in any of the three."""
    for locale in ("en", "de", "ar"):
        said = {each: parsed(markup(Handover(state=each), locale))[0][0].text for each in STATES}
        assert 1 == list(said.values()).count(said[state])
    assert 3 == len({shown(Handover(state=state), locale) for locale in ("en", "de", "ar")})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"position": 1}, "You're first in line"),
        ({"position": 2, "eta_low": 240, "eta_high": 360}, "You're second in line, about 4 to 6 minutes"),
        ({"position": 3, "eta_high": 900}, "You're third in line, about 15 minutes"),
        ({"position": 12, "eta_low": 5, "eta_high": 3000}, "You're number 12 in line, about 50 minutes"),
        ({"eta_high": 900}, "Your question is in line"),
    ],
)
def test_the_place_in_line_is_a_word_and_the_wait_a_range(value, expected):
    """As far as it is known."""
    assert expected == parsed(markup(Handover(state="queued", **value)))[0][0].text


def test_the_place_in_line_is_told_in_each_language():
    """With the plural that goes with the number."""
    assert "Sie sind an zweiter Stelle, etwa 4 bis 6 Minuten" in shown(stories.queued(), "de")
    assert "أنت الثاني في الدور، حوالي 4 إلى 6 دقائق" in shown(stories.queued(), "ar")


@pytest.mark.parametrize("state", sorted(BEFORE))
def test_what_is_sent_is_said_before_it_leaves(state):
    """And what is not."""
    said = shown(stories.OFFER.model_copy(update={"state": state}))
    assert "We'll send your question, this answer and the 3 sources. Not your other chats." in said
    assert "We sent" not in said


def test_what_was_sent_is_said_afterwards():
    """One source is the source; what the app names itself stands as it is."""
    value = Handover(state="sent", shared=("sources", "the travel dates"), sources=1, kept_back=("name", "chat"))
    assert "We sent the source and the travel dates. Not your name and this chat." in shown(value)
    assert "We sent" not in shown(value.model_copy(update={"state": "withdrawn"}))


def test_people_may_leave_and_learn_where_we_write():
    """Who waits is told that they need not."""
    assert "You can leave; we'll write to dana@intranet.example when someone answers." in shown(stories.queued())
    assert "You can leave. The answer will be here." in shown(Handover(state="queued"))


def test_outside_hours_the_time_is_absolute_and_relative():
    """In the reader's zone; a day without anybody is no dead end (44)."""
    said = shown(stories.outside_hours())
    assert "Someone is back: 15 October, 08:00 (in 18 hours, Berlin time)." in said
    assert {"requested": "Leave my question"} == offered(stories.outside_hours())


@pytest.mark.parametrize("state", STATES)
def test_every_state_leaves_something_to_do(state):
    """What each button does is the same in all states in which it is there."""
    expected = {
        "confirm": {"requested", "edit_shared", "cancelled"},
        "waiting_for_you": {"replied", "cancelled"},
        "answered": {"closed", "reopened"},
        "closed": {"reopened"},
        "reopened": {"closed", "cancelled"},
        "lost": {"requested", "cancelled"},
        **{each: {"requested"} for each in ("available", "outside_hours", "nobody", "expired", "withdrawn")},
    }
    assert expected.get(state, {"cancelled"}) == offered(Handover(state=state)).keys()
    assert [] == [each for each in elements(markup(Handover(state=state), actions=())) if _is_pressable(each)]


def _is_pressable(element):
    return element.get("data-action") and "hidden" not in element.attrib


@pytest.mark.parametrize("state", STATES)
def test_the_current_step_is_marked(state):
    """As soon as there are steps, exactly one of the three is the present one."""
    tree = list(elements(markup(Handover(state=state))))
    current = [each for each in tree if each.get("aria-current") == "step"]
    assert (0 if state in BEFORE else 1) == len(current)
    assert 3 == len([each for each in tree if "fk-step" in each.get("class", "").split()])


def test_the_question_is_edited_before_it_is_sent():
    """First it is shown, then it can be changed; a line end at its start is kept."""
    assert stories.QUESTION in shown(stories.confirm())
    edited = stories.confirm_editing().model_copy(update={"draft": "\nOne line down"})
    field = next(each for each in elements(markup(edited)) if each.get("data-field") == "draft")
    assert "\nOne line down" == field.text
    assert "edit_shared" not in offered(edited)


def test_what_happened_is_told_with_time_and_name():
    """Every moment of the history, oldest first."""
    text = " ".join("".join(parsed(markup(stories.answered())).itertext()).split())
    assert "14:11 (9 minutes ago, Berlin time)Sent14:16" in text
    assert text.endswith("Answered, Anna KowalskiCase 4821 (opens in a new tab)")


def test_a_reload_keeps_the_request():
    """Drawn from what was stored, it is what it was."""
    for story in (stories.queued(), stories.connection_lost(), stories.waiting_for_you()):
        assert markup(story) == markup(Handover.model_validate_json(story.model_dump_json()))
    assert "Your request is kept, also if you close this page or load it again." in shown(stories.connection_lost())


def test_an_outcome_tells_what_it_knows():
    """With a ticket its state, without one the offer; what would be sent is what the outcome has."""
    waiting = Handover.of(cards.awaiting_review())
    assert ("queued", 3, 900, ("question",)) == (waiting.state, waiting.position, waiting.eta_high, waiting.shared)
    offer = Handover.of(cards.answered(), follow_up="dana@intranet.example")
    assert ("available", ("question", "answer", "sources"), 2) == (offer.state, offer.shared, offer.sources)
    assert "Anna Kowalski has answered" in shown(cards.reviewed())
    assert cards.answered().id == offer.id


@pytest.mark.parametrize("state", get_args(TicketState))
def test_every_ticket_has_a_state_of_its_own(state):
    """Also one with a place and a wait that cannot be."""
    ticket = Ticket(id="4821", state=state, position=0, eta=-1.0)
    expected = {"pending": "sent", "claimed": "reading", "decided": "answered", "cancelled": "withdrawn"}
    assert expected.get(state, state) == Handover.of(ticket).state
    assert "4821" in shown(ticket)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"position": 0}, "greater than or equal to 1"),
        ({"eta_low": float("nan")}, "finite number"),
        ({"eta_low": 9, "eta_high": 3}, r"`eta_low` must be at most `eta_high` \(3 s\), got 9; exchange them"),
        ({"shared": ("sources",)}, "`shared` names sources, and `sources` is 0; say how many there are"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(fields, says):
    """It names the argument, the value and what to do."""
    with pytest.raises(ValidationError, match=says):
        Handover(**fields)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_field_stays_text(text):
    """In each state, and as a state of a newer version (83)."""
    for state in (*STATES, text):
        moment = Moment.model_construct(state=state, at=NOW, by=text)
        value = Handover.model_construct(
            id=text,
            state=state,
            ticket=Ticket(id=text, url=text),
            shared=(text,),
            kept_back=(text,),
            person=text,
            question=text,
            history=(moment,),
            follow_up=text,
            draft=text,
        )
        drawn = markup(value)
        assert_harmless(drawn)
        assert "".join(parsed(drawn).itertext()).count(clean(text)) >= 3
        assert_harmless(markup(value.model_copy(update={"editing": True}), "ar"))


def test_a_state_of_a_newer_version_is_calm():
    """It is shown as it is, with what to do about it, and no step is claimed."""
    said = shown(Handover.model_construct(state="on_holiday", ticket=Ticket(id="4821")))
    assert "on_holidayThis page does not know this state. Load it again to see more." in said
    assert "4821" in said


texts = st.none() | st.sampled_from(["", "Anna Kowalski", "x" * 9_999, "\u202eanna"])
handovers = st.builds(
    Handover,
    state=st.sampled_from(STATES),
    position=st.none() | st.integers(1, 10**9),
    eta_high=st.none() | st.floats(0, 1e300),
    opens_at=st.none() | st.datetimes(),
    shared=st.lists(st.sampled_from(["question", "answer", "something else", ""]), max_size=5).map(tuple),
    person=texts,
    question=texts,
    follow_up=texts,
    draft=texts.map(lambda text: text or ""),
    editing=st.booleans(),
    history=st.lists(st.builds(Moment, state=st.sampled_from(STATES), at=st.datetimes(), by=texts), max_size=3).map(
        tuple
    ),
)


@given(handovers, st.sampled_from(["en", "de", "ar"]))
@settings(max_examples=25, deadline=None)
def test_any_request_draws_at_the_same_places(value, locale):
    """What can hold the focus stands where it stood, whatever is shown (63)."""
    first, drawn = markup(None), markup(value, locale)
    assert_harmless(drawn)
    for event in ("requested", "replied", "edit_shared", "closed", "reopened", "cancelled"):
        assert path(first, ("data-action", event)) == path(drawn, ("data-action", event))
    for mark in (("data-field", "draft"), ("data-field", "reply"), ("data-toggle", "handover-history")):
        assert path(first, mark) == path(drawn, mark)


def test_much_of_everything_is_drawn_whole():
    """A megabyte of text and two hundred moments."""
    long = "word " * 200_000
    value = Handover(state="waiting_for_you", question=long, shared=(long,), history=(stories.ASSIGNED,) * 200)
    assert long in markup(value)
    assert 200 == markup(value).count("Anna Kowalski</bdi> has it")


def test_the_component_takes_an_outcome_and_gives_back_a_request():
    """What the browser sends back is a request again; no answer or draft of the outcome leaves with it."""
    sent = EscalationTracker().postprocess(poisoned("secret words", "awaiting_review"))
    assert "second in line" in sent["html"]
    assert "answer" not in json.loads(sent["data"])
    back = EscalationTracker().preprocess(sent)
    assert ("queued", 2) == (back.state, back.position)
    assert {"html", "data"} == EscalationTracker().api_info()["properties"].keys()
    assert EscalationTracker().preprocess(EscalationTracker().postprocess(None)) is None


def test_a_reply_goes_along_with_its_button(page):
    """The event carries what was written, and the question it is about."""
    page.set_content(f"<script>{script()}</script><main>{markup(stories.waiting_for_you())}</main>")
    page.evaluate("addEventListener('fk-action', event => { window.got = event.detail })")
    page.get_by_label("Your reply").fill("Yes, on 3 May.")
    page.get_by_role("button", name="Send the reply").click()
    expected = {"component": "escalation-tracker", "action": "replied", "id": "leave", "reply": "Yes, on 3 May."}
    assert expected == {key: value for key, value in page.evaluate("got").items() if key != "draft"}


def test_times_ahead_of_the_calendar_do_not_break_it():
    """Nor does a page that does not know the present."""
    far = Handover(state="outside_hours", opens_at=NOW.replace(year=9999) + timedelta(days=20))
    assert "9999" in shown(far)
    assert "Someone is back: 15 October 2026, 08:00 (Berlin time)." in " ".join(
        visible(str(escalation_tracker(stories.outside_hours(), tz=BERLIN))).split()
    )
    assert_harmless(str(escalation_tracker(Outcome(status="working"))))
