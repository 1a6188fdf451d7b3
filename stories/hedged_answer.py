"""An answer that may be wrong, or none at all: the doubt comes first, with its reason and a check.

Use it where an answer is shown below the limit, or withheld. Do not put it on every answer: a doubt that is always
there tells nobody anything.
"""

from __future__ import annotations

from fallbackkit import Confidence, Outcome, Source
from fallbackkit.ui.views._hedge import Hedge, hedged_answer

from . import outcome_card

PROBLEM = "How sure is it?"
VIEW = hedged_answer

PARKING_RULES = Source(
    title="Parking rules", url="https://intranet.example/parking", locator="page 7", check="conflicts"
)
HANDBOOK = Source(
    title="Facilities handbook", url="https://intranet.example/facilities", locator="3.2", check="conflicts"
)


def plain() -> Hedge:
    """Nothing speaks against it, so nothing is said against it."""
    return Hedge(
        id="carry-over",
        text=(
            "You can carry over **five days** of leave until 31 March. Days beyond that are lost, unless your manager"
            " asked you in writing to work through them. To carry them over, enter them under *Time off*, then *Next"
            " year*. Your manager confirms them there."
        ),
    )


def hedged_medium() -> Hedge:
    """It could go either way, and one check settles it."""
    return Hedge(
        id="bike-lease",
        level="medium",
        text="The lease of a company bike ends with your last working day, and you can buy the bike then.",
        reason="The bike policy was rewritten in September, and I know the old one best.",
        steps=("Open the [bike policy](https://intranet.example/bikes) and read section 5.",),
    )


def hedged_low() -> Hedge:
    """Probably wrong: the doubt, a short answer, and what to verify first."""
    return Hedge(
        id="per-diem",
        level="low",
        text="The day rate for Zurich is 64 euros.",
        cause="often_wrong",
        steps=(
            "Look Zurich up in the [table of day rates](https://intranet.example/travel/rates).",
            "See whether the table is the one for 2026.",
        ),
    )


def conflicting_sources() -> Hedge:
    """Two documents say different things, and both are named."""
    return Hedge(
        id="parking-notice",
        level="conflict",
        text="The notice period for a parking space is 14 days in one document [1] and 30 days in the other [2].",
        sources=(PARKING_RULES, HANDBOOK),
        reason="Two of your documents disagree.",
        steps=("See which of the two is newer.",),
    )


def abstained() -> Hedge:
    """There is no answer, but a page that comes close, and what would help."""
    return Hedge(
        id="sabbatical",
        level="abstained",
        text="The closest page is the [leave policy from March](https://intranet.example/policies/leave-2026).",
        reason="None of your documents is about sabbaticals.",
        steps=("Tell me which works agreement you are under.", "Name the months that you have in mind."),
    )


def not_in_the_first_person() -> Hedge:
    """Where the house does not let software say “I”."""
    return hedged_low().model_copy(update={"voice": "impersonal"})


def long_and_unsure() -> Hedge:
    """What is unsure is not longer than what is sure: the rest is folded away."""
    return Hedge(
        id="relocation",
        level="low",
        text=(
            "The company pays a moving firm up to 3,000 euros. It pays two nights in a hotel as well. You get one day"
            " off for the move. The day must lie within four weeks of the move.\n\n"
            "1. Ask for two offers.\n2. Send both to the mobility team.\n3. Keep every receipt."
        ),
        cause="unsupported",
        steps=("Open the relocation page and look for the amount.",),
    )


def of_an_outcome_in_doubt() -> Outcome:
    """An Outcome whose sources disagree brings its own doubt."""
    return outcome_card.low_confidence_hedged()


def of_an_outcome_measured_low() -> Outcome:
    """An Outcome that was measured, and could go either way."""
    return outcome_card.degraded_smaller_model()


def of_an_outcome_withheld() -> Outcome:
    """An Outcome without an answer says that it has none."""
    return outcome_card.low_confidence_withheld()


def of_an_unlike_question() -> Outcome:
    """What was measured may not hold for this question."""
    unlike = Confidence(value=0.83, basis="measured", n=412, unlike=True)
    return outcome_card.answered().model_copy(update={"confidence": unlike})
