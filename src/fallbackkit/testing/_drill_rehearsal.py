"""Each fallback once for real, on the machine's own clock, before it is needed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fallbackkit._faces import AsyncProtected, Protected
from fallbackkit._pipeline import Pipeline
from fallbackkit._strategies.escalate import Escalate
from fallbackkit._strategies.timeout import Deadline
from fallbackkit._strategies.validate import Validate
from fallbackkit.errors import DeadlineExceeded, FailureKind, InvalidAnswer
from fallbackkit.testing._drill_report import Rehearsal
from fallbackkit.testing._drill_stage import Play
from fallbackkit.testing._drill_verdicts import place_of
from fallbackkit.testing._faults import Fault

if TYPE_CHECKING:
    import asyncio

    from fallbackkit._outcome import Outcome
    from fallbackkit.errors import Failure
    from fallbackkit.testing._drill_stage import Asked, Part

__all__ = ["look_at_queue", "try_out"]

_ABOUT_THE_QUESTION = frozenset(
    {
        FailureKind.INPUT_TOO_LONG,
        FailureKind.INPUT_UNSUPPORTED,
        FailureKind.INPUT_EMPTY_OR_VAGUE,
        FailureKind.QUALITY_LOW_CONFIDENCE,
        FailureKind.QUALITY_UNSUPPORTED,
        FailureKind.QUALITY_CONFLICT,
        FailureKind.QUALITY_OUT_OF_SCOPE,
        FailureKind.RETRIEVAL_NONE,
        FailureKind.SAFETY_REFUSED,
        FailureKind.CANCELLED,
    }
)


def try_out(
    part: Part, args: tuple[Any, ...], kwargs: dict[str, Any], limit: float, runner: asyncio.Runner
) -> tuple[Rehearsal, Play]:
    """Call one function alone; what it did, and the same as a play.

    Args:
        part: The function.
        args: What the wrapped function is called with.
        kwargs: The same.
        limit: Seconds after which it is given up.
        runner: Where async functions run.
    """
    pipeline = Pipeline(Deadline(limit), Validate(), name=part.name, providers=part.pipeline.providers)
    if part.target.is_async:
        outcome = runner.run(AsyncProtected[..., Any](pipeline, part.target).outcome(*args, **kwargs))
    else:
        outcome = Protected[..., Any](pipeline, part.target).outcome(*args, **kwargs)
    failure = outcome.failure
    rehearsal = Rehearsal(rung=part.name, step_kind=part.kind, played="answers", seconds=outcome.duration)
    if failure is None:
        return rehearsal, Play(outcome.value, outcome.duration)
    return rehearsal.model_copy(update=_what_is_wrong(part, failure, limit)), _play(outcome, failure)


def _play(outcome: Outcome, failure: Failure) -> Play:
    error = failure.error
    if isinstance(error, DeadlineExceeded):
        return Play(Fault())
    if isinstance(error, InvalidAnswer):
        return Play(error.answer, outcome.duration)
    error = error if isinstance(error, Exception) else None
    return Play(Fault(kind=failure.kind, error=error, after=outcome.duration))


def _what_is_wrong(part: Part, failure: Failure, limit: float) -> dict[str, Any]:
    error = failure.error
    if isinstance(error, DeadlineExceeded):
        return {
            "played": "too slow",
            "kind": failure.kind,
            "sentence": f"it has not answered after {limit:g} s",
            "remedy": f"make `{part.name}` quicker, or ask something else in its place",
        }
    if failure.kind in _ABOUT_THE_QUESTION:
        return {
            "played": "has no answer",
            "kind": failure.kind,
            "sentence": f"it works, and has nothing to say to this question ({failure.kind})",
            "remedy": "drill with a question that it can answer",
        }
    if error is None or isinstance(error, InvalidAnswer):
        return {
            "played": "unusable",
            "kind": failure.kind,
            "sentence": f"what it returns is no answer ({failure.kind})",
            "remedy": f"let `{part.name}` return text or an Answer, or raise",
        }
    return {
        "played": "fails",
        "kind": failure.kind,
        "sentence": f"{type(error).__name__}{place_of(error)} ({failure.kind})",
        "remedy": f"call `{part.name}` by itself and mend it; today it would not answer",
    }


def look_at_queue(asked: Asked) -> Rehearsal | None:
    """Look whether the people's queue would take a ticket, without filing one. None if there is none to look at."""
    queue = next((each.queue for each in asked.pipeline.strategies if isinstance(each, Escalate)), None)
    if queue is None or not callable(getattr(queue, "stats", None)):
        return None
    began = time.monotonic()
    rehearsal = Rehearsal(rung="review queue", step_kind="person", played="takes tickets")
    try:
        counts = queue.stats()
    except Exception as error:  # noqa: BLE001 - a queue may be locked or gone
        wrong = {
            "played": "fails",
            "kind": FailureKind.HUMAN_UNAVAILABLE,
            "sentence": f"{type(error).__name__} when it is looked at",
            "remedy": "open its file with ReviewQueue(url).stats(), and mend what that says",
        }
        return rehearsal.model_copy(update=wrong)
    capacity = getattr(queue, "capacity", None)
    waiting = counts.get("pending", 0) + counts.get("claimed", 0)
    if capacity is not None and waiting >= capacity:
        wrong = {
            "played": "fails",
            "kind": FailureKind.HUMAN_UNAVAILABLE,
            "sentence": f"it is full: {waiting} tickets wait, `capacity` is {capacity}",
            "remedy": "let reviewers decide some of them, or raise `capacity`",
        }
        return rehearsal.model_copy(update=wrong)
    return rehearsal.model_copy(update={"seconds": time.monotonic() - began})
