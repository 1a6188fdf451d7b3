from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallbackkit._outcome import Answer
from fallbackkit.providers import read


@dataclass
class Row:
    name: str


def test_an_answer_is_handed_back_as_it_is() -> None:
    """The same object: sources and score are not lost."""
    answer = Answer(text="Five days.", score=0.9)
    assert read(answer) is answer


@given(text=st.text(st.characters()))
def test_a_string_becomes_the_text(text) -> None:
    """Every string can be read and serialised; lone surrogates are replaced."""
    answer = read(text)
    assert text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") == answer.text
    assert Answer.model_validate_json(answer.model_dump_json()) == answer
    assert answer.score is None


def test_a_kind_of_string_is_a_string() -> None:
    """An enumeration of texts, for one."""

    class Colour(StrEnum):
        RED = "red"

    assert read(Colour.RED) == Answer(text="red")


def test_none_is_no_answer() -> None:
    """There is nothing to show and nothing to store."""
    assert read(None) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("2.5", 2.5),
        ("True", True),
        ("1.10", Decimal("1.10")),
        ("2026-10-14 09:10:00+00:00", datetime(2026, 10, 14, 9, 10, tzinfo=UTC)),
        ("", {"rows": 3}),
        ("", ["a"]),
        ("", Row("a")),
    ],
)
def test_other_values_become_data(text, value) -> None:
    """Numbers and dates can be read as text; structures have no text of their own."""
    answer = read(value)
    assert answer.data is value
    assert text == answer.text


def test_an_object_that_cannot_be_looked_at_becomes_data() -> None:
    """Not even its class can be asked for."""

    class Trap:
        def __getattribute__(self, name: str) -> object:
            raise RuntimeError(name)

    trap = Trap()
    assert read(trap).data is trap


def test_a_completion_with_parts_of_text_is_joined() -> None:
    """Some services send the content as a list of parts."""
    parts = [{"type": "text", "text": "Five "}, {"type": "image"}, {"type": "text", "text": "days."}]
    assert read({"choices": [{"message": {"content": parts}}]}).text == "Five days."


def test_a_text_completion_is_read() -> None:
    """The older form has the text in the choice."""
    assert read({"choices": [{"text": "Five days.", "finish_reason": "stop"}]}).text == "Five days."


def test_no_sdk_is_imported() -> None:
    """Reading and classifying work by attributes alone."""
    code = (
        "import sys; from fallbackkit.providers import classify, read; read({'choices': []}); classify(TimeoutError());"
        "print(*{name.partition('.')[0] for name in sys.modules} & {'openai', 'anthropic', 'httpx', 'httpx2'})"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603
    assert done.stdout.strip() == ""
