from __future__ import annotations

from typing import TYPE_CHECKING

from fallbackkit.ui.views._html import Child, bdi, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._labels import clause, count
from fallbackkit.ui.views._markdown import rich_text
from fallbackkit.ui.views._pieces import case_code, component
from fallbackkit.ui.views._reader import Reader
from fallbackkit.ui.views._sources import sources

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from markupsafe import Markup

    from fallbackkit.errors import FailureKind
    from fallbackkit.review._types import Claim, Item, ReviewRequest

__all__ = ["review_case", "review_list"]


def review_list(
    items: Sequence[Item],
    *,
    reviewer: str,
    status: str = "",
    now: datetime | None = None,
    tz: tzinfo | None = None,
) -> Markup:
    """The open cases: who has each, how old it is, and why a person is asked.

    Args:
        items: Pending and claimed items, in the order in which they are to be taken.
        reviewer: Whose list it is.
        status: What happened last, read out once.
    """
    reader = Reader(now=now, tz=tz)
    free = [item for item in items if item.state == "pending"]
    mine = [item for item in items if item.state == "claimed" and item.reviewer == reviewer]
    rows = [_row(item, reviewer, reader) for item in items]
    return component(
        "review-list",
        el(
            "div",
            el("p", status, class_="fk-status", hidden=not status),
            el("p", _headline(items, free, mine), class_="fk-review-sum"),
            el("ul", rows, class_="fk-review-items", role="list", hidden=not rows),
            class_="fk-card",
        ),
        reader=reader,
        live=status,
        rail="person",
        data_status="empty" if not items else "open",
    )


def _headline(items: Sequence[Item], free: Sequence[Item], mine: Sequence[Item]) -> list[Child]:
    if not items:
        return [el("b", "Nothing is waiting."), " Questions that need a person appear here."]
    if not free and not mine:
        return [
            el("b", "All open questions are taken."),
            " Others are reading them. A case returns here when its hold ends.",
        ]
    return [el("b", f"{count(len(free), 'question')} waiting."), f" {len(mine)} with you." if mine else None]


def _row(item: Item, reviewer: str, reader: Reader) -> Markup:
    mine = item.reviewer == reviewer
    free = item.state == "pending"
    reason = item.request.reason
    holder: Child = "with you" if mine else ["with ", bdi(item.reviewer or "another reviewer")]
    return el(
        "li",
        el("p", item.request.question, class_="fk-review-question", dir="auto"),
        el(
            "p",
            el("span", case_code(item.case)),
            el("span", "asked ", reader.time(item.created_at)),
            el("span", "an answer to check" if reason is None else f"the assistant {clause(reason)}"),
            el("span", holder, class_="fk-holder", hidden=free),
            class_="fk-review-meta",
        ),
        el(
            "button",
            "Open this case" if mine else "Take this case",
            type="button",
            class_="fk-button",
            data_action="claim",
            data_id=item.id,
            hidden=not (free or mine),
        ),
        class_="fk-review-item",
        data_state="mine" if mine else item.state,
    )


def review_case(
    claim: Claim | None,
    *,
    status: str = "",
    now: datetime | None = None,
    tz: tzinfo | None = None,
) -> Markup:
    """One claimed case: the question, the draft that was withheld, why, and the evidence.

    Args:
        claim: The case in hand; None shows what to do.
        status: What just went wrong with it, read out once.
    """
    reader = Reader(now=now, tz=tz)
    body = _case(claim, reader) if claim is not None else [el("p", "Take a case to read it here.", class_="fk-empty")]
    return component(
        "review-case",
        el(
            "div",
            el("p", icon("attention"), el("span", status), class_="fk-status fk-tone-attention", hidden=not status),
            el("div", body, class_="fk-case"),
            class_="fk-card",
        ),
        reader=reader,
        live=status,
        urgent=bool(status),
        rail="person",
        data_id=claim.item.id if claim is not None else None,
    )


def _case(claim: Claim, reader: Reader) -> list[Child]:
    request = claim.item.request
    return [
        el(
            "p",
            el("b", "Case ", case_code(claim.item.case)),
            el("span", "yours until ", reader.time(claim.expires_at)),
            class_="fk-lease",
        ),
        _part("Question", el("p", request.question, dir="auto", class_="fk-plain")),
        _part("Why it came to you", el("p", _why(request.reason)), _score(request.score)),
        _part("Answer, already sent" if request.audit else "Draft, not sent", _draft(request)),
        _part("Sources", sources(request.sources, reader, model_made=False)),
    ]


def _why(reason: FailureKind | None) -> str:
    if reason is None:
        return "It is an audit. The assistant has answered, and nobody waits: what you decide is kept and not sent."
    return f"The assistant {clause(reason)}."


def _part(title: str, *body: Child) -> Markup:
    return el("section", el("h3", title), *body, class_="fk-part")


def _score(score: float | None) -> Child:
    return (
        el("p", "Its score was ", bdi(f"{score:.2f}"), " on a scale from 0 to 1, higher is safer.")
        if score is not None
        else None
    )


def _draft(request: ReviewRequest) -> Child:
    if not request.draft:
        return el("p", "There is no draft. Answer in your words, or reject.")
    check = "" if request.audit else " Check amounts and dates before you send it."
    return [
        el("div", rich_text(request.draft), class_="fk-answer"),
        el("p", f"AI wrote this.{check}", class_="fk-ai"),
    ]
