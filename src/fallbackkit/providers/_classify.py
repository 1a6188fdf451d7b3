from __future__ import annotations

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
from fallbackkit.providers._look import look, number_of, text_of
from fallbackkit.providers._read import is_completion, read
from fallbackkit.providers._retry_after import retry_after
from fallbackkit.providers._signs import kind_of_error, kind_of_words, words_of

_K = FailureKind
_CUT_OFF = ("length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded")
_REFUSED = ("content_filter", "refusal", "safety", "prohibited_content", "blocklist")
_WRONG_ENDS = {
    **dict.fromkeys(_CUT_OFF, _K.OUTPUT_TRUNCATED),
    **dict.fromkeys(_REFUSED, _K.SAFETY_REFUSED),
    "error": _K.PROVIDER_5XX,
}
_TOOL_CALLS = frozenset({"tool_calls", "function_call", "tool_use"})
_ERROR_BODY_KEYS = frozenset({"error", "type", "user_id", "request_id"})
_PAGE_STARTS = ("<!doctype html", "<html")
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


def classify(error_or_value: object, *, now: float | None = None) -> Failure | None:
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

    Returns:
        The failure, with the exception as ``error`` and nothing that a provider said; or None.
        Never raises. Safe to call from any thread.

    Example:
        >>> class NothingFound(Exception):
        ...     failure_kind = "retrieval.none"
        >>> classify(NothingFound()).kind
        <FailureKind.RETRIEVAL_NONE: 'retrieval.none'>
    """
    if type(error_or_value) is Answer:
        return _of_answer(error_or_value)
    try:
        if isinstance(error_or_value, BaseException):
            return _of_error(error_or_value, now, 0)
        return _of_value(error_or_value)
    except Exception:  # noqa: BLE001 - a foreign object may raise anything, even from __class__
        error = error_or_value if issubclass(type(error_or_value), BaseException) else None
        return Failure(kind=_K.INTERNAL, error=error)


def _of_answer(answer: Answer) -> Failure | None:
    reason = answer.finish_reason
    if reason is not None and reason != "stop":
        reason = reason.lower()
        if reason in _TOOL_CALLS:
            return None
        if reason in _WRONG_ENDS:
            return Failure(kind=_WRONG_ENDS[reason])
    if answer.text.strip() or answer.data is not None:
        return None
    return Failure(kind=_K.OUTPUT_EMPTY)


def _of_value(value: object) -> Failure | None:
    if isinstance(value, str):
        page = value.lstrip()[:14].lower().startswith(_PAGE_STARTS)
        kind = _K.PROVIDER_5XX if page else _K.OUTPUT_EMPTY
        return Failure(kind=kind) if page or not value.strip() else None
    if value is None:
        return Failure(kind=_K.OUTPUT_EMPTY)
    if _is_error_body(value):
        return Failure(kind=kind_of_words(words_of(value)) or _K.PROVIDER_5XX)
    answer = read(value)
    return Failure(kind=_K.PROVIDER_5XX) if answer is None else _of_answer(answer)


def _is_error_body(value: object) -> bool:
    error = look(value, "error")
    bare = isinstance(value, dict) and value.keys() <= _ERROR_BODY_KEYS
    return text_of(look(error, "message")) != "" and (bare or is_completion(value))


def _of_error(error: BaseException, now: float | None, depth: int) -> Failure:
    if isinstance(error, FallbackExhausted) and depth < _DEEPEST:
        steps = tuple(_of_error(each, now, depth + 1) for each in error.exceptions)
        return Failure(kind=_K.FALLBACK_EXHAUSTED, steps=steps, error=error)
    chain = _chain(error)
    return Failure(
        kind=next(filter(None, map(_kind, chain)), _K.INTERNAL),
        retry_after=next((wait for each in chain if (wait := retry_after(each, now=now)) is not None), None),
        limit=number_of(look(error, "limit")) if isinstance(error, DeadlineExceeded) else None,
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


def _kind(error: BaseException) -> FailureKind | None:
    return _stated_kind(error) or _own_kind(error) or kind_of_error(error)


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
