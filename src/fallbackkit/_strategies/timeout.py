from __future__ import annotations

from typing import TYPE_CHECKING

from fallbackkit import _checks
from fallbackkit._runtime import Strategy

if TYPE_CHECKING:
    from fallbackkit._runtime import Call, Layer, Reply

__all__ = ["Deadline", "Timeout"]


class Timeout(Strategy):
    """A time limit for each attempt.

    A sync function past its limit cannot be stopped: its thread is abandoned, counted, and at most
    64 such threads may hang before further limited calls are refused. An async function is cancelled.
    Safe to share between threads and tasks.

    Args:
        seconds: Above 0, finite.

    Raises:
        ValueError: ``seconds`` is not a positive finite number.

    Example:
        >>> Timeout(8).describe()
        'Timeout(8 s)'
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = _checks.seconds("seconds", seconds)

    async def run(self, inner: Layer, call: Call) -> Reply:
        outer = call.until
        call.until = min(outer, call.clock.now() + self.seconds)
        try:
            return await inner(call)
        finally:
            call.until = outer

    def describe(self) -> str:
        return f"{type(self).__name__}({self.seconds:g} s)"


class Deadline(Timeout):
    """A time limit over everything inside: all attempts, waits and fallbacks together.

    Safe to share between threads and tasks.

    Args:
        seconds: Above 0, finite.

    Raises:
        ValueError: ``seconds`` is not a positive finite number.

    Example:
        >>> Deadline(20).describe()
        'Deadline(20 s)'
    """
