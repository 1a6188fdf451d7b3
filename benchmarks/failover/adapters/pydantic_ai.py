"""pydantic-ai: a FallbackModel under an Agent, as its documentation begins, and tuned.

Tuned, the answer is asked for as a whole, because a FallbackModel judges only what has not been streamed; its retries
are those of the documented transport, which leaves out silence; and its handlers refuse what cannot be used.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import httpx2
from pydantic import BaseModel, ValidationError
from pydantic_ai import Agent, ModelRetry, NativeOutput
from pydantic_ai.exceptions import (
    ContentFilterError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelContextWindowExceededError,
    ModelRequestRejectedError,
    OutputTokenLimitExceeded,
    UnexpectedModelBehavior,
)
from pydantic_ai.messages import ModelResponse  # noqa: TC002 - the handlers are known by this annotation
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.retries import AsyncHTTPX2TenacityTransport, RetryConfig, wait_retry_after
from tenacity import retry_if_exception_type, stop_after_attempt, wait_exponential

from benchmarks.failover.asking import ATTEMPTS, FORM_QUESTION, QUESTION, Budget, Need, Said, usable

PACKAGES = ("pydantic-ai-slim", "openai")
RETRY_ON = (429, 500, 502, 503, 504)


class Form(BaseModel):
    city: str
    days: int


def may_go_elsewhere(error: Exception) -> bool:
    """What one provider's safety system rejects is not brought to another."""
    if isinstance(error, ModelRequestRejectedError):
        return isinstance(error, ModelContextWindowExceededError | ModelAuthenticationError)
    return isinstance(error, ModelAPIError | UnexpectedModelBehavior | ValueError)


def is_incomplete(response: ModelResponse) -> bool:
    return response.finish_reason is None or not (response.text or "").strip()


def check(text: str) -> str:
    if not usable(text):
        raise ModelRetry("answer the question")
    return text


def is_unusable(response: ModelResponse) -> bool:
    return not usable(response.text or "")


def is_no_form(response: ModelResponse) -> bool:
    try:
        Form.model_validate_json(response.text or "")
    except ValidationError:
        return True
    return False


ALWAYS = [ContentFilterError, OutputTokenLimitExceeded, may_go_elsewhere, is_incomplete]
CHECKS: dict[Need, list[Any]] = {"text": [], "checked": [is_unusable], "form": [is_no_form]}


class Adapter:
    def __init__(self, url: str, budget: Budget, *, tuned: bool) -> None:
        self._url = url
        self._budget = budget
        self._tuned = tuned
        self._agent = cache(self._build)

    def _client(self) -> httpx2.AsyncClient:
        """The retries of the documentation: by status and connection, as the provider asks."""

        def refuse(response: httpx2.Response) -> None:
            if response.status_code in RETRY_ON:
                response.raise_for_status()

        longest = self._budget.longest_wait
        retries = RetryConfig(
            retry=retry_if_exception_type(
                (httpx2.HTTPStatusError, httpx2.ConnectError, httpx2.ReadError, httpx2.RemoteProtocolError)
            ),
            wait=wait_retry_after(fallback_strategy=wait_exponential(multiplier=0.5, max=longest), max_wait=longest),
            stop=stop_after_attempt(ATTEMPTS),
            reraise=True,
        )
        return httpx2.AsyncClient(transport=AsyncHTTPX2TenacityTransport(config=retries, validate_response=refuse))

    def _model(self, name: str) -> OpenAIChatModel:
        client = {"http_client": self._client()} if self._tuned else {}
        provider = OpenAIProvider(base_url=self._url, api_key="none", **client)
        if not self._tuned:
            return OpenAIChatModel(name, provider=provider, settings={"timeout": self._budget.request})
        limits: Any = {"timeout": self._budget.silence, "request_timeout": self._budget.silence, "max_retries": 0}
        return OpenAIChatModel(name, provider=provider, settings=limits)

    def _build(self, primary: str, fallback: str, need: Need) -> Agent[None, Any]:
        options: dict[str, Any] = {"fallback_on": [*ALWAYS, *CHECKS[need]]} if self._tuned else {}
        model = FallbackModel(self._model(primary), self._model(fallback), **options)
        agent: Agent[None, Any] = Agent(model, output_type=NativeOutput(Form) if need == "form" else str)
        if need == "checked" and not self._tuned:
            agent.output_validator(check)
        return agent

    async def ask(self, primary: str, fallback: str, need: Need) -> Said:
        agent = self._agent(primary, fallback, need)
        if self._tuned or need != "text":  # a check has to see the whole answer
            got = await agent.run(FORM_QUESTION if need == "form" else QUESTION)
            text = got.output if isinstance(got.output, str) else got.output.model_dump_json()
            return _said(text, got)
        async with agent.run_stream(QUESTION) as stream:
            text = "".join([piece async for piece in stream.stream_text(delta=True)])
        return _said(text, stream)


def _said(text: str, run: Any) -> Said:
    usage = run.usage() if callable(run.usage) else run.usage
    return Said(ok=True, text=text, model=run.response.model_name, usage=usage.output_tokens > 0)
