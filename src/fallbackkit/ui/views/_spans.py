from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from fallbackkit._outcome import StepKind, _Value, trusting
from fallbackkit._text import Text
from fallbackkit.errors import FailureKind
from fallbackkit.ui.views._pieces import Props

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fallbackkit._outcome import Outcome, Step
    from fallbackkit.errors import Failure

__all__ = ["SHORTEST", "Answerer", "Span", "SpanKind", "SpanOutcome", "Spans", "WaterfallState"]

SpanKind = Literal["queue", "attempt", "backoff", "fallback", "cache", "verify", "render", "other"]
SpanOutcome = Literal["done", "answered", "failed", "abstained", "rejected", "skipped", "running"]
WaterfallState = Literal["live", "finished", "over_budget", "truncated"]
Answerer = StepKind | Literal["another_model"]

SHORTEST = 0.05  # s: what rounds to 0.1
_LONGEST = 1e9
_MOST = 100


class Span(_Value, extra="forbid"):
    """Something that took time. Times are seconds, ``start`` since the call began.

    Attributes:
        name: As the developer calls it. People read it only where neither ``by`` nor ``kind`` says who or what it was.
        kind: What the time went to; chooses the pattern of its bar.
        outcome: What became of it; ``done`` needs no word.
        failure: Why it failed.
        by: What sort of answerer was at work.
        number: Which try of that answerer it was, if there were several.
    """

    name: Text = ""
    kind: SpanKind = "attempt"
    start: float = Field(default=0.0, ge=0, le=_LONGEST)
    duration: float = Field(default=0.0, ge=0, le=_LONGEST)
    outcome: SpanOutcome = "done"
    failure: FailureKind | None = None
    by: Answerer | None = None
    number: int | None = Field(default=None, ge=1)


class Spans(Props):
    """What one call did, in order.

    Attributes:
        state: ``truncated`` if the record ends before the call did. ``over_budget`` needs no saying: times say it.
        total: Seconds for the whole call; without it, until the last span ends.
        budget: Seconds that it may take.
        p50: Seconds that half of such calls take at most, measured.
    """

    spans: tuple[Span, ...] = ()
    state: WaterfallState = "finished"
    total: float | None = Field(default=None, ge=0, le=_LONGEST)
    budget: float | None = Field(default=None, gt=0, le=_LONGEST)
    p50: float | None = Field(default=None, ge=0, le=_LONGEST)

    @model_validator(mode="after")
    def _names_its_limit(self) -> Self:
        if self.state == "over_budget" and (self.budget is None or self.took <= self.budget):
            raise ValueError(
                f"`state` must not be 'over_budget' with a `budget` of {self.budget} and {self.took:g} s in all;"
                " give the limit in seconds, below what the call took, or leave `state` out"
            )
        return self

    @property
    def took(self) -> float:
        """Seconds in all."""
        return (
            self.total
            if self.total is not None
            else max((each.start + each.duration for each in self.spans), default=0)
        )

    @property
    def over(self) -> float:
        """Seconds above the budget; 0 if there is none, or it is kept."""
        return max(0.0, self.took - self.budget) if self.budget is not None else 0.0

    @classmethod
    def of(cls, outcome: Outcome, *, budget: float | None = None, p50: float | None = None) -> Spans:
        """What the trail of an outcome knows: each try, and each wait before one, is a span."""
        spans: list[Span] = []
        at = 0.0
        for number, step in enumerate(outcome.trail):
            spans += _of_step(step, at, outcome, first=number == 0)
            at = min(at + _length(step.duration), _LONGEST)
        live = outcome.status in {"working", "streaming"}
        seen: dict[str, Any] = {
            "id": outcome.id,
            "spans": tuple(spans[:_MOST]),
            "state": "live" if live else "truncated" if len(spans) > _MOST else "finished",
            "total": max(_length(outcome.duration), at),
            "budget": budget,
            "p50": p50,
        }
        return cls(**seen) if budget is not None or p50 is not None else _seen(seen)


def _of_step(step: Step, at: float, outcome: Outcome, *, first: bool) -> Iterator[Span]:
    """A step's tries and waits, and what of its time is neither."""
    another = step.kind == "model" and outcome.requested not in {None, step.name}
    by: Answerer = "another_model" if another else step.kind
    kind: SpanKind = "cache" if step.kind == "cache" else "attempt" if first else "fallback"
    began, end = at, at + _length(step.duration)
    if not step.attempts:
        yield _span(kind, at, end - at, name=step.name, outcome=step.verdict, failure=_kind(step.failure), by=by)
        return
    for number, attempt in enumerate(step.attempts, 1):
        if waited := _length(attempt.waited):
            yield _span("backoff", at, waited)
            at += waited
        took = _length(attempt.duration)
        start = at if at + took <= end or number == 1 else max(began, end - took)  # one that ran beside another
        last = number == len(step.attempts) and attempt.failure is None
        yield _span(
            kind,
            min(start, _LONGEST),
            took,
            name=step.name,
            outcome=step.verdict if last else "failed" if attempt.failure else "rejected",
            failure=_kind(step.failure if last else attempt.failure),
            by=by,
            number=number if len(step.attempts) > 1 else None,
        )
        at = start + took
    if end - at >= SHORTEST:
        yield _span("other", at, end - at)


def _kind(failure: Failure | None) -> FailureKind | None:
    return failure.kind if failure is not None else None


def _span(kind: SpanKind, start: float, duration: float, **more: object) -> Span:
    return _made({**_PLAIN, "kind": kind, "start": start, "duration": duration, **more})


_made, _seen = trusting(Span), trusting(Spans)  # all of it comes from an outcome, which was validated
_PLAIN = dict(Span())


def _length(seconds: float) -> float:
    return min(seconds, _LONGEST) if seconds > 0 else 0.0
