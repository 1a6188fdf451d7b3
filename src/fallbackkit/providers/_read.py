from __future__ import annotations

import math
from datetime import date, time
from decimal import Decimal
from typing import Any

from fallbackkit._outcome import Answer, Usage
from fallbackkit._text import encodable
from fallbackkit.providers._look import count_of, items_of, look, text_of

_COMPLETION_NAMES = ("Completion", "ModelResponse")
_COMPLETION_OBJECTS = ("chat.completion", "text_completion")
_SCALARS = (int, float, Decimal, date, time)


def read(value: object) -> Answer | None:
    """Turn what a function returned into an ``Answer``.

    Understood are a string, an ``Answer`` (handed back as it is), and chat completions of OpenAI
    and of every service and library of that form, as objects or as dicts, with the results of
    ``parse``. Of a completion come the text, the parsed object as ``data``, the usage, the model
    and the finish reason; a refusal gives the finish reason "refusal" and no text. Anything else
    becomes the ``data`` of an answer, whose text is empty unless it is a number or a date.

    If the completion carries log probabilities, the score is the geometric mean of the tokens'
    probabilities, ``exp(mean(logprob))``: in [0, 1], not dependent on length. Its basis is
    ``model_said``, because it orders answers by safety and says nothing of how often they are
    right. Without log probabilities the score is None.

    Args:
        value: Whatever user code returned. Never changed.

    Returns:
        The answer; None for None and for a completion without choices. Never raises. Safe to
        call from any thread.
    """
    if type(value) is Answer:
        return value
    if type(value) is str:
        return Answer(text=encodable(value))
    try:
        return _read(value)
    except Exception:  # noqa: BLE001 - a foreign object may raise anything, even from __class__
        return Answer(text="", data=value)


def is_completion(value: object) -> bool:
    """Whether ``value`` has the form of a chat completion, with choices or without."""
    choices = items_of(look(value, "choices"))
    if choices:
        return look(choices[0], "message") is not None or text_of(look(choices[0], "text")) != ""
    return type(value).__name__.endswith(_COMPLETION_NAMES) or text_of(look(value, "object")).startswith(
        _COMPLETION_OBJECTS
    )


def _read(value: object) -> Answer | None:
    if value is None or isinstance(value, Answer):
        return value
    if isinstance(value, str):
        return Answer(text=encodable(value))
    if not is_completion(value):
        return Answer(text=_scalar_text(value), data=value)
    choices = items_of(look(value, "choices"))
    return _read_choice(value, choices[0]) if choices else None


def _read_choice(completion: object, choice: object) -> Answer:
    message = look(choice, "message")
    refused = text_of(look(message, "refusal")).strip() != ""
    text = _content_text(look(message, "content")) or text_of(look(choice, "text"))
    score = None if refused else _token_score(look(choice, "logprobs"))
    return Answer(
        text="" if refused else encodable(text),
        data=None if refused else look(message, "parsed"),
        score=score,
        score_basis=None if score is None else "model_said",
        model=encodable(text_of(look(completion, "model"))) or None,
        usage=_usage(look(completion, "usage")),
        finish_reason=_finish_reason(choice, message, refused=refused),
    )


def _finish_reason(choice: object, message: object, *, refused: bool) -> str | None:
    if refused:
        return "refusal"
    if items_of(look(message, "tool_calls")) or text_of(look(look(message, "function_call"), "name")):
        return "tool_calls"
    return encodable(text_of(look(choice, "finish_reason"))) or None


def _content_text(content: object) -> str:
    if isinstance(content, str):
        return content
    return "".join(text_of(look(part, "text")) for part in items_of(content))


def _token_score(logprobs: object) -> float | None:
    tokens = [look(token, "logprob") for token in items_of(look(logprobs, "content"))]
    if not tokens or not all(isinstance(token, (int, float)) and token <= 0 for token in tokens):
        return None
    return math.exp(math.fsum(tokens) / len(tokens))


def _usage(usage: object) -> Usage | None:
    spent = (count_of(look(usage, "prompt_tokens")), count_of(look(usage, "completion_tokens")))
    return Usage(input_tokens=spent[0], output_tokens=spent[1]) if any(spent) else None


def _scalar_text(value: Any) -> str:
    return encodable(str(value)) if isinstance(value, _SCALARS) else ""
