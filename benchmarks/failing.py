"""A call that fails twice and then succeeds, with waits of zero on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pybreaker
import tenacity

import fallbackkit as fk
from benchmarks.race import ANSWER, OUTCOME, PEER, PLAIN, VALUE, Async, Contender, Findings, Sync, Verdict, race
from benchmarks.success import STRATEGIES, asearch, search

if TYPE_CHECKING:
    from collections.abc import Callable

SLEEPLESS = f"{PEER}, its sleep replaced by nothing"
FAILURES = 2


class Flaky:
    """A function that fails twice, then answers, then begins again; each contender has its own."""

    __name__ = "model"

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, _: str) -> fk.Answer:
        self.calls += 1
        if self.calls % (FAILURES + 1):
            raise ConnectionError("the line went down")
        return ANSWER


def flaky() -> Sync:
    script = Flaky()

    def model(question: str) -> fk.Answer:
        return script(question)

    return model


def aflaky() -> Async:
    script = Flaky()

    async def model(question: str) -> fk.Answer:
        return script(question)

    return model


def in_a_loop(fn: Sync) -> Sync:
    def call(question: str) -> object:
        while True:
            try:
                return fn(question)
            except ConnectionError:
                pass

    return call


def in_an_async_loop(fn: Async) -> Async:
    async def call(question: str) -> object:
        while True:
            try:
                return await fn(question)
            except ConnectionError:
                pass

    return call


def retrying(**options: object) -> Callable[[Sync], Sync]:
    return tenacity.retry(stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_none(), reraise=True, **options)


def pipeline(rung: object) -> fk.Pipeline:
    """As on the success path; the breaker counts failures in a row, as pybreaker does, and so stays closed."""
    return fk.Pipeline(
        fk.Fallback(fk.Rung(rung, "rule")),
        fk.ConfidenceGate(0.5),
        fk.Retry(attempts=3, max_wait=0),
        fk.Validate(),
        fk.CircuitBreaker(consecutive=5),
    )


def broken() -> Sync:
    return pybreaker.CircuitBreaker(fail_max=5)(flaky())


def abroken() -> Async:
    breaker = pybreaker.CircuitBreaker(fail_max=5)
    model = aflaky()

    async def call(question: str) -> object:
        return await breaker.call(model, question)

    return call


async def no_sleep(seconds: float) -> None:
    """Stands in for asyncio.sleep."""


def sync_contenders() -> list[Contender]:
    return [
        Contender(PLAIN, "a loop around it", in_a_loop(flaky())),
        Contender("tenacity", "retry", retrying()(flaky())),
        Contender(PEER, "retry, breaker", retrying()(broken())),
        Contender(SLEEPLESS, "retry, breaker", retrying(sleep=lambda _: None)(broken())),
        Contender(VALUE, STRATEGIES, pipeline(search)(flaky())),
        Contender(OUTCOME, STRATEGIES, pipeline(search)(flaky()).outcome),
    ]


def async_contenders() -> list[Contender]:
    return [
        Contender(PLAIN, "a loop around it", in_an_async_loop(aflaky())),
        Contender("tenacity", "retry", retrying()(aflaky())),
        Contender(PEER, "retry, blind breaker", retrying()(abroken())),
        Contender(SLEEPLESS, "retry, blind breaker", retrying(sleep=no_sleep)(abroken())),
        Contender(VALUE, STRATEGIES, pipeline(asearch)(aflaky())),
        Contender(OUTCOME, STRATEGIES, pipeline(asearch)(aflaky()).outcome),
    ]


def measure(found: Findings, *, rounds: int, calls: int) -> None:
    for face, contenders in (("sync", sync_contenders()), ("async", async_contenders())):
        best = race(contenders, rounds=rounds, calls=max(1, calls // 10), aio=face == "async")
        found.tables[f"Two failures, then success, {face}"] = contenders
        found.verdicts.append(Verdict(f"{face}, two failures: value / {PEER}", best[VALUE] / best[PEER], 0.5))
