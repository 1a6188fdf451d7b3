"""For whom a view is drawn: their language, their present, their zone. All words of the views come through here."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from string import Formatter
from typing import TYPE_CHECKING, TypedDict, cast

from markupsafe import Markup

from fallbackkit.messages import _cldr
from fallbackkit.messages._messages import SHIPPED
from fallbackkit.ui.views._html import Child, bdi, el

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from fallbackkit.messages import Messages
    from fallbackkit.messages._catalogue import Catalogue
    from fallbackkit.messages._types import Direction

__all__ = ["For", "Reader"]

_JUST_NOW = 10.0
_MINUTE = 60.0
_LONGEST = 366 * 86400.0


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

    def __post_init__(self) -> None:
        object.__setattr__(self, "_words", (self.messages or SHIPPED).catalogues(self.locale))

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
        words, template = self._found(key, n)
        if n is not None:
            values["n"] = Markup(_cldr.number(self._words[0].conventions, n))  # noqa: S704  # digits
        said = _fill(template, values)
        return said if words is self._words[0] else el("span", said, lang=words.lang, dir=words.direction)

    def text(self, key: str, n: int | None = None, /, **values: str) -> str:
        """The same as plain text, for an attribute or the live region."""
        words, template = self._found(key, n)
        said = {name: words.isolated(value) for name, value in values.items()}
        if n is not None:
            said["n"] = _cldr.number(self._words[0].conventions, n)
        return template.replace("*", "").format_map(said)

    def knows(self, key: str) -> bool:
        """Whether there is such a message."""
        return any(key in words.book for words in self._words)

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

    def listed(self, items: Sequence[Child]) -> list[Child]:
        """``a, b and c``."""
        between = _cldr.listed(self._conventions, len(items))
        return [part for pair in zip(between, [*items, None], strict=True) for part in pair]

    @property
    def _conventions(self) -> str:
        return self._words[0].conventions

    # Times

    def seconds(self, value: float) -> str:
        """A duration as people compare them: ``0.4 s``, ``2 min 5 s``."""
        if not math.isfinite(value) or value < 0:
            return self.text("ui.time.unknown")
        if value < 0.05:  # noqa: PLR2004  # what rounds to 0.0
            return self.text("ui.time.instant")
        if value < _MINUTE:
            return self.text("ui.time.seconds", s=self.number(value, 1))
        minutes, rest = divmod(round(value), 60)
        return self.text("ui.time.minutes", min=self.number(minutes), s=self.number(rest))

    def span(self, seconds: float) -> str:
        """A length of time in words, to one unit: ``6 minutes``."""
        return _cldr.length(self._conventions, min(max(seconds, 0.0), _LONGEST))

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
        return el("time", bdi(self.moment(local)), datetime=local.isoformat())

    def moment(self, at: datetime) -> str:
        """The same as plain text."""
        local = self.local(at)
        if local is None:
            return at.isoformat()
        told = {"time": _cldr.clock(self._conventions, local.hour, local.minute), "zone": self._zone(local)}
        now, relative = self.local(self.now), self.relative(at)
        if now is None or relative is None:
            return self.text("ui.time.absolute", day=self._day(local, None), **told)
        if now.astimezone(local.tzinfo).date() == local.date():
            return self.text("ui.time.today", relative=relative, **told)
        return self.text("ui.time.dated", day=self._day(local, now), relative=relative, **told)

    def date(self, at: datetime) -> Markup:
        """``14 October`` or, in another year, ``14 October 2025``."""
        local = self.local(at)
        if local is None:
            return bdi(at.isoformat())
        return el("time", bdi(self._day(local, self.local(self.now))), datetime=local.date().isoformat())

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
        city = _cldr.city(self._conventions, at.tzinfo)
        return self.text("values.zone", place=city) if city else at.tzname() or "UTC"


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
    return Markup().join(fixed for fixed, _ in _compiled(template))


def _fill(template: str, values: dict[str, Child]) -> Markup:
    if not values:
        return _constant(template)
    parts: list[Markup] = []
    for fixed, name in _compiled(template):
        parts.append(fixed)
        if name is not None:
            value = values[name]
            parts.append(bdi(value) if type(value) is str else Markup(_joined(value)))  # noqa: S704  # escaped by el
    return Markup("").join(parts)


def _joined(value: Child) -> str:
    return value if isinstance(value, Markup) else str(el("span", value))
