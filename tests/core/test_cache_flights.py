"""38, its concurrency: who asks at the same time asks once, and nobody pays for another one's end."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit import events
from fallbackkit._cache.flights import LEADING, Flights
from fallbackkit.testing import FakeClock, Fault, Script, Stream
from tests.core.stores import Calls, Stores

few = settings(max_examples=30)
DOWN = Fault(kind="provider.5xx", after=10)
AGES = 20.0
MOMENT = 0.05


@pytest.fixture(scope="session", params=["memory", "sqlite"])
def stores(request, tmp_path_factory):
    """Both kinds of store."""
    return Stores(request.param, tmp_path_factory.mktemp("flights"))


@pytest.fixture
def calls(run, clock):
    """Calls at the same time."""
    return Calls(run, clock)


@few
@given(times=st.lists(st.sampled_from([0.0, 0.0, 1.0, 2.5, 9.5, 12.0]), min_size=1, max_size=8), fails=st.booleans())
def test_concurrent_misses_are_one_load(run, stores, times, fails):
    """38: whoever comes while one asks gets its answer or its failure, when it is there, and makes no attempt."""
    clock, seen = FakeClock(), []
    script = Script(*([DOWN] if fails else []), "fine", clock=clock, takes=10)
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), clock=clock, observers=[seen.append])
    outcomes = Calls(run, clock).outcomes(*[(pipeline, script, "?", at) for at in times])
    loads, expected = [], {}
    for at in sorted(times):
        if not loads or (fails and len(loads) == 1 and at >= loads[-1] + 10):
            loads.append(at)
        expected[at] = (max(loads[-1] + 10 - at, 0.0), "unavailable" if fails and len(loads) == 1 else "answered")
    assert loads == script.calls
    assert [expected[at] for at in times] == [(outcome.duration, outcome.status) for outcome in outcomes]
    assert len(loads) == sum(len(step.attempts) for outcome in outcomes for step in outcome.trail)
    assert all([outcome.duration] == [step.duration for step in outcome.trail] for outcome in outcomes)
    hits = [event for event in seen if type(event) is events.CacheHit]
    assert len(hits) == sum(outcome.trail[0].kind == "cache" for outcome in outcomes)


def test_a_follower_tells_what_it_is(calls, stores, clock):
    """Its answer was not asked for by this call: a saved one of no age, dated, without usage, by no attempt."""
    usage = fk.Usage(input_tokens=3, output_tokens=5)
    seen = []
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), clock=clock, observers=[seen.append], name="ask")
    script = Script(fk.Answer(text="fine", usage=usage), clock=clock, takes=10)
    leader, follower = calls.outcomes((pipeline, script, "?"), (pipeline, script, "?", 4))
    assert [("ask", "model", "answered", 1, 10.0)] == steps(leader)
    assert [("ask", "cache", "answered", 0, 6.0)] == steps(follower)
    assert (usage, None) == (leader.usage, follower.usage)
    assert ("answered", (), 10.0) == (follower.status, follower.reasons, said(follower, clock))
    assert leader.value == follower.value
    hit = next(event for event in seen if type(event) is events.CacheHit)
    assert (follower.id, 0.0, False) == (hit.call, hit.age, hit.stale)


def steps(outcome):
    """The trail, short."""
    return [(s.name, s.kind, s.verdict, len(s.attempts), s.duration) for s in outcome.trail]


def said(outcome, clock):
    """The clock's time at which the answer was said."""
    return outcome.answer.created_at.timestamp() - clock.time() + clock.now()


def test_a_failure_is_shared_and_not_saved(calls, stores, clock):
    """38: the same failure for all who waited, by the one attempt that there was; the next call asks again."""
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), clock=clock)
    script = Script(DOWN, "fine", clock=clock)
    outcomes = calls.outcomes(*[(pipeline, script, "?", at) for at in (0, 1, 2)], (pipeline, script, "?", 11))
    assert ["unavailable"] * 3 + ["answered"] == [outcome.status for outcome in outcomes]
    assert 1 == len({id(outcome.failure) for outcome in outcomes[:3]})
    assert ["failed", "skipped", "skipped"] == [outcome.trail[0].verdict for outcome in outcomes[:3]]
    assert [0.0, 11.0] == script.calls


def test_a_shared_failure_is_served_by_what_each_caller_has(calls, stores, clock):
    """A stale answer, or the next rung: each call goes its own way from there."""
    store = stores.new()
    rung = fk.Rung(calls.run.fn(lambda _: "rule"), "rule")
    pipeline = fk.Pipeline(fk.Fallback(rung), fk.Cache(5, stale_if_error=60, store=store), clock=clock, name="ask")
    script = Script("saved", DOWN, clock=clock)
    calls.run.outcome(pipeline, script, "?")
    clock.advance(20)
    served = calls.outcomes(*[(pipeline, script, "?", at) for at in (0, 1)], *[(pipeline, script, "!", 0)] * 2)
    assert ["saved", "saved", "rule", "rule"] == [outcome.text for outcome in served]
    assert [("provider.5xx", "cache.stale")] * 2 == [outcome.reasons for outcome in served[:2]]
    assert 3 == len(script.calls)


@few
@given(limits=st.lists(st.sampled_from([3.0, 5.0, 8.0, 15.0]), min_size=1, max_size=5))
def test_a_follower_keeps_its_own_deadline(run, stores, limits):
    """2: it waits no longer than it may, has made no attempt then, and its fallback still gets to answer."""
    clock = FakeClock()
    cache = fk.Cache(100, store=stores.new())
    script = Script("fine", clock=clock, takes=10)
    rung = fk.Rung(run.fn(lambda _: "rule"), "rule")
    free = fk.Pipeline(cache, clock=clock, name="ask")
    hasty = [fk.Pipeline(fk.Deadline(n), fk.Fallback(rung), cache, clock=clock, name="ask") for n in limits]
    outcomes = Calls(run, clock).outcomes((free, script, "?"), *[(each, script, "?", 1) for each in hasty])[1:]
    for limit, outcome in zip(limits, outcomes, strict=True):
        in_time = limit - 1 >= 9
        assert ("fine" if in_time else "rule") == outcome.text
        assert outcome.duration == pytest.approx(9 if in_time else limit - 1)
        if not in_time:
            failure = outcome.trail[0].failure
            assert ("skipped", "timeout.first_byte") == (outcome.trail[0].verdict, failure.kind)
            assert (fk.DeadlineExceeded, limit - 1) == (type(failure.error), failure.limit)
            assert f"no answer within {limit - 1:.3g} s" == str(failure.error)
    assert [0.0] == script.calls


def test_a_leader_whose_time_is_up_hands_over(calls, stores, clock):
    """Its limit is not theirs: one of them goes on, and the others wait for that one."""
    cache = fk.Cache(100, store=stores.new())
    script = Script("fine", clock=clock, takes=10)
    hasty = fk.Pipeline(fk.Deadline(4), cache, clock=clock, name="ask")
    free = fk.Pipeline(cache, clock=clock, name="ask")
    late, *served = calls.outcomes((hasty, script, "?"), *[(free, script, "?", at) for at in (1, 2, 3)])
    assert ("unavailable", 4.0) == (late.status, late.duration)
    assert ["fine"] * 3 == [outcome.text for outcome in served]
    assert [13.0, 12.0, 11.0] == [outcome.duration for outcome in served]
    assert [0.0, 4.0] == script.calls


def test_an_answer_in_the_last_moment_is_shared(calls, stores, clock):
    """46: delivered in time, it is delivered to all."""
    cache = fk.Cache(100, store=stores.new())
    script = Script(fk.Answer(text="fine", score=0.1), clock=clock, takes=4)
    chain = [cache, fk.ConfidenceGate(0.5, below="hedge")]
    hasty = fk.Pipeline(fk.Deadline(4), *chain, clock=clock, name="ask")
    free = fk.Pipeline(*chain, clock=clock, name="ask")
    outcomes = calls.outcomes((hasty, script, "?"), (free, script, "?", 1))
    assert [("fine", 4.0), ("fine", 3.0)] == [(outcome.text, outcome.duration) for outcome in outcomes]
    assert [0.0] == script.calls


def test_a_cancelled_leader_cancels_nobody(run, stores, clock):
    """10: its followers do not notice, but for one who asks in its place; a cancelled follower is missed by nobody."""
    if run.way == "sync":
        return  # no task, no cancellation; Ctrl-C is below
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), clock=clock)
    script = Script("fine", clock=clock, takes=10)
    calls = [
        (pipeline, script, "?", 0, 4),
        (pipeline, script, "?", 1, 2),
        *[(pipeline, script, "?", at) for at in (2, 3)],
    ]
    *cancelled, one, other = Calls(run, clock).outcomes(*calls)
    assert ["cancelled", "cancelled"] == cancelled
    assert [("answered", 12.0), ("answered", 11.0)] == [(each.status, each.duration) for each in (one, other)]
    assert [0.0, 4.0] == script.calls


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interrupted_leader_interrupts_nobody(stores, clock, interruption):
    """10: Ctrl-C in one thread; another one asks in its place."""
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), clock=clock)
    script = Script(Fault(error=interruption("stop"), after=5), "fine", clock=clock)

    def interrupted():
        with pytest.raises(interruption, match="stop"):
            pipeline.outcome(script, "?")

    def ask():
        clock.sleep(1)
        return pipeline.outcome(script, "?").text

    assert [None, "fine", "fine"] == clock.together(interrupted, ask, ask)
    assert [0.0, 5.0] == script.calls


@pytest.mark.parametrize("kind", ["auth.expired", "permission", "rate.user"])
def test_what_was_refused_to_one_is_asked_by_each(calls, stores, clock, kind):
    """Another caller has another session: all ask for themselves, at once and side by side."""
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), clock=clock)
    script = Script(Fault(kind=kind, after=4), "fine", clock=clock, takes=10)
    refused, *served = calls.outcomes(*[(pipeline, script, "?", at) for at in (0, 1, 2)])
    assert (kind, 4.0) == (refused.failure.kind, refused.duration)
    assert [("fine", "model", 13.0), ("fine", "model", 12.0)] == [
        (outcome.text, outcome.served_by.kind, outcome.duration) for outcome in served
    ]
    assert [0.0, 4.0, 4.0] == script.calls


def test_a_degraded_answer_is_got_by_each(calls, stores, clock):
    """The reasons why it is stand in the trail of the call that got it, so that nobody else can show it."""
    down = Script(DOWN, clock=clock)
    rung = fk.Rung(calls.run.fn(lambda _: "rule"), "rule")
    chosen = fk.Pipeline(fk.Fallback(rung), clock=clock)(calls.run.fn(down))
    chain = [fk.Cache(100, store=stores.new()), fk.Route(lambda _: "chosen", chosen=chosen)]
    pipeline = fk.Pipeline(*chain, clock=clock, name="ask")
    outcomes = calls.outcomes(*[(pipeline, Script("unused", clock=clock), "?", at) for at in (0, 1, 2)])
    assert [("rule", "degraded", ("provider.5xx",))] * 3 == [(o.text, o.status, o.reasons) for o in outcomes]
    assert [0.0, 10.0, 10.0] == down.calls


@pytest.mark.parametrize(
    ("value", "chain", "status"),
    [
        (fk.Answer(text="unsure", score=0.1), [fk.ConfidenceGate(0.5, below="hedge")], "low_confidence"),
        (None, [], "unavailable"),
    ],
)
def test_what_is_not_saved_is_shared_all_the_same(calls, stores, clock, value, chain, status):  # noqa: PLR0917
    """An answer under the threshold and none at all: nobody has to ask one after the other."""
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), *chain, clock=clock)
    script = Script(value, clock=clock, takes=10)
    outcomes = calls.outcomes(*[(pipeline, script, "?", at) for at in (0, 1, 2)], (pipeline, script, "?", 11))
    assert [status] * 4 == [outcome.status for outcome in outcomes]
    assert [10.0, 9.0, 8.0, 10.0] == [outcome.duration for outcome in outcomes]
    assert [0.0, 11.0] == script.calls


def test_a_bug_in_a_layer_is_shared(calls, stores, clock, caplog):
    """It is logged once, and is the failure of all who waited."""
    gate = fk.ConfidenceGate(0.5, score=lambda _: 1 / 0)
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), gate, clock=clock, name="ask")
    script = Script("fine", clock=clock, takes=10)
    outcomes = calls.outcomes(*[(pipeline, script, "?", at) for at in (0, 1, 2)])
    assert ["internal"] * 3 == [outcome.failure.kind for outcome in outcomes]
    assert all(isinstance(outcome.failure.error, ZeroDivisionError) for outcome in outcomes)
    assert (["a strategy of `ask` raised"], [0.0]) == (caplog.messages, script.calls)


# --- who cannot wait ---


def test_a_call_inside_its_own_load_does_not_wait_for_itself(run, stores, clock):
    """A function that comes back to its own question through the same cache asks; it would wait for ever."""
    cache = fk.Cache(100, store=stores.new())
    inner = fk.Pipeline(cache, clock=clock, name="ask")(run.fn(lambda _: "inside"))

    def ask(question):
        return inner(question)

    async def aask(question):
        return await inner(question)

    pipeline = fk.Pipeline(fk.Deadline(60), cache, clock=clock, name="ask")
    if run.way == "sync":
        assert "inside" == pipeline.outcome(ask, "?").text
    else:
        assert "inside" == asyncio.run(pipeline.aoutcome(aask if run.way == "async" else ask, "?")).text


def test_a_call_inside_a_load_inside_its_own_load_does_not_wait_either(run, stores):
    """A question that leads to another one, which leads back."""
    asked = []
    pipeline = fk.Pipeline(fk.Deadline(AGES), fk.Cache(100, store=stores.new()))

    def next_of(question):
        asked.append(question)
        return {"one": "two", "two": "one"}[question] if len(asked) < 4 else None

    @pipeline
    def ask(question):
        following = next_of(question)
        return ask(following) if following else "enough"

    @pipeline
    async def aask(question):
        following = next_of(question)
        return await aask(following) if following else "enough"

    assert "enough" == in_time(lambda: asyncio.run(aask("one")) if run.way == "async" else ask("one"))
    assert ["one", "two", "one", "two"] == asked


def in_time(fn):
    """What it returns on a thread of its own, which is left alone if it hangs."""
    done = []
    thread = threading.Thread(target=lambda: done.append(fn()), daemon=True)
    thread.start()
    thread.join(AGES)
    assert done
    return done[0]


def test_a_plain_call_that_holds_up_the_event_loop_does_not_wait_for_it(stores):
    """The load that it would wait for is a task of the loop that it blocks."""
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), name="ask")

    begun = threading.Event()

    async def slow(_):
        begun.set()
        await asyncio.sleep(MOMENT)
        return "slow"

    async def main():
        task = asyncio.ensure_future(pipeline.aoutcome(slow, "?"))
        await asyncio.to_thread(begun.wait, AGES)
        return pipeline.outcome(lambda _: "plain", "?").text, (await task).text

    assert ("plain", "slow") == in_time(lambda: asyncio.run(main()))


def test_nobody_waits_for_a_stream(run, stores, clock):
    """Whoever looks at it may stop anywhere; the next one asks beside it, and both are saved."""
    script = Script(Stream("fi", "ne", every=10), "whole", clock=clock)
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), clock=clock, name="ask")
    beside = []

    def look(outcome):
        if outcome.status == "streaming" and not beside:
            beside.append(another())

    def another():
        if run.way == "sync":
            return pipeline.outcome(script, "?").text
        return in_time(lambda: asyncio.run(pipeline.aoutcome(script.asynchronous, "?")).text)

    last = run.stream(pipeline, script, "?", look=look)[-1]
    assert ("fine", ["whole"], 2) == (last.text, beside, len(script.calls))
    assert "fine" == run.outcome(pipeline, script, "?").text


def test_a_stream_takes_what_somebody_else_loads(run, stores, clock):
    """It shows the answer when it is there."""
    script = Script("fine", clock=clock, takes=10)
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), clock=clock, name="ask")

    def stream():
        clock.sleep(4)
        return list(pipeline.stream(script, "?"))

    async def astream():
        await clock.asleep(4)
        return [outcome async for outcome in pipeline.astream(run.fn(script), "?")]

    async def leads():
        return await pipeline.aoutcome(run.fn(script), "?")

    async def atogether():
        return await clock.atogether(leads, astream)

    sync = run.way == "sync"
    plain = [lambda: pipeline.outcome(script, "?"), stream]
    _, shown = clock.together(*plain) if sync else run.runner.run(atogether())
    assert ["working", "answered"] == [outcome.status for outcome in shown]
    assert ("fine", "cache", 6.0, 1) == (
        shown[-1].text,
        shown[-1].served_by.kind,
        shown[-1].duration,
        len(script.calls),
    )


# --- what happens between two steps ---


class Late(fk.MemoryCache):
    """Lets something happen after the look that found nothing."""

    def __init__(self, happens):
        super().__init__()
        self._happens = happens

    def get(self, key):
        found = super().get(key)
        happens, self._happens = self._happens, None
        if happens is not None:
            happens()
        return found


def test_what_was_saved_since_the_look_is_not_asked_for(run, clock):
    """38: a load that began and ended between a call's look at the store and its own turn is enough."""
    script = Script("fine", "again", clock=clock)
    seen = []

    def happens():
        fk.Pipeline(cache, clock=clock, name="ask").outcome(script, "?")
        clock.advance(3)

    cache = fk.Cache(100, store=Late(happens))
    pipeline = fk.Pipeline(cache, clock=clock, name="ask", observers=[seen.append])
    outcome = run.outcome(pipeline, script, "?")
    assert ("fine", "cache", 1) == (outcome.text, outcome.served_by.kind, len(script.calls))
    assert [3.0] == [event.age for event in seen if type(event) is events.CacheHit]


def test_a_waiter_that_comes_as_the_load_ends_is_woken():
    """Whether it is on the list before or after the others are woken."""
    flights = Flights()
    flight, leads = flights.join("key")
    assert leads
    woken = []
    flights.end("key", flight)
    flight.wake_at_end(type("Waiter", (), {"wake": lambda _: woken.append(1)})())
    assert [1] == woken
    assert flights.find("key") is None
    other, leads = flights.join("key")
    flights.end("key", flight)  # late, and of no concern for the next one
    assert leads
    assert other is flights.find("key")


def test_nothing_is_left_of_a_load(run, stores, clock):
    """Neither in the table nor in the context, however it ended."""
    cache = fk.Cache(100, store=stores.new())
    pipeline = fk.Pipeline(cache, clock=clock)
    for play in ("fine", DOWN, KeyboardInterrupt()):
        try:
            if run.way == "sync":
                pipeline.outcome(Script(play, clock=clock), repr(play))
            else:
                asyncio.run(pipeline.aoutcome(run.fn(Script(play, clock=clock)), repr(play)))
        except KeyboardInterrupt:
            pass
        assert {} == cache._flights._flights
        assert () == LEADING.get()


def test_a_call_that_is_dropped_is_waited_for_by_nobody(caplog):
    """A coroutine that somebody closes in another context, or forgets, ends its load."""
    cache = fk.Cache(100)
    pipeline = fk.Pipeline(cache)

    async def never(_):
        await asyncio.get_running_loop().create_future()

    async def begin():
        coroutine = pipeline.aoutcome(never, "?")
        coroutine.send(None)
        return coroutine

    coroutine = asyncio.run(begin())
    assert 1 == len(cache._flights._flights)
    coroutine.close()
    assert {} == cache._flights._flights
    coroutine = asyncio.run(begin())
    del coroutine
    gc.collect()
    assert ({}, []) == (
        cache._flights._flights,
        [each.message for each in caplog.records if each.name == "fallbackkit"],
    )


# --- real threads, real tasks ---


class Gate:
    """A function that lets nobody out before it is opened."""

    def __init__(self, answer="fine"):
        self.entered = threading.Event()
        self.open = threading.Event()
        self.calls = 0
        self.answer = answer

    def __call__(self, _question):
        self.calls += 1
        self.entered.set()
        assert self.open.wait(AGES)
        return self.answer

    async def asynchronous(self, _question):
        self.calls += 1
        self.entered.set()
        assert await asyncio.to_thread(self.open.wait, AGES)
        return self.answer


def following(cache, number):
    """Wait until so many follow the only load."""
    for _ in range(int(AGES / 0.001)):
        flights = list(cache._flights._flights.values())
        if [number] == [len(flight._waiters) for flight in flights]:
            return
        threading.Event().wait(0.001)
    pytest.fail(f"not {number} follow: {[len(flight._waiters) for flight in flights]}")


def test_threads_that_ask_at_once_ask_once(stores):
    """38: thirty-two of them, let go together, over and over."""
    cache = fk.Cache(1000, store=stores.new(), key=str)
    pipeline = fk.Pipeline(cache, name="ask")
    asked = []
    barrier = threading.Barrier(32)

    def ask(question):
        asked.append(question)
        threading.Event().wait(0.001)
        return question

    def caller(_):
        for number in range(20):
            barrier.wait(AGES)
            assert str(number) == pipeline.outcome(ask, str(number)).text

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(caller, range(32)))
    assert [str(number) for number in range(20)] == asked
    assert {} == cache._flights._flights


def test_callers_of_every_kind_share_one_load(stores):
    """38: plain threads, and tasks of several event loops, whoever leads."""
    for leader in ("thread", "loop"):
        cache, gate = fk.Cache(1000, store=stores.new(), key=str), Gate()
        pipeline = fk.Pipeline(cache, name="ask")

        def sync(pipeline=pipeline, gate=gate):
            return [pipeline.outcome(gate, "?").text]

        def loop(pipeline=pipeline, gate=gate):
            async def main():
                return await asyncio.gather(*[pipeline.aoutcome(gate.asynchronous, "?") for _ in range(5)])

            return [outcome.text for outcome in asyncio.run(main())]

        with ThreadPoolExecutor(9) as pool:
            first = pool.submit(sync if leader == "thread" else loop)
            assert gate.entered.wait(AGES)
            others = [pool.submit(caller) for caller in (sync, loop) * 4]
            following(cache, 24 + (4 if leader == "loop" else 0))
            gate.open.set()
            texts = [text for future in (first, *others) for text in future.result(AGES)]
        assert (["fine"] * len(texts), 1) == (texts, gate.calls)
        assert len(texts) == (25 if leader == "thread" else 29)


def test_a_real_leader_that_is_cancelled_hands_over_to_another_loop(stores):
    """10: the follower in a thread goes on as if nothing had happened."""
    cache, gate = fk.Cache(1000, store=stores.new(), key=str), Gate()
    pipeline = fk.Pipeline(cache, name="ask")

    async def main(pool):
        task = asyncio.ensure_future(pipeline.aoutcome(gate.asynchronous, "?"))
        await asyncio.to_thread(gate.entered.wait, AGES)
        follower = pool.submit(pipeline.outcome, gate, "?")
        await asyncio.to_thread(following, cache, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gate.open.set()
        return await asyncio.wrap_future(follower)

    with ThreadPoolExecutor(1) as pool:
        outcome = asyncio.run(main(pool))
    assert ("fine", "model", 2) == (outcome.text, outcome.served_by.kind, gate.calls)


def test_a_real_follower_keeps_its_deadline(stores):
    """2: on the machine's clock, in a thread and in a task."""
    cache, gate = fk.Cache(1000, store=stores.new(), key=str), Gate()
    free = fk.Pipeline(cache, name="ask")
    hasty = fk.Pipeline(fk.Deadline(MOMENT), cache, name="ask")
    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(free.outcome, gate, "?")
        assert gate.entered.wait(AGES)
        late = [hasty.outcome(gate, "?"), asyncio.run(hasty.aoutcome(gate.asynchronous, "?"))]
        gate.open.set()
        assert "fine" == leader.result(AGES).text
    assert ["timeout.first_byte"] * 2 == [outcome.failure.kind for outcome in late]
    assert all(MOMENT <= outcome.duration < AGES for outcome in late)
    assert 1 == gate.calls


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_does_not_wait_for_its_parents_load():
    """The thread that loads does not exist in the child, nor do those that hold locks."""
    code = """
        import os, threading
        import fallbackkit as fk

        pipeline = fk.Pipeline(fk.Cache(100), name="ask")
        inside, go = threading.Event(), threading.Event()

        def slow(question):
            inside.set()
            go.wait(20)
            return "slow"

        thread = threading.Thread(target=pipeline.outcome, args=(slow, "?"))
        thread.start()
        inside.wait(20)
        def hold():
            with pipeline.strategies[0]._store._lock:
                held.set()
                go.wait(20)

        held = threading.Event()
        holding = threading.Thread(target=hold)
        holding.start()
        held.wait(20)
        pid = os.fork()
        if not pid:
            os._exit(0 if pipeline.outcome(lambda question: "child", "?").text == "child" else 1)
        status = os.waitpid(pid, 0)[1]
        go.set()
        thread.join()
        assert pipeline.outcome(slow, "?").text == "slow"
        raise SystemExit(os.waitstatus_to_exitcode(status))
    """
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)]
    subprocess.run(command, check=True, timeout=AGES)  # noqa: S603 - our own script
