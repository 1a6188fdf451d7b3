from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import time
from typing import TYPE_CHECKING

import pytest

from fallbackkit import _threads
from fallbackkit.testing import FakeClock, Script

if TYPE_CHECKING:
    from collections.abc import Iterator


class Run:
    """One way to serve a call: ``sync``, ``async``, or ``threads`` (plain functions under the async face)."""

    def __init__(self, way, runner):
        self.way = way
        self.runner = runner

    def __repr__(self):
        return f"<{self.way}>"

    def fn(self, fn):
        """A function, or a Script, in the form that this way serves."""
        if self.way != "async" or inspect.isasyncgenfunction(fn):
            return fn
        if isinstance(fn, Script):
            return fn.asynchronous

        @functools.wraps(fn)
        async def asynchronous(*args, **kwargs):
            return fn(*args, **kwargs)

        return asynchronous

    def outcome(self, pipeline, fn, *args, **kwargs):
        """The Outcome of one call."""
        if self.way == "sync":
            return pipeline.outcome(fn, *args, **kwargs)
        return self.runner.run(pipeline.aoutcome(self.fn(fn), *args, **kwargs))

    def value(self, pipeline, fn, *args, **kwargs):
        """What the value face gives or raises."""
        if self.way == "sync":
            return pipeline.call(fn, *args, **kwargs)
        return self.runner.run(pipeline.acall(self.fn(fn), *args, **kwargs))

    def stream(self, pipeline, fn, *args, look=lambda outcome: None, most=None):
        """The Outcomes of the stream face, each looked at as it comes; abandoned after ``most`` of them."""
        if self.way != "sync":
            return self.runner.run(self._astream(pipeline, fn, *args, look=look, most=most))
        seen = []
        with contextlib.closing(pipeline.stream(fn, *args)) as outcomes:
            for outcome in outcomes:
                seen.append(outcome)
                look(outcome)
                if len(seen) == most:
                    break
        return seen

    async def _astream(self, pipeline, fn, *args, look, most):
        seen = []
        async with contextlib.aclosing(pipeline.astream(self.fn(fn), *args)) as outcomes:
            async for outcome in outcomes:
                seen.append(outcome)
                look(outcome)
                if len(seen) == most:
                    break
        return seen


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """No test leaves a hung call behind, which others would count."""
    yield
    until = time.monotonic() + 10
    while _threads.abandoned():
        assert time.monotonic() < until, f"{_threads.abandoned()} calls still hang"
        time.sleep(0.001)


@pytest.fixture(scope="session")
def _runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="session", params=["sync", "async", "threads"])
def run(request, _runner) -> Run:
    """Every behaviour is tested in each of the three ways."""
    return Run(request.param, _runner)


@pytest.fixture
def clock() -> FakeClock:
    """A clock at 0."""
    return FakeClock()
