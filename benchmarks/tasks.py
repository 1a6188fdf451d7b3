"""Ten thousand async calls under way at once, beside ten thousand plain tasks."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc

import fallbackkit as fk
from benchmarks.race import ANSWER, QUESTION, Async, Findings, Verdict
from benchmarks.success import asearch, pipeline

TASKS = 10_000


class Crossing:
    """A function that everybody enters and nobody leaves before the gate opens."""

    def __init__(self) -> None:
        self.inside = 0
        self.full = asyncio.Event()
        self.gate = asyncio.Event()

    async def model(self, _: str) -> fk.Answer:
        self.inside += 1
        if self.inside == TASKS:
            self.full.set()
        await self.gate.wait()
        return ANSWER


async def cross(*, wrapped: bool, limited: bool) -> tuple[float, int]:
    """Seconds until all have come back; bytes allocated while all are inside, if tracemalloc runs."""
    crossing = Crossing()
    inner = (fk.Timeout(60),) if limited else ()
    call: Async = pipeline(rung=asearch, inner=inner)(crossing.model).outcome if wrapped else crossing.model
    before = tracemalloc.get_traced_memory()[0]
    start = time.perf_counter()
    tasks = [asyncio.create_task(call(QUESTION)) for _ in range(TASKS)]
    await crossing.full.wait()
    under_way = tracemalloc.get_traced_memory()[0] - before
    crossing.gate.set()
    for task in tasks:
        await task
    return time.perf_counter() - start, under_way


def seconds(*, wrapped: bool, limited: bool = False) -> float:
    return min(asyncio.run(cross(wrapped=wrapped, limited=limited))[0] for _ in range(3))


def kilobytes(*, wrapped: bool, limited: bool = False) -> float:
    gc.collect()
    tracemalloc.start()
    try:
        return asyncio.run(cross(wrapped=wrapped, limited=limited))[1] / TASKS / 1e3
    finally:
        tracemalloc.stop()


def measure(found: Findings, *, rounds: int, calls: int) -> None:
    plain, weight = seconds(wrapped=False), kilobytes(wrapped=False)
    for what, limited in (("", False), (", with Timeout", True)):
        over = seconds(wrapped=True, limited=limited) - plain
        more = kilobytes(wrapped=True, limited=limited) - weight
        found.verdicts += [
            Verdict(f"{TASKS:,} async calls at once{what}, longer than plain tasks ({plain:.2f} s) by", over, 2.0, "s"),
            Verdict(
                f"one of them while under way{what}, heavier than a plain task ({weight:.1f} kB) by", more, 6.0, "kB"
            ),
        ]
