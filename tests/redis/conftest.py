from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fallbackkit.redis import RedisStore
from tests.core.conftest import _runner, clock, run  # noqa: F401 - fixtures
from tests.redis.server import PATIENCE, Server
from tests.redis.timed import TimedStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def _redis() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def server(_redis) -> Iterator[Server]:
    """An empty Redis that runs; what a test does to it is undone."""
    _redis.client.flushall()
    yield _redis
    _redis.recover()


@pytest.fixture
def connect(server) -> Iterator[Callable[..., RedisStore]]:
    """Makes stores on that Redis, each as another process would have it; slow machines get time."""
    stores = []

    def make(**options) -> RedisStore:
        stores.append(RedisStore(server.url, **{"timeout": PATIENCE, "fresh": 0.05, **options}))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def timed(server, clock) -> Iterator[Callable[..., TimedStore]]:  # noqa: F811 - a fixture
    """Makes stores whose server lives by the test's clock."""
    stores = []

    def make(**options) -> TimedStore:
        stores.append(TimedStore(server.url, clock, **options))
        return stores[-1]

    yield make
    for store in stores:
        store.close()
