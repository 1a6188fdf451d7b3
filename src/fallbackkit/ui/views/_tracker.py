from __future__ import annotations

from typing import TYPE_CHECKING

from fallbackkit.ui.views._html import Child, el
from fallbackkit.ui.views._labels import amount
from fallbackkit.ui.views._pieces import case_code, external_link

if TYPE_CHECKING:
    from markupsafe import Markup

    from fallbackkit._outcome import Ticket, TicketState
    from fallbackkit.ui.views._reader import Reader

__all__ = ["tracker"]

_LONGEST_ETA = 366 * 86400.0
_STEPS: dict[TicketState, tuple[tuple[str, str, str], int]] = {
    "pending": (("Sent", "A person reads it", "Answered"), 0),
    "claimed": (("Sent", "A person is reading it", "Answered"), 1),
    "decided": (("Sent", "Read by a person", "Answered"), 2),
    "cancelled": (("Sent", "Withdrawn", "Not answered"), 1),
    "expired": (("Sent", "Nobody answered in time", "Not answered"), 1),
}


def tracker(ticket: Ticket | None, reader: Reader, *, placed: bool = True) -> Markup:
    """How far a question has come on its way to a person and back; ``placed`` tells the place in line too."""
    steps, current = _STEPS[ticket.state if ticket else "pending"]
    return el(
        "div",
        el("ol", [_step(index, word, current) for index, word in enumerate(steps)], class_="fk-steps", role="list"),
        el("p", _place(ticket, reader) if ticket else None, class_="fk-place", hidden=ticket is None or not placed),
        class_="fk-tracker",
        data_state=ticket.state if ticket else "none",
        hidden=ticket is None,
    )


def _step(index: int, word: str, current: int) -> Markup:
    state = "done" if index < current else "current" if index == current else "later"
    return el("li", word, class_=f"fk-step fk-step-{state}", aria_current="step" if state == "current" else None)


def _place(ticket: Ticket, reader: Reader) -> list[Child]:
    parts: list[Child] = ["Case ", external_link(ticket.url, case_code(ticket.case), reader=reader)]
    if ticket.state == "pending" and ticket.position is not None:
        ahead = ticket.position - 1
        parts.append(". First in line" if ahead < 1 else f". Number {ticket.position} in line, {ahead} ahead of it")
    if ticket.state in {"pending", "claimed"} and ticket.eta is not None and 0 <= ticket.eta < _LONGEST_ETA:
        parts.append(f". An answer usually takes about {amount(ticket.eta)}")
    return [*parts, "."]
