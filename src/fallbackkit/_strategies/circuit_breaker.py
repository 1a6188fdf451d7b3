from __future__ import annotations

import logging
import sys
import threading
from contextlib import suppress
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Literal, NoReturn

import pybreaker

from fallbackkit import _checks
from fallbackkit._circuit import Circuit, Permit, Snapshot
from fallbackkit._clock import SystemClock
from fallbackkit._runtime import Reply, Strategy
from fallbackkit.errors import CircuitOpen, Failure, FailureKind
from fallbackkit.events import CircuitClosed, CircuitHalfOpened, CircuitOpened
from fallbackkit.providers._look import look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fallbackkit._checks import Match
    from fallbackkit._circuit import State
    from fallbackkit._clock import Clock
    from fallbackkit._runtime import Call, Layer

__all__ = ["CircuitBreaker", "Permit", "Snapshot"]

Verdict = Literal["success", "failure", "ignored"]

_log = logging.getLogger("fallbackkit")
_FROM_PYBREAKER: dict[str, State] = {
    pybreaker.STATE_CLOSED: "closed",
    pybreaker.STATE_OPEN: "open",
    pybreaker.STATE_HALF_OPEN: "half_open",
}
_MOVES: dict[State, tuple[str, Callable[[pybreaker.CircuitBreaker], object]]] = {
    "closed": (pybreaker.STATE_CLOSED, methodcaller("close")),
    "open": (pybreaker.STATE_OPEN, methodcaller("open")),
    "half_open": (pybreaker.STATE_HALF_OPEN, methodcaller("half_open")),
    "isolated": (pybreaker.STATE_OPEN, methodcaller("open")),
}
_MOST_MOVES = 3  # a Redis that is down loses what it is told, and a listener may move us again
_CLIENT_ERRORS = range(400, 500)


class CircuitBreaker(Strategy):
    """Stops calling a dependency that keeps failing, and tries it again after a while.

    pybreaker keeps the state for its listeners and its storage, but your function never runs under
    pybreaker's lock: a call takes a permit, runs, and settles the permit, and pybreaker is told of it
    afterwards. A listener that raises is logged and changes nothing. Use one breaker per dependency,
    and the same one in every pipeline that calls it. Safe to share between threads and tasks.
    Source: Nygard, Release It!, 2007.

    Args:
        failure_rate: Share of failed calls in the window, in (0, 1], at which it opens.
        min_calls: Calls in the window before it can open.
        window: Length of the window in seconds, kept in ten slices: the last 0.9 to 1 of it counts.
        consecutive: Open after this many failures in a row instead of by rate.
        reset_timeout: Seconds it stays open before trial calls; doubles with each failed trial.
        max_reset_timeout: Bound of that doubling, in seconds; at least ``reset_timeout``.
        trial_calls: Trial calls at a time when half open, and successes needed to close.
        trial_lease: Seconds after which a trial that was never settled counts as gone. Make it longer
            than a call may take: what a trial says after its lease is not heard.
        ignore: Failures that count neither way, besides those that are not the dependency's fault:
            kinds, exception types or predicates on the Failure.
        breaker: An existing pybreaker breaker. Its ``fail_max``, ``success_threshold`` and
            ``reset_timeout`` take the place of ours, its listeners and storage see every call that
            counts, its excluded exceptions count neither way, and its ``open()`` and ``close()`` are
            followed. Call it only through pipelines: its own ``call()`` makes all others wait.
        name: For events and messages.
        clock: By default that of the first pipeline that calls it.

    Attributes:
        breaker: The pybreaker breaker, yours or its own; add listeners there.

    Raises:
        TypeError: ``breaker`` is not one of pybreaker's.
        ValueError: A number is out of range, or ``breaker`` and ``consecutive`` are both given.

    Example:
        >>> CircuitBreaker(consecutive=3).state
        'closed'
    """

    def __init__(
        self,
        *,
        failure_rate: float = 0.5,
        min_calls: int = 5,
        window: float = 60.0,
        consecutive: int | None = None,
        reset_timeout: float = 30.0,
        max_reset_timeout: float = 300.0,
        trial_calls: int = 1,
        trial_lease: float = 60.0,
        ignore: Match | Iterable[Match] = (),
        breaker: pybreaker.CircuitBreaker | None = None,
        name: str = "breaker",
        clock: Clock | None = None,
    ) -> None:
        if _checks.fraction("failure_rate", failure_rate) == 0:
            raise ValueError("`failure_rate` must be above 0, got 0; at 0 every call would open the breaker")
        if breaker is not None:
            _check_adopted(breaker, consecutive)
            consecutive = breaker.fail_max
            reset_timeout = max_reset_timeout = breaker.reset_timeout
        self.name = name
        self._ignores = _checks.matching("ignore", ignore)
        self._bound = clock is not None
        self._circuit = Circuit(
            name=name,
            failure_rate=failure_rate,
            min_calls=_checks.count("min_calls", min_calls),
            window=_checks.seconds("window", window),
            in_a_row=None if consecutive is None else _checks.count("consecutive", consecutive),
            reset_timeout=_checks.seconds("reset_timeout", reset_timeout),
            max_reset_timeout=max(reset_timeout, _checks.seconds("max_reset_timeout", max_reset_timeout)),
            trial_calls=_checks.count("trial_calls", trial_calls),
            trial_lease=_checks.seconds("trial_lease", trial_lease),
            successes=trial_calls if breaker is None else breaker.success_threshold,
            clock=clock or SystemClock(),
        )
        self._given = breaker is not None
        self.breaker = breaker or pybreaker.CircuitBreaker(consecutive or sys.maxsize, reset_timeout, trial_calls)
        self._here = threading.local()
        self._circuit.go(_FROM_PYBREAKER[self.breaker.current_state])
        self.breaker.add_listener(_Follower(self._follow))

    @property
    def state(self) -> State:
        """``closed``, ``open``, ``half_open`` or ``isolated``. An open one half-opens with the next call."""
        return self._circuit.state

    def snapshot(self) -> Snapshot:
        """Everything an operator wants to see, at one moment."""
        return self._circuit.snapshot()

    def isolate(self) -> None:
        """Let no call through until ``reset()``, whatever the time. Two isolations take two resets."""
        self._circuit.isolate()
        self._reflect()

    def reset(self) -> None:
        """End one isolation; if none is left, close, and forget what was counted."""
        if self._circuit.reset():
            self._reflect(self.breaker.close)

    def acquire(self) -> Permit:
        """Take the right to make one call; settle it afterwards, whatever happens.

        Raises:
            CircuitOpen: No call may be made now.
        """
        admitted = self._admit()
        if isinstance(admitted, CircuitOpen):
            raise admitted
        return admitted

    def settle(self, permit: Permit, verdict: Verdict, error: BaseException | None = None) -> None:
        """Say how the call went. The second time, and after the lease or in another state, nothing happens."""
        heard = self._circuit.settle(permit, failed=None if verdict == "ignored" else verdict == "failure")
        told = heard != "no" and (self._given or len(self.breaker.listeners) > 1)
        if heard == "moved":
            self._reflect(partial(self._replay, verdict, error) if told else None)
        elif told:
            self._replay(verdict, error)

    async def run(self, inner: Layer, call: Call) -> Reply:
        if not self._bound:
            self._bound = True
            self._circuit.use(call.clock)
        admitted = self._admit()
        if isinstance(admitted, CircuitOpen):
            self._tell(call)
            after = admitted.retry_after
            return Reply(failure=Failure(kind=FailureKind.CIRCUIT_OPEN, retry_after=after, error=admitted))
        verdict: Verdict = "ignored"
        error = None
        entered = len(call.attempts)
        moves = self._circuit.moves
        try:
            if moves:
                self._tell(call)
            reply = await inner(call)
            failure = reply.failure
            if failure is None:
                verdict = "success"
            elif len(call.attempts) > entered:  # if not, the time was up before your function was asked
                verdict = self._judge(failure)
                error = failure.error
        finally:
            self.settle(admitted, verdict, error)
            if moves:
                self._tell(call)
        return reply

    def describe(self) -> str:
        circuit = self._circuit
        by_rate = f"{circuit.failure_rate:.0%} of {circuit.min_calls}+"
        rule = by_rate if circuit.in_a_row is None else f"{circuit.in_a_row} in a row"
        return f"CircuitBreaker({rule}, reset {circuit.reset_timeout:g} s)"

    def _judge(self, failure: Failure) -> Verdict:
        error = failure.error
        unknown = failure.kind is FailureKind.INTERNAL and not _blames_the_request(error)
        if not (failure.kind.outage or unknown) or self._ignores(failure):
            return "ignored"
        return "failure" if error is None or self.breaker.is_system_error(error) else "ignored"

    def _admit(self) -> Permit | CircuitOpen:
        circuit = self._circuit
        admitted = circuit.admit()
        if circuit.state == "half_open":
            self._reflect()
        return admitted

    def _follow(self, state: State) -> None:
        """Somebody changed pybreaker, or its storage did. What we do to it ourselves is no news."""
        if not getattr(self._here, "reflecting", False):
            self._circuit.go(state)

    def _reflect(self, first: Callable[[], object] | None = None) -> None:
        """Bring pybreaker to our state, and again if a listener changes ours. Never under the circuit's lock."""
        if getattr(self._here, "reflecting", False):
            return
        self._here.reflecting = True
        try:
            if first is not None:
                first()
            for _ in range(_MOST_MOVES):
                state, move = _MOVES[self._circuit.state]
                if state == self.breaker.current_state:
                    return
                move(self.breaker)
        except Exception:  # noqa: BLE001 - listeners and storage are foreign code
            _log.exception("a listener of `%s` raised", self.name)
        finally:
            self._here.reflecting = False

    def _replay(self, verdict: Verdict, error: BaseException | None) -> None:
        """Let pybreaker and its listeners see a call that is over."""
        if not isinstance(error, Exception):
            error = _Failed()
        traceback = error.__traceback__
        try:
            self.breaker.call(_succeed if verdict == "success" else _fail, error)
        except Exception as raised:  # noqa: BLE001 - listeners and storage are foreign code
            if raised is not error and not isinstance(raised, pybreaker.CircuitBreakerError):
                _log.exception("a listener of `%s` raised", self.name)
        error.__traceback__ = traceback

    def _tell(self, call: Call) -> None:
        moves = self._circuit.moves
        while moves and call.observers:
            with suppress(IndexError):
                state, wait = moves.popleft()
                if state == "closed":
                    call.emit(CircuitClosed, breaker=self.name)
                elif state == "half_open":
                    call.emit(CircuitHalfOpened, breaker=self.name)
                else:
                    call.emit(CircuitOpened, breaker=self.name, retry_after=wait)


class _Follower(pybreaker.CircuitBreakerListener):
    def __init__(self, follow: Callable[[State], None]) -> None:
        self._follow = follow

    def state_change(self, cb: object, old_state: object, new_state: pybreaker.CircuitBreakerState) -> None:  # noqa: ARG002
        self._follow(_FROM_PYBREAKER[new_state.name])


class _Failed(Exception):
    """Stands in for a failure whose error is not known."""


def _check_adopted(breaker: object, consecutive: int | None) -> None:
    if not isinstance(breaker, pybreaker.CircuitBreaker):
        raise TypeError(f"`breaker` must be a pybreaker.CircuitBreaker, got {breaker!r}")
    if consecutive is not None:
        raise ValueError(f"`consecutive` is {consecutive}, but `breaker` has its own `fail_max`; give one of them")


def _blames_the_request(error: BaseException | None) -> bool:
    """Whether the dependency answered with a 4xx."""
    places = ((error, "status_code"), (look(error, "response"), "status_code"), (error, "status"))
    return any(look(place, name) in _CLIENT_ERRORS for place, name in places)


def _succeed(_error: BaseException) -> None:
    return None


def _fail(error: BaseException) -> NoReturn:
    raise error
