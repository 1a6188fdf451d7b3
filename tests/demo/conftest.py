from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from demo.corpus import Manual
from demo.manual import Assistant
from fallbackkit.review import ReviewQueue

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def manual() -> Manual:
    """The searchable manual."""
    return Manual()


@pytest.fixture(scope="module")
def loaded() -> Iterator[Assistant]:
    """The assistant on the real model, started once a module."""
    assistant = Assistant(ReviewQueue("sqlite://"))
    assistant.warm_up()
    yield assistant
    assistant.close()
    assistant.queue.close()
    gc.collect()


@pytest.fixture
def assistant(loaded: Assistant) -> Iterator[Assistant]:
    """The same, healthy, with a closed breaker and nobody waiting."""
    loaded.outage.mode = "healthy"
    loaded.breaker.reset()
    for item in loaded.queue.search(state="pending"):
        loaded.queue.cancel(item.id)
    yield loaded
    loaded.outage.mode = "healthy"
