"""Stores whose scripts take the time of a clock of ours for the server's."""

from __future__ import annotations

from fallbackkit.redis._connection import Script
from fallbackkit.redis._store import RedisStore, _source
from tests.redis.server import PATIENCE

_NOW = "local now = tonumber(table.remove(ARGV))\n"


class TimedStore(RedisStore):
    """A RedisStore on whose server it is ``clock.now()``, and that waits as long as it takes."""

    def __init__(self, url, clock, **options):
        super().__init__(url, timeout=PATIENCE, **options)
        self.clock = clock
        self.asked = 0
        self._scripts = {name: Script(_source(name), _NOW) for name in self._scripts}

    def _run(self, script, key, *arguments):
        self.asked += 1
        return super()._run(script, key, *arguments, self.clock.now())
