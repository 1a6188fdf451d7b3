from __future__ import annotations

import re
import time
from datetime import UTC
from email.utils import parsedate_to_datetime

from fallbackkit.providers._look import look, number_of

_LONGEST = 7 * 86400.0
_DECIMAL = re.compile(r"\d{1,15}(\.\d{1,15})?", re.ASCII)


def retry_after(error: object, *, now: float | None) -> float | None:
    """Seconds until the service expects to answer again, or None if it did not say.

    Read from the error's own ``retry_after`` and from the headers ``retry-after-ms`` and
    ``retry-after`` (seconds or HTTP date) of its response, whatever the status. What is negative,
    in the past or not a number counts as not said; a week is the longest.

    Args:
        error: Any exception.
        now: Seconds since the epoch, for a date; None reads the machine's clock.
    """
    found = number_of(look(error, "retry_after"))
    if found is None:
        found = _from_headers(_headers(error), now)
    return None if found is None else min(found, _LONGEST)


def _headers(error: object) -> dict[str, str]:
    response = look(error, "response")
    places = (look(error, "litellm_response_headers"), look(response, "headers"), look(error, "headers"))
    return next((found for place in places if place is not None and (found := _lower_case(place))), {})


def _lower_case(headers: object) -> dict[str, str]:
    try:
        return {str(name).lower(): str(value) for name, value in headers.items()}  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - a foreign object may raise anything
        return {}


def _from_headers(headers: dict[str, str], now: float | None) -> float | None:
    if not headers:
        return None
    milliseconds = _decimal(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    said = headers.get("retry-after")
    if said is None:
        return None
    seconds = _decimal(said)
    return _until(said, now) if seconds is None else seconds


def _decimal(text: str) -> float | None:
    text = text.strip()
    return float(text) if _DECIMAL.fullmatch(text) else None


def _until(text: str, now: float | None) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return number_of(aware.timestamp() - (time.time() if now is None else now))
