"""A system under test in an interpreter of its own: lines of JSON bring the questions, and take away what was said."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict
from importlib import import_module
from importlib.metadata import version

from benchmarks.failover.asking import Budget, attempt


async def main(adapter: str, url: str, scale: str, tuned: str) -> None:
    replies = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)  # libraries that print do not disturb
    made = import_module(f"benchmarks.failover.adapters.{adapter}")
    system = made.Adapter(url, Budget.scaled(float(scale)), tuned=tuned == "tuned")
    print(json.dumps({name: version(name) for name in made.PACKAGES}), file=replies)
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        said = await attempt(system, asked["primary"], asked["fallback"], asked["need"])
        print(json.dumps(asdict(said)), file=replies)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
