"""What the tests of views read: the markup as a browser would, in strict mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

import html5lib

from fallbackkit.ui import views
from fallbackkit.ui.views._html import safe_url
from tests.ui.corpus import BERLIN, LATER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from fallbackkit import Outcome

__all__ = ["assert_harmless", "drawn", "elements", "parsed", "path", "visible"]

ELEMENTS = {
    *("a", "article", "b", "bdi", "blockquote", "br", "button", "caption", "code", "dd", "div", "dl", "dt", "em"),
    *(
        "fieldset",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "input",
        "label",
        "legend",
        "li",
        "mark",
        "ol",
        "p",
        "path",
        "pre",
    ),
    *("polyline", "section", "small", "span", "strong", "svg", "table", "tbody", "td", "textarea", "th", "thead"),
    *("time", "tr", "ul", "del", "ins", "figure", "figcaption", "header", "footer"),
}
ATTRIBUTES = {
    *(
        "checked",
        "class",
        "d",
        "datetime",
        "dir",
        "disabled",
        "focusable",
        "for",
        "hidden",
        "href",
        "lang",
        "maxlength",
    ),
    *("name", "placeholder", "points", "preserveAspectRatio", "rel", "role", "rows", "scope", "start", "style"),
    *("tabindex", "target", "title", "type", "value", "viewBox"),
}


def drawn(outcome: Outcome | None) -> str:
    """The card as the tests read it."""
    return str(views.outcome_card(outcome, now=LATER, tz=BERLIN))


def parsed(markup: str) -> Element:
    """The markup as a browser would read it, in strict mode."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parseFragment(markup)


def elements(markup: str) -> Iterator[Element]:
    """All elements that the markup makes."""
    return (each for each in parsed(markup).iter() if each.tag != "DOCUMENT_FRAGMENT")


def visible(markup: str, *, closed: bool = False) -> str:
    """The text on the screen; with ``closed`` also what opens when it is asked for. Not what is only announced."""

    def read(node: Element) -> str:
        unseen = ("hidden" in node.attrib and not closed) or node.get("class") == "fk-live"
        inner = "" if unseen else (node.text or "") + "".join(map(read, node))
        return inner + (node.tail or "")

    return read(parsed(markup))


def assert_harmless(markup: str) -> None:
    """Only known elements, known attributes and addresses that may be opened."""
    for each in elements(markup):
        assert each.tag.removeprefix("{http://www.w3.org/2000/svg}") in ELEMENTS
        for name, value in each.attrib.items():
            assert name in ATTRIBUTES or name.startswith(("aria-", "data-")), name
            assert name != "href" or safe_url(value) == value
            assert name != "style" or set(value) <= set("margin-inline-start:;size0123456789.%")


def path(markup: str, mark: tuple[str, str]) -> list[tuple[int, str]]:
    """Where the element with that attribute sits: a position and a tag for each level."""

    def find(node: Element) -> list[tuple[int, str]] | None:
        for index, child in enumerate(node):
            here = (index, str(child.tag))
            if child.get(mark[0]) == mark[1]:
                return [here]
            if (below := find(child)) is not None:
                return [here, *below]
        return None

    found = find(parsed(markup))
    assert found is not None, mark
    return found
