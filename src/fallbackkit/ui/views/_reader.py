"""For whom a view is drawn: their language, their present, their zone. All words of the views come through here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from string import Formatter
from typing import TYPE_CHECKING, TypedDict, cast

from markupsafe import Markup

from fallbackkit.messages import _cldr
from fallbackkit.messages._messages import SHIPPED
from fallbackkit.ui.views._html import HOLE, Child, Shape, bdi, el

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from fallbackkit.messages import Messages
    from fallbackkit.messages._catalogue import Catalogue
    from fallbackkit.messages._types import Direction

__all__ = ["For", "Reader"]

_new = str.__new__
_JUST_NOW = 10.0
_MINUTE = 60.0
_LONGEST = 366 * 86400.0
_TIME = Shape(el("time", el("bdi", HOLE), datetime=HOLE))
_NEVER = 1e15


class For(TypedDict, total=False):
    """For whom a view is drawn; every view takes these as keywords.

    Attributes:
        now: The reader's present; without it times are absolute only.
        tz: The zone that times are shown in; without it, the zone each came with.
        locale: BCP 47 tag of their language.
        actions: Ids of the actions that the page handles, others get no button; None offers all.
        messages: The application's own words; None for those of the kit.
    """

    now: datetime | None
    tz: tzinfo | None
    locale: str
    actions: Collection[str] | None
    messages: Messages | None


@dataclass(frozen=True, slots=True)
class Reader:
    """See ``For``. Immutable."""

    now: datetime | None = None
    tz: tzinfo | None = None
    locale: str = "en"
    actions: Collection[str] | None = None
    messages: Messages | None = None
    _words: tuple[Catalogue, ...] = field(init=False, repr=False, compare=False)
    _conventions: str = field(init=False, repr=False, compare=False)
    _present: datetime | None = field(init=False, repr=False, compare=False)
    _hash: int | None = field(default=None, init=False, repr=False, compare=False)
    _at_noon: Reader | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        words = (self.messages or SHIPPED).catalogues(self.locale)
        object.__setattr__(self, "_words", words)
        object.__setattr__(self, "_conventions", words[0].conventions)
        object.__setattr__(self, "_present", self.local(self.now))

    def __hash__(self) -> int:
        if self._hash is None:  # it is asked for by all that is remembered
            object.__setattr__(self, "_hash", hash((self.now, self.tz, self.locale, self.actions, self.messages)))
        return cast("int", self._hash)

    # Those to whom more looks the same, for what is remembered

    @property
    def on_the_day(self) -> Reader:
        """One to whom the same dates are told, at no time of the day; any action is theirs."""
        if self._at_noon is None:
            noon = self._present and self._present.replace(hour=12, minute=0, second=0, microsecond=0)
            object.__setattr__(self, "_at_noon", _reader(noon, self.tz, self.locale, self.messages))
        return cast("Reader", self._at_noon)

    @property
    def timeless(self) -> Reader:
        """One who reads the same words, and to whom no dates are told."""
        return _reader(None, None, self.locale, self.messages)

    # What is said

    @property
    def lang(self) -> str:
        return self._words[0].lang

    @property
    def direction(self) -> Direction:
        return self._words[0].direction

    def say(self, key: str, n: int | None = None, /, **values: Child) -> Markup:
        """A message as HTML. Values are escaped, and plain ones keep their own direction; ``*so*`` is strong.

        Args:
            key: Name of the message: ``ui.sources.none``.
            n: The number that chooses the plural form, and stands for ``{n}``.
            **values: What stands for the other placeholders: text, or markup as it is.

        Raises:
            KeyError: There is no such message, or a placeholder has no value.
        """
        if n is None and not values and type(constant := self._words[0].book.get(key)) is str:
            return _constant(constant)
        words, template = self._found(key, n)
        if n is not None:
            values["n"] = _new(Markup, _cldr.number(self._conventions, n))  # digits
        said = _fill(template, values) if values else _constant(template)
        return said if words is self._words[0] else el("span", said, lang=words.lang, dir=words.direction)

    def text(self, key: str, n: int | None = None, /, **values: str) -> str:
        """The same as plain text, for an attribute or the live region."""
        if n is None and not values and type(constant := self._words[0].book.get(key)) is str:
            return _plain(constant)
        words, template = self._found(key, n)
        ltr = words.direction == "ltr"
        said = {name: value if ltr and value.isascii() else words.isolated(value) for name, value in values.items()}
        if n is not None:
            said["n"] = _cldr.number(self._conventions, n)
        return template.replace("*", "").format_map(said)

    def knows(self, key: str) -> bool:
        """Whether there is such a message."""
        for words in self._words:  # noqa: SIM110  # a third of the time of any()
            if key in words.book:
                return True
        return False

    def _found(self, key: str, n: int | None) -> tuple[Catalogue, str]:
        for words in self._words:
            message = words.book.get(key)
            if isinstance(message, str):
                return words, message
            if message is not None and n is not None:
                forms = cast("dict[str, str]", message)
                return words, forms.get(_cldr.plural(words.conventions, n)) or forms["other"]
        raise KeyError(key)

    def offers(self, action: str) -> bool:
        """Whether the page handles it."""
        return self.actions is None or action in self.actions

    # Numbers

    def number(self, value: float, digits: int = 0) -> str:
        """``1,234`` or, with digits, ``0.4``."""
        return _cldr.decimal(self._conventions, value, digits)

    def money(self, amount: float, currency: str) -> str:
        """``€0.004``."""
        return _cldr.money(self._conventions, amount, currency)

    def listed(self, items: Sequence[Child], *, either: bool = False) -> list[Child]:
        """``a, b and c``, or ``a, b or c``."""
        between = _cldr.listed(self._conventions, len(items), "or" if either else "standard")
        return [part for pair in zip(between, [*items, None], strict=True) for part in pair]

    # Times

    def seconds(self, value: float) -> str:
        """A duration as people compare them: ``0.4 s``, ``2 min 5 s``."""
        if not 0 <= value < _NEVER:
            return self.text("ui.time.unknown")
        if value < 0.05:  # noqa: PLR2004  # what rounds to 0.0
            return self.text("ui.time.instant")
        if value < _MINUTE:
            return _in_seconds(self.messages, self.locale, round(value, 1))
        minutes, rest = divmod(round(value), 60)
        return self.text("ui.time.minutes", min=self.number(minutes), s=self.number(rest))

    def span(self, seconds: float) -> str:
        """A length of time in words, to one unit: ``6 minutes``."""
        return _cldr.length(self._conventions, min(max(seconds, 0.0), _LONGEST))

    def between(self, low: float, high: float) -> str:
        """A wait that may differ, in the unit of its longer end: ``4 to 6 minutes``."""
        low, high = sorted((min(max(low, 0.0), _LONGEST), min(max(high, 0.0), _LONGEST)))
        least, most = _cldr.steps(low, high)
        if not 0 < least < most:
            return self.span(high)
        return self.text("ui.time.range", low=self.number(least), span=self.span(high))

    def relative(self, at: datetime) -> str | None:
        """``in 6 minutes``, ``2 days ago`` or ``just now``; None where the present is not known."""
        if self.now is None:
            return None
        ahead = (zoned(at) - zoned(self.now)).total_seconds()
        if abs(ahead) < _JUST_NOW:
            return self.text("ui.time.now")
        return _cldr.length(self._conventions, min(abs(ahead), 1e10), towards="ahead" if ahead > 0 else "ago")

    def local(self, at: datetime | None) -> datetime | None:
        """The time in the reader's zone, if it can be told there."""
        if at is None:
            return None
        try:
            return zoned(at).astimezone(self.tz) if self.tz else zoned(at)
        except (OverflowError, ValueError):
            return None

    def time(self, at: datetime) -> Markup:
        """``14:20 (6 minutes ago, Berlin time)``, as an element that machines read too."""
        local = self.local(at)
        if local is None:
            return bdi(at.isoformat())
        return _TIME(_new(Markup, local.isoformat()), self._told(local))  # digits

    def moment(self, at: datetime) -> str:
        """The same as plain text."""
        local = self.local(at)
        return at.isoformat() if local is None else self._told(local)

    def _told(self, local: datetime) -> str:
        told = {"time": _cldr.clock(self._conventions, local.hour, local.minute), "zone": self._zone(local)}
        now, relative = self._present, self.relative(local)
        if now is None or relative is None:
            return self.text("ui.time.absolute", day=self._day(local, None), **told)
        if _same_day(local, now):
            return self.text("ui.time.today", relative=relative, **told)
        return self.text("ui.time.dated", day=self._day(local, now), relative=relative, **told)

    def hour(self, at: datetime) -> str:
        """``14:20``, with its day if that is another: beside a time that names the zone, and in the live region."""
        local = self.local(at)
        if local is None:
            return at.isoformat()
        time = _cldr.clock(self._conventions, local.hour, local.minute)
        if self.today(local):
            return time
        return self.text("ui.time.day", day=self._day(local, self._present), time=time)

    def zoned_hour(self, at: datetime) -> Markup:
        """``14:20 (Berlin time)``: beside a count that says how far away that is."""
        local = self.local(at)
        if local is None:
            return bdi(at.isoformat())
        told = self.text("ui.time.zoned", time=self.hour(local), zone=self._zone(local))
        return _TIME(local.isoformat(), told)

    def today(self, at: datetime) -> bool:
        """Whether that is on the reader's present day; the midnight at its end is."""
        local, now = self.local(at), self._present
        return local is not None and now is not None and _same_day(local, now)

    def date(self, at: datetime) -> Markup:
        """``14 October`` or, in another year, ``14 October 2025``."""
        local = self.local(at)
        if local is None:
            return bdi(at.isoformat())
        return _date(self._conventions, local.date(), year=self._present is None or local.year != self._present.year)

    def passed(self, at: datetime | None) -> bool:
        """Whether that time is over; never, where the present is not known."""
        return at is not None and self.now is not None and zoned(at) <= zoned(self.now)

    def until(self, at: datetime | None) -> float | None:
        """Seconds from the present to that time, at least 0; None where one of them is not known."""
        if at is None or self.now is None:
            return None
        return max(0.0, (zoned(at) - zoned(self.now)) / timedelta(seconds=1))

    def _day(self, at: datetime, now: datetime | None) -> str:
        return _cldr.day(self._conventions, at.date(), year=now is None or at.year != now.year)

    def _zone(self, at: datetime) -> str:
        return _place(self.timeless, at.tzinfo) or at.tzname() or "UTC"


@lru_cache(maxsize=128)
def _reader(now: datetime | None, tz: tzinfo | None, locale: str, messages: Messages | None) -> Reader:
    return Reader(now=now, tz=tz, locale=locale, messages=messages)


@lru_cache(maxsize=512)
def _place(reader: Reader, zone: tzinfo | None) -> str | None:
    city = _cldr.city(reader._conventions, zone)  # noqa: SLF001
    return reader.text("values.zone", place=city) if city else None


@lru_cache(maxsize=2048)
def _in_seconds(messages: Messages | None, locale: str, seconds: float) -> str:
    reader = Reader(messages=messages, locale=locale)
    return reader.text("ui.time.seconds", s=reader.number(seconds, 1))


@lru_cache(maxsize=1024)
def _date(conventions: str, day: date, *, year: bool) -> Markup:
    return _TIME(day.isoformat(), _cldr.day(conventions, day, year=year))


def _same_day(at: datetime, now: datetime) -> bool:
    days = (at.date() - now.astimezone(at.tzinfo).date()).days
    return days == 0 or (days == 1 and at.hour == at.minute == 0)


def zoned(at: datetime) -> datetime:
    """The time; one without a zone is taken to be UTC."""
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


@lru_cache(maxsize=4096)
def _compiled(template: str) -> tuple[tuple[Markup, str | None], ...]:
    """The fixed parts, escaped, each with the name of what follows it."""
    parts: list[tuple[Markup, str | None]] = []
    strong = False
    for fixed, name, _, _ in Formatter().parse(template):
        marked = Markup()
        for index, piece in enumerate(fixed.split("*")):
            if index:
                strong = not strong
                marked += Markup("<b>") if strong else Markup("</b>")
            marked += piece
        parts.append((marked, name))
    return tuple(parts) if not strong else (*parts, (Markup("</b>"), None))


@lru_cache(maxsize=4096)
def _constant(template: str) -> Markup:
    return _fill(template, {})


@lru_cache(maxsize=4096)
def _plain(template: str) -> str:
    return template.replace("*", "").format_map({})


def _fill(template: str, values: dict[str, Child]) -> Markup:
    parts: list[str] = []
    for fixed, name in _compiled(template):
        parts.append(fixed)
        if name is not None:
            value = values[name]
            kind = type(value)
            parts.append(value if kind is Markup else bdi(value) if kind is str else el("span", value))  # type: ignore[arg-type]
    return _new(Markup, "".join(parts))
