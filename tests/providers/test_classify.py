from __future__ import annotations

import asyncio
import concurrent.futures
import email.message
import io
import json
import socket
import urllib.error
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import pybreaker
import pytest
import tenacity
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from fallbackkit._outcome import Answer, Ticket
from fallbackkit.errors import (
    BulkheadFull,
    CircuitOpen,
    DeadlineExceeded,
    Failure,
    FailureKind,
    FallbackExhausted,
    InvalidAnswer,
    LowConfidence,
    QueueFull,
    ReviewPending,
)
from fallbackkit.providers import classify

NOW = 1_800_000_000.0
WEEK = 7 * 86400
SECRET = "sk-planted-0123456789"


def raised(call: Any) -> BaseException:
    """The error that ``call`` raises."""
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - whatever it is
        call()
    return caught.value


class Person(BaseModel):
    age: int


class Foreign(Exception):
    """An SDK's error: a class of another package with the attributes given."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(SECRET)
        self.__dict__.update(attributes)


@dataclass
class Response:
    headers: Any = None
    status_code: Any = None


def from_(inner: BaseException) -> BaseException:
    """An application's own error, raised from another one."""
    outer = RuntimeError("ours")
    outer.__cause__ = inner
    return outer


def http_error(status: int, **headers: str) -> urllib.error.HTTPError:
    """The standard library's error for a status."""
    named = email.message.Message()
    for name, value in headers.items():
        named[name.replace("_", "-")] = value
    return urllib.error.HTTPError("http://localhost", status, "no", named, io.BytesIO())


def opened_breaker() -> None:
    """A call through pybreaker's own open breaker."""
    breaker = pybreaker.CircuitBreaker(fail_max=1)
    breaker.open()
    breaker.call(dict)


def retried() -> None:
    """A call that tenacity has given up, wrapped in its RetryError."""
    tenacity.Retrying(stop=tenacity.stop_after_attempt(1))(lambda: socket.create_connection(("127.0.0.1", 0)))


ERRORS: list[tuple[str, BaseException]] = [
    ("timeout.first_byte", TimeoutError()),
    ("timeout.first_byte", concurrent.futures.TimeoutError()),
    ("timeout.first_byte", DeadlineExceeded("x", 20)),
    ("connection.upstream", ConnectionRefusedError()),
    ("connection.upstream", socket.gaierror()),
    ("connection.upstream", OSError(101, "unreachable")),
    ("connection.upstream", asyncio.IncompleteReadError(b"", 1)),
    ("connection.upstream", urllib.error.URLError("x")),
    ("connection.upstream", raised(retried)),
    ("output.malformed", raised(lambda: json.loads("{"))),
    ("output.malformed", raised(lambda: Person.model_validate({"age": "old"}))),
    ("circuit.open", CircuitOpen("x")),
    ("circuit.open", raised(opened_breaker)),
    ("provider.overloaded", BulkheadFull("x")),
    ("human.unavailable", QueueFull("x")),
    ("quality.low_confidence", LowConfidence("x")),
    ("output.malformed", InvalidAnswer("x")),
    ("output.malformed", InvalidAnswer("x", Answer(text="x"))),
    ("output.truncated", InvalidAnswer("x", Answer(text="x", finish_reason="length"))),
    ("fallback.exhausted", FallbackExhausted("x", [ValueError()])),
    ("fallback.exhausted", ReviewPending("x", Ticket(id="1"))),
    ("cancelled", asyncio.CancelledError()),
    ("cancelled", KeyboardInterrupt()),
    ("internal", ValueError("429 rate limit")),
    ("internal", FileNotFoundError()),
    ("internal", AttributeError("choices")),
    ("internal", raised(lambda: "text".parsed)),  # type: ignore[attr-defined]
    ("rate.shared", http_error(429)),
    ("provider.5xx", http_error(520)),
    ("internal", http_error(418)),
    ("provider.overloaded", Foreign(status_code=200, type="overloaded_error")),
    ("rate.shared", Foreign(status_code=200, body={"type": "error", "error": {"type": "rate_limit_error"}})),
    ("quota.billing", Foreign(status_code=429, type="billing_error")),
    ("rate.shared", Foreign(code=429, status="RESOURCE_EXHAUSTED")),
    ("provider.5xx", Foreign(response=Response(status_code=503))),
    ("provider.5xx", Foreign(type="api_error")),
    ("internal", Foreign(status_code=True)),
    ("timeout.first_byte", from_(TimeoutError())),
    ("circuit.open", from_(CircuitOpen("x"))),
    ("connection.upstream", ExceptionGroup("tasks", [ConnectionResetError(), ValueError()])),
]


@pytest.mark.parametrize(
    ("kind", "error"), ERRORS, ids=lambda value: value if isinstance(value, str) else type(value).__name__
)
def test_an_error_gives_its_kind(kind, error) -> None:
    """Whoever raised it: Python, an HTTP library, an SDK, tenacity, pybreaker or fallbackkit."""
    failure = classify(error)
    assert kind == failure.kind
    assert failure.error is error


@pytest.mark.parametrize("kind", FailureKind)
def test_an_application_may_state_the_kind(kind) -> None:
    """An error with ``failure_kind`` is believed before its class, and through ``raise ... from`` too."""

    class Stated(TimeoutError):
        failure_kind = str(kind)

    assert kind == classify(Stated()).kind
    assert kind == classify(from_(Stated())).kind


def test_a_stated_kind_that_does_not_exist_is_ignored() -> None:
    """The rest of the error is looked at then."""
    for stated in ("no.such.kind", None, 7, [], FailureKind):
        assert classify(Foreign(failure_kind=stated, status_code=500)).kind == "provider.5xx"


def test_facts_of_our_own_errors_are_kept() -> None:
    """The limit that passed, the wait until the circuit may close, and one failure a rung."""
    assert classify(DeadlineExceeded("x", 20)).limit == 20
    assert classify(CircuitOpen("x", 40)).retry_after == 40
    exhausted = classify(FallbackExhausted("x", [TimeoutError(), FallbackExhausted("y", [ValueError()])]))
    assert [step.kind for step in exhausted.steps] == ["timeout.first_byte", "fallback.exhausted"]
    assert [step.kind for step in exhausted.steps[1].steps] == ["internal"]


@pytest.mark.parametrize(
    ("wait", "error"),
    [
        (7.0, http_error(503, Retry_After="7")),
        (0.25, http_error(429, Retry_After="7", retry_after_ms="250")),
        (90.0, http_error(429, Retry_After=formatdate(NOW + 90, usegmt=True))),
        (None, http_error(429, Retry_After=formatdate(NOW - 90, usegmt=True))),
        (WEEK, http_error(429, Retry_After="99999999999")),
        (None, http_error(429, Retry_After="-1")),
        (None, http_error(429, Retry_After="nan")),
        (None, http_error(429, Retry_After="1e400")),
        (None, http_error(429, Retry_After="Mon, 99 Foo 2026")),
        (None, http_error(429, Retry_After="")),
        (3.0, Foreign(litellm_response_headers={"Retry-After": "3"}, response=Response(headers={}))),
        (4.0, Foreign(headers={"retry-after": 4})),
        (5.5, Foreign(retry_after=5.5)),
        (None, Foreign(retry_after=-5.5)),
        (None, Foreign(retry_after=float("nan"))),
        (None, Foreign(retry_after=True)),
        (9.0, from_(Foreign(retry_after=9))),
    ],
)
def test_retry_after_is_read_wherever_it_stands(wait, error) -> None:
    """In seconds, milliseconds or as a date; what makes no sense counts as not said."""
    assert wait == classify(error, now=NOW).retry_after


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (None, "Five days."),
        (None, "<b>Five days.</b>"),
        (None, Answer(text="<html></html>")),
        (None, Answer(text="", data={})),
        (None, 0),
        (None, False),
        (None, {}),
        (None, {"error": {"message": "a row of the user's own"}, "rows": []}),
        (None, {"choices": ["red", "green"]}),
        (None, Person(age=3)),
        ("output.empty", None),
        ("output.empty", ""),
        ("output.empty", " \n"),
        ("output.empty", Answer(text=" ")),
        ("safety.refused", Answer(text="x", finish_reason="SAFETY")),
        ("output.truncated", Answer(text="x", finish_reason="max_tokens")),
        ("provider.5xx", "\n<!DOCTYPE html><html>"),
        ("provider.5xx", "<html lang='en'>"),
        ("provider.5xx", {"choices": [], "object": "chat.completion"}),
        ("provider.overloaded", {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}),
    ],
)
def test_a_value_is_a_failure_only_if_it_cannot_be_used(kind, value) -> None:
    """What user code returns on purpose is never refused for its form."""
    failure = classify(value)
    assert kind == (failure.kind if failure else None)


class Trap:
    """An object on which everything raises."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(SECRET)

    def __bool__(self) -> bool:
        raise RuntimeError(SECRET)

    def __str__(self) -> str:
        raise RuntimeError(SECRET)


class TrapError(Exception):
    """An error of which every attribute raises."""

    def __getattribute__(self, name: str) -> Any:
        raise KeyError(SECRET)

    def __str__(self) -> str:
        raise KeyError(SECRET)


@dataclass
class Loose:
    """An object with any attributes, also as ``.response``, ``.body`` or a choice."""

    attributes: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["attributes"][name]
        except KeyError:
            raise AttributeError(name) from None


NAMES = (
    "status_code",
    "status",
    "code",
    "type",
    "body",
    "error",
    "message",
    "response",
    "headers",
    "retry_after",
    "litellm_response_headers",
    "limit",
    "failure_kind",
    "choices",
    "content",
    "refusal",
    "finish_reason",
    "usage",
    "logprobs",
    "tool_calls",
    "parsed",
    "logprob",
    "prompt_tokens",
    "model",
    "text",
)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([SECRET, "length", "insufficient_quota", "429", 503, 10**400, "\ud800", b"x"])
    | st.builds(Trap)
)
things = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
        | st.builds(Loose, st.dictionaries(st.sampled_from(NAMES), inner, max_size=4))
    ),
    max_leaves=8,
)


@given(attributes=st.dictionaries(st.sampled_from(NAMES), things, max_size=6), cause=st.none() | st.builds(TrapError))
def test_any_error_gives_a_failure_without_its_text(attributes, cause) -> None:
    """Whatever its attributes hold or raise: always a kind, a sane wait, and nothing of it serialised."""
    error = Foreign(**attributes)
    error.__cause__ = cause
    failure = classify(error)
    assert isinstance(failure, Failure)
    assert failure.error is error
    assert failure.retry_after is None or 0 <= failure.retry_after <= WEEK
    assert SECRET not in failure.model_dump_json() + repr(failure)


@given(value=things)
def test_any_value_is_judged_without_an_error(value) -> None:
    """A value that cannot even be looked at is still answered with a failure or None."""
    failure = classify(value)
    assert failure is None or SECRET not in failure.model_dump_json() + repr(failure)


def test_one_attribute_that_raises_does_not_hide_the_others() -> None:
    """The status is still read."""

    class Guarded(Exception):
        status_code = 503

        @property
        def response(self) -> object:
            raise RuntimeError(SECRET)

    assert classify(Guarded()).kind == "provider.5xx"


def test_an_error_that_defends_itself_is_internal() -> None:
    """Nothing can be learned from it, and it is still the failure's error."""
    error = TrapError()
    failure = classify(error)
    assert failure.kind == "internal"
    assert failure.error is error


def test_a_validation_error_of_another_package_is_not_malformed_output() -> None:
    """The name alone is too common to go by."""
    other = type("ValidationError", (Exception,), {"__module__": "forms"})
    assert classify(other()).kind == "internal"
