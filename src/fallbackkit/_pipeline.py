from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar, get_args, overload

from fallbackkit import _guards, _order, _watch
from fallbackkit._alerts import Alerts
from fallbackkit._call import Call, Reply
from fallbackkit._clock import SYSTEM_CLOCK
from fallbackkit._ending import conclude
from fallbackkit._faces import AsyncProtected, Protected
from fallbackkit._runtime import Strategy, Target
from fallbackkit._streams import Emission
from fallbackkit.events import Answered, Unanswered
from fallbackkit.providers._provider import checked

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Iterable, Sequence

    from fallbackkit._clock import Clock
    from fallbackkit._outcome import Outcome
    from fallbackkit._runtime import Layer, Runtime
    from fallbackkit.events import Observer
    from fallbackkit.providers import Provider

__all__ = ["Pipeline"]

P = ParamSpec("P")
T = TypeVar("T")
Interruption = Literal["keep", "restart"]


class Pipeline:
    """A chain of strategies around a function; every call through it ends in one Outcome.

    Outermost first: Escalate, Deadline, Fallback, Cache, ConfidenceGate, Route, Retry, Hedge, Validate,
    SpendLimit, Bulkhead, CircuitBreaker, Timeout; each at most once, and none has to be there. Build it
    once and keep it: breakers and caches live in it. Safe to share between threads and tasks.

    Args:
        *strategies: Outermost first.
        name: For the trail and the tickets; by default the wrapped function's name.
        observers: Called with every event.
        clock: Measures and waits; ``fallbackkit.testing.FakeClock`` in tests.
        rng: Draws the jitter of retries.
        prompt_version: Put on every Outcome.
        variant: Put on every Outcome.
        interruption: What becomes of a stream that breaks off after a part of it has been shown: ``keep``
            ends with what came, marked as interrupted; ``restart`` withdraws it and goes on as for any
            other failure.
        providers: What reads the answers and errors of services that the kit does not know, in order; each is
            asked before the rules of the kit. A rung that is a pipeline of its own has its own.

    Raises:
        TypeError: Something is not a strategy, or not a Provider.
        ValueError: An impossible order, a strategy given twice or inside itself, attempts without end, or
            limits that contradict one another.

    Warns:
        UserWarning: A client retries by itself, a fallback has no limit where there is a Timeout, one breaker
            stands for several targets of a Route, or pipelines are built for one call each.

    Example:
        >>> from fallbackkit import Fallback
        >>> shout = Pipeline(Fallback(lambda text: "LATER"))(str.upper)
        >>> shout.outcome("hello").text
        'HELLO'
        >>> shout.outcome(None).status
        'degraded'
    """

    def __init__(
        self,
        *strategies: Strategy,
        name: str | None = None,
        observers: Iterable[Observer] = (),
        clock: Clock | None = None,
        rng: random.Random | None = None,
        prompt_version: str | None = None,
        variant: str | None = None,
        interruption: Interruption = "keep",
        providers: Iterable[Provider] = (),
    ) -> None:
        if interruption not in get_args(Interruption):
            raise ValueError(f"`interruption` must be 'keep' or 'restart', got {interruption!r}")
        _order.check(strategies)
        _guards.check(strategies)
        self.strategies = strategies
        self.name = name
        self.observers: Sequence[Observer] = tuple(observers)
        self.prompt_version = prompt_version
        self.variant = variant
        self.interruption = interruption
        self.providers = checked(providers)
        self.clock: Clock = clock or SYSTEM_CLOCK
        self.rng = rng or random.Random()  # noqa: S311 - jitter
        self.alerts = Alerts()
        self._chain: Layer = _leaf
        self._shown_chain: Layer = _leaf
        for strategy in reversed(strategies):
            self._chain = partial(strategy.run, self._chain)
            inner = partial(_hold, self._shown_chain) if strategy.holds else self._shown_chain
            self._shown_chain = partial(strategy.run, inner)
        if self.clock is SYSTEM_CLOCK:  # a test builds a pipeline for a call or two
            self._chain, self._shown_chain = _watch.watched(strategies, self._chain, self._shown_chain)
        self._async_rungs = _guards.async_rungs(strategies)

    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, T]]) -> AsyncProtected[P, T]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, fn: Callable[P, T]) -> Protected[P, T]: ...
    def __call__(self, fn: Callable[..., Any]) -> Any:
        target = Target(fn, self.name)
        _guards.check_function(self.strategies, fn)
        return AsyncProtected(self, target) if target.is_async else Protected(self, target)

    def call(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``fn`` returned, or else a fallback's value; raises if there is none."""
        return Protected[P, T](self, Target(fn, self.name))(*args, **kwargs)

    async def acall(self, fn: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """``call`` for an async function."""
        value: T = await AsyncProtected[P, Any](self, Target(fn, self.name))(*args, **kwargs)
        return value

    def outcome(self, fn: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> Outcome:
        """How the call ended. Raises for programming errors and interruptions only."""
        return Protected[P, Any](self, Target(fn, self.name)).outcome(*args, **kwargs)

    async def aoutcome(self, fn: Callable[P, Awaitable[object]], /, *args: P.args, **kwargs: P.kwargs) -> Outcome:
        """``outcome`` for an async function."""
        return await AsyncProtected[P, Any](self, Target(fn, self.name)).outcome(*args, **kwargs)

    def stream(self, fn: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> Generator[Outcome, None, None]:
        """The Outcome as it grows; see ``Protected.stream``."""
        return Protected[P, Any](self, Target(fn, self.name)).stream(*args, **kwargs)

    def astream(self, fn: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[Outcome, None]:
        """``stream`` for an async function."""
        return AsyncProtected[P, Any](self, Target(fn, self.name)).stream(*args, **kwargs)

    def describe(self) -> str:
        """The chain in one line: its order and its limits. Always the same for the same pipeline."""
        return " > ".join([*(strategy.describe() for strategy in self.strategies), self.name or "function"])

    def start(self, target: Target, runtime: Runtime, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        return Call(target, args, kwargs, runtime, self)

    def start_shown(self, target: Target, runtime: Runtime, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """Start a call that somebody looks on at."""
        call = self.start(target, runtime, args, kwargs)
        call.streams = True
        call.channel = Emission
        call.restarts = self.interruption == "restart"
        return call

    async def run(self, call: Call) -> None:
        """Run the chain, leave how it ended in ``call.reply``, and tell the observers."""
        try:
            call.reply = await (self._shown_chain if call.streams else self._chain)(call)
        except Exception as error:  # noqa: BLE001 - what a strategy was given to call is foreign code
            call.reply = call.stumbled(error)
        if call.observers:
            outcome = conclude(call)
            call.emit(Answered if outcome.failure is None else Unanswered, outcome=outcome)

    def require_sync(self, target: Target) -> None:
        """Refuse a chain that cannot run without an event loop."""
        if target.is_async:
            msg = f"`{target.name}` is async; use `await pipeline.aoutcome(…)` or `await pipeline.acall(…)`"
            raise TypeError(msg)
        if self._async_rungs:
            rung = self._async_rungs[0]
            msg = f"`{target.name}` is a plain function, but its {rung} is async; make both async, or neither"
            raise TypeError(msg)


async def _hold(inner: Layer, call: Call) -> Reply:
    """What a layer around may still refuse is not shown while it arrives."""
    outer = call.held
    call.held = True
    try:
        return await inner(call)
    finally:
        call.held = outer


def _leaf(call: Call) -> Coroutine[Any, Any, Reply]:
    return call.runtime.invoke(call, call.target)
