from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import fallbackkit as fk

PATIENCE = 20.0  # seconds before a test that hangs is called a failure


def open_breaker(clock, **options):
    """A breaker that has just opened, for a second."""
    breaker = fk.CircuitBreaker(consecutive=1, reset_timeout=1, max_reset_timeout=1, clock=clock, **options)
    breaker.settle(breaker.acquire(), "failure")
    return breaker


@pytest.fixture
def restless():
    """Threads take turns as often as they can, so that a lock that is missing is missed."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def together(workers, job):
    """Run ``job(i)`` in that many threads that set off at once; its results."""
    gate = threading.Barrier(workers)

    def work(number):
        gate.wait(PATIENCE)
        return job(number)

    with ThreadPoolExecutor(workers) as pool:
        return [future.result(PATIENCE) for future in [pool.submit(work, number) for number in range(workers)]]


@pytest.mark.parametrize("trial_calls", [1, 3])
@pytest.mark.usefixtures("restless")
def test_threads_never_get_more_trials_than_there_are(trial_calls, clock):
    """19: 32 threads ask at the moment when it half-opens, fifty times over."""
    breaker = open_breaker(clock, trial_calls=trial_calls, trial_lease=1)

    def ask(_):
        with contextlib.suppress(fk.CircuitOpen):
            return breaker.acquire()

    for _ in range(50):
        clock.advance(1)
        admitted = [permit for permit in together(32, ask) if permit is not None]
        assert trial_calls == len(admitted) == breaker.snapshot().trials


@pytest.mark.parametrize("trial_calls", [1, 3])
@pytest.mark.usefixtures("restless")
def test_threads_are_never_inside_more_than_there_are_trials(trial_calls, clock):
    """19: the same through a pipeline; what the trials come to opens, closes and half-opens it meanwhile."""
    breaker = open_breaker(clock, trial_calls=trial_calls)
    pipeline, inside, most = fk.Pipeline(breaker, clock=clock), [], []

    def ask(number):
        trial = breaker.state == "half_open"
        inside.append(trial)
        most.append(sum(inside))
        inside.remove(trial)
        if number % 2:
            raise ConnectionError
        return "fine"

    for _ in range(20):
        clock.advance(1)
        together(32, lambda number: pipeline.outcome(ask, number))
    assert 0 == breaker.snapshot().trials
    assert 1 <= max(most) <= trial_calls


@pytest.mark.usefixtures("restless")
def test_threads_give_every_trial_back(clock):
    """19, 20: eight threads take and settle trials as fast as they can; in the end none is left over."""
    breaker = open_breaker(clock, trial_calls=4)
    clock.advance(1)
    under_way, most = [], []

    def take_turns(turns):
        for _ in range(300):
            with contextlib.suppress(fk.CircuitOpen):
                permit = breaker.acquire()
                under_way.append(permit)
                most.append(len(under_way))
                under_way.remove(permit)
                breaker.release(permit)

    together(8, take_turns)
    assert ("half_open", 0) == (breaker.state, breaker.snapshot().trials)
    assert max(most) <= 4


def test_a_permit_is_looked_at_under_the_lock_only(clock):
    """20: or two threads that settle the same one could both be heard; too rare to wait for."""
    breaker = fk.CircuitBreaker(clock=clock)
    lock = breaker._circuit._lock

    class Watched:
        generation = breaker.acquire().generation
        expires = float("inf")
        seen = ()

        @property
        def settled(self):
            return bool(self.seen)

        @settled.setter
        def settled(self, value):
            self.seen += (lock.locked(),)

    permit = Watched()
    breaker.settle(permit, "success")
    assert ((True,), False) == (permit.seen, lock.locked())


@pytest.mark.usefixtures("restless")
def test_threads_count_every_permit_once(clock):
    """20: nothing is lost and nothing doubled, whoever settles at the same time."""
    breaker = fk.CircuitBreaker(failure_rate=1, min_calls=10**6, clock=clock)

    def settle_many(number):
        for turn in range(300):
            permit = breaker.acquire()
            for _ in range(2):
                breaker.settle(permit, "failure" if turn % 3 == 0 else "success")

    together(8, settle_many)
    assert (2400, 800) == (breaker.snapshot().calls, breaker.snapshot().failures)


@pytest.mark.parametrize(("every", "failures"), [(10**6, 8), (3, 800)], ids=["hardly any fail", "many fail"])
@pytest.mark.usefixtures("restless")
def test_threads_count_every_call_once(every, failures, clock):
    """20: the same through a pipeline, where a call that succeeds takes the shortest way."""
    breaker = fk.CircuitBreaker(failure_rate=1, min_calls=10**6, clock=clock)
    pipeline = fk.Pipeline(breaker, clock=clock)

    def ask(turn):
        if turn % every == 0:
            raise ConnectionError

    together(8, lambda _: [pipeline.outcome(ask, turn) for turn in reversed(range(300))])
    assert (2400, failures) == (breaker.snapshot().calls, breaker.snapshot().failures)


def test_no_lock_is_held_while_functions_run(clock):
    """28: 64 threads are inside the function at once, and the breaker can be read and changed there."""
    breaker = fk.CircuitBreaker(clock=clock)
    pipeline, everybody = fk.Pipeline(breaker, clock=clock), threading.Barrier(64)

    def ask(number):
        everybody.wait(PATIENCE)
        breaker.reset()
        return number, breaker.snapshot().state

    assert [(number, "closed") for number in range(64)] == together(64, lambda number: pipeline.call(ask, number))


async def test_no_lock_is_held_while_coroutines_run(clock):
    """28: the same with 64 tasks, and with 64 plain functions under the async face."""
    pipeline, tasks = fk.Pipeline(fk.CircuitBreaker(), clock=clock), asyncio.Barrier(64)
    threads = threading.Barrier(64)

    async def ask(number):
        await tasks.wait()
        return number

    def ask_plainly(number):
        threads.wait(PATIENCE)
        return number

    for fn in (ask, ask_plainly):
        async with asyncio.timeout(PATIENCE):
            assert list(range(64)) == await asyncio.gather(*(pipeline.acall(fn, number) for number in range(64)))


def test_trials_run_at_once(clock):
    """28, 19: eight trial calls of a half-open breaker are inside together; a ninth caller is refused."""
    breaker, inside = open_breaker(clock, trial_calls=8), threading.Barrier(8)
    pipeline = fk.Pipeline(breaker, clock=clock)
    clock.advance(1)

    def ask():
        inside.wait(PATIENCE)
        assert 8 == breaker.snapshot().trials
        with pytest.raises(fk.CircuitOpen):
            pipeline.call(str)
        inside.wait(PATIENCE)
        return "fine"

    assert ["fine"] * 8 == together(8, lambda _: pipeline.call(ask))
    assert "closed" == breaker.state


async def test_a_thread_and_an_event_loop_share_the_trials(clock):
    """19: one of each is under way, a third is refused on either face, and the two together close it."""
    breaker = open_breaker(clock, trial_calls=2)
    sync, asynchronous = fk.Pipeline(breaker, clock=clock), fk.Pipeline(breaker, clock=clock)
    clock.advance(1)
    inside, go, ainside, ago = threading.Event(), threading.Event(), asyncio.Event(), asyncio.Event()

    def ask():
        inside.set()
        assert go.wait(PATIENCE)
        return "thread"

    async def aask():
        ainside.set()
        await ago.wait()
        return "loop"

    async with asyncio.timeout(PATIENCE):
        calls = asyncio.gather(asyncio.to_thread(sync.call, ask), asynchronous.acall(aask))
        await asyncio.to_thread(inside.wait, PATIENCE)
        await ainside.wait()
        assert ("half_open", 2) == (breaker.state, breaker.snapshot().trials)
        with pytest.raises(fk.CircuitOpen):
            sync.call(ask)
        with pytest.raises(fk.CircuitOpen):
            await asynchronous.acall(aask)
        go.set()
        ago.set()
        assert ["thread", "loop"] == await calls
    assert "closed" == breaker.state


@pytest.mark.usefixtures("restless")
async def test_a_thread_and_an_event_loop_count_together(clock):
    """20: each makes five hundred calls, every fifth of which fails; none is lost."""
    breaker = fk.CircuitBreaker(failure_rate=1, min_calls=10**6, clock=clock)
    pipeline = fk.Pipeline(breaker, clock=clock)

    def ask(turn):
        if turn % 5 == 0:
            raise ConnectionError

    async def aask(turn):
        await asyncio.sleep(0)
        ask(turn)

    thread = asyncio.create_task(asyncio.to_thread(lambda: [pipeline.outcome(ask, turn) for turn in range(500)]))
    await asyncio.gather(*(pipeline.aoutcome(aask, turn) for turn in range(500)))
    await thread
    assert (1000, 200) == (breaker.snapshot().calls, breaker.snapshot().failures)
