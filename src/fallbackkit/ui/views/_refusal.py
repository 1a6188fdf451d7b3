from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Self, get_args

from pydantic import field_validator

from fallbackkit._text import Text
from fallbackkit.errors import FailureKind
from fallbackkit.ui.views._html import Child, el, safe_url
from fallbackkit.ui.views._pieces import Props, box, button, buttons, component, external_link
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Unpack

    from markupsafe import Markup

    from fallbackkit._outcome import Outcome

__all__ = ["Alternative", "Refusal", "RefusalCategory", "RefusalState", "refusal", "refusal_card"]

RefusalState = Literal["refused", "partly", "needs_approval", "other_channel", "reported"]
RefusalCategory = Literal["personal_data", "confidential", "harm", "professional", "rights", "policy"]

_MOST = 4
_SHORT = 40
"""Characters that still fit into a headline."""


class Alternative(NamedTuple):
    """What can be done instead: the ``value`` of the event ``alternative``, and verb and object."""

    id: Text
    label: Text


class Refusal(Props):
    """What the assistant declined, and what it can do instead.

    Attributes:
        what: The part it declined, as the end of "I can't help with …", in the reader's language.
        state: ``refused`` as a whole; ``partly``; ``needs_approval`` or ``other_channel``; ``reported`` once
            somebody said that it was a mistake.
        category: Why, coarse enough to give no help in getting around it; None says nothing.
        policy_url: Where the rule can be read; shown only if it is http, https or mailto.
        alternatives: At most four, the best one first.

    Raises:
        ValueError: There are more than four alternatives.

    Example:
        >>> Refusal(id="7", alternatives=[("bands", "Show the pay bands")]).alternatives[0].label
        'Show the pay bands'
    """

    what: Text | None = None
    state: RefusalState = "refused"
    category: RefusalCategory | None = None
    policy_url: Text | None = None
    alternatives: tuple[Alternative, ...] = ()

    @field_validator("alternatives")
    @classmethod
    def _leaves_a_choice_that_can_be_made(cls, given: tuple[Alternative, ...]) -> tuple[Alternative, ...]:
        if len(given) > _MOST:
            raise ValueError(f"`alternatives` may be at most {_MOST}, got {len(given)}; give the best ones")
        return given

    @classmethod
    def of(cls, outcome: Outcome, *, alternatives: tuple[Alternative, ...] = ()) -> Self | None:
        """The refusal that an outcome ended with, in our words, never the model's; None if it was not one.

        Args:
            outcome: Of a call that failed with ``safety.refused``.
            alternatives: What can be done instead.
        """
        failure = outcome.failure
        if failure is None or failure.first.kind != FailureKind.SAFETY_REFUSED or outcome.status == "interrupted":
            return None
        return cls(id=outcome.id, alternatives=alternatives)


def refusal_card(value: Refusal | Outcome | None, **reader: Unpack[For]) -> Markup:
    """What the assistant declined and what it can do instead: calm, and without blame.

    Args:
        value: The refusal, or an outcome; None and an outcome without one draw a calm empty frame.
        **reader: See ``For``.

    Example:
        >>> "This was a mistake" in refusal_card(Refusal(id="7"))
        True
    """
    given = Reader(**reader)
    shown = value if isinstance(value, Refusal) or value is None else Refusal.of(value)
    spoken = given.text("ui.card.said", title=_plain(_title(shown, given)), body=_plain(*_body(shown, given)))
    return component(
        "refusal-card",
        refusal(shown, given),
        reader=given,
        live=spoken.strip() if shown else "",
        rail="stopped" if shown else "none",
        data_id=shown.id if shown else None,
        data_state=shown.state if shown else "none",
    )


def refusal(value: Refusal | None, reader: Reader) -> Markup:
    """The card without its frame."""
    return el(
        "div",
        el("p", reader.say("ui.refusal.none"), class_="fk-empty", hidden=value is not None),
        box(
            _title(value, reader),
            [[sentence, " "] for sentence in _body(value, reader)],
            drawing="ok" if value and value.state == "reported" else "hand",
            shown=value is not None,
        ),
        _left_out(value, reader),
        _actions(value, reader),
        _foot(value, reader),
        class_="fk-card",
    )


def _title(value: Refusal | None, reader: Reader) -> Markup:
    if value is None:
        return el("span")
    if value.state not in get_args(RefusalState):
        return reader.say("ui.trouble.unknown", state=str(value.state))
    if value.state == "refused" and _fits(value.what):
        return reader.say("ui.refusal.title.refused_what", what=value.what)
    return reader.say(f"ui.refusal.title.{value.state}")


def _fits(what: str | None) -> bool:
    return what is not None and 0 < len(what.strip()) <= _SHORT


def _body(value: Refusal | None, reader: Reader) -> Iterator[Markup]:
    """Why, as far as that may be told, and what comes next."""
    if value is None:
        return
    why, next_step = f"ui.refusal.why.{value.category}", f"ui.refusal.body.{value.state}"
    if value.state != "reported" and reader.knows(why):
        yield reader.say(why)
    if value.state == "refused" and value.alternatives:
        yield reader.say("ui.refusal.body.offers")
    elif reader.knows(next_step):
        yield reader.say(next_step)


def _plain(*parts: Markup) -> str:
    return " ".join(str(el("span", part).striptags()) for part in parts)


def _left_out(value: Refusal | None, reader: Reader) -> Markup:
    """What was declined, where the headline does not say it."""
    what = value.what if value is not None else None
    in_title = value is not None and value.state == "refused" and _fits(what)
    key = "left_out" if value is not None and value.state == "partly" else "request"
    words: Child = reader.say(f"ui.refusal.{key}", what=what) if what and not in_title else None
    return el("p", words, class_="fk-left-out", hidden=words is None)


def _foot(value: Refusal | None, reader: Reader) -> Markup:
    """The rule, and a way to say that it was a mistake."""
    url = safe_url(value.policy_url) if value is not None else None
    reports = value is not None and value.state != "reported" and reader.offers("report")
    link = external_link(url, reader.say("ui.refusal.policy"), reader=reader) if url else None
    return el(
        "div",
        el("p", link, hidden=url is None),
        button("report", reader.say("ui.refusal.report"), look="quiet", shown=reports),
        class_="fk-foot",
        hidden=url is None and not reports,
    )


def _actions(value: Refusal | None, reader: Reader) -> Markup:
    """The alternatives first; a person comes last."""
    offers = value.alternatives if value is not None and reader.offers("alternative") else ()
    approves = value is not None and value.state == "needs_approval" and reader.offers("request_approval")
    asks = value is not None and reader.offers("escalate")
    alone = not approves and not offers
    return buttons(
        el(
            "div",
            [
                button("alternative", each.label, data_value=each.id, look="plain" if approves or index else "primary")
                for index, each in enumerate(offers)
            ],
            class_="fk-actions-usual",
            role="group",
            aria_label=reader.text("ui.refusal.alternatives"),
            hidden=not offers,
        ),
        button("request_approval", reader.say("ui.refusal.request_approval"), look="primary", shown=approves),
        button("escalate", reader.say("actions.escalate"), look="primary" if alone else "plain", shown=asks),
        shown=bool(offers) or approves or asks,
    )
