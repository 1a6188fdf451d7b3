"""What cannot work is refused when it is built, with the argument, the value and the remedy."""

from __future__ import annotations

import inspect
import itertools
import math
import re

import pytest
import tenacity
from hypothesis import given
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit.review import ReviewQueue
from fallbackkit.testing import FakeClock, Fault, Script

ORDER = [
    "Escalate",
    "Deadline",
    "Fallback",
    "Cache",
    "ConfidenceGate",
    "Route",
    "Retry",
    "Hedge",
    "Validate",
    "SpendLimit",
    "Bulkhead",
    "CircuitBreaker",
    "Timeout",
]
MAKE = {
    "Escalate": lambda: fk.Escalate(ReviewQueue("sqlite://")),
    "Deadline": lambda: fk.Deadline(20),
    "Fallback": lambda: fk.Fallback(fk.Rung(str.upper, "rule")),
    "Cache": lambda: fk.Cache(60),
    "ConfidenceGate": lambda: fk.ConfidenceGate(0.8),
    "Route": lambda: fk.Route(len, small=str.upper),
    "Retry": fk.Retry,
    "Hedge": lambda: fk.Hedge(2),
    "Validate": fk.Validate,
    "SpendLimit": lambda: fk.SpendLimit(10),
    "Bulkhead": lambda: fk.Bulkhead(4),
    "CircuitBreaker": fk.CircuitBreaker,
    "Timeout": lambda: fk.Timeout(8),
}
SHARED = "ignore:.*stands inside `Route`:UserWarning"
NO_NUMBERS = [math.nan, math.inf, -math.inf, -1, -0.001, True, "8", None, 10**400, [8]]


@pytest.mark.parametrize(("outer", "inner"), list(itertools.combinations(ORDER, 2)))
@pytest.mark.filterwarnings(SHARED)
def test_every_impossible_pair_is_refused(outer, inner):
    """Two strategies the wrong way round: the sentence names both and the whole order."""
    right = fk.Pipeline(MAKE[outer](), MAKE[inner]())
    assert right.describe().index(outer) < right.describe().index(inner)
    with pytest.raises(
        ValueError, match=rf"`{outer}` must stand outside `{inner}`.*Move it in front.*{' > '.join(ORDER)}"
    ):
        fk.Pipeline(MAKE[inner](), MAKE[outer]())


@given(names=st.lists(st.sampled_from(ORDER), max_size=5) | st.permutations(ORDER) | st.sets(st.sampled_from(ORDER)))
@pytest.mark.filterwarnings(SHARED)
def test_exactly_the_ordered_chains_are_accepted(names):
    """Any sequence is accepted iff it is strictly in order; else the sentence names two of it, or the doubled one."""
    names = sorted(names, key=ORDER.index) if isinstance(names, set) else names
    places = [ORDER.index(name) for name in names]
    chain = [MAKE[name]() for name in names]
    if places == sorted(set(places)):
        assert names == [part.split("(")[0] for part in fk.Pipeline(*chain).describe().split(" > ")[:-1]]
        return
    with pytest.raises(ValueError, match=r"`(\w+)` (must stand outside `(\w+)`|is given twice; keep one)") as refused:
        fk.Pipeline(*chain)
    named = re.findall(r"`(\w+)`", str(refused.value))
    assert set(named) <= set(names)
    assert len(named) == len(set(named)) == (2 if "outside" in str(refused.value) else 1)


@pytest.mark.parametrize("name", ORDER)
def test_a_strategy_given_twice_is_refused(name):
    """Doubled limits multiply without anybody meaning it."""
    with pytest.raises(ValueError, match=rf"`{name}` is given twice; keep one"):
        fk.Pipeline(MAKE[name](), MAKE[name]())


@pytest.mark.parametrize("stranger", [8, "retry", None, len, fk.Retry, object()])
def test_what_is_no_strategy_is_refused(stranger):
    """The message shows what was given and what a Pipeline is made of."""
    with pytest.raises(TypeError, match=f"a Pipeline is made of {' > '.join(ORDER)}, got {re.escape(repr(stranger))}"):
        fk.Pipeline(stranger)


def test_contradicting_limits_are_refused():
    """A longer attempt than the whole, and reserves that leave the first rung nothing."""
    with pytest.raises(ValueError, match=r"`Timeout\(9\)` is longer than `Deadline\(8\)`; lower it"):
        fk.Pipeline(fk.Deadline(8), fk.Timeout(9))
    with pytest.raises(ValueError, match=r"`Deadline\(8\)` leaves nothing for the first rung: Fallback keeps 8 s"):
        fk.Pipeline(fk.Deadline(8), fk.Fallback(str.upper, str.lower, reserve=4))
    fk.Pipeline(fk.Deadline(8), fk.Fallback(str.upper, reserve=7.9), fk.Timeout(8))


def test_what_could_never_ask_again_is_refused():
    """A wait or a pause that lasts as long as the limit around it: the sentence names both."""
    wait = tenacity.wait_fixed
    with pytest.raises(ValueError, match=r"`Retry` never asks again: it waits 20 s, and `Deadline\(20\)` ends before"):
        fk.Pipeline(fk.Deadline(20), fk.Retry(wait=wait(20)))
    with pytest.raises(
        ValueError, match=r"`Hedge\(8\)` never asks again: `Timeout\(8\)` ends the attempt before; lower"
    ):
        fk.Pipeline(fk.Deadline(20), fk.Hedge(8), fk.Timeout(8))
    with pytest.raises(ValueError, match=r"`Hedge\(9\)` never asks again: `Deadline\(9\)` ends the attempt before"):
        fk.Pipeline(fk.Deadline(9), fk.Hedge(9))
    fk.Pipeline(fk.Deadline(20), fk.Retry(wait=wait(20), max_wait=19), fk.Hedge(7.9), fk.Timeout(8))
    fk.Pipeline(
        fk.Deadline(20), fk.Retry(wait=tenacity.wait_random(0, 90), max_wait=90), fk.Hedge("p95"), fk.Timeout(8)
    )
    fk.Pipeline(fk.Retry(wait=wait(20)), fk.Hedge(8))


NEVER, ONCE = tenacity.stop_never, tenacity.stop_after_attempt(9)


@pytest.mark.parametrize("stop", [NEVER, NEVER | NEVER, NEVER & ONCE])
def test_attempts_without_end_are_refused(stop):
    """Something has to end them: a deadline, or a bound on their number or their time."""
    with pytest.raises(ValueError, match=r"`Retry` never stops by itself, and there is no `Deadline`.*add Deadline\("):
        fk.Pipeline(fk.Retry(attempts=stop), fk.Timeout(8))
    fk.Pipeline(fk.Deadline(20), fk.Retry(attempts=stop))
    for bounded in (stop | ONCE, ONCE, tenacity.stop_after_delay(60)):
        fk.Pipeline(fk.Retry(attempts=bounded))


SECONDS = {
    "seconds": [fk.Timeout, fk.Deadline],
    "ttl": [fk.Cache],
    "stale_if_error": [lambda value: fk.Cache(60, stale_if_error=value)],
    "reserve": [lambda value: fk.Fallback(len, reserve=value)],
    "max_wait": [lambda value: fk.Retry(max_wait=value)],
    "retry_after_limit": [lambda value: fk.Retry(retry_after_limit=value)],
    "window": [lambda value: fk.CircuitBreaker(window=value)],
    "reset_timeout": [lambda value: fk.CircuitBreaker(reset_timeout=value)],
    "trial_lease": [lambda value: fk.CircuitBreaker(trial_lease=value)],
    "deadline": [lambda value: fk.protect(deadline=value)],
    "timeout": [lambda value: fk.protect(timeout=value)],
    "cache": [lambda value: fk.protect(cache=value)],
}
NONE_IS_NO_LIMIT = {"deadline", "timeout", "cache"}


@pytest.mark.parametrize(
    ("name", "make", "value"),
    [
        (name, make, value)
        for name, makers in SECONDS.items()
        for make, value in itertools.product(makers, NO_NUMBERS)
        if not (value is None and name in NONE_IS_NO_LIMIT)
    ],
)
def test_what_is_no_number_of_seconds_is_refused(name, make, value):
    """Negative, NaN, infinite, bool, text, None: the message names the argument and the value."""
    with pytest.raises(
        ValueError, match=rf"`{name}` must be a finite number of seconds, .*got {re.escape(repr(value))[:40]}"
    ):
        make(value)


@pytest.mark.parametrize("make", [fk.Timeout, fk.Deadline, fk.Cache])
def test_a_limit_of_zero_is_refused(make):
    """Nothing can happen in no time."""
    with pytest.raises(ValueError, match="more than 0, got 0"):
        make(0)


@pytest.mark.parametrize("value", [1.4, -0.1, math.nan, math.inf, True, "0.8", None])
def test_a_threshold_outside_0_to_1_is_refused(value):
    """A threshold is a share."""
    with pytest.raises(ValueError, match=rf"`threshold` must be between 0 and 1, got {re.escape(repr(value))}"):
        fk.ConfidenceGate(value)
    if value is not None:
        with pytest.raises(ValueError, match=r"`min_confidence` must be between 0 and 1"):
            fk.protect(min_confidence=value)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "3", None, math.nan])
def test_a_count_that_is_no_count_is_refused(value):
    """Attempts and bounds are whole and positive."""
    with pytest.raises(
        ValueError, match=rf"`attempts` must be a whole number of 1 or more, got {re.escape(repr(value))}"
    ):
        fk.Retry(attempts=value)
    if value is not None:
        with pytest.raises(ValueError, match="`max_entries` must be a whole number of 1 or more"):
            fk.Cache(1, max_entries=value)


def test_unknown_words_are_refused():
    """Closed sets are listed in the message."""
    with pytest.raises(ValueError, match=r"`kind` must be one of model, smaller_model, .*got 'robot'"):
        fk.Rung(len, "robot")
    with pytest.raises(ValueError, match="`below` must be 'abstain' or 'hedge', got 'drop'"):
        fk.ConfidenceGate(0.5, below="drop")
    with pytest.raises(ValueError, match=r"`on` names no failure kind 'oops'; the kinds are timeout.first_byte, "):
        fk.Retry(on="oops")
    with pytest.raises(ValueError, match="`on` names no failure kind 'oops'"):
        fk.Fallback(len, on=["provider.5xx", "oops"])


@pytest.mark.parametrize("value", [3, None, object(), int])
def test_what_handles_no_failures_is_refused(value):
    """``on`` takes kinds, exception types and predicates."""
    with pytest.raises(
        TypeError, match=rf"`on` takes failure kinds, exception types and predicates, got {re.escape(repr(value))}"
    ):
        fk.Retry(on=[value])


@pytest.mark.parametrize("value", [3, "fn", None, object()])
def test_what_is_no_function_is_refused(value):
    """Functions are checked where they are given, not at the first failure in production."""
    for refuse in (fk.Pipeline(), fk.Fallback, fk.Rung):
        with pytest.raises(
            TypeError, match=rf"a function is needed, got {re.escape(repr(value))}; pass the function itself"
        ):
            refuse(value)
    for name, make in {
        "wait": lambda value: fk.Retry(wait=value),
        "check": lambda value: fk.Validate(check=value),
        "score": lambda value: fk.ConfidenceGate(0.5, score=value),
        "key": lambda value: fk.Cache(1, key=value),
    }.items():
        if value is not None:
            with pytest.raises(TypeError, match=rf"`{name}` must be a function, got {re.escape(repr(value))}"):
                make(value)


def test_a_fallback_without_rungs_is_refused():
    """It would promise something that is not there."""
    with pytest.raises(ValueError, match="`rungs` is empty; give Fallback at least one function"):
        fk.Fallback()


@pytest.mark.parametrize("value", ["sqlite://", None, 3])
def test_what_is_no_queue_is_refused(value):
    """Escalate says how to make a queue."""
    with pytest.raises(TypeError, match=r"`queue` must be a ReviewQueue, got .*make one with ReviewQueue\("):
        fk.Escalate(value)


async def aask(question):
    """An async function."""
    return question


def test_an_async_function_in_a_sync_face_is_refused():
    """The message says what to await instead; no coroutine is left behind (warnings are errors here)."""
    for face in (fk.Pipeline().outcome, fk.Pipeline().call):
        with pytest.raises(TypeError, match=r"`aask` is async; use `await pipeline.aoutcome\(…\)`"):
            face(aask, "?")


def test_an_async_rung_in_a_sync_pipeline_is_refused():
    """A plain function cannot wait for an async fallback, however it is given."""
    for rung in (aask, fk.Pipeline()(aask), fk.Rung(aask, name="aask")):
        with pytest.raises(
            TypeError, match="`upper` is a plain function, but its fallback `aask` is async; make both async"
        ):
            fk.Pipeline(fk.Fallback(rung))(str.upper)


def test_protect_refuses_a_decorator_without_parentheses_kindly():
    """``@protect`` without brackets would hand the function to the first parameter."""
    with pytest.raises(TypeError):
        fk.protect(aask)


LIMITS = {
    "Escalate": {"when": bool, "question": repr, "audit": 0.05},
    "Deadline": {"seconds": 21},
    "Fallback": {"on": "circuit.open", "reserve": 2},
    "Cache": {"ttl": 61, "stale_if_error": 5, "stale_while_revalidate": 5, "max_age_shown": 90, "max_entries": 9},
    "ConfidenceGate": {"threshold": 0.81, "below": "hedge"},
    "Route": {"choose": repr},
    "Retry": {
        "attempts": 4,
        "on": "rate.shared",
        "wait": tenacity.wait_none(),
        "max_wait": 31,
        "retry_after_limit": 60,
        "budget": fk.RetryBudget(),
    },
    "Hedge": {"after": "p90", "max_hedges": 2, "budget": fk.RetryBudget()},
    "Validate": {"schema": dict, "check": bool},
    "SpendLimit": {"amount": 11, "per": "hour", "key": repr, "currency": "EUR", "estimate": 5, "max_keys": 9},
    "Bulkhead": {"limit": 5, "queue": 1},
    "CircuitBreaker": {
        "failure_rate": 0.6,
        "min_calls": 6,
        "window": 61,
        "consecutive": 3,
        "slow_call": 4,
        "slow_rate": 0.6,
        "reset_timeout": 31,
        "max_reset_timeout": 301,
        "trial_calls": 2,
        "trial_lease": 61,
        "open_for_retry_after": True,
        "ignore": "rate.shared",
        "shadow": True,
    },
    "Timeout": {"seconds": 9, "first_token": 3, "idle": 2},
}
NO_LIMITS = {
    "Escalate": {"queue"},
    "Fallback": {"rungs"},
    "Cache": {"store", "key", "version"},
    "ConfidenceGate": {"score"},
    "Route": {"targets"},
    "SpendLimit": {"cost", "store", "name", "clock"},
    "CircuitBreaker": {"breaker", "store", "name", "clock"},
}
PLACES = {
    "Escalate": [ReviewQueue("sqlite://")],
    "Deadline": ["seconds"],
    "Fallback": [str.upper],
    "Cache": ["ttl"],
    "ConfidenceGate": ["threshold"],
    "Route": ["choose"],
    "Hedge": ["after"],
    "SpendLimit": ["amount"],
    "Bulkhead": ["limit"],
    "Timeout": ["seconds"],
}
USUAL = {"seconds": 20, "ttl": 60, "threshold": 0.8, "choose": len, "after": 2, "amount": 10, "limit": 4}
NEEDS = {"Route": {"small": str.upper}}
TOGETHER = {"slow_rate": {"slow_call": 4}}


def made(name, **changed):
    """A strategy with its usual limits, but for those given."""
    args = [changed.pop(place, USUAL[place]) if isinstance(place, str) else place for place in PLACES.get(name, [])]
    return getattr(fk, name)(*args, **NEEDS.get(name, {}), **changed)


@pytest.mark.parametrize(
    ("name", "limit"),
    [(name, limit) for name, limits in LIMITS.items() for limit in limits],
)
def test_every_limit_is_described(name, limit):
    """48: whatever is not as by default shows, in one line and the same words each time."""
    usual = TOGETHER.get(limit, {})
    changed = {**usual, limit: LIMITS[name][limit]}
    described = made(name, **changed).describe()
    assert described == made(name, **changed).describe()
    assert described != made(name, **usual).describe()
    assert re.fullmatch(rf"{name}(\(.+\))?", described)
    assert " at 0x" not in described


@pytest.mark.parametrize("name", ORDER)
def test_no_limit_is_left_out(name):
    """48: the table above knows every parameter that there is."""
    parameters = set(inspect.signature(getattr(fk, name)).parameters)
    assert parameters == LIMITS[name].keys() | NO_LIMITS.get(name, set())


def test_failures_given_as_an_iterator_are_all_taken_and_described():
    """What can be read only once is read once."""
    kinds = ("rate.shared", "provider.5xx")
    assert "ignores provider.5xx, rate.shared" in fk.CircuitBreaker(ignore=iter(kinds)).describe()
    retry = fk.Retry(on=iter(kinds), wait=tenacity.wait_none())
    assert "on provider.5xx, rate.shared" in retry.describe()
    script = Script(Fault(kind="provider.5xx"), Fault(kind="rate.shared"), "fine", clock=FakeClock())
    assert "fine" == fk.Pipeline(retry, clock=script.clock).outcome(script).text
