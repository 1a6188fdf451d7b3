from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal, Self, get_args

from pydantic import Field, model_validator

from fallbackkit._text import Text
from fallbackkit.ui.views._html import Child, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._pieces import Props, box, component
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from typing import Unpack

    from markupsafe import Markup

__all__ = ["Dial", "autonomy_dial", "dial"]

Level = Literal[1, 2, 3, 4]


class Dial(Props):
    """How much the assistant may do alone, for one kind of task.

    Attributes:
        task: What it is about, as people call it: ``Refunds``.
        level: 1 suggests only, 2 prepares a plan, 3 does it after a person confirms, 4 does it and tells.
        max_level: Highest level that may be chosen here.
        locked_by: Who set ``max_level``.
        lowered_at: When the level was lowered without anybody choosing it.
        corrections: How many corrections in a row lowered it.
        pending: The level that has been chosen and does not hold yet.
        limit: What the level covers, in a sentence: ``Refunds up to 50 €.``
        compact: Whether only the present level is shown, for a place beside the action that it governs.

    Example:
        >>> Dial(task="Refunds", level=2, max_level=3).level
        2
    """

    task: Text
    level: Level
    max_level: Level = 4
    locked_by: Text | None = None
    lowered_at: datetime | None = None
    corrections: int | None = Field(default=None, ge=1)
    pending: Level | None = None
    limit: Text | None = None
    compact: bool = False

    @model_validator(mode="after")
    def _allowed(self) -> Self:
        if not self.task:
            raise ValueError("`task` must say what it is about, got nothing; name the kind of task")
        for name, level in (("level", self.level), ("pending", self.pending)):
            if level is not None and level > self.max_level:
                raise ValueError(f"`{name}` must be at most `max_level` ({self.max_level}), got {level}; lower it")
        return self


def autonomy_dial(value: Dial | None, **reader: Unpack[For]) -> Markup:
    """How much the assistant may do alone, as four choices that say what each means.

    Args:
        value: The task and its level; None shows an empty frame.
        **reader: As for ``outcome_card``. Action: ``changed``, whose ``value`` is the level.

    Example:
        >>> "Prepare a plan, I decide" in autonomy_dial(Dial(task="Refunds", level=2)).striptags()
        True
    """
    given = Reader(**reader)
    return component(
        "autonomy-dial",
        dial(value, given),
        reader=given,
        live=_spoken(value, given) if value else "",
        data_status=_status(value) if value else "empty",
        data_id=value.id if value else None,
    )


def dial(value: Dial | None, reader: Reader) -> Markup:
    """The dial without its frame."""
    lowered = value is not None and _was_lowered(value)
    return el(
        "div",
        el("p", icon("gauge"), el("span", _now(value, reader)), class_="fk-dial-now"),
        el("div", box(*_lowered(value, reader), tone="info"), class_="fk-slot", hidden=not lowered),
        _choices(value, reader),
        el("p", value.limit if value else None, class_="fk-place", dir="auto", hidden=not (value and value.limit)),
        el("p", _pending(value, reader), class_="fk-place", hidden=not (value and value.pending)),
        class_="fk-card fk-dial",
    )


def _status(value: Dial) -> str:
    return "pending" if value.pending else "lowered" if _was_lowered(value) else "set"


def _was_lowered(value: Dial) -> bool:
    return value.lowered_at is not None or value.corrections is not None


def _spoken(value: Dial, reader: Reader) -> str:
    if value.pending:
        return el("span", _pending(value, reader)).striptags()
    if _was_lowered(value):
        return el("span", _lowered(value, reader)[0]).striptags()
    return reader.text("ui.dial.changed", task=value.task, level=_level(value.level, reader))


def _level(level: int, reader: Reader) -> str:
    key = f"ui.dial.level.{level}"
    return reader.text(key) if reader.knows(key) else str(level)


def _now(value: Dial | None, reader: Reader) -> Markup:
    if value is None:
        return reader.say("ui.dial.empty")
    return reader.say("ui.dial.now", task=value.task, level=_level(value.level, reader))


def _lowered(value: Dial | None, reader: Reader) -> tuple[Child, Child]:
    if value is None or not _was_lowered(value):
        return None, None
    level = _level(value.level, reader)
    title = (
        reader.say("ui.dial.lowered_undated", level=level)
        if value.lowered_at is None
        else reader.say("ui.dial.lowered", level=level, date=reader.date(value.lowered_at))
    )
    again = reader.say("ui.dial.raise")
    return title, [reader.say("ui.dial.because", value.corrections), " ", again] if value.corrections else again


def _pending(value: Dial | None, reader: Reader) -> Markup | None:
    if value is None or value.pending is None:
        return None
    return reader.say("ui.dial.pending", level=_level(value.pending, reader), now=_level(value.level, reader))


def _choices(value: Dial | None, reader: Reader) -> Markup:
    return el(
        "fieldset",
        el("legend", reader.say("ui.dial.ask"), class_="fk-ask"),
        [_choice(level, value, reader) for level in get_args(Level)],
        class_="fk-levels",
        hidden=value is None or value.compact,
    )


def _choice(level: Level, value: Dial | None, reader: Reader) -> Markup:
    here = value is not None and value.level == level
    above = value is not None and level > value.max_level
    closed = above or not reader.offers("changed")
    return el(
        "label",
        el(
            "input",
            type="radio",
            name=f"fk-dial-{value.id}" if value else "fk-dial",
            value=level,
            checked=here,
            disabled=closed and not here,
            data_action="changed",
            data_value=level,
        ),
        el("b", _level(level, reader)),
        el("span", reader.say(f"ui.dial.means.{level}")),
        el("small", icon("lock"), el("span", _why_closed(value, reader)) if above else None, hidden=not above),
        class_="fk-level",
        data_state="here" if here else "above" if above else "open",
    )


def _why_closed(value: Dial | None, reader: Reader) -> Markup:
    if value is None or not value.locked_by:
        return reader.say("ui.dial.locked_unsaid")
    return reader.say("ui.dial.locked", by=value.locked_by, level=_level(value.max_level, reader))
