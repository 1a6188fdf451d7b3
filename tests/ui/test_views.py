from __future__ import annotations

import re
import subprocess
import sys
import time
from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallbackkit import Answer, Confidence, FailureKind, Outcome, Source, Step, Ticket
from fallbackkit._outcome import Basis, Check, Status, StepKind, TicketState
from fallbackkit.messages import Messages
from fallbackkit.review import Claim, Item, ReviewRequest
from fallbackkit.ui import views
from fallbackkit.ui.views import _card
from fallbackkit.ui.views._html import clean
from fallbackkit.ui.views._markdown import LONGEST
from fallbackkit.ui.views._reader import Reader
from stories import outcome_card as stories
from tests.ui.corpus import BERLIN, HOSTILE, LATER, STORIES, outcomes, poisoned
from tests.ui.html import assert_harmless, drawn, elements, parsed, path, visible

VIEWS = (
    views.answered_by,
    views.confidence_meter,
    views.error_card,
    views.escalation_tracker,
    views.outcome_card,
    views.source_list,
)


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("view", VIEWS)
def test_every_story_is_harmless_html_in_every_view(view, name):
    """Each story in each view parses strictly and holds only what is allowed."""
    markup = str(view(STORIES[name](), now=LATER, tz=BERLIN))
    assert_harmless(markup)
    live = parsed(markup)[0][0]
    assert (live.get("class"), live.get("role")) == ("fk-live", "status")


@given(outcomes, st.sampled_from([None, ("answer",), ("by", "actions", "cost")]), st.sampled_from(["en", "ar"]))
def test_a_card_that_grows_is_the_same_as_one_drawn_anew(outcome, show, locale):
    """What is around the text is remembered while it is written, and nothing of it is out of date."""
    for text in ("", "One.", f"One. {outcome.text}"):
        answer = (outcome.answer or Answer(text="")).model_copy(update={"text": text})
        grown = outcome.model_copy(update={"status": "streaming", "answer": answer, "duration": len(text)})
        reader = {"now": LATER, "tz": BERLIN, "locale": locale, "actions": frozenset({"stop"})}
        anew = _card._drawn(_card.card_of(grown), show or _card._USUAL, Reader(**reader))
        assert anew == views.outcome_card(grown, show=show, **reader)


def test_a_stream_draws_what_is_around_its_text_once():
    """Its duration, its time and its text change with each piece; nothing of them is seen beside the text."""
    pieces = [
        Outcome(
            id="one",
            status="streaming",
            answer=Answer(text="Five " * count),
            trail=(Step(name="ask", duration=count),),
            duration=count,
            created_at=LATER + timedelta(seconds=count),
        )
        for count in range(1, 9)
    ]
    before = _card._around.cache_info().misses
    assert 8 == len({views.outcome_card(piece, now=piece.created_at, tz=BERLIN) for piece in pieces})
    assert 1 == _card._around.cache_info().misses - before


@pytest.mark.parametrize("view", VIEWS)
def test_no_outcome_is_a_calm_empty_state(view):
    """None draws the frame of the component and says nothing aloud."""
    markup = str(view(None))
    assert_harmless(markup)
    assert parsed(markup)[0][0].text is None


@pytest.mark.parametrize("status", get_args(Status))
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_field_stays_text(text, status):
    """Whatever a field holds, no view makes an element, an attribute or an address of it."""
    for view in VIEWS:
        assert_harmless(str(view(poisoned(text, status), now=LATER, tz=BERLIN)))
    plain = "".join(parsed(str(views.source_list(poisoned(text)))).itertext())
    assert plain.count(clean(text)) >= 3


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_reaches_the_reviewer_as_text(text):
    """The desk shows a question, a draft and a name as they are, and nothing of them runs."""
    request = ReviewRequest(question=text, draft=text, sources=poisoned(text).sources)
    item = Item(id=text, state="claimed", request=request, created_at=LATER, reviewer=text)
    claim = Claim(item=item, reviewer=text, token="t", expires_at=LATER)
    for markup in (
        str(views.review_list([item], reviewer="me", status=text)),
        str(views.review_case(claim, status=text)),
    ):
        assert_harmless(markup)
        assert clean(text) in "".join(parsed(markup).itertext())


@pytest.mark.parametrize("reason", [None, FailureKind.QUALITY_LOW_CONFIDENCE])
def test_a_reviewer_can_tell_an_audit(reason):
    """Whether the answer has been sent, and whether anybody waits, in the list and in the case."""
    request = ReviewRequest(question="How many days?", draft="Five days.", reason=reason)
    item = Item(id="1", state="pending", request=request, created_at=LATER)
    claim = Claim(item=item, reviewer="me", token="t", expires_at=LATER)
    audit = reason is None
    assert audit == ("an answer to check" in str(views.review_list([item], reviewer="me")))
    case = str(views.review_case(claim))
    assert [audit, audit, not audit, not audit] == [
        words in case for words in ("already sent", "nobody waits", "Draft, not sent", "before you send it")
    ]


@given(outcomes)
@settings(max_examples=60)
def test_any_outcome_draws_in_every_view(outcome):
    """No outcome that the types allow breaks a view."""
    for view in VIEWS:
        assert_harmless(str(view(outcome, now=LATER, tz=BERLIN)))


@given(outcomes)
@settings(max_examples=40)
def test_what_can_hold_the_focus_keeps_its_place(outcome):
    """An update by position finds the live region, the disclosures and the way to a person where they were."""
    for mark in (("class", "fk-live"), ("data-toggle", "by"), ("data-toggle", "trail"), ("data-action", "escalate")):
        assert path(drawn(None), mark) == path(drawn(outcome), mark)


@pytest.mark.parametrize("kind", FailureKind)
def test_every_failure_has_its_words_and_a_way_to_a_person(kind):
    """In the place of the answer: the effect, no code, and a person at the same place (rubric 30, 31)."""
    outcome = stories.unavailable(kind)
    shown = visible(drawn(outcome))
    assert outcome.notice().title in shown
    assert kind.value not in shown
    assert "Ask a person" in shown
    assert "7F3K2M" not in shown
    assert "7F3K2M" in drawn(outcome)


@pytest.mark.parametrize("status", ["awaiting_review", "unavailable", "working"])
def test_a_withheld_answer_is_not_drawn(status):
    """Where the answer must not be seen, it is not on the page at all."""
    outcome = stories.answered().model_copy(update={"status": status})
    assert "carry over" not in drawn(outcome)


def test_a_hedged_answer_begins_with_the_doubt():
    """The doubt is read before the answer, and no number stands beside it."""
    shown = visible(drawn(stories.low_confidence_hedged()))
    assert shown.index("I'm not sure about this one.") < shown.index("The notice period")
    assert "Not measured." in shown
    assert "%" not in shown


@pytest.mark.parametrize("basis", sorted(set(get_args(Basis)) - {"measured", "guaranteed"}))
def test_only_a_measurement_is_shown_as_a_number(basis):
    """Agreement, retrieval and a model's own word are words, never a number."""
    value = 0.83 if basis == "agreement" else None
    outcome = stories.answered().model_copy(update={"confidence": Confidence(value=value, basis=basis, n=412)})
    shown = visible(str(views.confidence_meter(outcome, now=LATER)))
    assert not set(shown) & set("0123456789%")
    assert shown.startswith("Not measured.")
    assert 'role="meter"' not in drawn(outcome)


@pytest.mark.parametrize(
    ("value", "lower", "words", "now"),
    [
        (0.96, 0.91, "Very likely right, about 19 in 20.", "95"),
        (0.96, 0.80, "Likely right, about 9 in 10.", "90"),
        (0.83, None, "Likely right, about 8 in 10.", "80"),
        (0.45, None, "Could go either way, about 5 in 10.", "50"),
        (0.10, None, "Probably wrong, fewer than 4 in 10.", "40"),
    ],
)
def test_a_measurement_is_shown_in_words_and_a_coarse_number(value, lower, words, now):
    """The number is no finer than the sample allows, and names its sample."""
    confidence = Confidence(value=value, lower=lower, basis="measured", n=412)
    markup = str(views.confidence_meter(stories.answered().model_copy(update={"confidence": confidence})))
    assert words in visible(markup)
    assert "412 past cases" in visible(markup)
    assert f'aria-valuenow="{now}"' in markup


def test_a_measurement_past_its_date_or_without_a_sample_gives_no_number():
    """Out of date and unknown sample are states of their own."""
    old = stories.MEASURED.model_copy(update={"expires_at": LATER - timedelta(days=1)})
    bare = stories.MEASURED.model_copy(update={"n": None})
    for confidence, words in ((old, "Measurement out of date."), (bare, "Not measured.")):
        outcome = stories.answered().model_copy(update={"confidence": confidence})
        shown = visible(str(views.confidence_meter(outcome, now=LATER)))
        assert shown.startswith(words)
        assert "in 10" not in shown


def test_a_partial_answer_has_no_confidence_and_its_notice_below():
    """What arrived stays, the interruption is named under it, and nothing vouches for it."""
    shown = visible(drawn(stories.interrupted()))
    assert shown.index("To book the large meeting room") < shown.index("The answer stopped early")
    assert "easured" not in shown


def test_a_degraded_answer_says_what_was_asked_and_what_answered():
    """Requested and actual stand on the answer, the reason one click away."""
    markup = drawn(stories.degraded_smaller_model())
    assert "Answered by the smaller model instead of the main model" in visible(markup)
    assert "The main model was busy" in "".join(parsed(markup).itertext())
    assert 'data-rail="fallback"' in markup


@pytest.mark.parametrize("kind", get_args(StepKind))
def test_every_kind_of_answerer_has_its_line(kind):
    """Each step kind draws a by-line and its own shape."""
    step = Step(name="Anna Kowalski", kind=kind)
    shown = visible(str(views.answered_by(Outcome(status="answered", answer=Answer(text="Yes."), trail=(step,)))))
    assert {"cache": "Saved answer", "search": "Matching pages"}.get(kind, "Answered by") in shown


@pytest.mark.parametrize("check", get_args(Check))
def test_every_check_is_told_in_words(check):
    """No source goes without its check state, and unverified ones come below."""
    given_sources = (Source(title="Loose", check=check), Source(title="Sound", check="quote_found"))
    shown = visible(str(views.source_list(Outcome(status="answered", answer=Answer(text="x", sources=given_sources)))))
    assert ("Not verified" in shown) == (check != "quote_found")
    assert check == "quote_found" or shown.index("Sound") < shown.index("Loose")


def test_no_sources_is_said():
    """An answer without sources says so."""
    assert "No sources." in visible(drawn(Outcome(status="answered", answer=Answer(text="Yes."))))


@pytest.mark.parametrize("state", get_args(TicketState))
def test_a_case_shows_where_it_stands(state):
    """Each state of a ticket has one current step."""
    ticket = Ticket(id="4821", state=state, position=3, eta=900)
    markup = str(views.escalation_tracker(Outcome(status="awaiting_review", ticket=ticket)))
    assert markup.count('aria-current="step"') == 1
    assert "4821" in visible(markup)


def test_a_person_who_approved_a_draft_is_named_with_the_ai():
    """An approved draft is labelled as AI text that a person checked; a person's own words are not."""
    own = stories.reviewed()
    answer = own.answer.model_copy(update={"finish_reason": "approved"})
    assert "AI wrote" not in visible(drawn(own))
    assert "AI wrote the draft, and a person checked it." in visible(drawn(own.model_copy(update={"answer": answer})))


def test_actions_that_the_page_does_not_handle_get_no_button():
    """Only offered actions are drawn."""
    shown = visible(str(views.outcome_card(stories.interrupted(), actions={"retry"})))
    assert "Try again" in shown
    assert "Ask a person" not in shown


def test_times_are_absolute_with_zone_and_relative():
    """A time reads the same wherever the reader sits."""
    assert "14:14 (6 minutes ago, Berlin time)" in "".join(parsed(drawn(stories.unavailable())).itertext())


def test_markdown_makes_structure_but_no_markup_images_or_unsafe_links():
    """Lists, tables and links work; raw HTML, images and other schemes stay text."""
    table = "# Title\n\n- one\n\n|a|b|\n|-|-|\n|1|2|\n\n"
    text = table + "[ok](https://a.example/x) [no](javascript:alert(1)) ![i](https://b.example/p.png) <b>raw</b>"
    markup = drawn(Outcome(status="answered", answer=Answer(text=text)))
    assert_harmless(markup)
    assert "<img" not in markup
    assert "[no](javascript:alert(1))" in visible(markup)
    assert "<b>raw</b>" in visible(markup)
    assert "(a.example)" in visible(markup)


@pytest.mark.parametrize("unit", ["a" * 50 + " ", "[", "*a ", "`", "> ", "![](", "|-"])
def test_a_megabyte_of_text_is_drawn_whole_and_soon(unit):
    """Length costs no more than its own time, and nothing is cut."""
    for size in (LONGEST, 1_000_000):
        text = (unit * size)[:size]
        started = time.perf_counter()
        markup = drawn(Outcome(status="answered", answer=Answer(text=text)))
        assert time.perf_counter() - started < 3
    assert text in markup.replace("&gt;", ">")


def test_views_need_no_gradio():
    """The cards work in a program that has never imported Gradio."""
    code = "import sys; import fallbackkit.ui.views; sys.exit('gradio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603


@pytest.mark.parametrize("kind", FailureKind)
def test_what_is_read_out_is_made_of_sentences(kind):
    """A pause stands between the title and the body of a notice."""
    outcome = stories.unavailable(kind)
    spoken = parsed(drawn(outcome))[0][0].text
    assert outcome.notice().title == re.split(r"(?<=[?])|[.] ", spoken)[0]


def test_the_notice_says_which_language_it_is_in(tmp_path):
    """For screen readers and for its direction; in the application's own words, if it has any."""
    outcome = stories.unavailable(FailureKind.RETRIEVAL_NONE)
    boxes = [each for each in elements(views.error_card(outcome, locale="ar")) if each.get("dir") == "rtl"]
    assert ["ar", "ar"] == [box.get("lang") for box in boxes]  # the component, and the notice in it
    assert "لا توجد صفحات مطابقة" in "".join(boxes[0].itertext())
    (tmp_path / "de.toml").write_text('[kinds.retrieval.none]\ntitle = "Nichts im Handbuch"\n', encoding="utf-8")
    own = views.error_card(outcome, locale="de", messages=Messages(tmp_path))
    assert "Nichts im Handbuch" in own
