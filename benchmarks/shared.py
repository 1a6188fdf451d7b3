"""What a breaker shared through a healthy Redis on this machine adds to a call."""

from __future__ import annotations

import time

import fallbackkit as fk
from benchmarks.race import QUESTION, Findings, Sync, Verdict, model
from fallbackkit.redis import RedisStore
from tests.redis.server import Server

CALLS = 5000
WARM_UP = 200
PAUSE = 0.0005  # between calls, as long as no real call would take
EVERY_TIME = 1e-6
P99 = CALLS * 99 // 100


def durations(calls: dict[str, Sync]) -> dict[str, list[float]]:
    """Seconds of each call, sorted; the contenders take turns call by call."""
    took: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(WARM_UP + CALLS):
        for name, call in calls.items():
            start = time.perf_counter()
            call(QUESTION)
            if turn >= WARM_UP:
                took[name].append(time.perf_counter() - start)
        time.sleep(PAUSE)
    return {name: sorted(each) for name, each in took.items()}


def measure(found: Findings, *, rounds: int, calls: int) -> None:
    with Server() as server:
        stores = {"as it is": RedisStore(server.url), "asked every time": RedisStore(server.url, fresh=EVERY_TIME)}
        shared = {name: fk.CircuitBreaker(store=store, name=name) for name, store in stores.items()}
        breakers = {"its own": fk.CircuitBreaker(), **shared}
        took = durations({name: fk.Pipeline(breaker)(model) for name, breaker in breakers.items()})
        for store in stores.values():
            store.close()
    own = took["its own"][P99]
    found.verdicts += [
        Verdict(
            f"p99 above a breaker of its own: shared through Redis, {name}", (took[name][P99] - own) * 1e3, 0.3, "ms"
        )
        for name in stores
    ]
