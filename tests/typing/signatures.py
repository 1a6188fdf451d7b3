"""Read by mypy and pyright: what a wrapped function's callers see."""

from __future__ import annotations

from typing import assert_type

import fallbackkit as fk


def search(question: str, *, limit: int = 3) -> list[str]:
    return [question] * limit


@fk.protect(fallbacks=[search], min_confidence=0.8, deadline=20)
def ask(question: str, *, limit: int = 3) -> list[str]:
    return [question] * limit


@fk.Pipeline(fk.Deadline(20), fk.Retry(attempts=3), fk.CircuitBreaker())
async def aask(question: str) -> fk.Answer:
    return fk.Answer(text=question)


def sync_face() -> None:
    assert_type(ask("?", limit=1), list[str])
    outcome = ask.outcome("?")
    assert_type(outcome, fk.Outcome)
    assert_type(outcome.text, str)
    assert_type(outcome.sources, tuple[fk.Source, ...])
    assert_type(outcome.served_by, fk.Step | None)
    assert_type(outcome.notice(), fk.Notice)
    assert_type(ask.pipeline.describe(), str)


async def async_face() -> None:
    assert_type(await aask("?"), fk.Answer)
    assert_type(await aask.outcome("?"), fk.Outcome)


async def pipeline_faces(pipeline: fk.Pipeline) -> None:
    def measure(text: str) -> int:
        return len(text)

    async def ameasure(text: str) -> int:
        return len(text)

    assert_type(pipeline.call(measure, "?"), int)
    assert_type(await pipeline.acall(ameasure, "?"), int)
    assert_type(pipeline.outcome(measure, "?"), fk.Outcome)
    assert_type(await pipeline.aoutcome(ameasure, "?"), fk.Outcome)


def wrong_arguments_are_refused(pipeline: fk.Pipeline) -> None:
    ask(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ask("?", 3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    ask.outcome()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    pipeline.call(len, 7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    fk.ConfidenceGate(0.8, below="guess")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def failure_kind_is_closed(failure: fk.Failure) -> bool:
    assert_type(failure.kind, fk.FailureKind)
    assert_type(failure.retry_after, float | None)
    return failure.kind.transient


def classify_is_total(error: BaseException) -> None:
    assert_type(fk.classify(error), fk.Failure | None)
    assert_type(fk.remaining(), float | None)
