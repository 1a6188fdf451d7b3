from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy import (
    URL,
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    StaticPool,
    Table,
    Text,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    select,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Row

__all__ = ["AnswerFile"]

_PATIENCE = 1.0
"""Seconds to wait for whoever else is writing."""

_answers = Table(
    "fk_answer",
    MetaData(),
    Column("seq", Integer, primary_key=True),
    Column("key", LargeBinary, nullable=False, unique=True),
    Column("at", Float, nullable=False),
    Column("form", Text, nullable=False),
    Column("answer", LargeBinary, nullable=False),
)
_create = str(CreateTable(_answers, if_not_exists=True))
_find = select(_answers.c.at, _answers.c.form, _answers.c.answer).where(_answers.c.key == bindparam("key"))
_new = insert(_answers)
# One that is renewed keeps its number: so the numbers have no gaps, and the last n of them are n answers.
_put = _new.on_conflict_do_update(
    index_elements=["key"], set_={name: _new.excluded[name] for name in ("at", "form", "answer")}
)
_keep = delete(_answers).where(_answers.c.seq <= select(func.max(_answers.c.seq)).scalar_subquery() - bindparam("most"))

# One caller at a time in this process, so that none is inside while it forks: SQLite's locks belong to a process,
# and no connection may be carried into a child.
_inside = threading.Lock()
_files: WeakSet[AnswerFile] = WeakSet()


def _before_fork() -> None:
    _inside.acquire()
    for file in _files:
        file.drop()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_inside.release, after_in_child=_inside.release)


class AnswerFile:
    """The table of a cache in an SQLite file, which is made where it is missing, at any time.

    Safe to share between threads, and between processes that use the same file, also after a fork. Every method
    raises OSError if the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: tuple[int, int] | None = None
        self._engine = create_engine(
            URL.create("sqlite", database=str(path)),
            poolclass=StaticPool,
            isolation_level="AUTOCOMMIT",
            connect_args={"timeout": _PATIENCE, "check_same_thread": False},
        )
        weakref.finalize(self, self._engine.dispose)  # a cache that nobody closed leaves no open file
        event.listen(self._engine, "connect", _on_connect)
        with _inside:
            _files.add(self)

    def find(self, key: bytes) -> Row[Any, Any, Any] | None:
        with self._connected() as connection:
            return connection.execute(_find, {"key": key}).first()

    def put(self, values: dict[str, Any], most: int) -> None:
        """Keep an answer, and of all of them the ``most`` that came last."""
        with self._connected() as connection:
            connection.execute(_put, values)
            connection.execute(_keep, {"most": most})

    def close(self) -> None:
        """It is opened again when it is used."""
        with _inside:
            self.drop()

    def drop(self) -> None:
        """Close it, for whoever is inside."""
        self._engine.dispose()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        if not _inside.acquire(timeout=_PATIENCE):
            raise TimeoutError("another thread has been using it for too long")
        try:
            if self._opened != _identity(self._path):  # it was moved away, and would be written to where it is now
                self.drop()
            with self._engine.connect() as connection:
                self._opened = _identity(self._path)
                yield connection
        except SQLAlchemyError as error:
            raise OSError(str(getattr(error, "orig", type(error).__name__))) from None  # its text quotes the values
        finally:
            _inside.release()


def _on_connect(connection: Any, _record: object) -> None:
    with suppress(sqlite3.OperationalError):  # somebody else is at it: SQLite does not wait there for its lock
        connection.execute("PRAGMA journal_mode = WAL")
    # NORMAL: what is saved in the last moment before a power cut may be lost, the file may not.
    for statement in ("PRAGMA synchronous = NORMAL", _create):
        connection.execute(statement)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
