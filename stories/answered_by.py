"""Use it on every answer that may come from more than one place: a person must see whose words they read.

Not in a message that fades, and never with the name that was asked for instead of the one that answered.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fallbackkit import Answer, Failure, FailureKind, Outcome, Step
from fallbackkit.ui.views._answered_by import Provenance, answered_by

PROBLEM = "Where is it from?"
VIEW = answered_by
NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)

BUSY = Step(
    name="ask_policies",
    verdict="failed",
    failure=Failure(kind=FailureKind.PROVIDER_OVERLOADED, reference="7F3K2M"),
    duration=2.6,
)
SMALL = Step(name="ask_small", kind="smaller_model", duration=3.1)


def main_model() -> Provenance:
    """The model that was asked has answered."""
    return Provenance(
        id="main",
        actual="ask_policies",
        requested="ask_policies",
        model="desk-large-2",
        at=NOW,
        chain=(Step(name="ask_policies", duration=2.1),),
    )


def smaller_model() -> Provenance:
    """The main model was busy; what may be worse is said."""
    return Provenance(
        id="smaller",
        kind="smaller_model",
        actual="ask_small",
        requested="ask_policies",
        degraded=True,
        reason=FailureKind.PROVIDER_OVERLOADED,
        chain=(BUSY, SMALL),
        model="desk-small",
        at=NOW,
        differences=("answers about long documents", "tables"),
    )


def another_model() -> Provenance:
    """A model of another provider stepped in."""
    return Provenance(
        id="another",
        kind="another_model",
        actual="ask_elsewhere",
        requested="ask_policies",
        degraded=True,
        reason=FailureKind.CONNECTION_UPSTREAM,
        at=NOW,
    )


def of_an_outcome() -> Outcome:
    """The same from an outcome: nothing needs to be put together by hand."""
    return Outcome(
        id="outcome",
        status="degraded",
        answer=Answer(text="Five days can be carried over until 31 March.", model="desk-small"),
        requested="ask_policies",
        reasons=(FailureKind.PROVIDER_OVERLOADED,),
        trail=(BUSY, SMALL),
        duration=5.7,
        created_at=NOW,
    )


def saved() -> Provenance:
    """A saved answer that a person had checked."""
    return Provenance(
        id="saved",
        kind="cache",
        actual="saved",
        requested="ask_policies",
        at=datetime(2026, 10, 9, 8, 15, tzinfo=UTC),
        person="Dana Richter",
    )


def saved_instead() -> Provenance:
    """A saved answer, as the service could not be reached."""
    return Provenance(
        id="saved-instead",
        kind="cache",
        actual="saved",
        requested="ask_policies",
        degraded=True,
        reason=FailureKind.CONNECTION_UPSTREAM,
        at=datetime(2026, 10, 12, 7, 10, tzinfo=UTC),
    )


def rule() -> Provenance:
    """A table answers, no model."""
    table = "holiday entitlement table 2026"
    return Provenance(id="rule", kind="rule", actual=table, requested=table, requested_kind="rule", at=NOW)


def search() -> Provenance:
    """Only pages were found."""
    return Provenance(
        id="search",
        kind="search",
        actual="keyword_search",
        requested="ask_policies",
        degraded=True,
        reason=FailureKind.CIRCUIT_OPEN,
        differences=("you have to read the pages yourself",),
        at=NOW,
    )


def person() -> Provenance:
    """Somebody at the desk answered."""
    return Provenance(id="person", kind="person", actual="Anna Kowalski", person="Anna Kowalski", at=NOW)


def person_and_ai() -> Provenance:
    """AI wrote the draft, and a person checked it."""
    return Provenance(
        id="person-and-ai", kind="person_and_ai", person="Anna Kowalski", model="desk-large-2", requested="ask_policies"
    )


def mixed() -> Provenance:
    """A model wrote the text, and a rule worked out the amount."""
    return Provenance(
        id="together",
        kind="mixed",
        requested="ask_travel",
        chain=(
            Step(name="ask_travel", duration=2.2),
            Step(name="travel allowance table 2026", kind="rule", duration=0.01),
        ),
        at=NOW,
    )


def on_the_way() -> Outcome:
    """The answer is being written."""
    return Outcome(
        id="streaming",
        status="streaming",
        answer=Answer(text="You can carry over five days of leave until"),
        requested="ask_policies",
        trail=(Step(name="ask_policies", duration=0.9),),
    )


def nobody() -> Outcome:
    """Nothing could answer."""
    failure = Failure(kind=FailureKind.TIMEOUT_FIRST_BYTE, reference="7F3K2M")
    slow = Step(name="ask_small", kind="smaller_model", verdict="failed", failure=failure, duration=8.0)
    return Outcome(
        id="nobody", status="unavailable", requested="ask_policies", trail=(BUSY, slow), failure=failure, duration=10.6
    )


def empty() -> None:
    """Nothing has been asked yet."""
