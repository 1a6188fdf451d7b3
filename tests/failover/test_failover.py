from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.failover import asking, run, scenarios
from benchmarks.failover.adapters import fallbackkit, openai_sdk
from benchmarks.failover.asking import Said
from benchmarks.failover.provider import ANSWER, Seen, Times
from benchmarks.failover.score import Watched, judge
from benchmarks.failover.systems import Here

SCALE = 0.1  # of what is waited out; limits and bounds leave seconds for a machine that is busy
BUDGET = replace(asking.Budget.scaled(SCALE), silence=3.0, longest_wait=0.05)
AT_ONCE = 4
PAGE = Path(__file__).parents[2] / "docs" / "failover.md"

pytestmark = pytest.mark.xdist_group("failover")


@asynccontextmanager
async def started(adapter, provider, *, tuned):
    """A system in this process, closed at the end."""
    made = adapter.Adapter(provider.url, BUDGET, tuned=tuned)
    system = Here(made)
    assert (await system.ask("healthy", "healthy", "text")).ok, "before anything fails, and with all imported"
    yield system
    await made.close()


async def results(adapter, chosen, *, tuned=False, can_fall_back=True):
    """What each of the chosen scenarios comes to: several at a time, the longest first."""
    chosen = sorted(chosen, key=lambda scenario: -scenario.calls)
    async with run.provider_for(chosen, Times(SCALE)) as provider, started(adapter, provider, tuned=tuned) as system:
        found = await run.run(system, provider, chosen, can_fall_back=can_fall_back, at_once=AT_ONCE)
    return {result.id: result for result in found}


def picked(*ids):
    """Some of the scenarios."""
    return [scenario for scenario in scenarios.ALL if scenario.id in ids]


QUICK = picked("S08", "S10", "S11", "S13", "A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A14", "A15", "A16")


@pytest.fixture(scope="module")
def ours():
    """All scenarios through fallbackkit: tuned, and as people begin."""

    async def both():
        return await asyncio.gather(results(fallbackkit, scenarios.ALL, tuned=True), results(fallbackkit, QUICK))

    return asyncio.run(both())


@pytest.mark.parametrize("scenario", scenarios.ALL, ids=lambda scenario: scenario.id)
def test_fallbackkit_passes(ours, scenario):
    """Each scenario, those of Failover Bench and ours; and nothing wrong is presented as an answer."""
    result = ours[0][scenario.id]
    assert ("pass", "", False) == (result.verdict, result.why, result.silent), result


@pytest.mark.parametrize("scenario", QUICK, ids=lambda scenario: scenario.id)
def test_protect_fails_none(ours, scenario):
    """As people begin, some end in an honest error; none hangs, and nothing wrong is presented as an answer."""
    result = ours[1][scenario.id]
    assert result.verdict != "fail", result


def test_the_list_is_complete():
    """Sixteen scenarios are published, and each id is used once."""
    ids = [scenario.id for scenario in scenarios.ALL]
    assert [f"S{n:02}" for n in range(1, 17)] == ids[:16]
    assert len(ids) == len(set(ids))


async def test_a_client_alone_is_found_out():
    """The same faults and the same score: without fallbacks most end in an error, and some in a wrong answer."""
    expected = {"S03": "pass", "S08": "safe", "S12": "safe", "A03": "fail", "A04": "fail", "A17": "safe"}
    found = await results(openai_sdk, picked(*expected), can_fall_back=False)
    assert expected == {id_: result.verdict for id_, result in found.items()}
    assert {"A03", "A04"} == {id_ for id_, result in found.items() if result.silent}


def seen(id_, *said, requests=(0.0,), fallback=(), alive=True):
    """What a scenario could have been like; times at full length, in seconds from the first call."""
    scenario = picked(id_)[0]
    return Watched(
        scenario,
        said=list(said),
        starts=[4.0 * n for n in range(len(said))],
        primary=[Seen(at, "user") if isinstance(at, float) else at for at in requests],
        fallback=[Seen(at, "user") if isinstance(at, float) else at for at in fallback],
        alive=alive,
        scale=1.0,
        outage=60.0,
    )


WHOLE = Said(ok=True, text=ANSWER, model="S16-primary", usage=True, took=1.0)
CUT = replace(WHOLE, text=" ".join(ANSWER.split()[:40]))
ERROR = Said(ok=False, error="Lost", took=1.0)
DOWN = Seen(0.0, "user", "503 overloaded")
PREFILL = Seen(0.0, "assistant", "400 invalid_prefill")


@pytest.mark.parametrize(
    ("verdict", "watched"),
    [
        ("pass", seen("S08", WHOLE)),
        ("safe", seen("S08", ERROR)),
        ("fail", seen("S08", CUT)),
        ("fail", seen("S08", replace(WHOLE, text=""))),
        ("fail", seen("S08", None)),
        ("partial", seen("S01", WHOLE, requests=(0.0, 0.5))),
        ("pass", seen("S01", WHOLE, requests=(0.0, 1.9))),
        ("fail", seen("S02", WHOLE, requests=(0.0, 0.1, 0.2, 0.3, 0.4))),
        ("fail", seen("S06", replace(WHOLE, took=101.0))),
        ("partial", seen("S06", replace(WHOLE, took=99.0), requests=(0.0, 30.0))),
        ("partial", seen("S07", replace(WHOLE, took=20.0))),
        ("fail", seen("S09", WHOLE, alive=False)),
        ("fail", seen("S12", WHOLE, requests=(0.0, 0.1))),
        ("fail", seen("S12", ERROR, requests=(0.0, 0.1))),
        ("partial", seen("S11", replace(WHOLE, usage=False))),
        ("partial", seen("S13", WHOLE)),
        ("pass", seen("S13", ERROR)),
        ("fail", seen("S15", ERROR, *[WHOLE] * 19, requests=(DOWN, 61.0))),
        ("fail", seen("S14", ERROR, fallback=(PREFILL,))),
        ("pass", seen("S14", WHOLE, fallback=(PREFILL,))),
        ("fail", seen("S15", *[WHOLE] * 20, requests=(DOWN,))),
        ("fail", seen("S15", *[WHOLE] * 20, requests=(DOWN, 91.0))),
        ("fail", seen("S15", *[WHOLE] * 19, CUT, requests=(DOWN, 61.0))),
        ("pass", seen("S15", *[WHOLE] * 20, requests=(DOWN, 61.0))),
        ("fail", seen("S16", WHOLE, fallback=(1.0,))),
        ("pass", seen("S16", replace(WHOLE, model="S16-fallback"), fallback=(1.0,))),
        ("fail", seen("A17", replace(WHOLE, text='{"city": "Lisbon", "days": "3"}'))),
        ("partial", seen("A18", WHOLE)),
    ],
)
def test_the_score(verdict, watched):
    """What was wrong is seen, and what was right is not held against anybody."""
    assert verdict == judge(watched, can_fall_back=True).verdict


@pytest.mark.parametrize(
    ("silent", "said"), [(True, [CUT]), (True, [WHOLE, CUT]), (False, [WHOLE]), (False, [ERROR]), (False, [None])]
)
def test_silent_is_what_is_presented_as_an_answer_and_is_none(silent, said):
    """An error is never silent, nor is a call that hangs; one wrong answer among right ones is."""
    assert silent is judge(seen("S08", *said), can_fall_back=True).silent


def test_without_fallbacks_nothing_is_asked_about_them():
    """A client alone is judged by what it promises."""
    alone = judge(seen("S15", *[ERROR] * 20, requests=(DOWN,)), can_fall_back=False)
    assert ("safe", "no answer: Lost") == (alone.verdict, alone.why)
    assert "fail" == judge(seen("S12", ERROR, requests=(0.0, 0.1)), can_fall_back=False).verdict


async def test_a_call_that_hangs_ends_the_scenario():
    """The system is told to give up what hangs, and the verdict says that it hung."""

    class Hanging:
        renewed = False

        async def ask(self, primary, fallback, need):
            if primary != "healthy":
                await asyncio.Event().wait()
            return WHOLE

        async def renew(self):
            self.renewed = True

    scenario = replace(picked("S08")[0], patience=0.01)
    system = Hanging()
    async with run.provider_for([scenario], Times()) as provider:
        result = (await run.run(system, provider, [scenario]))[0]
    assert ("fail", "hangs: nothing within 0.01 s", True) == (result.verdict, result.why, system.renewed)


def test_the_page_shows_every_scenario():
    """What was measured is what there is."""
    text = PAGE.read_text(encoding="utf-8")
    assert [] == [
        f"| {each.id} | {each.title} |" for each in scenarios.ALL if f"| {each.id} | {each.title} |" not in text
    ]
