from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from fallbackkit._outcome import Outcome
from fallbackkit._text import Text
from fallbackkit.ui.views._html import Child, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._pieces import Props, component, meter
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from typing import Unpack

    from markupsafe import Markup

    from fallbackkit._outcome import Step

__all__ = ["Cost", "cost", "cost_meter"]

CostState = Literal["under", "near", "over", "unknown", "free"]
Period = Literal["hour", "day", "month"]
AvoidedBy = Literal["cache", "smaller_model", "search"]

_SPOKEN = {"near": "ui.cost.near", "over": "ui.cost.passed"}  # without amounts, so that it is said once
_MOST = 1e12
_NEAR = 0.8
_FREE = frozenset({"cache", "rule", "search"})
_PRICED = frozenset({"model", "smaller_model", "other"})


class Cost(Props):
    """What something cost, and what is left of a limit. Hidden from the people who ask, unless you show it to them.

    Attributes:
        amount: None if nobody knows the price; 0 only if it was free.
        currency: ISO 4217 code, or what the provider counts in.
        unit: What the amount is for.
        budget: Limit of a period.
        spent: What is spent of it, with this amount in it; None if nobody knows.
        saved: What the way it was answered has avoided, as an estimate.
        avoided_by: That way.
        estimate: Whether the amount itself is one.
        free: Whether it cost nothing.
    """

    amount: float | None = Field(default=None, ge=0, le=_MOST)
    currency: Text = "USD"
    unit: Literal["answer", "conversation", "call"] = "answer"
    budget: float | None = Field(default=None, gt=0, le=_MOST)
    spent: float | None = Field(default=None, ge=0, le=_MOST)
    period: Period = "day"
    saved: float | None = Field(default=None, gt=0, le=_MOST)
    avoided_by: AvoidedBy | None = None
    estimate: bool = False
    free: bool = False

    @model_validator(mode="after")
    def _is_free_or_is_not(self) -> Self:
        if self.free and self.amount:
            raise ValueError(f"`free` must not be given with an `amount` of {self.amount}; leave one of them out")
        return self

    @property
    def state(self) -> CostState:
        """Where the limit stands, or, without one, whether the price is known."""
        if self.budget is not None and self.spent is not None:
            return "over" if self.spent > self.budget else "near" if self.spent >= _NEAR * self.budget else "under"
        if self.costs_nothing:
            return "free"
        return "unknown" if self.amount is None else "under"

    @property
    def costs_nothing(self) -> bool:
        """Whether it cost nothing; an unknown price is not nothing."""
        return self.free or self.amount == 0

    @classmethod
    def of(
        cls,
        outcome: Outcome,
        *,
        budget: float | None = None,
        spent: float | None = None,
        period: Period = "day",
        saved: float | None = None,
    ) -> Self:
        """What the steps of an outcome said they cost. The rest is as in the class.

        If no model was asked, it was free; if one was that did not say what it took, the amount is an estimate.
        """
        used, served = outcome.usage, outcome.served_by
        asked = [step for step in outcome.trail if _was_asked(step)]
        free = used is None and not asked and served is not None and served.kind in _FREE
        amount = used.cost if used is not None and used.cost is not None and 0 <= used.cost <= _MOST else None
        return cls(
            id=outcome.id,
            amount=None if free else amount,
            currency=used.currency if used is not None else "USD",
            budget=budget,
            spent=spent,
            period=period,
            saved=saved,
            avoided_by=_avoided_by(served),
            estimate=amount is not None and any(step.usage is None for step in asked),
            free=free,
        )


def _was_asked(step: Step) -> bool:
    return step.kind in _PRICED and step.verdict != "skipped" and bool(step.attempts)


def _avoided_by(served: Step | None) -> AvoidedBy | None:
    if served is None:
        return None
    ways: dict[str, AvoidedBy] = {"cache": "cache", "smaller_model": "smaller_model", "search": "search"}
    return ways.get(served.kind)


def cost_meter(value: Cost | Outcome | None, **reader: Unpack[For]) -> Markup:
    """What it cost, what that avoided, and what is left of the limit: in words first, then as a meter.

    Args:
        value: Amounts; of an Outcome, what its steps said. None says that nothing was asked yet.
        **reader: See ``outcome_card``.

    Example:
        >>> "This answer cost" in cost_meter(Cost(amount=0.004, currency="EUR"))
        True
    """
    given = Reader(**reader)
    known = Cost.of(value) if isinstance(value, Outcome) else value
    state = known.state if known is not None else "empty"
    return component(
        "cost-meter",
        el("div", cost(known, given), class_="fk-card"),
        reader=given,
        live=given.text(_SPOKEN[state]) if state in _SPOKEN else "",
        rail="stopped" if state in _SPOKEN else "none",
        tone="attention" if state in _SPOKEN else "neutral",
        data_status=state,
        data_id=known.id if known is not None else None,
    )


def cost(value: Cost | None, reader: Reader) -> Markup:
    """The words and the meter, for other components."""
    state = value.state if value is not None else "empty"
    return el(
        "div",
        el("p", _amount(value, reader) if value is not None else reader.say("ui.cost.empty")),
        el("p", _saved(value, reader), class_="fk-cost-saved", hidden=value is None or value.saved is None),
        el(
            "p",
            icon("attention") if state in _SPOKEN else None,
            _limit(value, reader),
            class_="fk-cost-limit",
            hidden=value is None or value.budget is None,
        ),
        _meter(value, reader),
        class_=f"fk-cost fk-cost-{state}",
    )


def _amount(value: Cost, reader: Reader) -> Markup:
    if value.costs_nothing:
        return reader.say(_key("free", value.unit, reader))
    if value.amount is None:
        return reader.say(_key("unknown", value.unit, reader))
    known = "about" if value.estimate else "known"
    return reader.say(_key(known, value.unit, reader), amount=reader.money(value.amount, value.currency))


def _key(group: str, what: str | None, reader: Reader) -> str:
    """The message for this unit, period or way, or for the one that fits whatever a newer version says."""
    key = f"ui.cost.{group}.{what}"
    return key if reader.knows(key) else f"ui.cost.{group}.other"


def _saved(value: Cost | None, reader: Reader) -> Child:
    if value is None or value.saved is None:
        return None
    return reader.say(_key("saved", value.avoided_by, reader), amount=reader.money(value.saved, value.currency))


def _limit(value: Cost | None, reader: Reader) -> Markup:
    """What is spent of the limit, and what is left."""
    if value is None or value.budget is None:
        return el("span")
    budget = reader.money(value.budget, value.currency)
    if value.spent is None:
        return el("span", reader.say(_key("unspent", value.period, reader), budget=budget))
    amount = reader.money(value.spent, value.currency)
    spent = reader.say(_key("spent", value.period, reader), spent=amount, budget=budget)
    apart = reader.money(abs(value.budget - value.spent), value.currency)
    if value.state == "over":
        return el("span", reader.say("ui.cost.over", over=apart), " ", spent)
    near = [reader.say("ui.cost.near"), " "] if value.state == "near" else None
    return el("span", near, spent, " ", reader.say("ui.cost.left", left=apart))


def _meter(value: Cost | None, reader: Reader) -> Markup:
    if value is None or value.budget is None:
        return meter(None, None, "", "")
    return meter(value.spent, value.budget, reader.text("ui.cost.limit"), _limit(value, reader).striptags())
