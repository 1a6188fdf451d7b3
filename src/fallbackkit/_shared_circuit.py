from __future__ import annotations

import math
import os
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeAlias, TypedDict

from fallbackkit._circuit import Circuit, Permit
from fallbackkit._forks import inherit
from fallbackkit._shared import Shared, StoreDown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fallbackkit._circuit import Heard, Snapshot, State
    from fallbackkit._clock import Clock
    from fallbackkit.errors import CircuitOpen

__all__ = ["CircuitStore", "Seen", "SharedCircuit", "Told"]

Order = Literal["", "isolate", "reset"]
Tried: TypeAlias = tuple[str, str, float]
Run: TypeAlias = tuple[int, int, int, float]

_RULES = ("failure_rate", "min_calls", "reset_timeout", "max_reset_timeout", "trial_calls", "trial_lease", "successes")
_VERDICTS = {None: "ignored", False: "success", True: "failure"}


class Told(TypedDict):
    """What one process has to tell. Every number is finite; times are in seconds.

    Attributes:
        rules: The arguments of Circuit, and ``window``; 0 where one is None.
        mine: The state that it is in: ``state``, ``generation``, ``left``, ``wait``, ``isolations``.
        order: From an operator.
        trials: Tokens, how each trial went, and the Retry-After of a failed one that is to be obeyed.
        runs: Calls of this generation, in their order: how many that went alike, whether they failed and
            whether they were slow as 0 or 1, and the Retry-After.
        token: If it is not empty, a trial is asked for under this name.
    """

    rules: Mapping[str, float]
    mine: Mapping[str, Any]
    order: Order
    trials: list[Tried]
    runs: list[Run]
    token: str


class Seen(NamedTuple):
    """What all processes know together.

    Attributes:
        generation: When this state began, in microseconds of the store's clock; no other has the same.
        left: Seconds until a trial may be asked for.
        wait: How long it was last opened for.
        granted: Whether the trial that was asked for may be made.
        at: The store's clock, in microseconds.
    """

    state: State
    generation: int
    left: float
    wait: float
    isolations: int
    calls: int
    failures: int
    slow: int
    trials: int
    granted: bool
    at: int


class CircuitStore(Shared, Protocol):
    """Where several processes keep one circuit.

    Attributes:
        fresh: Seconds for which what was seen is good for all calls.
    """

    fresh: float

    def available(self) -> bool:
        """Whether no outage is known. Never waits for the network."""
        ...

    def exchange(self, circuit: str, told: Told) -> Seen:
        """Tell and see, in one step and by the store's own clock. Raises StoreDown if it cannot answer."""
        ...


@dataclass(slots=True, eq=False)
class _Trial(Permit):
    token: str = ""


class SharedCircuit(Circuit):
    """A circuit that is one for several processes.

    The same machine runs in the store. While that can be asked, this one counts but decides nothing: it
    follows what was seen there. While it cannot, this one decides by what this process sees; and when it
    is back, the latest decision wins, wherever it was made. Only ``exchange``, ``isolate`` and ``reset``
    wait for the network, and never under the lock that calls take.

    Attributes:
        pressing: Whether there is something to tell that must not wait until the view is old.
    """

    _runs: list[Run]
    _tokens: list[tuple[str, float]]

    def __init__(self, *, store: CircuitStore, window: float, clock: Clock, **rules: Any) -> None:
        self.store = store
        self.pressing = False
        self._alone = self._asking = False
        self._exchanging = threading.Lock()
        self._verdicts: list[Tried] = []
        self._seen: Seen | None = None
        self._looked = -math.inf
        self._ahead = clock.time() - clock.now()  # until the store says what time it is there
        self._decided = 0
        super().__init__(window=window, clock=clock, **rules)
        self._place = f"{self.name}:shadow" if self.shadow else self.name  # a shadow must not open the others
        self._rules: dict[str, float] = {name: getattr(self, name) for name in _RULES}
        self._rules |= {"window": window, "in_a_row": self.in_a_row or 0, "slow_rate": self.slow_rate or 0}
        inherit(self)

    def start_over(self) -> None:
        """In a forked child: what the parent has under way, the parent will tell."""
        self._lock = threading.Lock()
        self._exchanging = threading.Lock()
        self._asking = self.pressing = False
        self._verdicts = []
        self._begin()

    def use(self, clock: Clock) -> None:
        super().use(clock)
        self._looked = -math.inf
        self._ahead = clock.time() - clock.now()

    def overdue(self) -> bool:
        """Whether to ``exchange`` before the next call. Does not wait for the network."""
        if not self.store.available():
            self._go_alone()
            return False
        now = self.clock.now()
        if self._urgent(now):
            return True
        age = now - self._looked
        # One caller asks for all who come meanwhile, unless what they know is really old.
        if age < self.store.fresh or (self._asking and age < 2 * self.store.fresh):
            return False
        self._asking = True
        return True

    def exchange(self, *, trial: bool = False, order: Order = "") -> bool:
        """Tell the store and follow it. Waits for the network, if nobody has just done so.

        Args:
            trial: Whether a call is about to be made, which may have to be a trial.
            order: From an operator.

        Returns:
            Whether the store answered.
        """
        with self._exchanging:
            now = self.clock.now()
            if not (order or self._urgent(now) or now - self._looked >= self.store.fresh):
                return True
            told = self._tell(now, order, os.urandom(8).hex() if trial else "")
            try:
                seen = self.store.exchange(self._place, told)
            except StoreDown:
                self._go_alone(told)
                return False
            self._follow(told, seen, now)
            return True

    def admit(self) -> Permit | CircuitOpen:
        if self._alone or self.state == "closed":
            return super().admit()
        with self._lock:
            return self._try(self.clock.now())

    def tally(self, permit: Permit) -> bool:  # noqa: ARG002
        return False  # every call is noted for the store

    def settle(self, permit: Permit, *, failed: bool | None, slow: bool = False, retry_after: float = 0.0) -> Heard:
        if self._alone:
            return super().settle(permit, failed=failed, slow=slow, retry_after=retry_after)
        now = self.clock.now()
        with self._lock:
            again = permit.settled
            heard = permit is self.free or self._redeem(permit, now)
            if isinstance(permit, _Trial) and not again:
                self._verdicts.append((permit.token, _VERDICTS[failed], retry_after))
                self.pressing = True
            if not heard or failed is None:
                return "no"
            if self.state == "closed":
                self._note(now, failed=failed, slow=slow, retry_after=retry_after)
            return "counted"

    def isolate(self) -> None:
        if not self.exchange(order="isolate"):
            super().isolate()

    def reset(self) -> bool:
        if not self.exchange(order="reset"):
            return super().reset()
        return self.state == "closed"

    def snapshot(self) -> Snapshot:
        mine = super().snapshot()
        seen = self._seen
        if self._alone or seen is None:
            return mine
        runs = list(self._runs)
        calls = seen.calls + sum(run[0] for run in runs)
        failures = seen.failures + sum(run[0] * run[1] for run in runs)
        slow = seen.slow + sum(run[0] * run[2] for run in runs)
        return replace(
            mine,
            calls=calls,
            failures=failures,
            failure_rate=failures / calls if calls else None,
            slow=slow,
            slow_rate=slow / calls if calls else None,
            trials=seen.trials,
        )

    def _urgent(self, now: float) -> bool:
        trying = self.state in {"open", "half_open"} and now >= self._until and not self._tokens
        return trying or self.pressing or self._alone

    def _tell(self, now: float, order: Order, token: str) -> Told:
        with self._lock:
            left = max(0.0, self._until - now) if self.state == "open" else 0.0
            told: Told = {
                "rules": self._rules,
                "mine": {
                    "state": self.state,
                    "generation": self._decided,
                    "left": left,
                    "wait": self._wait,
                    "isolations": self._isolations,
                },
                "order": order,
                "trials": self._verdicts,
                "runs": self._runs,
                "token": token,
            }
            self._verdicts, self._runs = [], []
            self.pressing = False
        return told

    def _follow(self, told: Told, seen: Seen, asked: float) -> None:
        now = self.clock.now()
        with self._lock:
            self._alone = self._asking = False
            self._looked = now
            self._ahead = seen.at / 1e6 - now
            if self._decided != told["mine"]["generation"]:
                return  # decided here meanwhile: the next exchange tells it
            if (seen.generation, seen.state) != (self._decided, self.state):
                if (self.state, seen.state) == ("closed", "half_open"):
                    self._move("open", now, seen.wait)
                self._move(seen.state, now, seen.left if seen.state == "open" else None)
            self._seen = seen
            self._decided = seen.generation
            self._until = now + seen.left
            self._wait = seen.wait
            self._isolations = seen.isolations
            if seen.granted:
                self._tokens.append((told["token"], asked + self.trial_lease))

    def _go_alone(self, untold: Told | None = None) -> None:
        """From now on decide by what is seen here, beginning with what the store has not heard."""
        if self._alone:
            return
        now = self.clock.now()
        with self._lock:
            verdicts = [*(untold["trials"] if untold else ()), *self._verdicts]
            runs = [*(untold["runs"] if untold else ()), *self._runs]
            self._alone = True
            self._verdicts, self._runs, self._tokens = [], [], []
            self._judge(now, verdicts, runs)

    def _judge(self, now: float, verdicts: list[Tried], runs: list[Run]) -> None:
        for _, verdict, after in verdicts:
            if self.state == "half_open" and verdict != "ignored":
                target = self._next(now, failed=verdict == "failure", slow=False)
                if target is not None:
                    self._enter(target, now, after)
        self._window.move(now)
        bad = [after for _, failed, slow, after in runs if failed or slow]
        if self.state == "closed" and bad and (max(bad) or self._tripped(self._window)):
            self._enter("open", now, max(bad))

    def _note(self, now: float, *, failed: bool, slow: bool, retry_after: float) -> None:
        self._window.add(now, failed=failed, slow=slow)
        self._streak = self._streak + 1 if failed else 0
        runs = self._runs
        if failed or slow:
            runs.append((1, int(failed), int(slow), retry_after))
            self.pressing = True
        elif runs and not (runs[-1][1] or runs[-1][2]):
            runs[-1] = (runs[-1][0] + 1, 0, 0, 0.0)
        else:
            runs.append((1, 0, 0, 0.0))

    def _trial(self, now: float) -> Permit | None:
        if self._alone:
            return super()._trial(now)
        while self._tokens:
            token, expires = self._tokens.pop()
            if now < expires:
                return _Trial(self._generation, now, expires, token=token)
        return None

    def _retry_after(self, now: float) -> float | None:
        if self._alone:
            return super()._retry_after(now)
        return max(0.0, self._until - now) if self.state in {"open", "half_open"} else None

    def _enter(self, state: State, now: float, retry_after: float = 0.0) -> None:
        super()._enter(state, now, retry_after)
        self._decided = max(int((now + self._ahead) * 1e6), self._decided + 1)
        self.pressing = not self._alone

    def _begin(self) -> None:
        super()._begin()
        self._tokens = []
        self._runs = []
