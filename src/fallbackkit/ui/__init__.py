"""Gradio components, theme, chat and review desk. ``fallbackkit.ui.views`` works without Gradio."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fallbackkit.ui import views
    from fallbackkit.ui._chat import chat
    from fallbackkit.ui._chatbot import Actions, message, replies
    from fallbackkit.ui._components import OutcomeCard
    from fallbackkit.ui._components_machinery import CostMeter, HealthPanel, LatencyWaterfall
    from fallbackkit.ui._components_origin import AnsweredBy, SourceList, StaleNotice
    from fallbackkit.ui._components_people import AutonomyDial, EscalationTracker, FeedbackBar, UndoBar
    from fallbackkit.ui._components_service import DegradedBanner, EmptyState, OfflineNotice, QuotaNotice
    from fallbackkit.ui._components_trouble import ErrorCard, InterruptedAnswer, RefusalCard, RetryCountdown
    from fallbackkit.ui._components_trust import ConfidenceMeter, Disclaimer, ExplanationPopover, HedgedAnswer
    from fallbackkit.ui._components_waiting import FallbackChooser, WaitProgress
    from fallbackkit.ui._inbox import inbox
    from fallbackkit.ui._stylesheet import fonts, script, stylesheet
    from fallbackkit.ui._theme import theme

_HOMES = {
    "": ("views",),
    "_chat": ("chat",),
    "_chatbot": ("Actions", "message", "replies"),
    "_components": ("OutcomeCard",),
    "_components_machinery": ("CostMeter", "HealthPanel", "LatencyWaterfall"),
    "_components_origin": ("AnsweredBy", "SourceList", "StaleNotice"),
    "_components_people": ("AutonomyDial", "EscalationTracker", "FeedbackBar", "UndoBar"),
    "_components_service": ("DegradedBanner", "EmptyState", "OfflineNotice", "QuotaNotice"),
    "_components_trouble": ("ErrorCard", "InterruptedAnswer", "RefusalCard", "RetryCountdown"),
    "_components_trust": ("ConfidenceMeter", "Disclaimer", "ExplanationPopover", "HedgedAnswer"),
    "_components_waiting": ("FallbackChooser", "WaitProgress"),
    "_inbox": ("inbox",),
    "_stylesheet": ("fonts", "script", "stylesheet"),
    "_theme": ("theme",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Actions",
    "AnsweredBy",
    "AutonomyDial",
    "ConfidenceMeter",
    "CostMeter",
    "DegradedBanner",
    "Disclaimer",
    "EmptyState",
    "ErrorCard",
    "EscalationTracker",
    "ExplanationPopover",
    "FallbackChooser",
    "FeedbackBar",
    "HealthPanel",
    "HedgedAnswer",
    "InterruptedAnswer",
    "LatencyWaterfall",
    "OfflineNotice",
    "OutcomeCard",
    "QuotaNotice",
    "RefusalCard",
    "RetryCountdown",
    "SourceList",
    "StaleNotice",
    "UndoBar",
    "WaitProgress",
    "chat",
    "fonts",
    "inbox",
    "message",
    "replies",
    "script",
    "stylesheet",
    "theme",
    "views",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "views":
        return import_module(f"{__name__}.views")
    try:
        home = import_module(f"{__name__}.{_HOME_OF[name]}")
    except ModuleNotFoundError as error:
        if error.name != "gradio":
            raise
        raise ImportError(f"fallbackkit.ui.{name} needs Gradio: pip install 'fallbackkit[ui]'") from error
    value = getattr(home, name)
    globals()[name] = value
    return value
