"""An answer that stopped before it was whole: what arrived stays, and why it stopped stands below.

Use it as soon as a stream ends early, and again after a reload. Not for an answer that has not begun (ErrorCard),
and never with a confidence or a check mark: nobody knows how the answer goes on.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fallbackkit import Answer, Failure, FailureKind, Outcome, Step
from fallbackkit.ui.views._interrupted import Partial, ToolEnd, interrupted_answer

PROBLEM = "It is not available"
VIEW = interrupted_answer

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
ROOM = "To book the large meeting room, open the calendar, choose **Rooms**, and"
LEAVE = (
    "You can carry over **five days** of leave until 31 March. Days beyond that are lost, unless your manager"
    " asked you in writing to work through them. For parental leave, the"
)


def connection() -> Partial:
    """The connection was lost; the stream can go on from there."""
    return Partial(id="room-1", text=ROOM, cause="connection", resumable=True)


def you() -> Partial:
    """Stopped by the person: no failure, no colour."""
    return Partial(id="leave-1", text=LEAVE, cause="you", resumable=True)


def service() -> Partial:
    """The service stopped sending; only a new start helps."""
    return Partial(id="leave-2", text=LEAVE, cause="service")


def length() -> Partial:
    """At the length limit; it goes on if asked."""
    return Partial(id="leave-3", text=LEAVE, cause="length", resumable=True)


def safety() -> Partial:
    """A safety check stopped it: the same answer is not tried again."""
    return Partial(id="pay-1", text="The pay bands for team leads start at", cause="safety")


def timeout() -> Partial:
    """Nothing more came in time."""
    return Partial(id="leave-4", text=LEAVE, cause="timeout")


def with_tools() -> Partial:
    """It was booking a room: what was done, what was not, and what nobody knows."""
    return Partial(
        id="room-2",
        text="I have reserved Linden for Thursday, 10:00, and sent the invitations to",
        cause="connection",
        resumable=True,
        tools=(
            ToolEnd(name="Reserve Linden, 15 October, 10:00", state="done"),
            ToolEnd(name="Invite Anna Kowalski", state="done"),
            ToolEnd(name="Invite Dana Richter", state="unknown"),
            ToolEnd(name="Order coffee for 24", state="not_done"),
        ),
    )


def nothing_arrived() -> Partial:
    """Stopped before the first word."""
    return Partial(id="leave-5", cause="service")


def kept() -> Partial:
    """The person kept the part."""
    return Partial(id="leave-6", text=LEAVE, cause="timeout", kept=True)


def discarded() -> Partial:
    """The person removed it."""
    return Partial(id="leave-7", text=LEAVE, cause="timeout", kept=False)


def of_an_outcome() -> Outcome:
    """What a stream ended with; nobody knows why."""
    failure = Failure(kind=FailureKind.INTERNAL, reference="K7P3ZD")
    return Outcome(
        id="room-3",
        status="interrupted",
        answer=Answer(text=ROOM),
        requested="ask_policies",
        trail=(Step(name="ask_policies", verdict="failed", failure=failure, duration=3.4),),
        failure=failure,
        created_at=NOW,
    )


def none() -> None:
    """No answer was interrupted."""
