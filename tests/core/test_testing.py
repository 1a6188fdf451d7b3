"""The tools that ``fallbackkit.testing`` ships."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import get_args

import pytest
from hypothesis import Phase, find, given, settings

import fallbackkit as fk
from fallbackkit._outcome import Status
from fallbackkit.errors import StopReason
from fallbackkit.testing import Chunk, FakeClock, Fault, Script, Stream, failures, fault_scripts, outcomes
from tests.core.test_any_chain import outcome_card

unshrunk = settings(phases=[Phase.generate], database=None, max_examples=2000, derandomize=True)
ALONE = """
import sys
sys.modules["hypothesis"] = None
from fallbackkit.testing import *
import fallbackkit.testing
assert FakeClock().now() == 0
for strategy in (outcomes, failures, fault_scripts):
    try:
        strategy()
    except ImportError as error:
        assert "pip install 'fallbackkit[testing]'" in str(error), error
    else:
        raise SystemExit("no ImportError")
"""


def test_hypothesis_is_needed_only_when_a_strategy_is_used():
    """Clock and script work without it; each strategy names what to install, in one sentence."""
    subprocess.run([sys.executable, "-c", ALONE], check=True, timeout=60)  # noqa: S603


@settings(max_examples=200)
@given(outcome=outcomes())
def test_any_outcome_can_be_shown_and_travels(outcome):
    """51: whatever is missing and however hostile, there are words, a card, and JSON both ways."""
    travelled = fk.Outcome.model_validate_json(outcome.model_dump_json())
    assert outcome.model_dump_json() == travelled.model_dump_json()
    for each in (outcome, travelled):
        notices = [each.notice(), each.notice(audience="operator"), each.notice(locale="xx")]
        assert all(notice.title for notice in notices)
        if outcome_card is not None:
            assert "<script" not in outcome_card(each)


@pytest.mark.parametrize("status", get_args(Status))
def test_outcomes_have_every_status(status):
    """None is left out, and each has what its status promises."""
    outcome = find(outcomes(), lambda outcome: outcome.status == status, settings=unshrunk)
    assert (outcome.ticket is not None) == (status in {"awaiting_review", "reviewed"})
    assert status not in {"answered", "degraded", "reviewed", "streaming"} or outcome.served_by is not None
    assert status != "interrupted" or (outcome.answer and outcome.failure and outcome.served_by is None)


@pytest.mark.parametrize("kind", fk.FailureKind)
def test_failures_have_every_kind(kind):
    """None is left out."""
    assert kind == find(failures(), lambda failure: failure.kind is kind, settings=unshrunk).kind


@pytest.mark.parametrize("reason", get_args(StopReason))
def test_failures_have_every_reason_to_stop(reason):
    """None is left out, and there are those without one."""
    assert reason == find(failures(), lambda failure: failure.stopped_by == reason, settings=unshrunk).stopped_by
    assert find(failures(), lambda failure: failure.stopped_by is None, settings=unshrunk)


@pytest.mark.parametrize(
    "piece",
    [
        lambda piece: isinstance(piece, str),
        lambda piece: isinstance(piece, Chunk) and piece.value is None and piece.after > 0,
        lambda piece: isinstance(piece, Fault) and piece.kind is not None,
        lambda piece: isinstance(piece, Fault) and piece.error is not None,
        lambda piece: piece == Fault(),
    ],
)
def test_fault_scripts_have_every_kind_of_stream(piece):
    """Texts, empty chunks, and each way to break off."""
    script = find(fault_scripts(streams=True), lambda script: any(map(piece, pieces(script))), settings=unshrunk)
    assert any(isinstance(play, Stream) for play in script.plays)


def test_fault_scripts_have_slow_streams():
    """Each piece may take its time."""
    slow = lambda script: any(isinstance(play, Stream) and play.every >= 5 for play in script.plays)  # noqa: E731
    assert find(fault_scripts(streams=True), slow, settings=unshrunk)


def pieces(script):
    """What the streams of a script are made of."""
    return [piece for play in script.plays if isinstance(play, Stream) for piece in play.pieces]


@given(script=fault_scripts(streams=True, hangs=False), plain=fault_scripts())
def test_fault_scripts_hang_and_stream_only_if_they_may(script, plain):
    """A pipeline without a limit, or for whole answers, can be tested with them, too."""
    assert Fault() not in [*script.plays, *pieces(script)]
    assert not any(isinstance(play, Stream) for play in plain.plays)


@given(script=fault_scripts(streams=True))
def test_whatever_a_script_plays_no_stream_stays_open(run, script):
    """40: streams that ended, failed, hung and came too late are closed, and the limit holds."""
    pipeline = fk.Pipeline(fk.Deadline(30), fk.Retry(), fk.Timeout(9, idle=3), clock=script.clock)
    seen = run.stream(pipeline, script)
    assert len(script.streams) == script.closed
    assert seen[-1].status not in {"working", "streaming"}
    assert seen[-1].duration <= 30


@given(script=fault_scripts(hangs=False))
def test_scripts_play_on_a_clock_of_their_own(script):
    """They start unplayed, at 0."""
    assert ([], 0.0) == (script.calls, script.clock.now())
    fk.Pipeline(clock=script.clock).outcome(script)
    assert [0.0] == script.calls


def test_a_script_plays_in_order_and_repeats_its_last(run, clock):
    """Values are returned, exceptions raised, Faults strike after their time."""
    script = Script("a", Fault(kind="provider.5xx", after=2), ValueError("x"), "z", clock=clock, takes=1)
    pipeline = fk.Pipeline(clock=clock)
    seen = [run.outcome(pipeline, script) for _ in range(5)]
    assert ["a", "", "", "z", "z"] == [outcome.text for outcome in seen]
    assert [0.0, 1.0, 3.0, 4.0, 5.0] == script.calls
    assert ["provider.5xx", "internal"] == [seen[n].failure.kind for n in (1, 2)]


def test_a_fault_of_no_kind_hangs_until_the_limit(run, clock):
    """However long that is."""
    outcome = run.outcome(fk.Pipeline(fk.Timeout(86_400), clock=clock), Script(Fault(after=1), clock=clock))
    assert ("timeout.first_byte", 86_400) == (outcome.failure.kind, clock.now())


def test_a_script_gives_each_play_to_one_call(clock):
    """However many threads ask at once."""
    script, gate, seen = Script(*range(2000), clock=clock), threading.Barrier(8), []

    def ask():
        gate.wait()
        seen.extend(script() for _ in range(250))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert list(range(2000)) == sorted(seen)


def test_a_script_without_plays_is_refused(clock):
    """There would be nothing to repeat."""
    with pytest.raises(ValueError, match="`plays` is empty"):
        Script(clock=clock)


def test_limits_on_one_clock_do_not_cut_sleeps_on_another():
    """Two clocks are two time lines."""
    outer, inner = FakeClock(), FakeClock(start=1000)
    assert "fine" == outer.limited(lambda: inner.sleep(50) or "fine", 8)
    assert (0.0, 1050.0) == (outer.now(), inner.now())
