"""Use it where a person can take over, from the offer to the answer, always at the same place of the page.

Not for work that no person looks at: that is a wait. Give it the request after a reload, and nothing is lost.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fallbackkit import Ticket
from fallbackkit.ui.views._handover import Handover, Moment
from fallbackkit.ui.views._tracker import escalation_tracker

PROBLEM = "A person is needed"
VIEW = escalation_tracker
NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)

QUESTION = "Can I carry over seven days of leave? Two of them are from my parental leave in May."
TICKET = Ticket(id="4821", url="https://intranet.example/desk/4821")
SENT = Moment(state="sent", at=NOW - timedelta(minutes=9))
ASSIGNED = Moment(state="assigned", at=NOW - timedelta(minutes=4), by="Anna Kowalski")
READING = Moment(state="reading", at=NOW - timedelta(minutes=3), by="Anna Kowalski")
OFFER = Handover(id="leave", shared=("question", "answer", "sources"), sources=3, follow_up="dana@intranet.example")
WAITING = OFFER.model_copy(update={"ticket": TICKET, "history": (SENT,)})
WITH_ANNA = WAITING.model_copy(update={"person": "Anna Kowalski", "history": (SENT, ASSIGNED)})


def available() -> Handover:
    """The HR desk is open, and usually answers within a quarter of an hour."""
    return OFFER.model_copy(update={"eta_low": 600, "eta_high": 900})


def outside_hours() -> Handover:
    """It is the day of the works meeting; the desk opens again tomorrow."""
    return OFFER.model_copy(
        update={"state": "outside_hours", "opens_at": datetime(2026, 10, 15, 6, 0, tzinfo=UTC), "shared": ("question",)}
    )


def nobody_available() -> Handover:
    """Everyone at the desk is in a conversation."""
    return OFFER.model_copy(update={"state": "nobody", "eta_low": 1500, "eta_high": 2400})


def confirm() -> Handover:
    """What leaves the chat is said before it leaves."""
    return OFFER.model_copy(update={"state": "confirm", "draft": QUESTION})


def confirm_editing() -> Handover:
    """The person changes the question before it is sent."""
    return OFFER.model_copy(update={"state": "confirm", "draft": QUESTION, "editing": True})


def sent() -> Handover:
    """Nobody knows yet how long it takes."""
    return WAITING.model_copy(update={"state": "sent"})


def queued() -> Handover:
    """One question is ahead."""
    return WAITING.model_copy(update={"state": "queued", "position": 2, "eta_low": 240, "eta_high": 360})


def assigned() -> Handover:
    """The desk gave the case to Anna Kowalski."""
    return WITH_ANNA.model_copy(update={"state": "assigned"})


def reading() -> Handover:
    """She has opened it."""
    return WITH_ANNA.model_copy(update={"state": "reading", "history": (SENT, ASSIGNED, READING)})


def replying() -> Handover:
    """She is writing."""
    return WITH_ANNA.model_copy(update={"state": "replying", "history": (SENT, ASSIGNED, READING)})


def transferring() -> Handover:
    """It is a question for payroll, and goes there with all that was sent."""
    moved = Moment(state="transferring", at=NOW - timedelta(minutes=1), by="Anna Kowalski")
    return WITH_ANNA.model_copy(update={"state": "transferring", "history": (SENT, ASSIGNED, moved)})


def waiting_for_you() -> Handover:
    """She needs to know more."""
    return WITH_ANNA.model_copy(
        update={
            "state": "waiting_for_you",
            "question": "Did your manager agree in writing that you work through the two days?",
        }
    )


def answered() -> Handover:
    """The answer is there, and the assistant speaks again from here."""
    done = Moment(state="answered", at=NOW - timedelta(minutes=1), by="Anna Kowalski")
    return WITH_ANNA.model_copy(update={"state": "answered", "history": (SENT, ASSIGNED, READING, done)})


def closed() -> Handover:
    """The case is done."""
    return WITH_ANNA.model_copy(update={"state": "closed"})


def reopened() -> Handover:
    """The answer did not settle it."""
    return WITH_ANNA.model_copy(update={"state": "reopened"})


def connection_lost() -> Handover:
    """The desk cannot be reached; the request is kept."""
    return WITH_ANNA.model_copy(update={"state": "lost"})


def expired() -> Handover:
    """Nobody took it within two working days."""
    return WAITING.model_copy(update={"state": "expired", "history": (SENT,)})


def withdrawn() -> Handover:
    """The person found the answer on their own."""
    return WAITING.model_copy(update={"state": "withdrawn"})


def nobody_asked() -> Handover | None:
    """An empty frame, for a page that shows it before there is anything to escalate."""
    return None
