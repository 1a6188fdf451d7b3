"""A call that succeeds at once: the wrapper and nothing else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import interlock
import pybreaker
import pyresilience
import redress
import redress.strategies
import stamina
import tenacity

import fallbackkit as fk
from benchmarks.race import (
    ANSWER,
    OUTCOME,
    PEER,
    PLAIN,
    VALUE,
    Contender,
    Findings,
    Sync,
    Verdict,
    amodel,
    model,
    race,
)

if TYPE_CHECKING:
    from collections.abc import Callable

DEADLINE = f"{OUTCOME}, Deadline(20)"
TIMEOUT = f"{VALUE}, Timeout(8)"
ALONE = "asyncio.timeout alone"
QUICKEST = ("redress", "interlock-cb")
STRATEGIES = "Fallback, ConfidenceGate, Retry, Validate, CircuitBreaker"


def search(question: str) -> fk.Answer:
    return ANSWER


async def asearch(question: str) -> fk.Answer:
    return ANSWER


def pipeline(*outer: object, rung: object = search, inner: tuple[object, ...] = ()) -> fk.Pipeline:
    return fk.Pipeline(
        *outer,
        fk.Fallback(fk.Rung(rung, "rule")),
        fk.ConfidenceGate(0.5),
        fk.Retry(attempts=3),
        fk.Validate(),
        fk.CircuitBreaker(),
        *inner,
    )


def retrying() -> Callable[[Sync], Sync]:
    return tenacity.retry(
        stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_random_exponential(max=30), reraise=True
    )


def policy(kind: type, retry: type) -> redress.Policy:
    return kind(
        retry=retry(
            classifier=redress.default_classifier,
            strategy=redress.strategies.decorrelated_jitter(max_s=30),
            max_attempts=3,
        ),
        circuit_breaker=redress.CircuitBreaker(),
    )


def interlocked() -> interlock.Pipeline:
    breaker = interlock.CircuitBreaker(name="model")
    return interlock.Pipeline.builder().retry(attempts=3).circuit_breaker(breaker).build()


def resilient() -> Callable[[Sync], Sync]:
    return pyresilience.resilient(
        retry=pyresilience.RetryConfig(max_attempts=3), circuit_breaker=pyresilience.CircuitBreakerConfig()
    )


def sync_contenders() -> list[Contender]:
    breaker = pybreaker.CircuitBreaker(fail_max=5)
    guarded = policy(redress.Policy, redress.Retry)
    return [
        Contender(PLAIN, "", model),
        Contender("tenacity", "retry", retrying()(model)),
        Contender("pybreaker", "breaker", pybreaker.CircuitBreaker(fail_max=5)(model)),
        Contender("stamina", "retry", stamina.retry(on=Exception, attempts=3, timeout=None)(model)),
        Contender(PEER, "retry, breaker", retrying()(breaker(model))),
        Contender("interlock-cb", "retry, breaker", interlocked()(model)),
        Contender("redress", "retry, breaker, its deadline", lambda question: guarded.call(lambda: model(question))),
        Contender("pyresilience", "retry, breaker", resilient()(model)),
        Contender(VALUE, STRATEGIES, pipeline()(model)),
        Contender(OUTCOME, STRATEGIES, pipeline()(model).outcome),
        Contender(DEADLINE, f"Deadline, {STRATEGIES}", pipeline(fk.Deadline(20))(model).outcome),
    ]


def async_contenders() -> list[Contender]:
    breaker = pybreaker.CircuitBreaker(fail_max=5)
    guarded = policy(redress.AsyncPolicy, redress.AsyncRetry)

    async def broken(question: str) -> object:
        return await breaker.call(amodel, question)

    async def limited(question: str) -> object:
        async with asyncio.timeout(8):
            return await amodel(question)

    async def redressed(question: str) -> object:
        return await guarded.call(lambda: amodel(question))

    ours = pipeline(rung=asearch)
    return [
        Contender(PLAIN, "", amodel),
        Contender("tenacity", "retry", retrying()(amodel)),
        Contender("pybreaker", "breaker; blind to what an async function raises", broken),
        Contender("stamina", "retry", stamina.retry(on=Exception, attempts=3, timeout=None)(amodel)),
        Contender(PEER, "retry, breaker as above", retrying()(broken)),
        Contender("interlock-cb", "retry, breaker", interlocked()(amodel)),
        Contender("redress", "retry, breaker, its deadline", redressed),
        Contender("pyresilience", "retry, breaker", resilient()(amodel)),
        Contender(ALONE, "time limit", limited),
        Contender(VALUE, STRATEGIES, ours(amodel)),
        Contender(OUTCOME, STRATEGIES, pipeline(rung=asearch)(amodel).outcome),
        Contender(TIMEOUT, f"{STRATEGIES}, Timeout", pipeline(rung=asearch, inner=(fk.Timeout(8),))(amodel)),
        Contender(DEADLINE, f"Deadline, {STRATEGIES}", pipeline(fk.Deadline(20), rung=asearch)(amodel).outcome),
    ]


def measure(found: Findings, *, rounds: int, calls: int) -> None:
    best = {}
    for face, contenders in (("sync", sync_contenders()), ("async", async_contenders())):
        best = race(contenders, rounds=rounds, calls=calls, aio=face == "async")
        found.tables[f"Success, {face}"] = contenders
        found.verdicts += [
            Verdict(f"{face}: value / {PEER}", best[VALUE] / best[PEER], 0.3),
            Verdict(f"{face}: Outcome / {PEER}", best[OUTCOME] / best[PEER], 0.6),
            *(Verdict(f"{face}: value / {other}", best[VALUE] / best[other], 1.0) for other in QUICKEST),
        ]
    limited = best[TIMEOUT] / (best[ALONE] + best[VALUE])
    found.verdicts.append(Verdict(f"async: value with Timeout / ({ALONE} + value without)", limited, 1.5))
