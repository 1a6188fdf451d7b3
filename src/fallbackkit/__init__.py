"""Wrap a call to an AI feature so that it fails well: one call in, one Outcome out.

Names are loaded when they are first used, so that a program that only imports this pays nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fallbackkit._budget import BudgetSnapshot, RetryBudget
    from fallbackkit._cache.memory import MemoryCache
    from fallbackkit._cache.sqlite import SQLiteCache
    from fallbackkit._clock import Clock, SystemClock
    from fallbackkit._faces import AsyncProtected, Protected
    from fallbackkit._outcome import Answer, Attempt, Confidence, Outcome, Source, Step, Ticket, ToolCall, Usage
    from fallbackkit._pipeline import Pipeline
    from fallbackkit._protect import protect
    from fallbackkit._rung import Rung
    from fallbackkit._runtime import remaining
    from fallbackkit._strategies.bulkhead import Bulkhead
    from fallbackkit._strategies.cache import Cache
    from fallbackkit._strategies.circuit_breaker import CircuitBreaker, Permit, Snapshot
    from fallbackkit._strategies.escalate import Escalate
    from fallbackkit._strategies.fallback import Fallback
    from fallbackkit._strategies.gate import ConfidenceGate
    from fallbackkit._strategies.hedge import Hedge
    from fallbackkit._strategies.retry import Retry
    from fallbackkit._strategies.route import Route
    from fallbackkit._strategies.spend import SpendLimit, SpendSnapshot
    from fallbackkit._strategies.timeout import Deadline, Timeout
    from fallbackkit._strategies.validate import Validate
    from fallbackkit.errors import (
        TRANSIENT,
        BulkheadFull,
        CallRejected,
        CannotAnswer,
        CircuitOpen,
        DeadlineExceeded,
        Failure,
        FailureKind,
        FallbackExhausted,
        FallbackkitError,
        InvalidAnswer,
        LowConfidence,
        QueueFull,
        ReviewPending,
        SpendExceeded,
    )
    from fallbackkit.messages import Action, Notice
    from fallbackkit.providers import classify

__all__ = [
    "TRANSIENT",
    "Action",
    "Answer",
    "AsyncProtected",
    "Attempt",
    "BudgetSnapshot",
    "Bulkhead",
    "BulkheadFull",
    "Cache",
    "CallRejected",
    "CannotAnswer",
    "CircuitBreaker",
    "CircuitOpen",
    "Clock",
    "Confidence",
    "ConfidenceGate",
    "Deadline",
    "DeadlineExceeded",
    "Escalate",
    "Failure",
    "FailureKind",
    "Fallback",
    "FallbackExhausted",
    "FallbackkitError",
    "Hedge",
    "InvalidAnswer",
    "LowConfidence",
    "MemoryCache",
    "Notice",
    "Outcome",
    "Permit",
    "Pipeline",
    "Protected",
    "QueueFull",
    "Retry",
    "RetryBudget",
    "ReviewPending",
    "Route",
    "Rung",
    "SQLiteCache",
    "Snapshot",
    "Source",
    "SpendExceeded",
    "SpendLimit",
    "SpendSnapshot",
    "Step",
    "SystemClock",
    "Ticket",
    "Timeout",
    "ToolCall",
    "Usage",
    "Validate",
    "classify",
    "protect",
    "remaining",
]

_HOMES = {
    "_budget": "BudgetSnapshot RetryBudget",
    "_cache.memory": "MemoryCache",
    "_cache.sqlite": "SQLiteCache",
    "_clock": "Clock SystemClock",
    "_outcome": "Answer Attempt Confidence Outcome Source Step Ticket ToolCall Usage",
    "_faces": "AsyncProtected Protected",
    "_pipeline": "Pipeline",
    "_protect": "protect",
    "_rung": "Rung",
    "_runtime": "remaining",
    "_strategies.bulkhead": "Bulkhead",
    "_strategies.cache": "Cache",
    "_strategies.circuit_breaker": "CircuitBreaker Permit Snapshot",
    "_strategies.escalate": "Escalate",
    "_strategies.fallback": "Fallback",
    "_strategies.gate": "ConfidenceGate",
    "_strategies.hedge": "Hedge",
    "_strategies.retry": "Retry",
    "_strategies.route": "Route",
    "_strategies.spend": "SpendLimit SpendSnapshot",
    "_strategies.timeout": "Deadline Timeout",
    "_strategies.validate": "Validate",
    "errors": "BulkheadFull CallRejected CannotAnswer CircuitOpen DeadlineExceeded Failure FailureKind"
    " FallbackExhausted FallbackkitError InvalidAnswer LowConfidence QueueFull ReviewPending SpendExceeded TRANSIENT",
    "messages": "Action Notice",
    "providers": "classify",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}
_MODULES = frozenset({"checks", "errors", "events", "messages", "providers", "redis", "review", "testing", "ui"})


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
