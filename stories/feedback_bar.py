"""Use it under each answer: the first click counts, and the reason may follow or not.

Not for reporting something that must be acted on now: that goes to a person.
"""

from __future__ import annotations

from fallbackkit.ui.views._feedback import Feedback, feedback_bar

PROBLEM = "A person is needed"
VIEW = feedback_bar

WEEKLY = "The HR desk reads all reports that a source does not say something, every Friday."
ASKED = Feedback(id="carry-over", consequence=WEEKLY)


def unrated() -> Feedback:
    """Nothing has been said yet."""
    return ASKED


def up() -> Feedback:
    """It helped, and a comment is welcome."""
    return ASKED.model_copy(update={"rating": "up", "state": "sent"})


def up_with_reasons() -> Feedback:
    """An app that asks what was good, too, in its own words."""
    return ASKED.model_copy(
        update={
            "rating": "up",
            "state": "edited",
            "reasons_up": ("Saved me a call", "Right page at once"),
            "reasons": ("Right page at once",),
        }
    )


def down() -> Feedback:
    """It did not help. That is counted already; the reasons are open."""
    return ASKED.model_copy(update={"rating": "down", "state": "sent"})


def down_without_consequence() -> Feedback:
    """The app does not say what happens with it, and asks for no comment."""
    return Feedback(id="parking", rating="down", state="sent", allow_text=False, reasons_down=("wrong", "outdated"))


def edited() -> Feedback:
    """Two reasons and a comment have been added to the same record."""
    return ASKED.model_copy(
        update={
            "rating": "down",
            "state": "edited",
            "reasons": ("unsupported", "incomplete"),
            "text": "Section 4 says nothing about parental leave.",
        }
    )


def withdrawn() -> Feedback:
    """Taken back."""
    return ASKED.model_copy(update={"state": "withdrawn"})


def failed_to_send() -> Feedback:
    """The connection was away for a moment; what was said is kept."""
    return ASKED.model_copy(
        update={"rating": "down", "state": "failed", "reasons": ("outdated",), "text": "The canteen opens at 11."}
    )


def not_offered() -> Feedback | None:
    """An empty frame, before there is an answer to rate."""
    return None
