"""User code around Anthropic's SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anthropic

from tests.providers.real.dialects import KEY
from tests.providers.real.question import Person

if TYPE_CHECKING:
    from tests.providers.real.question import Question

_sync = anthropic.Anthropic(api_key=KEY, max_retries=0)
_async = anthropic.AsyncAnthropic(api_key=KEY, max_retries=0)


def sync(q: Question) -> Any:
    """What it returns, or the stream."""
    return _ask(_sync.with_options(base_url=q.url, timeout=q.patience), q)


def asynchronous(q: Question) -> Any:
    """The same, to be awaited or iterated."""
    client = _async.with_options(base_url=q.url, timeout=q.patience)
    if "helper" in q.api:
        return _astream(client, q)
    return _afinal(client, q) if "final" in q.api else _ask(client, q)


def _ask(client: Any, q: Question) -> Any:
    facts = _facts(q)
    if "helper" in q.api:
        return _stream(client, facts)
    if "final" in q.api:
        return _final(client, facts)
    if q.schema:
        return client.messages.parse(**facts, output_format=Person)
    return client.messages.create(**facts, stream=q.streams)


def _facts(q: Question) -> dict[str, Any]:
    return {"model": q.model, "max_tokens": 64, "messages": [{"role": "user", "content": q.prompt}]}


def _stream(client: Any, facts: Any) -> Any:
    with client.messages.stream(**facts) as events:
        yield from events


async def _astream(client: Any, q: Question) -> Any:
    async with client.messages.stream(**_facts(q)) as events:
        async for event in events:
            yield event


def _final(client: Any, facts: Any) -> Any:
    with client.messages.stream(**facts) as events:
        return events.get_final_message()


async def _afinal(client: Any, q: Question) -> Any:
    async with client.messages.stream(**_facts(q)) as events:
        return await events.get_final_message()
