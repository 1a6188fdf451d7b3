"""Streams on the machine's own clock: read ahead by one thread or task, cut off in time, closed when abandoned."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import time

import pytest

import fallbackkit as fk
from fallbackkit import _threads

HUNG = 60


def soon(condition):
    """Wait until something that another thread does is done."""
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.001)


class Hang:
    """An iterator that gives what it has, and then hangs until it is let go."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)
        self.let_go = threading.Event()
        self.closed = threading.Event()
        self.threads = set()

    def __call__(self, *_args):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        self.threads.add(threading.get_ident())
        if self.pieces:
            return self.pieces.pop(0)
        self.let_go.wait(HUNG)
        raise StopIteration

    def close(self):
        self.closed.set()


@pytest.fixture
def hang():
    """A stream of two pieces that then hangs; let go at the end."""
    stream = Hang("a", "b")
    yield stream
    stream.let_go.set()


def stream(run, pipeline, fn, *args, **how):
    """The Outcomes, and the seconds they took."""
    started = time.monotonic()
    return run.stream(pipeline, fn, *args, **how), time.monotonic() - started


def test_a_hung_stream_is_cut_off_in_time(run, hang):
    """2, 41: the read that hangs ends at the idle limit, and what came is kept."""
    if run.way == "async":
        run = type(run)("threads", run.runner)
    seen, took = stream(run, fk.Pipeline(fk.Timeout(HUNG, idle=0.1)), hang)
    assert ("interrupted", "ab", "idle") == (seen[-1].status, seen[-1].text, seen[-1].failure.error.clock)
    assert 0.1 <= took < HUNG / 4


def test_a_hung_thread_is_counted_until_it_ends(hang):
    """41: an abandoned reader is one of the bounded set, and closes the stream when it gets to it."""
    before = _threads.abandoned()
    list(fk.Pipeline(fk.Timeout(HUNG, idle=0.05)).stream(hang))
    assert before + 1 == _threads.abandoned()
    assert not hang.closed.is_set()
    hang.let_go.set()
    soon(lambda: _threads.abandoned() == before)
    assert hang.closed.wait(10)


def test_what_came_is_shown_while_the_stream_is_silent():
    """The end of a burst is shown within a period, not with the next piece."""
    shown, go_on = threading.Event(), threading.Event()

    def burst():
        yield "a"
        yield "b"
        assert go_on.wait(HUNG)
        yield "c"

    for outcome in fk.Pipeline(fk.Deadline(HUNG)).stream(burst):
        if outcome.text == "ab":
            shown.set()
            go_on.set()
    assert shown.is_set()
    assert "abc" == outcome.text


def test_what_came_is_shown_while_an_async_stream_is_silent():
    """The same for an async generator."""

    async def main():
        go_on = asyncio.Event()

        async def burst():
            yield "a"
            yield "b"
            await asyncio.wait_for(go_on.wait(), HUNG)
            yield "c"

        seen = []
        async for outcome in fk.Pipeline(fk.Deadline(HUNG)).astream(burst):
            seen.append(outcome.text)
            if outcome.text == "ab":
                go_on.set()
        return seen

    assert ["", "a", "ab", "abc"] == sorted(set(asyncio.run(main())))


def test_one_thread_reads_a_stream_from_first_to_last():
    """A generator may keep things that belong to its thread."""
    threads = []

    def numbers():
        for number in range(200):
            threads.append(threading.get_ident())
            yield str(number)

    final = fk.Pipeline(fk.Deadline(HUNG)).outcome(numbers)
    assert "".join(map(str, range(200))) == final.text
    assert 1 == len(set(threads)) != threading.get_ident()


def test_one_task_reads_an_async_stream_from_first_to_last():
    """An async generator may keep scopes that belong to its task; closing it happens there, too."""

    async def main():
        tasks = []

        async def numbers():
            try:
                for number in range(200):
                    tasks.append(asyncio.current_task())
                    yield str(number)
            finally:
                tasks.append(asyncio.current_task())

        pipeline = fk.Pipeline(fk.Deadline(HUNG))
        final = await pipeline.aoutcome(numbers)
        whole = len(set(tasks))
        async with contextlib.aclosing(pipeline.astream(numbers)) as outcomes:
            async for outcome in outcomes:
                if outcome.text:
                    break
        return final.text, whole, len(set(tasks))

    assert ("".join(map(str, range(200))), 1, 2) == asyncio.run(main())


def test_a_fast_stream_does_not_run_far_ahead():
    """A reader that pauses holds the stream up: memory stays bounded."""
    made = []

    def endless():
        while True:
            made.append(1)
            yield "."

    outcomes = fk.Pipeline(fk.Deadline(HUNG)).stream(endless)
    while not next(outcomes).text:
        pass
    soon(lambda: len(made) >= 64)
    soon(lambda: steady(made))
    assert len(made) <= 66
    outcomes.close()
    soon(lambda: steady(made))


def steady(made):
    """Whether a list has stopped growing."""
    before = len(made)
    time.sleep(0.02)
    return before == len(made)


@pytest.mark.parametrize("limit", [(), (fk.Deadline(HUNG),)], ids=["no limit", "a limit"])
def test_an_abandoned_generator_is_closed(limit):
    """40: its `finally` runs, whether it was read ahead or directly."""
    closed = threading.Event()

    def pieces():
        try:
            while True:
                yield "."
        finally:
            closed.set()

    outcomes = fk.Pipeline(*limit).stream(pieces)
    assert [next(outcomes).status, next(outcomes).status] == ["working", "streaming"]
    outcomes.close()
    assert closed.wait(10)


@pytest.mark.parametrize("limit", [(), (fk.Deadline(HUNG),)], ids=["no limit", "a limit"])
@pytest.mark.parametrize("end", ["aclose", "cancel"])
def test_an_abandoned_async_generator_is_closed(limit, end):
    """40, 46: closing it, or cancelling the task that reads, closes the stream and counts as nothing."""
    breaker = fk.CircuitBreaker()

    async def main():
        closed = asyncio.Event()
        reading = asyncio.Event()

        async def pieces():
            try:
                yield "a"
                await asyncio.sleep(HUNG)
            finally:
                await asyncio.sleep(0)
                closed.set()

        async def read():
            async for outcome in outcomes:
                if outcome.text:
                    reading.set()

        pipeline = fk.Pipeline(*limit, fk.Retry(), breaker)
        outcomes = pipeline.astream(pieces)
        if end == "aclose":
            while not (await anext(outcomes)).text:
                pass
            await outcomes.aclose()
        else:
            task = asyncio.create_task(read())
            await reading.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await asyncio.wait_for(closed.wait(), 10)

    asyncio.run(main())
    assert (0, 0) == (breaker.snapshot().calls, breaker.snapshot().trials)


def test_a_generator_sees_the_context_of_its_caller():
    """46: context variables reach the thread that reads."""
    who = contextvars.ContextVar("who")
    who.set("dana")

    def pieces():
        yield who.get()
        yield str(fk.remaining() > HUNG - 10)

    assert "danaTrue" == fk.Pipeline(fk.Deadline(HUNG)).outcome(pieces).text


def test_outcomes_may_be_taken_by_changing_threads():
    """A web framework takes each Outcome on another thread."""

    def pieces():
        for word in "abc":
            yield word
            time.sleep(0.06)

    for limit in ((), (fk.Deadline(HUNG),)):
        outcomes = fk.Pipeline(*limit).stream(pieces)
        seen = []

        def take(outcomes=outcomes, seen=seen):
            seen.append(next(outcomes, None))

        while not seen or seen[-1] is not None:
            thread = threading.Thread(target=take)
            thread.start()
            thread.join()
        assert ("abc", "answered") == (seen[-2].text, seen[-2].status)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interruption_passes_through(error):
    """10: what is no failure is not turned into one, and the permit is free."""
    breaker = fk.CircuitBreaker()

    def pieces():
        yield "a"
        raise error

    for limit in ((), (fk.Deadline(HUNG),)):
        outcomes = fk.Pipeline(*limit, fk.Fallback(lambda: "b"), breaker).stream(pieces)
        with pytest.raises(error):
            list(outcomes)
    assert (0, 0) == (breaker.snapshot().calls, breaker.snapshot().trials)


def test_an_error_in_closing_changes_nothing(caplog):
    """A stream that raises when it is closed is logged, and its answer stands."""

    class Odd(Hang):
        def close(self):
            raise RuntimeError("no")

    odd = Odd("a")
    odd.let_go.set()
    assert "a" == fk.Pipeline().outcome(odd).text
    assert "closed" in caplog.text


def test_a_stop_iteration_raised_by_hand_is_a_failure(run):
    """PEP 479: it does not end the stream quietly, and does not break the coroutine."""

    def pieces():
        yield "a"
        raise StopIteration  # noqa: PLR1708 - that is the point

    seen = run.stream(fk.Pipeline(), pieces)
    assert ("interrupted", "a") == (seen[-1].status, seen[-1].text)
