"""Tools to test failure paths on a virtual clock. Needs ``fallbackkit[testing]`` for the strategies."""

from __future__ import annotations

from fallbackkit.testing._clock import FakeClock
from fallbackkit.testing._script import Fault, Script
from fallbackkit.testing._strategies import failures, fault_scripts, outcomes

__all__ = ["FakeClock", "Fault", "Script", "failures", "fault_scripts", "outcomes"]
