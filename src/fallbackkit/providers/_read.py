from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fallbackkit._outcome import Answer
from fallbackkit._text import encodable
from fallbackkit.providers import anthropic, google, http, langchain, openai, openai_responses, pydantic_ai

if TYPE_CHECKING:
    from fallbackkit.errors import FailureKind

__all__ = ["read", "read_or_kind"]

_SCALARS = (int, float, Decimal, date, time)
_PLAIN = frozenset({int, float, bool, bytes, list, tuple, set, frozenset})


def read(value: object) -> Answer | None:
    """Turn what a function returned into an ``Answer``.

    Understood are a string, an ``Answer`` (handed back as it is), and the objects of the SDKs in
    ``docs/providers.md``: completions and responses of OpenAI and of every service and library of that
    form, as objects or as dicts, with the results of ``parse``; Anthropic's messages; LangChain's;
    pydantic-ai's results; responses of HTTP clients. Of these come the text, the parsed object as
    ``data``, tool calls, the usage, the model, the finish reason and the request's id; a refusal
    gives the finish reason "refusal", no text, and the words of it as ``refusal``. Anything else becomes
    the ``data`` of an answer, whose text is empty unless it is a number or a date.

    If there are log probabilities, the score is the geometric mean of the tokens' probabilities,
    ``exp(mean(logprob))``: in [0, 1], not dependent on length. Its basis is ``model_said``, because it
    orders answers by safety and says nothing of how often they are right. Without log probabilities
    the score is None.

    Args:
        value: Whatever user code returned. Never changed.

    Returns:
        The answer; None for None and for what is no answer: an error, or a completion without
        choices. Never raises. Safe to call from any thread.
    """
    if type(value) is Answer:
        return value
    if type(value) is str:
        return Answer(text=encodable(value))
    found = read_or_kind(value)
    return found if isinstance(found, Answer) else None


def read_or_kind(value: object) -> Answer | FailureKind | None:
    """The Answer, or the kind of failure that a value is in itself; None for None. Never raises."""
    try:
        return _read(value)
    except Exception:  # noqa: BLE001 - a foreign object may raise anything, even from __class__
        return Answer(text="", data=value)


def _read(value: object) -> Answer | FailureKind | None:
    if value is None or isinstance(value, Answer):
        return value
    if isinstance(value, str):
        return Answer(text=encodable(value))
    if type(value) not in _PLAIN:
        for vendor in (pydantic_ai, http, langchain, openai, openai_responses, anthropic, google):
            found: Answer | FailureKind | None = vendor.read(value)
            if found is not None:
                return found
    return Answer(text=_scalar_text(value), data=value)


def _scalar_text(value: Any) -> str:
    return encodable(str(value)) if isinstance(value, _SCALARS) else ""
