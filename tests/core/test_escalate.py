"""What becomes a ticket, and what the reviewer gets to see."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit import _threads, events
from fallbackkit.review import ReviewQueue
from fallbackkit.testing import FakeClock, Fault, Script
from tests.core.test_interruptions import settle
from tests.core.test_real_limits import TINY, Hang

FOR_THE_ASKER = {"input.empty_or_vague", "input.too_long", "input.unsupported", "auth.expired", "cancelled"}
few = settings(max_examples=40)


@pytest.fixture
def queue():
    """An empty queue in memory."""
    return ReviewQueue("sqlite://")


@few
@given(kind=st.sampled_from(fk.FailureKind))
def test_what_only_the_asker_can_mend_is_no_ticket(run, kind):
    """Every other failure is one; with it the call waits for a person, and an event says so."""
    queue, clock, seen = ReviewQueue("sqlite://"), FakeClock(), []
    pipeline = fk.Pipeline(fk.Escalate(queue), clock=clock, observers=[seen.append])
    outcome = run.outcome(pipeline, Script(Fault(kind=kind), clock=clock), "?")
    asked = kind not in FOR_THE_ASKER
    assert asked == (outcome.status == "awaiting_review") == (outcome.ticket is not None)
    assert [outcome.ticket and outcome.ticket.id] * asked == [
        event.ticket for event in seen if type(event) is events.Escalated
    ]
    assert [kind] * asked == [item.request.reason for item in queue.search()]
    assert kind == outcome.failure.kind


def test_an_answer_is_no_ticket(run, queue):
    """Nobody is asked about what was answered, by whomever."""
    chain = [fk.Escalate(queue), fk.Fallback(run.fn(lambda _: "page 7")), fk.Validate()]
    assert ["fine", "page 7"] == [run.outcome(fk.Pipeline(*chain), str.strip, text).text for text in ("fine", " ")]
    assert () == queue.search()


def test_a_predicate_decides_what_becomes_a_ticket(run, queue, clock):
    """``when`` sees the failure."""
    pipeline = fk.Pipeline(fk.Escalate(queue, when=lambda failure: failure.kind.ours), clock=clock)
    statuses = [
        run.outcome(pipeline, Script(Fault(kind=kind), clock=clock), "?").status
        for kind in ("internal", "provider.5xx")
    ]
    assert ["awaiting_review", "unavailable"] == statuses


def test_the_reviewer_sees_the_question_the_draft_and_the_story(run, queue, clock):
    """A withheld answer is the draft, with its score and sources; the trail tells what was tried."""
    source = fk.Source(title="Leave policy", quote="Five days.")
    draft = fk.Answer(text="Five days?", score=0.4, sources=(source,))
    chain = [fk.Escalate(queue), fk.Fallback(run.fn(Script(Fault(kind="retrieval.none"), clock=clock)))]
    pipeline = fk.Pipeline(*chain, fk.ConfidenceGate(0.8), name="leave", clock=clock)
    outcome = run.outcome(pipeline, Script(draft, clock=clock), "How many days?")
    request = queue.get(outcome.ticket.id).request
    assert ("How many days?", "Five days?", 0.4, (source,)) == (
        request.question,
        request.draft,
        request.score,
        request.sources,
    )
    assert ("leave", outcome.id, "quality.low_confidence") == (request.name, request.outcome_id, request.reason)
    assert ["abstained", "failed"] == [step.verdict for step in request.trail]
    assert "Five days?" not in outcome.model_dump_json()


@pytest.mark.parametrize(
    ("call", "question"),
    [
        ((("Is it covered?",), {}), "Is it covered?"),
        (((), {"q": "Is it covered?"}), "Is it covered?"),
        ((("a", 2), {"lang": "de"}), '{\n  "args": [\n    "a",\n    2\n  ],\n  "lang": "de"\n}'),
    ],
)
def test_the_question_is_made_of_the_arguments(run, queue, clock, call, question):
    """A single text as it is, anything else as JSON; ``question`` makes something better."""
    args, kwargs = call
    script = Script(ConnectionError(), clock=clock)
    outcome = run.outcome(fk.Pipeline(fk.Escalate(queue), clock=clock), script, *args, **kwargs)
    assert question == queue.get(outcome.ticket.id).request.question
    escalate = fk.Escalate(queue, question=lambda *args, **kwargs: "made")
    outcome = run.outcome(fk.Pipeline(escalate, clock=clock), script, *args, **kwargs)
    assert "made" == queue.get(outcome.ticket.id).request.question


def test_a_broken_queue_changes_the_failure_of_nothing(run, clock):
    """A queue that raises is a step on the trail; the failure stays that of the call."""

    class Broken:
        def enqueue(self, request):
            raise OSError("disk full")

    outcome = run.outcome(fk.Pipeline(fk.Escalate(Broken()), clock=clock), Script(ConnectionError(), clock=clock), "?")
    assert ("unavailable", None) == (outcome.status, outcome.ticket)
    assert isinstance(outcome.failure.error, ConnectionError)
    assert ["failed", "skipped"] == [step.verdict for step in outcome.trail]


@pytest.mark.parametrize("way", ["sync", "threads"])
def test_the_ticket_is_filed_when_no_further_call_is_let_in(way, queue, monkeypatch):
    """The bound on hung calls is for them, not for the way to a person."""
    monkeypatch.setattr(_threads, "MAX_ABANDONED", 1)
    before, hang = _threads.abandoned(), Hang()
    pipeline = fk.Pipeline(fk.Escalate(queue), fk.Timeout(TINY))
    try:
        outcomes = [pipeline.outcome(hang) if way == "sync" else asyncio.run(pipeline.aoutcome(hang)) for _ in range(2)]
    finally:
        hang.released.set()
    settle(before)
    assert ["awaiting_review"] * 2 == [outcome.status for outcome in outcomes]
    assert isinstance(outcomes[1].failure.error, fk.BulkheadFull)
