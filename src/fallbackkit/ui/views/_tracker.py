from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

from markupsafe import Markup

from fallbackkit._outcome import Outcome, Ticket
from fallbackkit.ui.views._handover import Handover
from fallbackkit.ui.views._html import Child, bdi, el
from fallbackkit.ui.views._pieces import box, button, buttons, case_code, component, disclosure, external_link
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from typing import Unpack

    from fallbackkit.messages._types import Tone
    from fallbackkit.ui.views._handover import Moment
    from fallbackkit.ui.views._pieces import Rail

__all__ = ["escalation_tracker", "handover", "tracker"]

Event = Literal["requested", "edit_shared", "closed", "reopened", "cancelled"]


class _Look(NamedTuple):
    """What one state looks like: the middle and the last of its three steps, and what can be done."""

    drawing: str = "person"
    tone: Tone = "neutral"
    rail: Rail = "person"
    middle: str = "next"
    last: str = "answered"
    current: int = 1
    can: tuple[tuple[Event, str], ...] = (("cancelled", "withdraw"),)


_CLOSE: tuple[Event, str] = ("closed", "close")
_LOOKS: dict[str, _Look] = {
    "available": _Look(rail="none", current=-1, can=(("requested", "ask"),)),
    "outside_hours": _Look("waiting", "info", "none", current=-1, can=(("requested", "leave"),)),
    "nobody": _Look("waiting", "info", "none", current=-1, can=(("requested", "leave"),)),
    "confirm": _Look(
        rail="none",
        current=-1,
        can=(("requested", "send"), ("edit_shared", "edit"), ("cancelled", "keep_back")),
    ),
    "sent": _Look(current=0),
    "queued": _Look("queue", middle="queued"),
    "assigned": _Look(middle="assigned"),
    "reading": _Look(middle="reading"),
    "replying": _Look("edit", middle="replying"),
    "transferring": _Look(middle="transferring"),
    "waiting_for_you": _Look(middle="waiting_for_you"),
    "answered": _Look("reviewed", middle="read", current=2, can=(_CLOSE, ("reopened", "follow"))),
    "closed": _Look("ok", rail="none", middle="read", last="closed", current=2, can=(("reopened", "reopen"),)),
    "reopened": _Look(middle="reopened", can=(_CLOSE, ("cancelled", "withdraw"))),
    "lost": _Look(
        "offline",
        "attention",
        "stopped",
        middle="lost",
        can=(("requested", "connect"), ("cancelled", "withdraw")),
    ),
    "expired": _Look(
        "attention", "attention", "stopped", middle="expired", last="unanswered", can=(("requested", "again"),)
    ),
    "withdrawn": _Look("undo", rail="none", middle="withdrawn", last="unanswered", can=(("requested", "again"),)),
}
_NEWER = _Look("unknown", rail="none", current=-1, can=())
_USUAL: dict[Event, str] = {
    "requested": "ask",
    "edit_shared": "edit",
    "closed": "close",
    "reopened": "reopen",
    "cancelled": "withdraw",
}
_BEFORE = frozenset({"available", "outside_hours", "nobody", "confirm"})
_ON_THE_WAY = frozenset({"sent", "queued", "assigned", "reading", "replying", "reopened"})
_OWN_BODY = frozenset(
    {"available", "outside_hours", "nobody", "transferring", "answered", "closed", "lost", "expired", "withdrawn"}
)
_PLACES = {1: "first", 2: "second", 3: "third"}
_NOBODY = Handover(id="")


def escalation_tracker(value: Handover | Outcome | Ticket | None, **reader: Unpack[For]) -> Markup:
    """How far a question is on its way to a person: what is sent, who has it, how long it takes, what to do.

    A request is its ``Handover``: drawn again after a reload or a lost connection, it is where it was.

    Args:
        value: What to show; an outcome or a ticket tells what it knows. None shows an empty state.
        **reader: As for ``outcome_card``. Actions: ``requested`` (with ``draft``), ``edit_shared``, ``replied``
            (with ``reply``), ``closed``, ``reopened``, ``cancelled``.

    Example:
        >>> "second in line, about 4 to 6 minutes" in escalation_tracker(
        ...     Handover(state="queued", position=2, eta_low=240, eta_high=360)
        ... ).striptags()
        True
    """
    given = Reader(**reader)
    shown = Handover.of(value) if isinstance(value, Outcome | Ticket) else value
    look = _look(shown) if shown else _NEWER
    return component(
        "escalation-tracker",
        handover(shown, given),
        reader=given,
        live=_title(shown, given).striptags() if shown else "",
        rail=look.rail,
        tone=look.tone,
        data_status=shown.state if shown else "empty",
        data_id=shown.id if shown else None,
    )


def tracker(ticket: Ticket | None, reader: Reader, *, placed: bool = True) -> Markup:
    """The steps alone; ``placed`` tells the case and its place in line too."""
    value = Handover.of(ticket) if ticket else _NOBODY
    place = reader.say("ui.handover.placed", case=_case(ticket, reader), line=_title(value, reader)) if ticket else None
    return el(
        "div",
        _steps(value, reader),
        el("p", place, class_="fk-place", hidden=ticket is None or not placed),
        class_="fk-tracker",
        data_state=ticket.state if ticket else "none",
        hidden=ticket is None,
    )


def handover(value: Handover | None, reader: Reader) -> Markup:
    """The whole of it, without its frame."""
    given = value or _NOBODY
    look = _look(given)
    return el(
        "div",
        el("p", reader.say("ui.handover.empty"), class_="fk-empty", hidden=value is not None),
        el("div", _steps(given, reader), class_="fk-slot", hidden=look.current < 0),
        el("div", _notice(given, look, reader), class_="fk-slot", hidden=value is None),
        *_texts(given, reader),
        el("p", _sharing(given, reader), class_="fk-place", hidden=not _tells_sharing(given)),
        _buttons(given if value else None, look, reader),
        el(
            "div",
            _history(given.history, reader),
            el("p", _case(given.ticket, reader), hidden=given.ticket is None),
            class_="fk-foot",
            hidden=not (given.ticket or given.history),
        ),
        class_="fk-card fk-handover",
    )


def _look(value: Handover) -> _Look:
    return _LOOKS.get(value.state, _NEWER)


# What is said


def _notice(value: Handover, look: _Look, reader: Reader) -> Markup:
    return box(_title(value, reader), _spaced(_body(value, reader)), tone=look.tone, drawing=look.drawing)


def _title(value: Handover, reader: Reader) -> Markup:
    key = f"ui.handover.title.{value.state}"
    if value.state not in _LOOKS:
        return bdi(value.state)
    if value.state == "queued" and value.position is not None:
        return _line(value.position, value, reader)
    return reader.say(key, person=_person(value.person, reader))


def _line(position: int, value: Handover, reader: Reader) -> Markup:
    known = _PLACES.get(max(1, position))
    key = f"ui.handover.line.{known or 'later'}"
    place, span = reader.say(key, None if known else position), _span(value, reader)
    return reader.say("ui.handover.timed", place=place, span=span) if span else place


def _span(value: Handover, reader: Reader) -> str | None:
    ends = [end for end in (value.eta_low, value.eta_high) if end is not None and math.isfinite(end)]
    return reader.between(ends[0], ends[-1]) if ends else None


def _body(value: Handover, reader: Reader) -> list[Markup]:
    said: list[Markup] = []
    if value.state == "outside_hours" and value.opens_at is not None:
        said.append(reader.say("ui.handover.open_again", time=reader.time(value.opens_at)))
    if value.state == "confirm":
        said += _shares(value, reader, "will")
    if value.state in _OWN_BODY:
        said.append(reader.say(f"ui.handover.body.{value.state}"))
    if value.state in {"available", "nobody", "sent"} and (span := _span(value, reader)):
        said.append(reader.say("ui.handover.usually", span=span))
    if value.state in _ON_THE_WAY:
        follow = value.follow_up
        said.append(reader.say("ui.handover.follow_up", where=follow) if follow else reader.say("ui.handover.stay"))
    return said if value.state in _LOOKS else [reader.say("ui.handover.unknown")]


def _spaced(sentences: list[Markup]) -> Markup:
    return Markup(" ").join(sentences)


def _person(name: str | None, reader: Reader) -> str:
    return name or reader.text("ui.handover.who.somebody")


# What is sent along


def _tells_sharing(value: Handover) -> bool:
    before = value.state in _BEFORE - {"confirm"}
    return bool(value.shared) and (before or value.state in _ON_THE_WAY | {"transferring"})


def _sharing(value: Handover, reader: Reader) -> Markup:
    return _spaced(_shares(value, reader, "will" if value.state in _BEFORE else "sent"))


def _shares(value: Handover, reader: Reader, tense: Literal["will", "sent"]) -> list[Markup]:
    said = []
    if value.shared:
        said.append(reader.say(f"ui.handover.share.{tense}", things=_things(value.shared, value, reader)))
        if value.kept_back:
            said.append(reader.say("ui.handover.share.never", things=_things(value.kept_back, value, reader)))
    return said


def _things(ids: tuple[str, ...], value: Handover, reader: Reader) -> Markup:
    return el("span", reader.listed([_thing(each, value, reader) for each in ids]))


def _thing(name: str, value: Handover, reader: Reader) -> Markup:
    if name == "sources":
        return reader.say("ui.handover.share.sources", value.sources)
    key = f"ui.handover.share.{name}"
    return reader.say(key) if name in _SHARED else bdi(name)


_SHARED = frozenset({"question", "answer", "steps", "chat", "other_chats", "name"})


# What people read and write


def _texts(value: Handover, reader: Reader) -> list[Markup]:
    asks, confirms = value.state == "waiting_for_you", value.state == "confirm"
    reads = value.draft if confirms and not value.editing else value.question if asks else None
    return [
        el("blockquote", reads, class_="fk-quoted", dir="auto", hidden=not reads),
        _field("draft", value.draft, reader, shown=confirms and value.editing),
        _field("reply", "", reader, shown=asks and reader.offers("replied")),
    ]


def _field(name: Literal["draft", "reply"], text: str, reader: Reader, *, shown: bool) -> Markup:
    return el(
        "label",
        el("span", reader.say(f"ui.handover.{name}")),
        el("textarea", "\n", text, rows=3, dir="auto", data_field=name),  # the parser drops the first line end
        class_="fk-field",
        hidden=not shown,
    )


def _buttons(value: Handover | None, look: _Look, reader: Reader) -> Markup:
    can = dict(look.can) if value else {}
    if value and value.editing:
        can.pop("edit_shared", None)
    replies = value is not None and value.state == "waiting_for_you"
    offered = {event: label for event, label in can.items() if reader.offers(event)}
    return buttons(
        _button("requested", offered, reader, first=True),
        button(
            "replied",
            reader.say("ui.handover.do.reply"),
            look="primary",
            shown=replies and reader.offers("replied"),
        ),
        _button("edit_shared", offered, reader),
        _button("closed", offered, reader),
        _button("reopened", offered, reader),
        _button("cancelled", offered, reader),
        shown=bool(offered) or replies,
    )


def _button(event: Event, offered: dict[Event, str], reader: Reader, *, first: bool = False) -> Markup:
    said = reader.say(f"ui.handover.do.{offered.get(event, _USUAL[event])}")
    look: Literal["primary", "quiet", "plain"] = "primary" if first else "quiet" if event == "cancelled" else "plain"
    return button(event, said, look=look, shown=event in offered)


# Where it is


def _steps(value: Handover, reader: Reader) -> Markup:
    look, person = _look(value), _person(value.person, reader)
    words = ["sent", look.middle, look.last]
    return el(
        "ol",
        [
            _step(index, reader.say(f"ui.handover.step.{word}", person=person), look.current)
            for index, word in enumerate(words)
        ],
        class_="fk-steps",
        role="list",
        aria_label=reader.text("ui.handover.steps"),
    )


def _step(index: int, word: Child, current: int) -> Markup:
    state = "done" if index < current else "current" if index == current else "later"
    return el("li", word, class_=f"fk-step fk-step-{state}", aria_current="step" if state == "current" else None)


def _case(ticket: Ticket | None, reader: Reader) -> Markup | None:
    if ticket is None:
        return None
    code = external_link(ticket.url, case_code(ticket.case), reader=reader)
    return reader.say("ui.handover.case", case=code)


def _history(history: tuple[Moment, ...], reader: Reader) -> Markup:
    moments = [el("li", reader.time(each.at), el("span", _moment(each, reader))) for each in history]
    return disclosure(
        "handover-history",
        reader.say("ui.handover.history"),
        el("ol", moments, class_="fk-moments", role="list"),
        shown=bool(history),
    )


_NAMES = frozenset({"assigned", "reading", "replying"})


def _moment(moment: Moment, reader: Reader) -> Markup:
    if moment.state not in _LOOKS:
        return bdi(moment.state)
    said = reader.say(f"ui.handover.step.{moment.state}", person=_person(moment.by, reader))
    if moment.by is None or moment.state in _NAMES:
        return said
    return reader.say("ui.handover.moment", state=said, by=moment.by)
