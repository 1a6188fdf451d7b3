"""OpenAI's Responses API: whole responses and their events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fallbackkit._outcome import Answer
from fallbackkit._text import encodable
from fallbackkit.errors import FailureKind
from fallbackkit.providers._look import (
    is_of,
    items_of,
    logprobs_of,
    look,
    name_of,
    probability_facts,
    text_of,
    usage_of,
)
from fallbackkit.providers._words import kind_of_words, words_of
from fallbackkit.providers.openai import content_text, refusal_in, tool_call

if TYPE_CHECKING:
    from fallbackkit._outcome import Usage
    from fallbackkit.providers._pieces import Pieces

__all__ = ["add_event", "read"]

_K = FailureKind
_DONE_BY_THE_PROVIDER = frozenset(
    {
        *("message", "reasoning", "compaction", "web_search_call", "file_search_call", "code_interpreter_call"),
        *("mcp_call", "mcp_list_tools", "tool_search_call", "tool_search_output"),
    }
)


def read(value: object) -> Answer | FailureKind | None:
    """An Answer; or the kind of failure that the value is in itself; None if it is of somebody else."""
    has_form = look(value, "object") == "response" and look(value, "status") is not None
    return _response(value) if has_form or is_of(value, "openai", "Response") else None


def _usage(usage: object) -> Usage | None:
    """As the Responses API counts."""
    if usage is None:
        return None
    spent, made = look(usage, "input_tokens_details"), look(usage, "output_tokens_details")
    return usage_of(
        look(usage, "input_tokens"),
        look(usage, "output_tokens"),
        look(spent, "cached_tokens"),
        look(made, "reasoning_tokens"),
    )


def _response(response: object) -> Answer | FailureKind:
    match look(response, "status"):
        case "failed":
            return kind_of_words(words_of(response)) or _K.PROVIDER_5XX
        case "cancelled":
            return _K.CANCELLED
        case None:
            return kind_of_words(words_of(response)) or _K.PROVIDER_5XX
        case "incomplete":
            end = name_of(look(look(response, "incomplete_details"), "reason")) or "length"
        case "completed":
            end = "stop"
        case _:  # queued, or in progress: there is no answer yet
            return _K.OUTPUT_EMPTY
    output = items_of(look(response, "output"))
    parts = [part for item in output for part in items_of(look(item, "content")) if look(item, "type") == "message"]
    refusal = refusal_in(parts)
    calls = [tool_call(item, look(item, "call_id")) for item in output if _is_call(item)]
    return Answer(
        text="" if refusal else encodable(content_text(parts)),
        data=None if refusal else _data_of(output, parts),
        model=name_of(look(response, "model")),
        usage=_usage(look(response, "usage")),
        finish_reason="refusal" if refusal else end,
        refusal=refusal,
        tool_calls=tuple(call for call in calls if call is not None),
        request_id=name_of(look(response, "_request_id")) or name_of(look(response, "id")),
        **({} if refusal else probability_facts(logprobs_of(_tokens(parts)))),
    )


def _is_call(item: object) -> bool:
    return text_of(look(item, "type")) in {"function_call", "custom_tool_call"}


def _tokens(parts: list[Any]) -> list[Any]:
    return [token for part in parts for token in items_of(look(part, "logprobs"))]


def _data_of(output: list[Any] | tuple[Any, ...], parts: list[Any]) -> Any:
    """The parsed object; or an image and the like, and calls of tools that the caller has to run."""
    parsed = next((found for part in parts if (found := look(part, "parsed")) is not None), None)
    others = [item for item in output if not _is_call(item) and look(item, "type") not in _DONE_BY_THE_PROVIDER]
    return parsed if parsed is not None or not others else others


def add_event(into: Pieces, name: str, event: object) -> str | None:
    """One event of a streamed response, by its name without "response."."""
    into.has_begun()
    response = look(event, "response")
    if response is not None:
        into.note_names(look(response, "model"), look(response, "id"))
        into.note_usage(_usage(look(response, "usage")))
    match name:
        case "output_text.delta":
            into.logprobs += logprobs_of(look(event, "logprobs"))
            return text_of(look(event, "delta"))
        case "refusal.delta":
            into.note_refusal(look(event, "delta"))
        case "output_item.added" if _is_call(look(event, "item")):
            item = look(event, "item")
            into.note_call(look(event, "output_index"), look(item, "name"), "", look(item, "call_id"))
            return None
        case "function_call_arguments.delta" | "custom_tool_call_input.delta":
            into.note_call(look(event, "output_index"), None, look(event, "delta"), None)
            return None
        case "completed":
            into.note_end("stop")
        case "incomplete":
            into.note_end(look(look(response, "incomplete_details"), "reason") or "length")
        case "failed":
            into.stop(response)
        case _:
            pass
    return ""
