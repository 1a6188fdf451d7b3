"""Dates, times, lengths of time, numbers and plural categories as each language writes them.

Only this module knows Babel, and imports it with the first question. What it says is remembered, as a screen may ask
twenty times a second.
"""

from __future__ import annotations

import math
import re
from datetime import date, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import tzinfo

    from babel import Locale

    from fallbackkit.messages._types import Direction

__all__ = [
    "canonical",
    "categories",
    "chain",
    "city",
    "clock",
    "conventions",
    "day",
    "decimal",
    "direction",
    "length",
    "listed",
    "money",
    "number",
    "plural",
    "steps",
]

Unit = Literal["day", "hour", "minute", "second"]

# Without a country, English is read all over the world: the day before the month, 24 hours.
_WORLDWIDE = {"en": "en_150"}
_LONGEST_TAG = 40
_FINEST = 8
_PRIVATE = 0xE000  # letters that no text uses
_SCRIPT, _COUNTRY = 4, 2
_UNITS: tuple[tuple[int, Unit, float], ...] = (
    (86400, "day", 36 * 3600),
    (3600, "hour", 90 * 60),
    (60, "minute", 90),
    (1, "second", 0),
)


def canonical(tag: str) -> str:
    """``PT_br`` as ``pt-BR``; without what operating systems add (``de_DE.UTF-8``)."""
    language, *rest = re.split("[-_]", re.split("[.@]", tag[:_LONGEST_TAG])[0])
    cased = [part.title() if len(part) == _SCRIPT else part.upper() for part in rest]
    return "-".join([language.lower(), *cased])


@lru_cache(maxsize=512)
def chain(tag: str) -> tuple[str, ...]:
    """The tags whose words may stand in for one another, the closest first: ``pt-BR``, ``pt``."""
    parts = canonical(tag).split("-")
    found = ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
    known = _parsed(found[0])
    if known is not None and known.script:
        found[-1:] = [f"{known.language}-{known.script}", known.language]
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=512)
def conventions(tag: str) -> str | None:
    """The name under which the Unicode consortium describes the language, or None if it does not."""
    if tag in _WORLDWIDE:
        return _WORLDWIDE[tag]
    known = next(filter(None, map(_parsed, chain(tag))), None)
    return str(known) if known is not None else None


def _parsed(tag: str) -> Locale | None:
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        return None


@lru_cache(maxsize=64)
def _locale(name: str) -> Locale:
    from babel import Locale

    return Locale.parse(name)


def direction(name: str) -> Direction:
    """Where the script begins."""
    return "rtl" if _locale(name).text_direction == "rtl" else "ltr"


@lru_cache(maxsize=1024)
def plural(name: str, count: int) -> str:
    """The category that a number has in the language: ``one``, ``few``, ``other``."""
    return str(_locale(name).plural_form(count))


@lru_cache(maxsize=64)
def categories(name: str) -> frozenset[str]:
    """The categories that the language tells apart."""
    return _locale(name).plural_form.tags | {"other"}


@lru_cache(maxsize=1024)
def number(name: str, value: int) -> str:
    """``1,234``."""
    from babel.numbers import format_decimal

    return str(format_decimal(value, locale=_locale(name)))


@lru_cache(maxsize=1024)
def decimal(name: str, value: float, digits: int) -> str:
    """``0.4``: rounded to that many digits behind the point, all of them written."""
    from babel.numbers import format_decimal

    return str(format_decimal(value, f"#,##0.{'0' * digits}" if digits else "#,##0", locale=_locale(name)))


@lru_cache(maxsize=1024)
def money(name: str, amount: float, currency: str) -> str:
    """``€0.004``: with the digits of the currency, or two that say something where it is less than they can."""
    from babel.numbers import format_currency, get_currency_precision

    digits = get_currency_precision(currency)
    if 0 < abs(amount) < 10.0 ** (1 - digits):
        digits = min(_FINEST, 1 - math.floor(math.log10(abs(amount))))
    shown = round(amount, digits) + 0.0  # never -0
    return format_currency(shown, currency, locale=_locale(name), decimal_quantization=False)


@lru_cache(maxsize=512)
def listed(name: str, count: int, style: Literal["standard", "or"] = "standard") -> tuple[str, ...]:
    """What stands around the items of a list of that length: ``a, b and c`` is ``"", ", ", " and ", ""``."""
    from babel.lists import format_list

    marks = [chr(_PRIVATE + index) for index in range(count)]
    return tuple(re.split(f"[{marks[0]}-{marks[-1]}]", format_list(marks, style, _locale(name)))) if marks else ("",)


def length(name: str, seconds: float, *, towards: Literal["ahead", "ago"] | None = None) -> str:
    """``6 minutes``, ``in 6 minutes`` or ``6 minutes ago``; a wait is never said to be shorter than it is."""
    size, unit = next((size, unit) for size, unit, least in _UNITS if seconds >= least)
    count = round(seconds / size) if towards == "ago" else math.ceil(seconds / size)
    return _length(name, max(1, count) * size, unit, towards)


def steps(low: float, high: float) -> tuple[int, int]:
    """Both in whole units of the longer one, as ``length`` would count it."""
    size = next(size for size, _, least in _UNITS if high >= least)
    return round(low / size), max(1, math.ceil(high / size))


@lru_cache(maxsize=2048)
def _length(name: str, seconds: int, unit: Unit, towards: str | None) -> str:
    from babel.dates import format_timedelta

    span = timedelta(seconds=-seconds if towards == "ago" else seconds)
    return format_timedelta(span, unit, threshold=math.inf, add_direction=towards is not None, locale=_locale(name))


@lru_cache(maxsize=2048)
def clock(name: str, hour: int, minute: int) -> str:
    """``14:20``, or ``2:20 PM`` where people say so."""
    from babel.dates import format_time

    return format_time(time(hour, minute), "short", locale=_locale(name))


@lru_cache(maxsize=512)
def day(name: str, at: date, *, year: bool) -> str:
    """``14 October``, with its year or without."""
    from babel.dates import format_date, format_skeleton

    return format_date(at, "long", _locale(name)) if year else format_skeleton("MMMMd", at, locale=_locale(name))


def city(name: str, zone: tzinfo | None) -> str | None:
    """What people call the zone, if it is named for a place: ``Berlin``."""
    key = getattr(zone, "key", None) or getattr(zone, "zone", None)
    return _city(name, key) if isinstance(key, str) and "/" in key and not key.startswith("Etc/") else None


@lru_cache(maxsize=512)
def _city(name: str, key: str) -> str:
    from babel.dates import get_timezone_location

    found = get_timezone_location(key, locale=_locale(name), return_city=True)
    return found.rpartition("/")[2].replace("_", " ")
