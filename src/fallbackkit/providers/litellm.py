"""LiteLLM's errors. What it returns has OpenAI's form."""

from __future__ import annotations

from fallbackkit.errors import FailureKind
from fallbackkit.providers._family import Family
from fallbackkit.providers._words import message_of, parsed_body, sure_kind, words_of

__all__ = ["ERRORS"]

_K = FailureKind


def _kind_of(error: BaseException) -> FailureKind | None:
    """What the provider said is kept in the message alone, and so is that a stream named no end."""
    said = message_of(error)
    if "stream ended before a finish_reason was received" in said:  # with a status of 500 that it made up
        return _K.CONNECTION_UPSTREAM
    return sure_kind(words_of(parsed_body(said[said.find("{") : said.rfind("}") + 1])))


ERRORS = Family(
    roots=("litellm",),
    kinds={
        "APIConnectionError": _K.CONNECTION_UPSTREAM,
        "APIError": _K.PROVIDER_5XX,
        "AgenticLoopSafetyError": _K.TOOL_FAILED,
        "BlockedPiiEntityError": _K.SAFETY_REFUSED,
        "GoogleMetadataStatusError": _K.AUTH_CONFIG,
        "GuardrailRaisedException": _K.SAFETY_REFUSED,
        "JSONSchemaValidationError": _K.OUTPUT_MALFORMED,
        "ModelNotMappedError": _K.INTERNAL,
        "ModifyResponseException": _K.SAFETY_REFUSED,
        "NoPythonImplementationError": _K.INTERNAL,
        "OidcPathNotAllowedError": _K.AUTH_CONFIG,
        "RawRequestCaptured": _K.INTERNAL,
        "ResponsesWsFrameRejection": _K.INTERNAL,
        "SSRFError": _K.INTERNAL,
        "SensitiveDataRouteException": _K.SAFETY_REFUSED,
        "StreamClosed": _K.CANCELLED,
        "Timeout": _K.TIMEOUT_FIRST_BYTE,
        "ToolLoopMaxRoundsExceeded": _K.TOOL_FAILED,
        "UnsupportedContentTypeError": _K.INPUT_UNSUPPORTED,
    },
    bare={"OpenAIError": _K.AUTH_CONFIG},
    kind_of=_kind_of,
    sure={
        "BudgetExceededError": _K.QUOTA_BILLING,
        "ContentPolicyViolationError": _K.SAFETY_REFUSED,
        "ContextWindowExceededError": _K.INPUT_TOO_LONG,
        "LiteLLMUnknownProvider": _K.AUTH_CONFIG,
        "PaymentRequiredError": _K.QUOTA_BILLING,
        "RejectedRequestError": _K.SAFETY_REFUSED,
        "RouterRateLimitError": _K.RATE_SHARED,
        "RouterRateLimitErrorBasic": _K.RATE_SHARED,
    },
)
