"""A button beside an answer, for those who want to know where it comes from and how far it goes.

It never opens by itself, and it gives a check before a reason: explanations make people trust right and wrong answers
alike. Where everybody has to know something, say it on the answer.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fallbackkit import Confidence, Outcome
from fallbackkit.ui.views._explanation import Explanation, explanation_popover

from . import outcome_card

PROBLEM = "How sure is it?"
VIEW = explanation_popover


def written_by_ai() -> Explanation:
    """A check, what it is, what it used, how sure, why, and where it ends."""
    return Explanation(
        id="carry-over",
        used=("Leave policy 2026", "Works agreement 12/3"),
        confidence=Confidence(value=0.83, basis="measured", n=412, measured_at=datetime(2026, 10, 1, tzinfo=UTC)),
        checks=("Open the leave policy, section 4, and read its first sentence.",),
        why="Section 4 names five days and 31 March.",
        cannot=("See your own leave account",),
    )


def from_many_sources() -> Explanation:
    """Three are named, the others counted."""
    return Explanation(
        id="relocation",
        used=("Relocation policy", "Travel costs 2026", "Mobility team", "Day rates", "Works agreement 7", "FAQ"),
        checks=("Look for the amount in the relocation policy.",),
    )


def from_a_fixed_rule() -> Explanation:
    """No AI, and so no doubt about AI."""
    return Explanation(
        id="entitlement",
        made="rule",
        what="Your leave, from the entitlement table of 2026.",
        used=("Entitlement table 2026",),
        cannot=("See hours that you have agreed on with your manager",),
    )


def of_an_outcome() -> Outcome:
    """Given an Outcome, it says what that knows."""
    return outcome_card.answered()


def of_a_saved_answer() -> Outcome:
    """A saved answer knows nothing that came after it."""
    return outcome_card.degraded_saved_answer()


def of_a_person() -> Outcome:
    """A person's answer needs no meter."""
    return outcome_card.reviewed()


def nothing_to_explain() -> Outcome:
    """There is no answer yet."""
    return outcome_card.working()
