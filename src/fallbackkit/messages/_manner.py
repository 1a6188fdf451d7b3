"""What does not depend on the language: how a message looks, how it is spoken, and what it lets people do."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from fallbackkit.errors import FailureKind
from fallbackkit.messages._types import ActionId, Speech, Tone

__all__ = ["KINDS", "SITUATIONS", "Manner"]

_K = FailureKind
_Ids: TypeAlias = tuple[ActionId, ...]


class Manner(NamedTuple):
    """The first action that makes sense is the primary one, unless it is not the ``main`` thing on the screen."""

    tone: Tone = "neutral"
    speech: Speech = "status"
    actions: _Ids = ()
    main: bool = True


_ELSEWHERE: _Ids = ("search", "escalate")
_AGAIN: _Ids = ("retry", *_ELSEWHERE)
_LATER: _Ids = ("wait", "retry", *_ELSEWHERE)
_EDIT: _Ids = ("edit_question", "escalate")
_CHECK: _Ids = ("show_sources", "escalate", "search")

KINDS: dict[FailureKind, Manner] = {
    _K.TIMEOUT_FIRST_BYTE: Manner("attention", "alert", _AGAIN),
    _K.TIMEOUT_MID_STREAM: Manner("attention", "status", _AGAIN),
    _K.CONNECTION_LOST: Manner("neutral", "status", ("retry", "copy_question")),
    _K.CONNECTION_UPSTREAM: Manner("attention", "status", _AGAIN),
    _K.PROVIDER_5XX: Manner("attention", "status", _AGAIN),
    _K.PROVIDER_OVERLOADED: Manner("neutral", "status", _LATER),
    _K.RATE_USER: Manner("neutral", "status", _ELSEWHERE),
    _K.RATE_SHARED: Manner("neutral", "status", _LATER),
    _K.QUOTA_BILLING: Manner("attention", "status", _ELSEWHERE),
    _K.AUTH_EXPIRED: Manner("info", "alert", ("sign_in", "copy_question")),
    _K.AUTH_CONFIG: Manner("attention", "status", _ELSEWHERE),
    _K.PERMISSION: Manner("info", "status", _EDIT),
    _K.INPUT_TOO_LONG: Manner("info", "alert", _EDIT),
    _K.INPUT_UNSUPPORTED: Manner("info", "alert", _EDIT),
    _K.INPUT_EMPTY_OR_VAGUE: Manner("neutral", "status", ("edit_question",)),
    _K.OUTPUT_MALFORMED: Manner("neutral", "status", _AGAIN),
    _K.OUTPUT_EMPTY: Manner("attention", "status", _AGAIN),
    _K.OUTPUT_TRUNCATED: Manner("info", "status", _EDIT),
    _K.QUALITY_LOW_CONFIDENCE: Manner("attention", "status", ("escalate", "show_sources", "search", "edit_question")),
    _K.QUALITY_UNSUPPORTED: Manner("attention", "status", _CHECK),
    _K.QUALITY_CONFLICT: Manner("attention", "status", _CHECK),
    _K.QUALITY_OUT_OF_SCOPE: Manner("neutral", "status", ("escalate", "search", "edit_question")),
    _K.RETRIEVAL_NONE: Manner("neutral", "status", _EDIT),
    _K.RETRIEVAL_DOWN: Manner("attention", "status", ("retry", "escalate")),
    _K.SAFETY_REFUSED: Manner("neutral", "status", (*_EDIT, "report")),
    _K.SAFETY_INJECTION: Manner("attention", "status", ("report", "escalate")),
    _K.TOOL_FAILED: Manner("attention", "alert", ("escalate", "copy_question")),
    _K.TOOL_PARTIAL: Manner("danger", "alert", ("escalate", "copy_question")),
    _K.CIRCUIT_OPEN: Manner("info", "status", ("wait", *_ELSEWHERE)),
    _K.FALLBACK_EXHAUSTED: Manner("danger", "alert", ("escalate", "copy_question", "search")),
    _K.CACHE_STALE: Manner("info", "status", ("new_answer", "escalate")),
    _K.HUMAN_UNAVAILABLE: Manner("neutral", "status", ("copy_question", "search")),
    _K.CANCELLED: Manner("neutral", "status", ("new_answer", "edit_question")),
    _K.INTERNAL: Manner("danger", "alert", ("escalate", "report", "copy_question")),
}

_STOP = Manner(actions=("stop",), main=False)
_PLAIN = Manner(actions=("show_sources", "escalate"), main=False)
_OFFER: _Ids = ("new_answer", "show_sources", "escalate")
_DEGRADED = Manner("attention", actions=_OFFER)
_HEDGED = Manner("attention", actions=("show_sources", "escalate", "edit_question"))
_WAITING = Manner("info", actions=("track", "search"))
_CUT = Manner("attention")

# What stops halfway without actions of its own offers those of its kind.
SITUATIONS: dict[str, Manner] = {
    "working": _STOP,
    "working.why": _STOP._replace(tone="info"),
    "streaming": _STOP,
    "answered": _PLAIN,
    "answered.model": _PLAIN,
    "answered.smaller_model": _PLAIN,
    "answered.cache": Manner("info", actions=("new_answer", "show_sources"), main=False),
    "answered.rule": _PLAIN,
    "answered.search": _PLAIN,
    "answered.person": Manner("success", actions=("show_sources",), main=False),
    "degraded": _DEGRADED,
    "degraded.model": _DEGRADED,
    "degraded.smaller_model": _DEGRADED,
    "degraded.cache": Manner("info", actions=_OFFER),
    "degraded.rule": _DEGRADED,
    "degraded.search": _DEGRADED,
    "degraded.person": Manner("success", actions=("show_sources",)),
    "low_confidence.shown": _HEDGED,
    "low_confidence.conflict": _HEDGED,
    "low_confidence.unsupported": _HEDGED,
    "awaiting_review": _WAITING,
    "awaiting_review.claimed": _WAITING,
    "awaiting_review.decided": Manner("info", actions=("track",)),
    "awaiting_review.cancelled": Manner(actions=("edit_question",)),
    "awaiting_review.expired": Manner("attention", actions=("escalate", "copy_question", "search")),
    "reviewed": Manner("success", main=False),
    "declined": Manner(actions=("edit_question", "search")),
    "interrupted": _CUT,
    "interrupted.you": Manner(),
    "interrupted.connection": _CUT,
    "interrupted.service": _CUT,
    "interrupted.length": Manner("info", actions=("continue_answer", "escalate")),
    "interrupted.safety": Manner(),
    "interrupted.nothing": _CUT,
    "unavailable": Manner("attention", actions=("escalate", "copy_question")),
}
