"""What is known of one call, as text in one language. Each fact is put into words when a sentence names it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Literal

from fallbackkit._redact import redact
from fallbackkit.messages import _cldr

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from fallbackkit.messages._catalogue import Catalogue
    from fallbackkit.messages._types import Facts

__all__ = ["ENOUGH_TRIES", "Told", "Unknown"]

ENOUGH_TRIES = 2
_LONGEST_READ = 4000
_LONGEST_VALUE = 40
_LONGEST_SPAN = 366 * 86400.0
_SHORTEST_WAIT = 1.0


class Unknown(KeyError):
    """Nobody knows this fact, so the sentence cannot be said."""


class Told:
    """A mapping for ``str.format_map``."""

    __slots__ = ("_facts", "_words", "_zone")

    def __init__(self, words: Catalogue, facts: Facts, zone: tzinfo | None) -> None:
        self._words, self._facts, self._zone = words, facts, zone

    def __getitem__(self, name: str) -> str:
        text = _TELLERS[name](self)
        if not text:
            raise Unknown(name)
        return text

    @property
    def waits(self) -> bool:
        """Whether it is known when another try makes sense."""
        wait = self._facts.get("retry_after")
        return wait is not None and _SHORTEST_WAIT <= wait <= _LONGEST_SPAN

    def again(self) -> str | None:
        """When to try again; not to people who have often enough."""
        return None if self._facts.get("tries", 0) >= ENOUGH_TRIES else self.when()

    def asked(self) -> str | None:
        kind = self._facts.get("requested_kind") or "other"
        return self._words.line(f"values.asked.{kind}") or self._words.line("values.asked.other")

    def cause(self) -> str | None:
        kind = self._kind()
        return self._words.line(f"kinds.{kind}.cause") if kind else None

    def clause(self) -> str | None:
        why = self._facts.get("why")
        return self._words.line(f"kinds.{why}.clause") if why else None

    def kind(self) -> str | None:
        kind = self._kind()
        return self._words.isolated(str(kind)) if kind else None

    def limit(self) -> str | None:
        return self._span(self._facts.get("limit"))

    def place(self) -> str | None:
        position = self._facts.get("position")
        if position is None or position < 1:
            return None
        if position == 1:
            place = self._words.line("values.line.first")
        else:
            place = self._line("line.later", position=_cldr.number(self._words.conventions, position))
        span = self._span(self._facts.get("eta"))
        return (place and span and self._line("line.timed", place=place, span=span)) or place

    def reference(self) -> str | None:
        return self._named(self._facts.get("reference"))

    def requested(self) -> str | None:
        return self._named(self._facts.get("requested"))

    def reviewer(self) -> str | None:
        return self.served_by() or self._words.line("values.reviewer")

    def saved(self) -> str | None:
        saved = self._facts.get("saved_at")
        if saved is None:
            return None
        if saved.utcoffset() is None:
            return self._line("moment.date", day=self._day(saved, None))
        there, now = self._local(saved), self._local(self._facts.get("at"))
        if there is None:
            return None
        passed = _between(there, now) if now is not None else -1
        if now is None or passed < 0:
            return self._moment("absolute", there, None)
        span = _cldr.length(self._words.conventions, passed, towards="ago")
        return self._moment("today" if there.date() == now.date() else "dated", there, now, relative=span)

    def served_by(self) -> str | None:
        return self._named(self._facts.get("served_by"))

    def ticket(self) -> str | None:
        return self._named(self._facts.get("ticket"))

    def unserved(self) -> str | None:
        return None if self._facts.get("served_by") else self.requested()

    def when(self) -> str | None:
        wait = self._facts.get("retry_after")
        if wait is None or not self.waits:
            return None
        span = _cldr.length(self._words.conventions, wait, towards="ahead")
        now = self._local(self._facts.get("at"))
        then = _after(now, wait) if now is not None else None
        if now is None or then is None:
            return span
        return self._moment("today" if then.date() == now.date() else "dated", then, now, relative=span)

    def words(self) -> str | None:
        count = self._facts.get("words") or 0
        return self._words.counted("values.words", count) if count > 0 else None

    def _kind(self) -> str | None:
        return self._facts.get("kind") or self._facts.get("why")

    def _line(self, name: str, **values: str) -> str | None:
        return self._words.line(f"values.{name}", values)

    def _named(self, value: str | None) -> str | None:
        """A name from elsewhere: on one line, without secrets, not too long."""
        if not value:
            return None
        seen = (letter for letter in value[:_LONGEST_READ] if letter.isprintable() or letter.isspace())
        shown = redact(" ".join("".join(seen).split()))
        shown = shown if len(shown) <= _LONGEST_VALUE else f"{shown[: _LONGEST_VALUE - 1]}…"
        return self._words.isolated(shown) if shown else None

    def _span(self, seconds: float | None) -> str | None:
        if seconds is None or not 0 < seconds <= _LONGEST_SPAN:
            return None
        return _cldr.length(self._words.conventions, seconds)

    def _local(self, at: datetime | None) -> datetime | None:
        """The time in the reader's zone; None if it has no zone, or cannot be told there."""
        if at is None or at.utcoffset() is None:
            return None
        try:
            return at if self._zone is None else at.astimezone(self._zone)
        except (OverflowError, ValueError):
            return None

    def _moment(
        self, form: Literal["today", "dated", "absolute"], at: datetime, now: datetime | None, **values: str
    ) -> str | None:
        time = self._words.isolated(_cldr.clock(self._words.conventions, at.hour, at.minute))
        return self._line(f"moment.{form}", day=self._day(at, now), time=time, zone=self._zone_of(at), **values)

    def _day(self, at: datetime, now: datetime | None) -> str:
        year = now is None or now.year != at.year
        return self._words.isolated(_cldr.day(self._words.conventions, at.date(), year=year))

    def _zone_of(self, at: datetime) -> str:
        city = _cldr.city(self._words.conventions, at.tzinfo)
        said = self._line("zone", place=self._words.isolated(city)) if city else None
        return said or self._named(at.tzname()) or str(timezone(at.utcoffset() or timedelta()))


def _between(earlier: datetime, later: datetime) -> float:
    """Seconds that really passed: the clock on the wall may have been put forward meanwhile."""
    shift = (later.utcoffset() or timedelta()) - (earlier.utcoffset() or timedelta())
    return (later.replace(tzinfo=None) - earlier.replace(tzinfo=None) - shift).total_seconds()


def _after(at: datetime, wait: float) -> datetime | None:
    """The clock on the wall, when that many seconds will really have passed."""
    try:
        return (at.astimezone(UTC) + timedelta(seconds=wait)).astimezone(at.tzinfo)
    except (OverflowError, ValueError):
        return None


_TELLERS: dict[str, Callable[[Told], str | None]] = {
    name: teller for name, teller in vars(Told).items() if callable(teller) and not name.startswith("_")
}
