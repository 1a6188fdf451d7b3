"""All stories of the repository, and pages of them as a browser gets them."""

from __future__ import annotations

import importlib
import inspect
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fallbackkit.ui import theme
from fallbackkit.ui._stylesheet import fonts, script, stylesheet
from tests.ui.corpus import BERLIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
HOME = Path(__file__).parents[2] / "stories"


class Story(NamedTuple):
    """One state of one component."""

    component: str
    name: str
    view: Callable[..., Any]
    make: Callable[[], Any]

    def __str__(self) -> str:
        return f"{self.component}.{self.name}"

    def drawn(self, locale: str = "en") -> str:
        """As people in Berlin see it, at the time at which all stories play."""
        return str(self.view(self.make(), now=NOW, tz=BERLIN, locale=locale))


def _told_by(module: ModuleType) -> list[tuple[str, Callable[[], Any]]]:
    own = inspect.getmembers(module, inspect.isfunction)
    return [(name, make) for name, make in own if make.__module__ == module.__name__ and not name.startswith("_")]


COMPONENTS = sorted(path.stem for path in HOME.glob("*.py"))
MODULES = {name: importlib.import_module(f"stories.{name}") for name in COMPONENTS}
STORIES = [
    Story(name, story, module.VIEW, make) for name, module in MODULES.items() for story, make in _told_by(module)
]


def page(
    stories: Iterable[Story], *, dark: bool = False, locale: str = "en", opened: bool = True, css: str = ""
) -> str:
    """These stories below one another, with whatever can be opened open."""
    body = "".join(f'<section aria-label="{story}">{story.drawn(locale)}</section>' for story in stories)
    if opened:
        body = body.replace('aria-expanded="false"', 'aria-expanded="true"').replace('"fk-panel" hidden', '"fk-panel"')
    looks = (
        theme()._get_theme_css()
        + "body{background:var(--body-background-fill);color:var(--body-text-color);margin:16px}section{margin:16px 0}"
    )
    direction = "rtl" if locale.startswith("ar") else "ltr"
    return (
        f'<!doctype html><html lang="{locale}" dir="{direction}" class="{"dark" * dark}" data-fk-clock="off">'
        f"<title>Stories</title><style>{fonts()}{stylesheet()}{looks}</style>"
        f"<main><h1>Stories</h1>{body}</main><script>{script()}</script>"
    )
