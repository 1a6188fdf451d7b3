from __future__ import annotations

import fcntl
import json
import os
import subprocess
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.providers.real.libraries import LIBRARIES
from tests.providers.real.llmock_scenarios import LIBRARIES as PLAYERS
from tests.providers.real.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
ENVIRONMENTS = ROOT / ".cache" / "sdks"


class Report(NamedTuple):
    """What a worker wrote down: by API, scenario and face; all that was logged; the exceptions without a kind."""

    cases: dict[tuple[str, str, str], dict[str, Any]]
    log: str
    unmapped: list[str]


class Job(NamedTuple):
    """A library to be put through its scenarios in an environment."""

    environment: str
    library: str
    worker: str = "worker"

    def run(self, report: Path, server: Server) -> None:
        """Run the worker, which writes the report; or write why it did not."""
        python = ENVIRONMENTS / self.environment / "bin" / "python"
        urls = (server.url, server.closed_url) if self.worker == "worker" else ()
        arguments = ("-m", f"tests.providers.real.{self.worker}", self.library, str(report), *urls)
        if not python.exists():
            why = f"There is no environment {self.environment!r} with SDKs: `make test` makes it, once."
        else:
            why = _run(python, *arguments)
        if why:
            report.write_text(json.dumps({"why": why}), encoding="utf-8")


def _run(python: Path, *arguments: str) -> str:
    """Run a program of this repository; what it said if it failed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "COV"))}
    paths = os.pathsep.join(str(path) for path in (ROOT / "src", ROOT))
    done = subprocess.run(  # noqa: S603 - our own program
        [str(python), *arguments],
        cwd=ROOT,
        env=clean | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return done.stderr or "it failed without a word" if done.returncode else ""


JOBS = (
    *(Job(environment, name) for name, library in LIBRARIES.items() for environment in library.environments),
    *(Job("llmock", name, "llmock_worker") for name in PLAYERS),
)


class Reports:
    """The reports of every job, each done once: the processes of a test run share the folder and the work."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server = server
        self._folder = folder

    def of(self, environment: str, library: str, worker: str = "worker") -> Report:
        """What came of the scenarios. While another process makes this report, this one makes others."""
        return self._read(Job(environment, library, worker))

    @cache  # noqa: B019 - it lives as long as the tests
    def _read(self, job: Job) -> Report:
        path = self._path(job)
        while not path.exists():
            if not any(map(self._make, (job, *JOBS))):
                time.sleep(0.02)
        written = json.loads(path.read_text(encoding="utf-8"))
        if "why" in written:
            pytest.fail(written["why"])
        cases = {(case["api"], case["scenario"], case["face"]): case for case in written["reports"]}
        return Report(cases, written["log"], written["unmapped"])

    def _path(self, job: Job) -> Path:
        return self._folder / f"{'-'.join(job)}.json"

    def _make(self, job: Job) -> bool:
        """Make the report, unless it is there or is being made."""
        path = self._path(job)
        with path.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            if path.exists():
                return False
            draft = path.with_suffix(".draft")
            job.run(draft, self._server)
            draft.rename(path)
        return True


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Reports]:
    """Makes a report when a test asks for it."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "sdk-reports"
    folder.mkdir(exist_ok=True)
    with Server() as server:
        yield Reports(server, folder)
