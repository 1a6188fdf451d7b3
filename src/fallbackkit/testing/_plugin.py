from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fallbackkit.testing import FakeClock, Script

__all__ = ["fault_clock", "fault_script"]


@pytest.fixture
def fault_clock() -> FakeClock:
    """A clock at 0 that moves only when something sleeps on it; give it to a Pipeline as ``clock=``."""
    from fallbackkit.testing import FakeClock

    return FakeClock()


@pytest.fixture
def fault_script(fault_clock: FakeClock) -> partial[Script]:
    """Makes Scripts on ``fault_clock``: ``fault_script(Fault(kind="rate.shared"), "fine")``."""
    from fallbackkit.testing import Script

    return partial(Script, clock=fault_clock)
