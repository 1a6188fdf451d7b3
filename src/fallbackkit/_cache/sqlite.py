from __future__ import annotations

import json
import math
import os
import threading
import warnings
from collections import deque
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter

from fallbackkit import _checks, _log
from fallbackkit._cache.memory import Saved
from fallbackkit._clock import SYSTEM_CLOCK
from fallbackkit._forks import inherit
from fallbackkit._outcome import Answer
from fallbackkit._shared import StoreDown
from fallbackkit.events import StoreLost, StoreRestored

if TYPE_CHECKING:
    from collections.abc import Callable

    from fallbackkit._cache.file import AnswerFile
    from fallbackkit._clock import Clock

__all__ = ["SQLiteCache"]

T = TypeVar("T")

_PAUSE = 10.0
_MOST_UNTOLD = 64


class SQLiteCache:
    """Keeps answers in an SQLite file, for the next start of the program and for other processes.

    The file holds the answers as plain JSON, and in place of each question a SHA-256 hash of its name, version and
    arguments: who can read the file and guesses a question sees whether it was asked. An answer comes back as
    it was said. What your function had returned comes back if it was a string, an Answer, or data that was read into
    ``Answer.data``; in place of anything else, such as an SDK's response, comes the Answer.

    No trouble with the file fails a call: while it is locked, full, broken or gone, nothing is found and nothing
    saved. That is logged once, and the file is tried again every ten seconds. If it was removed, a new one is made.
    Safe to share between threads, tasks and event loops, and between processes that use the same file, also after a
    fork.

    Args:
        path: Of a file on a local disk, made if it is missing; also as ``sqlite:///answers.db``.
        max_entries: Bound; the answer that was saved first goes first.
        schema: The type of ``Answer.data``, as for ``Validate``. JSON has no types: data other than plain lists,
            dicts and scalars is saved only if this says how to read it back. What does not fit it is not found.
        clock: Says when to try again a file that failed.

    Raises:
        ImportError: SQLAlchemy is missing.
        TypeError: ``path`` is no path.
        ValueError: No file can be at ``path``, or ``max_entries`` is out of range.

    Warns:
        UserWarning: Once, when an answer has data that would not come back as it is.

    Example:
        >>> SQLiteCache("sqlite:///answers.db").path.name
        'answers.db'
    """

    shared = True
    name = "sqlite"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_entries: int = 10_000,
        schema: Any = None,
        clock: Clock | None = None,
    ) -> None:
        self.path = _checked(path)
        self.max_entries = _checks.count("max_entries", max_entries)
        self.news: deque[type[StoreLost | StoreRestored]] = deque(maxlen=_MOST_UNTOLD)
        self._adapter: TypeAdapter[Any] | None = None if schema is None else TypeAdapter(schema)
        self._clock = clock or SYSTEM_CLOCK
        self._file = _open(self.path)
        self._again_at: dict[str, float] = {}
        self._lock = threading.Lock()
        self._warned = False
        inherit(self)

    def __repr__(self) -> str:
        return f"SQLiteCache({str(self.path)!r}, max_entries={self.max_entries})"

    def start_over(self) -> None:
        """In a forked child: the lock may be held by a thread that does not exist here."""
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the file. It is opened again when it is used."""
        self._file.close()

    def get(self, key: str) -> Saved | None:
        """What was saved under ``key``, of any age.

        Raises:
            StoreDown: The file cannot be read, or has just failed to be.
        """
        row = self._try("read", self._file.find, _hashed(key))
        return None if row is None else self._read(row.at, row.form, row.answer)

    def put(self, key: str, saved: Saved) -> None:
        """Save it in place of what there was.

        Raises:
            StoreDown: The file cannot be written, or has just failed to be.
        """
        form = _form(saved)
        written = self._written(saved, form)
        if written is None:
            self._warn()
            return
        values = {"key": _hashed(key), "at": saved.at, "form": form, "answer": written}
        self._try("write", self._file.put, values, self.max_entries)

    def _written(self, saved: Saved, form: str) -> bytes | None:
        """The answer as JSON; None if it would not come back as it is."""
        data = saved.answer.data
        try:
            written = saved.answer.model_dump_json().encode()
            again = self._read(saved.at, form, written)
            kept = again is not None and type(again.answer.data) is type(data) and again.answer.data == data
        except Exception:  # noqa: BLE001 - the data is somebody's object
            return None
        return written if kept else None

    def _read(self, at: float, form: str, written: bytes) -> Saved | None:
        """What a row holds; None if it is of another time, or of no use."""
        try:
            answer = Answer.model_validate_json(written)
            if self._adapter is not None and answer.data is not None:
                data = self._adapter.validate_json(json.dumps(answer.data))
                answer = answer.model_copy(update={"data": data})
            value = answer.text if form == "text" else answer.data if form == "data" else answer
            return Saved(value, answer, float(at))
        except Exception:  # noqa: BLE001 - a schema is foreign code, and the row may be anybody's
            return None

    def _try(self, what: str, use: Callable[..., T], *args: Any) -> T:
        """Reading and writing fail and come back each for itself: a locked file can still be read."""
        if self._clock.now() < self._again_at.get(what, -math.inf):
            raise StoreDown
        try:
            result = use(*args)
        except OSError as error:
            self._lose(what, error)
            raise StoreDown from None
        if self._again_at:
            self._regain(what)
        return result

    def _lose(self, what: str, error: OSError) -> None:
        with self._lock:
            first = not self._again_at
            self._again_at[what] = self._clock.now() + _PAUSE
            if first:
                self.news.append(StoreLost)
        if first:
            _log.warning(
                "%s cannot be used as a cache (%s); until it can, answers are asked for anew", self.path, error
            )

    def _regain(self, what: str) -> None:
        with self._lock:
            if self._again_at.pop(what, None) is not None and not self._again_at:
                self.news.append(StoreRestored)

    def _warn(self) -> None:
        if self._warned:
            return
        self._warned = True
        warnings.warn(
            "an answer is not saved, because its data would not come back from JSON as it is; give SQLiteCache "
            "schema=, the type of the data, or keep the answers in a MemoryCache",
            UserWarning,
            stacklevel=2,
        )


def _form(saved: Saved) -> str:
    if isinstance(saved.value, str):
        return "text"
    return "data" if saved.value is saved.answer.data else "answer"


def _hashed(key: str) -> bytes:
    return sha256(key.encode()).digest()


def _open(path: Path) -> AnswerFile:
    try:
        from fallbackkit._cache.file import AnswerFile
    except ModuleNotFoundError as missing:
        raise ImportError("SQLiteCache keeps its answers with SQLAlchemy: install fallbackkit[store].") from missing
    return AnswerFile(path)


def _checked(place: str | os.PathLike[str]) -> Path:
    if not isinstance(place, str | os.PathLike):
        raise TypeError(f"`path` must be the path of a file, got {place!r}")
    name = os.fspath(place).removeprefix("sqlite:///")
    if name in {"", ":memory:"} or "://" in name:
        raise ValueError(
            f"`path` must be the path of a file, also with sqlite:///, got {place!r}; in memory use MemoryCache()"
        )
    path = Path(name).absolute()
    if path.is_dir():
        raise ValueError(f"`path` must name a file, got {place!r}; {path} is a folder, name a file in it")
    if not path.parent.is_dir():
        raise ValueError(f"`path` must name a file in a folder that exists, got {place!r}; create {path.parent} first")
    return path
