"""What becomes a ticket, and what the reviewer gets to see."""

from __future__ import annotations

import asyncio
import functools
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit import _threads, events
from fallbackkit.review import ReviewQueue
from fallbackkit.testing import Chunk, FakeClock, Fault, Script, Stream
from tests.core.chains import anonymous
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


@pytest.mark.parametrize("when", [lambda failure: failure.nothing, lambda failure: Unsure()])
def test_a_predicate_that_raises_loses_no_ticket(run, queue, clock, when, caplog):
    """The ticket is filed, the failure stays that of the call, and the bug is in the log."""
    pipeline = fk.Pipeline(fk.Escalate(queue, when=when), clock=clock)
    outcome = run.outcome(pipeline, Script(Fault(kind="provider.5xx"), clock=clock), "?")
    assert ("awaiting_review", "provider.5xx") == (outcome.status, outcome.failure.kind)
    assert [outcome.ticket.id] == [item.id for item in queue.search()]
    assert "a strategy of `script` raised" in caplog.text


class Unsure:
    """Neither true nor false."""

    def __bool__(self):
        raise ValueError


class Lot(random.Random):
    """Draws what it was given, and knows how often."""

    def __init__(self, *lots):
        self.lots = list(lots)

    def random(self):
        return self.lots.pop(0)


@few
@given(audit=st.floats(0, 1), lots=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=8))
def test_a_share_of_the_answers_is_audited(run, audit, lots):
    """12: one draw for each answer, none at all without an audit; below the share it goes to the reviewers."""
    queue, rng = ReviewQueue("sqlite://"), Lot(*lots)
    pipeline = fk.Pipeline(fk.Escalate(queue, audit=audit), rng=rng)
    outcomes = [run.outcome(pipeline, str.upper, str(n)) for n in range(len(lots))]
    assert ([] if audit else lots) == rng.lots
    chosen = [outcome.id for outcome, lot in zip(outcomes, lots, strict=True) if lot < audit]
    assert chosen == [item.request.outcome_id for item in queue.search()]


@pytest.mark.parametrize("share", [0, 1, 1.0])
def test_nothing_and_everything_can_be_audited(run, queue, share):
    """The ends of the range mean what they say, whatever is drawn."""
    pipeline = fk.Pipeline(fk.Escalate(queue, audit=share), rng=Lot(0.0, 1 - 1e-16))
    for n in range(2):
        run.outcome(pipeline, str.upper, str(n))
    assert 2 * share == len(queue.search())


def test_an_audit_changes_nothing_for_whoever_asked(run, queue):
    """The Outcome is that of a call without one, event for event: no ticket, nothing to wait for."""
    source = fk.Source(title="Leave policy", quote="Five days.")
    answer = fk.Answer(text="Five days.", score=0.9, sources=(source,))
    told = []
    for audit in (0, 1):
        clock, seen = FakeClock(), []
        chain = [fk.Escalate(queue, audit=audit), fk.ConfidenceGate(0.8)]
        pipeline = fk.Pipeline(*chain, clock=clock, name="leave", observers=[seen.append])
        outcome = run.outcome(pipeline, Script(answer, clock=clock, takes=2), "How many days?")
        assert ("answered", None, [events.Answered]) == (outcome.status, outcome.ticket, [type(e) for e in seen])
        assert answer is run.value(pipeline, Script(answer, clock=clock, takes=2), "How many days?")
        told.append(anonymous(outcome.model_dump(mode="json")))
    assert told[0] == told[1]
    item = queue.get(queue.search()[0].id)
    request = item.request
    assert (True, None) == (request.audit, request.reason)
    assert ("How many days?", "Five days.", 0.9, (source,)) == (
        request.question,
        request.draft,
        request.score,
        request.sources,
    )
    assert ("leave", ["answered"]) == (request.name, [step.verdict for step in request.trail])


def test_whoever_waits_comes_before_an_audit(run, queue, clock):
    """Reviewers claim the audit last, though it was filed first."""
    pipeline = fk.Pipeline(fk.Escalate(queue, audit=1), clock=clock)
    for play in ("fine", Fault(kind="provider.5xx")):
        run.outcome(pipeline, Script(play, clock=clock), "?")
    assert [False, True] == [queue.claim(who).item.request.audit for who in ("dana", "kim")]


def test_audits_leave_room_for_whoever_waits(run, clock, caplog):
    """They fill half of a queue; one that is refused is in the log, and the answer is given all the same."""
    queue = ReviewQueue("sqlite://", capacity=4)
    pipeline = fk.Pipeline(fk.Escalate(queue, audit=1), clock=clock)
    plays = ["fine"] * 4 + [Fault(kind="provider.5xx")] * 3
    outcomes = [run.outcome(pipeline, Script(play, clock=clock), "?") for play in plays]
    assert ["answered"] * 4 + ["awaiting_review"] * 2 + ["unavailable"] == [outcome.status for outcome in outcomes]
    assert [1] * 4 == [len(outcome.trail) for outcome in outcomes[:4]]
    assert 2 == caplog.text.count("an answer of `script` could not be filed for audit")


def test_what_is_no_answer_is_not_audited(run, queue, clock):
    """A failure is a ticket or nothing, without a draw; None is no answer."""
    pipeline = fk.Pipeline(fk.Escalate(queue, audit=0.5, when=lambda _: False), clock=clock, rng=Lot(0.1))
    for play in (Fault(kind="provider.5xx"), None):
        assert "unavailable" == run.outcome(pipeline, Script(play, clock=clock), "?").status
    assert () == queue.search()


def test_a_stream_that_broke_off_is_no_ticket_by_itself(run, queue, clock):
    """39: its asker reads what came and may ask for a person; what was withdrawn or never shown is one."""
    broken = Stream("It re", Fault(kind="connection.upstream", after=1))
    outcomes = [
        run.stream(fk.Pipeline(fk.Escalate(queue), clock=clock, interruption=how), Script(play, clock=clock), "?")[-1]
        for how, play in [("keep", broken), ("restart", broken), ("keep", Fault(kind="provider.5xx"))]
    ]
    assert ["interrupted", "awaiting_review", "awaiting_review"] == [outcome.status for outcome in outcomes]
    assert [None, *(item.id for item in queue.search())] == [o.ticket and o.ticket.id for o in outcomes]


def test_a_whole_stream_may_be_audited(run, queue, clock):
    """What was shown is what is reviewed."""
    pipeline = fk.Pipeline(fk.Escalate(queue, audit=1), clock=clock)
    outcome = run.stream(pipeline, Script(Stream("It re", Chunk("starts.", after=1)), clock=clock), "?")[-1]
    assert ("answered", None) == (outcome.status, outcome.ticket)
    assert ["It restarts."] == [item.request.draft for item in queue.search()]


@pytest.mark.parametrize("depth", range(4))
@pytest.mark.parametrize("by_value", [False, True])
def test_a_withheld_answer_is_the_draft_however_deep(run, queue, clock, depth, by_value):
    """A gate inside rungs inside rungs; also where an inner chain is called by its value and raises."""

    def failing():
        return run.fn(Script(Fault(kind="retrieval.none"), clock=clock))

    gate = fk.Pipeline(fk.ConfidenceGate(0.8), clock=clock)
    fn = gate(run.fn(Script(fk.Answer(text="Five days?", score=0.4), clock=clock)))
    for _ in range(depth):
        inner = functools.partial(fn) if by_value else fn
        fn = fk.Pipeline(fk.Fallback(inner, failing()), clock=clock)(failing())
    chain = [fk.Escalate(queue), fk.Fallback(fn, failing())]
    outcome = run.outcome(fk.Pipeline(*chain, clock=clock), Script(Fault(kind="provider.5xx"), clock=clock), "?")
    request = queue.get(outcome.ticket.id).request
    assert ("Five days?", 0.4, "provider.5xx") == (request.draft, request.score, request.reason)


@pytest.mark.parametrize("kind", ["input.too_long", "provider.5xx"])
def test_the_first_choice_decides_however_deep_it_stands(run, queue, clock, kind):
    """What only the asker can mend is no ticket, also where the first choice has rungs of its own."""
    other = run.fn(Script(Fault(kind="retrieval.none"), clock=clock))
    first = fk.Pipeline(fk.Fallback(other), clock=clock)(run.fn(Script(Fault(kind=kind), clock=clock)))
    chain = [fk.Escalate(queue), fk.Fallback(other), fk.Route(lambda _: "first", first=first)]
    outcome = run.outcome(fk.Pipeline(*chain, clock=clock), str.upper, "?")
    assert [kind] * (kind == "provider.5xx") == [item.request.reason for item in queue.search()]
    assert (outcome.ticket is None) == (kind == "input.too_long")


def test_a_question_that_a_person_has_is_not_filed_again(run, queue, clock):
    """37: a rung filed it already; the caller waits for that ticket."""
    inner = fk.Pipeline(fk.Escalate(queue), clock=clock)(run.fn(Script(Fault(kind="provider.5xx"), clock=clock)))
    pipeline = fk.Pipeline(fk.Escalate(queue), fk.Fallback(inner), clock=clock)
    outcome = run.outcome(pipeline, Script(Fault(kind="provider.5xx"), clock=clock), "?")
    assert [outcome.ticket.id] == [item.id for item in queue.search()]


def test_an_audit_share_outside_0_to_1_is_refused(queue):
    """A share is a share; ``when`` and ``question`` are functions."""
    for share in (-0.1, 1.4, math.nan, True, None):
        with pytest.raises(ValueError, match="`audit` must be between 0 and 1, got"):
            fk.Escalate(queue, audit=share)
    for name in ("when", "question"):
        with pytest.raises(TypeError, match=f"`{name}` must be a function, got 3"):
            fk.Escalate(queue, **{name: 3})


def test_the_reviewer_reads_the_arguments_as_they_were_written():
    """A question in any script is legible, not escaped."""
    queue = ReviewQueue("sqlite://")

    def ask(question, *, room):
        raise fk.CannotAnswer("retrieval.none")

    fk.Pipeline(fk.Escalate(queue)).outcome(ask, "Wo steht der Schlüssel?", room="Küche")
    assert "Schlüssel" in queue.search()[0].request.question
    assert "Küche" in queue.search()[0].request.question
