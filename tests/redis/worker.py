"""Run as a program: one process of many that share a breaker. Each line of JSON is an order, and is answered by one.

python worker.py URL
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

import fallbackkit as fk
from fallbackkit.redis import RedisStore

FRESH = 0.2
LEASE = 1.0
TRIAL = 0.05  # seconds that a trial takes
INSIDE = "inside"  # a folder that is there while somebody tries


class Worker:
    """A breaker of the shared name, and what became of it."""

    def __init__(self, url):
        self.store = RedisStore(url, fresh=FRESH, timeout=2.0)
        self.breaker = fk.CircuitBreaker(
            name="model",
            min_calls=4,
            reset_timeout=0.3,
            max_reset_timeout=0.3,
            trial_lease=LEASE,
            store=self.store,
        )
        self.events = []
        self.pipeline = fk.Pipeline(self.breaker, observers=[lambda event: self.events.append(type(event).__name__)])
        self.permits = []

    def facts(self, **more):
        snapshot = self.breaker.snapshot()
        return {"state": snapshot.state, "calls": snapshot.calls, "events": self.events, "at": time.monotonic(), **more}

    def call(self, *, fails=False):
        def ask():
            if fails:
                raise ConnectionResetError
            return "fine"

        outcome = self.pipeline.outcome(ask)
        return self.facts(kind=outcome.failure and outcome.failure.kind.value)

    def acquire(self):
        try:
            self.permits.append(self.breaker.acquire())
        except fk.CircuitOpen as error:
            return self.facts(admitted=False, retry_after=error.retry_after)
        return self.facts(admitted=True)

    def settle(self, *, verdict):
        self.breaker.settle(self.permits.pop(), verdict)
        return self.facts()

    def available(self):
        return {"available": self.store.available()}

    def hammer(self, *, folder, seconds):
        """Four threads that call as fast as they can; each trial fails."""
        inside = Path(folder) / INSIDE
        tried, met = [], []
        until = time.monotonic() + seconds

        def ask():
            try:
                inside.mkdir()
            except FileExistsError:
                met.append(1)
            time.sleep(TRIAL)
            inside.rmdir()
            tried.append(1)
            raise ConnectionResetError

        def call():
            while time.monotonic() < until:
                self.pipeline.outcome(ask)
                time.sleep(0.001)

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.facts(tried=len(tried), met=len(met))

    def fork(self, *, orders):
        """A child carries out the orders; the answer to the last of them."""
        reading, writing = os.pipe()
        if not (child := os.fork()):
            for order in orders:
                answer = self.carry_out(order)
            os.write(writing, json.dumps(answer).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            answer = json.load(pipe)
        os.waitpid(child, 0)
        return answer

    def until_available(self):
        until = time.monotonic() + 20
        while not self.store.available() and time.monotonic() < until:
            time.sleep(0.005)
        return self.available()

    def carry_out(self, order):
        return getattr(self, order.pop("do"))(**order)


if __name__ == "__main__":
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        sys.stdout.write(json.dumps(worker.carry_out(json.loads(line))) + "\n")
        sys.stdout.flush()
