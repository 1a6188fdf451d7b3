"""The stores of a cache, so that one test serves all of them; and calls at the same time."""

from __future__ import annotations

import asyncio
import math
from functools import partial

import fallbackkit as fk
from fallbackkit._waiting import AsyncWaiter


class Stores:
    """Makes new stores of one kind: ``memory`` or ``sqlite``."""

    def __init__(self, kind, folder):
        self.kind = kind
        self._folder = folder
        self._made = 0

    def __repr__(self):
        return f"<{self.kind}>"

    def new(self, **options):
        if self.kind == "memory":
            return fk.MemoryCache(**options)
        self._made += 1
        return fk.SQLiteCache(self._folder / f"{self._made}.db", **options)


class Calls:
    """Calls that run at the same time, in virtual time, in one of the ways of serving."""

    def __init__(self, run, clock):
        self.run = run
        self.clock = clock

    def outcomes(self, *calls):
        """The Outcomes of (pipeline, function, question, time to come[, seconds until it is cancelled])."""
        if self.run.way == "sync":
            return self.clock.together(*[partial(self._call, *call) for call in calls])
        return self.run.runner.run(self._all(calls))

    def rest(self, seconds=0.0):
        """Let what runs beside the calls go on."""
        if self.run.way == "sync":
            self.clock.sleep(seconds)
        else:
            self.run.runner.run(self.clock.asleep(seconds))

    def _call(self, pipeline, fn, question, at=0.0):
        self.clock.sleep(at)
        return pipeline.outcome(fn, question)

    async def _all(self, calls):
        return await self.clock.atogether(*[partial(self._acall, *call) for call in calls])

    async def _acall(self, pipeline, fn, question, at=0.0, cancel=math.inf):
        await self.clock.asleep(at)
        call = pipeline.aoutcome(self.run.fn(fn), question)
        if cancel == math.inf:
            return await call
        ended = AsyncWaiter()
        branch = self.clock.abranch(call, ended.wake)
        if not await self.clock.await_(ended, cancel):
            branch.cancel()
            await self.clock.await_(ended, math.inf)
        try:
            return branch.result()
        except asyncio.CancelledError:
            return "cancelled"
