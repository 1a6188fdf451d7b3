from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from fallbackkit._outcome import Outcome, Step, StepKind
from fallbackkit._text import Text
from fallbackkit.errors import FailureKind
from fallbackkit.ui.views._html import Child, bdi, el
from fallbackkit.ui.views._icons import ICONS
from fallbackkit.ui.views._pieces import Props, component, facts
from fallbackkit.ui.views._provenance import (
    Answerer,
    asked,
    author,
    by,
    by_line,
    kind_of,
    provenance,
    rail,
    reason,
    shows_answer,
    steps_of,
)
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from typing import Unpack

    from markupsafe import Markup

    from fallbackkit.ui.views._pieces import Rail

__all__ = ["Provenance", "answered_by"]

_SHAPES = {"another_model": "model", "person_and_ai": "reviewed"}
_BY_PEOPLE = frozenset({"person", "person_and_ai"})
_PLAIN = frozenset({"model", "another_model", "smaller_model", "cache", "search"})


class Provenance(Props):
    """Who answered, instead of whom, and why: to be kept with the message, so that it is still there tomorrow.

    Attributes:
        kind: Who answered.
        actual: Its name: of a rung, a rule or a person.
        requested: Name of the one that was meant to answer.
        requested_kind: What that one is.
        degraded: Whether something other than the first choice answered.
        reason: Why the first choice did not.
        chain: Every step in order.
        at: When it was said; a saved answer keeps its first date.
        person: Who wrote or checked it.
        model: The model, as its provider names it.
        differences: What may be worse than with the first choice, in the words of the application.
    """

    kind: Answerer = "model"
    actual: Text | None = None
    requested: Text | None = None
    requested_kind: StepKind = "model"
    degraded: bool = False
    reason: FailureKind | None = None
    chain: tuple[Step, ...] = ()
    at: datetime | None = None
    person: Text | None = None
    model: Text | None = None
    differences: tuple[Text, ...] = ()

    @classmethod
    def of(cls, outcome: Outcome, *, differences: tuple[str, ...] = ()) -> Provenance | None:
        """What is to be kept of an outcome; None where there is no answer to be seen."""
        answer = outcome.answer
        if answer is None or not shows_answer(outcome):
            return None
        first, step = asked(outcome), author(outcome)
        failure = first.failure if first is not step and first is not None else None
        checked = outcome.status == "reviewed" and answer.finish_reason in {"approved", "edited"}
        by_person = checked or (step is not None and step.kind == "person")
        return cls(
            id=outcome.id,
            kind="person_and_ai" if checked else kind_of(step, outcome),
            actual=step.name if step else None,
            requested=outcome.requested or (first.name if first else None),
            requested_kind=first.kind if first else "model",
            degraded=outcome.degraded,
            reason=failure.kind if failure else next(iter(outcome.reasons), None),
            chain=outcome.trail,
            at=answer.created_at or outcome.created_at,
            person=step.name if step and by_person else None,
            model=answer.model,
            differences=differences,
        )


def answered_by(value: Provenance | Outcome | None, **reader: Unpack[For]) -> Markup:
    """Who answered, in a line; requested, actual, reason and every step in one click.

    Args:
        value: Whose answer it is, or what was kept of it; None says that there is none yet.
        **reader: See ``outcome_card``.

    Example:
        >>> kept = Provenance(kind="rule", actual="holiday entitlement table 2026")
        >>> "holiday entitlement table 2026" in answered_by(kept)
        True
    """
    given = Reader(**reader)
    if isinstance(value, Provenance):
        body, line, edge = _whole(value, given), _line(value, given), _rail(value)
    else:
        body, line, edge = provenance(value, given, alone=True), by_line(value, given), rail(value)
    return component(
        "answered-by",
        el("div", body, class_="fk-card"),
        reader=given,
        live=el("span", line).striptags() if value is not None else "",
        rail=edge,
        data_id=value.id if value is not None else None,
    )


def _whole(value: Provenance, reader: Reader) -> Markup:
    shape = _SHAPES.get(value.kind, value.kind)
    known = value.actual or value.requested or value.chain or value.at or value.person or value.model
    return by(
        shape if shape in ICONS else "unknown",
        _line(value, reader),
        _facts(value, reader) if known else None,
        _more(value, reader),
    )


def _more(value: Provenance, reader: Reader) -> list[Child]:
    """Why it is not the first choice, and what may be worse for it."""
    why = _clause(value, reader)
    worse = el("span", reader.listed([bdi(each) for each in value.differences])) if value.differences else None
    said = [
        reason(value.requested_kind, why, reader) if why else None,
        reader.say("ui.by.worse", what=worse) if worse else None,
    ]
    shown = [part for part in said if part]
    return [[" ", part] if index else part for index, part in enumerate(shown)]


def _clause(value: Provenance, reader: Reader) -> str | None:
    key = f"kinds.{value.reason}.clause"
    return reader.text(key) if value.degraded and reader.knows(key) else None


def _rail(value: Provenance) -> Rail:
    if value.kind == "cache":
        return "saved"
    if value.kind in _BY_PEOPLE:
        return "person"
    return "fallback" if value.degraded else "live"


def _line(value: Provenance, reader: Reader) -> Markup:
    line = _answered(value, reader)
    if not value.degraded or value.kind in _BY_PEOPLE:
        return line
    key = f"ui.by.instead.{value.requested_kind}"
    key = key if reader.knows(key) else "ui.by.instead.other"
    return reader.say("ui.by.joined", line=line, instead=reader.say(key, name=value.requested or ""))


def _answered(value: Provenance, reader: Reader) -> Markup:
    if value.kind == "cache" and value.at is not None:
        key = "ui.by.answered.cache_reviewed" if value.person else "ui.by.answered.cache_dated"
        return reader.say(key, saved=reader.time(value.at), name=value.person)
    if value.kind == "mixed":
        return reader.say("ui.by.answered.mixed", names=_names(value, reader))
    if value.kind in _PLAIN:
        return reader.say(f"ui.by.answered.{value.kind}")
    name = value.actual or ""
    if value.kind in _BY_PEOPLE:
        name = value.person or value.actual or reader.text("ui.who.somebody")
    key = f"ui.by.answered.{value.kind}"
    return reader.say(key if reader.knows(key) else "ui.by.answered.other", name=name or str(value.kind))


def _names(value: Provenance, reader: Reader) -> Child:
    """All that answered a part of it."""
    parts: list[Child] = [bdi(_who(step.kind, step.name, reader)) for step in value.chain if step.verdict == "answered"]
    return el("span", reader.listed(parts)) if parts else value.actual or reader.text("ui.who.another_model")


def _who(kind: str, name: str | None, reader: Reader) -> str:
    key = f"ui.who.{kind}"
    if reader.knows(key):
        return reader.text(key)
    return name or (reader.text("ui.who.somebody") if kind in _BY_PEOPLE else kind)


def _facts(value: Provenance, reader: Reader) -> Markup:
    checked = value.person if value.kind in {"cache", "person_and_ai"} else None
    asked_for = value.requested is not None
    return facts(
        [
            (
                reader.say("ui.facts.requested"),
                _named(value.requested_kind, value.requested, reader) if asked_for else None,
            ),
            (reader.say("ui.facts.answered"), _named(value.kind, value.actual, reader)),
            (reader.say("ui.facts.checked_by"), bdi(checked) if checked else None),
            (reader.say("ui.facts.model"), bdi(value.model, class_="fk-code") if value.model else None),
            (reader.say("ui.facts.given"), reader.time(value.at) if value.at else None),
            (reader.say("ui.facts.steps"), steps_of(value.chain, value.requested, reader) if value.chain else None),
        ]
    )


def _named(kind: str, name: str | None, reader: Reader) -> Child:
    if name is None and kind in {"mixed", "person_and_ai", "other"}:
        return None
    said = _who(kind, name, reader)
    return [bdi(said), [" ", bdi(name, class_="fk-code")] if name and name != said else None]
