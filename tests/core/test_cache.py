"""38, without its streams: which answers are saved, for how long, and what is said of their age."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit import events
from fallbackkit.testing import FakeClock, Fault, Script

few = settings(max_examples=40)
DOWN = Fault(kind="provider.5xx")


@few
@given(ttl=st.floats(1, 100), stale=st.floats(0, 100), age=st.floats(0, 300))
def test_a_saved_answer_is_given_for_its_time_and_a_stale_one_only_if_asking_fails(run, ttl, stale, age):
    """Up to ``ttl`` without asking; up to ``stale_if_error`` more after a failure, marked; then not at all."""
    clock, seen = FakeClock(), []
    script = Script("saved", DOWN, clock=clock)
    cache = fk.Cache(ttl, stale_if_error=stale)
    pipeline = fk.Pipeline(cache, clock=clock, observers=[seen.append])
    run.outcome(pipeline, script, "?")
    clock.advance(age)
    outcome = run.outcome(pipeline, script, "?")
    fresh = age <= ttl
    given = age <= ttl + stale
    assert ("saved" if given else "") == outcome.text
    assert (1 if fresh else 2) == len(script.calls)
    assert ("answered" if fresh else "degraded" if given else "unavailable") == outcome.status
    assert (() if fresh else ("provider.5xx", "cache.stale") if given else ("provider.5xx",)) == outcome.reasons
    assert [(age, not fresh)] * given == [(e.age, e.stale) for e in seen if type(e) is events.CacheHit]
    assert not given or "cache" == outcome.served_by.kind
    assert not given or clock.time() - outcome.answer.created_at.timestamp() == pytest.approx(age, abs=1e-3)


def test_a_saved_answer_keeps_its_first_date(run, clock):
    """Giving it again makes it no younger; a date of its own is kept."""
    asked_at = datetime.fromtimestamp(clock.time(), UTC)
    first = datetime(2027, 1, 1, tzinfo=UTC)
    answers = {"dated": fk.Answer(text="x", created_at=first), "undated": "x"}
    pipeline = fk.Pipeline(fk.Cache(100), clock=clock)
    for question in answers:
        run.outcome(pipeline, answers.get, question)
    for _ in range(2):
        clock.advance(10)
        given = [run.outcome(pipeline, answers.get, question).answer.created_at for question in answers]
        assert [first, asked_at] == given


def test_a_failure_and_an_unsure_answer_are_not_saved(run, clock):
    """Only what passed the layers inside is given again."""
    for bad, chain in (
        (DOWN, []),
        ("", [fk.Validate()]),
        (fk.Answer(text="unsure", score=0.1), [fk.ConfidenceGate(0.5)]),
        (fk.Answer(text="unsure", score=0.1), [fk.ConfidenceGate(0.5, below="hedge")]),
    ):
        script = Script(bad, fk.Answer(text="good", score=0.9), clock=clock)
        pipeline = fk.Pipeline(fk.Cache(100), *chain, clock=clock)
        run.outcome(pipeline, script, "?")
        assert ["good", "good"] == [run.outcome(pipeline, script, "?").text for _ in range(2)]
        assert 2 == len(script.calls)


def test_each_question_has_its_own_answer(run, clock):
    """Arguments, their names, the function and the version tell answers apart."""
    cache = fk.Cache(100)
    asked = []

    def ask(*args, **kwargs):
        asked.append((args, kwargs))
        return f"answer {len(asked)}"

    pipeline = fk.Pipeline(cache, clock=clock)
    questions = [(("a",), {}), (("b",), {}), (("a", "b"), {}), (("a",), {"k": "b"}), ((), {"k": "b"})]
    for _ in range(2):
        for n, (args, kwargs) in enumerate(questions, 1):
            assert f"answer {n}" == run.outcome(pipeline, ask, *args, **kwargs).text
    assert "answer 6" == run.outcome(fk.Pipeline(cache, name="other", clock=clock), ask, "a").text


def test_a_new_version_forgets(run, clock):
    """After a change of the prompt nothing of the old one is given."""
    script = Script("old", "new", clock=clock)
    old, new = fk.Cache(100, version="1"), fk.Cache(100, version="2")
    new._saved = old._saved
    asked = [run.outcome(fk.Pipeline(cache, clock=clock), script, "?").text for cache in (old, old, new, new, old)]
    assert ["old", "old", "new", "new", "old"] == asked


def test_unhashable_arguments_are_served_unsaved(run, clock):
    """They work, and are asked each time, unless ``key`` makes a key of them."""
    script = Script("fine", clock=clock)
    for cache, entries in ((fk.Cache(100), 2), (fk.Cache(100, key=str), 1)):
        script.calls.clear()
        pipeline = fk.Pipeline(cache, clock=clock)
        assert ["fine"] * 2 == [run.outcome(pipeline, script, [{"role": "user"}]).text for _ in range(2)]
        assert entries == len(script.calls)


def test_the_least_recently_used_answer_goes_first(run, clock):
    """The bound holds, and use keeps an answer."""
    asked = []
    pipeline = fk.Pipeline(fk.Cache(100, max_entries=2), clock=clock)

    def ask(question):
        asked.append(question)
        return question

    for question in "abacab":
        run.outcome(pipeline, ask, question)
    assert list("abcb") == asked


def test_the_parsed_answer_is_saved_with_its_data(run, clock):
    """What Validate made of the text is there again."""
    pipeline = fk.Pipeline(fk.Cache(100), fk.Validate(schema=list[int]), clock=clock)
    script = Script("[1, 2]", clock=clock)
    assert [[1, 2]] * 2 == [run.outcome(pipeline, script, "?").answer.data for _ in range(2)]
    assert 1 == len(script.calls)
