from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from fallbackkit._text import Text
from fallbackkit.ui.views._banner import given, together
from fallbackkit.ui.views._html import Child, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._pieces import Props, button, buttons, component
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from typing import Unpack

    from markupsafe import Markup

__all__ = ["Empty", "empty", "empty_state"]

EmptyReason = Literal["first_use", "no_results", "filtered", "not_allowed", "off", "degraded"]

_MOST_EXAMPLES = 3
_DRAWINGS = {
    "first_use": "blank",
    "no_results": "search",
    "filtered": "queue",
    "not_allowed": "lock",
    "off": "pause",
    "degraded": "info",
}
_ACTIONS = {
    "first_use": "ask",
    "no_results": "edit_question",
    "filtered": "clear_filters",
    "not_allowed": "ask_access",
    "off": "search",
    "degraded": "search",
}
_LABELS = {
    "ask": "ui.empty.ask",
    "edit_question": "actions.edit_question",
    "clear_filters": "ui.empty.clear_filters",
    "ask_access": "ui.empty.ask_access",
    "search": "actions.search",
}
_NO_FAILURE = frozenset({"first_use", "filtered"})


class Empty(Props):
    """Why there is nothing to show yet, and what to do about it.

    Attributes:
        state: ``first_use``, ``no_results``, ``filtered`` (out), ``not_allowed``, ``off`` (the feature is),
            or ``degraded`` (it could be here, but not now).
        about: What belongs here, as a sentence of yours.
        examples: Up to 3 questions to begin with.
        can: What the assistant can do, in a few words each.
        cannot: What it cannot do.
        query: What was searched for.
        filters: Your names of the filters in use.
        filtered_out: How many entries they hide.
        owner: Who gives access.
        still_works: Your names of what works, for ``off`` and ``degraded``.
        back_at: When it is expected back, for ``off`` and ``degraded``.

    Raises:
        ValueError: More than 3 examples, or one that says nothing.
    """

    state: EmptyReason = "first_use"
    about: Text | None = None
    examples: tuple[Text, ...] = ()
    can: tuple[Text, ...] = ()
    cannot: tuple[Text, ...] = ()
    query: Text | None = None
    filters: tuple[Text, ...] = ()
    filtered_out: int | None = Field(default=None, ge=0, le=10**9)
    owner: Text | None = None
    still_works: tuple[Text, ...] = ()
    back_at: datetime | None = None

    @field_validator("examples")
    @classmethod
    def _are_few(cls, examples: tuple[str, ...]) -> tuple[str, ...]:
        if len(examples) > _MOST_EXAMPLES:
            raise ValueError(f"`examples` must be at most {_MOST_EXAMPLES}, got {len(examples)}: keep the best ones")
        if len(given(examples)) < len(examples):
            raise ValueError(f"`examples` must be questions, got {examples!r}: leave out what says nothing")
        return examples


def empty_state(value: Empty | None, **reader: Unpack[For]) -> Markup:
    """What belongs here, one thing to do, up to three questions to begin with, and what the assistant can and cannot.

    An example raises ``example`` with the question as ``value``. Arguments as ``outcome_card``.

    Example:
        >>> shown = empty_state(Empty(examples=("How many days can I carry over?",), cannot=("approve leave",)))
        >>> "What it cannot do" in shown
        True
    """
    reading = Reader(**reader)
    return component(
        "empty-state",
        empty(value, reading),
        reader=reading,
        live=_announcement(value, reading) if value is not None else "",
        data_id=value.id if value is not None else None,
        data_state=value.state if value is not None else "empty",
    )


def empty(value: Empty | None, reader: Reader) -> Markup:
    """The frame where something will be."""
    return el(
        "div",
        icon(_DRAWINGS.get(value.state, "blank") if value else "blank"),
        el("p", _title(value, reader) if value else reader.say("ui.empty.name"), class_="fk-note-title"),
        el("p", _body(value, reader) if value else None, hidden=value is None),
        _examples(value.examples if value and value.state in {"first_use", "no_results"} else (), reader),
        _buttons(value, reader),
        el(
            "div",
            _list("ui.empty.can", "ok", value.can if value else (), reader),
            _list("ui.empty.cannot", "hand", value.cannot if value else (), reader),
            class_="fk-scope",
            hidden=value is None or not (given(value.can) or given(value.cannot)),
        ),
        class_="fk-note fk-nothing",
    )


def _title(value: Empty, reader: Reader) -> Markup:
    if value.state == "no_results" and value.query and value.query.strip():
        return reader.say("ui.empty.found_for", query=value.query)
    key = f"ui.empty.title.{value.state}"
    return reader.say(key) if reader.knows(key) else reader.say("ui.empty.newer", state=value.state)


def _body(value: Empty, reader: Reader) -> list[Child]:
    """What still works first, then why, then what belongs here: a sentence each."""
    sentences: list[Child] = []
    if value.state in {"off", "degraded"}:
        if given(value.still_works):
            sentences.append(reader.say("ui.empty.works", names=together(value.still_works, reader)))
        back = reader.say("ui.empty.returns", time=reader.time(value.back_at)) if value.back_at else None
        sentences.append(back or reader.say("ui.empty.no_date"))
    if value.state == "filtered":
        if value.filtered_out is not None:
            sentences.append(reader.say("ui.empty.filtered", value.filtered_out))
        if given(value.filters):
            sentences.append(reader.say("ui.empty.by_filters", names=together(value.filters, reader)))
    if value.state == "not_allowed" and value.owner:
        sentences.append(reader.say("ui.empty.owner", owner=value.owner))
    own = f"ui.empty.body.{value.state}"
    if reader.knows(own) and not (value.state == "first_use" and value.about):
        sentences.append(reader.say(own))
    about = el("span", value.about, dir="auto") if value.about else None
    return [[el("span", each), " "] for each in (*sentences, about) if each]


def _examples(examples: tuple[str, ...], reader: Reader) -> Markup:
    shown = examples if reader.offers("example") else ()
    return el(
        "div",
        el("p", reader.say("ui.empty.examples"), class_="fk-term"),
        el(
            "ul",
            [el("li", button("example", el("span", each, dir="auto"), data_value=each)) for each in shown],
            role="list",
        ),
        class_="fk-examples",
        hidden=not shown,
    )


def _buttons(value: Empty | None, reader: Reader) -> Markup:
    """One thing to do; and a person, last, where something is amiss."""
    action = _ACTIONS.get(value.state) if value is not None else None
    action = action if action and reader.offers(action) else None
    amiss = value is not None and value.state in _ACTIONS and value.state not in _NO_FAILURE
    asks = amiss and reader.offers("escalate")
    return buttons(
        [button(each, reader.say(key), look="primary", shown=each == action) for each, key in _LABELS.items()],
        button("escalate", reader.say("actions.escalate"), shown=asks),
        shown=action is not None or asks,
    )


def _list(term: str, drawing: str, items: tuple[str, ...], reader: Reader) -> Markup:
    shown = given(items)
    return el(
        "div",
        el("p", reader.say(term), class_="fk-term"),
        el("ul", [el("li", icon(drawing), el("span", each, dir="auto")) for each in shown], role="list"),
        hidden=not shown,
    )


def _announcement(value: Empty, reader: Reader) -> str:
    return "" if value.state == "first_use" else _title(value, reader).striptags()
