from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallbackkit._outcome import Answer, Outcome, Source, Status, Step, StepKind, Ticket, TicketState
from fallbackkit.errors import TRANSIENT, Failure, FailureKind
from fallbackkit.messages import ActionId, Audience, Notice, notice

STATUSES = get_args(Status)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
AT = datetime(2026, 10, 14, 14, 14, tzinfo=timezone(timedelta(hours=2), "CEST"))
FORBIDDEN = re.compile(
    r"please|oops|invalid|illegal|forbidden|error|exception|timeout|time-out|token|circuit|breaker|cache|null|\bnone\b"
    r"|\bapi\b|provider|schema|json|hallucinat|threshold|rung|quota|credit|\bkey\b|went wrong|technical difficult"
    r"|maintenance|shortly|immediately|!|\d{3}|[{}<>]",
    re.IGNORECASE,
)
AGAIN = {"retry", "wait"}


def step(name: str, kind: StepKind, failure: FailureKind | None = None) -> Step:
    """A step that answered, or failed in this way."""
    return Step(
        name=name,
        kind=kind,
        verdict="failed" if failure else "answered",
        failure=Failure(kind=failure) if failure else None,
    )


def outcomes(status: Status, kind: FailureKind) -> list[Outcome]:
    """Every sort of outcome that can have this status because of this kind."""
    failed = step("primary", "model", kind)
    answer = Answer(text="Five days.", sources=(Source(title="Leave policy"),), created_at=AT)
    bare = {"status": status, "reasons": (kind,), "requested": "primary", "created_at": AT}
    if status in ("answered", "degraded", "low_confidence", "reviewed"):
        served = [(failed, step("Dana R.", served)) for served in get_args(StepKind)]
        return [Outcome(**bare, answer=answer, trail=trail) for trail in served] + [Outcome(**bare, trail=(failed,))]
    if status == "awaiting_review":
        tickets = [Ticket(id="T1", state=state, position=2, eta=300) for state in get_args(TicketState)]
        return [Outcome(**bare, trail=(failed,), ticket=ticket) for ticket in [*tickets, Ticket(id="T1")]]
    failure = Failure(kind=kind, limit=20, retry_after=360)
    declined = (failed, Step(name="Dana R.", kind="person", verdict="rejected"))
    return [
        Outcome(**bare),
        Outcome(**bare, failure=failure, trail=(failed,)),
        Outcome(**bare, failure=failure, trail=(failed,), answer=answer),
        Outcome(**bare, failure=failure, trail=declined),
    ]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("kind", FailureKind)
def test_every_outcome_has_words_that_keep_the_copy_rules(status, kind) -> None:
    """Short, in sentences, no codes, no inner causes, no empty promise, at most one primary action."""
    for outcome, audience in product(outcomes(status, kind), get_args(Audience)):
        said = outcome.notice(audience=audience)
        assert 0 < len(said.title) <= 60
        assert len(said.body) <= 140
        assert said.title[-1] not in ".,:"
        assert said.body == "" or said.body[-1] == "."
        assert "None" not in said.title + said.body
        assert [action.primary for action in said.actions].count(True) <= 1
        assert {action.id for action in said.actions} <= set(get_args(ActionId))
        assert len({action.id for action in said.actions}) == len(said.actions)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("kind", FailureKind)
def test_people_are_spared_codes_and_jargon(status, kind) -> None:
    """No kind, reference, name of a rung, status number or word of the trade reaches a user."""
    for outcome in outcomes(status, kind):
        said = outcome.notice()
        shown = (said.title + " " + said.body).replace("2026", "")
        assert FORBIDDEN.search(shown) is None
        assert "primary" not in shown
        assert outcome.failure is None or outcome.failure.reference not in shown
        assert ("sorry" in shown) <= (kind == "internal")
        assert "support" not in shown
        assert "Trying again in" not in shown


@pytest.mark.parametrize("kind", FailureKind)
def test_trying_again_is_offered_only_where_it_can_help(kind) -> None:
    """The kind is transient, or it will pass at a known time."""
    for wait in (None, 40.0):
        ids = {action.id for action in notice(status="unavailable", kind=kind, retry_after=wait).actions}
        helps = kind in TRANSIENT or (wait is not None and kind == "circuit.open")
        assert bool(ids & AGAIN) == helps
        assert not ids >= AGAIN


@pytest.mark.parametrize("kind", FailureKind)
def test_an_unavailable_answer_leaves_one_thing_to_do_first(kind) -> None:
    """Every kind has exactly one primary action, and it comes first."""
    said = notice(status="unavailable", kind=kind)
    assert [True, *[False] * (len(said.actions) - 1)] == [action.primary for action in said.actions]


@pytest.mark.parametrize("kind", FailureKind)
def test_operators_read_the_kind_and_the_reference(kind) -> None:
    """They can search the log for it; the cause is said in their words."""
    failure = Failure(kind=kind)
    said = Outcome(status="unavailable", failure=failure, requested="primary").notice(audience="operator")
    assert f"Kind {kind}." in said.body
    assert f"Reference {failure.reference}." in said.body
    assert said.body != Outcome(status="unavailable", failure=failure).notice().body


def test_every_kind_reads_differently() -> None:
    """No two kinds share a title, so that none is a copy of another by mistake."""
    titles = [notice(status="unavailable", kind=kind).title for kind in FailureKind]
    assert len(set(titles)) == len(titles)


def test_a_degraded_answer_says_who_answered_and_why() -> None:
    """And what may be worse about it."""
    trail = (step("primary", "model", FailureKind.PROVIDER_OVERLOADED), step("small", "smaller_model"))
    outcome = Outcome(status="degraded", requested="primary", answer=Answer(text="x"), trail=trail)
    said = outcome.notice()
    assert said.title == "Answered by the smaller model"
    assert said.body == "The main model was busy. The smaller one may be weaker on long or hard questions."
    assert [action.id for action in said.actions] == ["new_answer", "escalate"]


def test_a_new_answer_is_not_offered_if_it_would_end_the_same() -> None:
    """The main model refused; asking it again does not help."""
    trail = (step("primary", "model", FailureKind.SAFETY_REFUSED), step("rules", "rule"))
    outcome = Outcome(status="degraded", requested="primary", answer=Answer(text="x"), trail=trail)
    assert [action.id for action in outcome.notice().actions] == ["escalate"]


def test_a_saved_answer_says_when_it_was_saved() -> None:
    """With the zone, because the reader may be elsewhere."""
    trail = (step("primary", "model", FailureKind.PROVIDER_5XX), step("cache", "cache"))
    answer = Answer(text="x", created_at=AT)
    said = Outcome(status="degraded", requested="primary", answer=answer, trail=trail).notice()
    assert said.title == "Saved answer"
    assert "This was saved on 14 October 2026 at 14:14 CEST." in said.body


@pytest.mark.parametrize(
    ("when", "at", "wait"),
    [
        ("at 14:20 CEST (in 6 minutes)", AT, 360),
        ("at 14:14 CEST (in 24 seconds)", AT, 24),
        ("on 15 October at 00:14 CEST (in 10 hours)", AT, 36000),
        ("on 17 October at 14:14 CEST (in 3 days)", AT, 3 * 86400),
        ("in 6 minutes", None, 360),
        ("in 1 second", AT.replace(tzinfo=None), 1),
        ("in 2 hours", datetime.max.replace(tzinfo=UTC), 7200),
    ],
)
def test_a_wait_is_said_in_both_ways(when, at, wait) -> None:
    """Absolute with zone and relative; relative alone if nobody knows when the call ended."""
    said = notice(status="unavailable", kind=FailureKind.CONNECTION_UPSTREAM, at=at, retry_after=wait)
    assert f"You can try again {when}. Your question is still here." == said.body


@pytest.mark.parametrize("wait", [None, 0, 0.4, -1, float("nan"), float("inf"), 1e300])
def test_a_wait_that_makes_no_sense_is_not_spoken_of(wait) -> None:
    """Silence is better than "in 0 seconds"."""
    said = notice(status="unavailable", kind=FailureKind.PROVIDER_5XX, at=AT, retry_after=wait, limit=wait)
    assert said.body == "Your question did not cause it. Your question is still here."


def test_a_limit_is_said_in_whole_units() -> None:
    """No decimals."""
    said = notice(status="unavailable", kind=FailureKind.TIMEOUT_FIRST_BYTE, limit=19.99951)
    assert said.body == "We stopped waiting after 20 seconds. Your question is still here."


def test_a_waiting_question_says_its_place() -> None:
    """The place, the time and the case."""
    outcome = Outcome(status="awaiting_review", ticket=Ticket(id="4821", position=1, eta=300))
    assert outcome.notice().body == "You're first in line, about 5 minutes. Your case is 4821."
    claimed = Outcome(status="awaiting_review", ticket=Ticket(id="4821", state="claimed"))
    assert claimed.notice().title == "A person is looking at your question"
    assert claimed.notice().actions[0].id == "track"


def test_a_reviewed_answer_names_the_person() -> None:
    """Whoever decided stands behind it."""
    outcome = Outcome(status="reviewed", answer=Answer(text="x"), trail=(step("Dana R.", "person"),))
    assert outcome.notice().body == "Dana R. checked or wrote this answer."


def test_a_withheld_answer_is_not_promised() -> None:
    """Shown with a hedge and withheld are two different notices."""
    shown = Outcome(status="low_confidence", answer=Answer(text="x"))
    withheld = Outcome(status="low_confidence")
    assert shown.notice().title == "I'm not sure about this one"
    assert withheld.notice().title == "I'm not sure enough to answer this"
    assert withheld.notice().actions[0].id == "escalate"


def test_an_interrupted_answer_says_how_much_arrived() -> None:
    """And does not speak of text above if there is none."""
    failure = Failure(kind=FailureKind.TIMEOUT_MID_STREAM)
    some = Outcome(status="interrupted", answer=Answer(text="one two three"), failure=failure)
    assert some.notice().body == "It ends after 3 words. What arrived is above."
    assert "above" not in Outcome(status="interrupted", failure=failure).notice().body
    cut = some.model_copy(update={"failure": Failure(kind=FailureKind.OUTPUT_TRUNCATED)})
    assert cut.notice().actions[0].id == "continue_answer"


def test_a_question_that_a_person_declined_is_not_called_a_breakdown() -> None:
    """Somebody looked, and decided."""
    trail = (step("primary", "model", FailureKind.PROVIDER_5XX), Step(name="Dana", kind="person", verdict="rejected"))
    outcome = Outcome(status="unavailable", failure=Failure(kind=FailureKind.FALLBACK_EXHAUSTED), trail=trail)
    assert outcome.notice().title == "A person looked and gave no answer"


@pytest.mark.parametrize("locale", ["en", "en-GB", "tlh", "", "en_US.UTF-8", "../../etc"])
def test_an_unknown_locale_gives_english(locale) -> None:
    """Words in a wrong language are better than none."""
    said = notice(status="unavailable", kind=FailureKind.RETRIEVAL_NONE, locale=locale)
    assert said.title == "No matching pages"


def test_an_unknown_audience_is_refused() -> None:
    """It decides what may be said, so a slip must not pass."""
    with pytest.raises(ValueError, match=r"`audience` must be .* got 'admin'"):
        Outcome(status="answered").notice(audience="admin")


hostile = st.text(max_size=200) | st.sampled_from(
    ["{limit}", "{0.__class__}", "{", "}}", "%s", "${1+1}", "<img onerror=x>", "\u202e", "a" * 10_000, "\n\n", "\x00"]
)


@given(name=hostile, ticket=hostile, audience=st.sampled_from(get_args(Audience)), status=st.sampled_from(STATUSES))
def test_hostile_values_stay_data(name, ticket, audience, status) -> None:
    """They are never read as templates, never break a line, and never push the body over its length."""
    trail = (step(name, "model", FailureKind.INTERNAL), step(name, "person"))
    outcome = Outcome(status=status, requested=name, trail=trail, ticket=Ticket(id=ticket))
    said = outcome.notice(audience=audience)
    assert len(said.body) <= 140
    assert said.body.isprintable()
    assert Notice.model_validate_json(said.model_dump_json()) == said


def test_braces_in_a_value_are_shown_as_they_are() -> None:
    """A case number that looks like a template is only a strange case number."""
    said = Outcome(status="awaiting_review", ticket=Ticket(id="{x[0]}")).notice()
    assert said.body == "Your case is {X[0]}."


@given(at=st.datetimes(timezones=st.just(UTC)), wait=FINITE, limit=FINITE, eta=FINITE)
def test_no_fact_breaks_the_words(at, wait, limit, eta) -> None:
    """Any date and any number give words."""
    failure = Failure(kind=FailureKind.TIMEOUT_FIRST_BYTE, retry_after=wait, limit=limit)
    ticket = Ticket(id="1", position=1, eta=eta)
    for status in ("unavailable", "awaiting_review"):
        said = Outcome(status=status, failure=failure, ticket=ticket, created_at=at).notice()
        assert "nan" not in said.body
        assert "inf" not in said.body
