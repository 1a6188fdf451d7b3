"""Scripts that answer piece by piece, in the four forms in which an SDK's function may come."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit._clock import LimitReached
from fallbackkit.testing import Chunk, FakeClock, Fault, Script, Stream

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS = ("object", "generator", "async object", "async generator")
LOST = Fault(kind="connection.lost", after=3)


@dataclass
class Played:
    """What came of a stream, at which times, and how it ended."""

    pieces: list[Any]
    times: list[float]
    error: BaseException | None = None


def play(form: str, script: Script, *, most: int = 10**6, close: bool = True) -> Played:
    """Ask the script once and take at most so many pieces."""
    take: Callable[..., Any] = _atake if form.startswith("async") else _take
    return asyncio.run(take(form, script, most, close)) if form.startswith("async") else take(form, script, most, close)


def _take(form, script, most, close):
    played = Played([], [])
    try:
        stream = script("?") if form == "object" else script.generator("?")
        while len(played.pieces) < most:
            played.pieces.append(next(stream))
            played.times.append(script.clock.now())
    except StopIteration:
        pass
    except fk.FallbackkitError as error:
        played.error = error
    if close:
        stream.close()
    return played


async def _atake(form, script, most, close):
    played = Played([], [])
    try:
        stream = await script.asynchronous("?") if form == "async object" else script.agenerator("?")
        while len(played.pieces) < most:
            played.pieces.append(await anext(stream))
            played.times.append(script.clock.now())
    except StopAsyncIteration:
        pass
    except fk.FallbackkitError as error:
        played.error = error
    if close:
        await stream.aclose()
    return played


forms = pytest.mark.parametrize("form", FORMS)


@forms
def test_the_pieces_come_in_order_each_at_its_time(form, clock):
    """Values after `every`, Chunks after their own time, a keep-alive as None."""
    script = Script(Stream("Hold ", Chunk("it", after=0.5), Chunk(after=4), " you", every=1), clock=clock, takes=2)
    played = play(form, script)
    assert (["Hold ", "it", None, " you"], [3.0, 3.5, 7.5, 8.5]) == (played.pieces, played.times)
    assert (None, 1, 4) == (played.error, script.closed, script.streams[0].taken)


@forms
def test_a_fault_strikes_between_the_pieces(form, clock):
    """What came before it has come; the stream is over."""
    script = Script(Stream("Hold ", LOST, "never"), clock=clock)
    played = play(form, script, close=False)
    assert (["Hold "], "connection.lost", 3.0) == (played.pieces, played.error.failure_kind, clock.now())
    assert (1, 1) == (script.closed, script.streams[0].taken)


@forms
def test_a_stream_left_alone_is_seen_to_be_open(form, clock):
    """40: `closed` counts what was closed, so that a test can find what was not."""
    script = Script(Stream("Hold ", "it"), clock=clock)
    play(form, script, most=1)
    assert (1, 1) == (script.closed, len(script.streams))
    assert ["Hold ", "it"] == play(form, script, most=2).pieces
    assert (2, 2) == (script.closed, len(script.streams))


@pytest.mark.parametrize("form", ["object", "async object"])
def test_garbage_collection_closes_no_stream_of_an_sdk(form, clock):
    """It would not close a connection in time either."""
    script = Script(Stream("Hold ", "it"), clock=clock)
    play(form, script, most=1, close=False)
    gc.collect()
    assert (0, 1) == (script.closed, len(script.streams))


@pytest.mark.parametrize("form", ["object", "async object"])
def test_a_closed_stream_gives_no_more(form, clock):
    """As with a generator."""
    script = Script(Stream("Hold ", "it"), clock=clock)
    play(form, script, most=1)
    stream = script.streams[0]
    assert "end" == (next(stream, "end") if form == "object" else asyncio.run(_first(stream)))


async def _first(stream):
    return await anext(stream, "end")


@forms
def test_a_fault_in_place_of_the_stream_hands_out_none(form, clock):
    """The request itself failed."""
    script = Script(Fault(kind="rate.shared"), clock=clock)
    with pytest.raises(fk.CannotAnswer):
        play_or_raise(form, script)
    assert [] == script.streams


def play_or_raise(form, script):
    """As ``play``, with the error as it is."""
    if error := play(form, script, close=False).error:
        raise error


@pytest.mark.parametrize("form", ["generator", "async generator"])
def test_an_answer_that_is_no_stream_is_a_single_piece(form, clock):
    """A function that yields has no other way to give it."""
    assert ["fine"] == play(form, Script("fine", clock=clock)).pieces


def test_a_stream_that_hangs_without_a_limit_says_what_is_missing(clock):
    """A test that would wait for ever fails with the remedy."""
    with pytest.raises(RuntimeError, match="put a Timeout or a Deadline"):
        list(Script(Stream("Hold ", Fault()), clock=clock)("?"))


@forms
def test_a_read_that_a_limit_cuts_off_closes_no_stream_of_an_sdk(form):
    """The connection is still open then, and whoever gave up has to close it. A function that yields has ended."""
    clock = FakeClock()
    script = Script(Stream(Chunk("late", after=9)), clock=clock)
    with pytest.raises(LimitReached):
        cut_off(form, script) if form in {"object", "generator"} else asyncio.run(acut_off(form, script))
    (stream,) = script.streams
    assert (5.0, "generator" in form, 0) == (clock.now(), stream.closed, stream.taken)


def cut_off(form, script):
    """Read for five seconds."""
    stream = script("?") if form == "object" else script.generator("?")
    script.clock.limited(lambda: next(stream), 5)


async def acut_off(form, script):
    """The same in async."""
    stream = await script.asynchronous("?") if form == "async object" else script.agenerator("?")
    await script.clock.alimited(lambda: anext(stream), 5)


def test_a_stream_tells_what_it_is():
    """As hypothesis prints a falsifying example."""
    assert "Stream('Hold ', Chunk(value='it', after=0.2), every=0)" == repr(Stream("Hold ", Chunk("it", after=0.2)))
    assert "Stream('Hold it', every=1.5)" == repr(Stream("Hold it", every=1.5))


@given(
    pieces=st.lists(st.text() | st.builds(Chunk, st.text(), after=st.floats(0, 9)), max_size=5),
    every=st.floats(0, 9),
    fails=st.booleans(),
)
def test_the_four_forms_play_the_same(pieces, every, fails):
    """43: pieces, times and end do not depend on how the function is called."""
    seen = []
    for form in FORMS:
        script = Script(Stream(*pieces, *[LOST] * fails, every=every), clock=FakeClock())
        played = play(form, script, close=False)
        seen.append((played.pieces, played.times, str(played.error), script.closed, script.clock.sleeps))
    assert [seen[0]] * 4 == seen
