from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fallbackkit.stories._assets import asset
from fallbackkit.stories._look import SWITCHES, Look
from fallbackkit.stories._pages import Pages

if TYPE_CHECKING:
    import os

    from fallbackkit.stories._shelf import Shelf

__all__ = ["build"]

_ASSETS = ("fonts.css", "kit.css", "gallery.css", "gallery.js", "kit.js", "icon.svg")
_FIRST = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Stories</title>
<meta http-equiv="refresh" content="0; url=en/index.html">
<a href="en/index.html">Stories</a>
"""


def build(shelf: Shelf, folder: str | os.PathLike[str]) -> list[Path]:
    """Write the gallery as files, which a browser shows without a server.

    Args:
        shelf: What is shown.
        folder: Is made if it is not there; files of the same names are replaced.

    Returns:
        What was written.

    Raises:
        OSError: It cannot be written there.
    """
    home, pages = Path(folder), Pages(shelf, still=True)
    names = [*(each.name for each in shelf.components), *(each.name for each in shelf.broken)]
    texts = {home / "index.html": _FIRST, **{home / "assets" / name: asset(name) for name in _ASSETS}}
    for locale, _ in SWITCHES["locale"][1]:
        look = Look(locale=locale)
        texts[home / locale / "index.html"] = pages.home(look)
        texts |= {home / locale / f"{name}.html": pages.component(name, look) for name in names}
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)
