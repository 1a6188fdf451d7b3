from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from fallbackkit.ui.views._checked import check_mark, check_words, length_of, note, title, title_link
from fallbackkit.ui.views._html import bdi, el

if TYPE_CHECKING:
    from markupsafe import Markup

    from fallbackkit._outcome import Source
    from fallbackkit.ui.views._reader import Reader

__all__ = ["citation"]

_LONGEST_NAME = 120
_REMEMBERED = 4000  # characters; what is remembered stays in memory


def citation(number: int, source: Source, reader: Reader, *, place: str) -> Markup:
    """A number in the text that opens what stands behind it.

    Args:
        number: Of the source, from 1.
        source: What it names.
        reader: For whom; ``on_the_day``, so that it is drawn once.
        place: Which citation of its text it is, so that an update does not close it.
    """
    draw = _remembered if length_of(source) < _REMEMBERED else _drawn
    return draw(number, source, reader, place)


def _drawn(number: int, source: Source, reader: Reader, place: str) -> Markup:
    name = reader.text(
        "ui.cite.name",
        number=reader.number(number),
        title=title(source, reader)[:_LONGEST_NAME],
        check=check_words(source, reader),
    )
    return el(
        "span",
        el(
            "button",
            f"[{number}]",
            type="button",
            class_="fk-cite",
            aria_expanded="false",
            aria_label=name,
            data_toggle=place,
            data_opened="citation_focus",
            data_value=number,
            data_check=source.check,
        ),
        el(
            "span",
            _panel(number, source, reader),
            class_="fk-pop",
            lang=reader.lang,
            dir=reader.direction,
            hidden=True,
        ),
        class_="fk-popover",
    )


_remembered = lru_cache(maxsize=512)(_drawn)


def _panel(number: int, source: Source, reader: Reader) -> list[Markup | None]:
    said = note(source, reader)
    return [
        title_link(source, number, reader),
        check_mark(source, reader),
        el("span", bdi(source.locator), class_="fk-source-where") if source.locator else None,
        el("span", said, class_="fk-source-note") if said else None,
        el("span", source.quote, dir="auto", class_="fk-source-quote") if source.quote else None,
    ]
