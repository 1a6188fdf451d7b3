"""The results as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.failover.scenarios import ALL, FURTHER, PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.failover.scenarios import Scenario

Found = dict[str, Any]
WORDS = {"pass": "pass", "partial": "partial", "safe": "safe", "fail": "**fail**"}


def page(found: Found, python: str) -> str:
    """All tables: the counts, the scenarios, and what was not a pass."""
    parts = [f"python {python}; {_versions(found)}"]
    measured = {result["id"] for one in found.values() for result in one["results"]}
    for title, all_of_them in (("The sixteen of Failover Bench", PUBLISHED), ("Ours", FURTHER)):
        scenarios = [scenario for scenario in all_of_them if scenario.id in measured]
        parts += [f"### {title}", _counts(found, scenarios), _table(found, scenarios)]
    return "\n\n".join([*parts, "### What was not a pass", *_reasons(found)])


def _versions(found: Found) -> str:
    """Each system once, and what it stood on."""
    return "; ".join(dict.fromkeys(_version(one["versions"]) for one in found.values()))


def _version(versions: Mapping[str, str]) -> str:
    own, *others = (f"{name} {number}" for name, number in versions.items())
    return f"{own} ({', '.join(others)})" if others else own


def _results(one: Mapping[str, Any], scenarios: Sequence[Scenario]) -> dict[str, dict[str, Any]]:
    ids = {scenario.id for scenario in scenarios}
    return {result["id"]: result for result in one["results"] if result["id"] in ids}


def _counts(found: Found, scenarios: Sequence[Scenario]) -> str:
    lines = ["| | pass | partial | safe | fail | of these, silent |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for name, one in found.items():
        results = _results(one, scenarios).values()
        verdicts = [result["verdict"] for result in results]
        counts = [verdicts.count(verdict) for verdict in WORDS]
        silent = sum(result["silent"] for result in results)
        lines.append(f"| {name} | {' | '.join(map(str, counts))} | {silent} |")
    return "\n".join(lines)


def _table(found: Found, scenarios: Sequence[Scenario]) -> str:
    lines = [f"| | what happens | {' | '.join(found)} |", f"| --- | --- |{' --- |' * len(found)}"]
    each = {name: _results(one, scenarios) for name, one in found.items()}
    for scenario in scenarios:
        cells = " | ".join(_cell(results.get(scenario.id)) for results in each.values())
        lines.append(f"| {scenario.id} | {scenario.title} | {cells} |")
    return "\n".join(lines)


def _cell(result: Mapping[str, Any] | None) -> str:
    if result is None:
        return ""
    return "**silent**" if result["silent"] else WORDS[result["verdict"]]


def _reasons(found: Found) -> list[str]:
    """A list for each system, one line for each cell that is not a pass."""
    titles = {scenario.id: scenario.title for scenario in ALL}
    lists = []
    for name, one in found.items():
        lines = [
            f"- {result['id']}, {titles[result['id']]}: {_verdict(result)}; {result['why']}; {_spent(result)}."
            for result in one["results"]
            if result["verdict"] != "pass"
        ]
        lists.append("\n".join([f"**{name}**\n", *(lines or ["- All were."])]))
    return lists


def _verdict(result: Mapping[str, Any]) -> str:
    return "silent" if result["silent"] else str(result["verdict"])


def _spent(result: Mapping[str, Any]) -> str:
    requests = f"{result['primary']} + {result['fallback']} requests"
    return f"{requests}, {result['took']:.1f} s" if result["took"] else requests
