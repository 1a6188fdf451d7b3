from __future__ import annotations

import math
from datetime import MAXYEAR, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from fallbackkit.messages._types import Facts

_LONGEST_VALUE = 40
_LONGEST_SPAN = 366 * 86400.0
_SHORTEST_WAIT = 1.0
_UNITS = ((86400, "day", 36 * 3600), (3600, "hour", 90 * 60), (60, "minute", 90), (1, "second", 1))
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_REQUESTED = {
    "model": "The main model",
    "smaller_model": "The smaller model",
    "search": "The search",
    "person": "The person",
}


def spoken(facts: Facts) -> dict[str, str]:
    """Each known fact as English text, ready to stand in a sentence."""
    found = {
        "Requested": _REQUESTED.get(facts.get("requested_kind") or "", "The first choice"),
        "requested": _value(facts.get("requested")),
        "requested_unserved": None if facts.get("served_by") else _value(facts.get("requested")),
        "served_by": _value(facts.get("served_by")),
        "reviewer": _value(facts.get("served_by")) or "A person",
        "ticket": _value(facts.get("ticket")),
        "reference": _value(facts.get("reference")),
        "place": _place(facts.get("position"), facts.get("eta")),
        "limit": _span(facts.get("limit")),
        "when": _when(facts.get("at"), facts.get("retry_after")),
        "saved": _moment(facts.get("saved_at")),
        "words": _words(facts.get("words")),
    }
    return {name: text for name, text in found.items() if text}


def _value(value: str | None) -> str | None:
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in value or "").split())
    return shown if len(shown) <= _LONGEST_VALUE else f"{shown[: _LONGEST_VALUE - 1]}…"


def _span(seconds: float | None) -> str | None:
    if seconds is None or not 0 < seconds <= _LONGEST_SPAN:
        return None
    size, unit = next(((size, unit) for size, unit, least in _UNITS if seconds >= least), (1, "second"))
    count = math.ceil(seconds / size)
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _when(at: datetime | None, wait: float | None) -> str | None:
    span = _span(wait)
    if span is None or wait is None or wait < _SHORTEST_WAIT:
        return None
    if at is None or at.tzinfo is None or at.year >= MAXYEAR - 1:
        return f"in {span}"
    then = at + timedelta(seconds=wait)
    day = "" if then.date() == at.date() else f"on {then.day} {MONTHS[then.month - 1]} "
    return f"{day}at {_clock(then)} (in {span})"


def _moment(at: datetime | None) -> str | None:
    return f"{at.day} {MONTHS[at.month - 1]} {at.year} at {_clock(at)}" if at else None


def _clock(at: datetime) -> str:
    return f"{at:%H:%M} {_value(at.tzname()) or ''}".rstrip()


def _words(count: int | None) -> str | None:
    if count is None or count < 1:
        return None
    return "1 word" if count == 1 else f"{count} words"


def _place(position: int | None, eta: float | None) -> str | None:
    if position is None or position < 1:
        return None
    place = "first in line" if position == 1 else f"number {position} in line"
    span = _span(eta)
    return f"{place}, about {span}" if span else place
