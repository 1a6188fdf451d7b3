from __future__ import annotations

import re
import time
from typing import get_args

import pytest

import demo.manual
import fallbackkit as fk
from demo.app import EXAMPLES
from demo.manual import LONGEST_QUESTION, Assistant, Endpoint, watcher
from demo.outage import Mode
from fallbackkit.review import Answered, ReviewQueue
from tests.demo.questions import IN_SCOPE, OUT_OF_SCOPE

pytestmark = pytest.mark.xdist_group("model")
BROKEN: tuple[Mode, ...] = ("rate limited", "down", "offline")


def test_the_examples_are_answered_from_the_manual(assistant):
    """At least four of the five in scope: the right sentence, quoted, with a link, and no number on it."""
    outcomes = [assistant.ask.outcome(question) for question in EXAMPLES[:-1]]
    right = [
        outcome.status == "answered" and bool(re.search(IN_SCOPE[question], outcome.sources[0].quote))
        for question, outcome in zip(EXAMPLES, outcomes, strict=False)
    ]
    assert sum(right) >= 4
    shown = [outcome for outcome in outcomes if outcome.status == "answered"]
    assert {"quote_found"} == {source.check for outcome in shown for source in outcome.sources}
    assert {"retrieval"} == {outcome.confidence.basis for outcome in shown}
    assert all(outcome.sources[0].url.startswith("https://docs.python.org/3/") for outcome in shown)


@pytest.mark.parametrize("mode", ["healthy", "making things up"])
@pytest.mark.parametrize("question", [EXAMPLES[-1], *OUT_OF_SCOPE[1:24:6]])
def test_out_of_scope_goes_to_a_person(assistant, question, mode):
    """Whether the model has the manual or invents freely, nothing of it reaches the outcome."""
    assistant.outage.mode = mode
    outcome = assistant.ask.outcome(question)
    assert ("awaiting_review", None) == (outcome.status, outcome.answer)
    assert question == assistant.queue.get(outcome.ticket.id).request.question
    assert "drop table" not in outcome.model_dump_json().lower()


def test_an_invention_is_not_shown(assistant):
    """Without the passages the model invents; it is not backed, or rambles on, and the search answers."""
    assistant.outage.mode = "making things up"
    outcome = assistant.ask.outcome(EXAMPLES[0])
    assert ("degraded", "search") == (outcome.status, outcome.served_by.kind)
    assert outcome.reasons[0] in {"quality.low_confidence", "output.truncated"}


@pytest.mark.parametrize("mode", BROKEN)
def test_a_fault_falls_back_to_the_search(assistant, mode):
    """The search answers within seconds, with quotes that stand in the manual."""
    assistant.outage.mode = mode
    outcome = assistant.ask.outcome(EXAMPLES[0])
    assert ("degraded", "search") == (outcome.status, outcome.served_by.kind)
    assert outcome.duration < 5
    assert all(source.check == "quote_found" and source.quote for source in outcome.sources)


def test_the_breaker_opens_and_the_model_comes_back(assistant):
    """Down opens the breaker; healthy again, the model answers within about ten seconds."""
    assistant.outage.mode = "down"
    for _ in range(3):
        last = assistant.ask.outcome(EXAMPLES[0])
    assert ("open", "circuit.open") == (assistant.breaker.state, last.reasons[0])
    assistant.outage.mode = "healthy"
    began = time.monotonic()
    while assistant.ask.outcome(EXAMPLES[0]).status != "answered":
        assert time.monotonic() - began < 15
        time.sleep(0.5)
    assert "closed" == assistant.breaker.state


@pytest.mark.parametrize(
    ("question", "kind"),
    [("", "input.empty_or_vague"), (" \n", "input.empty_or_vague"), ("with " * 10_000, "input.too_long")],
)
def test_a_question_that_the_asker_has_to_mend_is_neither_searched_nor_filed(assistant, question, kind):
    """Empty and 50 kB questions end at once and say so."""
    filed = len(assistant.queue.search())
    outcome = assistant.ask.outcome(question)
    assert ("unavailable", kind, 1) == (outcome.status, outcome.failure.kind, len(outcome.trail))
    assert filed == len(assistant.queue.search())


def test_the_longest_question_is_answered(assistant):
    """A question of the very limit fits the model's context."""
    question = f"{EXAMPLES[0]}{' Thank you very much.' * 99}"[:LONGEST_QUESTION]
    assert "answered" == assistant.ask.outcome(question).status


def test_a_persons_answer_follows(assistant):
    """The reviewer's words become the outcome's."""
    outcome = assistant.ask.outcome(EXAMPLES[-1])
    claim = assistant.queue.claim("Dana", ticket=outcome.ticket.id)
    assistant.queue.decide(claim, Answered("That is not Python."))
    followed = assistant.queue.follow(outcome)
    assert ("reviewed", "That is not Python.") == (followed.status, followed.text)


def test_a_call_tells_its_watcher(assistant):
    """Whoever watches in the call's context hears what happens, in order."""
    assistant.outage.mode = "down"
    heard = []
    token = watcher.set(heard.append)
    assistant.ask.outcome(EXAMPLES[0])
    watcher.reset(token)
    assistant.ask.outcome(EXAMPLES[0])
    names = [type(event).__name__ for event in heard]
    assert ["AttemptFailed", "RetryScheduled", "AttemptFailed", "FellBack", "Answered"] == names


@pytest.mark.parametrize(
    "options",
    [{"local_model": False}, {"endpoint": Endpoint("http://127.0.0.1:9/v1", "none", "any")}],
    ids=["no model", "broken endpoint"],
)
def test_without_a_model_the_search_answers(options):
    """Nothing is started, nothing raises, and the assistant says what it lacks if it knows."""
    assistant = Assistant(ReviewQueue("sqlite://"), **options)
    outcome = assistant.ask.outcome(EXAMPLES[0])
    assistant.close()
    assert ("degraded", "search") == (outcome.status, outcome.served_by.kind)
    assert ("endpoint" in options) == (assistant.lack() is None)


def test_the_environment_names_the_endpoint_and_the_queue(monkeypatch):
    """Settings come from ASK_*; without ASK_BASE_URL there is no endpoint."""
    for name, value in {"BASE_URL": "http://127.0.0.1:9/v1", "API_KEY": "k", "MODEL": "m"}.items():
        monkeypatch.setenv(f"ASK_{name}", value)
    monkeypatch.setenv("ASK_REVIEWS", "sqlite://")
    assert Endpoint("http://127.0.0.1:9/v1", "k", "m") == Endpoint.from_environment()
    ask = demo.manual.ask
    assert isinstance(ask, fk.Protected)
    assert "m" == demo.manual.assistant.model
    demo.manual.assistant.close()
    monkeypatch.delenv("ASK_BASE_URL")
    assert Endpoint.from_environment() is None


def test_the_slider_has_a_word_for_every_position():
    """Six positions, the healthy one first."""
    assert ("healthy", "slow", "rate limited", "down", "offline", "making things up") == get_args(Mode)
