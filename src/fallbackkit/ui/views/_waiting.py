from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fallbackkit._text import Text
from fallbackkit.ui.views._choices import MOST, Choice, choice_label
from fallbackkit.ui.views._html import Child, bdi, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._pieces import Props, button, clock, component
from fallbackkit.ui.views._reader import For, Reader, zoned

if TYPE_CHECKING:
    from typing import Unpack

    from markupsafe import Markup

__all__ = ["Stage", "Waiting", "wait_progress", "waiting"]

_SILENT, _NAMED, _LATE = 1.0, 3.0, 10.0  # s: when it is acknowledged, when it has a name, when it is late
_MOST_NAMES, _MOST_SEGMENTS = 6, 24
_RUNNING = frozenset({"working", "queued"})
_DRAWINGS = {"queued": "queue", "cancelled": "stopped", "cancelling": "stopped", "done": "ok"}


class Stage(BaseModel):
    """One part of the work. ``name`` says what is being done, in the reader's language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text
    state: Literal["done", "current", "later"] = "later"


class Waiting(Props):
    """Work that is under way, and what may be expected of it.

    Attributes:
        started_at: When the person began to wait; without it, when it is first drawn.
        p50: Seconds within which half of such work was done, as measured.
        p90: Seconds within which 9 in 10 were; longer is "longer than usual".
        stages: What has to be done, in order, if that is known.
        position: Place in line, from 1, while ``queued``.
        size: How many are in that line.
        can_cancel: Whether it can be stopped, by its button or by Escape.
        can_background: Whether it can go on while the person does something else.
        offer_after: Seconds until ``alternatives`` are offered; None for ``p90``, or 10 where that is not known.
        alternatives: Other ways to an answer, at most five.
        undone: What did not happen because it was stopped, said when it is ``cancelled``.
        note: The same in the application's own words, which then stand instead.
        ended_at: When it was ``done``.

    Raises:
        ValueError: ``p50`` is above ``p90``, ``position`` is above ``size``, or there are too many alternatives.
    """

    state: Literal["working", "queued", "cancelling", "cancelled", "background", "done"] = "working"
    started_at: datetime | None = None
    p50: float | None = Field(default=None, gt=0)
    p90: float | None = Field(default=None, gt=0)
    stages: tuple[Stage, ...] = ()
    position: int | None = Field(default=None, ge=1)
    size: int | None = Field(default=None, ge=1)
    can_cancel: bool = True
    can_background: bool = False
    offer_after: float | None = Field(default=None, ge=0)
    alternatives: tuple[Choice, ...] = ()
    undone: Literal["sent", "changed", "saved"] | None = None
    note: Text | None = None
    ended_at: datetime | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Waiting:
        if self.p50 is not None and self.p90 is not None and self.p50 > self.p90:
            raise ValueError(f"`p50` must not be above `p90`, got {self.p50} and {self.p90}; are they exchanged?")
        if self.position is not None and self.size is not None and self.position > self.size:
            raise ValueError(
                f"`position` must not be above `size`, got {self.position} of {self.size};"
                " `size` counts everybody in line, this person too"
            )
        if len(self.alternatives) > MOST:
            raise ValueError(f"`alternatives` must be at most {MOST}, got {len(self.alternatives)}; leave some out")
        return self


@dataclass(frozen=True, slots=True)
class _Course:
    """What is on at this moment. The browser goes on from there by itself."""

    passed: float
    runs: bool

    def part(
        self, tag: str, *body: Child, since: float = 0, until: float = math.inf, on: bool = True, **more: object
    ) -> Markup:
        """An element that is there from one second of the wait to another."""
        timed = self.runs and on and (since > 0 or until < math.inf)
        return el(
            tag,
            *body,
            data_from=f"{since:g}" if timed else None,
            data_until=f"{until:g}" if timed and until < math.inf else None,
            hidden=not on or (self.runs and not since <= self.passed < until),
            **more,
        )


def wait_progress(value: Waiting | None, **reader: Unpack[For]) -> Markup:
    """What happens while people wait: nothing for a second, then in words, and other ways when it takes long.

    All of it is drawn at once, and the browser's own clock shows each part in its time. Raises ``stop`` (also
    by Escape), ``background``, ``retry``, and ``chosen`` with the id of an alternative as ``value``.

    Args:
        value: The work; None draws an empty place.
        **reader: See ``outcome_card``.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> now = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
        >>> late = Waiting(started_at=now - timedelta(seconds=14), p50=4, p90=9)
        >>> "Taking longer than usual (" in wait_progress(late, now=now)
        True
    """
    given = Reader(**reader)
    ended = value is not None and value.state not in _RUNNING
    live = el("span", _title(value, given), " ", _note(value, given)).striptags() if value and ended else ""
    return component(
        "wait-progress",
        waiting(value, given),
        reader=given,
        live=live,
        rail="working" if value is None or value.state in _RUNNING | {"cancelling", "background"} else "none",
        data_id=value.id if value else None,
    )


def waiting(value: Waiting | None, reader: Reader) -> Markup:
    """The work as it stands, with every part that its clock may still show."""
    work = value or Waiting(id="", can_cancel=False)
    course = _Course(passed=_passed(work, reader), runs=work.state in _RUNNING and value is not None)
    return el(
        "div",
        course.part(
            "div",
            icon(_DRAWINGS.get(work.state, "waiting")),
            el("div", _head(work, course, reader), _notes(work, course, reader), class_="fk-wait-words"),
            class_="fk-wait-line",
            since=_SILENT,
        ),
        _bar(work, course, reader),
        _names(work, course),
        _buttons(work, course, reader),
        class_="fk-card fk-wait",
        aria_busy="true" if value and work.state in _RUNNING | {"cancelling"} else "false",
        hidden=value is None,
    )


def _passed(work: Waiting, reader: Reader) -> float:
    if work.started_at is None or reader.now is None:
        return 0.0
    return max(0.0, (zoned(reader.now) - zoned(work.started_at)).total_seconds())


def _stage(work: Waiting) -> tuple[int, Stage | None]:
    """The number of the stage that is under way, from 1, and the stage."""
    for number, stage in enumerate(work.stages, start=1):
        if stage.state == "current":
            return number, stage
    done = sum(stage.state == "done" for stage in work.stages)
    return min(done + 1, len(work.stages)), None


def _late(work: Waiting) -> float:
    if work.state == "queued":
        return math.inf
    return work.p90 or _LATE


def _offered(work: Waiting) -> float:
    return work.offer_after if work.offer_after is not None else (work.p90 or _LATE)


def _head(work: Waiting, course: _Course, reader: Reader) -> Markup:
    """The one line that says what is going on; which one, the clock decides."""
    queued, late = work.state == "queued", _late(work)
    works = course.runs and not queued
    shown, told = _line(work, reader)
    acknowledged, slow = reader.text("ui.wait.acknowledged"), "slow" if work.p90 else "late"
    said = reader.text(f"ui.wait.{slow}_said")
    named = works and _stage(work)[1] is not None
    return el(
        "p",
        course.part("span", acknowledged, since=_SILENT, until=_NAMED, on=works, data_tell=acknowledged),
        course.part("span", shown, since=_SILENT if queued else _NAMED, until=late, on=course.runs, data_tell=told),
        course.part("span", _elapsed(f"ui.wait.{slow}", work, course, reader), since=late, on=works, data_tell=said),
        course.part("span", _title(work, reader), on=not course.runs),
        course.part("span", _step(work, reader), since=_NAMED, on=named, class_="fk-wait-step"),
        class_="fk-wait-title",
    )


def _line(work: Waiting, reader: Reader) -> tuple[Child, str]:
    """What is going on, to see and to hear."""
    _, stage = _stage(work)
    if work.state == "queued":
        return _place(work, reader), _place(work, reader)
    if stage is None:
        return reader.say("ui.wait.working"), reader.text("ui.wait.working")
    return bdi(stage.name), reader.text("ui.wait.stepped", step=_step(work, reader), name=stage.name)


def _step(work: Waiting, reader: Reader) -> str:
    number, _ = _stage(work)
    return reader.text("ui.wait.step", now=reader.number(number), all=reader.number(len(work.stages)))


def _elapsed(key: str, work: Waiting, course: _Course, reader: Reader) -> Child:
    """A line that counts, while something runs."""
    if not course.runs:
        return None
    started = zoned(work.started_at).isoformat() if work.started_at else None
    return reader.say(key, elapsed=clock("up", course.passed, reader.span(course.passed), data_at=started))


def _notes(work: Waiting, course: _Course, reader: Reader) -> Markup:
    usual = _usual(work, reader)
    offer = reader.say("ui.wait.offer", ways=_ways(work, reader))
    return el(
        "p",
        course.part("span", reader.say("ui.wait.queued.note"), on=work.state == "queued"),
        course.part("span", " ", usual, since=_NAMED, on=bool(usual) and course.runs),
        course.part("span", " ", offer, since=_offered(work), on=course.runs, data_tell=offer.striptags()),
        course.part("span", _note(work, reader), on=not course.runs),
        class_="fk-wait-note",
    )


def _title(value: Waiting | None, reader: Reader) -> Markup:
    """How it ended, or that it goes on elsewhere."""
    if value is None or value.state in _RUNNING:
        return el("span")
    if value.state == "done" and value.started_at and value.ended_at:
        took = max(1.0, (zoned(value.ended_at) - zoned(value.started_at)).total_seconds())
        return reader.say("ui.wait.done_after", span=reader.span(took))
    key = f"ui.wait.{value.state}.title"
    return reader.say(key) if reader.knows(key) else reader.say("ui.wait.newer", state=value.state)


def _note(value: Waiting | None, reader: Reader) -> Child:
    if value is None:
        return None
    if value.note:
        return bdi(value.note)
    key = f"ui.wait.{value.state}.{value.undone or 'note'}"
    key = key if reader.knows(key) else f"ui.wait.{value.state}.note"
    return reader.say(key) if reader.knows(key) else None


def _place(work: Waiting, reader: Reader) -> str:
    if work.position is None:
        return reader.text("ui.wait.queued.some")
    if work.position == 1:
        return reader.text("ui.wait.queued.next")
    place = reader.number(work.position)
    if work.size is None:
        return reader.text("ui.wait.queued.place", place=place)
    return reader.text("ui.wait.queued.place_of", place=place, size=reader.number(work.size))


def _usual(work: Waiting, reader: Reader) -> Child:
    """From the middle to the ninth of ten, in one unit; no more than was measured."""
    if work.p90 is None:
        return reader.say("ui.wait.usual_about", span=reader.span(work.p50)) if work.p50 else None
    if work.p50 is None:
        return reader.say("ui.wait.usual_most", span=reader.span(work.p90))
    return reader.say("ui.wait.usual", span=reader.between(work.p50, work.p90))


def _ways(work: Waiting, reader: Reader) -> list[Child]:
    """What the person can do, as the end of a sentence."""
    kinds = [each.kind for each in _open(work) if each.kind not in {"wait", "other"}]
    ways: list[str] = ["wait", *dict.fromkeys(kinds if reader.offers("chosen") else [])]
    if work.can_background and reader.offers("background"):
        ways.append("background")
    if work.can_cancel and reader.offers("stop"):
        ways.append("stop")
    return reader.listed([reader.say(f"ui.wait.way.{way}") for way in ways], either=True)


def _open(work: Waiting) -> list[Choice]:
    return [each for each in work.alternatives if each.available]


def _bar(work: Waiting, course: _Course, reader: Reader) -> Markup:
    """How far it is, in stages; without them only that it goes on. Never a share of time that nobody knows."""
    known = bool(work.stages)
    total, done = len(work.stages), sum(each.state == "done" for each in work.stages)
    marks: Child = el("i", class_="fk-wait-on")
    if known and total <= _MOST_SEGMENTS:
        marks = [el("i", class_=f"fk-wait-{each.state}") for each in work.stages]
    elif known:
        marks = el("i", class_="fk-wait-done", style=f"inline-size:{done / total:.1%}")
    return course.part(
        "div",
        marks,
        since=_NAMED,
        on=work.state in {"working", "background", "cancelling"},
        class_="fk-wait-bar",
        role="progressbar",
        aria_label=reader.text("ui.wait.progress"),
        aria_valuemin=0 if known else None,
        aria_valuemax=total if known else None,
        aria_valuenow=done if known else None,
        aria_valuetext=_line(work, reader)[1] if known and _stage(work)[1] else _step(work, reader) if known else None,
    )


def _names(work: Waiting, course: _Course) -> Markup:
    shown = len(work.stages) <= _MOST_NAMES
    return course.part(
        "ol",
        [
            el("li", bdi(stage.name), class_=f"fk-wait-name fk-wait-{stage.state}", aria_current=_current(stage))
            for stage in work.stages
        ]
        if shown
        else None,
        since=_NAMED,
        on=shown and bool(work.stages) and work.state == "working",
        class_="fk-wait-names",
        role="list",
    )


def _current(stage: Stage) -> str | None:
    return "step" if stage.state == "current" else None


def _buttons(work: Waiting, course: _Course, reader: Reader) -> Markup:
    """Stop stands first, so that what comes later does not move it from under the finger."""
    stops = work.can_cancel and work.state in _RUNNING | {"background"} and reader.offers("stop")
    moves = work.can_background and work.state in _RUNNING and reader.offers("background")
    again = work.state == "cancelled" and reader.offers("retry")
    others = _open(work) if course.runs and reader.offers("chosen") else []
    return course.part(
        "div",
        button(
            "stop",
            reader.say("actions.stop"),
            el("span", reader.say("ui.wait.escape"), class_="fk-code", aria_hidden="true"),
            shown=stops,
            data_escape="page" if stops else None,
            aria_keyshortcuts="Escape",
        ),
        button("background", reader.say("ui.wait.to_background"), shown=moves),
        button("retry", reader.say("ui.wait.again"), shown=again),
        course.part(
            "div",
            [button("chosen", bdi(choice_label(each, reader)), data_value=each.id) for each in others],
            since=_offered(work),
            on=bool(others),
            class_="fk-actions-usual",
        ),
        since=_SILENT,
        on=bool(stops or moves or again or others),
        class_="fk-actions",
    )
