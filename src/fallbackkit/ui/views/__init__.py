"""Outcomes as escaped HTML, for any page. Knows nothing of Gradio."""

from __future__ import annotations

from fallbackkit.ui.views._card import (
    confidence_meter,
    error_card,
    escalation_tracker,
    outcome_card,
    source_list,
)
from fallbackkit.ui.views._provenance import answered_by
from fallbackkit.ui.views._review import review_case, review_list

__all__ = [
    "answered_by",
    "confidence_meter",
    "error_card",
    "escalation_tracker",
    "outcome_card",
    "review_case",
    "review_list",
    "source_list",
]
