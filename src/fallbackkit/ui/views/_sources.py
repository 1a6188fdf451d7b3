from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import Field

from fallbackkit._outcome import Outcome, Source
from fallbackkit.ui.views._checked import ORDER, check_mark, length_of, note, opened, title_link
from fallbackkit.ui.views._html import HOLE, Child, Shape, bdi, el
from fallbackkit.ui.views._pieces import Props, button, component, disclosure
from fallbackkit.ui.views._provenance import is_model_made, shows_answer
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from markupsafe import Markup

    from fallbackkit.ui.views._pieces import Rail

__all__ = ["Sources", "source_list", "sources"]

Layout = Literal["list", "cards", "compact"]
VISIBLE = 4
_SHORT = 2_000
_REMEMBERED = 20_000  # characters; more is drawn anew, as what is remembered stays in memory
_RECHECKED = frozenset({"changed", "conflicts", "not_checked", "quote_not_found", "unreachable"})
_SEPARATOR = " · "


class Sources(Props):
    """Where an answer comes from.

    Attributes:
        items: In the order of their numbers in the answer. Those not ``used`` are no sources of it: they keep
            their numbers, are not counted, and stand behind a disclosure.
        layout: ``compact`` leaves out quotes, places and what can be done with each.
        max_visible: So many verified and others are seen at first; at least one of those not verified is.
        show_unused: Whether what was found and not used can be seen.
        open_in: Where a link opens.
        model_made: Whether a model answered, so that an answer without sources comes from what it knows.
    """

    items: tuple[Source, ...] = ()
    layout: Layout = "list"
    max_visible: int = Field(default=VISIBLE, ge=1)
    show_unused: bool = True
    open_in: Literal["new_tab", "same_tab"] = "new_tab"
    model_made: bool = False

    @classmethod
    def of(cls, outcome: Outcome, *, layout: Layout = "list", max_visible: int = VISIBLE) -> Sources:
        """The sources of an outcome; none where its answer may not be seen."""
        shown = shows_answer(outcome)
        return cls(
            id=outcome.id,
            items=outcome.sources if shown else (),
            layout=layout,
            max_visible=max_visible,
            model_made=shown and is_model_made(outcome),
        )


def source_list(value: Sources | Outcome | None, **reader: Unpack[For]) -> Markup:
    """Where the answer comes from: verified sources first, each with its check in words.

    Args:
        value: The sources, or the outcome that has them; None says that there is no answer yet.
        **reader: See ``outcome_card``.

    Example:
        >>> from fallbackkit import Source
        >>> "quote found" in source_list(Sources(items=(Source(title="Leave policy", check="quote_found"),)))
        True
    """
    given = Reader(**reader)
    shown = Sources.of(value) if isinstance(value, Outcome) else value
    body = _listed(shown, given) if shown is not None else el("p", given.say("ui.sources.empty"), class_="fk-empty")
    live = _summary(shown.items, given, model_made=shown.model_made).striptags() if shown is not None else ""
    return component(
        "source-list",
        el("div", body, class_="fk-card"),
        reader=given,
        live=live,
        rail=_rail(shown),
        data_id=shown.id if shown is not None else None,
    )


def _rail(value: Sources | None) -> Rail:
    used = [source.check for source in value.items if source.used] if value is not None else []
    return "none" if not used else "live" if "quote_found" in used else "unsure"


def _listed(value: Sources, reader: Reader) -> Markup:
    look = _Look(
        layout=value.layout,
        max_visible=value.max_visible,
        show_unused=value.show_unused,
        new_tab=value.open_in == "new_tab",
        tools=tuple(action for action in ("recheck", "report_wrong") if reader.offers(action)),
        can_copy=True,
    )
    return _drawn(value.items, reader, look, model_made=value.model_made)


class _Look(NamedTuple):
    layout: str = "list"
    max_visible: int = VISIBLE
    show_unused: bool = True
    new_tab: bool = True
    tools: tuple[str, ...] = ()
    can_copy: bool = False


_IN_A_CARD = _Look()


def sources(given: Sequence[Source], reader: Reader, *, model_made: bool = True) -> Markup:
    """Where the answer comes from, each with its check in words; numbers keep the order given."""
    return _drawn(given, reader, _IN_A_CARD, model_made=model_made)


def _drawn(given: Sequence[Source], reader: Reader, look: _Look, *, model_made: bool) -> Markup:
    """Remembered for all readers to whom it looks the same, as a card is drawn again with every change beside it."""
    length = sum(length_of(source) for source in given)
    draw = _remembered if length < _REMEMBERED else _block
    if any(source.checked_at for source in given):
        reader = Reader(now=reader.now, tz=reader.tz, locale=reader.locale, messages=reader.messages)
    else:
        reader = reader.on_the_day
    return draw(tuple(given), look, reader, model_made)


def _block(given: tuple[Source, ...], look: _Look, reader: Reader, model_made: bool) -> Markup:  # noqa: FBT001
    day = reader.on_the_day
    found, others, unused = (
        [_drawn_once(index + 1, given[index], look, reader if given[index].checked_at else day) for index in group]
        for group in _grouped(given)
    )
    most, least = look.max_visible, max(1, look.max_visible - len(found))
    return _frame(look.layout, split=bool(found and others))(
        _summary(given, reader, model_made=model_made),
        _list(found[:most]),
        _more("sources", found[most:], reader),
        reader.say("ui.sources.unverified"),
        _list(others[:least]),
        _more("sources-others", others[least:], reader),
        _more("sources-unused", unused if look.show_unused else [], reader, key="ui.sources.unused"),
    )


@lru_cache(maxsize=16)
def _frame(layout: str, *, split: bool) -> Shape:
    return Shape(
        el(
            "div",
            el("p", HOLE, class_="fk-sources-sum"),
            [HOLE, HOLE],
            el("p", HOLE, class_="fk-term fk-sources-split", hidden=not split),
            [HOLE, HOLE, HOLE],
            class_="fk-sources",
            data_layout=layout,
        )
    )


_remembered = lru_cache(maxsize=256)(_block)


def _grouped(given: Sequence[Source]) -> tuple[list[int], list[int], list[int]]:
    """Places of the verified ones, of the others, the most telling first, and of those not used."""
    found: list[int] = []
    others: list[int] = []
    unused: list[int] = []
    for index, source in enumerate(given):
        (unused if not source.used else found if source.check == "quote_found" else others).append(index)
    return found, sorted(others, key=lambda index: ORDER.get(given[index].check, len(ORDER))), unused


_LIST = Shape(el("ol", HOLE, class_="fk-sources-list", role="list"))
_NO_LIST = el("ol", class_="fk-sources-list", role="list", hidden=True)


def _list(entries: Sequence[Markup]) -> Markup:
    return _LIST(entries) if entries else _NO_LIST


def _more(toggle: str, entries: Sequence[Markup], reader: Reader, *, key: str = "ui.sources.more") -> Markup:
    if not entries:
        return _no_more(toggle)
    return disclosure(toggle, reader.say(key, len(entries)), _list(entries))


@lru_cache(maxsize=8)
def _no_more(toggle: str) -> Markup:
    return disclosure(toggle, None, shown=False)


def _summary(given: Sequence[Source], reader: Reader, *, model_made: bool) -> Markup:
    checks = tuple([source.check for source in given if source.used])
    if not checks:
        return reader.say("ui.sources.none_model" if model_made else "ui.sources.none")
    return _tally(checks, reader.timeless)


@lru_cache(maxsize=512)
def _tally(checks: tuple[str, ...], reader: Reader) -> Markup:
    found = Counter([check if check in ORDER else "other" for check in checks])
    states: list[Child] = [
        reader.say(f"ui.sources.tally.{check}", found[check]) for check in (*ORDER, "other") if found[check]
    ]
    return reader.say("ui.sources.sum", found.total(), states=el("span", reader.listed(states)))


def _drawn_once(number: int, source: Source, look: _Look, reader: Reader) -> Markup:
    """Remembered, as the same pages stand behind many answers."""
    return (_remembered_entry if length_of(source) < _SHORT else _entry)(number, source, look, reader)


def _entry(number: int, source: Source, look: _Look, reader: Reader) -> Markup:
    title = title_link(source, number, reader, new_tab=look.new_tab)
    mark, index = check_mark(source, reader), reader.number(number)
    if look.layout == "compact":
        return el("li", el("span", bdi(index), class_="fk-source-no"), title, mark, class_="fk-source")
    said = note(source, reader)
    shape = _shape(mark, noted=said is not None, marked=source.check == "quote_found", quoted=bool(source.quote))
    tools = _tools(number, source, look, reader) if look.can_copy else None
    return shape(index, title, _where(source, reader), said, source.quote, tools)


@lru_cache(maxsize=128)
def _shape(mark: Markup, *, noted: bool, marked: bool, quoted: bool) -> Shape:
    quote = el("mark", HOLE) if marked else HOLE
    return Shape(
        el(
            "li",
            el("span", el("bdi", HOLE), class_="fk-source-no"),
            HOLE,
            mark,
            HOLE,
            el("span", HOLE, class_="fk-source-note", hidden=not noted),
            el("blockquote", quote, dir="auto", class_="fk-source-quote", hidden=not quoted),
            HOLE,
            class_="fk-source",
        )
    )


_remembered_entry = lru_cache(maxsize=1024)(_entry)


def _where(source: Source, reader: Reader) -> Markup:
    _, host = opened(source)
    known: list[Child] = [
        bdi(source.locator) if source.locator else None,
        bdi(host) if host else None,
        reader.say("ui.sources.updated", day=reader.date(source.updated_at)) if source.updated_at else None,
        _checked(source, reader),
    ]
    shown = [part for part in known if part]
    parts = [[_SEPARATOR, part] if index else part for index, part in enumerate(shown)]
    return _WHERE(parts) if parts else _NOWHERE


_WHERE = Shape(el("span", HOLE, class_="fk-source-where"))
_NOWHERE = el("span", class_="fk-source-where", hidden=True)


def _checked(source: Source, reader: Reader) -> Markup | None:
    """When it was looked at: to the minute today, else the day."""
    at, now = reader.local(source.checked_at), reader.local(reader.now)
    if at is None or source.check == "not_checked":
        return None
    if now is not None and now.astimezone(at.tzinfo).date() == at.date():
        return reader.say("ui.sources.checked_at", time=reader.time(at))
    return reader.say("ui.sources.checked_on", day=reader.date(at))


def _tools(number: int, source: Source, look: _Look, reader: Reader) -> Markup:
    """Small, and named with the number of the source that they are for."""
    quoted = {"data_copy": source.quote, "data_copied": reader.text("ui.copy.done")} if source.quote else {}
    return el(
        "span",
        _tool("copy_quote", number, reader, shown=bool(quoted), **quoted),
        [
            _tool(action, number, reader, shown=action != "recheck" or source.check in _RECHECKED)
            for action in look.tools
        ],
        class_="fk-source-tools",
    )


def _tool(action: str, number: int, reader: Reader, *, shown: bool, **attributes: object) -> Markup:
    return button(
        action,
        reader.say(f"ui.sources.{action}"),
        look="small",
        shown=shown,
        aria_label=reader.text(f"ui.sources.{action}_of", number=reader.number(number)),
        data_value=number,
        **attributes,
    )
