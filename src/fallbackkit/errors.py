"""Failure kinds, the failure value, and the exceptions that the value face raises.

FallbackkitError
├── CallRejected          refused before your function was called; ``retry_after`` seconds if known
│   ├── CircuitOpen       the circuit breaker is open
│   ├── BulkheadFull      too many calls at once, or too many hung ones
│   ├── SpendExceeded     the money for this period is spent
│   └── QueueFull         the review queue takes no more
├── CannotAnswer          raise it yourself to say why there is no answer; ``failure_kind``
├── DeadlineExceeded      a ``Timeout`` or ``Deadline`` passed (also a ``TimeoutError``)
├── InvalidAnswer         empty, cut off, refused, or not of the schema; ``answer``
├── LowConfidence         under the threshold; ``answer``
├── ReviewPending         a person will answer; ``ticket``
└── FallbackExhausted     every rung failed (also an ``ExceptionGroup``, one error a rung)
"""

from __future__ import annotations

import os
import random
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from fallbackkit._text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fallbackkit._outcome import Answer, Ticket

__all__ = [
    "TRANSIENT",
    "BulkheadFull",
    "CallRejected",
    "CannotAnswer",
    "CircuitOpen",
    "DeadlineExceeded",
    "Failure",
    "FailureKind",
    "FallbackExhausted",
    "FallbackkitError",
    "InvalidAnswer",
    "LowConfidence",
    "QueueFull",
    "ReviewPending",
    "SpendExceeded",
]

Actor = Literal["user", "operator", "developer", "nobody"]


class _Facts(NamedTuple):
    transient: bool = False
    outage: bool = False
    ours: bool = False
    audience: Actor = "nobody"
    asker_first: bool = False


class FailureKind(StrEnum):
    """The closed set of ways in which an AI feature fails.

    Example:
        >>> FailureKind("provider.5xx").transient
        True
    """

    TIMEOUT_FIRST_BYTE = "timeout.first_byte"
    TIMEOUT_MID_STREAM = "timeout.mid_stream"
    CONNECTION_LOST = "connection.lost"
    CONNECTION_UPSTREAM = "connection.upstream"
    PROVIDER_5XX = "provider.5xx"
    PROVIDER_OVERLOADED = "provider.overloaded"
    RATE_USER = "rate.user"
    RATE_SHARED = "rate.shared"
    QUOTA_BILLING = "quota.billing"
    AUTH_EXPIRED = "auth.expired"
    AUTH_CONFIG = "auth.config"
    PERMISSION = "permission"
    INPUT_TOO_LONG = "input.too_long"
    INPUT_UNSUPPORTED = "input.unsupported"
    INPUT_EMPTY_OR_VAGUE = "input.empty_or_vague"
    OUTPUT_MALFORMED = "output.malformed"
    OUTPUT_EMPTY = "output.empty"
    OUTPUT_TRUNCATED = "output.truncated"
    QUALITY_LOW_CONFIDENCE = "quality.low_confidence"
    QUALITY_UNSUPPORTED = "quality.unsupported"
    QUALITY_CONFLICT = "quality.conflict"
    QUALITY_OUT_OF_SCOPE = "quality.out_of_scope"
    RETRIEVAL_NONE = "retrieval.none"
    RETRIEVAL_DOWN = "retrieval.down"
    SAFETY_REFUSED = "safety.refused"
    SAFETY_INJECTION = "safety.injection"
    TOOL_FAILED = "tool.failed"
    TOOL_PARTIAL = "tool.partial"
    CIRCUIT_OPEN = "circuit.open"
    FALLBACK_EXHAUSTED = "fallback.exhausted"
    CACHE_STALE = "cache.stale"
    HUMAN_UNAVAILABLE = "human.unavailable"
    CANCELLED = "cancelled"
    INTERNAL = "internal"

    @property
    def transient(self) -> bool:
        """Whether the same call may succeed if it is made again soon."""
        return _FACTS[self].transient

    @property
    def outage(self) -> bool:
        """Whether the dependency is in trouble, so that a circuit breaker should count it."""
        return _FACTS[self].outage

    @property
    def ours(self) -> bool:
        """Whether the cause is a bug or a setting of the application, not of the provider."""
        return _FACTS[self].ours

    @property
    def audience(self) -> Actor:
        """Who has to act before it goes away: ``user``, ``operator``, ``developer`` or ``nobody``."""
        return _FACTS[self].audience

    @property
    def asker_first(self) -> bool:
        """Whether nobody can answer before the asker acts: signs in, shortens, says more, asks anew."""
        return _FACTS[self].asker_first


_K = FailureKind
_FACTS: dict[FailureKind, _Facts] = {
    _K.TIMEOUT_FIRST_BYTE: _Facts(transient=True, outage=True),
    _K.TIMEOUT_MID_STREAM: _Facts(transient=True, outage=True),
    _K.CONNECTION_LOST: _Facts(transient=True),
    _K.CONNECTION_UPSTREAM: _Facts(transient=True, outage=True),
    _K.PROVIDER_5XX: _Facts(transient=True, outage=True),
    _K.PROVIDER_OVERLOADED: _Facts(transient=True, outage=True),
    _K.RATE_USER: _Facts(audience="user"),
    _K.RATE_SHARED: _Facts(transient=True, outage=True),
    _K.QUOTA_BILLING: _Facts(audience="operator"),
    _K.AUTH_EXPIRED: _Facts(audience="user", asker_first=True),
    _K.AUTH_CONFIG: _Facts(ours=True, audience="operator"),
    _K.PERMISSION: _Facts(audience="user"),
    _K.INPUT_TOO_LONG: _Facts(audience="user", asker_first=True),
    _K.INPUT_UNSUPPORTED: _Facts(audience="user", asker_first=True),
    _K.INPUT_EMPTY_OR_VAGUE: _Facts(audience="user", asker_first=True),
    _K.OUTPUT_MALFORMED: _Facts(transient=True),
    _K.OUTPUT_EMPTY: _Facts(transient=True),
    _K.OUTPUT_TRUNCATED: _Facts(audience="user"),
    _K.QUALITY_LOW_CONFIDENCE: _Facts(audience="user"),
    _K.QUALITY_UNSUPPORTED: _Facts(audience="user"),
    _K.QUALITY_CONFLICT: _Facts(audience="user"),
    _K.QUALITY_OUT_OF_SCOPE: _Facts(audience="user"),
    _K.RETRIEVAL_NONE: _Facts(audience="user"),
    _K.RETRIEVAL_DOWN: _Facts(transient=True, audience="operator"),
    _K.SAFETY_REFUSED: _Facts(audience="user"),
    _K.SAFETY_INJECTION: _Facts(audience="operator"),
    _K.TOOL_FAILED: _Facts(audience="user"),
    _K.TOOL_PARTIAL: _Facts(audience="user"),
    _K.CIRCUIT_OPEN: _Facts(),
    _K.FALLBACK_EXHAUSTED: _Facts(),
    _K.CACHE_STALE: _Facts(),
    _K.HUMAN_UNAVAILABLE: _Facts(audience="operator"),
    _K.CANCELLED: _Facts(asker_first=True),
    _K.INTERNAL: _Facts(ours=True, audience="developer"),
}

TRANSIENT: frozenset[FailureKind] = frozenset(kind for kind, facts in _FACTS.items() if facts.transient)
"""The kinds for which asking again may help."""

_REFERENCE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"

StopReason = Literal["attempts", "deadline", "retry_after", "not_retryable", "budget"]


_chance = random.Random()  # noqa: S311 - a name to read out, not a secret
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_chance.seed)


def _reference() -> str:
    return "".join(_chance.choices(_REFERENCE_LETTERS, k=6))


class Failure(BaseModel):
    """What went wrong, in terms that may be shown, stored and counted.

    It carries no text of a provider, no arguments and no keys. The exception itself is
    ``error``: for developers, never serialised. Immutable; safe to share.

    Attributes:
        kind: One of the closed set of failure kinds.
        retry_after: Seconds until the dependency expects to answer again, if it said so.
        limit: The time limit in seconds that passed, for time-outs.
        stopped_by: Why no further attempt was made, if any could have been.
        gap: The class of an exception that no rule knew, "package.module.Class"; its kind is ``internal``.
        reference: Six characters that a person can read out to support.
        steps: The failures of each rung in order, for ``fallback.exhausted``.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True, allow_inf_nan=False)

    kind: FailureKind
    retry_after: float | None = None
    limit: float | None = None
    stopped_by: StopReason | None = None
    gap: Text | None = None
    reference: Text = Field(default_factory=_reference)
    steps: tuple[Failure, ...] = ()
    error: BaseException | None = Field(default=None, exclude=True, repr=False)

    @property
    def first(self) -> Failure:
        """What the first choice failed of, however deep it stands; itself if there are no ``steps``."""
        failure = self
        while failure.steps:
            failure = failure.steps[0]
        return failure


class FallbackkitError(Exception):
    """Everything that fallbackkit raises by its own decision."""


class CallRejected(FallbackkitError):
    """The call was refused before your function ran.

    Attributes:
        retry_after: Seconds until a call may be accepted again, or None if unknown.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CircuitOpen(CallRejected):
    """The circuit breaker is open: the dependency failed too often and is left alone."""


class BulkheadFull(CallRejected):
    """As many calls as allowed are running, or have been abandoned and still hang."""


class SpendExceeded(CallRejected):
    """The money that may be spent in this period is spent. ``retry_after``: seconds until the next one."""


class QueueFull(CallRejected):
    """The review queue holds as many open tickets as it may."""


class CannotAnswer(FallbackkitError):
    """Raise it in your own function to say, in the kit's terms, why there is no answer.

    Args:
        kind: A failure kind or its id, for example ``"retrieval.none"``.
        message: For developers; people never see it.
        retry_after: Seconds until asking again may help.

    Raises:
        ValueError: ``kind`` is not one of the closed set.

    Example:
        >>> CannotAnswer("retrieval.none").failure_kind
        <FailureKind.RETRIEVAL_NONE: 'retrieval.none'>
    """

    def __init__(self, kind: FailureKind | str, message: str = "", *, retry_after: float | None = None) -> None:
        self.failure_kind = FailureKind(kind)
        self.retry_after = retry_after
        super().__init__(message or self.failure_kind.value)


class DeadlineExceeded(FallbackkitError, TimeoutError):
    """A time limit of the pipeline passed before an answer came.

    Attributes:
        limit: The limit in seconds.
        clock: Which one it was: ``total``, or of a stream ``first_token`` or ``idle``.
    """

    def __init__(
        self,
        message: str,
        limit: float | None = None,
        *,
        clock: Literal["total", "first_token", "idle"] = "total",
    ) -> None:
        super().__init__(message)
        self.limit = limit
        self.clock = clock


class InvalidAnswer(FallbackkitError):
    """An answer came, but it cannot be used: empty, cut off, refused or of the wrong form."""

    def __init__(self, message: str, answer: Answer | None = None) -> None:
        super().__init__(message)
        self.answer = answer


class LowConfidence(FallbackkitError):
    """An answer came, but its score is under the threshold or missing."""

    def __init__(self, message: str, answer: Answer | None = None) -> None:
        super().__init__(message)
        self.answer = answer


class ReviewPending(FallbackkitError):
    """No answer yet: a person has the question. ``ticket`` says where it stands."""

    def __init__(self, message: str, ticket: Ticket) -> None:
        super().__init__(message)
        self.ticket = ticket


class FallbackExhausted(FallbackkitError, ExceptionGroup[Exception]):
    """Every rung failed. ``exceptions`` holds one error a rung, in order."""

    def derive(self, excs: Sequence[Exception], /) -> FallbackExhausted:  # type: ignore[override]
        """Keep the type when the group is split."""
        return FallbackExhausted(self.message, excs)
