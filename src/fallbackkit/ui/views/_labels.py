"""The short words of the components: who, why, how sure, when."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fallbackkit.errors import FailureKind
from fallbackkit.messages import _cldr
from fallbackkit.messages._messages import SHIPPED
from fallbackkit.ui.views._html import bdi, el

if TYPE_CHECKING:
    from collections.abc import Collection

    from markupsafe import Markup

    from fallbackkit._outcome import Outcome, Step
    from fallbackkit.messages import Messages
    from fallbackkit.messages._catalogue import Catalogue

__all__ = ["Reader", "amount", "because", "case_code", "clause", "count", "seconds", "who"]


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a view is drawn for.

    Attributes:
        now: Their present; without it times are absolute only.
        tz: The zone times are shown in; without it, the zone a time came with.
        actions: Ids of the actions the application handles; None if all.
        messages: The application's own words; None for those of the kit.
    """

    now: datetime | None = None
    tz: tzinfo | None = None
    locale: str = "en"
    actions: Collection[str] | None = None
    messages: Messages | None = None

    def offers(self, action: str) -> bool:
        return self.actions is None or action in self.actions

    def local(self, at: datetime | None) -> datetime | None:
        """The time in the reader's zone, if it can be told there."""
        if at is None:
            return None
        try:
            return _zoned(at).astimezone(self.tz) if self.tz else _zoned(at)
        except (OverflowError, ValueError):
            return None

    def time(self, at: datetime) -> Markup:
        """``14:20 (6 minutes ago, Berlin time)``, as an element that machines read too."""
        local = self.local(at)
        if local is None:
            return bdi(at.isoformat())
        notes = [_zone(local)]
        clock = f"{local:%H:%M}"
        if self.now is not None:
            now = _zoned(self.now).astimezone(local.tzinfo)
            notes.insert(0, _relative((local - now).total_seconds()))
            if local.date() != now.date():
                clock = f"{day(local, now)}, {clock}"
        else:
            clock = f"{day(local, None)}, {clock}"
        return el("time", bdi(clock), f" ({', '.join(notes)})", datetime=local.isoformat())

    def date(self, at: datetime) -> Markup:
        """``14 October`` or, in another year, ``14 October 2025``."""
        local = self.local(at)
        if local is None:
            return bdi(at.isoformat())
        return el("time", bdi(day(local, self.now)), datetime=local.date().isoformat())

    def passed(self, at: datetime | None) -> bool:
        return at is not None and self.now is not None and _zoned(at) <= _zoned(self.now)


_NOW = 10.0


def day(at: datetime, now: datetime | None) -> str:
    return _cldr.day(_english().conventions, at.date(), year=now is None or at.year != now.year)


def _english() -> Catalogue:
    return SHIPPED.catalogues("en")[0]


def _zoned(at: datetime) -> datetime:
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _zone(at: datetime) -> str:
    if isinstance(at.tzinfo, ZoneInfo) and "/" in at.tzinfo.key:
        return at.tzinfo.key.rpartition("/")[2].replace("_", " ") + " time"
    return at.tzname() or "UTC"


def _relative(delta: float) -> str:
    words = amount(abs(delta))
    if abs(delta) < _NOW:
        return "just now"
    return f"in {words}" if delta > 0 else f"{words} ago"


def count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def amount(delta: float) -> str:
    """A length of time in words, to one unit: ``6 minutes``."""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if delta >= size * 0.95:
            return count(max(1, round(delta / size)), name)
    return count(max(1, round(delta)), "second")


def seconds(value: float) -> str:
    """A duration as people compare them: ``0.4 s``, ``2 min 5 s``."""
    if not math.isfinite(value) or value < 0:
        return "unknown"
    if value < 0.05:  # noqa: PLR2004  # what rounds to 0.0
        return "under 0.1 s"
    if value < 60:  # noqa: PLR2004  # a minute
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes:,} min {rest} s"


def case_code(case: str) -> Markup:
    """A case's number as people read it out."""
    return bdi(case, class_="fk-code")


def who(step: Step | None, outcome: Outcome) -> str:
    """The answerer as people call it."""
    if step is None:
        return "the main model"
    match step.kind:
        case "model":
            first = outcome.requested in {None, step.name}
            return "the main model" if first else "another model"
        case "smaller_model":
            return "the smaller model"
        case "cache":
            return "a saved answer"
        case "rule":
            return "a fixed rule"
        case "search":
            return "the search"
        case "person" | "other":
            return step.name


def clause(kind: FailureKind) -> str:
    """What went wrong, as the end of a sentence that begins with who: ``was busy``."""
    return _english().line(f"kinds.{kind}.clause") or ""


def because(step: Step | None, outcome: Outcome) -> str | None:
    """Why a step did not answer, as such an end of a sentence."""
    kind = step.failure.kind if step and step.failure else None
    if kind is None and step is not None and step.verdict == "abstained":
        kind = FailureKind.QUALITY_LOW_CONFIDENCE
    if kind is None and outcome.reasons:
        kind = outcome.reasons[0]
    return clause(kind) if kind else None
