from __future__ import annotations

from fallbackkit.ui._base import View, events
from fallbackkit.ui.views._choices import Choices, fallback_chooser
from fallbackkit.ui.views._waiting import Waiting, wait_progress

__all__ = ["FallbackChooser", "WaitProgress"]


class WaitProgress(View[Waiting]):
    """What happens while people wait. Arguments as ``OutcomeCard``.

    Events: ``stop``, ``background``, ``retry`` (start again), and ``chosen`` with the id of an alternative as
    ``value``.
    """

    EVENTS = events("stop", "background", "retry", "chosen")
    view = staticmethod(wait_progress)
    model = Waiting


class FallbackChooser(View[Choices]):
    """Ways to go on, each with its time, quality and cost. Arguments as ``OutcomeCard``.

    Events: ``chosen`` with the id of the option as ``value``.
    """

    EVENTS = events("chosen")
    view = staticmethod(fallback_chooser)
    model = Choices
