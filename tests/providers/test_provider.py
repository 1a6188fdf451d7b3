"""Providers of an application's own."""

from __future__ import annotations

import logging

import pytest

import fallbackkit as fk
from fallbackkit.providers import Provider, classify
from tests.providers.forms import Thing

SECRET = "sk-planted-0123456789"


class Oracle(Provider):
    """A service with an SDK that nobody else has."""

    def kind_of(self, error):
        return {"E42": "provider.overloaded", "E43": fk.FailureKind.SAFETY_REFUSED}.get(str(error))

    def read(self, value):
        if not isinstance(value, Thing) or not hasattr(value, "says"):
            return None
        return fk.Answer(text=value.says, model="delphi", finish_reason=getattr(value, "end", None))

    def read_piece(self, piece):
        return getattr(piece, "says", None)


class Broken(Provider):
    """One with a bug in each method."""

    def kind_of(self, error):
        raise ValueError(SECRET)

    read = read_piece = kind_of


class Wrong(Provider):
    """One that gives what it may not."""

    def kind_of(self, error):
        return f"no.such.kind {SECRET}"

    def read(self, value):
        return {"text": SECRET}

    def read_piece(self, piece):
        return 7


def raises(text):
    """A function whose error only the Oracle knows."""

    def ask():
        raise RuntimeError(text)

    return ask


def test_values_are_read():
    """The text, the model, and a bad end, which is a failure."""
    ask = fk.Pipeline(fk.Validate(), providers=[Oracle()])
    outcome = ask.outcome(lambda: Thing(says="Five days."))
    assert ("answered", "Five days.", "delphi") == (outcome.status, outcome.text, outcome.answer.model)
    assert "Five days." == outcome.value.says
    for kind, value in (
        ("output.empty", Thing(says=" ")),
        ("output.truncated", Thing(says="Fi", end="length")),
        ("safety.refused", Thing(says="No.", end="refusal")),
    ):
        assert kind == ask.outcome(lambda value=value: value).failure.kind


def test_a_bad_value_goes_to_the_next_rung():
    """Also without Validate, and as the answer of a rung."""
    ask = fk.Pipeline(fk.Fallback(lambda: Thing(says=""), lambda: Thing(says="Five days.")), providers=[Oracle()])
    outcome = ask.outcome(lambda: None)
    assert ("degraded", "Five days.") == (outcome.status, outcome.text)


@pytest.mark.parametrize(
    ("kind", "text"), [("provider.overloaded", "E42"), ("safety.refused", "E43"), ("internal", "?")]
)
def test_errors_are_read(kind, text):
    """Those that were raised and those that they were raised from; as an id or as a kind."""

    def wrapping():
        try:
            raises(text)()
        except RuntimeError as cause:
            raise KeyError from cause

    ask = fk.Pipeline(providers=[Oracle()])
    assert kind == ask.outcome(raises(text)).failure.kind
    assert kind == ask.outcome(wrapping).failure.kind
    assert kind == classify(RuntimeError(text), providers=[Oracle()]).kind


def test_they_are_asked_before_the_rules_of_the_kit():
    """But after what the error itself states."""

    class Late(Provider):
        def kind_of(self, error):
            return "retrieval.down"

    assert "retrieval.down" == classify(TimeoutError(), providers=[Late()]).kind
    assert "retrieval.none" == classify(fk.CannotAnswer("retrieval.none"), providers=[Late()]).kind
    assert "provider.overloaded" == classify(RuntimeError("E42"), providers=[Oracle(), Late()]).kind


def test_pieces_are_read():
    """As text, as an Answer, and as nothing; what nobody claims is read as ever."""

    class Whole(Oracle):
        def read_piece(self, piece):
            return fk.Answer(text="days.", score=0.9) if piece == {"end": True} else super().read_piece(piece)

    ask = fk.Pipeline(providers=[Whole()])(lambda: iter([Thing(says=""), Thing(says="Five "), "whole ", {"end": True}]))
    *_, last = ask.stream()
    assert ("Five whole days.", 0.9) == (last.text, last.answer.score)


@pytest.mark.parametrize("made", [Broken, Wrong])
def test_one_with_a_bug_is_passed_over(made, caplog):
    """The next one is asked, and the log says so without the text of the bug."""
    ask = fk.Pipeline(providers=[made(), Oracle()])
    with caplog.at_level(logging.ERROR, logger="fallbackkit"):
        assert "Five days." == ask.outcome(lambda: Thing(says="Five days.")).text
        assert "provider.overloaded" == ask.outcome(raises("E42")).failure.kind
        assert "Five days." == ask.outcome(lambda: iter([Thing(says="Five days.")])).text
    told = [record.getMessage() for record in caplog.records if made.__name__ in record.getMessage()]
    assert ["read", "kind_of", "read_piece"] == [text.split()[0].partition(".")[2] for text in told]
    assert SECRET not in "".join(told)


def test_each_pipeline_has_its_own():
    """A rung that is a pipeline does not take over those around it, nor give them away."""
    inner = fk.Pipeline(name="inner")(lambda: Thing(says="Five days."))
    outer = fk.Pipeline(fk.Fallback(inner), providers=[Oracle()])
    assert "" == outer.outcome(raises("E42")).text
    knowing = fk.Pipeline(name="inner", providers=[Oracle()])(lambda: Thing(says="Five days."))
    assert "Five days." == fk.Pipeline(fk.Fallback(knowing)).outcome(raises("E42")).text


def test_protect_takes_them():
    """The recommended pipeline reads as any other."""
    ask = fk.protect(providers=[Oracle()], deadline=None)(lambda: Thing(says="Five days."))
    assert "Five days." == ask.outcome().text


async def test_async_functions_are_read_too():
    """By the same providers."""

    async def ask():
        return Thing(says="Five days.")

    assert "Five days." == (await fk.Pipeline(providers=[Oracle()]).aoutcome(ask)).text


@pytest.mark.parametrize(
    ("said", "given"),
    [("put the Provider into one", Oracle()), (r"\[Name\(\)\]", [Oracle]), ("derived from Provider", [len])],
)
def test_what_is_no_provider_is_refused(said, given):
    """With the remedy."""
    with pytest.raises(TypeError, match=said):
        fk.Pipeline(providers=given)


def test_a_provider_may_know_only_a_part():
    """Each method has a default that knows nothing."""
    plain = fk.Pipeline(providers=[Provider()])
    assert "Five days." == plain.outcome(lambda: "Five days.").text
    assert "Five days." == plain.outcome(lambda: iter(["Five days."])).text
    assert "timeout.first_byte" == plain.outcome(raising_timeout).failure.kind


def raising_timeout():
    """A function that is late."""
    raise TimeoutError
