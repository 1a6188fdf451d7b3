"""The tools that ``fallbackkit.testing`` ships."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest
from hypothesis import Phase, find, given, settings

import fallbackkit as fk
from fallbackkit._outcome import Status
from fallbackkit.testing import FakeClock, Fault, Script, fault_scripts, outcomes
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
    assert status not in {"answered", "degraded", "reviewed"} or outcome.served_by is not None


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


def test_a_script_without_plays_is_refused(clock):
    """There would be nothing to repeat."""
    with pytest.raises(ValueError, match="`plays` is empty"):
        Script(clock=clock)


def test_limits_on_one_clock_do_not_cut_sleeps_on_another():
    """Two clocks are two time lines."""
    outer, inner = FakeClock(), FakeClock(start=1000)
    assert "fine" == outer.limited(lambda: inner.sleep(50) or "fine", 8)
    assert (0.0, 1050.0) == (outer.now(), inner.now())
