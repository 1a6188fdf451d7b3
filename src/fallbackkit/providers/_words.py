"""The words by which an error, whoever raised or sent it, is recognised: codes, types, statuses, fixed phrases."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from fallbackkit.errors import FailureKind
from fallbackkit.providers._look import items_of, look, text_of

_K = FailureKind
_SURE: dict[FailureKind, str] = {
    _K.QUOTA_BILLING: "insufficient_quota insufficient_balance insufficient_credits billing billing_error"
    " billing_not_active billing_hard_limit_reached payment_required servicequotaexceededexception",
    _K.SAFETY_REFUSED: "content_filter content_policy content_policy_violation responsibleaipolicyviolation"
    " moderation_blocked image_content_policy_violation bio_policy invalid_prompt",
    _K.INPUT_TOO_LONG: "context_length_exceeded context_window_exceeded exceed_context_size_error"
    " string_above_max_length request_too_large",
    _K.INPUT_UNSUPPORTED: "invalid_image invalid_image_format invalid_base64_image image_too_large image_too_small"
    " image_parse_error image_file_too_large unsupported_image_media_type empty_image_file",
    _K.PROVIDER_OVERLOADED: "overloaded overloaded_error engine_overloaded engine_overloaded_error server_overloaded"
    " unavailable slow_down modelnotreadyexception",
    _K.TIMEOUT_FIRST_BYTE: "timeout timeout_error request_timeout deadline_exceeded modeltimeoutexception"
    " requesttimeout requesttimeoutexception",
    _K.AUTH_CONFIG: "invalid_api_key api_key_invalid authentication_error permission_error permission_denied"
    " permissiondenied unauthenticated unsupported_country_region_territory model_not_found"
    " model_decommissioned deploymentnotfound not_found_error accessdeniedexception"
    " unrecognizedclientexception expiredtokenexception expiredtoken invalidsignatureexception"
    " signaturedoesnotmatch invalidclienttokenid missingauthenticationtoken missingauthenticationtokenexception"
    " resourcenotfoundexception data_residency_mismatch",
    _K.RATE_SHARED: "rate_limit_exceeded rate_limit_error too_many_requests resource_exhausted throttlingexception"
    " throttling throttledexception toomanyrequestsexception requestlimitexceeded"
    " provisionedthroughputexceededexception",
    _K.RETRIEVAL_DOWN: "vector_store_timeout",
}
_VAGUE: dict[FailureKind, str] = {
    _K.PROVIDER_5XX: "server_error api_error internal internal_error internal_server_error internalserverexception"
    " internalfailure modelerrorexception modelstreamerrorexception serviceunavailableexception serviceunavailable"
    " service_unavailable",
    _K.INTERNAL: "invalid_request_error invalid_argument unknown_parameter validationexception",
}
_SURE_KINDS = {word: kind for kind, words in _SURE.items() for word in words.split()}
_VAGUE_KINDS = {word: kind for kind, words in _VAGUE.items() for word in words.split()}
_STATUSES: dict[int, FailureKind] = {
    401: _K.AUTH_CONFIG,
    402: _K.QUOTA_BILLING,
    403: _K.AUTH_CONFIG,
    404: _K.AUTH_CONFIG,
    407: _K.AUTH_CONFIG,
    408: _K.TIMEOUT_FIRST_BYTE,
    409: _K.PROVIDER_5XX,
    413: _K.INPUT_TOO_LONG,
    424: _K.PROVIDER_5XX,
    425: _K.PROVIDER_5XX,
    429: _K.RATE_SHARED,
    504: _K.TIMEOUT_FIRST_BYTE,
    522: _K.TIMEOUT_FIRST_BYTE,
    524: _K.TIMEOUT_FIRST_BYTE,
    529: _K.PROVIDER_OVERLOADED,
}
_PHRASES: tuple[tuple[frozenset[int], FailureKind, tuple[str, ...]], ...] = (
    (
        frozenset({400, 422}),
        _K.INPUT_TOO_LONG,
        (
            "prompt is too long",
            "input is too long",
            "context length",
            "context window",
            "exceeds the maximum number of tokens",
            "reduce the length of the messages",
        ),
    ),
    (frozenset({400}), _K.SAFETY_REFUSED, ("content filtering policy",)),
    (frozenset({400}), _K.QUOTA_BILLING, ("credit balance is too low", "reached your specified api usage limits")),
    (frozenset({503}), _K.PROVIDER_OVERLOADED, ("overloaded",)),
)
_CODES = ("code", "type", "status", "Code", "__type", "provider_error_code", "provider_error_type")
_LONGEST_TEXT = 2000
_LONGEST_BODY = 100_000


def kind_of_words(words: frozenset[str]) -> FailureKind | None:
    """The kind that a provider's code, type or status names; None if it is not a known one."""
    statuses = (_STATUSES.get(int(word)) for word in words if word.isdecimal() and len(word) == 3)  # noqa: PLR2004
    return sure_kind(words) or next(filter(None, statuses), None)


def sure_kind(words: frozenset[str]) -> FailureKind | None:
    """What a word says, whatever the status beside it."""
    return _first(_SURE_KINDS, words)


def vague_kind(words: frozenset[str]) -> FailureKind | None:
    """What a word says if there is no status beside it."""
    return _first(_VAGUE_KINDS, words)


def _first(kinds: dict[str, FailureKind], words: frozenset[str]) -> FailureKind | None:
    found = {kinds[word] for word in words if word in kinds}
    return next((kind for kind in dict.fromkeys(kinds.values()) if kind in found), None) if found else None


def words_of(thing: object) -> frozenset[str]:
    """The codes and types that an exception or an error body bears, in lower case."""
    inner = look(thing, "error") or look(thing, "Error")
    places = (thing,) if inner is None else (thing, inner)
    found = [look(place, name) for place in places for name in _CODES]
    found += [look(detail, "reason") for place in places for detail in items_of(look(place, "details"))]
    return frozenset(str(word).lower() for word in found if isinstance(word, (str, int)))


def kind_of_status(status: int, said: str) -> FailureKind:
    """What a status of 400 or more says, with the message beside it."""
    for statuses, kind, phrases in _PHRASES:
        if status in statuses and any(phrase in said for phrase in phrases):
            return kind
    server = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return _STATUSES.get(status) or (_K.PROVIDER_5XX if server else _K.INTERNAL)


def message_of(error: BaseException) -> str:
    """The beginning of what an exception says, in lower case."""
    try:
        return str(error)[:_LONGEST_TEXT].lower()
    except Exception:  # noqa: BLE001 - a foreign __str__ may raise anything
        return ""


def said_in(body: object) -> str:
    """The beginning of what an error body says, in lower case."""
    return text_of(look(look(body, "error") or body, "message"))[:_LONGEST_TEXT].lower()


def is_error_body(value: object, *, bare: bool) -> bool:
    """Whether this is an error as providers send it; ``bare`` says that there is nothing beside the error."""
    error = look(value, "error")
    if look(value, "type") == "error" and text_of(look(error, "type")):
        return True
    return bare and text_of(look(error, "message")) != ""


def parsed_body(text: object) -> Any:
    """A body that is JSON as what it says, or None."""
    if (
        not isinstance(text, (str, bytes))
        or len(text) > _LONGEST_BODY
        or text.lstrip()[:1] not in ("{", "[", b"{", b"[")
    ):
        return None
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body[0] if isinstance(body, list) and len(body) == 1 else body
