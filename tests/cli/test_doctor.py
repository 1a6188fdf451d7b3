"""What the doctor finds, in a process where things have gone wrong."""

from __future__ import annotations

import pytest

import fallbackkit as fk
from fallbackkit.doctor import TITLES, Diagnosis, examine
from fallbackkit.testing import FakeClock

from .sample import bare, gone, through_client

SECRET = "sk-proj-0123456789abcdef0123"


def found(diagnosis, topic):
    """What is said of a topic: subject, says, verdict."""
    return [(each.subject, each.says, each.verdict) for each in diagnosis.findings if each.topic == topic]


def wrapped(*strategies, name="ask", fn=gone):
    """A function in a pipeline on a clock of its own."""
    return fk.Pipeline(*strategies, name=name, clock=FakeClock())(fn)


def test_it_says_what_is_installed_and_what_is_not(monkeypatch):
    """With versions; a missing extra is a note with the command that installs it."""
    from fallbackkit import doctor

    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "redis" else "1.2.3")
    diagnosis = examine()
    assert ("fallbackkit[redis]", "without redis", "note") in found(diagnosis, "installed")
    assert any("tenacity 1.2.3" in says for _, says, _ in found(diagnosis, "installed"))
    assert "pip install 'fallbackkit[redis]'" in diagnosis.text()
    assert diagnosis.ok


def test_a_missing_core_package_has_to_be_mended(monkeypatch):
    """Nothing works without it."""
    from fallbackkit import doctor

    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "pydantic" else "1.2.3")
    assert not examine().ok


def test_every_sdk_that_is_installed_here_is_known():
    """No exception class of theirs is a gap."""
    assert [] == found(examine(), "errors")


def test_an_open_breaker_is_found_also_one_inside_a_fallback():
    """With the time until it is tried again."""
    inner = wrapped(fk.CircuitBreaker(min_calls=1, name="small"), name="small")
    ask = wrapped(fk.Fallback(inner), fk.CircuitBreaker(min_calls=1, name="main"))
    assert ["closed, 0 of 0 calls failed"] * 2 == [says for _, says, _ in found(examine(ask), "breakers")]
    ask.outcome("?")
    assert [
        ("ask: main", "open, tried again in 30 s, 1 of 1 calls failed", "mend"),
        ("small: small", "open, tried again in 30 s, 1 of 1 calls failed", "mend"),
    ] == found(examine(ask), "breakers")


def test_a_client_that_retries_by_itself_is_found():
    """In the function and in its fallbacks, with the remedy."""
    with pytest.warns(UserWarning, match="retries by itself"):
        ask = wrapped(fk.Fallback(fk.Rung(through_client, "smaller_model", name="small")), fn=through_client)
    diagnosis = examine(ask)
    assert ["ask: client", "small: client"] == [subject for subject, _, _ in found(diagnosis, "retries")]
    assert "client.with_options(max_retries=0)" in diagnosis.text()


def test_a_fallback_that_nobody_has_tried_is_found():
    """Until it was asked here, or rehearsed."""
    ask = wrapped(fk.Fallback(fk.Rung(lambda _: "fine", "rule", name="desk")))
    assert [("ask: desk", "rule, never asked here and not rehearsed", "mend")] == found(examine(ask), "fallbacks")
    assert [("ask: desk", "rule, rehearsed", "fine")] == found(examine(ask, rehearsed={"desk"}), "fallbacks")
    ask.outcome("?")
    assert [("ask: desk", "rule, asked once here, answered 1", "fine")] == found(examine(ask), "fallbacks")


def test_a_fallback_that_never_answers_is_found():
    """It was asked, and people got nothing from it."""
    ask = wrapped(fk.Fallback(fk.Rung(gone, "search", name="search")))
    ask.outcome("?")
    assert [("ask: search", "search, asked once here, answered 0", "mend")] == found(examine(ask), "fallbacks")


def test_no_fallback_at_all_is_worth_a_note():
    """It may be meant so."""
    assert ["note"] == [verdict for _, _, verdict in found(examine(bare), "fallbacks")]


def test_bugs_that_a_fallback_hides_are_counted():
    """By class, without a word of their text."""

    def ask(_):
        raise LookupError(SECRET)

    protected = wrapped(fk.Fallback(lambda _: "fine"), fn=ask)
    for _ in range(3):
        protected.outcome("?")
    diagnosis = examine(protected)
    assert [("ask: builtins.LookupError, internal", "3 times here", "mend")] == found(diagnosis, "alerts")
    assert SECRET not in diagnosis.model_dump_json()


def test_an_error_that_no_rule_knows_is_told_from_a_bug():
    """Its class wants a rule: a `failure_kind`, or a Provider."""

    class NewsError(Exception):
        pass

    def ask(_):
        raise NewsError(SECRET)

    protected = wrapped(fn=ask)
    protected.outcome("?")
    ((subject, says, verdict),) = found(examine(protected), "alerts")
    assert subject.startswith("ask: ")
    assert subject.endswith("NewsError, internal (no rule knows it)")
    assert ("once here", "mend") == (says, verdict)


def test_words_that_are_missing_are_found(tmp_path):
    """In a language that the application added by half."""
    from fallbackkit.messages import Messages

    file = tmp_path / "fr.toml"
    file.write_text('[kinds."retrieval.none"]\ntitle = "Aucune page trouvée"\n', encoding="utf-8")
    says = {subject: says for subject, says, _ in found(examine(messages=Messages(file)), "words")}
    assert ["fr"] == list(says)
    assert "more" in says["fr"]


def test_every_topic_has_a_heading_in_the_text():
    """In their order; and what is to be mended is counted."""
    ask = wrapped(fk.Fallback(fk.Rung(gone, "search")), fk.CircuitBreaker(min_calls=1))
    ask.outcome("?")
    text = examine(ask).text()
    headings = [title for title in TITLES.values() if title in text.splitlines()]
    assert ["Installed", "Circuit breakers", "Fallbacks"] == headings
    assert "2 to mend, marked with !." in text


def test_a_diagnosis_travels():
    """JSON both ways."""
    diagnosis = examine(bare)
    assert diagnosis == Diagnosis.model_validate_json(diagnosis.model_dump_json())


def test_what_is_not_wrapped_is_refused():
    """With the remedy."""
    with pytest.raises(TypeError, match=r"a wrapped function is needed, got .*; wrap it: protect"):
        examine(gone)
