"""Use it where the person knows best which loss is the smallest.

To wait, an older answer, a shorter one, or none of AI at all: each says its time, its quality and its cost, in this
order.

Do not use it where there is one sensible way (take it, and say so), nor for more than five ways.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fallbackkit import Failure, FailureKind, Outcome, Step
from fallbackkit.ui.views._choices import Choice, Choices, fallback_chooser

PROBLEM = "Waiting"
VIEW = fallback_chooser

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
WAIT = Choice(id="wait", kind="wait", wait=120, cost=0.02)
SAVED = Choice(id="saved", kind="saved", what="from Tuesday, 13 October", wait=0, cost=0)
SMALLER = Choice(id="smaller", kind="smaller_model", wait=4, cost=0.003, quality="less detail, no tables")
PAGES = Choice(id="pages", kind="search", what="4 pages of the travel policy", wait=0, cost=0)
PERSON = Choice(id="hr_desk", kind="person", label="Ask the HR desk", what="Anna Kowalski's team", wait=6000, cost=0)
OPTIONS = (WAIT, SAVED, SMALLER, PAGES, PERSON)


def choosing() -> Choices:
    """Five ways; nothing is chosen for the person."""
    return Choices(id="choosing", options=OPTIONS)


def recommended() -> Choices:
    """One is chosen already, and can be confirmed with one press."""
    return Choices(id="recommended", options=OPTIONS, recommended="saved")


def some_not_available() -> Choices:
    """What cannot be had now stays readable, with the reason."""
    nobody = PERSON.model_copy(update={"available": False, "why_not": "nobody is on shift until Thursday, 08:00"})
    old = SAVED.model_copy(update={"available": False, "why_not": "the travel policy changed after it was saved"})
    return Choices(id="some-not-available", options=(WAIT, old, SMALLER, PAGES, nobody), recommended="pages")


def without_costs() -> Choices:
    """Nobody needs to know the costs, or nobody does: they are left out."""
    free = tuple(option.model_copy(update={"cost": None}) for option in (SAVED, SMALLER, PAGES))
    return Choices(id="without-costs", options=free)


def acts_at_once() -> Choices:
    """Each way is a button."""
    free = tuple(option.model_copy(update={"cost": None}) for option in (SAVED, PAGES, PERSON))
    return Choices(id="acts", options=free, acts=True)


def locked() -> Choices:
    """A try is under way: nothing can be chosen until it has ended."""
    return Choices(id="locked", options=(WAIT, SAVED, PAGES), recommended="wait", locked=True)


def chosen() -> Choices:
    """Chosen: one line, and the rest behind "Change"."""
    return Choices(id="chosen", options=OPTIONS, chosen="saved")


def chosen_and_locked() -> Choices:
    """Chosen, and cannot be changed now."""
    return Choices(id="chosen-locked", options=OPTIONS, chosen="smaller", locked=True)


def of_an_outcome() -> Outcome:
    """What an outcome offers by itself: here the service is busy for two minutes."""
    busy = Failure(kind=FailureKind.PROVIDER_OVERLOADED, retry_after=120, reference="7F3K2M")
    return Outcome(
        id="busy",
        status="unavailable",
        requested="ask_policies",
        reasons=(FailureKind.PROVIDER_OVERLOADED,),
        trail=(Step(name="ask_policies", verdict="failed", failure=busy, duration=1.2),),
        failure=busy,
        duration=1.2,
        created_at=NOW,
    )


def no_other_way() -> Choices:
    """There is nothing to choose from."""
    return Choices(id="none")
