"""For trouble that concerns everyone, planned work, and the return to normal.

Show one at a time (`foremost` chooses), before the page's content; `scope="answer"` repeats it on each answer given
meanwhile, as people miss banners. Not for one failed answer (ErrorCard) or one person's limit (QuotaNotice).
"""

from __future__ import annotations

from datetime import UTC, datetime

from fallbackkit.ui.views import Banner, degraded_banner

PROBLEM = "It is not available"
VIEW = degraded_banner

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
BEGUN = datetime(2026, 10, 14, 11, 10, tzinfo=UTC)
BACK = datetime(2026, 10, 14, 12, 2, tzinfo=UTC)
NEWS = datetime(2026, 10, 14, 13, 0, tzinfo=UTC)


def slower() -> Banner:
    """Lunch time: long questions take longer than usual."""
    return Banner(
        id="slower",
        mode="slower",
        affected=("questions about long documents",),
        still_works=("search", "room booking", "feedback"),
        since=BEGUN,
        dismissible=True,
    )


def limited() -> Banner:
    """Photos of damage can't be sent to facilities."""
    return Banner(
        id="limited",
        mode="limited",
        affected=("photos in facilities requests",),
        still_works=("answers", "search", "room booking"),
        since=BEGUN,
        next_update_at=NEWS,
    )


def fallback() -> Banner:
    """Saved answers stand in for the main model."""
    return Banner(
        id="fallback",
        mode="fallback",
        affected=("the main model",),
        still_works=("saved answers", "search", "feedback"),
        instead="cache",
        since=BEGUN,
        next_update_at=NEWS,
        marked=4,
    )


def fallback_smaller_model() -> Banner:
    """The smaller model stands in, in one part of the page."""
    return Banner(
        id="fallback-smaller",
        mode="fallback",
        affected=("the main model",),
        still_works=("answers to short questions", "search"),
        instead="smaller_model",
        since=BEGUN,
        scope="panel",
        dismissible=True,
    )


def fallback_people() -> Banner:
    """The people of the desk answer; news was promised for 14:00 and has not come."""
    return Banner(
        id="fallback-people",
        mode="fallback",
        still_works=("search",),
        instead="person",
        next_update_at=datetime(2026, 10, 14, 12, 0, tzinfo=UTC),
    )


def read_only() -> Banner:
    """Requests can be read, not changed."""
    return Banner(
        id="read-only",
        mode="read_only",
        affected=("new requests", "leave approvals"),
        still_works=("earlier answers", "search"),
        since=BEGUN,
        expected_end=datetime(2026, 10, 14, 13, 30, tzinfo=UTC),
    )


def maintenance_ahead() -> Banner:
    """The travel tool moves to another server on Saturday."""
    return Banner(
        id="maintenance",
        mode="maintenance",
        affected=("travel expenses", "per diems"),
        still_works=("search", "leave requests"),
        since=datetime(2026, 10, 17, 16, 0, tzinfo=UTC),
        expected_end=datetime(2026, 10, 17, 17, 30, tzinfo=UTC),
        dismissible=True,
    )


def maintenance() -> Banner:
    """It is under way, until 15:00."""
    return Banner(
        id="maintenance-now",
        mode="maintenance",
        affected=("travel expenses",),
        still_works=("search", "leave requests"),
        since=BEGUN,
        expected_end=NEWS,
    )


def maintenance_overdue() -> Banner:
    """It was to end at 14:00."""
    return Banner(
        id="maintenance-late",
        mode="maintenance",
        affected=("travel expenses",),
        still_works=("search",),
        since=BEGUN,
        expected_end=datetime(2026, 10, 14, 12, 0, tzinfo=UTC),
        next_update_at=NEWS,
    )


def recovering() -> Banner:
    """The main model answers again for some."""
    return Banner(
        id="recovering",
        mode="recovering",
        affected=("answers from long documents",),
        still_works=("short questions", "search"),
        since=BEGUN,
        next_update_at=NEWS,
        marked=6,
    )


def recovered() -> Banner:
    """All is well since 14:02; what was answered meanwhile can be looked at again."""
    return Banner(id="recovered", mode="recovered", since=BEGUN, back_at=BACK, marked=6, dismissible=True)


def recovered_nothing_marked() -> Banner:
    """All is well, and nobody was given a doubtful answer."""
    return Banner(id="recovered-clean", mode="recovered", since=BEGUN, back_at=BACK, marked=0, dismissible=True)


def on_an_answer() -> Banner:
    """The mark on an answer, while the trouble lasts."""
    return Banner(id="mark", mode="fallback", since=BEGUN, scope="answer")


def on_an_answer_afterwards() -> Banner:
    """The mark that stays on it."""
    return Banner(id="mark-after", mode="fallback", since=BEGUN, back_at=BACK, scope="answer")


def nothing_wrong() -> None:
    """An ordinary day: nothing is shown."""
