"""What a stored row says: as the values that callers get, or as the error that explains why not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from fallbackkit._outcome import Ticket
from fallbackkit.review._types import Approved, Claim, ClaimLost, Decision, Edited, Item, ReviewRequest, UnknownTicket

if TYPE_CHECKING:
    from sqlalchemy import Row

    from fallbackkit.review._store import Transaction

__all__ = ["DECISION", "check_draft", "check_reviewer", "claim", "date", "held", "item", "known", "ticket"]

DECISION: TypeAdapter[Decision] = TypeAdapter(Decision)


def check_reviewer(reviewer: str) -> None:
    is_text = not any("\ud800" <= letter <= "\udfff" for letter in reviewer)
    if not reviewer.strip() or not is_text:
        raise ValueError(f"`reviewer` must name who claims, got {reviewer!r}; pass the name from your sign-in")


def check_draft(row: Row[Any], decision: Decision) -> None:
    if isinstance(decision, (Approved, Edited)) and not (row.request["draft"] or "").strip():
        raise ValueError(
            f"`decision` must be Answered or Rejected, got {type(decision).__name__}; ticket {row.id} has no draft"
        )


def known(rows: Transaction, ticket_id: str) -> Row[Any]:
    row = rows.find(ticket_id)
    if row is None:
        raise UnknownTicket(f"no ticket {ticket_id!r} in this queue; check that its URL is the one that filed it")
    return row


def held(rows: Transaction, claim: Claim) -> Row[Any]:
    row = known(rows, claim.item.id)
    if row.state == "claimed" and row.token == claim.token:
        return row
    ended = f"the claim of {claim.reviewer} on ticket {row.id} counts no longer"
    match row.state:
        case "pending":
            now = "its lease has ended and nobody has the ticket; claim it again"
        case "claimed":
            now = f"{row.reviewer} has the ticket until {date(row.lease_ends):%Y-%m-%d %H:%M:%S} UTC"
        case "decided":
            now = f"{row.reviewer} decided it at {date(row.changed_at):%Y-%m-%d %H:%M:%S} UTC"
        case _:
            now = f"the ticket is {row.state}"
    raise ClaimLost(f"{ended}: {now}", ticket=row.id, state=row.state, reviewer=row.reviewer)


def item(row: Row[Any]) -> Item:
    decided = row.state == "decided"
    return Item(
        id=row.id,
        state=row.state,
        request=ReviewRequest.model_validate(row.request),
        created_at=date(row.created_at),
        position=getattr(row, "position", None),
        reviewer=row.reviewer if row.state == "claimed" else None,
        lease_expires_at=None if row.lease_ends is None else date(row.lease_ends),
        decision=None if row.decision is None else DECISION.validate_python(row.decision),
        decided_by=row.reviewer if decided else None,
        decided_at=date(row.changed_at) if decided else None,
        attempts=row.attempts,
        version=row.version,
    )


def claim(row: Row[Any]) -> Claim:
    return Claim(item=item(row), reviewer=row.reviewer, token=row.token, expires_at=date(row.lease_ends))


def ticket(row: Row[Any]) -> Ticket:
    return Ticket(id=row.id, state=row.state, position=row.position)


def date(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
