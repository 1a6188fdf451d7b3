"""What the kit logs, and what it takes out of texts."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallbackkit import Pipeline, Validate, _log
from fallbackkit._redact import redact

SECRET = "sk-proj-0123456789abcdef0123"
PROMPT = "is my salary higher than Dana's"


def broken(_):
    """Raise with everything in its text that must not be logged, and a cause with more."""
    raise RuntimeError(f"{SECRET} {PROMPT}") from KeyError(PROMPT)


def test_a_log_line_names_the_place_and_the_class_and_no_text(caplog):
    """A developer finds the bug; nobody finds the prompt or the key."""
    pipeline = Pipeline(Validate(check=broken), name="ask")
    pipeline.outcome(lambda: "fine")
    assert ["a strategy of `ask` raised"] == [record.getMessage() for record in caplog.records]
    assert "in broken" in caplog.text
    assert "builtins.KeyError (its text is not logged)\nwhich led to:" in caplog.text
    assert "builtins.RuntimeError (its text is not logged)" in caplog.text
    assert SECRET not in caplog.text
    assert PROMPT not in caplog.text


def test_the_exception_goes_along_for_handlers_that_may_see_it(caplog):
    """An error tracker inside the house reads ``record.error``."""
    error = ValueError(PROMPT)
    _log.error("it broke", error=error)
    assert error is caplog.records[0].error
    assert ("test_log", logging.ERROR) == (caplog.records[0].module, caplog.records[0].levelno)


def test_nothing_is_traced_where_nobody_listens(caplog):
    """A silenced logger costs no traceback."""
    with caplog.at_level(logging.CRITICAL, "fallbackkit"):
        _log.warning("it broke", error=ValueError())
    assert [] == caplog.records


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("key sk-proj-0123456789abcdef used", "key [key] used"),
        ("Authorization: Bearer abc.def-123", "[key]"),
        ("got bearer abc.def-123 back", "got [key] back"),
        ("api_key=abcd1234&x=1", "[key]&x=1"),
        ('{"password": "hunter2222"}', '{"[key]"}'),
        ("AKIAIOSFODNN7EXAMPLE", "[key]"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", "[key]"),
        ("0123456789abcdef0123456789abcdef", "[key]"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- end", "[key] end"),
        ("mail dana.r+hr@example.org now", "mail [email] now"),
        ("at https://user:pw@api.example.org/v1?key=1, then", "at [url] then"),
        ("10.0.0.17:8080 refused", "[host] refused"),
        ("db-1.prod.internal", "[host]"),
        ("connect localhost:11434", "connect [host]"),
        ("connect api.example.org:443", "connect [host]"),
        ("in /home/dana/app/main.py", "in [path]"),
        (r"in C:\Users\dana\main.py", "in [path]"),
        ("SELECT name FROM staff WHERE id = 7", "[sql]"),
        ("delete from staff", "[sql]"),
    ],
)
def test_what_must_not_be_shown_is_taken_out(text, left):
    """Each by its form, and no more than it."""
    assert left == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The main model",
        "claude-sonnet-4-5-20250929",
        "gpt-5-mini-2026-01-01",
        "accounts/fireworks/models/llama-v3p1-405b-instruct",
        "max_tokens=1024",
        "12:30:45 on 3/4/2026",
        "3fa85f64-5717-4562-b3fc-2c963f66afa6",
        "skateboarding-and-more",
    ],
)
def test_names_of_models_times_and_tickets_stay(text):
    """What operators need to tell steps apart."""
    assert text == redact(text)


@given(st.text(), st.sampled_from([SECRET, "dana@example.org", "https://api.example.org/v1"]), st.text())
def test_a_secret_is_found_wherever_it_stands(before, secret, after):
    """Between spaces, in any text."""
    assert secret not in redact(f"{before} {secret} {after}")
