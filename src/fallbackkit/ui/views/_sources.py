from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fallbackkit.ui.views._html import Child, bdi, el, safe_url
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._labels import count
from fallbackkit.ui.views._pieces import disclosure, external_link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from fallbackkit._outcome import Check, Source
    from fallbackkit.ui.views._reader import Reader

__all__ = ["sources"]

VISIBLE = 4

_CHECKS: dict[Check, tuple[str, str, str]] = {
    "quote_found": ("ok", "quote found", "quote found"),
    "conflicts": ("attention", "conflicts with another source", "in conflict"),
    "changed": ("attention", "changed since it was read", "changed"),
    "quote_not_found": ("attention", "opened, quote not found", "without the quote"),
    "not_checked": ("unknown", "not checked yet", "not checked"),
    "unreachable": ("danger", "could not be opened", "could not be opened"),
}
_ORDER = {check: index for index, check in enumerate(_CHECKS)}


def sources(given: Sequence[Source], reader: Reader, *, model_made: bool = True) -> Markup:
    """Where the answer comes from, each with its check in words; numbers keep the order given."""
    numbered = sorted(enumerate(given, start=1), key=lambda pair: _ORDER[pair[1].check])
    found = [_entry(number, source, reader) for number, source in numbered if source.check == "quote_found"]
    others = [_entry(number, source, reader) for number, source in numbered if source.check != "quote_found"]
    rest = found[VISIBLE:] + others[VISIBLE:]
    return el(
        "div",
        el("p", _summary(given, model_made=model_made), class_="fk-sources-sum"),
        _list(found[:VISIBLE]),
        el("p", "Not verified", class_="fk-sources-split", hidden=not (found and others)),
        _list(others[:VISIBLE]),
        disclosure("sources", f"Show {len(rest)} more", _list(rest), shown=bool(rest)),
        class_="fk-sources",
    )


def _list(entries: Sequence[Markup]) -> Markup:
    return el("ol", entries, class_="fk-sources-list", role="list", hidden=not entries)


def _summary(given: Sequence[Source], *, model_made: bool) -> list[Child]:
    if not given:
        origin = " This answer comes from the model's general knowledge." if model_made else None
        return [el("b", "No sources."), origin]
    tally = Counter(source.check for source in given)
    states = [f"{tally[check]} {words[2]}" for check, words in _CHECKS.items() if tally[check]]
    return [el("b", f"{count(len(given), 'source')}."), f" {', '.join(states)}."]


def _entry(number: int, source: Source, reader: Reader) -> Markup:
    drawing, words, _ = _CHECKS[source.check]
    host = urlsplit(safe_url(source.url) or "").hostname
    address = source.url if source.url and safe_url(source.url) is None else host
    details: list[Child] = [
        bdi(source.locator) if source.locator else None,
        bdi(address) if address else None,
        ["updated ", reader.date(source.updated_at)] if source.updated_at else None,
    ]
    return el(
        "li",
        el("span", bdi(str(number)), class_="fk-source-no"),
        el("span", external_link(source.url, bdi(source.title or "Untitled"), reader=reader), class_="fk-source-title"),
        el("span", icon(drawing), el("span", words), class_=f"fk-check fk-check-{source.check}"),
        el("span", _joined(details), class_="fk-source-where", hidden=not any(details)),
        el("blockquote", source.quote, dir="auto", class_="fk-source-quote") if source.quote else None,
        class_="fk-source",
    )


def _joined(parts: list[Child]) -> list[Child]:
    shown = [part for part in parts if part]
    return [[" · ", part] if index else part for index, part in enumerate(shown)]
