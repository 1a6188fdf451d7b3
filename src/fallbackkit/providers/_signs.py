"""The signs by which a foreign exception is recognised: its codes, its status, its class."""

from __future__ import annotations

import errno
from http import HTTPStatus

from fallbackkit.errors import FailureKind
from fallbackkit.providers._look import look, text_of

_K = FailureKind
_SURE_WORDS: dict[FailureKind, frozenset[str]] = {
    _K.QUOTA_BILLING: frozenset(
        {
            "insufficient_quota",
            "insufficient_balance",
            "insufficient_credits",
            "billing",
            "billing_error",
            "billing_not_active",
            "billing_hard_limit_reached",
            "payment_required",
        }
    ),
    _K.SAFETY_REFUSED: frozenset(
        {"content_filter", "content_policy_violation", "responsibleaipolicyviolation", "moderation_blocked"}
    ),
    _K.INPUT_TOO_LONG: frozenset(
        {"context_length_exceeded", "exceed_context_size_error", "string_above_max_length", "request_too_large"}
    ),
    _K.PROVIDER_OVERLOADED: frozenset({"overloaded", "overloaded_error", "engine_overloaded", "unavailable"}),
    _K.TIMEOUT_FIRST_BYTE: frozenset({"timeout", "timeout_error", "request_timeout", "deadline_exceeded"}),
    _K.AUTH_CONFIG: frozenset(
        {
            "invalid_api_key",
            "authentication_error",
            "permission_error",
            "permission_denied",
            "unauthenticated",
            "unsupported_country_region_territory",
            "model_not_found",
            "deploymentnotfound",
            "not_found_error",
        }
    ),
    _K.RATE_SHARED: frozenset({"rate_limit_exceeded", "rate_limit_error", "too_many_requests", "resource_exhausted"}),
}
_VAGUE_WORDS: dict[FailureKind, frozenset[str]] = {
    _K.PROVIDER_5XX: frozenset({"server_error", "api_error", "internal", "internal_error", "internal_server_error"}),
    _K.INTERNAL: frozenset({"invalid_request_error", "invalid_argument", "unknown_parameter"}),
}
_STATUSES: dict[int, FailureKind] = {
    401: _K.AUTH_CONFIG,
    402: _K.QUOTA_BILLING,
    403: _K.AUTH_CONFIG,
    404: _K.AUTH_CONFIG,
    408: _K.TIMEOUT_FIRST_BYTE,
    409: _K.PROVIDER_5XX,
    413: _K.INPUT_TOO_LONG,
    429: _K.RATE_SHARED,
    504: _K.TIMEOUT_FIRST_BYTE,
    524: _K.TIMEOUT_FIRST_BYTE,
    529: _K.PROVIDER_OVERLOADED,
}
_CLASSES: dict[FailureKind, frozenset[str]] = {
    _K.TIMEOUT_FIRST_BYTE: frozenset(
        {
            "APITimeoutError",
            "ConnectTimeout",
            "ConnectTimeoutError",
            "PoolTimeout",
            "ReadTimeout",
            "ReadTimeoutError",
            "TimeoutError",
            "TimeoutException",
            "WriteTimeout",
        }
    ),
    _K.CONNECTION_UPSTREAM: frozenset(
        {
            "APIConnectionError",
            "ClientConnectionError",
            "ClientPayloadError",
            "ConnectError",
            "ConnectionError",
            "IncompleteRead",
            "IncompleteReadError",
            "NetworkError",
            "RemoteProtocolError",
            "SSLError",
            "URLError",
            "gaierror",
            "herror",
        }
    ),
    _K.OUTPUT_MALFORMED: frozenset({"APIResponseValidationError", "JSONDecodeError"}),
    _K.OUTPUT_TRUNCATED: frozenset({"LengthFinishReasonError"}),
    _K.SAFETY_REFUSED: frozenset({"ContentFilterFinishReasonError"}),
    _K.CIRCUIT_OPEN: frozenset({"CircuitBreakerError"}),
    _K.CANCELLED: frozenset({"CancelledError"}),
    _K.RATE_SHARED: frozenset({"RateLimitError"}),
    _K.PROVIDER_OVERLOADED: frozenset({"OverloadedError"}),
    _K.PROVIDER_5XX: frozenset({"InternalServerError", "ServiceUnavailableError"}),
    _K.AUTH_CONFIG: frozenset({"AuthenticationError"}),
}
_CLASSES_OF_MODULE: dict[tuple[str, str], FailureKind] = {
    ("pydantic_core", "ValidationError"): _K.OUTPUT_MALFORMED,
    ("requests", "Timeout"): _K.TIMEOUT_FIRST_BYTE,
    ("litellm", "Timeout"): _K.TIMEOUT_FIRST_BYTE,
    ("openai", "APIError"): _K.PROVIDER_5XX,
    ("anthropic", "APIError"): _K.PROVIDER_5XX,
}
_KIND_OF_CLASS = {name: kind for kind, names in _CLASSES.items() for name in names}
_NETWORK_ERRNOS = frozenset({errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ETIMEDOUT})
_LONGEST_MESSAGE = 2000


def kind_of_error(error: BaseException) -> FailureKind | None:
    """What a foreign exception by itself says about its kind; None if nothing is known."""
    body = look(error, "body")
    words = words_of(error) if body is None else words_of(error) | words_of(body)
    status = _status(error)
    return (
        _find(_SURE_WORDS, words)
        or (_kind_of_status(status, error) if status >= HTTPStatus.BAD_REQUEST else None)
        or _find(_VAGUE_WORDS, words)
        or _kind_of_class(error)
    )


def kind_of_words(words: frozenset[str]) -> FailureKind | None:
    """The kind that a provider's code, type or status names; None if it is not a known one."""
    statuses = (_STATUSES.get(int(word)) for word in words if word.isdecimal() and len(word) == 3)  # noqa: PLR2004
    return _find(_SURE_WORDS, words) or next(filter(None, statuses), None)


def words_of(thing: object) -> frozenset[str]:
    """The codes and types that an exception or an error body bears, in lower case."""
    inner = look(thing, "error")
    places = (thing,) if inner is None else (thing, inner)
    found = (look(place, name) for place in places for name in ("code", "type", "status"))
    return frozenset(str(word).lower() for word in found if isinstance(word, (str, int)))


def _find(table: dict[FailureKind, frozenset[str]], words: frozenset[str]) -> FailureKind | None:
    return next((kind for kind, known in table.items() if not known.isdisjoint(words)), None) if words else None


def _status(error: BaseException) -> int:
    response = look(error, "response")
    places = ((error, "status_code"), (response, "status_code"), (error, "status"), (error, "code"))
    found = (look(place, name) for place, name in places)
    return next((int(status) for status in found if isinstance(status, int) and not isinstance(status, bool)), 0)


def _kind_of_status(status: int, error: BaseException) -> FailureKind:
    said = _message(error)
    if status == HTTPStatus.BAD_REQUEST and any(sign in said for sign in ("prompt is too long", "context length")):
        return _K.INPUT_TOO_LONG
    if status == HTTPStatus.BAD_REQUEST and "content filtering policy" in said:
        return _K.SAFETY_REFUSED
    if status == HTTPStatus.SERVICE_UNAVAILABLE and "overloaded" in said:
        return _K.PROVIDER_OVERLOADED
    server = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return _STATUSES.get(status) or (_K.PROVIDER_5XX if server else _K.INTERNAL)


def _message(error: BaseException) -> str:
    try:
        return str(error)[:_LONGEST_MESSAGE].lower()
    except Exception:  # noqa: BLE001 - a foreign __str__ may raise anything
        return ""


def _kind_of_class(error: BaseException) -> FailureKind | None:
    if _is_page_read_as_completion(error):
        return _K.PROVIDER_5XX
    if (type(error).__name__, type(error).__module__) == ("OpenAIError", "openai"):
        return _K.AUTH_CONFIG
    for cls in type(error).__mro__:
        root = text_of(cls.__module__).partition(".")[0]
        kind = _KIND_OF_CLASS.get(cls.__name__) or _CLASSES_OF_MODULE.get((root, cls.__name__))
        if kind is not None:
            return kind
    if isinstance(error, OSError) and error.errno in _NETWORK_ERRNOS:
        return _K.CONNECTION_UPSTREAM
    return None


def _is_page_read_as_completion(error: BaseException) -> bool:
    """OpenAI's client returns an HTML page as a string, on which ``.choices`` then fails."""
    return isinstance(error, AttributeError) and error.name == "choices" and isinstance(error.obj, str)
