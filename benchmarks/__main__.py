"""What a call through fallbackkit costs beside other libraries, and whether it keeps its promises.

Contenders take turns in rounds, in a new order each round, in one process, so that a busy machine
slows all of them; the best round counts.
"""

from __future__ import annotations

import argparse
import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from benchmarks import failing, promises, shared, streams, success, tasks, ui
from benchmarks.race import Findings, calls_table, targets_table

SUBJECTS = {
    "success": success,
    "failing": failing,
    "tasks": tasks,
    "streams": streams,
    "shared": shared,
    "promises": promises,
    "ui": ui,
}
PACKAGES = ("tenacity", "pybreaker", "stamina", "interlock-cb", "redress", "pyresilience", "pydantic", "redis")
MARK = "<!-- figures -->"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("subjects", nargs="*", help=f"some of {', '.join(SUBJECTS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=80, help="rounds of every contender (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=500, help="calls in a round (default: %(default)s)")
    parser.add_argument("--into", type=Path, help=f"a Markdown file: replace what follows `{MARK}` with the tables")
    parser.add_argument("--json", action="store_true", help="print every figure as JSON, times in seconds")
    chosen = parser.parse_args()
    if unknown := set(chosen.subjects) - set(SUBJECTS):
        parser.error(f"no such subject: {', '.join(sorted(unknown))}")

    found = Findings()
    for subject in chosen.subjects or SUBJECTS:
        SUBJECTS[subject].measure(found, rounds=chosen.rounds, calls=chosen.calls)
    about = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
    if chosen.json:
        figures = {
            "rounds": {title: {one.name: one.rounds for one in each} for title, each in found.tables.items()},
            "targets": [asdict(one) | {"met": one.met} for one in found.verdicts],
            "versions": about,
        }
        print(json.dumps(figures, indent=2))
        return
    versions = ", ".join(f"{name} {number}" for name, number in about.items())
    tables = [calls_table(title, contenders) for title, contenders in found.tables.items()]
    page = "\n\n".join([versions, *tables, targets_table(found.verdicts)])
    print(page)
    if chosen.into:
        kept = chosen.into.read_text(encoding="utf-8").partition(MARK)[0]
        chosen.into.write_text(f"{kept}{MARK}\n\n{page}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
