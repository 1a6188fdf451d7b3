"""Errors of clouds and of further services: Google and gRPC, AWS, Mistral, Cohere, Ollama."""

from __future__ import annotations

from typing import Any

from fallbackkit.errors import FailureKind
from fallbackkit.providers._family import Family
from fallbackkit.providers._look import items_of, look, text_of
from fallbackkit.providers.http import body_of

__all__ = ["ERRORS"]

_K = FailureKind

_GRPC = {
    "aborted": _K.PROVIDER_5XX,
    "cancelled": _K.CONNECTION_UPSTREAM,
    "data_loss": _K.PROVIDER_5XX,
    "deadline_exceeded": _K.TIMEOUT_FIRST_BYTE,
    "failed_precondition": _K.AUTH_CONFIG,
    "internal": _K.PROVIDER_5XX,
    "invalid_argument": _K.INTERNAL,
    "not_found": _K.AUTH_CONFIG,
    "out_of_range": _K.INTERNAL,
    "permission_denied": _K.AUTH_CONFIG,
    "resource_exhausted": _K.RATE_SHARED,
    "unauthenticated": _K.AUTH_CONFIG,
    "unavailable": _K.PROVIDER_OVERLOADED,
    "unimplemented": _K.INTERNAL,
    "unknown": _K.PROVIDER_5XX,
}
_TOO_LONG = ("too long", "too many input tokens", "maximum tokens", "exceeds the maximum")


def _kind_of(error: BaseException) -> FailureKind | None:
    response = look(error, "response")
    if isinstance(response, dict):
        return _aws_kind(response)
    if _is_daily_quota(body_of(error)):
        return _K.QUOTA_BILLING
    code = look(error, "code")
    if callable(code):  # gRPC's errors have methods where others have attributes
        return _GRPC.get(text_of(look(code(), "name")).lower())
    return _K.AUTH_CONFIG if look(error, "status") == "FAILED_PRECONDITION" else None


def _aws_kind(response: dict[str, Any]) -> FailureKind | None:
    """Bedrock has one code for every request that it does not take."""
    said = look(response, "Error")
    refused = look(said, "Code") == "ValidationException"
    message = text_of(look(said, "Message")).lower()
    return _K.INPUT_TOO_LONG if refused and any(sign in message for sign in _TOO_LONG) else None


def _is_daily_quota(body: object) -> bool:
    details = items_of(look(look(body, "error"), "details"))
    violations = [each for detail in details for each in items_of(look(detail, "violations"))]
    return any("PerDay" in text_of(look(each, "quotaId")) for each in violations)


ERRORS = Family(
    roots=("google", "grpc", "botocore", "boto3", "mistralai", "cohere", "ollama"),
    kinds={
        "ApiError": _K.PROVIDER_5XX,
        "ClientError": _K.PROVIDER_5XX,
        "ConnectTimeoutError": _K.TIMEOUT_FIRST_BYTE,
        "CredentialRetrievalError": _K.AUTH_CONFIG,
        "DefaultCredentialsError": _K.AUTH_CONFIG,
        "GoogleAPIError": _K.PROVIDER_5XX,
        "GoogleAuthError": _K.AUTH_CONFIG,
        "HTTPClientError": _K.CONNECTION_UPSTREAM,
        "LoginError": _K.AUTH_CONFIG,
        "MistralError": _K.PROVIDER_5XX,
        "NoAuthTokenError": _K.AUTH_CONFIG,
        "NoCredentialsError": _K.AUTH_CONFIG,
        "NoRegionError": _K.AUTH_CONFIG,
        "NoResponseError": _K.CONNECTION_UPSTREAM,
        "ParamValidationError": _K.INTERNAL,
        "ParsingError": _K.OUTPUT_MALFORMED,
        "PartialCredentialsError": _K.AUTH_CONFIG,
        "ProfileNotFound": _K.AUTH_CONFIG,
        "RequestError": _K.INTERNAL,
        "ResponseError": _K.PROVIDER_5XX,
        "ResponseStreamingError": _K.CONNECTION_UPSTREAM,
        "ResponseValidationError": _K.OUTPUT_MALFORMED,
        "RpcError": _K.PROVIDER_5XX,
        "SSOError": _K.AUTH_CONFIG,
        "TokenRetrievalError": _K.AUTH_CONFIG,
        "TransportError": _K.CONNECTION_UPSTREAM,
        "UnknownApiResponseError": _K.OUTPUT_MALFORMED,
    },
    bare={"APIError": _K.PROVIDER_5XX},
    kind_of=_kind_of,
)
