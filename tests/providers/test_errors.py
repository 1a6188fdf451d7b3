"""What the exceptions of each vendor mean: by class, code, status and body; and those that no rule knows."""

from __future__ import annotations

import importlib.machinery
import json
import sys
import types

import pytest

from fallbackkit import Pipeline, Retry
from fallbackkit.providers import classify, unmapped
from fallbackkit.testing import FakeClock, Script
from tests.providers.forms import Thing, error, of


def aws(code, status=400, message=""):
    """An error of botocore's for a code."""
    said = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return error("botocore.exceptions.ClientError", response=said)


def grpc(name):
    """An error of gRPC's for a status code."""
    return error(
        "grpc.aio._call.AioRpcError",
        of("grpc.RpcError", Exception),
        code=lambda: Thing(name=name),
        details=lambda: "no",
    )


def google(code, status, *details):
    """An error of google-genai's."""
    body = {"error": {"code": code, "status": status, "details": list(details)}}
    return error("google.genai.errors.ClientError", code=code, status=status, details=body)


def within(cause, path, *bases, **facts):
    """An exception raised from another one."""
    outer = error(path, *bases, **facts)
    outer.__cause__ = cause
    return outer


def fetched(status, body, package="httpx"):
    """What ``raise_for_status`` raises."""
    response = Thing(status_code=status, _content=json.dumps(body).encode(), headers={})
    return error(f"{package}.HTTPStatusError", response=response)


DAILY = {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}
BAD = of("openai.BadRequestError", of("openai.APIError", of("openai.OpenAIError", Exception)))
ROWS = [
    ("provider.5xx", error("openai.APIError")),
    ("connection.upstream", error("openai.WebSocketConnectionClosedError")),
    ("auth.config", error("groq.GroqError")),
    ("quota.billing", error("anthropic.ContractSpendLimitReachedError", status_code=429)),
    (
        "quota.billing",
        error(
            "anthropic.BadRequestError",
            Exception,
            status_code=400,
            body={"error": {"message": "Your credit balance is too low."}},
        ),
    ),
    ("auth.config", error("anthropic.WorkloadIdentityError")),
    ("auth.config", TypeError('"Could not resolve authentication method. Expected one of api_key …"')),
    ("provider.5xx", RuntimeError("Expected to have received `response.created` before `error`")),
    ("input.too_long", error("litellm.exceptions.ContextWindowExceededError", status_code=400)),
    ("safety.refused", error("litellm.exceptions.ContentPolicyViolationError", status_code=400)),
    ("quota.billing", error("litellm.exceptions.BudgetExceededError", status_code=400)),
    ("rate.shared", error("litellm.types.router.RouterRateLimitError", ValueError)),
    ("timeout.first_byte", error("litellm.exceptions.Timeout")),
    (
        "connection.upstream",
        within(error("httpx.ConnectError"), "litellm.exceptions.InternalServerError", status_code=500),
    ),
    ("provider.5xx", within(KeyError("x"), "litellm.exceptions.InternalServerError", status_code=500)),
    (
        "rate.shared",
        error(
            "litellm.exceptions.MidStreamFallbackError",
            status_code=503,
            original_exception=error("x.Y", status_code=429),
        ),
    ),
    (
        "connection.upstream",
        of("litellm.exceptions.MidStreamFallbackError", Exception)(
            "litellm.APIConnectionError: OpenAIException - Stream ended before a finish_reason was received"
        ),
    ),
    ("provider.5xx", error("litellm.secret_managers.main.GoogleMetadataStatusError", ValueError, status_code=503)),
    (
        "rate.shared",
        error(
            "langchain_openai.chat_models.base.OpenAIRateLimitError",
            of("openai.RateLimitError", Exception),
            status_code=429,
        ),
    ),
    (
        "input.too_long",
        error(
            "langchain_openai.X", BAD, of("langchain_core.exceptions.ContextOverflowError", Exception), status_code=400
        ),
    ),
    ("provider.5xx", error("langchain_core.exceptions.ModelNewsError", is_retryable=True)),
    ("safety.refused", error("langchain_core.exceptions.ModelRefusalError", is_retryable=False)),
    ("output.malformed", error("langchain_core.exceptions.OutputParserException", ValueError)),
    ("tool.failed", error("langchain_core.tools.base.ToolException")),
    ("quota.billing", error("pydantic_ai.exceptions.ModelQuotaExceededError", status_code=429)),
    ("input.too_long", error("pydantic_ai.exceptions.ModelContextWindowExceededError", status_code=400)),
    ("provider.overloaded", error("pydantic_ai.exceptions.ModelOverloadedError")),
    ("rate.shared", error("pydantic_ai.exceptions.ModelHTTPError", status_code=429)),
    (
        "quota.billing",
        error("pydantic_ai.exceptions.ModelHTTPError", status_code=429, provider_error_code="insufficient_quota"),
    ),
    ("output.malformed", error("pydantic_ai.exceptions.UnexpectedModelBehavior")),
    ("output.empty", of("pydantic_ai.exceptions.UnexpectedModelBehavior", Exception)("Received empty model response")),
    ("output.truncated", error("pydantic_ai.exceptions.OutputTokenLimitExceeded")),
    ("timeout.first_byte", error("pydantic_ai.exceptions.ModelTimeoutError")),
    ("output.malformed", within(json.JSONDecodeError("x", "{", 0), "pydantic_ai.exceptions.ModelAPIError")),
    ("internal", error("pydantic_ai.exceptions.UserError", RuntimeError)),
    ("quota.billing", fetched(429, {"error": {"code": "insufficient_quota"}})),
    ("input.too_long", fetched(400, {"error": {"message": "This model's maximum context length is 5 tokens."}})),
    ("connection.upstream", error("requests.exceptions.ChunkedEncodingError", OSError)),
    ("internal", error("requests.exceptions.MissingSchema", ValueError)),
    ("internal", error("httpx.LocalProtocolError")),
    (
        "timeout.first_byte",
        error(
            "aiohttp.client_exceptions.SocketTimeoutError",
            of("aiohttp.ServerTimeoutError", of("aiohttp.ClientConnectionError", Exception)),
        ),
    ),
    (
        "connection.upstream",
        within(
            error("aiohttp.http_exceptions.HttpProcessingError", code=400), "aiohttp.ClientResponseError", status=400
        ),
    ),
    ("provider.5xx", error("aiohttp.client_exceptions.ContentTypeError", status=200)),
    ("provider.5xx", json.JSONDecodeError("x", "<html>login</html>", 0)),
    ("rate.shared", aws("ThrottlingException", 429)),
    ("timeout.first_byte", aws("ModelTimeoutException", 408)),
    ("provider.5xx", aws("ModelErrorException", 424)),
    ("auth.config", aws("AccessDeniedException", 403)),
    ("quota.billing", aws("ServiceQuotaExceededException")),
    ("internal", aws("ValidationException")),
    ("input.too_long", aws("ValidationException", message="Input is too long for requested model.")),
    ("auth.config", error("botocore.exceptions.NoCredentialsError")),
    ("provider.overloaded", grpc("UNAVAILABLE")),
    ("rate.shared", grpc("RESOURCE_EXHAUSTED")),
    ("timeout.first_byte", grpc("DEADLINE_EXCEEDED")),
    ("provider.5xx", grpc("NEWS")),
    ("rate.shared", google(429, "RESOURCE_EXHAUSTED")),
    ("quota.billing", google(429, "RESOURCE_EXHAUSTED", DAILY)),
    ("auth.config", google(400, "INVALID_ARGUMENT", {"reason": "API_KEY_INVALID"})),
    ("auth.config", google(400, "FAILED_PRECONDITION")),
    ("internal", google(400, "INVALID_ARGUMENT")),
    ("provider.5xx", error("ollama._types.ResponseError", status_code=-1)),
    ("rate.shared", error("cohere.core.api_error.ApiError", status_code=429, headers={}, body={"message": "no"})),
    ("quota.billing", error("mistralai.client.errors.SDKError", status_code=402, body='{"message": "no"}')),
]


@pytest.mark.parametrize(
    ("kind", "raised"), ROWS, ids=[f"{type(raised).__module__}.{type(raised).__name__}" for _, raised in ROWS]
)
def test_an_exception_of_a_vendor_gives_its_kind(kind, raised):
    """The class counts before the status only where it says more."""
    failure = classify(raised)
    assert (kind, None) == (failure.kind, failure.gap)


@pytest.mark.parametrize(
    "raised", [KeyError("x"), TypeError(), ValueError("x"), RuntimeError(), Exception(), RecursionError()]
)
def test_a_bug_is_known_for_one(raised):
    """Python's own errors are ours, and no gap in the table."""
    failure = classify(raised)
    assert ("internal", None) == (failure.kind, failure.gap)


def test_an_error_that_wraps_itself_is_still_judged():
    """By what it says itself."""
    raised = error("litellm.exceptions.InternalServerError", status_code=500)
    raised.__dict__["original_exception"] = raised
    assert "provider.5xx" == classify(raised).kind


def test_a_class_that_no_rule_knows_is_a_gap():
    """The innermost such class is named; what is known further out or in leaves none."""
    unknown = error("news.core.NewsError")
    assert "news.core.NewsError" == classify(unknown).gap
    assert "news.core.NewsError" == classify(within(unknown, "news.OuterError")).gap
    assert "news.OuterError" == classify(within(ValueError(), "news.OuterError")).gap
    assert None is classify(within(TimeoutError(), "news.OuterError")).gap
    assert None is classify(error("news.core.NewsError", status_code=400)).gap
    assert None is classify(error("news.core.NewsError", failure_kind="internal")).gap
    assert "unnamed" == classify(error("news.<b>'E'</b>")).gap


def stumble(module, code, **names):
    """What ``code`` raises as a line of a package's module."""
    namespace = {"__name__": module, **names}
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is
        exec(code, namespace)  # noqa: S102 - it has to be raised there
    return caught.value


@pytest.mark.parametrize(
    ("kind", "module", "code"),
    [
        ("provider.5xx", "openai.lib", "[][0]"),
        ("provider.5xx", "langchain_openai.base", "for x in None: pass"),
        ("provider.5xx", "pydantic_ai.models", "{}['choices']"),
        ("output.malformed", "openai._streaming", "b'\\xff'.decode()"),
        ("rate.shared", "langchain_openai.base", "raise ValueError({'message': 'no', 'code': 'rate_limit_exceeded'})"),
        ("rate.shared", "langchain_openai.base", "raise ValueError('rate_limit_exceeded: no')"),
        ("output.empty", "langchain_core.models", "raise ValueError('No generation chunks were returned')"),
        ("internal", "openai.lib", "raise TypeError('Missing required arguments')"),
        ("internal", "requests.models", "[][0]"),
        ("internal", "app", "[][0]"),
        ("internal", "app", "raise ValueError('rate_limit_exceeded: no')"),
        ("internal", "app", "b'\\xff'.decode()"),
    ],
)
def test_an_sdk_that_stumbles_says_that_the_answer_was_bad(kind, module, code):
    """The same error in the application is a bug, and so is an argument that the SDK refuses."""
    assert kind == classify(stumble(module, code)).kind


def test_what_the_provider_forbids_is_not_asked_again():
    """``x-should-retry: false`` beside a status that may pass."""
    clock = FakeClock()
    forbidden = error("x.APIError", status_code=503, response=Thing(headers={"x-should-retry": "false"}))
    outcome = Pipeline(Retry(attempts=3), clock=clock).outcome(Script(forbidden, "Five days.", clock=clock))
    assert (1, "not_retryable") == (len(outcome.trail[0].attempts), outcome.failure.stopped_by)
    allowed = error("x.APIError", status_code=503, response=Thing(headers={"x-should-retry": "true"}))
    assert "Five days." == Pipeline(Retry(), clock=clock).outcome(Script(allowed, "Five days.", clock=clock)).text


def test_what_is_not_known_is_listed(monkeypatch):
    """What a package holds, and not what only bears its name; nothing of a package that is not there."""
    module = types.ModuleType("newsdk")
    module.__spec__ = importlib.machinery.ModuleSpec("newsdk", None)
    monkeypatch.setitem(sys.modules, "newsdk", module)
    held = [
        of("newsdk.NewsError", RuntimeError),
        of("newsdk.NewsTimeout", TimeoutError),
        of("newsdk._Private", Exception),
        of("newsdk.NewsWarning", UserWarning),
        type("TwoBases", (RuntimeError, PermissionError), {"__module__": "newsdk"}),
        type("TwoBasesKnown", (RuntimeError, TimeoutError), {"__module__": "newsdk"}),
        type("Strict", (Exception,), {"__module__": "newsdk", "__init__": lambda self, a, b: None}),
    ]
    for each in held:
        setattr(module, each.__name__, each)
    module.NewsError.Inner = type("Inner", (Exception,), {"__module__": "newsdk", "__qualname__": "NewsError.Inner"})
    stand_ins = [of("newsdk.NewsError", Exception), of("newsdk.Imagined", Exception), of("newsdk.gone.Lost", Exception)]
    assert ["newsdk.NewsError", "newsdk.NewsError.Inner", "newsdk.Strict", "newsdk.TwoBases"] == unmapped("newsdk")
    assert [] == unmapped("no_such_sdk")
    assert stand_ins
