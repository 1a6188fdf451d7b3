from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from fallbackkit import _checks
from fallbackkit._shared_circuit import Seen
from fallbackkit.redis._connection import Connection, Script

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Sequence

    from fallbackkit._circuit import State
    from fallbackkit._shared_circuit import Told
    from fallbackkit.events import StoreLost, StoreRestored

__all__ = ["RedisStore"]

_STATES: tuple[State, ...] = ("closed", "open", "half_open", "isolated")
_SCRIPTS = ("balance", "charge", "circuit", "set_aside", "withdraw")
_SHORTEST = 1e-3  # seconds: slices of a window that is shorter would have no room in a number
_MILLION = 10**6
_SCHEMES = ("redis", "rediss", "unix")
_KEPT = 3600.0  # seconds after its period for which a ledger can still be charged


def _source(script: str) -> str:
    return (files("fallbackkit.redis") / f"{script}.lua").read_text(encoding="utf-8")


class RedisStore:
    """Shares circuit breakers, retry budgets and spend limits between processes, through one Redis.

    Give it to any number of them as ``store=``; those of one kind and name share their state. Every step
    is one script that Redis runs at once, by its own clock. While Redis is gone each process goes on with
    what it sees itself, and nobody waits for the network: one call finds out, within ``timeout``, and a
    thread looks after Redis until it is back. Needs Redis 5 or later, or Valkey. Safe to share between threads,
    tasks, event loops, and with forked children.

    Args:
        url: ``redis://``, ``rediss://`` (TLS) or ``unix://``. Nothing is connected before the first call.
        client: An existing ``redis.Redis`` in place of ``url``, for example of a Sentinel. It must have a
            ``socket_timeout`` and must not retry.
        prefix: Of every key. All keys expire.
        timeout: Seconds to wait for a connection, and for each answer. Looking up the name of the host
            is not bounded by it.
        fresh: Seconds for which what Redis said of a circuit breaker is good for all calls.

    Attributes:
        name: For events: ``redis``.
        news: For the next call that has observers: ``StoreLost``, ``StoreRestored``.

    Raises:
        ImportError: redis-py is not installed.
        TypeError: ``client`` is not a ``redis.Redis``.
        ValueError: ``url`` is of another kind, a number is out of range, or ``client`` may wait for ever.

    Example:
        >>> store = RedisStore("redis://localhost:6379/0")
        >>> store.name
        'redis'
    """

    name = "redis"

    def __init__(
        self,
        url: str = "redis://localhost:6379/0",
        *,
        client: redis.Redis | None = None,
        prefix: str = "fallbackkit",
        timeout: float = 0.1,
        fresh: float = 0.5,
    ) -> None:
        self.fresh = _checks.seconds("fresh", fresh)
        self._prefix = _checked(prefix)
        timeout = _checks.seconds("timeout", timeout)
        self._own = _connect(url, timeout) if client is None else None
        self._connection = Connection(self._own or _bounded(client), pause=self.fresh, probe=f"{self._prefix}:probe")
        self.news: deque[type[StoreLost | StoreRestored]] = self._connection.news
        self._scripts = {script: Script(_source(script)) for script in _SCRIPTS}

    def available(self) -> bool:
        """Whether no outage is known. Never waits for the network."""
        return self._connection.available()

    def close(self) -> None:
        """Stop looking after a Redis that is gone, and close the connections, but not those of a given client."""
        self._connection.close()
        if self._own is not None:
            self._own.close()

    def withdraw(
        self,
        budget: str,
        *,
        ratio: float,
        floor: int,
        window: float,
        wait: float,
        requests: Sequence[tuple[float, int]],
    ) -> bool:
        """For ``RetryBudget``: one more retry of all processes, or not."""
        ask = {
            "ratio": ratio,
            "floor": floor,
            "window": max(window, _SHORTEST),
            "wait": wait,
            "requests": requests,
        }
        return bool(self._run("withdraw", self._key("budget", budget), json.dumps(ask)))

    def set_aside(self, ledger: str, *, limit: int, estimate: int, seconds: float) -> int | None:
        """For ``SpendLimit``: money for one attempt, or None if there is not enough."""
        part: int = self._run("set_aside", self._ledger(ledger), limit, estimate, seconds + _KEPT)
        return None if part < 0 else part

    def charge(self, ledger: str, *, held: int, cost: int) -> None:
        """For ``SpendLimit``: what the attempt has cost, in place of what was set aside."""
        self._run("charge", self._ledger(ledger), held, cost)

    def balance(self, ledger: str) -> tuple[int, int]:
        """For ``SpendLimit``: what is spent, and what is set aside."""
        spent, held = self._run("balance", self._ledger(ledger))
        return spent, held

    def exchange(self, circuit: str, told: Told) -> Seen:
        """For ``CircuitBreaker``: what this process has to tell, for what all of them know."""
        rules = {**told["rules"], "window": max(told["rules"]["window"], _SHORTEST)}
        reply = self._run("circuit", self._key("circuit", circuit), json.dumps({**told, "rules": rules}))
        state, generation, left, wait, isolations, calls, failures, slow, trials, granted, at = reply
        return Seen(
            _STATES[state],
            generation,
            left / _MILLION,
            wait / _MILLION,
            isolations,
            calls,
            failures,
            slow,
            trials,
            bool(granted),
            at,
        )

    def _run(self, script: str, key: str, *arguments: float | str) -> Any:
        return self._connection.run(self._scripts[script], key, *arguments)

    def _key(self, kind: str, name: str) -> str:
        return f"{self._prefix}:{kind}:{name}"

    def _ledger(self, ledger: str) -> str:
        # It has the user's key in it, which nobody who looks at Redis needs to read.
        return self._key("spend", hashlib.sha256(ledger.encode("utf-8", "surrogatepass")).hexdigest())


def _checked(prefix: str) -> str:
    if not isinstance(prefix, str) or not prefix:
        raise ValueError(
            f"`prefix` must be a text that is not empty, got {prefix!r}; keys of other programs begin otherwise"
        )
    return prefix


def _connect(url: str, timeout: float) -> redis.Redis:
    scheme, separator, _ = url.partition("://") if isinstance(url, str) else ("", "", "")
    if scheme not in _SCHEMES:
        shown = f"{scheme}://…" if separator else "a text without ://" if url else repr(url)
        raise ValueError(f"`url` must begin with redis://, rediss:// or unix://, got {shown}")
    once = Retry(NoBackoff(), 0)
    try:
        return redis.Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=once, protocol=2)
    except ValueError:
        # Neither error shows what was given: it may have a password in it.
        raise ValueError(f"`url` must be like {scheme}://user:password@host:6379/0, with % for special signs") from None


def _bounded(client: object) -> redis.Redis:
    if not isinstance(client, redis.Redis):
        kind = f"{type(client).__module__}.{type(client).__qualname__}"
        raise TypeError(f"`client` must be a redis.Redis, got a {kind}; for an async one give its `url`")
    given = client.get_connection_kwargs()
    retry = given.get("retry")
    if given.get("socket_timeout") is None or (retry is not None and retry.get_retries()):
        raise ValueError(
            "`client` may make a call wait for long; make it with redis.Redis(…, socket_timeout=0.1, "
            "socket_connect_timeout=0.1, retry=Retry(NoBackoff(), 0)), or give its `url`"
        )
    return client
