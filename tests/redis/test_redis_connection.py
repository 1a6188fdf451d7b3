"""A Redis that may be gone at any moment, and what that costs."""

from __future__ import annotations

import gc
import importlib
import logging
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

import fallbackkit as fk
import fallbackkit.redis
from fallbackkit._shared import StoreDown
from fallbackkit.events import StoreLost, StoreRestored
from fallbackkit.redis import RedisStore
from tests.redis.server import PATIENCE, eventually

SECRET = "sk-SECRET-0123"
LONG = 1e6  # seconds until the first look: none in a test
MESSAGE = "may make a call wait for long"


def ask(store):
    """Whether the store answers."""
    try:
        store.balance("any")
    except StoreDown:
        return False
    return True


def lookers():
    """The threads that wait for a Redis to be back."""
    return [thread for thread in threading.enumerate() if thread.name == "fallbackkit-redis"]


class Hole:
    """Something that takes connections and never says a word."""

    def __init__(self, listener):
        self.url = f"redis://:{SECRET}@127.0.0.1:{listener.getsockname()[1]}/0"
        self.listener = listener
        self.taken = []

    def take(self):
        """Take connections until it is closed."""
        while True:
            try:
                self.taken.append(self.listener.accept()[0])
            except OSError:
                return


@contextmanager
def hole():
    """Dig one for the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        it = Hole(listener)
        taker = threading.Thread(target=it.take)
        taker.start()
        try:
            yield it
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            taker.join()
            for taken in it.taken:
                taken.close()


def test_construction_needs_no_redis():
    """29: nothing is connected before the first call; that one finds out, and says so once."""
    store = RedisStore("redis://localhost:1", fresh=LONG)
    assert store.available()
    assert [False] * 3 == [ask(store) for _ in range(3)]
    assert not store.available()
    assert [StoreLost] == list(store.news)
    store.close()


def test_an_outage_costs_one_bounded_attempt():
    """29: a Redis that takes connections and never answers is asked once, for no longer than it may take."""
    with hole() as it:
        store = RedisStore(it.url, timeout=0.1, fresh=LONG)
        started = time.monotonic()
        assert not ask(store)
        assert 0.1 <= time.monotonic() - started < PATIENCE
        with ThreadPoolExecutor(4) as pool:
            assert {False} == set(pool.map(lambda _: ask(store), range(1000)))
        assert ([StoreLost], 1) == (list(store.news), len(it.taken))
        assert 1 == len(lookers())
        store.close()


def test_many_that_find_out_at_once_lose_it_once(server, connect):
    """One event and one thread that looks, however many calls were under way."""
    store = connect(timeout=0.2, fresh=LONG)
    assert ask(store)
    server.pause()
    ready = threading.Barrier(8)

    def find_out(_):
        ready.wait(PATIENCE)
        return ask(store)

    with ThreadPoolExecutor(8) as pool:
        assert [False] * 8 == list(pool.map(find_out, range(8)))
    assert [StoreLost] == list(store.news)
    assert 1 == len(lookers())


@pytest.mark.parametrize("loses_data", [False, True])
def test_a_redis_that_is_back_is_found_off_the_path_of_calls(server, connect, loses_data):
    """29: no call asks for it; one event, with its data or without."""
    store = connect()
    store.set_aside("a", limit=9, estimate=5, seconds=60)
    server.kill()
    assert not ask(store)
    if loses_data:
        server.lose_data()
    server.start()
    eventually(store.available)
    assert [StoreLost, StoreRestored] == list(store.news)
    assert (0, 0 if loses_data else 5) == store.balance("a")
    eventually(lambda: not lookers())


def test_one_that_stays_away_is_looked_for_less_and_less_often(connect, server):
    """From ``fresh`` on twice as long, up to 8 s; after an answer from ``fresh`` on again."""
    store = connect(fresh=0.5)
    pauses = [store._connection.pause() for _ in range(7)]
    for pause, longest in zip(pauses, [0.5, 1, 2, 4, 8, 8, 8], strict=True):
        assert longest / 2 <= pause <= longest
    assert ask(store)
    assert store._connection.pause() <= 0.5


def test_a_restart_between_two_calls_is_no_outage(server, connect):
    """A connection that broke while nobody used it is made anew."""
    store = connect()
    assert ask(store)
    server.kill()
    server.start()
    assert ask(store)
    assert [] == list(store.news)


def test_scripts_that_redis_has_forgotten_are_sent_again(server, connect):
    """After SCRIPT FLUSH, or on another server behind the same address."""
    store = connect()
    assert ask(store)
    server.client.script_flush()
    assert ask(store)
    assert [] == list(store.news)


def test_a_redis_that_cannot_be_written_to_is_gone(server, connect):
    """A replica answers, but keeps nothing: that it answers does not make it back."""
    store = connect(fresh=0.01)
    server.client.replicaof("127.0.0.1", 1)
    with pytest.raises(StoreDown):
        store.set_aside("a", limit=9, estimate=5, seconds=60)
    time.sleep(0.1)
    assert not store.available()
    server.client.replicaof("no", "one")
    eventually(store.available)
    assert [StoreLost, StoreRestored] == list(store.news)


def test_what_fails_whenever_it_is_asked_is_asked_less_and_less_often(server, connect):
    """Somebody else's key of the same name: the store is not lost and found forty times a second."""
    store = connect(fresh=0.005)
    server.client.set("fallbackkit:budget:a", "not a hash")
    asked = {"ratio": 0.0, "floor": 1, "window": 10.0, "wait": 0.0, "requests": []}
    for _ in range(5):
        eventually(store.available)
        with pytest.raises(StoreDown):
            store.withdraw("a", **asked)
    assert store._connection._pause >= 0.005 * 2**4
    eventually(store.available)
    assert ask(store)
    assert 0.005 == store._connection._pause


def test_a_store_that_nobody_holds_looks_for_nothing():
    """Its thread ends with it, or with ``close()``."""
    dropped, closed = (RedisStore("redis://localhost:1", fresh=0.01) for _ in range(2))
    assert not ask(dropped)
    assert not ask(closed)
    assert 2 == len(lookers())
    closed.close()
    eventually(lambda: 1 == len(lookers()))
    assert not closed.available()
    assert 1 == len(lookers())
    del dropped
    gc.collect()
    eventually(lambda: not lookers())


def test_a_thread_that_cannot_be_had_is_asked_for_again(server, connect, monkeypatch):
    """With no thread to spare at that moment, the store is not lost for good."""
    store = connect()
    server.kill()

    def no_thread(_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as short:
        short.setattr(threading.Thread, "start", no_thread)
        assert not ask(store)
        assert not store.available()
    server.start()
    eventually(store.available)


def test_nothing_says_where_it_is(caplog):
    """34: neither the events nor the log nor the errors name the address, the password or a key."""
    caplog.set_level(logging.DEBUG)
    with hole() as it:
        store = RedisStore(it.url, timeout=0.05, prefix=SECRET, fresh=LONG)
        with pytest.raises(StoreDown) as error:
            store.balance(SECRET)
        store.close()
    assert "redis" == store.name
    assert ["Redis is gone (TimeoutError); this process decides alone until it is back"] == caplog.messages
    assert SECRET not in f"{error.value!r} {caplog.text} {store!r} {store.news}"


def test_an_existing_client_is_used(server):
    """Also one that decodes what it reads."""
    client = redis.Redis(
        unix_socket_path=str(server.socket), decode_responses=True, socket_timeout=PATIENCE, retry=Retry(NoBackoff(), 0)
    )
    store = RedisStore(client=client)
    assert 5 == store.set_aside("a", limit=9, estimate=5, seconds=60)
    assert (0, 5) == store.balance("a")
    (connection,) = client.connection_pool._available_connections
    store.close()
    assert connection.is_connected
    client.close()


@pytest.mark.parametrize(
    ("client", "error", "message"),
    [
        (redis.Redis(socket_timeout=None), ValueError, MESSAGE),
        (redis.Redis(socket_timeout=1.0, retry=Retry(NoBackoff(), 3)), ValueError, MESSAGE),
        (redis.asyncio.Redis(), TypeError, "`client` must be a redis.Redis, got a redis.asyncio.client.Redis"),
        ("redis://localhost", TypeError, "`client` must be a redis.Redis, got a builtins.str"),
    ],
    ids=["no limit", "retries", "async", "url"],
)
def test_a_client_that_may_hold_up_a_call_is_refused(client, error, message):
    """29: with the remedy."""
    with pytest.raises(error, match=message):
        RedisStore(client=client)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"url": f"http://:{SECRET}@host"}, "`url` must begin with redis://, rediss:// or unix://, got http://…"),
        (
            {"url": f"user:{SECRET}@host"},
            "`url` must begin with redis://, rediss:// or unix://, got a text without ://",
        ),
        ({"url": None}, "`url` must begin with redis://, rediss:// or unix://, got None"),
        ({"url": f"redis://user:{SECRET}"}, "`url` must be like redis://user:password@host:6379/0, with % for special"),
        ({"timeout": 0}, "`timeout` must be a finite number of seconds, more than 0, got 0"),
        ({"fresh": -1}, "`fresh` must be a finite number of seconds, more than 0, got -1"),
        ({"prefix": ""}, "`prefix` must be a text that is not empty, got ''"),
    ],
)
def test_what_cannot_work_is_refused(options, message):
    """With the argument, the value and the remedy, but for what may be a password."""
    with pytest.raises(ValueError, match=message) as error:
        RedisStore(**options)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("shares", [fk.CircuitBreaker, fk.RetryBudget, lambda store: fk.SpendLimit(1, store=store)])
def test_an_address_is_no_store(shares):
    """It is refused, and not shown: it may have a password in it."""
    with pytest.raises(
        TypeError, match=r"`store` must be a store like fallbackkit.redis.RedisStore\(url\), got a str$"
    ):
        shares(store=f"redis://:{SECRET}@localhost")


def test_without_redis_py_there_is_one_sentence(monkeypatch):
    """That says what to install."""
    for name in ("_store", "_connection"):
        monkeypatch.delitem(sys.modules, f"fallbackkit.redis.{name}")
    monkeypatch.delitem(vars(fallbackkit.redis), "RedisStore", raising=False)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ImportError, match=r"RedisStore needs redis-py: pip install 'fallbackkit\[redis\]'"):
        importlib.import_module("fallbackkit.redis").RedisStore  # noqa: B018 - asking for it is the point
    with pytest.raises(AttributeError, match="no attribute 'Other'"):
        fallbackkit.redis.Other  # noqa: B018 - the same
