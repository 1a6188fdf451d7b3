from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import field_validator

from fallbackkit._outcome import Outcome
from fallbackkit._text import Text
from fallbackkit.ui.views._html import Child, el
from fallbackkit.ui.views._pieces import Props, box, button, buttons, clock, component
from fallbackkit.ui.views._provenance import author, shows_answer
from fallbackkit.ui.views._reader import For, Reader, zoned

if TYPE_CHECKING:
    from typing import Unpack

    from markupsafe import Markup

    from fallbackkit.messages._types import Tone

__all__ = ["Staleness", "stale_notice", "staleness"]

Told = Literal["refreshing", "refresh_failed", "superseded", "refreshed"]
Aged = Literal["fresh", "ageing", "stale", "unreliable", "undated"]
State = Literal[Aged, Told]

_A_MINUTE = timedelta(minutes=1)
_AGEING = 0.75
_UNRELIABLE = 2.0
_DRAWINGS = {"refreshing": "waiting", "refresh_failed": "attention", "unreliable": "attention", "refreshed": "ok"}
_TITLED = frozenset({"refreshing", "refresh_failed", "superseded", "refreshed"})
_ADVISED = frozenset({"stale", "unreliable"})
_OLD_IN_VIEW = frozenset({"fresh", "ageing", "stale", "unreliable", "undated", "refreshing", "refresh_failed"})
_NO_REFRESH = frozenset({"refreshing", "refreshed"})


class Staleness(Props):
    """How old a saved answer is, and why that matters here.

    Attributes:
        answered_at: When it was said.
        valid_for: Seconds for which such an answer counts as up to date; None if nobody knows. In the last quarter
            it is ageing, after it stale, and after twice that time not to be relied on.
        source_changed_at: When something that it rests on was changed; if that was after the answer, it is not to
            be relied on.
        source: What was changed.
        why: Why age matters here, in a sentence of the application: "Prices change every Monday."
        state: What goes on with it, where that is more than its age: ``refreshing``, ``refresh_failed`` (the old
            one stays), ``superseded`` (there is a newer one), ``refreshed`` (this is it).
        cooldown_until: Before this, no new answer can be asked for.
    """

    answered_at: datetime
    valid_for: float | None = None
    source_changed_at: datetime | None = None
    source: Text | None = None
    why: Text | None = None
    state: Told | None = None
    cooldown_until: datetime | None = None

    @field_validator("valid_for")
    @classmethod
    def _is_a_time(cls, value: float | None) -> float | None:
        if value is not None and value <= 0:
            raise ValueError(f"`valid_for` must be above 0 seconds, got {value}; leave it out if nobody knows")
        return value

    @classmethod
    def of(
        cls,
        outcome: Outcome,
        *,
        valid_for: float | None = None,
        why: str | None = None,
        state: Told | None = None,
        cooldown_until: datetime | None = None,
    ) -> Staleness | None:
        """Of a saved answer; None where the answer is none, or nobody knows when it was said.

        Where it stands in for an answer that failed, its ``state`` is ``refresh_failed``.
        """
        step, answer = author(outcome), outcome.answer if shows_answer(outcome) else None
        if step is None or step.kind != "cache" or answer is None or answer.created_at is None:
            return None
        changed = [each for each in answer.sources if each.check == "changed" and each.updated_at is not None]
        last = max(changed, key=lambda each: zoned(each.updated_at), default=None)  # type: ignore[arg-type]
        return cls(
            id=outcome.id,
            answered_at=answer.created_at,
            valid_for=valid_for,
            source_changed_at=last.updated_at if last else None,
            source=last.title if last else None,
            why=why,
            state=state or ("refresh_failed" if outcome.degraded else None),
            cooldown_until=cooldown_until,
        )

    @property
    def source_changed(self) -> bool:
        """Whether something that it rests on was changed after it was said."""
        return self.source_changed_at is not None and zoned(self.source_changed_at) > zoned(self.answered_at)

    def found(self, now: datetime | None) -> State:
        """How it stands at that time; ``undated`` where neither its age nor a change says so."""
        return self.state or self.by_age(now)

    def by_age(self, now: datetime | None) -> Aged:
        """The same, whatever goes on with it."""
        if self.source_changed:
            return "unreliable"
        if self.valid_for is None or now is None:
            return "undated"
        age = (zoned(now) - zoned(self.answered_at)).total_seconds() / self.valid_for
        return "fresh" if age < _AGEING else "ageing" if age < 1 else "stale" if age < _UNRELIABLE else "unreliable"


def stale_notice(value: Staleness | Outcome | None, **reader: Unpack[For]) -> Markup:
    """How old a saved answer is, why that matters, and how to get a new one; the old one stays until then.

    Args:
        value: Its age, or an outcome whose answer may be a saved one; None says that there is none.
        **reader: See ``outcome_card``. Actions: ``refresh``, ``show_changes``.

    Example:
        >>> from datetime import UTC, datetime
        >>> saved = Staleness(answered_at=datetime(2026, 10, 12, 7, 10, tzinfo=UTC))
        >>> "2 days ago" in stale_notice(saved, now=datetime(2026, 10, 14, 12, 20, tzinfo=UTC))
        True
    """
    given = Reader(**reader)
    shown = Staleness.of(value) if isinstance(value, Outcome) else value
    state = shown.found(given.now) if shown is not None else None
    return component(
        "stale-notice",
        el("div", staleness(shown, given), class_="fk-card"),
        reader=given,
        live=given.text("ui.stale.title.refreshed") if state == "refreshed" else "",
        rail="live" if state == "refreshed" else "saved" if shown is not None else "none",
        data_status=state or "empty",
        data_id=shown.id if shown is not None else None,
    )


def staleness(value: Staleness | None, reader: Reader, *, acts: bool = True) -> Markup:
    """The notice without the frame; ``acts`` tells whether its buttons are shown."""
    state = value.found(reader.now) if value is not None else "undated"
    return el(
        "div",
        el("p", reader.say("ui.stale.none"), class_="fk-empty", hidden=value is not None),
        box(
            _title(value, state, reader) if value else None,
            _body(value, state, reader) if value else None,
            tone=_tone(state),
            drawing=_DRAWINGS.get(state, "cache"),
            shown=value is not None,
        ),
        el("p", _given(value, reader), class_="fk-stale-given", hidden=value is None or state == "refresh_failed"),
        _actions(value, state, reader, acts=acts),
        class_="fk-stale",
        data_state=state,
    )


def _tone(state: str) -> Tone:
    return "attention" if state == "unreliable" else "success" if state == "refreshed" else "neutral"


def _title(value: Staleness, state: str, reader: Reader) -> Markup:
    key = f"ui.stale.title.{state}"
    if state in _TITLED and reader.knows(key):
        return reader.say(key)
    ago = reader.relative(value.answered_at)
    if ago is None or reader.now is None or zoned(reader.now) - zoned(value.answered_at) < _A_MINUTE:
        return reader.say("ui.stale.title.saved")
    return reader.say("ui.stale.title.aged", ago=el("time", ago, datetime=_iso(value.answered_at, reader)))


def _iso(at: datetime, reader: Reader) -> str:
    return (reader.local(at) or at).isoformat()


def _given(value: Staleness | None, reader: Reader) -> Markup | None:
    return reader.say("ui.stale.given", when=reader.time(value.answered_at)) if value is not None else None


def _body(value: Staleness, state: str, reader: Reader) -> list[Child]:
    """What it means, why, and what the application says of it."""
    said: list[Child] = []
    if state == "refresh_failed":
        said.append(reader.say("ui.stale.body.refresh_failed", when=reader.time(value.answered_at)))
    if state in _OLD_IN_VIEW:
        said += _why(value, reader)
    if state in {"refreshing", "superseded", "refreshed"}:
        said.append(reader.say(f"ui.stale.body.{state}"))
    said.append(el("span", value.why, dir="auto") if value.why else None)
    return _apart(said)


def _why(value: Staleness, reader: Reader) -> list[Child]:
    """Why its age matters."""
    aged = value.by_age(reader.now)
    if value.source_changed and value.source_changed_at is not None:
        key = "ui.stale.body.changed_named" if value.source else "ui.stale.body.changed"
        changed = reader.say(key, what=value.source, when=reader.time(value.source_changed_at))
        return [changed, reader.say("ui.stale.body.check_first")]
    return [_by_age(value, aged, reader)]


def _apart(sentences: list[Child]) -> list[Child]:
    shown = [each for each in sentences if each]
    return [[" ", each] if index else each for index, each in enumerate(shown)]


def _by_age(value: Staleness, state: str, reader: Reader) -> Markup | None:
    try:
        until = reader.time(zoned(value.answered_at) + timedelta(seconds=value.valid_for or 0))
    except OverflowError:  # it holds for ever
        return None
    return reader.say(f"ui.stale.body.{state}", until=until, span=reader.span(value.valid_for or 0))


def _actions(value: Staleness | None, state: str, reader: Reader, *, acts: bool) -> Markup:
    """A new answer, once it may be asked for; and what a newer one says differently."""
    can = acts and value is not None and state not in _NO_REFRESH and reader.offers("refresh")
    wait = reader.until(value.cooldown_until) if value is not None and can else None
    cooling = wait is not None and wait > 0
    changes = acts and state == "superseded" and reader.offers("show_changes")
    return buttons(
        button("show_changes", reader.say("ui.stale.show_changes"), shown=changes),
        button(
            "refresh",
            reader.say("actions.new_answer"),
            look="primary" if state in _ADVISED else "plain",
            shown=can and not cooling,
            data_from=0 if cooling else None,
        ),
        _cooling(value, wait, reader) if cooling and value is not None and wait is not None else None,
        shown=can or changes,
    )


def _cooling(value: Staleness, wait: float, reader: Reader) -> Markup:
    """How long until then; the button comes by itself."""
    at = _iso(value.cooldown_until, reader) if value.cooldown_until else None
    left = clock("down", wait, reader.span(wait), data_at=at, data_quiet=True)
    return el("span", reader.say("ui.stale.cooling", wait=left), class_="fk-stale-wait", data_until=0)
