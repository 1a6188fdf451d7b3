"""Every behaviour is tested in each of the ways of serving a call, as in the core."""

from __future__ import annotations

from tests.core.conftest import _runner, clock, run

__all__ = ["_runner", "clock", "run"]
