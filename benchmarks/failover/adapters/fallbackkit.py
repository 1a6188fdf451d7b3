"""fallbackkit around the openai client: ``protect``, as people begin, and a Pipeline of their own, tuned.

Both show the answer as it grows. Tuned, what breaks off is withdrawn and had from elsewhere; silence is noticed sooner;
what is rejected for its content goes nowhere else; and the fallback has limits of its own.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from openai import AsyncOpenAI
from pydantic import BaseModel

import fallbackkit as fk
from benchmarks.failover.asking import ATTEMPTS, FORM_QUESTION, QUESTION, Budget, Need, Said, usable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PACKAGES = ("fallbackkit", "openai")
SILENT = {fk.FailureKind.TIMEOUT_FIRST_BYTE, fk.FailureKind.TIMEOUT_MID_STREAM}


class Form(BaseModel):
    city: str
    days: int


NEEDS: dict[Need, dict[str, Any]] = {
    "text": {},
    "checked": {"check": lambda answer: usable(answer.text)},
    "form": {"schema": Form},
}


def may_go_elsewhere(failure: fk.Failure) -> bool:
    """What one provider's safety system rejects is not brought to another."""
    return failure.kind is not fk.FailureKind.SAFETY_REFUSED


class Adapter:
    def __init__(self, url: str, budget: Budget, *, tuned: bool) -> None:
        self._client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0)
        self._budget = budget
        self._feature = cache(self._tuned if tuned else self._plain)

    def _model(self, name: str) -> Callable[[str], AsyncIterator[Any]]:
        client = self._client

        async def ask(question: str) -> AsyncIterator[Any]:
            async with await client.chat.completions.create(
                model=name,
                messages=[{"role": "user", "content": question}],
                stream=True,
                stream_options={"include_usage": True},
            ) as chunks:
                async for chunk in chunks:
                    yield chunk

        return ask

    def _plain(self, primary: str, fallback: str, need: Need) -> Any:
        budget = self._budget
        return fk.protect(
            fallbacks=[fk.Rung(self._model(fallback), "model", name=fallback)],
            **NEEDS[need],
            deadline=budget.call,
            timeout=budget.request,
            attempts=ATTEMPTS,
            name=primary,
        )(self._model(primary))

    def _tuned(self, primary: str, fallback: str, need: Need) -> Any:
        budget = self._budget
        limits = fk.Timeout(budget.request, first_token=budget.silence, idle=budget.silence)
        second = fk.Pipeline(fk.Validate(**NEEDS[need]), limits, name=fallback)(self._model(fallback))
        return fk.Pipeline(
            fk.Deadline(budget.call),
            fk.Fallback(fk.Rung(second, "model", name=fallback), on=may_go_elsewhere),
            fk.Retry(attempts=ATTEMPTS, on=fk.TRANSIENT - SILENT, max_wait=budget.longest_wait),
            fk.Validate(**NEEDS[need]),
            fk.CircuitBreaker(reset_timeout=budget.rest, max_reset_timeout=budget.rest),
            limits,
            name=primary,
            interruption="restart",
        )(self._model(primary))

    async def ask(self, primary: str, fallback: str, need: Need) -> Said:
        feature = self._feature(primary, fallback, need)
        async for outcome in feature.stream(FORM_QUESTION if need == "form" else QUESTION):
            last = outcome
        answer = last.answer
        return Said(
            ok=last.status in {"answered", "degraded"},
            text="" if answer is None else answer.text,
            model=None if answer is None else answer.model,
            usage=answer is not None and answer.usage is not None,
            error=None if last.failure is None else last.failure.kind.value,
        )

    async def close(self) -> None:
        await self._client.close()
