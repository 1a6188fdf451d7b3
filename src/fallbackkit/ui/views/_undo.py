from __future__ import annotations

from datetime import datetime
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal, Self

from pydantic import model_validator

from fallbackkit._text import Text
from fallbackkit.ui.views._html import Child, bdi, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._pieces import Props, button, buttons, clock, component, disclosure, hidden
from fallbackkit.ui.views._reader import For, Reader, zoned

if TYPE_CHECKING:
    from typing import Unpack

    from markupsafe import Markup

__all__ = ["Undoable", "undo", "undo_bar"]

_LEAST = 20.0  # s: who reads slowly needs them, WCAG 2.2.1
_LONGEST = 2000  # words: comparing takes their square


class Undoable(Props):
    """What the assistant did and a person can take back, or changed themselves.

    Attributes:
        action: What was done, or will be, in the middle of a sentence: ``sent to 3 people``.
        done_at: When it was done; needed with ``reversible_until``.
        reversible_until: How long it can be undone, at least 20 seconds; None means until they leave the page.
        state: ``offered``; ``undone``; ``impossible``, to be shown before it is done; ``overridden``: a person
            changed what the assistant made; ``restored``: they went back to what the assistant made.
        why_not: Why it can't be undone, in a sentence.
        before: The text before the last change: of the assistant if ``overridden``, of the person if ``restored``.
        after: The text after it.

    Example:
        >>> Undoable(action="sent to 3 people").state
        'offered'
    """

    action: Text
    done_at: datetime | None = None
    reversible_until: datetime | None = None
    state: Literal["offered", "undone", "impossible", "overridden", "restored"] = "offered"
    why_not: Text | None = None
    before: Text | None = None
    after: Text | None = None

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if self.reversible_until is None:
            return self
        if self.done_at is None:
            raise ValueError("`done_at` must be given with `reversible_until`; say when it was done")
        time = (zoned(self.reversible_until) - zoned(self.done_at)).total_seconds()
        if time < _LEAST:
            raise ValueError(
                f"`reversible_until` must be at least {_LEAST:g} seconds after `done_at`, got {time:g}; "
                "give people longer, or say that it is impossible"
            )
        return self

    @model_validator(mode="after")
    def _explained(self) -> Self:
        if not self.action:
            raise ValueError("`action` must say what is undone, got nothing; write it as: sent to 3 people")
        if self.state == "impossible" and not self.why_not:
            raise ValueError("`why_not` must say why it can't be undone in the state 'impossible', got nothing")
        return self


def undo_bar(value: Undoable | None, **reader: Unpack[For]) -> Markup:
    """What can be taken back, for how long, and what a person changed.

    Args:
        value: What was done; None shows an empty frame.
        **reader: As for ``outcome_card``. Actions: ``undone``, ``restored`` (use the AI version), ``overridden``
            (use the person's); ``expired`` when the time is over.

    Example:
        >>> "Undo: sent to 3 people" in undo_bar(Undoable(action="sent to 3 people")).striptags()
        True
    """
    given = Reader(**reader)
    return component(
        "undo-bar",
        undo(value, given),
        reader=given,
        live=_spoken(value, given) if value else "",
        rail="person" if value is not None and value.state == "overridden" else "none",
        data_status=value.state if value else "empty",
        data_id=value.id if value else None,
    )


def undo(value: Undoable | None, reader: Reader) -> Markup:
    """The bar without its frame."""
    state = value.state if value else "empty"
    over = value is not None and reader.passed(value.reversible_until)
    offered = state == "offered" and not over and reader.offers("undone")
    timed = offered and value is not None and value.reversible_until is not None
    return el(
        "div",
        el(
            "div",
            icon(_DRAWINGS.get(state, "undo")),
            el(
                "div",
                el("p", _said(value, reader), hidden=state == "offered" and not over),
                _button(value, reader, shown=offered, timed=timed),
                el("p", _left(value, reader), class_="fk-left", hidden=not offered, data_until=_end(timed)),
                el("p", reader.say("ui.undo.over"), hidden=True, data_from=_end(timed), data_say="" if timed else None),
                class_="fk-undo-what",
            ),
            class_="fk-undo-line",
        ),
        _versions(value, reader),
        class_="fk-card fk-undo",
    )


_DRAWINGS = {"undone": "ok", "impossible": "lock", "overridden": "edit", "restored": "model", "empty": "info"}
_PLAIN = {"overridden", "restored"}


def _end(timed: bool) -> str | None:  # noqa: FBT001  # the script counts from the end
    return "0" if timed else None


def _button(value: Undoable | None, reader: Reader, *, shown: bool, timed: bool) -> Markup:
    label = reader.say("ui.undo.undo", action=value.action if value else "")
    return button("undone", label, shown=shown, data_until=_end(timed))


def _said(value: Undoable | None, reader: Reader) -> Child:
    if value is None:
        return reader.say("ui.undo.empty")
    why = [" ", el("span", value.why_not, dir="auto")] if value.why_not else None
    match value.state:
        case "offered":
            return reader.say("ui.undo.over")
        case "undone" | "impossible":
            return [el("b", reader.say(f"ui.undo.{value.state}", action=value.action)), why]
        case "overridden":
            return el("b", reader.say("ui.undo.overridden"))
        case "restored":
            return [el("b", reader.say("ui.undo.restored")), " ", reader.say("ui.undo.kept")]
        case _:
            return bdi(value.state)


def _left(value: Undoable | None, reader: Reader) -> Markup:
    left = reader.until(value.reversible_until) if value else None
    if value is None or value.reversible_until is None:
        return reader.say("ui.undo.leaving")
    if left == 0:
        return reader.say("ui.undo.over")
    if left is None:
        return reader.time(value.reversible_until)
    at = value.reversible_until.isoformat()
    span = clock("down", left, bdi(reader.span(left)), data_at=at, data_due="expired")
    return reader.say("ui.undo.left", span=span)


def _spoken(value: Undoable, reader: Reader) -> str:
    if value.state != "offered" or reader.passed(value.reversible_until):
        return el("span", _said(value, reader)).striptags()
    return reader.text("ui.undo.undo", action=value.action)  # not how long: that would be read out with each drawing


# Two versions


def _versions(value: Undoable | None, reader: Reader) -> Markup:
    state = value.state if value else None
    other = value.before if value is not None and state in _PLAIN else None
    key = "show_yours" if state == "restored" else "show_ai"
    return el(
        "div",
        disclosure(
            "undo-version",
            reader.say(f"ui.undo.{key}"),
            el("p", other, class_="fk-quoted", dir="auto"),
            _difference(value, reader),
            buttons(
                button(
                    "restored",
                    reader.say("ui.undo.use_ai"),
                    shown=state == "overridden" and reader.offers("restored"),
                ),
                button(
                    "overridden",
                    reader.say("ui.undo.use_yours"),
                    shown=state == "restored" and reader.offers("overridden"),
                ),
            ),
        ),
        class_="fk-slot",
        hidden=not other,
    )


def _difference(value: Undoable | None, reader: Reader) -> Markup:
    """Word by word; nothing where it is too long to compare."""
    before, after = ((text or "").split() for text in ((value.before, value.after) if value else ("", "")))
    short = len(after) > 0 and len(before) + len(after) <= _LONGEST
    parts = _changes(before, after, reader) if short else []
    return el(
        "div",
        el("p", reader.say("ui.undo.changes"), class_="fk-ask"),
        el("p", parts, class_="fk-changes", dir="auto"),
        hidden=not short,
    )


def _changes(before: list[str], after: list[str], reader: Reader) -> list[Child]:
    parts: list[Child] = []
    for kind, start, end, new_start, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            parts += [" ".join(before[start:end]), " "]
            continue
        if end > start:
            parts += [_marked("del", "removed", before[start:end], reader), " "]
        if new_end > new_start:
            parts += [_marked("ins", "added", after[new_start:new_end], reader), " "]
    return parts


def _marked(tag: Literal["ins", "del"], word: str, text: list[str], reader: Reader) -> Markup:
    return el(tag, hidden(reader.say(f"ui.undo.{word}"), " "), " ".join(text))
