"""Real SDKs, of more than one generation, before a server that misbehaves: what is raised or returned is read right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.providers.real.dialects import MARK
from tests.providers.real.libraries import LIBRARIES
from tests.providers.real.scenarios import PATIENT, SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterator


def everything() -> Iterator[Any]:
    """Each scenario of each API of each library in each environment."""
    for name, library in LIBRARIES.items():
        for environment in library.environments:
            for api, scenario in library.scenarios():
                case = f"{name}-{environment}-{api}-{scenario.name}".replace(" ", "_")
                yield pytest.param(name, environment, api, scenario.name, id=case)


def installed() -> Iterator[Any]:
    """Each library in each environment."""
    for name, library in LIBRARIES.items():
        for environment in library.environments:
            yield pytest.param(name, environment, id=f"{name}-{environment}")


def agrees(expected: Any, got: Any) -> bool:
    """Whether a wait is the one expected, or between its least and most."""
    if isinstance(expected, tuple):
        return got is not None and expected[0] <= got <= expected[1]
    return expected == got


@pytest.mark.parametrize(("name", "environment", "api", "scenario"), list(everything()))
def test_what_a_provider_does_is_read_right(reports, name, environment, api, scenario) -> None:
    """The kind of the failure and how long to wait, or the answer; and nothing that anybody may see holds a secret."""
    library, table = LIBRARIES[name], SCENARIOS[scenario]
    report = reports.of(environment, name)
    for face in library.faces_of(api, table):
        case = report.cases[api, scenario, face]
        assert library.kind(api, table) == case["kind"], case["raised"]
        assert agrees(table.wait, case["wait"])
        assert MARK not in case["told"].lower()
        answer = case["answer"] or {"text": ""}
        shown = "" if "final" in api else table.shown
        if case["kind"] is None:
            expected = library.answer(api, table)
            assert expected == {field: answer[field] for field in expected}
            assert case["status"] == "answered"
        elif table.whole < PATIENT:  # how much had come by then, the machine decides
            assert answer["text"].startswith(shown)
        else:
            assert (shown, "interrupted" if shown else "unavailable") == (answer["text"], case["status"])


@pytest.mark.parametrize(("name", "environment"), list(installed()))
def test_nothing_logged_holds_a_secret(reports, name, environment) -> None:
    """Not even when an observer raises what a provider raised: where it was, and not what it said."""
    log = reports.of(environment, name).log
    assert "an observer raised" in log
    assert MARK not in log.lower()


@pytest.mark.parametrize(("name", "environment"), list(installed()))
def test_every_exception_of_a_package_has_a_kind(reports, name, environment) -> None:
    """A class that a new version brings fails here until somebody has said what it means."""
    assert reports.of(environment, name).unmapped == []
