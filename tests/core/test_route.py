"""Who is asked, chosen by the arguments."""

from __future__ import annotations

import asyncio
import logging
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit import events
from fallbackkit.review import ReviewQueue
from fallbackkit.testing import Chunk, FakeClock, Fault, Script, Stream
from tests.core.chains import Chain, anonymous, chains, plays
from tests.core.conftest import Run

few = settings(max_examples=40)
DOWN = Fault(kind="provider.5xx")
NAMES = ["small", "large", "search"]


def first(chosen, *_args, **_kwargs):
    """Chooses what the first argument says."""
    return chosen


class Routed:
    """A pipeline that routes among scripts, and the scripts by name; None is the wrapped one."""

    def __init__(self, run, scripts, *inside, outside=(), **options):
        self.run = run
        self.clock = FakeClock()
        self.events = []
        self.scripts = {name: Script(*plays, clock=self.clock) for name, plays in scripts.items()}
        targets = {name: run.fn(script) for name, script in self.scripts.items() if name is not None}
        self.pipeline = fk.Pipeline(
            *outside,
            fk.Route(first, **targets),
            *inside,
            clock=self.clock,
            observers=[self.events.append],
            rng=random.Random(0),
            **options,
        )

    def outcome(self, chosen):
        return self.run.outcome(self.pipeline, self.scripts[None], chosen)

    @property
    def entered(self):
        return {name: len(script.calls) for name, script in self.scripts.items() if script.calls}


@few
@given(data=st.data(), chosen=st.sampled_from([None, *NAMES]), attempts=st.integers(1, 4))
def test_every_attempt_is_at_the_target_that_was_chosen(run, data, chosen, attempts):
    """1, 32, 33: only the target is entered, at most ``attempts`` times; it is what was requested, and not degraded."""
    scripts = {name: data.draw(plays(limited=False)) for name in [None, *NAMES]}
    routed = Routed(run, scripts, fk.Retry(attempts=attempts, max_wait=0), fk.Validate(), name="ask")
    outcome = routed.outcome(chosen)
    assert {chosen} == set(routed.entered)
    assert 1 <= routed.entered[chosen] <= attempts
    name = chosen or "ask"
    assert [(name, "model", routed.entered[chosen])] == [
        (step.name, step.kind, len(step.attempts)) for step in outcome.trail
    ]
    assert ("ask", name) == (outcome.name, outcome.requested)
    assert (outcome.status == "answered") == (outcome.failure is None)
    assert outcome.failure is not None or any(outcome.value is play for play in scripts[chosen])


@few
@given(chain=chains(), chosen=st.sampled_from([None, "target"]))
@pytest.mark.filterwarnings("ignore:.*answered without a score", "ignore:.*stands inside `Route`")
def test_a_target_is_asked_as_the_function_would_be(run, chain, chosen):
    """43, 50: routed or not, in each way of serving: the same outcome, events, waits and entries but for the name."""
    expected = chain.build(Run("sync", None))
    expected = expected.trace(expected.outcome())
    built = chain.build(run)
    other = Script("other", clock=built.clock)
    asked = run.fn(built.script)
    target, fn = (asked, other) if chosen else (other, built.script)
    strategies = list(built.pipeline.strategies)
    outside = (fk.Deadline, fk.Fallback, fk.Cache, fk.ConfidenceGate)
    place = next((at for at, each in enumerate(strategies) if not isinstance(each, outside)), len(strategies))
    route = fk.Route(lambda _question: chosen, target=target if run.way != "async" else aware(target))
    built.pipeline = fk.Pipeline(
        *strategies[:place],
        route,
        *strategies[place:],
        name="ask",
        observers=built.pipeline.observers,
        clock=built.clock,
        rng=built.rng,
    )
    outcome = run.outcome(built.pipeline, fn, "PRIVATE-QUESTION")
    trace = built.trace(outcome)
    if not chain.ttl:
        assert [] == other.calls
    assert renamed(expected) == renamed(trace)


def aware(fn):
    """A script as an async function, if it is not one yet."""
    return fn.asynchronous if isinstance(fn, Script) else fn


def renamed(value):
    """A trace as if what was asked were always called the same."""
    if isinstance(value, dict):
        return {key: renamed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [renamed(item) for item in value]
    return "ask" if value == "target" else value


def test_none_is_the_function_itself(run):
    """Nothing is renamed then."""
    routed = Routed(run, {None: ["fine"], "small": ["no"]})
    outcome = routed.outcome(None)
    assert ("fine", "script", "script") == (outcome.text, outcome.requested, outcome.served_by.name)


@pytest.mark.parametrize("wrong", ["medium", "", 3, ("small",), ["small"], Exception])
def test_a_name_that_is_no_target_is_a_failure_like_any_other(run, wrong, caplog):
    """Nothing is entered, the next rung answers, and the log names the targets."""
    rung = fk.Rung(run.fn(lambda chosen: "desk"), "rule", name="desk")
    routed = Routed(run, {None: ["fine"], "small": ["no"]}, outside=[fk.Fallback(rung)])
    with caplog.at_level(logging.ERROR):
        outcome = routed.outcome(wrong)
    assert ("degraded", "desk") == (outcome.status, outcome.text)
    assert {} == routed.entered
    assert [("script", "skipped", "internal"), ("desk", "answered", None)] == [
        (step.name, step.verdict, step.failure and step.failure.kind) for step in outcome.trail
    ]
    assert "the targets are small, and None is the function" in caplog.text


def test_a_choice_that_raises_is_a_failure_like_any_other(run, clock):
    """No crash: a stale answer or the next rung serves, and without any the call fails as if the function had."""

    def choose(question):
        if question == "bug":
            raise ZeroDivisionError
        raise fk.CannotAnswer("quality.out_of_scope")

    route = fk.Route(choose, small=run.fn(str.upper))
    pipeline = fk.Pipeline(route, fk.Retry(), clock=clock)
    outcomes = [run.outcome(pipeline, str.lower, question) for question in ("bug", "cooking")]
    assert ["internal", "quality.out_of_scope"] == [outcome.failure.kind for outcome in outcomes]
    assert [()] * 2 == [outcome.trail[0].attempts for outcome in outcomes]
    with pytest.raises(ZeroDivisionError):
        run.value(pipeline, str.lower, "bug")


def test_a_saved_answer_is_given_when_the_choice_fails(run, clock):
    """The cache outside sees a failure, not an exception."""
    choices = iter(["small"])
    route = fk.Route(lambda _question: next(choices), small=run.fn(str.upper))
    pipeline = fk.Pipeline(fk.Cache(10, stale_if_error=100), route, clock=clock)
    assert "HI" == run.outcome(pipeline, str.lower, "hi").text
    clock.advance(50)
    outcome = run.outcome(pipeline, str.lower, "hi")
    assert ("degraded", "HI", "cache") == (outcome.status, outcome.text, outcome.served_by.kind)


def test_a_rung_says_what_the_target_is_and_is_called(run):
    """The keyword is for ``choose``; what people read is the Rung's."""
    target = fk.Rung(run.fn(lambda _: "page 7"), "search", name="the manual")
    outcome = run.outcome(fk.Pipeline(fk.Route(first, manual=target)), str.upper, "manual")
    assert ("the manual", "the manual", "search") == (
        outcome.requested,
        outcome.served_by.name,
        outcome.served_by.kind,
    )


@few
@given(inner=chains())
@pytest.mark.filterwarnings("ignore:.*answered without a score")
def test_a_wrapped_target_keeps_its_pipeline(run, inner):
    """15, 33: its steps are on the trail; the call is degraded, hedged or stale iff the target by itself was."""
    alone = Chain(**{**inner.__dict__, "deadline": None, "timeout": None})
    if any(isinstance(play, Fault) and play.strike() is None for each in (inner.plays, *inner.rungs) for play in each):
        return
    expected = alone.build(run).outcome()
    built = alone.build(run)
    protected = built.pipeline(run.fn(built.script))
    route = fk.Route(lambda _question: "small", small=protected)
    outcome = run.outcome(fk.Pipeline(route, clock=built.clock), lambda _: "never", "?")
    assert [step.name if step.name != "ask" else "small" for step in expected.trail] == [s.name for s in outcome.trail]
    assert told(expected) == told(outcome)
    assert (expected.status, expected.value is outcome.value) == (outcome.status, True)
    assert expected.reasons == outcome.reasons
    assert "small" == outcome.requested


def told(outcome):
    """What happened in the steps, whatever they are called."""
    return [anonymous(step.model_dump(mode="json", exclude={"name"})) for step in outcome.trail]


def test_a_ticket_of_a_target_is_the_ticket_of_the_call(run, clock):
    """What a person has by the target's own pipeline is not filed twice."""
    queue = ReviewQueue("sqlite://")
    target = fk.Pipeline(fk.Escalate(queue), clock=clock)(run.fn(Script(DOWN, clock=clock)))
    pipeline = fk.Pipeline(fk.Escalate(queue), fk.Route(first, desk=target), clock=clock)
    outcome = run.outcome(pipeline, str.upper, "desk")
    assert ("awaiting_review", [outcome.ticket.id]) == (outcome.status, [item.id for item in queue.search()])


def test_the_limits_around_hold_for_a_target(run):
    """35, 50: a target that hangs, plain or wrapped, is cut off in time for the rung behind."""
    for wrapped in (False, True):
        clock = FakeClock()
        target = run.fn(Script(Fault(), clock=clock))
        target = fk.Pipeline(clock=clock)(target) if wrapped else target
        rung = fk.Rung(run.fn(lambda _: "desk"), "rule", name="desk")
        chain = [fk.Deadline(10), fk.Fallback(rung, reserve=2), fk.Route(first, small=target)]
        outcome = run.outcome(fk.Pipeline(*chain, clock=clock), str.upper, "small")
        assert ("desk", 8.0) == (outcome.text, outcome.duration)
        assert ["small", "desk"] == [step.name for step in outcome.trail]


def test_a_wrapped_target_without_an_answer_has_none(run, clock):
    """None from a nested pipeline is no answer: the next rung is asked, and no attempt is charged that was not made."""
    target = fk.Pipeline(clock=clock)(run.fn(lambda _: None))
    rung = fk.Rung(run.fn(lambda _: "desk"), "rule", name="desk")
    for chain in ([fk.Route(first, small=target)], [fk.Fallback(fk.Rung(target, name="small"), rung)]):
        pipeline = fk.Pipeline(*([fk.Fallback(rung)] if len(chain[0].rungs) == 1 else []), *chain, clock=clock)
        outcome = run.outcome(pipeline, Script(DOWN, clock=clock), "small")
        assert "desk" == outcome.text
        assert ["failed", "answered"] == [step.verdict for step in outcome.trail][-2:]


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_stream_says_from_the_start_who_was_chosen(run, clock, wrapped):
    """39: what is shown while it arrives bears the target's name, as does the end."""
    script = Script(Stream("It ", Chunk("restarts.", after=1.0)), clock=clock)
    target = run.fn(script)
    route = fk.Route(first, small=fk.Pipeline(clock=clock)(target) if wrapped else target)
    working, routed, *rest = run.stream(fk.Pipeline(route, clock=clock), lambda _: "never", "small")
    assert ("working", "working", "small") == (working.status, routed.status, routed.requested)
    assert {"small"} == {outcome.requested for outcome in rest} == {step.name for each in rest for step in each.trail}
    assert ("answered", "It restarts.") == (rest[-1].status, rest[-1].text)


def test_concurrent_calls_do_not_change_one_anothers_target(run):
    """11: a hundred calls at once through one pipeline, each is answered by the target of its own choice."""
    targets = {name: run.fn(lambda chosen, name=name: f"{name} for {chosen}") for name in NAMES}
    pipeline = fk.Pipeline(fk.Route(first, **targets), fk.Retry())
    chosen = [*NAMES, None] * 25
    if run.way == "sync":
        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(lambda name: pipeline.outcome(lambda _: "itself", name), chosen))
    else:
        outcomes = run.runner.run(gathered(pipeline, run, chosen))
    assert [f"{name} for {name}" if name else "itself" for name in chosen] == [outcome.text for outcome in outcomes]
    assert [name or "ask" for name in chosen] == [outcome.served_by.name for outcome in outcomes]


async def gathered(pipeline, run, chosen):
    """Make the calls at once."""
    return await asyncio.gather(*[pipeline.aoutcome(run.fn(lambda _: "itself"), name) for name in chosen])


def test_a_failing_target_falls_back_by_its_name(run, clock):
    """The event names the target as the step that did not answer."""
    seen = []
    chain = [fk.Fallback(fk.Rung(run.fn(lambda _: "desk"), "rule", name="desk"))]
    route = fk.Route(first, small=run.fn(Script(DOWN, clock=clock)))
    pipeline = fk.Pipeline(*chain, route, fk.Retry(max_wait=0), clock=clock, observers=[seen.append])
    outcome = run.outcome(pipeline, str.upper, "small")
    assert ("degraded", ("provider.5xx",)) == (outcome.status, outcome.reasons)
    assert [("small", "desk")] == [(event.step, event.to) for event in seen if type(event) is events.FellBack]
    assert {"small"} == {event.step for event in seen if type(event) is events.AttemptFailed}


async def aask(question):
    """An async function."""
    return question


def test_what_cannot_be_chosen_from_is_refused():
    """The message names the argument, the value and the remedy."""
    with pytest.raises(
        ValueError, match=r"`targets` is empty; give Route at least one function.*Route\(choose, small="
    ):
        fk.Route(first)
    with pytest.raises(TypeError, match="`choose` must be a function, got 'small'"):
        fk.Route("small", small=str.upper)
    with pytest.raises(TypeError, match="`choose` must be a plain function that decides at once, got the async `aask`"):
        fk.Route(aask, small=str.upper)
    with pytest.raises(TypeError, match="a function is needed, got 3"):
        fk.Route(first, small=3)
    with pytest.raises(TypeError, match="`upper` is a plain function, but its target `small` is async; make both"):
        fk.Pipeline(fk.Route(first, small=aask))(str.upper)


def test_its_description_names_the_choice_and_the_targets():
    """48: in the order in which they are given, whatever they are."""
    route = fk.Route(first, b=str.upper, a=fk.Rung(str.lower, "rule", name="lowered"), choose=len)
    assert "Route(first: b, a, choose)" == route.describe()
