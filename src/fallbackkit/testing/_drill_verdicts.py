"""What is wrong with how a call ended, for whoever asked."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fallbackkit.testing._drill_faults import BAD_ANSWERS, SECRETS
from fallbackkit.testing._drill_report import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from fallbackkit._outcome import Outcome
    from fallbackkit.messages import Notice

__all__ = ["NEVER", "Ended", "judge", "place_of"]

NEVER = 1e8
"""Seconds after which nobody waits any more, whatever the limit."""

_TELLING = 12
_NOT_THEIRS = (str(Path(__file__).parents[1]), str(Path(traceback.__file__).parent / "asyncio"), "<frozen")
_QUANTUM = 1e-6
_ANSWERS = frozenset({"answered", "degraded"})
_WITHHELD = frozenset({"awaiting_review", "unavailable", "working"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a call ended.

    Attributes:
        outcome: None if an exception came out.
        notice: Its words; by default those of the kit.
        error: That exception.
        seconds: How long it took.
        deadline: The pipeline's own, in seconds.
        limit: What people are promised where there is none.
        asked: The texts that the function was called with.
        actions: The ids of the actions that the page handles; None for all.
    """

    outcome: Outcome | None
    notice: Notice | None = None
    error: BaseException | None = None
    seconds: float = 0.0
    deadline: float | None = None
    limit: float = 30.0
    asked: tuple[str, ...] = ()
    actions: Collection[str] | None = None


def judge(ended: Ended) -> tuple[Finding, ...]:
    """Everything that is wrong with it, the worst first."""
    return tuple(_findings(ended))


def _findings(ended: Ended) -> Iterator[Finding]:
    outcome, error = ended.outcome, ended.error
    if error is not None:
        yield Finding(
            verdict="raw",
            sentence=f"{type(error).__name__} came out{place_of(error)}",
            remedy="raise only what derives from Exception: anything else is taken for an interruption",
        )
    yield from _late(ended)
    if outcome is None:
        return
    if outcome.status in {"working", "streaming"}:
        yield Finding(
            verdict="stuck",
            sentence=f"the last that people see is {outcome.status}",
            remedy="read the stream to its end, and show its last Outcome",
        )
        return
    notice = ended.notice or outcome.notice()
    yield from _raw(outcome, notice, ended.asked)
    yield from _silent(outcome)
    yield from _dead_end(outcome, notice, ended.actions)


def _late(ended: Ended) -> Iterator[Finding]:
    limit = ended.limit if ended.deadline is None else ended.deadline
    if ended.seconds <= limit + _QUANTUM:
        return
    if ended.seconds >= NEVER:
        sentence, remedy = "it never ends", "put a Deadline(seconds) into the pipeline, or a Timeout(seconds)"
    elif ended.deadline is None:
        sentence = f"it takes {ended.seconds:.3g} s, and nobody waits for more than {limit:g} s"
        remedy = f"put a Deadline({limit:g}) into the pipeline"
    else:
        sentence = f"it takes {ended.seconds:.3g} s, {ended.seconds - limit:.3g} s more than its Deadline"
        remedy = "what runs outside of the Deadline must not wait"
    yield Finding(verdict="late", sentence=sentence, remedy=remedy)


def _raw(outcome: Outcome, notice: Notice, asked: tuple[str, ...]) -> Iterator[Finding]:
    words = " ".join([notice.title, notice.body, *(action.label for action in notice.actions)])
    everything = words + outcome.model_dump_json()
    if any(secret in everything for secret in SECRETS):
        yield Finding(
            verdict="raw",
            sentence="the text of an exception stands in what people read",
            remedy="answer with words of your own, not with str(error)",
        )
    if any(text in words for text in asked if len(text) >= _TELLING):
        yield Finding(
            verdict="raw",
            sentence="the question stands in the words of the notice",
            remedy="name no arguments in your own messages",
        )
    if "Traceback (most recent call last)" in outcome.text:
        yield Finding(
            verdict="raw",
            sentence="a traceback is shown as the answer",
            remedy=f"let {_server(outcome)} raise its errors instead of returning their text",
        )


def _silent(outcome: Outcome) -> Iterator[Finding]:
    if outcome.status not in _ANSWERS:
        return
    text = outcome.text.strip()
    if text in BAD_ANSWERS or not _shows(outcome):
        yield Finding(
            verdict="silent",
            sentence=f"{f'“{text[:40]}”' if text else 'nothing at all'} is shown as an answer of {_server(outcome)}",
            remedy="put Validate() into the pipeline; for unsure answers, a ConfidenceGate",
        )
    served = outcome.served_by
    if outcome.status == "answered" and served is not None and served.name != outcome.requested:
        yield Finding(
            verdict="silent",
            sentence=f"{served.name} answers in place of {outcome.requested}, and nothing says so",
            remedy="ask it as a rung of Fallback",
        )


def _dead_end(outcome: Outcome, notice: Notice, actions: Collection[str] | None) -> Iterator[Finding]:
    if outcome.status in _ANSWERS or (_shows(outcome) and outcome.status != "interrupted"):
        return
    offered = [action for action in notice.actions if actions is None or action.id in actions]
    if not notice.title.strip():
        yield Finding(verdict="dead end", sentence="the notice has no title", remedy="give its message one")
    if not offered:
        sentence = "there is no whole answer, and nothing to do next"
        ids = ", ".join(action.id for action in notice.actions)
        remedy = f"let the page handle one of {ids}" if ids else "give its message an action, or add a fallback"
        yield Finding(verdict="dead end", sentence=sentence, remedy=remedy)
    elif actions is None and not any(action.primary for action in offered):
        yield Finding(
            verdict="dead end", sentence="no action is the primary one", remedy="make one action of its message primary"
        )


def _shows(outcome: Outcome) -> bool:
    answer = outcome.answer
    if answer is None or outcome.status in _WITHHELD:
        return False
    return answer.text.strip() != "" or answer.data is not None or bool(answer.tool_calls)


def _server(outcome: Outcome) -> str:
    served = outcome.served_by
    return "a saved answer" if served is None else f"`{served.name}`"


def place_of(error: BaseException) -> str:
    """Where in the user's source an exception was raised: " at search.py:41", or "" if that is not known."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_NOT_THEIRS)
    ]
    own = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    return f" at {Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
