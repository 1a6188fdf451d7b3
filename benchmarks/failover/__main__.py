"""What people get when a provider fails: fallbackkit beside other libraries, on Failover Bench's scenarios and on ours.

The systems run side by side, each in a process of its own against providers of its own, and each one scenario after the
other: nearly all of the time is waiting. `scripts/setup failover` installs them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.failover.provider import Times
from benchmarks.failover.report import page
from benchmarks.failover.run import provider_for, run
from benchmarks.failover.scenarios import ALL
from benchmarks.failover.systems import CONTENDERS, Contender, Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.failover.scenarios import Scenario

MARK = "<!-- figures -->"


async def measure(contenders: Sequence[Contender], scenarios: Sequence[Scenario], scale: float) -> dict[str, Any]:
    """The results of each system, and of which versions."""
    async with AsyncExitStack() as stack:
        pairs = []
        for contender in contenders:  # one after the other: importing is work
            provider = await stack.enter_async_context(provider_for(scenarios, Times(scale)))
            worker = Worker(contender, provider.url, scale)
            await worker.start()
            stack.push_async_callback(worker.stop)
            well = await worker.ask("healthy", "healthy", "text")
            if not well.ok:
                raise SystemExit(f"{contender.name} cannot answer even when all is well: {well.error}")
            pairs.append((worker, provider))
        runs = (run(worker, at, scenarios, can_fall_back=worker.contender.can_fall_back) for worker, at in pairs)
        found = await asyncio.gather(*runs)
        return {
            worker.contender.name: {"versions": worker.versions, "results": [asdict(result) for result in results]}
            for (worker, _), results in zip(pairs, found, strict=True)
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="benchmarks.failover", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [contender.name for contender in CONTENDERS]
    parser.add_argument("systems", nargs="*", help=f"some of {', '.join(names)} (default: all, or those of --earlier)")
    parser.add_argument("--only", nargs="+", metavar="ID", help="these scenarios alone, for example S08 A03")
    parser.add_argument("--scale", type=float, default=1.0, help="of all times that are waited out (default: 1)")
    parser.add_argument("--into", type=Path, help=f"a Markdown file: replace what follows `{MARK}` with the tables")
    parser.add_argument("--json", action="store_true", help="print every result as JSON")
    parser.add_argument(
        "--earlier", type=Path, nargs="+", default=[], help="results as JSON of earlier runs, to show along"
    )
    chosen = parser.parse_args()
    if unknown := set(chosen.systems) - set(names):
        parser.error(f"no such system: {', '.join(sorted(unknown))}")
    if unknown := set(chosen.only or ()) - {scenario.id for scenario in ALL}:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")

    scenarios = [scenario for scenario in ALL if not chosen.only or scenario.id in chosen.only]
    wanted = chosen.systems or ([] if chosen.earlier else names)
    contenders = [contender for contender in CONTENDERS if contender.name in wanted]
    if missing := [contender.name for contender in contenders if not contender.python.exists()]:
        parser.error(f"not installed: {', '.join(missing)}; run `scripts/setup failover`")
    found: dict[str, Any] = {}
    for file in chosen.earlier:
        found |= json.loads(file.read_text(encoding="utf-8"))
    found |= asyncio.run(measure(contenders, scenarios, chosen.scale))
    if chosen.json:
        print(json.dumps(found, indent=2))
        return
    text = page({name: found[name] for name in names if name in found}, platform.python_version())
    print(text)
    if chosen.into:
        kept = chosen.into.read_text(encoding="utf-8").partition(MARK)[0]
        chosen.into.write_text(f"{kept}{MARK}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
