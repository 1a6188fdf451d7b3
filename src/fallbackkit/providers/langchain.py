"""LangChain's messages, their chunks, and its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fallbackkit._outcome import Answer, ToolCall
from fallbackkit._text import encodable
from fallbackkit.errors import FailureKind
from fallbackkit.providers._family import Family
from fallbackkit.providers._look import (
    items_of,
    json_of,
    logprobs_of,
    look,
    name_of,
    probability_facts,
    text_of,
    usage_of,
)
from fallbackkit.providers._words import kind_of_words, words_of

if TYPE_CHECKING:
    from fallbackkit._outcome import Usage
    from fallbackkit.providers._pieces import Pieces

__all__ = ["ERRORS", "add_chunk", "read"]

_K = FailureKind
ERRORS = Family(
    roots=("langchain_core", "langchain_openai", "langchain_anthropic", "langchain", "langgraph"),
    kinds={
        "ChevronError": _K.INTERNAL,
        "FakeListChatModelError": _K.PROVIDER_5XX,
        "FakeListLLMError": _K.PROVIDER_5XX,
        "IndexingException": _K.RETRIEVAL_DOWN,
        "InvalidKeyException": _K.INTERNAL,
        "ModelAPIError": _K.PROVIDER_5XX,
        "ModelAuthenticationError": _K.AUTH_CONFIG,
        "ModelConnectionError": _K.CONNECTION_UPSTREAM,
        "ModelInvalidRequestError": _K.INTERNAL,
        "ModelNotFoundError": _K.AUTH_CONFIG,
        "ModelPermissionDeniedError": _K.AUTH_CONFIG,
        "ModelRateLimitError": _K.RATE_SHARED,
        "ModelTimeoutError": _K.TIMEOUT_FIRST_BYTE,
        "OutputParserException": _K.OUTPUT_MALFORMED,
        "SSRFBlockedError": _K.INTERNAL,
        "ToolException": _K.TOOL_FAILED,
        "TracerException": _K.INTERNAL,
    },
    sure={
        "ContextOverflowError": _K.INPUT_TOO_LONG,
        "ModelRefusalError": _K.SAFETY_REFUSED,
        "OpenAIRefusalError": _K.SAFETY_REFUSED,
        "StreamChunkTimeoutError": _K.TIMEOUT_MID_STREAM,
    },
    bare={"LangChainException": _K.INTERNAL, "ModelError": _K.INTERNAL},
)

_ENDS = {"completed": "stop", "incomplete": "length"}
_NAME_THEIR_ENDS = frozenset({"openai", "anthropic"})


def read(value: object) -> Answer | FailureKind | None:
    """An Answer; or the kind of failure that the value is in itself; None if it is of somebody else."""
    if isinstance(value, dict):
        return _read_with_raw(value) if value.keys() == {"raw", "parsed", "parsing_error"} else None
    meta = look(value, "response_metadata")
    return _message(value, meta) if isinstance(meta, dict) and look(value, "content") is not None else None


def _read_with_raw(value: dict[str, Any]) -> Answer | FailureKind | None:
    """What ``with_structured_output(…, include_raw=True)`` gives."""
    answer = read(value["raw"])
    if not isinstance(answer, Answer):
        return answer
    if value["parsed"] is None and value["parsing_error"] is not None and answer.finish_reason != "refusal":
        return answer if answer.finish_reason in {"length", "max_tokens"} else _K.OUTPUT_MALFORMED
    return answer.model_copy(update={"data": value["parsed"]})


def _message(message: object, meta: dict[str, Any]) -> Answer | FailureKind:
    if meta.get("status") == "failed":
        return kind_of_words(words_of(meta)) or _K.PROVIDER_5XX
    said = _refusal(message)
    end = _end(meta)
    text = _text(look(message, "content"))
    refused = said != "" or end == "refusal"
    calls = [_tool_call(call) for call in items_of(look(message, "tool_calls"))]
    spoilt = [_tool_call(call) for call in items_of(look(message, "invalid_tool_calls"))]
    if spoilt and not calls and not text.strip():
        return _K.OUTPUT_TRUNCATED if end in {"length", "max_tokens"} else _K.OUTPUT_MALFORMED
    return Answer(
        text="" if refused else encodable(text),
        data=None if refused else look(look(message, "additional_kwargs"), "parsed"),
        model=_model(meta),
        usage=_usage(look(message, "usage_metadata")),
        finish_reason="refusal" if refused else end,
        refusal=(name_of(said) or name_of(text)) if refused else None,
        tool_calls=tuple(call for call in [*calls, *spoilt] if call is not None),
        request_id=_request_id(message, meta),
        **({} if refused else probability_facts(logprobs_of(look(meta.get("logprobs"), "content")))),
    )


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    return "".join(block if isinstance(block, str) else _block_text(block) for block in items_of(content))


def _block_text(block: object) -> str:
    return text_of(look(block, "text")) if look(block, "type") in {None, "text", "text_delta"} else ""


def _refusal(message: object) -> str:
    extra = look(message, "additional_kwargs")
    blocks = "".join(text_of(look(block, "refusal")) for block in items_of(look(message, "content")))
    return (text_of(look(extra, "refusal")) or blocks).strip()


def _end(meta: dict[str, Any]) -> str | None:
    """Each integration keeps its provider's own name for it; the Responses API has a status."""
    names = ("finish_reason", "stop_reason", "stopReason", "done_reason")
    said = next((name for each in names if (name := name_of(meta.get(each))) is not None), None)
    details = name_of(look(meta.get("incomplete_details"), "reason"))
    return said or details or _ENDS.get(text_of(meta.get("status")))


def _model(meta: dict[str, Any]) -> str | None:
    return next((name for each in ("model_name", "model", "model_id") if (name := name_of(meta.get(each)))), None)


def _request_id(message: object, meta: dict[str, Any]) -> str | None:
    """Not the id that LangChain itself gives to a message."""
    headers = meta.get("headers")
    found = [look(headers, "x-request-id"), look(headers, "request-id"), meta.get("id"), look(message, "id")]
    return next((name for each in found if (name := name_of(each)) and not name.startswith(("run-", "lc_"))), None)


def _usage(usage: object) -> Usage | None:
    if usage is None:
        return None
    spent, made = look(usage, "input_token_details"), look(usage, "output_token_details")
    return usage_of(
        look(usage, "input_tokens"), look(usage, "output_tokens"), look(spent, "cache_read"), look(made, "reasoning")
    )


def _tool_call(call: object) -> ToolCall | None:
    name = name_of(look(call, "name"))
    return ToolCall(name=name, arguments=json_of(look(call, "args")), id=name_of(look(call, "id"))) if name else None


def add_chunk(into: Pieces, chunk: object) -> str | None:
    """One chunk of a streamed message."""
    meta = look(chunk, "response_metadata")
    if isinstance(meta, dict) and meta:
        if meta.get("model_provider") in _NAME_THEIR_ENDS:
            into.has_begun()
        into.note_end(_end(meta))
        into.note_names(_model(meta), _request_id(chunk, meta))
        into.logprobs += logprobs_of(look(meta.get("logprobs"), "content"))
        if meta.get("status") == "failed":
            return into.stop(meta)
    into.add_usage(_usage(look(chunk, "usage_metadata")))
    into.note_refusal(_refusal(chunk))
    calls = items_of(look(chunk, "tool_call_chunks"))
    for call in calls:
        into.note_call(look(call, "index"), look(call, "name"), look(call, "args"), look(call, "id"))
    text = _text(look(chunk, "content"))
    return None if calls and not text else text
