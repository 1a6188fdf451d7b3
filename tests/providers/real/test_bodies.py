"""Any status, headers, body and chunking, from a real socket to code that uses plain httpx."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit.providers import classify
from tests.providers.real.dialects import DIALECTS, GOSSIP, MARK, TEXT
from tests.providers.real.scenarios import WORDS, respond, streamed
from tests.providers.real.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.providers.real.scenarios import Act

WEEK = 7 * 86400
fifty = settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
pipeline = fk.Pipeline(fk.Validate(), name="ask")


class Stage:
    """A server that does the same, whatever is asked, and the user's code that asks it."""

    acts: Sequence[Act] = ()

    def __init__(self, url: str, client: httpx.Client) -> None:
        self._url = url
        self._client = client

    def ask(self) -> Any:
        response = self._client.post(self._url)
        response.raise_for_status()
        return response.json()

    def listen(self) -> Iterator[Any]:
        with self._client.stream("POST", self._url) as response:
            response.raise_for_status()
            for line in response.iter_lines():
                if line.startswith("data:") and line != "data: [DONE]":
                    yield json.loads(line[5:])


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """One server and one client for the module."""
    with Server(lambda _, __: stage.acts) as server, httpx.Client(timeout=10) as client:
        stage = Stage(server.url, client)
        yield stage


def told(outcome: fk.Outcome) -> str:
    """All that people and stores may see."""
    notices = [outcome.notice(audience=audience).model_dump_json() for audience in ("user", "operator")]
    return "\n".join([outcome.model_dump_json(), repr(outcome), *notices]).lower()


gossip = st.just(GOSSIP)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10) | gossip,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
names = ("error", "message", "code", "type", "detail", "status", "request_id", "param")
errors = st.fixed_dictionaries({}, optional=dict.fromkeys(names, values))
bodies = st.binary(max_size=60) | gossip.map(str.encode) | (errors | values).map(lambda body: json.dumps(body).encode())
header_values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30).map(str.strip) | gossip
headers = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("retry_after", "retry_after_ms", "x_should_retry", "x_request_id", "server"), header_values
    ),
)
media = st.sampled_from(["application/json", "text/html", "text/event-stream", "application/octet-stream", "nonsense"])


@fifty
@given(status=st.integers(400, 599), body=bodies, media=media, headers=headers, cut=st.none() | st.integers(0, 20))
def test_any_error_response_gives_a_kind_and_nothing_else(stage, *, status, body, media, headers, cut) -> None:
    """Always a failure with a kind, a wait that can be waited for, and not a word of what the provider said."""
    stage.acts = [respond(status, body, sent=cut, media=media, **headers)]
    outcome = pipeline.outcome(stage.ask)
    failure = outcome.failure
    assert failure is not None
    assert failure.kind in fk.FailureKind
    assert failure.retry_after is None or 0 <= failure.retry_after <= WEEK
    assert MARK not in told(outcome)
    again = classify(failure.error)
    assert (failure.kind, failure.retry_after) == (again.kind, again.retry_after)
    assert MARK not in (again.model_dump_json() + repr(again)).lower()


@fifty
@given(
    body=st.binary(max_size=60) | errors.map(lambda body: json.dumps({"error": body}).encode()),
    cut=st.none() | st.integers(0, 5),
)
def test_any_200_is_an_answer_or_a_failure(stage, body, cut) -> None:
    """Nothing raises, whatever is under the 200."""
    stage.acts = [respond(200, body, sent=cut)]
    outcome = pipeline.outcome(stage.ask)
    assert outcome.status in {"answered", "unavailable"}
    assert (outcome.failure is None) == (outcome.status == "answered")


def whole(api: str) -> bytes:
    """The events of a good stream."""
    dialect = DIALECTS[api]
    return b"".join([dialect.opening(), *map(dialect.piece, WORDS), dialect.ending()])


def cut_up(body: bytes, places: list[int]) -> list[bytes]:
    """The same bytes in the pieces between these places."""
    ends = sorted({place % (len(body) + 1) for place in places} | {0, len(body)})
    return [body[start:end] for start, end in itertools.pairwise(ends)]


@fifty
@given(api=st.sampled_from(sorted(DIALECTS)), places=st.lists(st.integers(0, 5000), max_size=12))
def test_how_a_stream_is_chunked_makes_no_difference(stage, api, places) -> None:
    """Cut inside an event, a character or a line end, it is the same answer."""
    stage.acts = streamed(*cut_up(whole(api), places))
    outcome = list(pipeline.stream(stage.listen))[-1]
    assert ("answered", TEXT) == (outcome.status, outcome.text)


@fifty
@given(api=st.sampled_from(sorted(DIALECTS)), share=st.floats(0, 1), ends=st.booleans(), noise=st.binary(max_size=8))
def test_a_stream_that_breaks_off_is_never_passed_off_as_whole(stage, api, share, ends, noise) -> None:
    """Wherever it breaks, with garbage behind or none: all of the text, or not answered."""
    body = whole(api)
    stage.acts = streamed(body[: int(len(body) * share)] + noise, ends=ends)
    outcome = list(pipeline.stream(stage.listen))[-1]
    assert TEXT.startswith(outcome.text)
    assert outcome.text == TEXT or outcome.failure is not None
    assert MARK not in told(outcome)
