"""Every way of misbehaving: what the server does, and what has to come of it."""

from __future__ import annotations

import json
import math
import time
from email.utils import formatdate
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.providers.real.dialects import ARGUMENTS, DIALECTS, GOSSIP, MODEL, PERSON, REQUEST_ID, TEXT, TOOL

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENT = 20.0
HASTY = 0.4
WORDS = ("Five days, ", "from the first ", "of the month.")
HALF = "".join(WORDS[:2])
PAGE = f"<!DOCTYPE html><html><body><h1>Sign in</h1>{GOSSIP}</body></html>".encode()
HEADERS = {
    "x-served-by": GOSSIP,
    "set-cookie": f"session={GOSSIP}",
    "x-request-id": REQUEST_ID,
    "request-id": REQUEST_ID,
}


class Do(Enum):
    """What a server can do besides sending bytes."""

    HANG = auto()
    RESET = auto()


Act = bytes | float | Do
"""Bytes to send, seconds to wait, or one of the rest. After the last one the connection is closed."""


class Scenario(NamedTuple):
    """One way of misbehaving.

    ``kind``: the failure's, or None for an answer; by the name of the API where they differ.
    ``wait``: the Retry-After in seconds, or the least and the most. ``shown``: what of the text was shown.
    ``answer``: fields of the Answer. ``patience``: the client's own time-out. ``first`` and ``whole``: the pipeline's.
    """

    name: str
    acts: Callable[[Any], list[Act]]
    kind: str | dict[str, str | None] | None = None
    wait: float | tuple[float, float] | None = None
    streams: bool = False
    shown: str = ""
    answer: dict[str, Any] = {}  # noqa: RUF012 - never changed
    apis: tuple[str, ...] = tuple(DIALECTS)
    schema: bool = False
    patience: float = PATIENT
    first: float = PATIENT
    whole: float = PATIENT

    def kind_for(self, api: str) -> str | None:
        return _of(api, self.kind)

    def answer_for(self, api: str) -> dict[str, Any]:
        """The fields of the Answer that are the same for every library that speaks to this API."""
        return {field: _of(api, value) for field, value in self.answer.items()}


def _of(api: str, value: Any) -> Any:
    return value[api] if isinstance(value, dict) and value.keys() == DIALECTS.keys() else value


def respond(
    status: int, body: Any, *, sent: int | None = None, media: str = "application/json", **headers: str
) -> bytes:
    """A response of which only ``sent`` bytes of the body are sent; header names take underscores for hyphens."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return _head(status, media, {"content-length": str(len(content))} | named) + content[:sent]


def _head(status: int, media: str, headers: dict[str, str]) -> bytes:
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else GOSSIP
    lines = {"connection": "close", "content-type": media} | HEADERS | headers
    return "\r\n".join([f"HTTP/1.1 {status} {phrase}", *(f"{k}: {v}" for k, v in lines.items()), "", ""]).encode()


def streamed(*acts: Act, ends: bool = True) -> list[Act]:
    """Server-sent events in chunks of the transfer, ended as HTTP wants it or not at all."""
    head = _head(200, "text/event-stream", {"transfer-encoding": "chunked"})
    body = [b"%x\r\n%b\r\n" % (len(act), act) if isinstance(act, bytes) else act for act in acts if act != b""]
    return [head, *body, *([b"0\r\n\r\n"] if ends else [])]


class _Error(NamedTuple):
    """An error status. ``openai``: its type and code; ``anthropic``: its type."""

    name: str
    status: int
    openai: tuple[str, str | None]
    anthropic: str
    kind: str
    message: str = GOSSIP
    wait: float | tuple[float, float] | None = None
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


_RATE = ("requests", "rate_limit_exceeded"), "rate_limit_error"
_BAD = ("invalid_request_error", None)
_DOWN = ("server_error", None)
_TOO_LONG = f"prompt is too long: 250000 tokens > 200000 maximum ({GOSSIP})"
_FILTERED = f"Output blocked by content filtering policy ({GOSSIP})"
_COUNTRY = ("request_forbidden", "unsupported_country_region_territory")
_ERRORS = [
    _Error("429 seconds", 429, *_RATE, "rate.shared", wait=7, headers={"retry_after": "7"}),
    _Error("429 milliseconds", 429, *_RATE, "rate.shared", wait=0.3, headers={"retry_after_ms": "300"}),
    _Error("429 date", 429, *_RATE, "rate.shared", wait=(30, 91), headers={"retry_after": "DATE"}),
    _Error("429 no wait", 429, *_RATE, "rate.shared"),
    _Error("429 an hour", 429, *_RATE, "rate.shared", wait=3600, headers={"retry_after": "3600"}),
    _Error("429 nonsense", 429, *_RATE, "rate.shared", headers={"retry_after": "soon", "retry_after_ms": "-1"}),
    _Error("429 quota", 429, ("insufficient_quota", "insufficient_quota"), "billing_error", "quota.billing"),
    _Error(
        "400 context", 400, ("invalid_request_error", "context_length_exceeded"), _BAD[0], "input.too_long", _TOO_LONG
    ),
    _Error("400 content", 400, ("invalid_request_error", "content_filter"), _BAD[0], "safety.refused", _FILTERED),
    _Error("400 bad", 400, ("invalid_request_error", "unknown_parameter"), _BAD[0], "internal"),
    _Error("401", 401, ("invalid_request_error", "invalid_api_key"), "authentication_error", "auth.config"),
    _Error("402", 402, ("billing", "402"), "billing_error", "quota.billing"),
    _Error("403", 403, _COUNTRY, "permission_error", "auth.config"),
    _Error("404", 404, ("invalid_request_error", "model_not_found"), "not_found_error", "auth.config"),
    _Error("408", 408, _DOWN, "timeout_error", "timeout.first_byte"),
    _Error("409", 409, _DOWN, "conflict", "provider.5xx"),
    _Error("413", 413, _BAD, "request_too_large", "input.too_long"),
    _Error("422", 422, _BAD, "invalid_request_error", "internal"),
    _Error("500", 500, _DOWN, "api_error", "provider.5xx"),
    _Error("503", 503, _DOWN, "api_error", "provider.5xx", wait=12.5, headers={"retry_after": "12.5"}),
    _Error("503 overloaded", 503, ("overloaded", None), "overloaded_error", "provider.overloaded"),
    _Error("504", 504, _DOWN, "timeout_error", "timeout.first_byte"),
    _Error("529", 529, ("overloaded_error", None), "overloaded_error", "provider.overloaded"),
]


_BY_STATUS = {
    **dict.fromkeys((401, 403, 404), "auth.config"),
    402: "quota.billing",
    **dict.fromkeys((408, 504), "timeout.first_byte"),
    413: "input.too_long",
    **dict.fromkeys((400, 422), "internal"),
    429: "rate.shared",
    **dict.fromkeys((409, 500, 502, 503), "provider.5xx"),
    529: "provider.overloaded",
}


def _gatekeeping(status: int) -> Callable[[Any], list[Act]]:
    """A page of something between: the status is all that it says."""
    return lambda api: [respond(status, PAGE, media="text/html")]


def _refusing(error: _Error) -> Callable[[Any], list[Act]]:
    def acts(api: Any) -> list[Act]:
        headers = {k: formatdate(time.time() + 90, usegmt=True) if v == "DATE" else v for k, v in error.headers.items()}
        kind, code = (error.anthropic, None) if api is DIALECTS["messages"] else error.openai
        return [respond(error.status, api.error(kind, code, error.message), **headers)]

    return acts


def _answering(*args: Any, **facts: Any) -> Callable[[Any], list[Act]]:
    return lambda api: [respond(200, api.answer(*args, **facts))]


_USAGE = {"input_tokens": 31, "output_tokens": 17, "cost": None, "currency": "USD"}
_WHOLE: dict[str, Any] = {
    "text": TEXT,
    "model": MODEL,
    "finish_reason": {"chat": "stop", "responses": "stop", "messages": "end_turn"},
    "usage": {
        **dict.fromkeys(("chat", "responses"), _USAGE | {"cached_tokens": 24, "reasoning_tokens": 9}),
        "messages": _USAGE | {"cached_tokens": 20, "reasoning_tokens": 0},
    },
}
_SCORED = {
    "score": {"chat": 0.5, "responses": 0.5, "messages": None},
    "request_id": dict.fromkeys(DIALECTS, REQUEST_ID),
}
_CALLED: dict[str, Any] = {
    "text": "",
    "finish_reason": {"chat": "tool_calls", "responses": "stop", "messages": "tool_use"},
    "tool_calls": {
        api: [{"name": TOOL, "arguments": ARGUMENTS, "id": call}]
        for api, call in [("chat", "call_1"), ("responses", "call_1"), ("messages", "toolu_1")]
    },
}
_BEFORE = [
    Scenario("hang", lambda api: [Do.HANG], "timeout.first_byte", patience=HASTY),
    Scenario(
        "hang in body", lambda api: [respond(200, api.answer(), sent=20), Do.HANG], "timeout.first_byte", patience=HASTY
    ),
    Scenario("reset", lambda api: [Do.RESET], "connection.upstream"),
    Scenario("hang up", lambda api: [], "connection.upstream"),
    Scenario("refused", lambda api: [], "connection.upstream"),
    *(Scenario(f"{status} page", _gatekeeping(status), kind) for status, kind in _BY_STATUS.items()),
]
_ANSWERS = [
    Scenario("ok", _answering(score=math.log(0.5)), answer=_WHOLE | _SCORED),
    Scenario("tool call", _answering(None, "tools"), answer=_CALLED),
    Scenario("low quality", _answering("I don't know."), answer={"text": "I don't know."}),
    Scenario("truncated JSON", lambda api: [respond(200, api.answer(), sent=20)], "connection.upstream"),
    Scenario("bad JSON", lambda api: [respond(200, b'{"id": "' + GOSSIP.encode())], "output.malformed"),
    Scenario("200 page", lambda api: [respond(200, PAGE, media="text/html")], "provider.5xx"),
    Scenario("200 error", lambda api: [respond(200, api.error("server_error"))], "provider.5xx"),
    Scenario("200 empty", lambda api: [respond(200, b"")], "output.malformed"),
    Scenario("refusal", _answering(None, "refusal"), "safety.refused"),
    Scenario("content filter", _answering("Five", "filter"), "safety.refused"),
    Scenario("empty", _answering(""), "output.empty"),
    Scenario("blank", _answering(" \n"), "output.empty"),
    Scenario("null", _answering(None), "output.empty"),
    Scenario(
        "no choices",
        lambda api: [respond(200, api.nothing())],
        {"chat": "provider.5xx", "responses": "output.empty", "messages": "provider.5xx"},
    ),
    Scenario("length", _answering("Five da", "length"), "output.truncated"),
    Scenario("structure", _answering(PERSON), answer={"data": json.loads(PERSON)}, schema=True),
    Scenario("bad structure", _answering('{"name": "x", "age": "planted"}'), "output.malformed", schema=True),
    Scenario("half structure", _answering('{"name": "x"'), "output.malformed", schema=True),
    Scenario(
        "cut structure",
        _answering('{"name"', "length"),
        {"chat": "output.truncated", "responses": "output.malformed", "messages": "output.malformed"},
        schema=True,
    ),
    Scenario("refused structure", _answering(None, "refusal"), "safety.refused", schema=True),
]


def _growing(api: Any) -> list[Act]:
    return streamed(api.opening(), *map(api.piece, WORDS), api.ending())


def _breaking(*last: Act | str, ends: bool = False) -> Callable[[Any], list[Act]]:
    """Two of three pieces, and then this; a string is the type of an error in the stream."""

    def acts(api: Any) -> list[Act]:
        after = [api.failing(act) if isinstance(act, str) else act for act in last]
        return streamed(api.opening(), *map(api.piece, WORDS[:2]), *after, ends=ends)

    return acts


def _before_words(*last: Act | str, opened: bool = False, ends: bool = False) -> Callable[[Any], list[Act]]:
    def acts(api: Any) -> list[Act]:
        after = [api.failing(act) if isinstance(act, str) else act for act in last]
        return streamed(*([api.opening()] if opened else []), *after, ends=ends)

    return acts


def _dripping(api: Any) -> list[Act]:
    """It goes on for longer than anybody waits, and never stalls."""
    blanks = [act for _ in range(40) for act in (0.1, api.piece(" "))]
    return streamed(api.opening(), *map(api.piece, WORDS[:2]), *blanks, ends=False)


_ALIVE = [act for _ in range(24) for act in (b": keep-alive\n\n", 0.05)]
_STREAMS = [
    Scenario("ok", _growing, answer=_WHOLE, shown=TEXT),
    Scenario(
        "tool call",
        lambda api: streamed(api.begun(), api.calling(), api.ending("tools")),
        answer=_CALLED,
    ),
    Scenario("error first", _before_words("server_error", ends=True), "provider.5xx"),
    Scenario("overloaded first", _before_words("overloaded_error", opened=True, ends=True), "provider.overloaded"),
    Scenario("rate limit first", _before_words("rate_limit_error", opened=True, ends=True), "rate.shared"),
    Scenario("error mid", _breaking("server_error", ends=True), "provider.5xx", shown=HALF),
    Scenario("overloaded mid", _breaking("overloaded_error", ends=True), "provider.overloaded", shown=HALF),
    Scenario("overloaded, then cut off", _breaking("overloaded_error"), "provider.overloaded", shown=HALF),
    Scenario(
        "failed mid",
        lambda api: streamed(api.opening(), *map(api.piece, WORDS[:2]), api.failed("server_error")),
        "provider.5xx",
        shown=HALF,
        apis=("responses",),
    ),
    Scenario("truncated", _breaking(), "connection.upstream", shown=HALF),
    Scenario("role, then truncated", _before_words(opened=True), "connection.upstream"),
    Scenario("reset mid", _breaking(0.05, Do.RESET), "connection.upstream", shown=HALF),
    Scenario("clean end too early", _breaking(ends=True), "connection.upstream", shown=HALF),
    Scenario("role, then clean end", _before_words(opened=True, ends=True), "connection.upstream"),
    Scenario("bad JSON", lambda api: _breaking(_garbled(api))(api), "output.malformed", shown=HALF),
    Scenario("stall", _breaking(Do.HANG), "timeout.mid_stream", shown=HALF, patience=1.0),
    Scenario("empty", lambda api: streamed(api.opening(), api.ending("stop", "")), "output.empty"),
    Scenario("nothing", _before_words(ends=True), "output.empty"),
    Scenario("slow first", _before_words(1.0), "timeout.first_byte", patience=HASTY),
    Scenario("hang first", _before_words(Do.HANG), "timeout.first_byte", patience=HASTY),
    Scenario("role, then hang", _before_words(Do.HANG, opened=True), "timeout.first_byte", patience=HASTY),
    Scenario("keep-alives only", _before_words(*_ALIVE), "timeout.first_byte", patience=HASTY, first=0.5),
    Scenario("slow drip", _dripping, "timeout.mid_stream", shown=HALF, patience=5, whole=1.5),
    Scenario(
        "content filter",
        lambda api: streamed(api.opening(), *map(api.piece, WORDS[:2]), api.ending("filter")),
        "safety.refused",
        shown=HALF,
    ),
    Scenario(
        "length",
        lambda api: streamed(api.opening(), *map(api.piece, WORDS[:2]), api.ending("length")),
        "output.truncated",
        shown=HALF,
    ),
    Scenario("refusal", lambda api: streamed(api.opening(), api.refusing(), api.ending("refusal")), "safety.refused"),
]


def _garbled(api: Any) -> bytes:
    return api.piece(GOSSIP).rstrip(b"}\n") + b"\n\n"


def _table() -> dict[str, Scenario]:
    errors = [Scenario(each.name, _refusing(each), each.kind, each.wait) for each in _ERRORS]
    whole = [each._replace(name=f"ns {each.name}") for each in [*errors, *_BEFORE, *_ANSWERS]]
    begun = {
        "429 seconds",
        "429 quota",
        "400 context",
        "401",
        "500",
        "503",
        "529",
        "hang",
        "reset",
        "refused",
        "502 page",
    }
    early = [each for each in [*errors, *_BEFORE] if each.name in begun]
    streams = [each._replace(name=f"st {each.name}", streams=True) for each in [*early, *_STREAMS]]
    return {each.name: each for each in [*whole, *streams]}


SCENARIOS = _table()
"""By name; ``ns`` is a whole answer, ``st`` a stream."""
