from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from fallbackkit._outcome import Confidence, Outcome, trusting
from fallbackkit.ui.views._html import Child, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._ladder import Figure, standing
from fallbackkit.ui.views._pieces import Props, button, buttons, component, disclosure, facts
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Unpack

    from markupsafe import Markup

    from fallbackkit.ui.views._pieces import Rail

__all__ = ["Certainty", "certainty", "confidence", "confidence_meter", "told"]

State = Literal["shown", "computing", "hidden", "absent"]

_SHORT = 2_000  # characters; more is drawn anew, as what is remembered stays in memory
_WHOLE = frozenset({"answered", "degraded", "low_confidence", "reviewed"})
_ON_THE_WAY = frozenset({"working", "streaming"})
_DRAWINGS = {"expired": "waiting", "unlike": "attention", "computing": "waiting", "hidden": "lock", "absent": "blank"}


class Certainty(Props):
    """How sure an answer is.

    Attributes:
        confidence: What was measured. A rate is shown as a number from 10 cases on, and as a range where the
            interval (yours or Wilson's, the wider one) does not tell tenths apart.
        state: ``computing`` until it is known; ``hidden`` where a rule of the house keeps it from people;
            ``absent`` where there is no whole answer.
        override: What the person said of the answer.
    """

    confidence: Confidence = Confidence()
    state: State = "shown"
    override: Literal["right", "wrong"] | None = None

    @classmethod
    def of(cls, given: Outcome | Confidence, *, override: Literal["right", "wrong"] | None = None) -> Certainty:
        """That of an outcome, or of a confidence alone. An answer that is not whole has none."""
        if isinstance(given, Confidence):
            return cls(confidence=given, override=override)
        if given.status in _ON_THE_WAY:
            return cls(id=given.id, state="computing")
        if given.status not in _WHOLE or given.answer is None:
            return cls(id=given.id, state="absent")
        return cls(id=given.id, confidence=given.confidence, override=override)


def confidence_meter(value: Certainty | Outcome | Confidence | None, **reader: Unpack[For]) -> Markup:
    """How sure we are: a number only with its basis and sample, or words that say why there is none.

    Args:
        value: What to show; None shows that there is nothing to be sure of yet.
        **reader: See ``outcome_card``.

    Returns:
        HTML, escaped. Its buttons raise ``verify_requested``, ``override`` (with the value ``right`` or ``wrong``),
        ``override_withdrawn`` and ``explain_opened``.

    Example:
        >>> from fallbackkit import Confidence
        >>> "about 8 in 10" in confidence_meter(Confidence(value=0.82, basis="measured", n=412)).striptags()
        True
    """
    given = Reader(**reader)
    shown = value if isinstance(value, Certainty) else None if value is None else Certainty.of(value)
    return component(
        "confidence-meter",
        el("div", certainty(shown or _ABSENT, given), class_="fk-card"),
        reader=given,
        live=_spoken(shown, given),
        rail=_rail(shown or _ABSENT, given),
        data_id=shown.id if shown else None,
    )


def certainty(value: Certainty, reader: Reader) -> list[Markup]:
    """The meter, what the person said of the answer, and what they can do about it."""
    return [
        confidence(value.confidence, reader, state=value.state),
        el("p", _said(value, reader), class_="fk-meter-said", hidden=value.override is None),
        _actions(value, reader),
    ]


def confidence(value: Confidence, reader: Reader, *, state: State = "shown") -> Markup:
    """The meter: segments, word, number and basis, and what speaks for and against."""
    found: Figure | str = standing(value, reader) if state == "shown" else state
    seen = {**vars(value), "value": None, "upper": None}  # the rest is only seen by its figure: many look the same
    if value.basis != "guaranteed":
        seen["lower"] = None
    shown = _made(seen)
    draw = _remembered if _length(value) < _SHORT else _drawn
    return draw(shown, found, state, reader.on_the_day)


_made = trusting(Confidence)


def _length(value: Confidence) -> int:
    texts = (value.measured_on or "", value.guarantee or "", *value.raised, *value.lowered)
    return sum(map(len, texts))


def _drawn(value: Confidence, found: Figure | str, state: State, reader: Reader) -> Markup:
    figure = found if isinstance(found, Figure) else None
    line = _line(found, reader)
    return el(
        "div",
        _segments(figure, line, reader),
        el("span", icon(_DRAWINGS.get(str(found), "unknown")), class_="fk-meter-icon", hidden=figure is not None),
        *_told(value, found, line, reader),
        disclosure(
            "drivers",
            reader.say("ui.confidence.drivers"),
            _drivers(value, figure, reader),
            shown=state == "shown" and (bool(value.raised or value.lowered) or _ends(value, figure)),
            opened="explain_opened",
        ),
        class_="fk-meter",
        data_basis=value.basis,
        data_rough=figure is not None and figure.form == "range",
    )


_remembered = lru_cache(maxsize=256)(_drawn)


def told(value: Confidence, reader: Reader) -> list[Markup]:
    """Word, number and basis, without the meter."""
    found = standing(value, reader)
    return _told(value, found, _line(found, reader), reader)


def _told(value: Confidence, found: Figure | str, line: Markup, reader: Reader) -> list[Markup]:
    basis = _basis(value, reader) if isinstance(found, Figure) else [_why(value, found, reader)]
    return [el("b", line, class_="fk-meter-word"), el("span", basis, class_="fk-meter-basis")]


def _segments(figure: Figure | None, line: Markup, reader: Reader) -> Markup:
    filled = figure.segments if figure else 0
    return el(
        "span",
        [el("i", class_="on" if index < filled else None) for index in range(4)],
        class_="fk-segments",
        role="meter" if figure else None,
        aria_label=reader.text("ui.confidence.name") if figure else None,
        aria_valuemin=0 if figure else None,
        aria_valuemax=100 if figure else None,
        aria_valuenow=figure.percent if figure else None,
        aria_valuetext=line.striptags() if figure else None,
        hidden=figure is None,
    )


def _line(found: Figure | str, reader: Reader) -> Markup:
    if not isinstance(found, Figure):
        return reader.say("ui.confidence.alone", word=_word(found, reader))
    return reader.say("ui.confidence.line", word=_word(found.word, reader), number=_number(found, reader))


def _word(name: str, reader: Reader) -> Markup:
    key = f"ui.confidence.word.{name}"
    return reader.say(key if reader.knows(key) else "ui.confidence.word.not_measured")


def _number(figure: Figure, reader: Reader) -> Markup:
    if figure.form == "range":
        return reader.say("ui.confidence.range", low=reader.number(figure.low), high=reader.number(figure.high))
    return reader.say(f"ui.confidence.{figure.form}", figure.low if figure.form == "about" else None)


def _why(value: Confidence, found: str, reader: Reader) -> Markup:
    """Why there is no number."""
    if found == "few":
        return reader.say("ui.confidence.few", value.n)
    if found == "expired" and value.expires_at is not None:
        return reader.say("ui.confidence.why.expired", day=reader.date(value.expires_at))
    if found == "unlike":
        return reader.say("ui.confidence.why.unlike", cases=_cases(value, reader))
    key = f"ui.confidence.why.{found}"
    return reader.say(key if reader.knows(key) else "ui.confidence.why.unknown")


def _basis(value: Confidence, reader: Reader) -> list[Child]:
    cases = _cases(value, reader)
    if value.measured_at is None:
        measured = reader.say("ui.confidence.measured", cases=cases)
    else:
        measured = reader.say("ui.confidence.dated", cases=cases, day=reader.date(value.measured_at))
    return [measured, *_guarantee(value, reader)]


def _cases(value: Confidence, reader: Reader) -> Markup:
    cases = reader.say("ui.confidence.cases", value.n)
    return reader.say("ui.confidence.on", cases=cases, on=value.measured_on) if value.measured_on else cases


def _guarantee(value: Confidence, reader: Reader) -> list[Child]:
    if value.basis != "guaranteed":
        return []
    if value.guarantee:
        return [" ", reader.say("ui.confidence.guarantee", text=el("span", value.guarantee, dir="auto"))]
    tenths = int((value.lower or 0) * 10 + 1e-9)  # a promise is rounded down
    return [" ", reader.say("ui.confidence.at_least", tenths)] if tenths else []


def _ends(value: Confidence, figure: Figure | None) -> bool:
    return figure is not None and value.expires_at is not None


def _drivers(value: Confidence, figure: Figure | None, reader: Reader) -> list[Child]:
    until = reader.date(value.expires_at) if value.expires_at is not None and figure is not None else None
    return [
        facts([(reader.say("ui.confidence.until"), until)]),
        _listed(reader.say("ui.confidence.raised"), value.raised, "raised"),
        _listed(reader.say("ui.confidence.lowered"), value.lowered, "lowered"),
    ]


def _listed(title: Child, items: Iterable[str], sign: str) -> Markup | None:
    lines = [el("li", item, dir="auto") for item in items]
    return el("div", el("b", title), el("ul", lines, role="list"), class_=f"fk-drivers fk-{sign}") if lines else None


def _said(value: Certainty, reader: Reader) -> Markup | None:
    return reader.say(f"ui.confidence.said_{value.override}") if value.override in {"right", "wrong"} else None


def _actions(value: Certainty, reader: Reader) -> Markup:
    verify, override = (reader.offers(action) for action in ("verify_requested", "override"))
    shown = value.state == "shown"
    return buttons(
        button("verify_requested", reader.say("ui.confidence.verify"), shown=verify),
        buttons(*(_verdict(each, value, reader) for each in ("right", "wrong")), shown=override),
        shown=shown and (verify or override),
    )


def _verdict(verdict: str, value: Certainty, reader: Reader) -> Markup:
    return button(
        "override",
        reader.say(f"ui.confidence.{verdict}"),
        look="quiet",
        data_value=verdict,
        data_group="override",
        data_off="override_withdrawn",
        aria_pressed="true" if value.override == verdict else "false",
    )


def _spoken(value: Certainty | None, reader: Reader) -> str:
    if value is None or value.state == "absent":
        return ""
    if (said := _said(value, reader)) is not None:
        return said.striptags()
    found = standing(value.confidence, reader) if value.state == "shown" else value.state
    return _line(found, reader).striptags()


def _rail(value: Certainty, reader: Reader) -> Rail:
    if value.state == "computing":
        return "working"
    if value.state != "shown":
        return "none"
    return "live" if isinstance(standing(value.confidence, reader), Figure) else "unsure"


_ABSENT = Certainty(id="", state="absent")
