"""A stream is one call: failover until its first content, then an honest end. On the virtual clock."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit import events
from fallbackkit._streams import PERIOD
from fallbackkit.testing import Chunk, FakeClock, Fault, Script, Stream
from tests.core.test_any_chain import outcome_card

QUANTUM = 1e-6
thrice = settings(max_examples=80)

delays = st.sampled_from([0.0, 0.0, 0.01, 0.04, 0.3, 2.0, 6.0])
words = st.sampled_from(["the ", "quick ", "brown ", "fox ", " ", "\n", "", "x" * 40])
faults = st.builds(Fault, kind=st.sampled_from(["connection.upstream", "provider.5xx", "rate.shared"]), after=delays)
pieces = st.one_of(st.builds(Chunk, words, after=delays), st.builds(Chunk, after=delays), words)
streams = st.builds(
    lambda body, end: Stream(*body, *end),
    st.lists(pieces, max_size=6),
    st.lists(st.one_of(faults, st.just(Fault())), max_size=1),
)
plays = st.lists(st.one_of(streams, streams, faults, st.just("whole")), min_size=1, max_size=3).map(tuple)


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """A pipeline that streams, as data, so that one can be built many times."""

    plays: tuple[Any, ...]
    rungs: tuple[tuple[Any, ...], ...] = ()
    timeout: float = 8.0
    first_token: float | None = None
    idle: float | None = None
    attempts: int = 2
    holds: bool = False
    interruption: str = "keep"

    def build(self, run):
        return Built(self, run)


class Built:
    """A Ladder ready to be asked."""

    def __init__(self, ladder, run):
        self.run = run
        self.clock = FakeClock()
        self.events = []
        self.scripts = [Script(*plays, clock=self.clock) for plays in (ladder.plays, *ladder.rungs)]
        self.breaker = fk.CircuitBreaker(min_calls=100, window=10_000)
        rungs = [fk.Rung(run.fn(script), "rule", name=f"rung {n}") for n, script in enumerate(self.scripts[1:], 1)]
        self.pipeline = fk.Pipeline(
            fk.Deadline(60),
            *([fk.Fallback(*rungs)] if rungs else []),
            fk.Retry(attempts=ladder.attempts),
            fk.Validate(check=(lambda answer: True) if ladder.holds else None),
            self.breaker,
            fk.Timeout(ladder.timeout, first_token=ladder.first_token, idle=ladder.idle),
            name="ask",
            clock=self.clock,
            observers=[self.events.append],
            interruption=ladder.interruption,
        )

    def outcomes(self, **how):
        return self.run.stream(self.pipeline, self.scripts[0], "question", **how)

    @property
    def entries(self):
        return sum(len(script.calls) for script in self.scripts)

    @property
    def sources(self):
        """The text of everything that the scripts could say, one string a stream or whole value."""
        plays = [play for script in self.scripts for play in script.plays]
        return [play if isinstance(play, str) else "".join(texts(play)) for play in plays]


def texts(play):
    """The texts of a stream, in order."""
    for piece in getattr(play, "pieces", ()):
        value = getattr(piece, "value", piece)
        if isinstance(value, str):
            yield value


ladders = st.builds(
    Ladder,
    plays=plays,
    rungs=st.lists(plays, max_size=2).map(tuple),
    timeout=st.sampled_from([1.0, 8.0]),
    first_token=st.sampled_from([None, 0.5, 1.0]),
    idle=st.sampled_from([None, 0.2, 1.0]),
    attempts=st.integers(1, 3),
)


@thrice
@given(ladder=ladders)
def test_what_is_shown_only_grows(run, ladder):
    """39: after the first content nothing else is asked, and the text is a prefix of one source to the end."""
    built = ladder.build(run)
    entries = []
    seen = built.outcomes(look=lambda _: entries.append(built.entries))
    *growing, final = seen
    assert "working" == growing[0].status
    assert final.status in {"answered", "degraded", "interrupted", "unavailable"}
    shown = [at for at, outcome in enumerate(seen) if outcome.status == "streaming"]
    assert {"working", "streaming"} >= {outcome.status for outcome in growing}
    if not shown:
        assert final.status != "interrupted"
        return
    assert len({*entries[shown[0] :]}) == 1
    assert ["streaming"] * len(shown) == [outcome.status for outcome in growing[shown[0] :]]
    for before, after in itertools.pairwise(seen[shown[0] :]):
        assert after.text.startswith(before.text)
    assert final.status != "unavailable"
    assert any(source.startswith(final.text) for source in built.sources)
    if final.status in {"answered", "degraded"}:
        assert final.text in built.sources


@thrice
@given(ladder=ladders)
def test_showings_keep_their_distance(run, ladder):
    """At most one Outcome every 50 ms, the first as soon as there is something for the eye."""
    built = ladder.build(run)
    times = []
    seen = built.outcomes(look=lambda _: times.append(built.clock.now()))
    at = [time for time, outcome in zip(times, seen, strict=True) if outcome.status == "streaming"]
    assert all(later - earlier >= PERIOD - QUANTUM for earlier, later in itertools.pairwise(at))
    assert all(outcome.text.strip() for outcome in seen if outcome.status == "streaming")


@thrice
@given(ladder=ladders)
def test_streams_keep_the_limits(run, ladder):
    """2, 35: everything together ends inside the deadline, and no attempt outlasts its own limit."""
    final = ladder.build(run).outcomes()[-1]
    assert final.duration <= 60 + QUANTUM
    for step in final.trail[:1]:
        assert all(attempt.duration <= ladder.timeout + QUANTUM for attempt in step.attempts)


@thrice
@given(ladder=ladders, most=st.integers(1, 8))
def test_an_abandoned_stream_counts_as_nothing(run, ladder, most):
    """40: the provider's iterator is closed, the permit is free, nothing is counted for the abandoned attempt."""
    built = ladder.build(run)
    seen = built.outcomes(most=most)
    if seen[-1].status not in {"working", "streaming"}:
        return
    assert all(stream.closed for script in built.scripts for stream in script.streams)
    failed = [event for event in built.events if type(event) is events.AttemptFailed and event.step == "ask"]
    assert 0 == built.breaker.snapshot().trials
    assert len(failed) >= built.breaker.snapshot().calls
    assert not any(type(event) in {events.Answered, events.Unanswered} for event in built.events)


@thrice
@given(ladder=ladders)
def test_every_stream_is_closed_in_the_end(run, ladder):
    """40: streams that ended, broke off, passed a limit or lost to another attempt are closed."""
    built = ladder.build(run)
    built.outcomes()
    assert all(stream.closed for script in built.scripts for stream in script.streams)


@thrice
@given(ladder=ladders)
def test_a_broken_stream_counts_once(run, ladder):
    """41: one failure an attempt, in the trail, for the observers and for the breaker."""
    built = ladder.build(run)
    final = built.outcomes()[-1]
    first = final.trail[0]
    failures = [attempt.failure for attempt in first.attempts if attempt.failure is not None]
    seen = [event.failure for event in built.events if type(event) is events.AttemptFailed and event.step == "ask"]
    assert [f.reference for f in failures] == [f.reference for f in seen]
    assert sum(f.kind.outage for f in failures) == built.breaker.snapshot().failures


@thrice
@given(ladder=ladders)
def test_a_stream_gives_the_same_trace_in_every_way(run, ladder):
    """43: Outcomes, events, waits and entries are those of the plain sync call."""
    from tests.core.conftest import Run

    def trace(built):
        outcomes = [(o.status, o.text, o.reasons, round(o.duration, 6)) for o in built.outcomes()]
        happened = [(type(e).__name__, round(e.at, 6)) for e in built.events]
        return outcomes, happened, [script.calls for script in built.scripts]

    built, reference = ladder.build(run), ladder.build(Run("sync", None))
    for each in (built, reference):
        each.pipeline.rng.seed(1)
    assert trace(reference) == trace(built)


@thrice
@given(ladder=ladders)
def test_every_outcome_on_the_way_can_be_shown_and_travels(run, ladder):
    """51: words for both audiences, a card, and JSON both ways, for each Outcome of a stream."""
    for outcome in ladder.build(run).outcomes():
        travelled = fk.Outcome.model_validate_json(outcome.model_dump_json())
        assert outcome.model_dump_json() == travelled.model_dump_json()
        for each in (outcome, travelled):
            assert each.notice().title
            assert each.notice(audience="operator").title
            assert outcome_card is None or outcome_card(each)


@thrice
@given(ladder=ladders)
def test_the_outcome_face_reads_streams_too(run, ladder):
    """39: nobody has seen anything, so a stream that breaks off is a failure like any other."""
    built = ladder.build(run)
    outcome = run.outcome(built.pipeline, built.scripts[0], "question")
    assert outcome.status in {"answered", "degraded", "unavailable"}
    if outcome.answer is not None:
        assert outcome.text in built.sources
    assert all(stream.closed for script in built.scripts for stream in script.streams)


@thrice
@given(ladder=ladders.map(lambda ladder: Ladder(**{**ladder.__dict__, "interruption": "restart"})))
def test_a_restart_withdraws_what_was_shown(run, ladder):
    """39: after the text comes its continuation, its end, or an Outcome without text, and a Retracted event."""
    built = ladder.build(run)
    seen = built.outcomes()
    withdrawn = 0
    for before, after in itertools.pairwise(seen):
        if before.text and not after.text.startswith(before.text):
            assert ("working", "") == (after.status, after.text) or before.status == "interrupted"
            withdrawn += 1
    assert withdrawn == sum(type(event) is events.Retracted for event in built.events)
    assert seen[-1].status in {"answered", "degraded", "unavailable", "interrupted"}
    if seen[-1].status == "interrupted":
        assert "output.malformed" == seen[-1].failure.kind


@pytest.mark.parametrize(("reason", "kind"), [("length", "output.truncated"), ("content_filter", "safety.refused")])
def test_a_restart_withdraws_an_answer_that_was_cut_off(run, clock, reason, kind):
    """39: not only what breaks off; a whole answer may still be had from the next rung."""
    happened = []
    script = Script(Stream("half of ", Chunk(fk.Answer(text="it", finish_reason=reason), after=1)), clock=clock)
    fallback = fk.Fallback(run.fn(lambda: "whole"))
    pipeline = fk.Pipeline(
        fallback, fk.Validate(), clock=clock, interruption="restart", observers=[happened.append], name="ask"
    )
    seen = run.stream(pipeline, script)
    assert "half of " in [outcome.text for outcome in seen]
    assert ("degraded", "whole", (kind,)) == (seen[-1].status, seen[-1].text, seen[-1].reasons)
    assert [kind] == [event.failure.kind for event in happened if isinstance(event, events.Retracted)]


@thrice
@given(ladder=ladders.map(lambda ladder: Ladder(**{**ladder.__dict__, "holds": True, "rungs": ()})))
def test_what_may_still_be_refused_is_not_shown(run, ladder):
    """36: under a check nothing is shown before the end, so a stream that breaks off can be asked for again."""
    seen = ladder.build(run).outcomes()
    assert all(outcome.status == "working" for outcome in seen[:-1])
    assert seen[-1].status in {"answered", "unavailable"}


@pytest.mark.parametrize(
    ("below", "score", "shown", "status"),
    [
        ("abstain", 0.9, False, "answered"),
        ("abstain", 0.1, False, "low_confidence"),
        ("hedge", 0.9, True, "answered"),
        ("hedge", 0.1, True, "low_confidence"),
    ],
)
def test_a_gate_that_withholds_keeps_the_stream_back(run, clock, *, below, score, shown, status):
    """36: what may be withheld is not shown while it arrives; what will be marked may be."""
    script = Script(Stream("a ", Chunk(fk.Answer(text="word", score=score), after=1)), clock=clock)
    seen = run.stream(fk.Pipeline(fk.ConfidenceGate(0.5, below=below), clock=clock), script)
    assert shown == any(outcome.status == "streaming" for outcome in seen)
    assert status == seen[-1].status
    assert ("a word" if score > 0.5 or shown else "") == seen[-1].text


@pytest.mark.parametrize(
    ("validate", "shown"), [({}, True), ({"check": bool}, False), ({"schema": int}, False), ({"schema": str}, False)]
)
def test_only_a_check_of_the_whole_keeps_a_stream_back(run, clock, validate, shown):
    """36: without a schema and a check there is nothing to wait for."""
    script = Script(Stream("1", Chunk("2", after=1)), clock=clock)
    seen = run.stream(fk.Pipeline(fk.Validate(**validate), clock=clock), script)
    assert shown == any(outcome.status == "streaming" for outcome in seen)


def ask(run, clock, *plays, **how):
    """The Outcomes of a pipeline with nothing but a Timeout around one script."""
    seen = []
    pipeline = fk.Pipeline(fk.Timeout(**{"seconds": 8, **how}), clock=clock, name="ask", observers=[seen.append])
    return run.stream(pipeline, Script(*plays, clock=clock))


@pytest.mark.parametrize(
    ("stream", "kind", "which", "limit", "at"),
    [
        (Stream(Fault()), "timeout.first_byte", "first_token", 3, 3),
        (Stream(*[Chunk(after=0.5)] * 40, "late"), "timeout.first_byte", "first_token", 3, 3),
        (Stream(*[Chunk("", after=0.5)] * 40, "late"), "timeout.first_byte", "first_token", 3, 3),
        (Stream("a", Fault()), "timeout.mid_stream", "idle", 2, 2),
        (Stream("a", *[Chunk(after=0.5)] * 40, "late"), "timeout.mid_stream", "idle", 2, 2),
        (Stream(Chunk("a", after=2.5), Fault()), "timeout.mid_stream", "idle", 2, 4.5),
        (Stream(*[Chunk("a", after=1.9)] * 40), "timeout.mid_stream", "total", 8, 8),
    ],
)
def test_the_three_clocks_are_told_apart(run, clock, *, stream, kind, which, limit, at):
    """41, 42: keep-alives and empty pieces satisfy none of the clocks, and slow drip meets the total one."""
    final = ask(run, clock, stream, first_token=3, idle=2)[-1]
    assert (kind, which) == (final.failure.kind, final.failure.error.clock)
    assert (limit, at) == (pytest.approx(final.failure.limit), pytest.approx(clock.now()))
    assert final.status == ("interrupted" if "mid" in kind else "unavailable")


@pytest.mark.parametrize("first", [{"choices": [{"delta": {"role": "assistant"}}]}, {"type": "ping"}, None, ""])
def test_only_content_is_a_first_token(run, clock, first):
    """42: a piece that names a role, a ping, None and "" bring nothing."""
    final = ask(run, clock, Stream(first, Chunk("late", after=4)), first_token=3)[-1]
    assert "first_token" == final.failure.error.clock


def test_a_slow_reader_is_no_silence(run, clock):
    """41: time that whoever looks on takes is not idle time of the stream."""
    pipeline = fk.Pipeline(fk.Timeout(60, idle=2), clock=clock)
    script = Script(Stream("a", Chunk("b", after=1.5), Chunk("c", after=1.5)), clock=clock)
    seen = run.stream(pipeline, script, look=lambda outcome: clock.advance(5))
    assert ("answered", "abc") == (seen[-1].status, seen[-1].text)


def test_the_interrupted_outcome_keeps_everything(run, clock):
    """39: the text so far, its kind, the failed step with its attempt, and no claim that anybody answered."""
    final = ask(run, clock, Stream("Hel", Chunk("lo", after=0.01), Fault(kind="provider.5xx")))[-1]
    assert ("interrupted", "Hello", None) == (final.status, final.text, final.value)
    assert [fk.FailureKind.PROVIDER_5XX] == list(final.reasons)
    assert ("failed", 1) == (final.trail[0].verdict, len(final.trail[0].attempts))
    assert final.served_by is None
    assert "stopped early" in final.notice().title


def test_a_stream_says_who_is_writing(run, clock):
    """33: while the text grows, the step that writes it is the last of the trail, after those that failed."""
    rung = fk.Rung(
        run.fn(Script(Stream("small ", Chunk("model", after=1)), clock=clock)), "smaller_model", name="small"
    )
    pipeline = fk.Pipeline(fk.Fallback(rung), clock=clock, name="large")
    seen = run.stream(pipeline, Script(Fault(kind="provider.5xx"), clock=clock))
    assert ["working", "working", "streaming", "streaming", "degraded"] == [each.status for each in seen]
    assert ["large"] == [step.name for step in seen[1].trail]
    assert ("small", "smaller_model") == (seen[2].served_by.name, seen[2].served_by.kind)
    assert (fk.FailureKind.PROVIDER_5XX,) == seen[2].reasons == seen[-1].reasons


def test_a_rung_with_a_pipeline_of_its_own_streams_through(run, clock):
    """15, 39: a nested pipeline shows under the rung's name, and breaks off for the whole."""
    script = Script(Stream("in", Chunk("ner", after=1), Fault(kind="provider.5xx")), clock=clock)
    nested = fk.Pipeline(fk.Retry(attempts=3), clock=clock, name="inner")(run.fn(script))
    last = Script("never asked", clock=clock)
    pipeline = fk.Pipeline(fk.Fallback(fk.Rung(nested, name="rung"), run.fn(last)), clock=clock, name="outer")
    seen = run.stream(pipeline, Script(Fault(kind="provider.5xx"), clock=clock))
    assert [("outer", "rung")] * 2 == [tuple(s.name for s in each.trail) for each in seen if each.status == "streaming"]
    assert ("interrupted", "inner", 1, 0) == (seen[-1].status, seen[-1].text, len(script.calls), len(last.calls))


def test_generator_functions_stream(run, clock):
    """A function that yields is wrapped as it is, and closed when nobody looks any more."""
    script = Script(Stream("a", Chunk("b", after=1), Chunk("c", after=1)), clock=clock)
    fn = script.agenerator if run.way == "async" else script.generator
    seen = run.stream(fk.Pipeline(clock=clock), fn)
    assert ["", "a", "ab", "abc", "abc"] == [each.text for each in seen]
    run.stream(fk.Pipeline(clock=clock), fn, most=2)
    assert [True, True] == [stream.closed for stream in script.streams]


def test_an_async_generator_needs_the_async_face(clock):
    """The sync faces refuse it with the remedy."""
    script = Script("a", clock=clock)
    with pytest.raises(TypeError, match="is async; use"):
        fk.Pipeline(clock=clock).stream(script.agenerator)
    final = fk.Pipeline(clock=clock).outcome(script.agenerator().__aiter__)
    assert "astream" in str(final.failure.error)


def test_a_whole_value_is_a_stream_of_one(run, clock):
    """A function that does not stream gives a working Outcome and the final one."""
    seen = run.stream(fk.Pipeline(clock=clock), Script("whole", clock=clock))
    assert ["working", "answered"] == [each.status for each in seen]


def test_the_value_face_of_a_stream_is_the_whole_answer(run, clock):
    """Called as before, a function that streams gives an Answer with everything in it."""
    value = run.value(fk.Pipeline(clock=clock), Script(Stream("a", "b"), clock=clock))
    assert fk.Answer(text="ab") == value


def test_time_left_is_known_inside_a_stream(run, clock):
    """46: ``remaining`` counts down in a generator, in every way of serving."""
    left = []

    def count():
        for _ in range(3):
            left.append(fk.remaining())
            clock.sleep(1)
            yield "."

    async def count_async():
        for piece in count():
            yield piece

    run.stream(fk.Pipeline(fk.Deadline(10), clock=clock), count_async if run.way == "async" else count)
    assert [10, 9, 8] == left
    assert fk.remaining() is None


def test_observers_learn_how_a_stream_ended(run, clock):
    """A whole stream is Answered, one that broke off is Unanswered."""
    for end, expected in (((), events.Answered), ((Fault(kind="provider.5xx"),), events.Unanswered)):
        seen = []
        run.stream(fk.Pipeline(clock=clock, observers=[seen.append]), Script(Stream("a", *end), clock=clock))
        assert expected is type(seen[-1])


def test_an_odd_interruption_is_refused():
    """The message names the argument, the value and what may be given."""
    with pytest.raises(ValueError, match="`interruption` must be 'keep' or 'restart', got 'stop'"):
        fk.Pipeline(interruption="stop")


@pytest.mark.parametrize(("name", "value"), [("first_token", 9), ("idle", 8.5)])
def test_a_stream_limit_longer_than_the_attempt_is_refused(name, value):
    """It could never be reached."""
    with pytest.raises(ValueError, match=f"`{name}` is {value:g} s, longer"):
        fk.Timeout(8, **{name: value})


@pytest.mark.parametrize("name", ["first_token", "idle"])
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, True, "3"])
def test_odd_stream_limits_are_refused(name, value):
    """The message names the argument."""
    with pytest.raises(ValueError, match=f"`{name}`"):
        fk.Timeout(8, **{name: value})


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"timeout": 8, "first_token": 3, "idle": 2}, "Timeout(8 s, first token 3 s, idle 2 s)"),
        ({"deadline": 20, "first_token": 3}, "Timeout(20 s, first token 3 s)"),
        ({"deadline": None, "timeout": 8}, "Timeout(8 s)"),
    ],
)
def test_protect_sets_the_limits_of_a_stream(options, expected):
    """Without a limit for the attempt, the deadline is the one for the whole stream."""
    assert expected in fk.protect(**options).describe()


def test_protect_wants_a_limit_for_the_whole():
    """The message names the arguments and what to give."""
    with pytest.raises(ValueError, match=r"`first_token` and `idle` need .* give `timeout` or `deadline`"):
        fk.protect(deadline=None, idle=2)
