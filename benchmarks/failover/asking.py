"""What a system under test is asked, and what it says. Every peer's interpreter imports it: nothing but Python here."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal, Protocol

QUESTION = "When is breakfast, and what should guests know about it?"
FORM_QUESTION = "Which city, and how many days? Answer in JSON with the keys city and days."
ATTEMPTS = 3

Need = Literal["text", "checked", "form"]


@dataclass(frozen=True)
class Budget:
    """What each system may spend, in seconds.

    Attributes:
        request: For one request.
        silence: To the first word, and between words: for those that can tell.
        call: For the whole call.
        longest_wait: Between two attempts, unless the provider asks for more.
        rest: How long a provider that is down is left alone.
    """

    request: float = 30.0
    silence: float = 10.0
    call: float = 100.0
    longest_wait: float = 8.0
    rest: float = 10.0

    @classmethod
    def scaled(cls, scale: float) -> Budget:
        return cls(30.0 * scale, 10.0 * scale, 100.0 * scale, 8.0 * scale, 10.0 * scale)


@dataclass
class Said:
    """What the caller of a system got.

    Attributes:
        ok: Whether the system presents it as an answer.
        text: The answer, or what came of it.
        model: Who is said to have answered.
        usage: Whether tokens are reported.
        error: The error's class, or what the system says in its place.
        took: Seconds of the whole call.
    """

    ok: bool
    text: str = ""
    model: str | None = None
    usage: bool = False
    error: str | None = None
    took: float = 0.0


class System(Protocol):
    """A system under test."""

    async def ask(self, primary: str, fallback: str, need: Need) -> Said:
        """Ask the primary model, and the fallback if it must be; raises if there is no answer."""
        ...


async def attempt(system: System, primary: str, fallback: str, need: Need) -> Said:
    """What the caller gets, an error included."""
    started = time.monotonic()
    try:
        said = await system.ask(primary, fallback, need)
    except Exception as error:  # noqa: BLE001 - which one it is belongs to the result
        said = Said(ok=False, error=type(error).__name__)
    said.took = time.monotonic() - started
    return said


def usable(text: str) -> bool:
    """The application's own idea of an answer that may be shown, where a scenario says that it has one."""
    return "\ufffd" not in text and "i don't know" not in text.lower()
