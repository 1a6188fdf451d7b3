from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from fallbackkit.ui import views
from fallbackkit.ui.views._html import clean
from tests.ui.corpus import BERLIN
from tests.ui.html import assert_harmless, elements, parsed
from tests.ui.shelf import COMPONENTS, MODULES, NOW, STORIES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

LOCALES = ("en", "de", "ar", "en-XA")
NAMED = {
    *("answered_by", "autonomy_dial", "confidence_meter", "cost_meter", "degraded_banner", "disclaimer", "empty_state"),
    *("error_card", "escalation_tracker", "explanation_popover", "fallback_chooser", "feedback_bar", "health_panel"),
    *("hedged_answer", "interrupted_answer", "latency_waterfall", "offline_notice", "outcome_card", "quota_notice"),
    *("refusal_card", "retry_countdown", "source_list", "stale_notice", "undo_bar", "wait_progress"),
}
PROBLEMS = {
    *("How sure is it?", "Where is it from?", "It is not available", "Waiting", "A person is needed"),
    *("Under the hood", "The whole answer"),
}
FORMATTED = {
    "and",
    "berlin",
    "october",
    "second",
    "seconds",
    "minute",
    "minutes",
    "hour",
    "hours",
}  # by the Unicode data
each = pytest.mark.parametrize("story", STORIES, ids=str)


def test_every_component_has_its_stories():
    """All that the kit names, each with several states and a word on when to use it."""
    assert NAMED == set(COMPONENTS)
    assert NAMED <= set(views.__all__)
    for name, module in MODULES.items():
        assert module.PROBLEM in PROBLEMS, name
        assert getattr(views, name) is module.VIEW
        assert len(module.__doc__.split()) > 12, name
        assert len([story for story in STORIES if story.component == name]) >= 3, name


@each
@pytest.mark.parametrize("locale", LOCALES)
def test_every_state_is_harmless_in_every_language(story, locale):
    """Strict HTML of known elements only; the root says its language and direction (rubric 72)."""
    markup = story.drawn(locale)
    assert_harmless(markup)
    root = parsed(markup)[0]
    assert (locale, "rtl" if locale == "ar" else "ltr") == (root.get("lang"), root.get("dir"))


@each
def test_every_state_has_one_live_node_and_it_comes_first(story):
    """Nothing else is read out by itself (rubric 64)."""
    found = list(elements(story.drawn()))
    live = [node for node in found if node.get("aria-live") or node.get("role") in {"status", "alert", "log"}]
    assert 1 == len(live)
    assert live[0] is found[0][0]
    assert "fk-live" == live[0].get("class")


@each
def test_no_control_is_inside_another_and_each_has_a_name(story):
    """Rubric 73 and 74."""
    for control in filter(_is_control, _shown(parsed(story.drawn())[0])):
        assert [] == [inner.tag for inner in control.iter() if inner is not control and _is_control(inner)]
        named = "".join(control.itertext()).strip() or control.get("aria-label") or control.get("value")
        assert named or control.tag in {"input", "textarea"}, story
    for node in elements(story.drawn()):
        assert node.get("aria-label") is None or node.get("aria-label").strip(), node.attrib


@each
def test_every_word_comes_from_the_catalogue(story):
    """In the pseudo-locale each text is in brackets, unless it is data: nothing was written into the code."""
    known = _data(story.make())
    root = parsed(story.drawn("en-XA"))[0]
    for text in (_text(root), *_attributes(root)):
        words = re.findall(r"[A-Za-z]{3,}", _without_brackets(text))
        assert [] == [word for word in words if word.lower() not in known], text


@each
def test_an_update_finds_what_had_the_focus(story):
    """What can hold the focus in the first state of a component stands at the same place in this one."""
    first = next(each for each in STORIES if each.component == story.component)
    assert _skeleton(first.drawn())[:2] == _skeleton(story.drawn())[:2]


@each
def test_at_most_one_action_is_the_primary_one(story):
    """Rubric 34: what leads is clear."""
    primary = [node for node in _shown(parsed(story.drawn())[0]) if "fk-primary" in (node.get("class") or "").split()]
    assert len(primary) <= 1


@pytest.mark.parametrize("name", COMPONENTS)
def test_nothing_to_show_is_a_calm_frame(name):
    """None draws a component that says nothing aloud."""
    for locale in LOCALES:
        markup = str(MODULES[name].VIEW(None, now=NOW, tz=BERLIN, locale=locale))
        assert_harmless(markup)
        assert not parsed(markup)[0][0].text


def _is_control(node: Element) -> bool:
    return node.tag in {"a", "button", "input", "textarea", "select"}


def _shown(node: Element) -> Iterator[Element]:
    if "hidden" in node.attrib:
        return
    yield node
    for child in node:
        yield from _shown(child)


def _text(node: Element) -> str:
    """All that is written in it, but for what is data by its element."""
    own = "" if node.tag in {"time", "bdi", "code"} else (node.text or "") + "".join(map(_text, node))
    return f"{own} {node.tail or ''}"


def _attributes(root: Element) -> Iterator[str]:
    """What people hear of the attributes."""
    names = ("aria-label", "aria-valuetext", "placeholder", "title", "data-say", "data-tell", "data-said")
    return (node.get(name, "") for node in root.iter() for name in names)


def _without_brackets(text: str) -> str:
    """What is outside of the brackets, which may stand inside one another."""
    while (shorter := re.sub(r"\[[^\[\]]*\]", " ", text)) != text:
        text = shorter
    return text


def _data(value: object) -> set[str]:
    """All words of what the story shows."""
    return {word.lower() for word in re.findall(r"[A-Za-z]{3,}", clean(repr(value)))} | FORMATTED


def _skeleton(markup: str) -> list[str]:
    return [node.tag for node in parsed(markup)[0]]
