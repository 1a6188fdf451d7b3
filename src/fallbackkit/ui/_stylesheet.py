from __future__ import annotations

import base64
from functools import cache
from importlib.resources import files

__all__ = ["fonts", "script", "stylesheet"]

_STATIC = files("fallbackkit.ui") / "static"
_LATIN = (
    "U+0-FF,U+131,U+152-153,U+2BB-2BC,U+2C6,U+2DA,U+2DC,U+304,U+308,U+329,U+2000-206F,U+20AC,U+"
    "2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD"
)
_LATIN_EXT = (
    "U+100-130,U+132-151,U+154-2BA,U+2BD-2C5,U+2C7-2CC,U+2CE-2D7,U+2DD-2FF,U+1D00-1DBF,U+1E00-1"
    "E9F,U+1EF2-1EFF,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF"
)
_FACES = (("next", "latin", _LATIN), ("next", "latin-ext", _LATIN_EXT), ("mono", "latin", _LATIN))


@cache
def stylesheet() -> str:
    """The CSS of all components, for pages that are not built with ``theme()``. No outside requests."""
    return (_STATIC / "fallbackkit.css").read_text("utf-8")


@cache
def script() -> str:
    return (_STATIC / "fallbackkit.js").read_text("utf-8")


@cache
def fonts() -> str:
    """``@font-face`` rules that carry the fonts themselves, so that no path or origin is needed."""
    return "\n".join(_face(*face, weight) for face in _FACES for weight in (400, 600))


def _face(family: str, subset: str, characters: str, weight: int) -> str:
    name = f"atkinson-hyperlegible-{family}-{subset}-{weight}-normal.woff2"
    data = base64.b64encode((_STATIC / "fonts" / name).read_bytes()).decode()
    return (
        f"@font-face{{font-family:'Atkinson Hyperlegible {family.capitalize()}';font-weight:{weight};"
        f"font-display:swap;src:url(data:font/woff2;base64,{data}) format('woff2');unicode-range:{characters}}}"
    )
