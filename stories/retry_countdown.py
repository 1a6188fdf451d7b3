"""The wait until another try, where it is known that one will be made or may help.

Use it for waits of seconds to minutes that pass by themselves. Not for limits that last for hours
(QuotaNotice), not while an answer is being made (WaitProgress), and not where another try cannot help.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fallbackkit import Attempt, Failure, FailureKind, Outcome, Step
from fallbackkit.ui.views._countdown import Countdown, retry_countdown

PROBLEM = "It is not available"
VIEW = retry_countdown

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
BUSY = FailureKind.PROVIDER_OVERLOADED


def counting() -> Countdown:
    """The service asked for 24 seconds; the next try begins by itself."""
    return Countdown(id="leave-1", retry_at=NOW + timedelta(seconds=24), attempt=2, max_attempts=4, reason=BUSY)


def scheduled() -> Countdown:
    """The search index is rebuilt until 14:26: the time of day says more than a number."""
    return Countdown(
        id="leave-2",
        state="scheduled",
        retry_at=NOW + timedelta(minutes=6),
        attempt=2,
        max_attempts=3,
        reason=FailureKind.RETRIEVAL_DOWN,
    )


def unknown_wait() -> Countdown:
    """The service did not say how long to wait."""
    return Countdown(id="leave-3", attempt=2, max_attempts=4, reason=FailureKind.PROVIDER_5XX)


def up_to_the_person() -> Countdown:
    """Nothing is tried by itself: the action books a room, so a person decides."""
    return Countdown(id="room-1", retry_at=NOW + timedelta(seconds=40), attempt=2, reason=BUSY, auto=False)


def up_to_the_person_now() -> Countdown:
    """The same, once the wait is over."""
    return Countdown(id="room-2", retry_at=NOW - timedelta(seconds=5), attempt=2, reason=BUSY, auto=False)


def paused() -> Countdown:
    """The person halted it, to finish writing first."""
    return counting().model_copy(update={"id": "leave-4", "state": "paused"})


def retrying() -> Countdown:
    """The second try runs."""
    return counting().model_copy(update={"id": "leave-5", "state": "retrying"})


def succeeded() -> Countdown:
    """The second try worked."""
    return counting().model_copy(update={"id": "leave-6", "state": "succeeded"})


def gave_up() -> Countdown:
    """Four tries did not work; a person is the next step."""
    return Countdown(id="leave-7", state="gave_up", attempt=4, max_attempts=4, reason=BUSY)


def cancelled() -> Countdown:
    """The person called it off."""
    return counting().model_copy(update={"id": "leave-8", "state": "cancelled"})


def of_an_outcome() -> Outcome:
    """A call that failed with a Retry-After of 24 seconds; the wait is read from it."""
    failure = Failure(kind=BUSY, retry_after=24, reference="7F3K2M")
    return Outcome(
        id="leave-9",
        status="unavailable",
        requested="ask_policies",
        trail=(
            Step(
                name="ask_policies",
                verdict="failed",
                failure=failure,
                attempts=(Attempt(failure=failure, duration=0.8),),
                duration=0.8,
            ),
        ),
        failure=failure,
        created_at=NOW,
    )


def none() -> None:
    """Nothing is waiting."""
