"""Of streams beside one another, the first that has something to show wins. In virtual time."""

from __future__ import annotations

import pytest

import fallbackkit as fk
from fallbackkit import events
from fallbackkit.testing import Chunk, Fault, Script, Stream


def ask(run, clock, *plays, interruption="keep", retry=1, timeout=60, **hedge):
    """The Outcomes, the script, the breaker and the events of a hedged stream."""
    seen, breaker = [], fk.CircuitBreaker()
    script = Script(*plays, clock=clock)
    pipeline = fk.Pipeline(
        fk.Retry(attempts=retry, max_wait=0),
        fk.Hedge(**{"after": 1, **hedge}),
        breaker,
        fk.Timeout(timeout),
        clock=clock,
        name="ask",
        observers=[seen.append],
        interruption=interruption,
    )
    return run.stream(pipeline, script), script, breaker, seen


def slow(*texts, after=5.0):
    """A stream whose first word comes late."""
    return Stream(Chunk(texts[0], after=after), *[Chunk(text, after=0.1) for text in texts[1:]])


def test_the_hedge_shows_first_and_wins(run, clock):
    """45: one source is shown from its first word to its last, though the other would have come."""
    outcomes, script, breaker, seen = ask(run, clock, slow("slow ", "words"), slow("quick ", "words", after=0.5))
    assert ["", "quick ", "quick words", "quick words"] == [each.text for each in outcomes]
    assert ("answered", 2) == (outcomes[-1].status, len(script.calls))
    assert 1.6 == pytest.approx(outcomes[-1].duration)
    assert [events.Hedged] == [type(event) for event in seen if isinstance(event, events.Hedged)]
    assert (1, 0) == (breaker.snapshot().calls, breaker.snapshot().trials)


def test_the_first_shows_first_and_wins(run, clock):
    """45: the hedge that was started meanwhile is lost, and says nothing."""
    outcomes, script, *_ = ask(run, clock, slow("first ", "words", after=1.5), slow("late", after=9))
    assert ["", "first ", "first words", "first words"] == [each.text for each in outcomes]
    assert 2 == len(script.calls)


def test_no_hedge_after_the_first_word(run, clock):
    """45: an answer that is under way is not asked for again, however long it takes."""
    plays = Stream(*[Chunk("a", after=0.9)] * 10)
    outcomes, script, *_ = ask(run, clock, plays)
    assert ("a" * 10, 1) == (outcomes[-1].text, len(script.calls))


def test_the_winner_may_break_off(run, clock):
    """39: then the Outcome is interrupted with its words, and nobody else is asked."""
    broken = Stream(Chunk("quick ", after=0.2), Fault(kind="provider.5xx", after=1))
    outcomes, script, *_ = ask(run, clock, slow("slow "), broken, "never", retry=3)
    assert ("interrupted", "quick ", 2) == (outcomes[-1].status, outcomes[-1].text, len(script.calls))


def test_a_winner_that_breaks_off_is_withdrawn_if_so_chosen(run, clock):
    """39: with ``restart`` the words go, and Retry asks again."""
    broken = Stream(Chunk("quick ", after=0.2), Fault(kind="provider.5xx", after=1))
    again = slow("whole ", "answer", after=0.5)
    outcomes, *_ = ask(run, clock, slow("slow "), broken, again, retry=3, interruption="restart")
    assert ["", "quick ", "", "whole ", "whole answer", "whole answer"] == [each.text for each in outcomes]
    assert "working" == outcomes[2].status
    assert "answered" == outcomes[-1].status


def test_a_failure_before_the_first_word_waits_for_the_other(run, clock):
    """45: whoever is left may still answer."""
    outcomes, script, *_ = ask(run, clock, Stream(Fault(kind="provider.5xx", after=2)), slow("quick", after=3))
    assert ("answered", "quick", 2) == (outcomes[-1].status, outcomes[-1].text, len(script.calls))


def test_the_usual_wait_is_that_for_the_first_word(run, clock):
    """A stream tells how long it was silent, not how long it talked; a loser, how long it had been silent."""
    hedge = fk.Hedge("p50")
    pipeline = fk.Pipeline(hedge, clock=clock)
    for _ in range(20):
        run.stream(pipeline, Script(slow("first ", "words", after=3), clock=clock))
    run.stream(pipeline, Script(slow("slow", after=9), slow("quick ", "words", after=1), clock=clock))
    assert pytest.approx([3.0] * 20 + [4.0]) == sorted(hedge._usual._last)


def test_every_stream_is_closed(run, clock):
    """40, 45: the loser's too."""
    _, script, *_ = ask(run, clock, slow("slow ", "words"), slow("quick ", "words", after=0.5))
    clock.sleep(100)
    assert [True, True] == [stream.closed for stream in script.streams]


def test_abandoning_gives_up_all(run, clock):
    """40: closing the loop ends both attempts, and counts as nothing."""
    script = Script(slow("slow ", "words"), slow("quick ", "words", after=0.5), clock=clock)
    breaker = fk.CircuitBreaker()
    run.stream(fk.Pipeline(fk.Hedge(1), breaker, clock=clock), script, most=2)
    clock.sleep(100)
    assert [True, True] == [stream.closed for stream in script.streams]
    assert (0, 0) == (breaker.snapshot().calls, breaker.snapshot().trials)
