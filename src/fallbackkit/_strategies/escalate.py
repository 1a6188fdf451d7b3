from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic_core import to_jsonable_python

from fallbackkit._runtime import Reply, Strategy
from fallbackkit.errors import FailureKind, LowConfidence
from fallbackkit.events import Escalated

if TYPE_CHECKING:
    from collections.abc import Callable

    from fallbackkit._runtime import Call, Layer
    from fallbackkit.errors import Failure
    from fallbackkit.review import ReviewQueue, ReviewRequest

__all__ = ["Escalate"]

_FOR_THE_ASKER = frozenset(
    {
        FailureKind.INPUT_EMPTY_OR_VAGUE,
        FailureKind.INPUT_TOO_LONG,
        FailureKind.INPUT_UNSUPPORTED,
        FailureKind.AUTH_EXPIRED,
        FailureKind.CANCELLED,
    }
)


class Escalate(Strategy):
    """Files a ticket for a person when nothing inside could answer, even if the time is up.

    Safe to share between threads and tasks, as the queue is.

    Args:
        queue: Where the ticket goes.
        when: Which replies become a ticket: a predicate on the Failure; by default every failure
            but those that the asker has to mend (an empty or too long question, an ended session).
        question: Makes the text that the reviewer reads from the call's arguments; by default the
            only string argument as it is, or else all arguments as JSON.

    Example:
        >>> from fallbackkit.review import ReviewQueue
        >>> Escalate(ReviewQueue("sqlite://")).describe()
        'Escalate'
    """

    def __init__(
        self,
        queue: ReviewQueue,
        *,
        when: Callable[[Failure], bool] | None = None,
        question: Callable[..., str] | None = None,
    ) -> None:
        if not callable(getattr(queue, "enqueue", None)):
            msg = f"`queue` must be a ReviewQueue, got {queue!r}; make one with ReviewQueue('sqlite:///reviews.db')"
            raise TypeError(msg)
        self.queue = queue
        self._when = when or _nobody_answered
        self._question = question or _question

    async def run(self, inner: Layer, call: Call) -> Reply:
        reply = await inner(call)
        failure = reply.failure
        if failure is None or not self._when(failure):
            return reply
        call.close_step(reply)
        try:
            ticket = await call.runtime.store(self.queue.enqueue, self._request(call, failure))
        except Exception as error:  # noqa: BLE001 - a queue may be full, locked or gone
            call.open_step("review queue", "person")
            call.close_step(call.stumbled(error))
            return reply
        call.ticket = ticket
        call.emit(Escalated, ticket=ticket.id)
        return reply

    def _request(self, call: Call, failure: Failure) -> ReviewRequest:
        from fallbackkit.review import ReviewRequest

        withheld = next((f.error for f in _causes(failure) if isinstance(f.error, LowConfidence)), None)
        draft = withheld.answer if withheld is not None else None
        return ReviewRequest(
            question=self._question(*call.args, **call.kwargs),
            draft=draft.text if draft else None,
            score=draft.score if draft else None,
            sources=draft.sources if draft else (),
            reason=_causes(failure)[0].kind,
            trail=tuple(call.trail),
            name=call.name,
            outcome_id=call.id,
        )

    def describe(self) -> str:
        return "Escalate"


def _causes(failure: Failure) -> tuple[Failure, ...]:
    return failure.steps or (failure,)


def _nobody_answered(failure: Failure) -> bool:
    return _causes(failure)[0].kind not in _FOR_THE_ASKER


def _question(*args: Any, **kwargs: Any) -> str:
    values = [*args, *kwargs.values()]
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    return json.dumps(to_jsonable_python({"args": args, **kwargs}, fallback=repr), ensure_ascii=False, indent=2)
