"""What a drill lets strike: each failure kind in the form in which code meets it, and the ways to fail that hide."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fallbackkit._outcome import Answer
from fallbackkit.errors import CannotAnswer, CircuitOpen, FailureKind, FallbackExhausted, QueueFull
from fallbackkit.testing._faults import Fault
from fallbackkit.testing._streams import Chunk, Stream

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BAD_ANSWERS", "FAULTS", "HOUR", "SECRETS", "DrillFault", "Needs", "outage"]

Needs = Literal["gate", "no gate", "form", "no form", "saved answer", "queue", "no queue"]

SECRETS = ("sk-drill-7d1c9a4be6f80523", "dana.drill@example.org")
"""Stand in the text of every exception that strikes; nobody may ever read them."""

HOUR = 3600.0
_K = FailureKind
_CUT_OFF = "To start it again, hold the"
_UNSURE = "It may be the red button, or the green one."
_SHAPELESS = "{ this is not what was asked for"
_PAGE = "<!doctype html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

BAD_ANSWERS = (_CUT_OFF, _UNSURE, _SHAPELESS, _PAGE)
"""What strikes as an answer and must not pass for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillFault:
    """One row of the matrix.

    Attributes:
        kind: What it is, in the kit's terms.
        text: What happens, in at most 32 characters.
        play: Makes what strikes, a play of a Script, from the question.
        streamed: Whether it can only happen where a stream is read.
        needs: What the pipeline has to have, or must not have, for it to make sense.
    """

    kind: FailureKind
    text: str
    play: Callable[[str], Any]
    streamed: bool = False
    needs: Needs | None = None


class ProviderError(Exception):
    """An error as the clients of providers raise it."""

    def __init__(self, status: int, text: str, code: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.status_code = status
        self.code = code
        self.headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
        self.response = _Response(status, self.headers)


@dataclass(frozen=True, slots=True)
class _Response:
    status_code: int
    headers: dict[str, str]


class GatewayTantrum(Exception):
    """An exception of a class that no rule knows."""


def _telling(question: str) -> str:
    return f"call failed for {SECRETS[1]} with key {SECRETS[0]}: {question}"


def _status(status: int, code: str | None = None, retry_after: float | None = None) -> Callable[[str], Any]:
    return lambda question: ProviderError(status, _telling(question), code, retry_after)


def _said(kind: FailureKind) -> Callable[[str], Any]:
    return lambda question: CannotAnswer(kind, _telling(question))


def _answer(text: str = "", **facts: Any) -> Callable[[str], Any]:
    return lambda _: Answer(text=text, **facts)


def _stream(*pieces: Any) -> Callable[[str], Any]:
    return lambda question: Stream(*[piece(question) if callable(piece) else piece for piece in pieces], every=0.1)


def _chunk(words: str) -> dict[str, Any]:
    """A piece in the form of OpenAI's, who name a reason for each end."""
    choice = {"index": 0, "delta": {"content": words}, "finish_reason": None}
    return {"object": "chat.completion.chunk", "choices": [choice]}


def _bug(question: str) -> KeyError:
    return KeyError(_telling(question))


def _unparsed(question: str) -> json.JSONDecodeError:
    return json.JSONDecodeError("Expecting value", _telling(question), 0)


def _exhausted(question: str) -> FallbackExhausted:
    return FallbackExhausted("every way to answer failed", [outage(question)])


def outage(question: str) -> ProviderError:
    """The plainest of all failures."""
    return ProviderError(503, _telling(question))


def _fault(kind: FailureKind, text: str, play: Callable[[str], Any], **facts: Any) -> DrillFault:
    return DrillFault(kind=kind, text=text, play=play, **facts)


_WORDS = tuple(f"{word} " for word in _CUT_OFF.split())

FAULTS = (
    _fault(_K.TIMEOUT_FIRST_BYTE, "no answer comes", lambda _: Fault()),
    _fault(
        _K.TIMEOUT_FIRST_BYTE,
        "the client gives up after 5 s",
        lambda question: Fault(error=TimeoutError(_telling(question)), after=5),
    ),
    _fault(_K.TIMEOUT_FIRST_BYTE, "only keep-alives come", _stream(*[Chunk(after=1)] * 3, Fault()), streamed=True),
    _fault(_K.TIMEOUT_MID_STREAM, "the words stop halfway", _stream(*_WORDS, Fault()), streamed=True),
    _fault(_K.CONNECTION_LOST, "the asker goes offline", _said(_K.CONNECTION_LOST)),
    _fault(_K.CONNECTION_UPSTREAM, "the connection is refused", lambda q: ConnectionRefusedError(111, _telling(q))),
    _fault(
        _K.CONNECTION_UPSTREAM,
        "the stream breaks halfway",
        _stream(*_WORDS, lambda question: ConnectionResetError(104, _telling(question))),
        streamed=True,
    ),
    _fault(_K.CONNECTION_UPSTREAM, "the stream has no end", _stream(*map(_chunk, _WORDS)), streamed=True),
    _fault(_K.PROVIDER_5XX, "status 503", outage),
    _fault(_K.PROVIDER_5XX, "status 200 with an HTML page", lambda _: _PAGE),
    _fault(_K.PROVIDER_OVERLOADED, "status 529, overloaded", _status(529, "overloaded_error")),
    _fault(_K.RATE_SHARED, "status 429, again in 2 s", _status(429, "rate_limit_exceeded", 2)),
    _fault(_K.RATE_SHARED, "status 429, again in an hour", _status(429, "rate_limit_exceeded", HOUR)),
    _fault(_K.RATE_USER, "the asker's own limit", _said(_K.RATE_USER)),
    _fault(_K.QUOTA_BILLING, "the account is out of credit", _status(429, "insufficient_quota")),
    _fault(_K.AUTH_EXPIRED, "the asker is signed out", _said(_K.AUTH_EXPIRED)),
    _fault(_K.AUTH_CONFIG, "the key is refused", _status(401, "invalid_api_key")),
    _fault(_K.PERMISSION, "a source is not for the asker", _said(_K.PERMISSION)),
    _fault(_K.INPUT_TOO_LONG, "the question is too long", _status(400, "context_length_exceeded")),
    _fault(_K.INPUT_UNSUPPORTED, "a format that can't be read", _said(_K.INPUT_UNSUPPORTED)),
    _fault(_K.INPUT_EMPTY_OR_VAGUE, "the question says nothing", _said(_K.INPUT_EMPTY_OR_VAGUE)),
    _fault(_K.OUTPUT_MALFORMED, "an answer of the wrong form", _answer(_SHAPELESS, score=1.0), needs="form"),
    _fault(_K.OUTPUT_MALFORMED, "JSON that does not parse", _unparsed, needs="no form"),
    _fault(_K.OUTPUT_EMPTY, "a blank answer", _answer(" ", score=1.0)),
    _fault(_K.OUTPUT_EMPTY, "a stream without a word", _stream(), streamed=True),
    _fault(_K.OUTPUT_TRUNCATED, "cut off at its length limit", _answer(_CUT_OFF, score=1.0, finish_reason="length")),
    _fault(_K.QUALITY_LOW_CONFIDENCE, "a score under the threshold", _answer(_UNSURE, score=0.0), needs="gate"),
    _fault(_K.QUALITY_LOW_CONFIDENCE, "an answer without a score", _answer(_UNSURE), needs="gate"),
    _fault(_K.QUALITY_LOW_CONFIDENCE, "it is not sure enough", _said(_K.QUALITY_LOW_CONFIDENCE), needs="no gate"),
    _fault(_K.QUALITY_UNSUPPORTED, "its sources don't back it", _said(_K.QUALITY_UNSUPPORTED)),
    _fault(_K.QUALITY_CONFLICT, "its sources disagree", _said(_K.QUALITY_CONFLICT)),
    _fault(_K.QUALITY_OUT_OF_SCOPE, "the topic is not covered", _said(_K.QUALITY_OUT_OF_SCOPE)),
    _fault(_K.RETRIEVAL_NONE, "nothing is found", _said(_K.RETRIEVAL_NONE)),
    _fault(_K.RETRIEVAL_DOWN, "the documents can't be opened", _said(_K.RETRIEVAL_DOWN)),
    _fault(
        _K.SAFETY_REFUSED,
        "the model refuses",
        _answer(finish_reason="refusal", refusal="I'm sorry, I can't help with that."),
    ),
    _fault(_K.SAFETY_REFUSED, "a filter cuts it off", _answer(_CUT_OFF, score=1.0, finish_reason="content_filter")),
    _fault(_K.SAFETY_INJECTION, "a source gives instructions", _said(_K.SAFETY_INJECTION)),
    _fault(_K.TOOL_FAILED, "an action fails", _said(_K.TOOL_FAILED)),
    _fault(_K.TOOL_PARTIAL, "an action is half done", _said(_K.TOOL_PARTIAL)),
    _fault(_K.CIRCUIT_OPEN, "its circuit is open", lambda question: CircuitOpen(_telling(question), 30.0)),
    _fault(_K.FALLBACK_EXHAUSTED, "all that it asks has failed", _exhausted),
    _fault(_K.CACHE_STALE, "503, with an old answer saved", outage, needs="saved answer"),
    _fault(_K.HUMAN_UNAVAILABLE, "503, and the queue is full", outage, needs="queue"),
    _fault(_K.HUMAN_UNAVAILABLE, "nobody is there to ask", lambda q: QueueFull(_telling(q)), needs="no queue"),
    _fault(_K.CANCELLED, "the asker stops it", _said(_K.CANCELLED)),
    _fault(_K.INTERNAL, "an error that no rule knows", lambda question: GatewayTantrum(_telling(question))),
    _fault(_K.INTERNAL, "a bug in the function", _bug),
)
