"""Which sentences of the manual may answer a question, and whether an answer rests on them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .corpus import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .corpus import Manual, Passage

__all__ = ["Candidate", "score", "shortlist", "supporting"]

_PASSAGES = 4
_LONGEST = 400
_FRAGMENT = re.compile(r"[a-z]|\* |See |For example|\*\*|(Changed|New|Deprecated) (in|since) ")
_LEADS_ON = re.compile(r"\b(steps|follow\w*|ways|examples?|equivalent to|are|is|to):?$")
_WORD = re.compile(r"\w+")
_PIECE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'`(])|\n+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer. ``rank``: how well it matches the question, 0 to 2.3, higher is better."""

    sentence: str
    passage: Passage
    rank: float


def shortlist(manual: Manual, question: str, limit: int = 2) -> list[Candidate]:
    """The sentences that match the question best, best first.

    What counts: the question's words in the sentence and in the name of its place, rare ones more;
    and standing early, where a manual says what a thing is before what it must not be.
    """
    found = sorted(_candidates(manual, question), key=lambda candidate: -candidate.rank)
    return found[:limit]


def _candidates(manual: Manual, question: str) -> Iterator[Candidate]:
    for place, hit in enumerate(manual.search(question, _PASSAGES)):
        name = hit.passage.name
        about = manual.coverage(question, name)
        for position, sentence in enumerate(sentences(hit.passage.text)):
            if _FRAGMENT.match(sentence) or _LEADS_ON.search(sentence) or len(sentence) > _LONGEST:
                continue
            said = manual.coverage(question, f"{name} {sentence}") + 0.3 * manual.coverage(question, sentence)
            late = 0.25 * (position + 2 * hit.passage.part) + 0.05 * place
            rule = 0.6 if "may only" in sentence else 0.0
            yield Candidate(sentence, hit.passage, said + about - late - rule)


def _plain(text: str) -> str:
    return f" {' '.join(_WORD.findall(text.lower()))} "


def supporting(text: str, candidates: Sequence[Candidate]) -> tuple[float, list[Candidate]]:
    """How much of a text is word for word in the candidates, in [0, 1], and in which of them."""
    pieces = [plain for piece in _PIECE.split(text) if (plain := _plain(piece)).strip()]
    quoted = [candidate for candidate in candidates if any(piece in _plain(candidate.sentence) for piece in pieces)]
    backed = [piece for piece in pieces if any(piece in _plain(candidate.sentence) for candidate in quoted)]
    total = sum(map(len, pieces))
    return (sum(map(len, backed)) / total if total else 0.0), quoted


def score(manual: Manual, question: str, text: str, candidates: Sequence[Candidate]) -> float:
    """How safe it is to show a text as the answer, in [0, 1].

    The weaker of two things: how much of it is word for word in the manual; and how much of what the
    question is about stands in the quoted sentence or the name of its place. Half of that if the
    model and the search do not agree on the best sentence. It measures evidence, not truth.
    """
    support, quoted = supporting(text, candidates)
    if not quoted:
        return 0.0
    told = " ".join(f"{candidate.passage.name} {candidate.sentence}" for candidate in quoted)
    evidence = min(support, manual.coverage(question, told))
    best = max(candidate.rank for candidate in candidates)
    return evidence if any(candidate.rank == best for candidate in quoted) else evidence / 2
