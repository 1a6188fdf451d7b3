"""Google's Gemini API: whole responses and the chunks of a stream, which have the same form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fallbackkit._outcome import Answer, ToolCall
from fallbackkit._text import encodable
from fallbackkit.errors import FailureKind
from fallbackkit.providers._look import (
    count_of,
    is_of,
    items_of,
    json_of,
    logprobs_of,
    look,
    name_of,
    probability_facts,
    text_of,
    usage_of,
)

if TYPE_CHECKING:
    from fallbackkit._outcome import Usage
    from fallbackkit.providers._pieces import Pieces

__all__ = ["add_chunk", "is_response", "read"]

_K = FailureKind


def is_response(value: object) -> bool:
    """Whether it is a response of the SDK, or one as the API sends it."""
    if isinstance(value, dict):
        return "candidates" in value and not value.keys().isdisjoint({"usageMetadata", "modelVersion"})
    return is_of(value, "google", "GenerateContentResponse")


def read(value: object) -> Answer | FailureKind | None:
    """An Answer; or the kind of failure that the value is in itself; None if it is of somebody else."""
    if not is_response(value):
        return None
    candidates = items_of(look(value, "candidates"))
    if not candidates:
        return _K.SAFETY_REFUSED if _is_blocked(value) else _K.PROVIDER_5XX
    parts = _parts(candidates[0])
    calls = (_tool_call(look(part, "function_call") or look(part, "functionCall")) for part in parts)
    return Answer(
        text=encodable(_text(parts)),
        data=look(value, "parsed"),
        model=name_of(_get(value, "model_version", "modelVersion")),
        usage=_usage(_get(value, "usage_metadata", "usageMetadata")),
        finish_reason=_end(candidates[0]),
        tool_calls=tuple(call for call in calls if call is not None),
        request_id=name_of(_get(value, "response_id", "responseId")),
        **probability_facts(_logprobs(candidates[0])),
    )


def add_chunk(into: Pieces, chunk: object) -> str | None:
    """One chunk of a stream."""
    into.has_begun()
    into.note_names(_get(chunk, "model_version", "modelVersion"), _get(chunk, "response_id", "responseId"))
    into.note_usage(_usage(_get(chunk, "usage_metadata", "usageMetadata")))
    candidates = items_of(look(chunk, "candidates"))
    if not candidates:
        into.note_end("SAFETY" if _is_blocked(chunk) else None)
        return ""
    into.note_end(_end(candidates[0]))
    into.logprobs += _logprobs(candidates[0])
    parts = _parts(candidates[0])
    calls = [call for part in parts if (call := look(part, "function_call") or look(part, "functionCall"))]
    for call in calls:
        into.add_call(look(call, "name"), look(call, "args"), look(call, "id"))
    text = _text(parts)
    return None if calls and not text else text


def _get(thing: object, snake: str, camel: str) -> Any:
    """By the name that the SDK gives it, or else by the API's own."""
    found = look(thing, snake)
    return look(thing, camel) if found is None else found


def _is_blocked(value: object) -> bool:
    feedback = _get(value, "prompt_feedback", "promptFeedback")
    return _get(feedback, "block_reason", "blockReason") is not None


def _parts(candidate: object) -> list[Any] | tuple[Any, ...]:
    return items_of(look(look(candidate, "content"), "parts"))


def _text(parts: list[Any] | tuple[Any, ...]) -> str:
    return "".join(text_of(look(part, "text")) for part in parts if not look(part, "thought"))


def _end(candidate: object) -> str | None:
    reason = _get(candidate, "finish_reason", "finishReason")
    return name_of(look(reason, "value") or reason)  # the SDK's is an enumeration


def _tool_call(call: object) -> ToolCall | None:
    name = name_of(look(call, "name"))
    return ToolCall(name=name, arguments=json_of(look(call, "args")), id=name_of(look(call, "id"))) if name else None


def _usage(usage: object) -> Usage | None:
    """Thoughts are not among Google's counts of candidates."""
    if usage is None:
        return None
    thought = _get(usage, "thoughts_token_count", "thoughtsTokenCount")
    made = _get(usage, "candidates_token_count", "candidatesTokenCount")
    return usage_of(
        _get(usage, "prompt_token_count", "promptTokenCount"),
        count_of(made) + count_of(thought),
        _get(usage, "cached_content_token_count", "cachedContentTokenCount"),
        thought,
    )


def _logprobs(candidate: object) -> list[float]:
    chosen = _get(_get(candidate, "logprobs_result", "logprobsResult"), "chosen_candidates", "chosenCandidates")
    return logprobs_of([{"logprob": _get(each, "log_probability", "logProbability")} for each in items_of(chosen)])
