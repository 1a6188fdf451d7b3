"""Where there is nothing to show: why, what belongs here, and what to do.

At first use with at most three questions to begin with, and what the assistant can and cannot do. Not for an answer
that failed (ErrorCard), and not while one is being written (WaitProgress).
"""

from __future__ import annotations

from datetime import UTC, datetime

from fallbackkit.ui.views import Empty, empty_state

PROBLEM = "It is not available"
VIEW = empty_state

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
EXAMPLES = (
    "How many days of leave can I carry over?",
    "Who do I tell about a broken window on floor 3?",
    "What is the per diem for two days in Warsaw?",
)
CAN = ("Answer from the 214 policies on the intranet", "Show the page each answer comes from", "Hand over to a person")
CANNOT = ("See your payslip or your leave balance", "Approve leave or expenses", "Answer tax questions")


def first_use() -> Empty:
    """Before the first question."""
    return Empty(
        id="first-use",
        about="Answers about leave, rooms, travel and benefits appear here.",
        examples=EXAMPLES,
        can=CAN,
        cannot=CANNOT,
    )


def no_results() -> Empty:
    """A word that no page has."""
    return Empty(id="no-results", state="no_results", query="sabbatical loan", examples=EXAMPLES[:2])


def filtered() -> Empty:
    """There are requests, all of them hidden by filters."""
    return Empty(id="filtered", state="filtered", filtered_out=12, filters=("Berlin office", "open", "mine"))


def not_allowed() -> Empty:
    """A part for the payroll team."""
    return Empty(id="not-allowed", state="not_allowed", owner="Dana Reuter (payroll)")


def off() -> Empty:
    """Switched off by the desk, without a date."""
    return Empty(id="off", state="off", about="Summaries of long policies belong here.", still_works=("search",))


def degraded() -> Empty:
    """No answers now; search works."""
    return Empty(
        id="degraded",
        state="degraded",
        about="Answers about leave, rooms, travel and benefits appear here.",
        still_works=("search", "saved answers"),
        back_at=datetime(2026, 10, 14, 13, 0, tzinfo=UTC),
    )
