"""User code around pydantic-ai's agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import openai
import pydantic_ai
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from tests.providers.real.dialects import KEY
from tests.providers.real.question import Person

if TYPE_CHECKING:
    from tests.providers.real.question import Question


def sync(q: Question) -> Any:
    """What it returns."""
    return _agent(q).run_sync(q.prompt)


def asynchronous(q: Question) -> Any:
    """The same, to be awaited, or the events of a run."""
    return _events(q) if q.streams else _agent(q).run(q.prompt)


async def _events(q: Question) -> Any:
    async with _agent(q).run_stream_events(q.prompt) as events:
        async for event in events:
            yield event


def _agent(q: Question) -> Any:
    output: Any = pydantic_ai.PromptedOutput(Person) if q.schema else str
    return pydantic_ai.Agent(_model(q), output_type=output, retries=0)


def _model(q: Question) -> Any:
    facts: Any = {"api_key": KEY, "max_retries": 0, "timeout": q.patience}
    http = httpx2.AsyncClient(verify=False)  # nothing here is encrypted, and it starts sooner
    if q.api == "messages":
        client = anthropic.AsyncAnthropic(base_url=q.url, http_client=http, **facts)
        return AnthropicModel(q.model, provider=AnthropicProvider(anthropic_client=client))
    provider = OpenAIProvider(openai_client=openai.AsyncOpenAI(base_url=q.url + "/v1", http_client=http, **facts))
    return (OpenAIChatModel if q.api == "chat" else OpenAIResponsesModel)(q.model, provider=provider)
