"""What an answer holds that Markdown does not know: maths, and numbers of sources."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

__all__ = ["add_rules"]

# Bounded, so that no text costs more than its length. A price is no maths: "$5 and $10" has a space before the second.
_MATHS = re.compile(
    r"""\$\$[^$]{1,2000}\$\$
    |   \$(?=[^\s$])[^$]{0,1000}(?<=[^\s\\])\$(?!\d)
    |   \\\(.{1,1000}?\\\)
    |   \\\[.{1,1000}?\\\]""",
    re.VERBOSE | re.DOTALL,
)
_DISPLAYED = {"$$": "$$", "\\[": "\\]"}
_MOST_LINES = 40
_MOST_CITED = 200  # a model that repeats itself makes no page of panels
_CITED = re.compile(r"\[([0-9]{1,3}(?:[ ]?[,;،][ ]?[0-9]{1,3}){0,19})\](?!\()")


def add_rules(md: MarkdownIt) -> None:
    """Maths stays as it is written; ``[2]`` becomes a token where there is a second source."""
    md.inline.ruler.before("escape", "maths", _maths)
    md.inline.ruler.before("link", "cite", _cite)
    md.block.ruler.before(
        "code", "maths_block", _maths_block, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )


def _maths(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  # called by markdown-it
    if state.src[state.pos] not in "$\\":
        return False
    found = _MATHS.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.push("maths", "", 0).content = found.group()
    state.pos = found.end()
    return True


def _maths_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001  # the same
    if state.is_code_block(start):
        return False
    first = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]].strip()
    closing = _DISPLAYED.get(first[:2])
    if closing is None:
        return False
    rest, line = first[2:], start
    while not rest.endswith(closing):
        line += 1
        if line >= min(end, start + _MOST_LINES) or state.isEmpty(line) or state.sCount[line] < state.blkIndent:
            return False
        rest = state.src[state.bMarks[line] : state.eMarks[line]].rstrip()
    if not silent:
        token = state.push("maths_block", "", 0)
        token.content = state.getLines(start, line + 1, state.blkIndent, keepLastLF=False).strip()
        token.map = [start, line + 1]
    state.line = line + 1
    return True


def _cite(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  # the same
    known: int = state.env.get("sources", 0)
    if (
        silent or not known or state.env["cited"] >= _MOST_CITED or state.linkLevel or state.src[state.pos] != "["
    ):  # silent: it looks for the end of a link
        return False
    found = _CITED.match(state.src, state.pos, state.posMax)
    numbers = [int(number) for number in re.findall("[0-9]+", found.group(1))] if found else []
    if found is None or not any(1 <= number <= known for number in numbers):
        return False
    state.env["cited"] += len(numbers)
    for number in numbers:
        named = 1 <= number <= known
        state.push("cite" if named else "text", "", 0).content = str(number) if named else f"[{number}]"
    state.pos = found.end()
    return True
