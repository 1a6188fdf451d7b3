"""Use it on a saved answer whose age matters: it says how old, why that matters, and offers a new one.

Not on an answer that cannot go out of date, and not in place of the answer: the old text stays until a new one is here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fallbackkit import Answer, Failure, FailureKind, Outcome, Source, Step
from fallbackkit.ui.views._staleness import Staleness, stale_notice

PROBLEM = "Where is it from?"
VIEW = stale_notice
NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
DAY = 86400.0
MONDAY = datetime(2026, 10, 12, 7, 10, tzinfo=UTC)


def fresh() -> Staleness:
    """Two days old, and such answers hold for a week."""
    return Staleness(id="fresh", answered_at=MONDAY, valid_for=7 * DAY)


def ageing() -> Staleness:
    """Six days old, and such answers hold for a week."""
    return Staleness(id="ageing", answered_at=NOW - timedelta(days=6), valid_for=7 * DAY)


def stale_but_usable() -> Staleness:
    """Nine days old: it may still be right."""
    return Staleness(
        id="stale",
        answered_at=NOW - timedelta(days=9),
        valid_for=7 * DAY,
        why="The cafeteria changes its menu every Monday.",
    )


def do_not_rely_on_it() -> Staleness:
    """The price list that it used was changed after it was given."""
    return Staleness(
        id="unreliable",
        answered_at=MONDAY,
        source="Price list, catering 2026",
        source_changed_at=datetime(2026, 10, 13, 15, 0, tzinfo=UTC),
    )


def too_old() -> Staleness:
    """Three weeks old, and such answers hold for a week."""
    return Staleness(id="too-old", answered_at=NOW - timedelta(days=21), valid_for=7 * DAY)


def age_alone() -> Staleness:
    """Nobody knows how long such answers hold."""
    return Staleness(id="undated", answered_at=MONDAY)


def cooling_down() -> Staleness:
    """A new one has just been asked for; the button comes back by itself."""
    return Staleness(
        id="cooling",
        answered_at=NOW - timedelta(days=9),
        valid_for=7 * DAY,
        cooldown_until=NOW + timedelta(seconds=24),
    )


def refreshing() -> Staleness:
    """A new answer is on its way, and the old one stays."""
    return do_not_rely_on_it().model_copy(update={"state": "refreshing"})


def refresh_failed() -> Outcome:
    """The service cannot be reached; the saved answer from Monday stays."""
    failure = Failure(kind=FailureKind.CONNECTION_UPSTREAM, reference="7F3K2M")
    return Outcome(
        id="refresh-failed",
        status="degraded",
        answer=Answer(
            text="The cafeteria is open from 11:30 to 14:00.",
            sources=(Source(title="Cafeteria hours", url="https://intranet.example/cafeteria", check="quote_found"),),
            created_at=MONDAY,
        ),
        requested="ask_policies",
        reasons=(FailureKind.CONNECTION_UPSTREAM, FailureKind.CACHE_STALE),
        trail=(
            Step(name="ask_policies", verdict="failed", failure=failure, duration=4.2),
            Step(name="saved", kind="cache", duration=0.01),
        ),
        duration=4.2,
        created_at=NOW,
    )


def superseded() -> Staleness:
    """There is a newer answer, and what it says differently can be seen."""
    return Staleness(id="superseded", answered_at=MONDAY, state="superseded")


def refreshed() -> Staleness:
    """The new answer is here; only now something is read out."""
    return Staleness(id="refreshed", answered_at=NOW, valid_for=7 * DAY, state="refreshed")


def empty() -> None:
    """The answer on the screen is not a saved one."""
