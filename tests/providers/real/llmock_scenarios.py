"""The scenarios that llmock can play, and by which of its behaviours, in the form of its HTTP interface."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from tests.providers.real.dialects import ARGUMENTS, GOSSIP, TEXT, TOOL

LIBRARIES = {"openai": ("chat", "responses"), "anthropic": ("messages",)}


class Play(NamedTuple):
    """What llmock does, and for which APIs: its Responses API knows no content filter, and ends every stream alike."""

    behaviours: tuple[dict[str, Any], ...] = ()
    apis: tuple[str, ...] = ("chat", "responses", "messages")


def _fail(status: int, **facts: Any) -> Play:
    return Play(({"type": "fail", "status": status, "message": GOSSIP, **facts},))


def _break(kind: str, **facts: Any) -> Play:
    fault = {"type": "stream_fault", "kind": kind, "after_chunks": 6, **facts}
    return Play((_WHOLE, fault))


_LONG = 2.0
_NOT_RESPONSES = ("chat", "messages")
_WHOLE = {"type": "reply", "text": TEXT}
_CUT = {"type": "reply", "text": "Five da", "finish_reason": "length"}
_FILTERED = {"type": "reply", "text": "Five", "finish_reason": "content_filter"}
_CALL = {"type": "reply", "tool_calls": [{"name": TOOL, "arguments": json.loads(ARGUMENTS)}]}
PLAYED: dict[str, Play] = {
    "ns ok": Play((_WHOLE,)),
    "ns 429 seconds": _fail(429, retry_after=7),
    "ns 400 bad": _fail(400),
    "ns 400 context": _fail(400, code="context_length_exceeded", message=f"prompt is too long: 9 > 5 ({GOSSIP})"),
    **{f"ns {status}": _fail(status) for status in (401, 402, 403, 404, 408, 409, 413, 422, 500, 504, 529)},
    "ns 503": _fail(503, retry_after=12.5)._replace(apis=("chat", "responses")),
    "ns 503 overloaded": _fail(503)._replace(apis=("messages",)),
    "ns hang": Play(({"type": "delay", "seconds": _LONG},)),
    "ns tool call": Play((_CALL,)),
    "ns length": Play((_CUT,)),
    "ns content filter": Play((_FILTERED,), _NOT_RESPONSES),
    "ns empty": Play(({"type": "reply", "text": ""},)),
    "st ok": Play((_WHOLE,)),
    "st 429 seconds": _fail(429, retry_after=7),
    "st 500": _fail(500),
    "st truncated": _break("disconnect"),
    "st clean end too early": _break("truncate"),
    "st bad JSON": _break("malformed"),
    "st stall": _break("stall", stall_seconds=_LONG),
    "st hang first": Play(({"type": "slow_first_token", "seconds": _LONG},)),
    "st length": Play((_CUT,), _NOT_RESPONSES),
    "st content filter": Play((_FILTERED,), _NOT_RESPONSES),
    "st empty": Play(({"type": "reply", "text": ""},)),
    "st tool call": Play((_CALL,)),
}
