from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from fallbackkit import _checks
from fallbackkit._runtime import Reply, Strategy
from fallbackkit.events import CacheHit

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from fallbackkit._outcome import Answer
    from fallbackkit._runtime import Call, Layer

__all__ = ["Cache"]


class _Saved(NamedTuple):
    value: Any
    answer: Answer
    at: float


class Cache(Strategy):
    """Saves answers in memory, and gives a saved one when asking again fails.

    Only what passed the layers inside is saved; a failure never is. The answer keeps its first date
    in ``created_at``. Safe to share between threads and tasks.

    Args:
        ttl: Seconds for which a saved answer is given without asking.
        stale_if_error: Further seconds for which it is given if asking fails.
        key: Makes the key from the call's arguments; by default the arguments themselves, which
            then have to be hashable. Answers with unhashable arguments are not saved.
        version: Part of every key: change it with the prompt, and old answers are forgotten.
        max_entries: Bound; the answer that was not used for longest goes first.

    Raises:
        ValueError: A number is out of range.

    Example:
        >>> Cache(3600, stale_if_error=86400).describe()
        'Cache(3600 s, 86400 s more on error)'
    """

    def __init__(
        self,
        ttl: float,
        *,
        stale_if_error: float = 0.0,
        key: Callable[..., Hashable] | None = None,
        version: str | None = None,
        max_entries: int = 1024,
    ) -> None:
        self.ttl = _checks.seconds("ttl", ttl)
        self.stale_if_error = _checks.seconds("stale_if_error", stale_if_error, zero=True)
        self._key = _checks.function("key", key) or _arguments
        self._version = version
        self._max_entries = _checks.count("max_entries", max_entries)
        self._saved: OrderedDict[Hashable, _Saved] = OrderedDict()
        self._lock = threading.Lock()

    async def run(self, inner: Layer, call: Call) -> Reply:
        key = (call.name, self._version, self._key(*call.args, **call.kwargs))
        if not _hashable(key):
            return await inner(call)
        saved = self._get(key)
        if saved is not None and (age := call.clock.now() - saved.at) <= self.ttl:
            call.open_step(call.step, "cache")
            return self._hit(call, saved, age, stale=False)
        reply = await inner(call)
        if reply.failure is None:
            return self._put(key, reply, call)
        if saved is None or (age := call.clock.now() - saved.at) > self.ttl + self.stale_if_error:
            return reply
        call.close_step(reply)
        call.open_step(call.step, "cache")
        call.degraded = True
        call.stale = True
        return self._hit(call, saved, age, stale=True)

    def _hit(self, call: Call, saved: _Saved, age: float, *, stale: bool) -> Reply:
        call.emit(CacheHit, age=age, stale=stale)
        return Reply(saved.value, answer=saved.answer)

    def _get(self, key: Hashable) -> _Saved | None:
        with self._lock:
            saved = self._saved.get(key)
            if saved is not None:
                self._saved.move_to_end(key)
            return saved

    def _put(self, key: Hashable, reply: Reply, call: Call) -> Reply:
        answer = reply.answer
        if answer is None or reply.hedged:
            return reply
        dated = answer if answer.created_at else _dated(answer, call.clock.time())
        with self._lock:
            self._saved[key] = _Saved(reply.value, dated, call.clock.now())
            self._saved.move_to_end(key)
            if len(self._saved) > self._max_entries:
                self._saved.popitem(last=False)
        return reply

    def describe(self) -> str:
        more = f", {self.stale_if_error:g} s more on error" if self.stale_if_error else ""
        return f"Cache({self.ttl:g} s{more})"


def _arguments(*args: Any, **kwargs: Any) -> Hashable:
    return (args, tuple(sorted(kwargs.items())))


def _hashable(key: object) -> bool:
    try:
        hash(key)
    except TypeError:
        return False
    return True


def _dated(answer: Answer, at: float) -> Answer:
    return answer.model_copy(update={"created_at": datetime.fromtimestamp(at, UTC)})
