"""What a conversation is made of, and how it changes; no screen."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from fallbackkit.errors import Failure, FailureKind
from fallbackkit.review import ReviewRequest
from fallbackkit.ui.views import Banner, Feedback, Turn
from fallbackkit.ui.views._provenance import shows_answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fallbackkit._outcome import Outcome

__all__ = ["banner_of", "cut_off", "public", "rated", "request_for", "stored", "turns_in"]

_MOST_KEPT = 50


def turns_in(saved: object) -> list[Turn]:
    """What a browser kept; what this version cannot read is left out."""
    found = []
    for each in saved if isinstance(saved, list) else ():
        try:
            found.append(Turn.model_validate(each))
        except ValidationError:
            continue
    return found


def stored(turns: Sequence[Turn]) -> list[Any]:
    """The latest turns, as a browser may keep them."""
    return [public(turn).model_dump(mode="json") for turn in turns[-_MOST_KEPT:]]


def public(turn: Turn) -> Turn:
    """Without an answer that was withheld, and without loose data that Gradio could take for a file."""
    outcome = turn.outcome
    if outcome is None or outcome.answer is None:
        return turn
    answer = outcome.answer.model_copy(update={"data": None}) if shows_answer(outcome) else None
    return turn.model_copy(update={"outcome": outcome.model_copy(update={"answer": answer})})


def cut_off(outcome: Outcome) -> Outcome:
    """What a person stopped: with what had come, if anything had."""
    failure = Failure(kind=FailureKind.CANCELLED)
    status = "interrupted" if outcome.text else "unavailable"
    return outcome.model_copy(update={"status": status, "failure": failure, "reasons": (failure.kind,)})


def rated(given: Feedback, said: Mapping[str, Any]) -> Feedback:
    """The record after ``rated``, ``detailed`` or ``withdrawn``; the browser's word is taken as far as it can be."""
    if said.get("action") == "withdrawn":
        return Feedback(id=given.id, state="withdrawn")
    if said.get("action") == "rated":
        rating = "up" if said.get("value") == "up" else "down"
        return given.model_copy(update={"rating": rating, "reasons": (), "state": "sent"})
    offered = given.reasons_up if given.rating == "up" else given.reasons_down
    chosen = said.get("reasons")
    reasons = tuple(each for each in offered if isinstance(chosen, list) and each in chosen)
    text = str(said.get("text") or "")[: given.max_chars]
    return given.model_copy(update={"reasons": reasons, "text": text, "state": "edited" if given.rating else "open"})


def request_for(question: str, outcome_id: str, outcome: Outcome | None) -> ReviewRequest:
    """What a reviewer gets of it: the question alone, if nobody here knows the answer."""
    reasons = outcome.reasons if outcome else ()
    return ReviewRequest(
        question=question,
        draft=(outcome.text or None) if outcome else None,
        reason=reasons[0] if reasons else FailureKind.QUALITY_LOW_CONFIDENCE,
        sources=outcome.sources if outcome else (),
        trail=outcome.trail if outcome else (),
        outcome_id=outcome_id,
        idempotency_key=outcome_id,
    )


def banner_of(turns: Sequence[Turn]) -> Banner | None:
    """How the service is, as far as this conversation shows it: on another way, or back again."""
    outcomes = [turn.outcome for turn in turns if turn.outcome is not None and turn.outcome.created_at is not None]
    if not outcomes:
        return None
    *before, last = outcomes
    served = last.served_by
    if _meanwhile(last):
        since = [*takewhile(_meanwhile, reversed(outcomes))][-1].created_at
        return Banner(id="service", mode="fallback", instead=served.kind, since=since) if served is not None else None
    run = [*takewhile(_meanwhile, reversed(before))]
    if last.status != "answered" or not run:
        return None
    given = sum(shows_answer(outcome) for outcome in run)
    since, back = run[-1].created_at, last.created_at
    return Banner(id="service", mode="recovered", since=since, back_at=back, marked=given or None)


def _meanwhile(outcome: Outcome) -> bool:
    """Whether it was given while the first choice was out of order."""
    return outcome.status in {"degraded", "unavailable"} and any(kind.outage for kind in outcome.reasons)
