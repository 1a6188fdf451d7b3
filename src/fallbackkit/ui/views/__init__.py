"""Every component as a function from data to escaped HTML, for any page, and the data it takes.

Knows nothing of Gradio.
"""

from __future__ import annotations

from fallbackkit.ui.views._answered_by import Provenance, answered_by
from fallbackkit.ui.views._autonomy import Dial, autonomy_dial
from fallbackkit.ui.views._banner import Banner, degraded_banner
from fallbackkit.ui.views._card import PARTS, Card, outcome_card
from fallbackkit.ui.views._choices import Choice, Choices, fallback_chooser
from fallbackkit.ui.views._confidence import Certainty, confidence_meter
from fallbackkit.ui.views._cost import Cost, cost_meter
from fallbackkit.ui.views._countdown import Countdown, retry_countdown
from fallbackkit.ui.views._disclaimer import Caveat, disclaimer
from fallbackkit.ui.views._empty import Empty, empty_state
from fallbackkit.ui.views._explanation import Explanation, explanation_popover
from fallbackkit.ui.views._feedback import REASONS, Feedback, feedback_bar
from fallbackkit.ui.views._foremost import foremost
from fallbackkit.ui.views._handover import Handover, Moment
from fallbackkit.ui.views._health import health_panel
from fallbackkit.ui.views._hedge import Hedge, hedged_answer
from fallbackkit.ui.views._interrupted import Partial, ToolEnd, interrupted_answer
from fallbackkit.ui.views._offline import Offline, offline_notice
from fallbackkit.ui.views._quota import Quota, quota_notice
from fallbackkit.ui.views._refusal import Alternative, Refusal, refusal_card
from fallbackkit.ui.views._review import review_case, review_list
from fallbackkit.ui.views._services import Health, Service
from fallbackkit.ui.views._sources import Sources, source_list
from fallbackkit.ui.views._spans import Span, Spans
from fallbackkit.ui.views._staleness import Staleness, stale_notice
from fallbackkit.ui.views._talk import Talk, Turn, talk, turn
from fallbackkit.ui.views._tracker import escalation_tracker
from fallbackkit.ui.views._trouble import Trouble, error_card
from fallbackkit.ui.views._undo import Undoable, undo_bar
from fallbackkit.ui.views._waiting import Stage, Waiting, wait_progress
from fallbackkit.ui.views._waterfall import latency_waterfall

__all__ = [
    "PARTS",
    "REASONS",
    "Alternative",
    "Banner",
    "Card",
    "Caveat",
    "Certainty",
    "Choice",
    "Choices",
    "Cost",
    "Countdown",
    "Dial",
    "Empty",
    "Explanation",
    "Feedback",
    "Handover",
    "Health",
    "Hedge",
    "Moment",
    "Offline",
    "Partial",
    "Provenance",
    "Quota",
    "Refusal",
    "Service",
    "Sources",
    "Span",
    "Spans",
    "Stage",
    "Staleness",
    "Talk",
    "ToolEnd",
    "Trouble",
    "Turn",
    "Undoable",
    "Waiting",
    "answered_by",
    "autonomy_dial",
    "confidence_meter",
    "cost_meter",
    "degraded_banner",
    "disclaimer",
    "empty_state",
    "error_card",
    "escalation_tracker",
    "explanation_popover",
    "fallback_chooser",
    "feedback_bar",
    "foremost",
    "health_panel",
    "hedged_answer",
    "interrupted_answer",
    "latency_waterfall",
    "offline_notice",
    "outcome_card",
    "quota_notice",
    "refusal_card",
    "retry_countdown",
    "review_case",
    "review_list",
    "source_list",
    "stale_notice",
    "talk",
    "turn",
    "undo_bar",
    "wait_progress",
]
