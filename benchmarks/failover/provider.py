"""A provider that fails on purpose: OpenAI's chat completions on loopback, where the model's name says what happens."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

ANSWER = (
    "Breakfast is served on the terrace from seven until ten, and on Sundays until noon. Guests who leave early may "
    "order a basket at the desk before nine the evening before. Tell the kitchen about allergies when you book; it "
    "keeps a list for every table. Children under six eat for free, and coffee is ready from half past five."
)
WORDS = ANSWER.split()
CANNOT_BE_DECODED = "\ue000"

Json = dict[str, Any]


@dataclass(frozen=True)
class Times:
    """Seconds. What callers wait out shrinks with ``scale``; the silences that they have to cut off do not."""

    scale: float = 1.0
    slow: float = 20.0
    stall: float = 30.0
    silence: float = 120.0

    @property
    def retry_after(self) -> float:
        return 2 * self.scale

    @property
    def word(self) -> float:
        return 0.015 * self.scale

    @property
    def drip(self) -> float:
        return 5 * self.scale

    @property
    def outage(self) -> float:
        return 60 * self.scale


@dataclass
class Seen:
    """One request that arrived."""

    at: float
    last_role: str
    did: str = "answered"


class Exchange:
    """One request, and the ways to treat it. ``stream`` says whether the caller asked for a stream."""

    def __init__(self, provider: Provider, writer: asyncio.StreamWriter, asked: Json, seen: list[Seen]) -> None:
        self.times = provider.times
        self.attempt = len(seen)
        self.since = seen[-1].at - seen[0].at
        self.last_role = seen[-1].last_role
        self.stream = bool(asked.get("stream"))
        self._seen = seen[-1]
        self._asked = asked
        self._writer = writer
        self._chunked = False

    def note(self, did: str) -> None:
        self._seen.did = did

    async def refuse(self, status: int, code: str | None, kind: str, message: str, **headers: str) -> None:
        self.note(f"{status} {code or kind}")
        error = {"message": message, "type": kind, "param": None, "code": code}
        await self.body(json.dumps({"error": error}).encode(), status=status, **headers)

    async def body(self, content: bytes, *, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        await self.head(status, kind, {"Content-Length": str(len(content)), **headers})
        await self.send(content)

    async def head(self, status: int, kind: str, headers: Mapping[str, str]) -> None:
        fields = {"Content-Type": kind, "Connection": "close", **headers}
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{k}: {v}" for k, v in fields.items())]
        await self.send("\r\n".join([*lines, "", ""]).encode())

    async def send(self, content: bytes) -> None:
        self._writer.write(b"%x\r\n%b\r\n" % (len(content), content) if self._chunked else content)
        await self._writer.drain()

    async def open(self) -> None:
        """Begin a body of unknown length: events if a stream was asked for, else JSON."""
        kind = "text/event-stream" if self.stream else "application/json"
        await self.head(200, kind, {"Transfer-Encoding": "chunked", "Cache-Control": "no-cache"})
        self._chunked = True

    async def event(self, data: str | bytes) -> None:
        await self.send(b"data: %b\n\n" % (data.encode() if isinstance(data, str) else data))

    async def piece(self, delta: Json, finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        await self.event(_encoded({**self._about("chat.completion.chunk"), "choices": [choice]}))

    async def say(self, words: list[str], *, pause: float | None = None) -> None:
        for n, word in enumerate(words):
            await self.piece({"content": f" {word}" if n else word})
            await asyncio.sleep(self.times.word if pause is None else pause)

    async def finish(self, made: int, reason: str | None = "stop", *, done: bool = True) -> None:
        """End a stream as it should end, or almost."""
        if reason is not None:
            await self.piece({}, reason)
        if (self._asked.get("stream_options") or {}).get("include_usage"):
            usage = {**self._about("chat.completion.chunk"), "choices": [], "usage": _usage(made)}
            await self.event(json.dumps(usage))
        if done:
            await self.event("[DONE]")
        await self.end()

    async def end(self) -> None:
        """End the body, so that for HTTP all is well."""
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    async def silence(self, seconds: float) -> None:
        self.note(f"silent for up to {seconds:g} s")
        await asyncio.sleep(seconds)

    def reset(self) -> None:
        self.note("connection reset")
        linger_not = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not)

    def completion(self, text: str | None = ANSWER, finish: str | None = "stop", refusal: str | None = None) -> bytes:
        """A whole answer, for who asked for no stream."""
        message = {"role": "assistant", "content": text, "refusal": refusal}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        usage = _usage(len((text or "").split()))
        return _encoded({**self._about("chat.completion"), "choices": [choice], "usage": usage})

    def _about(self, kind: str) -> Json:
        return {"id": "chatcmpl-1", "object": kind, "created": int(time.time()), "model": self._asked["model"]}


def _usage(made: int) -> Json:
    return {"prompt_tokens": 20, "completion_tokens": made, "total_tokens": 20 + made}


def _encoded(thing: Json) -> bytes:
    return json.dumps(thing, ensure_ascii=False).encode().replace(CANNOT_BE_DECODED.encode(), b"\xc3\x28\xff")


@dataclass
class Provider:
    """The server. Use it as an async context manager; a model that is in no table does not exist.

    Attributes:
        faults: What each model does.
        seen: The requests for each model, in order.
    """

    faults: dict[str, Callable[[Exchange], Awaitable[None]]]
    times: Times = field(default_factory=Times)
    seen: dict[str, list[Seen]] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering = asyncio.ensure_future(self._answer(reader, writer))
        self._tasks.add(answering)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await answering
        self._tasks.discard(answering)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await _read(reader)
        model = str(asked.get("model"))
        seen = self.seen.setdefault(model, [])
        seen.append(Seen(time.monotonic(), (asked.get("messages") or [{}])[-1].get("role", "")))
        exchange = Exchange(self, writer, asked, seen)
        if model not in self.faults:
            await exchange.refuse(404, "model_not_found", "invalid_request_error", f"there is no model {model}")
            return
        gone = asyncio.ensure_future(reader.read(1))
        fault = asyncio.ensure_future(self.faults[model](exchange))
        try:
            await asyncio.wait({gone, fault}, return_when=asyncio.FIRST_COMPLETED)
            if fault.done():
                fault.result()
        finally:
            gone.cancel()
            fault.cancel()
            await asyncio.gather(gone, fault, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Json:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
    asked: Json = json.loads(await reader.readexactly(length))
    return asked
