"""How contenders take turns, and how figures become tables."""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import fallbackkit as fk

Sync = Callable[[str], object]
Async = Callable[[str], Awaitable[object]]

ANSWER = fk.Answer(text="Five days a year.", score=0.9, score_basis="measured")
QUESTION = "How many days of leave do I get?"
PLAIN = "the plain call"
PEER = "tenacity(pybreaker)"
VALUE = "fallbackkit, value"
OUTCOME = "fallbackkit, Outcome"


def model(question: str) -> fk.Answer:
    return ANSWER


async def amodel(question: str) -> fk.Answer:
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
    unit: str = "×"

    @property
    def met(self) -> bool:
        return self.got <= self.limit


@dataclass
class Findings:
    """What the subjects have measured: tables by title, and figures with a target."""

    tables: dict[str, list[Contender]] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)


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


def race(contenders: list[Contender], *, rounds: int, calls: int, aio: bool) -> dict[str, float]:
    """Fill in each contender's rounds; the first one warms up and is forgotten. Gives the best by name."""
    check(contenders, aio=aio)
    rng = random.Random(0)
    with asyncio.Runner() as runner:
        for turn in range(rounds + 1):
            for contender in rng.sample(contenders, len(contenders)):
                took = runner.run(aspent(contender.call, calls)) if aio else spent(contender.call, calls)
                if turn:
                    contender.rounds.append(took)
    return {contender.name: contender.best for contender in contenders}


def calls_table(title: str, contenders: list[Contender]) -> str:
    best = {contender.name: contender.best for contender in contenders}
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
