"""Where the time of one call went: for the person who asks why it took so long, and for whoever runs the service.

Use it in a details area or beside a trace. Do not show it to people who only want the answer: the card's own
"What the system did" holds the same table, folded away.
"""

from __future__ import annotations

from fallbackkit import FailureKind, Outcome
from fallbackkit.ui.views._spans import Span, Spans
from fallbackkit.ui.views._waterfall import latency_waterfall

from . import outcome_card

PROBLEM = "Under the hood"
VIEW = latency_waterfall

_BUSY = FailureKind.PROVIDER_OVERLOADED
_FIRST = Span(name="ask_policies", by="model", start=0.0, duration=1.6, outcome="failed", failure=_BUSY, number=1)
_WAIT = Span(kind="backoff", start=1.6, duration=1.0)
_SECOND = Span(name="ask_policies", by="model", start=2.6, duration=1.5, outcome="failed", failure=_BUSY, number=2)
_SMALLER = Span(kind="fallback", name="ask_small", by="smaller_model", start=4.1, duration=2.1, outcome="answered")
_CHECK = Span(kind="verify", start=6.2, duration=0.2)


def finished() -> Spans:
    """Two tries and a wait, then the smaller model; it may take 8 seconds."""
    return Spans(id="finished", spans=(_FIRST, _WAIT, _SECOND, _SMALLER, _CHECK), total=6.4, budget=8.0, p50=2.4)


def over_budget() -> Spans:
    """The same call, with 5 seconds to do it in."""
    return finished().model_copy(update={"id": "over", "state": "over_budget", "budget": 5.0, "p50": None})


def live() -> Spans:
    """The second try is under way."""
    running = _SECOND.model_copy(update={"outcome": "running", "failure": None, "duration": 0.6})
    return Spans(id="live", spans=(_FIRST, _WAIT, running), state="live", total=3.2, budget=8.0)


def truncated() -> Spans:
    """The process was restarted while it wrote the trace."""
    return Spans(id="truncated", spans=(_FIRST, _WAIT), state="truncated", total=6.4)


def every_kind() -> Spans:
    """One span of each kind, each with its own pattern."""
    kinds = (
        Span(kind="queue", start=0.0, duration=0.8),
        Span(name="ask_policies", by="model", start=0.8, duration=1.2, outcome="abstained"),
        Span(kind="backoff", start=2.0, duration=0.5),
        Span(name="ask_large", by="another_model", start=2.5, duration=0.9, outcome="rejected"),
        Span(kind="fallback", name="ask_small", by="smaller_model", start=3.4, duration=1.1, outcome="answered"),
        Span(kind="cache", name="saved", by="cache", start=4.5, outcome="skipped"),
        Span(kind="verify", start=4.5, duration=0.6),
        Span(kind="render", start=5.1, duration=0.3),
        Span(kind="other", start=5.4, duration=0.4),
    )
    return Spans(id="kinds", spans=kinds, total=5.8)


def saved_answer() -> Outcome:
    """Three tries on a line that is down, then the saved answer: drawn from the outcome itself."""
    return outcome_card.degraded_saved_answer()


def answered_by_a_person() -> Outcome:
    """Fourteen minutes with a person make the model's two seconds small."""
    return outcome_card.reviewed()


def nothing_yet() -> None:
    """No call has been made."""
