"""Use it below an answer that claims something: people open one good source more often than they read five scores.

Not for search results, which are the answer themselves, and not to show how well a page matches the question: that
says nothing about whether the answer is right.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fallbackkit import Answer, Outcome, Source, Step
from fallbackkit.ui.views._sources import Sources, source_list

PROBLEM = "Where is it from?"
VIEW = source_list
NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)

LEAVE_POLICY = Source(
    title="Leave policy 2026",
    url="https://intranet.example/policies/leave-2026",
    quote="Up to five days may be carried over until 31 March of the following year.",
    locator="section 4",
    updated_at=datetime(2026, 1, 8, 9, 0, tzinfo=UTC),
    check="quote_found",
    checked_at=NOW - timedelta(minutes=6),
)
WORKS_AGREEMENT = Source(
    title="Works agreement 12/3",
    url="https://intranet.example/agreements/12-3",
    quote="Days that were refused for operational reasons are carried over in full.",
    locator="page 2",
    check="quote_found",
    checked_at=datetime(2026, 10, 12, 7, 10, tzinfo=UTC),
)
PAYROLL_CALENDAR = Source(title="Payroll calendar", url="https://intranet.example/payroll/calendar", locator="March")
ROOM_PLAN = Source(
    title="Room plan, Linden site",
    url="https://intranet.example/rooms",
    quote="Linden seats 24.",
    updated_at=datetime(2026, 10, 3, 8, 0, tzinfo=UTC),
    check="changed",
    checked_at=datetime(2026, 10, 12, 7, 10, tzinfo=UTC),
)
PARKING_RULES = Source(
    title="Parking rules",
    url="https://intranet.example/parking",
    quote="The notice period for a parking space is 14 days.",
    locator="page 7",
    check="conflicts",
    checked_at=NOW - timedelta(minutes=2),
)
HANDBOOK = Source(
    title="Facilities handbook",
    quote="A parking space may be given up with 30 days’ notice.",
    locator="3.2",
    check="conflicts",
    checked_at=NOW - timedelta(minutes=2),
)
TRAVEL_GUIDE = Source(
    title="Travel expenses: a guide for new colleagues",
    url="https://intranet.example/finance/travel-guide",
    quote="Receipts are due within 30 days.",
    check="quote_not_found",
    checked_at=NOW - timedelta(minutes=6),
)
SUPPLIER_PAGE = Source(
    title="Catering supplier, order form",
    url="https://catering.example/order",
    check="unreachable",
    checked_at=NOW - timedelta(minutes=6),
)


def verified() -> Sources:
    """Both quotes stand in the pages that are named."""
    return Sources(id="verified", items=(LEAVE_POLICY, WORKS_AGREEMENT))


def one_source() -> Sources:
    """One good source is enough."""
    return Sources(id="one", items=(LEAVE_POLICY,))


def verified_and_not_checked() -> Outcome:
    """Of three sources one was not checked: it stands below the others, and that is said."""
    sources = (PAYROLL_CALENDAR, LEAVE_POLICY, WORKS_AGREEMENT)
    return Outcome(
        id="mixed",
        status="answered",
        answer=Answer(text="Five days can be carried over until 31 March [2].", sources=sources),
        requested="ask_policies",
        trail=(Step(name="ask_policies", duration=2.1),),
        created_at=NOW,
    )


def changed_since() -> Sources:
    """The page was changed after it was read."""
    return Sources(id="changed", items=(ROOM_PLAN,))


def in_conflict() -> Sources:
    """Two documents disagree; one of them is on paper only."""
    return Sources(id="conflicts", items=(PARKING_RULES, HANDBOOK))


def quote_not_found() -> Sources:
    """The page was opened, and the sentence is not there."""
    return Sources(id="not-found", items=(TRAVEL_GUIDE,))


def unreachable() -> Sources:
    """The page could not be opened."""
    return Sources(id="unreachable", items=(SUPPLIER_PAGE,))


def every_state() -> Sources:
    """Six checks, the verified one first, the rest behind a disclosure."""
    items = (PAYROLL_CALENDAR, SUPPLIER_PAGE, ROOM_PLAN, LEAVE_POLICY, TRAVEL_GUIDE, PARKING_RULES)
    return Sources(id="every", items=items, max_visible=3)


def found_and_not_used() -> Sources:
    """Two pages were found, and the answer does not rest on them."""
    unused = tuple(source.model_copy(update={"used": False}) for source in (PAYROLL_CALENDAR, ROOM_PLAN))
    return Sources(id="unused", items=(LEAVE_POLICY, *unused))


def none() -> Sources:
    """A model answered from what it knows."""
    return Sources(id="none", model_made=True)


def none_of_a_person() -> Sources:
    """A person answered and named no source."""
    return Sources(id="none-of-a-person")


def compact() -> Sources:
    """One line each, for a narrow place."""
    return Sources(id="compact", items=(LEAVE_POLICY, WORKS_AGREEMENT, PAYROLL_CALENDAR), layout="compact")


def cards() -> Sources:
    """Side by side, for a wide place."""
    return Sources(id="cards", items=(LEAVE_POLICY, WORKS_AGREEMENT, ROOM_PLAN), layout="cards")


def empty() -> None:
    """Nothing has been asked yet."""
