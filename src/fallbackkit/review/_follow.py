from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from fallbackkit._outcome import Answer, Confidence, Step
from fallbackkit._text import encodable
from fallbackkit.errors import Failure, FailureKind
from fallbackkit.review._types import Answered, Approved, Edited, Rejected

if TYPE_CHECKING:
    from fallbackkit._outcome import Outcome, Source
    from fallbackkit.review._types import Decision, Item, ReviewRequest

__all__ = ["follow"]


def follow(outcome: Outcome, item: Item) -> Outcome:
    """Return ``outcome`` as it stands now that its ticket stands as ``item`` does."""
    if outcome.ticket is None or outcome.status == "reviewed":
        return outcome
    ticket = outcome.ticket.model_copy(update={"state": item.state, "position": item.position, "eta": None})
    followed = outcome.model_copy(update={"ticket": ticket})
    if item.decision is not None:
        return _reviewed(followed, item, item.decision)
    if item.state in {"cancelled", "expired"} and followed.status == "awaiting_review":
        return _unanswered(followed, item)
    return followed


def _reviewed(outcome: Outcome, item: Item, decision: Decision) -> Outcome:
    text, sources = _said(decision, item.request)
    answer = Answer(text=encodable(text), sources=sources, finish_reason=decision.kind, created_at=item.decided_at)
    waited = (item.decided_at - item.created_at).total_seconds() if item.decided_at else 0.0
    person = Step(name=item.decided_by or "", kind="person", verdict="answered", duration=waited)
    return outcome.model_copy(
        update={
            "status": "reviewed",
            "value": None,
            "answer": answer,
            "confidence": Confidence(),
            "trail": (*outcome.trail, person),
            "failure": None,
            "created_at": item.decided_at,
        }
    )


def _said(decision: Decision, request: ReviewRequest) -> tuple[str, tuple[Source, ...]]:
    """The person's words; the draft's sources stand behind them only if the draft does."""
    match decision:
        case Approved():
            return request.draft or "", request.sources
        case Edited(text=text):
            return text, request.sources
        case Answered(text=text):
            return text, ()
        case Rejected(reason=reason):
            return reason, ()
        case _:
            assert_never(decision)


def _unanswered(outcome: Outcome, item: Item) -> Outcome:
    kind = FailureKind.CANCELLED if item.state == "cancelled" else FailureKind.HUMAN_UNAVAILABLE
    # Asking again has to give the same reference.
    reference = outcome.failure.reference if outcome.failure else item.id[:6].upper()
    return outcome.model_copy(update={"status": "unavailable", "failure": Failure(kind=kind, reference=reference)})
