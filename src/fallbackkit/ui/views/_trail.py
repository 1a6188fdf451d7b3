from __future__ import annotations

import math
from typing import TYPE_CHECKING, assert_never

from fallbackkit.ui.views._html import Child, bdi, el
from fallbackkit.ui.views._labels import clause, count
from fallbackkit.ui.views._pieces import disclosure, hidden
from fallbackkit.ui.views._provenance import who

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markupsafe import Markup

    from fallbackkit._outcome import Outcome, Step
    from fallbackkit.ui.views._reader import Reader

__all__ = ["trail"]


def trail(outcome: Outcome | None, reader: Reader) -> Markup:
    """What the system did, step by step, and the reference to read out to support."""
    if outcome is not None and outcome.status in {"working", "streaming"}:
        outcome = None
    reference = outcome.failure.reference if outcome and outcome.failure else None
    label: Child = _label(outcome, reader) if outcome else ""
    return el(
        "div",
        disclosure(
            "trail",
            label,
            _table(outcome, reader) if outcome and outcome.trail else None,
            el("dl", _facts(outcome, reference, reader), class_="fk-facts") if outcome else None,
            shown=outcome is not None and bool(outcome.trail or reference),
        ),
        class_="fk-trail",
        hidden=outcome is None or not (outcome.trail or reference),
    )


def _label(outcome: Outcome, reader: Reader) -> list[Child]:
    tried = count(len(outcome.trail), "step")
    return [
        "What the system did: ",
        bdi(f"{tried}, {reader.seconds(outcome.duration)}" if outcome.trail else "details"),
    ]


def _facts(outcome: Outcome, reference: str | None, reader: Reader) -> list[Child]:
    copy = reference and el(
        "button",
        "Copy",
        hidden(" reference code"),
        type="button",
        class_="fk-button fk-small",
        data_action="copy_reference",
        data_copy=reference,
    )
    rows: list[tuple[str, Child]] = [
        ("Reference", [bdi(reference, class_="fk-code"), " ", copy] if reference else None),
        ("Ended", reader.time(outcome.created_at) if outcome.created_at else None),
    ]
    return [el("div", el("dt", term), el("dd", value)) for term, value in rows if value is not None]


def _table(outcome: Outcome, reader: Reader) -> Markup:
    steps = outcome.trail
    total = math.fsum(map(_length, steps)) or 1.0
    heads = [el("th", name, scope="col") for name in ("Step", "Result", "Tries", "Time")]
    return el(
        "div",
        el(
            "table",
            el("caption", "What the system did, in order", class_="fk-sr"),
            el("thead", el("tr", heads, el("td", class_="fk-bar", aria_hidden="true"))),
            el("tbody", _rows(outcome, total, reader)),
            class_="fk-steps-table",
        ),
        class_="fk-scroll",
        tabindex="0",
        role="group",
        aria_label="Steps",
    )


def _rows(outcome: Outcome, total: float, reader: Reader) -> Iterator[Markup]:
    start = 0.0
    for step in outcome.trail:
        length = _length(step)
        bar = f"margin-inline-start:{start / total:.1%};inline-size:{length / total:.1%}"
        start += length
        yield el(
            "tr",
            el("th", bdi(who(step, outcome, reader)), _code(step, outcome, reader), scope="row"),
            el("td", _result(step)),
            el("td", bdi(str(len(step.attempts)) if step.attempts else "–")),
            el("td", bdi(reader.seconds(step.duration)), _waited(step, reader), class_="fk-time"),
            el("td", el("i", class_=f"fk-span fk-span-{step.verdict}", style=bar), class_="fk-bar", aria_hidden="true"),
        )


def _length(step: Step) -> float:
    return min(step.duration, 1e9) if step.duration > 0 else 0.0


def _code(step: Step, outcome: Outcome, reader: Reader) -> Child:
    return None if who(step, outcome, reader) == step.name else [" ", bdi(step.name, class_="fk-code")]


def _result(step: Step) -> str:
    match step.verdict:
        case "answered":
            return "answered"
        case "abstained":
            return "was not sure enough"
        case "skipped":
            return "was left out" if step.failure is None else clause(step.failure.kind)
        case "rejected":
            return "was turned down" if step.failure is None else clause(step.failure.kind)
        case "failed":
            return "gave no answer" if step.failure is None else clause(step.failure.kind)
        case _:
            assert_never(step.verdict)


def _waited(step: Step, reader: Reader) -> Child:
    waited = math.fsum(attempt.waited for attempt in step.attempts if math.isfinite(attempt.waited))
    return el("span", f"{reader.seconds(waited)} of it waiting", class_="fk-waited") if waited > 0 else None
