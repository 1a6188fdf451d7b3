from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from datetime import datetime

    from fallbackkit._outcome import Status, StepKind, TicketState
    from fallbackkit.errors import FailureKind

Audience = Literal["user", "operator"]
Tone = Literal["neutral", "info", "attention", "danger", "success"]
Speech = Literal["status", "alert"]
Direction = Literal["ltr", "rtl"]
ActionId = Literal[
    "retry",
    "wait",
    "continue_answer",
    "new_answer",
    "stop",
    "edit_question",
    "copy_question",
    "search",
    "show_sources",
    "escalate",
    "track",
    "sign_in",
    "report",
]


class Action(BaseModel):
    """One thing the person can do next. ``id`` is what a component sends; ``label`` is verb + object."""

    model_config = ConfigDict(frozen=True)

    id: str
    label: str
    primary: bool = False


class Notice(BaseModel):
    """What to tell the person: title (effect on the task), body (what to do), and next actions.

    Attributes:
        lang: BCP 47 tag of the language that it is in, for ``lang=`` of the element.
        direction: The direction of its script, for ``dir=``.
    """

    model_config = ConfigDict(frozen=True)

    title: str
    body: str
    tone: Tone = "neutral"
    speech: Speech = "status"
    actions: tuple[Action, ...] = ()
    lang: str = "en"
    direction: Direction = "ltr"


class Facts(TypedDict, total=False):
    """What is known of one call. A fact that is missing or None is not spoken of.

    Attributes:
        status: As in ``Outcome``; the only fact that is needed.
        kind: What went wrong, if there is no whole answer.
        why: Why the first choice did not answer, or its answer is in doubt.
        shown: Whether there is text on the screen.
        words: How many words of an answer arrived before it was cut.
        sources: How many sources there are to open.
        requested: Name of the way of answering that was meant to be used.
        requested_kind: Its kind.
        served_by: Name of the way that answered, or of the person.
        served_kind: Its kind.
        saved_at: When a saved answer was made, with zone.
        declined: Whether a person looked and gave no answer.
        ticket: The case's number.
        ticket_state: Where the case stands.
        position: Place in the queue, from 1.
        eta: Seconds until a person is expected to answer.
        limit: The time limit in seconds that passed.
        retry_after: Seconds from ``at`` until another try makes sense.
        at: When the call ended, with zone.
        reference: What an operator searches the log for.
        tries: How often the person has already tried this question again.
    """

    status: Status
    kind: FailureKind | None
    why: FailureKind | None
    shown: bool
    words: int
    sources: int
    requested: str | None
    requested_kind: StepKind | None
    served_by: str | None
    served_kind: StepKind | None
    saved_at: datetime | None
    declined: bool
    ticket: str | None
    ticket_state: TicketState | None
    position: int | None
    eta: float | None
    limit: float | None
    retry_after: float | None
    at: datetime | None
    reference: str | None
    tries: int
