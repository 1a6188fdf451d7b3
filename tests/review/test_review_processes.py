from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from fallbackkit.review import ReviewQueue
from fallbackkit.testing import FakeClock

NURSERY = Path(__file__).with_name("nursery.py")


def watch(scene: str, file: Path) -> list[list]:
    """Play a scene of the nursery on a file; return what its processes noted."""
    command = [sys.executable, str(NURSERY), scene, f"sqlite:///{file}"]
    run = subprocess.run(  # noqa: S603 - our own script
        command, check=False, capture_output=True, text=True, timeout=60
    )
    assert 0 == run.returncode, run.stderr
    notes = [json.loads(line) for line in run.stdout.splitlines()]
    assert [] == [note for note in notes if note[0] == "error"]
    return notes


def ids(notes: list[list], what: str) -> list[str]:
    """The ids that were noted with a word."""
    return [note[1] for note in notes if note[0] == what]


def events(file: Path) -> list[tuple[str, str]]:
    """Every event as item and kind, after the file has passed SQLite's own checks."""
    database = sqlite3.connect(file)
    assert [("ok",)] == database.execute("PRAGMA integrity_check").fetchall()
    assert [] == database.execute("PRAGMA foreign_key_check").fetchall()
    found = database.execute("SELECT item_id, kind FROM fk_event").fetchall()
    database.close()
    return found


def test_nothing_acknowledged_is_lost_under_kill_9(tmp_path):
    """Killed at any moment, the queue keeps each acknowledged ticket and each acknowledged decision, once."""
    file = tmp_path / "reviews.db"
    notes = watch("crash", file)
    assert 28 == len(ids(notes, "killed"))
    assert len(ids(notes, "decided")) >= 10
    counts = Counter(events(file))
    assert all(counts[id_, "enqueued"] == 1 for id_ in ids(notes, "enqueued"))
    assert {1} == {times for (_, kind), times in counts.items() if kind == "decided"}
    queue = ReviewQueue(f"sqlite:///{file}", clock=FakeClock(epoch=time.time() + 60))
    assert 0 == queue.stats()["claimed"]
    for _, id_, said in (note for note in notes if note[0] == "decided"):
        assert said == queue.get(id_).decision.text
    for item in queue.search(limit=10_000):
        history = queue.events(item.id)
        assert (item.version, item.state) == (len(history) - 1, history[-1].after)
    queue.close()


def test_nobody_gets_a_ticket_twice(tmp_path):
    """Two processes with eight threads each share out 200 tickets, each to one of them."""
    notes = watch("claim", tmp_path / "reviews.db")
    assert sorted(ids(notes, "enqueued")) == sorted(ids(notes, "claimed"))


def test_processes_that_start_together_share_one_new_file(tmp_path):
    """The first to come makes the tables; the others wait for it."""
    assert 8 == len(ids(watch("open", tmp_path / "reviews.db"), "enqueued"))
    assert [4] * 2 == [len(events(tmp_path / f"reviews.db{number}")) for number in range(2)]


def test_a_queue_made_before_a_fork_serves_parent_and_children(tmp_path):
    """A pre-forking server may make its queue first: no connection is carried over, nothing is lost."""
    file = tmp_path / "reviews.db"
    notes = watch("inherit", file)
    assert [0, 0, 0, 0] == ids(notes, "carried")
    assert 51 == len(events(file))
    assert set(ids(notes, "enqueued")) < {id_ for id_, _ in events(file)}
