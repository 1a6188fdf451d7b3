from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, get_args

from pydantic import Field, model_validator

from fallbackkit._outcome import Outcome, Status
from fallbackkit.errors import FailureKind
from fallbackkit.messages import Action, Audience, Notice
from fallbackkit.ui.views._countdown import Countdown, countdown
from fallbackkit.ui.views._html import Child, bdi, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._notice import actions
from fallbackkit.ui.views._pieces import Props, box, button, case_code, component, disclosure, facts
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Unpack

    from markupsafe import Markup

    from fallbackkit.ui.views._pieces import Rail

__all__ = ["Trouble", "TroubleState", "error_card", "trouble"]

TroubleState = Literal["error", "retrying", "resolved", "handed_over", "dismissed", "repeated"]

_MOST = 3
_OFTEN = 2
"""Tries after which the notice offers no further one."""
_KNOWN = frozenset(get_args(Status))
_NO_TROUBLE = frozenset({"working", "streaming", "answered", "reviewed"})
_OPEN = frozenset({"error", "repeated"})


class Trouble(Props):
    """What failed, and how it goes on.

    Attributes:
        outcome: Of the call that failed. Its answer is not shown.
        state: ``retrying`` and ``resolved`` need nobody to do anything; ``repeated`` is the third time in
            a row; ``dismissed`` leaves one line, from which it can be opened again.
        tries: How often the person has tried the same question again; from the second time on, and where
            ``state`` is ``repeated``, trying again is no longer offered.
        input_kept: Whether their question is still there; None leaves it to the words of the failure.
        audience: ``operator`` sees the kind and the cause, too, under the details.
        countdown: The wait until another try, shown while there is one; it has its own way to try at once.
        level: Of the headline as a heading, from 2 to 6.

    Example:
        >>> Trouble(outcome=Outcome(id="7", status="unavailable"), tries=1).id
        '7'
    """

    outcome: Outcome
    state: TroubleState = "error"
    tries: int = Field(default=0, ge=0)
    input_kept: bool | None = None
    audience: Audience = "user"
    countdown: Countdown | None = None
    level: int = Field(default=3, ge=2, le=6)

    @model_validator(mode="before")
    @classmethod
    def _is_about_its_outcome(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "id" in given:
            return given
        outcome = given.get("outcome")
        known = outcome.get("id") if isinstance(outcome, dict) else getattr(outcome, "id", None)
        return given if known is None else {**given, "id": known}

    @classmethod
    def of(cls, outcome: Outcome, *, tries: int = 0) -> Self:
        """The trouble that an outcome tells of; handed over if a person has the question.

        Args:
            outcome: Of the call that failed.
            tries: How often the person has tried the same question again.
        """
        state: TroubleState = "repeated" if tries >= _OFTEN else "error"
        return cls(outcome=outcome, tries=tries, state="handed_over" if outcome.ticket else state)


class _Look(NamedTuple):
    rail: Rail = "stopped"
    drawing: str | None = None


_LOOKS: dict[str, _Look] = {
    "retrying": _Look("working", "retry"),
    "resolved": _Look("live", "ok"),
    "handed_over": _Look("person", "person"),
    "dismissed": _Look("none"),
}


def error_card(value: Trouble | Outcome | None, **reader: Unpack[For]) -> Markup:
    """What failed, that the question is kept, and what to do next; the technical part under details.

    It never goes away by itself, and a person can be asked from it at the same place in every state.

    Args:
        value: The trouble, or the outcome of the call; None and an outcome without trouble draw a calm
            empty frame.
        **reader: See ``For``.

    Example:
        >>> "There is no answer" in error_card(Outcome(status="unavailable"))
        True
    """
    given = Reader(**reader)
    shown = Trouble.of(value) if isinstance(value, Outcome) else value
    if shown is not None and shown.outcome.status in _NO_TROUBLE:
        shown = None
    notice = _notice(shown, given)
    look = _LOOKS.get(shown.state, _Look()) if shown else _Look("none")
    return component(
        "error-card",
        trouble(shown, given),
        reader=given,
        live=_spoken(shown, notice, given),
        urgent=shown is not None and shown.state in _OPEN and notice.speech == "alert",
        rail=look.rail,
        tone=notice.tone,
        data_status=shown.outcome.status if shown else "empty",
        data_state=shown.state if shown else "none",
        data_id=shown.id if shown else None,
    )


def trouble(value: Trouble | None, reader: Reader) -> Markup:
    """The card without its frame."""
    notice = _notice(value, reader)
    closed = value is not None and value.state == "dismissed"
    return el(
        "div",
        el("p", reader.say("ui.trouble.none"), class_="fk-empty", hidden=value is not None),
        _said(value, notice, reader),
        _kept(value, reader),
        countdown(_wait(value), reader, alone=False),
        actions(_in_need(value), _few(value, notice, reader), reader),
        _foot(value, reader, closed=closed),
        class_="fk-card",
    )


def _notice(value: Trouble | None, reader: Reader) -> Notice:
    """The words for the state, without what the line below says about the question."""
    if value is None:
        return Notice(title="", body="", lang=reader.lang, direction=reader.direction)
    failed = _failed(value, reader)
    if value.state in _OPEN:
        return failed
    own, given = reader.knows(f"ui.trouble.title.{value.state}"), _STATE_ACTIONS.get(value.state, {})
    key = f"ui.trouble.title.{value.state}"
    title = reader.text(key, title=failed.title) if own else reader.text("ui.trouble.unknown", state=str(value.state))
    body = f"ui.trouble.body.{value.state}"
    return Notice(
        title=title,
        body=reader.text(body) if reader.knows(body) else "",
        tone={"resolved": "success", "handed_over": "info"}.get(value.state, "neutral"),
        actions=tuple(Action(id=each, label=reader.text(label), primary=main) for each, (label, main) in given.items()),
        lang=reader.lang,
        direction=reader.direction,
    )


_STATE_ACTIONS: dict[str, dict[str, tuple[str, bool]]] = {
    "retrying": {"cancel": ("ui.countdown.cancel", False)},
    "resolved": {"retry": ("actions.retry", True)},
    "handed_over": {"track": ("actions.track", True)},
    "dismissed": {"reopen": ("ui.trouble.reopen", False)},
}


def _failed(value: Trouble, reader: Reader) -> Notice:
    outcome, failure = value.outcome, value.outcome.failure
    newer = failure is not None and not isinstance(failure.first.kind, FailureKind)
    if outcome.status not in _KNOWN or newer:
        state = str(failure.first.kind if failure and newer else outcome.status)
        title = reader.text("ui.trouble.unknown", state=state)
        return Notice(title=title, body="", lang=reader.lang, direction=reader.direction)
    waits = value.state == "repeated" or _wait(value) is not None  # its own way to try again, and its own time
    tries = max(value.tries, _OFTEN) if waits else value.tries
    notice = outcome.notice(reader.locale, zone=reader.tz, messages=reader.messages, tries=tries)
    body = " ".join(notice.body.replace(reader.text("ui.trouble.kept"), "").split())
    return notice.model_copy(update={"body": body})


def _wait(value: Trouble | None) -> Countdown | None:
    return value.countdown if value and value.state in _OPEN else None


def _few(value: Trouble | None, notice: Notice, reader: Reader) -> Notice:
    """With at most three actions, a person among them."""
    left = [action for action in notice.actions if reader.offers(action.id)]
    ask = [action for action in left if action.id == "escalate"]
    usual = [action for action in left if action.id != "escalate"][: _MOST - 1]
    kept = [action for action in left if action in usual or action in ask]
    if kept and value and value.state in _OPEN:
        kept[0] = kept[0].model_copy(update={"primary": True})
    return notice.model_copy(update={"actions": tuple(kept)})


def _in_need(value: Trouble | None) -> Outcome | None:
    """The outcome, where somebody may still look for a person."""
    settled = {"resolved", "handed_over", "dismissed"}
    return value.outcome if value and value.state not in settled else None


def _said(value: Trouble | None, notice: Notice, reader: Reader) -> Markup:
    look = _LOOKS.get(value.state, _Look()) if value else _Look()
    level = value.level if value else None
    return box(
        el("span", notice.title, role="heading" if value else None, aria_level=level),
        [
            el("span", notice.body, hidden=not notice.body),
            el("span", _case(value, reader)),
            el("span", _often(value, reader)),
        ],
        tone=notice.tone,
        drawing=look.drawing,
        lang=notice.lang,
        direction=notice.direction,
        shown=value is not None,
    )


def _often(value: Trouble | None, reader: Reader) -> Child:
    if value is None or value.state != "repeated":
        return None
    return [" ", reader.say("ui.trouble.repeated", max(value.tries, _OFTEN) + 1)]


def _case(value: Trouble | None, reader: Reader) -> Child:
    ticket = value.outcome.ticket if value and value.state == "handed_over" else None
    return [" ", reader.say("ui.trouble.case", case=case_code(ticket.case))] if ticket else None


def _kept(value: Trouble | None, reader: Reader) -> Markup:
    """Whether the question is still there."""
    kept = _is_kept(value, reader)
    return el(
        "p",
        icon("attention" if kept is False else "ok"),
        el("span", reader.say("ui.trouble.lost" if kept is False else "ui.trouble.kept")),
        class_="fk-kept",
        data_kept="no" if kept is False else "yes",
        hidden=value is None or kept is None or value.state in {"dismissed", "handed_over"},
    )


def _is_kept(value: Trouble | None, reader: Reader) -> bool | None:
    if value is None or value.input_kept is not None or value.outcome.status not in _KNOWN:
        return value.input_kept if value else None
    failure = value.outcome.failure
    if failure is not None and not isinstance(failure.first.kind, FailureKind):
        return None
    said = value.outcome.notice(reader.locale, zone=reader.tz, messages=reader.messages).body
    return True if reader.text("ui.trouble.kept") in said else None


def _foot(value: Trouble | None, reader: Reader, *, closed: bool) -> Markup:
    rows = list(_details(value, reader)) if value else []
    close = value is not None and not closed and reader.offers("dismiss")
    return el(
        "div",
        disclosure("details", reader.say("ui.trouble.details"), facts(rows), shown=bool(rows), opened="details_opened"),
        button("dismiss", reader.say("ui.trouble.dismiss"), look="quiet", shown=close),
        class_="fk-foot",
        hidden=closed or not (rows or close),
    )


def _details(value: Trouble, reader: Reader) -> Iterator[tuple[Child, Child]]:
    outcome, failure = value.outcome, value.outcome.failure
    if outcome.created_at is not None:
        yield reader.say("ui.trouble.facts.when"), reader.time(outcome.created_at)
    if failure is None:
        return
    code = bdi(failure.reference, class_="fk-code")
    yield reader.say("ui.trouble.facts.reference"), [code, _copy(failure.reference, reader)]
    if value.audience == "operator":
        yield from _for_operators(outcome, reader)


def _for_operators(outcome: Outcome, reader: Reader) -> Iterator[tuple[Child, Child]]:
    """The kind, the cause and the log of the tries."""
    failure = outcome.failure
    if failure is not None:
        cause = f"kinds.{failure.kind}.cause"
        yield reader.say("ui.trouble.facts.kind"), bdi(str(failure.kind), class_="fk-code")
        yield reader.say("ui.trouble.facts.cause"), reader.say(cause) if reader.knows(cause) else None
        yield reader.say("ui.trouble.facts.gap"), bdi(failure.gap, class_="fk-code") if failure.gap else None
        if failure.retry_after is not None:
            yield reader.say("ui.trouble.facts.wait"), bdi(reader.seconds(failure.retry_after))
    for step in outcome.trail:
        told: dict[str, Child] = {
            "name": bdi(step.name, class_="fk-code"),
            "result": bdi(str(step.failure.kind if step.failure else step.verdict), class_="fk-code"),
            "took": reader.seconds(step.duration),
        }
        yield reader.say("ui.trouble.facts.tried"), reader.say("ui.trouble.step", max(1, len(step.attempts)), **told)


def _copy(reference: str, reader: Reader) -> Markup:
    return button(
        "copy_reference",
        reader.say("ui.copy.action"),
        look="small",
        aria_label=reader.text("ui.copy.reference"),
        data_copy=reference,
        data_copied=reader.text("ui.copy.done"),
        data_select=reader.text("ui.copy.by_hand"),
    )


def _spoken(value: Trouble | None, notice: Notice, reader: Reader) -> str:
    if value is None:
        return ""
    if value.state == "dismissed":
        return notice.title
    asks = notice.title.endswith(("?", "؟"))
    key = "ui.card.asked" if asks else "ui.card.said"
    return reader.text(key, title=notice.title, body=notice.body).strip() if notice.body else notice.title
