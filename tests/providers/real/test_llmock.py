"""The SDKs before llmock, a server that others wrote to misbehave: a second opinion on the same table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.providers.real.dialects import MARK
from tests.providers.real.libraries import BOTH
from tests.providers.real.llmock_scenarios import LIBRARIES, PLAYED
from tests.providers.real.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterator


def played() -> Iterator[Any]:
    """Each scenario that llmock can play, by API."""
    for library, apis in LIBRARIES.items():
        for scenario, play in PLAYED.items():
            for api in apis:
                if api in play.apis:
                    yield pytest.param(library, api, scenario, id=f"{api}-{scenario}".replace(" ", "_"))


@pytest.mark.parametrize(("library", "api", "scenario"), list(played()))
def test_another_servers_faults_are_read_the_same(reports, library, api, scenario) -> None:
    """The kind, the Retry-After if the scenario has one, and no secret told."""
    table = SCENARIOS[scenario]
    report = reports.of("llmock", library, "llmock_worker")
    for face in BOTH:
        case = report.cases[api, scenario, face]
        assert table.kind_for(api) == case["kind"], case["raised"]
        assert table.wait in {None, case["wait"]}
        assert MARK not in case["told"].lower()
        assert (case["status"] == "answered") == (case["kind"] is None)
