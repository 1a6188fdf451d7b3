from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit.errors import FailureKind
from fallbackkit.events import CircuitClosed, CircuitHalfOpened, CircuitOpened
from fallbackkit.testing import FakeClock, Fault, Script

MOVES = (CircuitClosed, CircuitHalfOpened, CircuitOpened)


def feed(breaker, verdicts):
    """Make calls that end as told: S, F, or ``-`` for ignored."""
    for verdict in verdicts:
        breaker.settle(breaker.acquire(), {"S": "success", "F": "failure", "-": "ignored"}[verdict])


def open_breaker(clock, **options):
    """A breaker that has just opened."""
    breaker = fk.CircuitBreaker(consecutive=1, clock=clock, **options)
    feed(breaker, "F")
    return breaker


def refusal_of(breaker):
    """The error that a call is refused with."""
    with pytest.raises(fk.CircuitOpen) as refusal:
        breaker.acquire()
    return refusal.value


@pytest.mark.parametrize("verdicts", ["SFFSF", "FFFSS", "FSFSF", "SSFFF", "FFFFS"])
def test_enough_failures_open_it_whatever_their_order(verdicts, clock):
    """17: three failures of five at a rate of a half, also when the fifth call succeeds."""
    breaker = fk.CircuitBreaker(failure_rate=0.5, min_calls=5, clock=clock)
    feed(breaker, verdicts[:4])
    assert "closed" == breaker.state
    feed(breaker, verdicts[4])
    assert "open" == breaker.state


@pytest.mark.parametrize("verdicts", ["SFFSF", "FFFSS", "SSFFF", "FFFFS"])
def test_through_a_pipeline_it_opens_in_any_order_too(run, verdicts, clock):
    """17: where successes are counted in a way of their own, one of them can be the call that is enough."""
    breaker = fk.CircuitBreaker(failure_rate=0.5, min_calls=5, clock=clock)
    pipeline, states = fk.Pipeline(breaker, clock=clock), []
    for verdict in verdicts:
        run.outcome(pipeline, Script("fine" if verdict == "S" else ConnectionError(), clock=clock))
        states.append(breaker.state)
    assert [*["closed"] * 4, "open"] == states


@given(failures=st.integers(1, 100))
def test_the_rate_is_met_exactly_for_every_share(failures):
    """7 of 100 calls is a rate of 0.07, although 0.07 * 100 is more than 7 in floating point."""
    breaker = fk.CircuitBreaker(failure_rate=failures / 100, min_calls=100, clock=FakeClock())
    feed(breaker, "F" * failures + "S" * (100 - failures))
    assert "open" == breaker.state


@given(failures=st.integers(1, 99))
def test_one_failure_fewer_leaves_it_closed(failures):
    """The rate has to be reached."""
    breaker = fk.CircuitBreaker(failure_rate=(failures + 1) / 100, min_calls=100, clock=FakeClock())
    feed(breaker, "F" * failures + "S" * (100 - failures))
    assert "closed" == breaker.state


def test_a_row_is_broken_by_a_success_only(clock):
    """Consecutive mode: what is ignored neither adds to the row nor ends it."""
    breaker = fk.CircuitBreaker(consecutive=3, clock=clock)
    feed(breaker, "FFSFF")
    assert "closed" == breaker.state
    feed(breaker, "--F")
    assert "open" == breaker.state


def test_calls_older_than_the_window_are_forgotten(clock):
    """24: also across an idle gap much longer than the window."""
    breaker = fk.CircuitBreaker(min_calls=3, window=10, clock=clock)
    feed(breaker, "FF")
    clock.advance(10)
    assert 0 == breaker.snapshot().calls
    feed(breaker, "FF")
    clock.advance(1e7)
    feed(breaker, "FF")
    assert ("closed", 2) == (breaker.state, breaker.snapshot().calls)


def test_successes_through_a_pipeline_are_forgotten_each_at_its_time(run, clock):
    """24: those of the slice of now and of the nine before it count."""
    breaker, times = fk.CircuitBreaker(window=10, clock=clock), [0.0]
    pipeline = fk.Pipeline(breaker, clock=clock)
    feed(breaker, "S")
    for wait in (0, 0.75, 0.25, 0, 3, 0, 0, 0.5, 5.5, 0, 0.5, 2, 0, 0.25, 8, 1, 0.75, 0, 9, 10, 0):
        clock.advance(wait)
        times.append(clock.now())
        run.outcome(pipeline, Script("fine", clock=clock))
        assert sum(int(time) > int(clock.now()) - 10 for time in times) == breaker.snapshot().calls


def test_a_stopped_clock_changes_nothing_but_that_no_time_passes():
    """24: on a clock that stands still everything is counted, and an open breaker stays open."""
    clock = FakeClock(start=1234.5)
    breaker = fk.CircuitBreaker(failure_rate=1, min_calls=1000, clock=clock)
    feed(breaker, "F" * 999)
    assert 999 == breaker.snapshot().failures
    feed(breaker, "F")
    assert [30.0, 30.0] == [refusal_of(breaker).retry_after for _ in range(2)]


def test_open_refuses_with_the_time_left(clock):
    """18: retry_after falls with the time, is above 0 to the last, and then a call is let through."""
    breaker = open_breaker(clock, reset_timeout=30, name="model")
    lefts = []
    for wait in (0, 10, 10, 9.5):
        clock.advance(wait)
        lefts.append(refusal_of(breaker).retry_after)
    assert [30.0, 20.0, 10.0, 0.5] == lefts
    assert "`model` lets no call through: next trial in 0.5 s at the latest" == str(refusal_of(breaker))
    clock.advance(0.5)
    breaker.acquire()
    assert "half_open" == breaker.state


def test_late_failures_neither_extend_the_opening_nor_tell_it_twice(run, clock):
    """23: calls that were under way when it opened."""
    breaker, events = fk.CircuitBreaker(consecutive=1, reset_timeout=30, clock=clock), []
    pipeline = fk.Pipeline(breaker, clock=clock, observers=[events.append])
    late = [breaker.acquire() for _ in range(5)]
    run.outcome(pipeline, Script(ConnectionError(), clock=clock))
    for permit in late:
        clock.advance(1)
        breaker.settle(permit, "failure")
    assert 25.0 == refusal_of(breaker).retry_after
    run.outcome(pipeline, Script("unheard", clock=clock))
    assert [CircuitOpened] == [type(event) for event in events if isinstance(event, MOVES)]


@pytest.mark.parametrize("verdict", ["success", "failure"])
def test_a_result_of_another_generation_has_no_effect(verdict, clock):
    """21: a call that was let through while closed ends in the half-open time, and in the next closed one."""
    breaker = fk.CircuitBreaker(consecutive=1, reset_timeout=30, trial_calls=2, clock=clock)
    early = [breaker.acquire(), breaker.acquire(), breaker.acquire()]
    breaker.settle(early[0], "failure")
    clock.advance(30)
    trial = breaker.acquire()
    breaker.settle(early[1], verdict)
    assert ("half_open", 1) == (breaker.state, breaker.snapshot().trials)
    breaker.settle(trial, "success")
    feed(breaker, "S")
    breaker.settle(early[2], verdict)
    assert ("closed", 0) == (breaker.state, breaker.snapshot().calls)


@pytest.mark.parametrize("options", [{}, {"slow_call": 60}], ids=["untimed", "timed"])
@pytest.mark.parametrize("error", [None, ConnectionError()], ids=["success", "failure"])
def test_a_call_that_outlives_its_generation_has_no_effect(run, options, error, clock):
    """21: it began before somebody isolated and reset the breaker."""
    breaker = fk.CircuitBreaker(consecutive=1, clock=clock, **options)

    def ask():
        breaker.isolate()
        breaker.reset()
        if error is not None:
            raise error

    run.outcome(fk.Pipeline(breaker, clock=clock), ask)
    assert ("closed", 0) == (breaker.state, breaker.snapshot().calls)


class Interrupted(FakeClock):
    """Does something else, once, before it tells the time: what other threads may do between two steps."""

    then = None

    def now(self):
        then, self.then = self.then, None
        if then is not None:
            then()
        return super().now()


def test_a_call_that_comes_when_it_is_being_closed_is_let_through():
    """21: and is timed from then on."""
    clock = Interrupted(start=1000.0)
    breaker = fk.CircuitBreaker(slow_call=2, clock=clock)
    breaker.isolate()
    clock.then = breaker.reset
    feed(breaker, "S")
    assert ("closed", 1, 0) == (breaker.state, breaker.snapshot().calls, breaker.snapshot().slow)


def test_a_result_whose_generation_ends_while_it_is_settled_has_no_effect(run):
    """21: somebody isolates the breaker at the very moment when it looks at the time."""
    clock = Interrupted()
    breaker = fk.CircuitBreaker(clock=clock)

    def ask(then):
        clock.then = then

    for then in (None, breaker.isolate):
        run.outcome(fk.Pipeline(breaker), ask, then)
    assert ("isolated", 1) == (breaker.state, breaker.snapshot().calls)


def test_a_success_through_a_pipeline_ends_a_row(run, clock):
    """Also when the failures of the row are older than the window."""
    breaker = fk.CircuitBreaker(consecutive=2, window=10, clock=clock)
    pipeline = fk.Pipeline(breaker, clock=clock)
    for play in (ConnectionError(), "fine", ConnectionError()):
        run.outcome(pipeline, Script(play, clock=clock))
    assert "closed" == breaker.state
    clock.advance(20)
    assert 0 == breaker.snapshot().calls
    for play in ("fine", ConnectionError()):
        run.outcome(pipeline, Script(play, clock=clock))
    assert "closed" == breaker.state


def test_it_takes_no_more_room_for_more_calls(run, clock):
    """Ten thousand calls in the window are kept as ten."""
    breaker = fk.CircuitBreaker(window=10, failure_rate=1, clock=clock)
    pipeline = fk.Pipeline(breaker, clock=clock)
    for turn in range(1000):
        clock.advance(0.125)
        run.outcome(pipeline, Script(ConnectionError() if turn % 7 == 0 else "fine", clock=clock))
        assert len(breaker._circuit._window._slices) <= 10
    assert 72 <= breaker.snapshot().calls <= 80


def test_a_verdict_that_there_is_not_is_refused(clock):
    """A typing error does not pass for a success, and the permit can still be settled."""
    breaker = fk.CircuitBreaker(clock=clock)
    permit = breaker.acquire()
    with pytest.raises(ValueError, match="`verdict` must be 'success', 'failure' or 'ignored', got 'failed'"):
        breaker.settle(permit, "failed")
    breaker.settle(permit, "failure")
    assert (1, 1) == (breaker.snapshot().calls, breaker.snapshot().failures)


def test_a_released_permit_has_not_been(clock):
    """20, 22: its place in the trials is free at once, and settling it afterwards does nothing."""
    breaker = open_breaker(clock, reset_timeout=30)
    clock.advance(30)
    permit = breaker.acquire()
    breaker.release(permit)
    breaker.settle(permit, "failure")
    assert ("half_open", 0, 0.0) == (breaker.state, breaker.snapshot().trials, breaker.snapshot().retry_after)
    feed(breaker, "S")
    breaker.release(breaker.acquire())
    assert ("closed", 0) == (breaker.state, breaker.snapshot().calls)


def test_a_permit_counts_once(clock):
    """20: settling again, with whatever verdict, does nothing."""
    breaker = fk.CircuitBreaker(min_calls=2, clock=clock)
    permit = breaker.acquire()
    for verdict in ("success", "failure", "failure"):
        breaker.settle(permit, verdict)
    assert (1, 0) == (breaker.snapshot().calls, breaker.snapshot().failures)


def test_a_trial_that_is_never_settled_frees_its_place_after_the_lease(clock):
    """20: half-open refuses for the lease at most; what the lapsed trial says later is not heard."""
    breaker = open_breaker(clock, reset_timeout=30, trial_lease=60)
    clock.advance(30)
    lost = breaker.acquire()
    assert 60.0 == refusal_of(breaker).retry_after
    clock.advance(59)
    assert (1.0, 1) == (refusal_of(breaker).retry_after, breaker.snapshot().trials)
    clock.advance(1)
    assert (0.0, 0) == (breaker.snapshot().retry_after, breaker.snapshot().trials)
    second = breaker.acquire()
    breaker.settle(lost, "failure")
    assert ("half_open", 1) == (breaker.state, breaker.snapshot().trials)
    breaker.settle(second, "success")
    assert "closed" == breaker.state


def test_an_ignored_call_changes_nothing_but_its_permit(clock):
    """22: neither in the window nor among the trials."""
    breaker = fk.CircuitBreaker(min_calls=3, clock=clock)
    feed(breaker, "FF")
    before = breaker.snapshot()
    feed(breaker, "-----")
    assert before == breaker.snapshot()
    feed(breaker, "F")
    clock.advance(30)
    feed(breaker, "-----")
    assert ("half_open", 0) == (breaker.state, breaker.snapshot().trials)


@given(reset=st.sampled_from([0.5, 7.0, 30.0]), longest=st.sampled_from([1.0, 30.0, 300.0]), trials=st.integers(1, 80))
def test_failed_trials_double_the_opening_up_to_the_bound(reset, longest, trials):
    """25: it never shrinks, never exceeds the bound, and a success resets it."""
    clock = FakeClock()
    breaker = open_breaker(clock, reset_timeout=reset, max_reset_timeout=longest)
    waits = [refusal_of(breaker).retry_after]
    for _ in range(trials):
        clock.advance(waits[-1])
        feed(breaker, "F")
        waits.append(refusal_of(breaker).retry_after)
    assert waits == pytest.approx([min(reset * 2**trip, max(reset, longest)) for trip in range(trials + 1)])
    clock.advance(waits[-1])
    feed(breaker, "SF")
    assert reset == pytest.approx(refusal_of(breaker).retry_after)


def test_isolation_lasts_until_it_is_ended(run, clock):
    """26: no time ends it, results do not, and two isolations take two resets; others go on."""
    breaker, other = fk.CircuitBreaker(clock=clock), fk.CircuitBreaker(clock=clock)
    pipeline, script = fk.Pipeline(breaker, clock=clock), Script("fine", clock=clock)
    under_way = breaker.acquire()
    breaker.isolate()
    breaker.isolate()
    breaker.settle(under_way, "success")
    clock.advance(1e9)
    refused = run.outcome(pipeline, script).failure
    assert ("circuit.open", None) == (refused.kind, refused.retry_after)
    assert "isolated until `reset()`" in str(refused.error)
    breaker.reset()
    assert ("isolated", []) == (breaker.state, script.calls)
    breaker.reset()
    assert "fine" == run.outcome(pipeline, script).value
    assert "closed" == breaker.state == other.state


def test_a_reset_forgets_what_was_counted(clock):
    """Failures before the reset do not help to open it, and a reset more than needed is harmless."""
    for options in ({"min_calls": 3}, {"consecutive": 3}):
        breaker = fk.CircuitBreaker(clock=clock, **options)
        feed(breaker, "FF")
        breaker.reset()
        breaker.reset()
        feed(breaker, "F")
        assert ("closed", 1) == (breaker.state, breaker.snapshot().calls)
        breaker.isolate()
        assert "isolated" == breaker.state


def test_the_snapshot_says_everything(clock):
    """State, counts, rate, time left and trials under way."""
    breaker = fk.CircuitBreaker(min_calls=4, reset_timeout=30, trial_calls=2, clock=clock)
    assert (
        fk.Snapshot(
            state="closed",
            calls=0,
            failures=0,
            failure_rate=None,
            slow=0,
            slow_rate=None,
            retry_after=None,
            trials=0,
        )
        == breaker.snapshot()
    )
    feed(breaker, "SFFF")
    clock.advance(10)
    assert (
        fk.Snapshot(
            state="open",
            calls=4,
            failures=3,
            failure_rate=0.75,
            slow=0,
            slow_rate=0.0,
            retry_after=20.0,
            trials=0,
        )
        == breaker.snapshot()
    )
    clock.advance(20)
    breaker.acquire()
    half_open = breaker.snapshot()
    assert ("half_open", 1, 0.0) == (half_open.state, half_open.trials, half_open.retry_after)


@pytest.mark.parametrize(
    ("play", "charged"),
    [
        (ConnectionError(), True),
        (Fault(kind="provider.5xx"), True),
        (Fault(kind="provider.overloaded"), True),
        (Fault(kind="rate.shared"), True),
        (Fault(after=99), True),
        (RuntimeError("nobody knows"), True),
        (Fault(kind="rate.user"), False),
        (Fault(kind="auth.config"), False),
        (Fault(kind="input.too_long"), False),
        (Fault(kind="safety.refused"), False),
        (Fault(kind="circuit.open"), False),
        (Fault(kind="quality.low_confidence"), False),
    ],
    ids=repr,
)
def test_only_what_is_the_dependencys_fault_is_charged(run, play, charged, clock):
    """Outages and what nobody knows count as failures; the rest counts neither way."""
    breaker = fk.CircuitBreaker(clock=clock)
    run.outcome(fk.Pipeline(breaker, fk.Timeout(5), clock=clock), Script(play, clock=clock))
    expected = (1, 1) if charged else (0, 0)
    assert expected == (breaker.snapshot().calls, breaker.snapshot().failures)


class StatusError(Exception):
    """As SDKs raise it, with the status in one of the usual places."""

    def __init__(self, place, status):
        super().__init__(status)
        if place == "response":
            self.response = SimpleNamespace(status_code=status)
        else:
            setattr(self, place, status)


@pytest.mark.parametrize("place", ["status_code", "response", "status"])
@pytest.mark.parametrize(("status", "failures"), [(400, 0), (404, 0), (418, 0), (422, 0), (499, 0), (500, 1), (503, 1)])
def test_a_request_that_the_provider_blames_on_us_is_not_charged(run, place, status, failures, clock):
    """A 4xx of unknown meaning is our bug: the dependency is well; a 5xx is charged."""
    breaker = fk.CircuitBreaker(clock=clock)
    outcome = run.outcome(fk.Pipeline(breaker, clock=clock), Script(StatusError(place, status), clock=clock))
    assert (failures, failures) == (breaker.snapshot().calls, breaker.snapshot().failures)
    assert "unavailable" == outcome.status


@pytest.mark.parametrize(
    "ignore",
    [
        OSError,
        "connection.upstream",
        FailureKind.CONNECTION_UPSTREAM,
        lambda failure: failure.error.args == ("x",),
        [KeyError, OSError],
    ],
    ids=["type", "id", "kind", "predicate", "several"],
)
def test_what_is_to_be_ignored_counts_neither_way(run, ignore, clock):
    """Given as kinds, exception types or predicates."""
    breaker = fk.CircuitBreaker(ignore=ignore, clock=clock)
    pipeline = fk.Pipeline(breaker, clock=clock)
    run.outcome(pipeline, Script(ConnectionError("x"), clock=clock))
    assert 0 == breaker.snapshot().calls
    run.outcome(pipeline, Script(ValueError("y"), clock=clock))
    assert 1 == breaker.snapshot().failures


def test_a_predicate_that_raises_frees_the_permit(run, clock):
    """20: a bug in `ignore` fails the trial's call, but does not block the next trial."""
    breaker = open_breaker(clock, reset_timeout=30, ignore=lambda failure: 1 / 0)
    clock.advance(30)
    outcome = run.outcome(fk.Pipeline(breaker, clock=clock), Script(ConnectionError(), clock=clock))
    assert (ZeroDivisionError, 0) == (type(outcome.failure.error), breaker.snapshot().trials)


def test_a_call_whose_time_is_up_before_it_begins_is_not_charged(clock):
    """An outer limit that is over says nothing about the dependency, which was not asked."""
    breaker, script = fk.CircuitBreaker(min_calls=1, clock=clock), Script("unheard", clock=clock)
    inner = fk.Pipeline(breaker, clock=clock)

    def slow():
        clock.advance(9)
        return inner.outcome(script)

    outcome = fk.Pipeline(fk.Deadline(5), clock=clock).outcome(slow)
    assert ([], "timeout.first_byte") == (script.calls, outcome.value.failure.kind)
    assert ("closed", 0) == (breaker.state, breaker.snapshot().calls)


class Stop(BaseException):
    """Not an Exception: as KeyboardInterrupt and cancellation."""


@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interruption_frees_the_permit_and_counts_neither_way(error, clock):
    """10, 20: in a trial, where the place would be missed."""
    breaker = open_breaker(clock, reset_timeout=30)
    clock.advance(30)

    def interrupted():
        assert 1 == breaker.snapshot().trials
        raise error

    with pytest.raises(error):
        fk.Pipeline(breaker, clock=clock).call(interrupted)
    assert ("half_open", 0) == (breaker.state, breaker.snapshot().trials)


async def test_a_cancelled_trial_frees_its_permit(clock):
    """20: cancellation from outside, in the middle of an await."""
    breaker, inside = open_breaker(clock, reset_timeout=30), asyncio.Event()
    clock.advance(30)

    async def hang():
        inside.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(fk.Pipeline(breaker, clock=clock).acall(hang))
    await inside.wait()
    assert ("half_open", 1) == (breaker.state, breaker.snapshot().trials)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ("half_open", 0) == (breaker.state, breaker.snapshot().trials)


def test_the_events_trace_a_whole_life(run, clock):
    """30: closed, open, half-open, open for longer, half-open, closed; each told once, in order."""
    breaker, events = fk.CircuitBreaker(consecutive=2, reset_timeout=30, name="model"), []
    pipeline = fk.Pipeline(breaker, clock=clock, observers=[events.append])
    script = Script(*[ConnectionError()] * 3, "fine", clock=clock)
    for wait in (0, 0, 10, 20, 59, 1):
        clock.advance(wait)
        run.outcome(pipeline, script)
    told = [event for event in events if isinstance(event, MOVES)]
    assert [
        (CircuitOpened, 0, 30),
        (CircuitHalfOpened, 30, None),
        (CircuitOpened, 30, 60),
        (CircuitHalfOpened, 90, None),
        (CircuitClosed, 90, None),
    ] == [(type(event), event.at, getattr(event, "retry_after", None)) for event in told]
    assert {"model"} == {event.breaker for event in told}
    assert [0, 0, 30, 90] == script.calls


def test_what_happens_between_calls_is_told_by_the_next(run, clock):
    """30: by the next call that somebody observes; no event is lost to a pipeline without observers."""
    breaker, events = fk.CircuitBreaker(clock=clock), []
    breaker.isolate()
    run.outcome(fk.Pipeline(breaker, clock=clock), Script("unheard", clock=clock))
    breaker.reset()
    breaker.reset()
    run.outcome(fk.Pipeline(breaker, clock=clock, observers=[events.append]), Script("fine", clock=clock))
    told = [(type(event), getattr(event, "retry_after", None)) for event in events if isinstance(event, MOVES)]
    assert [(CircuitOpened, None), (CircuitClosed, None)] == told


def test_a_breaker_that_nobody_observes_keeps_few_events(clock):
    """A breaker that flaps for months without an observer does not grow."""
    breaker, events = fk.CircuitBreaker(clock=clock), []
    for _ in range(1000):
        breaker.isolate()
        breaker.reset()
    fk.Pipeline(breaker, clock=clock, observers=[events.append]).outcome(str)
    assert 64 == sum(isinstance(event, MOVES) for event in events)


@pytest.mark.parametrize("bug", ["raises", "isolates", "calls again"])
def test_an_observer_cannot_spoil_the_call(run, bug, clock):
    """31: one that raises, changes the breaker or makes a call while it is told that the breaker opened."""
    breaker = fk.CircuitBreaker(consecutive=1, reset_timeout=30)
    seen = []

    def observe(event):
        if not isinstance(event, CircuitOpened) or seen:
            return
        seen.append(event)
        if bug == "raises":
            raise ValueError(bug)
        if bug == "isolates":
            breaker.isolate()
        else:
            seen.append(pipeline.outcome(str) if run.way == "sync" else breaker.snapshot())

    pipeline = fk.Pipeline(breaker, clock=clock, observers=[observe])
    error = ConnectionError()
    assert error is run.outcome(pipeline, Script(error, clock=clock)).failure.error
    assert ("isolated" if bug == "isolates" else "open", 0) == (breaker.state, breaker.snapshot().trials)


def test_without_a_clock_of_its_own_it_takes_the_pipelines(run):
    """What was left to wait when the first call came stays."""
    clock = FakeClock(start=-5000.0)
    breaker = fk.CircuitBreaker(consecutive=1, reset_timeout=30)
    feed(breaker, "F")
    pipeline = fk.Pipeline(breaker, clock=clock)
    refused = run.outcome(pipeline, Script("unheard", clock=clock)).failure
    assert 29 < refused.retry_after <= 30
    clock.advance(refused.retry_after)
    assert "fine" == run.outcome(pipeline, Script("fine", clock=clock)).value


def test_what_was_counted_by_another_clock_is_forgotten(run):
    """24: the times of two clocks have nothing to do with one another."""
    clock = FakeClock(start=-5000.0)
    breaker = fk.CircuitBreaker(min_calls=3)
    feed(breaker, "FF")
    run.outcome(fk.Pipeline(breaker, clock=clock), Script(ConnectionError(), clock=clock))
    assert ("closed", 1) == (breaker.state, breaker.snapshot().calls)


def test_a_clock_of_its_own_outlasts_the_pipelines(run, clock):
    """Several pipelines with clocks of their own share one breaker on the breaker's clock."""
    breaker = open_breaker(clock, reset_timeout=30)
    other = FakeClock(start=1e6)
    assert 30.0 == run.outcome(fk.Pipeline(breaker, clock=other), Script("unheard", clock=other)).failure.retry_after
    clock.advance(30)
    assert "fine" == run.outcome(fk.Pipeline(breaker, clock=other), Script("fine", clock=other)).value


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"failure_rate": 0}, "`failure_rate` must be above 0, got 0"),
        ({"failure_rate": 1.5}, "`failure_rate` must be between 0 and 1, got 1.5"),
        ({"slow_rate": 0}, "`slow_rate` must be above 0, got 0"),
        ({"slow_rate": -1}, "`slow_rate` must be between 0 and 1, got -1"),
        ({"slow_call": 0}, "`slow_call` must be a finite number of seconds, more than 0, got 0"),
        ({"failure_rate": True}, "`failure_rate` must be between 0 and 1, got True"),
        ({"min_calls": 0}, "`min_calls` must be a whole number of 1 or more, got 0"),
        ({"window": 0}, "`window` must be a finite number of seconds, more than 0, got 0"),
        ({"window": float("inf")}, "`window` must be a finite number of seconds, more than 0, got inf"),
        ({"consecutive": 0}, "`consecutive` must be a whole number of 1 or more, got 0"),
        ({"reset_timeout": -1}, "`reset_timeout` must be a finite number of seconds, more than 0, got -1"),
        ({"max_reset_timeout": float("nan")}, "`max_reset_timeout` must be a finite number of seconds"),
        ({"trial_calls": 1.5}, "`trial_calls` must be a whole number of 1 or more, got 1.5"),
        ({"trial_lease": 0}, "`trial_lease` must be a finite number of seconds, more than 0, got 0"),
        ({"ignore": "no.such"}, "`ignore` names no failure kind 'no.such'"),
    ],
    ids=repr,
)
def test_numbers_out_of_range_are_refused_by_name(options, message):
    """The message names the argument and the value given."""
    with pytest.raises(ValueError, match="^" + message.replace(".", r"\.")):
        fk.CircuitBreaker(**options)


def test_it_describes_the_rule_in_force():
    """One phrase: by rate or in a row, and what else is asked for."""
    assert "CircuitBreaker(50% of 5+, reset 30 s)" == fk.CircuitBreaker().describe()
    assert "CircuitBreaker(3 in a row, reset 7.5 s)" == fk.CircuitBreaker(consecutive=3, reset_timeout=7.5).describe()
    options = {"slow_call": 8, "slow_rate": 0.25, "open_for_retry_after": True, "shadow": True}
    expected = "CircuitBreaker(50% of 5+, 25% slower than 8 s, reset 30 s or Retry-After, shadow)"
    assert expected == fk.CircuitBreaker(**options).describe()
