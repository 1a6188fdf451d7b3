from __future__ import annotations

from typing import TYPE_CHECKING

from fallbackkit import _checks
from fallbackkit._runtime import Strategy

if TYPE_CHECKING:
    from fallbackkit._call import Call, Reply
    from fallbackkit._runtime import Layer

__all__ = ["Deadline", "Timeout"]


class Timeout(Strategy):
    """A time limit for each attempt, and for a stream two more: for its first token, and for its silences.

    A sync function past its limit cannot be stopped: its thread is abandoned, counted, and at most
    64 such threads may hang before further limited calls are refused. An async function is cancelled.
    Safe to share between threads and tasks.

    Args:
        seconds: For the whole attempt, a stream from its first to its last piece included; above 0, finite.
        first_token: For a stream: seconds from the start of the attempt until something of the answer has come.
            Keep-alives and pieces that only name a role are no part of the answer. Write the function as a generator
            so that its wait for the stream counts, too: what another function returns may be a whole answer.
        idle: For a stream: seconds from one part of the answer to the next.

    Raises:
        ValueError: A number is not positive and finite, or a stream's limit is longer than ``seconds``.

    Example:
        >>> Timeout(8, first_token=3, idle=2).describe()
        'Timeout(8 s, first token 3 s, idle 2 s)'
    """

    def __init__(self, seconds: float, *, first_token: float | None = None, idle: float | None = None) -> None:
        self.seconds = _checks.seconds("seconds", seconds)
        self.first_token = self._within("first_token", first_token)
        self.idle = self._within("idle", idle)

    def _within(self, name: str, given: float | None) -> float | None:
        if given is None or _checks.seconds(name, given) <= self.seconds:
            return given
        whole = f"{self.seconds:g} s"
        raise ValueError(f"`{name}` is {given:g} s, longer than the whole attempt may take, {whole}; lower it")

    async def run(self, inner: Layer, call: Call) -> Reply:
        outer = call.until
        call.until = min(outer, call.clock.now() + self.seconds)
        call.first_token, call.idle = self.first_token, self.idle
        try:
            return await inner(call)
        finally:
            call.until = outer
            call.first_token = call.idle = None

    def describe(self) -> str:
        first = f", first token {self.first_token:g} s" if self.first_token is not None else ""
        idle = f", idle {self.idle:g} s" if self.idle is not None else ""
        return f"Timeout({self.seconds:g} s{first}{idle})"


class Deadline(Strategy):
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
        return f"Deadline({self.seconds:g} s)"
