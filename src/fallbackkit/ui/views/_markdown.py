"""Markdown as safe HTML. What is ours and more than text is put in after the cleaning, where no answer can reach."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import nh3
import pyromark
from markupsafe import Markup, escape

from fallbackkit.ui.views._citations import citation
from fallbackkit.ui.views._html import clean, el, safe_url
from fallbackkit.ui.views._markdown_marks import PLACE, Mark, marked, shown, written
from fallbackkit.ui.views._reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fallbackkit._outcome import Source

__all__ = ["rich_text"]

LONGEST = 30_000
"""Characters; a longer answer is shown as it is written."""

_DEEPEST = 20  # what is nested more deeply is drawn as if it were not

_BLOCKS = frozenset({"blockquote", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"})
_TAGS = _BLOCKS | {"a", "br", "code", "div", "em", "hr", "img", "li", "small", "span", "strong"}
_TAGS |= {"tbody", "td", "th", "thead", "tr"}
_ATTRIBUTES = {tag: {"dir"} for tag in _BLOCKS} | {
    "a": {"href", "target"},
    "div": {"tabindex", "role", "aria-label", "class"},
    "img": {"src", "alt", "loading", "referrerpolicy", "class"},
    "ol": {"dir", "start"},
    "span": {"class"},
    "td": {"class"},
    "th": {"class"},
}
_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer nofollow",
)

_SIMPLE = {
    "Paragraph": ('<p dir="auto">', "</p>\n"),
    "HtmlBlock": ('<p dir="auto">', "</p>\n"),
    "Item": ("<li>", "</li>\n"),
    "Emphasis": ("<em>", "</em>"),
    "Strong": ("<strong>", "</strong>"),
}
_ALIGNED = {"Right": ' class="fk-align-end"', "Center": ' class="fk-align-middle"'}
_ALONE = {"SoftBreak": "\n", "HardBreak": "<br>\n", "Rule": "<hr>\n"}
_IN_A_LINE = frozenset({"Emphasis", "Strong", "Link", "Image"})


class _Manner(NamedTuple):
    """What the drawing needs to know besides the text."""

    sources: int  # how many there are
    images: bool
    new_tab: str
    table: str
    picture: str


class _Drawing:
    """One text on its way from the events of its Markdown to HTML."""

    def __init__(self, marks: list[Mark], manner: _Manner) -> None:
        self._marks, self._manner = marks, manner
        self._in_link = False
        self._cell, self._aligned, self._column = "td", (), 0  # of the table that is open

    def content(self, events: Iterator[Any], depth: int = 0) -> str:
        """All until the end of the element that is open; the places of marks are still signs."""
        html: list[str] = []
        for event in events:
            if type(event) is str:
                html.append(_ALONE[event])
                continue
            ((kind, what),) = event.items()
            if kind == "Text":
                html.append(escape(written(what, self._marks) if self._in_link else what))
            elif kind == "Start":
                html.append(self._element(what, events, depth))
            elif kind == "End":
                break
            elif kind == "Code":
                html.append(f"<code>{escape(written(what, self._marks))}</code>")
            else:  # HTML, which is text as well
                html.append(escape(written(what, self._marks)))
        return "".join(html)

    def words(self, events: Iterator[Any]) -> str:
        """The same as plain text, as it was written."""
        words: list[str] = []
        depth = 0
        for event in events:
            if type(event) is str:
                words.append("\n")
                continue
            ((kind, what),) = event.items()
            if kind == "Start":
                depth += 1
            elif kind != "End":
                words.append(what)
            elif depth == 0:
                break
            else:
                depth -= 1
                words.append("" if type(what) is str and what in _IN_A_LINE else "\n")
        return written("".join(words), self._marks)

    def _element(self, what: Any, events: Iterator[Any], depth: int) -> str:
        name: str
        more: Any
        ((name, more),) = what.items() if type(what) is dict else ((what, None),)
        if depth >= _DEEPEST:
            return escape(self.words(events))
        if name == "Link":
            return self._link(more, events, depth)
        if name == "Image":
            return self._image(more, self.words(events))
        if name == "CodeBlock":
            code = self.words(events).removesuffix("\n")
            return f'<pre dir="ltr"><code>{escape(code)}</code></pre>\n'
        start, end = _SIMPLE.get(name) or self._tags(name, more, depth)
        inner = self.content(events, depth + 1)
        self._cell = "td" if name == "TableHead" else self._cell
        return f"{start}{inner}{end}"

    def _tags(self, name: str, more: Any, depth: int) -> tuple[str, str]:
        direction = ' dir="auto"' if depth == 0 else ""  # what lies in a block has the direction of that
        match name:
            case "Heading":
                level = min(6, int(more["level"][1:]) + 3)  # below those of the page
                return f'<h{level} dir="auto">', f"</h{level}>\n"
            case "List":
                tag, start = ("ul", "") if more is None else ("ol", f' start="{more}"' if more != 1 else "")
                return f"<{tag}{start}{direction}>\n", f"</{tag}>\n"
            case "BlockQuote":
                return f"<blockquote{direction}>\n", "</blockquote>\n"
            case "Table":
                self._aligned = more
                label = escape(self._manner.table)
                start = f'<div class="fk-scroll" tabindex="0" role="group" aria-label="{label}"><table dir="auto">'
                return start, "</tbody></table></div>\n"
            case "TableHead":
                self._cell, self._column = "th", 0
                return "<thead><tr>", "</tr></thead>\n<tbody>"
            case "TableRow":
                self._column = 0
                return "<tr>", "</tr>\n"
            case _:  # a cell
                look = _ALIGNED.get(self._aligned[self._column], "")
                self._column += 1
                return f"<{self._cell}{look}>", f"</{self._cell}>"

    def _link(self, link: dict[str, str], events: Iterator[Any], depth: int) -> str:
        self._in_link = True
        inner = self.content(events, depth + 1)
        self._in_link = False
        url = _address(link, self._marks)
        if safe_url(url) is None:
            bare = link["link_type"] in {"Autolink", "Email"}
            return f"&lt;{inner}&gt;" if bare else f"[{inner}]({escape(_target(link, url))})"
        return self._leading(url, inner, Markup(inner).striptags())  # noqa: S704  # not shown, only compared

    def _image(self, link: dict[str, str], alt: str) -> str:
        """The picture where it may be loaded, else a link to it, else its words."""
        src, words = _address(link, self._marks), alt or self._manner.picture
        if safe_url(src) is None:
            return escape(f"![{alt}]({_target(link, src)})")
        if self._manner.images and src.startswith("https://"):
            return el("img", src=src, alt=alt, loading="lazy", referrerpolicy="no-referrer", class_="fk-image")
        return escape(words) if self._in_link else self._leading(src, escape(words), words)

    def _leading(self, url: str, inner: str, words: str) -> str:
        host = _goes_to(url, words)
        said = f"<small> ({escape(host)})</small>" if host else ""
        new_tab = f'<span class="fk-sr"> {escape(self._manner.new_tab)}</span>'
        return f'<a href="{escape(url)}" target="_blank">{inner}{new_tab}</a>{said}'


def _address(link: dict[str, str], marks: list[Mark]) -> str:
    url = written(link["dest_url"], marks)
    return f"mailto:{url}" if link["link_type"] == "Email" else url


def _target(link: dict[str, str], url: str) -> str:
    """As it was written, for an address that may not be opened."""
    return f'{url} "{link["title"]}"' if link["title"] else url


def _goes_to(href: str, words: str) -> str | None:
    """Where a link goes, unless its words say it: they are the model's own."""
    try:
        parts, said = urlsplit(href), urlsplit(words.strip())
    except ValueError:
        return href
    shown = parts.hostname or parts.path
    plain = said.path if "@" in said.netloc else said.hostname or said.path
    return None if shown == plain else shown


def rich_text(
    text: str,
    sources: Sequence[Source] = (),
    reader: Reader | None = None,
    *,
    images: bool = False,
    key: str = "cite",
) -> Markup:
    """An answer's Markdown as safe HTML: no raw HTML, only links that may be opened, maths as it is written.

    Args:
        text: A text above ``LONGEST`` is shown as it is written.
        sources: ``[2]`` becomes a button that shows the second one; a number that names none stays text.
        reader: For whom.
        images: Whether https pictures are loaded, which tells their host who reads; else each is a link.
        key: Tells apart the citations of several texts in one component.
    """
    text = clean(text)
    if len(text) > LONGEST:
        return el("p", text, dir="auto", class_="fk-plain")
    reader = reader or Reader()
    manner = _Manner(
        len(sources),
        images,
        reader.text("ui.link.new_tab"),
        reader.text("ui.rich.table"),
        reader.text("ui.rich.picture"),
    )
    pieces = _rendered(text, manner)
    if len(pieces) == 1:
        return pieces[0]  # type: ignore[return-value]
    reader = reader.on_the_day
    return Markup("").join(
        piece if isinstance(piece, Markup) else citation(piece, sources[piece - 1], reader, place=f"{key}{place}")
        for place, piece in enumerate(pieces)
    )


@lru_cache(maxsize=256)
def _rendered(text: str, manner: _Manner) -> tuple[Markup | int, ...]:
    """Pieces of safe HTML, and numbers of sources between them."""
    source, marks = marked(text, manner.sources)
    events = pyromark.events(source, options=pyromark.Options.ENABLE_TABLES)
    html = shown(_CLEANER.clean(_Drawing(marks, manner).content(events)))
    parts = PLACE.split(html)
    pieces: list[Markup | int] = [Markup(parts[0])]  # noqa: S704  # cleaned
    for index in range(1, len(parts), 2):
        pieces += _drawn(marks[int(parts[index])], manner.sources)
        pieces.append(Markup(parts[index + 1]))  # noqa: S704  # cleaned
    return tuple(pieces)


def _drawn(mark: Mark, sources: int) -> list[Markup | int]:
    if mark.cited:
        return [number if 1 <= number <= sources else escape(f"[{number}]") for number in mark.cited]
    return [el("span", mark.text, class_="fk-maths fk-maths-alone" if mark.alone else "fk-maths", dir="ltr")]
