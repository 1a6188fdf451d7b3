"""A cache against a model in plain Python, over both stores, in a thread and in an event loop."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections import OrderedDict
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import fallbackkit as fk
from fallbackkit import events
from fallbackkit.testing import FakeClock
from tests.core.conftest import Run
from tests.core.stores import Calls

TTL, RENEWED, ON_ERROR, SHOWN = 10.0, 15.0, 40.0, 45.0
MOST = 3


class CacheMachine(RuleBasedStateMachine):
    """38: what a call gets, what is asked for it, and what is kept, whatever happened before."""

    kind = way = "?"

    @initialize()
    def build(self):
        self.folder = tempfile.TemporaryDirectory()
        self.file = Path(self.folder.name, "answers.db")
        self.runner = asyncio.Runner()
        self.clock = FakeClock()
        self.calls = Calls(Run(self.way, self.runner), self.clock)
        self.events = []
        self.asked = []
        self.saved = OrderedDict()
        self.fine = True
        self.open()

    def open(self):
        self.store = fk.MemoryCache(MOST) if self.kind == "memory" else fk.SQLiteCache(self.file, max_entries=MOST)
        cache = fk.Cache(
            TTL,
            stale_while_revalidate=RENEWED,
            stale_if_error=ON_ERROR,
            max_age_shown=SHOWN,
            store=self.store,
            key=str,
        )
        self.pipeline = fk.Pipeline(cache, clock=self.clock, observers=[self.events.append], name="ask")

    def answer(self, question):
        self.asked.append(question)
        if not self.fine:
            raise ConnectionError
        return f"{question} {len(self.asked)}"

    @rule(question=st.sampled_from("abcde"), fine=st.booleans())
    def ask(self, question, fine):
        self.fine = fine
        entered, told = len(self.asked), len(self.events)
        outcome = self.calls.run.outcome(self.pipeline, self.answer, question)
        status, text, age, loads = self.expected(question, fine)
        assert (status, text) == (outcome.status, outcome.text)
        hits = [(e.age, e.stale) for e in self.events[told:] if type(e) is events.CacheHit]
        assert ([] if age is None else [(age, status == "degraded")]) == hits
        self.calls.rest()
        assert loads == len(self.asked) - entered

    def expected(self, question, fine):
        """Status, text, age if it was saved, and how often the function is entered."""
        now, text = self.clock.now(), f"{question} {len(self.asked)}"
        old, at = self.saved.get(question, ("", -1e9))
        if self.kind == "memory" and question in self.saved:
            self.saved.move_to_end(question)
        age = now - at if now - at <= SHOWN else 1e9
        if age <= TTL:
            return "answered", old, age, 0
        if age <= TTL + RENEWED:
            if fine:
                self.keep(question, f"{question} {len(self.asked) + 1}", now)
            return "degraded", old, age, 1
        if fine:
            self.keep(question, text, now)
            return "answered", text, None, 1
        return ("degraded", old, age, 1) if age <= TTL + ON_ERROR else ("unavailable", "", None, 1)

    def keep(self, question, text, now):
        self.saved[question] = (text, now)
        if self.kind == "memory":
            self.saved.move_to_end(question)
        if len(self.saved) > MOST:
            self.saved.popitem(last=False)

    @rule(seconds=st.sampled_from([1.0, TTL, TTL + 0.5, RENEWED, 20.0, ON_ERROR]))
    def pass_time(self, seconds):
        self.clock.advance(seconds)

    @precondition(lambda self: self.kind == "sqlite")
    @rule(gone=st.booleans())
    def start_again(self, gone):
        """With the file, or after somebody has removed it."""
        self.store.close()
        if gone:
            self.file.unlink(missing_ok=True)
            self.saved.clear()
        else:
            self.open()

    @invariant()
    def nothing_is_under_way(self):
        if hasattr(self, "pipeline"):
            assert {} == self.pipeline.strategies[0]._flights._flights

    @invariant()
    def what_is_kept_is_what_should_be(self):
        if self.kind == "memory" and hasattr(self, "store"):
            assert len(self.saved) == len(self.store._saved)
        elif hasattr(self, "file") and self.file.exists():
            database = sqlite3.connect(self.file)
            assert [(len(self.saved),)] == database.execute("SELECT count(*) FROM fk_answer").fetchall()
            database.close()

    def teardown(self):
        if hasattr(self, "folder"):
            getattr(self.store, "close", lambda: None)()
            self.runner.close()
            self.folder.cleanup()


def machine(kind, way, examples):
    """The test of one kind of store in one way of serving."""
    made = type(f"{kind}_{way}", (CacheMachine,), {"kind": kind, "way": way}).TestCase
    made.settings = settings(max_examples=examples, stateful_step_count=30, deadline=None)
    return made


TestMemory = machine("memory", "sync", 100)
TestMemoryInALoop = machine("memory", "async", 50)
TestSQLite = machine("sqlite", "sync", 30)
TestSQLiteInALoop = machine("sqlite", "async", 20)
