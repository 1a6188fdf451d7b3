"""pydantic-ai: the result of an agent's run, a model's response, the events of a run, and its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fallbackkit._outcome import Answer, ToolCall
from fallbackkit._text import encodable
from fallbackkit.errors import FailureKind
from fallbackkit.providers._family import Family
from fallbackkit.providers._look import (
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
from fallbackkit.providers._words import message_of

if TYPE_CHECKING:
    from fallbackkit._outcome import Usage
    from fallbackkit.providers._pieces import Pieces

__all__ = ["ERRORS", "add_event", "read"]

_K = FailureKind
_SAID = {
    "empty model response": _K.OUTPUT_EMPTY,
    "without content or tool calls": _K.OUTPUT_EMPTY,
    "invalid response from": _K.PROVIDER_5XX,
}


def _kind_of(error: BaseException) -> FailureKind | None:
    if not is_of(error, "pydantic_ai", "UnexpectedModelBehavior"):
        return None
    retry = look(look(error.__cause__, "tool_retry"), "retry")
    if look(retry, "cause") == "no_output":  # why it was given up
        return _K.OUTPUT_EMPTY
    said = message_of(error)
    return next((kind for phrase, kind in _SAID.items() if phrase in said), None)


ERRORS = Family(
    roots=("pydantic_ai",),
    kinds={
        "ApprovalRequired": _K.INTERNAL,
        "CallDeferred": _K.INTERNAL,
        "DownloadTooLargeError": _K.INPUT_TOO_LONG,
        "ExternalEventError": _K.INTERNAL,
        "ModelAPIError": _K.PROVIDER_5XX,
        "ModelAuthenticationError": _K.AUTH_CONFIG,
        "ModelConnectionError": _K.CONNECTION_UPSTREAM,
        "ModelNotFoundError": _K.AUTH_CONFIG,
        "ModelRateLimitError": _K.RATE_SHARED,
        "ModelRequestRejectedError": _K.INTERNAL,
        "ModelRequestTimeout": _K.TIMEOUT_FIRST_BYTE,
        "ModelRetry": _K.TOOL_FAILED,
        "ModelServerError": _K.PROVIDER_5XX,
        "ModelTimeoutError": _K.TIMEOUT_FIRST_BYTE,
        "ModelUnavailableError": _K.PROVIDER_5XX,
        "RealtimeHandshakeError": _K.CONNECTION_UPSTREAM,
        "ResponseRejected": _K.OUTPUT_MALFORMED,
        "RetryModelRequest": _K.INTERNAL,
        "RunCancelled": _K.CANCELLED,
        "SkipModelRequest": _K.INTERNAL,
        "SkipToolExecution": _K.INTERNAL,
        "SkipToolValidation": _K.INTERNAL,
        "SuspendedResponseExpired": _K.INTERNAL,
        "ToolFailed": _K.TOOL_FAILED,
        "ToolFailedError": _K.TOOL_FAILED,
        "ToolRetryError": _K.TOOL_FAILED,
        "UnexpectedModelBehavior": _K.OUTPUT_MALFORMED,
        "UserError": _K.INTERNAL,
        "WorkspaceError": _K.TOOL_FAILED,
    },
    sure={
        "ConcurrencyLimitExceeded": _K.PROVIDER_OVERLOADED,
        "ContentFilterError": _K.SAFETY_REFUSED,
        "ModelContextWindowExceededError": _K.INPUT_TOO_LONG,
        "ModelOverloadedError": _K.PROVIDER_OVERLOADED,
        "ModelQuotaExceededError": _K.QUOTA_BILLING,
        "OutputTokenLimitExceeded": _K.OUTPUT_TRUNCATED,
        "RunTimedOut": _K.TIMEOUT_FIRST_BYTE,
        "UsageLimitExceeded": _K.QUOTA_BILLING,
    },
    bare={"AgentRunError": _K.INTERNAL},
    kind_of=_kind_of,
)


def read(value: object) -> Answer | FailureKind | None:
    """An Answer; or the kind of failure that the value is in itself; None if it is of somebody else."""
    if is_of(value, "pydantic_ai", "AgentRunResult"):
        return _result(value)
    if is_of(value, "pydantic_ai", "ModelResponse"):
        return _answer(value, look(value, "usage"), _text(value))
    return None


def _result(result: object) -> Answer | FailureKind:
    output = look(result, "output")
    usage = look(result, "usage")
    response = look(result, "response") or _last_response(result)
    if usage is not None and look(usage, "input_tokens") is None and callable(usage):
        usage = usage()  # a method in older versions
    if isinstance(output, str):
        return _answer(response, usage, output)
    return _answer(response, usage, "", output)


def _last_response(result: object) -> object:
    messages = result.all_messages()  # type: ignore[attr-defined]
    return next((each for each in reversed(messages) if look(each, "kind") == "response"), None)


def _answer(response: object, usage: object, text: str, data: Any = None) -> Answer | FailureKind:
    if _is_cut_off(response):
        return _K.CONNECTION_UPSTREAM
    calls = [_tool_call(part) for part in items_of(look(response, "parts"))]
    return Answer(
        text=encodable(text),
        data=data,
        model=name_of(look(response, "model_name")),
        usage=_usage(usage),
        finish_reason=name_of(look(response, "finish_reason")),
        tool_calls=() if data is not None else tuple(call for call in calls if call is not None),
        request_id=name_of(look(response, "provider_response_id")),
        **probability_facts(_logprobs(response)),
    )


def _logprobs(response: object) -> list[float]:
    """Those of the whole, as of chat completions, or of its parts, as of the Responses API."""
    places = [response, *items_of(look(response, "parts"))]
    found = [logprobs_of(look(look(place, "provider_details"), "logprobs")) for place in places]
    return next(filter(None, found), [])


def _is_cut_off(response: object) -> bool:
    """Whether a stream broke off; where the provider named no reason, pydantic-ai may have made one up."""
    if look(response, "state") in {"interrupted", "incomplete"}:
        return True
    details = look(response, "provider_details")
    unnamed = look(response, "finish_reason") is None or (isinstance(details, dict) and "finish_reason" not in details)
    return look(response, "provider_name") in {"openai", "anthropic"} and unnamed


def _text(response: object) -> str:
    parts = items_of(look(response, "parts"))
    return "".join(text_of(look(part, "content")) for part in parts if look(part, "part_kind") == "text")


def _tool_call(part: object) -> ToolCall | None:
    name = name_of(look(part, "tool_name"))
    if look(part, "part_kind") != "tool-call" or name is None:
        return None
    return ToolCall(name=name, arguments=json_of(look(part, "args")), id=name_of(look(part, "tool_call_id")))


def _usage(usage: object) -> Usage | None:
    if usage is None:
        return None
    thought = look(look(usage, "details"), "reasoning_tokens")
    return usage_of(
        look(usage, "input_tokens"), look(usage, "output_tokens"), look(usage, "cache_read_tokens"), thought
    )


def add_event(into: Pieces, event: object) -> str | None:
    """One event of a run: a part of a response that begins or grows, or the result."""
    match look(event, "event_kind"):
        case "part_start":
            part = look(event, "part")
            return text_of(look(part, "content")) if look(part, "part_kind") == "text" else ""
        case "part_delta":
            delta = look(event, "delta")
            return text_of(look(delta, "content_delta")) if look(delta, "part_delta_kind") == "text" else ""
        case "agent_run_result":
            into.has_begun()
            return _add_result(into, read(look(event, "result")))
        case _:
            return ""


def _add_result(into: Pieces, answer: Answer | FailureKind | None) -> str | None:
    """The text of a result has come in parts."""
    if not isinstance(answer, Answer):
        return ""
    into.note_end(answer.finish_reason or "stop")
    into.note_names(answer.model, answer.request_id)
    into.take(usage=answer.usage, data=answer.data, tool_calls=answer.tool_calls or None)
    into.logprobs += answer.logprobs or ()
    return "" if answer.data is None else None
