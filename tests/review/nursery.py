"""Run as a program, so that it may fork: processes that share one queue, and what they saw, as lines of JSON.

python nursery.py crash|claim|open|inherit URL
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import sys
import threading
import time

from fallbackkit.review import Answered, ClaimLost, ReviewQueue, ReviewRequest

KILLS = 25
LEASE = 0.3


def note(what: str, *facts: object) -> None:
    """One write a line: whole or not at all, also under kill -9."""
    os.write(1, (json.dumps([what, *facts]) + "\n").encode())


# ruff: noqa: D103 - the scenes are explained by the tests


def fork(work, *arguments: object) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        work(*arguments)
    except BaseException as error:  # noqa: BLE001 - the test reads it
        note("error", repr(error))
        os._exit(1)
    os._exit(0)


def live_until_killed(queue: ReviewQueue, name: str, begun: int) -> None:
    """File, claim and decide, and note each only once it has been acknowledged."""
    chance = random.Random(name)
    for number in itertools.count():
        note("enqueued", queue.enqueue(ReviewRequest(question=f"{name}-{number}")).id)
        os.write(begun, b".")
        claim = queue.claim(name)
        if claim is None:
            continue
        if chance.random() < 0.1:
            time.sleep(1.5 * LEASE)
        said = f"{name} says {number}"
        try:
            queue.decide(claim, Answered(said), submit_key=said)
        except ClaimLost:
            note("lost", claim.item.id)
            continue
        note("decided", claim.item.id, said)


def crash(url: str) -> None:
    """Keep three workers alive and kill the oldest over and over, some before they have begun."""
    chance = random.Random(1)
    queue = ReviewQueue(url, lease=LEASE)
    queue.decide(queue.claim("warm-up", ticket=queue.enqueue(ReviewRequest(question="?")).id), Answered("!"))
    workers: list[tuple[int, int]] = []
    for number in range(KILLS + 3):
        begun, begin = os.pipe()
        workers.append((fork(live_until_killed, queue, f"worker{number}", begin), begun))
        if len(workers) <= 3:
            continue
        victim, begun = workers.pop(0)
        if chance.random() < 0.8:
            os.read(begun, 1)
        time.sleep(chance.uniform(0, 0.1))
        kill(victim)
    for victim, _ in workers:
        kill(victim)


def kill(worker: int) -> None:
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    note("killed", worker)


def claim_all(url: str, name: str) -> None:
    queue = ReviewQueue(url)

    def claim() -> None:
        while (mine := queue.claim(name)) is not None:
            note("claimed", mine.item.id, name)

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def claim(url: str) -> None:
    queue = ReviewQueue(url)
    for number in range(200):
        note("enqueued", queue.enqueue(ReviewRequest(question=str(number))).id)
    for worker in [fork(claim_all, url, name) for name in ("ana", "ben")]:
        os.waitpid(worker, 0)


def open_and_file(url: str) -> None:
    queue = ReviewQueue(url)
    note("enqueued", queue.enqueue(ReviewRequest(question="?")).id)


def open_(url: str) -> None:
    for number in range(2):
        for worker in [fork(open_and_file, f"{url}{number}") for _ in range(4)]:
            os.waitpid(worker, 0)


def file_ten(queue: ReviewQueue) -> None:
    note("carried", queue._store._engine.pool.checkedin())
    for number in range(10):
        note("enqueued", queue.enqueue(ReviewRequest(question=str(number))).id)


def inherit(url: str) -> None:
    queue = ReviewQueue(url)
    queue.enqueue(ReviewRequest(question="before"))
    workers = [fork(file_ten, queue) for _ in range(4)]
    for number in range(10):
        note("enqueued", queue.enqueue(ReviewRequest(question=str(number))).id)
    for worker in workers:
        os.waitpid(worker, 0)


if __name__ == "__main__":
    {"crash": crash, "claim": claim, "open": open_, "inherit": inherit}[sys.argv[1]](sys.argv[2])
