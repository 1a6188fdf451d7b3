"""User code around litellm."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would fetch its prices when it is imported

import litellm

from tests.providers.real.dialects import KEY

if TYPE_CHECKING:
    from tests.providers.real.question import Question

_PREFIXES = {"chat": ("openai", "/v1"), "messages": ("anthropic", "")}


def sync(q: Question) -> Any:
    """What it returns, or the stream."""
    return litellm.completion(**_facts(q))


def asynchronous(q: Question) -> Any:
    """The same, to be awaited."""
    return litellm.acompletion(**_facts(q))


def _facts(q: Question) -> dict[str, Any]:
    provider, path = _PREFIXES[q.api]
    usage = {"stream_options": {"include_usage": True}} if q.streams else {}
    return usage | {
        "model": f"{provider}/{q.model}",
        "api_base": q.url + path,
        "api_key": KEY,
        "messages": [{"role": "user", "content": q.prompt}],
        "timeout": q.patience,
        "max_retries": 0,
        "num_retries": 0,
        "stream": q.streams,
        "max_tokens": 64,
    }
