"""How sure an answer is: for people who must decide whether to check it before they act on it.

Use it where somebody has counted how often such answers are right, or to say that nobody has. Show none on a fixed rule
or a person's own words, and never in place of the sources.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fallbackkit import Confidence, Outcome
from fallbackkit.ui.views._confidence import Certainty, confidence_meter

from . import outcome_card

PROBLEM = "How sure is it?"
VIEW = confidence_meter

CHECKED = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)
QUESTIONS = "help-desk questions, spring 2026"


def very_likely_right() -> Certainty:
    """97 of 100 such answers were right, on 640 questions about leave."""
    return Certainty(
        id="leave-days",
        confidence=Confidence(
            value=0.97, basis="measured", n=640, measured_on="questions about leave, 2026", measured_at=CHECKED
        ),
    )


def likely_right() -> Certainty:
    """Measured on 412 past questions."""
    return Certainty(
        id="carry-over",
        confidence=Confidence(
            value=0.83, basis="measured", lower=0.78, upper=0.87, n=412, measured_on=QUESTIONS, measured_at=CHECKED
        ),
    )


def could_go_either_way() -> Certainty:
    """The smaller model was right about half the time."""
    return Certainty(
        id="parking",
        confidence=Confidence(value=0.52, basis="measured", n=188, measured_on=QUESTIONS, measured_at=CHECKED),
    )


def probably_wrong() -> Certainty:
    """Few answers about travel costs abroad were right."""
    return Certainty(
        id="per-diem",
        confidence=Confidence(
            value=0.21, basis="measured", n=96, measured_on="questions about travel costs", measured_at=CHECKED
        ),
    )


def with_what_speaks_for_and_against() -> Certainty:
    """Opens to what raised and lowered it, and to how long the measurement holds."""
    return Certainty(
        id="carry-over-drivers",
        confidence=Confidence(
            value=0.83,
            basis="measured",
            n=412,
            measured_on=QUESTIONS,
            measured_at=CHECKED,
            expires_at=datetime(2026, 12, 31, 12, 0, tzinfo=UTC),
            raised=("The sentence was found in the leave policy of 2026", "Two pages say the same"),
            lowered=("The question names no site, and sites may differ",),
        ),
    )


def guaranteed() -> Certainty:
    """The limit for showing answers was chosen so that a share of them is right."""
    return Certainty(
        id="sick-note",
        confidence=Confidence(
            value=0.88,
            basis="guaranteed",
            lower=0.8,
            n=412,
            measured_on=QUESTIONS,
            measured_at=CHECKED,
        ),
    )


def guaranteed_in_own_words() -> Certainty:
    """The guarantee as the people who measured it put it."""
    return Certainty(
        id="sick-note-own",
        confidence=Confidence(
            value=0.88,
            basis="guaranteed",
            lower=0.8,
            n=412,
            measured_at=CHECKED,
            guarantee="of the answers marked “likely right”, at least 8 in 10 are, in 19 of 20 such checks.",
        ),
    )


def small_sample() -> Certainty:
    """24 cases do not tell 6 in 10 from 9 in 10, so that the number is a range."""
    return Certainty(
        id="company-bikes",
        confidence=Confidence(
            value=0.79, basis="measured", n=24, measured_on="questions about company bikes", measured_at=CHECKED
        ),
    )


def sample_too_small() -> Certainty:
    """Six cases say nothing that could be shown as a number."""
    return Certainty(id="sabbatical", confidence=Confidence(value=0.83, basis="measured", n=6, measured_at=CHECKED))


def not_measured() -> Certainty:
    """Nobody has counted."""
    return Certainty(id="meeting-room")


def only_agreement() -> Certainty:
    """Several tries gave the same answer, which is not the same as being right."""
    return Certainty(id="agreement", confidence=Confidence(basis="agreement", n=5))


def only_retrieval() -> Certainty:
    """The sources match, which says nothing about the answer."""
    return Certainty(id="retrieval", confidence=Confidence(basis="retrieval"))


def only_the_model_says_so() -> Certainty:
    """The model rated itself."""
    return Certainty(id="model-said", confidence=Confidence(basis="model_said"))


def out_of_date() -> Certainty:
    """The measurement was valid until the end of September."""
    return Certainty(
        id="out-of-date",
        confidence=Confidence(
            value=0.83,
            basis="measured",
            n=412,
            measured_on="help-desk questions, autumn 2025",
            measured_at=datetime(2025, 11, 3, tzinfo=UTC),
            expires_at=datetime(2026, 9, 30, 12, 0, tzinfo=UTC),
        ),
    )


def unlike_the_measured_cases() -> Certainty:
    """A question in Polish, where only German and English ones were measured."""
    return Certainty(
        id="unlike",
        confidence=Confidence(
            value=0.83,
            basis="measured",
            n=412,
            measured_on=QUESTIONS,
            unlike=True,
            lowered=("The question is in Polish; those measured were in German and English",),
        ),
    )


def computing() -> Certainty:
    """The answer is there, its confidence is not yet."""
    return Certainty(id="computing", state="computing")


def hidden_by_policy() -> Certainty:
    """The house has decided not to show it in this place."""
    return Certainty(id="hidden", state="hidden", confidence=likely_right().confidence)


def marked_as_wrong() -> Certainty:
    """The person knows better and has said so."""
    return likely_right().model_copy(update={"override": "wrong"})


def of_an_outcome() -> Outcome:
    """Given an Outcome, it takes what it needs."""
    return outcome_card.answered()


def of_an_answer_cut_short() -> Outcome:
    """An answer that is not whole has no confidence."""
    return outcome_card.interrupted()
