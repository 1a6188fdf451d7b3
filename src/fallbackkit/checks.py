"""Checks for ``Validate(check=…)`` that may now and then refuse a good answer, and so are not on by default."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fallbackkit._outcome import Answer

__all__ = ["readable"]

_MISREAD = re.compile("\u00c3[\u0080-\u00bf]|\u00e2\u20ac|\u00c2[\u00a0-\u00bf]")
_SPACES = frozenset("\n\r\t")
_PAGES = ("<!doctype html", "<html")
_LONGEST_UNIT = 200
_TIMES = 5
_SHORTEST_LOOP = 60


def readable(answer: Answer) -> bool:
    """Whether a text reads as if a person had written it.

    Refused are: a character lost in decoding, a control character, UTF-8 read as if it were Latin ("cafÃ©"),
    an end that repeats itself five times and more, and an HTML page. An answer without text is no
    business of this check. Safe to call from any thread.

    Example:
        >>> from fallbackkit import Answer, Validate
        >>> Validate(check=readable).describe()
        'Validate(check)'
        >>> readable(Answer(text="Voil\u00c3\u00a0 ! Five days."))
        False
    """
    text = answer.text
    if "\N{REPLACEMENT CHARACTER}" in text or _MISREAD.search(text):
        return False
    if text.lstrip()[:14].lower().startswith(_PAGES) or _ends_in_loop(text):
        return False
    return all(each in _SPACES or unicodedata.category(each) != "Cc" for each in text)


def _ends_in_loop(text: str) -> bool:
    for length in range(1, min(_LONGEST_UNIT, len(text) // _TIMES) + 1):
        end = text[-max(_TIMES * length, _SHORTEST_LOOP) :]
        if end[length:] == end[:-length] and len(end) >= _SHORTEST_LOOP and any(map(str.isalpha, end)):
            return True
    return False
