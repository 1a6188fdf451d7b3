from __future__ import annotations

import subprocess
import sys
import warnings
from importlib.metadata import entry_points

import fallbackkit as fk
from fallbackkit.testing import FakeClock, Script

pytest_plugins = "pytester"

ALONE = ("-p", "no:asyncio", "-p", "no:cacheprovider")
USED = """
import fallbackkit as fk
from fallbackkit.testing import Fault

def test_it_waits_as_told(fault_clock, fault_script):
    script = fault_script(Fault(kind="rate.shared", retry_after=8), "fine")
    assert "fine" == fk.Pipeline(fk.Retry(), clock=fault_clock).outcome(script).text
    assert script.calls[1] >= 8

def test_each_test_has_its_own(fault_clock):
    assert 0 == fault_clock.now()
"""
LOADS = """
import pytest, sys
before = set(sys.modules)
import fallbackkit.testing._plugin
print(*sorted(set(sys.modules) - before))
"""


def test_pytest_finds_the_plugin():
    """Installing the kit is all it takes."""
    found = entry_points(group="pytest11", name="fallbackkit")
    assert ["fallbackkit.testing._plugin"] == [plugin.value for plugin in found]


def test_the_fixtures_serve_tests_outside(pytester):
    """As somebody's own test file uses them."""
    pytester.makepyfile(USED)
    pytester.runpytest_subprocess(*ALONE).assert_outcomes(passed=2)


def test_the_fixtures_explain_themselves(pytester):
    """``pytest --fixtures`` says what they are for."""
    pytester.runpytest_subprocess(*ALONE, "--fixtures").stdout.fnmatch_lines(
        ["fault_clock*", "*``clock=``*", "fault_script*", "*Scripts*"]
    )


def test_a_script_of_the_fixture_runs_on_the_clock_of_the_fixture(fault_clock, fault_script):
    """And takes what a Script takes."""
    script = fault_script("fine", takes=3)
    assert (FakeClock, Script) == (type(fault_clock), type(script))
    assert ("fine", 3) == (script("How?"), fault_clock.now())


def test_loading_the_plugin_loads_nothing_else():
    """It is loaded in every run, also where no test needs it; pytest is all that it imports."""
    done = subprocess.run([sys.executable, "-c", LOADS], check=True, capture_output=True, text=True, timeout=60)  # noqa: S603
    assert ["fallbackkit", "fallbackkit.testing", "fallbackkit.testing._plugin"] == done.stdout.split()


def test_a_pipeline_for_each_test_is_as_it_should_be(fault_script):
    """The warning about pipelines that are built for one call each is not for those on a clock of a test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(50):
            script = fault_script("fine")
            assert "fine" == fk.Pipeline(fk.CircuitBreaker(), clock=script.clock).outcome(script).text
