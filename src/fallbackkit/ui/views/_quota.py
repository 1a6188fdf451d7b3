from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import Field, model_validator

from fallbackkit._outcome import Outcome
from fallbackkit._text import Text
from fallbackkit.errors import Failure, FailureKind
from fallbackkit.ui.views._banner import given, together
from fallbackkit.ui.views._html import Child, bdi, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._pieces import Props, button, buttons, component, meter
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self, Unpack

    from markupsafe import Markup

__all__ = ["Quota", "quota", "quota_notice"]

Unit = Literal["answers", "questions", "tokens", "money"]
Whose = Literal["you", "team", "app", "provider"]
Window = Literal["hour", "day", "week", "month"]
QuotaAction = Literal["saved_answers", "search", "notify", "ask_for_more"]
QuotaState: TypeAlias = Literal["fine", "most", "nearly", "reached", "raised", "unknown"]

_MOST, _NEARLY = 0.8, 0.95
_LARGEST = 1e15
_KINDS: dict[FailureKind, Whose] = {FailureKind.RATE_USER: "you", FailureKind.RATE_SHARED: "app"}
_LABELS: dict[str, str] = {
    "saved_answers": "ui.quota.saved_answers",
    "search": "actions.search",
    "notify": "ui.quota.notify",
    "ask_for_more": "ui.quota.ask_for_more",
}


class Quota(Props):
    """How much of a limit is used, and when there is more.

    Attributes:
        used: In ``unit``; None if nobody knows.
        limit: In ``unit``; None if nobody knows.
        unit: ``money`` needs ``currency``, an ISO code.
        whose: The person's own limit, the team's, that of everyone here, or the provider's.
        window: What the limit is for; None if it has no period.
        resets_at: When the count starts again.
        reached: Whether nothing is left, if the numbers do not say so.
        raised_from: What the limit was before it was raised.
        still_works: Your names of what can be used all the same.
        actions: What may be offered, once little or nothing is left; None for what suits ``whose``.

    Raises:
        ValueError: ``money`` without ``currency``, parts of something counted, or a limit that was not raised.
    """

    used: float | None = Field(default=None, ge=0, le=_LARGEST)
    limit: float | None = Field(default=None, gt=0, le=_LARGEST)
    unit: Unit = "answers"
    currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")
    whose: Whose = "you"
    window: Window | None = "day"
    resets_at: datetime | None = None
    reached: bool = False
    raised_from: float | None = Field(default=None, ge=0, le=_LARGEST)
    still_works: tuple[Text, ...] = ()
    actions: tuple[QuotaAction, ...] | None = None

    @model_validator(mode="after")
    def _counts_what_it_says(self) -> Self:
        if self.unit == "money" and self.currency is None:
            raise ValueError("`currency` must be given for the unit 'money', got None: name it as in 'EUR'")
        for name in ("used", "limit", "raised_from"):
            number = getattr(self, name)
            if self.unit != "money" and number is not None and not number.is_integer():
                raise ValueError(f"`{name}` must be a whole number for the unit {self.unit!r}, got {number}: round it")
        if self.raised_from is not None and (self.limit is None or self.limit <= self.raised_from):
            raise ValueError(
                f"`raised_from` must be below `limit`, got {self.raised_from} and {self.limit}: leave it out where the"
                " limit was not raised"
            )
        return self

    @property
    def state(self) -> QuotaState:
        """How far it is used: ``most`` from 80 %, ``nearly`` from 95 %."""
        if self.used is None or self.limit is None:
            return "reached" if self.reached else "unknown"
        share = self.used / self.limit
        if self.reached or share >= 1:
            return "reached"
        if self.raised_from is not None:
            return "raised"
        return "nearly" if share >= _NEARLY else "most" if share >= _MOST else "fine"

    @classmethod
    def of(cls, outcome: Outcome, *, still_works: tuple[str, ...] = ()) -> Self | None:
        """The limit that an outcome has met; None if it has met none."""
        failure = next((each for each in _failures(outcome) if each.kind in _KINDS), None)
        kind = failure.kind if failure else next((each for each in outcome.reasons if each in _KINDS), None)
        if kind is None:
            return None
        return cls(
            id=outcome.id,
            whose=_KINDS[kind],
            reached=True,
            resets_at=_later(outcome.created_at, failure.retry_after if failure else None),
            still_works=still_works,
        )


def _failures(outcome: Outcome) -> Iterable[Failure]:
    if outcome.failure is not None:
        yield from (outcome.failure, outcome.failure.first)
    yield from (step.failure for step in outcome.trail if step.failure is not None)


def _later(at: datetime | None, seconds: float | None) -> datetime | None:
    if at is None or seconds is None:
        return None
    try:
        return at + timedelta(seconds=seconds)
    except OverflowError:
        return None


def quota_notice(value: Quota | Outcome | None, **reader: Unpack[For]) -> Markup:
    """How much of a limit is used, when there is more, and what can be done meanwhile. A limit is no error.

    An ``Outcome`` shows the limit that it has met, if it has. Other arguments as ``outcome_card``.

    Example:
        >>> "You've used 50 of 50 answers today." in quota_notice(Quota(used=50, limit=50)).striptags()
        True
    """
    reading = Reader(**reader)
    shown = Quota.of(value) if isinstance(value, Outcome) else value
    return component(
        "quota-notice",
        quota(shown, reading),
        reader=reading,
        live=_announcement(shown, reading) if shown is not None else "",
        rail="stopped" if shown is not None and shown.state == "reached" else "none",
        data_id=shown.id if shown is not None else None,
        data_state=shown.state if shown is not None else "empty",
    )


def quota(value: Quota | None, reader: Reader) -> Markup:
    """The limit in words and as a bar."""
    drawing = "gauge" if value is None or value.state != "reached" else "pause"
    return el(
        "div",
        icon(drawing),
        el("p", _headline(value, reader) if value else None, class_="fk-note-title"),
        _bar(value, reader),
        el("p", _what_next(value, reader) if value else None),
        _buttons(value, reader),
        class_="fk-card fk-note fk-quota",
        hidden=value is None,
    )


def _headline(value: Quota, reader: Reader) -> Markup:
    if value.used is None or value.limit is None:
        key = f"ui.quota.reached.{value.whose}" if value.state == "reached" else "ui.quota.unknown"
        return reader.say(key if reader.knows(key) else "ui.quota.reached.unnamed")
    key = f"ui.quota.used.{value.whose}"
    return reader.say(
        key if reader.knows(key) else "ui.quota.used.unnamed",
        used=bdi(_number(value, value.used, reader)),
        amount=_amount(value, value.limit, reader),
        window=_window(value, reader),
    )


def _window(value: Quota, reader: Reader) -> Markup:
    key = f"ui.quota.window.{value.window}"
    return reader.say(key if reader.knows(key) else "ui.quota.window.open")


def _number(value: Quota, number: float, reader: Reader) -> str:
    if value.unit == "money" and value.currency:
        return reader.money(number, value.currency)
    return reader.number(number)


def _amount(value: Quota, number: float, reader: Reader) -> Markup:
    """``50 answers``."""
    key = f"ui.quota.amount.{value.unit}"
    if reader.knows(key):
        return reader.say(key, int(number))
    if value.unit == "money":
        return bdi(_number(value, number, reader))
    return reader.say("ui.quota.other_amount", number=_number(value, number, reader), unit=value.unit)


def _bar(value: Quota | None, reader: Reader) -> Markup:
    if value is None:
        return meter(None, None, "", "")
    return meter(value.used, value.limit, reader.text("ui.quota.name"), _headline(value, reader).striptags())


def _what_next(value: Quota, reader: Reader) -> list[Child]:
    """What is left, when there is more, what works meanwhile: a sentence each."""
    sentences: list[Markup] = []
    if value.state == "raised":
        sentences.append(_raised(value, reader))
    if value.state in {"most", "nearly"} and value.used is not None and value.limit is not None:
        sentences.append(reader.say("ui.quota.left", left=bdi(_number(value, value.limit - value.used, reader))))
    if value.resets_at is not None:
        sentences.append(_resets(value, value.resets_at, reader))
    if value.state == "reached" and given(value.still_works):
        sentences.append(reader.say("ui.quota.works", names=together(value.still_works, reader)))
    return [[el("span", each), " "] for each in sentences]


def _raised(value: Quota, reader: Reader) -> Markup:
    before = bdi(_number(value, value.raised_from or 0, reader))
    return reader.say("ui.quota.raised", before=before, amount=_amount(value, value.limit or 0, reader))


def _resets(value: Quota, at: datetime, reader: Reader) -> Markup:
    if reader.passed(at):
        return reader.say("ui.quota.due", time=reader.time(at))
    group = "more" if value.state == "reached" else "again"
    return reader.say(f"ui.quota.{group}.{'at' if reader.today(at) else 'on'}", time=reader.time(at))


def _buttons(value: Quota | None, reader: Reader) -> Markup:
    """Before nothing is left, only the way to more; then all of them, a person last."""
    state = value.state if value is not None else "fine"
    due = value is not None and state == "reached" and reader.passed(value.resets_at) and reader.offers("retry")
    usual = {"reached": tuple(_LABELS), "most": ("ask_for_more",), "nearly": ("ask_for_more",)}.get(state, ())
    suiting = set(_suiting(value)) - ({"notify"} if due else set()) if value is not None else set()
    offered = [each for each in usual if each in suiting and reader.offers(each)]
    asks = state == "reached" and reader.offers("escalate")
    first = offered[0] if offered and state == "reached" and not due else None
    return buttons(
        button("retry", reader.say("actions.retry"), look="primary", shown=due),
        [
            button(each, reader.say(key), look="primary" if each == first else "plain", shown=each in offered)
            for each, key in _LABELS.items()
        ],
        button("escalate", reader.say("actions.escalate"), shown=asks),
        shown=due or asks or bool(offered),
    )


def _suiting(value: Quota) -> tuple[str, ...]:
    if value.actions is not None:
        return value.actions
    return ("saved_answers", "search", "ask_for_more" if value.whose == "you" else "notify")


def _announcement(value: Quota, reader: Reader) -> str:
    """In words that stay the same while more is used and time passes, so that each state is read out once."""
    match value.state:
        case "most" | "nearly":
            return reader.text(f"ui.quota.said.{value.state}")
        case "raised":
            return _raised(value, reader).striptags()
        case "reached":
            key = f"ui.quota.reached.{value.whose}"
            said = reader.text(key if reader.knows(key) else "ui.quota.reached.unnamed")
            at = value.resets_at
            if at is None or reader.passed(at):
                return said
            more = reader.text(f"ui.quota.more.{'at' if reader.today(at) else 'on'}", time=reader.hour(at))
            return reader.text("ui.quota.said.timed", said=said, more=more)
        case _:
            return ""
