"""User code that posts by itself, with each of four clients: it checks the status and returns the JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import httpx2
import requests

from tests.providers.real.dialects import KEY

if TYPE_CHECKING:
    from tests.providers.real.question import Question

_httpx, _httpx2, _requests = httpx.Client(), httpx2.Client(), requests.Session()
_async_httpx, _async_httpx2 = httpx.AsyncClient(), httpx2.AsyncClient()


def sync(q: Question) -> Any:
    """What it returns."""
    client: Any = {"httpx": _httpx, "httpx2": _httpx2, "requests": _requests}[q.api]
    response = client.post(**_request(q), timeout=q.patience)
    response.raise_for_status()
    return response.json()


async def asynchronous(q: Question) -> Any:
    """The same, with the async clients."""
    if q.api == "aiohttp":
        return await _aiohttp(q)
    client: Any = {"httpx": _async_httpx, "httpx2": _async_httpx2}[q.api]
    response = await client.post(**_request(q), timeout=q.patience)
    response.raise_for_status()
    return response.json()


async def _aiohttp(q: Question) -> Any:
    limit = aiohttp.ClientTimeout(q.patience)
    async with (
        aiohttp.ClientSession(raise_for_status=True, timeout=limit) as session,
        session.post(**_request(q)) as response,
    ):
        return await response.json()


def _request(q: Question) -> dict[str, Any]:
    body = {"model": q.model, "messages": [{"role": "user", "content": q.prompt}]}
    return {"url": f"{q.url}/v1/chat/completions", "json": body, "headers": {"authorization": f"Bearer {KEY}"}}
