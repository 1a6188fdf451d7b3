from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic_core import to_jsonable_python

from fallbackkit import _checks, _log
from fallbackkit._runtime import Strategy
from fallbackkit.errors import LowConfidence
from fallbackkit.events import Escalated

if TYPE_CHECKING:
    from collections.abc import Callable

    from fallbackkit._call import Call, Reply
    from fallbackkit._outcome import Answer
    from fallbackkit._runtime import Layer
    from fallbackkit.errors import Failure, FailureKind
    from fallbackkit.review import ReviewQueue, ReviewRequest

__all__ = ["Escalate"]

_AFTER_ALL_WHO_WAIT = -1


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
        'Escalate(audit 0.05)'
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
                await self._file_audit(reply, call)
            return reply
        if call.shown or call.ticket is not None or not self._wants(failure, call):
            return reply
        call.close_step(reply)
        try:
            request = self._request(call, _withheld(failure.error), failure.first.kind)
            ticket = await call.runtime.store(self.queue.enqueue, request)
        except Exception as error:  # noqa: BLE001 - a queue may be full, locked or gone
            call.open_step("review queue", "person")
            call.close_step(call.stumbled(error))
            return reply
        call.ticket = ticket
        call.emit(Escalated, ticket=ticket.id)
        return reply

    async def _file_audit(self, reply: Reply, call: Call) -> None:
        answer = reply.answer
        if answer is None:
            return
        call.close_step(reply)
        try:
            await call.runtime.store(self.queue.enqueue, self._request(call, answer, None, _AFTER_ALL_WHO_WAIT))
        except Exception as error:  # noqa: BLE001 - the answer is there, whatever becomes of its audit
            _log.warning("an answer of `%s` could not be filed for audit", call.name, error=error)

    def _wants(self, failure: Failure, call: Call) -> bool:
        if self._when is None:
            return not failure.first.kind.asker_first
        try:
            return bool(self._when(failure))
        except Exception as error:  # noqa: BLE001 - a predicate is foreign code, and its bug no reason to lose a ticket
            call.stumbled(error)
            return True

    def _request(
        self, call: Call, draft: Answer | None, reason: FailureKind | None, priority: int = 0
    ) -> ReviewRequest:
        from fallbackkit.review import ReviewRequest

        return ReviewRequest(
            question=self._question(*call.args, **call.kwargs),
            draft=draft.text if draft else None,
            score=draft.score if draft else None,
            sources=draft.sources if draft else (),
            reason=reason,
            trail=tuple(call.trail),
            name=call.name,
            outcome_id=call.id,
            priority=priority,
        )

    def describe(self) -> str:
        given = {"when": self._when, "question": self._question is not _question, f"audit {self.audit:.3g}": self.audit}
        parts = [word for word, is_given in given.items() if is_given]
        return f"Escalate({', '.join(parts)})" if parts else "Escalate"


def _withheld(error: BaseException | None) -> Answer | None:
    """The first answer that was kept back, in an error or those that it groups."""
    if isinstance(error, LowConfidence):
        return error.answer
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(_withheld, error.exceptions)), None)
    return None


def _question(*args: Any, **kwargs: Any) -> str:
    values = [*args, *kwargs.values()]
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    return json.dumps(to_jsonable_python({"args": args, **kwargs}, fallback=repr), ensure_ascii=False, indent=2)
