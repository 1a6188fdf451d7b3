"""How long a provider asks to be left alone, in every form in which it says so."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallbackkit.providers import classify
from tests.providers.forms import Thing, error

NOW = 1_800_000_000.0
WEEK = 7 * 86400
RESETS = {"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-reset-tokens": "1.5s"}


def answered(status, headers, **facts):
    """An SDK's error for a status with these headers."""
    return error("x.APIStatusError", status_code=status, response=Thing(headers=headers), **facts)


def google(delay, *, listed=False):
    """An error body of Google's."""
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    body = {"error": {"code": 429, "details": [{"@type": "…Help"}, info]}}
    return error("google.genai.errors.ClientError", code=429, details=[body] if listed else body)


def aws(**headers):
    """An error of botocore's with headers."""
    response = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPHeaders": headers}}
    return error("botocore.exceptions.ClientError", response=response)


@pytest.mark.parametrize(
    ("wait", "raised"),
    [
        (0.25, answered(503, {"retry-after-ms": "250", "Retry-After": "7"})),
        (7, answered(500, {"Retry-After": "7"})),
        (90, answered(429, {"Retry-After": formatdate(NOW + 90, usegmt=True)})),
        (7, answered(429, {"retry-after": "7", **RESETS})),
        (5.5, error("pydantic_ai.ModelRateLimitError", retry_after=5.5)),
        (90, error("x.E", retry_after=timedelta(seconds=90))),
        (None, error("x.E", retry_after=timedelta(seconds=-90))),
        (3, error("litellm.RateLimitError", litellm_response_headers={"retry-after": "3"})),
        (42, error("litellm.types.router.RouterRateLimitError", cooldown_time=42)),
        (None, error("app.Oops", cooldown_time=42)),
        (3.5, google("3.5s")),
        (3.5, google("3.5s", listed=True)),
        (None, google("soon")),
        (4, aws(**{"retry-after": "4"})),
        (1.5, answered(429, RESETS)),
        (360, answered(429, {**RESETS, "x-ratelimit-remaining-requests": "0"})),
        (360, answered(503, {**RESETS, "x-ratelimit-remaining-requests": "0", "x-ratelimit-remaining-tokens": "0"})),
        (None, answered(503, RESETS)),
        (None, answered(503, {**RESETS, "x-ratelimit-remaining-requests": "7"})),
        (3723.5, answered(429, {"x-ratelimit-reset-requests": "1h2m3s500ms"})),
        (0.12, answered(429, {"x-ratelimit-reset-requests": "120ms"})),
        (12, answered(429, {"ratelimit-reset": "12"})),
        (30, answered(429, {"x-ratelimit-reset": str(NOW + 30)})),
        (30, answered(429, {"x-ratelimit-reset": str(int(NOW + 30) * 1000)})),
        (45, answered(429, {"anthropic-ratelimit-tokens-reset": datetime.fromtimestamp(NOW + 45, UTC).isoformat()})),
        (None, answered(429, {"x-ratelimit-reset": str(NOW - 30)})),
        (None, answered(429, {"x-ratelimit-reset-requests": "soon"})),
        (None, answered(429, {"x-ratelimit-reset-requests": ""})),
        (None, answered(429, {"x-ratelimit-limit-requests": "60"})),
        (WEEK, answered(429, {"x-ratelimit-reset-requests": "999999h"})),
    ],
)
def test_every_form_is_read(wait, raised):
    """What was asked for by Retry-After comes first; a limit that was not reached asks for nothing."""
    found = classify(raised, now=NOW).retry_after
    assert wait == (found and round(found, 3))


def test_litellm_s_router_says_it_in_its_text():
    """Versions without the attribute."""
    router = error("litellm.types.router.RouterRateLimitError", ValueError)
    router.args = ("No deployments available, Try again in 12.5 seconds. Passed model=m",)
    assert 12.5 == classify(router).retry_after


names = st.sampled_from(["retry-after", "retry-after-ms", "x-ratelimit-reset-tokens", "x-ratelimit-remaining-tokens"])
texts = st.text(max_size=30) | st.from_regex(r"[0-9hms.:-]{1,20}", fullmatch=True) | st.floats().map(str)


@given(headers=st.dictionaries(names, texts), status=st.integers(0, 600), delay=texts)
def test_any_header_gives_a_wait_that_can_be_waited(headers, status, delay):
    """None, or a finite number of seconds of at most a week."""
    for raised in (answered(status, headers), google(delay)):
        wait = classify(raised, now=NOW).retry_after
        assert wait is None or (0 <= wait <= WEEK and math.isfinite(wait))
