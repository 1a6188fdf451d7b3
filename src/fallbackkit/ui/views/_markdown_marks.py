"""What an answer holds that Markdown does not know: maths, and numbers of sources. A sign keeps the place of each."""

from __future__ import annotations

import re
import sys
from typing import NamedTuple

from fallbackkit.ui.views._html import clean

__all__ = ["PLACE", "Mark", "marked", "shown", "written"]

# Between signs of punctuation that mean nothing, as emphasis ends beside those; no clean text holds these letters.
_START, _END, _LESS, _AND = "%\ufdd0", "\ufdd1%", "%\ufdd2%", "%\ufdd3%"
PLACE = re.compile(f"{_START}([0-9]+){_END}")
"""What keeps the place of a mark; its number."""

_MOST_CITED = 200  # a model that repeats itself makes no page of panels

_SAME_BLOCK, _SAME_SENTENCE = r"\n(?![ \t]*\n)", r"\n(?![ \t]*[\n|>#])"
_DEFINED = r"""[ ]{0,3}\[[^\]\n]{1,999}\]:[ \t]*\S+[ \t]*(?:["'(].*)?(?=\n|\Z)"""
_FENCE = r"(?:\A|\n)[ \t>]*+(?:[*+-][ ]+|[0-9]{1,9}[.)][ ]+){0,9}+(`{3,}+|~{3,}+)[^`\n]*+\n"
_MATHS = (
    rf"\$\$(?:[^$\n]|{_SAME_BLOCK}){{1,2000}}\$\$",
    rf"\$(?=[^\s$])(?:[^$`\n]|{_SAME_SENTENCE}){{0,1000}}(?<=[^\s\\])\$(?!\d)",  # no price: "$5 and $10"
    rf"\\\((?:[^\\\n]|\\[^()\n]|{_SAME_BLOCK}){{1,1000}}\\\)",
    rf"\\\[(?:[^\\\n]|\\[^\[\]\n]|{_SAME_BLOCK}){{1,1000}}\\\]",
)
# In the order in which one hides the other. Each is bounded, so that no text costs more than its length.
_SIGNS = re.compile(
    "|".join(
        (
            rf"(?:\A|\n\n){_DEFINED}(?:\n{_DEFINED})*+",  # where links lead
            rf"{_FENCE}(?:.*\n)*?(?:[ \t>]*\1|.*\Z)",  # code
            r"[^\n`<$\\\[]++",  # text
            rf"(?<!`)(`++)(?:[^\n]|{_SAME_BLOCK})+?(?<!`)\2(?!`)",  # code in a line
            r"<[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*>|<[^\s<>@]{1,200}@[^\s<>]{1,200}>|(?<=\]\()<",  # addresses
            r"(?P<less><)",
            rf"(?P<maths>{'|'.join(_MATHS)})",
            r"\\[!-/:-@\[-`{-~]",  # what is escaped
            r"\[(?P<cited>[0-9]{1,3}(?:[ ]?[,;،][ ]?[0-9]{1,3}){0,19})\](?!\()",
        )
    )
)
_NUMBERED = re.compile(r"&#(?:([0-9]{1,7})|[xX]([0-9a-fA-F]{1,6}));")


class Mark(NamedTuple):
    """What stands at a place.

    Attributes:
        text: As it was written.
        cited: The numbers it names, from 1; none for maths.
        alone: Whether it has its lines for itself.
    """

    text: str
    cited: tuple[int, ...] = ()
    alone: bool = False


def marked(text: str, sources: int) -> tuple[str, list[Mark]]:
    """The text with a sign where something stands that Markdown would change, or does not know; and what that is.

    HTML is text as well, and so is the number of a letter that no clean text holds.

    Args:
        text: As ``clean`` gives it.
        sources: How many there are; a number that names none is text.
    """
    marks: list[Mark] = []
    left = _MOST_CITED

    def sign(found: re.Match[str]) -> str:
        nonlocal left
        kind, text = found.lastgroup, found[0].replace(_AND, "&")
        if kind == "less":
            return _LESS
        if kind == "maths":
            marks.append(Mark(text, alone=_is_alone(found)))
        elif kind == "cited" and left > 0:
            cited = tuple(map(int, re.findall("[0-9]+", found["cited"])))
            if not any(1 <= number <= sources for number in cited):
                return found[0]
            left -= len(cited)
            marks.append(Mark(text, cited))
        else:
            return found[0]
        return f"{_START}{len(marks) - 1}{_END}"

    return _SIGNS.sub(sign, _NUMBERED.sub(_unnumbered, text)), marks


def _unnumbered(found: re.Match[str]) -> str:
    code = int(found[1]) if found[1] else int(found[2], 16)
    letter = chr(code) if code <= sys.maxunicode else ""
    return found[0] if clean(letter) == letter else _AND + found[0][1:]


def _is_alone(found: re.Match[str]) -> bool:
    text, (start, end) = found.string, found.span()
    before, after = text[text.rfind("\n", 0, start) + 1 : start], text[end:].partition("\n")[0]
    return not before.strip(" \t>") and not after.strip()


def written(text: str, marks: list[Mark]) -> str:
    """The text as it was before its signs."""
    if _START in text:
        text = PLACE.sub(lambda found: marks[int(found[1])].text, text)
    return text.replace(_LESS, "<").replace(_AND, "&")


def shown(markup: str) -> str:
    """HTML as it is without the signs that keep no place."""
    return markup.replace(_LESS, "&lt;").replace(_AND, "&amp;")
