"""Several attempts of one call side by side: one of them answers, and the others are given up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from fallbackkit._call import Call
from fallbackkit._runtime import AsyncRuntime, Runtime, SyncRuntime
from fallbackkit.errors import Failure, FailureKind

if TYPE_CHECKING:
    from fallbackkit._call import Channel, Reply
    from fallbackkit._runtime import Target
    from fallbackkit._waiting import ThreadWaiter

__all__ = ["Fork", "GivenUp"]


class GivenUp(BaseException):
    """Unwinds an attempt that nobody waits for any more: no success and no failure, for nobody."""


class Fork(Call):
    """One attempt of a call beside others: attempts and limits of its own, and the rest shared.

    Args:
        call: The call itself.
        earlier: How many attempts beside this one were started before it.
        channel: Takes what it has to show, if somebody looks on.

    Attributes:
        entered: The clock's time of the last entry into user code.
        given_up: Whether nobody waits for it any more.
        waiting: What its thread waits for, last.
    """

    entered: float | None = None
    given_up = False
    waiting: ThreadWaiter | None = None

    def __init__(self, call: Call, earlier: int, channel: Channel) -> None:
        self.__dict__.update(call.__dict__, _id=call.id, channel=channel, outer=None, shown=False, partial=None)
        self.runtime = _ASYNC if call.runtime.suspends else _SYNC
        self.attempts = [*call.attempts, *[{}] * earlier]
        self._own = len(self.attempts)

    def give_up(self) -> None:
        """Let it unwind as soon as it comes to itself, unheard. Thread-safe."""
        self.given_up = True
        self.observers = ()
        if self.waiting is not None:
            self.waiting.wake()

    def heed(self) -> None:
        if self.given_up:
            raise GivenUp

    def made(self) -> list[dict[str, Any]]:
        """Its entries into user code. One that was not over when it was given up counts as cancelled."""
        entered = self.entered  # read first: an attempt is listed before it counts as over
        attempts = [dict(attempt) for attempt in self.attempts[self._own :]]
        if entered is not None and not attempts:
            lasted = self.clock.now() - entered
            attempts.append({"failure": Failure(kind=FailureKind.CANCELLED), "duration": lasted, "waited": self.waited})
        return attempts


class _Heedful(Runtime):
    """Lets nothing inside a fork hear of what comes after it was given up."""

    async def invoke(self, call: Call, target: Target) -> Reply:
        fork = cast("Fork", call)
        fork.heed()
        fork.entered = call.clock.now()
        reply = await super().invoke(call, target)
        fork.entered = None
        fork.heed()
        return reply


class _HeedfulAsync(_Heedful, AsyncRuntime):
    pass


class _HeedfulSync(_Heedful, SyncRuntime):
    async def wait(self, call: Call, waiter: ThreadWaiter, seconds: float = math.inf) -> bool:
        fork = cast("Fork", call)
        fork.waiting = waiter
        fork.heed()  # after it has said what to wake: who gives up says so first
        woken = await super().wait(call, waiter, seconds)
        fork.heed()
        return woken


_SYNC: Runtime = _HeedfulSync()
_ASYNC: Runtime = _HeedfulAsync()
