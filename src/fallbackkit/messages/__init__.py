"""The words people read. Knows failure kinds and plain facts, not Outcomes."""

from __future__ import annotations

from fallbackkit.messages._messages import Messages
from fallbackkit.messages._notice import notice
from fallbackkit.messages._types import Action, ActionId, Audience, Facts, Notice

__all__ = ["Action", "ActionId", "Audience", "Facts", "Messages", "Notice", "notice"]
