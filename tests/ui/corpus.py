from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fallbackkit import Answer, Attempt, Confidence, Failure, FailureKind, Outcome, Source, Step, Ticket, testing
from stories import outcome_card as stories

if TYPE_CHECKING:
    from collections.abc import Callable

BERLIN = ZoneInfo("Europe/Berlin")
LATER = stories.NOW + timedelta(minutes=6)
STORIES: dict[str, Callable[[], Outcome]] = {
    name: story
    for name, story in inspect.getmembers(stories, inspect.isfunction)
    if story.__module__ == stories.__name__ and not name.startswith("_")
}
HOSTILE = (
    "${window.pwned=1} ${alert(1)}",
    "{{7*7}} {{{value}}} {{#each value}}",
    "back`tick` \\u \\xi C:\\users",
    "<img src=x onerror=window.pwned=1><script>window.pwned=1</script>",
    "\" onmouseover='window.pwned=1' autofocus onfocus=\"window.pwned=1",
    "</style></template></textarea><svg/onload=window.pwned=1>",
    "javascript:window.pwned=1",
    "data:text/html,<script>window.pwned=1</script>",
    "\u202eright to left\u202d \u2066isolate",
    "nul \x00 bell \x07 esc \x1b del \x7f surrogate \ud800 \ufffe\U0001fffe",
    "@children ]]> <!-- --> &lt;b&gt; &amp; &#x3c;",
    "x" * 10_000,
)


PARTIAL = ("working", "streaming", "interrupted")


def poisoned(text: str, status: str = "degraded") -> Outcome:
    """An outcome with the text in every field that holds one."""
    source = Source(title=text, url=text, quote=text, locator=text)
    link = Source(title=text, url=f"https://intranet.example/?q={text}", check="quote_found")
    failure = Failure(kind=FailureKind.FALLBACK_EXHAUSTED, reference=text)
    when = datetime(2026, 10, 1, tzinfo=UTC)
    vouched = {"measured_on": text, "guarantee": text, "measured_at": when, "raised": (text,), "lowered": (text,)}
    return Outcome(
        id=text,
        name=text,
        status=status,
        answer=Answer(text=text, sources=(source, link), model=text, finish_reason=text, data={"path": text}),
        confidence=Confidence() if status in PARTIAL else Confidence(value=0.8, basis="guaranteed", n=90, **vouched),
        requested=text,
        trail=(
            Step(name=text, verdict="failed", failure=failure, attempts=(Attempt(failure=failure),), duration=1.0),
            Step(name=text, kind="other", duration=0.5),
            Step(name=text + "2", kind="person", duration=0.5),
        ),
        failure=failure,
        ticket=Ticket(id=text, url=text, position=2, eta=60),
        duration=1.5,
        created_at=when,
    )


outcomes = testing.outcomes()
