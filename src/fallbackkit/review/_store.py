from __future__ import annotations

import json
import os
import sqlite3
import threading
import weakref
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy import (
    URL,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    StaticPool,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    case,
    create_engine,
    event,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError

from fallbackkit.review._place import database_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement, Connection, Dialect, Row

    from fallbackkit._outcome import TicketState
    from fallbackkit.review._types import EventKind

__all__ = ["Store", "Transaction"]

_SCHEMA_VERSION = 1
_OLDEST_SQLITE = (3, 35)  # UPDATE … RETURNING
_BUSY_TIMEOUT = 30.0
_REMEDIES = {
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; let this account write the file and its folder",
    sqlite3.SQLITE_READONLY: "is read-only; let this account write the file and its folder",
    sqlite3.SQLITE_PERM: "is read-only; let this account write the file and its folder",
    sqlite3.SQLITE_NOTADB: "is no SQLite database; name another file, or move that one away",
    sqlite3.SQLITE_CORRUPT: "is a damaged SQLite database; restore it from a backup, or move it away",
    sqlite3.SQLITE_BUSY: f"has been locked for {_BUSY_TIMEOUT:g} s; end the program that holds it",
}


class _Json(TypeDecorator[Any]):
    """JSON in UTF-8 bytes, because SQLite's text cannot hold the lone surrogates that people do paste."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        return None if value is None else json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else json.loads(value.decode("utf-8", "surrogatepass"))


_metadata = MetaData()
_items = Table(
    "fk_item",
    _metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("queue", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("dedupe", Text),
    Column("request", _Json, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("reviewer", Text),
    Column("token", Text),
    Column("lease_ends", Float),
    Column("decision", _Json),
    Column("submission", Text),
    Column("attempts", Integer, nullable=False, default=0),
    Column("version", Integer, nullable=False, default=0),
    CheckConstraint("(state = 'claimed') = (token IS NOT NULL AND lease_ends IS NOT NULL)"),
    CheckConstraint("(state = 'decided') = (decision IS NOT NULL)"),
    CheckConstraint("(state IN ('claimed', 'decided')) = (reviewer IS NOT NULL)"),
)
_events = Table(
    "fk_event",
    _metadata,
    Column("seq", Integer, primary_key=True),
    Column("item_id", Text, ForeignKey("fk_item.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("actor", Text),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    UniqueConstraint("item_id", "version"),
)


def _is(state: TicketState, table: Any = _items) -> ColumnElement[bool]:
    """A literal, not a parameter: otherwise SQLite does not use a partial index."""
    found: ColumnElement[bool] = table.c.state == literal_column(f"'{state}'")
    return found


def _is_open(table: Any = _items) -> ColumnElement[bool]:
    found: ColumnElement[bool] = table.c.state.in_((literal_column("'pending'"), literal_column("'claimed'")))
    return found


_open = _is_open()
Index("fk_item_ready", _items.c.queue, _items.c.priority.desc(), _items.c.seq, sqlite_where=_is("pending"))
Index("fk_item_lease", _items.c.lease_ends, sqlite_where=_is("claimed"))
Index("fk_item_dedupe", _items.c.queue, _items.c.dedupe, unique=True, sqlite_where=_open)
Index("fk_item_line", _items.c.priority.desc(), _items.c.seq, sqlite_where=_open)
# `state` comes second, so that no lookup prefers this one to the partial ones.
Index("fk_item_changed", _items.c.changed_at, _items.c.state)


def _place_in_line() -> ColumnElement[int | None]:
    ahead = _items.alias()
    same_line = (_is("pending", ahead), ahead.c.queue == _items.c.queue)
    above = select(func.count()).where(*same_line, ahead.c.priority > _items.c.priority)
    before = select(func.count()).where(*same_line, ahead.c.priority == _items.c.priority, ahead.c.seq <= _items.c.seq)
    return case((_is("pending"), above.scalar_subquery() + before.scalar_subquery()))


_seen = select(_items, _place_in_line().label("position"))


class Transaction:
    """The statements of the queue on one connection. Every change writes its event."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def insert(self, now: float, **values: Any) -> None:
        self._connection.execute(insert(_items).values(state="pending", created_at=now, changed_at=now, **values))
        first = {"item_id": values["id"], "version": 0, "at": now, "kind": "enqueued", "state": "pending"}
        self._connection.execute(insert(_events).values(first))

    def claim(
        self, now: float, *, reviewer: str, token: str, lease_ends: float, queue: str | None, ticket: str | None
    ) -> Row[Any] | None:
        """Give ``reviewer`` the best pending item, or the one asked for if it is pending or already theirs."""
        best = _items.alias()
        eligible = _is_open(best) & _is("pending", best)
        if ticket is not None:
            mine = _is("claimed", best) & (best.c.reviewer == reviewer)
            eligible = (best.c.id == ticket) & or_(eligible, mine)
        if queue is not None:
            eligible &= best.c.queue == queue
        pick = select(best.c.seq).where(eligible).order_by(best.c.priority.desc(), best.c.seq).limit(1)
        rows = self._change(
            _items.c.seq == pick.scalar_subquery(),
            now,
            kind="claimed",
            actor=reviewer,
            state="claimed",
            reviewer=reviewer,
            token=token,
            lease_ends=lease_ends,
            attempts=_items.c.attempts + 1,
        )
        return rows[0] if rows else None

    def lapse(self, now: float) -> int:
        """Give back what has been claimed for longer than its lease; return how many."""
        past = _is("claimed") & (_items.c.lease_ends <= now)
        free = {"state": "pending", "reviewer": None, "token": None, "lease_ends": None}
        return len(self._change(past, now, kind="lapsed", actor=None, **free))

    def change(self, ticket_id: str, now: float, *, kind: EventKind, actor: str | None, **values: Any) -> Row[Any]:
        return self._change(_items.c.id == ticket_id, now, kind=kind, actor=actor, **values)[0]

    def _change(
        self, which: ColumnElement[bool], now: float, *, kind: EventKind, actor: str | None, **values: Any
    ) -> Sequence[Row[Any]]:
        # The wall clock may be set back; an item's history may not.
        at = func.max(_items.c.changed_at, now)
        changed = update(_items).where(which).values(version=_items.c.version + 1, changed_at=at, **values)
        rows = self._connection.execute(changed.returning(_items)).all()
        history = [
            {
                "item_id": row.id,
                "version": row.version,
                "at": row.changed_at,
                "actor": actor,
                "kind": kind,
                "state": row.state,
            }
            for row in rows
        ]
        if history:
            self._connection.execute(insert(_events), history)
        return rows

    def has_lapsed(self, now: float) -> bool:
        past = select(_items.c.seq).where(_is("claimed"), _items.c.lease_ends <= now).limit(1)
        return self._connection.execute(past).first() is not None

    def find(self, ticket_id: str) -> Row[Any] | None:
        return self._connection.execute(_seen.where(_items.c.id == ticket_id)).first()

    def twin(self, queue: str, dedupe: str) -> Row[Any] | None:
        """Return the open item of the same idempotency key, if there is one."""
        same = _seen.where(_open, _items.c.queue == queue, _items.c.dedupe == dedupe)
        return self._connection.execute(same).first()

    def search(self, *, state: TicketState | None, queue: str | None, limit: int) -> list[Row[Any]]:
        """Open items first, in the order of the line; then settled ones, the last changed first."""
        wanted = _seen if state is None else _seen.where(_is(state))
        if queue is not None:
            wanted = wanted.where(_items.c.queue == queue)
        rows: list[Row[Any]] = []
        if state in {None, "pending", "claimed"}:
            line = wanted.where(_open).order_by(_items.c.priority.desc(), _items.c.seq)
            rows += self._connection.execute(line.limit(limit))
        if state not in {"pending", "claimed"}:
            settled = wanted.where(~_open).order_by(_items.c.changed_at.desc(), _items.c.seq.desc())
            rows += self._connection.execute(settled.limit(limit - len(rows)))
        return rows

    def events(self, ticket_id: str) -> Sequence[Row[Any]]:
        history = select(_events).where(_events.c.item_id == ticket_id).order_by(_events.c.version)
        return self._connection.execute(history).all()

    def counts(self) -> dict[str, int]:
        by_state = select(_items.c.state, func.count().label("items")).group_by(_items.c.state)
        return {row.state: row.items for row in self._connection.execute(by_state)}

    def count_open(self) -> int:
        return self._connection.execute(select(func.count()).where(_open)).scalar_one()


# One writer at a time in this process: SQLite's own wait for its lock is unfair.
_writing = threading.Lock()
_stores: WeakSet[Store] = WeakSet()


def _before_fork() -> None:
    """SQLite's locks belong to a process, so that no connection may be carried into a child."""
    _writing.acquire()
    for store in _stores:
        store.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_writing.release, after_in_child=_writing.release)


class Store:
    """The database of a queue: SQLite in a file or in memory.

    Safe to share between threads, and between processes that open the same file, also after a fork.

    Raises:
        ValueError: The URL is of another database, or the file cannot be used.
    """

    def __init__(self, url: str) -> None:
        if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            raise ImportError(f"ReviewQueue needs SQLite 3.35 or later, this Python has {sqlite3.sqlite_version}")
        path = database_path(url)
        self._engine = create_engine(
            URL.create("sqlite", database=path),
            poolclass=None if path else StaticPool,
            connect_args={"timeout": _BUSY_TIMEOUT, "check_same_thread": False},
        )
        weakref.finalize(self, self._engine.dispose)  # a queue that nobody closed leaves no open file
        event.listen(self._engine, "connect", _on_connect)
        self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writer = self._engine.execution_options()
        event.listen(self._writer, "begin", _begin)
        # All threads share the one connection of a database in memory.
        self._reading = nullcontext() if path else _writing
        try:
            self._prepare(url)
        except DBAPIError as error:
            self.close()
            if (remedy := _remedy(error.orig)) is None:
                raise
            raise ValueError(f"`url` must name an SQLite file to write to, got {url!r}; {path} {remedy}") from error
        if path:
            _stores.add(self)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        with self._reading, self._reader.connect() as connection:
            yield Transaction(connection)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with _writing, self._writer.begin() as connection:
            yield Transaction(connection)

    def close(self) -> None:
        self._engine.dispose()

    def _prepare(self, url: str) -> None:
        with _writing, self._writer.begin() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            tables = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
            if not tables and not version:
                _metadata.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA user_version = {_SCHEMA_VERSION}")
                return
        if _items.name not in tables:
            raise ValueError(
                f"`url` must name a file of the queue's own, got {url!r}; another application keeps its tables there"
            )
        if version != _SCHEMA_VERSION:
            raise ValueError(
                f"`url` names a queue of format {version}, this fallbackkit reads format {_SCHEMA_VERSION}, "
                f"got {url!r}; upgrade fallbackkit, or name another file"
            )


def _on_connect(connection: Any, _record: object) -> None:
    # FULL: a decision is a record that has to outlive a power cut, too.
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A deferred transaction that turns to writing fails at once, whatever the busy timeout.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _remedy(error: BaseException | None) -> str | None:
    code = getattr(error, "sqlite_errorcode", 0)
    return _REMEDIES.get(code & 0xFF)
