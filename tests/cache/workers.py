"""Run as a program, so that it may fork: processes that share one file, and what they saw, as lines of JSON.

python workers.py crash|share|open|inherit|full FILE
"""

from __future__ import annotations

import itertools
import json
import os
import random
import resource
import signal
import sys
import threading
import time

import fallbackkit as fk
import fallbackkit._cache.file  # once, and not in each of them
from fallbackkit._cache.memory import Saved
from fallbackkit._shared import StoreDown

KILLS = 25

# ruff: noqa: D103 - the scenes are explained by the tests


def note(what: str, *facts: object) -> None:
    """One write a line: whole or not at all, also under kill -9."""
    os.write(1, (json.dumps([what, *facts]) + "\n").encode())


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


def saved(text: str) -> Saved:
    return Saved(text, fk.Answer(text=text), 0.0)


def save_until_killed(file: str, name: str, begun: int) -> None:
    """Note each answer only once it has been kept."""
    store = fk.SQLiteCache(file)
    for number in itertools.count():
        text = f"{name} says {number} " + "x" * 3000
        store.put(f"{name} {number}", saved(text))
        note("saved", f"{name} {number}", text)
        os.write(begun, b".")


def crash(file: str) -> None:
    """Keep three writers alive and kill the oldest over and over, some before they have begun."""
    chance = random.Random(1)
    workers: list[tuple[int, int]] = []
    for number in range(KILLS + 3):
        begun, begin = os.pipe()
        workers.append((fork(save_until_killed, file, f"worker{number}", begin), begun))
        if len(workers) > 3:
            victim, begun = workers.pop(0)
            if chance.random() < 0.8:
                os.read(begun, 1)
            time.sleep(chance.uniform(0, 0.05))
            kill(victim)
    for victim, _ in workers:
        kill(victim)


def kill(worker: int) -> None:
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    note("killed", worker)


def ask_all(file: str, name: str) -> None:
    def ask(question: str) -> str:
        note("asked", question, name)
        time.sleep(0.002)
        return f"answer to {question}"

    pipeline = fk.Pipeline(fk.Cache(3600, store=fk.SQLiteCache(file)), name="ask")

    def caller(seed: int) -> None:
        questions = [str(number) for number in range(40)] * 2
        random.Random(f"{name}{seed}").shuffle(questions)
        for question in questions:
            outcome = pipeline.outcome(ask, question)
            note("got", question, outcome.text, outcome.status)

    threads = [threading.Thread(target=caller, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def share(file: str) -> None:
    for worker in [fork(ask_all, file, name) for name in ("ana", "ben")]:
        os.waitpid(worker, 0)


def open_and_save(file: str, name: str, start: int) -> None:
    store = fk.SQLiteCache(file)
    os.read(start, 1)
    for number in range(5):
        try:
            store.put(f"{name} {number}", saved(name))
        except StoreDown:
            note("down", name)
            return
        note("saved", f"{name} {number}", name)


def open_(file: str) -> None:
    for number in range(5):
        start, go = os.pipe()
        workers = [fork(open_and_save, f"{file}{number}", f"w{each}", start) for each in range(6)]
        os.write(go, b"." * 6)
        for worker in workers:
            os.waitpid(worker, 0)


def save_ten(store: fk.SQLiteCache, name: str) -> None:
    note("carried", name, "connection" in vars(store._file._engine.pool))
    for number in range(10):
        store.put(f"{name} {number}", saved(name))
        note("saved", f"{name} {number}", name)


def inherit(file: str) -> None:
    """Fork while threads read and write."""
    store = fk.SQLiteCache(file)
    store.put("before 0", saved("before"))
    note("saved", "before 0", "before")
    over = threading.Event()

    def busy() -> None:
        for number in itertools.count():
            if over.is_set():
                return
            store.put(f"busy {number % 5}", saved("busy"))
            store.get("before 0")

    threads = [threading.Thread(target=busy) for _ in range(3)]
    for thread in threads:
        thread.start()
    workers = [fork(save_ten, store, f"child{each}") for each in range(6)]
    save_ten(store, "parent")
    for worker in workers:
        os.waitpid(worker, 0)
    over.set()
    for thread in threads:
        thread.join()


def full(file: str) -> None:
    """Write under a limit for the size of files, as if the disk were full; then read."""
    seen: list[str] = []
    store = fk.SQLiteCache(file)
    pipeline = fk.Pipeline(fk.Cache(3600, store=store), name="ask", observers=[lambda e: seen.append(type(e).__name__)])
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    for number in range(100):
        note("got", number, pipeline.outcome(lambda n: f"{n} " + "x" * 5000, number).status)
    note("kinds", [pipeline.outcome(lambda n: "?", number).served_by.kind for number in (0, 99)])
    note("seen", seen.count("StoreLost"), seen.count("StoreRestored"))


if __name__ == "__main__":
    scenes = {"crash": crash, "share": share, "open": open_, "inherit": inherit, "full": full}
    scenes[sys.argv[1]](sys.argv[2])
