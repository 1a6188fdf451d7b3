"""Everything that is known of one answer, in the order in which people need it.

Use it wherever a wrapped call answers: give it the Outcome, and it grows with a stream. Take the parts one by one only
where a page has a place of its own for them. It is not for what has no answer: a wrong entry in a form needs no card.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fallbackkit import Answer, Attempt, Confidence, Failure, FailureKind, Outcome, Source, Step, Ticket
from fallbackkit.ui import views

PROBLEM = "The whole answer"
VIEW = views.outcome_card

NOW = datetime(2026, 10, 14, 12, 14, tzinfo=UTC)

CARRY_OVER = (
    "You can carry over **five days** of leave until 31 March. "
    "Days beyond that are lost, unless your manager asked you in writing to work through them."
)
LEAVE_POLICY = Source(
    title="Leave policy 2026",
    url="https://intranet.example/policies/leave-2026#section-4",
    quote="Up to five days may be carried over until 31 March of the following year.",
    locator="section 4",
    updated_at=datetime(2026, 1, 8, 9, 0, tzinfo=UTC),
    check="quote_found",
)
WORKS_AGREEMENT = Source(title="Works agreement 12/3", url="https://intranet.example/agreements/12-3", locator="page 2")
MEASURED = Confidence(
    value=0.83,
    basis="measured",
    lower=0.78,
    upper=0.87,
    n=412,
    measured_on="help-desk questions, spring 2026",
    measured_at=datetime(2026, 10, 1, tzinfo=UTC),
)


def _failed(name: str, kind: FailureKind, duration: float, *waits: float) -> Step:
    failure = Failure(kind=kind, reference="7F3K2M")
    attempts = tuple(Attempt(failure=failure, duration=0.8, waited=wait) for wait in (0.0, *waits))
    return Step(name=name, kind="model", verdict="failed", failure=failure, attempts=attempts, duration=duration)


def answered() -> Outcome:
    """The main model answers, with a measured confidence and two sources."""
    return Outcome(
        id="answered",
        status="answered",
        answer=Answer(text=CARRY_OVER, sources=(WORKS_AGREEMENT, LEAVE_POLICY), model="desk-large-2"),
        confidence=MEASURED,
        requested="ask_policies",
        trail=(Step(name="ask_policies", duration=2.1, attempts=(Attempt(duration=2.1),)),),
        duration=2.1,
        created_at=NOW,
    )


def answered_with_steps() -> Outcome:
    """A longer answer with a list, a table and a link, and nothing measured."""
    text = (
        "To book the large meeting room:\n\n"
        "1. Open the calendar and choose *Rooms*.\n"
        "2. Pick **Linden** (up to 24 people).\n"
        "3. Add `catering@` if you need coffee.\n\n"
        "| Room | Floor | Seats |\n|---|---|---|\n| Linden | 3 | 24 |\n| Ahorn | 2 | 8 |\n\n"
        "The [room plan](https://intranet.example/rooms) shows where they are."
    )
    room_plan = Source(
        title="Room plan", url="https://intranet.example/rooms", check="changed", updated_at=NOW - timedelta(days=11)
    )
    return Outcome(
        id="answered-with-steps",
        status="answered",
        answer=Answer(text=text, sources=(room_plan,)),
        requested="ask_policies",
        trail=(Step(name="ask_policies", duration=3.4, attempts=(Attempt(duration=3.4),)),),
        duration=3.4,
        created_at=NOW,
    )


def degraded_smaller_model() -> Outcome:
    """The main model is busy twice; the smaller one answers."""
    busy = _failed("ask_policies", FailureKind.PROVIDER_OVERLOADED, 2.6, 1.0)
    return Outcome(
        id="degraded",
        status="degraded",
        answer=Answer(
            text="Five days can be carried over until 31 March.", sources=(LEAVE_POLICY,), model="desk-small"
        ),
        confidence=Confidence(value=0.52, basis="measured", n=188, measured_at=datetime(2026, 10, 1, tzinfo=UTC)),
        requested="ask_policies",
        reasons=(FailureKind.PROVIDER_OVERLOADED,),
        trail=(busy, Step(name="ask_small", kind="smaller_model", duration=3.1, attempts=(Attempt(duration=3.1),))),
        duration=5.7,
        created_at=NOW,
    )


def degraded_saved_answer() -> Outcome:
    """The service cannot be reached; the saved answer from Monday is shown."""
    return Outcome(
        id="saved",
        status="degraded",
        answer=Answer(
            text="The cafeteria is open from 11:30 to 14:00.",
            sources=(
                Source(
                    title="Cafeteria hours",
                    url="https://intranet.example/cafeteria",
                    check="changed",
                    updated_at=NOW - timedelta(days=1),
                ),
            ),
            created_at=datetime(2026, 10, 12, 7, 10, tzinfo=UTC),
        ),
        requested="ask_policies",
        reasons=(FailureKind.CONNECTION_UPSTREAM, FailureKind.CACHE_STALE),
        trail=(
            _failed("ask_policies", FailureKind.CONNECTION_UPSTREAM, 4.2, 0.6, 1.2),
            Step(name="saved", kind="cache", duration=0.01),
        ),
        duration=4.2,
        created_at=NOW,
    )


def degraded_search_only() -> Outcome:
    """No model answers; search shows the matching pages."""
    return Outcome(
        id="search",
        status="degraded",
        answer=Answer(
            text="Two pages match “parking permit”.",
            sources=(
                Source(title="Parking at the Linden site", url="https://intranet.example/parking"),
                Source(title="Facilities request form", url="https://intranet.example/forms/facilities"),
            ),
        ),
        requested="ask_policies",
        reasons=(FailureKind.CIRCUIT_OPEN,),
        trail=(
            Step(
                name="ask_policies",
                verdict="failed",
                failure=Failure(kind=FailureKind.CIRCUIT_OPEN, reference="9QX2AB"),
            ),
            Step(name="keyword_search", kind="search", duration=0.04, attempts=(Attempt(duration=0.04),)),
        ),
        duration=0.04,
        created_at=NOW,
    )


def low_confidence_hedged() -> Outcome:
    """Two documents disagree; the answer begins with the doubt."""
    return Outcome(
        id="hedged",
        status="low_confidence",
        answer=Answer(
            text="The notice period for a parking space is 14 days in one document and 30 days in the other.",
            sources=(
                Source(
                    title="Parking rules", url="https://intranet.example/parking", locator="page 7", check="conflicts"
                ),
                Source(title="Facilities handbook", locator="3.2", check="conflicts"),
            ),
        ),
        confidence=Confidence(basis="model_said"),
        requested="ask_policies",
        reasons=(FailureKind.QUALITY_LOW_CONFIDENCE,),
        trail=(Step(name="ask_policies", verdict="abstained", duration=2.8, attempts=(Attempt(duration=2.8),)),),
        duration=2.8,
        created_at=NOW,
    )


def low_confidence_withheld() -> Outcome:
    """The answer is not good enough to be shown."""
    return Outcome(
        id="withheld",
        status="low_confidence",
        requested="ask_policies",
        reasons=(FailureKind.QUALITY_LOW_CONFIDENCE,),
        trail=(Step(name="ask_policies", verdict="abstained", duration=2.2, attempts=(Attempt(duration=2.2),)),),
        failure=Failure(kind=FailureKind.QUALITY_LOW_CONFIDENCE, reference="4TRN8W"),
        duration=2.2,
        created_at=NOW,
    )


def awaiting_review() -> Outcome:
    """A person has been asked; two others are ahead in the line."""
    return Outcome(
        id="waiting",
        status="awaiting_review",
        requested="ask_policies",
        reasons=(FailureKind.QUALITY_LOW_CONFIDENCE,),
        trail=(Step(name="ask_policies", verdict="abstained", duration=2.2, attempts=(Attempt(duration=2.2),)),),
        ticket=Ticket(id="4821", position=3, eta=900),
        duration=2.3,
        created_at=NOW,
    )


def awaiting_review_claimed() -> Outcome:
    """A person is reading the question."""
    return awaiting_review().model_copy(update={"ticket": Ticket(id="4821", state="claimed", eta=300)})


def reviewed() -> Outcome:
    """The person at the desk has answered."""
    return Outcome(
        id="reviewed",
        status="reviewed",
        answer=Answer(
            text="Thirty days. The facilities handbook is newer; I have asked for the parking rules to be corrected.",
            sources=(Source(title="Facilities handbook", locator="3.2", check="quote_found"),),
            created_at=NOW,
        ),
        requested="ask_policies",
        trail=(
            Step(name="ask_policies", verdict="abstained", duration=2.2),
            Step(name="Anna Kowalski", kind="person", duration=840),
        ),
        ticket=Ticket(id="4821", state="decided"),
        duration=842.2,
        created_at=NOW,
    )


def interrupted() -> Outcome:
    """The connection is lost while the answer is being written."""
    failure = Failure(kind=FailureKind.TIMEOUT_MID_STREAM, limit=2, reference="K7P3ZD")
    return Outcome(
        id="interrupted",
        status="interrupted",
        answer=Answer(text="To book the large meeting room, open the calendar, choose *Rooms*, and"),
        requested="ask_policies",
        reasons=(FailureKind.TIMEOUT_MID_STREAM,),
        trail=(
            Step(
                name="ask_policies",
                verdict="failed",
                failure=failure,
                duration=4.9,
                attempts=(Attempt(failure=failure, duration=4.9),),
            ),
        ),
        failure=failure,
        duration=4.9,
        created_at=NOW,
    )


def unavailable(kind: FailureKind = FailureKind.FALLBACK_EXHAUSTED) -> Outcome:
    """Nothing could answer."""
    first = _failed("ask_policies", FailureKind.CONNECTION_UPSTREAM, 4.2, 0.6, 1.2)
    second = _failed("ask_small", FailureKind.TIMEOUT_FIRST_BYTE, 8.0).model_copy(update={"kind": "smaller_model"})
    return Outcome(
        id=f"unavailable-{kind}",
        status="unavailable",
        requested="ask_policies",
        reasons=(kind,),
        trail=(first, second),
        failure=Failure(kind=kind, reference="7F3K2M"),
        duration=12.2,
        created_at=NOW,
    )


def working() -> Outcome:
    """The question has been sent."""
    return Outcome(id="working", status="working", requested="ask_policies")


def streaming() -> Outcome:
    """The answer is arriving."""
    return Outcome(
        id="streaming",
        status="streaming",
        answer=Answer(text="You can carry over **five days** of leave until"),
        requested="ask_policies",
        trail=(Step(name="ask_policies", duration=0.9),),
    )
