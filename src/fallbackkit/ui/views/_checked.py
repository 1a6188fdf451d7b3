"""What a source and a citation of it have in common: its check in words, and where it leads."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from fallbackkit.ui.views._html import HOLE, LONGEST_URL, Child, Shape, bdi, el, safe_url
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._pieces import hidden

if TYPE_CHECKING:
    from markupsafe import Markup

    from fallbackkit._outcome import Check, Source
    from fallbackkit.ui.views._reader import Reader

__all__ = [
    "ORDER",
    "address",
    "check_mark",
    "check_words",
    "length_of",
    "note",
    "opened",
    "title",
    "title_link",
]

_DRAWINGS: dict[Check, str] = {
    "quote_found": "ok",
    "conflicts": "attention",
    "changed": "attention",
    "quote_not_found": "attention",
    "unreachable": "danger",
    "not_checked": "unknown",
}
ORDER: dict[str, int] = {check: index for index, check in enumerate(_DRAWINGS)}
"""What is verified first, then what a reader should know most."""

_LONGEST_PLACE = 300
_WORDS_AT_AN_END = 5
_MOST_WORDS = 12


def check_words(source: Source, reader: Reader) -> str:
    """``quote found``; that of a newer version as it is."""
    key = f"ui.sources.check.{source.check}"
    return reader.text(key) if reader.knows(key) else str(source.check)


def check_mark(source: Source, reader: Reader) -> Markup:
    """The same with its drawing."""
    return _mark(_DRAWINGS.get(source.check, "unknown"), check_words(source, reader))


@lru_cache(maxsize=128)
def _mark(drawing: str, words: str) -> Markup:
    return el("span", icon(drawing), el("span", words), class_=f"fk-check fk-check-{drawing}")


def note(source: Source, reader: Reader) -> Markup | None:
    """What its check means for the reader, where that is not plain."""
    if source.check == "changed" and source.updated_at is not None:
        return reader.say("ui.sources.note.changed_on", day=reader.date(source.updated_at))
    key = f"ui.sources.note.{source.check}"
    return reader.say(key) if reader.knows(key) else None


def title(source: Source, reader: Reader) -> str:
    """Its title, or words for one without."""
    return source.title or reader.text("ui.sources.untitled")


@lru_cache(maxsize=1024)
def address(url: str | None, passage: str | None) -> tuple[str | None, str | None]:
    """Where a source may be opened, at the place of the passage; and its host, or the address if it is not opened."""
    href = safe_url(url)
    if url is None or href is None:
        return None, url
    parts = urlsplit(href)
    if passage and parts.scheme in {"http", "https"} and "#" not in href:
        placed = f"{href}#:~:text={_place(passage)}"  # whose end is percent-encoded, and so as safe as its beginning
        href = placed if len(placed) <= LONGEST_URL else href
    return href, parts.hostname


def _place(passage: str) -> str:
    """The passage as a text fragment; a long one by its first and last words."""
    words = passage[:100_000].split()
    if len(words) <= _MOST_WORDS and len(passage) <= _LONGEST_PLACE:
        return _encoded(" ".join(words))
    first, last = (" ".join(part)[:_LONGEST_PLACE] for part in (words[:_WORDS_AT_AN_END], words[-_WORDS_AT_AN_END:]))
    return f"{_encoded(first)},{_encoded(last)}"


def _encoded(words: str) -> str:
    return quote(words, safe="", errors="replace").replace("-", "%2D")  # "-" and "," have a meaning there


def title_link(source: Source, number: int, reader: Reader, *, new_tab: bool = True) -> Markup:
    """The title, which opens the source at the place of its quote, if it may be opened."""
    href, _ = opened(source)
    words: Child = bdi(title(source, reader))
    if href is None:
        return el("span", words, class_="fk-source-title")
    return _link(reader.say("ui.link.new_tab") if new_tab else None)(href, str(number), words)


@lru_cache(maxsize=64)
def _link(warned: Markup | None) -> Shape:
    return Shape(
        el(
            "a",
            HOLE,
            icon("outside"),
            hidden(" ", warned) if warned is not None else None,
            href=HOLE,
            target="_blank" if warned is not None else None,
            rel="noopener noreferrer nofollow",
            class_="fk-source-title",
            data_action="open",
            data_value=HOLE,
        )
    )


def opened(source: Source) -> tuple[str | None, str | None]:
    """Its address at the place of its quote, and its host; see ``address``."""
    return address(source.url, source.quote if source.check not in {"quote_not_found", "unreachable"} else None)


def length_of(source: Source) -> int:
    """Its characters: what is long is drawn anew, as what is remembered stays in memory."""
    return len(source.title) + len(source.quote or "") + len(source.url or "") + len(source.locator or "")
