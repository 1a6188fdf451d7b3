"""OpenAI's SDK, its chat and text completions, and the many services and libraries of that form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fallbackkit._outcome import Answer, ToolCall
from fallbackkit._text import encodable
from fallbackkit.errors import FailureKind
from fallbackkit.providers._family import Family
from fallbackkit.providers._look import (
    classes_of,
    items_of,
    json_of,
    logprobs_of,
    look,
    name_of,
    probability_facts,
    text_of,
    usage_of,
)
from fallbackkit.providers._words import is_error_body, kind_of_words, words_of

if TYPE_CHECKING:
    from fallbackkit._outcome import Usage
    from fallbackkit.providers._pieces import Pieces

__all__ = ["ERRORS", "HELPER_EVENTS", "add_chunk", "content_text", "is_completion", "read", "refusal_in", "tool_call"]

_K = FailureKind
ERRORS = Family(
    roots=("openai", "groq"),
    kinds={
        "APIError": _K.PROVIDER_5XX,
        "APIRemovedInV1": _K.INTERNAL,
        "InvalidWebhookSignatureError": _K.INTERNAL,
        "MissingDependencyError": _K.INTERNAL,
        "MutuallyExclusiveAuthError": _K.AUTH_CONFIG,
        "StreamAlreadyConsumed": _K.INTERNAL,
        "SubjectTokenProviderError": _K.AUTH_CONFIG,
        "WebSocketConnectionClosedError": _K.CONNECTION_UPSTREAM,
        "WebSocketQueueFullError": _K.INTERNAL,
    },
    bare={"OpenAIError": _K.AUTH_CONFIG, "GroqError": _K.AUTH_CONFIG},
)

HELPER_EVENTS = frozenset(
    {
        *("chunk", "content.delta", "content.done", "refusal.delta", "refusal.done", "logprobs.content.delta"),
        *("logprobs.content.done", "logprobs.refusal.delta", "logprobs.refusal.done"),
        *("tool_calls.function.arguments.delta", "tool_calls.function.arguments.done"),
    }
)
"""Events of the SDK's own ``stream()``: the first brings a chunk, the others say it again."""

_COMPLETION_NAMES = ("Completion", "ModelResponse")
_COMPLETION_OBJECTS = ("chat.completion", "text_completion")


def is_completion(value: object) -> bool:
    """Whether ``value`` has the form of a chat completion, with choices or without."""
    choices = items_of(look(value, "choices"))
    if choices:
        return look(choices[0], "message") is not None or text_of(look(choices[0], "text")) != ""
    return type(value).__name__.endswith(_COMPLETION_NAMES) or text_of(look(value, "object")).startswith(
        _COMPLETION_OBJECTS
    )


def read(value: object) -> Answer | FailureKind | None:
    """An Answer; or the kind of failure that the value is in itself; None if it is of somebody else."""
    return _completion(value) if is_completion(value) else None


def _completion(completion: object) -> Answer | FailureKind:
    if is_error_body(completion, bare=True):
        return kind_of_words(words_of(completion)) or _K.PROVIDER_5XX
    choices = items_of(look(completion, "choices"))
    if not choices:
        return _K.PROVIDER_5XX
    choice = choices[0]
    if look(choice, "error") is not None and look(choice, "finish_reason") in (None, "error"):
        return kind_of_words(words_of(choice)) or _K.PROVIDER_5XX
    if look(choice, "finish_reason") is None and _is_accumulated(completion):
        return _K.CONNECTION_UPSTREAM
    return _answer(completion, choice, look(choice, "message"))


def _is_accumulated(completion: object) -> bool:
    """Whether the SDK put it together from a stream, which names no reason if it broke off."""
    return any((root, name[:6]) == ("openai", "Parsed") for root, name in classes_of(completion))


def _answer(completion: object, choice: object, message: object) -> Answer:
    refusal = _refusal(message)
    text = content_text(look(message, "content")) or text_of(look(choice, "text"))
    return Answer(
        text="" if refusal else encodable(text or text_of(look(look(message, "audio"), "transcript"))),
        data=None if refusal else look(message, "parsed"),
        model=name_of(look(completion, "model")),
        usage=usage_of_completion(look(completion, "usage")),
        finish_reason="refusal" if refusal else name_of(look(choice, "finish_reason")),
        refusal=refusal,
        tool_calls=_tool_calls(message),
        request_id=name_of(look(completion, "_request_id")) or name_of(look(completion, "id")),
        **({} if refusal else probability_facts(_logprobs(look(choice, "logprobs")))),
    )


def _refusal(message: object) -> str | None:
    """Where OpenAI puts it, where LiteLLM does, and as a part of the content."""
    said = look(message, "refusal") or look(look(message, "provider_specific_fields"), "refusal")
    return name_of(said) if text_of(said).strip() else refusal_in(look(message, "content"))


def refusal_in(content: object) -> str | None:
    """The words of refusal among the parts of a content."""
    return name_of("".join(text_of(look(part, "refusal")) for part in items_of(content)).strip())


def content_text(content: object) -> str:
    """Of a string, or of parts."""
    if isinstance(content, str):
        return content
    return "".join(text_of(look(part, "text")) for part in items_of(content))


def _tool_calls(message: object) -> tuple[ToolCall, ...]:
    calls = [tool_call(call, look(call, "id")) for call in items_of(look(message, "tool_calls"))]
    old = look(message, "function_call")
    return tuple(call for call in [*calls, tool_call(old, None)] if call is not None)


def tool_call(call: object, call_id: object) -> ToolCall | None:
    """A call of a function, or of a tool of one's own, whose input need not be JSON."""
    tool = look(call, "function") or look(call, "custom") or call
    name = name_of(look(tool, "name"))
    sent = look(tool, "arguments")
    sent = look(tool, "input") if sent is None else sent
    return ToolCall(name=name, arguments=json_of(sent), id=name_of(call_id)) if name else None


def _logprobs(logprobs: object) -> list[float]:
    """Those of chat completions, or of text completions, whose first token may have none."""
    found = logprobs_of(look(logprobs, "content"))
    tokens = items_of(look(logprobs, "token_logprobs"))
    return found or logprobs_of([{"logprob": each} for each in tokens[tokens[:1] == [None] :]])


def usage_of_completion(usage: object) -> Usage | None:
    """As chat completions count."""
    if usage is None:
        return None
    spent, made = look(usage, "prompt_tokens_details"), look(usage, "completion_tokens_details")
    return usage_of(
        look(usage, "prompt_tokens"),
        look(usage, "completion_tokens"),
        look(spent, "cached_tokens"),
        look(made, "reasoning_tokens"),
    )


def add_chunk(into: Pieces, chunk: object, choices: list[Any] | tuple[Any, ...]) -> str | None:
    """One chunk of a streamed completion; what ``Pieces.add`` gives."""
    into.has_begun()
    if into.model is None:
        into.note_names(look(chunk, "model"), look(chunk, "id"))
    usage = look(chunk, "usage")
    if usage is not None:
        into.note_usage(usage_of_completion(usage))
    if look(chunk, "error") is not None:
        return into.stop(chunk)
    if not choices or look(choices[0], "index"):  # of several answers, the first is read
        return ""
    return _add_choice(into, choices[0])


def _add_choice(into: Pieces, choice: object) -> str | None:
    end = look(choice, "finish_reason")
    if end is not None:
        into.note_end(end)
    logprobs = look(choice, "logprobs")
    if logprobs is not None:
        into.logprobs += _logprobs(logprobs)
    delta = look(choice, "delta")
    refusal = look(delta, "refusal")
    if refusal:
        into.note_refusal(refusal)
    text = look(delta, "content")
    if type(text) is not str or not text:
        text = content_text(text) or text_of(look(choice, "text"))
    calls = look(delta, "tool_calls") or look(delta, "function_call")
    if calls:
        _add_calls(into, items_of(calls) or [calls])
    return None if calls and not text else text


def _add_calls(into: Pieces, calls: list[Any] | tuple[Any, ...]) -> None:
    for call in calls:
        tool = look(call, "function") or look(call, "custom") or call
        sent = look(tool, "arguments")
        into.note_call(
            look(call, "index"),
            look(tool, "name"),
            look(tool, "input") if sent is None else sent,
            look(call, "id"),
        )
