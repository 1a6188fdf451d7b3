"""User code around LangChain's chat models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI

from tests.providers.real.dialects import KEY
from tests.providers.real.question import Person

if TYPE_CHECKING:
    from tests.providers.real.question import Question


def sync(q: Question) -> Any:
    """What it returns, or the stream."""
    chain = _model(q)
    return chain.stream(q.prompt) if q.streams else chain.invoke(q.prompt)


def asynchronous(q: Question) -> Any:
    """The same, to be awaited or iterated."""
    chain = _model(q)
    return chain.astream(q.prompt) if q.streams else chain.ainvoke(q.prompt)


def _model(q: Question) -> Any:
    facts: Any = {"model": q.model, "api_key": KEY, "max_retries": 0, "timeout": q.patience}
    if q.api == "messages":
        return ChatAnthropic(base_url=q.url, **facts)
    model = ChatOpenAI(base_url=q.url + "/v1", use_responses_api=q.api == "responses", stream_usage=True, **facts)
    return model.with_structured_output(Person) if q.schema else model
