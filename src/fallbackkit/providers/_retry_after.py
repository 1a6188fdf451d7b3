from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from fallbackkit.providers._look import is_of, items_of, look, number_of, text_of
from fallbackkit.providers._signs import status_of
from fallbackkit.providers._words import message_of
from fallbackkit.providers.http import body_of

__all__ = ["may_retry", "retry_after"]

_LONGEST = 7 * 86400.0
_DECIMAL = re.compile(r"\d{1,15}(\.\d{1,15})?", re.ASCII)
_DURATION = re.compile(
    r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?", re.ASCII
)
_RESET = re.compile(r"(?:x-)?(?:anthropic-)?ratelimit-(?:reset(-\w+)?|(?:[\w-]+)-reset)")
_EPOCH = 1e9
_EPOCH_IN_MILLISECONDS = 1e12
_ROUTER_SAYS = re.compile(r"try again in (\d{1,9}(?:\.\d{1,9})?) seconds", re.ASCII)


def retry_after(error: BaseException, *, now: float | None) -> float | None:
    """Seconds until the service expects to answer again, or None if it did not say.

    Read, in this order and whatever the status, from the error's own ``retry_after``; the headers
    ``retry-after-ms`` and ``retry-after`` (seconds or HTTP date) of its response; ``retryDelay`` in an error
    of Google's; what LiteLLM's router says; and last from the headers that say when a rate limit is
    reset (seconds, "6m0s", seconds since the epoch or a date), if its rest is 0 or the status 429.
    What is negative, in the past or not a number counts as not said; a week is the longest.

    Args:
        error: Any exception.
        now: Seconds since the epoch, for a date; None reads the machine's clock.
    """
    headers = _headers(error)
    found = _own(error)
    if found is None and headers:
        found = _from_headers(headers, now)
    if found is None:
        found = _from_body(body_of(error))
    if found is None and is_of(error, "litellm", "RouterRateLimitError"):
        found = _from_router(error)
    if found is None and headers:
        found = _until_reset(headers, now, limited=status_of(error) == HTTPStatus.TOO_MANY_REQUESTS)
    return None if found is None else min(found, _LONGEST)


def may_retry(error: BaseException) -> bool:
    """Whether the service did not forbid to ask again."""
    return _headers(error).get("x-should-retry") != "false"


def _own(error: BaseException) -> float | None:
    said = look(error, "retry_after")
    return number_of(said.total_seconds() if type(said) is timedelta else said)


def _headers(error: object) -> dict[str, str]:
    response = look(error, "response")
    places = (
        look(error, "litellm_response_headers"),
        look(response, "headers"),
        look(look(response, "ResponseMetadata"), "HTTPHeaders"),
        look(error, "headers"),
    )
    return next((found for place in places if place is not None and (found := _lower_case(place))), {})


def _lower_case(headers: object) -> dict[str, str]:
    try:
        return {str(name).lower(): str(value) for name, value in headers.items()}  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - a foreign object may raise anything
        return {}


def _from_headers(headers: dict[str, str], now: float | None) -> float | None:
    milliseconds = _decimal(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    said = headers.get("retry-after")
    if said is None:
        return None
    seconds = _decimal(said)
    return _until(said, now) if seconds is None else seconds


def _from_body(body: Any) -> float | None:
    for detail in items_of(look(look(body, "error"), "details")):
        seconds = _duration(text_of(look(detail, "retryDelay")))
        if seconds is not None:
            return seconds
    return None


def _from_router(error: BaseException) -> float | None:
    seconds = number_of(look(error, "cooldown_time"))
    said = _ROUTER_SAYS.search(message_of(error))
    return float(said[1]) if seconds is None and said else seconds


def _until_reset(headers: dict[str, str], now: float | None, *, limited: bool) -> float | None:
    """Until the last of the limits with nothing left is reset; or else, if it was one, until the first is."""
    waits: dict[bool, list[float]] = {True: [], False: []}
    for name, said in headers.items():
        if _RESET.fullmatch(name):
            wait = _moment(said.strip(), now)
            if wait is not None:
                waits[headers.get(name.replace("reset", "remaining"), "").strip() == "0"].append(wait)
    if waits[True]:
        return max(waits[True])
    return min(waits[False]) if limited and waits[False] else None


def _moment(said: str, now: float | None) -> float | None:
    number = _decimal(said)
    if number is None:
        seconds = _duration(said)
        return _until(said, now) if seconds is None else seconds
    if number < _EPOCH:
        return number
    return _after(number / 1000 if number >= _EPOCH_IN_MILLISECONDS else number, now)


def _decimal(text: str) -> float | None:
    text = text.strip()
    return float(text) if _DECIMAL.fullmatch(text) else None


def _duration(text: str) -> float | None:
    found = _DURATION.fullmatch(text) if text else None
    if found is None:
        return None
    hours, minutes, seconds, milliseconds = (float(each or 0) for each in found.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000


def _until(text: str, now: float | None) -> float | None:
    try:
        moment = datetime.fromisoformat(text) if text[:4].isdecimal() else parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _after(aware.timestamp(), now)


def _after(moment: float, now: float | None) -> float | None:
    return number_of(moment - (time.time() if now is None else now))
