"""Where a long text may be folded, so that both halves are still Markdown."""

from __future__ import annotations

import re

import pyromark

__all__ = ["folded"]

_LONGEST = 30_000
"""Characters; what is longer is shown as it is written, and so may be folded at any sentence."""

_CLOSING = r"[\"”’»)\]*_`]*"  # quotation marks
_END = re.compile(rf"[.!?؟。…]{_CLOSING}(?=\s|$)")
_PAIRS = ("**", "__", "`", "*", "_")


def folded(text: str, sentences: int) -> tuple[str, str]:
    """The text up to about that many sentences, and the rest. Nothing is lost, and no element is cut.

    Args:
        text: Markdown.
        sentences: How many stay, at least 1.
    """
    left = sentences
    for start, end, plain in _blocks(text):
        ends = [match.end() for match in _END.finditer(text, start, end)]
        count = max(1, len(ends))
        if count > left and plain and left > 0 and _is_whole(text[start : ends[left - 1]]):
            return _halves(text, ends[left - 1])
        if count > left and start > 0:
            return _halves(text, start)
        left -= count
    return text, ""


def _halves(text: str, at: int) -> tuple[str, str]:
    rest = text[at:].strip()
    return (text[:at].rstrip(), rest) if rest else (text, "")


def _is_whole(piece: str) -> bool:
    """Whether no pair of signs is open at its end."""
    for sign in _PAIRS:
        if piece.count(sign) % 2:
            return False
        piece = piece.replace(sign, "")
    return piece.count("[") == piece.count("]") and piece.count("(") == piece.count(")")


def _blocks(text: str) -> list[tuple[int, int, bool]]:
    """Start and end of each block of the text, and whether it may be folded inside."""
    if len(text) > _LONGEST:
        return [(0, len(text), True)]
    if pyromark.reference_definitions(text):  # one half would be without the addresses of its links
        return []
    blocks: list[tuple[int, int, bool]] = []
    written, depth, seen, at = text.encode(), 0, 0, 0  # ranges are in bytes
    for event, place in pyromark.events_with_range(text, options=pyromark.Options.ENABLE_TABLES):
        kind, what = (event, None) if isinstance(event, str) else next(iter(event.items()))
        if depth == 0 and kind in {"Start", "Rule"}:
            start = at + len(written[seen : place["start"]].decode())
            seen, at = place["end"], start + len(written[place["start"] : place["end"]].decode())
            blocks.append((text.rfind("\n", 0, start) + 1, at, what == "Paragraph"))
        depth += {"Start": 1, "End": -1}.get(kind, 0)
    return blocks
