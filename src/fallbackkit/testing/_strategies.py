from __future__ import annotations

from datetime import UTC, timedelta, timezone
from typing import TYPE_CHECKING, Any, get_args

from fallbackkit._outcome import (
    Answer,
    Attempt,
    Basis,
    Check,
    Confidence,
    Outcome,
    Source,
    Status,
    Step,
    StepKind,
    Ticket,
    TicketState,
    ToolCall,
    Usage,
)
from fallbackkit.errors import Failure, FailureKind, StopReason
from fallbackkit.testing._clock import FakeClock
from fallbackkit.testing._faults import Fault
from fallbackkit.testing._script import Script
from fallbackkit.testing._streams import Chunk, Stream

if TYPE_CHECKING:
    from types import ModuleType

    from hypothesis.strategies import SearchStrategy

__all__ = ["failures", "fault_scripts", "outcomes"]

_HOSTILE = (
    "<script>alert(1)</script>",
    "${alert(1)}",
    "{{value}}",
    "javascript:alert(1)",
    "\u202eevil",
    "a\n\n# b",
    "\x00",
)
_DELAYS = (0.0, 0.5, 5.0, 60.0)
_HAS_ANSWER = frozenset({"answered", "degraded", "reviewed", "streaming", "interrupted"})
_HAS_NO_ANSWER = frozenset({"working", "awaiting_review", "unavailable"})
_NOT_WHOLE = frozenset({"working", "streaming", "interrupted"})
_MEASURES = ("measured", "guaranteed", "agreement")
_HAS_FAILURE = frozenset({"unavailable", "awaiting_review", "interrupted"})


def failures() -> SearchStrategy[Failure]:
    """Failures of every kind, with and without their facts; for hypothesis.

    Raises:
        ImportError: hypothesis is missing.
    """
    st = _hypothesis()
    plain = _plain_failures(st, st.sampled_from(FailureKind))
    exhausted = _plain_failures(st, st.just(FailureKind.FALLBACK_EXHAUSTED), st.lists(plain, max_size=3).map(tuple))
    found: SearchStrategy[Failure] = st.one_of(plain, exhausted)
    return found


def outcomes() -> SearchStrategy[Outcome]:
    """Outcomes of every status, each as a pipeline, a stream or a review could leave it; for hypothesis.

    Texts are hostile, times have any zone or none, and what may be missing is missing at times.

    Raises:
        ImportError: hypothesis is missing.
    """
    st = _hypothesis()
    shown = [_built(st, status, shown=True) for status in get_args(Status) if status not in _HAS_NO_ANSWER]
    withheld = [_built(st, status, shown=False) for status in get_args(Status) if status not in _HAS_ANSWER]
    found: SearchStrategy[Outcome] = st.one_of(*shown, *withheld)
    return found


def fault_scripts(
    answers: SearchStrategy[Any] | None = None, *, max_size: int = 5, hangs: bool = True, streams: bool = False
) -> SearchStrategy[Script]:
    """Scripts that answer, fail and hang in any order, each on a FakeClock of its own; for hypothesis.

    Args:
        answers: What a script returns when it does answer; by default texts that are not empty.
        max_size: Longest script, in plays; and longest stream, in pieces.
        hangs: Whether a play may hang; then the pipeline under test needs a time limit.
        streams: Whether a play may be a Stream: of texts and empty chunks, which may fail or hang on the way.

    Raises:
        ImportError: hypothesis is missing.

    Example:
        >>> from hypothesis import given
        >>> from fallbackkit import Deadline, Pipeline, Retry
        >>> @given(script=fault_scripts())
        ... def test_the_deadline_holds(script):
        ...     pipeline = Pipeline(Deadline(20), Retry(), clock=script.clock)
        ...     assert pipeline.outcome(script).duration <= 20
        >>> test_the_deadline_holds()
    """
    st = _hypothesis()
    faults = _faults(st, hangs=hangs)
    plays = [st.text(min_size=1) if answers is None else answers, faults]
    if streams:
        plays.append(_streams(st, faults, max_size))
    found: SearchStrategy[Script] = st.lists(st.one_of(plays), min_size=1, max_size=max_size).map(_script)
    return found


def _hypothesis() -> ModuleType:
    try:
        from hypothesis import strategies
    except ImportError as error:
        msg = "the strategies of fallbackkit.testing need hypothesis: pip install 'fallbackkit[testing]'"
        raise ImportError(msg) from error
    return strategies


def _raised(error: type[Exception]) -> Exception:
    return error("scripted")


def _faults(st: Any, *, hangs: bool) -> Any:
    after = st.sampled_from(_DELAYS)
    retry_after = st.none() | st.floats(0, 300)
    errors = st.sampled_from([ConnectionError, TimeoutError, ValueError]).map(_raised)
    failing = [
        st.builds(Fault, kind=st.sampled_from(FailureKind), after=after, retry_after=retry_after),
        st.builds(Fault, error=errors, after=after),
    ]
    return st.one_of(*failing, *[st.just(Fault())] * hangs)


def _streams(st: Any, faults: Any, max_size: int) -> Any:
    chunks = st.builds(Chunk, st.none() | st.text(), after=st.sampled_from(_DELAYS))
    pieces = st.lists(st.text(min_size=1) | chunks, max_size=max_size)
    ends = st.just([]) | faults.map(lambda fault: [fault])
    return st.builds(_stream, pieces, ends, st.sampled_from(_DELAYS))


def _stream(pieces: list[Any], end: list[Fault], every: float) -> Stream:
    return Stream(*pieces, *end, every=every)


def _script(plays: list[Any]) -> Script:
    return Script(*plays, clock=FakeClock())


def _texts(st: Any) -> Any:
    return st.one_of(st.text(max_size=60), st.sampled_from(_HOSTILE))


def _moments(st: Any) -> Any:
    zones = st.sampled_from([None, UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-12))])
    return st.none() | st.datetimes(timezones=zones)


def _seconds(st: Any) -> Any:
    return st.one_of(st.none(), st.floats(0, 1e6), st.floats(min_value=0, allow_infinity=False))


def _plain_failures(st: Any, kinds: Any, steps: Any = None) -> Any:
    return st.builds(
        Failure,
        kind=kinds,
        retry_after=_seconds(st),
        limit=_seconds(st),
        stopped_by=st.none() | st.sampled_from(get_args(StopReason)),
        gap=st.none() | _texts(st),
        steps=st.just(()) if steps is None else steps,
    )


def _usages(st: Any) -> Any:
    tokens = st.integers(0, 10**6)
    return st.builds(
        Usage,
        input_tokens=tokens,
        output_tokens=tokens,
        cached_tokens=tokens,
        reasoning_tokens=tokens,
        cost=st.none() | st.floats(0, 100),
    )


def _answers(st: Any) -> Any:
    texts, optional = _texts(st), st.none() | _texts(st)
    sources = st.builds(
        Source,
        title=texts,
        url=optional | st.just("https://example.org/a?b=c"),
        quote=optional,
        locator=optional,
        updated_at=_moments(st),
        check=st.sampled_from(get_args(Check)),
        checked_at=_moments(st),
        used=st.booleans(),
    )
    return st.builds(
        Answer,
        text=texts,
        data=st.none() | st.dictionaries(st.text(max_size=5), st.integers() | st.floats(), max_size=2),
        sources=st.lists(sources, max_size=3).map(tuple),
        score=st.none() | st.floats(0, 1),
        score_basis=st.none() | st.sampled_from(get_args(Basis)),
        model=optional,
        usage=st.none() | _usages(st),
        refusal=optional,
        tool_calls=st.lists(st.builds(ToolCall, name=texts, arguments=texts, id=optional), max_size=2).map(tuple),
        logprobs=st.none() | st.lists(st.floats(-100, 0), max_size=3).map(tuple),
        request_id=optional,
        created_at=_moments(st),
    )


def _confidences(st: Any) -> Any:
    share = st.none() | st.floats(0, 1)
    numbers = {"value": share, "lower": share, "upper": share}
    claims = _claims(st, st.sampled_from(_MEASURES), numbers)
    return st.one_of(
        claims, _claims(st, st.sampled_from([each for each in get_args(Basis) if each not in _MEASURES]), {})
    )


def _claims(st: Any, bases: Any, numbers: dict[str, Any]) -> Any:
    return st.builds(
        Confidence,
        basis=bases,
        **numbers,
        n=st.none() | st.integers(0, 10**6),
        measured_on=st.none() | _texts(st),
        measured_at=_moments(st),
        expires_at=_moments(st),
        guarantee=st.none() | _texts(st),
        unlike=st.booleans(),
        raised=st.lists(_texts(st), max_size=2).map(tuple),
        lowered=st.lists(_texts(st), max_size=2).map(tuple),
    )


def _steps(st: Any, *, answered: bool) -> Any:
    attempt = st.builds(Attempt, failure=failures(), duration=st.floats(0, 100), waited=st.floats(0, 100))
    return st.builds(
        Step,
        name=_texts(st),
        kind=st.sampled_from(get_args(StepKind)),
        verdict=st.just("answered") if answered else st.sampled_from(["failed", "abstained", "skipped", "rejected"]),
        failure=st.none() if answered else failures(),
        attempts=st.lists(attempt, max_size=2).map(tuple),
        duration=st.floats(0, 1000),
        usage=st.none() | _usages(st),
    )


def _tickets(st: Any, states: Any) -> Any:
    return st.builds(
        Ticket,
        id=st.text("0123456789abcdef", min_size=32, max_size=32),
        state=states,
        url=st.none() | _texts(st),
        position=st.none() | st.integers(1, 10**4),
        eta=_seconds(st),
    )


def _built(st: Any, status: Status, *, shown: bool) -> Any:
    states = st.just("decided") if status == "reviewed" else st.sampled_from(get_args(TicketState))
    ticketed = status in ("awaiting_review", "reviewed")
    failed = status in _HAS_FAILURE or (status == "low_confidence" and not shown)
    return st.builds(
        _outcome,
        status=st.just(status),
        before=st.lists(_steps(st, answered=False), min_size=int(status == "degraded" or failed), max_size=3),
        served=_steps(st, answered=True) if shown and status != "interrupted" else st.none(),
        answer=_answers(st) if shown else st.none(),
        confidence=_confidences(st) if shown and status not in _NOT_WHOLE else st.just(Confidence()),
        failure=failures() if failed else st.none(),
        ticket=_tickets(st, states) if ticketed else st.none(),
        duration=st.floats(0, 1e6),
        created_at=_moments(st),
    )


def _outcome(*, before: list[Step], served: Step | None, **facts: Any) -> Outcome:
    trail = (*before, *([served] if served else []))
    reasons = tuple(step.failure.kind for step in before if step.failure)
    return Outcome(requested=trail[0].name if trail else "ask", trail=trail, reasons=reasons, **facts)
