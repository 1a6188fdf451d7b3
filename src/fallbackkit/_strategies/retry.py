from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self

import tenacity
from tenacity.retry import retry_base
from tenacity.stop import stop_base

from fallbackkit import _budget, _checks
from fallbackkit._call import Reply
from fallbackkit._runtime import Strategy
from fallbackkit._shared import tell
from fallbackkit.errors import TRANSIENT
from fallbackkit.events import RetryScheduled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenacity.wait import wait_base

    from fallbackkit._budget import RetryBudget
    from fallbackkit._call import Call
    from fallbackkit._checks import Match
    from fallbackkit._runtime import Layer
    from fallbackkit.errors import Failure, StopReason

__all__ = ["Retry"]

_TRANSIENT = tuple(TRANSIENT)
_RETRY_AFTER_LIMIT = 120.0


class Retry(Strategy):
    """Asks again after a failure that may pass. tenacity decides when to stop and how long to wait.

    A wait is never shorter than the Retry-After of the failure, and none starts that would end past
    the deadline, or that the provider forbids (``x-should-retry: false``): then the failure comes back at
    once, and its ``stopped_by`` says why. What has been shown of a streamed answer is not asked for again.
    Safe to share between threads and tasks.

    Args:
        attempts: How often to ask in all, at least 1; or a tenacity stop object.
        on: Failures worth asking again for: kinds, exception types, predicates on the Failure, or a
            tenacity retry object.
        wait: A tenacity wait object; by default exponential from 0.5 s, with full jitter.
        max_wait: Longest wait in seconds of our own choosing, whatever ``wait`` says.
        retry_after_limit: Longest Retry-After in seconds that is waited for.
        budget: Shared with everything else that calls the same dependency: bounds the retries of all.

    Attributes:
        attempts: How often at most, None if a stop object decides.
        endless: Whether nothing but a deadline would end it (``tenacity.stop_never``).
        first_wait: Seconds before the second attempt, if they are known to be fixed, else 0.

    Raises:
        TypeError: ``budget`` is not a RetryBudget.
        ValueError: A number is out of range.

    Example:
        >>> Retry(attempts=2).describe()
        'Retry(2 attempts, waits up to 30 s)'
    """

    def __init__(
        self,
        *,
        attempts: int | stop_base = 3,
        on: Match | Iterable[Match] | retry_base = _TRANSIENT,
        wait: wait_base | None = None,
        max_wait: float = 30.0,
        retry_after_limit: float = _RETRY_AFTER_LIMIT,
        budget: RetryBudget | None = None,
    ) -> None:
        self.max_wait = _checks.seconds("max_wait", max_wait, zero=True)
        self.retry_after_limit = _checks.seconds("retry_after_limit", retry_after_limit, zero=True)
        self._stop = attempts if isinstance(attempts, stop_base) else None
        self.attempts = None if isinstance(attempts, stop_base) else _checks.count("attempts", attempts)
        self.endless = _endless(attempts)
        self._retry: retry_base | None = on if isinstance(on, retry_base) else None
        kinds = () if isinstance(on, retry_base) else _checks.listed(on)
        self._handles = None if self._retry is not None else _checks.matching("on", kinds)
        self._wait = _checks.function("wait", wait)
        self.first_wait = min(self.max_wait, getattr(wait, "wait_fixed", 0.0))
        self._asks_tenacity = self._stop is not None or self._retry is not None or wait is not None
        self._ceiling = tenacity.wait_exponential(multiplier=0.5, max=self.max_wait)
        self._budget = _budget.checked(budget)
        self._notes = [
            f"on {type(on).__name__ if self._retry is not None else _checks.words(kinds)}" * (on != _TRANSIENT),
            f"{type(wait).__name__}" * (wait is not None),
            f"Retry-After up to {retry_after_limit:g} s" * (retry_after_limit != _RETRY_AFTER_LIMIT),
        ]

    async def run(self, inner: Layer, call: Call) -> Reply:
        if self._budget is not None:
            self._budget.request(call)
        reply = await inner(call)
        if reply.failure is None:
            return reply
        started = call.step_started
        state = tenacity.RetryCallState(None, call.target.fn, call.args, dict(call.kwargs))  # type: ignore[arg-type]
        state.start_time = started
        while reply.failure is not None and not call.shown:
            if self._asks_tenacity:
                self._note(state, reply.failure, call)
            wait = self._verdict(state, reply.failure, call)
            if self._budget is not None and not isinstance(wait, str):
                wait = await self._withdraw(self._budget, wait, call)
            if isinstance(wait, str):
                failure = reply.failure.model_copy(update={"stopped_by": wait})
                return Reply(failure=failure)
            call.emit(RetryScheduled, step=call.step, attempt=state.attempt_number + 1, wait=wait)
            if wait > 0:  # to sleep for no time takes longer than the rest of this
                await call.runtime.sleep(call, wait)
            call.waited = wait
            state.idle_for += wait
            state.attempt_number += 1
            reply = await inner(call)
        return reply

    def _note(self, state: tenacity.RetryCallState, failure: Failure, call: Call) -> None:
        outcome = tenacity.Future(state.attempt_number)
        outcome.set_exception(failure.error)
        state.outcome = outcome
        state.outcome_timestamp = call.clock.now()

    def _verdict(self, state: tenacity.RetryCallState, failure: Failure, call: Call) -> float | StopReason:
        """How long to wait before asking again, or why not to."""
        if failure.stopped_by == "not_retryable" or not self._again(state, failure):  # the provider may forbid it
            return "not_retryable"
        if self.attempts is not None and state.attempt_number >= self.attempts:
            return "attempts"
        after = failure.retry_after or 0.0
        if after > self.retry_after_limit:
            return "retry_after"
        wait = max(after, self._pause(state, call))
        state.upcoming_sleep = wait  # before the stop object is asked: it may count the wait ahead
        if self._stop is not None and self._stop(state):
            return "attempts"
        if call.clock.now() + wait >= call.until:
            return "deadline"
        return wait

    async def _withdraw(self, budget: RetryBudget, wait: float, call: Call) -> float | StopReason:
        if budget.store is None:
            return wait if budget.withdraw(wait) else "budget"
        granted = await call.runtime.store(budget.withdraw, wait)
        tell(budget.store, call)
        if not granted:
            return "budget"
        return "deadline" if call.clock.now() + wait >= call.until else wait  # the store took its time

    def _again(self, state: tenacity.RetryCallState, failure: Failure) -> bool:
        if self._handles is not None:
            return self._handles(failure)
        return bool(self._retry(state)) if self._retry is not None else False

    def _pause(self, state: tenacity.RetryCallState, call: Call) -> float:
        if self._wait is None:
            return call.rng.uniform(0.0, self._ceiling(state))
        wait: Any = self._wait(state)
        return min(self.max_wait, max(0.0, wait)) if math.isfinite(wait) else self.max_wait

    def anew(self, **instead: Any) -> Self:
        """Make it once more, with a budget of its own."""
        return super().anew(**{"budget": self._budget and self._budget.anew(), **instead})

    def describe(self) -> str:
        attempts = type(self._stop).__name__ if self.attempts is None else self.attempts
        budget = "" if self._budget is None else self._budget.describe()
        notes = "".join(f", {note}" for note in [*self._notes, budget] if note)
        return f"Retry({attempts} attempts, waits up to {self.max_wait:g} s{notes})"


def _endless(stop: object) -> bool:
    if isinstance(stop, tenacity.stop_any):
        return all(_endless(each) for each in stop.stops)
    if isinstance(stop, tenacity.stop_all):
        return any(_endless(each) for each in stop.stops)
    return stop is tenacity.stop_never
