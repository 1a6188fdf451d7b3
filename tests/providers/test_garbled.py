"""Texts that are certainly no answer, and the check for those that may be one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallbackkit import Answer, Pipeline, Validate
from fallbackkit.checks import readable
from fallbackkit.providers import classify
from fallbackkit.providers._pieces import Pieces

LOST = "\N{REPLACEMENT CHARACTER}"
SECRET = "sk-planted-0123456789"
ROWS = [
    ("output.malformed", "Five\x00 days."),
    ("output.malformed", f"{LOST * 5}ab{LOST * 3}"),
    ("output.malformed", 'data: {"id": "1", "choices": []}\n\ndata: [DONE]'),
    ("output.malformed", 'event: message_start\ndata: {"type": "message_start"}'),
    ("output.malformed", "data: [DONE]"),
    ("provider.5xx", json.dumps({"error": {"message": SECRET, "code": 502}})),
    ("provider.overloaded", json.dumps({"type": "error", "error": {"type": "overloaded_error", "message": SECRET}})),
    ("rate.shared", '\n{"error": {"message": "slow", "type": "requests", "code": "rate_limit_exceeded"}}'),
    ("provider.5xx", "<html><head><title>502 Bad Gateway</title></head></html>"),
    ("provider.5xx", "<!DOCTYPE html>\n<html><title>Just a moment...</title>"),
]
GOOD = [
    "Five days.",
    f"The sign {LOST} stands for what could not be read; you saw {LOST * 3}.",
    "data: five days",
    "event: the fair\non Monday",
    '{"error": "none", "days": 5}',
    '{"error": {"message": "a row of the user\'s own"}}',
    '{"error": {"message": "no", "code": 1}, "rows": []}',
    "An error looks so: " + json.dumps({"error": {"message": "no", "code": 502}}),
    '{"error": ',
    "<b>Five days.</b>",
    "\x1b[1mFive days.\x1b[0m",
]


def completion(text):
    """A completion with this text."""
    return {"choices": [{"finish_reason": "stop", "message": {"content": text}}]}


def kinds(text):
    """What a text is, returned as it is, inside a completion, and streamed in two pieces."""
    pieces = Pieces()
    for piece in (text[:7], text[7:]):
        pieces.add(piece)
    return [failure and failure.kind for failure in (classify(text), classify(completion(text)), pieces.failure())]


@pytest.mark.parametrize(("kind", "text"), ROWS)
def test_what_leaked_in_the_place_of_an_answer_is_refused(kind, text):
    """Wherever it comes from; but an Answer that says so on purpose is one."""
    assert [kind] * 3 == kinds(text)
    assert None is classify(Answer(text=text))
    assert SECRET not in classify(text).model_dump_json() + repr(classify(text))


@pytest.mark.parametrize("text", GOOD)
def test_what_may_be_an_answer_is_none_of_it(text):
    """A text about errors, a structure of one's own, a stray sign."""
    assert [None] * 3 == kinds(text)


def test_a_page_is_refused_where_nobody_can_have_asked_for_it():
    """A string is what the SDK makes of a gateway's page; the text of a completion may be a page that was asked for."""
    page = "<html><title>Our garden</title></html>"
    assert ["provider.5xx", None, None] == kinds(page)


def test_a_garbled_stream_is_not_shown_as_answered():
    """A binary end after good text: the outcome says that it broke."""
    outcome = Pipeline(Validate()).outcome(lambda: iter(["Five ", "\x00\x01\x02"]))
    assert ("unavailable", "output.malformed") == (outcome.status, outcome.failure.kind)


@pytest.mark.parametrize(
    ("fine", "text"),
    [
        (True, "Five days.\n\n| a | b |\n|---|---|\n"),
        (True, "Ça coûte 5 €, à Köln. 五天。 خمسة أيام"),
        (True, "-" * 200),
        (True, "very " * 4 + "good"),
        (True, ""),
        (False, f"Five {LOST} days."),
        (False, "Five\x07 days."),
        (False, "Viele Grüße".encode().decode("cp1252")),
        (False, "It’s five".encode().decode("cp1252")),
        (False, "I will look that up. " * 5),
        (False, "Well, no " + "no " * 40),
        (False, "<!doctype html><p>Five days."),
    ],
)
def test_the_check_for_readable_text(fine, text):
    """As ``Validate(check=readable)``."""
    assert fine is readable(Answer(text=text))
    outcome = Pipeline(Validate(check=readable)).outcome(lambda: Answer(text=text, data={}))
    assert ("answered" if fine else "unavailable") == outcome.status


@given(st.text())
def test_any_text_is_judged(text):
    """Never an error; and what is refused on its own is refused however it comes."""
    readable(Answer(text=text))
    one, inside, streamed = kinds(text)
    assert inside in {streamed, "output.empty"}
    assert one in {inside, "provider.5xx"}
