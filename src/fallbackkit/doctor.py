"""What an operator wants to know before an outage: what is missing, open, unrehearsed, or without words."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from fallbackkit._strategies.circuit_breaker import CircuitBreaker
from fallbackkit._strategies.fallback import Fallback
from fallbackkit._strategies.route import Route
from fallbackkit.messages import Messages
from fallbackkit.providers._own_retries import retrying_clients
from fallbackkit.providers._unmapped import PACKAGES, unmapped

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from fallbackkit._faces import AsyncProtected, Protected
    from fallbackkit._rung import Rung

    Wrapped: TypeAlias = Protected[..., Any] | AsyncProtected[..., Any]

__all__ = ["Diagnosis", "Finding", "examine"]

_REQUIREMENT = re.compile(r"""^([\w.-]+)(?:\[([\w,. -]+)\])?[^;]*(?:;.*extra\s*==\s*["']([\w-]+)["'])?""")
_MARKS = {"fine": " ", "note": "-", "mend": "!"}

Topic = Literal["installed", "errors", "breakers", "retries", "fallbacks", "alerts", "words"]
TITLES: dict[Topic, str] = {
    "installed": "Installed",
    "errors": "Errors that no rule knows",
    "breakers": "Circuit breakers",
    "retries": "Clients that retry by themselves",
    "fallbacks": "Fallbacks",
    "alerts": "What only you can mend",
    "words": "Words that are missing",
}


class Finding(BaseModel):
    """One thing that was looked at.

    Attributes:
        subject: What was looked at.
        says: What was found, in a few words.
        verdict: ``fine``; ``note``, which is good to know; or ``mend``.
        remedy: What to do, if there is something to do.
    """

    model_config = ConfigDict(frozen=True)

    topic: Topic
    subject: str
    says: str
    verdict: Literal["fine", "note", "mend"] = "fine"
    remedy: str = ""


class Diagnosis(BaseModel):
    """Everything that was looked at, in the order of ``TITLES``. Immutable; JSON both ways."""

    model_config = ConfigDict(frozen=True)

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether there is nothing to mend."""
        return all(finding.verdict != "mend" for finding in self.findings)

    def text(self) -> str:
        """For a terminal: a section a topic, ``!`` before what to mend, ``-`` before what is good to know."""
        lines: list[str] = []
        for topic, title in TITLES.items():
            found = [finding for finding in self.findings if finding.topic == topic]
            if found:
                lines += ["", title, *_table(found)]
        mend = sum(finding.verdict == "mend" for finding in self.findings)
        lines += ["", "Nothing to mend." if self.ok else f"{mend} to mend, marked with !."]
        return "\n".join(lines[1:])


def examine(*asks: Wrapped, rehearsed: Collection[str] = (), messages: Messages | None = None) -> Diagnosis:
    """Look at the installation, and at wrapped functions as they are in this process.

    Args:
        *asks: Wrapped functions, with all that stands around them.
        rehearsed: Names of fallbacks that a drill has rehearsed; they need not have been asked here.
        messages: The application's own words, if it has any.

    Returns:
        What was found. Nothing is called and nothing changed. Safe to call from any thread; it may take
        seconds, because it imports the SDKs that are installed.

    Raises:
        TypeError: Something is no wrapped function.

    Example:
        >>> from fallbackkit import Pipeline
        >>> examine(Pipeline(name="ask")(str.upper)).findings[0].topic
        'installed'
    """
    for ask in asks:
        if not hasattr(ask, "pipeline"):
            raise TypeError(f"a wrapped function is needed, got {ask!r}; wrap it: protect(…)(function)")
    found = [*_installed(), *_errors()]
    for ask in asks:
        found += [*_breakers(ask), *_retries(ask), *_fallbacks(ask, rehearsed), *_alerts(ask)]
    return Diagnosis(findings=(*found, *_words(messages or Messages())))


def _table(found: list[Finding]) -> list[str]:
    width = max(len(finding.subject) for finding in found)
    lines: list[str] = []
    for finding in found:
        lines.append(f"{_MARKS[finding.verdict]} {finding.subject:<{width}}  {finding.says}".rstrip())
        if finding.remedy:
            lines.append(f"  {'':<{width}}  {finding.remedy}")
    return lines


def _installed() -> Iterator[Finding]:
    here = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    yield Finding(topic="installed", subject="Python", says=here)
    extras: dict[str, list[str]] = {"": []}
    for line in metadata.requires("fallbackkit") or ():
        found = _REQUIREMENT.match(line)
        if found and found[1] != "fallbackkit":
            extras.setdefault(found[3] or "", []).append(found[1])
    for extra, packages in extras.items():
        yield _extra(extra, packages)


def _extra(extra: str, packages: list[str]) -> Finding:
    versions = {name: _version(name) for name in packages}
    name = f"fallbackkit[{extra}]" if extra else f"fallbackkit {_version('fallbackkit')}"
    missing = [package for package, version in versions.items() if version is None]
    if not missing:
        said = ", ".join(f"{package} {version}" for package, version in versions.items())
        return Finding(topic="installed", subject=name, says=said)
    return Finding(
        topic="installed",
        subject=name,
        says=f"without {', '.join(missing)}",
        verdict="note" if extra else "mend",
        remedy=f"If you use it: pip install '{name.split(maxsplit=1)[0]}'",
    )


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _errors() -> Iterator[Finding]:
    for sdk in PACKAGES:
        unknown = unmapped(sdk)
        if unknown:
            yield Finding(
                topic="errors",
                subject=sdk,
                says=", ".join(unknown),
                verdict="note",
                remedy="They count as bugs of yours; give a Provider that knows better, and tell us.",
            )


def _breakers(ask: Wrapped) -> Iterator[Finding]:
    for strategy in ask.pipeline.strategies:
        if not isinstance(strategy, CircuitBreaker):
            continue
        seen = strategy.snapshot()
        closed = seen.state == "closed"
        wait = "" if seen.retry_after is None else f", tried again in {seen.retry_after:.0f} s"
        yield Finding(
            topic="breakers",
            subject=f"{_name(ask)}: {strategy.name}",
            says=f"{seen.state}{wait}, {seen.failures} of {seen.calls} calls failed",
            verdict="fine" if closed else "mend",
            remedy="" if closed else "Look at what it protects; `reset()` ends an isolation.",
        )
    for _, rung in _rungs(ask):
        inner: Any = rung.target.fn
        if hasattr(inner, "pipeline"):
            yield from _breakers(inner)


def _retries(ask: Wrapped) -> Iterator[Finding]:
    places = [(_name(ask), getattr(ask, "__wrapped__", ask)), *((rung.name, rung.target.fn) for _, rung in _rungs(ask))]
    for place, fn in places:
        for client, retries in retrying_clients(fn):
            yield Finding(
                topic="retries",
                subject=f"{place}: {client}",
                says=f"max_retries={retries}, which multiply those of the pipeline",
                verdict="mend",
                remedy=f"{client}.with_options(max_retries=0)",
            )


def _fallbacks(ask: Wrapped, rehearsed: Collection[str]) -> Iterator[Finding]:
    rungs = _rungs(ask)
    if not rungs:
        yield Finding(
            topic="fallbacks",
            subject=_name(ask),
            says="none: a failure leaves people without an answer",
            verdict="note",
            remedy="protect(fallbacks=[…]): a smaller model, a search, a rule",
        )
    for kind, rung in rungs:
        known = rung.asked > 0 or rung.name in rehearsed
        here = f"asked {_times(rung.asked)} here, answered {rung.answered}" if rung.asked else ""
        said = here or ("rehearsed" if known else "never asked here and not rehearsed")
        dead = rung.asked > 0 and rung.answered == 0
        yield Finding(
            topic="fallbacks",
            subject=f"{_name(ask)}: {rung.name}",
            says=f"{kind}, {said}",
            verdict="mend" if dead or not known else "fine",
            remedy="It never answered; drill it." if dead else ("" if known else "Drill it: fallbackkit drill --help"),
        )


def _alerts(ask: Wrapped) -> Iterator[Finding]:
    for what, times in ask.pipeline.alerts.counts().items():
        yield Finding(topic="alerts", subject=f"{_name(ask)}: {what}", says=f"{_times(times)} here", verdict="mend")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _words(messages: Messages) -> Iterator[Finding]:
    for locale in messages.locales:
        missing = messages.missing(locale)
        if missing:
            yield Finding(
                topic="words",
                subject=locale,
                says=", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else ""),  # noqa: PLR2004
                verdict="note",
                remedy="People read them in another language; add them to your file.",
            )


def _rungs(ask: Wrapped) -> list[tuple[str, Rung]]:
    return [
        (rung.kind if isinstance(strategy, Fallback) else "target", rung)
        for strategy in ask.pipeline.strategies
        if isinstance(strategy, Fallback | Route)
        for rung in strategy.rungs
    ]


def _name(ask: Wrapped) -> str:
    return ask.pipeline.name or ask._target.name  # noqa: SLF001 - a wrapped function has its name nowhere else
