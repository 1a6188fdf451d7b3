from __future__ import annotations

import re

from fallbackkit.errors import FailureKind
from fallbackkit.providers._look import look
from fallbackkit.providers._words import is_error_body, kind_of_words, parsed_body, words_of

__all__ = ["garbled", "is_page"]

_PAGES = ("<!doctype html", "<html")
_STATUS_PAGE = re.compile(
    r"<title>\s*(?:[45]\d\d\b|(?:error )?[45]\d\d |bad gateway|gateway time-?out|service (?:temporarily )?unavailable"
    r"|just a moment|attention required)",
    re.IGNORECASE,
)
_FRAMES = re.compile(r'\s*(?:event: ?[\w.]+\s*\n\s*)?data: ?(?:\[DONE\]|\{\s*"(?:id|type|choices|error|object|delta)")')
_HEAD = 500
_STARTS = frozenset("<{de")
_LOST = "\N{REPLACEMENT CHARACTER}"
_FEW = 3


def garbled(text: str) -> FailureKind | None:
    """What a text is in place of an answer, if it is certain that it is none.

    Certain are: a NUL, or every fourth character lost in decoding (binary, or of another encoding); the frames of
    server-sent events; an error as providers send it; the page of a gateway that could not reach the service.
    """
    if "\x00" in text or (_LOST in text and text.count(_LOST) >= max(_FEW, len(text) / 4)):
        return FailureKind.OUTPUT_MALFORMED
    start = text.lstrip()[:1]
    if start not in _STARTS:
        return None
    if start == "<":
        return FailureKind.PROVIDER_5XX if is_page(text) and _STATUS_PAGE.search(text[:_HEAD]) else None
    if start == "{":
        return _kind_of_error_body(text)
    return FailureKind.OUTPUT_MALFORMED if _FRAMES.match(text) else None


def is_page(text: str) -> bool:
    """Whether it is an HTML page."""
    text = text.lstrip()
    return text[:1] == "<" and text[:14].lower().startswith(_PAGES)


def _kind_of_error_body(text: str) -> FailureKind | None:
    if '"error"' not in text[:_HEAD]:
        return None
    body = parsed_body(text)
    error = look(body, "error")
    sent = is_error_body(body, bare=True) and any(look(error, name) is not None for name in ("type", "code", "status"))
    bare = isinstance(body, dict) and body.keys() <= {"error", "type", "request_id", "user_id"}
    return (kind_of_words(words_of(body)) or FailureKind.PROVIDER_5XX) if sent and bare else None
