"""How the services behind the answers are: one sentence for people, figures and circuit breakers for operators.

Use it on a status page or in the corner of a control room. Do not put it above an answer: there, say on the answer
itself what is missing (DegradedBanner, AnsweredBy).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fallbackkit import CircuitBreaker
from fallbackkit.ui.views._health import health_panel
from fallbackkit.ui.views._services import Health, Service

PROBLEM = "Under the hood"
VIEW = health_panel

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)

_SINCE = datetime(2026, 10, 14, 11, 10, tzinfo=UTC)
_ANSWERS = Service(
    name="desk-large-2",
    plain_name="Answers",
    state="slow",
    since=_SINCE,
    success_rate=0.988,
    n=412,
    p50=6.2,
    p95=18.0,
    breaker="closed",
    fallback="smaller_model",
    history=(1.0, 0.99, 1.0, 1.0, 0.97, 0.98, 0.99, 0.98, 0.99, 0.98, 0.99, 0.99),
)
_SEARCH = Service(
    name="policy-index",
    plain_name="Search",
    state="working",
    success_rate=1.0,
    n=1290,
    p50=0.1,
    p95=0.4,
    breaker="closed",
    history=(1.0,) * 12,
)
_FEEDBACK = Service(name="feedback-db", plain_name="Feedback", state="working", success_rate=1.0, n=38, p50=0.1)


def working() -> Health:
    """An ordinary morning."""
    answers = _ANSWERS.model_copy(update={"state": "working", "since": None, "p50": 2.1, "p95": 4.8})
    return Health(id="working", services=(answers, _SEARCH, _FEEDBACK))


def slow() -> Health:
    """The main model is slow; the smaller one helps out."""
    return Health(id="slow", services=(_ANSWERS, _SEARCH, _FEEDBACK))


def slow_for_operators() -> Health:
    """The same, with figures and circuit breakers."""
    return slow().model_copy(update={"id": "slow-operators", "audience": "operator"})


def failing() -> Health:
    """The main model does not answer, and its circuit is open."""
    answers = _ANSWERS.model_copy(
        update={
            "state": "failing",
            "success_rate": 0.31,
            "p50": 12.0,
            "p95": 30.0,
            "breaker": "open",
            "next_probe_at": NOW + timedelta(seconds=40),
            "history": (1.0, 1.0, 0.98, 0.99, 0.9, 0.7, 0.5, 0.4, 0.3, 0.3),
        }
    )
    return Health(id="failing", services=(answers, _SEARCH, _FEEDBACK), audience="operator")


def some_failing() -> Health:
    """One search in twelve fails, and nothing stands in for it."""
    search = _SEARCH.model_copy(
        update={"state": "some_failing", "since": _SINCE, "success_rate": 0.917, "n": 1290, "p95": 2.2}
    )
    return Health(id="some-failing", services=(search, _FEEDBACK), audience="operator")


def recovering() -> Health:
    """One call is let through to see whether the model is back."""
    answers = _ANSWERS.model_copy(
        update={
            "state": "recovering",
            "breaker": "half_open",
            "success_rate": 0.8,
            "n": 5,
            "history": (1.0, 1.0, 0.9, 0.4, None, None, 0.8, 1.0),
        }
    )
    return Health(id="recovering", services=(answers, _SEARCH), audience="operator")


def paused() -> Health:
    """We have switched the model off for the afternoon."""
    answers = _ANSWERS.model_copy(
        update={
            "state": "paused",
            "breaker": "isolated",
            "success_rate": None,
            "n": None,
            "p50": None,
            "p95": None,
            "history": (),
        }
    )
    return Health(id="paused", services=(answers, _SEARCH), audience="operator")


def unknown() -> Health:
    """Nothing has been called since the restart: drawn from the circuit breaker itself."""
    breaker = CircuitBreaker(name="desk-large-2")
    answers = Service.of(breaker.snapshot(), name=breaker.name, plain_name="Answers", now=NOW)
    return Health(id="unknown", services=(answers,), audience="operator")


def many() -> Health:
    """Eleven services: the sentence names only those that are not well."""
    sites = ("Berlin", "Leipzig", "Graz", "Basel", "Lyon", "Turin", "Ghent", "Aarhus")
    rooms = tuple(
        Service(name=f"rooms-{site.lower()}", plain_name=f"Rooms in {site}", state="working") for site in sites
    )
    return Health(id="many", services=(_ANSWERS, *rooms, _SEARCH, _FEEDBACK))


def none() -> None:
    """No services are watched."""
