from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fallbackkit import _checks
from fallbackkit._pipeline import Pipeline
from fallbackkit._strategies.cache import Cache
from fallbackkit._strategies.circuit_breaker import CircuitBreaker
from fallbackkit._strategies.escalate import Escalate
from fallbackkit._strategies.fallback import Fallback
from fallbackkit._strategies.gate import ConfidenceGate
from fallbackkit._strategies.retry import Retry
from fallbackkit._strategies.timeout import Deadline, Timeout
from fallbackkit._strategies.validate import Validate
from fallbackkit.errors import FailureKind

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence

    from fallbackkit._clock import Clock
    from fallbackkit._outcome import Answer
    from fallbackkit._pipeline import Interruption
    from fallbackkit._rung import Rung
    from fallbackkit._runtime import Strategy
    from fallbackkit.errors import Failure
    from fallbackkit.events import Observer
    from fallbackkit.providers import Provider
    from fallbackkit.review import ReviewQueue

__all__ = ["protect"]

_SILENCE = frozenset({FailureKind.TIMEOUT_FIRST_BYTE, FailureKind.TIMEOUT_MID_STREAM})


def protect(
    *,
    fallbacks: Sequence[Rung | Callable[..., Any]] = (),
    min_confidence: float | None = None,
    score: Callable[[Answer], float | None] | None = None,
    schema: Any = None,
    check: Callable[[Answer], bool] | None = None,
    escalate_to: str | ReviewQueue | None = None,
    deadline: float | None = 30.0,
    timeout: float | None = None,
    first_token: float | None = None,
    idle: float | None = None,
    attempts: int = 3,
    cache: float | None = None,
    name: str | None = None,
    interruption: Interruption = "keep",
    providers: Iterable[Provider] = (),
    observers: Iterable[Observer] = (),
    prompt_version: str | None = None,
    clock: Clock | None = None,
    rng: random.Random | None = None,
) -> Pipeline:
    """Build the recommended Pipeline; decorate your function with it.

    Args:
        fallbacks: Asked in order when the function did not answer.
        min_confidence: Answers with a lower score, in [0, 1], or none are withheld.
        score: Scores an Answer; by default its own ``score``.
        schema: Type that the answer's structured data has to fit.
        check: Says of an Answer whether it can be used; see Validate.
        escalate_to: A ReviewQueue, or the URL of one, for what nothing else could answer.
        deadline: Seconds for the whole call; None for no limit.
        timeout: Seconds for one attempt; None for no limit of its own.
        first_token: For a stream: seconds until something of the answer has come.
        idle: For a stream: seconds from one part of the answer to the next.
        attempts: How often to ask in all before falling back. What was silent until its limit is not asked again if
            there is a fallback.
        cache: Seconds for which an answer is reused, and ten times that if asking fails; None saves nothing.
        name: By default the function's name.
        interruption: What becomes of a stream that breaks off after a part of it has been shown: ``keep`` it,
            or ``restart``; see Pipeline.
        providers: What reads the answers and errors of services that the kit does not know; see Pipeline.
        observers: Called with every event.
        prompt_version: Put on every Outcome, and part of the cache's key.
        clock: Measures and waits; a FakeClock in tests.
        rng: Draws the jitter of retries.

    Raises:
        TypeError: A fallback is not callable, or async where the function is not.
        ValueError: A number is out of range, or the limits contradict one another.

    Example:
        >>> from fallbackkit import Rung
        >>> @protect(fallbacks=[Rung(lambda question: "Ask at the desk.", "rule", name="desk")], deadline=None)
        ... def ask(question: str) -> str:
        ...     raise ConnectionError
        >>> ask("When do you open?")
        'Ask at the desk.'
    """
    chain: list[Strategy] = []
    if escalate_to is not None:
        chain.append(Escalate(_queue(escalate_to)))
    if deadline is not None:
        chain.append(Deadline(_checks.seconds("deadline", deadline)))
    if fallbacks:
        share = 1.0 if deadline is None else min(1.0, deadline / (2 * len(fallbacks) + 2))
        chain.append(Fallback(*fallbacks, reserve=share))
    if cache is not None:
        chain.append(Cache(_checks.seconds("cache", cache), stale_if_error=10 * cache, version=prompt_version))
    if min_confidence is not None:
        chain.append(ConfidenceGate(_checks.fraction("min_confidence", min_confidence), score=score))
    chain.append(Retry(attempts=attempts, on=transient_not_silent) if fallbacks else Retry(attempts=attempts))
    chain += [Validate(schema=schema, check=check), _breaker(name)]
    if not (timeout is first_token is idle is None):
        chain.append(_timeout(timeout, deadline, first_token, idle))
    return Pipeline(
        *chain,
        name=name,
        interruption=interruption,
        providers=providers,
        observers=observers,
        prompt_version=prompt_version,
        clock=clock,
        rng=rng,
    )


def transient_not_silent(failure: Failure) -> bool:
    """Whether asking again may help soon: silence takes its whole limit each time, and the next rung answers now."""
    return failure.kind.transient and failure.kind not in _SILENCE


def _breaker(name: str | None) -> CircuitBreaker:
    """A trial costs one attempt, so people are back with their first choice half a minute after an outage at most."""
    return CircuitBreaker(name=name or "breaker", reset_timeout=10.0, max_reset_timeout=30.0)


def _timeout(timeout: float | None, deadline: float | None, first_token: float | None, idle: float | None) -> Timeout:
    whole = deadline if timeout is None else _checks.seconds("timeout", timeout)
    if whole is None:
        raise ValueError("`first_token` and `idle` need a limit for the whole attempt; give `timeout` or `deadline`")
    return Timeout(whole, first_token=first_token, idle=idle)


def _queue(given: str | ReviewQueue) -> ReviewQueue:
    if not isinstance(given, str):
        return given
    from fallbackkit.review import ReviewQueue

    return ReviewQueue(given)
