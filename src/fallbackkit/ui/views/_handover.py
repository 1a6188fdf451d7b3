from __future__ import annotations

import math
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fallbackkit._outcome import Outcome, Ticket, TicketState
from fallbackkit._text import Text
from fallbackkit.ui.views._pieces import Props

__all__ = ["Handover", "HandoverState", "Moment"]

HandoverState = Literal[
    "available",
    "outside_hours",
    "nobody",
    "confirm",
    "sent",
    "queued",
    "assigned",
    "reading",
    "replying",
    "transferring",
    "waiting_for_you",
    "answered",
    "closed",
    "reopened",
    "lost",
    "expired",
    "withdrawn",
]

_OF_TICKET: dict[TicketState, HandoverState] = {
    "pending": "sent",
    "claimed": "reading",
    "decided": "answered",
    "cancelled": "withdrawn",
    "expired": "expired",
}


class Moment(BaseModel):
    """One thing that happened to a question on its way.

    Attributes:
        by: Who did it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: HandoverState
    at: datetime
    by: Text | None = None


class Handover(Props):
    """How far a question is on its way to a person and back.

    Attributes:
        position: Place in line, from 1.
        eta_low: Least number of seconds until an answer.
        eta_high: Most seconds until an answer; alone, the expected wait.
        opens_at: When somebody is on shift again.
        shared: What is sent along: ``question``, ``answer``, ``sources``, ``steps``, ``chat`` and ``name`` have
            words in every language; anything else is shown as it is, in the middle of a sentence.
        sources: How many sources the answer has.
        kept_back: What is not sent, as ``shared``; also ``other_chats``.
        person: Who has it.
        question: What the person asks back.
        follow_up: Where we write when someone answers: ``dana@…``.
        draft: The question as it will be sent.
        editing: Whether the draft can be changed now.

    Example:
        >>> Handover(state="queued", position=2, eta_low=240, eta_high=360).position
        2
    """

    state: HandoverState = "available"
    ticket: Ticket | None = None
    position: int | None = Field(default=None, ge=1)
    eta_low: float | None = Field(default=None, ge=0)
    eta_high: float | None = Field(default=None, ge=0)
    opens_at: datetime | None = None
    shared: tuple[Text, ...] = ()
    sources: int = Field(default=0, ge=0)
    kept_back: tuple[Text, ...] = ("other_chats",)
    person: Text | None = None
    question: Text | None = None
    history: tuple[Moment, ...] = ()
    follow_up: Text | None = None
    draft: Text = ""
    editing: bool = False

    @model_validator(mode="after")
    def _orderly(self) -> Self:
        if self.eta_low is not None and self.eta_high is not None and self.eta_low > self.eta_high:
            raise ValueError(
                f"`eta_low` must be at most `eta_high` ({self.eta_high:g} s), got {self.eta_low:g}; exchange them"
            )
        if "sources" in self.shared and not self.sources:
            raise ValueError("`shared` names sources, and `sources` is 0; say how many there are")
        return self

    @classmethod
    def of(cls, given: Outcome | Ticket, **more: Any) -> Handover:
        """What an outcome or its ticket knows; ``more`` adds the rest.

        Example:
            >>> Handover.of(Ticket(id="4821", position=2, eta=300)).state
            'queued'
        """
        ticket = given if isinstance(given, Ticket) else given.ticket
        known: dict[str, Any] = {"id": given.id, "ticket": ticket}
        if isinstance(given, Outcome):
            known |= _told(given)
        return cls(**{**known, **(_waits(ticket) if ticket else {}), **more})


def _told(outcome: Outcome) -> dict[str, Any]:
    answer, sources = outcome.answer is not None, len(outcome.sources)
    person = next((step.name for step in reversed(outcome.trail) if step.kind == "person"), None)
    shared = ("question", *(("answer",) if answer else ()), *(("sources",) if sources else ()))
    return {"person": person or None, "shared": shared, "sources": sources}


def _waits(ticket: Ticket) -> dict[str, Any]:
    state = _OF_TICKET.get(ticket.state, ticket.state)
    position = ticket.position if ticket.position is not None and ticket.position >= 1 else None
    eta = ticket.eta if ticket.eta is not None and 0 <= ticket.eta < math.inf else None
    if state == "sent" and position is not None:
        state = "queued"
    return {"state": state, "position": position, "eta_high": eta}
