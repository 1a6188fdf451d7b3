from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from fallbackkit.review import ReviewQueue
from fallbackkit.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def clock() -> FakeClock:
    """A clock that moves when told to."""
    return FakeClock()


@pytest.fixture(params=["memory", "file"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A queue's place, in memory and in a file."""
    return "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path / 'reviews.db'}"


@pytest.fixture
def open_queue(url: str, clock: FakeClock) -> Iterator[Callable[..., ReviewQueue]]:
    """Makes queues at that place, with a lease of 60 s."""
    with contextlib.ExitStack() as stack:

        def opened(**options: object) -> ReviewQueue:
            queue = ReviewQueue(url, lease=60, clock=clock, **options)
            stack.callback(queue.close)
            return queue

        yield opened


@pytest.fixture
def queue(open_queue: Callable[..., ReviewQueue]) -> ReviewQueue:
    """A queue with a lease of 60 s and no limits."""
    return open_queue()
