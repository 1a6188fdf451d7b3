from __future__ import annotations

from typing import TYPE_CHECKING

from fallbackkit.messages import Action
from fallbackkit.ui.views._html import Child, el
from fallbackkit.ui.views._pieces import box, button, buttons

if TYPE_CHECKING:
    from collections.abc import Collection

    from markupsafe import Markup

    from fallbackkit._outcome import Outcome
    from fallbackkit.messages import Notice
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
    told = [action for action in notice.actions if reader.offers(action.id)] if notice else []
    given = {action.id: action for action in told if action.id not in without}
    if given and any(action.primary for action in told) and not any(action.primary for action in given.values()):
        first = next(iter(given))
        given[first] = given[first].model_copy(update={"primary": True})
    ask = given.pop(_ASK, None) or Action(id=_ASK, label=reader.text("actions.escalate"))
    shown = reader.offers(_ASK) and ((outcome is not None and needs_help(outcome)) or _is_offered(notice))
    return buttons(
        el("div", [_button(action) for action in given.values()], class_="fk-actions-usual", hidden=not given),
        _button(ask, shown=shown),
        shown=bool(given) or shown,
    )


def _is_offered(notice: Notice | None) -> bool:
    return notice is not None and any(action.id == _ASK for action in notice.actions)


def _button(action: Action, *, shown: bool = True) -> Child:
    return button(action.id, action.label, look="primary" if action.primary else "plain", shown=shown)
