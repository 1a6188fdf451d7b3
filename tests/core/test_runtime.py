"""What the two runtimes promise to the strategies, at the edges of a limit."""

from __future__ import annotations

import asyncio

import pytest

import fallbackkit as fk
from fallbackkit._call import Call
from fallbackkit._runtime import ASYNC, SYNC, Strategy, Target, drive
from fallbackkit.testing import FakeClock, Script


class Spend(Strategy):
    """Lets time pass before the function is asked."""

    innermost = True

    def __init__(self, seconds):
        self.seconds = seconds

    async def run(self, inner, call):
        call.clock.advance(self.seconds)
        return await inner(call)


@pytest.mark.parametrize(("seconds", "entered"), [(4.9, 1), (5.0, 0), (7.0, 0)])
def test_nothing_is_entered_once_the_time_is_up(run, clock, seconds, entered):
    """2: at the limit itself and past it the function is not asked, and the failure says how long there was."""
    script = Script("fine", clock=clock)
    outcome = run.outcome(fk.Pipeline(fk.Deadline(5), Spend(seconds), clock=clock), script)
    assert entered == len(script.calls)
    if not entered:
        assert ("timeout.first_byte", 5.0) == (outcome.failure.kind, outcome.failure.limit)
        assert ("skipped", ()) == (outcome.trail[0].verdict, outcome.trail[0].attempts)


def test_a_limit_is_never_negative(run, clock):
    """2: a step whose time was up before it began had no time, not less than none."""
    last = Script("last", clock=clock)
    slow = Script("late", clock=clock, takes=30)
    pipeline = fk.Pipeline(fk.Deadline(5), fk.Fallback(run.fn(last), reserve=0), Spend(9), clock=clock)
    outcome = run.outcome(pipeline, slow)
    assert [5.0, 0.0] == [step.failure.limit for step in outcome.trail]


@pytest.mark.parametrize(("left", "asked", "expected"), [(5, 2, 2), (2, 5, 2), (0.25, 5, 0.25), (-1, 5, 0)])
def test_a_wait_ends_with_the_call(left, asked, expected):
    """2: nobody waits longer than asked for, nor past the limit of the call, nor at all once it has passed."""
    for runtime in (SYNC, ASYNC):
        clock = FakeClock()
        call = Call(Target(str), (), {}, runtime, fk.Pipeline(clock=clock))
        call.until = clock.now() + left

        async def wait(runtime=runtime, call=call):
            return await runtime.wait(call, runtime.waiter(), asked)

        assert not (drive(wait()) if runtime is SYNC else asyncio.run(wait()))
        assert expected == clock.now()


def test_a_wait_past_the_limit_is_none_on_the_real_clock_either():
    """2: a lock that is given a negative time waits for ever."""
    for runtime in (SYNC, ASYNC):
        call = Call(Target(str), (), {}, runtime, fk.Pipeline())
        call.until = call.clock.now() - 1

        async def wait(runtime=runtime, call=call):
            return await runtime.wait(call, runtime.waiter())

        assert not (drive(wait()) if runtime is SYNC else asyncio.run(wait()))


class Yields:
    """Called like a function, and yields."""

    def __call__(self):
        yield "a"
        yield "b"


class YieldsAsync:
    """The same, async."""

    async def __call__(self):
        yield "a"
        yield "b"


def test_objects_that_are_called_like_generator_functions_are_known():
    """They stream, and the async one needs an event loop."""
    assert (True, False) == (Target(Yields()).generates, Target(Yields()).is_async)
    assert (True, True) == (Target(YieldsAsync()).generates, Target(YieldsAsync()).is_async)
    assert (False, False) == (Target(str).generates, Target(str).is_async)
    assert "ab" == fk.Pipeline().outcome(Yields()).text

    async def last():
        return [outcome async for outcome in fk.Pipeline().astream(YieldsAsync())][-1].text

    assert "ab" == asyncio.run(last())


def test_the_first_async_rung_is_named():
    """The message names one that has to change, the first."""

    async def one(): ...

    async def two(): ...

    with pytest.raises(TypeError, match="`one`"):
        fk.Pipeline(fk.Fallback(one, two))(str)


def test_kind_of_a_fallback_that_names_a_model(run):
    """33: only one of unknown kind is taken for a smaller model, and only if its answer names a model."""
    for kind, model, expected in [
        ("other", "m", "smaller_model"),
        ("other", None, "other"),
        ("rule", "m", "rule"),
        ("search", None, "search"),
    ]:
        answer = fk.Answer(text="fine", model=model)
        pipeline = fk.Pipeline(fk.Fallback(fk.Rung(run.fn(lambda answer=answer: answer), kind, name="rung")))
        outcome = run.outcome(pipeline, Script(fk.CannotAnswer("retrieval.none"), clock=FakeClock()))
        assert expected == outcome.served_by.kind


def test_a_step_begins_without_a_wait(run, clock):
    """33: what one step waited is not told of the next."""
    rung = run.fn(Script("fine", clock=clock))
    flaky = Script(ConnectionError(), clock=clock)
    outcome = run.outcome(fk.Pipeline(fk.Fallback(rung), fk.Retry(attempts=2), clock=clock), flaky)
    assert 0.0 < outcome.trail[0].attempts[1].waited
    assert [0.0, 0.0] == [outcome.trail[0].attempts[0].waited, outcome.trail[1].attempts[0].waited]
