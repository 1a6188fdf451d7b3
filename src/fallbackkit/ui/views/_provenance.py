from __future__ import annotations

from typing import TYPE_CHECKING

from fallbackkit.ui.views._html import Child, bdi, disclosure, el, external_link, icon
from fallbackkit.ui.views._labels import Reader, because, case_code, seconds, who

if TYPE_CHECKING:
    from markupsafe import Markup

    from fallbackkit._outcome import Outcome, Step, TicketState

__all__ = ["author", "by_line", "is_model_made", "provenance", "rail", "sentence"]


_WAITS: dict[TicketState, str] = {
    "pending": "Waiting for a person",
    "claimed": "With a person",
    "decided": "A person has decided",
    "cancelled": "Withdrawn",
    "expired": "Not answered in time",
}


_DECIDED = {
    "approved": "Checked and approved",
    "edited": "Checked and edited",
    "rejected": "Not answered, with a reason",
}


def author(outcome: Outcome) -> Step | None:
    """The step whose words are on the screen."""
    if outcome.served_by is not None:
        return outcome.served_by
    if outcome.status == "interrupted" and outcome.trail:
        return outcome.trail[-1]
    return next((step for step in reversed(outcome.trail) if step.verdict == "abstained"), _asked(outcome))


def _asked(outcome: Outcome) -> Step | None:
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


def rail(outcome: Outcome | None) -> str:
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


def _served(step: Step | None, *, degraded: bool) -> str:
    if step is not None and step.kind == "cache":
        return "saved"
    if step is not None and step.kind == "person":
        return "person"
    return "fallback" if degraded else "live"


def by_line(outcome: Outcome | None, reader: Reader) -> list[Child]:
    """Who answered, in one sentence, as parts."""
    if outcome is None:
        return ["No answer yet"]
    step = author(outcome)
    name = el("b", bdi(who(step, outcome)))
    match outcome.status:
        case "working":
            return ["Working on an answer"]
        case "streaming":
            return ["Being written by ", name]
        case "awaiting_review":
            return [el("b", _WAITS[outcome.ticket.state if outcome.ticket else "pending"]), _case(outcome)]
        case "unavailable":
            return [el("b", "Not answered")]
        case "low_confidence" if outcome.answer is None:
            return [el("b", "Not answered")]
        case "interrupted":
            return ["Started by ", name, ", not finished"]
        case "reviewed":
            said = outcome.answer.finish_reason if outcome.answer else None
            return [f"{_DECIDED.get(said or '', 'Answered')} by ", name, _case(outcome)]
        case "answered" | "degraded" | "low_confidence":
            return [*_served_line(outcome, step, name, reader), _instead(outcome)]


def _served_line(outcome: Outcome, step: Step | None, name: Markup, reader: Reader) -> list[Child]:
    said = outcome.answer.created_at if outcome.answer else None
    if step is not None and step.kind == "cache":
        return [el("b", "Saved answer"), [" from ", reader.time(said)] if said else None]
    if step is not None and step.kind == "search":
        return [el("b", "Matching pages"), " found by search"]
    if step is not None and step.kind == "rule":
        return ["Answered by ", name, ": ", bdi(step.name)]
    return ["Answered by ", name]


def _case(outcome: Outcome) -> Child:
    return [", case ", case_code(outcome.ticket.case)] if outcome.ticket else None


def _instead(outcome: Outcome) -> Child:
    return [" instead of ", bdi(who(_asked(outcome), outcome))] if outcome.degraded else None


def sentence(outcome: Outcome) -> str:
    """The same as text, for the live region."""
    return el("span", by_line(outcome, Reader())).striptags()


def _shape(outcome: Outcome | None) -> str:
    if outcome is None:
        return "unknown"
    if outcome.status in {"working", "streaming"}:
        return "waiting"
    if outcome.status in {"awaiting_review", "reviewed"}:
        return "person"
    if outcome.status == "unavailable" or (outcome.status == "low_confidence" and outcome.answer is None):
        return "unknown"
    step = author(outcome)
    return step.kind if step else "model"


def provenance(outcome: Outcome | None, reader: Reader) -> Markup:
    """Who answered: one line that opens to requested, actual and reason."""
    line = by_line(outcome, reader)
    facts = _facts(outcome) if outcome is not None and outcome.trail else []
    return el(
        "div",
        icon(_shape(outcome)),
        el("span", line, class_="fk-by-text", hidden=bool(facts)),
        disclosure("by", line, el("dl", facts, class_="fk-facts"), shown=bool(facts)),
        class_="fk-by",
    )


def _facts(outcome: Outcome) -> list[Child]:
    asked, ticket = _asked(outcome), outcome.ticket
    served = author(outcome) if outcome.answer is not None else outcome.served_by
    why = because(asked, outcome) if asked is not served else None
    rows: list[tuple[str, Child]] = [
        ("Requested", _named(asked, outcome)),
        ("Answered", _named(served, outcome) if served else "nobody yet"),
        ("Why", [bdi(who(asked, outcome)), f" {why}"] if why else None),
        ("Model", bdi(outcome.answer.model, class_="fk-code") if outcome.answer and outcome.answer.model else None),
        ("Case", external_link(ticket.url, case_code(ticket.case)) if ticket else None),
        ("Took", bdi(seconds(outcome.duration))),
    ]
    return [el("div", el("dt", term), el("dd", value)) for term, value in rows if value is not None]


def _named(step: Step | None, outcome: Outcome) -> Child:
    name = who(step, outcome)
    code = step.name if step and step.name != name else outcome.requested if step is None else None
    return [bdi(name), [" ", bdi(code, class_="fk-code")] if code else None]
