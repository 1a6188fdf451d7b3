from __future__ import annotations

import datetime as dt
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import pybreaker
import pytest

import fallbackkit as fk
from fallbackkit.events import CircuitClosed, CircuitHalfOpened, CircuitOpened
from fallbackkit.testing import FakeClock, Script

PATIENCE = 20.0  # seconds before a test that hangs is called a failure


class Diary(pybreaker.CircuitBreakerListener):
    """Writes down what pybreaker tells its listeners, and then does what it is given to do."""

    def __init__(self, then=None):
        self.lines = []
        self.then = then

    def write(self, line):
        self.lines.append(line)
        if self.then is not None:
            self.then(line)

    def failure(self, cb, exc):
        self.write(repr(exc))

    def success(self, cb):
        self.write("success")

    def state_change(self, cb, old_state, new_state):
        self.write(f"{old_state.name} > {new_state.name}")


def serve(run, breaker, clock, *plays, wait=0.0, observers=()):
    """Outcomes of one call a play, ``wait`` seconds apart."""
    pipeline, outcomes = fk.Pipeline(breaker, clock=clock, observers=observers), []
    for play in plays:
        outcomes.append(run.outcome(pipeline, Script(play, clock=clock)))
        clock.advance(wait)
    return outcomes


def test_its_listeners_see_every_call_that_counts(run, clock, caplog):
    """Failures before the change of state that they cause, successes after it, as pybreaker itself does."""
    diary = Diary()
    theirs = pybreaker.CircuitBreaker(fail_max=2, reset_timeout=30, listeners=[diary])
    ours = fk.CannotAnswer("rate.user")
    plays = ["fine", ValueError("a"), ours, OSError("b"), "refused", OSError("c"), "refused", "fine"]
    serve(run, fk.CircuitBreaker(breaker=theirs), clock, *plays, wait=15)
    assert [
        "success",
        "ValueError('a')",
        "OSError('b')",
        "closed > open",
        "open > half-open",
        "OSError('c')",
        "half-open > open",
        "open > half-open",
        "half-open > closed",
        "success",
    ] == diary.lines
    assert ("closed", 0) == (theirs.current_state, theirs.fail_counter)
    assert "listener" not in caplog.text


def test_its_rules_take_the_place_of_ours(run, clock):
    """fail_max, success_threshold and reset_timeout; and the opening does not grow."""
    theirs = pybreaker.CircuitBreaker(fail_max=3, reset_timeout=7, success_threshold=2)
    breaker = fk.CircuitBreaker(breaker=theirs, reset_timeout=1, min_calls=1)
    assert theirs is breaker.breaker
    assert "CircuitBreaker(3 in a row, reset 7 s)" == breaker.describe()
    serve(run, breaker, clock, OSError(), OSError(), "fine", OSError(), OSError())
    assert ("closed", 2) == (breaker.state, theirs.fail_counter)
    serve(run, breaker, clock, OSError())
    for _ in range(3):
        assert ("open", 7.0) == (theirs.current_state, breaker.snapshot().retry_after)
        clock.advance(7)
        serve(run, breaker, clock, OSError())
    clock.advance(7)
    states = []
    for _ in range(2):
        serve(run, breaker, clock, "fine")
        states.append((breaker.state, theirs.current_state))
    assert [("half_open", "half-open"), ("closed", "closed")] == states


def test_the_error_that_trips_it_is_the_callers_own(run, clock):
    """Where pybreaker would raise its own; and the traceback does not grow by the retelling."""
    error = OSError("theirs")
    breaker = fk.CircuitBreaker(breaker=pybreaker.CircuitBreaker(fail_max=1))
    failure = serve(run, breaker, clock, error)[0].failure
    assert error is failure.error
    alone = run.outcome(fk.Pipeline(clock=clock), Script(OSError("theirs"), clock=clock)).failure.error
    assert len(traceback.extract_tb(alone.__traceback__)) == len(traceback.extract_tb(error.__traceback__))
    assert "circuit.open" == serve(run, breaker, clock, "unheard")[0].failure.kind


@pytest.mark.parametrize("exclude", [LookupError, lambda error: isinstance(error, KeyError)], ids=["type", "predicate"])
def test_its_excluded_exceptions_count_neither_way(run, exclude, clock):
    """Successes to pybreaker, they would end a row of failures and close a half-open breaker."""
    diary = Diary()
    theirs = pybreaker.CircuitBreaker(fail_max=2, reset_timeout=30, exclude=[exclude], listeners=[diary])
    breaker = fk.CircuitBreaker(breaker=theirs)
    serve(run, breaker, clock, OSError("a"), KeyError("k"), OSError("b"))
    assert "open" == breaker.state
    clock.advance(30)
    serve(run, breaker, clock, KeyError("k"))
    assert ("half_open", 0, "half-open") == (breaker.state, breaker.snapshot().trials, theirs.current_state)
    assert ["OSError('a')", "OSError('b')", "closed > open", "open > half-open"] == diary.lines


def test_its_open_and_close_are_followed(run, clock):
    """By the pipeline's clock from then on; events tell it."""
    theirs, events = pybreaker.CircuitBreaker(reset_timeout=30), []
    breaker = fk.CircuitBreaker(breaker=theirs)
    assert "fine" == serve(run, breaker, clock, "fine")[0].value
    theirs.open()
    clock.advance(10)
    assert ("open", 20.0) == (breaker.state, breaker.snapshot().retry_after)
    refused = serve(run, breaker, clock, "unheard", observers=[events.append])[0].failure
    assert ("circuit.open", 20.0) == (refused.kind, refused.retry_after)
    theirs.close()
    assert "fine" == serve(run, breaker, clock, "fine", observers=[events.append])[0].value
    moves = [type(event) for event in events if isinstance(event, (CircuitOpened, CircuitHalfOpened, CircuitClosed))]
    assert [CircuitOpened, CircuitClosed] == moves


def test_one_that_is_open_already_is_taken_as_open(run, clock):
    """Its reset_timeout begins when it is handed over."""
    theirs = pybreaker.CircuitBreaker(reset_timeout=30)
    theirs.open()
    breaker = fk.CircuitBreaker(breaker=theirs)
    assert 29 < serve(run, breaker, clock, "unheard")[0].failure.retry_after <= 30
    clock.advance(30)
    assert "fine" == serve(run, breaker, clock, "fine")[0].value
    assert ("closed", "closed") == (breaker.state, theirs.current_state)


def test_a_half_open_of_its_own_makes_no_closed_breaker_try(run, clock):
    """30: closed to half-open is no legal step."""
    theirs = pybreaker.CircuitBreaker()
    breaker = fk.CircuitBreaker(breaker=theirs, clock=clock)
    theirs.half_open()
    assert "closed" == breaker.state
    serve(run, breaker, clock, "fine")
    assert ("closed", "closed") == (breaker.state, theirs.current_state)


def test_isolation_is_not_ended_by_its_close(run, clock):
    """26: and it shows the isolation as open; reset() closes both and forgets the failures of both."""
    theirs = pybreaker.CircuitBreaker(fail_max=2)
    breaker = fk.CircuitBreaker(breaker=theirs, clock=clock)
    serve(run, breaker, clock, OSError())
    breaker.isolate()
    assert "open" == theirs.current_state
    theirs.close()
    assert "isolated" == breaker.state
    breaker.reset()
    serve(run, breaker, clock, OSError())
    assert ("closed", "closed", 1) == (breaker.state, theirs.current_state, theirs.fail_counter)
    breaker.reset()
    assert 0 == theirs.fail_counter


def test_another_process_that_trips_the_shared_storage_is_followed(run, clock):
    """Two pybreakers on one storage stand for two processes: the next call that counts notices."""
    storage = pybreaker.CircuitMemoryStorage(pybreaker.STATE_CLOSED)
    breaker = fk.CircuitBreaker(breaker=pybreaker.CircuitBreaker(state_storage=storage, reset_timeout=30))
    pybreaker.CircuitBreaker(state_storage=storage).open()
    serve(run, breaker, clock, "fine")
    assert ("open", 30.0) == (breaker.state, breaker.snapshot().retry_after)


class LostStorage(pybreaker.CircuitMemoryStorage):
    """As pybreaker's Redis storage when Redis is down: what it is told is lost, and it always says closed."""

    state = property(lambda _: pybreaker.STATE_CLOSED, lambda _, value: None)


def test_a_storage_that_loses_what_it_is_told_does_not_disarm_it(run, clock):
    """It trips by its own count and stays open, and no call hangs over the contradiction."""
    theirs = pybreaker.CircuitBreaker(fail_max=3, reset_timeout=30, state_storage=LostStorage("closed"))
    breaker = fk.CircuitBreaker(breaker=theirs)
    serve(run, breaker, clock, OSError(), OSError(), OSError())
    for _ in range(2):
        assert "circuit.open" == serve(run, breaker, clock, "unheard")[0].failure.kind
        clock.advance(30)
        serve(run, breaker, clock, OSError())


@pytest.mark.parametrize("line", ["OSError('a')", "closed > open", "open > half-open", "success", "half-open > closed"])
def test_a_listener_that_raises_changes_nothing(run, line, clock, caplog):
    """Not the call, not when it opens and closes; the bug is logged."""

    def bug(written):
        if written == line:
            raise ZeroDivisionError

    theirs = pybreaker.CircuitBreaker(fail_max=2, reset_timeout=30, listeners=[Diary(bug)])
    breaker, trouble = fk.CircuitBreaker(breaker=theirs), OSError("a")
    assert [trouble, trouble] == [outcome.failure.error for outcome in serve(run, breaker, clock, trouble, trouble)]
    assert "circuit.open" == serve(run, breaker, clock, "unheard")[0].failure.kind
    clock.advance(30)
    assert ["fine", "fine"] == [outcome.value for outcome in serve(run, breaker, clock, "fine", "fine")]
    assert "closed" == breaker.state
    assert "a listener of `breaker` raised" in caplog.text
    serve(run, breaker, clock, OSError("b"), OSError("b"))
    assert "open" == breaker.state


REENTRIES = {
    "snapshot": lambda breaker, line: breaker.snapshot(),
    "take a permit": lambda breaker, line: breaker.state == "closed" and breaker.settle(breaker.acquire(), "ignored"),
    "reset when it opens": lambda breaker, line: line == "closed > open" and breaker.reset(),
    "isolate when it opens": lambda breaker, line: line == "closed > open" and breaker.isolate(),
    "close pybreaker when it opens": lambda breaker, line: line == "closed > open" and breaker.breaker.close(),
    "never content": lambda breaker, line: breaker.reset() if line.endswith("open") else breaker.isolate(),
}


@pytest.mark.parametrize("reentry", REENTRIES)
def test_a_listener_that_re_enters_neither_deadlocks_nor_spoils_the_call(run, reentry, clock):
    """28: it may read and change the breaker that tells it; the two agree afterwards."""
    box = []
    theirs = pybreaker.CircuitBreaker(fail_max=2, listeners=[Diary(lambda line: REENTRIES[reentry](box[0], line))])
    breaker = fk.CircuitBreaker(breaker=theirs)
    box.append(breaker)
    error, outcomes = OSError("a"), []
    worker = threading.Thread(target=lambda: outcomes.extend(serve(run, breaker, clock, error, error)), daemon=True)
    worker.start()
    worker.join(PATIENCE)
    assert not worker.is_alive(), "deadlock"
    assert "unavailable" == outcomes[-1].status
    expected = {"reset when it opens": "closed", "isolate when it opens": "isolated"}
    if reentry != "never content":
        assert expected.get(reentry, "open") == breaker.state
        assert ("closed" == breaker.state) == ("closed" == theirs.current_state)


@pytest.mark.parametrize("half_open", [False, True], ids=["closed", "half_open"])
def test_pybreakers_lock_is_free_while_functions_run(half_open, clock):
    """28: eight calls are inside at once, and others can use and change pybreaker meanwhile."""
    theirs = pybreaker.CircuitBreaker(fail_max=1, reset_timeout=30, success_threshold=8)
    breaker = fk.CircuitBreaker(breaker=theirs, trial_calls=8, clock=clock)
    pipeline, inside = fk.Pipeline(breaker, clock=clock), threading.Barrier(9)
    if half_open:
        theirs.open()
        clock.advance(30)

    def ask():
        inside.wait(PATIENCE)
        inside.wait(PATIENCE)
        return "fine"

    with ThreadPoolExecutor(9) as pool:
        calls = [pool.submit(pipeline.call, ask) for _ in range(8)]
        inside.wait(PATIENCE)
        assert ("half_open" if half_open else "closed") == breaker.state
        pool.submit(theirs.add_excluded_exception, KeyError).result(PATIENCE)
        inside.wait(PATIENCE)
        assert ["fine"] * 8 == [call.result(PATIENCE) for call in calls]
    assert ("closed", "closed") == (breaker.state, theirs.current_state)


@pytest.mark.parametrize("jump", [-86_400, 86_400])
def test_a_jump_of_the_wall_clock_changes_nothing(run, jump, clock, monkeypatch):
    """24: neither ours nor the one that pybreaker reads, in any state."""

    class Jumped(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz) + dt.timedelta(seconds=jump)

    class JumpedClock(FakeClock):
        def time(self):
            return super().time() + jump

    def life(clock, jump_at):
        diary = Diary()
        theirs = pybreaker.CircuitBreaker(fail_max=2, reset_timeout=30, listeners=[diary])
        breaker, plays = fk.CircuitBreaker(breaker=theirs), ["fine", OSError(), OSError(), "x", OSError(), "x", "fine"]
        for number, play in enumerate(plays):
            if number == jump_at:
                monkeypatch.setattr(pybreaker, "datetime", Jumped)
            serve(run, breaker, clock, play, wait=15)
        monkeypatch.undo()
        return diary.lines

    usual = life(clock, None)
    assert 10 == len(usual)
    assert [usual] * 7 == [life(JumpedClock(), jump_at) for jump_at in range(7)]


@pytest.mark.parametrize("options", [{"min_calls": 2}, {"consecutive": 2}], ids=["rate", "consecutive"])
def test_one_of_its_own_takes_listeners_too(run, options, clock):
    """Without a breaker given, `breaker.breaker` is there to listen to, and follows every state."""
    breaker, diary = fk.CircuitBreaker(reset_timeout=30, trial_calls=2, **options), Diary()
    breaker.breaker.add_listener(diary)
    serve(run, breaker, clock, OSError("a"), OSError("b"))
    clock.advance(30)
    serve(run, breaker, clock, "fine", "fine")
    assert [
        "OSError('a')",
        "OSError('b')",
        "closed > open",
        "open > half-open",
        "success",
        "half-open > closed",
        "success",
    ] == diary.lines
    breaker.isolate()
    breaker.isolate()
    breaker.reset()
    breaker.reset()
    assert ["closed > open", "open > closed"] == diary.lines[7:]


@pytest.mark.parametrize("own", [False, True])
def test_its_listeners_see_one_success_after_the_other(run, own, clock):
    """Also where a success has nothing to change, and from the moment on when they begin to listen."""
    diary = Diary()
    breaker = fk.CircuitBreaker(breaker=None if own else pybreaker.CircuitBreaker())
    serve(run, breaker, clock, "unheard")
    breaker.breaker.add_listeners(diary)
    serve(run, breaker, clock, "a", "b", "c")
    assert ["success"] * 3 == diary.lines


def test_one_of_its_own_is_not_told_what_nobody_listens_to(run, clock, monkeypatch):
    """It would cost more than all the rest of a call."""
    told, breaker = [], fk.CircuitBreaker(consecutive=2)
    monkeypatch.setattr(breaker.breaker, "call", lambda *args: told.append(args))
    serve(run, breaker, clock, "a", OSError(), "b", OSError(), OSError())
    assert ([], "open", "open") == (told, breaker.state, breaker.breaker.current_state)


@pytest.mark.parametrize("error", [None, KeyboardInterrupt()], ids=["none", "interruption"])
def test_a_failure_without_an_exception_is_told_as_a_stand_in(error, clock):
    """Settled by hand as a failure; an interruption is never raised again."""
    diary = Diary()
    breaker = fk.CircuitBreaker(breaker=pybreaker.CircuitBreaker(listeners=[diary]), clock=clock)
    breaker.settle(breaker.acquire(), "failure", error)
    assert ["_Failed()"] == diary.lines


def test_an_interruption_in_a_listener_is_not_swallowed(clock):
    """Ctrl-C is for the program, wherever it strikes."""

    def interrupt(_):
        raise KeyboardInterrupt

    breaker = fk.CircuitBreaker(breaker=pybreaker.CircuitBreaker(listeners=[Diary(interrupt)]), clock=clock)
    with pytest.raises(KeyboardInterrupt):
        breaker.settle(breaker.acquire(), "success")


def test_what_is_no_pybreaker_is_refused():
    """By name and value; and two rules for one thing are one too many."""
    with pytest.raises(TypeError, match=r"^`breaker` must be a pybreaker\.CircuitBreaker, got 'model'"):
        fk.CircuitBreaker(breaker="model")
    with pytest.raises(ValueError, match="`consecutive` is 3, but `breaker` has its own `fail_max`; give one of them"):
        fk.CircuitBreaker(breaker=pybreaker.CircuitBreaker(), consecutive=3)
