from __future__ import annotations

import time
import urllib.request
from typing import TYPE_CHECKING

from .app import EXAMPLES

if TYPE_CHECKING:
    import fallbackkit as fk

    from .manual import Assistant
    from .outage import Mode

__all__ = ["smoke"]

# The faults that open the circuit breaker come last, so that the others reach the model.
_ORDER: tuple[Mode, ...] = ("healthy", "slow", "making things up", "rate limited", "down", "offline")
_RECOVERY = 20.0


def smoke(assistant: Assistant, address: str) -> int:
    """Ask through every position of the slider, print a line each, and tell whether all was as it should be.

    Returns:
        0 if it was, else 1.
    """
    with urllib.request.urlopen(address, timeout=30) as page:  # noqa: S310 - our own page on loopback
        found = [page.status == 200]  # noqa: PLR2004
    has_model = assistant.lack() is None
    found.append(has_model or assistant.server is None)
    for mode in _ORDER:
        assistant.outage.mode = mode
        outcome = _ask(assistant, mode, EXAMPLES[0])
        found.append(_is_right(outcome, by_model=has_model and mode in {"healthy", "slow"}))
    assistant.outage.mode = "healthy"
    found.append(_recovers(assistant) if has_model else True)
    nobody = _ask(assistant, "out of scope", EXAMPLES[-1])
    found.append(nobody.status == "awaiting_review" and nobody.answer is None)
    print("all as it should be" if all(found) else "something is not as it should be", flush=True)
    return 0 if all(found) else 1


def _ask(assistant: Assistant, label: str, question: str) -> fk.Outcome:
    outcome = assistant.ask.outcome(question)
    who = outcome.served_by.name if outcome.served_by else "nobody yet"
    print(f"  {label:<17} {outcome.status:<16} {who:<15} {outcome.duration:5.1f} s", flush=True)
    return outcome


def _is_right(outcome: fk.Outcome, *, by_model: bool) -> bool:
    if not by_model:
        return outcome.status == "degraded" and outcome.served_by is not None and outcome.served_by.kind == "search"
    return outcome.status == "answered" and bool(outcome.sources) and outcome.sources[0].check == "quote_found"


def _recovers(assistant: Assistant) -> bool:
    """Ask once a second until the model answers again."""
    end = time.monotonic() + _RECOVERY
    while time.monotonic() < end:
        if _ask(assistant, "healthy again", EXAMPLES[0]).status == "answered":
            return True
        time.sleep(1)
    return False
