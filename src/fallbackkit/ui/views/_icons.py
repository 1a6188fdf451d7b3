"""One set of drawings: a grid of 20, lines of 1.5. The answerers differ in outline, so that they do in grey, too."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from fallbackkit.ui.views._html import el

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["ICONS", "icon"]

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
    "stopped": ("M7 2.500h6L17.500 7v6L13 17.500H7L2.500 13V7ZM7.500 7.500h5v5h-5Z",),
    "chevron": ("m6.500 8 3.500 3.500L13.500 8",),
    "mixed": ("M8 3.500 12.500 6v5L8 13.500 3.500 11V6Z", "M14 9.500a3.500 3.500 0 1 1-4.500 5"),
    "reviewed": (
        "M8.500 3.300a3.200 3.200 0 1 0 0 6.400a3.200 3.200 0 0 0 0-6.400Z",
        "M2 17c.6-3.600 3.200-5.300 6.500-5.300 1.200 0 2.300.200 3.200.7",
        "m12.500 15 1.800 1.800 3.400-3.800",
    ),
    "queue": ("M3.500 5.500h8M3.500 10h13M3.500 14.500h10",),
    "retry": ("M16 6.500A7 7 0 1 0 17 11M16.500 3v4h-4",),
    "pause": (_RING, "M8.300 7v6M11.700 7v6"),
    "thumb_up": (
        "M3 9h3v8H3Z",
        "M6 10l3.5-7c1.4 0 2.2 1 2 2.5L11 8h4.5c1 0 1.7.9 1.5 1.9l-1.2 5.6c-.200.9-.9 1.5-1.8 1.5H6",
    ),
    "thumb_down": (
        "M3 3h3v8H3Z",
        "M6 10l3.5 7c1.4 0 2.2-1 2-2.5L11 12h4.5c1 0 1.7-.9 1.5-1.9l-1.2-5.6c-.200-.9-.9-1.5-1.8-1.5H6",
    ),
    "undo": ("M7.500 3.500 3.500 7.500l4 4M3.500 7.500H12a4.500 4.500 0 0 1 0 9H8",),
    "edit": ("M4 13.500V16h2.500L16 6.500 13.500 4ZM11.500 6 14 8.500",),
    "offline": (
        "M3 3l14 14M2.500 8a11 11 0 0 1 3-1.900M17.500 8a11 11 0 0 0-7-2.500M5.500 11.500a7 7 0 0 1 3-1.700M10 16v.2",
    ),
    "lock": ("M5 9h10v8H5ZM7 9V6.500a3 3 0 0 1 6 0V9",),
    "cost": (_RING, "M12.500 7.200c-1.800-1.500-4.800-.6-4.800 2.800s3 4.300 4.800 2.800M6.500 9.300h4M6.500 11.200h4"),
    "hand": (_RING, "M6 14 14 6"),
    "gauge": ("M3 14a7 7 0 1 1 14 0M10 14l3.500-4.500",),
    "page": ("M5 2.500h6.500L15 6v11.500H5ZM11 2.500V6.500h4",),
    "outside": ("M11.500 3.500h5v5M16.500 3.500 9 11M14 12v4.500H3.500V6H8",),
    "blank": ("M3.500 5h13v10h-9l-4 2.500Z",),
}

_DIRECTED = frozenset({"undo", "queue", "outside"})
"""They point with the text, from right to left, too."""


@cache
def icon(name: str) -> Markup:
    """A decorative drawing from ``ICONS``."""
    return el(
        "svg",
        *(el("path", d=d) for d in ICONS[name]),
        class_="fk-icon fk-flips" if name in _DIRECTED else "fk-icon",
        viewBox="0 0 20 20",
        aria_hidden="true",
        focusable="false",
    )
