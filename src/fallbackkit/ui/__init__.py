"""Gradio components, theme and review desk. ``fallbackkit.ui.views`` works without Gradio."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fallbackkit.ui._components import (
        AnsweredBy,
        ConfidenceMeter,
        ErrorCard,
        EscalationTracker,
        OutcomeCard,
        SourceList,
    )
    from fallbackkit.ui._inbox import inbox
    from fallbackkit.ui._stylesheet import stylesheet
    from fallbackkit.ui._theme import theme

__all__ = [
    "AnsweredBy",
    "ConfidenceMeter",
    "ErrorCard",
    "EscalationTracker",
    "OutcomeCard",
    "SourceList",
    "inbox",
    "stylesheet",
    "theme",
]

_HOMES = {"inbox": "_inbox", "stylesheet": "_stylesheet", "theme": "_theme"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        home = import_module(f"{__name__}.{_HOMES.get(name, '_components')}")
    except ModuleNotFoundError as error:
        if error.name != "gradio":
            raise
        raise ImportError(f"fallbackkit.ui.{name} needs Gradio: pip install 'fallbackkit[ui]'") from error
    value = getattr(home, name)
    globals()[name] = value
    return value
