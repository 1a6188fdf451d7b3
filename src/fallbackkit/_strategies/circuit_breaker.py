from __future__ import annotations

import math
import sys
import threading
from contextlib import suppress
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self

import pybreaker

from fallbackkit import _checks, _log
from fallbackkit._call import Reply
from fallbackkit._circuit import Circuit, Permit, Snapshot
from fallbackkit._clock import SYSTEM_CLOCK
from fallbackkit._runtime import Strategy
from fallbackkit._shared import able, tell
from fallbackkit._shared_circuit import SharedCircuit
from fallbackkit.errors import CircuitOpen, Failure, FailureKind
from fallbackkit.events import CircuitClosed, CircuitHalfOpened, CircuitOpened, CircuitWouldOpen
from fallbackkit.providers._look import look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fallbackkit._call import Call
    from fallbackkit._checks import Match
    from fallbackkit._circuit import State
    from fallbackkit._clock import Clock
    from fallbackkit._runtime import Layer
    from fallbackkit._shared_circuit import CircuitStore

__all__ = ["CircuitBreaker", "Permit", "Snapshot"]

Verdict = Literal["success", "failure", "ignored"]

_FAILED: dict[Verdict, bool | None] = {"success": False, "failure": True, "ignored": None}
_CUT_OFF = {FailureKind.TIMEOUT_FIRST_BYTE, FailureKind.TIMEOUT_MID_STREAM}

_WINDOW = 60.0
_MAX_RESET_TIMEOUT = 300.0
_TRIAL_LEASE = 60.0

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
        min_calls: Calls in the window before it can open by a share of them.
        window: Length of the window in seconds, kept in ten slices: the last 0.9 to 1 of it counts.
        consecutive: Open after this many failures in a row instead of by rate.
        slow_call: A call that takes longer than this many seconds of the breaker's clock counts as slow,
            whether it succeeds or fails; so does one that a time limit cut off. A slow trial has failed.
        slow_rate: Share of slow calls in the window, in (0, 1], at which it opens, too.
        reset_timeout: Seconds it stays open before trial calls; doubles with each failed trial.
        max_reset_timeout: Bound of that doubling, in seconds; at least ``reset_timeout``.
        trial_calls: Trial calls at a time when half open, and successes needed to close.
        trial_lease: Seconds after which a trial that was never settled counts as gone. Make it longer
            than a call may take: what a trial says after its lease is not heard.
        open_for_retry_after: Whether a failure that counts and has a Retry-After opens it at once, for
            exactly that time: it may be shorter than ``reset_timeout``, and longer than
            ``max_reset_timeout``. If it was a trial, for that time or the doubled one, the longer of the two.
        ignore: Failures that count neither way, besides those that are not the dependency's fault:
            kinds, exception types or predicates on the Failure.
        shadow: Let every call through, to see what the breaker would do: ``state``, ``snapshot()``, and one
            CircuitWouldOpen each time that it would not have stayed closed. Only the calls that it would
            have let through are heard. It neither follows nor changes the state of ``breaker``.
        breaker: An existing pybreaker breaker. Its ``fail_max``, ``success_threshold`` and
            ``reset_timeout`` take the place of ours, its listeners and storage see every call that
            counts, its excluded exceptions count neither way, and its ``open()`` and ``close()`` are
            followed. Call it only through pipelines: its own ``call()`` makes all others wait.
        store: Where processes share one breaker, for example a ``fallbackkit.redis.RedisStore``. A call waits
            for it only if what it said is old, if the call failed, or if it may be a trial; while it is down,
            each process goes on with its own breaker. pybreaker's own ``open()`` and ``close()`` are not followed.
        name: For events and messages; and breakers of one name in one store are one.
        clock: By default that of the first pipeline that calls it.

    Attributes:
        breaker: The pybreaker breaker, yours or its own; add listeners there.

    Raises:
        TypeError: ``breaker`` is not one of pybreaker's, or ``store`` is no store.
        ValueError: A number is out of range, or ``breaker`` is given besides ``consecutive`` or ``store``.

    Example:
        >>> CircuitBreaker(consecutive=3).state
        'closed'
    """

    def __init__(
        self,
        *,
        failure_rate: float = 0.5,
        min_calls: int = 5,
        window: float = _WINDOW,
        consecutive: int | None = None,
        slow_call: float | None = None,
        slow_rate: float = 0.5,
        reset_timeout: float = 30.0,
        max_reset_timeout: float = _MAX_RESET_TIMEOUT,
        trial_calls: int = 1,
        trial_lease: float = _TRIAL_LEASE,
        open_for_retry_after: bool = False,
        ignore: Match | Iterable[Match] = (),
        shadow: bool = False,
        breaker: pybreaker.CircuitBreaker | None = None,
        store: CircuitStore | None = None,
        name: str = "breaker",
        clock: Clock | None = None,
    ) -> None:
        _check_rate("failure_rate", failure_rate)
        _check_rate("slow_rate", slow_rate)
        if breaker is not None:
            _check_adopted(breaker, consecutive, store)
            consecutive = breaker.fail_max
            reset_timeout = max_reset_timeout = breaker.reset_timeout
        self.name = name
        self.store = able(store, "exchange")
        self._shadow = shadow
        self._slow_call = math.inf if slow_call is None else _checks.seconds("slow_call", slow_call)
        self._obeys = open_for_retry_after
        ignored = _checks.listed(ignore)
        self._ignores = _checks.matching("ignore", ignored)
        self._bound = clock is not None
        circuit = Circuit if store is None else partial(SharedCircuit, store=store)
        self._circuit = circuit(
            name=name,
            failure_rate=failure_rate,
            min_calls=_checks.count("min_calls", min_calls),
            window=_checks.seconds("window", window),
            in_a_row=None if consecutive is None else _checks.count("consecutive", consecutive),
            slow_rate=None if slow_call is None else slow_rate,
            reset_timeout=_checks.seconds("reset_timeout", reset_timeout),
            max_reset_timeout=max(reset_timeout, _checks.seconds("max_reset_timeout", max_reset_timeout)),
            trial_calls=_checks.count("trial_calls", trial_calls),
            trial_lease=_checks.seconds("trial_lease", trial_lease),
            successes=trial_calls if breaker is None else breaker.success_threshold,
            shadow=shadow,
            clock=clock or SYSTEM_CLOCK,
        )
        self._notes = [
            f"window {window:g} s" * (window != _WINDOW),
            f"{trial_calls} trials" * (trial_calls != 1),
            f"lease {trial_lease:g} s" * (trial_lease != _TRIAL_LEASE),
            f"reset up to {max_reset_timeout:g} s" * (max_reset_timeout not in {_MAX_RESET_TIMEOUT, reset_timeout}),
            f"ignores {_checks.words(ignored)}" * (ignored != ()),
        ]
        self._shared = self._circuit if isinstance(self._circuit, SharedCircuit) else None
        self._own = (
            _Own(consecutive or sys.maxsize, reset_timeout, trial_calls)
            if store is None
            else _Own(sys.maxsize, reset_timeout, sys.maxsize)  # it counts one process, and must conclude nothing
        )
        self._given = breaker is not None
        self.breaker = breaker or self._own
        self._here = threading.local()
        if not shadow:
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
        """Take the right to make one call; settle or release it afterwards, whatever happens.

        Raises:
            CircuitOpen: No call may be made now.
        """
        if self._shared is not None and self._shared.overdue():
            self._exchange(self._shared, trial=True)
        admitted = self._admit()
        if isinstance(admitted, CircuitOpen):
            raise admitted
        return admitted

    def settle(self, permit: Permit, verdict: Verdict, cause: Failure | BaseException | None = None) -> None:
        """Say how the call went. The second time, and after the lease or in another state, nothing happens.

        Args:
            cause: What went wrong. pybreaker's listeners see it; of a Failure, its Retry-After and whether it is
                a time-out are heard, too.

        Raises:
            ValueError: ``verdict`` is none of the three.
        """
        if verdict not in _FAILED:
            raise ValueError(f"`verdict` must be 'success', 'failure' or 'ignored', got {verdict!r}")
        self._settle(permit, verdict, cause)
        if self._shared is not None and self._shared.pressing:
            self._exchange(self._shared)

    def release(self, permit: Permit) -> None:
        """Give the permit back: the call was not made, or says nothing about the dependency."""
        self.settle(permit, "ignored")

    async def run(self, inner: Layer, call: Call) -> Reply:
        if not self._bound:
            self._bind(call.clock)
        if self._shared is not None:
            await self._catch_up(self._shared, call)
        circuit = self._circuit
        permit = circuit.free
        if permit is None:
            admitted = self._admit()
            if isinstance(admitted, CircuitOpen):
                return self._refuse(call, admitted)
            permit = admitted
        verdict: Verdict = "ignored"
        failure = None
        entered = len(call.attempts)
        moves = circuit.moves
        try:
            if moves:
                self._tell(call)
            reply = await inner(call)
            failure = reply.failure
            if failure is None:
                verdict = "success"
            elif len(call.attempts) > entered:  # if not, the time was up before your function was asked
                verdict = self._judge(failure)
        finally:
            self._settle(permit, verdict, failure)
            if moves:
                self._tell(call)
        if self._shared is not None:
            await self._report(self._shared, call)
        return reply

    def anew(self, **instead: Any) -> Self:
        """Make it once more, closed, for this process alone and any clock; the rule of ``breaker`` becomes its own."""
        breaker = self.breaker
        rule = {"consecutive": breaker.fail_max, "reset_timeout": breaker.reset_timeout} if self._given else {}
        return super().anew(**{"breaker": None, "store": None, "clock": None, **rule, **instead})

    def describe(self) -> str:
        circuit = self._circuit
        by_rate = f"{circuit.failure_rate:.0%} of {circuit.min_calls}+"
        rule = by_rate if circuit.in_a_row is None else f"{circuit.in_a_row} in a row"
        slow = "" if circuit.slow_rate is None else f", {circuit.slow_rate:.0%} slower than {self._slow_call:g} s"
        after = " or Retry-After" if self._obeys else ""
        notes = "".join(f", {note}" for note in [*self._notes, "shadow" * self._shadow] if note)
        return f"CircuitBreaker({rule}{slow}, reset {circuit.reset_timeout:g} s{after}{notes})"

    def _bind(self, clock: Clock) -> None:
        self._bound = True
        if clock is not self._circuit.clock:
            self._circuit.use(clock)

    def _refuse(self, call: Call, error: CircuitOpen) -> Reply:
        self._tell(call)
        return Reply(failure=Failure(kind=FailureKind.CIRCUIT_OPEN, retry_after=error.retry_after, error=error))

    def _judge(self, failure: Failure) -> Verdict:
        error = failure.error
        unknown = failure.kind is FailureKind.INTERNAL and not _blames_the_request(error)
        if not (failure.kind.outage or unknown):
            return "ignored"
        try:
            counts = not self._ignores(failure) and (error is None or self.breaker.is_system_error(error))
        except Exception as raised:
            if not self._shadow:
                raise
            _log.error("a predicate of `%s` raised", self.name, error=raised)
            return "ignored"
        return "failure" if counts else "ignored"

    async def _catch_up(self, shared: SharedCircuit, call: Call) -> None:
        """Before a call: what the other processes know, if it is time to look."""
        if shared.overdue():
            await call.runtime.store(partial(self._exchange, shared, trial=True))
        tell(shared.store, call)

    async def _report(self, shared: SharedCircuit, call: Call) -> None:
        """After a call: what the other processes have to know at once."""
        if shared.pressing:
            await call.runtime.store(self._exchange, shared)
            tell(shared.store, call)
            self._tell(call)

    def _exchange(self, shared: SharedCircuit, *, trial: bool = False) -> None:
        shared.exchange(trial=trial)
        self._reflect()

    def _admit(self) -> Permit | CircuitOpen:
        circuit = self._circuit
        admitted = circuit.admit()
        if circuit.state == "half_open":
            self._reflect()
        return admitted

    def _settle(self, permit: Permit, verdict: Verdict, cause: Failure | BaseException | None) -> None:
        circuit = self._circuit
        heeded = (self._given or self._own.heeded) and not self._shadow
        if permit is circuit.free and verdict == "success" and not heeded and circuit.tally(permit):
            return
        slow = circuit.slow_rate is not None and self._took_long(permit, cause)
        if slow and verdict == "success" and permit.expires < math.inf:
            verdict = "failure"  # whoever comes back slow is not well yet
        error, after = (cause.error, cause.retry_after) if isinstance(cause, Failure) else (cause, None)
        obeyed = after if after is not None and self._obeys else 0.0
        heard = circuit.settle(permit, failed=_FAILED[verdict], slow=slow, retry_after=obeyed)
        if heard == "moved":
            self._reflect(partial(self._replay, verdict, error) if heeded else None)
        elif heard == "counted" and heeded:
            self._replay(verdict, error)

    def _took_long(self, permit: Permit, cause: Failure | BaseException | None) -> bool:
        cut_off = isinstance(cause, Failure) and cause.kind in _CUT_OFF
        return cut_off or self._circuit.clock.now() - permit.started > self._slow_call

    def _follow(self, state: State) -> None:
        """Somebody changed pybreaker, or its storage did. What we do to it ourselves is no news."""
        if self._shared is None and not getattr(self._here, "reflecting", False):
            self._circuit.go(state)

    def _reflect(self, first: Callable[[], object] | None = None) -> None:
        """Bring pybreaker to our state, and again if a listener changes ours. Never under the circuit's lock."""
        if self._shadow or getattr(self._here, "reflecting", False):
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
        except Exception as raised:  # noqa: BLE001 - listeners and storage are foreign code
            _log.error("a listener of `%s` raised", self.name, error=raised)
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
                _log.error("a listener of `%s` raised", self.name, error=raised)
        error.__traceback__ = traceback

    def _tell(self, call: Call) -> None:
        moves = self._circuit.moves
        while moves and call.observers:
            with suppress(IndexError):
                state, wait = moves.popleft()
                if self._shadow:
                    call.emit(CircuitWouldOpen, breaker=self.name, retry_after=wait)
                elif state == "closed":
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


class _Own(pybreaker.CircuitBreaker):
    heeded = False

    def add_listener(self, listener: pybreaker.CircuitBreakerListener) -> None:
        super().add_listener(listener)
        self.heeded = len(self.listeners) > 1  # besides us; kept, since asking would cost every call a copy


class _Failed(Exception):
    """Stands in for a failure whose error is not known."""


def _check_rate(name: str, value: float) -> None:
    if _checks.fraction(name, value) == 0:
        raise ValueError(f"`{name}` must be above 0, got 0; at 0 every call would open the breaker")


def _check_adopted(breaker: object, consecutive: int | None, store: object) -> None:
    if not isinstance(breaker, pybreaker.CircuitBreaker):
        raise TypeError(f"`breaker` must be a pybreaker.CircuitBreaker, got {breaker!r}")
    if consecutive is not None:
        raise ValueError(f"`consecutive` is {consecutive}, but `breaker` has its own `fail_max`; give one of them")
    if store is not None:
        raise ValueError(
            "`breaker` keeps its state in its own storage, and `store` would keep another; give one of them"
        )


def _blames_the_request(error: BaseException | None) -> bool:
    """Whether the dependency answered with a 4xx."""
    places = ((error, "status_code"), (look(error, "response"), "status_code"), (error, "status"))
    return any(look(place, name) in _CLIENT_ERRORS for place, name in places)


def _succeed(_error: BaseException) -> None:
    return None


def _fail(error: BaseException) -> NoReturn:
    raise error
