"""What only its owner can mend is told, and not hidden by a fallback."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit._alerts import Alerts
from fallbackkit.events import Alerted
from fallbackkit.testing import Fault, Script, Stream

OURS = ["auth.config", "internal", "quota.billing"]
SECRET = "sk-proj-0123456789abcdef0123"


class Unheard(Exception):
    """An error that no rule knows."""


def told(run, clock, *plays, rungs=("served",)):
    """The pipeline, the Alerted events, and the outcomes after each play."""
    events = []
    script = Script(*plays, clock=clock)
    fallback = fk.Fallback(fk.Rung(run.fn(lambda: rungs[0]), "rule", name="desk"))
    pipeline = fk.Pipeline(fallback, fk.Retry(), clock=clock, name="ask", observers=[events.append])
    outcomes = [run.outcome(pipeline, script) for _ in plays]
    return pipeline, [event for event in events if isinstance(event, Alerted)], outcomes


@pytest.mark.parametrize("kind", OURS)
def test_the_owner_is_told_of_what_a_fallback_hides(run, clock, kind, caplog):
    """People are served, and the log says once who has to act."""
    _, alerts, outcomes = told(run, clock, Fault(kind=kind))
    assert ["degraded"] == [outcome.status for outcome in outcomes]
    assert [(1, kind, "ask")] == [(alert.times, alert.failure.kind, alert.step) for alert in alerts]
    line = f"`ask` needs its owner: fallbackkit.errors.CannotAnswer, {kind} in step `ask`, 1 so far; "
    assert [f"{line}no retry and no fallback mends it"] == caplog.messages


@pytest.mark.parametrize("kind", [kind for kind in fk.FailureKind if kind not in OURS])
def test_an_outage_is_no_bug(run, clock, kind, caplog):
    """What passes by itself, or is the asker's, wakes nobody up."""
    _, alerts, _ = told(run, clock, Fault(kind=kind))
    assert ([], []) == (alerts, caplog.messages)


def test_each_class_of_error_is_told_of_by_itself(run, clock):
    """A second bug is not hidden behind a first; the same one again is not told twice."""
    pipeline, alerts, _ = told(run, clock, TypeError("a"), KeyError("b"), TypeError("c"))
    assert ["TypeError", "KeyError"] == [type(alert.failure.error).__name__ for alert in alerts]
    assert {"builtins.TypeError, internal": 2, "builtins.KeyError, internal": 1} == pipeline.alerts.counts()


def test_nothing_is_hidden_for_ever(run, clock):
    """The tenth and the hundredth time are told, and how often it was."""
    _, alerts, _ = told(run, clock, *[TypeError()] * 110)
    assert [1, 10, 100] == [alert.times for alert in alerts]


def test_no_text_of_the_error_goes_along(run, clock, caplog):
    """Neither a prompt nor a key comes into the log or the counts."""
    pipeline, _, _ = told(run, clock, TypeError(f"{SECRET} is my salary higher"))
    seen = f"{caplog.text} {pipeline.alerts.counts()}"
    assert "needs its owner" in seen
    assert SECRET not in seen
    assert "salary" not in seen


def test_a_stream_that_breaks_by_a_bug_is_told(run, clock):
    """Not only what raises before it begins."""
    _, alerts, _ = told(run, clock, Stream("Hello", Fault(error=TypeError())))
    assert [1] == [alert.times for alert in alerts]


def test_a_bug_in_a_layer_is_counted(run, clock):
    """A check that raises is our own bug, too."""
    pipeline = fk.Pipeline(fk.Validate(check=lambda _: 1 / 0), clock=clock, name="ask")
    run.outcome(pipeline, Script("fine", clock=clock))
    assert {"builtins.ZeroDivisionError, internal": 1} == pipeline.alerts.counts()


@given(st.lists(st.sampled_from(fk.FailureKind), max_size=40))
def test_every_failure_of_ours_is_counted_once(kinds):
    """Nothing is lost and nothing is counted twice."""
    alerts = Alerts()
    for kind in kinds:
        alerts.note(fk.Failure(kind=kind))
    assert sum(kind in OURS for kind in kinds) == sum(alerts.counts().values())


def test_the_counts_are_bounded():
    """Classes made on the fly cannot fill the memory."""
    alerts = Alerts()
    for n in range(1000):
        alerts.note(fk.Failure(kind="internal", gap=f"made.Up{n}"))
    assert 200 == len(alerts.counts())
