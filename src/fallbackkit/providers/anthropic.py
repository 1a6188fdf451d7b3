"""Anthropic's SDK and API: messages and their events, also by way of Bedrock and Vertex."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fallbackkit._outcome import Answer, ToolCall
from fallbackkit._text import encodable
from fallbackkit.errors import FailureKind
from fallbackkit.providers._family import Family
from fallbackkit.providers._look import count_of, is_of, json_of, look, name_of, text_of, usage_of
from fallbackkit.providers._words import is_error_body, kind_of_words, words_of

if TYPE_CHECKING:
    from fallbackkit._outcome import Usage
    from fallbackkit.providers._pieces import Pieces

__all__ = ["COPIES", "ERRORS", "add_event", "read"]

_K = FailureKind
ERRORS = Family(
    roots=("anthropic",),
    kinds={
        "APIError": _K.PROVIDER_5XX,
        "CredentialsError": _K.AUTH_CONFIG,
        "FileStoreError": _K.TOOL_FAILED,
        "MissingDependencyError": _K.INTERNAL,
        "MutuallyExclusiveAuthError": _K.AUTH_CONFIG,
        "RetryableError": _K.PROVIDER_5XX,
        "SessionMemoryError": _K.TOOL_FAILED,
        "StreamAlreadyConsumed": _K.INTERNAL,
        "ToolError": _K.TOOL_FAILED,
        "ToolsetUsageError": _K.INTERNAL,
        "WorkloadIdentityError": _K.AUTH_CONFIG,
    },
    sure={
        "BetaRequestBodyTimeoutError": _K.TIMEOUT_FIRST_BYTE,
        "ContractSpendLimitReachedError": _K.QUOTA_BILLING,
        "EnforcedSpendLimitReachedError": _K.QUOTA_BILLING,
        "OrganizationOnHoldError": _K.AUTH_CONFIG,
    },
    bare={"AnthropicError": _K.INTERNAL},
)
COPIES = frozenset({"text", "input_json", "thinking", "citation", "message_stop", "content_block_stop", "ping"})
"""Events that say again what another one has said, or nothing."""


def read(value: object) -> Answer | FailureKind | None:
    """An Answer; or the kind of failure that the value is in itself; None if it is of somebody else."""
    kind = look(value, "type")
    if kind == "error" and is_error_body(value, bare=False):
        return kind_of_words(words_of(value)) or _K.PROVIDER_5XX
    content = look(value, "content")
    if kind == "message" and isinstance(content, list):
        return _message(value, content)
    return _K.PROVIDER_5XX if is_of(value, "anthropic", "Message", "BetaMessage") else None


def _message(message: object, blocks: list[Any]) -> Answer | FailureKind:
    end = look(message, "stop_reason")
    if end is None:  # the SDK put it together from a stream that broke off
        return _K.CONNECTION_UPSTREAM
    text = "".join(text_of(look(block, "text")) for block in blocks if look(block, "type") == "text")
    refused = end == "refusal"
    why = name_of(look(look(message, "stop_details"), "explanation"))
    parsed = (look(block, "parsed_output") for block in blocks)
    return Answer(
        text="" if refused else encodable(text),
        data=None if refused else next((found for found in parsed if found is not None), None),
        model=name_of(look(message, "model")),
        usage=_usage(look(message, "usage")),
        finish_reason=name_of(end),
        refusal=(why or name_of(text)) if refused else None,
        tool_calls=tuple(call for call in map(_tool_call, blocks) if call is not None),
        request_id=name_of(look(message, "_request_id")) or name_of(look(message, "id")),
    )


def _tool_call(block: object) -> ToolCall | None:
    name = name_of(look(block, "name"))
    if look(block, "type") != "tool_use" or name is None:
        return None
    return ToolCall(name=name, arguments=json_of(look(block, "input")), id=name_of(look(block, "id")))


def _usage(usage: object) -> Usage | None:
    """What was taken from the cache, or put there, is not among Anthropic's ``input_tokens``."""
    if usage is None:
        return None
    cached = look(usage, "cache_read_input_tokens")
    spent = [look(usage, "input_tokens"), look(usage, "cache_creation_input_tokens"), cached]
    thought = look(look(usage, "output_tokens_details"), "thinking_tokens")
    return usage_of(sum(map(count_of, spent)), look(usage, "output_tokens"), cached, thought)


def add_event(into: Pieces, name: str, event: object) -> str | None:
    """One event of a streamed message."""
    match name:
        case "message_start":
            into.has_begun()
            message = look(event, "message")
            into.note_names(look(message, "model"), look(message, "id"))
            into.note_usage(_usage(look(message, "usage")))
        case "content_block_start":
            return _start(into, event, look(event, "content_block"))
        case "content_block_delta":
            return _delta(into, event, look(event, "delta"))
        case "message_delta":
            delta = look(event, "delta")
            into.note_end(look(delta, "stop_reason"))
            into.note_refusal(look(look(delta, "stop_details"), "explanation"))
            into.note_usage(_usage(look(event, "usage")))
        case "error":
            return into.stop(event)
        case _:
            return into.other(event)
    return ""


def _start(into: Pieces, event: object, block: object) -> str | None:
    if look(block, "type") != "tool_use":
        return text_of(look(block, "text"))
    into.note_call(look(event, "index"), look(block, "name"), "", look(block, "id"))
    return None


def _delta(into: Pieces, event: object, delta: object) -> str | None:
    sent = look(delta, "partial_json")
    if sent is None:
        return text_of(look(delta, "text"))
    into.note_call(look(event, "index"), None, sent, None)
    return None
