"""What a stream costs a chunk, beside iterating over the same generator bare."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import fallbackkit as fk
from benchmarks.race import QUESTION, Findings, Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

CHUNKS = 10_000
WORD = "leave "


def in_openai_form(text: str) -> object:
    choice = SimpleNamespace(index=0, delta=SimpleNamespace(role=None, content=text), finish_reason=None)
    return SimpleNamespace(id="1", object="chat.completion.chunk", model="small", choices=[choice], usage=None)


def words(question: str) -> Iterator[object]:
    for _ in range(CHUNKS):
        yield WORD


def chunks(question: str) -> Iterator[object]:
    chunk = in_openai_form(WORD)
    for _ in range(CHUNKS):
        yield chunk
    ends = in_openai_form("")
    ends.choices[0].finish_reason = "stop"
    yield ends


def asynchronous(generator: Callable[[str], Iterator[object]]) -> Callable[[str], AsyncIterator[object]]:
    async def agenerator(question: str) -> AsyncIterator[object]:
        for piece in generator(question):
            yield piece

    return agenerator


def pipeline(*inner: object) -> fk.Pipeline:
    return fk.Pipeline(fk.Retry(), fk.CircuitBreaker(), *inner)


def read(stream: Iterator[object]) -> object:
    last = None
    for last in stream:  # noqa: B007 - what came last is what it ended with
        pass
    return last


async def aread(stream: AsyncIterator[object]) -> object:
    last = None
    async for last in stream:  # noqa: B007 - as above
        pass
    return last


def took(once: Callable[[], object], rounds: int) -> float:
    """Seconds a chunk, the best of the rounds."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        last = once()
        best = min(best, time.perf_counter() - start)
        if isinstance(last, fk.Outcome) and len(last.text) != len(WORD) * CHUNKS:
            raise SystemExit(f"A stream ended as {last.status} with {len(last.text)} characters")
    return best / CHUNKS


def added(bare: Callable[[str], Iterator[object]], rounds: int) -> tuple[float, float]:
    """Seconds a chunk above iterating bare, sync and async."""
    abare = asynchronous(bare)
    shown, ashown = pipeline()(bare), pipeline()(abare)
    sync = took(lambda: read(shown.stream(QUESTION)), rounds) - took(lambda: read(bare(QUESTION)), rounds)
    aio = took(lambda: asyncio.run(aread(ashown.stream(QUESTION))), rounds)
    return sync, aio - took(lambda: asyncio.run(aread(abare(QUESTION))), rounds)


def measure(found: Findings, *, rounds: int, calls: int) -> None:
    for form, bare in (("strings", words), ("chunks of OpenAI's form", chunks)):
        found.verdicts += [
            Verdict(f"{face}: a stream of {form}, added to each", seconds * 1e6, 5.0, "µs")
            for face, seconds in zip(("sync", "async"), added(bare, max(3, rounds // 10)), strict=True)
        ]
