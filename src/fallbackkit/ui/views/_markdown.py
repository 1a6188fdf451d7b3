"""Markdown as safe HTML. What is ours and more than text is put in after the cleaning, where no answer can reach."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markupsafe import Markup, escape

from fallbackkit.ui.views._checked import same_day
from fallbackkit.ui.views._citations import citation
from fallbackkit.ui.views._html import clean, el, safe_url
from fallbackkit.ui.views._markdown_rules import add_rules
from fallbackkit.ui.views._reader import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

    from fallbackkit._outcome import Source

__all__ = ["rich_text"]

LONGEST = 30_000
"""Characters; a longer answer is shown as it is written, since parsing time can grow faster than length."""

_BLOCKS = frozenset({"blockquote", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"})
_LATER = "q"  # an element that no Markdown makes: it holds the place of what is put in after the cleaning
_TAGS = _BLOCKS | {_LATER, "a", "br", "code", "div", "em", "hr", "li", "small", "span", "strong"}
_TAGS |= {"tbody", "td", "th", "thead", "tr"}
_ATTRIBUTES = {tag: {"dir"} for tag in _BLOCKS} | {
    "a": {"href", "target"},
    "div": {"tabindex", "role", "aria-label", "class"},
    "ol": {"dir", "start"},
    "p": {"dir", "class"},
    "span": {"class", "dir"},
}
_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer nofollow",
)
_PLACE = re.compile(f"<{_LATER}>([0-9]+)</{_LATER}>")


class _Manner(NamedTuple):
    """What the renderer needs to know besides the text."""

    sources: int  # how many there are
    images: bool
    new_tab: str
    table: str
    picture: str


class _Renderer(RendererHTML):
    def link_close(self, tokens: Sequence[Token], idx: int, _: Any, env: Any) -> str:
        return _link_end(tokens[idx].meta.get("goes_to"), env["manner"])

    def image(self, tokens: Sequence[Token], idx: int, _: Any, env: Any) -> str:
        return _image(tokens[idx], env)

    def table_open(self, _tokens: Sequence[Token], _idx: int, _: Any, env: Any) -> str:
        name = escape(env["manner"].table)
        return f'<div class="fk-scroll" tabindex="0" role="group" aria-label="{name}"><table dir="auto">'

    def table_close(self, *_: Any) -> str:
        return "</table></div>"

    def fence(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        return _code(tokens[idx].content)

    def code_block(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        return _code(tokens[idx].content)

    def maths(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        return f'<span class="fk-maths" dir="ltr">{escape(tokens[idx].content)}</span>'

    def maths_block(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        return f'<p class="fk-maths" dir="ltr">{escape(tokens[idx].content)}</p>'

    def cite(self, tokens: Sequence[Token], idx: int, _: Any, env: Any) -> str:
        return _later(int(tokens[idx].content), env)


def _later(what: int | Markup, env: Any) -> str:
    env["later"].append(what)
    return f"<{_LATER}>{len(env['later']) - 1}</{_LATER}>"


def _code(text: str) -> str:
    return f'<pre dir="ltr"><code>{escape(text)}</code></pre>'


def _link_end(goes_to: str | None, manner: _Manner) -> str:
    host = f"<small> ({escape(goes_to)})</small>" if goes_to else ""
    return f'<span class="fk-sr"> {escape(manner.new_tab)}</span></a>{host}'


def _image(token: Token, env: Any) -> str:
    """The picture where it may be loaded, else a link to it, else its words."""
    manner: _Manner = env["manner"]
    src, words = str(token.attrGet("src") or ""), token.content or manner.picture
    if manner.images and src.startswith("https://"):
        return _later(
            el("img", src=src, alt=token.content, loading="lazy", referrerpolicy="no-referrer", class_="fk-image"), env
        )
    if token.meta.get("in_link"):
        return str(escape(words))
    start = f'<a href="{escape(src)}" target="_blank">{escape(words)}'
    return start + _link_end(_goes_to(src, words), manner)


def _goes_to(href: str, words: str) -> str | None:
    """Where a link goes, unless its words say it: they are the model's own."""
    try:
        parts, said = urlsplit(href), urlsplit(words.strip())
    except ValueError:
        return href
    shown = parts.hostname or parts.path
    plain = said.path if "@" in said.netloc else said.hostname or said.path
    return None if shown == plain else shown


def _prepared(state: Any) -> None:
    """Headings below those of the page, each block in its own direction, each link with where it goes."""
    for token in state.tokens:
        if token.type.startswith("heading"):
            token.tag = f"h{min(6, int(token.tag[1]) + 3)}"
        if token.nesting == 1 and (token.level == 0 or token.type in {"paragraph_open", "heading_open"}):
            token.attrSet("dir", "auto")
        if token.children:
            _mark_links(token.children)


def _mark_links(tokens: Sequence[Token]) -> None:
    opening, words = None, ""
    for token in tokens:
        if token.type == "link_open":
            token.attrSet("target", "_blank")
            opening, words = token, ""
        elif token.type == "link_close" and opening is not None:
            token.meta["goes_to"] = _goes_to(str(opening.attrGet("href") or ""), words)
            opening = None
        elif opening is not None:
            words += token.content
            token.meta["in_link"] = True


def _parser() -> MarkdownIt:
    md = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")
    md.validateLink = lambda url: safe_url(url) is not None  # type: ignore[method-assign]
    md.core.ruler.push("fallbackkit_prepared", _prepared)
    add_rules(md)
    return md


_MARKDOWN = _parser()


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
    reader = same_day(reader)
    return Markup("").join(
        piece if isinstance(piece, Markup) else citation(piece, sources[piece - 1], reader, place=f"{key}{place}")
        for place, piece in enumerate(pieces)
    )


@lru_cache(maxsize=256)
def _rendered(text: str, manner: _Manner) -> tuple[Markup | int, ...]:
    """Pieces of safe HTML, and numbers of sources between them."""
    env: dict[str, Any] = {"manner": manner, "later": [], "sources": manner.sources, "cited": 0}
    parts = _PLACE.split(_CLEANER.clean(_MARKDOWN.render(text, env)))
    found: list[Markup | int] = []
    for index, part in enumerate(parts):
        found.append(env["later"][int(part)] if index % 2 else Markup(part))  # noqa: S704  # cleaned two lines above
    return tuple(found)
