"""Elements as escaped strings: every value goes through ``el``, every address through ``safe_url``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Child", "bdi", "clean", "component", "disclosure", "el", "external_link", "hidden", "icon", "safe_url"]

Child: TypeAlias = "str | Iterable[Child] | None"

_VOID = frozenset({"br", "hr"})
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


_SIGNS = {chr(code): chr(0x2400 + code) for code in range(0x20)} | {"\x7f": "\u2421"}
_LONGEST_URL = 4096


def clean(text: str) -> str:
    """The text as HTML can carry it: control characters become visible signs, each line end a newline."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNSEEN.sub(_sign, text)


def _sign(match: re.Match[str]) -> str:
    return _SIGNS.get(match.group(), "\ufffd")


def _render(child: Child) -> Markup:
    if child is None:
        return Markup()
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return escape(clean(child))
    return Markup().join(_render(each) for each in child)


def el(tag: str, *children: Child, **attributes: object) -> Markup:
    """One element. Attribute names lose a trailing underscore; inner ones become hyphens.

    ``None`` and ``False`` leave an attribute out, ``True`` gives it without a value.
    """
    parts = [f"<{tag}"]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        name = key.rstrip("_").replace("_", "-")
        parts.append(f" {name}" if value is True else f' {name}="{escape(clean(str(value)))}"')
    parts.append(">")
    if tag not in _VOID:
        parts.append(f"{_render(children)}</{tag}>")
    return Markup("".join(parts))  # noqa: S704  # each part is escaped above


def hidden(text: str) -> Markup:
    """Text for screen readers only."""
    return el("span", text, class_="fk-sr")


def bdi(text: str, **attributes: object) -> Markup:
    """A name, code or time that keeps its own direction."""
    return el("bdi", text, **attributes)


def safe_url(url: str | None) -> str | None:
    """The address if it is http, https or mailto, else None."""
    if not url or len(url) > _LONGEST_URL or re.search(r"[\s\x00-\x20\x7f-\x9f\\\ud800-\udfff]", url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme in {"http", "https"} and parts.hostname:
        return url
    return url if parts.scheme == "mailto" and parts.path else None


def external_link(url: str | None, *children: Child, **attributes: object) -> Markup:
    """A link that opens in a new tab; plain text if the address is not one we open."""
    href = safe_url(url)
    if href is None:
        return el("span", *children, **attributes)
    return el(
        "a",
        *children,
        hidden(" (opens in a new tab)"),
        href=href,
        target="_blank",
        rel="noopener noreferrer nofollow",
        **attributes,
    )


def icon(name: str) -> Markup:
    """A decorative drawing from ``ICONS``."""
    return el(
        "svg",
        *(el("path", d=d) for d in ICONS[name]),
        class_="fk-icon",
        viewBox="0 0 20 20",
        aria_hidden="true",
        focusable="false",
    )


def disclosure(key: str, label: Child, *panel: Child, shown: bool = True) -> Markup:
    """A button that shows and hides what follows it. ``key`` is how its state outlives an update."""
    return el(
        "div",
        el(
            "button",
            el("span", label),
            icon("chevron"),
            type="button",
            class_="fk-toggle",
            aria_expanded="false",
            data_toggle=key,
            hidden=not shown,
        ),
        el("div", *panel, class_="fk-panel", hidden=True),
        class_="fk-disclosure",
    )


def component(name: str, body: Child, *, live: str = "", urgent: bool = False, **attributes: object) -> Markup:
    """The frame that all components share: one live region, then what is seen."""
    return el(
        "div",
        el("span", live, class_="fk-live", role="status", aria_live="assertive" if urgent else "polite"),
        body,
        class_=f"fk fk-{name}",
        data_fk=name,
        tabindex="-1",
        **attributes,
    )


_RING = "M10 2.500a7.500 7.500 0 1 0 0 15a7.500 7.500 0 0 0 0-15Z"
_DISK = "M4 3h9l3 3v4.500M4 3v14h5.500M7 3v4h5V3"

ICONS: dict[str, tuple[str, ...]] = {
    "model": ("M10 2.200 16.800 6v8L10 17.800 3.200 14V6Z",),
    "smaller_model": ("M10 4.200 15 7v6l-5 2.800L5 13v-2.500",),
    "cache": (_DISK, "M14.500 11.500a3 3 0 1 0 0 6a3 3 0 0 0 0-6ZM14.500 13v1.600l1 .7"),
    "rule": ("M6 3H3.500v14H6M14 3h2.500v14H14M7 7h6M7 10h6M7 13h4",),
    "search": ("M8.500 3.500a5 5 0 1 0 0 10a5 5 0 0 0 0-10ZM12.200 12.200 17 17",),
    "person": (
        "M10 3.300a3.200 3.200 0 1 0 0 6.400a3.200 3.200 0 0 0 0-6.400Z",
        "M3.500 17c.6-3.600 3.200-5.300 6.500-5.300s5.900 1.700 6.500 5.300",
    ),
    "other": ("M10 3.500 16.500 10 10 16.500 3.500 10Z",),
    "waiting": (_RING, "M10 6v4l2.800 1.800"),
    "ok": (_RING, "m6.800 10.200 2.200 2.200 4.200-4.600"),
    "attention": ("M10 3 18 17H2ZM10 8v4.200M10 14.400v.2",),
    "danger": ("M7 2.500h6L17.500 7v6L13 17.500H7L2.500 13V7ZM10 6v5M10 13.500v.2",),
    "info": ("M4 3h12a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1ZM10 9v5M10 6.100v.2",),
    "unknown": (
        "M10 2.500a7.500 7.500 0 0 1 5.300 2.200M17.500 10a7.500 7.500 0 0 1-2.200 5.300",
        "M10 17.500a7.500 7.500 0 0 1-5.300-2.200M2.500 10a7.500 7.500 0 0 1 2.200-5.300",
    ),
    "chevron": ("m6.500 8 3.500 3.500L13.500 8",),
}
