"""Outcomes of every sort, for the tests of the words."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import get_args

from fallbackkit._outcome import Answer, Outcome, Source, Status, Step, StepKind, Ticket, TicketState
from fallbackkit.errors import Failure, FailureKind

STATUSES = get_args(Status)
LANGUAGES = ("en", "de", "ar")
AT = datetime(2026, 10, 14, 14, 14, tzinfo=timezone(timedelta(hours=2), "CEST"))


def step(name: str, kind: StepKind, failure: FailureKind | None = None) -> Step:
    """A step that answered, or failed in this way."""
    return Step(
        name=name,
        kind=kind,
        verdict="failed" if failure else "answered",
        failure=Failure(kind=failure) if failure else None,
    )


def outcomes(status: Status, kind: FailureKind) -> list[Outcome]:
    """Every sort of outcome that can have this status because of this kind."""
    failed = step("primary", "model", kind)
    answer = Answer(text="Five days.", sources=(Source(title="Leave policy"),), created_at=AT - timedelta(days=2))
    bare = {"status": status, "reasons": (kind,), "requested": "primary", "created_at": AT}
    if status in ("answered", "degraded", "low_confidence", "reviewed"):
        served = [(failed, step("Dana R.", served)) for served in get_args(StepKind)]
        return [Outcome(**bare, answer=answer, trail=trail) for trail in served] + [Outcome(**bare, trail=(failed,))]
    if status == "awaiting_review":
        tickets = [Ticket(id="T1", state=state, position=2, eta=300) for state in get_args(TicketState)]
        return [Outcome(**bare, trail=(failed,), ticket=ticket) for ticket in [*tickets, Ticket(id="T1")]]
    failure = Failure(kind=kind, limit=20, retry_after=360)
    declined = (failed, Step(name="Dana R.", kind="person", verdict="rejected"))
    return [
        Outcome(**bare),
        Outcome(**bare, failure=failure, trail=(failed,)),
        Outcome(**bare, failure=failure, trail=(failed,), answer=answer),
        Outcome(**bare, failure=failure, trail=declined),
    ]
