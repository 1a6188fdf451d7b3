from __future__ import annotations

import json
import os
import random
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, model_validator
from pydantic_core import to_jsonable_python

from fallbackkit._text import Text
from fallbackkit.errors import Failure, FailureKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from fallbackkit.messages import Audience, Facts, Messages, Notice

__all__ = [
    "Answer",
    "Attempt",
    "Confidence",
    "Outcome",
    "Source",
    "Step",
    "Ticket",
    "ToolCall",
    "Usage",
]

Status = Literal[
    "working",
    "streaming",
    "answered",
    "degraded",
    "low_confidence",
    "awaiting_review",
    "reviewed",
    "interrupted",
    "unavailable",
]
StepKind = Literal["model", "smaller_model", "cache", "rule", "search", "person", "other"]
Verdict = Literal["answered", "failed", "abstained", "skipped", "rejected"]
Basis = Literal["measured", "guaranteed", "agreement", "retrieval", "model_said", "none"]
Check = Literal["quote_found", "quote_not_found", "not_checked", "unreachable", "changed", "conflicts"]
TicketState = Literal["pending", "claimed", "decided", "cancelled", "expired"]


_PARTIAL = frozenset({"working", "streaming", "interrupted"})
_NO_MEASUREMENT = frozenset({"retrieval", "model_said", "none"})


def _jsonable(value: Any) -> Any:
    try:
        plain = to_jsonable_python(value, fallback=lambda _: None)
    except ValueError:  # it contains itself
        return None
    return json.loads(json.dumps(plain, ensure_ascii=False).encode(errors="replace"))


Loose = Annotated[Any, PlainSerializer(_jsonable, when_used="json")]
"""Any object; what cannot be serialised becomes null."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


V = TypeVar("V", bound=BaseModel)
_new = object.__new__
_put_fields, _put_names, _put_extra, _put_private = (
    vars(BaseModel)[slot].__set__
    for slot in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
)


def trusting(model: type[V]) -> Callable[[dict[str, Any]], V]:
    """A maker of values of our own, all of whose fields are given and right: validation would cost the most of a call.

    It does what pydantic's ``model_construct`` does, without its loop over the fields.
    """
    names = set(model.model_fields)  # one for all, as frozen values copy it before they change

    def make(fields: dict[str, Any]) -> V:
        made = _new(model)
        _put_fields(made, fields)
        _put_names(made, names)
        _put_extra(made, None)
        _put_private(made, None)
        return made

    return make


class Usage(_Value):
    """What a call consumed. An unknown price is None, never 0.

    Attributes:
        cached_tokens: Those of ``input_tokens`` that the provider took from its cache.
        reasoning_tokens: Those of ``output_tokens`` that nobody sees.
    """

    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    cached_tokens: int = Field(default=0, ge=0)
    reasoning_tokens: int = Field(default=0, ge=0)
    cost: float | None = None
    currency: Text = "USD"

    def __add__(self, other: Usage) -> Usage:
        known = self.cost is not None and other.cost is not None and self.currency == other.currency
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            cost=(self.cost or 0) + (other.cost or 0) if known else None,
            currency=self.currency,
        )


class Source(_Value):
    """Where a statement comes from.

    Attributes:
        url: Shown as a link only if it is http, https or mailto.
        quote: The sentence that the answer rests on, verbatim.
        locator: The place inside, for example "section 4" or "page 7".
        check: Whether the quote was looked for in the source, and what was found.
        checked_at: When it was looked for.
        used: Whether the answer rests on it; what was only retrieved does not count as a source.
    """

    title: Text
    url: Text | None = None
    quote: Text | None = None
    locator: Text | None = None
    updated_at: datetime | None = None
    check: Check = "not_checked"
    checked_at: datetime | None = None
    used: bool = True


class ToolCall(_Value):
    """A tool that a model asks for. An answer of tool calls without text is not an empty one.

    Attributes:
        arguments: JSON, as the model sent it; it may be wrong.
        id: By which the provider expects the result.
    """

    name: Text
    arguments: Text = ""
    id: Text | None = None


class Answer(_Value):
    """What a model, a rule, a search or a person said.

    Return one from your function to give sources and a score; a plain string or an SDK's
    response object is read into one.

    Attributes:
        text: What people read.
        data: Structured data, if the call returns any.
        score: How safe the answer is, higher is safer, in [0, 1]; None if unknown.
        score_basis: What the score is. Only ``measured`` and ``guaranteed`` may be shown as a number.
        model: The model that served, as the provider names it.
        finish_reason: As the provider names it ("stop", "length", "content_filter", …).
        refusal: The words in which the model refused; they are never shown as the answer.
        tool_calls: What the model asks your code to do.
        logprobs: Of the tokens chosen, in order: natural logarithms, 0 or less.
        request_id: By which the provider finds the call again: of the request, or else of its response.
        created_at: When it was said; a cached answer keeps its first date.

    Example:
        >>> Answer(text="Five days.", sources=(Source(title="Leave policy"),)).sources[0].check
        'not_checked'
    """

    text: Text
    data: Loose = None
    sources: tuple[Source, ...] = ()
    score: Annotated[float, Field(allow_inf_nan=True)] | None = None
    score_basis: Basis | None = None
    model: Text | None = None
    usage: Usage | None = None
    finish_reason: Text | None = None
    refusal: Text | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[float, ...] | None = None
    request_id: Text | None = None
    created_at: datetime | None = None


class Confidence(_Value):
    """How sure we are, and what that rests on.

    Attributes:
        value: In [0, 1], or None if not measured.
        basis: Only ``measured`` and ``guaranteed`` may be shown as a number.
        lower: Lower end of the interval, in [0, 1].
        upper: Upper end of the interval, in [0, 1].
        n: Number of labelled cases it was measured on.
        unlike: Whether this call is unlike those cases, so that what was measured may not hold.
        raised: What speaks for the answer, in the words of the application.
        lowered: What speaks against it.

    Raises:
        ValueError: A number for a basis that is no measurement of being right: ``retrieval``,
            ``model_said`` or ``none``.
    """

    value: float | None = Field(default=None, ge=0, le=1)
    basis: Basis = "none"
    lower: float | None = Field(default=None, ge=0, le=1)
    upper: float | None = Field(default=None, ge=0, le=1)
    n: int | None = None
    measured_on: Text | None = None
    measured_at: datetime | None = None
    expires_at: datetime | None = None
    guarantee: Text | None = None
    unlike: bool = False
    raised: tuple[Text, ...] = ()
    lowered: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _claims_only_what_was_measured(self) -> Confidence:
        if self.basis in _NO_MEASUREMENT:
            for name in ("value", "lower", "upper"):
                if (number := getattr(self, name)) is not None:
                    raise ValueError(
                        f"`{name}` must be None for the basis {self.basis!r}, got {number}: it says nothing about how"
                        " often such answers are right; keep a raw score in `Answer.score`, and give a number"
                        ' with basis="measured" once it was measured on labelled cases'
                    )
        return self


class Attempt(_Value):
    """One entry into user code. ``failure`` is None if it answered; times in seconds."""

    failure: Failure | None = None
    duration: float = 0.0
    waited: float = 0.0


class Step(_Value):
    """One way of answering that was tried, or skipped, in one call.

    Attributes:
        name: The rung's name, as the developer gave it.
        kind: What sort of answerer it is; ``other`` if the developer did not say.
        verdict: What became of it.
        failure: Why it did not answer.
        attempts: Each entry into user code, in order.
        duration: Seconds from its start to its end, waits included.
    """

    name: Text
    kind: StepKind = "model"
    verdict: Verdict = "answered"
    failure: Failure | None = None
    attempts: tuple[Attempt, ...] = ()
    duration: float = 0.0
    usage: Usage | None = None


def case_of(ticket_id: str) -> str:
    """What people call a ticket. Short to read out, too short to follow it by."""
    return ticket_id[:6].upper()


class Ticket(_Value):
    """A question that waits for a person.

    Attributes:
        id: Not to be guessed: who knows it may follow the ticket.
        position: Place in line, from 1.
        eta: Expected wait in seconds.
    """

    id: Text
    state: TicketState = "pending"
    url: Text | None = None
    position: int | None = None
    eta: float | None = None

    @property
    def case(self) -> str:
        """What people call it: the first six characters of ``id``, in capitals."""
        return case_of(self.id)


_ids = random.Random()  # noqa: S311 - a name, not a secret
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ids.seed)


def new_id() -> str:
    """A name for one call: 16 hexadecimal digits."""
    return f"{_ids.getrandbits(64):016x}"


class Outcome(_Value):
    """How one call to an AI feature ended: the only thing that crosses to the screen.

    Immutable, safe to share, JSON both ways (``model_dump_json`` and ``model_validate_json``);
    ``value`` does not travel.

    Attributes:
        status: ``answered``, ``degraded`` (answered, not by the first choice), ``low_confidence``
            (with ``answer``: shown with a hedge; without: withheld), ``awaiting_review``,
            ``reviewed``, ``interrupted``, ``unavailable``; on the way: ``working``, ``streaming``.
        value: What the function returned, the same object.
        requested: Name of the rung that was meant to answer.
        reasons: Why it is not a plain answer, in order.
        trail: Every step in order, with the reason of each that did not answer.
        duration: Seconds for the whole call.
        created_at: When it ended, with zone.
    """

    id: Text = Field(default_factory=new_id)
    name: Text = "ask"
    status: Status
    value: Any = Field(default=None, exclude=True, repr=False)
    answer: Answer | None = None
    confidence: Confidence = Confidence()
    requested: Text | None = None
    reasons: tuple[FailureKind, ...] = ()
    trail: tuple[Step, ...] = ()
    failure: Failure | None = None
    ticket: Ticket | None = None
    duration: float = 0.0
    created_at: datetime | None = None
    prompt_version: Text | None = None
    variant: Text | None = None

    @model_validator(mode="after")
    def _vouches_only_for_what_is_whole(self) -> Outcome:
        if self.status in _PARTIAL and self.confidence.basis != "none":
            raise ValueError(
                f"`confidence` must not be given for the status {self.status!r}, got {self.confidence.basis!r}: nobody"
                " knows how sure an answer is that is not whole; leave it out"
            )
        return self

    @property
    def text(self) -> str:
        """The answer's text, or "" if there is none to show."""
        return self.answer.text if self.answer else ""

    @property
    def sources(self) -> tuple[Source, ...]:
        return self.answer.sources if self.answer else ()

    @property
    def served_by(self) -> Step | None:
        """The step that answered, or None."""
        for step in reversed(self.trail):
            if step.verdict == "answered":
                return step
        return None

    @property
    def degraded(self) -> bool:
        """Whether something other than the first choice answered."""
        return self.status == "degraded"

    @property
    def usage(self) -> Usage | None:
        """What all steps consumed together, or None if none of them said."""
        total: Usage | None = None
        for step in self.trail:
            if step.usage is not None:
                total = step.usage if total is None else total + step.usage
        return total

    def notice(
        self,
        locale: str = "en",
        audience: Audience = "user",
        *,
        zone: tzinfo | str | None = None,
        messages: Messages | None = None,
        tries: int = 0,
    ) -> Notice:
        """The words for this outcome: what it means for the task, and what to do next.

        Args:
            locale: BCP 47 tag; one that nobody has words for gives English.
            audience: ``user`` never sees causes inside the system; ``operator`` does.
            zone: The zone that times are told in, or its IANA name; without it, that of ``created_at``.
            messages: Your own words; without them, those of the kit.
            tries: How often the person has tried this question again; after the second time,
                trying again is no longer offered.

        Raises:
            ValueError: ``audience`` or ``zone`` is unknown, or ``tries`` is below 0.

        Example:
            >>> Outcome(status="unavailable").notice("de").title
            'Es gibt keine Antwort'
        """
        from fallbackkit.messages import notice

        return notice(**self._topic(tries), locale=locale, audience=audience, zone=zone, messages=messages)

    def _topic(self, tries: int) -> Facts:
        served = self.served_by
        asked = next((step for step in self.trail if step.name == self.requested), None)
        failure = self.failure or (asked.failure if asked else None)
        if failure is not None and failure.first.kind.asker_first:  # what else was tried is no help before that
            failure = failure.first
        last = self.trail[-1] if self.trail else None
        return {
            "status": self.status,
            "kind": failure.kind if self.failure and failure else None,
            "why": asked.failure.kind if asked and asked.failure else next(iter(self.reasons), None),
            "shown": self.answer is not None and (self.text != "" or self.answer.data is not None),
            "words": len(self.text.split()) if self.status == "interrupted" else 0,
            "sources": len(self.sources),
            "requested": self.requested,
            "requested_kind": asked.kind if asked else None,
            "served_by": served.name if served else None,
            "served_kind": served.kind if served else None,
            "saved_at": self.answer.created_at if self.answer and served and served.kind == "cache" else None,
            "declined": last is not None and (last.kind, last.verdict) == ("person", "rejected"),
            "ticket": self.ticket.case if self.ticket else None,
            "ticket_state": self.ticket.state if self.ticket else None,
            "position": self.ticket.position if self.ticket else None,
            "eta": self.ticket.eta if self.ticket else None,
            "limit": failure.limit if failure else None,
            "retry_after": failure.retry_after if failure else None,
            "at": self.created_at,
            "reference": failure.reference if failure else None,
            "tries": tries,
        }


make_attempt = trusting(Attempt)
make_confidence = trusting(Confidence)
make_outcome = trusting(Outcome)
make_step = trusting(Step)
