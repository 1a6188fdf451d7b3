from __future__ import annotations

import inspect
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallbackkit import Answer, Confidence, Outcome, Source, Step
from fallbackkit._outcome import StepKind
from fallbackkit.ui._components_trust import ExplanationPopover
from fallbackkit.ui._stylesheet import script, stylesheet
from fallbackkit.ui.views._explanation import Explanation, Made, explanation_popover
from fallbackkit.ui.views._html import clean
from stories import explanation_popover as stories
from stories import outcome_card
from tests.ui.corpus import BERLIN, HOSTILE, outcomes
from tests.ui.html import assert_harmless, elements, parsed, path, visible

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from playwright.sync_api import Page

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
FOUND = inspect.getmembers(stories, inspect.isfunction)
STORIES = {name: make for name, make in FOUND if make.__module__ == stories.__name__}
EXPLAINED = sorted(set(STORIES) - {"nothing_to_explain"})
ORDER = ["Check first", "What this is", "What it used", "How sure, and how we know", "Why it says so"]


def drawn(value, **reader):
    """The popover, for somebody in Berlin."""
    return str(explanation_popover(value, now=NOW, tz=BERLIN, **reader))


def opened(value, **reader):
    """What is on the screen when it is open, part by part."""
    panel = next(each for each in elements(drawn(value, **reader)) if each.get("class") == "fk-pop")
    return [_text(each) for each in panel.iter("div") if each.find("dt") is not None and "hidden" not in each.attrib]


def _text(node: Element) -> str:
    return " ".join("".join(node.itertext()).split())


def test_the_check_comes_before_the_reason():
    """Whatever else is told (rubric 13)."""
    parts = opened(STORIES["written_by_ai"]())
    assert [*ORDER, "What it cannot do"] == [
        next(title for title in [*ORDER, "What it cannot do"] if part.startswith(title)) for part in parts
    ]
    for name in EXPLAINED:
        assert opened(STORIES[name]())[0].startswith("Check first")
    assert opened(Explanation())[0] == "Check firstLook one fact of it up yourself."
    assert opened(Explanation(used=("Leave policy",)))[0].startswith("Check firstOpen Leave policy and look")


@pytest.mark.parametrize("name", EXPLAINED)
def test_it_can_be_read_in_half_a_minute(name):
    """All of it, with the words of the kit and of its buttons: at most 90."""
    for locale in ("en", "de", "ar"):
        panel = next(each for each in elements(drawn(STORIES[name](), locale=locale)) if each.get("class") == "fk-pop")
        assert 10 < len(" ".join(_separated(panel)).split()) <= 90


def _separated(node):
    if "hidden" not in node.attrib or node.get("class") == "fk-pop":
        yield node.text or ""
        for child in node:
            yield from _separated(child)
    yield node.tail or ""


def test_a_long_explanation_warns():
    """It is drawn all the same, and the message says why it should be shorter."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Explanation(why="word " * 89, what="word")
    with pytest.warns(UserWarning, match="at most 90 words, got 91: people read a longer one as a reason to trust"):
        long = Explanation(why="word " * 90, what="word")
    assert 90 == drawn(long).count("word ")


def test_it_never_opens_by_itself():
    """The panel is hidden, and its button says so."""
    markup = drawn(STORIES["written_by_ai"]())
    assert "Explain this answer" == visible(markup).strip()
    button = next(each for each in elements(markup) if each.get("data-toggle") == "explain")
    assert ("button", "false", "explain_opened") == (
        button.tag,
        button.get("aria-expanded"),
        button.get("data-opened"),
    )


def test_what_it_used_is_named_and_the_rest_counted():
    """The first three; and where there is nothing, that is said."""
    assert "What it useda, b, c and 2 more" in opened(Explanation(used=tuple("abcde")))
    assert "What it useda, b and c" in opened(Explanation(used=tuple("abc")))
    assert "What it usedNo sources." in opened(Explanation())
    assert not [part for part in opened(Explanation(made="rule")) if part.startswith("What it used")]


def test_how_sure_it_is_is_told_with_its_basis():
    """A number only with its sample; a rule and a person need none (rubric 2)."""
    sure = Confidence(value=0.83, basis="measured", n=412)
    part = "How sure, and how we knowLikely right, about 8 in 10.Measured on 412 past cases."
    assert part in opened(Explanation(confidence=sure))
    assert part in opened(Explanation(made="rule", confidence=sure))
    assert "Not measured." in " ".join(opened(Explanation()))
    assert "Not measured." not in " ".join(opened(Explanation(made="rule")) + opened(Explanation(made="person")))


@pytest.mark.parametrize("made", get_args(Made))
def test_each_way_of_answering_is_told_apart(made):
    """In every language."""
    assert 3 == len({" ".join(opened(Explanation(made=made), locale=locale)) for locale in ("en", "de", "ar")})
    mine = [part for part in opened(Explanation(made=made)) if part.startswith("What this is")]
    others = [opened(Explanation(made=other)) for other in get_args(Made) if other != made]
    assert not [parts for parts in others if mine[0] in parts]


@pytest.mark.parametrize("kind", get_args(StepKind))
def test_an_outcome_says_who_answered(kind):
    """As its by-line does."""
    outcome = Outcome(id="7", status="answered", answer=Answer(text="x"), trail=(Step(name="a", kind=kind),))
    assert ("7", kind) == (Explanation.of(outcome).id, Explanation.of(outcome).made)


def test_an_outcome_names_what_was_verified_first():
    """What was only retrieved is not named."""
    sources = (
        Source(title="loose"),
        Source(title="sound", check="quote_found"),
        Source(title="unused", check="quote_found", used=False),
    )
    outcome = Outcome(status="answered", answer=Answer(text="x", sources=sources))
    assert ("sound", "loose") == Explanation.of(outcome).used
    assert "Look." in " ".join(opened(Explanation.of(outcome, checks=("Look.",), cannot=("Fly.",))))
    assert "Fly." in " ".join(opened(Explanation.of(outcome, checks=("Look.",), cannot=("Fly.",))))


def test_a_reviewed_answer_says_whether_ai_had_a_part():
    """A draft that was approved, or a person's own words."""
    own = outcome_card.reviewed()
    draft = own.model_copy(update={"answer": own.answer.model_copy(update={"finish_reason": "approved"})})
    assert ("person", "draft") == (Explanation.of(own).made, Explanation.of(draft).made)


@pytest.mark.parametrize("status", ["working", "streaming", "interrupted", "awaiting_review", "unavailable"])
def test_where_there_is_no_whole_answer_nothing_is_explained(status):
    """Nor is what is withheld in the page."""
    outcome = Outcome(status=status, answer=Answer(text="x", sources=(Source(title="Withheld"),)))
    assert "There is no answer to explain yet." == visible(drawn(outcome)).strip()
    assert "Withheld" not in drawn(outcome) + str(ExplanationPopover(tz=BERLIN).postprocess(outcome))


def test_only_what_the_page_handles_has_a_button():
    """Without any, their row is gone."""
    both = [each.get("data-action") for each in elements(drawn(Explanation())) if each.get("data-action")]
    assert ["change", "report"] == both
    row = next(
        each for each in elements(drawn(Explanation(), actions=())) if each.find("b[@class='fk-sr']") is not None
    )
    assert "hidden" in row.attrib


@pytest.mark.parametrize("name", STORIES)
def test_what_can_hold_the_focus_keeps_its_place(name):
    """An update from any state to any other finds it there."""
    for mark in (("class", "fk-live"), ("data-toggle", "explain"), ("data-action", "report")):
        assert path(drawn(None), mark) == path(drawn(STORIES[name]()), mark)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_field_stays_text(text):
    """It is shown as it is."""
    fields = {"what": text, "used": (text,) * 5, "checks": (text,), "why": text, "cannot": (text,)}
    markup = drawn(Explanation(id=text, **fields))
    assert_harmless(markup)
    assert 7 == "".join(parsed(markup).itertext()).count(clean(text))


EXPLANATIONS = st.builds(
    Explanation,
    made=st.sampled_from([None, *get_args(Made)]),
    what=st.none() | st.text(),
    used=st.lists(st.text(), max_size=5).map(tuple),
    checks=st.lists(st.text(), max_size=2).map(tuple),
    why=st.none() | st.text(),
    cannot=st.lists(st.text(), max_size=2).map(tuple),
)


@given(EXPLANATIONS, st.sampled_from(["en", "de", "ar", "en-XA"]))
@settings(max_examples=100)
def test_any_explanation_is_drawn(value, locale):
    """Harmless, and the same after a trip through JSON."""
    markup = drawn(value, locale=locale)
    assert_harmless(markup)
    assert markup == drawn(Explanation.model_validate_json(value.model_dump_json()), locale=locale)


@given(outcomes)
@settings(max_examples=40)
def test_any_outcome_is_drawn(outcome):
    """Whatever a pipeline left."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # titles of any length
        assert_harmless(drawn(outcome))


def test_what_a_newer_version_sends_is_an_answer():
    """Of a kind that this one does not know."""
    assert "What this isAn answer." in opened(Explanation.model_construct(id="1", made="oracle"))


def test_much_is_shown_whole():
    """A megabyte, and two hundred sources."""
    markup = drawn(Explanation(why="x" * 1_000_000, used=("y",) * 200))
    assert "x" * 1_000_000 in markup
    assert "197 more" in markup


def test_the_component_takes_what_the_view_takes():
    """And gives back what is on the screen."""
    popover = ExplanationPopover(tz=BERLIN)
    for value in (STORIES["written_by_ai"](), outcome_card.answered()):
        expected = value if isinstance(value, Explanation) else Explanation.of(value)
        assert expected == popover.preprocess(popover.postprocess(value))
    assert None is popover.preprocess(popover.postprocess(None))


FOCUS = "document.activeElement.dataset.toggle ?? document.activeElement.dataset.action"
HEARD = """document.addEventListener('fk-action', ({ detail }) => (window.heard ??= []).push(detail.action))"""


def test_the_keyboard_opens_enters_and_closes_it(page: Page):
    """Enter opens and keeps the focus, Tab goes in, Escape closes and brings the focus back (rubric 12)."""
    markup = drawn(STORIES["written_by_ai"]())
    page.set_content(f"<style>{stylesheet()}</style>{markup}<script>{script()};{HEARD}</script>")
    check = page.get_by_text("read its first sentence")
    assert not check.is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert check.is_visible()
    assert "explain" == page.evaluate(FOCUS)
    page.keyboard.press("Tab")
    assert "change" == page.evaluate(FOCUS)
    page.keyboard.press("Escape")
    assert not check.is_visible()
    assert "explain" == page.evaluate(FOCUS)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Report a mistake").click()
    assert check.is_visible()
    page.mouse.click(5, 700)
    assert not check.is_visible()
    assert ["explain_opened", "explain_opened", "report"] == page.evaluate("window.heard")


def test_what_is_open_lies_over_what_follows(page: Page):
    """Another component below does not cover it."""
    markup = drawn(STORIES["written_by_ai"]()) * 2
    page.set_content(f"<style>{stylesheet()}</style>{markup}<script>{script()}</script>")
    page.get_by_role("button", name="Explain this answer").first.click()
    page.get_by_role("button", name="Correct this answer").click()
    second = page.get_by_role("button", name="Explain this answer").nth(1)
    box = second.bounding_box()
    on_top = "([x, y]) => document.elementFromPoint(x, y).closest('.fk-pop') !== null"
    assert page.evaluate(on_top, [box["x"] + 20, box["y"] + box["height"] / 2])
