"""What several components are made of."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from fallbackkit._outcome import new_id
from fallbackkit._text import Text
from fallbackkit.ui.views._html import HOLE, Child, Shape, bdi, el, safe_url
from fallbackkit.ui.views._icons import icon

if TYPE_CHECKING:
    from collections.abc import Iterable

    from markupsafe import Markup

    from fallbackkit.messages._types import Direction, Tone
    from fallbackkit.ui.views._reader import Reader

__all__ = [
    "Props",
    "Rail",
    "box",
    "button",
    "buttons",
    "case_code",
    "clock",
    "component",
    "disclosure",
    "external_link",
    "facts",
    "hidden",
    "meter",
    "popover",
]

Rail = Literal["none", "live", "working", "fallback", "saved", "person", "unsure", "cut", "stopped"]
"""The pattern at the edge of a component: how what is shown came about."""

_DRAWINGS: dict[str, str] = {
    "neutral": "info",
    "info": "info",
    "attention": "attention",
    "danger": "danger",
    "success": "ok",
}


class Props(BaseModel):
    """What a component shows: immutable, and JSON both ways.

    Attributes:
        id: What it is about; every event of the component carries it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: Text = Field(default_factory=new_id)


def component(
    name: str,
    *body: Child,
    reader: Reader,
    live: str = "",
    urgent: bool = False,
    rail: Rail = "none",
    tone: Tone = "neutral",
    **attributes: object,
) -> Markup:
    """The frame that all components share: one live region, then what is seen.

    Args:
        name: In CSS, ``fk-`` and this; sent with each event.
        body: What is seen; its element structure should be the same in every state.
        reader: For whom.
        live: What is read out when it changes.
        urgent: Whether it is read out at once: only what the person did themselves has failed.
        rail: The pattern at its edge.
        tone: Colours a rail that says ``stopped``.
        **attributes: Further ones; ``data_id`` is sent with each event.
    """
    known = attributes.pop("data_id", None)
    frame = _frame(
        name,
        urgent=urgent,
        known=known is not None,
        data_rail=rail,
        data_tone=tone,
        tabindex="-1",
        lang=reader.lang,
        dir=reader.direction,
        **attributes,
    )
    return frame(str(known), live, body) if known is not None else frame(live, body)


@lru_cache(maxsize=512, typed=True)
def _frame(name: str, *, urgent: bool, known: bool, **attributes: object) -> Shape:
    return Shape(
        el(
            "div",
            el("span", HOLE, class_="fk-live", role="status", aria_live="assertive" if urgent else "polite"),
            HOLE,
            class_=f"fk fk-{name}",
            data_fk=name,
            **attributes,
            data_id=HOLE if known else None,
        )
    )


def hidden(*children: Child) -> Markup:
    """For screen readers only."""
    return el("span", *children, class_="fk-sr")


def external_link(url: str | None, *children: Child, reader: Reader, **attributes: object) -> Markup:
    """A link that opens in a new tab; plain text if the address is not one we open."""
    href = safe_url(url)
    if href is None:
        return el("span", *children, **attributes)
    return el(
        "a",
        *children,
        hidden(" ", reader.say("ui.link.new_tab")),
        href=href,
        target="_blank",
        rel="noopener noreferrer nofollow",
        **attributes,
    )


def disclosure(key: str, label: Child, *panel: Child, shown: bool = True, opened: str | None = None) -> Markup:
    """A button that shows and hides what follows it.

    ``key`` is how its state outlives an update; ``opened`` names the event that its opening raises.
    """
    return _disclosure(key, opened, shown=shown)(label, panel)


@lru_cache(maxsize=512)
def _disclosure(key: str, opened: str | None, *, shown: bool) -> Shape:
    toggle = el(
        "button",
        el("span", HOLE),
        icon("chevron"),
        type="button",
        class_="fk-toggle",
        aria_expanded="false",
        data_toggle=key,
        data_opened=opened,
        hidden=not shown,
    )
    return Shape(el("div", toggle, el("div", HOLE, class_="fk-panel", hidden=True), class_="fk-disclosure"))


def popover(
    key: str,
    label: Child,
    *panel: Child,
    name: str | None = None,
    class_: str = "fk-toggle",
    opened: str | None = None,
) -> Markup:
    """A button with a small panel that lies over the text: opened by the button, closed by Escape or a click elsewhere.

    Args:
        key: How its state outlives an update.
        label: What stands on the button.
        panel: What it shows.
        name: What a screen reader calls the button, if the label does not say it; begins with the label.
        class_: Of the button.
        opened: The event that its opening raises.
    """
    return el(
        "span",
        el(
            "button",
            label,
            type="button",
            class_=class_,
            aria_expanded="false",
            aria_label=name,
            data_toggle=key,
            data_opened=opened,
        ),
        el("span", *panel, class_="fk-pop", hidden=True),
        class_="fk-popover",
    )


def button(
    action: str,
    *label: Child,
    look: Literal["plain", "primary", "quiet", "small"] = "plain",
    shown: bool = True,
    **attributes: object,
) -> Markup:
    """A button that raises the event ``action``.

    Args:
        action: Id of the event.
        label: Verb and object.
        look: At most one is ``primary``.
        shown: A hidden one keeps the place of what follows it.
        **attributes: ``data_value`` goes with the event; ``data_copy`` is put on the clipboard.
    """
    return el(
        "button",
        *label,
        type="button",
        class_="fk-button" if look == "plain" else f"fk-button fk-{look}",
        data_action=action,
        hidden=not shown,
        **attributes,
    )


def buttons(*each: Child, shown: bool = True) -> Markup:
    """A row of buttons."""
    return el("div", *each, class_="fk-actions", hidden=not shown)


def box(
    title: Child,
    body: Child = None,
    *,
    tone: Tone = "neutral",
    drawing: str | None = None,
    shown: bool = True,
    lang: str | None = None,
    direction: Direction | None = None,
) -> Markup:
    """What it means for the task, and what to do next, on the colour of its tone."""
    return el(
        "div",
        icon(drawing or _DRAWINGS[tone]),
        el("p", title, class_="fk-notice-title", hidden=not title),
        el("p", body, class_="fk-notice-body", hidden=not body),
        class_=f"fk-notice fk-tone-{tone}",
        lang=lang,
        dir=direction,
        hidden=not shown,
    )


_FACTS, _FACT = Shape(el("dl", HOLE, class_="fk-facts")), Shape(el("div", el("dt", HOLE), el("dd", HOLE)))


def facts(rows: Iterable[tuple[Child, Child]]) -> Markup:
    """Terms and what is known of each; rows without a value are left out."""
    return _FACTS([_FACT(term, value) for term, value in rows if value is not None])


def meter(used: float | None, limit: float | None, name: str, says: str) -> Markup:
    """How much of a limit is used, as a bar; hidden where one of the two is not known."""
    if used is None or limit is None:
        return el("span", el("i"), class_="fk-bar", hidden=True)
    used = min(used, limit)
    return el(
        "span",
        el("i", style=f"inline-size:{used / limit:.1%}"),
        class_="fk-bar",
        role="meter",
        aria_label=name,
        aria_valuemin=0,
        aria_valuemax=f"{limit:.15g}",
        aria_valuenow=f"{used:.15g}",
        aria_valuetext=says,
    )


def case_code(case: str) -> Markup:
    """A case's number as people read it out."""
    return bdi(case, class_="fk-code")


def clock(kind: Literal["down", "up"], seconds: float, words: Child, **attributes: object) -> Markup:
    """A length of time that the browser keeps counting, in whole units of the reader's language.

    Args:
        kind: ``down`` to 0, or ``up`` from what has passed.
        seconds: How much there is, when this is drawn.
        words: The same in words, for a page without the script.
        **attributes: ``data_at`` names the moment it counts to or from, in any form: while that stays, a
            new drawing does not set the clock back. For ``down``, ``data_due``: the event raised at 0, and
            ``data_paused``: it stands still. ``data_quiet``: it is not spoken.
    """
    return el("span", words, class_="fk-clock", data_clock=kind, data_seconds=f"{seconds:.3f}", **attributes)
