"""What an answer cost, what that avoided, and how much of the limit is left.

Use it for the people who pay or run the service. Do not show it to people who ask: it makes them ask less, and the
price is none of their business unless it is their money.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fallbackkit.ui.views._cost import Cost, cost_meter

from . import outcome_card

if TYPE_CHECKING:
    from fallbackkit import Outcome

PROBLEM = "Under the hood"
VIEW = cost_meter


def under() -> Cost:
    """An ordinary answer on an ordinary day."""
    return Cost(id="under", amount=0.004, currency="EUR", budget=50.0, spent=18.20)


def near() -> Cost:
    """The team has used most of what it may spend this month."""
    return Cost(id="near", amount=0.012, currency="EUR", budget=400.0, spent=371.50, period="month")


def over() -> Cost:
    """A busy hour: the limit is passed."""
    return Cost(id="over", amount=0.012, currency="EUR", budget=5.0, spent=5.84, period="hour")


def unknown() -> Cost:
    """The provider gave no price, and that is not the same as nothing."""
    return Cost(id="unknown", currency="EUR", budget=50.0)


def free() -> Cost:
    """The saved answer cost nothing."""
    return Cost(id="free", currency="EUR", free=True, saved=0.03, avoided_by="cache")


def estimate() -> Cost:
    """The smaller model helped out; one failed try did not say what it took."""
    return Cost(id="estimate", amount=0.0011, currency="EUR", estimate=True, saved=0.011, avoided_by="smaller_model")


def conversation() -> Cost:
    """A whole conversation, without a limit."""
    return Cost(id="conversation", amount=0.38, currency="EUR", unit="conversation")


def from_an_outcome() -> Outcome:
    """An answer from search alone: no model was asked, so it was free."""
    return outcome_card.degraded_search_only()


def nothing_yet() -> None:
    """Nothing has been asked."""
