from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple, Self, get_args

from pydantic import Field, model_validator

from fallbackkit.errors import FailureKind
from fallbackkit.ui.views._html import Child, el
from fallbackkit.ui.views._pieces import Props, box, button, buttons, clock, component
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from typing import Unpack

    from markupsafe import Markup

    from fallbackkit._outcome import Outcome
    from fallbackkit.messages._types import Tone
    from fallbackkit.ui.views._pieces import Rail

__all__ = ["Countdown", "CountdownState", "countdown", "retry_countdown"]

CountdownState = Literal["scheduled", "counting", "paused", "retrying", "succeeded", "gave_up", "cancelled"]

Look = Literal["plain", "primary", "quiet"]

_ABOUT = 60.0
"""Seconds until another try where the service did not say."""
_WAITS = frozenset({"scheduled", "counting", "paused"})
_SHORT = 90.0


class Countdown(Props):
    """The wait until another try.

    Attributes:
        state: ``scheduled`` tells the time of day and the rest of the wait, ``counting`` the rest alone.
        retry_at: When it is due, however long that is from now; None if the service did not say, which
            is told as such, with about a minute to wait.
        attempt: Which one comes next, or runs, or was the last, from 1.
        max_attempts: How many there are at most; None if nobody says.
        reason: Why there is a wait.
        auto: Whether the event ``retry_now`` is raised at 0; without it, the person decides.

    Raises:
        ValueError: ``attempt`` is beyond ``max_attempts``, or one of them is below 1.

    Example:
        >>> Countdown(id="7", attempt=2, max_attempts=4).retry_at is None
        True
    """

    state: CountdownState = "counting"
    retry_at: datetime | None = None
    attempt: int = Field(default=1, ge=1)
    max_attempts: int | None = Field(default=None, ge=1)
    reason: FailureKind | None = None
    auto: bool = True

    @model_validator(mode="after")
    def _counts_no_further_than_it_may(self) -> Self:
        if self.max_attempts is not None and self.attempt > self.max_attempts:
            raise ValueError(
                f"`attempt` must not be beyond `max_attempts`, got {self.attempt} of {self.max_attempts}; say"
                ' state="gave_up" with the last attempt once none is left'
            )
        return self

    @classmethod
    def of(cls, outcome: Outcome, *, max_attempts: int | None = None, auto: bool = True) -> Self | None:
        """The wait that an outcome asks for; None if another try of the same cannot help.

        Args:
            outcome: Where its failure says how long to wait, the time is counted from ``created_at``.
            max_attempts: How many there are at most, those already made included.
            auto: Whether the next one begins by itself.
        """
        failure = outcome.failure
        if failure is None or (not failure.kind.transient and failure.retry_after is None):
            return None
        made = sum(len(step.attempts) for step in outcome.trail if step.name == outcome.requested)
        over = max_attempts is not None and made >= max_attempts
        return cls(
            id=outcome.id,
            state="gave_up" if over else "counting",
            retry_at=_after(outcome.created_at, failure.retry_after),
            attempt=max(1, min(made, max_attempts) if over and max_attempts else made + 1),
            max_attempts=max_attempts,
            reason=failure.kind,
            auto=auto,
        )


def _after(at: datetime | None, seconds: float | None) -> datetime | None:
    if at is None or seconds is None:
        return None
    try:
        return at + timedelta(seconds=max(0.0, seconds))
    except OverflowError:
        return None


def retry_countdown(value: Countdown | Outcome | None, **reader: Unpack[For]) -> Markup:
    """The wait until another try: how long, why, and a way to have it now, to halt it and to call it off.

    The browser counts; a new drawing of the same wait does not set it back.

    Args:
        value: The wait, or an outcome whose failure asks for one; None draws a calm empty frame.
        **reader: See ``For``.

    Example:
        >>> "Trying again in about a minute" in retry_countdown(Countdown(id="7", attempt=2))
        True
    """
    given = Reader(**reader)
    wait = value if isinstance(value, Countdown) or value is None else Countdown.of(value)
    look = _LOOKS.get(wait.state, _CALM) if wait else _CALM
    body = el(
        "div",
        el("p", given.say("ui.countdown.none"), class_="fk-empty", hidden=wait is not None),
        countdown(wait, given),
        class_="fk-card",
    )
    return component(
        "retry-countdown",
        body,
        reader=given,
        live=_spoken(wait, given) if wait else "",
        rail=look.rail,
        tone=look.tone,
        data_id=wait.id if wait else None,
        data_state=wait.state if wait else "none",
    )


class _Look(NamedTuple):
    tone: Tone = "neutral"
    drawing: str = "unknown"
    rail: Rail = "none"


_CALM = _Look()
_LOOKS: dict[str, _Look] = {
    "scheduled": _Look(drawing="waiting", rail="working"),
    "counting": _Look(drawing="waiting", rail="working"),
    "paused": _Look(drawing="pause", rail="working"),
    "retrying": _Look(drawing="retry", rail="working"),
    "succeeded": _Look("success", "ok", "live"),
    "gave_up": _Look("attention", "attention", "stopped"),
    "cancelled": _Look(drawing="stopped", rail="stopped"),
}


def countdown(value: Countdown | None, reader: Reader, *, alone: bool = True) -> Markup:
    """The wait, for a component that frames it; not ``alone``, why there is one has been said above."""
    if value is None:
        return el("div", class_="fk-countdown", hidden=True)
    wait, look = value, _LOOKS.get(value.state, _CALM)
    waits = wait.state in _WAITS
    return el(
        "div",
        box(
            [_timer(wait, reader, shown=waits), _phases(wait, reader), _title(wait, reader)],
            [_line(wait, reader, alone=alone), _held(wait, reader.say("ui.countdown.held"))],
            tone=look.tone,
            drawing=look.drawing,
        ),
        _actions(wait, reader, alone=alone),
        class_="fk-countdown",
    )


def _timer(wait: Countdown, reader: Reader, *, shown: bool) -> Markup:
    """What counts; in other states it is there, hidden, and empty."""
    return el(
        "span",
        _counting(wait, reader) if shown else None,
        class_="fk-count",
        role="timer",
        aria_label=reader.text("ui.countdown.timer"),
        data_until="0",
        hidden=not shown or wait.state == "paused" or reader.passed(wait.retry_at),
    )


def _counting(wait: Countdown, reader: Reader) -> Child:
    left = reader.until(wait.retry_at)
    if wait.retry_at is None:
        words = reader.say(f"ui.countdown.title.{'about' if wait.auto else 'later'}")
        return [words, _clock(wait, _ABOUT, reader, hidden=True)]
    if left is None:
        return reader.say("ui.countdown.title.at", at=reader.zoned_hour(wait.retry_at))
    return reader.say(f"ui.countdown.title.{'counting' if wait.auto else 'manual'}", time=_clock(wait, left, reader))


def _clock(wait: Countdown, seconds: float, reader: Reader, **attributes: object) -> Markup:
    return clock(
        "down",
        seconds,
        reader.span(seconds),
        data_at=f"{wait.retry_at.isoformat() if wait.retry_at else ''} {wait.attempt}",
        data_due="retry_now" if wait.auto else None,
        data_paused=wait.state == "paused",
        **attributes,
    )


def _phases(wait: Countdown, reader: Reader) -> list[Child]:
    """What stands there once nothing is left of the wait, and while it is halted."""
    due = wait.state in {"scheduled", "counting"} and reader.passed(wait.retry_at)
    over = reader.say(f"ui.countdown.title.{'now' if wait.auto else 'ready'}")
    return [
        el("span", over, data_from="0" if wait.state in _WAITS else None, data_say="", hidden=not due),
        _held(wait, reader.say("ui.countdown.title.paused")),
    ]


def _held(wait: Countdown, *words: Child) -> Markup:
    return el("span", *words, data_held=wait.state in _WAITS, hidden=wait.state != "paused")


def _title(wait: Countdown, reader: Reader) -> Markup:
    """What stands there in a state without a wait."""
    words: Child = None
    if wait.state not in get_args(CountdownState):
        words = reader.say("ui.trouble.unknown", state=str(wait.state))
    elif wait.state == "gave_up":
        words = reader.say("ui.countdown.title.gave_up", wait.attempt)
    elif wait.state not in _WAITS:
        words = reader.say(f"ui.countdown.title.{'now' if wait.state == 'retrying' else wait.state}")
    return el("span", words, hidden=words is None)


def _line(wait: Countdown, reader: Reader, *, alone: bool) -> Markup:
    waits = wait.state in _WAITS
    if wait.state in {"gave_up", "cancelled"}:
        words = reader.say("ui.countdown.kept") if alone else None
    elif wait.state == "succeeded":
        words = None
    else:
        words = _attempt(wait, reader, alone=alone)
    own = waits and not wait.auto
    left = reader.until(wait.retry_at) or 0.0
    at = wait.retry_at if waits and left and (left >= _SHORT or wait.state == "scheduled") else None
    return el(
        "span",
        [reader.say("ui.countdown.at", at=reader.zoned_hour(at)), " "] if at else None,
        words,
        [" ", reader.say("ui.countdown.manual")] if own else None,
        data_until="Infinity" if waits else None,
        hidden=words is None or wait.state == "paused",
    )


def _attempt(wait: Countdown, reader: Reader, *, alone: bool) -> Markup:
    number = reader.number(wait.attempt)
    most = reader.number(wait.max_attempts) if wait.max_attempts else ""
    which = reader.say(f"ui.countdown.attempt{'_of' if most else ''}", number=number, most=most)
    if wait.retry_at is None and wait.state in _WAITS:
        return reader.say("ui.countdown.unknown", attempt=which)
    why = f"kinds.{wait.reason}.title"
    if alone and wait.reason and reader.knows(why):
        return reader.say("ui.countdown.because", why=reader.say(why), attempt=which)
    return reader.say("ui.countdown.line", attempt=which)


def _actions(wait: Countdown, reader: Reader, *, alone: bool) -> Markup:
    """In every state the same ones at the same places; a person comes last."""
    waits, given_up = wait.state in _WAITS, wait.state == "gave_up"
    stops = (waits and wait.auto) or wait.state == "retrying"
    again = waits or wait.state == "cancelled"
    asks = alone and wait.state != "succeeded" and reader.offers("escalate")
    first = alone and (wait.state == "cancelled" or not wait.auto)
    look: Look = "plain" if alone else "quiet"
    return buttons(
        _button("retry_now", "now", reader, shown=again, look="primary" if first else look),
        _pause(wait, reader, look=look),
        _button("cancel", "stop", reader, shown=stops, look=look),
        button("escalate", reader.say("actions.escalate"), shown=asks, look="primary" if given_up else "plain"),
        shown=again or stops or asks,
    )


def _button(action: str, turn: str, reader: Reader, *, shown: bool, look: Look) -> Markup:
    label = reader.say(f"ui.countdown.{action}")
    return button(action, label, look=look, shown=shown and reader.offers(action), data_turn=turn)


def _pause(wait: Countdown, reader: Reader, *, look: Look) -> Markup:
    waits, halted = wait.state in _WAITS, wait.state == "paused"
    return button(
        "pause",
        el("span", reader.say("ui.countdown.pause"), data_until="Infinity" if waits else None, hidden=halted),
        _held(wait, reader.say("ui.countdown.resume")),
        look=look,
        data_turn="pause",
        data_value="off" if halted else "on",
        shown=waits and wait.auto and reader.offers("pause"),
    )


def _spoken(wait: Countdown, reader: Reader) -> str:
    """The same for the whole wait, so that a new drawing of it is not read out again."""
    if wait.state in {"scheduled", "counting"}:
        if wait.retry_at is None:
            return reader.text(f"ui.countdown.{'spoken.about' if wait.auto else 'title.later'}")
        key = "timed" if wait.auto else "manual"
        return reader.text(f"ui.countdown.spoken.{key}", at=reader.zoned_hour(wait.retry_at).striptags())
    if wait.state == "paused":
        return reader.text("ui.countdown.title.paused")
    return _title(wait, reader).striptags().strip()
