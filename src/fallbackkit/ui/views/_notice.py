from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from fallbackkit.ui.views._html import Child, el
from fallbackkit.ui.views._pieces import box, button, buttons

if TYPE_CHECKING:
    from collections.abc import Collection

    from markupsafe import Markup

    from fallbackkit._outcome import Outcome
    from fallbackkit.messages import Action, Notice
    from fallbackkit.ui.views._reader import Reader

__all__ = ["actions", "hedge", "needs_help", "notice_box"]

_ASK = "escalate"


def notice_box(notice: Notice | None, *, titled: bool = True, drawing: str | None = None) -> Markup:
    """What it means for the task, and what to do next. Without its title where the line above says it."""
    title, body = (notice.title, notice.body) if notice else ("", "")
    return box(
        title if titled else None,
        body,
        tone=notice.tone if notice else "neutral",
        drawing=drawing,
        lang=notice.lang if notice else None,
        direction=notice.direction if notice else None,
        shown=notice is not None and bool((titled and title) or body),
    )


def hedge(notice: Notice) -> Markup:
    """The doubt, said before the answer."""
    return el(
        "p",
        el("strong", notice.title.rstrip("."), "."),
        f" {notice.body}" if notice.body else None,
        class_="fk-hedge",
        lang=notice.lang,
        dir=notice.direction,
    )


def needs_help(outcome: Outcome) -> bool:
    """Whether this is a state in which people look for a person."""
    return outcome.status in {"degraded", "low_confidence", "interrupted", "unavailable"} and outcome.ticket is None


def actions(outcome: Outcome | None, notice: Notice | None, reader: Reader, *, without: Collection[str] = ()) -> Markup:
    """What the person can do next; asking a person is always last, at the same place.

    ``without`` names actions that need no button, since what they show is there.
    """
    told = tuple([action for action in notice.actions if reader.offers(action.id)]) if notice else ()
    asks = reader.offers(_ASK) and ((outcome is not None and needs_help(outcome)) or _is_offered(notice))
    return _row(told, frozenset(without), reader.text("actions.escalate"), asks=asks)


@lru_cache(maxsize=256)
def _row(told: tuple[Action, ...], without: frozenset[str], ask: str, *, asks: bool) -> Markup:
    given = {action.id: action.label for action in told if action.id not in without}
    leads = [action.id for action in told if action.primary]
    lead = next((name for name in leads if name in given), next(iter(given), None) if leads else None)
    ask = given.pop(_ASK, "") or ask
    usual = [_button(name, label, leads=name == lead) for name, label in given.items()]
    return buttons(
        el("div", usual, class_="fk-actions-usual", hidden=not usual),
        _button(_ASK, ask, leads=lead == _ASK, shown=asks),
        shown=bool(usual) or asks,
    )


def _is_offered(notice: Notice | None) -> bool:
    return notice is not None and any(action.id == _ASK for action in notice.actions)


def _button(action: str, label: str, *, leads: bool, shown: bool = True) -> Child:
    return button(action, label, look="primary" if leads else "plain", shown=shown)
