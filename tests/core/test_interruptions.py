"""10: cancellation, Ctrl-C and an abandoned call are not failures; they pass through everything."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit import _threads
from fallbackkit.review import ReviewQueue
from fallbackkit.testing import FakeClock, Script

few = settings(max_examples=40)
INTERRUPTIONS = [asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit]


def full_chain(run, clock, breaker, events, *rungs):
    """Every strategy that might be tempted to handle an interruption."""
    return fk.Pipeline(
        fk.Escalate(ReviewQueue("sqlite://")),
        fk.Deadline(60),
        fk.Fallback(*rungs),
        fk.Cache(60, stale_if_error=600),
        fk.ConfidenceGate(0.0, score=lambda _: 1.0),
        fk.Retry(attempts=5, on=lambda _: True),
        fk.Validate(),
        breaker,
        fk.Timeout(20),
        clock=clock,
        observers=[events.append],
    )


@pytest.mark.parametrize("interruption", INTERRUPTIONS)
@pytest.mark.parametrize("face", ["outcome", "value"])
def test_an_interruption_passes_through_every_strategy(run, interruption, face, clock):
    """The same object comes out; one entry, no rung, no ticket, no event, nothing counted, no permit held."""
    error = interruption("stop")
    breaker, events = fk.CircuitBreaker(min_calls=1), []
    rung = Script("rung", clock=clock)
    pipeline = full_chain(run, clock, breaker, events, run.fn(rung))
    script = Script(error, "fine", clock=clock)
    with pytest.raises(interruption) as raised:
        plain(run, face, pipeline, script)
    assert error is raised.value or (run.way != "sync" and interruption is asyncio.CancelledError)
    assert ([0.0], []) == (script.calls, rung.calls)
    assert [] == events
    assert [] == list(pipeline.strategies[0].queue.search())
    assert ("closed", 0, 0) == (breaker.state, breaker.snapshot().calls, breaker.snapshot().trials)
    assert "fine" == run.outcome(pipeline, script).text


def plain(run, face, pipeline, script):
    """Serve the call in an event loop of its own: an interruption ends the loop it happens in."""
    if run.way == "sync":
        return getattr(pipeline, "call" if face == "value" else face)(script)
    return asyncio.run(getattr(pipeline, "acall" if face == "value" else "aoutcome")(run.fn(script)))


@pytest.mark.parametrize("interruption", INTERRUPTIONS)
def test_an_interruption_passes_through_nested_pipelines(run, interruption, clock):
    """From a rung of a rung, and from a pipeline that a function calls."""
    error = interruption("stop")
    script = Script(error, clock=clock)
    inner = fk.Pipeline(fk.Deadline(9), fk.Retry(), clock=clock)(run.fn(script))
    middle = fk.Pipeline(fk.Fallback(inner, run.fn(lambda: "no")), fk.Retry(), clock=clock)
    failing = Script(ConnectionError(), clock=clock)
    pipeline = fk.Pipeline(fk.Deadline(60), fk.Fallback(middle(run.fn(failing))), clock=clock)
    with pytest.raises(interruption):
        plain(run, "outcome", pipeline, failing)
    assert 1 == len(script.calls)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interruption_by_an_observer_is_not_swallowed(run, interruption):
    """Ctrl-C may arrive while an observer runs."""

    def observer(event):
        raise interruption

    with pytest.raises(interruption):
        plain(run, "outcome", fk.Pipeline(observers=[observer]), lambda: "fine")


def test_a_half_open_breaker_is_not_left_waiting(run, clock):
    """20: an interrupted trial gives its permit back at once."""
    breaker = fk.CircuitBreaker(consecutive=1, reset_timeout=30)
    script = Script(ConnectionError(), KeyboardInterrupt(), "fine", clock=clock)
    pipeline = fk.Pipeline(breaker, clock=clock)
    plain(run, "outcome", pipeline, script)
    clock.advance(31)
    with pytest.raises(KeyboardInterrupt):
        plain(run, "outcome", pipeline, script)
    assert "fine" == plain(run, "value", pipeline, script)


class Stepped(FakeClock):
    """Every wait takes ``steps`` turns of the event loop, so that a cancellation can fall between them."""

    steps = 3

    async def asleep(self, seconds):
        for _ in range(self.steps):
            await asyncio.sleep(0)
        self.sleep(seconds)


@settings(max_examples=120)
@given(turns=st.integers(0, 60), threads=st.booleans(), seed=st.integers(0, 5))
def test_cancellation_at_any_await_leaves_nothing_behind(turns, threads, seed):
    """10: cancel after any number of turns: CancelledError comes out, no permit and no thread stays counted."""
    clock = Stepped()
    breaker, events = fk.CircuitBreaker(min_calls=99), []
    plays = (ConnectionError(), ConnectionError(), "", "fine") if seed % 2 else (ConnectionError(),) * 3

    async def main():
        way = type("Way", (), {"fn": staticmethod(lambda fn: fn if threads else fn.asynchronous)})
        rungs = [Script(play, clock=clock) for play in (ConnectionError(), "last")]
        named = [fk.Rung(way.fn(rung), "rule", name="rung") for rung in rungs]
        pipeline = full_chain(way, clock, breaker, events, *named)
        script = Script(*plays, clock=clock)
        task = asyncio.ensure_future(pipeline.aoutcome(way.fn(script)))
        for _ in range(turns):
            await asyncio.sleep(0)
        cancelled = task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled() == cancelled
        assert cancelled <= (not any(isinstance(event, fk.events.Answered) for event in events))
        assert [] == list(pipeline.strategies[0].queue.search())

    before = _threads.abandoned()
    asyncio.run(main())
    settle(before)
    snapshot = breaker.snapshot()
    assert 0 == snapshot.trials
    failed = [event for event in events if type(event) is fk.events.AttemptFailed and event.step == "script"]
    assert sum(isinstance(event.failure.error, ConnectionError) for event in failed) == snapshot.failures


def settle(before):
    """Wait for the worker threads that were given up: their functions end at once."""
    ended = threading.Event()
    for _ in range(1000):
        if _threads.abandoned() == before:
            return
        ended.wait(0.005)
    pytest.fail(f"{_threads.abandoned()} threads stay counted, {before} were")


def test_an_abandoned_coroutine_closes_quietly():
    """GeneratorExit: a call that is dropped half-way gives its permit back and complains to nobody."""
    clock = Stepped()
    breaker = fk.CircuitBreaker(consecutive=1, reset_timeout=1)
    script = Script(ConnectionError(), "fine", clock=clock)
    pipeline = fk.Pipeline(fk.Fallback(Script("rung", clock=clock).asynchronous), breaker, clock=clock)
    asyncio.run(pipeline.aoutcome(script.asynchronous))
    clock.advance(2)
    dropped = pipeline.aoutcome(script.asynchronous)

    async def begin():
        dropped.send(None)
        assert 1 == breaker.snapshot().trials
        dropped.close()
        assert 0 == breaker.snapshot().trials
        return await pipeline.acall(script.asynchronous)

    assert "fine" == asyncio.run(begin())


def test_the_callers_own_time_out_is_the_callers(clock):
    """46: ``asyncio.timeout`` around a protected call ends it as cancellation, not as a failure of the kit."""
    events = []

    async def hang():
        await asyncio.Event().wait()

    async def main():
        pipeline = fk.Pipeline(fk.Deadline(600), fk.Fallback(hang), observers=[events.append])
        with pytest.raises(TimeoutError) as raised:
            async with asyncio.timeout(0.01):
                await pipeline.aoutcome(hang)
        return raised.value

    assert not isinstance(asyncio.run(main()), fk.FallbackkitError)
    assert [] == events
