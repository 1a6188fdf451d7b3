from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field

from fallbackkit._text import Text
from fallbackkit.errors import FailureKind
from fallbackkit.messages import Action, Notice
from fallbackkit.ui.views._html import el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._markdown import rich_text
from fallbackkit.ui.views._notice import actions, notice_box
from fallbackkit.ui.views._pieces import Props, button, component
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Unpack

    from markupsafe import Markup

    from fallbackkit._outcome import Outcome
    from fallbackkit.messages._types import Tone

__all__ = ["Cause", "Partial", "ToolEnd", "interrupted", "interrupted_answer"]

Cause = Literal["you", "connection", "service", "length", "safety", "timeout"]

_CAUSES: dict[FailureKind, Cause] = {
    FailureKind.CANCELLED: "you",
    FailureKind.CONNECTION_LOST: "connection",
    FailureKind.OUTPUT_TRUNCATED: "length",
    FailureKind.SAFETY_REFUSED: "safety",
    FailureKind.TIMEOUT_MID_STREAM: "timeout",
    FailureKind.TIMEOUT_FIRST_BYTE: "timeout",
}
_TONES: dict[str | None, Tone] = {"you": "neutral", "length": "info", "safety": "neutral"}
_ENDS = {"done": "ok", "not_done": "hand", "unknown": "attention"}


class ToolEnd(BaseModel):
    """What became of an action that the answer was taking.

    Attributes:
        name: What it does, in the words of the application.
        state: ``unknown`` where nobody can say whether it was done.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text
    state: Literal["done", "not_done", "unknown"]


class Partial(Props):
    """An answer that stopped before it was whole. It has no confidence, as nobody knows how it goes on.

    Attributes:
        text: What arrived, in Markdown.
        cause: Who or what stopped it; None where that is not known.
        words: How many words arrived; None counts those of ``text``.
        resumable: Whether it can go on from where it stopped; otherwise only from the start.
        tools: What became of the actions it was taking, each one settled.
        kept: True once the person has kept this part, False once they have removed it.

    Example:
        >>> Partial(id="7", text="Open the calendar and", cause="connection").kept is None
        True
    """

    text: Text = ""
    cause: Cause | None = None
    words: int | None = Field(default=None, ge=0)
    resumable: bool = False
    tools: tuple[ToolEnd, ...] = ()
    kept: bool | None = None

    @classmethod
    def of(cls, outcome: Outcome, *, resumable: bool | None = None) -> Self | None:
        """The part that an interrupted outcome holds; None if it was not interrupted.

        Args:
            outcome: What the stream ended with.
            resumable: Whether the page can go on from there; None: if it hit its length limit.
        """
        if outcome.status != "interrupted":
            return None
        kind = outcome.failure.kind if outcome.failure else None
        cause = _CAUSES.get(kind, "service" if kind.outage else None) if kind else None
        return cls(
            id=outcome.id,
            text=outcome.text,
            cause=cause,
            resumable=cause == "length" if resumable is None else resumable,
        )


def interrupted_answer(value: Partial | Outcome | None, **reader: Unpack[For]) -> Markup:
    """The part of an answer that arrived, and below it who or what stopped it and how to go on.

    Args:
        value: The part, or an outcome; None and an outcome that was not interrupted draw a calm empty frame.
        **reader: See ``For``.

    Example:
        >>> "The connection was lost" in interrupted_answer(Partial(id="7", text="Open", cause="connection"))
        True
    """
    given = Reader(**reader)
    part = value if isinstance(value, Partial) or value is None else Partial.of(value)
    notice = _notice(part, given)
    return component(
        "interrupted-answer",
        interrupted(part, given),
        reader=given,
        live=given.text("ui.card.said", title=notice.title, body=notice.body) if part else "",
        rail="cut" if part else "none",
        tone=notice.tone,
        data_id=part.id if part else None,
        data_state=part.cause or "other" if part else "none",
    )


def interrupted(value: Partial | None, reader: Reader) -> Markup:
    """The part and its notice, without a frame."""
    shown = value is not None and value.kept is not False and bool(value.text)
    notice = _notice(value, reader)
    return el(
        "article",
        el("p", reader.say("ui.interrupted.none"), class_="fk-empty", hidden=value is not None),
        el(
            "div",
            el("div", rich_text(value.text, reader=reader) if value and shown else None, class_="fk-answer"),
            _edge(value, reader),
            el("p", reader.say("ui.ai.wrote"), class_="fk-ai"),
            hidden=not shown,
        ),
        notice_box(notice if value else None),
        _tools(value, reader),
        actions(None, notice, reader),
        class_="fk-card",
        aria_label=reader.text("ui.interrupted.text"),
        aria_busy="false",
    )


def _edge(value: Partial | None, reader: Reader) -> Markup:
    """Where it ends, and what becomes of it."""
    undecided = value is not None and value.kept is None
    return el(
        "div",
        el("p", reader.say("ui.interrupted.edge")),
        button("keep", reader.say("ui.interrupted.keep"), look="quiet", shown=undecided and reader.offers("keep")),
        button(
            "discard", reader.say("ui.interrupted.discard"), look="quiet", shown=undecided and reader.offers("discard")
        ),
        class_="fk-edge",
    )


def _notice(value: Partial | None, reader: Reader) -> Notice:
    if value is None:
        return Notice(title="", body="", lang=reader.lang, direction=reader.direction)
    cause = value.cause if value.cause in get_args(Cause) else "other"
    return Notice(
        title=reader.text(f"ui.interrupted.title.{cause}"),
        body=_body(value, reader),
        tone=_TONES.get(cause, "attention"),
        actions=tuple(_next(value, reader)),
        lang=reader.lang,
        direction=reader.direction,
    )


def _body(value: Partial, reader: Reader) -> str:
    count = len(value.text.split()) if value.words is None else value.words
    if value.kept is not None:
        return reader.text(f"ui.interrupted.{'kept' if value.kept else 'discarded'}")
    if not value.text:
        return reader.text("ui.interrupted.nothing")
    return reader.text("ui.interrupted.ends", words=reader.text("values.words", max(1, count)))


def _next(value: Partial, reader: Reader) -> Iterator[Action]:
    """How to go on: the first one is the main one; a person comes last, unless they stopped it themselves."""
    offered = {
        "continue_answer": value.resumable and bool(value.text) and value.kept is not False,
        "retry": value.cause != "safety",
    }
    first = next((name for name, on in offered.items() if on and reader.offers(name)), "escalate")
    for name, on in offered.items():
        if on:
            yield Action(id=name, label=reader.text(f"ui.interrupted.{name}"), primary=name == first)
    if value.cause != "you":
        yield Action(id="escalate", label=reader.text("actions.escalate"), primary=first == "escalate")


def _tools(value: Partial | None, reader: Reader) -> Markup:
    tools = value.tools if value else ()
    return el(
        "ul",
        [_tool(tool, reader) for tool in tools],
        class_="fk-ends",
        role="list",
        aria_label=reader.text("ui.interrupted.tools"),
        hidden=not tools,
    )


def _tool(tool: ToolEnd, reader: Reader) -> Markup:
    state = tool.state if tool.state in _ENDS else "unknown"
    said = reader.say("ui.interrupted.tool", name=tool.name, state=reader.say(f"ui.interrupted.done.{state}"))
    return el("li", icon(_ENDS[state]), el("span", said), class_=f"fk-end fk-end-{state}")
