"""OpenAI's own client, streaming, against a provider that misbehaves on a real socket."""

from __future__ import annotations

import time
from contextlib import closing

import openai
import pytest

import fallbackkit as fk

ASK = {"model": "m", "messages": [{"role": "user", "content": "How?"}]}
SECRET = "sk-planted-0123456789"
PAUSE = 0.08
DONE = b"data: [DONE]\n\n"


def chunk(content=None, finish=None, **more):
    """One event of a chat completion."""
    choice = {"index": 0, "delta": {"content": content, **more}, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m-1", "choices": [choice]}


ROLE, FIVE, DAYS, STOP = chunk("", role="assistant"), chunk("Five "), chunk("days."), chunk(finish="stop")
USAGE = {**STOP, "choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}}
KEEPALIVE = b": keepalive\n\n"
ERROR = {"error": {"message": SECRET, "type": "server_error", "code": None}}


@pytest.fixture
def asked(provider):
    """A function that streams, as people write it, and one that yields the text."""
    with openai.OpenAI(base_url=provider.url, api_key=SECRET, max_retries=0, timeout=5) as client:

        def ask():
            return client.chat.completions.create(**ASK, stream=True)

        yield ask


ROWS = {
    "whole": ([ROLE, FIVE, DAYS, STOP, USAGE, DONE], "answered", "Five days.", None),
    "an error before the first word": ([ROLE, ERROR], "degraded", "from the search", "provider.5xx"),
    "an error halfway": ([ROLE, FIVE, ERROR], "interrupted", "Five ", "provider.5xx"),
    "an end without a reason": ([ROLE, FIVE, DONE], "interrupted", "Five ", "connection.upstream"),
    "an end before the first word": ([ROLE, DONE], "degraded", "from the search", "connection.upstream"),
    "nothing at all": ([DONE], "degraded", "from the search", "output.empty"),
    "an empty answer": ([ROLE, STOP, DONE], "degraded", "from the search", "output.empty"),
    "cut off by its length": ([ROLE, FIVE, chunk(finish="length"), DONE], "interrupted", "Five ", "output.truncated"),
    "stopped by a filter": ([FIVE, chunk(finish="content_filter"), DONE], "interrupted", "Five ", "safety.refused"),
    "refused": ([chunk(refusal="Sorry"), STOP, DONE], "degraded", "from the search", "safety.refused"),
    "broken JSON halfway": ([FIVE, b"data: {oops\n\n"], "interrupted", "Five ", "output.malformed"),
}


@pytest.mark.parametrize("row", ROWS)
def test_each_end_of_a_stream(provider, asked, row):
    """39: before the first word the search answers; after it the stream ends, or is interrupted with what came."""
    parts, status, text, kind = ROWS[row]
    provider.stream(*parts)
    pipeline = fk.Pipeline(fk.Deadline(20), fk.Fallback(lambda: "from the search"), fk.Validate(), fk.CircuitBreaker())
    *growing, final = pipeline.stream(asked)
    assert (status, text) == (final.status, final.text)
    assert kind == (final.trail[0].failure and final.trail[0].failure.kind)
    assert all("Five days.".startswith(outcome.text) for outcome in growing)
    assert SECRET not in final.model_dump_json()
    if status == "answered":
        assert ("m-1", 7) == (final.answer.model, final.usage.output_tokens)


@pytest.mark.parametrize(
    ("parts", "limits", "status", "clock"),
    [
        ([KEEPALIVE] * 40, {"first_token": 0.3}, "unavailable", "first_token"),
        ([ROLE] + [KEEPALIVE] * 40, {"first_token": 0.3}, "unavailable", "first_token"),
        ([ROLE] * 40, {"first_token": 0.3}, "unavailable", "first_token"),
        ([ROLE, FIVE] + [KEEPALIVE] * 40, {"idle": 0.3}, "interrupted", "idle"),
        ([ROLE] + [FIVE] * 40, {"idle": 0.3}, "interrupted", "total"),
    ],
)
def test_the_three_clocks_on_a_real_socket(provider, asked, *, parts, limits, status, clock):
    """41, 42: the client's own read timeout never fires on these; keep-alives and slow drip fool none of ours."""
    provider.stream(*parts, pause=PAUSE)
    seconds = 0.8 if clock == "total" else 5
    started = time.monotonic()
    *_, final = fk.Pipeline(fk.Timeout(seconds, **limits)).stream(asked)
    assert (status, clock) == (final.status, final.failure.error.clock)
    assert time.monotonic() - started < 2.5


def test_a_held_connection_is_cut_off(provider, asked):
    """A provider that stops sending without hanging up."""
    provider.stream(ROLE, FIVE, held=True)
    *_, final = fk.Pipeline(fk.Timeout(5, idle=0.2)).stream(asked)
    assert ("interrupted", "Five ", "timeout.mid_stream") == (final.status, final.text, final.failure.kind)


def test_abandoning_hangs_up(provider, asked):
    """40: the provider sees that nobody listens any more."""
    provider.hung_up.clear()
    provider.stream(ROLE, *[FIVE] * 200, pause=0.01)
    with closing(fk.Pipeline(fk.Deadline(20)).stream(asked)) as outcomes:
        while not next(outcomes).text:
            pass
    assert provider.hung_up.wait(10)


async def test_the_async_client_streams_too(provider):
    """The same with AsyncOpenAI: read to the end, cut off, abandoned."""
    async with openai.AsyncOpenAI(base_url=provider.url, api_key=SECRET, max_retries=0, timeout=5) as client:

        async def ask():
            return await client.chat.completions.create(**ASK, stream=True)

        provider.stream(*ROWS["whole"][0])
        seen = [outcome async for outcome in fk.Pipeline(fk.Deadline(20)).astream(ask)]
        assert ("answered", "Five days.") == (seen[-1].status, seen[-1].text)
        provider.stream(ROLE, FIVE, *[KEEPALIVE] * 40, pause=PAUSE)
        seen = [outcome async for outcome in fk.Pipeline(fk.Timeout(5, idle=0.3)).astream(ask)]
        assert ("interrupted", "Five ") == (seen[-1].status, seen[-1].text)
        provider.hung_up.clear()
        provider.stream(ROLE, *[FIVE] * 200, pause=0.01)
        outcomes = fk.Pipeline(fk.Deadline(20)).astream(ask)
        while not (await anext(outcomes)).text:
            pass
        await outcomes.aclose()
    assert provider.hung_up.wait(10)
