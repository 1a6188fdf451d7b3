"""Run as a program: the SDKs before a server that others wrote to misbehave, llmock, in the scenarios that it can play.

python -m tests.providers.real.llmock_worker LIBRARY REPORT
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from llmock.scenarios import behavior_from_dict
from llmock.testing import LLMockServer

from tests.providers.real.desk import Desk, Task
from tests.providers.real.libraries import BOTH
from tests.providers.real.llmock_scenarios import LIBRARIES, PLAYED
from tests.providers.real.question import Question
from tests.providers.real.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterator

PATHS = {"chat": "", "responses": "", "messages": "/anthropic"}


def tasks(name: str, server: LLMockServer) -> Iterator[Task]:
    """Each scenario is told from the others by the model that is asked for."""
    for number, (scenario, play) in enumerate(PLAYED.items()):
        model = f"scenario-{number}"
        for behaviour in play.behaviours:
            facts = {**behaviour, "times": None, "match": {"model": model}}
            server.state.scenarios.add(behavior_from_dict(facts))
        table = SCENARIOS[scenario]
        for api in LIBRARIES[name]:
            if api in play.apis:
                url = server.url + PATHS[api]
                yield Task(table, Question(url, api, table.streams, table.schema, table.patience, model), BOTH)


if __name__ == "__main__":
    name, report = sys.argv[1:]
    desk = Desk(importlib.import_module(f"tests.providers.real.ask_{name}"))
    with LLMockServer() as server:
        desk.work(list(tasks(name, server)), (), report)
