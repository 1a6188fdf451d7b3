"""The openai client alone, with the retries that it has: the floor."""

from __future__ import annotations

from openai import AsyncOpenAI
from pydantic import BaseModel

from benchmarks.failover.asking import ATTEMPTS, FORM_QUESTION, QUESTION, Budget, Need, Said

PACKAGES = ("openai",)


class Form(BaseModel):
    city: str
    days: int


class Adapter:
    def __init__(self, url: str, budget: Budget, *, tuned: bool) -> None:
        self._client = AsyncOpenAI(base_url=url, api_key="none", max_retries=ATTEMPTS - 1, timeout=budget.request)

    async def ask(self, primary: str, fallback: str, need: Need) -> Said:
        if need == "form":
            return await self._ask_for_form(primary)
        said = Said(ok=True)
        stream = await self._client.chat.completions.create(
            model=primary,
            messages=[{"role": "user", "content": QUESTION}],
            stream=True,
            stream_options={"include_usage": True},
        )
        async for chunk in stream:
            said.model = chunk.model or said.model
            said.usage = said.usage or chunk.usage is not None
            for choice in chunk.choices or ():
                said.text += choice.delta.content or ""
        return said

    async def _ask_for_form(self, model: str) -> Said:
        got = await self._client.chat.completions.parse(
            model=model, messages=[{"role": "user", "content": FORM_QUESTION}], response_format=Form
        )
        form = got.choices[0].message.parsed
        return Said(ok=True, text="" if form is None else form.model_dump_json(), model=got.model, usage=True)

    async def close(self) -> None:
        await self._client.close()
