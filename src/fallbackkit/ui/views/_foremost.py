"""Several things may be wrong at once, and one banner has to tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fallbackkit.ui.views._reader import zoned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from fallbackkit.ui.views._banner import Banner

__all__ = ["foremost"]

_WORST_FIRST = ("maintenance", "read_only", "limited", "fallback", "slower", "recovering", "ahead", "recovered")
_OFF = frozenset({"maintenance", "read_only", "limited", "fallback", "recovering"})


def foremost(banners: Iterable[Banner | None], *, now: datetime | None = None) -> Banner | None:
    """The one banner to show, of all that could be: those of the worst mode, merged.

    What another of them says is affected is not said to work. Lines for answers (``scope="answer"``) take no part.

    Args:
        banners: In any order; the first of a mode gives the merged one its ``id``.
        now: The present: planned work that lies ahead of it gives way to trouble there is already. Without it,
            all planned work counts as under way.

    Example:
        >>> from fallbackkit.ui.views import Banner
        >>> slow, off = Banner(mode="slower"), Banner(mode="limited", affected=("Photo upload",))
        >>> foremost([slow, off]).affected
        ('Photo upload',)
    """
    candidates = [each for each in banners if each is not None and each.scope != "answer"]
    if not candidates:
        return None
    least = min(_rank(each, now) for each in candidates)
    chosen = _merged([each for each in candidates if _rank(each, now) == least])
    gone = {name for each in candidates if _kind(each, now) in _OFF for name in each.affected}
    works = tuple(name for name in chosen.still_works if name not in gone)
    return chosen.model_copy(update={"still_works": works})


def _kind(value: Banner, now: datetime | None) -> str:
    ahead = now is not None and value.since is not None and zoned(value.since) > zoned(now)
    return "ahead" if value.mode == "maintenance" and ahead else value.mode


def _rank(value: Banner, now: datetime | None) -> int:
    kind = _kind(value, now)
    return _WORST_FIRST.index(kind) if kind in _WORST_FIRST else len(_WORST_FIRST)


def _merged(same: Sequence[Banner]) -> Banner:
    """One for all that share a mode: the first news, the last end, and no end that not all of them have."""
    first = same[0]
    if len(same) == 1:
        return first
    counts = [each.marked for each in same if each.marked is not None]
    return first.model_copy(
        update={
            "affected": _union(each.affected for each in same),
            "still_works": _union(each.still_works for each in same),
            "instead": first.instead if len({each.instead for each in same}) == 1 else None,
            "since": min(_known(each.since for each in same), key=zoned, default=None),
            "next_update_at": min(_known(each.next_update_at for each in same), key=zoned, default=None),
            "expected_end": _latest([each.expected_end for each in same]),
            "back_at": _latest([each.back_at for each in same]),
            "marked": sum(counts) if counts else None,
            "scope": "page" if any(each.scope == "page" for each in same) else first.scope,
            "dismissible": all(each.dismissible for each in same),
            "once": all(each.once for each in same),
        }
    )


def _union(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))


def _known(times: Iterable[datetime | None]) -> list[datetime]:
    return [each for each in times if each is not None]


def _latest(times: Sequence[datetime | None]) -> datetime | None:
    known = _known(times)
    return max(known, key=zoned) if len(known) == len(times) else None
