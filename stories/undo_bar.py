"""Use it after each action of the assistant, in the place where the action was shown, until it can't be undone.

Not as a message that leaves by itself, and not for what people did themselves and know how to undo.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fallbackkit.ui.views._undo import Undoable, undo_bar

PROBLEM = "A person is needed"
VIEW = undo_bar
NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)

AI_TEXT = (
    "Dear Jonas, your request for seven days of carry-over was approved. "
    "Please book the days in the calendar until 31 March."
)
OWN_TEXT = (
    "Dear Jonas, your request for five days of carry-over was approved. "
    "Book the days in the calendar until 31 March, and talk to Anna about the other two."
)


def offered_for_a_minute() -> Undoable:
    """A message is held back for a minute before it leaves."""
    return Undoable(
        id="message",
        action="sent to 3 people",
        done_at=NOW - timedelta(seconds=12),
        reversible_until=NOW + timedelta(seconds=48),
    )


def offered_until_you_leave() -> Undoable:
    """A booking can be cancelled as long as the page is open."""
    return Undoable(id="room", action="booked the Linden room for Thursday, 14:00")


def time_is_over() -> Undoable:
    """The minute has passed."""
    return Undoable(
        id="message",
        action="sent to 3 people",
        done_at=NOW - timedelta(minutes=3),
        reversible_until=NOW - timedelta(minutes=2),
    )


def undone() -> Undoable:
    """The message did not leave."""
    return Undoable(id="message", action="sent to 3 people", state="undone", why_not="Nobody has received it.")


def cannot_be_undone() -> Undoable:
    """Said before the button is pressed."""
    return Undoable(
        id="payroll",
        action="hand in the October figures",
        state="impossible",
        why_not="Payroll closes the month as soon as it has them.",
    )


def overridden_by_you() -> Undoable:
    """A person rewrote the assistant's letter."""
    return Undoable(id="letter", action="letter to Jonas", state="overridden", before=AI_TEXT, after=OWN_TEXT)


def restored() -> Undoable:
    """And went back to the assistant's."""
    return Undoable(id="letter", action="letter to Jonas", state="restored", before=OWN_TEXT, after=AI_TEXT)


def nothing_done() -> Undoable | None:
    """An empty frame."""
    return None
