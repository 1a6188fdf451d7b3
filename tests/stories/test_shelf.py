from __future__ import annotations

import os

import pytest

from fallbackkit.stories import Broken, Shelf, shipped
from fallbackkit.stories._shelf import PROBLEMS
from tests.stories.conftest import GOOD


def test_a_file_is_a_component_and_a_function_a_state(folder):
    """In the order in which they stand, with their sentences; helpers are left out."""
    (component,) = Shelf(folder).components
    assert ("counter", "Counter", "Waiting") == (component.name, component.title, component.problem)
    assert ("Use it when you count.", "Do not use it for other things.") == component.guidance
    assert [("first", "The first."), ("second", "Another.")] == [(s.name, s.says) for s in component.stories]
    assert "4821" == component.stories[0].make().id


def test_components_stand_in_the_order_of_the_problems(shelf):
    """And by name; a problem of one's own comes last."""
    order = [PROBLEMS.index(component.problem) for component in shelf.components]
    assert sorted(order) == order
    assert len(set(order)) >= 6


def test_an_own_problem_comes_last(folder):
    """It is not refused."""
    text = (folder / "counter.py").read_text(encoding="utf-8")
    (folder / "a_first.py").write_text(text.replace('"Waiting"', '"At night"'), encoding="utf-8")
    assert ["Waiting", "At night"] == [component.problem for component in Shelf(folder).components]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError (line 1): No module named 'nowhere_to_be_found'"),
        ('"""Use it."""\n\nbroken = (\n', "SyntaxError (line 3): '(' was never closed"),
        ('"""Use it."""\n1 / 0\n', "ZeroDivisionError (line 2): division by zero"),
        ('"""Use it."""\n', 'It has no PROBLEM; add one, such as PROBLEM = "Waiting".'),
        ('"""Use it."""\nPROBLEM = "x"\n', "It has no VIEW; add the function that draws its stories"),
        ('PROBLEM = "x"\nVIEW = str\n', "It does not say when to use the component; begin it with a docstring."),
        ('"""Use it."""\nPROBLEM = "x"\nVIEW = str\n', "It has no stories; add a function a state"),
        ("raise SystemError", "SystemError (line 1)"),
    ],
)
def test_a_file_that_cannot_be_shown_says_why(folder, text, says):
    """In a sentence with its line, and the others are shown all the same."""
    (folder / "wrong.py").write_text(text, encoding="utf-8")
    shelf = Shelf(folder)
    (broken,) = shelf.broken
    assert "wrong" == broken.name
    assert broken.says.startswith(says)
    assert "Traceback" not in broken.says
    assert ["counter"] == [component.name for component in shelf.components]


def test_a_file_that_changes_is_read_again(folder):
    """Without a restart: what is broken and mended, and what is new."""
    shelf, path = Shelf(folder), folder / "counter.py"
    text = path.read_text(encoding="utf-8")
    assert 2 == len(shelf["counter"].stories)
    for step, (words, kind) in enumerate(
        [("1 / 0", Broken), (text.replace("second", "third"), type(shelf["counter"]))]
    ):
        path.write_text(words, encoding="utf-8")
        os.utime(path, ns=(step + 1, step + 1))
        assert kind is type(shelf["counter"])
    assert "third" == shelf["counter"].stories[1].name
    (folder / "new.py").write_text(text, encoding="utf-8")
    assert "new" in shelf


def test_a_file_may_use_the_stories_of_another(folder, monkeypatch):
    """From any working directory, and as the other one is now."""
    monkeypatch.chdir("/")
    sibling = "\n\nfrom . import counter\n\n\ndef its() -> object:\n    return counter.second()\n"
    (folder / "another.py").write_text(GOOD + sibling, encoding="utf-8")
    shelf = Shelf(folder)
    assert () == shelf.broken
    assert "77" == shelf["another"].stories[-1].make().id
    (folder / "counter.py").write_text(GOOD.replace("77", "7878"), encoding="utf-8")
    assert "7878" == shelf["another"].stories[-1].make().id


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_a_folder_without_stories_is_refused(tmp_path, name):
    """By name, with what to do."""
    with pytest.raises(ValueError, match=r"`folder` must hold stories, got .*put one .py file a component there"):
        Shelf(tmp_path / name)


def test_the_kits_own_stories_are_there():
    """In a checkout as in an installed wheel."""
    assert (shipped() / "outcome_card.py").exists()
