from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from fallbackkit import Answer, Failure, FailureKind, Outcome, Source, Ticket, testing
from fallbackkit.stories import Shelf, code_of, shipped
from fallbackkit.stories._look import Look

SHELF = Shelf(shipped())
STORIES = [(component, story) for component in SHELF.components for story in component.stories]


def rebuilt(code):
    """What the code makes, from nothing."""
    names = {}
    exec(code, names)  # noqa: S102 - running it is the point
    return names


@pytest.mark.parametrize(("component", "story"), STORIES, ids=lambda each: each.name)
def test_the_code_of_a_story_alone_builds_it_again(component, story):
    """As shown, in another language: an equal value, and the same drawing to the letter (76)."""
    look = Look(locale="de")
    value = story.make()
    names = rebuilt(look.code(component, value))
    assert value == names["value"]
    assert type(value) is type(names["value"])
    assert str(look.drawn(component, value)) == str(names["html"])


def test_every_file_of_stories_can_be_shown():
    """None is left out of the test above."""
    assert () == SHELF.broken
    assert len(STORIES) > 100


def test_what_is_the_default_is_left_out():
    """The rest stands as a person would write it, in lines of a readable length."""
    outcome = Outcome(
        id="1",
        status="degraded",
        answer=Answer(text="Five days.", sources=(Source(title="Leave policy"),)),
        reasons=(FailureKind.PROVIDER_OVERLOADED,),
        created_at=datetime(2026, 10, 14, 12, 20, tzinfo=UTC),
    )
    assert code_of(outcome) == (
        "from datetime import UTC, datetime\n"
        "\n"
        "from fallbackkit import Answer, FailureKind, Outcome, Source\n"
        "\n"
        "value = Outcome(\n"
        '    id="1",\n'
        '    status="degraded",\n'
        '    answer=Answer(text="Five days.", sources=(Source(title="Leave policy"),)),\n'
        "    reasons=(FailureKind.PROVIDER_OVERLOADED,),\n"
        "    created_at=datetime(2026, 10, 14, 12, 20, tzinfo=UTC),\n"
        ")\n"
    )


def test_a_long_text_is_cut_into_lines():
    """Behind a space, and it is the same text again."""
    text = "You can carry over five days of leave until 31 March. " * 4 + "\nEnd"
    code = code_of(Answer(text=text))
    assert text == rebuilt(code)["value"].text
    assert max(map(len, code.splitlines())) <= 88


@dataclass
class Point:
    """A dataclass with a default."""

    x: int
    y: int = 0


class Node(BaseModel):
    """A model that holds another one."""

    inside: Node | None = None
    names: dict[str, tuple[float, ...]] = {}


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -1,
        1e300,
        math.inf,
        b"\x00",
        'it\'s "both"',
        "\u202e\x00\ud800",
        (),
        (1,),
        [1, [2]],
        set(),
        {1, 2},
        frozenset({"a"}),
        {"a": {"b": None}, 1: ()},
        timedelta(0),
        timedelta(days=-1, seconds=3, microseconds=5),
        date(2026, 10, 14),
        time(8, 30),
        datetime(2026, 10, 14, 12, 20, 1, 5),  # noqa: DTZ001 - such times there are
        datetime(2026, 10, 14, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 10, 14, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
        FailureKind.PROVIDER_5XX,
        Point(1),
        Point(1, 2),
        Node(inside=Node(names={"a": (1.0, 2.0)})),
        Failure(kind=FailureKind.CIRCUIT_OPEN, retry_after=3),
        Ticket(id="x", eta=0.0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_any_plain_value_comes_back(value):
    """Equal, and of the same type."""
    again = rebuilt(code_of(value))["value"]
    assert value == again
    assert type(value) is type(again)


def test_what_is_not_a_number_comes_back():
    """It is equal to nothing, not even to itself."""
    assert math.isnan(rebuilt(code_of(math.nan))["value"])


def test_a_value_of_a_newer_version_comes_back():
    """One that its own type would refuse."""
    value = Ticket.model_construct(**{**dict(Ticket(id="1")), "state": "hibernating"})
    assert value == rebuilt(code_of(value))["value"]


def test_what_cannot_be_written_is_refused_by_name():
    """With the value."""
    with pytest.raises(TypeError, match="object cannot be written as code: <object object at"):
        code_of({"a": [object()]})


@given(testing.outcomes())
@settings(max_examples=60)
def test_any_outcome_comes_back(outcome):
    """Whatever is in it."""
    plain = outcome.model_copy(update={"value": None, "failure": None, "trail": ()})
    assert plain == rebuilt(code_of(plain))["value"]


@given(st.text())
def test_any_text_comes_back(text):
    """Also in several lines."""
    assert (text * 30,) == rebuilt(code_of((text * 30,)))["value"]
