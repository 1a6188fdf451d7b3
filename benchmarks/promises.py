"""What a call may not do: queue behind a lock, outlast its deadline, weigh much, or be slow to import."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import fallbackkit as fk
from benchmarks.race import ANSWER, QUESTION, Findings, Verdict, model, spent
from benchmarks.success import pipeline

if TYPE_CHECKING:
    from collections.abc import Callable

IMPORTS = (
    ("import fallbackkit", "import tenacity, pybreaker, pydantic"),
    ("from fallbackkit import protect", "import tenacity, pybreaker; from pydantic import BaseModel"),
)
FEW, MANY = 10, 10_000
WINDOW = 3600.0


def crowd() -> Verdict:
    """64 threads through one breaker: nothing may queue behind a lock."""

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
        return Verdict("64 threads at once through one breaker, a call of 0.1 s", time.perf_counter() - start, 0.2, "s")


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
    what = "a hung function under Deadline(1)"
    try:
        return [
            Verdict(f"sync: {what}", took(lambda: ask.outcome(QUESTION)), 1.1, "s"),
            Verdict(f"async: {what}", took(lambda: asyncio.run(aask.outcome(QUESTION))), 1.1, "s"),
        ]
    finally:
        never.set()


def window(rounds: int) -> Verdict:
    """A breaker with ten calls in its window beside one with ten thousand, fresh ones in each round."""

    def ten_more_after(seen: int) -> float:
        call = fk.Pipeline(fk.CircuitBreaker(min_calls=seen, window=WINDOW))(model)
        spent(call, seen)
        return spent(call, FEW)

    pairs = [(ten_more_after(FEW), ten_more_after(MANY)) for _ in range(rounds)]
    few, many = (min(column) for column in zip(*pairs, strict=True))
    return Verdict(f"a call through a breaker that has seen {MANY:,} calls / {FEW} calls", many / few, 1.2)


def imports(ours: str, plain: str, times: int = 15) -> Verdict:
    """Fresh interpreters, taking turns."""

    def took(statement: str) -> float:
        code = f"import time; start = time.perf_counter()\n{statement}\nprint(time.perf_counter() - start)"
        return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)

    pairs = [(took(ours), took(plain)) for _ in range(times + 1)][1:]
    here, there = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Verdict(f"`{ours}` {here * 1e3:.0f} ms / `{plain}` {there * 1e3:.0f} ms", here / there, 1.3)


def measure(found: Findings, *, rounds: int, calls: int) -> None:
    found.verdicts += [window(rounds), crowd(), *hung(), *(imports(*pair) for pair in IMPORTS)]
