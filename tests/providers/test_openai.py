"""OpenAI's own client against a provider that misbehaves on a real socket."""

from __future__ import annotations

import importlib.util
import json
import socket
from email.utils import formatdate
from math import isclose
from typing import TYPE_CHECKING, Any

import httpx2
import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from fallbackkit._outcome import Usage
from fallbackkit.errors import Failure
from fallbackkit.providers import classify, read, unmapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.providers.conftest import Provider

NOW = 1_800_000_000.0
SECRET = "sk-planted-0123456789"
WEEK = 7 * 86400
ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "How?"}]}


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture(scope="module")
def client(provider: Provider) -> Iterator[openai.OpenAI]:
    """OpenAI's client, without its own retries."""
    with openai.OpenAI(base_url=provider.url, api_key=SECRET, max_retries=0, timeout=5) as opened:
        yield opened


def asked(client: openai.OpenAI, **more: Any) -> object:
    """What user code sees: the value returned or the error raised."""
    try:
        return client.chat.completions.create(**ASK, **more)
    except Exception as error:  # noqa: BLE001 - the error is what is looked at
        return error


def parsed(client: openai.OpenAI) -> object:
    """The same with a schema."""
    try:
        return client.chat.completions.parse(**ASK, response_format=Person)
    except Exception as error:  # noqa: BLE001 - the error is what is looked at
        return error


def error(code: str | None = None, type_: str | None = None, message: str = SECRET) -> dict[str, Any]:
    """A provider's error body, with a secret in its text."""
    return {"error": {"message": message, "code": code, "type": type_, "param": None}}


STATUS_ROWS: list[tuple[str, int, dict[str, Any], dict[str, str], float | None]] = [
    ("rate.shared", 429, error("rate_limit_exceeded", "requests"), {"retry_after": "7"}, 7),
    ("rate.shared", 429, error("rate_limit_exceeded", "requests"), {"retry_after_ms": "300"}, 0.3),
    ("rate.shared", 429, error("rate_limit_exceeded", "requests"), {"retry_after": "3600"}, 3600),
    ("rate.shared", 429, error("rate_limit_exceeded", "requests"), {"retry_after": formatdate(NOW + 90)}, 90),
    ("rate.shared", 429, error("rate_limit_exceeded", "requests"), {}, None),
    ("rate.shared", 429, error(), {"retry_after": "soon"}, None),
    ("quota.billing", 429, error("insufficient_quota", "insufficient_quota"), {}, None),
    ("input.too_long", 400, error("context_length_exceeded", "invalid_request_error"), {}, None),
    ("input.too_long", 400, error(None, "invalid_request_error", "prompt is too long: 9 tokens > 5"), {}, None),
    ("input.too_long", 400, error(None, "exceed_context_size_error"), {}, None),
    ("safety.refused", 400, error("content_filter"), {}, None),
    ("internal", 400, error("unknown_parameter", "invalid_request_error"), {}, None),
    ("auth.config", 400, error("invalid_api_key", "invalid_request_error"), {}, None),
    ("auth.config", 401, error("invalid_api_key", "invalid_request_error"), {}, None),
    ("quota.billing", 402, error("402", "billing"), {}, None),
    ("auth.config", 403, error("unsupported_country_region_territory", "request_forbidden"), {}, None),
    ("auth.config", 404, error("model_not_found", "invalid_request_error"), {}, None),
    ("timeout.first_byte", 408, error(None, "server_error"), {}, None),
    ("provider.5xx", 409, error(None, "server_error"), {}, None),
    ("input.too_long", 413, error(None, "invalid_request_error"), {}, None),
    ("internal", 422, error(None, "invalid_request_error"), {}, None),
    ("provider.5xx", 500, error(None, "server_error"), {}, None),
    ("provider.5xx", 503, error(None, "server_error"), {"retry_after": "12.5"}, 12.5),
    ("provider.overloaded", 503, error(None, "server_error", "The engine is overloaded"), {}, None),
    ("timeout.first_byte", 504, error(None, "server_error"), {}, None),
    ("provider.overloaded", 529, error(None, "overloaded_error"), {"retry_after": "-3"}, None),
]


@pytest.mark.parametrize(("kind", "status", "body", "headers", "wait"), STATUS_ROWS)
def test_an_error_status_gives_its_kind(provider, client, *, kind, status, body, headers, wait) -> None:
    """The code and type come first, then the status; Retry-After counts on any of them."""
    provider.say(body, status, **headers)
    raised = asked(client)
    failure = classify(raised, now=NOW)
    assert failure is not None
    assert (kind, wait) == (failure.kind, failure.retry_after)
    assert failure.error is raised
    assert SECRET not in failure.model_dump_json() + repr(failure)


BODY_ROWS: list[tuple[str | None, dict[str, Any]]] = [
    (None, {"message": {"content": "Five days."}}),
    (None, {"message": {"content": "I don't know."}}),
    (None, {"message": {"content": '{"name": "x", "age": "not-a-number"'}}),
    (None, {"message": {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f"}}]}}),
    ("safety.refused", {"message": {"content": None, "refusal": "I'm sorry, I can't help with that."}}),
    ("safety.refused", {"message": {"content": ""}, "finish_reason": "content_filter"}),
    ("output.empty", {"message": {"content": ""}}),
    ("output.empty", {"message": {"content": " \n\t"}}),
    ("output.empty", {"message": {"content": None}}),
    ("output.truncated", {"message": {"content": "The answ"}, "finish_reason": "length"}),
    ("provider.5xx", {"message": {"content": "The answ"}, "finish_reason": "error"}),
]


@pytest.mark.parametrize(("kind", "choice"), BODY_ROWS)
def test_a_bad_200_is_a_failure_of_the_answer(provider, client, kind, choice) -> None:
    """Empty, refused, filtered and cut-off answers are told from good ones, read or not."""
    provider.answer(**choice)
    completion = asked(client)
    for value in (completion, read(completion), completion.model_dump()):
        failure = classify(value)
        assert kind == (failure.kind if failure else None)


NO_COMPLETION_ROWS: list[tuple[str, Any]] = [
    ("provider.5xx", {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": []}),
    ("provider.5xx", {"error": {"message": SECRET, "code": 502}}),
    ("rate.shared", {"error": {"message": SECRET, "code": 429}}),
    ("quota.billing", {"error": {"message": SECRET, "type": "insufficient_quota"}}),
]


@pytest.mark.parametrize(("kind", "body"), NO_COMPLETION_ROWS)
def test_a_200_without_choices_is_the_provider_failing(provider, client, kind, body) -> None:
    """An error body under a 200, which the client hands over as a completion, gives its own kind."""
    provider.say(body)
    value = asked(client)
    assert not isinstance(value, Exception)
    assert kind == classify(value).kind
    assert kind == classify(body).kind
    assert SECRET not in classify(value).model_dump_json()


def test_a_page_under_a_200_is_the_provider_failing(provider, client) -> None:
    """The client returns the HTML of a login page as a string; reading ``.choices`` of it fails too."""
    provider.send(b"<html><body>login</body></html>", "text/html")
    page = asked(client)
    assert isinstance(page, str)
    assert classify(page).kind == "provider.5xx"
    with pytest.raises(AttributeError) as caught:
        page.choices  # noqa: B018 - what user code does with it
    assert classify(caught.value).kind == "provider.5xx"


def test_a_page_under_a_502_is_the_provider_failing(provider, client) -> None:
    """The body of the error is then a string, not a dict."""
    provider.send(b"<html>Bad gateway</html>", "text/html", status=502)
    assert classify(asked(client)).kind == "provider.5xx"


@pytest.mark.parametrize("body", [b'{"id": ', b""])
def test_a_200_that_is_not_json_is_malformed(provider, client, body) -> None:
    """The client lets the JSON decoder's error through."""
    provider.send(body)
    assert classify(asked(client)).kind == "output.malformed"


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("timeout.first_byte", {"status": None, "held": True}),
        ("timeout.first_byte", {"status": 200, "held": True, "sent": 5}),
        ("connection.upstream", {"status": None}),
        ("connection.upstream", {"status": 200, "sent": 5}),
    ],
)
def test_silence_and_breaks_are_told_apart(provider, client, kind, changes) -> None:
    """A provider that hangs is a time-out, one that hangs up a broken connection; before or in the body."""
    provider.answer({"content": "Five days."})
    provider.reply = provider.reply._replace(**changes)
    assert kind == classify(asked(client, timeout=0.2)).kind


def test_a_refused_connection_is_upstream() -> None:
    """Nothing listens on the port."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}/v1"
        with openai.OpenAI(base_url=url, api_key="k", max_retries=0) as client:
            failure = classify(asked(client))
    assert failure.kind == "connection.upstream"


def test_a_missing_key_is_a_setup_problem(monkeypatch) -> None:
    """The client refuses to be built."""
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(openai.OpenAIError) as caught:
        openai.OpenAI()
    assert classify(caught.value).kind == "auth.config"


@pytest.mark.parametrize(("kind", "type_"), [("provider.5xx", "server_error"), ("provider.overloaded", "overloaded")])
def test_an_error_inside_a_stream_gives_its_kind(provider, client, kind, type_) -> None:
    """It has no status: the type alone says what it is."""
    event = f"data: {json.dumps(error(None, type_))}\n\n".encode()
    provider.send(event, "text/event-stream")
    with pytest.raises(openai.APIError) as caught:
        list(asked(client, stream=True))
    assert kind == classify(caught.value).kind


@pytest.mark.parametrize(
    ("kind", "choice"),
    [
        ("output.malformed", {"message": {"content": '{"name": "x", "age": "old"}'}}),
        ("output.truncated", {"message": {"content": '{"name"'}, "finish_reason": "length"}),
        ("safety.refused", {"message": {"content": ""}, "finish_reason": "content_filter"}),
        ("safety.refused", {"message": {"content": None, "refusal": "No."}}),
    ],
)
def test_parse_failures_give_their_kind(provider, client, kind, choice) -> None:
    """``parse`` raises for three of them and returns a refusal."""
    provider.answer(**choice)
    assert kind == classify(parsed(client)).kind


def test_a_completion_is_read_whole(provider, client) -> None:
    """Text, model, usage and finish reason arrive; without log probabilities there is no score."""
    provider.answer({"content": "Five days."})
    answer = read(asked(client))
    assert ("Five days.", "m-1", "stop", None, None) == (
        answer.text,
        answer.model,
        answer.finish_reason,
        answer.score,
        answer.score_basis,
    )
    assert Usage(input_tokens=11, output_tokens=7) == answer.usage


def test_parsed_data_is_read(provider, client) -> None:
    """The object of the schema becomes the answer's data."""
    provider.answer({"content": '{"name": "Ada", "age": 36}'})
    assert Person(name="Ada", age=36) == read(parsed(client)).data


@pytest.mark.parametrize(
    ("score", "probabilities"),
    [(0.6, [-0.10536051565782628, -0.916290731874155]), (1.0, [0.0]), (None, []), (None, [0.5]), (None, [None])],
)
def test_the_score_is_the_geometric_mean_of_the_token_probabilities(provider, client, score, probabilities) -> None:
    """0.9 and 0.4 give 0.6; none, or what cannot be one, gives no score."""
    tokens = [{"token": "a", "logprob": each, "top_logprobs": []} for each in probabilities]
    provider.answer({"content": "Five days."}, logprobs={"content": tokens})
    answer = read(asked(client))
    assert (None if score is None else "model_said") == answer.score_basis
    assert answer.score is score or isclose(answer.score, score)


@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        ("timeout.first_byte", httpx2.ReadTimeout("x")),
        ("timeout.first_byte", httpx2.ConnectTimeout("x")),
        ("connection.upstream", httpx2.ConnectError("x")),
        ("connection.upstream", httpx2.RemoteProtocolError("x")),
        (
            "rate.shared",
            httpx2.HTTPStatusError(
                "x", request=httpx2.Request("POST", "http://localhost"), response=httpx2.Response(429)
            ),
        ),
    ],
)
def test_errors_of_the_http_client_give_their_kind(kind, raised) -> None:
    """Those that a stream lets through, and those of code that calls a provider without an SDK."""
    assert kind == classify(raised).kind


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.just(SECRET),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
error_bodies = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("error", "choices", "message", "code", "type", "object", "usage"), json_values)
)
header_texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30) | st.just(SECRET)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    status=st.sampled_from([200, 400, 401, 404, 408, 418, 429, 451, 500, 503, 520, 529, 599]),
    body=st.binary(max_size=40) | st.builds(lambda value: json.dumps(value).encode(), error_bodies | json_values),
    wait=header_texts,
    wait_ms=header_texts,
)
def test_any_reply_is_classified_and_nothing_of_it_is_kept(provider, client, *, status, body, wait, wait_ms) -> None:
    """Whatever a provider sends: no error of ours, always a kind, and no text of it in what is serialised."""
    provider.send(body, status=status, retry_after=wait, retry_after_ms=wait_ms)
    value = asked(client)
    failure = classify(value)
    assert isinstance(value, Exception) <= isinstance(failure, Failure)
    if failure is not None:
        assert SECRET not in failure.model_dump_json() + repr(failure)
        assert failure.retry_after is None or 0 <= failure.retry_after <= WEEK


@pytest.mark.parametrize("package", ["openai", "httpx", "httpx2"])
def test_every_exception_class_of_the_installed_packages_is_known(package):
    """A new version may bring one; it then needs a kind. The SDKs that are not installed here are asked in `real`."""
    assert importlib.util.find_spec(package)
    assert [] == unmapped(package)
