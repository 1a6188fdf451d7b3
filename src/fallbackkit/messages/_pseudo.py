"""Languages that nobody speaks, made from English, to find text that is cut off, put together or never translated.

``en-XA`` is 40 % longer, accented and in brackets; ``ar-XB`` reads from right to left.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from fallbackkit.messages._catalogue import LONGEST_BODY, Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from fallbackkit.messages._catalogue import Book, Text

__all__ = ["PSEUDO", "disguised"]

_MORE = 0.4
_LONGEST = 2 * LONGEST_BODY  # what is longer by design is not left out for it
_ACCENTED = str.maketrans(
    "AaBbCcDdEeFfGgHhIiJjKkLlMmNnOoPpRrSsTtUuVvWwYyZz",
    "ÅåƁƀÇçÐðÉéƑƒĜĝĤĥÎîĴĵĶķĻļṀṁÑñÖöÞþŔŕŠšŢţÛûṼṽŴŵÝýŽž",
)
_PADDING = " one two three four five six seven eight nine ten"
_PLACEHOLDER = re.compile(r"(\{\w+\})")
_FROM_RIGHT, _END = "\u202e", "\u202c"


def _longer(text: str) -> str:
    parts = _PLACEHOLDER.split(text)
    accented = "".join(part if _PLACEHOLDER.match(part) else part.translate(_ACCENTED) for part in parts)
    more = math.ceil(len(text) * _MORE)
    return f"[{accented}{(_PADDING * math.ceil(more / len(_PADDING)))[:more].rstrip()}]"


def _mirrored(text: str) -> str:
    parts = _PLACEHOLDER.split(text)
    return "".join(part if not part or _PLACEHOLDER.match(part) else _FROM_RIGHT + part + _END for part in parts)


PSEUDO: dict[str, Callable[[str], str]] = {"en-XA": _longer, "ar-XB": _mirrored}


def disguised(tag: str, english: Book, conventions: str) -> Catalogue:
    """The words of a pseudo-locale."""
    change = PSEUDO[tag]

    def each(text: Text) -> Text:
        if isinstance(text, str):
            return change(text)
        if isinstance(text, tuple):
            return tuple(map(change, text))
        return {category: change(form) for category, form in text.items()}

    book = {key: each(text) for key, text in english.items()}
    return Catalogue(tag, conventions, "rtl" if change is _mirrored else "ltr", book, _LONGEST)
