from __future__ import annotations

import re

__all__ = ["distinctive", "stems"]

_MOST = 40
_SHORTEST_STEM = 3
_STOP_WORDS = """
a about after all also am an and any are as ask at be because been being between but by can change could describe did
difference different do does doing done each else ever every exactly explain find for from get give go good had happen
happens has have he help her here his how i if in into is it its just know like long look make many may me mean means
more most much must my need no not of on one only or other our please python really same say she should show so some
still such tell than thank thanks that the their them then there these they thing things this those to too try up us
use used uses using very want was way ways we well were what when where whether which while who whose why will with
without work works would yes you your
"""
_STOP = frozenset(_STOP_WORDS.split())
_GRAMMAR = "block clause clauses expression expressions keyword loop loops operator statement statements"
_GRAMMAR_NOUNS = frozenset(_GRAMMAR.split())
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", ""), ("ly", ""), ("s", ""), ("e", ""))
_KEEPS_ITS_END = ("ss", "us", "is")
_WORD = re.compile(r"\w+")


def stems(text: str) -> list[str]:
    """The words of a text, lower case, without their endings; a dunder name is one word."""
    return [_stem(word) for word in _WORD.findall(text.lower())]


def distinctive(question: str) -> tuple[str, ...]:
    """The stems that carry the question, in order, each once, at most forty.

    A stop word that is a Python word counts when the next word says so ("the with statement").
    """
    words = _WORD.findall(question.lower())
    kept = (
        _stem(word)
        for word, after in zip(words, [*words[1:], ""], strict=False)
        if (word not in _STOP or after in _GRAMMAR_NOUNS) and (len(word) > 1 or word.isdigit())
    )
    return tuple(dict.fromkeys(kept))[:_MOST]


def _stem(word: str) -> str:
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM and not word.endswith(_KEEPS_ITS_END):
            return _single(word[: -len(ending)] + instead)
    return word


def _single(stem: str) -> str:
    """``stopped`` and ``stop`` are the same word; so are ``raising`` and ``raise``."""
    doubled = len(stem) > _SHORTEST_STEM and stem[-1] == stem[-2] and stem[-1] in "bdgmnprt"
    return stem[:-1] if doubled else stem.removesuffix("e")
