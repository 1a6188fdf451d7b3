"""User code around OpenAI's SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai

from tests.providers.real.dialects import KEY
from tests.providers.real.question import Person

if TYPE_CHECKING:
    from tests.providers.real.question import Question

_sync = openai.OpenAI(api_key=KEY, base_url="http://127.0.0.1", max_retries=0)
_async = openai.AsyncOpenAI(api_key=KEY, base_url="http://127.0.0.1", max_retries=0)


def sync(q: Question) -> Any:
    """What it returns, or the stream."""
    return _ask(_sync.with_options(base_url=q.url + "/v1", timeout=q.patience), q)


def asynchronous(q: Question) -> Any:
    """The same, to be awaited or iterated."""
    client = _async.with_options(base_url=q.url + "/v1", timeout=q.patience)
    if "helper" in q.api:
        return _astream(client, q)
    return _afinal(client, q) if "final" in q.api else _ask(client, q)


def _ask(client: Any, q: Question) -> Any:
    messages: Any = [{"role": "user", "content": q.prompt}]
    if q.api == "chat":
        if q.schema:
            return client.chat.completions.parse(model=q.model, messages=messages, response_format=Person)
        usage = {"stream_options": {"include_usage": True}} if q.streams else {}
        return client.chat.completions.create(model=q.model, messages=messages, stream=q.streams, **usage)
    if q.api == "responses":
        if q.schema:
            return client.responses.parse(model=q.model, input=q.prompt, text_format=Person)
        return client.responses.create(model=q.model, input=q.prompt, stream=q.streams)
    return _final(client, q) if "final" in q.api else _stream(client, q)


def _helper(client: Any, q: Question) -> Any:
    if q.api.startswith("chat"):
        return client.chat.completions.stream(model=q.model, messages=[{"role": "user", "content": q.prompt}])
    return client.responses.stream(model=q.model, input=q.prompt)


def _stream(client: Any, q: Question) -> Any:
    with _helper(client, q) as events:
        yield from events


async def _astream(client: Any, q: Question) -> Any:
    async with _helper(client, q) as events:
        async for event in events:
            yield event


def _final(client: Any, q: Question) -> Any:
    with _helper(client, q) as events:
        return events.get_final_completion() if q.api.startswith("chat") else events.get_final_response()


async def _afinal(client: Any, q: Question) -> Any:
    async with _helper(client, q) as events:
        return await (events.get_final_completion() if q.api.startswith("chat") else events.get_final_response())
