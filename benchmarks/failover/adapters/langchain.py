"""LangChain: ``with_fallbacks``, as Failover Bench sets it up, and tuned.

Tuned, the whole answer is read before anything is shown, so that a fallback can still take its place; what is rejected
for its content goes nowhere else; and a check of the answer stands inside of what falls back.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import openai
from langchain_core.exceptions import ContextOverflowError, OutputParserException
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from benchmarks.failover.asking import ATTEMPTS, FORM_QUESTION, QUESTION, Budget, Need, Said, usable

PACKAGES = ("langchain-openai", "langchain-core", "openai")
FALL_BACK_ON = (
    openai.RateLimitError,
    openai.InternalServerError,
    openai.APIConnectionError,
    openai.AuthenticationError,
    ContextOverflowError,
    OutputParserException,
    TimeoutError,
    ValueError,
)


class Form(BaseModel):
    city: str
    days: int


class Adapter:
    def __init__(self, url: str, budget: Budget, *, tuned: bool) -> None:
        self._url = url
        self._budget = budget
        self._tuned = tuned
        self._chain = cache(self._build)

    def _model(self, name: str, need: Need) -> Any:
        settings: dict[str, Any] = {"timeout": self._budget.request}
        if self._tuned:
            settings = {
                "timeout": self._budget.silence,
                "stream_chunk_timeout": self._budget.silence,
                "streaming": True,
            }
        model: Any = ChatOpenAI(
            model=name, base_url=self._url, api_key="none", max_retries=ATTEMPTS - 1, stream_usage=True, **settings
        )
        if need == "form":
            return model.with_structured_output(Form, include_raw=False)
        for check in [_complete] * self._tuned + [_usable] * (need == "checked"):
            model |= RunnableLambda(check)
        return model

    def _build(self, primary: str, fallback: str, need: Need) -> Any:
        options = {"exceptions_to_handle": FALL_BACK_ON} if self._tuned else {}
        return self._model(primary, need).with_fallbacks([self._model(fallback, need)], **options)

    async def ask(self, primary: str, fallback: str, need: Need) -> Said:
        chain = self._chain(primary, fallback, need)
        if need == "form":
            form = await chain.ainvoke(FORM_QUESTION)
            return Said(ok=True, text="" if form is None else form.model_dump_json(), usage=True)
        if self._tuned:
            return _said(await chain.ainvoke(QUESTION))
        whole: Any = None
        async for chunk in chain.astream(QUESTION):
            whole = chunk if whole is None else whole + chunk
        return Said(ok=True) if whole is None else _said(whole)


def _complete(message: Any) -> Any:
    if message.response_metadata.get("finish_reason") != "stop" or not message.text.strip():
        raise ValueError("the answer is not complete")
    return message


def _usable(message: Any) -> Any:
    if not usable(message.text):
        raise ValueError("the check refused the answer")
    return message


def _said(message: Any) -> Said:
    return Said(
        ok=True,
        text=message.text,
        model=message.response_metadata.get("model_name"),
        usage=message.usage_metadata is not None,
    )
