"""The signs by which a foreign exception is recognised: its codes, its status, its class."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

from fallbackkit.errors import FailureKind
from fallbackkit.providers import anthropic, clouds, http, langchain, litellm, openai, pydantic_ai
from fallbackkit.providers._garbled import is_page
from fallbackkit.providers._look import classes_of, look, text_of
from fallbackkit.providers._words import (
    is_error_body,
    kind_of_status,
    kind_of_words,
    message_of,
    said_in,
    sure_kind,
    vague_kind,
    words_of,
)
from fallbackkit.providers.http import body_of

__all__ = ["is_known_bug", "kind_of_error", "status_of"]

if TYPE_CHECKING:
    from collections.abc import Callable

    from fallbackkit.providers._family import Family

_K = FailureKind
_FAMILIES: dict[str, Family] = {
    root: vendor.ERRORS
    for vendor in (openai, anthropic, litellm, langchain, pydantic_ai, http, clouds)
    for root in vendor.ERRORS.roots
}
_CLASSES: dict[FailureKind, str] = {
    _K.TIMEOUT_FIRST_BYTE: "APITimeoutError ConnectTimeout ConnectTimeoutError PoolTimeout ReadTimeout ReadTimeoutError"
    " TimeoutError TimeoutException WriteTimeout",
    _K.CONNECTION_UPSTREAM: "APIConnectionError ClientConnectionError ClientPayloadError ConnectError ConnectionError"
    " IncompleteRead IncompleteReadError NetworkError RemoteProtocolError SSLError TransportError URLError gaierror"
    " herror",
    _K.OUTPUT_MALFORMED: "APIResponseValidationError JSONDecodeError",
    _K.OUTPUT_TRUNCATED: "LengthFinishReasonError",
    _K.SAFETY_REFUSED: "ContentFilterFinishReasonError",
    _K.CIRCUIT_OPEN: "CircuitBreakerError",
    _K.CANCELLED: "CancelledError",
    _K.RATE_SHARED: "RateLimitError",
    _K.PROVIDER_OVERLOADED: "OverloadedError",
    _K.PROVIDER_5XX: "InternalServerError ServiceUnavailableError",
    _K.AUTH_CONFIG: "AuthenticationError",
}
_KIND_OF_CLASS = {name: kind for kind, names in _CLASSES.items() for name in names.split()}
_NETWORK_ERRNOS = frozenset({errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ETIMEDOUT})
_BUGS = (
    *(ArithmeticError, AssertionError, AttributeError, BufferError, ImportError, LookupError, MemoryError, NameError),
    *(NotImplementedError, RecursionError, SyntaxError, TypeError, UnicodeError),
)
_STUMBLES = (AssertionError, AttributeError, IndexError, KeyError, TypeError, UnicodeDecodeError)
_CODE = re.compile(r"(\w+): |responseerror\(code='(\w+)'")
_WRAPPERS = frozenset(
    {
        *(("litellm", name) for name in ("APIConnectionError", "InternalServerError", "ServiceUnavailableError")),
        *(("litellm", name) for name in ("OpenAIError", "AnthropicError")),  # by which it wraps for the first time
        ("pydantic_ai", "ModelAPIError"),
    }
)
_DEEPEST = 5
_SAID_BY_SDKS = {
    "could not resolve authentication method": _K.AUTH_CONFIG,  # Anthropic's client without a key
    "expected to have received `response.created`": _K.PROVIDER_5XX,  # OpenAI's, for an error that comes first
    "didn't receive a `response.completed` event": _K.CONNECTION_UPSTREAM,  # the same, for a stream that broke off
    "no generation chunks were returned": _K.OUTPUT_EMPTY,  # LangChain's
    "no generations found in stream": _K.OUTPUT_EMPTY,
    "unexpected response type from openai-compatible endpoint": _K.PROVIDER_5XX,
}
_ERROR_STATUSES = range(400, 600)


def kind_of_error(error: BaseException) -> FailureKind | None:
    """What a foreign exception by itself says about its kind; None if nothing is known."""
    return _kind_of_inner(error) or _kind_of(error)


def _kind_of_inner(error: BaseException) -> FailureKind | None:
    """What an exception says in which a library wraps whatever went wrong, with a status that it made up."""
    for depth in range(_DEEPEST):
        original = look(error, "original_exception")  # LiteLLM's, of a stream that broke off
        if not isinstance(original, BaseException):
            wraps = next(classes_of(error)) in _WRAPPERS or (depth > 0 and type(error) is Exception)
            original = (error.__cause__ or error.__context__) if wraps else None
        if original is None:
            return None
        error = original
        kind = None if next(classes_of(error)) in _WRAPPERS else _kind_of(error)
        if kind is not None:
            return kind
    return None


def _kind_of(error: BaseException) -> FailureKind | None:
    body = body_of(error)
    words = words_of(error) if body is None else words_of(error) | words_of(body)
    status = status_of(error)
    return (
        _certain_kind(error)
        or sure_kind(words)
        or (kind_of_status(status, message_of(error) + said_in(body)) if status in _ERROR_STATUSES else None)
        or vague_kind(words)
        or _kind_of_class(error)
    )


def is_known_bug(error: BaseException) -> bool:
    """Whether it is one of Python's own errors for what is wrong in a program."""
    return isinstance(error, _BUGS) or type(error).__module__ == "builtins"


def status_of(error: BaseException) -> int:
    """The HTTP status that an exception bears, or another number that it calls so, or 0."""
    response = look(error, "response")
    places = (
        (error, "status_code"),
        (response, "status_code"),
        (look(response, "ResponseMetadata"), "HTTPStatusCode"),
        (error, "status"),
        (error, "code"),
    )
    found = (look(place, name) for place, name in places)
    return next((int(status) for status in found if isinstance(status, int) and not isinstance(status, bool)), 0)


def _certain_kind(error: BaseException) -> FailureKind | None:
    """What the class says whatever the code and the status, or a rule of its family."""
    rules: list[Callable[[BaseException], FailureKind | None]] = []
    for root, name in classes_of(error):
        family = _FAMILIES.get(root)
        if family is None:
            continue
        if name in family.sure:
            return family.sure[name]
        if family.kind_of is not None and family.kind_of not in rules:
            rules.append(family.kind_of)
    return next((kind for rule in rules if (kind := rule(error)) is not None), None)


def _kind_of_class(error: BaseException) -> FailureKind | None:
    kind = _kind_of_builtin(error)
    if kind is not None:
        return kind
    for root, name in classes_of(error):
        family = _FAMILIES.get(root)
        kind = (family.kinds.get(name) if family is not None else None) or _KIND_OF_CLASS.get(name)
        if kind is not None:
            return kind
        if (root, name) == ("pydantic_core", "ValidationError"):
            return _K.OUTPUT_MALFORMED
    if isinstance(error, OSError) and error.errno in _NETWORK_ERRNOS:
        return _K.CONNECTION_UPSTREAM
    return _kind_of_bare_class(error)


def _kind_of_builtin(error: BaseException) -> FailureKind | None:
    """One of Python's own classes in which an SDK says what a provider did."""
    if _is_page_looked_into(error) or is_page(text_of(look(error, "doc"))):
        return _K.PROVIDER_5XX
    if isinstance(error, _STUMBLES) and _raised_in(error) in _FAMILIES:
        return _kind_of_stumble(error)
    if type(error) in (TypeError, ValueError, RuntimeError):
        said = message_of(error)
        kind = next((kind for phrase, kind in _SAID_BY_SDKS.items() if phrase in said), None)
        return kind or _kind_of_body_raised(error)
    return None


def _kind_of_body_raised(error: BaseException) -> FailureKind | None:
    """LangChain raises a ValueError of what OpenAI's form has under "error", or of its code and message."""
    if type(error) is not ValueError or not error.args or _raised_in(error) not in langchain.ERRORS.roots:
        return None
    body = error.args[0]
    if is_error_body({"error": body}, bare=True):
        return kind_of_words(words_of(body)) or _K.PROVIDER_5XX
    code = _CODE.match(message_of(error))
    words = frozenset(filter(None, code.groups())) if code else frozenset[str]()
    return kind_of_words(words) or vague_kind(words)


def _kind_of_stumble(error: BaseException) -> FailureKind | None:
    """An SDK stumbled over what came. It raises a TypeError of its own accord as well, for wrong arguments."""
    if isinstance(error, UnicodeDecodeError):
        return _K.OUTPUT_MALFORMED
    if _raised_in(error) in http.ERRORS.roots:
        return None
    return None if isinstance(error, TypeError) and "'nonetype' object" not in message_of(error) else _K.PROVIDER_5XX


def _raised_in(error: BaseException) -> str:
    """The package whose code raised it."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return "" if step is None else text_of(step.tb_frame.f_globals.get("__name__")).partition(".")[0]


def _kind_of_bare_class(error: BaseException) -> FailureKind | None:
    root, name = next(iter(classes_of(error)))
    family = _FAMILIES.get(root)
    if family is None:
        return None
    if look(error, "is_retryable") is True:  # LangChain's: a class that is new to us
        return _K.PROVIDER_5XX
    return family.bare.get(name)


def _is_page_looked_into(error: BaseException) -> bool:
    """OpenAI's client returns an HTML page as a string, on which ``.choices`` then fails."""
    if not isinstance(error, AttributeError) or not isinstance(error.obj, str):
        return False
    return error.name == "choices" or is_page(error.obj)
