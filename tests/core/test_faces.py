"""The faces of a pipeline: decorator, call, outcome; values and errors as the function's own."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
from unittest.mock import Mock

import pytest

import fallbackkit as fk
from fallbackkit.testing import FakeClock, Fault, Script


class Desk:
    """A class with protected methods."""

    def __init__(self, name):
        self.name = name

    @fk.Pipeline()
    def ask(self, question):
        """Ask this desk."""
        return f"{self.name}: {question}"

    @fk.Pipeline()
    async def aask(self, question):
        """Ask this desk, asynchronously."""
        return f"{self.name}: {question}"

    @staticmethod
    @fk.Pipeline()
    def free(question):
        return question


def test_methods_are_bound_to_their_instance():
    """A protected method knows its instance, in both faces and kinds, and the class shows the plain one."""
    north, south = Desk("north"), Desk("south")
    assert ("north: ?", "south: ?") == (north.ask("?"), south.ask("?"))
    assert "south: ?" == south.ask.outcome("?").text
    assert "north: ?" == Desk.ask(north, "?")
    assert "north: ?" == asyncio.run(north.aask("?"))
    assert "south: ?" == asyncio.run(south.aask.outcome("?")).text
    assert "?" == north.free("?") == Desk.free("?")
    assert Desk.ask.pipeline is north.ask.pipeline


def test_the_wrapped_function_keeps_its_face():
    """Name, docstring and signature are the function's own."""
    assert ("ask", "Ask this desk.") == (Desk.ask.__name__, Desk.ask.__doc__)
    assert ["self", "question"] == list(inspect.signature(Desk.ask).parameters)


@pytest.mark.parametrize(
    ("fn", "name"),
    [
        (str.upper, "upper"),
        (functools.partial(functools.partial(str.replace), "a"), "replace"),
        (lambda question: question, "ask"),
        (Desk("x"), "Desk"),
    ],
)
def test_outcomes_are_named_after_the_function(fn, name):
    """Whatever is callable has a name; the pipeline's own comes first."""
    if isinstance(fn, Desk):
        fn = Mock(spec=fn)
        name = "Mock"
    assert name == fk.Pipeline().outcome(fn, "a").name
    assert "given" == fk.Pipeline(name="given").outcome(fn, "a").name


def test_partials_and_callable_objects_know_whether_they_are_async():
    """An async function stays one inside a partial and as ``__call__``."""

    class Asks:
        async def __call__(self, question):
            return question

    async def ask(prefix, question):
        return prefix + question

    for fn in (Asks(), functools.partial(ask, ""), Desk("d").aask):
        wrapped = fk.Pipeline()(fn)
        assert isinstance(wrapped, fk.AsyncProtected)
        assert asyncio.run(wrapped("q")).endswith("q")


@pytest.mark.parametrize(
    "error", [KeyError("k"), StopIteration("s"), StopAsyncIteration(), TimeoutError(), ExceptionGroup("g", [OSError()])]
)
def test_the_error_is_the_same_object(run, error, clock):
    """8, 9: what is not retried surfaces after one call, the same object, not chained to anything new."""
    script = Script(error, clock=clock)
    chain = [fk.Deadline(9), fk.Retry(attempts=3, on=fk.FailureKind.RATE_SHARED), fk.Validate(), fk.Timeout(5)]
    if run.way == "async" and isinstance(error, StopIteration):
        return  # no async function can raise it
    for pipeline in (fk.Pipeline(clock=clock), fk.Pipeline(*chain, clock=clock)):
        script.calls.clear()
        outcome = run.outcome(pipeline, script)
        assert error is outcome.failure.error
        assert 1 == len(script.calls)
        if run.way != "sync" and isinstance(error, StopIteration):
            continue  # no coroutine can raise it
        with pytest.raises(type(error)) as raised:
            run.value(pipeline, script)
        assert error is raised.value
        assert error.__cause__ is None


def test_the_error_is_that_of_the_last_attempt(run, clock):
    """8: three different errors: the last one is raised, all are listed in order."""
    errors = [ConnectionError("1"), ConnectionError("2"), ConnectionError("3")]
    script = Script(*errors, clock=clock)
    pipeline = fk.Pipeline(fk.Retry(attempts=3), clock=clock)
    with pytest.raises(ConnectionError) as raised:
        run.value(pipeline, script)
    assert errors[2] is raised.value
    script.calls.clear()
    (step,) = run.outcome(pipeline, script).trail
    assert errors == [attempt.failure.error for attempt in step.attempts]


def test_bad_answers_are_listed_like_errors(run, clock):
    """8: an attempt that gave an unusable answer did not answer, and its entry says why."""
    script = Script("", "<html>", fk.Answer(text="half", finish_reason="length"), clock=clock)
    events = []
    pipeline = fk.Pipeline(fk.Retry(attempts=3), fk.Validate(), clock=clock, observers=[events.append])
    outcome = run.outcome(pipeline, script)
    kinds = ["output.empty", "provider.5xx", "output.truncated"]
    assert kinds == [attempt.failure.kind for attempt in outcome.trail[0].attempts]
    assert kinds == [event.failure.kind for event in events if type(event) is fk.events.AttemptFailed]


def test_value_face_gives_the_same_object(run):
    """32: whatever the function returns comes back untouched."""
    value = {"choices": object()}
    assert value is run.value(fk.Pipeline(fk.Retry(), fk.CircuitBreaker()), lambda: value)
    assert value is run.outcome(fk.Pipeline(fk.Retry()), lambda: value).value


def test_exhausted_fallbacks_list_every_error_in_order(run, clock):
    """34: one error for all, holding the last error of each rung, the same objects, in order."""
    errors = [ConnectionError("primary"), ValueError("first"), KeyError("second")]
    first, second = (Script(error, clock=clock) for error in errors[1:])
    pipeline = fk.Pipeline(fk.Fallback(run.fn(first), run.fn(second)), clock=clock)
    with pytest.raises(fk.FallbackExhausted) as raised:
        run.value(pipeline, Script(errors[0], clock=clock))
    assert errors == list(raised.value.exceptions)
    failure = run.outcome(pipeline, Script(errors[0], clock=clock)).failure
    assert errors == [step.error for step in failure.steps]
    assert isinstance(raised.value.split(KeyError)[0], fk.FallbackExhausted)


def test_a_coroutine_that_nobody_can_await_is_an_error_and_closed():
    """A plain function that returns a coroutine is async in disguise: said so, and nothing left un-awaited."""

    async def ask(question):
        return question

    pipeline = fk.Pipeline()
    for disguised in (lambda question: ask(question), Mock(side_effect=ask)):  # noqa: PLW0108 - it hides that ask is async
        with pytest.raises(TypeError, match=r"returned a coroutine.*`await pipeline.acall\(…\)`"):
            pipeline.call(disguised, "?")
        assert "fine" == fk.Pipeline(fk.Fallback(lambda _: "fine")).call(disguised, "?")
        assert "?" == asyncio.run(pipeline.acall(disguised, "?"))
    gc.collect()


def test_a_mock_can_stand_for_a_rung():
    """A Mock has every attribute one looks for; as a rung it is just called."""
    backup = Mock(return_value="from the mock")
    pipeline = fk.Pipeline(fk.Fallback(backup))
    assert "from the mock" == pipeline.call(Script(Fault(kind="provider.5xx"), clock=FakeClock()), "?")
    backup.assert_called_once_with("?")


def test_a_call_ends_under_the_configuration_it_started_with(run, clock):
    """47: a pipeline that is exchanged during a call serves the next call, not this one."""
    old = fk.Pipeline(fk.Fallback(run.fn(lambda: "old")), prompt_version="1", variant="a", clock=clock)
    new = fk.Pipeline(fk.Fallback(run.fn(lambda: "new")), prompt_version="2", variant="b", clock=clock)

    def swap():
        ask.pipeline = new
        raise ConnectionError

    ask = old(run.fn(swap))

    def outcome():
        return ask.outcome() if run.way != "async" else run.runner.run(ask.outcome())

    assert ("old", "1", "a") == ((first := outcome()).text, first.prompt_version, first.variant)
    assert ("new", "2", "b") == ((second := outcome()).text, second.prompt_version, second.variant)


def test_arguments_pass_untouched(run):
    """Positional and keyword arguments reach the function and the rung as they were given."""
    seen = []

    def ask(*args, **kwargs):
        seen.append((args, kwargs))
        raise ConnectionError

    run.outcome(fk.Pipeline(fk.Fallback(run.fn(ask))), ask, 1, [2], key={"a": 3})
    assert [((1, [2]), {"key": {"a": 3}})] * 2 == seen
