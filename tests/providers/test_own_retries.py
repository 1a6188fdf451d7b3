"""Clients of the real SDK that retry by themselves are known for it."""

from __future__ import annotations

import warnings

import openai

import fallbackkit as fk


def told(build):
    """The warnings of a function."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        build()
    return [str(each.message) for each in seen]


def around(client):
    """A function that uses a client."""
    return lambda question: client.responses.create(input=question)


def test_clients_of_the_real_sdk_are_known():
    """Those of openai, also under the methods of their resources."""
    real = openai.OpenAI(api_key="k", base_url="http://127.0.0.1:9")
    with real, real.with_options(max_retries=0) as calm:
        assert 1 == len(told(lambda: fk.Pipeline()(around(real))))
        assert ["`self._client` retries by itself (max_retries=2)"] == [
            text.split(",")[0] for text in told(lambda: fk.Pipeline()(real.chat.completions.create))
        ]
        assert [] == told(lambda: fk.Pipeline()(around(calm))) + told(lambda: fk.Pipeline()(calm.responses.create))
