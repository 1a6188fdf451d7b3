from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import model_validator

from fallbackkit._text import Text
from fallbackkit.ui.views._html import el, safe_url
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._pieces import Props, box, button, buttons, component, external_link
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Unpack

    from markupsafe import Markup

__all__ = ["Caveat", "caveat", "disclaimer"]

_LONGEST_FOOTNOTE = 12


class Caveat(Props):
    """What goes for all answers of a feature, or for one on which much depends.

    It stands beside what each answer says of itself, never in its place.

    Attributes:
        form: ``once`` before the first use; ``footnote``, which stays; ``contextual`` where much depends on one answer.
        text: In your words; without them, in those of the kit. A footnote has at most 12 words.
        about: What depends on it, for ``contextual``.
        can: What the feature can do, for ``once``.
        cannot: What it cannot do, for ``once``.
        url: Where people read more.
        accepted: Whether ``once`` has been read; then it is a footnote.
    """

    form: Literal["once", "footnote", "contextual"] = "footnote"
    text: Text | None = None
    about: Literal["money", "health", "law", "deadline", "people", "other"] = "other"
    can: tuple[Text, ...] = ()
    cannot: tuple[Text, ...] = ()
    url: Text | None = None
    accepted: bool = False

    @model_validator(mode="after")
    def _has_short_footnotes(self) -> Self:
        count = len((self.text or "").split())
        if self.form == "footnote" and count > _LONGEST_FOOTNOTE:
            raise ValueError(
                f"`text` of a footnote must have at most {_LONGEST_FOOTNOTE} words, got {count}: {self.text!r};"
                ' shorten it and put the rest behind `url`, or say it once with form="once"'
            )
        return self


def disclaimer(value: Caveat | None, **reader: Unpack[For]) -> Markup:
    """What to keep in mind: once before the first use, in a footnote, or where much depends on one answer.

    Args:
        value: What to show; None shows nothing.
        **reader: See ``outcome_card``.

    Returns:
        HTML, escaped. It raises ``accepted``, and ``details_opened`` with the link to more.

    Example:
        >>> "Check the amount" in disclaimer(Caveat(form="contextual", about="money"))
        True
    """
    given = Reader(**reader)
    return component(
        "disclaimer",
        caveat(value or _NOTHING, given, shown=value is not None),
        reader=given,
        live=_spoken(value, given),
        data_id=value.id if value else None,
        data_form=value.form if value else None,
    )


def caveat(value: Caveat, reader: Reader, *, shown: bool = True) -> Markup:
    """The box of ``once`` and ``contextual``, or the line of a footnote."""
    once = value.form == "once" and not value.accepted
    contextual = value.form == "contextual"
    title, body = _words(value, reader)
    more = _more(value, reader)
    return el(
        "div",
        box(
            title if once or contextual else None,
            [body, more] if contextual else body if once else None,
            tone="attention" if contextual else "neutral",
            shown=once or contextual,
        ),
        el(
            "div",
            _listed("can", "ok", value.can, reader),
            _listed("cannot", "hand", value.cannot, reader),
            class_="fk-scope",
            hidden=not once or not (value.can or value.cannot),
        ),
        buttons(
            button("accepted", reader.say("ui.disclaimer.accept"), look="primary"),
            shown=once and reader.offers("accepted"),
        ),
        el("p", None if once else body, more, class_="fk-footnote", hidden=contextual or (once and not more)),
        class_="fk-caveat fk-card" if once else "fk-caveat",
        hidden=not shown,
    )


def _words(value: Caveat, reader: Reader) -> tuple[Markup, Markup]:
    """Title and body."""
    own = el("span", value.text, dir="auto") if value.text else None
    if value.form == "contextual":
        about = value.about if reader.knows(f"ui.disclaimer.title.{value.about}") else "other"
        return reader.say(f"ui.disclaimer.title.{about}"), own or reader.say(f"ui.disclaimer.body.{about}")
    if value.form == "once" and not value.accepted:
        return reader.say("ui.disclaimer.once_title"), own or reader.say("ui.disclaimer.once")
    return reader.say("ui.ai.wrote"), (own if value.form == "footnote" else None) or reader.say("ui.ai.wrote")


def _more(value: Caveat, reader: Reader) -> list[Markup | str]:
    if safe_url(value.url) is None:
        return []
    label = reader.say("ui.disclaimer.where" if value.form == "contextual" else "ui.disclaimer.details")
    return [" ", external_link(value.url, label, reader=reader, data_action="details_opened")]


def _listed(name: Literal["can", "cannot"], drawing: str, items: Iterable[str], reader: Reader) -> Markup:
    lines = [el("li", icon(drawing), el("span", item, dir="auto")) for item in items]
    return el(
        "div",
        el("p", reader.say(f"ui.disclaimer.{name}"), class_="fk-term"),
        el("ul", lines, role="list"),
        hidden=not lines,
    )


def _spoken(value: Caveat | None, reader: Reader) -> str:
    """Only what has come up with an answer; the other forms are there from the start."""
    if value is None or value.form != "contextual":
        return ""
    title, body = _words(value, reader)
    return reader.say("ui.card.said", title=title, body=body).striptags()


_NOTHING = Caveat(id="")
