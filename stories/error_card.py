"""What failed, in the person's terms, next to the thing that failed.

Use it where a call ended without an answer and the card of the whole answer would be too much. Not for limits that
a meter shows better (QuotaNotice), not for refusals (RefusalCard), not for the whole page (DegradedBanner).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fallbackkit import Attempt, Failure, FailureKind, Outcome, Step, Ticket
from fallbackkit.ui.views._countdown import Countdown
from fallbackkit.ui.views._trouble import Trouble, error_card

PROBLEM = "It is not available"
VIEW = error_card

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)


def _failed(name: str, kind: FailureKind, **facts: float) -> Outcome:
    failure = Failure(kind=kind, reference="7F3K2M", **facts)
    tries = tuple(Attempt(failure=failure, duration=1.3) for _ in range(2))
    return Outcome(
        id=name,
        status="unavailable",
        requested="ask_policies",
        reasons=(kind,),
        trail=(Step(name="ask_policies", verdict="failed", failure=failure, attempts=tries, duration=3.6),),
        failure=failure,
        duration=3.6,
        created_at=NOW - timedelta(minutes=2),
    )


def error() -> Outcome:
    """The service cannot be reached; nobody knows for how long."""
    return _failed("carry-over", FailureKind.CONNECTION_UPSTREAM)


def error_of_ours() -> Outcome:
    """A bug of ours lost the answer: the one that says sorry."""
    return _failed("payslip", FailureKind.INTERNAL)


def limit() -> Outcome:
    """The answers of the team are used up: no error, and not red."""
    return _failed("parking", FailureKind.RATE_SHARED, retry_after=2400)


def question_lost() -> Trouble:
    """The form had timed out, and the question with it: said as it is."""
    return Trouble(outcome=_failed("expenses", FailureKind.TIMEOUT_FIRST_BYTE, limit=30), input_kept=False)


def with_countdown() -> Trouble:
    """The service asked for 24 seconds; the next try begins by itself."""
    outcome = _failed("laptop", FailureKind.PROVIDER_OVERLOADED, retry_after=144)
    return Trouble(outcome=outcome, countdown=Countdown.of(outcome, max_attempts=4))


def retrying() -> Trouble:
    """It is being tried again: a status, no error any more."""
    return Trouble(outcome=error(), state="retrying")


def resolved() -> Trouble:
    """The service is back before anybody did anything."""
    return Trouble(outcome=error(), state="resolved")


def repeated() -> Trouble:
    """The third time in a row: trying again is not offered any more."""
    return Trouble(outcome=error(), state="repeated", tries=2)


def handed_over() -> Trouble:
    """The HR desk has the question."""
    return Trouble(outcome=error().model_copy(update={"ticket": Ticket(id="4821")}), state="handed_over")


def dismissed() -> Trouble:
    """Closed by the person; one line stays."""
    return Trouble(outcome=error(), state="dismissed")


def for_operators() -> Trouble:
    """The same failure on the screen of those who run the desk: open the details."""
    return Trouble(outcome=_failed("carry-over", FailureKind.INTERNAL), audience="operator")


def none() -> None:
    """Nothing failed."""
