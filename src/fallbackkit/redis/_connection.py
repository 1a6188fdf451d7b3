from __future__ import annotations

import hashlib
import random
import threading
import weakref
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import redis
from redis.exceptions import NoScriptError

from fallbackkit import _log
from fallbackkit._forks import inherit
from fallbackkit._shared import StoreDown
from fallbackkit.events import StoreLost, StoreRestored

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Connection", "Script"]

_LONGEST_PAUSE = 8.0
_MOST_UNTOLD = 64
_NOW = "local clock = redis.call('TIME') local now = clock[1] + clock[2] / 1e6\n"


class Script:
    """A Lua script that runs as one step. It finds the server's seconds in ``now``."""

    def __init__(self, source: str, now: str = _NOW) -> None:
        self.source = now + source
        self.sha = hashlib.sha1(self.source.encode(), usedforsecurity=False).hexdigest()


class Connection:
    """A Redis that may be gone at any moment: it runs a script in bounded time, or says so at once.

    One failed attempt begins an outage. While it lasts nobody waits for the network but a thread of its
    own, which ends the outage with the first script that Redis runs for it again. Safe to share between
    threads, and after a fork.

    Args:
        client: With time limits, and no retries of its own.
        pause: Seconds before the first look at a Redis that is gone; doubles up to 8.
        probe: The key that these looks write.
    """

    def __init__(self, client: redis.Redis, *, pause: float, probe: str) -> None:
        self.news: deque[type[StoreLost | StoreRestored]] = deque(maxlen=_MOST_UNTOLD)
        self._client = client
        self._shortest = self._pause = pause
        self._probe = probe
        self._look = Script("redis.call('SET', KEYS[1], '', 'PX', 1000)")
        self._up = deque([True])  # its one item is gone during an outage: who takes it out began that
        self._closed = threading.Event()
        self._looker = threading.Thread()
        self._starting = threading.Lock()
        inherit(self)

    def start_over(self) -> None:
        self._closed = threading.Event()
        self._starting = threading.Lock()

    def available(self) -> bool:
        """Whether no outage is known. Never waits for the network."""
        if self._up:
            return True
        self._look_after()
        return False

    def run(self, script: Script, key: str, *arguments: float | str) -> Any:
        """What the script returns.

        Raises:
            StoreDown: Redis does not run it.
        """
        if not self.available():
            raise StoreDown
        try:
            reply = self._run(script, key, arguments)
        except (redis.RedisError, OSError) as error:
            self._lose(error)
            raise StoreDown from None
        self._pause = self._shortest
        return reply

    def close(self) -> None:
        """Stop looking after a Redis that is gone."""
        self._closed.set()

    def _run(self, script: Script, key: str, arguments: Sequence[float | str]) -> Any:
        try:
            return self._client.evalsha(script.sha, 1, key, *arguments)
        except NoScriptError:
            return self._client.eval(script.source, 1, key, *arguments)

    def _lose(self, error: Exception) -> None:
        with suppress(IndexError):  # another caller was faster
            self._up.pop()
            self.news.append(StoreLost)
            # Not the error's text: it names the host.
            _log.warning("Redis is gone (%s); this process decides alone until it is back", type(error).__name__)
            self._look_after()

    def _look_after(self) -> None:
        """Have one thread that waits for Redis, also in a forked child."""
        with self._starting:
            if self._up or self._looker.is_alive() or self._closed.is_set():
                return
            mine = (weakref.ref(self), self._closed)
            self._looker = threading.Thread(target=_look_until_back, args=mine, name="fallbackkit-redis", daemon=True)
            with suppress(RuntimeError):  # no thread can be had now; the next call tries again
                self._looker.start()

    def pause(self) -> float:
        """Seconds until the next look, longer each time."""
        pause = self._pause
        self._pause = min(2 * pause, _LONGEST_PAUSE)
        # Processes that lost their Redis at one moment must not all come back at one moment.
        return pause * random.uniform(0.5, 1.0)  # noqa: S311 - jitter

    def is_back(self) -> bool:
        """Look, and end the outage if Redis runs a script again."""
        try:
            self._run(self._look, self._probe, ())
        except (redis.RedisError, OSError):
            return False
        self.news.append(StoreRestored)
        self._up.append(True)
        return True


def _look_until_back(connection: weakref.ref[Connection], closed: threading.Event) -> None:
    while (it := connection()) is not None:
        pause = it.pause()
        del it  # a store that nobody else holds ends, and with it this thread
        if closed.wait(pause) or (it := connection()) is None or it.is_back():
            return
