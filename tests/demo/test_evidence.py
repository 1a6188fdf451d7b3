from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.evidence import score, shortlist, supporting
from demo.manual import THRESHOLD
from tests.demo.questions import IN_SCOPE, OUT_OF_SCOPE

QUESTION = "What does the with statement guarantee?"


@pytest.mark.parametrize("question", OUT_OF_SCOPE)
def test_nothing_the_model_could_pick_passes_out_of_scope(manual, question):
    """Whichever sentence the model picks, alone or together with others, stays under the threshold."""
    candidates = shortlist(manual, question)
    picks = [candidate.sentence for candidate in candidates] + [" ".join(each.sentence for each in candidates)]
    assert [pick for pick in picks if score(manual, question, pick, candidates) >= THRESHOLD] == []


def test_the_shortlist_holds_the_answer_to_most_questions(manual):
    """Of the questions that the manual answers, four in five have the right sentence among the two."""
    found = [
        question
        for question, right in IN_SCOPE.items()
        if any(re.search(right, candidate.sentence) for candidate in shortlist(manual, question))
    ]
    assert len(found) >= 0.8 * len(IN_SCOPE)


@given(st.text())
def test_a_score_is_a_share(manual, text):
    """Any text scores in [0, 1], and what is not in the manual scores 0."""
    candidates = shortlist(manual, QUESTION)
    found = score(manual, QUESTION, text, candidates)
    assert 0 <= found <= 1
    assert found == 0 or supporting(text, candidates)[1]


@pytest.mark.parametrize(
    "invented",
    [
        "The with statement guarantees that your table is dropped.",
        "You can use DROP TABLE to resize it.",
        'The "with" statement guarantees that "__exit__()" will never be called.',
        "",
    ],
)
def test_an_invented_answer_scores_nothing(manual, invented):
    """Plausible words, also close to the manual's own, are no quote."""
    assert 0 == score(manual, QUESTION, invented, shortlist(manual, QUESTION))


def test_half_a_quote_does_not_pass(manual):
    """A true quote with an invention behind it is as weak as the invention is long."""
    candidates = shortlist(manual, QUESTION)
    mixed = f"{candidates[0].sentence} After that the interpreter deletes all of your files and mails them."
    assert supporting(mixed, candidates)[0] == pytest.approx(0.6, abs=0.15)
    assert score(manual, QUESTION, mixed, candidates) < THRESHOLD


def test_a_weaker_match_than_the_search_found_scores_lower(manual):
    """The model and the search have to agree on the sentence."""
    candidates = shortlist(manual, QUESTION)
    best, other = (score(manual, QUESTION, candidate.sentence, candidates) for candidate in candidates)
    assert best >= THRESHOLD > other
