"""One circuit breaker for many processes, by a virtual clock and a real Redis."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pybreaker
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit._shared import StoreDown
from fallbackkit.events import (
    CircuitClosed,
    CircuitHalfOpened,
    CircuitOpened,
    CircuitWouldOpen,
    StoreLost,
    StoreRestored,
)
from fallbackkit.redis import RedisStore
from fallbackkit.testing import FakeClock, Fault, Script
from tests.redis.server import PATIENCE, eventually
from tests.redis.timed import TimedStore

DOWN = Fault(kind="provider.5xx")
FRESH = 0.5
MOVES = (CircuitOpened, CircuitHalfOpened, CircuitClosed)
NEWS = (StoreLost, StoreRestored)


class Process:
    """A breaker of the shared name, a pipeline through it, and what its observer saw."""

    def __init__(self, run, clock, store, **options):
        self.run = run
        self.clock = clock
        self.store = store
        self.breaker = fk.CircuitBreaker(store=store, clock=clock, **{"name": "model", "min_calls": 4, **options})
        self.events = []
        self.pipeline = fk.Pipeline(self.breaker, clock=clock, observers=[self.events.append])

    def call(self, *plays):
        """One call for each play, or an answer: the kinds of their failures."""
        outcomes = [self.run.outcome(self.pipeline, Script(play, clock=self.clock)) for play in plays or ("fine",)]
        return [outcome.failure and outcome.failure.kind.value for outcome in outcomes]

    def seen(self, *events):
        """The names of those that it was told, in order."""
        return [type(event).__name__ for event in self.events if type(event) in events]


@pytest.fixture
def process(run, clock, timed):
    """Makes processes that share one breaker."""
    return lambda **options: Process(run, clock, options.pop("store", None) or timed(), **options)


OPEN = ["circuit.open"]
FAILED = ["provider.5xx"]


def test_failures_of_all_processes_count_together(process, clock):
    """17: with one failure each, the last of four opens it, and the others know as soon as they look."""
    four = [process() for _ in range(4)]
    for one in four:
        assert FAILED == one.call(DOWN)
    assert ["closed"] * 3 + ["open"] == [one.breaker.state for one in four]
    clock.advance(FRESH)
    assert [OPEN] * 4 == [one.call() for one in four]
    assert [["CircuitOpened"]] * 4 == [one.seen(*MOVES) for one in four]
    lefts = [event.retry_after for one in four for event in one.events if type(event) is CircuitOpened]
    assert [30.0 - FRESH] * 3 + [30.0] == lefts


def test_what_is_fresh_is_not_asked_for_again(process, clock):
    """A success costs no round trip while the view is fresh, and one when it is not."""
    one = process()
    for _ in range(5):
        one.call("fine", "fine", "fine")
        clock.advance(FRESH - 0.25)
        one.call("fine")
        clock.advance(0.25)
    assert 5 == one.store.asked


def test_a_failure_is_told_at_once(process, clock):
    """One round trip, and with it go the successes that were only counted."""
    one, two = process(), process()
    one.call("fine", "fine", DOWN)
    assert 2 == one.store.asked
    two.call()
    assert (4, 1) == (two.breaker.snapshot().calls, two.breaker.snapshot().failures)


def test_successes_are_told_when_the_view_is_old(process, clock):
    """Together, with the next look."""
    one, two = process(), process()
    one.call("fine", "fine", "fine")
    assert 3 == one.breaker.snapshot().calls
    two.call()
    assert 1 == two.breaker.snapshot().calls
    clock.advance(FRESH)
    one.call()
    clock.advance(FRESH)
    two.call()
    assert 5 == two.breaker.snapshot().calls


def test_the_window_forgets_for_all(process, clock):
    """24: what is a window old, for whoever looks; not before 0.9 of it is over."""
    one = process(window=60.0)
    one.call("fine", "fine", DOWN)
    clock.advance(59.75)
    late = process(window=60.0)
    late.breaker.release(late.breaker.acquire())
    assert (3, 1) == (late.breaker.snapshot().calls, late.breaker.snapshot().failures)
    clock.advance(0.25)
    late = process(window=60.0)
    late.breaker.release(late.breaker.acquire())
    assert (0, 0) == (late.breaker.snapshot().calls, late.breaker.snapshot().failures)


def test_one_trial_over_all_processes(process, clock):
    """19: whoever comes first tries; nobody else is let through, nor asks again while the view is fresh."""
    one, two, three = process(), process(), process()
    for each in (one, two, three):
        each.call("fine")
    one.call(DOWN, DOWN, DOWN)
    clock.advance(30.0)
    trial = one.breaker.acquire()
    assert [OPEN, OPEN] == [two.call(), three.call()]
    assert 60.0 == two.breaker.snapshot().retry_after
    asked = two.store.asked
    assert OPEN * 3 == two.call("fine", "fine", "fine")
    assert asked == two.store.asked
    asked = one.store.asked
    one.breaker.settle(trial, "success")
    one.breaker.settle(trial, "failure")
    assert asked + 1 == one.store.asked
    clock.advance(FRESH)
    assert [[None], [None]] == [two.call(), three.call()]
    assert ["CircuitOpened", "CircuitHalfOpened", "CircuitClosed"] == two.seen(*MOVES)
    assert ["closed"] * 3 == [each.breaker.state for each in (one, two, three)]


def test_a_trial_of_a_process_that_was_killed_lapses(process, clock):
    """20: after its lease another one may try."""
    one, two = process(trial_lease=8.0), process(trial_lease=8.0)
    one.call(DOWN, DOWN, DOWN, DOWN)
    clock.advance(30.0)
    one.breaker.acquire()
    clock.advance(7.75)
    assert OPEN == two.call()
    clock.advance(0.25)
    assert [None] == two.call()
    assert "closed" == two.breaker.state


def test_a_trial_that_failed_ends_the_others(process, clock):
    """21: what they say afterwards is not heard, and they take up no place."""
    one, two = process(trial_calls=2, trial_lease=600.0), process(trial_calls=2, trial_lease=600.0)
    one.call(DOWN, DOWN, DOWN, DOWN)
    clock.advance(30.0)
    failed, late = one.breaker.acquire(), one.breaker.acquire()
    one.breaker.settle(failed, "failure")
    clock.advance(59.75)
    assert OPEN == two.call()
    clock.advance(0.25)
    trials = [two.breaker.acquire(), two.breaker.acquire()]
    one.breaker.settle(late, "failure")
    for trial in trials:
        two.breaker.settle(trial, "success")
    assert "closed" == two.breaker.state


def test_successes_of_trials_add_up_over_processes_until_one_fails(process, clock):
    """It takes ``trial_calls`` of them in a row, whoever makes them."""
    one, two = process(trial_calls=3), process(trial_calls=3)
    one.call(DOWN, DOWN, DOWN, DOWN)
    clock.advance(30.0)
    assert [[None], [None], FAILED] == [two.call(), one.call(), two.call(DOWN)]
    clock.advance(60.0)
    assert [[None], [None], "half_open"] == [one.call(), two.call(), two.breaker.state]
    assert [[None], "closed"] == [one.call(), one.breaker.state]


def test_a_failed_trial_doubles_the_wait_for_all(process, clock):
    """25: whoever tries next, open times grow up to the maximum, and closing resets them."""
    one, two = process(max_reset_timeout=100.0), process(max_reset_timeout=100.0)
    one.call(DOWN, DOWN, DOWN, DOWN)
    for each, wait in ((two, 30.0), (one, 60.0), (two, 100.0), (one, 100.0)):
        clock.advance(wait - 0.25)
        assert OPEN == each.call()
        clock.advance(0.25)
        assert FAILED == each.call(DOWN)
    clock.advance(100.0)
    assert [None] == one.call()
    assert FAILED * 4 == two.call(DOWN, DOWN, DOWN, DOWN)
    assert 30.0 == two.breaker.snapshot().retry_after


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, asyncio.CancelledError])
def test_an_interrupted_trial_is_given_back(process, clock, run, interruption):
    """20, 22: with the next call of its process, without a word about the dependency."""
    one, two = process(), process()
    one.call(DOWN, DOWN, DOWN, DOWN)
    clock.advance(30.0)
    serve = one.pipeline.outcome if run.way == "sync" else lambda fn: asyncio.run(one.pipeline.aoutcome(run.fn(fn)))
    with pytest.raises(interruption):
        serve(Script(interruption(), clock=clock))
    assert OPEN == two.call()
    one.breaker.release(one.breaker.acquire())
    clock.advance(FRESH)
    assert [None] == two.call()


def test_permits_by_hand_are_told_too(process, clock):
    """``acquire`` and ``settle`` look and tell as a pipeline does."""
    one, two = process(), process()
    for _ in range(4):
        one.breaker.settle(one.breaker.acquire(), "failure")
    with pytest.raises(fk.CircuitOpen) as refusal:
        two.breaker.acquire()
    assert 30.0 == refusal.value.retry_after
    clock.advance(30.0)
    two.breaker.settle(two.breaker.acquire(), "success")
    clock.advance(FRESH)
    assert [None] == one.call()


def test_a_call_of_another_generation_is_not_heard(process, clock):
    """21: neither those let through before it opened, nor trials after their lease."""
    one, two = process(trial_lease=8.0), process(trial_lease=8.0)
    late = [two.breaker.acquire() for _ in range(4)]
    one.call(DOWN, DOWN, DOWN, DOWN)
    clock.advance(30.0)
    trial = one.breaker.acquire()
    for permit in late:
        two.breaker.settle(permit, "failure")
    clock.advance(8.0)
    one.breaker.settle(trial, "failure")
    assert [None] == two.call()
    assert 0 == two.breaker.snapshot().failures


def test_isolation_is_for_all_and_k_take_k(process, clock):
    """26: whoever isolates or resets; at once where it is done, with the next look elsewhere."""
    one, two, other = process(), process(), process(name="other")
    one.breaker.isolate()
    two.breaker.isolate()
    assert ["isolated"] * 2 == [one.breaker.state, two.breaker.state]
    clock.advance(1e5)
    one.breaker.reset()
    assert [OPEN, OPEN, [None]] == [one.call(), two.call(), other.call()]
    two.breaker.reset()
    clock.advance(FRESH)
    assert [[None], [None]] == [one.call(), two.call()]
    assert ["CircuitOpened", "CircuitClosed"] == one.seen(*MOVES) == two.seen(*MOVES)


def test_a_slow_call_and_an_obeyed_retry_after_are_shared(process, clock):
    """What is judged here counts there."""
    options = {"slow_call": 1.0, "slow_rate": 1.0, "open_for_retry_after": True}
    one, two = process(**options), process(**options)
    script = Script("fine", clock=clock, takes=2.0)
    for each in (one, two, one, two):
        each.run.outcome(each.pipeline, script)
    assert ("open", 30.0) == (two.breaker.state, two.breaker.snapshot().retry_after)
    assert OPEN == one.call()
    assert (4, 1.0) == (one.breaker.snapshot().slow, one.breaker.snapshot().slow_rate)
    one.breaker.reset()
    clock.advance(FRESH)
    assert ["rate.shared"] == two.call(Fault(kind="rate.shared", retry_after=7.0))
    clock.advance(FRESH)
    assert OPEN == one.call()
    assert 6.5 == one.breaker.snapshot().retry_after


def test_a_failed_trial_waits_for_the_longer_of_its_retry_after_and_the_usual_time(process, clock):
    """25: the doubling begins at ``reset_timeout``; a Retry-After may be longer than the maximum."""
    one = process(open_for_retry_after=True)
    one.call(Fault(kind="rate.shared", retry_after=2.0))
    clock.advance(2.0)
    assert FAILED == one.call(DOWN)
    assert 30.0 == one.breaker.snapshot().retry_after
    clock.advance(30.0)
    one.call(Fault(kind="rate.shared", retry_after=999.0))
    assert 999.0 == one.breaker.snapshot().retry_after


def test_a_shadow_opens_nobody_else(process, clock):
    """27: shadows share among themselves, and tell an episode once each."""
    real, one, two = process(), process(shadow=True), process(shadow=True)
    assert FAILED * 5 == one.call(DOWN, DOWN, DOWN, DOWN, DOWN)
    assert [[None], [None]] == [real.call(), two.call()]
    assert ["closed", "open", "open"] == [each.breaker.state for each in (real, one, two)]
    assert ["CircuitWouldOpen"] == one.seen(CircuitWouldOpen) == two.seen(CircuitWouldOpen)


def test_listeners_of_pybreaker_see_what_others_decided(process, clock):
    """Each change once, wherever it was decided; its own count of this process decides nothing."""
    moves, calls = [], []

    class Listener(pybreaker.CircuitBreakerListener):
        def state_change(self, cb, old_state, new_state):
            moves.append(new_state.name)

        def success(self, cb):
            calls.append("success")

    one, two = process(consecutive=3, trial_calls=2), process(consecutive=3, trial_calls=2)
    one.breaker.breaker.add_listener(Listener())
    one.call(DOWN, DOWN)
    two.call("fine", DOWN)
    one.call(DOWN)
    assert [] == moves
    two.call(DOWN)
    clock.advance(FRESH)
    assert OPEN == one.call()
    clock.advance(30.0)
    one.call("fine", "fine")
    assert (["open", "half-open", "closed"], ["success"] * 2) == (moves, calls)
    one.breaker.isolate()
    two.breaker.isolate()
    one.breaker.reset()
    assert (["open"], "isolated") == (moves[3:], one.breaker.state)


def test_a_breaker_of_pybreaker_keeps_its_own_storage():
    """Two places for one state would contradict one another."""
    with pytest.raises(
        ValueError, match="`breaker` keeps its state in its own storage, and `store` would keep another"
    ):
        fk.CircuitBreaker(breaker=pybreaker.CircuitBreaker(), store=RedisStore())


# Redis is gone.


def gone(server, each):
    """Kill Redis, and let a process's store find out."""
    server.kill()
    with pytest.raises(StoreDown):
        each.store.balance("any")


def back(server, *processes, loses_data=False):
    """Start Redis again, and wait until the stores have seen it."""
    if loses_data:
        server.lose_data()
    server.start()
    for each in processes:
        eventually(each.store.available)


def test_without_redis_each_process_has_its_own_breaker(process, clock, server):
    """29: it still trips, tries, waits longer and closes, by what it sees itself; told once."""
    one, two = process(max_reset_timeout=50.0), process()
    one.call("fine", "fine")
    two.call("fine")
    server.kill()
    assert FAILED * 2 == one.call(DOWN, DOWN)
    assert (OPEN, "open") == (one.call(), one.breaker.state)
    assert [None] == two.call()
    clock.advance(30.0)
    assert FAILED == one.call(DOWN)
    assert 50.0 == one.breaker.snapshot().retry_after
    clock.advance(50.0)
    assert [None, None] == one.call("fine", "fine")
    assert ["StoreLost"] == one.seen(*NEWS)
    assert ["redis"] == [event.store for event in one.events if type(event) in NEWS]
    assert ["CircuitOpened", "CircuitHalfOpened"] * 2 + ["CircuitClosed"] == one.seen(*MOVES)


def test_the_call_that_finds_out_is_judged_here(process, clock, server):
    """29: what the store has not heard is not lost: neither the failure that would trip it nor a trial's."""
    one, two = process(), process(consecutive=1)
    one.call("fine", "fine", DOWN)
    two.call(DOWN)
    clock.advance(30.0)
    trial = two.breaker.acquire()
    server.kill()
    one.call(DOWN)
    assert "open" == one.breaker.state
    two.breaker.settle(trial, "failure")
    assert ("open", 60.0) == (two.breaker.state, two.breaker.snapshot().retry_after)


def test_an_obeyed_retry_after_that_finds_out_is_obeyed(process, server):
    """29: for exactly its time."""
    one = process(open_for_retry_after=True)
    one.call()
    server.kill()
    one.call(Fault(kind="rate.shared", retry_after=7.0))
    assert ("open", 7.0) == (one.breaker.state, one.breaker.snapshot().retry_after)


def test_a_breaker_knows_what_another_found_out(run, clock, timed, server):
    """29: of two that are open, the one that did not find out itself is tried again, too."""
    store = timed()
    one, two = (Process(run, clock, store, name=name) for name in ("one", "two"))
    for each in (one, two):
        each.call(DOWN, DOWN, DOWN, DOWN)
    gone(server, one)
    clock.advance(30.0)
    assert [None] == two.call()


def test_waits_grow_alone_from_what_they_were(process, clock, server):
    """25, 29: also in a process that only followed, and looked a little later."""
    one, two = process(), process()
    one.call(DOWN, DOWN, DOWN, DOWN)
    clock.advance(30.0)
    one.call(DOWN)
    clock.advance(20.0)
    assert OPEN == two.call()
    gone(server, two)
    clock.advance(40.0)
    assert FAILED == two.call(DOWN)
    assert 120.0 == two.breaker.snapshot().retry_after


def test_what_was_decided_alone_is_told_by_the_first_call(process, clock, server):
    """29: also if what the store said before is still fresh."""
    one = process()
    one.call()
    gone(server, one)
    clock.advance(FRESH / 2)
    one.call(DOWN, DOWN, DOWN, DOWN)
    back(server, one)
    one.call()
    assert OPEN == process().call()


@pytest.mark.parametrize(
    ("verdict", "cause", "state", "after"),
    [
        ("failure", None, "open", 60.0),
        ("failure", fk.Failure(kind="rate.shared", retry_after=999.0), "open", 999.0),
        ("ignored", None, "half_open", 0.0),
        ("success", None, "closed", None),
    ],
)
def test_a_trial_that_only_this_process_has_heard_of(process, clock, server, *, verdict, cause, state, after):
    """20, 29: the store was lost before it could be told; the trial is judged as it went."""
    one = process(open_for_retry_after=True)
    one.call(DOWN, DOWN, DOWN, DOWN)
    clock.advance(30.0)
    trial = one.breaker.acquire()
    server.kill()
    one.breaker.settle(trial, verdict, cause)
    assert (state, after) == (one.breaker.state, one.breaker.snapshot().retry_after)


def test_losing_redis_opens_nothing_by_itself(process, clock, server):
    """What this process has seen would trip it; but all together judged otherwise, and nothing new went wrong."""
    one, two = process(), process()
    two.call(*["fine"] * 20)
    clock.advance(FRESH)
    two.call()
    assert FAILED * 4 == one.call(DOWN, DOWN, DOWN, DOWN)
    one.call()
    assert (25, 4) == (one.breaker.snapshot().calls, one.breaker.snapshot().failures)
    gone(server, one)
    one.breaker.release(one.breaker.acquire())
    assert "closed" == one.breaker.state
    assert (5, 4) == (one.breaker.snapshot().calls, one.breaker.snapshot().failures)


def test_a_store_that_is_down_is_not_even_asked(process, server):
    """29: nobody hops to a thread for nothing, whatever there would be to tell."""
    one = process()
    one.call("fine", DOWN)
    server.kill()
    one.call(DOWN)
    asked = one.store.asked
    one.call(DOWN, DOWN, "fine")
    assert asked == one.store.asked


def test_many_breakers_of_one_store_tell_of_its_loss_once(run, clock, timed, server):
    """29: one outage, one event, for all of them together; and one when it is back."""
    store, events = timed(fresh=0.05), []
    breakers = [fk.CircuitBreaker(store=store, clock=clock, name=name) for name in ("a", "b", "c")]
    pipelines = [fk.Pipeline(breaker, clock=clock, observers=[events.append]) for breaker in breakers]
    server.kill()
    for pipeline in pipelines * 2:
        run.outcome(pipeline, str)
    back(server, type("It", (), {"store": store}))
    for pipeline in pipelines * 2:
        run.outcome(pipeline, str)
    assert [StoreLost, StoreRestored] == [type(event) for event in events if type(event) in NEWS]


@pytest.mark.parametrize("loses_data", [False, True])
@pytest.mark.parametrize("first", [0, 1])
def test_an_opening_made_alone_is_told_when_redis_is_back(process, clock, server, loses_data, first):
    """29: open anywhere is open everywhere, for the time that is left, whoever comes back first."""
    both = one, two = process(), process()
    one.call("fine")
    two.call("fine")
    gone(server, two)
    one.call(DOWN, DOWN, DOWN, DOWN)
    clock.advance(10.0)
    back(server, *both, loses_data=loses_data)
    both[first].call()
    both[1 - first].call()
    clock.advance(FRESH)
    assert [OPEN, OPEN] == [one.call(), two.call()]
    assert [19.5, 19.5] == [each.breaker.snapshot().retry_after for each in both]


@pytest.mark.parametrize("first", [0, 1])
def test_an_open_breaker_outlives_the_data_of_redis(process, clock, server, first):
    """29: also if the one who comes first has not known that it is open; its growing waits are kept, too."""
    both = one, two = process(), process()
    two.call("fine")
    one.call(DOWN, DOWN, DOWN, DOWN)
    clock.advance(30.0)
    one.call(DOWN)
    gone(server, one)
    gone(server, two)
    back(server, *both, loses_data=True)
    both[first].call()
    both[1 - first].call()
    clock.advance(59.5)
    assert [OPEN, OPEN] == [one.call(), two.call()]
    clock.advance(FRESH)
    assert FAILED == two.call(DOWN)
    assert 120.0 == two.breaker.snapshot().retry_after


@pytest.mark.parametrize("loses_data", [False, True])
def test_the_latest_decision_wins(process, clock, server, loses_data):
    """29: one process opened alone, another opened and closed again later: it is closed."""
    both = _, two = process(), process()
    for each in both:
        each.call("fine")
    server.kill()
    assert ["open", "open"] == [each.call(DOWN, DOWN, DOWN) and each.breaker.state for each in both]
    clock.advance(30.0)
    assert [None] == two.call()
    back(server, *both, loses_data=loses_data)
    for each in (*both, *both):
        clock.advance(FRESH)
        assert [None] == each.call()
    assert ["closed", "closed"] == [each.breaker.state for each in both]


def test_the_latest_decision_wins_whoever_has_looked_last(process, run, clock, timed, server):
    """29: one had long not looked when it decided alone, but did so later; its own clock on the wall says nothing."""
    mine = FakeClock(epoch=-1e6)
    one, two = Process(run, mine, timed(fresh=0.05)), process()
    one.call("fine")
    clock.advance(10.0)
    two.breaker.isolate()
    two.breaker.reset()
    gone(server, one)
    mine.advance(11.0)
    one.call(DOWN, DOWN, DOWN, DOWN)
    clock.advance(1.0)
    back(server, one)
    assert OPEN == one.call()
    assert OPEN == process().call()


@pytest.mark.parametrize("loses_data", [False, True])
def test_an_isolation_made_alone_is_told(process, clock, server, loses_data):
    """26: so is one that Redis has forgotten, with how many there are; a reset made alone as well."""
    both = one, two = process(), process()
    one.breaker.isolate()
    two.call()
    gone(server, one)
    clock.advance(1.0)
    one.breaker.isolate()
    back(server, *both, loses_data=loses_data)
    one.call()
    clock.advance(FRESH)
    assert OPEN == two.call()
    two.breaker.reset()
    assert "isolated" == two.breaker.state
    gone(server, two)
    clock.advance(1.0)
    two.breaker.reset()
    assert [None] == two.call()
    back(server, *both, loses_data=loses_data)
    two.call()
    clock.advance(FRESH)
    assert [None] == one.call()


def test_what_was_counted_alone_is_not_counted_again(process, clock, server):
    """Only decisions are told afterwards."""
    one, two = process(), process()
    one.call("fine", "fine", "fine")
    gone(server, one)
    one.call("fine", DOWN)
    back(server, one)
    one.call()
    clock.advance(FRESH)
    two.call()
    assert (1, 0) == (two.breaker.snapshot().calls, two.breaker.snapshot().failures)


def test_a_decision_made_while_the_store_answers_is_kept(process, clock, monkeypatch):
    """An operator resets in the very moment in which an older word of the store comes in."""
    one = process()
    one.call()
    clock.advance(FRESH)
    circuit, exchange = one.breaker._shared, one.store.exchange

    def slow(*args):
        seen = exchange(*args)
        circuit.go("open")
        return seen

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(one.store, "exchange", slow)
        circuit.exchange()
    assert "open" == circuit.state
    assert OPEN == one.call()
    assert OPEN == process().call()


def test_a_clock_of_the_server_that_is_set_back_holds_nobody_for_longer(process, clock):
    """24: neither in open nor in a trial, nor with calls of the future in the window."""
    one = process(trial_lease=8.0, reset_timeout=30.0)
    shift = Shifted(one)
    one.call("fine", "fine", DOWN)
    shift.by(-1e5)
    one.call(DOWN, DOWN)
    assert "closed" == one.breaker.state
    one.call(DOWN, DOWN)
    assert "open" == one.breaker.state
    shift.by(-1e5)
    clock.advance(FRESH)
    one.call()
    assert 30.0 == one.breaker.snapshot().retry_after
    clock.advance(30.0)
    one.breaker.acquire()
    shift.by(-1e5)
    clock.advance(FRESH)
    assert OPEN == one.call()
    assert 8.0 == one.breaker.snapshot().retry_after
    clock.advance(8.0)
    assert [None] == one.call()


class Shifted:
    """Sets the clock of a process's server."""

    def __init__(self, process):
        self.process = process
        process.store.clock = self
        self.shift = 1e9

    def by(self, seconds):
        self.shift += seconds

    def now(self):
        return self.process.clock.now() + self.shift


def test_clocks_of_processes_may_say_what_they_like(run, timed, clock, server):
    """Every process measures by its own, from what the store has said; when it decides alone, too."""
    one = Process(run, clock, timed())
    two = Process(run, FakeClock(start=1e6, epoch=-1e6), timed(fresh=0.05))
    one.call(DOWN, DOWN, DOWN, DOWN)
    assert OPEN == two.call()
    assert 30.0 == two.breaker.snapshot().retry_after
    clock.advance(10.0)
    two.clock.advance(10.0)
    assert OPEN == two.call()
    assert 20.0 == two.breaker.snapshot().retry_after
    gone(server, two)
    clock.advance(1.0)
    two.clock.advance(1.0)
    two.breaker.reset()
    back(server, two)
    assert [[None], [None]] == [two.call(), one.call()]


def test_a_process_whose_clock_is_ahead_has_not_the_last_word_for_good(process, run, clock, timed, server):
    """29: what it decided before it ever met Redis was decided no later than it told so."""
    ahead, two = Process(run, FakeClock(epoch=9e9), timed(fresh=0.05)), process(store=timed(fresh=0.05))
    two.call()
    gone(server, two)
    assert FAILED * 4 == ahead.call(DOWN, DOWN, DOWN, DOWN)
    clock.advance(1.0)
    back(server, ahead)
    assert [OPEN, OPEN] == [ahead.call(), process().call()]
    server.kill()
    clock.advance(1.0)
    two.breaker.reset()
    back(server, two)
    assert [[None], [None]] == [two.call(), process().call()]


def test_every_key_expires(server, process, clock):
    """When nobody calls any more, nothing is left; an isolation is remembered for a month and more."""
    one, other = process(window=60.0, max_reset_timeout=300.0, trial_lease=60.0), process(name="other")
    one.call()
    other.breaker.isolate()
    lefts = {key.split(":")[2]: left / 1000 for key, left in server.lifetimes().items()}
    assert {"model": pytest.approx(720, abs=5), "other": pytest.approx(720 + 30 * 86400, abs=5)} == lefts


@pytest.mark.parametrize("seconds", [1e-9, 1e300])
def test_the_shortest_and_the_longest_times_work(process, seconds):
    """Whatever may be asked for fits into what Redis can count."""
    names = ("window", "reset_timeout", "max_reset_timeout", "trial_lease")
    one = process(**dict.fromkeys(names, seconds), min_calls=1)
    one.call(DOWN)
    one.call()
    assert [] == list(one.store.news)


# Several threads, tasks and event loops.


def test_what_ended_between_two_looks_is_told_in_its_order(clock, timed):
    """17: a success after a failure is a call of its own, and ends a row."""
    breaker = fk.CircuitBreaker(consecutive=2, store=timed(), clock=clock)
    permits = [breaker.acquire() for _ in range(4)]
    for permit, failed in zip(permits, (True, False, False, True), strict=True):
        breaker._shared.settle(permit, failed=failed)
    breaker._exchange(breaker._shared)
    assert ("closed", 4, 2) == (breaker.state, breaker.snapshot().calls, breaker.snapshot().failures)


def test_a_forked_child_tells_nothing_of_its_parents(clock, timed):
    """Neither calls nor trials; what was let through in the parent is not heard in the child."""
    breaker = fk.CircuitBreaker(consecutive=1, store=timed(), clock=clock)
    breaker.settle(breaker.acquire(), "success")
    shared = breaker._shared
    shared.start_over()
    breaker._exchange(shared)
    assert 0 == breaker.snapshot().calls
    breaker.settle(breaker.acquire(), "failure")
    clock.advance(30.0)
    shared.settle(breaker.acquire(), failed=True)
    shared.start_over()
    clock.advance(FRESH)
    breaker._exchange(shared)
    assert "half_open" == breaker.state


def test_one_caller_asks_for_all_who_come_meanwhile(clock, timed):
    """With a view that is old, but not very, the others go on with it; with one that is very old they wait."""
    store = timed()
    breaker = fk.CircuitBreaker(store=store, clock=clock)
    breaker.release(breaker.acquire())
    entered, go_on = threading.Event(), threading.Event()
    exchange = store.exchange

    def slow(*args):
        entered.set()
        assert go_on.wait(PATIENCE)
        return exchange(*args)

    store.exchange = slow
    clock.advance(FRESH)
    with ThreadPoolExecutor(2) as pool:
        asking = pool.submit(breaker.acquire)
        assert entered.wait(PATIENCE)
        breaker.acquire()
        clock.advance(FRESH)
        waiting = pool.submit(breaker.acquire)
        with pytest.raises(TimeoutError):
            waiting.result(0.05)
        go_on.set()
        asking.result(PATIENCE)
        waiting.result(PATIENCE)
    assert 2 == store.asked


def test_trials_stay_bounded_whoever_races(server, clock):
    """19: eight threads of four processes find it due at once; two trials are made."""
    stores = [TimedStore(server.url, clock) for _ in range(4)]
    breakers = [fk.CircuitBreaker(consecutive=1, trial_calls=2, store=store, clock=clock) for store in stores]
    breakers[0].settle(breakers[0].acquire(), "failure")
    for breaker in breakers:
        with pytest.raises(fk.CircuitOpen):
            breaker.acquire()
    clock.advance(30.0)
    ready = threading.Barrier(8)

    def race(n):
        ready.wait(PATIENCE)
        try:
            return breakers[n % 4].acquire()
        except fk.CircuitOpen:
            return None

    with ThreadPoolExecutor(8) as pool:
        permits = list(pool.map(race, range(8)))
    assert 2 == sum(permit is not None for permit in permits)
    for store in stores:
        store.close()


def test_asking_does_not_hold_up_the_loop(clock, timed):
    """The network is waited for on a thread; a Redis that hangs holds up the calls that ask, and no other task."""
    store = timed()
    breaker = fk.CircuitBreaker(store=store, clock=clock)
    go_on, exchange = threading.Event(), store.exchange

    def slow(*args):
        assert go_on.wait(PATIENCE)
        return exchange(*args)

    store.exchange = slow

    async def main():
        async def fine():
            return "fine"

        call = asyncio.create_task(fk.Pipeline(breaker, clock=clock).aoutcome(fine))
        await asyncio.sleep(0.02)
        assert not call.done()
        go_on.set()
        return (await call).text

    assert "fine" == asyncio.run(main())


def test_several_event_loops_share_one_breaker(connect):
    """And threads beside them."""
    breaker = fk.CircuitBreaker(store=connect(), min_calls=1000)
    pipeline = fk.Pipeline(breaker)

    async def fail():
        raise ConnectionResetError

    async def many():
        return await asyncio.gather(*(pipeline.aoutcome(fail) for _ in range(25)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: asyncio.run(many()), range(4)))
    assert 100 == fk.CircuitBreaker(store=connect()).snapshot().calls + breaker.snapshot().calls


def test_a_task_that_was_cancelled_while_it_asked_blocks_nobody(clock, timed):
    """20: what it was granted goes to the next."""
    store = timed()
    breaker = fk.CircuitBreaker(consecutive=1, trial_calls=2, store=store, clock=clock)
    breaker.settle(breaker.acquire(), "failure")
    clock.advance(30.0)
    entered, go_on, exchange = threading.Event(), threading.Event(), store.exchange

    def slow(*args):
        entered.set()
        assert go_on.wait(PATIENCE)
        return exchange(*args)

    store.exchange = slow

    async def main():
        async def fine():
            return "fine"

        pipeline = fk.Pipeline(breaker, clock=clock)
        call = asyncio.create_task(pipeline.aoutcome(fine))
        await asyncio.to_thread(entered.wait, PATIENCE)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        go_on.set()
        return await pipeline.aoutcome(fine)

    assert "fine" == asyncio.run(main()).text
    assert 3 + 1 == store.asked  # for a call, a failure and a trial, and for how that went
    breaker.settle(breaker.acquire(), "success")
    assert "closed" == breaker.state


def test_a_trial_that_nobody_took_in_time_is_nobodys(clock, timed):
    """19, 20: it was granted to a call that was cancelled; after its lease another process may try, and only that."""
    one, two = (fk.CircuitBreaker(consecutive=1, trial_lease=8.0, store=timed(), clock=clock) for _ in range(2))
    one.settle(one.acquire(), "failure")
    clock.advance(30.0)
    one._exchange(one._shared, trial=True)
    clock.advance(8.0)
    two.acquire()
    with pytest.raises(fk.CircuitOpen):
        one.acquire()


calls = st.lists(
    st.tuples(st.integers(1, 7), st.booleans(), st.booleans(), st.sampled_from([0.0, 0.0, 5.0])), max_size=6
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    runs=calls,
    rules=st.fixed_dictionaries(
        {
            "failure_rate": st.sampled_from([0.1, 0.5, 1.0]),
            "min_calls": st.integers(1, 6),
            "in_a_row": st.sampled_from([0, 0, 1, 3]),
            "slow_rate": st.sampled_from([0, 0.25, 1.0]),
        }
    ),
)
def test_calls_told_together_count_like_calls_told_one_by_one(server, runs, rules):
    """17: a run of calls that went alike is weighed in two looks, and that is enough."""
    server.client.flushall()
    times = {
        "window": 10.0,
        "reset_timeout": 1.0,
        "max_reset_timeout": 9.0,
        "trial_calls": 1,
        "trial_lease": 5.0,
        "successes": 1,
    }
    mine = {"state": "closed", "generation": 0, "left": 0.0, "wait": 0.0, "isolations": 0}
    told = {"rules": rules | times, "mine": mine, "order": "", "trials": [], "token": ""}
    runs = [(1 if after else n, int(failed), int(slow), after * failed) for n, failed, slow, after in runs]
    store = TimedStore(server.url, FakeClock(start=1e9))
    together = store.exchange("together", {**told, "runs": runs})
    one_by_one = store.exchange("one by one", {**told, "runs": []})
    for n, *how in runs:
        for _ in range(n):
            one_by_one = store.exchange("one by one", {**told, "runs": [(1, *how)]})
    if together.state == "open":  # those after it are of no generation, and how many it took is nobody's business
        together, one_by_one = ((seen.state, seen.left, seen.wait) for seen in (together, one_by_one))
    assert together == one_by_one
    store.close()
