"""Asks a library, in an environment of its own, and writes down what comes of it."""

from __future__ import annotations

import asyncio
import inspect
import io
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import fallbackkit as fk
from fallbackkit.providers import classify, unmapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.providers.real.libraries import Face
    from tests.providers.real.question import Question
    from tests.providers.real.scenarios import Scenario

AT_ONCE = 16


class Task(NamedTuple):
    """One scenario, as one API of a library meets it."""

    scenario: Scenario
    question: Question
    faces: Sequence[Face]


class Desk:
    """Asks a library in every scenario.

    Args:
        library: A module with ``sync`` and ``asynchronous``, which are the user's code.
    """

    def __init__(self, library: Any) -> None:
        self._library = library
        self._events: dict[str, list[object]] = {}
        self._reports: list[dict[str, Any]] = []
        self._log = io.StringIO()
        logger = logging.getLogger("fallbackkit")
        logger.addHandler(logging.StreamHandler(self._log))
        logger.setLevel(logging.DEBUG)

    def work(self, tasks: Sequence[Task], packages: Sequence[str], report: str) -> None:
        """Ask everything, look through the exceptions of these packages, and write the report to this file."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            done = [threads.submit(self._sync, task) for task in tasks if "sync" in task.faces]
            asyncio.run(self._all_async([task for task in tasks if "async" in task.faces]))
            for each in done:
                each.result()
        gaps = [name for package in packages for name in unmapped(package)]
        whole = {"reports": self._reports, "log": self._log.getvalue(), "unmapped": gaps}
        Path(report).write_text(json.dumps(whole), encoding="utf-8")

    def _sync(self, task: Task) -> None:
        def ask(question: Question) -> Any:
            return self._library.sync(question)

        pipeline = self._pipeline(task.scenario.first, task.scenario.whole)
        if task.scenario.streams:
            self._note_down(task, "sync", list(pipeline.stream(ask, task.question)))
        else:
            self._note_down(task, "sync", [pipeline.outcome(ask, task.question)])

    async def _all_async(self, tasks: Sequence[Task]) -> None:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(task: Task) -> None:
            async with places:
                await self._async(task)

        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(one(task))

    async def _async(self, task: Task) -> None:
        async def ask(question: Question) -> Any:
            asked = self._library.asynchronous(question)
            return await asked if inspect.isawaitable(asked) else asked

        pipeline = self._pipeline(task.scenario.first, task.scenario.whole)
        if task.scenario.streams:
            self._note_down(task, "async", [outcome async for outcome in pipeline.astream(ask, task.question)])
        else:
            self._note_down(task, "async", [await pipeline.aoutcome(ask, task.question)])

    @cache  # noqa: B019 - there is one desk in the process
    def _pipeline(self, first: float, whole: float) -> fk.Pipeline:
        """One for each pair of limits."""
        return fk.Pipeline(
            fk.Deadline(60),
            fk.Validate(),
            fk.Timeout(whole, first_token=min(first, whole)),
            name="ask",
            observers=[self._hear, _raise],
        )

    def _hear(self, event: Any) -> None:
        self._events.setdefault(event.call, []).append(event)

    def _note_down(self, task: Task, face: Face, outcomes: list[fk.Outcome]) -> None:
        last = outcomes[-1]
        error = last.failure.error if last.failure else None
        told = [*map(_told, outcomes), *map(repr, self._events[last.id]), _classified(error or last.value)]
        report = {
            "scenario": task.scenario.name,
            "api": task.question.api,
            "face": face,
            "status": last.status,
            "kind": last.failure and last.failure.kind,
            "wait": last.failure and last.failure.retry_after,
            "raised": error and f"{type(error).__module__}.{type(error).__qualname__}",
            "answer": last.answer and last.answer.model_dump(mode="json"),
            "told": "\n".join(told),
        }
        self._reports.append(report)


def _told(outcome: fk.Outcome) -> str:
    """All that anybody but a developer may see of an outcome."""
    notices = [outcome.notice(audience=audience).model_dump_json() for audience in ("user", "operator")]
    return "\n".join([outcome.model_dump_json(), repr(outcome), *notices])


def _classified(thing: object) -> str:
    """The same for whoever classifies by hand."""
    failure = classify(thing)
    return f"{failure!r}\n{failure.model_dump_json()}" if failure else ""


def _raise(event: object) -> None:
    """An observer that raises what the provider raised, which is then logged."""
    failure = getattr(event, "failure", None)
    if failure is not None and failure.error is not None:
        raise failure.error
