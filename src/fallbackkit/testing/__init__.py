"""Tools to test failure paths on a virtual clock. Needs ``fallbackkit[testing]`` for the strategies.

Names are loaded when they are first used: the pytest plugin lives here, and pytest loads it always.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fallbackkit.testing._chaos import Chaos
    from fallbackkit.testing._clock import FakeClock
    from fallbackkit.testing._drill import drill
    from fallbackkit.testing._drill_report import Cell, Finding, Rehearsal, Report
    from fallbackkit.testing._faults import Fault
    from fallbackkit.testing._script import Script
    from fallbackkit.testing._strategies import failures, fault_scripts, outcomes
    from fallbackkit.testing._streams import Chunk, Stream

__all__ = [
    "Cell",
    "Chaos",
    "Chunk",
    "FakeClock",
    "Fault",
    "Finding",
    "Rehearsal",
    "Report",
    "Script",
    "Stream",
    "drill",
    "failures",
    "fault_scripts",
    "outcomes",
]

_HOMES = {
    "Cell": "_drill_report",
    "Chaos": "_chaos",
    "Chunk": "_streams",
    "FakeClock": "_clock",
    "Fault": "_faults",
    "Finding": "_drill_report",
    "Rehearsal": "_drill_report",
    "Report": "_drill_report",
    "Script": "_script",
    "Stream": "_streams",
    "drill": "_drill",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, '_strategies')}"), name)
    globals()[name] = value
    return value
