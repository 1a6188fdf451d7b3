"""How a call that was watched from both sides is judged."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from benchmarks.failover.faults import FORM
from benchmarks.failover.provider import ANSWER

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.failover.asking import Said
    from benchmarks.failover.provider import Seen
    from benchmarks.failover.scenarios import Scenario

Verdict = Literal["pass", "partial", "safe", "fail"]


@dataclass
class Watched:
    """What one scenario was like, for the caller and for the providers.

    Attributes:
        said: What the caller got, one a call; None where nothing came in time.
        starts: When each call began, in seconds of the machine's monotonic clock.
        primary: The requests that the primary model saw.
        fallback: Those that the fallback saw.
        alive: Whether the system answers a healthy question afterwards.
        scale: Of the times in this run.
        outage: Seconds, where there is one.
    """

    scenario: Scenario
    said: list[Said | None]
    starts: list[float]
    primary: list[Seen]
    fallback: list[Seen]
    alive: bool
    scale: float
    outage: float

    def limit(self, seconds: float) -> float:
        """A bound in this run: times shrink with the scale, but the machine's own do not."""
        return seconds if self.scale == 1 else seconds * self.scale + 10

    def whole(self, said: Said | None) -> bool:
        """Whether it is the complete and right answer."""
        if said is None or not said.ok:
            return False
        if self.scenario.need == "form":
            return _is_form(said.text)
        return said.text.split() == ANSWER.split()

    def silent(self) -> bool:
        """Whether something that is not the answer was presented as one."""
        return any(said is not None and said.ok and not self.whole(said) for said in self.said)


def _is_form(text: str) -> bool:
    try:
        return bool(json.loads(text) == FORM)
    except ValueError:
        return False


@dataclass(frozen=True)
class Check:
    """Something to look at.

    Attributes:
        advice: Whether the verdict without it is ``partial``, not ``fail``.
        with_fallback: Whether it is asked only of systems that have fallbacks at all.
    """

    name: str
    holds: Callable[[Watched], bool]
    advice: bool = False
    with_fallback: bool = False


def attempts(*, least: int = 0, most: int = 99, advice: bool = False) -> Check:
    words = f"{least} attempts or more" if most == 99 else f"{most} attempt{'s' * (most > 1)} at most"  # noqa: PLR2004
    return Check(words, lambda seen: least <= len(seen.primary) <= most, advice)


def gap(seconds: float, *, advice: bool = False) -> Check:
    """Seconds between the first attempt and the second."""

    def holds(seen: Watched) -> bool:
        return len(seen.primary) > 1 and seen.primary[1].at - seen.primary[0].at >= seconds * seen.scale

    return Check("waits as long as Retry-After", holds, advice)


def not_hammered(most: int, seconds: float) -> Check:
    def holds(seen: Watched) -> bool:
        window = [one for one in seen.primary if one.at - seen.primary[0].at < seconds * seen.scale]
        return len(window) <= most

    return Check("does not hammer", holds)


def within(seconds: float, *, advice: bool = False, with_fallback: bool = False) -> Check:
    def holds(seen: Watched) -> bool:
        return all(said is not None and said.took <= seen.limit(seconds) for said in seen.said)

    return Check(f"within {seconds:g} s", holds, advice, with_fallback)


def reports_usage(*, advice: bool = False) -> Check:
    return Check("reports tokens", lambda seen: all(said is not None and said.usage for said in seen.said), advice)


def _served_in_outage(seen: Watched) -> bool:
    during = [said for at, said in zip(seen.starts, seen.said, strict=True) if at - seen.starts[0] < seen.outage]
    return all(said is not None and said.ok for said in during)


def came_back(seconds: float) -> Check:
    def holds(seen: Watched) -> bool:
        well = [one.at for one in seen.primary if one.did == "answered"]
        return bool(well) and well[0] - seen.primary[0].at - seen.outage <= seen.limit(seconds)

    return Check(f"back on the primary within {seconds:g} s", holds, with_fallback=True)


def _reports_fallback(seen: Watched) -> bool:
    said = seen.said[0]
    return not seen.fallback or (said is not None and "fallback" in (said.model or ""))


def _no_prefill_error(seen: Watched) -> bool:
    failed = any(said is None or not said.ok for said in seen.said)
    return not (failed and any("prefill" in one.did for one in seen.fallback))


alive_after = Check("answers afterwards", lambda seen: seen.alive)
served_in_outage = Check("serves during the outage", _served_in_outage, with_fallback=True)
reports_fallback = Check("names the fallback", _reports_fallback, with_fallback=True)
no_prefill_error = Check("does not end with the prefill error", _no_prefill_error)


@dataclass
class Result:
    """The verdict on one scenario, and why."""

    id: str
    verdict: Verdict
    silent: bool
    why: str
    took: float
    primary: int
    fallback: int
    did: list[str] = field(default_factory=list)


def judge(seen: Watched, *, can_fall_back: bool) -> Result:
    verdict, why = _verdict(seen, can_fall_back=can_fall_back)
    return Result(
        seen.scenario.id,
        verdict,
        seen.silent(),
        why,
        round(sum(said.took for said in seen.said if said is not None), 2),
        len(seen.primary),
        len(seen.fallback),
        [one.did for one in (*seen.primary, *seen.fallback)],
    )


def _verdict(seen: Watched, *, can_fall_back: bool) -> tuple[Verdict, str]:
    if any(said is None for said in seen.said):
        return "fail", f"hangs: nothing within {seen.scenario.patience:g} s"
    if seen.silent():
        wrong = next(said for said in seen.said if said is not None and said.ok and not seen.whole(said))
        return "fail", f"presents as success: {_excerpt(wrong.text)}"
    checks = [check for check in seen.scenario.checks if can_fall_back or not check.with_fallback]
    missed = [check for check in checks if not check.holds(seen)]
    if required := [check.name for check in missed if not check.advice]:
        return "fail", f"missed: {', '.join(required)}"
    answered = all(said is not None and said.ok for said in seen.said)
    if seen.scenario.ideal == "answer" and not answered:
        errors = {said.error for said in seen.said if said is not None and not said.ok}
        return "safe", f"no answer: {', '.join(sorted(filter(None, errors)))}"
    if seen.scenario.ideal == "error" and answered:
        return "partial", "answers in spite of the rejection"
    if missed:
        return "partial", f"missed: {', '.join(check.name for check in missed)}"
    return "pass", ""


def _excerpt(text: str) -> str:
    words = text.split()
    return f"{len(words)} of 60 words" if len(words) > 5 else repr(" ".join(words))  # noqa: PLR2004
