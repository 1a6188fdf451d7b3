from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from fallbackkit.ui.views._html import Child, bdi, el
from fallbackkit.ui.views._pieces import button, disclosure, facts
from fallbackkit.ui.views._spans import Spans
from fallbackkit.ui.views._waterfall import waterfall

if TYPE_CHECKING:
    from markupsafe import Markup

    from fallbackkit._outcome import Outcome
    from fallbackkit.ui.views._reader import Reader

__all__ = ["trail"]


def trail(outcome: Outcome | None, reader: Reader) -> Markup:
    """What the system did, step by step, and the reference to read out to support."""
    if outcome is not None and outcome.status in {"working", "streaming"}:
        outcome = None
    reference = outcome.failure.reference if outcome and outcome.failure else None
    shown = outcome is not None and bool(outcome.trail or reference)
    return el(
        "div",
        disclosure(
            "trail",
            _label(outcome, reader) if outcome and shown else None,
            waterfall(Spans.of(outcome), reader) if outcome and outcome.trail else None,
            _facts(outcome, reference, reader) if outcome and shown else None,
            shown=shown,
        ),
        class_="fk-trail",
        hidden=not shown,
    )


def _label(outcome: Outcome, reader: Reader) -> Markup:
    if not outcome.trail:
        return reader.say("ui.trail.details")
    return _extent(len(outcome.trail), reader.seconds(outcome.duration), reader.timeless)


@lru_cache(maxsize=512)
def _extent(steps: int, time: str, reader: Reader) -> Markup:
    return reader.say("ui.trail.label", extent=el("bdi", reader.say("ui.trail.extent", steps, time=time)))


def _facts(outcome: Outcome, reference: str | None, reader: Reader) -> Markup:
    ended = reader.time(outcome.created_at) if outcome.created_at else None
    return facts(
        [
            (reader.say("ui.facts.reference"), _reference(reference, reader) if reference else None),
            (reader.say("ui.facts.ended"), ended),
        ]
    )


def _reference(reference: str, reader: Reader) -> list[Child]:
    copy = button(
        "copy_reference",
        reader.say("ui.copy.action"),
        look="small",
        aria_label=reader.text("ui.copy.reference"),
        data_copy=reference,
        data_copied=reader.text("ui.copy.done"),
        data_select=reader.text("ui.copy.by_hand"),
    )
    return [bdi(reference, class_="fk-code"), " ", copy]
