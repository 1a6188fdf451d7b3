"""A stream as one call: read to its end by three clocks, and shown as it grows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from fallbackkit import _reading
from fallbackkit._clock import UNTIL, SystemClock
from fallbackkit._reading import END, NOTHING
from fallbackkit.errors import DeadlineExceeded, Failure, FailureKind
from fallbackkit.events import Retracted
from fallbackkit.providers._pieces import Pieces

if TYPE_CHECKING:
    from collections.abc import Generator

    from fallbackkit._call import Call
    from fallbackkit._outcome import Answer

__all__ = ["PERIOD", "Emission", "gather"]

PERIOD = 0.05
"""Seconds between two showings of a growing answer, at least."""


class Emission:
    """What a call shows on its way: awaited inside, it comes out of the coroutine at whoever drives it."""

    __slots__ = ("answer", "call")

    def __init__(self, call: Call, answer: Answer | None) -> None:
        self.call = call
        self.answer = answer

    def __await__(self) -> Generator[Emission, None, None]:
        yield self


class _Limits:
    """Which of the three clocks runs out first. Only what belongs to the answer satisfies them."""

    __slots__ = ("_call", "_started", "at", "begun")

    def __init__(self, call: Call, started: float) -> None:
        self._call = call
        self._started = started
        self.begun = False
        self.at = min(call.until, started + (math.inf if call.first_token is None else call.first_token))

    def heard(self, now: float) -> None:
        """Something of the answer has come."""
        call = self._call
        self.begun = True
        self.at = call.until if call.idle is None else min(call.until, now + call.idle)

    def pause(self, seconds: float) -> None:
        """Whoever looks at the answer took their time: the stream was not idle meanwhile."""
        if self._call.idle is not None:
            self.at = min(self._call.until, self.at + seconds)

    def passed(self) -> Failure:
        call = self._call
        clock: Literal["total", "first_token", "idle"]
        if self.at == call.until:
            clock, limit = "total", call.until - self._started
        elif self.begun:
            clock, limit = "idle", call.idle or 0.0
        else:
            clock, limit = "first_token", call.first_token or 0.0
        kind = FailureKind.TIMEOUT_MID_STREAM if self.begun else FailureKind.TIMEOUT_FIRST_BYTE
        error = DeadlineExceeded(f"the stream passed its {clock} limit of {limit:.3g} s", limit, clock=clock)
        return Failure(kind=kind, limit=limit, error=error)


async def gather(call: Call, stream: Any, started: float) -> Answer | Failure:
    """Read a stream to its end, showing what comes if the call is one that shows.

    Args:
        call: Whose limits hold.
        stream: An iterator, or an async one in the async runtime.
        started: The clock's time at which the attempt began.
    """
    pieces = Pieces(call.pipeline.providers)
    failure = pieces.failure(await _read(call, stream, started, pieces))
    answer = pieces.answer()
    if call.shown:
        call.keep(answer)
        if failure is None and call.restarts:  # what cannot be used is withdrawn while it still can be
            failure = call.unusable(answer)
    if failure is None:
        return answer
    if call.shown and call.restarts:
        call.emit(Retracted, step=call.step, characters=len(answer.text), failure=failure)
        await call.retract()
    return failure


class _Screen:
    """Shows a growing answer as soon as there is something for the eye, and then once a period at most."""

    __slots__ = ("_call", "_limits", "_pieces", "_shown_at", "_shows", "due")

    def __init__(self, call: Call, pieces: Pieces, limits: _Limits) -> None:
        self._call = call
        self._pieces = pieces
        self._limits = limits
        self._shows = call.streams and not call.held
        self._shown_at = -math.inf
        self.due = math.inf

    def changed(self) -> None:
        """There is something new."""
        if self._shows and self.due == math.inf and self._pieces.visible:
            self.due = self._shown_at + PERIOD

    async def show(self) -> None:
        clock = self._call.clock
        before = clock.now()
        self.due = math.inf
        await self._call.show(self._pieces.answer())
        self._shown_at = clock.now()
        self._limits.pause(self._shown_at - before)


async def _read(call: Call, stream: Any, started: float, pieces: Pieces) -> Failure | None:
    """Take pieces until the stream ends, which gives None, or breaks."""
    clock = call.clock
    suspends = call.runtime.suspends
    limits = _Limits(call, started)
    screen = _Screen(call, pieces, limits)
    reader = _reader(call, stream)
    try:
        while (wait := limits.at - clock.now()) > 0:
            if screen.due < math.inf and reader.patient:
                wait = min(wait, max(0.0, screen.due - clock.now()))
            read = reader.read(wait)
            piece = await read if suspends else read
            call.heed()
            if piece is END:
                return None
            if piece is NOTHING and not reader.patient:
                break
            if piece is not NOTHING and pieces.add(piece):
                limits.heard(clock.now())
                screen.changed()
            if clock.now() >= screen.due:
                await screen.show()
        return limits.passed()
    except Exception as error:  # noqa: BLE001 - a stream is foreign code
        return _broken(call, error, begun=pieces.begun)
    finally:
        closing = reader.close()
        if suspends:
            await closing


def _broken(call: Call, error: Exception, *, begun: bool) -> Failure | None:
    failure = call.raised(error).failure
    if begun and failure is not None and failure.kind is FailureKind.TIMEOUT_FIRST_BYTE:
        return failure.model_copy(update={"kind": FailureKind.TIMEOUT_MID_STREAM})
    return failure


def _reader(call: Call, stream: Any) -> Any:
    """Read ahead where the machine's clock has to cut off, or an event loop must not be held up."""
    clock = call.clock
    real = isinstance(clock, SystemClock)
    limited = call.until < math.inf or call.first_token is not None or call.idle is not None
    plain = not call.runtime.suspends or not hasattr(type(stream), "__anext__")
    if not real or not (limited or (plain and call.runtime.suspends)):
        direct = _reading.AsyncDirect if call.runtime.suspends else _reading.Direct
        return direct(stream, clock, call.until)
    token = UNTIL.set((clock, call.until)) if call.until < math.inf else None
    try:
        if not plain:
            return _reading.FromTask(stream)
        return _reading.AsyncFromThread(stream) if call.runtime.suspends else _reading.FromThread(stream)
    finally:
        if token is not None:
            UNTIL.reset(token)
