from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fallbackkit._outcome import Outcome
from fallbackkit._text import Text
from fallbackkit.messages import ActionId
from fallbackkit.ui.views._html import Child, bdi, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._pieces import Props, button, buttons, component, hidden
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from typing import Unpack

    from markupsafe import Markup

__all__ = ["MOST", "Choice", "ChoiceKind", "Choices", "choice_label", "choices", "fallback_chooser"]

ChoiceKind = Literal["wait", "saved", "smaller_model", "search", "person", "other"]

MOST = 5
_SOON = 600.0
_DRAWINGS = {kind: kind for kind in ("smaller_model", "search", "person")} | {"wait": "waiting", "saved": "cache"}
_WAYS: dict[str, ChoiceKind] = {
    "wait": "wait",
    "retry": "other",
    "continue_answer": "other",
    "new_answer": "other",
    "search": "search",
    "escalate": "person",
}


class Choice(BaseModel):
    """One way to go on, with what it costs in time, quality and money.

    Attributes:
        id: What the event ``chosen`` carries as its value.
        kind: Gives the words where you give none; ``search`` and ``person`` are the ways without AI.
        label: Verb and object, in the reader's language.
        what: What the person gets, in a few words: "from Tuesday".
        wait: Expected seconds; 0 is now, None not known.
        cost: What it costs more, in ``currency``; 0 is nothing, None not known.
        quality: How good it will be, in a few words; None says what is true of the kind.
        why_not: Why it is not available; it stays readable.

    Raises:
        ValueError: It is not available and does not say why, or of kind ``other`` without a label, or has no id.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: Text
    kind: ChoiceKind = "other"
    label: Text | None = None
    what: Text | None = None
    wait: float | None = Field(default=None, ge=0)
    cost: float | None = Field(default=None, ge=0)
    currency: Text = "EUR"
    quality: Text | None = None
    available: bool = True
    why_not: Text | None = None

    @model_validator(mode="after")
    def _says_what_it_is(self) -> Choice:
        if not self.id:
            raise ValueError("`id` must not be empty, as the event carries it; name the choice")
        if self.kind == "other" and not self.label and self.id not in get_args(ActionId):
            raise ValueError(f"`label` is needed for the choice {self.id!r}, as its kind 'other' has no words; add one")
        if not self.available and not self.why_not:
            raise ValueError(
                f"`why_not` is needed for the choice {self.id!r}, as it is not available; say why, in a few words"
            )
        return self


class Choices(Props):
    """Ways to go on after a failure.

    Attributes:
        options: At most five, in the order shown; none is hidden.
        recommended: Id of the one that is chosen already when the person only confirms.
        chosen: Id of the one that was chosen; the others are behind "Change" then.
        locked: Nothing can be chosen now, as a try is under way.
        acts: Each option is a button that acts at once, instead of a choice to be confirmed.

    Raises:
        ValueError: There are more than five options, two with one id, or ``recommended`` or ``chosen``
            is none of them.
    """

    options: tuple[Choice, ...] = ()
    recommended: Text | None = None
    chosen: Text | None = None
    locked: bool = False
    acts: bool = False

    @model_validator(mode="after")
    def _can_be_chosen_from(self) -> Choices:
        if len(self.options) > MOST:
            raise ValueError(
                f"`options` must be at most {MOST}, got {len(self.options)}: people do not compare more;"
                " leave some out, but not the one without AI"
            )
        twice = [name for name, count in Counter(option.id for option in self.options).items() if count > 1]
        if twice:
            raise ValueError(f"`options` must each have an id of its own, got {twice[0]!r} twice; name one differently")
        for name, given in (("recommended", self.recommended), ("chosen", self.chosen)):
            if given is not None and self.option(given) is None:
                ids = ", ".join(repr(option.id) for option in self.options) or "none"
                raise ValueError(f"`{name}` must be the id of an option, got {given!r}; the ids are {ids}")
        first = self.option(self.recommended)
        if first is not None and not first.available:
            raise ValueError(f"`recommended` must be available, got {first.id!r}, which is not; recommend another one")
        return self

    def option(self, name: str | None) -> Choice | None:
        """The option with that id."""
        return next((option for option in self.options if option.id == name), None)

    @classmethod
    def of(cls, outcome: Outcome) -> Choices:
        """What the outcome itself offers: to wait, to try again, to search, to ask a person.

        The value of ``chosen`` is then the id of the action: ``wait``, ``retry``, ``search``, ``escalate``, ….
        """
        told = [action for action in outcome.notice().actions if action.id in _WAYS]
        after = outcome.failure.retry_after if outcome.failure else None
        waits: dict[str, float | None] = {"wait": after, "search": 0.0}
        options = [Choice(id=action.id, kind=_WAYS[action.id], wait=waits.get(action.id)) for action in told]
        kept = _with_a_way_without_ai(options)
        primary = next((action.id for action in told if action.primary), None)
        return cls(id=outcome.id, options=kept, recommended=primary)


def _with_a_way_without_ai(options: list[Choice]) -> tuple[Choice, ...]:
    """The first of them, in order, and all the ways without AI."""
    room = MOST - sum(option.kind in {"search", "person"} for option in options)
    others = [option.id for option in options if option.kind not in {"search", "person"}][:room]
    return tuple(option for option in options if option.kind in {"search", "person"} or option.id in others)


def fallback_chooser(value: Choices | Outcome | None, **reader: Unpack[For]) -> Markup:
    """Ways to go on, each with its time, quality and cost in the same order.

    Raises the event ``chosen``, whose ``value`` is the id of the option: when the person confirms, or at once
    with ``acts``.

    Args:
        value: The options; of an outcome, what it offers itself. None shows that there are none.
        **reader: See ``outcome_card``.

    Example:
        >>> saved, pages = Choice(id="saved", kind="saved", wait=0), Choice(id="pages", kind="search", wait=0)
        >>> "Use the saved answer" in fallback_chooser(Choices(options=(saved, pages)))
        True
    """
    given = Reader(**reader)
    shown = Choices.of(value) if isinstance(value, Outcome) else value
    option = shown.option(shown.chosen) if shown else None
    return component(
        "fallback-chooser",
        el("div", choices(shown, given), class_="fk-card"),
        reader=given,
        live=given.text("ui.choices.chosen", label=choice_label(option, given)) if option else "",
        data_id=shown.id if shown else None,
    )


def choices(value: Choices | None, reader: Reader) -> Markup:
    """The options, or the one that was chosen in one line."""
    value = value or Choices(id="")
    chosen = value.option(value.chosen)
    label = choice_label(chosen, reader) if chosen else ""
    changes = chosen is not None and not value.locked
    return el(
        "div",
        el(
            "div",
            icon("ok"),
            el("span", reader.say("ui.choices.chosen", label=label) if chosen else None),
            class_="fk-chosen",
            hidden=chosen is None,
        ),
        el(
            "button",
            reader.say("ui.choices.change"),
            type="button",
            class_="fk-button fk-quiet",
            aria_label=reader.text("ui.choices.change_named"),
            aria_expanded="false" if changes else None,
            data_toggle=f"choices {value.chosen}" if changes else None,
            hidden=not changes,
        ),
        _fieldset(value, reader, shown=chosen is None),
        class_="fk-choices",
    )


def choice_label(choice: Choice, reader: Reader) -> str:
    """What the option is called, in the application's words or else the kit's."""
    for key in (f"ui.choices.label.{choice.kind}", f"actions.{choice.id}"):
        if not choice.label and reader.knows(key):
            return reader.text(key)
    return choice.label or choice.id


def _fieldset(value: Choices, reader: Reader, *, shown: bool) -> Markup:
    picks = not value.acts and any(option.available for option in value.options)
    return el(
        "fieldset",
        el("legend", reader.say("ui.choices.legend")),
        el("p", reader.say("ui.choices.none"), hidden=bool(value.options)),
        el("div", [_option(option, value, reader) for option in value.options], class_="fk-options"),
        buttons(
            button("chosen", reader.say("ui.choices.choose"), look="primary"),
            shown=picks and not value.locked and reader.offers("chosen"),
        ),
        el("p", reader.say("ui.choices.locked"), class_="fk-options-locked", hidden=not value.locked),
        disabled=value.locked,
        hidden=not shown,
    )


def _option(option: Choice, value: Choices, reader: Reader) -> Markup:
    body = _described(option, value, reader)
    look = "fk-option" if option.available else "fk-option fk-option-off"
    if value.acts:
        ready = option.available and not value.locked and reader.offers("chosen")
        return el(
            "button",
            icon(_DRAWINGS.get(option.kind, "other")),
            body,
            type="button",
            class_=look,
            data_action="chosen" if ready else None,
            data_value=option.id,
            aria_disabled=None if ready else "true",
        )
    picked = value.recommended if value.chosen is None else value.chosen
    return el(
        "label",
        el(
            "input",
            type="radio",
            name=f"choices {value.id}",
            value=option.id,
            data_field="value",
            checked=option.id == picked,
            disabled=not option.available,
        ),
        body,
        class_=look,
    )


def _described(option: Choice, value: Choices, reader: Reader) -> Markup:
    """Time, quality, cost: in this order for all, so that they can be compared."""
    priced = any(each.cost is not None for each in value.options)
    return el(
        "span",
        el(
            "span",
            el("b", bdi(choice_label(option, reader))),
            el(
                "span",
                reader.say("ui.choices.recommended"),
                class_="fk-option-tag",
                hidden=option.id != value.recommended,
            ),
            class_="fk-option-name",
        ),
        el("span", bdi(option.what or ""), class_="fk-option-what", hidden=not option.what),
        el(
            "span",
            _fact("time", _time(option, reader), reader),
            _fact("quality", _quality(option, reader), reader),
            _fact("cost", _cost(option, reader), reader, shown=priced),
            class_="fk-option-facts",
        ),
        el(
            "span",
            reader.say("ui.choices.unavailable", why=option.why_not or ""),
            class_="fk-option-why",
            hidden=option.available,
        ),
        class_="fk-option-body",
    )


def _fact(name: str, value: Child, reader: Reader, *, shown: bool = True) -> Markup:
    return el("span", el("span", reader.say(f"ui.choices.{name}"), hidden(" ")), el("span", value), hidden=not shown)


def _time(option: Choice, reader: Reader) -> Child:
    if option.wait is None:
        return reader.say("ui.choices.unknown")
    if option.wait < 1:
        return reader.say("ui.choices.now")
    if option.wait < _SOON or reader.now is None:
        return reader.say("ui.choices.about", span=reader.span(option.wait))
    try:
        return reader.say("ui.choices.by", time=reader.time(reader.now + timedelta(seconds=option.wait)))
    except OverflowError:  # in no year that there is
        return reader.say("ui.choices.about", span=reader.span(option.wait))


def _quality(option: Choice, reader: Reader) -> Child:
    if option.quality:
        return bdi(option.quality)
    key = f"ui.choices.quality_of.{option.kind}"
    return reader.say(key if reader.knows(key) else "ui.choices.unknown")


def _cost(option: Choice, reader: Reader) -> Child:
    if option.cost is None:
        return reader.say("ui.choices.unknown")
    return bdi(reader.money(option.cost, option.currency)) if option.cost else reader.say("ui.choices.free")
