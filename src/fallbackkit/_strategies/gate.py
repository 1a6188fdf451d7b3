from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Literal

from fallbackkit import _checks
from fallbackkit._call import Reply
from fallbackkit._runtime import Strategy
from fallbackkit.errors import Failure, FailureKind, LowConfidence
from fallbackkit.events import Abstained

if TYPE_CHECKING:
    from collections.abc import Callable

    from fallbackkit._call import Call
    from fallbackkit._outcome import Answer
    from fallbackkit._runtime import Layer

__all__ = ["ConfidenceGate"]

Below = Literal["abstain", "hedge"]


class ConfidenceGate(Strategy):
    """Lets an answer through only if its score reaches a threshold (selective prediction).

    A score that is missing, NaN or outside [0, 1] never passes. Safe to share between threads and
    tasks, if ``score`` is. Source: Geifman and El-Yaniv, Selective Classification for Deep Neural
    Networks, 2017.

    Args:
        threshold: In [0, 1]. A plain number is a setting, not a promise: nothing here has measured
            how often answers above it are right.
        score: Called with the Answer, returns its score or None; by default ``answer.score``.
        below: ``abstain`` withholds the answer, so that the next rung or a person answers, and shows
            nothing of a stream before its end; ``hedge`` shows it marked as uncertain.

    Raises:
        ValueError: ``threshold`` or ``below`` is out of range.

    Warns:
        UserWarning: Once, when an answer comes without a score.

    Example:
        >>> ConfidenceGate(0.8).describe()
        'ConfidenceGate(0.8, abstain)'
    """

    def __init__(
        self,
        threshold: float,
        *,
        score: Callable[[Answer], float | None] | None = None,
        below: Below = "abstain",
    ) -> None:
        if below not in {"abstain", "hedge"}:
            msg = f"`below` must be 'abstain' or 'hedge', got {below!r}"
            raise ValueError(msg)
        self.threshold = _checks.fraction("threshold", threshold)
        self._score = _checks.function("score", score)
        self._below = below
        self.holds = below == "abstain"
        self._warned = False

    async def run(self, inner: Layer, call: Call) -> Reply:
        reply = await inner(call)
        if reply.failure is not None:
            return reply
        answer = reply.answer
        if answer is not None and self._score is not None:
            answer = answer.model_copy(update={"score": self._score(answer)})
            reply = Reply(reply.value, answer=answer)
        score = None if answer is None else answer.score
        if score is not None and self.threshold <= score <= 1:
            return reply
        if score is None:
            self._warn(call)
        elif not math.isfinite(score):
            score = None
        if self._below == "hedge" and answer is not None:
            reply.hedged = True
            return reply
        call.emit(Abstained, step=call.step, score=score, threshold=self.threshold)
        error = LowConfidence(f"score {score} does not reach {self.threshold:g}", answer)
        return Reply(failure=Failure(kind=FailureKind.QUALITY_LOW_CONFIDENCE, error=error))

    def _warn(self, call: Call) -> None:
        if self._warned:
            return
        self._warned = True
        warnings.warn(
            f"`{call.name}` answered without a score, and without one nothing passes ConfidenceGate: return "
            "Answer(text, score=…) with a score in [0, 1], or give the gate score=, a function of the answer",
            UserWarning,
            stacklevel=2,
        )

    def describe(self) -> str:
        return f"ConfidenceGate({self.threshold:g}, {self._below})"
