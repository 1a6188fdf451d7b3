"""Every fault, at every step, in every face: one call each, on a clock and a stage of its own."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from fallbackkit._faces import Protected
from fallbackkit._outcome import Outcome
from fallbackkit._runtime import drive
from fallbackkit._strategies.cache import Cache
from fallbackkit._strategies.escalate import Escalate
from fallbackkit._strategies.gate import ConfidenceGate
from fallbackkit._strategies.timeout import Deadline
from fallbackkit._strategies.validate import Validate
from fallbackkit.errors import FailureKind
from fallbackkit.testing._drill_faults import FAULTS, outage
from fallbackkit.testing._drill_report import Cell
from fallbackkit.testing._drill_stage import SAMPLE, Desk, Play, Stage
from fallbackkit.testing._drill_verdicts import NEVER, Ended, judge
from fallbackkit.testing._faults import Fault

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from fallbackkit.messages import Messages
    from fallbackkit.testing._drill_faults import DrillFault, Needs
    from fallbackkit.testing._drill_stage import Asked, Face, Part, Scores

__all__ = ["Matrix"]

_LONG = 1e6
_TIMEOUTS = frozenset({FailureKind.TIMEOUT_FIRST_BYTE, FailureKind.TIMEOUT_MID_STREAM})
_MISSING: dict[Needs, str] = {
    "gate": "no ConfidenceGate with a threshold",
    "form": "no Validate with a schema",
    "saved answer": "no Cache that gives answers past their time",
    "queue": "no Escalate",
}


class Matrix:
    """What to drill, and how.

    Args:
        asked: The wrapped function.
        args: What it is called with.
        kwargs: The same.
        limit: Seconds after which an answer is late, where the pipeline has no Deadline.
        actions: The ids of the actions that the page handles; None for all.
        locale: Of the words.
        messages: The application's own words.

    Attributes:
        parts: Every function that may be entered.
        steps: The ladder, by name.
        faces: In which ways the function can be asked.
        plays: What each part does when no fault strikes it, by its index.
    """

    def __init__(
        self,
        asked: Asked,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        limit: float = 30.0,
        actions: Collection[str] | None = None,
        locale: str = "en",
        messages: Messages | None = None,
    ) -> None:
        self.asked = asked
        self.args = args
        self.kwargs = kwargs
        self.limit = limit
        self.actions = actions
        self._scores: Scores = {}
        self._words = partial(Outcome.notice, locale=locale, messages=messages)
        self.name = asked._target.name  # noqa: SLF001 - it is the kit's own
        self.parts = Stage(asked, lambda _: Play(SAMPLE)).parts
        self.plays: dict[int, Play] = {part.index: Play(SAMPLE) for part in self.parts}
        names = {part.step: part.name for part in reversed(self.parts)}
        self.steps = tuple(names[step] for step in sorted(names))
        self.faces: tuple[Face, ...] = (
            ("sync", "async", "stream") if isinstance(asked, Protected) else ("async", "stream")
        )
        self._layers: dict[type, Any] = {type(each): each for each in asked.pipeline.strategies}
        deadline = self._layers.get(Deadline)
        self._deadline: float | None = None if deadline is None else deadline.seconds
        cache = self._layers.get(Cache)
        self._renews = cache is not None and cache.stale_while_revalidate > 0
        self._texts = tuple(each for each in [*args, *kwargs.values()] if isinstance(each, str))

    def cells(self, runner: asyncio.Runner) -> Iterator[Cell]:
        """All of them, fault by fault. ``runner`` is where async calls run."""
        last = len(self.steps) - 1
        for fault in FAULTS:
            if not self._has(fault.needs):
                continue
            for depth in range(last if fault.needs == "queue" else 0, last + 1):
                for face in self.faces:
                    if not fault.streamed or face == "stream" or self.parts[0].target.generates:
                        yield self._cell(fault, depth, face, runner)

    def left_out(self) -> tuple[str, ...]:
        """Which faults make no sense here, and why."""
        return tuple(
            f"{fault.kind}, {fault.text}: {_MISSING[fault.needs]}"
            for fault in FAULTS
            if fault.needs in _MISSING and not self._has(fault.needs)
        )

    def _has(self, needs: Needs | None) -> bool:
        layers = self._layers
        gate, validate, cache = layers.get(ConfidenceGate), layers.get(Validate), layers.get(Cache)
        has = {
            "gate": gate is not None and gate.threshold > 0,
            "form": validate is not None and validate.schema is not None,
            "saved answer": cache is not None and bool(cache.stale_if_error or cache.stale_while_revalidate),
            "queue": Escalate in layers,
        }
        return needs is None or has[needs.removeprefix("no ")] != needs.startswith("no ")

    def _cell(self, fault: DrillFault, depth: int, face: Face, runner: asyncio.Runner) -> Cell:
        desk = Desk(full=fault.needs == "queue")
        stage = Stage(self.asked, partial(self._play, fault, depth), face, desk, self._scores)
        if fault.needs == "saved answer":
            stage.save_an_answer(SAMPLE, self.args, self.kwargs)
        call = self._call(stage, face)
        ended = drive(call) if isinstance(stage.asked, Protected) else runner.run(call)
        outcome, notice = ended.outcome, ended.notice
        served = None if outcome is None else outcome.served_by
        return Cell(
            fault=fault.text,
            kind=fault.kind,
            struck=depth + 1,
            step=self.steps[depth],
            face=face,
            status=None if outcome is None else outcome.status,
            title="" if notice is None else notice.title,
            served_by=None if served is None else served.name,
            served_kind=None if served is None else served.kind,
            seconds=ended.seconds if ended.seconds < NEVER else None,
            attempts=tuple(stage.entries()),
            usage=None if outcome is None else outcome.usage,
            ticket=outcome is not None and outcome.ticket is not None,
            findings=judge(ended),
            notes=tuple(self._notes(ended, stage, depth)),
            outcome=outcome,
        )

    def _play(self, fault: DrillFault, depth: int, part: Part) -> Play:
        if part.step > depth:
            return self.plays[part.index]
        first = part.step == 0  # the layers that some faults are for stand around it
        fits = fault.needs not in {"gate", "form"} if not fault.streamed else part.target.generates
        strike = fault.play if first or fits else outage
        return Play(strike(self._texts[0] if self._texts else ""))

    async def _call(self, stage: Stage, face: Face) -> Ended:
        """Ask once. Never suspends where the function is a plain one."""
        asked, clock = stage.asked, stage.clock
        began = clock.now()
        outcome: Outcome | None = None
        error: BaseException | None = None
        try:
            if isinstance(asked, Protected):
                if face == "stream":
                    outcome = list(asked.stream(*self.args, **self.kwargs))[-1]
                else:
                    outcome = asked.outcome(*self.args, **self.kwargs)
            elif face == "stream":
                outcome = [each async for each in asked.stream(*self.args, **self.kwargs)][-1]
            else:
                outcome = await asked.outcome(*self.args, **self.kwargs)
        except (KeyboardInterrupt, GeneratorExit, asyncio.CancelledError):
            raise
        except BaseException as raised:  # noqa: BLE001 - that it may be anything is the point
            outcome, error = None, raised
        seconds = clock.now() - began
        if self._renews and isinstance(asked, Protected):
            clock.sleep(_LONG)  # what goes on beside the call comes to its end
        elif self._renews:
            await clock.asleep(_LONG)
        return Ended(
            outcome=outcome,
            notice=None if outcome is None else self._words(outcome),
            error=error,
            seconds=seconds,
            deadline=self._deadline,
            limit=self.limit,
            asked=self._texts,
            actions=self.actions,
        )

    def _notes(self, ended: Ended, stage: Stage, depth: int) -> Iterator[str]:
        if ended.outcome is None:
            return
        if ended.notice is not None and ended.notice.tone == "danger":
            yield "people see it in the colour of danger"
        for part in stage.parts:
            play = self.plays[part.index]
            if part.step <= depth or not play.takes or isinstance(play.value, Fault):
                continue
            for step in ended.outcome.trail:
                late = step.failure is not None and step.failure.kind in _TIMEOUTS
                if late and step.name == part.name and step.duration < play.takes:
                    yield (
                        f"`{part.name}` takes {play.takes:.2g} s, and was cut off after {step.duration:.2g} s; "
                        "give Fallback a larger `reserve`"
                    )
