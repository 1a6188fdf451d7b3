from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from fallbackkit._outcome import Outcome
from fallbackkit._text import Text
from fallbackkit.ui.views._banner import Banner, degraded_banner
from fallbackkit.ui.views._card import PARTS, card_of, outcome_card
from fallbackkit.ui.views._choices import Choices, fallback_chooser
from fallbackkit.ui.views._empty import Empty, empty_state
from fallbackkit.ui.views._feedback import Feedback
from fallbackkit.ui.views._html import Child, el
from fallbackkit.ui.views._pieces import Props
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from typing import Unpack

    from markupsafe import Markup

__all__ = ["Talk", "Turn", "talk", "turn"]

_SHOWN = tuple(part for part in PARTS if part != "cost")


class Turn(Props):
    """A question and what became of it.

    Attributes:
        question: As it was asked.
        outcome: Where it stands; None before anything was asked.
        tries: How often the person has asked the same again; see ``Card``.
        feedback: What the person said of the answer.
        choices: Other ways to go on, below an answer that failed.
    """

    question: Text
    outcome: Outcome | None = None
    tries: int = Field(default=0, ge=0)
    feedback: Feedback | None = None
    choices: Choices | None = None


class Talk(Props):
    """A conversation: what was asked before, the oldest first.

    Attributes:
        banner: How the service is, above everything else.
        empty: What to show as long as nothing was asked.
    """

    turns: tuple[Turn, ...] = ()
    banner: Banner | None = None
    empty: Empty | None = None


def talk(value: Talk | None, **reader: Unpack[For]) -> Markup:
    """What was asked before, with every answer as it was.

    Args:
        value: The conversation; None is one that has not begun.
        **reader: See ``outcome_card``.

    Example:
        >>> "How many days?" in talk(Talk(turns=(Turn(question="How many days?"),)))
        True
    """
    given = Reader(**reader)
    shown = value or Talk(id="")
    return el(
        "div",
        el("div", degraded_banner(shown.banner, **reader), hidden=shown.banner is None),
        el("div", empty_state(shown.empty, **reader), hidden=shown.empty is None),
        el(
            "ol",
            [el("li", _asked(each, given), _answered(each, **reader)) for each in shown.turns],
            class_="fk-talk-turns",
            role="list",
            aria_label=given.text("ui.chat.log"),
            hidden=not shown.turns,
        ),
        class_="fk-talk",
        lang=given.lang,
        dir=given.direction,
    )


def turn(value: Turn | None, **reader: Unpack[For]) -> Markup:
    """The latest question, and its answer as it comes. Arguments as ``talk``."""
    given = Reader(**reader)
    return el(
        "div",
        _asked(value, given),
        _answered(value, **reader),
        class_="fk-talk fk-talk-now",
        lang=given.lang,
        dir=given.direction,
        hidden=value is None,
    )


def _asked(value: Turn | None, reader: Reader) -> Markup:
    return el(
        "div",
        el("p", reader.say("ui.chat.you"), class_="fk-talk-you"),
        el("p", value.question if value else None, class_="fk-talk-question", dir="auto"),
        class_="fk fk-talk-asked",
    )


def _answered(value: Turn | None, **reader: Unpack[For]) -> list[Child]:
    outcome = value.outcome if value else None
    tries, said = (value.tries, value.feedback) if value else (0, None)
    card = card_of(outcome, tries=tries, feedback=said, show=_SHOWN)
    choices = value.choices if value else None
    return [
        outcome_card(card, **reader),
        el("div", fallback_chooser(choices, **reader), hidden=choices is None),
    ]
