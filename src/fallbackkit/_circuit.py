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
_UNHEARD = -1


@dataclass(slots=True, eq=False)
class Permit:
    """The right to make one call. Settle it once; a trial permit lapses at ``expires``."""

    generation: int
    started: float = 0.0
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
        slow: Calls that took longer than ``slow_call``, or were cut off.
        slow_rate: Their share, None if there are no calls.
        retry_after: Seconds until a call may be let through, None if that is not a matter of time.
        trials: Trial calls under way.
    """

    state: State
    calls: int
    failures: int
    failure_rate: float | None
    slow: int
    slow_rate: float | None
    retry_after: float | None
    trials: int


class Window:
    """What the last ``length`` seconds brought, in ten slices: constant time and space.

    Attributes:
        counts: Calls, failures and slow calls of the slice that ends at ``end``.
    """

    __slots__ = ("_slice", "_slices", "calls", "counts", "end", "failures", "slow")

    def __init__(self, length: float) -> None:
        self._slice = length / _SLICES
        self.clear()

    def clear(self) -> None:
        self._slices: deque[tuple[float, list[int]]] = deque()
        self.counts = [0, 0, 0]
        self.end = -math.inf
        self.calls = self.failures = self.slow = 0

    def move(self, now: float) -> None:
        """Forget what is too old, and count in the slice of now."""
        slices = self._slices
        index = now // self._slice
        while slices and slices[0][0] <= index - _SLICES:
            calls, failures, slow = slices.popleft()[1]
            self.calls -= calls
            self.failures -= failures
            self.slow -= slow
        if not slices or slices[-1][0] < index:
            self.counts = [0, 0, 0]
            self.end = (index + 1) * self._slice
            slices.append((index, self.counts))

    def add(self, now: float, *, failed: bool, slow: bool) -> None:
        if now >= self.end:
            self.move(now)
        self.calls += 1
        self.counts[0] += 1
        if failed:
            self.failures += 1
            self.counts[1] += 1
        if slow:
            self.slow += 1
            self.counts[2] += 1


class Circuit:
    """The state machine of a circuit breaker. No foreign code runs under its lock.

    Args:
        failure_rate: Opens at this share of failures among ``min_calls`` or more of the window; or
        in_a_row: after so many failures in a row, if this is not None.
        slow_rate: Opens at this share of slow calls, too; None if calls are not timed.
        successes: Trials that have to succeed before it closes.

    The rest is as for ``CircuitBreaker``.

    Attributes:
        free: The permit that all may use who settle just once, while it is closed and calls are not timed.
    """

    def __init__(
        self,
        *,
        name: str,
        failure_rate: float,
        min_calls: int,
        window: float,
        in_a_row: int | None,
        slow_rate: float | None,
        reset_timeout: float,
        max_reset_timeout: float,
        trial_calls: int,
        trial_lease: float,
        successes: int,
        shadow: bool,
        clock: Clock,
    ) -> None:
        self.name = name
        self.failure_rate = failure_rate
        self.min_calls = min_calls
        self.in_a_row = in_a_row
        self.slow_rate = slow_rate
        self.reset_timeout = reset_timeout
        self.max_reset_timeout = max_reset_timeout
        self.trial_calls = trial_calls
        self.trial_lease = trial_lease
        self.successes = successes
        self.shadow = shadow
        self.clock = clock
        self.state: State = "closed"
        self.moves: deque[tuple[State, float | None]] = deque(maxlen=_MOST_UNTOLD)
        self._window = Window(window)
        self._lock = threading.Lock()
        self._generation = self._isolations = self._streak = self._passed = 0
        self._until = self._wait = 0.0
        self._trials: set[Permit] = set()
        self._begin()

    def use(self, clock: Clock) -> None:
        """Go on by another clock: what is left to wait stays, what was counted or let through is forgotten."""
        with self._lock:
            self._until += clock.now() - self.clock.now()
            self.clock = clock
            self._window.clear()
            self._begin()

    def admit(self) -> Permit | CircuitOpen:
        # Without the lock, so the generation is read first here and written last in `_begin`: a permit
        # that races with a change of state belongs to the generation before it, and is not heard.
        generation = self._generation
        if self.state == "closed":
            return Permit(generation) if self.slow_rate is None else Permit(generation, self.clock.now())
        now = self.clock.now()
        with self._lock:
            if self.state == "open" and now >= self._until:
                self._enter("half_open", now)
            return self._try(now)

    def tally(self, permit: Permit) -> bool:
        """Count a success if there is nothing to weigh, which is nearly always; else it is for ``settle``."""
        window = self._window
        now = self.clock.now()
        with self._lock:
            if permit is not self.free or window.failures or now >= window.end:
                return False
            window.calls += 1
            window.counts[0] += 1
            self._streak = 0
            return True

    def settle(self, permit: Permit, *, failed: bool | None, slow: bool = False, retry_after: float = 0.0) -> Heard:
        """Hear how a call went, once; None counts neither way, and a failure with ``retry_after`` opens it."""
        now = self.clock.now()
        with self._lock:
            if (permit is not self.free and not self._redeem(permit, now)) or failed is None:
                return "no"
            target = self._next(now, failed=failed, slow=slow)
            if failed and retry_after > 0:
                target = "open"
            if target is None:
                return "counted"
            self._enter(target, now, retry_after)
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
            calls, failures, slow = self._window.calls, self._window.failures, self._window.slow
            return Snapshot(
                state=self.state,
                calls=calls,
                failures=failures,
                failure_rate=failures / calls if calls else None,
                slow=slow,
                slow_rate=slow / calls if calls else None,
                retry_after=self._retry_after(now),
                trials=len(self._trials),
            )

    def _try(self, now: float) -> Permit | CircuitOpen:
        if self.state == "closed":
            return Permit(self._generation, now)
        self._drop_lapsed(now)
        permit = self._trial(now) if self.state == "half_open" else None
        if permit is not None:
            self._trials.add(permit)
            return permit
        if self.shadow:
            return Permit(_UNHEARD)
        after = self._retry_after(now)
        hint = "it is isolated until `reset()`" if after is None else f"next trial in {after:.3g} s at the latest"
        return CircuitOpen(f"`{self.name}` lets no call through: {hint}", after)

    def _trial(self, now: float) -> Permit | None:
        free = len(self._trials) < self.trial_calls
        return Permit(self._generation, now, now + self.trial_lease) if free else None

    def _redeem(self, permit: Permit, now: float) -> bool:
        """Whether what it says is heard: the first time, in time, and in the generation that it was given in."""
        if permit.settled:
            return False
        permit.settled = True
        self._trials.discard(permit)
        return permit.generation == self._generation and now < permit.expires

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

    def _next(self, now: float, *, failed: bool, slow: bool) -> State | None:
        """The state that a settled call leads to, or None if it stays."""
        if self.state == "half_open":
            self._passed += 1
            return "open" if failed else "closed" if self._passed >= self.successes else None
        window = self._window
        window.add(now, failed=failed, slow=slow)
        self._streak = self._streak + 1 if failed else 0
        return "open" if (window.failures or window.slow) and self._tripped(window) else None

    def _tripped(self, window: Window) -> bool:
        # Divided: 7 of 100 is 0.07, while 0.07 * 100 is more than 7.
        full = window.calls >= self.min_calls
        if full and self.slow_rate is not None and window.slow / window.calls >= self.slow_rate:
            return True
        if self.in_a_row is not None:
            return self._streak >= self.in_a_row
        return full and window.failures / window.calls >= self.failure_rate

    def _enter(self, state: State, now: float, retry_after: float = 0.0) -> None:
        self._move(state, now, self._open_for(retry_after) if state == "open" else None)

    def _move(self, state: State, now: float, wait: float | None) -> None:
        if wait is not None:
            self._wait = wait
            self._until = now + wait
        if state == "closed":
            self._window.clear()
        if state != self.state and (self.state == "closed" or not self.shadow):
            self.moves.append((state, wait))
        self.state = state
        self._begin()

    def _open_for(self, retry_after: float) -> float:
        if self.state != "half_open":
            return self.reset_timeout if retry_after <= 0 else retry_after
        longer = min(max(2 * self._wait, self.reset_timeout), self.max_reset_timeout)
        return max(longer, retry_after)

    def _begin(self) -> None:
        """A generation begins: what was let through before is not heard in it."""
        self._streak = self._passed = 0
        self._trials.clear()
        generation = self._generation + 1
        self.free = Permit(generation) if self.state == "closed" and self.slow_rate is None else None
        self._generation = generation
