"""Who answers when the first choice does not."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit import events
from fallbackkit.review import ReviewQueue
from fallbackkit.testing import FakeClock, Fault, Script, Stream
from tests.core.chains import Chain, chains, plays

few = settings(max_examples=40)
kinds = st.sampled_from(fk.FailureKind)
DOWN = Fault(kind="provider.5xx")


@few
@given(kind=kinds, handled=st.sets(kinds, min_size=1), behind=st.integers(1, 3))
def test_a_rung_runs_iff_the_failure_is_handled(run, kind, handled, behind):
    """32: a failure outside ``on`` comes up as it is; no rung is entered."""
    clock = FakeClock()
    rungs = [Script("rung", clock=clock) for _ in range(behind)]
    pipeline = fk.Pipeline(fk.Fallback(*(run.fn(rung) for rung in rungs), on=handled), clock=clock)
    outcome = run.outcome(pipeline, Script(Fault(kind=kind), clock=clock))
    assert [int(kind in handled), 0, 0][:behind] == [len(rung.calls) for rung in rungs]
    assert (kind in handled) == outcome.degraded == (outcome.value == "rung")
    assert outcome.failure is None or outcome.failure.kind == kind


@few
@given(good=st.integers(0, 4), rungs=st.integers(0, 4))
def test_rungs_run_once_in_order_up_to_the_one_that_answers(run, good, rungs):
    """33: entries in order, nothing after the answer; degraded iff it was not the primary; a reason for each before."""
    good = min(good, rungs)
    clock = FakeClock()
    entered = []

    def way(n):
        def ask():
            entered.append(n)
            if n != good:
                raise fk.CannotAnswer(list(fk.FailureKind)[n])
            return f"way {n}"

        return run.fn(ask)

    ways = [fk.Rung(way(n), "search", name=f"way {n}") for n in range(1, rungs + 1)]
    seen = []
    chain = [fk.Fallback(*ways)] if ways else []
    pipeline = fk.Pipeline(*chain, clock=clock, name="way 0", observers=[seen.append])
    outcome = pipeline.outcome(way(0)) if run.way == "sync" else run.runner.run(pipeline.aoutcome(way(0)))
    assert list(range(good + 1)) == entered
    assert ("degraded" if good else "answered", f"way {good}") == (outcome.status, outcome.text)
    assert (f"way {good}", "way 0") == (outcome.served_by.name, outcome.requested)
    assert tuple(fk.FailureKind)[:good] == outcome.reasons
    assert [f"way {n}" for n in range(good + 1)] == [step.name for step in outcome.trail]
    assert [(f"way {n}", f"way {n + 1}") for n in range(good)] == [
        (event.step, event.to) for event in seen if type(event) is events.FellBack
    ]


def test_a_rung_whose_answer_cannot_be_used_has_not_answered(run, clock):
    """An empty answer falls through to the next rung, with the reason on its attempt."""
    pipeline = fk.Pipeline(fk.Fallback(run.fn(lambda: " "), run.fn(lambda: "page 7")), clock=clock)
    outcome = run.outcome(pipeline, Script(DOWN, clock=clock))
    assert "page 7" == outcome.text
    assert ["provider.5xx", "output.empty"] == list(outcome.reasons)
    assert "output.empty" == outcome.trail[1].attempts[0].failure.kind


def test_a_falsy_answer_is_an_answer(run):
    """0 and False are results; only what is empty falls through."""
    pipeline = fk.Pipeline(fk.Fallback(run.fn(lambda: "other")), fk.Retry(), fk.Validate())
    assert 0 == run.value(pipeline, lambda: 0)
    assert run.value(pipeline, lambda: False) is False


@few
@given(data=st.data())
def test_nested_pipelines_multiply_their_limits_at_most(run, data):
    """15: entries ≤ product of the attempts of all levels; the trail is merged and tells every entry."""
    clock = FakeClock()
    script = Script(*data.draw(plays(limited=False)), clock=clock)
    limits = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    fn = run.fn(script)
    for attempts in limits:
        fn = fk.Pipeline(fk.Retry(attempts=attempts, max_wait=0), clock=clock)(fn)
    rung = fk.Pipeline(fk.Fallback(fk.Rung(fn, "model", name="inner")), clock=clock)
    outcome = run.outcome(rung, lambda: (_ for _ in ()).throw(KeyError()))
    product = 1
    for attempts in limits:
        product *= attempts
    assert 1 <= len(script.calls) <= product
    assert ["ask", "inner"] == [step.name for step in outcome.trail]


@few
@given(outer=chains(), inner=chains())
@pytest.mark.filterwarnings("ignore:.*answered without a score")
def test_a_pipeline_as_a_rung_puts_its_steps_on_the_callers_trail(run, outer, inner):
    """33, 15: the steps of the inner pipeline follow those of the outer, named as the rung, then as its rungs."""
    alone = Chain(**{**inner.__dict__, "deadline": None, "timeout": None})
    if any(isinstance(play, Fault) and play.strike() is None for each in (inner.plays, *inner.rungs) for play in each):
        return
    expected = alone.build(run)
    expected = expected.run.outcome(expected.pipeline, expected.script)
    clock = FakeClock()
    built = alone.build(run, clock)
    protected = built.pipeline(run.fn(built.script))
    chain = [fk.Fallback(fk.Rung(protected, "model", name="inner"))]
    outcome = run.outcome(fk.Pipeline(*chain, clock=clock), Script(DOWN, clock=clock))
    first, *rest = outcome.trail
    assert ("script", "provider.5xx") == (first.name, first.failure.kind)
    assert [step.name if step.name != "ask" else "inner" for step in expected.trail] == [step.name for step in rest]
    assert [(step.verdict, len(step.attempts)) for step in expected.trail] == [
        (s.verdict, len(s.attempts)) for s in rest
    ]
    assert expected.value is outcome.value
    assert {"answered": "degraded"}.get(
        expected.status, expected.status
    ) == outcome.status or outcome.failure is not None


def test_a_ticket_filed_inside_a_rung_is_not_lost(run, clock):
    """A rung that hands the question to a person: the caller's Outcome waits for that person."""
    queue = ReviewQueue("sqlite://")
    inner = fk.Pipeline(fk.Escalate(queue), clock=clock)(run.fn(Script(DOWN, clock=clock)))
    pipeline = fk.Pipeline(fk.Fallback(fk.Rung(inner, "person", name="desk")), clock=clock)
    outcome = run.outcome(pipeline, Script(DOWN, clock=clock), "?")
    assert "awaiting_review" == outcome.status
    assert outcome.ticket.id == queue.search()[0].id
    with pytest.raises(fk.ReviewPending) as raised:
        run.value(pipeline, Script(DOWN, clock=clock), "?")
    assert "pending" == raised.value.ticket.state


def test_a_stale_answer_from_a_rung_says_so(run, clock):
    """A rung that serves from its cache past the time tells the caller's Outcome."""
    script = Script("saved", DOWN, clock=clock)
    inner = fk.Pipeline(fk.Cache(10, stale_if_error=100), clock=clock)(run.fn(script))
    pipeline = fk.Pipeline(fk.Fallback(inner), clock=clock)
    assert "saved" == run.outcome(pipeline, Script(DOWN, clock=clock), "?").text
    clock.advance(50)
    outcome = run.outcome(pipeline, Script(DOWN, clock=clock), "?")
    assert ("degraded", "saved", "cache") == (outcome.status, outcome.text, outcome.served_by.kind)
    assert fk.FailureKind.CACHE_STALE == outcome.reasons[-1]


def test_a_full_review_queue_is_no_refusal_by_a_person(run, clock):
    """37: nobody has looked, so nobody may be said to have: the words are those of the failure itself."""
    pipeline = fk.Pipeline(fk.Escalate(ReviewQueue("sqlite://", capacity=0)), clock=clock)
    outcome = run.outcome(pipeline, Script(DOWN, clock=clock), "?")
    assert ("unavailable", None, "provider.5xx") == (outcome.status, outcome.ticket, outcome.failure.kind)
    plain = run.outcome(fk.Pipeline(clock=clock), Script(DOWN, clock=clock), "?")
    assert plain.notice().title == outcome.notice().title
    assert fk.FailureKind.HUMAN_UNAVAILABLE == outcome.trail[-1].failure.kind
    assert isinstance(outcome.trail[-1].failure.error, fk.QueueFull)


def test_the_ticket_is_filed_when_the_time_is_up(run, clock):
    """35: a person can still answer what no machine could in time."""
    queue = ReviewQueue("sqlite://")
    pipeline = fk.Pipeline(fk.Escalate(queue), fk.Deadline(20), clock=clock)
    outcome = run.outcome(pipeline, Script(Fault(), clock=clock), "Is it covered?")
    assert ("awaiting_review", "Is it covered?") == (outcome.status, queue.get(outcome.ticket.id).request.question)
    assert outcome.id == queue.get(outcome.ticket.id).request.outcome_id
    with pytest.raises(fk.ReviewPending) as raised:
        run.value(pipeline, Script(Fault(), clock=clock), "Is it covered?")
    assert isinstance(raised.value.__cause__, fk.DeadlineExceeded)


def test_a_predicate_that_raises_gives_no_rung_away(run, clock, caplog):
    """32: its bug is logged, and the next rung is asked."""
    rung = fk.Rung(run.fn(lambda: "desk"), "rule", name="desk")
    pipeline = fk.Pipeline(fk.Fallback(rung, on=lambda failure: failure.nothing), clock=clock)
    outcome = run.outcome(pipeline, Script(DOWN, clock=clock))
    assert ("degraded", "desk", ("provider.5xx",)) == (outcome.status, outcome.text, outcome.reasons)
    assert "a strategy of `script` raised" in caplog.text


@few
@given(broken=st.integers(0, 2), interruption=st.sampled_from(["keep", "restart"]))
def test_nothing_takes_the_place_of_what_was_shown(run, broken, interruption):
    """39: after a part of an answer no rung is entered, and its failure goes up as it is; once withdrawn, they are."""
    clock = FakeClock()
    half = Stream("It re", Fault(kind="connection.upstream", after=1))
    scripts = [Script(half if n == broken else DOWN, clock=clock) for n in range(3)] + [Script("desk", clock=clock)]
    rungs = [fk.Rung(run.fn(script), "rule", name=f"rung {n}") for n, script in enumerate(scripts[1:], 1)]
    pipeline = fk.Pipeline(fk.Fallback(*rungs), clock=clock, interruption=interruption)
    outcome = run.stream(pipeline, scripts[0])[-1]
    entered = [len(script.calls) for script in scripts]
    if interruption == "restart":
        assert ([1] * 4, "degraded", "desk") == (entered, outcome.status, outcome.text)
        return
    assert [1] * (broken + 1) == entered[: sum(entered)]
    assert ("interrupted", "It re", "connection.upstream") == (outcome.status, outcome.text, outcome.failure.kind)
    assert () == outcome.failure.steps


def test_a_last_rung_that_broke_off_is_not_every_way_failed(run, clock):
    """39: its own failure is told, not that of all together."""
    half = Stream("It re", Fault(kind="connection.upstream", after=1))
    rung = fk.Rung(run.fn(Script(half, clock=clock)), "rule", name="desk")
    outcome = run.stream(fk.Pipeline(fk.Fallback(rung), clock=clock), Script(DOWN, clock=clock))[-1]
    assert ("interrupted", "connection.upstream", ()) == (
        outcome.status,
        outcome.failure.kind,
        outcome.failure.steps,
    )


def test_whoever_looks_on_hears_of_each_rung(run, clock):
    """33: the trail that is shown while a rung is at work tells why."""
    rungs = [fk.Rung(run.fn(Script(DOWN, clock=clock)), "rule", name=f"rung {n}") for n in (1, 2)]
    *growing, final = run.stream(fk.Pipeline(fk.Fallback(*rungs), clock=clock), Script(DOWN, clock=clock))
    assert [("working", 0), ("working", 1), ("working", 2)] == [(o.status, len(o.trail)) for o in growing]
    assert ("unavailable", 3) == (final.status, len(final.trail))


@few
@given(on=st.permutations(["rate.shared", fk.FailureKind.PROVIDER_5XX, TimeoutError, str.isupper]))
def test_its_description_says_what_it_handles(on):
    """48: the same words in whatever order they were given; by default it handles everything, and says nothing."""
    words = "Fallback(lower, on TimeoutError, isupper, provider.5xx, rate.shared, reserve 0.5 s)"
    for each in (on, iter(on), frozenset(on)):
        assert words == fk.Fallback(str.lower, on=each, reserve=0.5).describe()
    assert "Fallback(lower, reserve 1 s)" == fk.Fallback(str.lower).describe()
    assert "Fallback(lower, on circuit.open, reserve 1 s)" == fk.Fallback(str.lower, on="circuit.open").describe()


def test_whoever_waits_for_anothers_empty_load_is_served_by_the_next_rung(clock):
    """32: None is no answer, also where this call has made no attempt of its own to charge with it."""
    asked = 0

    async def ask():
        nonlocal asked
        asked += 1
        for _ in range(9):
            await asyncio.sleep(0)

    async def both():
        pipeline = fk.Pipeline(fk.Fallback(fk.Rung(lambda: "desk", "rule")), fk.Cache(60), clock=clock)
        return await asyncio.gather(pipeline.aoutcome(ask), pipeline.aoutcome(ask))

    assert ["desk"] * 2 == [outcome.text for outcome in asyncio.run(both())]
    assert 1 == asked
