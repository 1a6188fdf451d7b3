from __future__ import annotations

from typing import TYPE_CHECKING

from fallbackkit.messages._messages import SHIPPED

if TYPE_CHECKING:
    from fallbackkit.errors import FailureKind

__all__ = ["amount", "clause", "count"]


def count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def amount(delta: float) -> str:
    """A length of time in words, to one unit: ``6 minutes``."""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if delta >= size * 0.95:
            return count(max(1, round(delta / size)), name)
    return count(max(1, round(delta)), "second")


def clause(kind: FailureKind) -> str:
    """What went wrong, as the end of a sentence that begins with who: ``was busy``."""
    return SHIPPED.catalogues("en")[0].line(f"kinds.{kind}.clause") or ""
