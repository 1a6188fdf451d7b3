from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from fallbackkit._outcome import Source, Step, TicketState, case_of
from fallbackkit.errors import FailureKind, FallbackkitError

__all__ = [
    "Answered",
    "Approved",
    "Claim",
    "ClaimLost",
    "Decision",
    "Edited",
    "Item",
    "Rejected",
    "ReviewEvent",
    "ReviewRequest",
    "UnknownTicket",
]


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("must say something; it is empty or blank")
    return text


# A length bound would make pydantic refuse lone surrogates, which people do paste.
Filled = Annotated[str, AfterValidator(_filled)]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Approved(_Value):
    """The draft is right as it stands."""

    kind: Literal["approved"] = "approved"


class Edited(_Value):
    """The draft is right with these changes; ``text`` is the whole answer."""

    kind: Literal["edited"] = "edited"
    text: Filled

    def __init__(self, text: str, **data: object) -> None:
        super().__init__(text=text, **data)


class Rejected(_Value):
    """The question gets no answer; the requester is told ``reason``."""

    kind: Literal["rejected"] = "rejected"
    reason: Filled

    def __init__(self, reason: str, **data: object) -> None:
        super().__init__(reason=reason, **data)


class Answered(_Value):
    """The person's own answer."""

    kind: Literal["answered"] = "answered"
    text: Filled

    def __init__(self, text: str, **data: object) -> None:
        super().__init__(text=text, **data)


Decision = Annotated[Approved | Edited | Rejected | Answered, Field(discriminator="kind")]


class ReviewRequest(_Value):
    """What a person gets to see of one call.

    Attributes:
        question: What was asked, as text.
        draft: An answer that was withheld, if there is one.
        reason: Why a person is asked; None for an audit: the draft has been given as the answer, and nobody waits.
        score: The draft's score, if it had one.
        idempotency_key: The same key yields the same ticket while it is open, within one ``queue``.
        queue: Which line it stands in; reviewers may claim from one line or from all.
        priority: Higher is claimed first; among equals the older.
    """

    question: str
    draft: str | None = None
    reason: FailureKind | None = FailureKind.FALLBACK_EXHAUSTED
    score: float | None = None
    sources: tuple[Source, ...] = ()
    trail: tuple[Step, ...] = ()
    name: str = "ask"
    outcome_id: str | None = None
    idempotency_key: Filled | None = None
    queue: str = Field(default="default", min_length=1)
    priority: int = Field(default=0, ge=-(2**31), lt=2**31)

    @property
    def audit(self) -> bool:
        """Whether it is there to see how good the answers are."""
        return self.reason is None


class Item(_Value):
    """One ticket as the queue holds it. Exactly one ``state`` at a time.

    Attributes:
        request: As it is stored: after redaction, if the queue redacts.
        position: Place in line among the pending ones of its queue, 1 is next; None otherwise.
        reviewer: Who has claimed it.
        attempts: How often it was claimed.
        version: Number of changes since it was filed.
    """

    id: str
    state: TicketState
    request: ReviewRequest
    created_at: datetime
    position: int | None = None
    reviewer: str | None = None
    lease_expires_at: datetime | None = None
    decision: Decision | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    attempts: int = 0
    version: int = 0

    @property
    def case(self) -> str:
        """What people call it, as ``Ticket.case``."""
        return case_of(self.id)


class Claim(_Value):
    """The right to decide one item until ``expires_at``. ``token`` proves it."""

    item: Item
    reviewer: str
    token: str = Field(repr=False)
    expires_at: datetime


EventKind = Literal["enqueued", "claimed", "extended", "released", "lapsed", "decided", "cancelled"]


class ReviewEvent(_Value):
    """One line of an item's history, written in the same transaction as the change.

    Attributes:
        actor: The reviewer; None if it was the caller or the end of a lease.
        before: The state that it left; None for the first.
        version: 0 for the first, then one more each.
    """

    ticket: str
    at: datetime
    actor: str | None
    kind: EventKind
    before: TicketState | None
    after: TicketState
    version: int


class ClaimLost(FallbackkitError):
    """The claim counts no longer: its lease ran out, or the ticket has moved on. Nothing was changed.

    Attributes:
        ticket: The ticket's id.
        state: Where the ticket stands now.
        reviewer: Who has it now, or who decided it; None if nobody does.
    """

    def __init__(self, message: str, *, ticket: str, state: TicketState, reviewer: str | None) -> None:
        super().__init__(message)
        self.ticket = ticket
        self.state = state
        self.reviewer = reviewer


class UnknownTicket(FallbackkitError, LookupError):
    """This queue has never filed a ticket with that id."""
