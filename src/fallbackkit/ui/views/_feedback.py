from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self, get_args

from pydantic import Field, model_validator

from fallbackkit._text import Text
from fallbackkit.ui.views._html import Child, bdi, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._pieces import Props, button, buttons, component
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from typing import Unpack

    from markupsafe import Markup

__all__ = ["REASONS", "Feedback", "feedback", "feedback_bar"]

Rating = Literal["up", "down"]
Reason = Literal[
    "wrong",
    "outdated",
    "unsupported",
    "incomplete",
    "too_long",
    "too_slow",
    "should_ask",
    "refused",
    "other",
]
REASONS: tuple[Reason, ...] = get_args(Reason)


class Feedback(Props):
    """What a person says of an answer. One answer has one record: each event carries its ``id``, and replaces it.

    Attributes:
        id: Of the answer.
        reasons: The chosen ones.
        reasons_up: What can be chosen for a helpful answer.
        reasons_down: What can be chosen for one that did not help. Those of ``REASONS`` have words in every
            language; anything else is a label of your own, and its own id.
        max_chars: Longest comment.
        text: The comment.
        consequence: What happens with it, in a sentence: who reads it, and when.
        state: Whether it has reached the server: ``open`` before, ``failed`` if it could not.

    Example:
        >>> Feedback(id="a1", rating="down", reasons=("outdated",), state="sent").reasons
        ('outdated',)
    """

    rating: Rating | None = None
    reasons: tuple[Text, ...] = ()
    reasons_up: tuple[Text, ...] = ()
    reasons_down: tuple[Text, ...] = REASONS
    allow_text: bool = True
    max_chars: int = Field(default=1000, ge=1)
    text: Text = ""
    consequence: Text | None = None
    state: Literal["open", "sent", "edited", "withdrawn", "failed"] = "open"

    @model_validator(mode="after")
    def _orderly(self) -> Self:
        if self.state in {"sent", "edited"} and self.rating is None:
            raise ValueError(f"`rating` must be up or down in the state {self.state!r}, got None")
        offered = self.reasons_up if self.rating == "up" else self.reasons_down if self.rating else ()
        for reason in self.reasons:
            if reason not in offered:
                raise ValueError(f"`reasons` must be among those offered for {self.rating!r}, got {reason[:40]!r}")
        if len(self.text) > self.max_chars:
            raise ValueError(f"`text` must have at most `max_chars` ({self.max_chars}), got {len(self.text)}")
        return self


def feedback_bar(value: Feedback | None, **reader: Unpack[For]) -> Markup:
    """Helpful or not, counted with the first click; what was wrong may follow.

    Args:
        value: What has been said; None shows an empty frame.
        **reader: As for ``outcome_card``. Actions: ``rated`` (``value`` is ``up`` or ``down``), ``detailed`` (with
            all ``reasons`` and the ``text``; ``value`` is the reason that was pressed), ``withdrawn``.

    Example:
        >>> "Was this answer helpful?" in feedback_bar(Feedback(id="a1")).striptags()
        True
    """
    given = Reader(**reader)
    return component(
        "feedback-bar",
        feedback(value, given),
        reader=given,
        live=_spoken(value, given) if value else "",
        urgent=value is not None and value.state == "failed",
        data_status=value.state if value else "empty",
        data_id=value.id if value else None,
    )


def feedback(value: Feedback | None, reader: Reader) -> Markup:
    """The bar without its frame."""
    given = value or _NONE
    rated = given.rating is not None
    details = rated and reader.offers("detailed")
    said = _said(given, reader)
    return el(
        "div",
        el("p", reader.say("ui.feedback.empty"), class_="fk-empty", hidden=value is not None),
        _thumbs(given, reader, shown=value is not None),
        el("p", said, class_="fk-thanks", data_state=given.state, hidden=not said),
        _choices("down", given.reasons_down, given, reader, shown=details and given.rating == "down"),
        _choices("up", given.reasons_up, given, reader, shown=details and given.rating == "up"),
        _comment(given, reader, shown=details and given.allow_text),
        _actions(given, reader, details=details and given.allow_text),
        class_="fk-card fk-feedback",
    )


_NONE = Feedback(id="")


def _thumbs(value: Feedback, reader: Reader, *, shown: bool) -> Markup:
    ask = reader.text("ui.feedback.ask")
    return el(
        "div",
        el("p", ask, class_="fk-ask"),
        el("div", [_thumb(rating, value, reader) for rating in get_args(Rating)], class_="fk-actions"),
        class_="fk-thumbs",
        role="group",
        aria_label=ask,
        hidden=not (shown and reader.offers("rated")),
    )


def _thumb(rating: Rating, value: Feedback, reader: Reader) -> Markup:
    return button(
        "rated",
        icon(f"thumb_{rating}"),
        el("span", reader.say(f"ui.feedback.{rating}")),
        data_value=rating,
        data_group="rating",
        data_off="withdrawn",
        aria_pressed="true" if value.rating == rating else "false",
    )


def _said(value: Feedback, reader: Reader) -> list[Child]:
    """The thanks, and what happens next."""
    if value.state not in {"sent", "edited", "withdrawn", "failed"}:
        return []
    what = el("b", reader.say(f"ui.feedback.{value.state}"))
    if value.state == "withdrawn":
        return [what]
    key = "ui.feedback.failed_body" if value.state == "failed" else "ui.feedback.kept"
    own = value.consequence if value.state != "failed" else None
    return [what, " ", el("span", own, dir="auto") if own else reader.say(key)]


def _spoken(value: Feedback, reader: Reader) -> str:
    return el("span", _said(value, reader)).striptags()


def _choices(rating: Rating, ids: tuple[str, ...], value: Feedback, reader: Reader, *, shown: bool) -> Markup:
    ask = reader.text(f"ui.feedback.why_{rating}")
    chosen = value.reasons if value.rating == rating else ()
    return el(
        "div",
        el("p", ask, class_="fk-ask"),
        [_chip(each, each in chosen, reader) for each in ids],
        class_="fk-chips",
        role="group",
        aria_label=ask,
        hidden=not (shown and ids),
    )


def _chip(reason: str, on: bool, reader: Reader) -> Markup:  # noqa: FBT001  # the pressed state is the point
    return el(
        "button",
        reader.say(f"ui.feedback.reason.{reason}") if reason in REASONS else bdi(reason),
        type="button",
        class_="fk-chip",
        aria_pressed="true" if on else "false",
        data_action="detailed",
        data_value=reason,
        data_part="reasons",
    )


def _comment(value: Feedback, reader: Reader, *, shown: bool) -> Markup:
    return el(
        "label",
        el("span", reader.say("ui.feedback.comment")),
        el("textarea", "\n", value.text, rows=2, maxlength=value.max_chars, dir="auto", data_field="text"),
        el("small", reader.say("ui.feedback.limit", value.max_chars)),
        class_="fk-field",
        hidden=not shown,
    )


def _actions(value: Feedback, reader: Reader, *, details: bool) -> Markup:
    rated = value.rating is not None
    failed = value.state == "failed" and rated and reader.offers("rated")
    taken_back = rated and reader.offers("withdrawn")
    return buttons(
        button(
            "rated",
            reader.say("ui.feedback.again"),
            look="primary",
            shown=failed,
            data_value=value.rating,
        ),
        button("detailed", reader.say("ui.feedback.send"), shown=details and not failed),
        button("withdrawn", reader.say("ui.feedback.withdraw"), look="quiet", shown=taken_back),
        shown=failed or details or taken_back,
    )
