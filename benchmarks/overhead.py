"""What a wrapped call costs on the success path, beside other libraries; and what the time limits keep.

Every contender wraps the same function, which returns a ready-made answer: what is left is the
wrapper. Contenders take turns in rounds, in a new order each round, in one process, so that a
busy machine slows all of them; the best round counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

import interlock
import pybreaker
import pyresilience
import redress
import redress.strategies
import stamina
import tenacity

import fallbackkit as fk

Sync = Callable[[str], object]
Async = Callable[[str], Awaitable[object]]

ANSWER = fk.Answer(text="Five days a year.", score=0.9, score_basis="measured")
QUESTION = "How many days of leave do I get?"
PLAIN = "the plain call"
PEER = "tenacity(pybreaker)"
OURS = "fallbackkit"
VALUE = f"{OURS}, value"
OUTCOME = f"{OURS}, Outcome"
DEADLINE = f"{OURS}, Outcome, Deadline(20)"
TIMEOUT = f"{OURS}, value, Timeout(8)"
ALONE = "asyncio.timeout alone"
STRATEGIES = "Fallback, ConfidenceGate, Validate, Retry, CircuitBreaker"
PACKAGES = ("tenacity", "pybreaker", "stamina", "interlock-cb", "redress", "pyresilience", "pydantic")

MARK = "<!-- figures -->"
IMPORTS = (
    ("import fallbackkit", "import tenacity, pybreaker, pydantic"),
    ("from fallbackkit import protect", "import tenacity, pybreaker; from pydantic import BaseModel"),
)


def model(question: str) -> fk.Answer:
    return ANSWER


async def amodel(question: str) -> fk.Answer:
    return ANSWER


def search(question: str) -> fk.Answer:
    return ANSWER


async def asearch(question: str) -> fk.Answer:
    return ANSWER


@dataclass
class Contender:
    """One way of wrapping; ``rounds`` holds seconds a call, one figure a round."""

    name: str
    on: str
    call: Callable[[str], object]
    rounds: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        return min(self.rounds)


@dataclass(frozen=True)
class Verdict:
    """A figure beside what it has to stay under."""

    what: str
    got: float
    limit: float
    unit: str

    @property
    def met(self) -> bool:
        return self.got <= self.limit


def pipeline(*outer: object, rung: object = search, inner: tuple[object, ...] = ()) -> fk.Pipeline:
    return fk.Pipeline(
        *outer,
        fk.Fallback(rung),
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


def spent(call: Sync, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        call(QUESTION)
    return (time.perf_counter() - start) / calls


async def aspent(call: Async, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        await call(QUESTION)
    return (time.perf_counter() - start) / calls


def check(contenders: list[Contender], *, aio: bool) -> None:
    """Nobody takes part who does not hand over the answer."""
    for contender in contenders:
        got = contender.call(QUESTION)
        got = asyncio.run(got) if aio else got
        answer = got.answer if isinstance(got, fk.Outcome) else got
        if answer != ANSWER:
            sys.exit(f"{contender.name} does not answer: {got}")


def race(contenders: list[Contender], *, rounds: int, calls: int, aio: bool) -> None:
    """Fill in each contender's rounds; the first one warms up and is forgotten."""
    check(contenders, aio=aio)
    rng = random.Random(0)
    with asyncio.Runner() as runner:
        for turn in range(rounds + 1):
            for contender in rng.sample(contenders, len(contenders)):
                took = runner.run(aspent(contender.call, calls)) if aio else spent(contender.call, calls)
                if turn:
                    contender.rounds.append(took)


def by_name(contenders: list[Contender]) -> dict[str, float]:
    return {contender.name: contender.best for contender in contenders}


def call_targets(sync: list[Contender], aio: list[Contender]) -> list[Verdict]:
    found = []
    for face, contenders in (("sync", sync), ("async", aio)):
        best = by_name(contenders)
        found += [
            Verdict(f"{face}: value / {PEER}", best[VALUE] / best[PEER], 0.4, "×"),
            Verdict(f"{face}: Outcome / {PEER}", best[OUTCOME] / best[PEER], 0.8, "×"),
        ]
    best = by_name(aio)
    limited = best[TIMEOUT] / (best[ALONE] + best[VALUE])
    return [*found, Verdict(f"async: value with Timeout / ({ALONE} + value without)", limited, 1.5, "×")]


def crowd() -> Verdict:
    """64 threads through one pipeline: nothing may queue behind a lock."""

    def slow(question: str) -> fk.Answer:
        time.sleep(0.1)
        return ANSWER

    ask = pipeline()(slow)
    gate = threading.Barrier(65)

    def one() -> None:
        gate.wait()
        ask(QUESTION)

    with ThreadPoolExecutor(64) as threads:
        calls = [threads.submit(one) for _ in range(64)]
        gate.wait()
        start = time.perf_counter()
        for call in calls:
            call.result()
        return Verdict("64 threads at once, a call of 0.1 s", time.perf_counter() - start, 0.2, "s")


def hung() -> list[Verdict]:
    """A function that never returns, under a deadline of one second."""
    never = threading.Event()

    def hang(question: str) -> fk.Answer:
        never.wait()
        return ANSWER

    async def ahang(question: str) -> fk.Answer:
        await asyncio.Event().wait()
        return ANSWER

    def took(call: Callable[[], fk.Outcome]) -> float:
        start = time.perf_counter()
        outcome = call()
        end = time.perf_counter()
        if outcome.status != "unavailable":
            sys.exit(f"A hung function ended as {outcome.status}")
        return end - start

    ask, aask = fk.Pipeline(fk.Deadline(1))(hang), fk.Pipeline(fk.Deadline(1))(ahang)
    try:
        return [
            Verdict("sync: a hung function under Deadline(1)", took(lambda: ask.outcome(QUESTION)), 1.1, "s"),
            Verdict(
                "async: a hung function under Deadline(1)", took(lambda: asyncio.run(aask.outcome(QUESTION))), 1.1, "s"
            ),
        ]
    finally:
        never.set()


def imports(ours: str, plain: str, times: int = 15) -> Verdict:
    """Fresh interpreters, taking turns."""

    def took(statement: str) -> float:
        code = f"import time; start = time.perf_counter()\n{statement}\nprint(time.perf_counter() - start)"
        return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)

    pairs = [(took(ours), took(plain)) for _ in range(times + 1)][1:]
    here, there = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Verdict(f"`{ours}` {here * 1e3:.0f} ms / `{plain}` {there * 1e3:.0f} ms", here / there, 1.3, "×")


def calls_table(title: str, contenders: list[Contender]) -> str:
    best = by_name(contenders)
    lines = [
        f"### {title}",
        "",
        f"| wrapped by | what is on | best, µs | median, µs | × plain | × {PEER} |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {one.name} | {one.on} | {one.best * 1e6:.2f} | {statistics.median(one.rounds) * 1e6:.2f} "
        f"| {one.best / best[PLAIN]:.0f} | {one.best / best[PEER]:.2f} |"
        for one in contenders
    ]
    return "\n".join(lines)


def targets_table(verdicts: list[Verdict]) -> str:
    lines = ["### To reach", "", "| what | got | at most | |", "| --- | ---: | ---: | --- |"]
    lines += [
        f"| {one.what} | {one.got:.2f} {one.unit} | {one.limit} {one.unit} | {'met' if one.met else '**missed**'} |"
        for one in verdicts
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=80, help="rounds of every contender (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=500, help="calls in a round (default: %(default)s)")
    parser.add_argument("--into", type=Path, help=f"a Markdown file: replace what follows `{MARK}` with the tables")
    parser.add_argument("--json", action="store_true", help="print every figure as JSON, times in seconds")
    chosen = parser.parse_args()

    sync, aio = sync_contenders(), async_contenders()
    race(sync, rounds=chosen.rounds, calls=chosen.calls, aio=False)
    race(aio, rounds=chosen.rounds, calls=chosen.calls, aio=True)
    verdicts = [*call_targets(sync, aio), crowd(), *hung(), *(imports(*pair) for pair in IMPORTS)]
    about = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
    if chosen.json:
        figures = {
            "sync": {one.name: one.rounds for one in sync},
            "async": {one.name: one.rounds for one in aio},
            "targets": [asdict(one) | {"met": one.met} for one in verdicts],
            "versions": about,
        }
        print(json.dumps(figures, indent=2))
        return
    versions = ", ".join(f"{name} {number}" for name, number in about.items())
    tables = "\n\n".join([versions, calls_table("Sync", sync), calls_table("Async", aio), targets_table(verdicts)])
    print(tables)
    if chosen.into:
        page = chosen.into.read_text(encoding="utf-8").partition(MARK)[0]
        chosen.into.write_text(f"{page}{MARK}\n\n{tables}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
