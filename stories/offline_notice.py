"""For the moment the connection goes: on the page from the start, as nothing can be fetched then.

It says what works and what becomes of the question; it disables nothing. Not for a service that can't be reached
(DegradedBanner, ErrorCard): there the person's own connection is fine.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fallbackkit.ui.views import Offline, offline_notice

PROBLEM = "It is not available"
VIEW = offline_notice

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)


def watching() -> Offline:
    """Online: nothing is shown until the connection goes. Try it: take the page offline."""
    return Offline(id="watching", still_works=("earlier answers", "saved pages"))


def offline() -> Offline:
    """The question is kept and sent later."""
    return Offline(id="offline", watch=False)


def read_only() -> Offline:
    """Nothing can be sent, and what works is named."""
    return Offline(
        id="read-only", state="read_only", still_works=("earlier answers", "the floor plan", "policies"), watch=False
    )


def queued() -> Offline:
    """3 questions wait on the device."""
    return Offline(id="queued", state="queued", waiting=3, watch=False)


def sending() -> Offline:
    """Back online; they are on their way."""
    return Offline(id="sending", state="sending", waiting=3)


def sent() -> Offline:
    """They have arrived."""
    return Offline(id="sent", state="sent", waiting=3)


def conflict() -> Offline:
    """A colleague changed the same booking meanwhile."""
    return Offline(id="conflict", state="conflict", about="Booking of the room Linden, 15 October, 10:00")
