from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING

import openai
import pytest

import fallbackkit as fk
from demo.model_server import ModelServer
from demo.outage import MODES, Outage

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.xdist_group("model")
ASKED = {
    "model": "any",
    "messages": [
        {"role": "system", "content": "Answer with one of the two words."},
        {"role": "user", "content": "Manual:\nBananas are yellow.\n\nQuestion: Which colour is a banana?"},
    ],
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "colour", "schema": {"type": "string", "enum": ["yellow", "blue"]}},
    },
    "max_tokens": 30,
    "temperature": 0,
}


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    """The real model."""
    server = ModelServer()
    yield server
    server.close()


@pytest.fixture
def outage(server: ModelServer) -> Iterator[Outage]:
    """The proxy in front of it."""
    outage = Outage(server.url, delay=0.4)
    yield outage
    outage.close()


def ask(outage: Outage, server: ModelServer, **more: object) -> str:
    """One call with the official client, which neither retries nor waits for long."""
    with openai.OpenAI(base_url=outage.url, api_key=server.key, max_retries=0, timeout=60) as client:
        response = client.chat.completions.create(**ASKED | more)
    return response.choices[0].message.content


@pytest.mark.parametrize("mode", ["healthy", "slow"])
def test_a_working_model_answers_in_the_form_asked_for(outage, server, mode):
    """Healthy and slow pass the call on as it is; slow takes its time first."""
    outage.mode = mode
    began = time.monotonic()
    assert json.loads(ask(outage, server)) in {"yellow", "blue"}
    assert mode == "healthy" or time.monotonic() - began >= outage.delay


@pytest.mark.parametrize(
    ("mode", "error", "read"),
    [
        ("rate limited", openai.RateLimitError, ("rate.shared", 60)),
        ("down", openai.InternalServerError, ("provider.5xx", None)),
        ("offline", openai.APIConnectionError, ("connection.upstream", None)),
    ],
)
def test_a_fault_reaches_the_client_as_the_real_one_does(outage, server, mode, error, read):
    """The client raises its own error, and the kit reads the kind and the waiting time from it."""
    outage.mode = mode
    with pytest.raises(error) as caught:
        ask(outage, server)
    failure = fk.classify(caught.value)
    assert read == (failure.kind, failure.retry_after)


def test_making_things_up_takes_the_sources_away(outage, server):
    """The model gets the bare question and answers in free text, not in the form asked for."""
    outage.mode = "making things up"
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(ask(outage, server, max_tokens=12))


def test_the_slider_can_be_moved_while_calls_run(outage, server):
    """Every position in turn, and healthy again, on one proxy."""
    for mode in (*MODES, "healthy"):
        outage.mode = mode
        if mode in {"rate limited", "down", "offline"}:
            with pytest.raises(openai.APIError):
                ask(outage, server, max_tokens=4)
        else:
            assert ask(outage, server, max_tokens=12)


def test_no_model_is_a_closed_connection(server):
    """Without an upstream, or with one that nobody listens at, the client loses the connection."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
        for upstream in (None, nobody):
            outage = Outage(lambda found=upstream: found)
            with pytest.raises(openai.APIConnectionError):
                ask(outage, server)
            outage.close()


def test_the_model_asks_for_its_key(server):
    """Another program on this machine cannot use the model without the key."""
    outage = Outage(server.url)
    with (
        openai.OpenAI(base_url=outage.url, api_key="guessed", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError),
    ):
        client.chat.completions.create(**ASKED)
    outage.close()


def test_a_killed_model_comes_back(outage, server):
    """A child that died is started anew by the next call."""
    ask(outage, server)
    first = server.pid
    server._process.kill()
    server._process.wait()
    assert json.loads(ask(outage, server)) in {"yellow", "blue"}
    assert server.pid != first
