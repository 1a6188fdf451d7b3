from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markupsafe import Markup, escape

from fallbackkit.ui.views._html import clean, el, safe_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

__all__ = ["rich_text"]

LONGEST = 30_000
"""Characters; a longer answer is shown as it is written, since parsing time can grow faster than length."""

_BLOCKS = frozenset({"blockquote", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"})
_TAGS = _BLOCKS | {
    "a",
    "br",
    "code",
    "div",
    "em",
    "hr",
    "li",
    "small",
    "span",
    "strong",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
}
_ATTRIBUTES = {tag: {"dir"} for tag in _BLOCKS} | {
    "a": {"href", "target"},
    "div": {"tabindex", "role", "aria-label", "class"},
    "ol": {"dir", "start"},
    "span": {"class"},
}


class _Renderer(RendererHTML):
    def link_close(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        return f'<span class="fk-sr"> (opens in a new tab)</span></a>{_host(tokens, idx)}'

    def table_open(self, *_: Any) -> str:
        return '<div class="fk-scroll" tabindex="0" role="group" aria-label="Table"><table dir="auto">'

    def table_close(self, *_: Any) -> str:
        return "</table></div>"

    def fence(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        return _code(tokens[idx].content)

    def code_block(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        return _code(tokens[idx].content)


def _code(text: str) -> str:
    return f'<pre dir="auto"><code>{escape(text)}</code></pre>'


def _host(tokens: Sequence[Token], idx: int) -> str:
    """Where a link goes, since the words of a link are the model's own."""
    opening = max(i for i in range(idx) if tokens[i].type == "link_open")
    href = str(tokens[opening].attrGet("href") or "")
    host = urlsplit(href).hostname or ""
    text = "".join(token.content for token in tokens[opening:idx])
    return "" if not host or host in text else f"<small> ({escape(host)})</small>"


def _blocks(state: Any) -> None:
    for token in state.tokens:
        if token.type.startswith("heading"):
            token.tag = f"h{min(6, int(token.tag[1]) + 3)}"
        if token.nesting == 1 and token.level == 0:
            token.attrSet("dir", "auto")
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("target", "_blank")


def _parser() -> MarkdownIt:
    md = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table").disable("image")
    md.validateLink = lambda url: safe_url(url) is not None  # type: ignore[method-assign]
    md.core.ruler.push("fallbackkit_blocks", _blocks)
    return md


_MARKDOWN = _parser()


def rich_text(text: str) -> Markup:
    """An answer's Markdown as safe HTML: no raw HTML, no images, only links that may be opened."""
    text = clean(text)
    if len(text) > LONGEST:
        return el("p", text, dir="auto", class_="fk-plain")
    return Markup(  # noqa: S704  # cleaned by nh3 on this line
        nh3.clean(
            _MARKDOWN.render(text),
            tags=set(_TAGS),
            attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
            url_schemes={"http", "https", "mailto"},
            link_rel="noopener noreferrer nofollow",
        )
    )
