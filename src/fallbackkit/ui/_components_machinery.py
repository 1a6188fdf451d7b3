from __future__ import annotations

from fallbackkit.ui._base import View
from fallbackkit.ui.views._cost import Cost, cost_meter
from fallbackkit.ui.views._health import health_panel
from fallbackkit.ui.views._services import Health
from fallbackkit.ui.views._spans import Spans
from fallbackkit.ui.views._waterfall import latency_waterfall

__all__ = ["CostMeter", "HealthPanel", "LatencyWaterfall"]


class HealthPanel(View[Health]):
    """How each service is, in a sentence and a table. It has nothing to press. Arguments as ``OutcomeCard``."""

    view = staticmethod(health_panel)
    model = Health


class LatencyWaterfall(View[Spans]):
    """Where the time of one call went; a handler may return an ``Outcome`` too. It has nothing to press.

    Arguments as ``OutcomeCard``.
    """

    view = staticmethod(latency_waterfall)
    model = Spans


class CostMeter(View[Cost]):
    """What an answer cost, and what is left of the limit; a handler may return an ``Outcome`` too.

    It has nothing to press. Arguments as ``OutcomeCard``.
    """

    view = staticmethod(cost_meter)
    model = Cost
