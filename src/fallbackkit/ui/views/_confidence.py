from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, assert_never

from fallbackkit.ui.views._html import Child, bdi, el
from fallbackkit.ui.views._labels import count

if TYPE_CHECKING:
    from markupsafe import Markup

    from fallbackkit._outcome import Confidence
    from fallbackkit.ui.views._reader import Reader

__all__ = ["confidence"]


class _Rung(NamedTuple):
    word: str
    number: str
    segments: int
    shown: int


_VERY_LIKELY, _LIKELY, _EITHER_WAY = 0.9, 0.7, 0.4


def _rung(value: float, lower: float | None) -> _Rung:
    tenths = min(9, max(1, int(value * 10 + 0.5)))
    if (value if lower is None else lower) >= _VERY_LIKELY:
        return _Rung("Very likely right", "about 19 in 20", 4, 95)
    if value >= _LIKELY:
        return _Rung("Likely right", f"about {tenths} in 10", 3, tenths * 10)
    if value >= _EITHER_WAY:
        return _Rung("Could go either way", f"about {tenths} in 10", 2, tenths * 10)
    return _Rung("Probably wrong", "fewer than 4 in 10", 1, 40)


def confidence(value: Confidence, reader: Reader) -> Markup:
    """How sure we are: a number with its basis and sample, or words that say there is none."""
    measured = _measured(value, reader)
    word, basis = _words(value, measured, reader)
    segments = measured.segments if measured else 0
    return el(
        "div",
        el(
            "span",
            [el("i", class_="on" if index < segments else None) for index in range(4)],
            class_="fk-segments",
            role="meter" if measured else None,
            aria_label="Confidence" if measured else None,
            aria_valuemin=0 if measured else None,
            aria_valuemax=100 if measured else None,
            aria_valuenow=measured.shown if measured else None,
            aria_valuetext=f"{measured.word}, {measured.number}" if measured else None,
            hidden=measured is None,
        ),
        el("b", word, class_="fk-meter-word"),
        el("span", basis, class_="fk-meter-basis"),
        class_="fk-meter",
        data_basis=value.basis,
    )


def _measured(value: Confidence, reader: Reader) -> _Rung | None:
    if value.basis not in {"measured", "guaranteed"} or value.value is None or not value.n:
        return None
    return None if reader.passed(value.expires_at) else _rung(value.value, value.lower)


def _words(value: Confidence, measured: _Rung | None, reader: Reader) -> tuple[str, list[Child]]:
    if measured is not None:
        return f"{measured.word}, {measured.number}.", _basis(value, reader)
    match value.basis:
        case "measured" | "guaranteed":
            if reader.passed(value.expires_at) and value.expires_at is not None:
                return "Measurement out of date.", ["It ended on ", reader.date(value.expires_at), "."]
            return "Not measured.", ["The figure came without the number of cases behind it."]
        case "agreement":
            return "Not measured.", ["Several tries were compared. Agreeing is not the same as being right."]
        case "retrieval":
            return "Not measured.", ["The sources match your question. That is not the same as the answer being right."]
        case "model_said":
            return "Not measured.", ["The model rated itself, and nobody has checked how often it is right."]
        case "none":
            return "Not measured.", ["Nobody has checked how often answers like this one are right."]
        case _:
            assert_never(value.basis)


def _basis(value: Confidence, reader: Reader) -> list[Child]:
    cases = count(value.n or 0, "past case")
    on = [" (", bdi(value.measured_on), ")"] if value.measured_on else None
    when = [", last checked ", reader.date(value.measured_at)] if value.measured_at else None
    start = "Guaranteed on " if value.basis == "guaranteed" else "Measured on "
    promise = [" ", el("span", value.guarantee, dir="auto")] if value.guarantee else None
    return [start, bdi(cases), on, when, ".", promise]
