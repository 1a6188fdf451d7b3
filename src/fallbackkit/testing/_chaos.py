from __future__ import annotations

import math
import random
import threading
from typing import TYPE_CHECKING, Any

from fallbackkit import _checks
from fallbackkit._runtime import Strategy, Target
from fallbackkit.testing._faults import Fault, ending, seconds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fallbackkit._call import Call, Reply
    from fallbackkit._runtime import Layer

__all__ = ["Chaos"]

_USUAL = (
    Fault(kind="provider.5xx", after=0.5),
    Fault(kind="provider.overloaded", after=0.1),
    Fault(kind="rate.shared", retry_after=2),
    Fault(kind="connection.lost", after=0.2),
)


_MOST = 10_000


class Chaos(Strategy):
    """Lets faults strike in place of the function, at random and yet the same each time. Off by default.

    It stands innermost, around the function itself, so that every other strategy sees the fault as if
    the function had failed: attempts, events, limits and the breaker included. A stream is struck before
    its first piece. Fallbacks are not touched.

    What strikes is a function of ``seed``, of the number of the call among those that got here, and of
    the number of the attempt within its call; so up to 10 000 calls at once do not disturb one another's
    faults. A lower ``rate`` strikes a part of what a higher one does. At 0 nothing is drawn at all.
    Safe to share between threads and tasks.

    Args:
        rate: The share of attempts that a fault strikes, in [0, 1].
        faults: What strikes, each as often as the others; by default what a provider in trouble does.
            A Fault without a kind or an error hangs, and needs a Timeout or a Deadline outside.
        seed: Another one gives another sequence.

    Raises:
        TypeError: Something in ``faults`` is not a Fault.
        ValueError: ``rate`` is not in [0, 1], or ``faults`` is empty.

    Example:
        >>> from fallbackkit import Pipeline, Retry
        >>> from fallbackkit.testing import FakeClock
        >>> pipeline = Pipeline(Retry(), Chaos(rate=0.5, seed=4), clock=FakeClock())
        >>> [len(pipeline.outcome(lambda: "fine").trail[0].attempts) for _ in range(5)]
        [1, 1, 3, 3, 2]
    """

    innermost = True

    def __init__(self, *, rate: float = 0.0, faults: Iterable[Fault] = _USUAL, seed: int = 0) -> None:
        self.rate = _checks.fraction("rate", rate)
        self.faults = tuple(faults)
        self.seed = seed
        if not self.faults:
            raise ValueError("`faults` is empty; give Chaos at least one Fault, or leave `faults` out")
        for fault in self.faults:
            if not isinstance(fault, Fault):
                raise TypeError(f"`faults` are Faults, got {fault!r}; wrap it: Fault(error=…) or Fault(kind=…)")
        self._numbers: dict[str, int] = {}
        self._calls = 0
        self._lock = threading.Lock()

    async def run(self, inner: Layer, call: Call) -> Reply:
        fault = self._drawn(call) if self.rate else None
        if fault is None:
            return await inner(call)
        return await call.runtime.invoke(call, Target(_striking(fault, call), call.target.name))

    def _drawn(self, call: Call) -> Fault | None:
        place = f"{self.seed}/{self._number(call)}/{len(call.attempts)}"
        draw = random.Random(place).random  # noqa: S311 - it has to be repeatable
        struck = draw() < self.rate
        return self.faults[int(draw() * len(self.faults))] if struck else None

    def _number(self, call: Call) -> int:
        """The number of the call: by its id, which attempts side by side share."""
        with self._lock:
            number = self._numbers.setdefault(call.id, self._calls)
            if number == self._calls:
                self._calls += 1
                if len(self._numbers) > _MOST:
                    del self._numbers[next(iter(self._numbers))]
        return number

    def describe(self) -> str:
        return f"Chaos(rate {self.rate:g}, seed {self.seed})"


def _striking(fault: Fault, call: Call) -> Callable[..., Any]:
    """A function that the fault strikes, async if the call's own function is."""
    clock = call.clock
    seconds = seconds_of(fault, 0.0)
    if fault.strike() is None:
        # A thread that is given up must not hang for ever.
        seconds = 0.0 if call.until == math.inf else call.until - clock.now() + 1

    def strike(*_args: Any, **_kwargs: Any) -> Any:
        clock.sleep(seconds)
        return ending(fault)

    async def astrike(*_args: Any, **_kwargs: Any) -> Any:
        await clock.asleep(seconds)
        return ending(fault)

    return astrike if call.target.is_async else strike
