"""Use it where an assistant acts for people: one dial for each kind of task, beside the action it governs.

Not as one switch for everything, and not without a log of what was done and a way to undo it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fallbackkit.ui.views._autonomy import Dial, autonomy_dial

PROBLEM = "A person is needed"
VIEW = autonomy_dial

REFUNDS = Dial(
    id="refunds", task="Travel refunds", level=3, limit="The assistant prepares refunds up to 50 €, you press send."
)


def do_it_after_i_confirm() -> Dial:
    """The usual level for small refunds."""
    return REFUNDS


def suggest_only() -> Dial:
    """A new task starts here."""
    return Dial(id="leave-requests", task="Leave requests", level=1)


def do_it_and_tell_me() -> Dial:
    """Room bookings can be undone, so nobody needs to confirm them."""
    return Dial(id="rooms", task="Room bookings", level=4, limit="Rooms for up to 24 people, within the next 30 days.")


def locked_by_policy() -> Dial:
    """The works agreement does not allow more."""
    return Dial(
        id="shifts", task="Shift changes", level=2, max_level=2, locked_by="The works agreement of 12 March 2026"
    )


def lowered_after_corrections() -> Dial:
    """Three corrections in a row lowered it on 12 October."""
    return REFUNDS.model_copy(
        update={
            "id": "refunds-lowered",
            "level": 2,
            "lowered_at": datetime(2026, 10, 12, 8, 30, tzinfo=UTC),
            "corrections": 3,
            "limit": None,
        }
    )


def pending() -> Dial:
    """Dana Richter has to agree to the higher level."""
    return REFUNDS.model_copy(update={"id": "refunds-pending", "level": 2, "pending": 3, "limit": None})


def beside_the_action() -> Dial:
    """Only the present level, next to the button that it governs."""
    return REFUNDS.model_copy(update={"id": "refunds-compact", "compact": True})


def no_task() -> Dial | None:
    """An empty frame."""
    return None
