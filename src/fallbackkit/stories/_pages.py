from __future__ import annotations

import io
import keyword
import tokenize
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from fallbackkit.stories._look import SWITCHES, Look
from fallbackkit.stories._shelf import Broken, Component, said
from fallbackkit.ui.views._html import Child, el

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markupsafe import Markup

    from fallbackkit.stories._shelf import Shelf, Story

__all__ = ["Pages", "count"]

_COPY = ("M7 7h9.500v9.500H7Z", "M4.500 13H3.500V3.500H13v1")
_LINK = ("M8.500 11.500l3-3M9 6.500l2-2a3 3 0 0 1 4.500 4.500l-2 2M11 13.500l-2 2A3 3 0 0 1 4.500 11l2-2",)
_RAILS = (
    ("live", "Answered as asked"),
    ("fallback", "In another way"),
    ("saved", "Saved before"),
    ("person", "By a person"),
    ("unsure", "Not sure"),
    ("cut", "Cut short"),
)


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of a gallery as HTML.

    Attributes:
        shelf: What is shown.
        still: Whether they are files, and not served: then links name files, and the switches work in the browser.
        base: Where they are served, if that is not the top: ``/stories``.
    """

    shelf: Shelf
    still: bool = False
    base: str = ""

    def home(self, look: Look) -> str:
        """All components, by the problem that they help with."""
        groups = [
            _group(problem, [self._card(each, look) for each in members])
            for problem, members in groupby(self.shelf.components, key=lambda each: each.problem)
        ]
        broken = [_broken(each) for each in self.shelf.broken]
        return self._page(look, "Stories", None, _introduction(), *groups, *broken)

    def component(self, name: str, look: Look) -> str:
        """Every state of a component, side by side."""
        found = self.shelf[name]
        if isinstance(found, Broken):
            return self._page(look, found.name, name, el("h1", found.name, class_="fks-title"), _broken(found))
        heading = el(
            "header",
            el("p", found.problem, class_="fks-problem"),
            el("h1", found.title, class_="fks-title"),
            [el("p", part, class_="fks-guidance") for part in found.guidance],
            el("p", f"{count(len(found.stories), 'state')} in ", el("code", f"{name}.py"), class_="fks-meta"),
            class_="fks-header",
        )
        states = [_state(found, story, look) for story in found.stories]
        return self._page(look, found.title, name, heading, el("div", *states, class_="fks-states"))

    def missing(self, name: str, look: Look) -> str:
        """For an address without stories."""
        found = Broken(name, "There is no such file of stories.")
        return self._page(look, "Not found", None, _broken(found))

    def _page(self, look: Look, title: str, here: str | None, *content: Child) -> str:
        assets = "../assets" if self.still else f"{self.base}/assets"
        page = el(
            "html",
            el(
                "head",
                el("meta", charset="utf-8"),
                el("meta", name="viewport", content="width=device-width, initial-scale=1"),
                el("link", rel="icon", href=f"{assets}/icon.svg"),
                el("title", title if here is None else f"{title} · Stories"),
                [el("link", rel="stylesheet", href=f"{assets}/{name}.css") for name in ("fonts", "kit", "gallery")],
                [el("script", src=f"{assets}/{name}.js") for name in ("gallery", "kit")],
            ),
            el(
                "body",
                el("a", "Skip to the states", href="#content", class_="fks-skip"),
                self._bar(look, here),
                self._navigation(look, here),
                el("main", *content, id="content", class_="fks-main", tabindex="-1"),
                _events() if here else None,
                class_="fks-body",
            ),
            lang="en",
            class_="fks dark" if look.theme == "dark" else "fks",
            data_fk_clock="off" if look.clock == "off" or look.vt else None,
            data_fks_width=look.width,
            data_fks_vt=look.vt,
            data_fks_still=self.still,
        )
        return f"<!doctype html>\n{page}\n"

    def _address(self, name: str | None, look: Look, **changes: str) -> str:
        """Of files, only the language is another one; the browser sees to the rest."""
        if self.still:
            return f"../{changes.get('locale', look.locale)}/{name or 'index'}.html"
        return f"{self.base}/{name or ''}{look.query(**changes)}"

    def _bar(self, look: Look, here: str | None) -> Markup:
        groups = [
            el(
                "div",
                el("span", label, class_="fks-label"),
                el(
                    "span",
                    [
                        el(
                            "a",
                            text,
                            href=self._address(here, look, **{name: value}),
                            aria_current="true" if getattr(look, name) == value else None,
                            data_fks_set=f"{name} {value}",
                        )
                        for value, text in values
                    ],
                    class_="fks-choices",
                ),
                role="group",
                aria_label=label,
                class_="fks-switch",
            )
            for name, (label, values) in SWITCHES.items()
        ]
        return el(
            "div",
            el("a", "fallbackkit ", el("b", "stories"), href=self._address(None, look), class_="fks-brand"),
            el("a", "All components", href="#components", class_="fks-to-list"),
            *groups,
            class_="fks-bar",
            role="region",
            aria_label="Switches",
        )

    def _navigation(self, look: Look, here: str | None) -> Markup:
        groups = [
            [
                el("h2", problem, class_="fks-nav-title"),
                el("ul", [el("li", self._link(each.name, each.title, look, here)) for each in members]),
            ]
            for problem, members in groupby(self.shelf.components, key=lambda each: each.problem)
        ]
        if self.shelf.broken:
            links = [el("li", self._link(each.name, each.name, look, here)) for each in self.shelf.broken]
            groups.append([el("h2", "Cannot be shown", class_="fks-nav-title"), el("ul", links)])
        return el("nav", groups, id="components", class_="fks-nav", aria_label="Components")

    def _link(self, name: str, text: str, look: Look, here: str | None) -> Markup:
        return el("a", text, href=self._address(name, look), aria_current="page" if name == here else None)

    def _card(self, component: Component, look: Look) -> Markup:
        first = component.stories[0]
        return el(
            "article",
            el(
                "h3",
                el("a", component.title, href=self._address(component.name, look)),
                el("span", count(len(component.stories), "state"), class_="fks-meta"),
                class_="fks-card-title",
            ),
            el("p", component.guidance[0], class_="fks-card-text"),
            el("div", _drawn(component, first, look), class_="fks-stage fks-preview", inert=True),
            class_="fks-card",
        )


def _introduction() -> Markup:
    rails = [el("li", el("i", class_=f"fks-rail fks-rail-{name}"), text) for name, text in _RAILS]
    return el(
        "header",
        el("h1", "What people see when AI fails", class_="fks-title"),
        el(
            "p",
            "Every component in every state, at a help desk on an ordinary Wednesday: it is 14:20 in Berlin, "
            "some of it works, and some of it does not.",
            class_="fks-guidance",
        ),
        el("ul", *rails, class_="fks-rails", aria_label="What the edge of a component says"),
        class_="fks-header",
    )


def _group(problem: str, cards: list[Markup]) -> Markup:
    return el("section", el("h2", problem, class_="fks-group"), el("div", *cards, class_="fks-cards"))


def _broken(found: Broken) -> Markup:
    return el(
        "section",
        el("h2", f"{found.name}.py cannot be shown", class_="fks-broken-title"),
        el("p", found.says),
        el("p", "Mend the file and load this page again."),
        class_="fks-broken",
    )


def _drawn(component: Component, story: Story, look: Look) -> Markup:
    try:
        return look.drawn(component, story.make())
    except Exception as error:  # noqa: BLE001 - the other states are to be seen all the same
        return el("p", f"This state cannot be drawn. {said(error)}", class_="fks-broken")


def _state(component: Component, story: Story, look: Look) -> Markup:
    return el(
        "figure",
        el(
            "figcaption",
            el("h2", el("a", story.name, href=f"#{story.name}"), class_="fks-id"),
            _copy(f"Copy the link to {story.name}", _LINK, fks_link=f"#{story.name}"),
            el("p", story.says, class_="fks-says"),
            class_="fks-caption",
        ),
        el("div", el("div", _drawn(component, story, look), class_="fks-frame"), class_="fks-stage"),
        _code(component, story, look),
        id=story.name,
        class_="fks-state",
    )


def _code(component: Component, story: Story, look: Look) -> Markup:
    try:
        code = look.code(component, story.make())
    except Exception as error:  # noqa: BLE001 - a value that has no code is still seen
        return el("p", f"There is no code for this state. {said(error)}", class_="fks-meta")
    return el(
        "details",
        el("summary", "Python", el("span", f" of {story.name}", class_="fks-unseen")),
        el(
            "div",
            el("pre", el("code", _coloured(code)), tabindex="0", role="region", aria_label=f"Python of {story.name}"),
            _copy(f"Copy the Python of {story.name}", _COPY, fks_code=True),
            class_="fks-code-box",
        ),
        class_="fks-code",
    )


def _copy(name: str, drawing: tuple[str, ...], **data: object) -> Markup:
    return el(
        "button",
        el("svg", [el("path", d=d) for d in drawing], viewBox="0 0 20 20", aria_hidden="true"),
        el("span", name, class_="fks-unseen"),
        type="button",
        class_="fks-copy",
        title=name,
        **{f"data_{key}": value for key, value in data.items()},
    )


def _events() -> Markup:
    return el(
        "details",
        el("summary", el("b", "Events"), " ", el("span", "Press a button in any state.", class_="fks-last")),
        el("ol", class_="fks-heard"),
        class_="fks-events",
    )


def _coloured(code: str) -> list[Child]:
    """Keywords, strings and numbers apart from the rest; the text itself stays as it is."""
    lines = code.splitlines(keepends=True)
    parts: list[Child] = []
    row, column = 1, 0
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        kind = _kind(token)
        if kind is None:
            continue
        parts.append(_between(lines, (row, column), token.start))
        parts.append(el("span", token.string, class_=f"fks-{kind}"))
        row, column = token.end
    return [*parts, _between(lines, (row, column), (len(lines) + 1, 0))]


def _kind(token: tokenize.TokenInfo) -> str | None:
    if token.type == tokenize.NAME and keyword.iskeyword(token.string):
        return "word"
    return {tokenize.STRING: "text", tokenize.NUMBER: "number"}.get(token.type)


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    return "".join(_slices(lines, start, end))


def _slices(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> Iterator[str]:
    for number in range(start[0], min(end[0], len(lines)) + 1):
        line = lines[number - 1]
        yield line[start[1] if number == start[0] else 0 : end[1] if number == end[0] else len(line)]


def count(number: int, word: str) -> str:
    """``1 state``, ``2 states``."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
