"""49: chaos with seed s and rate p is one sequence; p = 0 is identity, p = 1 injects every call; off by default."""

from __future__ import annotations

import asyncio
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit._call import Reply
from fallbackkit._runtime import SYNC, Target, drive
from fallbackkit.testing import Chaos, FakeClock, Fault, Script, Stream
from tests.core.chains import chains

NAMED = [Fault(kind="provider.5xx"), Fault(kind="rate.shared", retry_after=3), Fault(kind="connection.lost", after=2)]
rates = st.floats(0, 1) | st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])
seeds = st.integers()


def with_chaos(built, chaos):
    """The same chain with chaos inside."""
    strategies = (*built.pipeline.strategies, chaos)
    observers = [built.events.append]
    built.pipeline = fk.Pipeline(*strategies, name="ask", observers=observers, clock=built.clock, rng=built.rng)
    return built


def struck(outcome):
    """What struck, attempt by attempt."""
    return [attempt.failure and str(attempt.failure.kind) for step in outcome.trail for attempt in step.attempts]


def sequence(chaos, *, calls=5, attempts=4):
    """What strikes the attempts of some calls, one after the other, around a function that never fails."""
    pipeline = fk.Pipeline(fk.Retry(attempts=attempts, max_wait=0), chaos, clock=FakeClock())
    return [struck(pipeline.outcome(lambda: "fine")) for _ in range(calls)]


@given(chain=chains(), seed=seeds)
def test_at_rate_0_it_is_not_there(run, chain, seed):
    """49: outcome, events, times and draws are those without it, and nothing is drawn or remembered."""
    plain, calm = chain.build(run), chain.build(run)
    chaos = Chaos(seed=seed)
    with_chaos(calm, chaos)
    assert plain.trace(plain.outcome()) == calm.trace(calm.outcome())
    assert (0, {}) == (chaos._calls, chaos._numbers)


def test_it_is_off_by_default(run, clock):
    """49: a Chaos that was left in a chain does nothing until somebody asks for it."""
    pipeline = fk.Pipeline(Chaos(), clock=clock)
    assert ["answered"] * 50 == [run.outcome(pipeline, Script("fine", clock=clock)).status for _ in range(50)]


@given(chain=chains(), seed=seeds)
def test_at_rate_1_it_strikes_every_attempt(run, chain, seed):
    """49: the function itself is never entered."""
    built = with_chaos(chain.build(run), Chaos(rate=1, faults=NAMED, seed=seed))
    built.outcome()
    assert [] == built.script.calls
    kinds = {fault.kind for fault in NAMED} | {"timeout.first_byte"}
    failed = [event.failure.kind for event in built.seen(fk.events.AttemptFailed) if event.step == "ask"]
    assert failed
    assert set(failed) <= kinds


@given(chain=chains(), rate=rates, seed=seeds)
def test_the_same_seed_and_rate_give_the_same_sequence(run, chain, rate, seed):
    """49: twice, and whatever the function does."""
    once, again = (with_chaos(chain.build(run), Chaos(rate=rate, faults=NAMED, seed=seed)) for _ in range(2))
    assert [once.trace(once.outcome()) for _ in range(3)] == [again.trace(again.outcome()) for _ in range(3)]


@given(rate=rates, seed=seeds)
def test_how_the_call_is_served_does_not_matter(rate, seed, run):
    """43, 49: sync, async and on threads the same attempts are struck."""
    pipeline = fk.Pipeline(fk.Retry(max_wait=0), Chaos(rate=rate, seed=seed), clock=FakeClock())
    seen = [struck(run.outcome(pipeline, Script("fine", clock=FakeClock()))) for _ in range(5)]
    assert sequence(Chaos(rate=rate, seed=seed), attempts=3) == seen


@given(low=rates, high=rates, seed=seeds)
def test_a_lower_rate_strikes_a_part_of_what_a_higher_one_does(low, high, seed):
    """Turning it down takes faults away and brings no new ones."""
    low, high = sorted([low, high])
    few, many = (sequence(Chaos(rate=rate, seed=seed), calls=20, attempts=1) for rate in (low, high))
    assert all(less in ([None], more) for less, more in zip(few, many, strict=True))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("seed", [0, 1, 10**9])
def test_the_rate_is_the_share_that_is_struck(rate, seed):
    """Over 3000 calls, to within five standard deviations; and each fault has its share of them."""
    kinds = [kinds[0] for kinds in sequence(Chaos(rate=rate, faults=NAMED, seed=seed), calls=3000, attempts=1)]
    assert rate == pytest.approx(
        sum(kind is not None for kind in kinds) / 3000, abs=5 * (rate * (1 - rate) / 3000) ** 0.5
    )
    for fault in NAMED:
        assert kinds.count(fault.kind) == pytest.approx(rate * 1000, abs=5 * (rate * 1000) ** 0.5)


def test_seeds_calls_and_attempts_have_draws_of_their_own():
    """No two of the first sequences are alike."""
    seen = [str(sequence(Chaos(rate=0.5, seed=seed), calls=30)) for seed in range(50)]
    assert 50 == len(set(seen))
    calls = sequence(Chaos(rate=0.5), calls=400)
    assert 5 <= len({str(call) for call in calls})
    again = [call[1] is not None for call in calls if len(call) > 1]
    assert 0.3 < sum(again) / len(again) < 0.7


@given(seed=seeds, order=st.lists(st.integers(0, 2), max_size=12))
def test_calls_at_once_do_not_disturb_one_another(seed, order):
    """49: what strikes a call depends on its own attempts, not on how those of others fall between them."""
    together, alone = (Chaos(rate=0.6, faults=NAMED[:2], seed=seed) for _ in range(2))
    pipeline, target = fk.Pipeline(clock=FakeClock()), Target(lambda: "fine")

    def enter(chaos, call):
        reply = drive(chaos.run(fine, call))
        call.attempts[len(call.attempts) :] = [{}] * (reply.failure is None)
        return reply.failure and str(reply.failure.kind)

    async def fine(call):
        return Reply("fine")

    calls = [pipeline.start(target, SYNC, (), {}) for _ in range(3)]
    order = [0, 1, 2, *order]
    mixed = [(number, enter(together, calls[number])) for number in order]
    calls = [pipeline.start(target, SYNC, (), {}) for _ in range(3)]
    sorted_ = [(number, enter(alone, calls[number])) for number in sorted(order)]
    assert sorted_ == sorted(mixed, key=lambda struck: struck[0])


def test_tasks_at_once_are_struck_as_one_after_the_other(clock):
    """49: the same through the async face."""
    chaos, solo = (Chaos(rate=0.6, seed=3) for _ in range(2))
    pipeline = fk.Pipeline(fk.Retry(attempts=4, max_wait=0), chaos, clock=clock)

    async def fine():
        return "fine"

    async def scene():
        return await asyncio.gather(*[pipeline.aoutcome(fine) for _ in range(9)])

    assert sequence(solo, calls=9) == [struck(outcome) for outcome in asyncio.run(scene())]


@given(rate=rates, seed=seeds, after=st.sampled_from([0.0, 0.5, 1.0, 3.0]))
def test_attempts_side_by_side_have_draws_of_their_own(run, rate, seed, after):
    """45, 49: under a Hedge the first attempt of each call is struck as without one, and every run is the same."""

    def scene():
        clock = FakeClock()
        hedge = fk.Hedge(after, max_hedges=2)
        pipeline = fk.Pipeline(fk.Retry(max_wait=0), hedge, Chaos(rate=rate, faults=NAMED, seed=seed), clock=clock)
        script = Script("fine", clock=clock, takes=2)
        return [run.outcome(pipeline, script) for _ in range(3)], script.calls

    (seen, calls), (again, recalled) = scene(), scene()
    assert (list(map(struck, seen)), calls) == (list(map(struck, again)), recalled)
    for outcome, alone in zip(seen, sequence(Chaos(rate=rate, faults=NAMED, seed=seed), calls=3), strict=True):
        assert alone[0] is None or alone[0] in struck(outcome)


def test_a_long_life_is_remembered_in_a_bounded_space(clock):
    """It forgets the calls that came first."""
    chaos = Chaos(rate=0.5)
    sequence(chaos, calls=10_500, attempts=1)
    assert (10_500, 10_000) == (chaos._calls, len(chaos._numbers))


def test_on_many_threads_every_call_has_its_own_draws():
    """49: the numbers are given out once each; which thread comes first is all that chance decides."""
    chaos = Chaos(rate=0.5, seed=1)
    pipeline, target = fk.Pipeline(clock=FakeClock()), Target(lambda: "fine")
    seen, gate = [], threading.Barrier(8)

    def enter():
        calls = [pipeline.start(target, SYNC, (), {}) for _ in range(500)]
        gate.wait()
        seen.extend(chaos._drawn(call) for call in calls)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=enter) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    solo = Chaos(rate=0.5, seed=1)
    alone = [solo._drawn(pipeline.start(target, SYNC, (), {})) for _ in range(4000)]
    assert sorted(map(str, alone)) == sorted(map(str, seen))
    assert 4000 == chaos._calls


def test_every_other_strategy_sees_the_fault(run, clock):
    """It stands around the function: retried, counted by the breaker, cut off by the limit, answered by a rung."""
    chain = (
        fk.Deadline(60),
        fk.Fallback(fk.Rung(run.fn(lambda: "page 7"), "search")),
        fk.Retry(attempts=2, max_wait=0),
        fk.CircuitBreaker(min_calls=2),
        fk.Timeout(4),
        Chaos(rate=1, faults=[Fault(kind="provider.5xx", after=9)]),
    )
    pipeline = fk.Pipeline(*chain, name="ask", clock=clock)
    first, second = (run.outcome(pipeline, Script("fine", clock=clock)) for _ in range(2))
    assert (["timeout.first_byte", "timeout.first_byte", None], "search") == (struck(first), first.served_by.kind)
    assert (8.0, "circuit.open") == (clock.now(), second.trail[0].failure.kind)


@pytest.mark.parametrize("form", ["script", "generator"])
def test_a_stream_is_struck_before_its_first_piece(run, clock, form):
    """Then the next attempt streams; nothing that was shown is taken back, and nothing stays open."""
    script = Script(Stream("Hold ", "it"), clock=clock)
    fn = script if form == "script" else script.agenerator if run.way == "async" else script.generator
    pipeline = fk.Pipeline(fk.Retry(attempts=9, max_wait=0), Chaos(rate=0.6, faults=NAMED[:1]), clock=clock)
    seen = [run.stream(pipeline, fn)[-1] for _ in range(6)]
    assert ["Hold it"] * 6 == [outcome.text for outcome in seen]
    assert 6 == len(script.streams) == script.closed
    assert sequence(Chaos(rate=0.6, faults=NAMED[:1]), calls=6, attempts=9) == [struck(outcome) for outcome in seen]


def test_a_rung_is_not_struck(run, clock):
    """Chaos stands around the function of its own chain; a rung that is a Pipeline may have one too."""
    rung = fk.Rung(run.fn(lambda: "page 7"), "search")
    pipeline = fk.Pipeline(fk.Fallback(rung), Chaos(rate=1), clock=clock)
    outcome = run.outcome(pipeline, Script("fine", clock=clock))
    assert ("degraded", "page 7") == (outcome.status, outcome.text)


def test_a_fault_takes_its_time_and_carries_its_facts(run, clock):
    """`after` on the call's clock, `retry_after` in the failure, an error as the same object."""
    faults = [Fault(kind="rate.shared", retry_after=7, after=1.5)]
    outcome = run.outcome(fk.Pipeline(Chaos(rate=1, faults=faults), clock=clock), Script("fine", clock=clock))
    assert ("rate.shared", 7, 1.5) == (outcome.failure.kind, outcome.failure.retry_after, outcome.duration)
    error = ConnectionError("gone")
    outcome = run.outcome(fk.Pipeline(Chaos(rate=1, faults=[Fault(error=error)]), clock=clock), Script("", clock=clock))
    assert error is outcome.failure.error


def test_an_async_function_is_struck_in_its_own_task():
    """A limit cancels it there; no thread is left to hang."""

    class Awaited(FakeClock):
        def sleep(self, seconds):
            raise AssertionError(f"{seconds} s on a thread")

    async def fine():
        return "fine"

    pipeline = fk.Pipeline(Chaos(rate=1, faults=NAMED), clock=Awaited())
    assert asyncio.run(pipeline.aoutcome(fine)).failure.kind in {fault.kind for fault in NAMED}


def test_a_hanging_fault_ends_with_the_limit(run, clock):
    """And a thread that was given up ends a second later: it does not hang for ever."""
    pipeline = fk.Pipeline(fk.Timeout(8), Chaos(rate=1, faults=[Fault()]), clock=clock)
    outcome = run.outcome(pipeline, Script("fine", clock=clock))
    assert ("timeout.first_byte", 8.0, [9.0]) == (outcome.failure.kind, clock.now(), clock.sleeps)


def test_a_hanging_fault_without_a_limit_says_what_is_missing(run, clock):
    """It does not hang."""
    outcome = run.outcome(fk.Pipeline(Chaos(rate=1, faults=[Fault()]), clock=clock), Script("fine", clock=clock))
    assert ("internal", 0.0) == (outcome.failure.kind, clock.now())
    assert "put a Timeout or a Deadline" in str(outcome.failure.error)


def test_it_has_to_stand_innermost():
    """Anywhere else a strategy inside of it would not see the fault."""
    for wrong in [(Chaos(), fk.Timeout(3)), (fk.Retry(), Chaos(), fk.Timeout(3)), (Chaos(), Chaos())]:
        with pytest.raises(ValueError, match=r"`Chaos` must stand innermost.*Move it to the end"):
            fk.Pipeline(*wrong)
    assert (
        "Timeout(3 s) > Chaos(rate 0.25, seed 7) > ask"
        == fk.Pipeline(fk.Timeout(3), Chaos(rate=0.25, seed=7), name="ask").describe()
    )


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"rate": 1.5}, ValueError, "`rate` must be between 0 and 1, got 1.5"),
        ({"rate": True}, ValueError, "`rate` must be between 0 and 1, got True"),
        ({"faults": []}, ValueError, "`faults` is empty; give Chaos at least one Fault, or leave `faults` out"),
        ({"faults": [TimeoutError()]}, TypeError, r"`faults` are Faults, got TimeoutError\(\); wrap it"),
    ],
)
def test_what_cannot_strike_is_refused(given, error, message):
    """With a sentence that names the argument, the value and the remedy."""
    with pytest.raises(error, match=message):
        Chaos(**given)
