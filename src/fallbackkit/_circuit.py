from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fallbackkit.errors import CircuitOpen

if TYPE_CHECKING:
    from fallbackkit._clock import Clock

__all__ = ["Circuit", "Heard", "Permit", "Snapshot", "State", "Window"]

State = Literal["closed", "open", "half_open", "isolated"]
Heard = Literal["no", "counted", "moved"]

_SLICES = 10
_MOST_UNTOLD = 64


@dataclass(slots=True, eq=False)
class Permit:
    """The right to make one call. Settle it once; a trial permit lapses at ``expires``."""

    generation: int
    expires: float = math.inf
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A breaker at one moment.

    Attributes:
        state: As ``CircuitBreaker.state``.
        calls: Calls counted in the window.
        failures: Those of them that failed.
        failure_rate: Their share, None if there are no calls.
        retry_after: Seconds until a call may be let through, None if that is not a matter of time.
        trials: Trial calls under way.
    """

    state: State
    calls: int
    failures: int
    failure_rate: float | None
    retry_after: float | None
    trials: int


class Window:
    """Calls and failures of the last ``length`` seconds in ten slices: constant time and space."""

    __slots__ = ("_slice", "_slices", "calls", "failures")

    def __init__(self, length: float) -> None:
        self._slice = length / _SLICES
        self.clear()

    def clear(self) -> None:
        self._slices: deque[tuple[float, list[int]]] = deque()
        self.calls = self.failures = 0

    def move(self, now: float) -> list[int]:
        """Forget what is too old, and return the counts of the slice of now."""
        slices = self._slices
        index = now // self._slice
        while slices and slices[0][0] <= index - _SLICES:
            calls, failures = slices.popleft()[1]
            self.calls -= calls
            self.failures -= failures
        if not slices or slices[-1][0] < index:
            slices.append((index, [0, 0]))
        return slices[-1][1]

    def add(self, now: float, *, failed: bool) -> None:
        counts = self.move(now)
        counts[0] += 1
        self.calls += 1
        if failed:
            counts[1] += 1
            self.failures += 1


class Circuit:
    """The state machine of a circuit breaker. No foreign code runs under its lock.

    Args:
        failure_rate: Opens at this share of failures among ``min_calls`` or more of the window; or
        in_a_row: after so many failures in a row, if this is not None.
        successes: Trials that have to succeed before it closes.

    The rest is as for ``CircuitBreaker``.
    """

    def __init__(
        self,
        *,
        name: str,
        failure_rate: float,
        min_calls: int,
        window: float,
        in_a_row: int | None,
        reset_timeout: float,
        max_reset_timeout: float,
        trial_calls: int,
        trial_lease: float,
        successes: int,
        clock: Clock,
    ) -> None:
        self.name = name
        self.failure_rate = failure_rate
        self.min_calls = min_calls
        self.in_a_row = in_a_row
        self.reset_timeout = reset_timeout
        self.max_reset_timeout = max_reset_timeout
        self.trial_calls = trial_calls
        self.trial_lease = trial_lease
        self.successes = successes
        self.clock = clock
        self.state: State = "closed"
        self.moves: deque[tuple[State, float | None]] = deque(maxlen=_MOST_UNTOLD)
        self._window = Window(window)
        self._lock = threading.Lock()
        self._generation = 0
        self._until = 0.0
        self._streak = self._trips = self._passed = self._isolations = 0
        self._trials: set[Permit] = set()

    def use(self, clock: Clock) -> None:
        """Go on by another clock: what is left to wait stays, what was counted is forgotten."""
        with self._lock:
            self._until += clock.now() - self.clock.now()
            self._window.clear()
            self.clock = clock

    def admit(self) -> Permit | CircuitOpen:
        # Without the lock, so the generation is read first here and written last in `_enter`: a permit
        # that races with a change of state belongs to the generation before it, and is not heard.
        generation = self._generation
        if self.state == "closed":
            return Permit(generation)
        now = self.clock.now()
        with self._lock:
            if self.state == "open" and now >= self._until:
                self._enter("half_open", now)
            return self._try(now)

    def settle(self, permit: Permit, *, failed: bool | None) -> Heard:
        """Hear how a call went, once; None counts neither way."""
        now = self.clock.now()
        with self._lock:
            if permit.settled:
                return "no"
            permit.settled = True
            self._trials.discard(permit)
            if failed is None or permit.generation != self._generation or now >= permit.expires:
                return "no"
            target = self._next(now, failed=failed)
            if target is None:
                return "counted"
            self._enter(target, now)
            return "moved"

    def go(self, state: State) -> None:
        """Follow somebody else's decision. Isolation outlasts it, and a closed circuit has nothing to try."""
        with self._lock:
            if self.state not in {state, "isolated"} and (self.state, state) != ("closed", "half_open"):
                self._enter(state, self.clock.now())

    def isolate(self) -> None:
        with self._lock:
            self._isolations += 1
            self._enter("isolated", self.clock.now())

    def reset(self) -> bool:
        """Whether it is closed now, and not isolated by somebody else."""
        with self._lock:
            self._isolations = max(0, self._isolations - 1)
            if self._isolations:
                return False
            self._enter("closed", self.clock.now())
            return True

    def snapshot(self) -> Snapshot:
        now = self.clock.now()
        with self._lock:
            self._window.move(now)
            self._drop_lapsed(now)
            calls, failures = self._window.calls, self._window.failures
            return Snapshot(
                state=self.state,
                calls=calls,
                failures=failures,
                failure_rate=failures / calls if calls else None,
                retry_after=self._retry_after(now),
                trials=len(self._trials),
            )

    def _try(self, now: float) -> Permit | CircuitOpen:
        if self.state == "closed":
            return Permit(self._generation)
        self._drop_lapsed(now)
        if self.state == "half_open" and len(self._trials) < self.trial_calls:
            permit = Permit(self._generation, expires=now + self.trial_lease)
            self._trials.add(permit)
            return permit
        after = self._retry_after(now)
        hint = "it is isolated until `reset()`" if after is None else f"next trial in {after:.3g} s at the latest"
        return CircuitOpen(f"`{self.name}` lets no call through: {hint}", after)

    def _drop_lapsed(self, now: float) -> None:
        self._trials = {permit for permit in self._trials if permit.expires > now}

    def _retry_after(self, now: float) -> float | None:
        if self.state == "open":
            return max(0.0, self._until - now)
        if self.state != "half_open":
            return None
        if len(self._trials) < self.trial_calls:
            return 0.0
        return min(permit.expires for permit in self._trials) - now

    def _next(self, now: float, *, failed: bool) -> State | None:
        """The state that a settled call leads to, or None if it stays."""
        if self.state == "half_open":
            self._passed += 1
            return "open" if failed else "closed" if self._passed >= self.successes else None
        window = self._window
        window.add(now, failed=failed)
        self._streak = self._streak + 1 if failed else 0
        if self.in_a_row is not None:
            return "open" if self._streak >= self.in_a_row else None
        # Divided: 7 of 100 is 0.07, while 0.07 * 100 is more than 7.
        full = window.failures and window.calls >= self.min_calls
        return "open" if full and window.failures / window.calls >= self.failure_rate else None

    def _enter(self, state: State, now: float) -> None:
        wait = None
        if state == "open":
            self._trips = self._trips + 1 if self.state == "half_open" else 0
            wait = min(self.reset_timeout * 2.0 ** min(self._trips, 60), self.max_reset_timeout)
            self._until = now + wait
        if state == "closed":
            self._window.clear()
        if state != self.state:
            self.moves.append((state, wait))
        self._streak = self._passed = 0
        self._trials.clear()
        self.state = state
        self._generation += 1
