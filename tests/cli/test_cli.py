"""The command: what it prints, writes, refuses, and exits with."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from fallbackkit.cli import main


def test_a_drill_without_a_red_cell_exits_with_0(capsys):
    """The matrix is on the standard output."""
    assert 0 == main(["drill", "sample:good", "returns"])
    shown = capsys.readouterr()
    assert "provider.5xx" in shown.out
    assert "desk" in shown.out
    assert "" == shown.err


@pytest.mark.parametrize("name", ["bare", "broken"])
def test_a_drill_with_a_red_cell_exits_with_1(name, capsys):
    """A build stops there."""
    assert 1 == main(["drill", f"sample:{name}", "returns"])
    assert capsys.readouterr().out


def test_a_fallback_that_does_not_work_today_is_named(capsys):
    """Before it is needed."""
    main(["drill", "sample:broken", "returns"])
    assert "gone" in capsys.readouterr().out


def test_a_function_is_found_inside_of_something(capsys):
    """As module:Class.name."""
    assert 0 == main(["drill", "sample:Shop.ask", "returns"])
    assert capsys.readouterr().out


def test_the_report_is_json_on_demand(capsys):
    """What is printed can be read back."""
    main(["drill", "sample:good", "returns", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert report["cells"]


def test_the_build_servers_file_is_written(tmp_path, capsys):
    """And said on the other channel."""
    junit = tmp_path / "drill.xml"
    assert 0 == main(["drill", "sample:good", "returns", "--junit", str(junit)])
    assert f"wrote {junit}\n" == capsys.readouterr().err
    assert ET.parse(junit).getroot().tag in {"testsuites", "testsuite"}  # noqa: S314 - we wrote it


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["drill", "sample"], "'sample' does not say where the function is; write it as package.module:name"),
        (["drill", "nowhere:ask"], "start from the folder that holds it"),
        (["drill", "sample:missing"], "'sample' has no 'missing'; name the wrapped function in it"),
        (["drill", "sample:plain"], "sample:plain is not wrapped, but of type function; decorate it with protect(…)"),
        (["drill", "sample:good", "?", "--junit", "/nowhere/drill.xml"], "/nowhere/drill.xml cannot be written"),
        (["drill", "sample:good", "?", "--limit", "-1"], "`limit`"),
        (["doctor", "sample:plain"], "sample:plain is not wrapped"),
        (["doctor", "--drill", "/nowhere.json"], "/nowhere.json"),
        (["doctor", "--messages", "/nowhere/fr.toml"], "/nowhere/fr.toml"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(arguments, said, capsys):
    """Exit code 2, no traceback, and what to do."""
    assert 2 == main(arguments)
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.startswith(f"fallbackkit {arguments[0]}: ")
    assert "Traceback" not in shown


@pytest.mark.parametrize("arguments", [[], ["walk"], ["drill"], ["drill", "--limit", "soon", "sample:good"]])
def test_what_is_not_understood_exits_with_2(arguments, capsys):
    """And says how it is written."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert 2 == end.value.code
    assert "usage: fallbackkit" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["drill", "--help"], ["doctor", "--help"]])
def test_help_teaches(arguments, capsys):
    """Each command with an example; exit code 0."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert 0 == end.value.code
    shown = capsys.readouterr().out
    assert "fallbackkit drill" in shown if len(arguments) == 1 else "example: fallbackkit" in shown


def test_a_doctor_with_nothing_to_mend_exits_with_0(capsys, tmp_path):
    """If the fallbacks are rehearsed."""
    main(["drill", "sample:good", "returns", "--json"])
    report = tmp_path / "drill.json"
    report.write_text(capsys.readouterr().out, encoding="utf-8")
    assert 0 == main(["doctor", "sample:good", "--drill", str(report)])
    assert "Nothing to mend." in capsys.readouterr().out


def test_a_doctor_that_finds_something_exits_with_1(capsys):
    """Here a fallback that nobody has tried."""
    assert 1 == main(["doctor", "sample:good"])
    assert "never asked here and not rehearsed" in capsys.readouterr().out


def test_the_findings_are_json_on_demand(capsys):
    """For a dashboard."""
    main(["doctor", "--json"])
    assert "installed" in {finding["topic"] for finding in json.loads(capsys.readouterr().out)["findings"]}


def test_it_runs_as_a_command_and_as_a_module():
    """Both say the same."""
    command = Path(sys.executable).with_name("fallbackkit")
    shown = [
        subprocess.run([*start, "--help"], check=True, capture_output=True, text=True).stdout
        for start in ([command], [sys.executable, "-m", "fallbackkit"])
    ]
    assert shown[0] == shown[1]
    assert "doctor" in shown[0]
