"""The manual of the components names what there is: all of it, and nothing else."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

import fallbackkit
from fallbackkit import ui
from fallbackkit.ui import views
from fallbackkit.ui._base import View
from tests.ui.shelf import MODULES

PAGE = (Path(__file__).parents[2] / "docs" / "components.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`\n]+)`")
COMPONENTS = {
    name: each for name in ui.__all__ if isinstance(each := getattr(ui, name), type) and issubclass(each, View)
}
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^#{2,3} |\Z)", PAGE, re.MULTILINE | re.DOTALL))
CHAPTERS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))

components = pytest.mark.parametrize("name", COMPONENTS)


def item(name, title):
    """What a component's entry says under this title."""
    (said,) = re.findall(rf"^- \*\*{title}:\*\* (.*?)(?=^- |^$)", SECTIONS[name], re.MULTILINE | re.DOTALL)
    return said


def fields_of(kind):
    """The names of the values of a type, be it a model or a tuple."""
    return set(getattr(kind, "model_fields", None) or getattr(kind, "_fields", ()))


def test_every_component_has_its_entry():
    """And there is none for a component that does not exist."""
    assert set(COMPONENTS) == set(SECTIONS)


@pytest.mark.parametrize("module", MODULES.values(), ids=list(MODULES))
def test_an_entry_stands_under_the_problem_of_its_stories(module):
    """People find a component in the manual where the gallery has it."""
    (name,) = [name for name, each in COMPONENTS.items() if each.view is module.VIEW]
    assert f"### {name}\n" in CHAPTERS[module.PROBLEM]


@components
def test_an_entry_names_the_events_that_there_are(name):
    """Each of them, and no other; ``action``, which all have, is told once above."""
    assert {str(event) for event in COMPONENTS[name].EVENTS} - {"action"} == set(CODE.findall(item(name, "Events")))


@components
def test_an_entry_names_its_data_as_it_is_called(name):
    """The type that the component takes, further types, and fields that one of them has."""
    named = [each.removeprefix("views.") for each in CODE.findall(item(name, "Data"))]
    kinds = [getattr(views, each, None) or getattr(fallbackkit, each, None) for each in named if not each.islower()]
    assert None not in kinds
    assert COMPONENTS[name].model in kinds
    assert set() == {each for each in named if each.islower()} - set().union(*map(fields_of, kinds))


@components
def test_an_entry_says_how_an_outcome_becomes_it(name):
    """``of`` where the type has one, and not where it has none."""
    model = COMPONENTS[name].model
    assert hasattr(model, "of") == (f"`{model.__name__}.of(" in item(name, "From an Outcome"))


@components
def test_an_entry_draws_its_component(name):
    """In a block that runs, with something that is true of what it draws."""
    block = SECTIONS[name].partition("```python\n")[2].partition("```")[0]
    assert f"views.{COMPONENTS[name].view.__name__}(" in block
    assert "assert " in block


@components
def test_an_entry_says_how_to_use_it_well(name):
    """What it does for people who do not see or point, one thing to do, and one to leave."""
    assert item(name, "Access")
    assert 1 == SECTIONS[name].count("\n- **Do** ") == SECTIONS[name].count("\n- **Don't** ")


def test_every_public_name_of_the_views_is_on_the_page():
    """The types of the data, and the functions that draw it."""
    named = {*re.findall(r"\w+", " ".join(CODE.findall(PAGE))), *re.findall(r"\bviews\.(\w+)", PAGE)}
    assert set() == set(views.__all__) - named


def test_the_tokens_are_those_of_the_stylesheet():
    """All that may be changed, and no other."""
    css = (files("fallbackkit.ui") / "static" / "css" / "base.css").read_text("utf-8")
    root = css.partition(".fk {")[2].partition("}")[0]
    assert set(re.findall(r"(--fk-[\w-]+):", root)) == set(re.findall(r"`(--fk-[\w-]+)`", PAGE))
