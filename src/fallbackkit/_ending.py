"""From a call to its Outcome: at its end, and on the way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fallbackkit._call import Reply, unusable
from fallbackkit._outcome import Confidence, Step, make_confidence, make_outcome
from fallbackkit.errors import FailureKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fallbackkit._call import Call
    from fallbackkit._outcome import Answer, Outcome, Status

__all__ = ["as_rung", "conclude", "growing"]


def conclude(call: Call) -> Outcome:
    """The Outcome of a call that has ended, made once."""
    if call.outcome is not None:
        return call.outcome
    reply = call.reply
    answer = reply.answer if reply.failure is None else None
    if answer is None and reply.failure is None:
        reply = Reply(failure=unusable(reply))
    call.close_step(reply)
    plain = answer is not None and not (call.degraded or reply.hedged)
    if call.shown and reply.failure is not None:
        answer = call.partial
    call.outcome = make_outcome(
        {
            "id": call.id,
            "name": call.name,
            "status": "answered" if plain else _status(call, reply),
            "value": reply.value,
            "answer": answer,
            "confidence": _confidence(answer),
            "requested": call.requested or call.name,
            "reasons": () if plain else _reasons(call, reply),
            "trail": tuple(call.trail),
            "failure": reply.failure,
            "ticket": call.ticket,
            "duration": call.clock.now() - call.started,
            "created_at": datetime.fromtimestamp(call.clock.time(), UTC),
            "prompt_version": call.pipeline.prompt_version,
            "variant": call.pipeline.variant,
        },
    )
    return call.outcome


def growing(call: Call, at: Call, answer: Answer | None) -> Outcome:
    """The Outcome of a call that goes on: what has been shown of the answer, or that there is none yet.

    Args:
        call: The call that was asked for.
        at: Where in it something goes on: itself, or a rung that is a pipeline of its own.
        answer: What there is so far.
    """
    trail = _steps_so_far(at, answer)
    return make_outcome(
        {
            "id": call.id,
            "name": call.name,
            "status": "working" if answer is None else "streaming",
            "value": None,
            "answer": answer,
            "confidence": _UNKNOWN,
            "requested": call.requested or call.name,
            "reasons": tuple([step.failure.kind for step in trail if step.failure is not None]),
            "trail": tuple(trail),
            "failure": None,
            "ticket": None,
            "duration": call.clock.now() - call.started,
            "created_at": datetime.fromtimestamp(call.clock.time(), UTC),
            "prompt_version": call.pipeline.prompt_version,
            "variant": call.pipeline.variant,
        },
    )


def _steps_so_far(call: Call, answer: Answer | None) -> list[Step]:
    """What has been tried, with the step whose words are on the screen."""
    steps = list(call.trail)
    if answer is not None:
        duration = call.clock.now() - call.step_started
        steps.append(Step(name=call.step, kind=call.kind_of(answer), duration=duration))
    while call.outer is not None:
        steps = [*call.outer.trail, *as_rung(steps, call, call.outer)]
        call = call.outer
    return steps


def as_rung(steps: Iterable[Step], call: Call, outer: Call) -> list[Step]:
    """The steps of a call that is a rung of another: its own first step bears the rung's name there."""
    own = {"name": outer.step}
    return [step.model_copy(update=own) if step.name == call.name else step for step in steps]


def _status(call: Call, reply: Reply) -> Status:
    failure = reply.failure
    if failure is None:
        return "low_confidence" if reply.hedged else "degraded"
    if call.shown:
        return "interrupted"
    if call.ticket is not None:
        return "awaiting_review"
    return "low_confidence" if failure.kind is FailureKind.QUALITY_LOW_CONFIDENCE else "unavailable"


_UNKNOWN = Confidence()
_NOT_MEASURED = dict(_UNKNOWN)
_MEASURES = frozenset({"measured", "guaranteed", "agreement"})


def _confidence(answer: Answer | None) -> Confidence:
    """A score says nothing about being right unless it says what it is."""
    if answer is None or answer.score_basis is None or answer.score is None or not 0 <= answer.score <= 1:
        return _UNKNOWN
    value = answer.score if answer.score_basis in _MEASURES else None
    return make_confidence({**_NOT_MEASURED, "value": value, "basis": answer.score_basis})


def _reasons(call: Call, reply: Reply) -> tuple[FailureKind, ...]:
    kinds = [step.failure.kind for step in call.trail if step.failure is not None]
    if call.stale:
        kinds.append(FailureKind.CACHE_STALE)
    if reply.hedged:
        kinds.append(FailureKind.QUALITY_LOW_CONFIDENCE)
    return tuple(kinds)
