"""51: whatever a function returns, its Outcome can be shown and sent."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from tests.core.test_any_chain import outcome_card

few = settings(max_examples=40)


class Hostile:
    """An object on which nothing works."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __repr__(self):
        raise RuntimeError("repr")


def circle():
    """A list that contains itself."""
    endless = []
    endless.append(endless)
    return endless


def deep():
    """A list a thousand lists deep."""
    value = []
    for _ in range(1000):
        value = [value]
    return value


STRANGE = {
    "half a surrogate pair": lambda: "half \ud83d of it",
    "the same in an Answer": lambda: fk.Answer(text="half \ud83d of it"),
    "the same in a source": lambda: fk.Answer(text="x", sources=(fk.Source(title="\ud83d", quote="\udc00"),)),
    "the same in data": lambda: {"text": "\ud83d"},
    "bytes that are no text": lambda: b"\xff\xfe",
    "a list that contains itself": circle,
    "a very deep list": deep,
    "an object on which nothing works": Hostile,
    "keys that are no strings": lambda: {(1, 2): 3, None: 4, Hostile(): 5},
    "numbers that JSON lacks": lambda: {"nan": float("nan"), "inf": float("inf"), "big": 10**400, "d": Decimal("NaN")},
    "a set": lambda: {"one"},
    "a class": lambda: Hostile,
    "an exception": lambda: ValueError("returned, not raised"),
    "a completion without choices": lambda: SimpleNamespace(object="chat.completion", choices=[]),
    "a date without a zone": lambda: fk.Answer(text="x", created_at=datetime(2027, 1, 1)),  # noqa: DTZ001
    "the last date there is": lambda: fk.Answer(text="x", created_at=datetime.max.replace(tzinfo=UTC)),
    "a score that is no score": lambda: fk.Answer(text="x", score=float("nan")),
}


def check(outcome):
    """Words, card, JSON there and back."""
    sent = outcome.model_dump_json()
    travelled = fk.Outcome.model_validate_json(sent)
    assert sent == travelled.model_dump_json()
    for each in (outcome, travelled):
        assert each.notice().title
        if outcome_card is not None:
            outcome_card(each).encode()


@pytest.mark.parametrize("name", STRANGE)
def test_the_outcome_of_a_strange_value_travels(run, name):
    """The value itself is handed over untouched; what JSON cannot carry becomes null or is mended."""
    value = STRANGE[name]()
    for pipeline in (fk.Pipeline(), fk.Pipeline(fk.Cache(60), fk.Validate())):
        outcome = run.outcome(pipeline, lambda: value)
        assert outcome.value is value or outcome.failure is not None
        check(outcome)


@few
@given(
    value=st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(st.characters())
        | st.binary()
        | st.datetimes(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner),
    )
)
def test_the_outcome_of_any_data_travels(run, value):
    """Nested data of every type there is a literal for."""
    outcome = run.outcome(fk.Pipeline(fk.Retry(), fk.Validate()), lambda: value)
    assert outcome.value is value or outcome.failure is not None
    check(outcome)


@few
@given(name=st.text(st.characters(), min_size=1))
def test_names_may_be_anything(run, name):
    """The developer's names reach JSON, words and card as data."""
    rung = fk.Rung(run.fn(lambda: "fine"), name=name)
    check(run.outcome(fk.Pipeline(fk.Fallback(rung), name=name), lambda: None))
