from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING

import pytest

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
        if self.way != "async":
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
