from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from pydantic_core import to_jsonable_python

from fallbackkit import _checks
from fallbackkit._runtime import Strategy
from fallbackkit.errors import FailureKind, LowConfidence
from fallbackkit.events import Escalated

if TYPE_CHECKING:
    from collections.abc import Callable

    from fallbackkit._outcome import Answer
    from fallbackkit._runtime import Call, Layer, Reply
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
_AUDITS_COME_LAST = -1

_log = logging.getLogger("fallbackkit")


class Escalate(Strategy):
    """Files a ticket for a person when nothing inside could answer, even if the time is up.

    A streamed answer that broke off is no ticket by itself: its asker reads what came, and may ask for
    a person. Safe to share between threads and tasks, as the queue is.

    Args:
        queue: Where the ticket goes.
        when: Which replies become a ticket: a predicate on the Failure; by default every failure
            but those that the asker has to mend (an empty or too long question, an ended session).
            If it raises, the ticket is filed.
        question: Makes the text that the reviewer reads from the call's arguments; by default the
            only string argument as it is, or else all arguments as JSON.
        audit: Share of the answered calls, in [0, 1], that reviewers get as well, drawn at random, to
            see how good the answers are. The asker has the answer and waits for nobody: the Outcome
            knows of no ticket, reviewers take it after all that people wait for, and what goes wrong
            is only logged.

    Raises:
        TypeError: ``queue`` is no queue, or ``when`` or ``question`` no function.
        ValueError: ``audit`` is out of range.

    Example:
        >>> from fallbackkit.review import ReviewQueue
        >>> Escalate(ReviewQueue("sqlite://"), audit=0.05).describe()
        'Escalate(audit 5%)'
    """

    def __init__(
        self,
        queue: ReviewQueue,
        *,
        when: Callable[[Failure], bool] | None = None,
        question: Callable[..., str] | None = None,
        audit: float = 0.0,
    ) -> None:
        if not callable(getattr(queue, "enqueue", None)):
            msg = f"`queue` must be a ReviewQueue, got {queue!r}; make one with ReviewQueue('sqlite:///reviews.db')"
            raise TypeError(msg)
        self.queue = queue
        self.audit = _checks.fraction("audit", audit)
        self._when = _checks.function("when", when)
        self._question = _checks.function("question", question) or _question

    async def run(self, inner: Layer, call: Call) -> Reply:
        reply = await inner(call)
        failure = reply.failure
        if failure is None:
            if self.audit and call.rng.random() < self.audit:
                await self._audit(reply, call)
            return reply
        if call.shown or call.ticket is not None or not self._wants(failure, call):
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
