"""A wrapped function once more, with scripts in place of all that it calls: nothing of the original is touched."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from fallbackkit._faces import AsyncProtected, Protected
from fallbackkit._outcome import Answer, Ticket
from fallbackkit._pipeline import Pipeline
from fallbackkit._rung import Rung
from fallbackkit._runtime import Target
from fallbackkit._strategies.cache import Cache
from fallbackkit._strategies.escalate import Escalate
from fallbackkit._strategies.fallback import Fallback
from fallbackkit._strategies.gate import ConfidenceGate
from fallbackkit._strategies.route import Route
from fallbackkit.errors import QueueFull
from fallbackkit.providers._look import look
from fallbackkit.testing._clock import FakeClock
from fallbackkit.testing._drill_faults import BAD_ANSWERS
from fallbackkit.testing._script import Script

if TYPE_CHECKING:
    from collections.abc import Callable

    from fallbackkit._budget import RetryBudget
    from fallbackkit._outcome import StepKind
    from fallbackkit._runtime import Strategy
    from fallbackkit.review import ReviewRequest

__all__ = ["SAMPLE", "Asked", "Desk", "Face", "Part", "Play", "Stage", "wrapped"]

Asked = Protected[..., Any] | AsyncProtected[..., Any]
Face = Literal["sync", "async", "stream"]
Scores: TypeAlias = "dict[tuple[Callable[[Answer], float | None], str], float | None]"

SAMPLE = Answer(text="A sample answer.", score=1.0)
"""What is said in place of an answer that nobody knows."""

_OPTIONS = [name for name, each in signature(Pipeline).parameters.items() if each.kind is Parameter.KEYWORD_ONLY]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the functions that may be entered.

    Attributes:
        step: Its place on the ladder, from 0. The targets of a Route stand beside the function that they replace.
        name: As the trail names it.
        pipeline: The original that it stands in.
    """

    index: int
    step: int
    name: str
    kind: StepKind
    target: Target
    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class Play:
    """What a part does when it is entered, and the seconds that it takes if it is an answer."""

    value: Any
    takes: float = 0.0


class Desk:
    """The people's queue: takes what comes, or is full."""

    def __init__(self, *, full: bool = False) -> None:
        self.full = full

    def enqueue(self, request: ReviewRequest) -> Ticket:
        if self.full:
            raise QueueFull("the review queue is full")
        return Ticket(id=f"drill{request.outcome_id or ''}", position=1)


class Stage:
    """One rebuilt function, for one call.

    Args:
        asked: What to rebuild.
        plays: Says what each part does.
        face: Which runtime it is for.
        desk: In place of every review queue.
        scores: What the gates' own functions said of which text, for the next stage.

    Attributes:
        asked: The rebuilt function.
        parts: All that may be entered, in order.
        scripts: What stands in place of each.
    """

    def __init__(
        self,
        asked: Asked,
        plays: Callable[[Part], Play],
        face: Face = "sync",
        desk: Desk | None = None,
        scores: Scores | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.parts: list[Part] = []
        self.scripts: list[Script] = []
        self._plays = plays
        self._desk = desk or Desk()
        self._scores = {} if scores is None else scores
        self._steps = 0
        self._made: dict[int, Any] = {}
        pipeline, target = self._wrapped(asked, 0, asked._target.name, "model")  # noqa: SLF001 - it is the kit's own
        plain = isinstance(asked, Protected)
        self.asked: Asked = (Protected if plain and face != "async" else AsyncProtected)(pipeline, target)

    def save_an_answer(self, answer: Answer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Let the cache have an answer from an earlier call that is past its time now."""
        pipeline = self.asked.pipeline
        cache = next(each for each in pipeline.strategies if isinstance(each, Cache))
        target = Target(lambda *_args, **_kwargs: answer, self.asked._target.name)  # noqa: SLF001
        Protected[..., Any](Pipeline(cache, **_options(pipeline)), target).outcome(*args, **kwargs)
        self.clock.advance(cache.ttl + max(cache.stale_if_error, cache.stale_while_revalidate) / 2)

    def entries(self) -> list[int]:
        """How often each step entered its function."""
        counts = [0] * (1 + max(part.step for part in self.parts))
        for part, script in zip(self.parts, self.scripts, strict=True):
            counts[part.step] += len(script.calls)
        return counts

    def _wrapped(self, asked: Asked, step: int, name: str, kind: StepKind) -> tuple[Pipeline, Target]:
        given = asked.pipeline
        target = self._target(asked._target, given, step, name, kind)  # noqa: SLF001
        kept = [strategy for strategy in given.strategies if not strategy.innermost]  # that goes with the function
        routes_first = sorted(kept, key=lambda strategy: isinstance(strategy, Fallback))
        made = {id(strategy): self._strategy(strategy, given, step) for strategy in routes_first}
        changed = {"clock": self.clock, "rng": random.Random(0), "observers": ()}  # noqa: S311 - the same each time
        return Pipeline(*(made[id(strategy)] for strategy in kept), **{**_options(given), **changed}), target

    def _target(self, target: Target, given: Pipeline, step: int, name: str, kind: StepKind) -> Target:
        inside = wrapped(target.fn)
        if inside is not None:
            return Target(self._again(inside, step, name, kind), target.name)
        part = Part(index=len(self.parts), step=step, name=name, kind=kind, target=target, pipeline=given)
        play = self._plays(part)
        script = Script(play.value, clock=self.clock, takes=play.takes)
        self.parts.append(part)
        self.scripts.append(script)
        return Target(_in_the_form_of(target, script), target.name)

    def _again(self, asked: Asked, step: int, name: str, kind: StepKind) -> Asked:
        return type(asked)(*self._wrapped(asked, step, name, kind))

    def _strategy(self, strategy: Strategy, given: Pipeline, step: int) -> Strategy:
        """Made once more; where two pipelines share one, they share the new one."""
        if id(strategy) not in self._made:
            self._made[id(strategy)] = strategy.anew(**self._instead(strategy, given, step))
        made: Strategy = self._made[id(strategy)]
        return made

    def _instead(self, strategy: Strategy, given: Pipeline, step: int) -> dict[str, Any]:
        if isinstance(strategy, Fallback):
            return {"rungs": tuple(self._rung(rung, given) for rung in strategy.rungs)}
        if isinstance(strategy, Route):
            return {"targets": {name: self._rung(rung, given, step) for name, rung in strategy.targets.items()}}
        if isinstance(strategy, Escalate):
            return {"queue": self._desk}
        if isinstance(strategy, ConfidenceGate):
            return {"score": partial(_score, strategy._score, self._scores)}  # noqa: SLF001
        budget: RetryBudget | None = look(strategy, "_budget")
        if budget is not None:
            return {"budget": self._made.setdefault(id(budget), budget.anew())}
        return {}

    def _rung(self, rung: Rung, given: Pipeline, step: int | None = None) -> Rung:
        if step is None:
            self._steps += 1
            step = self._steps
        target = self._target(rung.target, given, step, rung.name, rung.kind)
        return Rung(target.fn, rung.kind, name=rung.name)


def wrapped(fn: object) -> Asked | None:
    """The function, if it is a wrapped one."""
    return fn if isinstance(fn, Protected | AsyncProtected) else None


def _options(pipeline: Pipeline) -> dict[str, Any]:
    return {name: getattr(pipeline, name) for name in _OPTIONS}


def _score(given: Callable[[Answer], float | None] | None, known: Scores, answer: Answer) -> float | None:
    """The score of an answer; those of the drill bear theirs. No text is scored twice, as that may cost money."""
    if given is None or answer.text in {*BAD_ANSWERS, SAMPLE.text}:
        return answer.score
    if (given, answer.text) not in known:
        known[given, answer.text] = given(answer)
    return known[given, answer.text]


def _in_the_form_of(target: Target, script: Script) -> Callable[..., Any]:
    if target.generates:
        return script.agenerator if target.is_async else script.generator
    if target.is_async:
        return script.asynchronous

    def plain(*args: Any, **kwargs: Any) -> Any:
        return script(*args, **kwargs)

    return plain
