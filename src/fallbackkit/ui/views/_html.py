"""Elements as escaped strings: every value goes through ``el``, every address through ``safe_url``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HOLE", "LONGEST_URL", "Child", "Shape", "bdi", "clean", "el", "safe_url"]

Child: TypeAlias = "str | Iterable[Child] | None"

HOLE = "\uf8ff"
"""Where a ``Shape`` is filled in: a letter of no script."""

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
_NO_LETTERS = "".join(chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF))
_UNSEEN = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_NO_LETTERS}]")
_UNSAFE = re.compile(r"[\s\x00-\x20\x7f-\x9f\\\ud800-\udfff]")
_SIGNS = {chr(code): chr(0x2400 + code) for code in range(0x20)} | {"\x7f": "\u2421"}
_new = str.__new__
LONGEST_URL = 4096
_SHORT = 160


def clean(text: str) -> str:
    """The text as HTML can carry it: control characters become visible signs, each line end a newline."""
    if text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNSEEN.sub(_sign, text)


def _sign(match: re.Match[str]) -> str:
    return _SIGNS.get(match.group(), "\ufffd")


def _escaped(text: str) -> str:
    return _remembered(text) if len(text) < _SHORT else str.__str__(escape(clean(text)))


@lru_cache(maxsize=4096)
def _remembered(text: str) -> str:
    return str.__str__(escape(clean(text)))


@lru_cache(maxsize=4096, typed=True)
def _tags(tag: str, **attributes: object) -> tuple[str, str]:
    parts = [f"<{tag}"]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        name = key.rstrip("_").replace("_", "-")
        parts.append(f" {name}" if value is True else f' {name}="{_escaped(str(value))}"')
    return f"{''.join(parts)}>", "" if tag in _VOID else f"</{tag}>"


def el(tag: str, *children: Child, **attributes: object) -> Markup:
    """One element. Attribute names lose a trailing underscore; inner ones become hyphens.

    ``None`` and ``False`` leave an attribute out, ``True`` gives it without a value. What has been escaped once is
    remembered, as a card is drawn again with every chunk of a stream.
    """
    start, end = _tags(tag, **attributes)
    inner = [child if type(child) is Markup else _text(child) for child in children]
    return _new(Markup, f"{start}{''.join(inner)}{end}")  # each is escaped; Markup's own constructor would ask again


def _text(child: Child) -> str:
    """What is not markup yet."""
    if type(child) is str:
        return _remembered(child) if len(child) < _SHORT else _escaped(child)
    if child is None:
        return ""
    if isinstance(child, str):
        return _escaped(str(child))
    return "".join([each if type(each) is Markup else _text(each) for each in child])


class Shape:
    """An element that is drawn again and again with other values: what stays the same is put together once.

    Draw it with ``HOLE`` where they go, as a child or as the whole value of an attribute; then call it with
    them, in the order in which they stand in the HTML. Immutable.

    Example:
        >>> row = Shape(el("p", HOLE, title=HOLE))
        >>> str(row("Tom & Jerry", "<3"))
        '<p title="Tom &amp; Jerry">&lt;3</p>'
    """

    __slots__ = ("_parts",)

    def __init__(self, drawn: Markup) -> None:
        fixed = str.split(drawn, HOLE)
        self._parts = [""] * (2 * len(fixed) - 1)
        self._parts[::2] = fixed

    def __call__(self, *values: Child) -> Markup:
        parts = self._parts.copy()
        parts[1::2] = [value if type(value) is Markup else _text(value) for value in values]
        return _new(Markup, "".join(parts))


def bdi(text: str, **attributes: object) -> Markup:
    """A name, code or time that keeps its own direction."""
    if attributes or type(text) is not str:
        return el("bdi", text, **attributes)
    return _new(Markup, f"<bdi>{_escaped(text)}</bdi>")


def safe_url(url: str | None) -> str | None:
    """The address if it is http, https or mailto, else None."""
    if not url or len(url) > LONGEST_URL or _UNSAFE.search(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme in {"http", "https"} and parts.hostname:
        return url
    return url if parts.scheme == "mailto" and parts.path else None
