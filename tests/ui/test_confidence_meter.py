from __future__ import annotations

import inspect
import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit import Confidence, Outcome
from fallbackkit._outcome import Basis, Status
from fallbackkit.ui._components_trust import ConfidenceMeter
from fallbackkit.ui._stylesheet import script, stylesheet
from fallbackkit.ui.views._confidence import Certainty, confidence_meter
from fallbackkit.ui.views._html import clean
from stories import confidence_meter as stories
from stories import outcome_card
from tests.ui.corpus import BERLIN, HOSTILE, outcomes
from tests.ui.html import assert_harmless, elements, parsed, path, visible

if TYPE_CHECKING:
    from playwright.sync_api import Page

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
STORIES = {
    name: make for name, make in inspect.getmembers(stories, inspect.isfunction) if make.__module__ == stories.__name__
}
MEASURED = ("very_likely_right", "likely_right", "could_go_either_way", "probably_wrong")
NUMBER = re.compile(r"\d+ in [12]0")


def drawn(value, **reader):
    """The meter, for somebody in Berlin."""
    return str(confidence_meter(value, now=NOW, tz=BERLIN, **reader))


def said(value, locale="en"):
    """What is on the screen."""
    return visible(drawn(value, locale=locale))


def measured(value, n, **more):
    """A rate that was counted."""
    return Confidence(value=value, basis="measured", n=n, **more)


@pytest.mark.parametrize(
    ("value", "n", "words", "percent"),
    [
        (0.97, 640, "Very likely right, about 19 in 20.", "95"),
        (0.92, 5000, "Very likely right, about 9 in 10.", "90"),
        (0.97, 30, "Likely right, about 9 in 10.", "90"),
        (0.83, 412, "Likely right, about 8 in 10.", "80"),
        (0.8, 60, "Likely right, about 8 in 10.", "80"),
        (0.7, 412, "Likely right, about 7 in 10.", "70"),
        (0.69, 412, "Could go either way, about 7 in 10.", "70"),
        (0.45, 412, "Could go either way, about 5 in 10.", "50"),
        (0.4, 412, "Could go either way, about 4 in 10.", "40"),
        (0.38, 100, "Probably wrong, about 4 in 10.", "40"),
        (0.1, 412, "Probably wrong, fewer than 4 in 10.", "40"),
        (0.0, 412, "Probably wrong, fewer than 4 in 10.", "40"),
        (0.8, 24, "Likely right, between 6 and 9 in 10.", "80"),
        (0.5, 10, "Could go either way, between 2 and 8 in 10.", "50"),
        (1.0, 20, "Likely right, about 9 in 10.", "90"),
        (1.0, 10, "Likely right, between 7 and 10 in 10.", "90"),
    ],
)
def test_the_number_is_no_finer_than_the_sample(value, n, words, percent):
    """Word and number stand in the text, and the meter says the same (rubric 1 and 4)."""
    markup = drawn(measured(value, n))
    assert words in visible(markup)
    meter = next(each for each in elements(markup) if each.get("role") == "meter")
    assert words == meter.get("aria-valuetext")
    assert ("0", "100", percent) == tuple(meter.get(f"aria-value{end}") for end in ("min", "max", "now"))
    assert "How sure this is" == meter.get("aria-label")


@given(st.floats(0, 1), st.integers(10, 5000))
@settings(max_examples=60)
def test_an_interval_that_claims_too_much_changes_nothing(value, n):
    """Whoever says that there is no doubt left is not believed: the sample decides."""
    assert said(measured(value, n)) == said(measured(value, n, lower=value, upper=value))


@pytest.mark.parametrize(("value", "lower", "word"), [(0.96, 0.91, "Very likely right"), (0.96, 0.8, "Likely right")])
def test_an_interval_that_claims_less_is_believed(value, lower, word):
    """Its lower end decides who is very likely right."""
    assert said(measured(value, 5000, lower=lower)).startswith(f"{word}, ")


@pytest.mark.parametrize("n", [1, 6, 9])
def test_a_handful_of_cases_gives_no_number(n):
    """They are counted, and said to be too few."""
    shown = said(measured(0.83, n))
    assert shown.startswith("Not measured.")
    assert f"Only {n} past answer" in shown
    assert None is NUMBER.search(shown)
    assert NUMBER.search(said(measured(0.83, 10)))


@pytest.mark.parametrize("n", [None, 0, -4])
def test_a_number_without_its_sample_is_not_shown(n):
    """Nobody knows what it is worth."""
    assert "Not measured. The figure came without the number of cases behind it." in _spaced(measured(0.83, n))


@pytest.mark.parametrize("name", MEASURED)
def test_every_number_names_its_basis_and_sample(name):
    """Beside it, not behind it (rubric 1 and 2)."""
    shown = said(STORIES[name]())
    assert NUMBER.search(shown)
    assert re.search(r"Measured on \d+ past cases \(.+\), last checked 1 October\.", shown)


def test_levels_differ_in_words_and_in_shape():
    """Not in a colour alone (rubric 3)."""
    markups = [drawn(STORIES[name]()) for name in MEASURED]
    assert [4, 3, 2, 1] == [markup.count('<i class="on">') for markup in markups]
    assert 4 == len({visible(markup).partition(",")[0] for markup in markups})
    rough = drawn(STORIES["small_sample"]())
    assert "data-rough" in rough
    assert "data-rough" not in markups[1]


def test_what_is_no_number_has_a_word_and_a_drawing_of_its_own():
    """Not measured, out of date, unlike, computing, hidden and nothing at all are told apart (rubric 8)."""
    names = ("not_measured", "out_of_date", "unlike_the_measured_cases", "hidden_by_policy", "of_an_answer_cut_short")
    shown = [said(STORIES[name]()) for name in names]
    words = ["Not measured.", "Measurement out of date.", "Unlike the cases we measured.", "Not shown here."]
    assert [*words, "Nothing to be sure of yet."] == [
        next(word for word in [*words, "Nothing to be sure of yet."] if text.startswith(word)) for text in shown
    ]
    drawings = ["".join(each.get("d", "") for each in elements(drawn(STORIES[name]()))) for name in names]
    assert len(names) == len(set(drawings))
    assert "Working out how sure this is." in said(STORIES["computing"]())
    assert not any('role="meter"' in drawn(STORIES[name]()) for name in (*names, "computing"))


@pytest.mark.parametrize(
    ("basis", "words"),
    [
        ("none", "Nobody has checked"),
        ("agreement", "Agreeing is not the same as being right."),
        ("retrieval", "That is not the same as the answer being right."),
        ("model_said", "The model rated itself"),
    ],
)
def test_only_a_measurement_is_shown_as_a_number(basis, words):
    """Agreement, evidence and a model's word are told in words of their own, not as being right (rubric 9)."""
    value = 0.83 if basis == "agreement" else None
    shown = said(Confidence(basis=basis, value=value, n=412))
    assert shown.startswith("Not measured.")
    assert words in shown
    assert not set(shown) & set("0123456789%")


def test_a_measurement_ends():
    """It is valid until its last moment, and out of date from then on; without a present nobody can say."""
    at = measured(0.83, 412, expires_at=NOW)
    assert "The last measurement was valid until 14 October." in said(at)
    assert "about 8 in 10" in said(measured(0.83, 412, expires_at=NOW + timedelta(seconds=1)))
    assert "about 8 in 10" in visible(str(confidence_meter(at)))


def test_a_guarantee_is_said_and_never_rounded_up():
    """In the words of whoever gives it, or with the limit that was measured."""
    assert "Guarantee: of the answers marked" in said(STORIES["guaranteed_in_own_words"]())
    bound = {"basis": "guaranteed", "value": 0.9, "n": 412}
    assert "at least 7 in 10 are right" in said(Confidence(lower=0.79, **bound))
    assert "at least 8 in 10 are right" in said(Confidence(lower=0.8, **bound))
    assert "at least" not in said(Confidence(**bound))
    assert "at least" not in said(measured(0.9, 412, lower=0.8))


def test_what_speaks_for_and_against_is_one_click_away():
    """With the end of the measurement."""
    markup = drawn(STORIES["with_what_speaks_for_and_against"]())
    panel = next(each for each in elements(markup) if each.get("class") == "fk-panel")
    text = "".join(panel.itertext())
    assert text.index("Valid until31 December") < text.index("Speaks for it") < text.index("Speaks against it")
    assert "sites may differ" in text
    assert "What this rests on" in visible(markup)
    assert "What this rests on" not in said(STORIES["likely_right"]())


def test_what_is_hidden_is_not_in_the_page():
    """Nor in what the component sends beside it."""
    hidden = STORIES["hidden_by_policy"]()
    assert 412 == hidden.confidence.n
    sent = ConfidenceMeter(tz=BERLIN).postprocess(hidden)
    assert "412" not in drawn(hidden)
    assert "412" not in str(sent)
    assert "hidden" == json.loads(sent["data"])["state"]


@pytest.mark.parametrize(("verdict", "words"), [("right", "as right."), ("wrong", "as wrong.")])
def test_what_the_person_said_of_it_stays(verdict, words):
    """It is shown, read out, and its button is pressed."""
    markup = drawn(Certainty(override=verdict))
    assert f"You marked this answer {words}" in visible(markup)
    assert f"You marked this answer {words}" == parsed(markup)[0][0].text
    pressed = [each.get("data-value") for each in elements(markup) if each.get("aria-pressed") == "true"]
    assert [verdict] == pressed


def test_only_what_the_page_handles_has_a_button():
    """And none where there is nothing to judge."""
    assert "Check this answer" in said(Certainty())
    assert "Mark as right" not in visible(drawn(Certainty(), actions={"verify_requested"}))
    assert "Check this answer" not in visible(drawn(Certainty(), actions={"override"}))
    assert "Check this answer" not in said(Certainty(state="computing"))


@pytest.mark.parametrize("name", STORIES)
def test_what_can_hold_the_focus_keeps_its_place(name):
    """An update from any state to any other finds it there."""
    for mark in (("class", "fk-live"), ("data-toggle", "drivers"), ("data-action", "verify_requested")):
        assert path(drawn(None), mark) == path(drawn(STORIES[name]()), mark)
    assert path(drawn(None), ("data-value", "wrong")) == path(drawn(STORIES[name]()), ("data-value", "wrong"))


@pytest.mark.parametrize("name", STORIES)
def test_every_state_is_said_in_every_language(name):
    """In its own words, and nothing is read out that is not on the screen."""
    for locale in ("en", "de", "ar"):
        markup = drawn(STORIES[name](), locale=locale)
        assert_harmless(markup)
        spoken = (parsed(markup)[0][0].text or "").split("\u2068")[0]
        assert spoken in visible(markup)
    assert 3 == len({said(STORIES[name](), locale) for locale in ("en", "de", "ar")})


@pytest.mark.parametrize("status", get_args(Status))
def test_an_outcome_has_a_confidence_only_if_its_answer_is_whole(status):
    """What still grows is being worked out; what never came, or not whole, has none."""
    whole = outcome_card.answered()
    kept = {} if status in {"working", "streaming", "interrupted"} else {"confidence": whole.confidence}
    outcome = Outcome(id="1", status=status, answer=whole.answer, **kept)
    expected = {
        "working": "Working out",
        "streaming": "Working out",
        "interrupted": "Nothing to be sure of",
        "awaiting_review": "Nothing to be sure of",
        "unavailable": "Nothing to be sure of",
    }
    assert said(outcome).startswith(expected.get(status, "Likely right"))
    assert said(outcome) == said(Certainty.of(outcome))


def test_without_an_answer_nothing_is_measured():
    """A status that goes with one, and no answer."""
    assert said(Outcome(status="low_confidence", confidence=measured(0.8, 412))).startswith("Nothing to be sure of")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_field_stays_text(text):
    """It is shown as it is."""
    fields = {"measured_on": text, "guarantee": text, "raised": (text,), "lowered": (text,)}
    confidence = Confidence(value=0.8, basis="guaranteed", n=412, **fields)
    for shown in (Certainty(id=text, confidence=confidence), confidence.model_copy(update={"unlike": True})):
        markup = drawn(shown)
        assert_harmless(markup)
        assert 3 <= "".join(parsed(markup).itertext()).count(clean(text))


VALUES = st.one_of(st.none(), st.floats(0, 1))
CONFIDENCES = st.builds(
    Confidence,
    value=VALUES,
    basis=st.sampled_from(["measured", "guaranteed", "agreement"]),
    lower=VALUES,
    upper=VALUES,
    n=st.one_of(st.none(), st.integers(), st.just(10**400)),
    measured_on=st.one_of(st.none(), st.text()),
    measured_at=st.one_of(st.none(), st.datetimes()),
    expires_at=st.one_of(st.none(), st.datetimes()),
    guarantee=st.one_of(st.none(), st.text()),
    unlike=st.booleans(),
    raised=st.lists(st.text(), max_size=3).map(tuple),
)
CERTAINTIES = st.builds(
    Certainty,
    confidence=CONFIDENCES,
    state=st.sampled_from(["shown", "computing", "hidden", "absent"]),
    override=st.sampled_from([None, "right", "wrong"]),
)


@given(CERTAINTIES, st.sampled_from(["en", "de", "ar", "en-XA"]))
@settings(max_examples=100)
def test_any_certainty_is_drawn(value, locale):
    """Harmless, the same after a trip through JSON, and without a number that has no sample."""
    markup = drawn(value, locale=locale)
    assert_harmless(markup)
    assert markup == drawn(Certainty.model_validate_json(value.model_dump_json()), locale=locale)
    assert 'role="meter"' not in markup or (value.confidence.n or 0) >= 10


@given(outcomes)
@settings(max_examples=40)
def test_any_outcome_is_drawn(outcome):
    """Whatever a pipeline left."""
    assert_harmless(drawn(outcome))


def test_what_a_newer_version_sends_is_not_measured():
    """An unknown basis, state or verdict, and numbers that no version would send."""
    strange = Confidence.model_construct(value=0.8, basis="vibes", n=412)
    newer = Certainty.model_construct(id="1", confidence=Confidence(), state="new", override="maybe")
    for text in (said(strange), said(newer)):
        assert text.startswith("Not measured.This page does not know")
    for value in (float("nan"), 7.0, -1.0):
        odd = Confidence.model_construct(value=value, basis="measured", n=412, lower=float("nan"), upper=value)
        assert said(odd).startswith("Not measured.")
    wide = Confidence.model_construct(value=0.8, basis="measured", n=412, lower=float("nan"), upper=7.0)
    assert "about 8 in 10" in said(wide)


def test_much_is_shown_whole():
    """A megabyte, and two hundred reasons."""
    confidence = measured(0.8, 412, measured_on="x" * 1_000_000, raised=("y",) * 200)
    markup = drawn(confidence)
    assert "x" * 1_000_000 in markup
    assert 200 == markup.count(">y</li>")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1.2, -0.1])
def test_what_is_no_rate_is_refused(value):
    """With a sentence."""
    with pytest.raises(ValidationError, match=r"Input should be (a finite number|(less|greater) than or equal to)"):
        Certainty(confidence={"value": value, "basis": "measured", "n": 412})


@pytest.mark.parametrize("basis", sorted(set(get_args(Basis)) - {"measured", "guaranteed", "agreement"}))
def test_a_number_for_what_is_no_measurement_is_refused(basis):
    """Not hidden, refused."""
    with pytest.raises(ValidationError, match="says nothing about how often"):
        Certainty(confidence={"value": 0.9, "basis": basis})


def test_the_component_takes_what_the_view_takes():
    """And gives back what is on the screen."""
    meter = ConfidenceMeter(tz=BERLIN)
    for value in (Certainty.of(MEASURE), MEASURE, outcome_card.answered()):
        assert MEASURE == meter.preprocess(meter.postprocess(value)).confidence
    assert None is meter.preprocess(meter.postprocess(None))


MEASURE = outcome_card.MEASURED
HEARD = """document.addEventListener('fk-action', ({ detail }) =>
  (window.heard ??= []).push([detail.action, detail.value, detail.id]))"""


def test_opening_it_and_judging_it_are_events(page: Page):
    """Closing it is none, and a judgement taken back is another one."""
    markup = drawn(STORIES["with_what_speaks_for_and_against"]())
    page.set_content(f"<style>{stylesheet()}</style>{markup}<script>{script()};{HEARD}</script>")
    why = page.get_by_role("button", name="What this rests on")
    why.press("Enter")
    assert page.get_by_text("Two pages say the same").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_text("Two pages say the same").is_visible()
    assert "drivers" == page.evaluate("document.activeElement.dataset.toggle")
    wrong = page.get_by_role("button", name="Mark as wrong")
    wrong.click()
    assert "true" == wrong.get_attribute("aria-pressed")
    page.get_by_role("button", name="Mark as right").click()
    assert "false" == wrong.get_attribute("aria-pressed")
    name = "carry-over-drivers"
    expected = [["explain_opened", None, name], ["override", "wrong", name], ["override", "right", name]]
    assert expected == page.evaluate("window.heard")


def _spaced(value):
    """What is on the screen, with a space between the elements."""
    texts = (each.text for each in elements(drawn(value)) if each.get("class") in {"fk-meter-word", "fk-meter-basis"})
    return " ".join(text for text in texts if text)
