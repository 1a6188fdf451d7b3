from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fallbackkit._outcome import Answer
from fallbackkit.errors import (
    CallRejected,
    CircuitOpen,
    DeadlineExceeded,
    Failure,
    FailureKind,
    FallbackExhausted,
    InvalidAnswer,
    LowConfidence,
    QueueFull,
    ReviewPending,
    SpendExceeded,
)
from fallbackkit.providers._garbled import garbled, is_page
from fallbackkit.providers._look import look, number_of
from fallbackkit.providers._provider import kind_by
from fallbackkit.providers._read import read_or_kind
from fallbackkit.providers._retry_after import may_retry, retry_after
from fallbackkit.providers._signs import is_known_bug, kind_of_error
from fallbackkit.providers._words import is_error_body, kind_of_words, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fallbackkit.providers._provider import Provider

__all__ = ["classify"]

_K = FailureKind
_ENDS: dict[FailureKind, str] = {
    _K.OUTPUT_TRUNCATED: "length max_tokens max_output_tokens model_length model_context_window_exceeded pause_turn"
    " error_limit",
    _K.SAFETY_REFUSED: "content_filter content_filtered refusal safety prohibited_content blocklist recitation spii"
    " image_safety image_prohibited_content image_recitation model_armor guardrail_intervened sensitive error_toxic",
    _K.OUTPUT_MALFORMED: "malformed_function_call malformed_response malformed_model_output malformed_tool_use"
    " unexpected_tool_call too_many_tool_calls",
    _K.PROVIDER_5XX: "error abort",
    _K.PROVIDER_OVERLOADED: "insufficient_system_resource",
    _K.CONNECTION_UPSTREAM: "network_error",
    _K.TIMEOUT_FIRST_BYTE: "timeout",
}
_WRONG_ENDS = {end: kind for kind, ends in _ENDS.items() for end in ends.split()}
_TOOL_CALLS = frozenset({"tool_calls", "tool_call", "function_call", "tool_use"})
_ERROR_BODY_KEYS = frozenset({"error", "type", "user_id", "request_id"})
_NAME = re.compile(r"[\w.<>]{1,200}")
_DEEPEST = 5
_OWN_KINDS: dict[type[BaseException], FailureKind] = {
    CircuitOpen: _K.CIRCUIT_OPEN,
    QueueFull: _K.HUMAN_UNAVAILABLE,
    SpendExceeded: _K.QUOTA_BILLING,
    CallRejected: _K.PROVIDER_OVERLOADED,
    DeadlineExceeded: _K.TIMEOUT_FIRST_BYTE,
    LowConfidence: _K.QUALITY_LOW_CONFIDENCE,
    FallbackExhausted: _K.FALLBACK_EXHAUSTED,
    ReviewPending: _K.FALLBACK_EXHAUSTED,
    KeyboardInterrupt: _K.CANCELLED,
    GeneratorExit: _K.CANCELLED,
}

_OWN = tuple(_OWN_KINDS)


def classify(error_or_value: object, *, now: float | None = None, providers: Sequence[Provider] = ()) -> Failure | None:
    """Say what kind of failure an exception is, or whether a returned value is one.

    An exception always gives a ``Failure``. Its own ``failure_kind`` attribute comes first, if it
    is the name of a kind: an application may so give its errors a kind, for example "nothing
    found". Then count, in this order, the provider's code and type, the status, the class, and
    the exception it was raised from. What nothing is known about is ``internal``.

    A value gives None if it can be used. A failure is: None and blank text (unless tools are
    called or there is data), a refusal, an answer cut off by its length or by a content filter,
    a completion without choices or with an error in it, and a string that is an HTML page. To
    return HTML on purpose, return ``Answer(text=html)``.

    Args:
        error_or_value: What user code raised or returned; hand it over as it is, because
            ``read`` no longer shows a page or a missing choice.
        now: Seconds since the epoch, to read a ``Retry-After`` date against; None reads the clock.
        providers: Asked about an exception before the rules here.

    Returns:
        The failure, with the exception as ``error`` and nothing that a provider said; or None.
        Never raises. Safe to call from any thread.

    Example:
        >>> class NothingFound(Exception):
        ...     failure_kind = "retrieval.none"
        >>> classify(NothingFound()).kind
        <FailureKind.RETRIEVAL_NONE: 'retrieval.none'>
    """
    if type(error_or_value) is str:
        return _of_text(error_or_value)
    if type(error_or_value) is Answer:
        return _of_answer(error_or_value)
    try:
        if isinstance(error_or_value, BaseException):
            return _of_error(error_or_value, now, providers, 0)
        return _of_value(error_or_value)
    except Exception:  # noqa: BLE001 - a foreign object may raise anything, even from __class__
        error = error_or_value if issubclass(type(error_or_value), BaseException) else None
        return Failure(kind=_K.INTERNAL, error=error)


def _of_answer(answer: Answer) -> Failure | None:
    reason = answer.finish_reason
    if reason is not None and reason != "stop":
        reason = reason.partition(":")[0].lower()
        if reason in _WRONG_ENDS:
            return Failure(kind=_WRONG_ENDS[reason])
        if reason in _TOOL_CALLS:
            return None
    if answer.text.strip() or answer.data is not None or answer.tool_calls:
        return None
    return Failure(kind=_K.OUTPUT_EMPTY)


def _of_value(value: object) -> Failure | None:
    if isinstance(value, str):
        return _of_text(value)
    if value is None:
        return Failure(kind=_K.OUTPUT_EMPTY)
    if isinstance(value, dict) and value.keys() <= _ERROR_BODY_KEYS and is_error_body(value, bare=True):
        return Failure(kind=kind_of_words(words_of(value)) or _K.PROVIDER_5XX)
    found = read_or_kind(value)
    if not isinstance(found, Answer):
        return Failure(kind=found or _K.OUTPUT_EMPTY)
    failure = _of_answer(found)
    kind = garbled(found.text) if failure is None else None
    return failure if kind is None else Failure(kind=kind)


def _of_text(text: str) -> Failure | None:
    if not text or text.isspace():
        return Failure(kind=_K.OUTPUT_EMPTY)
    kind = garbled(text) or (_K.PROVIDER_5XX if is_page(text) else None)
    return None if kind is None else Failure(kind=kind)


def _of_error(error: BaseException, now: float | None, providers: Sequence[Provider], depth: int) -> Failure:
    if isinstance(error, FallbackExhausted) and depth < _DEEPEST:
        steps = tuple(_of_error(each, now, providers, depth + 1) for each in error.exceptions)
        return Failure(kind=_K.FALLBACK_EXHAUSTED, steps=steps, error=error)
    chain = _chain(error)
    kind = next((found for each in chain if (found := _kind(each, providers)) is not None), None)
    return Failure(
        kind=kind or _K.INTERNAL,
        retry_after=next((wait for each in chain if (wait := retry_after(each, now=now)) is not None), None),
        limit=number_of(look(error, "limit")) if isinstance(error, DeadlineExceeded) else None,
        stopped_by=None if all(map(may_retry, chain)) else "not_retryable",
        gap=_gap(chain) if kind is None else None,
        error=error,
    )


def _chain(error: BaseException) -> list[BaseException]:
    """The error and those it was raised from, outermost first."""
    chain = [error]
    while len(chain) < _DEEPEST:
        last = chain[-1]
        inner = last.exceptions[0] if isinstance(last, BaseExceptionGroup) else last.__cause__
        if inner is None:
            break
        chain.append(inner)
    return chain


def _gap(chain: list[BaseException]) -> str | None:
    """The class of the innermost exception that is not one of Python's own for a bug."""
    unknown = next((each for each in reversed(chain) if not is_known_bug(each)), None)
    if unknown is None:
        return None
    name = f"{type(unknown).__module__}.{type(unknown).__qualname__}"
    return name if _NAME.fullmatch(name) else "unnamed"


def _kind(error: BaseException, providers: Sequence[Provider]) -> FailureKind | None:
    return _stated_kind(error) or _own_kind(error) or kind_by(providers, error) or kind_of_error(error)


def _stated_kind(error: BaseException) -> FailureKind | None:
    stated = look(error, "failure_kind")
    if stated is None:
        return None
    try:
        return FailureKind(stated)
    except ValueError:
        return None


def _own_kind(error: BaseException) -> FailureKind | None:
    if isinstance(error, InvalidAnswer):
        failure = _of_answer(error.answer) if isinstance(error.answer, Answer) else None
        return failure.kind if failure else _K.OUTPUT_MALFORMED
    if not isinstance(error, _OWN):
        return None
    return next(kind for cls, kind in _OWN_KINDS.items() if isinstance(error, cls))
