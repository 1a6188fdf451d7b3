"""The stores of a cache: what both of them do, and what may happen to a file."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import sys
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit._cache import file as file_
from fallbackkit._cache.memory import Saved
from fallbackkit._shared import StoreDown
from fallbackkit.events import StoreLost, StoreRestored
from fallbackkit.testing import FakeClock
from tests.core.stores import Stores

few = settings(max_examples=40)
LONG = 1000.0


def saved(text, at=0.0, **facts):
    """An answer as a cache saves it."""
    return Saved(text, fk.Answer(text=text, **facts), at)


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def stores(request, tmp_path_factory):
    """Both kinds of store."""
    return Stores(request.param, tmp_path_factory.mktemp("stores"))


# --- what both do ---


def test_what_was_put_is_got(stores):
    """The answer and its time, until another one takes its place; under its own key only."""
    store = stores.new()
    whole = saved(
        "é\n\x00",
        1_800_000_000.123456,
        sources=(
            fk.Source(title="t", url="https://example.org", quote="q", updated_at=datetime(2027, 1, 1, tzinfo=UTC)),
        ),
        score=0.1 + 0.2,
        score_basis="measured",
        model="m",
        finish_reason="stop",
        created_at=datetime(2027, 1, 1, 1, 2, 3, 456789, tzinfo=UTC),
    )
    assert store.get("a") is None
    store.put("a", whole)
    assert (whole, None) == (store.get("a"), store.get("b"))
    store.put("a", saved("other"))
    assert saved("other") == store.get("a")


@few
@given(
    most=st.integers(1, 4),
    steps=st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans(), st.booleans()), max_size=40),
)
def test_the_bound_holds_and_the_right_one_goes(stores, most, steps):
    """Memory lets go what was not used for longest, a file what was saved first; a renewed answer is no new one."""
    store, model = stores.new(max_entries=most), OrderedDict()
    for number, (key, puts, gets) in enumerate(steps):
        if puts:
            store.put(key, saved(str(number)))
            model[key] = str(number)
        if gets:
            found = store.get(key)
            assert model.get(key) == (None if found is None else found.value)
        if stores.kind == "memory" and key in model and (puts or gets):
            model.move_to_end(key)
        while len(model) > most:
            model.popitem(last=False)
        assert [key for key in "abcdef" if key in model] == present(store)


def present(store):
    """The keys that are there, without using them."""
    if isinstance(store, fk.MemoryCache):
        return sorted(store._saved)
    other = fk.SQLiteCache(store.path)
    return [key for key in "abcdef" if other.get(key)]


def test_a_store_takes_many_threads(stores):
    """Each finds what it has put, whatever the others do."""
    store = stores.new(max_entries=1000)
    barrier = threading.Barrier(8)

    def work(name):
        barrier.wait(20)
        for number in range(25):
            store.put(f"{name} {number}", saved(f"{name} {number}"))
            assert f"{name} {number}" == store.get(f"{name} {number}").value

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert all(store.get(f"{name} {number}") for name in range(8) for number in range(25))


@pytest.mark.parametrize("most", [0, -1, 1.5, True, "9", None])
def test_a_bound_that_is_none_is_refused(stores, most):
    """With the argument and the value."""
    with pytest.raises(ValueError, match=rf"`max_entries` must be a whole number of 1 or more, got {most!r}"):
        stores.new(max_entries=most)


# --- a file ---


class Filed:
    """A pipeline with its answers in a file, and what is told of it."""

    def __init__(self, path, caplog):
        self.path = path
        self.log = caplog
        self.clock = FakeClock()
        self.events = []
        self.calls = 0
        self.store = fk.SQLiteCache(path, clock=self.clock)
        cache = fk.Cache(LONG * LONG, store=self.store)
        self.pipeline = fk.Pipeline(cache, clock=self.clock, name="ask", observers=[self.events.append])

    def ask(self, question="?"):
        """The kind of the step that answered."""

        def answer(_):
            self.calls += 1
            return "PRIVATE-ANSWER"

        outcome = self.pipeline.outcome(answer, question)
        assert ("answered", "PRIVATE-ANSWER") == (outcome.status, outcome.text)
        return outcome.served_by.kind

    def told(self):
        """Events of the store, and lines of the log, since the last time."""
        news = [type(event).__name__ for event in self.events if isinstance(event, StoreLost | StoreRestored)]
        assert {"sqlite"} >= {event.store for event in self.events if isinstance(event, StoreLost | StoreRestored)}
        self.events.clear()
        messages = list(self.log.messages)
        self.log.clear()
        assert not any("PRIVATE" in message for message in messages)
        return news, len(messages)


@pytest.fixture
def filed(tmp_path, caplog, monkeypatch):
    """A pipeline over a new file, with little patience."""
    monkeypatch.setattr(file_, "_PATIENCE", 0.02)
    with caplog.at_level(logging.WARNING, "fallbackkit"):
        it = Filed(tmp_path / "answers.db", caplog)
        yield it
        it.store.close()


def test_a_file_outlives_the_program(filed, caplog):
    """The next one finds what was saved, by the same name and arguments."""
    assert ["model", "cache"] == [filed.ask() for _ in range(2)]
    assert "cache" == Filed(filed.path, caplog).ask()
    assert ([], 0) == filed.told()


def test_the_file_says_nothing_of_the_question(filed):
    """The answer is there in plain JSON, and of what was asked a hash only."""
    filed.ask("PRIVATE-QUESTION")
    filed.store.close()
    written = b"".join(path.read_bytes() for path in filed.path.parent.iterdir())
    assert b'"text":"PRIVATE-ANSWER"' in written
    assert b"PRIVATE-QUESTION" not in written
    assert b"ask" not in written.replace(b"fk_answer", b"")


def test_a_locked_file_is_read_and_not_written(filed):
    """38: while another program holds it no call fails or waits long; once, that is said, and once, that it is over."""
    filed.ask("known")
    other = sqlite3.connect(filed.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert ["model", "cache", "model"] == [filed.ask(question) for question in ("new", "known", "new")]
    said = f"{filed.path} cannot be used as a cache (database is locked); until it can, answers are asked for anew"
    assert [said] == filed.log.messages
    assert (["StoreLost"], 1) == filed.told()
    other.execute("ROLLBACK")
    assert "model" == filed.ask("new")  # it is left alone for a while
    filed.clock.advance(10)
    assert ["model", "cache"] == [filed.ask("new") for _ in range(2)]
    assert (["StoreRestored"], 0) == filed.told()
    other.close()


def test_a_file_that_is_locked_for_reading_is_done_without(filed):
    """Also then each call is served, and the outage is one."""
    filed.ask("known")
    filed.store.close()
    other = sqlite3.connect(filed.path, isolation_level=None)
    for statement in ("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", "DELETE FROM fk_answer WHERE seq = 99"):
        other.execute(statement)
    for _ in range(3):
        assert ["model", "model"] == [filed.ask(question) for question in ("new", "known")]
        filed.clock.advance(11)
    assert (["StoreLost"], 1) == filed.told()
    other.execute("ROLLBACK")
    other.close()
    assert ["cache", "model", "cache"] == [filed.ask(question) for question in ("known", "new", "new")]
    assert (["StoreRestored"], 0) == filed.told()


def test_a_file_in_another_journal_mode_is_used_as_it_is(filed):
    """While somebody reads it, SQLite cannot change that."""
    filed.ask("known")
    filed.store.close()
    other = sqlite3.connect(filed.path, isolation_level=None)
    for statement in ("PRAGMA journal_mode = DELETE", "BEGIN", "SELECT * FROM fk_answer"):
        other.execute(statement).fetchall()
    assert ("cache", ([], 0)) == (filed.ask("known"), filed.told())
    other.close()


@pytest.mark.parametrize("size", [None, 100, 5000])
def test_a_broken_file_is_done_without(filed, size):
    """Garbage, or the first part of what it was; it is not written over, and used again when it is mended."""
    filed.ask("known")
    filed.store.close()
    good = filed.path.read_bytes()
    broken = b"no database at all " * 1000 if size is None else good[:size]
    filed.path.write_bytes(broken)
    for _ in range(2):
        assert ["model", "model"] == [filed.ask(question) for question in ("new", "known")]
        filed.clock.advance(11)
    assert broken == filed.path.read_bytes()
    filed.path.write_bytes(good)
    assert ["cache", "model", "cache"] == [filed.ask(question) for question in ("known", "new", "new")]
    assert (["StoreLost", "StoreRestored"], 1) == filed.told()


def test_an_empty_file_becomes_a_cache(filed):
    """That is what a database is that has just been made."""
    filed.path.touch()
    assert (["model", "cache"], ([], 0)) == ([filed.ask() for _ in range(2)], filed.told())


def test_a_file_that_was_removed_is_made_again(filed):
    """While it is open, and also if its whole folder comes and goes."""
    filed.ask()
    filed.path.unlink()
    assert ["model", "cache"] == [filed.ask() for _ in range(2)]
    assert filed.path.exists()
    shutil.move(filed.path.parent, filed.path.parent.with_name("elsewhere"))
    assert ["model", "model"] == [filed.ask() for _ in range(2)]
    assert (["StoreLost"], 1) == filed.told()
    filed.path.parent.mkdir()
    filed.clock.advance(11)
    assert ["model", "cache"] == [filed.ask() for _ in range(2)]
    assert (["StoreRestored"], 0) == filed.told()


def test_a_file_that_was_put_in_its_place_is_used(filed, caplog):
    """A backup that was restored, say."""
    backup = Filed(filed.path.with_name("backup.db"), caplog)
    backup.ask("in the backup")
    backup.store.close()
    filed.ask("new")
    backup.path.replace(filed.path)
    for name in ("answers.db-wal", "answers.db-shm"):
        filed.path.with_name(name).unlink(missing_ok=True)
    assert ["cache", "model"] == [filed.ask(question) for question in ("in the backup", "new")]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE fk_answer SET answer = 'no json'",
        "UPDATE fk_answer SET answer = x'ff00'",
        "UPDATE fk_answer SET answer = '{}'",
        "UPDATE fk_answer SET answer = 7",
        "UPDATE fk_answer SET at = 'then'",
    ],
)
def test_a_row_that_nobody_can_read_is_not_there(filed, change):
    """That of another version, say. It is replaced by the next answer."""
    filed.ask()
    other = sqlite3.connect(filed.path)
    other.execute(change)
    other.commit()
    other.close()
    assert (["model", "cache"], ([], 0)) == ([filed.ask() for _ in range(2)], filed.told())


def test_a_table_of_somebody_else_is_left_alone(filed):
    """One of the same name, with other columns."""
    other = sqlite3.connect(filed.path)
    other.execute("CREATE TABLE fk_answer (question TEXT)")
    other.commit()
    other.close()
    assert (["model", "model"], (["StoreLost"], 1)) == ([filed.ask() for _ in range(2)], filed.told())


def test_a_thread_that_holds_the_file_too_long_is_not_waited_for(filed):
    """A disk that hangs, under another call."""
    filed.ask()
    with file_._inside:
        assert "model" == filed.ask()
    assert (["StoreLost"], 1) == filed.told()


def test_news_are_told_once_to_whoever_has_observers(filed, caplog):
    """However many calls find it gone at the same time."""
    filed.path.write_bytes(b"no database at all " * 1000)
    barrier = threading.Barrier(8)

    def ask(number):
        barrier.wait(20)
        return filed.ask(str(number))

    with ThreadPoolExecutor(8) as pool:
        assert ["model"] * 8 == list(pool.map(ask, range(8)))
    assert (["StoreLost"], 1) == filed.told()


def test_a_store_that_is_down_says_so_at_once(filed):
    """For ten seconds it does not try, each way for itself."""
    filed.path.write_bytes(b"no database at all " * 1000)
    for _ in range(2):
        with pytest.raises(StoreDown):
            filed.store.get("a")
    filed.path.unlink()
    with pytest.raises(StoreDown):
        filed.store.get("a")
    filed.store.put("a", saved("x"))
    assert [StoreLost] == list(filed.store.news)
    filed.clock.advance(9.9)
    with pytest.raises(StoreDown):
        filed.store.get("a")
    filed.clock.advance(0.1)
    assert "x" == filed.store.get("a").value
    assert [StoreLost, StoreRestored] == list(filed.store.news)


# --- construction ---


@pytest.mark.parametrize(
    ("path", "error", "sentence"),
    [
        (7, TypeError, r"`path` must be the path of a file, got 7"),
        (None, TypeError, r"`path` must be the path of a file, got None"),
        ("", ValueError, r"`path` must be the path of a file.*MemoryCache"),
        (":memory:", ValueError, r"got ':memory:'; in memory use MemoryCache\(\)"),
        ("sqlite://", ValueError, r"got 'sqlite://'"),
        ("sqlite:///:memory:", ValueError, r"got 'sqlite:///:memory:'"),
        ("postgresql://host/db", ValueError, r"`path` must be the path of a file"),
        (".", ValueError, r"`path` must name a file, got '.'; .* is a folder, name a file in it"),
        (
            "no/such/folder/a.db",
            ValueError,
            r"in a folder that exists, got 'no/such/folder/a.db'; create .*/no/such/folder first",
        ),
    ],
)
def test_places_where_no_file_can_be_are_refused(tmp_path, monkeypatch, path, error, sentence):
    """At once, with the value and what to do."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=sentence):
        fk.SQLiteCache(path)


def test_a_place_may_be_said_in_three_ways(tmp_path, monkeypatch):
    """As a string, a path, or in SQLAlchemy's form; relative to where it was made."""
    monkeypatch.chdir(tmp_path)
    places = ["a.db", Path("a.db"), "sqlite:///a.db", f"sqlite:///{tmp_path}/a.db", tmp_path / "a.db"]
    stores = [fk.SQLiteCache(place) for place in places]
    assert {tmp_path / "a.db"} == {store.path for store in stores}
    assert f"SQLiteCache('{tmp_path}/a.db', max_entries=10000)" == repr(stores[0])
    monkeypatch.chdir("/")
    stores[0].put("key", saved("x"))
    assert "x" == stores[1].get("key").value
    assert [] == list(Path("/").glob("a.db*"))


def test_a_broken_file_does_not_stop_the_program_from_starting(tmp_path):
    """A cache is no reason not to serve."""
    (tmp_path / "a.db").write_bytes(b"no database at all " * 1000)
    assert fk.SQLiteCache(tmp_path / "a.db")


def test_without_sqlalchemy_there_is_one_sentence(tmp_path, monkeypatch):
    """That says what to install."""
    monkeypatch.delitem(sys.modules, "fallbackkit._cache.file")
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(
        ImportError, match=r"^SQLiteCache keeps its answers with SQLAlchemy: install fallbackkit\[store\]\.$"
    ):
        fk.SQLiteCache(tmp_path / "a.db")


def test_a_cache_that_is_let_go_leaves_no_open_file(tmp_path):
    """Nor does one that was closed; that one opens it again."""
    store = fk.SQLiteCache(tmp_path / "a.db")
    store.put("key", saved("x"))
    store.close()
    assert ["a.db"] == [path.name for path in tmp_path.iterdir()]
    assert "x" == store.get("key").value
    del store
    assert ["a.db"] == [path.name for path in tmp_path.iterdir()]
