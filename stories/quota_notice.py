"""For a limit on how much may be used: one's own, the team's, everyone's or the provider's.

Tell it early, say when there is more and what works meanwhile. Not for an outage (DegradedBanner), and never in red: a
limit is no error.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fallbackkit import Failure, FailureKind, Outcome
from fallbackkit.ui.views import Quota, quota_notice

PROBLEM = "It is not available"
VIEW = quota_notice

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
MIDNIGHT = datetime(2026, 10, 14, 22, 0, tzinfo=UTC)
THREE = datetime(2026, 10, 14, 13, 0, tzinfo=UTC)
NOVEMBER = datetime(2026, 10, 31, 23, 0, tzinfo=UTC)
MEANWHILE = ("saved answers", "search")


def fine() -> Quota:
    """12 of 50 answers used."""
    return Quota(id="fine", used=12, limit=50, resets_at=MIDNIGHT)


def most_used() -> Quota:
    """From 80 % on, what is left is told."""
    return Quota(id="most", used=41, limit=50, resets_at=MIDNIGHT)


def nearly_used() -> Quota:
    """From 95 % on: 2 answers left."""
    return Quota(id="nearly", used=48, limit=50, resets_at=MIDNIGHT)


def reached() -> Quota:
    """Their own 50 answers are used; there is more at midnight."""
    return Quota(id="reached", used=50, limit=50, resets_at=MIDNIGHT, still_works=MEANWHILE)


def reached_team() -> Quota:
    """The HR team has used the hour's answers."""
    return Quota(
        id="team",
        used=200,
        limit=200,
        whose="team",
        window="hour",
        resets_at=THREE,
        still_works=MEANWHILE,
    )


def reached_app() -> Quota:
    """The month's budget for everyone is used up, on 14 October."""
    return Quota(
        id="app",
        used=400,
        limit=400,
        unit="money",
        currency="EUR",
        whose="app",
        window="month",
        resets_at=NOVEMBER,
        still_works=MEANWHILE,
        actions=("search",),
    )


def reached_provider() -> Quota:
    """The provider gives no more tokens this hour."""
    return Quota(
        id="provider",
        used=1_000_000,
        limit=1_000_000,
        unit="tokens",
        whose="provider",
        window="hour",
        resets_at=THREE,
        still_works=("search",),
        actions=("notify", "search"),
    )


def reached_and_due() -> Quota:
    """There should have been more since 14:00: trying again is offered."""
    return Quota(
        id="due",
        used=200,
        limit=200,
        whose="team",
        window="hour",
        resets_at=datetime(2026, 10, 14, 12, 0, tzinfo=UTC),
    )


def raised() -> Quota:
    """Somebody has raised the limit."""
    return Quota(id="raised", used=50, limit=80, raised_from=50, resets_at=MIDNIGHT)


def unknown() -> Quota:
    """The provider does not say how much is left."""
    return Quota(id="unknown", whose="provider", resets_at=THREE)


def from_an_outcome() -> Outcome:
    """The call itself was refused for now, for half an hour."""
    return Outcome(
        id="limited",
        status="unavailable",
        requested="ask_policies",
        failure=Failure(kind=FailureKind.RATE_SHARED, retry_after=1800, reference="7F3K2M"),
        created_at=NOW,
    )
