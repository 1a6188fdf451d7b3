from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from fallbackkit._outcome import Outcome, trusting
from fallbackkit.ui.views._html import HOLE, Child, Shape, bdi, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._pieces import component
from fallbackkit.ui.views._reader import For, Reader
from fallbackkit.ui.views._spans import SHORTEST, Span, Spans

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from markupsafe import Markup

    from fallbackkit.messages import Messages

__all__ = ["latency_waterfall", "waterfall"]

_MOST_PARTS = 5
_FEW = 10
_WHOLE_SECONDS = 59.9  # s: from here on, a time is read in whole ones
_FAILED = frozenset({"failed", "rejected"})
_NAMED = frozenset({"person", "other"})


_NOTHING = Spans(id="")


def latency_waterfall(value: Spans | Outcome | None, **reader: Unpack[For]) -> Markup:
    """Where the time of one call went: a sentence, and a table with a bar a row.

    Args:
        value: What took time; of an Outcome, its trail. None says that nothing was called yet.
        **reader: See ``outcome_card``.

    Example:
        >>> "waiting" in latency_waterfall(Spans(spans=(Span(kind="backoff", duration=1.0),)))
        True
    """
    given = Reader(**reader)
    spans = Spans.of(value) if isinstance(value, Outcome) else value
    live = spans is not None and spans.state == "live"
    over = spans is not None and spans.over > 0
    return component(
        "latency-waterfall",
        el("div", waterfall(spans, given), class_="fk-card"),
        reader=given,
        live=_told(spans, given).striptags() if spans is not None and not live else "",
        rail="working" if live else "stopped" if over else "none",
        tone="attention" if over else "neutral",
        data_status="empty" if spans is None else "over_budget" if over and not live else spans.state,
        data_id=spans.id if spans is not None else None,
    )


def waterfall(value: Spans | None, reader: Reader) -> Markup:
    """The sentence and the table, for other components; remembered, as a card is drawn again and again."""
    if value is None or len(value.spans) > _FEW:
        return _waterfall(value, reader)
    return _remembered(_as_shown(value), reader.timeless)


def _as_shown(spans: Spans) -> Spans:
    """With times as they are read, if that looks the same: most calls are one step, and look like others."""
    if len(spans.spans) != 1 or spans.budget is not None:
        return spans
    if spans.took < SHORTEST or _scale(spans) >= _WHOLE_SECONDS:
        return spans
    (span,) = spans.spans
    near = _span({**vars(span), "start": round(span.start, 1), "duration": round(span.duration, 1)})
    look = _spans({**vars(spans), "id": "", "spans": (near,), "total": round(spans.took, 1)})
    return look if _bar(near, _scale(look)) == _bar(span, _scale(spans)) else spans


_span, _spans = trusting(Span), trusting(Spans)


def _waterfall(value: Spans | None, reader: Reader) -> Markup:
    shown = value if value is not None else _NOTHING
    over = shown.over > 0
    limits = _limits(shown, reader)
    return el(
        "div",
        el("p", _summary(shown, reader) if value is not None else reader.say("ui.waterfall.empty")),
        el("p", icon("attention"), _over(shown, reader) if over else None, class_="fk-wf-over", hidden=not over),
        el("p", limits, class_="fk-wf-limits", hidden=not limits),
        el(
            "div",
            _table(shown, reader) if shown.spans else None,
            class_="fk-scroll",
            tabindex="0",
            role="group",
            aria_label=reader.text("ui.waterfall.region"),
            hidden=not shown.spans,
        ),
        class_="fk-waterfall",
    )


_remembered = lru_cache(maxsize=512)(_waterfall)


# In words


def _told(spans: Spans, reader: Reader) -> Markup:
    """What is read out: it stays the same until the call changes."""
    return el("span", _summary(spans, reader), [" ", _over(spans, reader)] if spans.over > 0 else None)


def _summary(spans: Spans, reader: Reader) -> Markup:
    live = "_live" if spans.state == "live" else ""
    total = reader.seconds(spans.took)
    parts = _parts(spans.spans, reader)
    if not parts:
        return reader.say(f"ui.waterfall.bare{live}", total=total)
    return reader.say(f"ui.waterfall.sum{live}", total=total, parts=el("span", reader.listed(parts)))


def _parts(spans: Sequence[Span], reader: Reader) -> list[Markup]:
    """What took the time, each once, as it first came up; of very many, the longest."""
    took: dict[str | None, list[float]] = {}
    for span in spans:
        if span.outcome != "skipped":
            name = None if span.outcome in _FAILED else _who(span, reader)
            took.setdefault(name, []).append(span.duration)
    longest = sorted(took, key=lambda name: (name is not None, -math.fsum(took[name])))[:_MOST_PARTS]
    told = {name: each for name, each in took.items() if name in longest}
    rest = [math.fsum(each) for name, each in took.items() if name not in told]
    if rest:
        told.setdefault(reader.text("ui.waterfall.kinds.other"), []).extend(rest)
    return [_part(name, each, reader) for name, each in told.items()]


def _part(name: str | None, durations: Sequence[float], reader: Reader) -> Markup:
    time = reader.seconds(math.fsum(durations))
    if name is None:
        return reader.say("ui.waterfall.failed", len(durations), time=time)
    return reader.say("ui.waterfall.part", name=name, time=time)


def _over(spans: Spans, reader: Reader) -> Markup:
    budget = reader.seconds(spans.budget or 0.0)
    return reader.say("ui.waterfall.over", over=reader.seconds(spans.over), budget=budget)


def _limits(spans: Spans, reader: Reader) -> list[Child]:
    said: list[Child] = []
    if spans.state == "truncated":
        said += [reader.say("ui.waterfall.truncated"), " "]
    if spans.budget is not None and not spans.over:
        said += [reader.say("ui.waterfall.within", budget=reader.seconds(spans.budget)), " "]
    if spans.p50 is not None:
        said += [reader.say("ui.waterfall.usual", p50=reader.seconds(spans.p50))]
    return said


def _who(span: Span, reader: Reader) -> str:
    """Who or what took the time, as people call it."""
    if span.by is None or span.by in _NAMED:
        person = reader.text("ui.who.somebody") if span.by == "person" else None
        return span.name or person or _word("kinds", span.kind, reader)
    key = f"ui.who.{span.by}"
    return reader.text(key) if reader.knows(key) else span.name or str(span.by)


def _word(group: str, value: str, reader: Reader) -> str:
    """A word of ours, or, for what a newer version says, the word itself."""
    key = f"ui.waterfall.{group}.{value}"
    return reader.text(key) if reader.knows(key) else str(value)


def _result(span: Span, reader: Reader) -> Child:
    if span.failure is not None and reader.knows(f"kinds.{span.failure}.clause"):
        return reader.say(f"kinds.{span.failure}.clause")
    return None if span.outcome == "done" else _word("results", span.outcome, reader)


# The table


def _table(spans: Spans, reader: Reader) -> Markup:
    scale = _scale(spans)
    limit = spans.budget / scale if spans.budget is not None and spans.over > 0 else None
    return _headed(reader.messages, reader.locale)([_row(span, scale, limit, reader) for span in spans.spans])


def _scale(spans: Spans) -> float:
    """Seconds that the bars are parts of."""
    return max([spans.took, *[span.start + span.duration for span in spans.spans]]) or 1.0


def _bar(span: Span, scale: float) -> str:
    return f"margin-inline-start:{span.start / scale:.1%};inline-size:{span.duration / scale:.1%}"


@lru_cache(maxsize=64)
def _headed(messages: Messages | None, locale: str) -> Shape:
    """The table in these words, without its rows."""
    reader = Reader(messages=messages, locale=locale)
    heads = [
        el("th", reader.say(f"ui.waterfall.{name}"), scope="col", class_=look)
        for name, look in (("step", None), ("result", None), ("start", "fk-wf-time"), ("took", "fk-wf-time"))
    ]
    return Shape(
        el(
            "table",
            el("caption", reader.say("ui.waterfall.caption"), class_="fk-sr"),
            el("thead", el("tr", heads, el("td", class_="fk-wf-bar", aria_hidden="true"))),
            el("tbody", HOLE),
            class_="fk-steps-table",
        )
    )


def _row(span: Span, scale: float, limit: float | None, reader: Reader) -> Markup:
    skipped = span.outcome == "skipped"
    return _shape(_look(span), skipped=skipped)(
        _name(span, reader),
        _result(span, reader),
        "" if skipped else _since(span.start, reader),
        "" if skipped else reader.seconds(span.duration),
        _bar(span, scale),
        el("i", class_="fk-wf-mark", style=f"margin-inline-start:{limit:.1%}") if limit is not None else None,
    )


@lru_cache(maxsize=128)
def _shape(look: str, *, skipped: bool) -> Shape:
    time = el("td", el("bdi", HOLE), class_="fk-wf-time")
    bar = el("i", class_=f"fk-wf-span {look}", style=HOLE, hidden=skipped)
    return Shape(
        el(
            "tr",
            el("th", HOLE, scope="row"),
            el("td", HOLE),
            time,
            time,
            el("td", bar, HOLE, class_="fk-wf-bar", aria_hidden="true"),
        )
    )


def _name(span: Span, reader: Reader) -> list[Child]:
    who = _who(span, reader)
    called: Child = bdi(who)
    if span.number is not None:
        called = reader.say("ui.waterfall.try", name=who, number=reader.number(span.number))
    code = span.name if span.name not in {"", who} and span.number in {None, 1} else None
    return [called, [" ", bdi(code, class_="fk-code")] if code else None]


def _since(seconds: float, reader: Reader) -> str:
    return reader.seconds(seconds) if seconds >= SHORTEST else reader.text("ui.time.seconds", s=reader.number(0, 1))


def _look(span: Span) -> str:
    if span.outcome in _FAILED | {"abstained"}:
        return f"fk-wf-span-{span.outcome}"
    return f"fk-wf-span-{'person' if span.by == 'person' else span.kind}"
