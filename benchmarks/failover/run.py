"""One system through one scenario after the other."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

from benchmarks.failover import faults
from benchmarks.failover.provider import Provider, Times
from benchmarks.failover.score import Watched, judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.failover.asking import Need, Said
    from benchmarks.failover.scenarios import Scenario
    from benchmarks.failover.score import Result

SEQUENCE = 80.0
PROBE = 10.0


class Asked(Protocol):
    """A system that can be asked, and started anew where it hangs."""

    async def ask(self, primary: str, fallback: str, need: Need) -> Said:
        """What the caller gets, an error included."""
        ...

    async def renew(self) -> None:
        """Give up whatever hangs."""
        ...


def provider_for(scenarios: Sequence[Scenario], times: Times) -> Provider:
    """Models of its own for each scenario, so that none sees what another did."""
    models = {"healthy": faults.healthy}
    for scenario in scenarios:
        models |= {f"{scenario.id}-primary": scenario.primary, f"{scenario.id}-fallback": scenario.fallback}
    return Provider(models, times)


async def run(
    system: Asked,
    provider: Provider,
    scenarios: Sequence[Scenario],
    *,
    can_fall_back: bool = True,
    at_once: int = 1,
) -> list[Result]:
    """A result for each scenario.

    Args:
        at_once: How many scenarios run side by side; one after the other for figures to publish.
    """
    places = asyncio.Semaphore(at_once)

    async def one(scenario: Scenario) -> Result:
        async with places:
            return judge(await watch(system, scenario, provider), can_fall_back=can_fall_back)

    return list(await asyncio.gather(*map(one, scenarios)))


async def watch(system: Asked, scenario: Scenario, provider: Provider) -> Watched:
    primary, fallback = f"{scenario.id}-primary", f"{scenario.id}-fallback"
    times = provider.times
    seen = Watched(scenario, [], [], [], [], alive=False, scale=times.scale, outage=times.outage)
    started = time.monotonic()
    for n in range(scenario.calls):
        await asyncio.sleep(started + n * SEQUENCE * times.scale / scenario.calls - time.monotonic())
        seen.starts.append(time.monotonic())
        seen.said.append(await _ask(system, primary, fallback, scenario.need, seen.limit(scenario.patience)))
    seen.primary = list(provider.seen.get(primary, ()))
    seen.fallback = list(provider.seen.get(fallback, ()))
    said = await _ask(system, "healthy", "healthy", "text", PROBE)
    seen.alive = said is not None and said.ok
    return seen


async def _ask(system: Asked, primary: str, fallback: str, need: Need, patience: float) -> Said | None:
    try:
        async with asyncio.timeout(patience):
            return await system.ask(primary, fallback, need)
    except TimeoutError:
        await system.renew()
        return None
