"""What the models do, by scenario. Each fault treats a caller who asked for no stream in the way that corresponds."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from benchmarks.failover.provider import ANSWER, CANNOT_BE_DECODED, WORDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from benchmarks.failover.provider import Exchange

    Fault = Callable[[Exchange], Awaitable[None]]

FORM = {"city": "Lisbon", "days": 3}
PAGE = (
    b"<!doctype html><html><head><title>Sign in</title></head><body><form>Sign in to the network</form></body></html>"
)
OVERLOADED = ("overloaded", "server_error", "the engine is overloaded")
LIMITED = ("rate_limit_exceeded", "requests", "the rate limit is reached")


def saying(
    text: str = ANSWER, *, finish: str | None = "stop", refusal: str | None = None, done: bool = True, wait: float = 0
) -> Fault:
    """A reply that arrives whole, whatever it is."""

    async def fault(to: Exchange) -> None:
        words = text.split()
        if not to.stream:
            await asyncio.sleep(wait)
            await to.body(to.completion(None if refusal else text, finish, refusal))
            return
        await to.open()
        await asyncio.sleep(wait)
        await to.piece({"role": "assistant", "content": ""})
        if refusal:
            await to.piece({"refusal": refusal})
        else:
            await to.say(words)
        await to.finish(len(words), finish, done=done)

    return fault


healthy = saying()


def first(fault: Fault) -> Fault:
    """The first attempt meets the fault, the later ones an answer."""

    async def once(to: Exchange) -> None:
        await (fault if to.attempt == 1 else healthy)(to)

    return once


def refusing(status: int, code: str | None, kind: str, message: str, **headers: str) -> Fault:
    async def fault(to: Exchange) -> None:
        await to.refuse(status, code, kind, message, **headers)

    return fault


async def limited_for_a_while(to: Exchange) -> None:
    await to.refuse(429, *LIMITED, **{"Retry-After": f"{to.times.retry_after:g}"})


async def flapping(to: Exchange) -> None:
    if to.since < to.times.outage:
        await to.refuse(503, *OVERLOADED)
    else:
        await healthy(to)


async def reset(to: Exchange) -> None:
    to.reset()


async def silent(to: Exchange) -> None:
    await to.silence(to.times.silence)


async def slow(to: Exchange) -> None:
    to.note(f"first word after {to.times.slow:g} s")
    await saying(wait=to.times.slow)(to)


async def answering_without_prefill(to: Exchange) -> None:
    if to.last_role == "assistant":
        await to.refuse(400, "invalid_prefill", "invalid_request_error", "the last message must be the user's")
    else:
        await healthy(to)


async def _begin(to: Exchange, words: int) -> None:
    """The first words of an answer, or about that share of the body that a whole answer would have."""
    if to.stream:
        await to.open()
        await to.piece({"role": "assistant", "content": ""})
        await to.say(WORDS[:words])
        return
    body = to.completion()
    await to.head(200, "application/json", {"Content-Length": str(len(body))})
    await to.send(body[: len(body) * words // len(WORDS)])


async def cut(to: Exchange) -> None:
    to.note("cut after 40 words")
    await _begin(to, 40)


async def stalling(to: Exchange) -> None:
    await _begin(to, 20)
    await to.silence(to.times.stall)


async def malformed(to: Exchange) -> None:
    to.note("one event is no JSON")
    if not to.stream:
        await to.body(to.completion()[:-40])
        return
    await _begin(to, 10)
    await to.event('{"object": "chat.completion.chunk", "choices": [{"delta": ')
    await to.say(["", *WORDS[10:]])
    await to.finish(len(WORDS))


async def ending_without_reason(to: Exchange) -> None:
    to.note("ends after 20 words, without a reason")
    if not to.stream:
        await to.body(to.completion(" ".join(WORDS[:20]), None))
        return
    await _begin(to, 20)
    await to.finish(20, None)


async def page(to: Exchange) -> None:
    to.note("200, a page")
    await to.body(PAGE, kind="text/html")


def _error() -> str:
    return json.dumps({"error": {"message": "the upstream provider failed", "code": 502}})


async def error_as_answer(to: Exchange) -> None:
    to.note("200, an error in JSON")
    await to.body(_error().encode())


async def error_inside(to: Exchange) -> None:
    to.note("an error after 20 words")
    if not to.stream:
        await to.body(_error().encode())
        return
    await _begin(to, 20)
    await to.event(_error())
    await to.end()


async def keep_alives(to: Exchange) -> None:
    """Nothing but signs of life: comments in a stream, blanks before a body."""
    to.note("keep-alives only")
    await to.open()
    while True:
        await to.send(b": working\n\n" if to.stream else b" ")
        await asyncio.sleep(to.times.drip / 2)


async def dripping(to: Exchange) -> None:
    to.note("a word every few seconds")
    await to.open()
    if to.stream:
        await to.piece({"role": "assistant", "content": ""})
        await to.say(WORDS, pause=to.times.drip)
        await to.finish(len(WORDS))
        return
    body = to.completion()
    for at in range(0, len(body), 10):
        await to.send(body[at : at + 10])
        await asyncio.sleep(to.times.drip)
    await to.end()


garbled = saying(" ".join([*WORDS[:20], CANNOT_BE_DECODED, *WORDS[21:]]))
scrambled = saying(" ".join([*WORDS[:20], "\ufffd\ufffd", *WORDS[21:]]))
