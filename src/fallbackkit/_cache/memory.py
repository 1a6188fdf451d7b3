from __future__ import annotations

import threading
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any, NamedTuple

from fallbackkit import _checks
from fallbackkit._forks import inherit

if TYPE_CHECKING:
    from fallbackkit._outcome import Answer
    from fallbackkit.events import StoreLost, StoreRestored

__all__ = ["MemoryCache", "Saved"]


class Saved(NamedTuple):
    """An answer, what the function had returned, and when it was saved."""

    value: Any
    answer: Answer
    at: float


class MemoryCache:
    """Keeps answers in the memory of this process. Give it to several ``Cache`` layers to share it.

    A saved answer comes back as the same object. Safe to share between threads, tasks and event loops.

    Args:
        max_entries: Bound; the answer that was not used for longest goes first.

    Raises:
        ValueError: ``max_entries`` is not a whole number of 1 or more.

    Example:
        >>> MemoryCache(max_entries=100)
        MemoryCache(max_entries=100)
    """

    shared = False
    name = "memory"

    def __init__(self, max_entries: int = 1024) -> None:
        self.max_entries = _checks.count("max_entries", max_entries)
        self.news: deque[type[StoreLost | StoreRestored]] = deque(maxlen=0)
        self._saved: OrderedDict[str, Saved] = OrderedDict()
        self._lock = threading.Lock()
        inherit(self)

    def __repr__(self) -> str:
        return f"MemoryCache(max_entries={self.max_entries})"

    def start_over(self) -> None:
        """In a forked child: the lock may be held by a thread that does not exist here."""
        self._lock = threading.Lock()

    def get(self, key: str) -> Saved | None:
        """What was saved under ``key``, of any age."""
        with self._lock:
            saved = self._saved.get(key)
            if saved is not None:
                self._saved.move_to_end(key)
            return saved

    def put(self, key: str, saved: Saved) -> None:
        """Save it in place of what there was."""
        with self._lock:
            self._saved[key] = saved
            self._saved.move_to_end(key)
            if len(self._saved) > self.max_entries:
                self._saved.popitem(last=False)
