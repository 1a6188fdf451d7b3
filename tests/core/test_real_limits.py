"""Limits on the machine's own clock: threads, cancellation, and what happens to calls that hang.

Bounds are a hundred times what they have to be; what counts is the order of things, told by events.
"""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import threading
import time

import pytest

import fallbackkit as fk
from fallbackkit import _threads
from tests.core.test_interruptions import settle

TINY = 0.02
AGES = 20.0
trace_id = contextvars.ContextVar("trace_id", default="none")


class Hang:
    """A blocking function that hangs until released."""

    def __init__(self):
        self.entered = threading.Event()
        self.released = threading.Event()
        self.ended = threading.Event()

    def __call__(self):
        self.entered.set()
        self.released.wait(AGES)
        self.ended.set()
        return "too late"


@pytest.fixture
def hang():
    """One hung function, released at the end whatever the test does."""
    one = Hang()
    before = _threads.abandoned()
    yield one
    one.released.set()
    settle(before)


@pytest.fixture(params=["sync", "threads"])
def blocking(request):
    """Both ways to serve a blocking function under a limit; an event loop cannot cut off blocking code."""
    if request.param == "sync":
        return lambda pipeline, fn: pipeline.outcome(fn)
    return lambda pipeline, fn: asyncio.run(pipeline.aoutcome(fn))


def test_a_hung_function_is_left_behind_and_counted(blocking, hang):
    """The call returns at its limit while the function still hangs; its thread counts until it ends."""
    before = _threads.abandoned()
    started = time.monotonic()
    outcome = blocking(fk.Pipeline(fk.Deadline(TINY)), hang)
    assert time.monotonic() - started < AGES / 2
    assert not hang.ended.is_set()
    assert ("unavailable", "timeout.first_byte") == (outcome.status, outcome.failure.kind)
    assert outcome.duration >= TINY * 0.9
    assert before + 1 == _threads.abandoned()
    hang.released.set()
    assert hang.ended.wait(AGES)
    settle(before)


def test_a_quick_rung_answers_for_a_hung_function(blocking, hang):
    """50: the reserve is there when the function before it does not give the time back."""
    pipeline = fk.Pipeline(fk.Deadline(AGES / 10), fk.Fallback(lambda: "page 7", reserve=AGES / 10 - TINY))
    outcome = blocking(pipeline, hang)
    assert ("degraded", "page 7") == (outcome.status, outcome.text)
    assert not hang.ended.is_set()


def test_an_async_function_is_cancelled_at_its_limit():
    """It is told, so that it can clean up, and the failure is a time-out of ours."""
    cancelled = []

    async def ask():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    outcome = asyncio.run(fk.Pipeline(fk.Timeout(TINY)).aoutcome(ask))
    assert [True] == cancelled
    assert isinstance(outcome.failure.error, fk.DeadlineExceeded)
    assert TINY == pytest.approx(outcome.failure.limit, rel=0.5)


def test_a_foreign_time_out_is_itself_under_a_real_limit(run):
    """46: the client's TimeoutError and our limit are told apart."""
    error = TimeoutError("the client's")

    def ask():
        raise error

    failure = run.outcome(fk.Pipeline(fk.Timeout(AGES)), ask).failure
    assert (error, None) == (failure.error, failure.limit)


def test_an_inner_limit_is_not_taken_for_an_outer_one():
    """46: the tighter limit of a nested pipeline fails the inner call only."""
    inner = fk.Pipeline(fk.Timeout(TINY))

    async def hang():
        await asyncio.Event().wait()

    async def ask():
        outcome = await inner.aoutcome(hang)
        return f"inner: {outcome.failure.kind}"

    outcome = asyncio.run(fk.Pipeline(fk.Deadline(AGES)).aoutcome(ask))
    assert ("answered", "inner: timeout.first_byte") == (outcome.status, outcome.text)


def test_hung_calls_cannot_pile_up_without_bound(blocking, monkeypatch):
    """The bound refuses further limited calls with a typed error, and lifts as the hung ones end."""
    monkeypatch.setattr(_threads, "MAX_ABANDONED", 3)
    hangs = [Hang() for _ in range(3)]
    pipeline = fk.Pipeline(fk.Timeout(TINY))
    try:
        for hung in hangs:
            while not hung.entered.is_set():  # a call that is given up before its thread gets to it never hangs
                assert "timeout.first_byte" == blocking(pipeline, hung).failure.kind
        refused = blocking(pipeline, lambda: "fine")
        assert isinstance(refused.failure.error, fk.BulkheadFull)
        assert "give their client a time-out" in str(refused.failure.error)
        assert "answered" == fk.Pipeline().outcome(lambda: "no limit, no thread").status
    finally:
        for hung in hangs:
            hung.released.set()
    settle(0)
    assert "fine" == blocking(fk.Pipeline(fk.Timeout(AGES)), lambda: "fine").text


def test_the_bound_is_64():
    """The documented number."""
    assert 64 == _threads.MAX_ABANDONED


def test_context_variables_reach_worker_threads(run):
    """A trace id set by the caller is there inside the limited function; what it sets there stays there."""

    def ask():
        seen = trace_id.get()
        trace_id.set("changed inside")
        return seen

    def caller():
        trace_id.set("abc")
        pipeline = fk.Pipeline(fk.Deadline(AGES))
        outcome = pipeline.outcome(ask) if run.way == "sync" else asyncio.run(pipeline.aoutcome(run.fn(ask)))
        return outcome.text, trace_id.get()

    assert ("abc", "abc") == contextvars.copy_context().run(caller)


def test_remaining_is_known_in_worker_threads(run):
    """The function can hand its seconds to its client, on the real clock too, and into nested pipelines."""
    seen = []
    inner = fk.Pipeline()

    def ask():
        seen.append(fk.remaining())
        return inner.call(lambda: seen.append(fk.remaining()) or "fine")

    run.outcome(fk.Pipeline(fk.Deadline(AGES)), ask)
    assert AGES >= seen[0] >= seen[1] > 0


def test_without_a_limit_the_function_runs_on_the_callers_thread():
    """No limit, no thread: thread-local state of the caller works."""
    assert threading.get_ident() == fk.Pipeline(fk.Retry(), fk.CircuitBreaker()).call(threading.get_ident)
    assert threading.get_ident() != fk.Pipeline(fk.Timeout(AGES)).call(threading.get_ident)


def test_blocking_functions_do_not_block_the_event_loop():
    """Under the async face a plain function runs on a thread, limit or not."""

    async def main():
        released = threading.Event()
        task = asyncio.ensure_future(fk.Pipeline().aoutcome(lambda: released.wait(AGES)))
        await asyncio.sleep(0)
        released.set()
        return await task

    assert asyncio.run(main()).value is True


def test_a_cancelled_task_gives_its_hung_thread_up_and_counts_it(hang):
    """10: the caller goes at once, the thread counts until its function ends."""
    before = _threads.abandoned()

    async def main():
        task = asyncio.ensure_future(fk.Pipeline().aoutcome(hang))
        assert await asyncio.to_thread(hang.entered.wait, AGES)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert not hang.ended.is_set()
    assert before + 1 == _threads.abandoned()


def test_no_lock_is_held_while_user_code_runs():
    """28: eight calls through one pipeline are inside the function at the same time."""
    meeting = threading.Barrier(8)
    together = []

    def ask(number):
        meeting.wait(AGES)
        together.append(number)
        return f"answer {number}"

    chain = [fk.Deadline(AGES), fk.Fallback(lambda number: "alone"), fk.Cache(60), fk.Retry(), fk.Validate()]
    protected = fk.Pipeline(*chain, fk.CircuitBreaker(), fk.Timeout(AGES))(ask)
    callers = [threading.Thread(target=protected, args=(number,)) for number in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(AGES)
    assert list(range(8)) == sorted(together)


FORKED = """
import os, sys, warnings
warnings.simplefilter("ignore")
import fallbackkit as fk
ask = fk.Pipeline(fk.Deadline(5))(lambda: "fine")
assert ask() == "fine"
child = os.fork()
if child == 0:
    os._exit(0 if ask.outcome().status == "answered" else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_process_starts_with_threads_of_its_own():
    """Servers that load the application and then fork: the parent's idle threads do not exist in the child."""
    assert 0 == subprocess.run([sys.executable, "-c", FORKED], check=False, timeout=60).returncode  # noqa: S603
