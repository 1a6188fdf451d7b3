"""Real processes that share one breaker through one Redis, which is killed and started again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.redis.server import eventually
from tests.redis.worker import FRESH, LEASE

PROGRAM = Path(__file__).with_name("worker.py")
SLACK = 2.0  # seconds that a busy machine may take beyond what is promised


class Process:
    """A worker that does what it is told."""

    def __init__(self, url):
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, str(PROGRAM), url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __getattr__(self, do):
        def order(**how):
            self.process.stdin.write(json.dumps({"do": do, **how}) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())

        return order

    def kill(self):
        """Kill -9."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def trip(self):
        """Fail until it is open; when that was."""
        return eventually(lambda: (seen := self.call(fails=True))["state"] == "open" and seen)["at"]


def open_in_both(one, two):
    """Trip the one until the other refuses a call: it is open for 0.3 s, in which a busy machine may not ask it."""
    return eventually(lambda: one.trip() and (seen := two.call())["kind"] == "circuit.open" and seen)


@pytest.fixture
def workers(server):
    """Two of them, that have met Redis."""
    two = [Process(server.url), Process(server.url)]
    assert [None, None] == [each.call()["kind"] for each in two]
    yield two
    for each in two:
        each.kill()


def test_a_breaker_that_trips_in_one_is_open_in_the_other(workers):
    """Within the freshness time: then at the latest it looks."""
    one, two = workers
    tripped = one.trip()
    seen = open_in_both(one, two)
    assert seen["at"] - tripped < FRESH + SLACK
    assert "open" == seen["state"]


def test_half_open_lets_one_trial_through_over_both(workers, tmp_path):
    """19: eight threads of two processes hammer it, and never meet inside."""
    one, two = workers
    open_in_both(one, two)
    with ThreadPoolExecutor(2) as pool:
        seen = list(pool.map(lambda each: each.hammer(folder=str(tmp_path), seconds=2.5), workers))
    assert 0 == sum(each["met"] for each in seen)
    assert sum(each["tried"] for each in seen) >= 3


def test_a_trial_of_a_killed_process_lapses(workers):
    """20: after its lease, the other one may try."""
    one, two = workers
    one.trip()
    eventually(lambda: one.acquire()["admitted"])
    began = time.monotonic()
    refused = two.acquire()
    assert not refused["admitted"]
    assert 0 < refused["retry_after"] <= LEASE
    one.kill()
    eventually(lambda: two.acquire()["admitted"])
    assert time.monotonic() - began >= LEASE - FRESH
    assert "closed" == two.settle(verdict="success")["state"]


@pytest.mark.parametrize("loses_data", [False, True])
def test_redis_is_killed_while_they_run_and_comes_back(workers, server, loses_data):
    """29: calls go on, each process protects itself and tells it once; afterwards they agree again."""
    one, two = workers
    server.kill()
    for each in workers:
        assert eventually(lambda each=each: "StoreLost" in (seen := each.call())["events"] and not seen["kind"])
    assert open_in_both(one, one)
    assert [None, "closed"] == [(seen := two.call())["kind"], seen["state"]]
    if loses_data:
        server.lose_data()
    server.start()
    for each in workers:
        eventually(lambda each=each: each.available()["available"])
    open_in_both(one, two)
    eventually(lambda: one.call()["state"] == "closed")
    eventually(lambda: two.call()["state"] == "closed")
    for each in workers:
        events = each.call()["events"]
        assert (1, 1) == (events.count("StoreLost"), events.count("StoreRestored"))


def test_a_forked_child_shares_the_breaker(workers):
    """What the parent has under way, the parent tells: nothing is counted twice, and no trial is given back."""
    one, two = workers
    for _ in range(3):
        one.call()
    assert None is one.fork(orders=[{"do": "call"}, {"do": "call", "fails": True}, {"do": "call"}])["kind"]
    assert one.call(fails=True)["calls"] in {7, 8}  # the child ended before it told of its last; two may have, or not
    one.trip()
    eventually(lambda: one.acquire()["admitted"])
    assert "circuit.open" == one.fork(orders=[{"do": "call"}])["kind"]
    assert not two.acquire()["admitted"]
    assert "closed" == one.settle(verdict="success")["state"]


def test_a_child_forked_in_an_outage_finds_redis_again(workers, server):
    """The parent's thread that looks for it is not in the child."""
    one, _ = workers
    server.kill()
    one.call()
    server.start()
    child = one.fork(orders=[{"do": "until_available"}])
    assert child["available"]
    assert one.until_available()["available"]
