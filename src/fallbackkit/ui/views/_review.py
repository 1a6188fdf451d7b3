from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from fallbackkit.ui.views._html import Child, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._markdown import rich_text
from fallbackkit.ui.views._pieces import button, case_code, component
from fallbackkit.ui.views._reader import Reader
from fallbackkit.ui.views._sources import sources

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from markupsafe import Markup

    from fallbackkit.errors import FailureKind
    from fallbackkit.messages import Messages
    from fallbackkit.review._types import Claim, Item, ReviewRequest

__all__ = ["review_case", "review_list"]


def review_list(
    items: Sequence[Item],
    *,
    reviewer: str,
    status: str = "",
    now: datetime | None = None,
    tz: tzinfo | None = None,
    locale: str = "en",
    messages: Messages | None = None,
) -> Markup:
    """The open cases: who has each, how old it is, and why a person is asked.

    Args:
        items: Pending and claimed items, in the order in which they are to be taken.
        reviewer: Whose list it is.
        status: What happened last, read out once.
        now: As for ``outcome_card``, like those that follow.
        tz: See there.
        locale: See there.
        messages: See there.
    """
    reader = Reader(now=now, tz=tz, locale=locale, messages=messages)
    free = [item for item in items if item.state == "pending"]
    mine = [item for item in items if item.state == "claimed" and item.reviewer == reviewer]
    rows = [_row(item, reviewer, reader) for item in items]
    return component(
        "review-list",
        el(
            "div",
            el("p", status, class_="fk-status", hidden=not status),
            el("p", _headline(items, len(free), len(mine), reader), class_="fk-review-sum"),
            el("ul", rows, class_="fk-review-items", role="list", hidden=not rows),
            class_="fk-card",
        ),
        reader=reader,
        live=status,
        rail="person",
        data_status="empty" if not items else "open",
    )


def _headline(items: Sequence[Item], free: int, mine: int, reader: Reader) -> Child:
    if not items:
        return reader.say("ui.desk.empty")
    if not free and not mine:
        return reader.say("ui.desk.taken")
    waiting = reader.say("ui.desk.waiting", free)
    return [waiting, " ", reader.say("ui.desk.yours", n=reader.number(mine))] if mine else waiting


def _row(item: Item, reviewer: str, reader: Reader) -> Markup:
    mine = item.reviewer == reviewer
    free = item.state == "pending"
    return el(
        "li",
        el("p", item.request.question, class_="fk-review-question", dir="auto"),
        el(
            "p",
            el("span", case_code(item.case)),
            el("span", reader.say("ui.desk.asked", time=reader.time(item.created_at))),
            el("span", _because("ui.desk", item.request.reason, reader)),
            el("span", _holder(item, reader, mine=mine), class_="fk-holder", hidden=free),
            class_="fk-review-meta",
        ),
        button(
            "claim",
            reader.say("ui.desk.open" if mine else "ui.desk.take"),
            shown=free or mine,
            data_id=item.id,
        ),
        class_="fk-review-item",
        data_state="mine" if mine else item.state,
    )


def _holder(item: Item, reader: Reader, *, mine: bool) -> Markup:
    if mine:
        return reader.say("ui.desk.with_you")
    return reader.say("ui.desk.with", name=item.reviewer or reader.text("ui.desk.another"))


def _because(group: str, reason: FailureKind | None, reader: Reader) -> Markup:
    """Why a person is asked; without a reason, it is an audit."""
    if reason is None:
        return reader.say(f"{group}.audit")
    return reader.say(f"{group}.because", clause=el("span", reader.say(f"kinds.{reason}.clause")))


def review_case(
    claim: Claim | None,
    *,
    status: str = "",
    now: datetime | None = None,
    tz: tzinfo | None = None,
    locale: str = "en",
    messages: Messages | None = None,
) -> Markup:
    """One claimed case: the question, the draft that was withheld, why, and the evidence.

    Args:
        claim: The case in hand; None shows what to do.
        status: What just went wrong with it, read out once.
        now: As for ``outcome_card``, like those that follow.
        tz: See there.
        locale: See there.
        messages: See there.
    """
    reader = Reader(now=now, tz=tz, locale=locale, messages=messages)
    body = [el("p", reader.say("ui.desk.case.none"), class_="fk-empty")] if claim is None else _case(claim, reader)
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
    because = _because("ui.desk.case", request.reason, reader)
    return [
        el(
            "p",
            el("b", reader.say("ui.desk.case.name", case=case_code(claim.item.case))),
            el("span", reader.say("ui.desk.case.until", time=reader.time(claim.expires_at))),
            class_="fk-lease",
        ),
        _part("question", el("p", request.question, dir="auto", class_="fk-plain"), reader=reader),
        _part("why", el("p", because), _score(request.score, reader), reader=reader),
        _part("sent" if request.audit else "draft", _draft(request, reader), reader=reader),
        _part("sources", sources(request.sources, reader, model_made=False), reader=reader),
    ]


def _part(title: Literal["question", "why", "sent", "draft", "sources"], *body: Child, reader: Reader) -> Markup:
    return el("section", el("h3", reader.say(f"ui.desk.case.{title}")), *body, class_="fk-part")


def _score(score: float | None, reader: Reader) -> Child:
    return el("p", reader.say("ui.desk.case.score", score=reader.number(score, 2))) if score is not None else None


def _draft(request: ReviewRequest, reader: Reader) -> Child:
    if not request.draft:
        return el("p", reader.say("ui.desk.case.no_draft"))
    label = reader.say("ui.desk.case.wrote" if request.audit else "ui.desk.case.check")
    return [el("div", rich_text(request.draft, reader=reader), class_="fk-answer"), el("p", label, class_="fk-ai")]
