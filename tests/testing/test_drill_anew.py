"""A strategy made once more has the same limits, and nothing of what the first one knows."""

from __future__ import annotations

import inspect

import pybreaker
import pytest

import fallbackkit as fk
from fallbackkit._budget import RetryBudget
from fallbackkit._runtime import Strategy
from fallbackkit.review import ReviewQueue
from fallbackkit.testing import Chaos, FakeClock, Script


class Store:
    """Outside of this process: whoever calls it is found out."""

    name, shared, news = "store", True, []

    def touched(self, *_args, **_kwargs):
        raise AssertionError

    get = put = set_aside = charge = withdraw = exchange = touched


def strategies():
    """One of each, with every number given."""
    budget = RetryBudget(ratio=0.3, floor=2, window=30, store=Store(), name="shared")
    return [
        fk.Escalate(ReviewQueue("sqlite://"), when=bool, question=str, audit=0.5),
        fk.Deadline(19),
        fk.Fallback(str.upper, fk.Rung(str.lower, "rule"), on=["rate.shared"], reserve=2),
        fk.Cache(
            60, stale_if_error=30, stale_while_revalidate=20, key=str, version="2", max_age_shown=90, store=Store()
        ),
        fk.Cache(60, max_entries=7),
        fk.ConfidenceGate(0.7, score=lambda answer: 0.5, below="hedge"),
        fk.Route(len, small=str.upper),
        fk.Retry(attempts=5, on=["provider.5xx"], max_wait=7, retry_after_limit=9, budget=budget),
        fk.Hedge("p90", max_hedges=3, budget=budget),
        fk.Validate(schema=int, check=bool),
        fk.SpendLimit(5, per="hour", key=str, currency="EUR", estimate=0.5, store=Store(), name="money", max_keys=9),
        fk.Bulkhead(3, queue=4),
        fk.CircuitBreaker(
            failure_rate=0.4,
            min_calls=3,
            window=20,
            slow_call=2,
            slow_rate=0.3,
            reset_timeout=4,
            max_reset_timeout=40,
            trial_calls=2,
            trial_lease=9,
            open_for_retry_after=True,
            ignore=[KeyError],
            shadow=True,
            store=Store(),
            name="model",
            clock=FakeClock(),
        ),
        fk.Timeout(8, first_token=3, idle=2),
        Chaos(rate=0.5, seed=4),
    ]


@pytest.mark.parametrize("strategy", strategies(), ids=lambda strategy: type(strategy).__name__)
def test_the_limits_stay(strategy):
    """It describes itself as the first does, stores aside, and as does what is made from it in turn."""
    again = strategy.anew()
    assert type(strategy) is type(again)
    assert strategy is not again
    expected = strategy.describe().replace(", Store", "")
    assert expected == again.describe() == again.anew().describe()


@pytest.mark.parametrize("strategy", strategies(), ids=lambda strategy: type(strategy).__name__)
def test_nothing_outside_is_shared(strategy):
    """No store, no clock of its own, and a budget of its own."""
    again = strategy.anew()
    parts = [again, getattr(again, "_budget", None)]
    assert {None} == {getattr(part, "store", None) for part in parts}
    assert getattr(strategy, "_budget", None) is None or strategy._budget is not again._budget
    assert strategy._made_from == type(strategy)(*strategy._made_from[0], **strategy._made_from[1])._made_from


def test_every_strategy_is_tried():
    """A new one has to stand in the list above."""
    public = [getattr(fk, name) for name in fk.__all__]
    known = {each for each in public if inspect.isclass(each) and issubclass(each, Strategy)}
    assert known | {Chaos} == {type(strategy) for strategy in strategies()}


def test_what_was_counted_is_forgotten():
    """An open breaker, a full bulkhead, spent money, a saved answer, a budget used up."""
    clock = FakeClock()
    script = Script(fk.Answer(text="Five.", usage=fk.Usage(cost=1.0)), ConnectionError(), clock=clock)
    cache, spend, breaker = fk.Cache(60), fk.SpendLimit(1), fk.CircuitBreaker(consecutive=1)
    fk.Pipeline(cache, spend, breaker, clock=clock).outcome(script, "Why?")
    fk.Pipeline(breaker, clock=clock).outcome(script)
    assert ("open", 1.0) == (breaker.state, spend.snapshot().spent)
    fresh = fk.Pipeline(cache.anew(), spend.anew(), breaker.anew(), clock=clock)
    assert "Six." == fresh.outcome(lambda _: fk.Answer(text="Six.", usage=fk.Usage(cost=0.0)), "Why?").text
    budget = RetryBudget(floor=1, ratio=0)
    assert [True, False, True] == [budget.withdraw(), budget.withdraw(), budget.anew().withdraw()]


def test_an_adopted_breaker_leaves_its_rule():
    """The one of pybreaker is not touched, and its limits hold."""
    theirs = pybreaker.CircuitBreaker(fail_max=2, reset_timeout=7)
    again = fk.CircuitBreaker(breaker=theirs).anew()
    assert "CircuitBreaker(2 in a row, reset 7 s)" == again.describe()
    failing = fk.Pipeline(again, clock=FakeClock())
    for _ in range(3):
        failing.outcome(Script(ConnectionError(), clock=FakeClock()))
    assert ("open", "closed", 0) == (again.state, theirs.current_state, theirs.fail_counter)


def test_other_rungs_and_targets_may_take_the_place():
    """By the constructor's names; everything else stays."""
    fallback = fk.Fallback(str.upper, on=["rate.shared"], reserve=2)
    assert "Fallback(lower, on rate.shared, reserve 2 s)" == fallback.anew(rungs=(str.lower,)).describe()
    assert "Route(len: large)" == fk.Route(len, small=str.upper).anew(targets={"large": str.upper}).describe()
    with pytest.raises(ValueError, match="`rungs` is empty"):
        fallback.anew(rungs=())
    assert 7 == fk.Deadline(19).anew(seconds=7).seconds
