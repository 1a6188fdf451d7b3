from __future__ import annotations

from functools import cache
from importlib.resources import files

from fallbackkit.ui._stylesheet import fonts, script, stylesheet

__all__ = ["TYPES", "asset"]

TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_STATIC = files("fallbackkit.stories") / "static"


def asset(name: str) -> str:
    """What a page of the gallery asks for.

    Raises:
        KeyError: There is no such file.
    """
    kit = {"fonts.css": fonts, "kit.css": stylesheet, "kit.js": script}
    return kit[name]() if name in kit else _own()[name]


@cache
def _own() -> dict[str, str]:
    return {name: (_STATIC / name).read_text("utf-8") for name in ("gallery.css", "gallery.js", "icon.svg")}
