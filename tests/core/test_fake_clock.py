"""Several threads and tasks in virtual time: one runs at a time, and time passes when all of them wait."""

from __future__ import annotations

import asyncio
import heapq
import math
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallbackkit import _threads
from fallbackkit._clock import LimitReached
from fallbackkit._waiting import AsyncWaiter, ThreadWaiter
from fallbackkit.testing import FakeClock
from fallbackkit.testing._timeline import Deadlock, ThreadStay

few = settings(max_examples=60)
AGES = 20.0
naps = st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.0, 2.0, 7.0]), max_size=4), max_size=5)


class Together:
    """The same script for threads and for tasks: coroutines that await only ``sleep``, ``wait`` and ``limited``."""

    def __init__(self, way, clock):
        self.tasks = way == "tasks"
        self.clock = clock
        self.waiter = AsyncWaiter if self.tasks else ThreadWaiter

    async def sleep(self, seconds):
        if self.tasks:
            await self.clock.asleep(seconds)
        else:
            self.clock.sleep(seconds)

    async def wait(self, waiter, seconds=math.inf):
        return await self.clock.await_(waiter, seconds) if self.tasks else self.clock.wait(waiter, seconds)

    async def limited(self, fn, seconds):
        if self.tasks:
            return await self.clock.alimited(fn, seconds)
        return self.clock.limited(lambda: finish(fn()), seconds)

    def branch(self, fn, ended=lambda: None):
        if self.tasks:
            return self.clock.abranch(fn(), ended)
        return self.clock.branch(lambda: finish(fn()), ended)

    async def together(self, *fns):
        if self.tasks:
            return await self.clock.atogether(*fns)
        return self.clock.together(*[lambda fn=fn: finish(fn()) for fn in fns])

    def run(self, fn):
        return asyncio.run(fn()) if self.tasks else finish(fn())


def finish(coroutine):
    """What a coroutine returns that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    pytest.fail("it suspended")


@pytest.fixture(params=["threads", "tasks"])
def both(request, clock):
    """Each behaviour with threads and with tasks."""
    return Together(request.param, clock)


@pytest.fixture(autouse=True)
def nothing_hangs():
    """No thread stays behind."""
    before = _threads.abandoned()
    yield
    assert before == _threads.abandoned()


def simulated(plans):
    """When each nap of each caller ends, by the book: a heap of wake-ups, first come first served."""
    log, count = [], 0
    heap = []
    for caller, plan in enumerate(plans):
        heapq.heappush(heap, (0.0, count, caller, list(plan)))
        count += 1
    while heap:
        now, _, caller, plan = heapq.heappop(heap)
        log.append((caller, now))
        if plan:
            heapq.heappush(heap, (now + plan.pop(0), count, caller, plan))
            count += 1
    return log


@few
@given(plans=naps)
@pytest.mark.parametrize("way", ["threads", "tasks"])
def test_wake_ups_come_in_the_order_of_their_time(way, plans):
    """Whatever the naps: one at a time, by time, and by arrival at one time; the last ends when the longest does."""
    both = Together(way, FakeClock())
    log = []

    def caller(number, plan):
        async def nap():
            log.append((number, both.clock.now()))
            for seconds in plan:
                await both.sleep(seconds)
                log.append((number, both.clock.now()))
            return number

        return nap

    async def main():
        return await both.together(*[caller(number, plan) for number, plan in enumerate(plans)])

    assert list(range(len(plans))) == both.run(main)
    assert simulated(plans) == log
    assert max((sum(plan) for plan in plans), default=0.0) == both.clock.now()


def test_a_wait_ends_when_somebody_wakes_it(both):
    """At that moment, and not later; what was woken before need not be waited for."""

    async def main():
        waiter = both.waiter()

        async def waits():
            return await both.wait(waiter, 10), both.clock.now()

        async def wakes():
            await both.sleep(3)
            waiter.wake()

        return await both.together(waits, wakes, waits), await both.wait(waiter, 5), both.clock.now()

    assert ([(True, 3.0), None, (True, 3.0)], True, 3.0) == both.run(main)


@pytest.mark.parametrize(("wakes_at", "expected"), [(4.999, (True, 4.999)), (5.0, (True, 5.0)), (5.001, (False, 5.0))])
def test_a_wait_ends_in_time(both, wakes_at, expected):
    """What happens at the last moment has happened, whoever came first; what comes later has not."""

    async def main():
        waiter = both.waiter()

        async def waits():
            return await both.wait(waiter, 5), both.clock.now()

        async def wakes():
            await both.sleep(wakes_at)
            waiter.wake()

        return (await both.together(waits, wakes))[0]

    assert expected == both.run(main)


def test_those_woken_go_on_before_time_passes(both):
    """In the order in which they came to wait; whoever woke them goes on first."""
    log = []

    async def main():
        waiters = [both.waiter() for _ in range(3)]

        def waits(number):
            async def wait():
                log.append((number, await both.wait(waiters[number]), both.clock.now()))
                await both.sleep(0)
                log.append((number, "slept", both.clock.now()))

            return wait

        async def wakes():
            await both.sleep(1)
            for waiter in reversed(waiters):
                waiter.wake()
            log.append("woke")
            await both.sleep(1)

        await both.together(waits(2), waits(0), waits(1), wakes)

    both.run(main)
    order = [2, 0, 1]
    assert ["woke", *((n, True, 1.0) for n in order), *((n, "slept", 1.0) for n in order)] == log


def test_limits_cut_off_those_who_are_under_them(both):
    """Each at its own time, in a sleep and in a wait; the others go on."""

    async def main():
        waiter = both.waiter()

        def under(seconds, fn):
            async def limited():
                with pytest.raises(LimitReached) as cut:
                    await both.limited(fn, seconds)
                return cut.value.seconds, both.clock.now()

            return limited

        async def sleeps():
            await both.sleep(100)

        async def waits():
            await both.wait(waiter)

        async def inner():
            with pytest.raises(LimitReached):
                await both.limited(sleeps, 1)
            await waits()

        async def free():
            await both.sleep(9)
            return both.clock.now()

        return await both.together(under(4, sleeps), under(3, waits), free, under(2, inner))

    assert [(4, 4.0), (3, 3.0), 9.0, (2, 2.0)] == both.run(main)


def test_all_waiting_for_one_another_is_an_error(both):
    """Each of them gets it, the one who started them too; nobody hangs, and it passes through ``except Exception``."""
    seen = []

    async def main():
        async def waits():
            await both.sleep(2)
            try:
                await both.wait(both.waiter())
            except Exception:  # noqa: BLE001
                pytest.fail("swallowed")
            except BaseException as error:
                seen.append((type(error), both.clock.now()))
                raise

        async def ends():
            await both.sleep(1)

        await both.together(waits, ends, waits)

    with pytest.raises(
        Deadlock, match="3 callers wait for one another, and nobody is left to wake them; give the wait"
    ):
        both.run(main)
    assert [(Deadlock, 2.0)] * 2 == seen


def test_a_limit_is_a_way_out_of_a_deadlock(both):
    """Time passes to it."""

    async def main():
        async def waits():
            return await both.wait(both.waiter(), 7), both.clock.now()

        async def waits_for_ever():
            with pytest.raises(LimitReached):
                await both.limited(lambda: both.wait(both.waiter()), 8)
            return both.clock.now()

        return await both.together(waits, waits_for_ever)

    assert [(False, 7.0), 8.0] == both.run(main)


def test_the_first_error_comes_out_when_all_have_ended(both):
    """First by place, not by time."""
    ended = []

    async def main():
        def caller(seconds, error=None):
            async def run():
                await both.sleep(seconds)
                ended.append(seconds)
                if error is not None:
                    raise error

            return run

        await both.together(caller(9), caller(5, KeyError("first")), caller(2, ValueError("second")))

    with pytest.raises(KeyError):
        both.run(main)
    assert [2, 5, 9] == ended


def test_a_branch_takes_part_as_long_as_it_runs(both):
    """While its parent runs, time stands still; afterwards the parent is alone again."""
    log = []

    async def main():
        waiter = both.waiter()

        async def beside():
            log.append(("begun", both.clock.now()))
            await both.sleep(5)
            log.append(("over", both.clock.now()))
            return "result"

        branch = both.branch(beside, waiter.wake)
        log.append(("started", branch.done()))
        await both.sleep(2)
        log.append(("slept", branch.done()))
        assert await both.wait(waiter)
        log.append((branch.result(), branch.done()))
        await both.sleep(60)
        branch.cancel()
        return both.clock.now()

    assert 65.0 == both.run(main)
    story = [("started", False), ("begun", 0.0), ("slept", False), ("over", 5.0), ("result", True)]
    assert story == log


def test_a_branch_that_is_given_up_unwinds_at_once(both):
    """In its sleep or before it has begun: no time passes, and what it holds is freed."""
    freed = []

    async def main():
        async def hangs():
            try:
                await both.limited(lambda: both.sleep(1e9), 1e8)
            finally:
                freed.append(both.clock.now())

        waiters = [both.waiter(), both.waiter()]
        branches = [both.branch(hangs, waiter.wake) for waiter in waiters]
        await both.sleep(3)
        late = both.branch(hangs)
        for branch in [*branches, late]:
            branch.cancel()
        for waiter in waiters:
            assert await both.wait(waiter, 1)
        return both.clock.now(), [branch.done() for branch in branches]

    assert (3.0, [True, True]) == both.run(main)
    assert {3.0} == set(freed)


def test_a_branch_that_is_given_up_while_it_waits_is_no_deadlock(both):
    """Its wait ends with it."""

    async def main():
        async def waits():
            await both.wait(both.waiter())

        ended = both.waiter()
        branch = both.branch(waits, ended.wake)
        await both.sleep(1)
        branch.cancel()
        return await both.wait(ended), both.clock.now()

    assert (True, 1.0) == both.run(main)


def test_callers_can_start_callers(both):
    """Groups inside groups share one time line."""

    async def main():
        async def nap():
            await both.sleep(2)
            return both.clock.now()

        async def group():
            await both.sleep(1)
            times = await both.together(nap, nap)
            await both.sleep(1)
            return [*times, both.clock.now()]

        return await both.together(group, nap, group)

    assert [[3.0, 3.0, 4.0], 2.0, [3.0, 3.0, 4.0]] == both.run(main)


def test_a_time_line_outlives_its_groups(both):
    """One group after another, and lonely sleeps between them, on one clock, in one thread or task."""

    async def main():
        async def nap():
            await both.sleep(2)

        for _ in range(3):
            await both.together(nap, nap)
            await both.sleep(1)
        return both.clock.now()

    assert 9.0 == both.run(main)
    assert [2.0, 2.0, 1] * 3 == both.clock.sleeps


def test_two_clocks_are_two_time_lines(both):
    """Nobody on one waits for somebody on the other."""
    other = FakeClock(start=100)

    async def main():
        async def nap():
            await both.sleep(2)
            other.sleep(50)
            await both.sleep(2)
            return both.clock.now()

        return await both.together(nap, nap)

    assert [4.0, 4.0] == both.run(main)
    assert 200.0 == other.now()


def test_nobody_takes_part_by_waiting_for_ever():
    """Outside of any group a wait without an end is a wait for what is outside of virtual time, and real."""
    clock, waiter = FakeClock(), ThreadWaiter()
    timer = threading.Timer(0.01, waiter.wake)
    timer.start()
    assert clock.wait(waiter, math.inf)
    timer.join()

    async def main():
        waiter = AsyncWaiter()
        asyncio.get_running_loop().call_later(0.01, waiter.wake)
        return await clock.await_(waiter, math.inf)

    assert asyncio.run(main())
    assert 0.0 == clock.now()


def test_alone_a_wait_passes_its_time(both):
    """There is nobody to wake it."""

    async def main():
        return await both.wait(both.waiter(), 5), both.clock.now()

    assert (False, 5.0) == both.run(main)


def test_a_busy_thread_that_is_given_up_holds_up_nobody(clock):
    """It runs on in real time, outside of virtual time; what it sleeps later cuts it off."""
    busy, go, cut = threading.Event(), threading.Event(), threading.Event()

    def runs():
        busy.set()
        go.wait(AGES)
        try:
            clock.sleep(5)
        finally:
            cut.set()

    def naps():
        clock.sleep(1)

    ended = ThreadWaiter()
    branch = clock.branch(runs, ended.wake)
    beside = clock.branch(naps, lambda: None)
    threading.Thread(target=lambda: busy.wait(AGES) and branch.cancel()).start()
    clock.sleep(3)
    assert (3.0, True) == (clock.now(), beside.done())
    go.set()
    assert cut.wait(AGES)
    assert ended.wait(AGES)
    assert 3.0 == clock.now()


def test_a_task_may_be_cancelled_from_outside(clock):
    """In its sleep, in its wait, and before it has begun: it counts no more, and the others go on."""

    async def main():
        tasks, cancelled = [], []

        def victim(stay):
            async def run():
                tasks.append(asyncio.current_task())
                try:
                    await stay()
                except asyncio.CancelledError:
                    cancelled.append(clock.now())
                    await clock.asleep(1)
                    cancelled.append(clock.now())
                    raise

            return run

        async def cancels():
            await clock.asleep(2)
            for task in tasks:
                task.cancel()
            await clock.asleep(5)
            return clock.now()

        group = clock.atogether(
            victim(lambda: clock.asleep(50)), cancels, victim(lambda: clock.await_(AsyncWaiter(), math.inf))
        )
        with pytest.raises(asyncio.CancelledError):
            await group
        unbegun = clock.abranch(asyncio.sleep(0), lambda: cancelled.append("ended"))
        unbegun.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return cancelled

    assert [2.0, 2.0, 3.0, 3.0, "ended"] == asyncio.run(main())
    assert 7.0 == clock.now()


def test_a_group_is_cancelled_with_whoever_awaits_it(clock):
    """None of it goes on."""
    ended = []

    async def main():
        async def member():
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(True)

        task = asyncio.ensure_future(clock.atogether(member, member))
        for _ in range(9):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
        assert {asyncio.current_task()} == asyncio.all_tasks()

    asyncio.run(main())
    assert [True] == ended  # one runs at a time: the other had not begun


def test_blocking_code_of_a_task_sleeps_in_the_tasks_place(clock):
    """On its worker thread it takes part for the task, and is cut off when the task is given up."""
    log = []

    async def main():
        def blocking(name, seconds):
            try:
                clock.sleep(seconds)
            finally:
                log.append((name, clock.now()))

        async def nap():
            await clock.asleep(3)

        async def hangs():
            await _threads.arun(lambda: blocking("cut off", 1e9))

        branch = clock.abranch(hangs(), lambda: None)
        await clock.atogether(lambda: _threads.arun(lambda: blocking("slept", 2)), nap)
        branch.cancel()
        await clock.asleep(4)

    asyncio.run(main())
    assert 7.0 == clock.now()
    assert ("slept", 2.0) == log[0]
    for _ in range(1000):
        if len(log) == 2:
            break
        threading.Event().wait(0.005)
    assert "cut off" == log[1][0]


def test_a_blocking_sleep_in_an_event_loop_holds_up_its_tasks(clock):
    """As the real one does: time passes for all, and those whose time has come go on late."""
    log = []

    async def main():
        async def blocks():
            clock.sleep(10)
            log.append(("blocked", clock.now()))

        async def nap():
            await clock.asleep(4)
            log.append(("napped", clock.now()))

        await clock.atogether(nap, blocks)

    asyncio.run(main())
    assert [("blocked", 10.0), ("napped", 10.0)] == log


def test_a_blocking_wait_in_an_event_loop_without_an_end_is_an_error(clock):
    """Its tasks could not wake it."""

    async def main():
        async def blocks():
            clock.wait(ThreadWaiter(), math.inf)

        await clock.atogether(blocks, lambda: clock.asleep(1))

    with pytest.raises(Deadlock, match="one caller waits"):
        asyncio.run(main())


def test_threads_may_be_started_from_an_event_loop(clock):
    """Blocking code in a loop waits for threads, which the loop does not hold up."""

    async def main():
        return clock.together(lambda: clock.sleep(2), lambda: clock.sleep(3))

    asyncio.run(main())
    assert 3.0 == clock.now()


def test_an_interrupted_sleep_is_over(clock, monkeypatch):
    """Ctrl-C in one of a group: the others go on, and time with them."""
    napped, interrupted, ended = threading.Event(), threading.Event(), ThreadWaiter()
    stop = ThreadStay.stop

    def interruptible(stay):
        if stay.caller.depth == 0 and not interrupted.is_set():
            assert napped.wait(AGES)
            raise KeyboardInterrupt
        stop(stay)

    def naps():
        clock.sleep(1)
        napped.set()
        assert interrupted.wait(AGES)
        clock.sleep(1)
        return clock.now()

    monkeypatch.setattr(ThreadStay, "stop", interruptible)
    branch = clock.branch(naps, ended.wake)
    with pytest.raises(KeyboardInterrupt):
        clock.sleep(50)
    assert 1.0 == clock.now()
    interrupted.set()
    assert clock.wait(ended, 60)
    assert (2.0, 2.0) == (branch.result(), clock.now())


def test_many_threads_are_as_deterministic_as_two(clock):
    """Twenty threads that meet on the clock again and again: the same story each time."""

    def story():
        clock, log = FakeClock(), []

        def caller(number):
            def run():
                for step in range(5):
                    clock.sleep((number * 7 + step * 3) % 5)
                    log.append((number, step, clock.now()))

            return run

        clock.together(*map(caller, range(20)))
        return log

    assert story() == story()
