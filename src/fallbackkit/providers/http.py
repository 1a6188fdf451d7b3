"""HTTP clients: httpx, httpx2, requests, aiohttp, urllib; their errors, and responses handed over whole."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fallbackkit._outcome import Answer
from fallbackkit._text import encodable
from fallbackkit.errors import FailureKind
from fallbackkit.providers import anthropic, google, openai, openai_responses
from fallbackkit.providers._family import Family
from fallbackkit.providers._garbled import garbled, is_page
from fallbackkit.providers._look import classes_of, is_of, look, name_of
from fallbackkit.providers._words import is_error_body, kind_of_status, kind_of_words, parsed_body, sure_kind, words_of

__all__ = ["ERRORS", "body_of", "read"]

_K = FailureKind

_RESPONSES = ("Response", "ClientResponse", "HTTPResponse")
_CLIENTS = frozenset({"httpx", "httpx2", "requests", "aiohttp", "http", "urllib3"})


def _kind_of(error: BaseException) -> FailureKind | None:
    cause = error.__cause__
    if cause is not None and is_of(cause, "aiohttp", "HttpProcessingError"):
        return _K.CONNECTION_UPSTREAM  # a reply that is no HTTP, which aiohttp calls a status 400 of the service
    inner = error.args[0] if error.args and is_of(error, "requests", "ConnectionError") else None
    reasons = [each for each in (inner, look(inner, "reason")) if not is_of(each, "urllib3", "NewConnectionError")]
    late = any(is_of(each, "urllib3", "ReadTimeoutError", "ConnectTimeoutError") for each in reasons)
    return _K.TIMEOUT_FIRST_BYTE if late else None


def read(value: object) -> Answer | FailureKind | None:
    """An Answer; or the kind of failure that the value is in itself; None if it is of somebody else."""
    if not any(root in _CLIENTS and name in _RESPONSES for root, name in classes_of(value)):
        return None
    text = text_of_response(value)
    status = look(value, "status_code") or look(value, "status")
    if isinstance(status, int) and status >= HTTPStatus.BAD_REQUEST:
        words = words_of(parsed_body(text))
        return sure_kind(words) or kind_of_status(status, (text or "").lower())
    found = Answer(text="", data=value) if text is None else _body(text)
    name = _request_id(getattr(value, "headers", None))
    return found.model_copy(update={"request_id": name}) if name and isinstance(found, Answer) else found


def _request_id(headers: Any) -> str | None:
    return None if headers is None else name_of(headers.get("x-request-id") or headers.get("request-id"))


def _body(text: str) -> Answer | FailureKind:
    if is_page(text):
        return _K.PROVIDER_5XX
    body = parsed_body(text)
    if body is None:
        return garbled(text) or Answer(text=encodable(text))
    if is_error_body(body, bare=not openai.is_completion(body)):
        return kind_of_words(words_of(body)) or _K.PROVIDER_5XX
    return (
        openai.read(body)
        or openai_responses.read(body)
        or anthropic.read(body)
        or google.read(body)
        or Answer(text="", data=body)
    )


def text_of_response(response: object) -> str | None:
    """The body, if it has been received; nothing is read from the network."""
    body: Any = next((it for name in ("_content", "_body") if isinstance(it := look(response, name), bytes)), None)
    return None if body is None else body.decode(errors="replace")


def body_of(error: BaseException) -> Any:
    """What the service said about an error, parsed; None if that is not known, or no JSON."""
    for place in ("body", "details"):
        body = look(error, place)
        if isinstance(body, (dict, list)):
            return body[0] if isinstance(body, list) and len(body) == 1 else body
        if isinstance(body, str):
            return parsed_body(body)
    response = look(error, "response")
    if isinstance(response, dict):
        return response
    return None if response is None else parsed_body(text_of_response(response))


ERRORS = Family(
    roots=(
        *("httpx", "httpx2", "httpcore", "httpcore2", "h11", "h2", "requests", "urllib3", "aiohttp", "http", "urllib"),
        *("anyio", "websockets"),
    ),
    kinds={
        "BrokenResourceError": _K.CONNECTION_UPSTREAM,
        "ChunkedEncodingError": _K.CONNECTION_UPSTREAM,
        "ClientError": _K.CONNECTION_UPSTREAM,
        "ConnectionClosed": _K.CONNECTION_UPSTREAM,
        "ContentDecodingError": _K.OUTPUT_MALFORMED,
        "ContentTypeError": _K.PROVIDER_5XX,
        "CookieConflict": _K.INTERNAL,
        "CookieConflictError": _K.INTERNAL,
        "DecodeError": _K.OUTPUT_MALFORMED,
        "DecodingError": _K.OUTPUT_MALFORMED,
        "EndOfStream": _K.CONNECTION_UPSTREAM,
        "EofStream": _K.CONNECTION_UPSTREAM,
        "HTTPError": _K.CONNECTION_UPSTREAM,
        "HTTPException": _K.CONNECTION_UPSTREAM,
        "InvalidHeader": _K.INTERNAL,
        "InvalidJSONError": _K.INTERNAL,
        "InvalidSchema": _K.INTERNAL,
        "InvalidURL": _K.INTERNAL,
        "LocalProtocolError": _K.INTERNAL,
        "LocationParseError": _K.INTERNAL,
        "LookupError": _K.INTERNAL,
        "MaxRetryError": _K.CONNECTION_UPSTREAM,
        "MissingSchema": _K.INTERNAL,
        "NonHttpUrlClientError": _K.INTERNAL,
        "PayloadAccessError": _K.CONNECTION_UPSTREAM,
        "ProtocolError": _K.CONNECTION_UPSTREAM,
        "RequestException": _K.CONNECTION_UPSTREAM,
        "RequestPayloadError": _K.CONNECTION_UPSTREAM,
        "SSEError": _K.OUTPUT_MALFORMED,
        "StreamConsumedError": _K.INTERNAL,
        "StreamError": _K.INTERNAL,
        "Timeout": _K.TIMEOUT_FIRST_BYTE,
        "TooManyMembersError": _K.OUTPUT_MALFORMED,
        "TooManyRedirects": _K.INTERNAL,
        "URLRequired": _K.INTERNAL,
        "UnrewindableBodyError": _K.INTERNAL,
        "UnsupportedProtocol": _K.INTERNAL,
        "WSHandshakeError": _K.CONNECTION_UPSTREAM,
        "WebSocketError": _K.CONNECTION_UPSTREAM,
    },
    sure={
        "HttpProcessingError": _K.CONNECTION_UPSTREAM,  # what it calls its status is one to answer with
        "ServerTimeoutError": _K.TIMEOUT_FIRST_BYTE,
    },
    kind_of=_kind_of,
)
