"""A request that the assistant declined, in our words, with what it can do instead.

Use it for content that policy keeps out, approvals, and matters of another desk. Not for missing access to a page
(ErrorCard says whom to ask), not for topics that the assistant does not know, and never in red.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fallbackkit import Failure, FailureKind, Outcome
from fallbackkit.ui.views._refusal import Alternative, Refusal, refusal_card

PROBLEM = "It is not available"
VIEW = refusal_card

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
PAY = (Alternative("bands", "Show the pay bands"), Alternative("hr", "Send this to HR"))


def refused() -> Refusal:
    """A colleague's salary: declined, with two things that help."""
    return Refusal(
        id="pay-1",
        what="sharing a colleague's salary",
        category="personal_data",
        policy_url="https://intranet.example/policies/pay-data",
        alternatives=PAY,
    )


def refused_without_more() -> Refusal:
    """Nothing else is known: a person and another wording are the way on."""
    return Refusal(id="pay-2")


def partly() -> Refusal:
    """The notice period is answered, the advice on suing is not."""
    return Refusal(
        id="notice-1",
        what="whether to take the company to court over the notice period",
        state="partly",
        category="professional",
        alternatives=(Alternative("council", "Contact the works council"),),
    )


def needs_approval() -> Refusal:
    """A second laptop: the manager has to agree first."""
    return Refusal(
        id="laptop-1",
        what="ordering a second laptop for home",
        state="needs_approval",
        policy_url="https://intranet.example/policies/equipment#approval",
    )


def other_channel() -> Refusal:
    """A complaint about a manager belongs to the trust office, not to a chat."""
    return Refusal(
        id="complaint-1",
        what="a complaint about a manager",
        state="other_channel",
        category="confidential",
        alternatives=(Alternative("trust", "Open the trust office page"), Alternative("call", "Show the phone number")),
    )


def reported() -> Refusal:
    """The person said that it was a mistake."""
    return refused().model_copy(update={"id": "pay-3", "state": "reported"})


def of_an_outcome() -> Outcome:
    """What a call ended with: the model declined, and its own words stay where they are."""
    failure = Failure(kind=FailureKind.SAFETY_REFUSED, reference="2HX9QT")
    return Outcome(id="pay-4", status="unavailable", requested="ask_policies", failure=failure, created_at=NOW)


def none() -> None:
    """Nothing was declined."""
