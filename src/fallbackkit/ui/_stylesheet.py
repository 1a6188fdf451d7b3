from __future__ import annotations

import base64
import re
from functools import cache
from importlib.resources import files

__all__ = ["bridge", "fonts", "script", "stylesheet"]

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
_FIRST, _LAST = "base.css", "modes.css"


@cache
def stylesheet() -> str:
    """The CSS of all components, for any page. No outside requests; ``fonts()`` adds the typeface."""
    sheets = {path.name: path.read_text("utf-8") for path in (_STATIC / "css").iterdir()}
    names = [_FIRST, *sorted(sheets.keys() - {_FIRST, _LAST}), _LAST]
    return "\n".join(_shorter(sheets[name]) for name in names)


def _shorter(css: str) -> str:
    """Without comments and the room that only people need."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"\s*([{};])\s*", r"\1", css)).strip()


@cache
def script() -> str:
    """The JavaScript of all components, for any page; it needs no other and asks nobody for anything."""
    return (_STATIC / "fallbackkit.js").read_text("utf-8")


@cache
def bridge() -> str:
    """What a component of Gradio runs, to hand the events of ``script()`` on to Python."""
    return (_STATIC / "gradio.js").read_text("utf-8")


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
