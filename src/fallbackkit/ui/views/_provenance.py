from __future__ import annotations

from typing import TYPE_CHECKING

from fallbackkit.errors import FailureKind
from fallbackkit.ui.views._html import Child, bdi, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._pieces import case_code, component, disclosure, external_link, facts
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from typing import Unpack

    from markupsafe import Markup

    from fallbackkit._outcome import Outcome, Step
    from fallbackkit.ui.views._pieces import Rail

__all__ = ["answered_by", "asked", "author", "because", "by_line", "is_model_made", "provenance", "rail", "who"]

_NAMED = frozenset({"person", "other"})
_REVIEWED = frozenset({"approved", "edited", "rejected"})


def answered_by(outcome: Outcome | None, **reader: Unpack[For]) -> Markup:
    """Who answered: requested, actual and reason in one click.

    Args:
        outcome: Whose answer it is; None says that there is none yet.
        **reader: See ``outcome_card``.
    """
    given = Reader(**reader)
    live = el("span", by_line(outcome, given)).striptags()
    body = el("div", provenance(outcome, given), class_="fk-card")
    return component("answered-by", body, reader=given, live=live if outcome else "", rail=rail(outcome))


def author(outcome: Outcome) -> Step | None:
    """The step whose words are on the screen."""
    if outcome.served_by is not None:
        return outcome.served_by
    if outcome.status == "interrupted" and outcome.trail:
        return outcome.trail[-1]
    return next((step for step in reversed(outcome.trail) if step.verdict == "abstained"), asked(outcome))


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


def _kind(step: Step | None, outcome: Outcome) -> str:
    """What the words tell apart: a model that was not the one asked for is another one."""
    if step is None or (step.kind == "model" and outcome.requested in {None, step.name}):
        return "model"
    return "another_model" if step.kind == "model" else step.kind


def who(step: Step | None, outcome: Outcome, reader: Reader) -> str:
    """The answerer as people call it, outside a sentence."""
    kind = _kind(step, outcome)
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
    key = f"ui.by.{group}.{_kind(step, outcome)}"
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


def provenance(outcome: Outcome | None, reader: Reader) -> Markup:
    """Who answered: one line that opens to requested, actual and reason."""
    line = by_line(outcome, reader)
    known = _facts(outcome, reader) if outcome is not None and outcome.trail else None
    return el(
        "div",
        icon(_shape(outcome)),
        el("span", line, class_="fk-by-text", hidden=known is not None),
        disclosure("by", line, known, shown=known is not None),
        class_="fk-by",
    )


def _facts(outcome: Outcome, reader: Reader) -> Markup:
    first, ticket = asked(outcome), outcome.ticket
    served = author(outcome) if outcome.answer is not None else outcome.served_by
    why = because(first, outcome, reader) if first is not served else None
    model = outcome.answer.model if outcome.answer else None
    return facts(
        [
            (reader.say("ui.facts.requested"), _named(first, outcome, reader)),
            (
                reader.say("ui.facts.answered"),
                _named(served, outcome, reader) if served else reader.say("ui.who.nobody"),
            ),
            (reader.say("ui.facts.why"), _reason(first, why, reader) if why else None),
            (reader.say("ui.facts.model"), bdi(model, class_="fk-code") if model else None),
            (
                reader.say("ui.facts.case"),
                external_link(ticket.url, case_code(ticket.case), reader=reader) if ticket else None,
            ),
            (reader.say("ui.facts.took"), bdi(reader.seconds(outcome.duration))),
        ]
    )


def _reason(step: Step | None, why: str, reader: Reader) -> Markup:
    key = f"values.asked.{step.kind if step else 'other'}"
    name = reader.say(key if reader.knows(key) else "values.asked.other")
    return reader.say("ui.by.why", asked=name, clause=el("span", why))


def _named(step: Step | None, outcome: Outcome, reader: Reader) -> Child:
    name = who(step, outcome, reader)
    code = step.name if step and step.name != name else outcome.requested if step is None else None
    return [bdi(name), [" ", bdi(code, class_="fk-code")] if code else None]
