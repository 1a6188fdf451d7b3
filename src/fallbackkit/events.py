"""What happened during one call, in the past tense. No event carries arguments, prompts or keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fallbackkit._outcome import Outcome, StepKind
    from fallbackkit.errors import Failure

__all__ = [
    "Abstained",
    "Alerted",
    "Answered",
    "AttemptFailed",
    "CacheHit",
    "CircuitClosed",
    "CircuitHalfOpened",
    "CircuitOpened",
    "CircuitWouldOpen",
    "Escalated",
    "Event",
    "FellBack",
    "Hedged",
    "Observer",
    "Retracted",
    "RetryScheduled",
    "StoreLost",
    "StoreRestored",
    "Unanswered",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """``call`` is the Outcome's id; ``at`` is the clock's monotonic seconds."""

    call: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailed(Event):
    """Your function was entered and failed; ``attempt`` counts from 1 within its step."""

    step: str
    attempt: int
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryScheduled(Event):
    """The same step will be tried again after ``wait`` seconds."""

    step: str
    attempt: int
    wait: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerted(Event):
    """A bug, a wrong setting or an empty account, which only the owner can mend, while a fallback may hide it.

    Told of each class of error the first time, the tenth, the hundredth, and so on; ``times`` says which.
    """

    step: str
    failure: Failure
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitOpened(Event):
    """A circuit breaker stopped letting calls through, for ``retry_after`` seconds; None until it is reset."""

    breaker: str
    retry_after: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitHalfOpened(Event):
    """A circuit breaker lets trial calls through."""

    breaker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitClosed(Event):
    """A circuit breaker lets every call through again."""

    breaker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitWouldOpen(Event):
    """A circuit breaker in shadow mode would have stopped letting calls through. Told once an episode."""

    breaker: str
    retry_after: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheHit(Event):
    """A saved answer was used; ``age`` in seconds, ``stale`` if it was past its time to live."""

    age: float
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Abstained(Event):
    """An answer was withheld because its ``score`` is missing or under ``threshold``."""

    step: str
    score: float | None
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FellBack(Event):
    """``step`` did not answer; ``to`` is asked next."""

    step: str
    to: str
    kind: StepKind
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedged(Event):
    """The step has not answered after ``after`` seconds, and was asked once more beside; ``hedge`` counts from 1."""

    step: str
    hedge: int
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Retracted(Event):
    """A stream broke off after ``characters`` had been shown; they are withdrawn, and another answer begins."""

    step: str
    characters: int
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLost(Event):
    """A shared store cannot be reached: from now on this process decides by what it sees itself."""

    store: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRestored(Event):
    """A shared store answers again."""

    store: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated(Event):
    """A person has the question now."""

    ticket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Event):
    """The call ended with something to show."""

    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered(Event):
    """The call ended without an answer."""

    outcome: Outcome


class Observer(Protocol):
    """Called with every event, in order, on the thread or task of the call."""

    def __call__(self, event: Event, /) -> object:
        """Take note of what happened. Whatever it returns or raises changes nothing."""
        ...
