"""Run as a program in an environment of its own: a library before the misbehaving server.

python -m tests.providers.real.worker LIBRARY REPORT URL CLOSED_URL
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from tests.providers.real.desk import Desk, Task
from tests.providers.real.libraries import LIBRARIES
from tests.providers.real.question import Question

if TYPE_CHECKING:
    from collections.abc import Iterator


def tasks(name: str, url: str, closed_url: str) -> Iterator[Task]:
    """Each scenario is told from the others by the model that is asked for."""
    library = LIBRARIES[name]
    for api, scenario in library.scenarios():
        base = closed_url if scenario.name.endswith(" refused") else url
        question = Question(base, api, scenario.streams, scenario.schema, scenario.patience, scenario.name)
        yield Task(scenario, question, library.faces_of(api, scenario))


if __name__ == "__main__":
    name, report, *urls = sys.argv[1:]
    desk = Desk(importlib.import_module(f"tests.providers.real.ask_{name}"))
    desk.work(list(tasks(name, *urls)), LIBRARIES[name].packages, report)
