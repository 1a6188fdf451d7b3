"""One call on its way down (``Call``), and what comes back up (``Reply``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from fallbackkit import _log
from fallbackkit._alerts import name_of
from fallbackkit._clock import UNTIL
from fallbackkit._outcome import Answer, Step, Ticket, make_attempt, make_step, new_id
from fallbackkit.errors import CallRejected, Failure, FailureKind, InvalidAnswer, LowConfidence, QueueFull
from fallbackkit.events import Alerted, AttemptFailed
from fallbackkit.providers import classify, read
from fallbackkit.providers._provider import answer_by

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from fallbackkit._alerts import Alerts
    from fallbackkit._clock import Clock
    from fallbackkit._outcome import Outcome, StepKind, Verdict
    from fallbackkit._runtime import Runtime, Target
    from fallbackkit.events import Event, Observer
    from fallbackkit.providers import Provider

__all__ = ["Call", "Channel", "Pipe", "Reply", "unusable"]

Channel: TypeAlias = "Callable[[Call, Answer | None], Awaitable[None]]"


class Reply:
    """What a layer hands up: a value, or a failure. Strategies may replace it, never both at once."""

    __slots__ = ("_answer", "failure", "hedged", "value")

    def __init__(self, value: Any = None, failure: Failure | None = None, answer: Answer | None = None) -> None:
        self.value = value
        self.failure = failure
        self.hedged = False
        self._answer = answer

    @property
    def answer(self) -> Answer | None:
        """The value as an Answer, read once; None if there is nothing to read."""
        if self._answer is None:
            self._answer = read(self.value)
        return self._answer


class ReadReply(Reply):
    """A Reply whose value one of the pipeline's own providers has read: the Answer is what is judged."""

    __slots__ = ()


def unusable(reply: Reply) -> Failure | None:
    """The failure that a value is in itself (empty, cut off, refused), or None if it can be used."""
    failure = classify(reply.value if type(reply) is Reply else reply.answer)
    if failure is None or failure.error is not None:
        return failure
    return failure.model_copy(update={"error": InvalidAnswer(failure.kind.value, reply.answer)})


class Pipe(Protocol):
    """What a call takes from its pipeline."""

    clock: Clock
    rng: random.Random
    observers: Sequence[Observer]
    alerts: Alerts
    providers: tuple[Provider, ...]
    prompt_version: str | None
    variant: str | None


class Call:
    """The state of one call. Never shared between calls.

    Attributes:
        until: The clock's time at which everything inside the current layer has to end.
        requested: Who was chosen to answer in place of the wrapped function, if anybody was.
        degraded: Whether the step that is under way is not what was asked for.
        stale: Whether a saved answer past its time is given.
        closed: Whether no step is under way.
        first_token: Seconds from the start of an attempt until a stream has to bring something.
        idle: Seconds that a stream may then be silent.
        streams: Whether somebody looks on.
        held: Whether a layer around has to see the whole answer before anybody else may.
        shown: Whether a part of the answer under way has been shown: then nothing may take its place.
        restarts: Whether what was shown is withdrawn when its stream breaks off, to begin again.
        partial: What was shown of a stream that broke off.
        channel: Takes what is to be shown.
        outer: The call that this one is a rung of.
        reply: How the chain ended, once it has.
        budget: The retry budget that has counted this call.
    """

    until = math.inf
    waited = 0.0
    requested: str | None = None
    degraded = False
    stale = False
    closed = False
    first_token: float | None = None
    idle: float | None = None
    streams = False
    held = False
    shown = False
    restarts = False
    partial: Answer | None = None
    channel: Channel
    outer: Call | None = None
    budget: object = None
    ticket: Ticket | None = None
    reply: Reply
    outcome: Outcome | None = None
    _id: str | None = None

    def __init__(
        self, target: Target, args: tuple[Any, ...], kwargs: Mapping[str, Any], runtime: Runtime, pipeline: Pipe
    ) -> None:
        self.name = self.step = target.name
        self.step_kind: StepKind = "model"
        self.target = target
        self.args = args
        self.kwargs = kwargs
        self.runtime = runtime
        self.pipeline = pipeline
        self.clock = clock = pipeline.clock
        self.rng = pipeline.rng
        self.observers = pipeline.observers
        self.trail: list[Step] = []
        self.attempts: list[dict[str, Any]] = []
        self.started = self.step_started = clock.now()
        outer = UNTIL.get()
        if outer is not None:
            self.end_by(*outer)

    @property
    def id(self) -> str:
        if self._id is None:
            self._id = new_id()
        return self._id

    def end_by(self, clock: Clock, until: float) -> None:
        """Take over a limit from around this call, in seconds left if it was set on another clock."""
        if clock is not self.clock:
            until += self.started - clock.now()
        self.until = min(self.until, until)

    def emit(self, event: type[Event], **facts: Any) -> None:
        """Tell the observers. One that raises is logged and changes nothing."""
        if not self.observers:
            return
        happened = event(call=self.id, at=self.clock.now(), **facts)
        for observer in self.observers:
            try:
                observer(happened)
            except Exception as error:  # noqa: BLE001 - an observer is foreign code
                _log.error("an observer raised on %s", event.__name__, error=error)

    def read_first(self, value: Any) -> Reply:
        """What user code returned, as a reply, if one of the pipeline's own providers knows it."""
        answer = None if type(value) is Answer else answer_by(self.pipeline.providers, value)
        return Reply(value) if answer is None else ReadReply(value, answer=answer)

    def failed(self, error: Exception) -> Reply:
        """What an exception means, as a reply."""
        failure = classify(error, now=self.clock.time(), providers=self.pipeline.providers)
        return Reply(failure=failure or Failure(kind=FailureKind.INTERNAL, error=error))

    def raised(self, error: Exception) -> Reply:
        """What an exception of user code means. If only its owner can mend that, the owner is told."""
        reply = self.failed(error)
        failure = reply.failure
        times = self.pipeline.alerts.note(failure) if failure is not None else 0
        if times and failure is not None:
            _log.error(
                "`%s` needs its owner: %s in step `%s`, %d so far; no retry and no fallback mends it",
                *(self.name, name_of(failure), self.step, times),
                error=error,
            )
            self.emit(Alerted, step=self.step, failure=failure, times=times)
        return reply

    def stumbled(self, error: Exception) -> Reply:
        """A bug in a layer (a predicate, a key, a score that raises): a failure like any other, and logged."""
        _log.error("a strategy of `%s` raised", self.name, error=error)
        reply = self.failed(error)
        if reply.failure is not None:
            self.pipeline.alerts.note(reply.failure)
        return reply

    def unusable(self, answer: Answer) -> Failure | None:
        """The failure that an answer is in itself, or None if it can be used."""
        return unusable(Reply(answer))

    def refused(self, failure: Failure) -> Reply:
        """Charge the attempt that has just answered with the failure that its answer is."""
        self.attempts[-1]["failure"] = failure
        self.emit(AttemptFailed, step=self.step, attempt=len(self.attempts), failure=failure)
        return Reply(failure=failure)

    def heed(self) -> None:
        """Stop here if nobody waits any more."""

    def look_on_as(self, outer: Call) -> None:
        """Be shown as a part of another call."""
        self.outer = outer
        self.streams = True
        self.channel = outer.channel
        self.restarts = outer.restarts
        self.held = outer.held

    async def show(self, answer: Answer) -> None:
        """Show what has come of the answer so far."""
        for call in self._lineage():
            call.shown = True
        await self.channel(self, answer)

    async def retract(self) -> None:
        """Withdraw what has been shown."""
        for call in self._lineage():
            call.shown = False
        await self.channel(self, None)

    def keep(self, answer: Answer) -> None:
        """This is all that there will be of the answer shown."""
        for call in self._lineage():
            call.partial = answer

    def _lineage(self) -> Iterator[Call]:
        call: Call | None = self
        while call is not None:
            yield call
            call = call.outer

    def open_step(self, name: str, kind: StepKind) -> None:
        self.step = name
        self.step_kind = kind
        self.step_started = self.clock.now()
        self.attempts = []
        self.waited = 0.0
        self.closed = False

    def close_step(self, reply: Reply) -> None:
        """Put the step that is under way, if any, on the trail."""
        if self.closed:
            return
        self.closed = True
        failure = reply.failure
        answer = reply.answer if failure is None else None
        self.trail.append(
            make_step(
                {
                    "name": self.step,
                    "kind": self.step_kind if answer is None else self.kind_of(answer),
                    "verdict": "answered" if failure is None else _verdict(failure, self.attempts),
                    "failure": failure,
                    "attempts": tuple([make_attempt(attempt) for attempt in self.attempts]),
                    "duration": self.clock.now() - self.step_started,
                    "usage": None if answer is None else answer.usage,
                }
            )
        )

    def kind_of(self, answer: Answer) -> StepKind:
        """A fallback of unknown kind whose answer names a model is a model."""
        return "smaller_model" if self.step_kind == "other" and answer.model else self.step_kind


def _verdict(failure: Failure, attempts: Sequence[object]) -> Verdict:
    if isinstance(failure.error, LowConfidence):
        return "abstained"
    if attempts:
        return "failed"
    # What a full queue refuses, no person has refused.
    refused = isinstance(failure.error, CallRejected) and not isinstance(failure.error, QueueFull)
    return "rejected" if refused else "skipped"
