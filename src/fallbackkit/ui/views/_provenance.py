from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from fallbackkit.errors import FailureKind
from fallbackkit.ui.views._html import HOLE, Child, Shape, bdi, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._pieces import case_code, disclosure, external_link, facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from fallbackkit._outcome import Outcome, Step
    from fallbackkit.ui.views._pieces import Rail
    from fallbackkit.ui.views._reader import Reader

__all__ = [
    "Answerer",
    "asked",
    "author",
    "because",
    "by",
    "by_line",
    "is_model_made",
    "kind_of",
    "provenance",
    "rail",
    "reason",
    "shows_answer",
    "steps_of",
    "who",
]

Answerer = Literal[
    "model",
    "another_model",
    "smaller_model",
    "cache",
    "rule",
    "search",
    "person",
    "person_and_ai",
    "mixed",
    "other",
]
"""Who answered; ``another_model`` is one that is no smaller than the one that was asked for."""

_WITHHELD = frozenset({"awaiting_review", "unavailable", "working"})
_NAMED = frozenset({"person", "other"})
_REVIEWED = frozenset({"approved", "edited", "rejected"})


def author(outcome: Outcome) -> Step | None:
    """The step whose words are on the screen."""
    if outcome.served_by is not None:
        return outcome.served_by
    if outcome.status == "interrupted" and outcome.trail:
        return outcome.trail[-1]
    return next((step for step in reversed(outcome.trail) if step.verdict == "abstained"), asked(outcome))


def shows_answer(outcome: Outcome) -> bool:
    """Whether the answer may be on the screen; a withheld one may not."""
    return outcome.answer is not None and outcome.status not in _WITHHELD


def asked(outcome: Outcome) -> Step | None:
    """The step that was meant to answer."""
    named = (step for step in outcome.trail if step.name == outcome.requested)
    return next(named, outcome.trail[0] if outcome.trail else None)


def is_model_made(outcome: Outcome) -> bool:
    """Whether to say that AI wrote what is shown."""
    if outcome.answer is None:
        return False
    if outcome.status == "reviewed":
        return outcome.answer.finish_reason in {"approved", "edited"}
    step = author(outcome)
    if step is None or step.kind in {"model", "smaller_model", "cache"}:
        return True
    return step.kind == "other" and outcome.answer.model is not None


def rail(outcome: Outcome | None) -> Rail:
    """The pattern of the status rail; see the stylesheet."""
    if outcome is None:
        return "none"
    match outcome.status:
        case "working" | "streaming":
            return "working"
        case "awaiting_review" | "reviewed":
            return "person"
        case "low_confidence":
            return "unsure"
        case "interrupted":
            return "cut"
        case "unavailable":
            return "stopped"
        case "answered" | "degraded":
            return _served(author(outcome), degraded=outcome.degraded)
        case _:  # of a newer version
            return "none"


def _served(step: Step | None, *, degraded: bool) -> Rail:
    if step is not None and step.kind == "cache":
        return "saved"
    if step is not None and step.kind == "person":
        return "person"
    return "fallback" if degraded else "live"


def kind_of(step: Step | None, outcome: Outcome) -> Answerer:
    """What the words tell apart: a model that was not the one asked for is another one."""
    if step is None or (step.kind == "model" and outcome.requested in {None, step.name}):
        return "model"
    return "another_model" if step.kind == "model" else step.kind


def who(step: Step | None, outcome: Outcome, reader: Reader) -> str:
    """The answerer as people call it, outside a sentence."""
    kind = kind_of(step, outcome)
    if step is not None and kind in _NAMED:
        return step.name or reader.text("ui.who.somebody")
    return reader.text(f"ui.who.{kind}") if reader.knows(f"ui.who.{kind}") else step.name if step else ""


def because(step: Step | None, outcome: Outcome, reader: Reader) -> str | None:
    """Why a step did not answer, as the end of a sentence that begins with who."""
    kind = step.failure.kind if step and step.failure else None
    if kind is None and step is not None and step.verdict == "abstained":
        kind = FailureKind.QUALITY_LOW_CONFIDENCE
    if kind is None and outcome.reasons:
        kind = outcome.reasons[0]
    return reader.text(f"kinds.{kind}.clause") if kind else None


def by_line(outcome: Outcome | None, reader: Reader) -> Markup:
    """Who answered, in one line."""
    if outcome is None:
        return reader.say("ui.by.none")
    step = author(outcome)
    match outcome.status:
        case "working":
            return reader.say("ui.by.working")
        case "streaming":
            return _phrase("writing", step, outcome, reader)
        case "interrupted":
            return _phrase("started", step, outcome, reader)
        case "awaiting_review":
            return _with_case(reader.say(f"ui.by.waiting.{_ticket_state(outcome)}"), outcome, reader)
        case "reviewed":
            said = outcome.answer.finish_reason if outcome.answer else None
            name = step.name if step and step.name else reader.text("ui.who.somebody")
            line = reader.say(f"ui.by.reviewed.{said if said in _REVIEWED else 'answered'}", name=name)
            return _with_case(line, outcome, reader)
        case "answered" | "degraded":
            return _instead(_served_line(step, outcome, reader), outcome, reader)
        case "low_confidence" if outcome.answer is not None:
            return _served_line(step, outcome, reader)
        case _:
            return reader.say("ui.by.not_answered")


def _ticket_state(outcome: Outcome) -> str:
    return outcome.ticket.state if outcome.ticket else "pending"


def _phrase(group: str, step: Step | None, outcome: Outcome, reader: Reader) -> Markup:
    key = f"ui.by.{group}.{kind_of(step, outcome)}"
    key = key if reader.knows(key) else f"ui.by.{group}.other"
    return reader.say(key, name=step.name if step else "")


def _served_line(step: Step | None, outcome: Outcome, reader: Reader) -> Markup:
    said = outcome.answer.created_at if outcome.answer else None
    if step is not None and step.kind == "cache" and said is not None:
        return reader.say("ui.by.answered.cache_dated", saved=reader.time(said))
    return _phrase("answered", step, outcome, reader)


def _with_case(line: Markup, outcome: Outcome, reader: Reader) -> Markup:
    return reader.say("ui.by.case", line=line, case=case_code(outcome.ticket.case)) if outcome.ticket else line


def _instead(line: Markup, outcome: Outcome, reader: Reader) -> Markup:
    if not outcome.degraded:
        return line
    return reader.say("ui.by.joined", line=line, instead=_phrase("instead", asked(outcome), outcome, reader))


def _shape(outcome: Outcome | None) -> str:
    if outcome is None:
        return "unknown"
    if outcome.status in {"working", "streaming"}:
        return "waiting"
    if outcome.status == "reviewed":
        return "reviewed" if is_model_made(outcome) else "person"
    if outcome.status == "awaiting_review":
        return "person"
    if outcome.status == "unavailable" or (outcome.status == "low_confidence" and outcome.answer is None):
        return "unknown"
    step = author(outcome)
    return step.kind if step else "model"


def provenance(outcome: Outcome | None, reader: Reader, *, alone: bool = False) -> Markup:
    """Who answered: one line that opens to requested, actual and reason; ``alone``, it tells every step as well."""
    over = outcome is not None and (alone or outcome.status not in {"working", "streaming"})  # else nobody knows yet
    known = _facts(outcome, reader, alone=alone) if outcome is not None and outcome.trail and over else None
    return by(_shape(outcome), by_line(outcome, reader), known, _why(outcome, reader) if alone else None)


def by(shape: str, line: Markup, known: Markup | None, more: Child) -> Markup:
    """The line, what it opens to, and what is to be seen below it."""
    opens = known is not None
    return _frame(shape, opens=opens, more=bool(more))(line, disclosure("by", line, known, shown=opens), more)


@lru_cache(maxsize=64)
def _frame(shape: str, *, opens: bool, more: bool) -> Shape:
    return Shape(
        el(
            "div",
            icon(shape),
            el("span", HOLE, class_="fk-by-text", hidden=opens),
            HOLE,
            el("p", HOLE, class_="fk-by-more", hidden=not more),
            class_="fk-by",
        )
    )


def _why(outcome: Outcome | None, reader: Reader) -> Markup | None:
    first = asked(outcome) if outcome is not None and outcome.degraded else None
    why = because(first, outcome, reader) if first is not None and outcome is not None else None
    return reason(first.kind if first else "other", why, reader) if why else None


def steps_of(chain: Sequence[Step], requested: str | None, reader: Reader) -> Markup:
    """What each step came to, in order."""
    return el("ol", [_step(step, requested, reader) for step in chain], class_="fk-by-steps", role="list")


def _step(step: Step, requested: str | None, reader: Reader) -> Markup:
    kind = "another_model" if step.kind == "model" and requested not in {None, step.name} else step.kind
    key = f"ui.who.{kind}"
    name = reader.text(key) if kind not in _NAMED and reader.knows(key) else step.name or kind
    verdict = f"kinds.{step.failure.kind}.clause" if step.failure else f"ui.by.verdict.{step.verdict}"
    said = el("span", reader.text(verdict) if reader.knows(verdict) else step.verdict)
    took = bdi(reader.seconds(step.duration))
    return el("li", reader.say("ui.by.step", name=bdi(name), verdict=said, took=took))


def _facts(outcome: Outcome, reader: Reader, *, alone: bool) -> Markup:
    first, ticket = asked(outcome), outcome.ticket
    served = author(outcome) if outcome.answer is not None else outcome.served_by
    why = because(first, outcome, reader) if first is not served and not (alone and outcome.degraded) else None
    steps = alone and outcome.status not in {"working", "streaming"}
    return _rows(
        first=_name(first, outcome, reader),
        served=_name(served, outcome, reader) if served else None,
        why=reason(first.kind if first else "other", why, reader, key="ui.by.why") if why else None,
        model=outcome.answer.model if outcome.answer else None,
        case=external_link(ticket.url, case_code(ticket.case), reader=reader) if ticket else None,
        took=reader.seconds(outcome.duration),
        steps=steps_of(outcome.trail, outcome.requested, reader) if steps else None,
        reader=reader.timeless,
    )


_Name: TypeAlias = "tuple[str, str | None]"  # as people call it, and as the developer does, if that is another


@lru_cache(maxsize=512)
def _rows(
    *,
    first: _Name,
    served: _Name | None,
    why: Markup | None,
    model: str | None,
    case: Markup | None,
    took: str,
    steps: Markup | None,
    reader: Reader,
) -> Markup:
    """Remembered, as most calls have the same to tell."""
    return facts(
        [
            (reader.say("ui.facts.requested"), _named(first)),
            (reader.say("ui.facts.answered"), _named(served) if served else reader.say("ui.who.nobody")),
            (reader.say("ui.facts.why"), why),
            (reader.say("ui.facts.model"), bdi(model, class_="fk-code") if model else None),
            (reader.say("ui.facts.case"), case),
            (reader.say("ui.facts.took"), bdi(took)),
            (reader.say("ui.facts.steps"), steps),
        ]
    )


def reason(kind: str, clause: str, reader: Reader, *, key: str = "ui.by.because") -> Markup:
    """Why the first choice did not answer."""
    first = f"values.asked.{kind}"
    name = reader.say(first if reader.knows(first) else "values.asked.other")
    return reader.say(key, asked=name, clause=el("span", clause))


def _name(step: Step | None, outcome: Outcome, reader: Reader) -> _Name:
    name = who(step, outcome, reader)
    return name, step.name if step and step.name != name else outcome.requested if step is None else None


def _named(name: _Name) -> Child:
    called, code = name
    return [bdi(called), [" ", bdi(code, class_="fk-code")] if code else None]
