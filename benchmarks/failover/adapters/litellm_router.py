"""LiteLLM's Router: with fallbacks, as Failover Bench sets it up, and tuned.

Tuned, the answer is asked for as a whole, because the Router does not fall back once a stream has begun; silence is not
retried; a provider that is down is left alone for a while; and answers are held against the schema.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # no network at import

import litellm
from litellm.types.router import RetryPolicy
from pydantic import BaseModel

from benchmarks.failover.asking import ATTEMPTS, FORM_QUESTION, QUESTION, Budget, Need, Said

PACKAGES = ("litellm", "openai")
litellm.suppress_debug_info = True
litellm.drop_params = True


class Form(BaseModel):
    city: str
    days: int


class Adapter:
    def __init__(self, url: str, budget: Budget, *, tuned: bool) -> None:
        self._url = url
        self._budget = budget
        self._tuned = tuned
        self._router = cache(self._build)

    def _deployment(self, group: str, model: str) -> dict[str, Any]:
        parameters = {"model": f"openai/{model}", "api_base": self._url, "api_key": "none"}
        return {"model_name": group, "litellm_params": parameters}

    def _build(self, primary: str, fallback: str) -> Any:
        instead = [{"primary": ["fallback"]}]
        options: dict[str, Any] = {}
        timeout = self._budget.request
        if self._tuned:
            timeout = self._budget.silence
            options = {
                "retry_policy": RetryPolicy(
                    TimeoutErrorRetries=0, AuthenticationErrorRetries=0, ContentPolicyViolationErrorRetries=0
                ),
                "allowed_fails": 1,
                "cooldown_time": self._budget.rest,
            }
            litellm.enable_json_schema_validation = True
        return litellm.Router(
            model_list=[self._deployment("primary", primary), self._deployment("fallback", fallback)],
            fallbacks=instead,
            context_window_fallbacks=instead,
            num_retries=ATTEMPTS - 1,
            timeout=timeout,
            **options,
        )

    async def ask(self, primary: str, fallback: str, need: Need) -> Said:
        router = self._router(primary, fallback)
        if need == "form":
            got = await _whole(router, FORM_QUESTION, response_format=Form)
            got.text = Form.model_validate_json(got.text).model_dump_json()
            return got
        return await (_whole(router, QUESTION) if self._tuned else _streamed(router, QUESTION))


async def _whole(router: litellm.Router, question: str, **options: Any) -> Said:
    got = await router.acompletion(model="primary", messages=[{"role": "user", "content": question}], **options)
    return Said(ok=True, text=got.choices[0].message.content or "", model=got.model, usage=got.usage is not None)


async def _streamed(router: litellm.Router, question: str) -> Said:
    said = Said(ok=True)
    stream = await router.acompletion(
        model="primary",
        messages=[{"role": "user", "content": question}],
        stream=True,
        stream_options={"include_usage": True},
    )
    async for chunk in stream:
        said.model = chunk.model or said.model
        said.usage = said.usage or getattr(chunk, "usage", None) is not None
        for choice in chunk.choices or ():
            said.text += choice.delta.content or ""
    return said
