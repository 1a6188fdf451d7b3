"""Processes that share one file, and some that are killed."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import fallbackkit as fk

WORKERS = Path(__file__).with_name("workers.py")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def watch(scene, file):
    """Play a scene of the workers on a file; return what its processes noted."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(WORKERS), scene, str(file)]
    run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)  # noqa: S603 - our own script
    assert 0 == run.returncode, run.stderr
    notes = [json.loads(line) for line in run.stdout.splitlines()]
    assert [] == [note for note in notes if note[0] == "error"]
    return notes


def the(notes, what):
    """The facts that were noted with a word."""
    return [note[1:] for note in notes if note[0] == what]


def whole(file):
    """How many answers there are, after the file has passed SQLite's own checks."""
    database = sqlite3.connect(file)
    assert [("ok",)] == database.execute("PRAGMA integrity_check").fetchall()
    [[found]] = database.execute("SELECT count(*) FROM fk_answer").fetchall()
    database.close()
    return found


def test_kill_9_leaves_a_readable_file(tmp_path):
    """Killed at any moment, writers leave every answer that was kept, and nothing half written."""
    file = tmp_path / "answers.db"
    notes = watch("crash", file)
    assert 28 == len(the(notes, "killed"))
    kept = the(notes, "saved")
    assert len(kept) >= 50
    assert len(kept) <= whole(file)
    store = fk.SQLiteCache(file)
    assert all(text == store.get(key).answer.text == store.get(key).value for key, text in kept)


def test_two_processes_share_one_file(tmp_path):
    """What one of them asked the other need not ask, unless both ask at once; nobody gets a wrong answer."""
    notes = watch("share", tmp_path / "answers.db")
    assert [(f"answer to {question}", "answered") for question, *_ in the(notes, "got")] == [
        (text, status) for _, text, status in the(notes, "got")
    ]
    assert 2 * 4 * 80 == len(the(notes, "got"))
    asked = [tuple(facts) for facts in the(notes, "asked")]
    assert len(asked) == len(set(asked))  # each process asks once
    assert 40 <= len(asked) < 80
    assert 40 == whole(tmp_path / "answers.db")


def test_processes_that_start_together_share_one_new_file(tmp_path):
    """The first to come makes the table; the others wait for it, and none of them does without."""
    notes = watch("open", tmp_path / "answers.db")
    assert [] == the(notes, "down")
    assert [30] * 5 == [whole(f"{tmp_path}/answers.db{number}") for number in range(5)]


def test_a_cache_made_before_a_fork_serves_parent_and_children(tmp_path):
    """A pre-forking server may make it first, and fork while it is in use: no connection is carried over."""
    file = tmp_path / "answers.db"
    notes = watch("inherit", file)
    assert {f"child{each}": False for each in range(6)}.items() <= dict(the(notes, "carried")).items()
    assert 71 == len(the(notes, "saved"))
    store = fk.SQLiteCache(file)
    assert all(text == store.get(key).value for key, text in the(notes, "saved"))
    assert 76 == whole(file)


def test_a_full_disk_fails_no_call(tmp_path):
    """What was kept is still found, what is new is asked for, and the observers hear of it once."""
    notes = watch("full", tmp_path / "answers.db")
    assert ["answered"] * 100 == [status for _, status in the(notes, "got")]
    assert [[["cache", "model"]]] == the(notes, "kinds")
    assert [[1, 0]] == the(notes, "seen")
    assert 1 <= whole(tmp_path / "answers.db") < 100
