"""The recommended pipeline: what its defaults do for people in an outage."""

from __future__ import annotations

import pytest

import fallbackkit as fk
from fallbackkit.testing import Fault, Script


def test_silence_is_not_asked_again_where_somebody_else_can_answer(run, clock):
    """One limit passes instead of three."""
    script = Script(Fault(), clock=clock)
    outcome = run.outcome(fk.protect(fallbacks=[run.fn(lambda: "small")], timeout=5, clock=clock), script)
    assert ("small", [0.0], 5.0) == (outcome.text, script.calls, outcome.duration)


def test_silence_is_asked_again_where_nobody_else_can(run, clock):
    """There is nothing better to do with the time."""
    script = Script(Fault(), Fault(), "late", clock=clock)
    assert "late" == run.outcome(fk.protect(timeout=5, clock=clock), script).text


def test_what_fails_at_once_is_asked_again_before_a_fallback(run, clock):
    """A hiccup costs a second, and the first choice answers."""
    script = Script(Fault(kind="provider.5xx"), "fine", clock=clock)
    assert "answered" == run.outcome(fk.protect(fallbacks=[run.fn(lambda: "small")], clock=clock), script).status


def test_a_check_refuses_an_answer(run, clock):
    """The next rung is asked."""
    script = Script("I don't know.", clock=clock)
    rungs = [run.fn(lambda: "30 days")]
    outcome = run.outcome(
        fk.protect(fallbacks=rungs, check=lambda answer: "know" not in answer.text, clock=clock), script
    )
    assert ("30 days", ("output.malformed",)) == (outcome.text, outcome.reasons)


@pytest.mark.parametrize("wrong", [1, "no", []])
def test_a_check_that_is_no_function_is_refused(wrong):
    """With its name."""
    with pytest.raises(TypeError, match="`check`"):
        fk.protect(check=wrong)


@pytest.mark.parametrize("outage", [1, 7, 60, 61, 600])
def test_people_are_back_with_their_first_choice_half_a_minute_after_an_outage(clock, outage):
    """However long it was, with a question every second."""
    ends = clock.now() + outage

    def model():
        if clock.now() < ends:
            raise ConnectionError
        return "model"

    ask = fk.protect(fallbacks=[lambda: "small"], attempts=1, clock=clock)(model)
    texts = []
    while clock.now() <= ends + 31:
        texts.append(ask.outcome().text)
        clock.advance(1)
    assert ("small", "model") == (texts[0], texts[-1])
