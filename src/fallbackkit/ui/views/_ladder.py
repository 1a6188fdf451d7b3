"""How much a measured rate may say: word, number and basis, never finer than the sample behind it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from fallbackkit._outcome import Confidence
    from fallbackkit.ui.views._reader import Reader

__all__ = ["FEWEST", "Figure", "standing"]

FEWEST = 10
"""Cases. With fewer, even a run without one miss leaves three tenths open, so that no number would be honest."""

_VERY_LIKELY, _LIKELY, _EITHER_WAY = 0.9, 0.7, 0.4
_Z = 1.959964  # of a two-sided 95 % interval
_MOST = 10**12  # cases; nobody has labelled more

Word = Literal["very_likely", "likely", "either_way", "unlikely"]
Form = Literal["about", "twentieths", "fewer", "range"]


class Figure(NamedTuple):
    """A measured rate as people are told it.

    Attributes:
        word: Rung of the ladder.
        segments: How many of four are filled.
        form: ``about`` so many tenths; ``twentieths``; ``fewer`` than 4 in 10; or, where the sample does not tell
            the tenths apart, a ``range``.
        low: Lower end in tenths; for ``about``, the number.
        high: Upper end in tenths.
        percent: Where a meter stands.
    """

    word: Word
    segments: int
    form: Form
    low: int
    high: int
    percent: int


def standing(confidence: Confidence, reader: Reader | None = None) -> Figure | str:
    """What may be shown: a figure, or the reason why there is none.

    Without a reader there is no present, and so nothing is out of date.
    """
    value, basis = confidence.value, confidence.basis
    if basis not in {"measured", "guaranteed"}:
        return basis if basis in {"none", "agreement", "retrieval", "model_said"} else "unknown"
    if value is None or not 0 <= value <= 1:
        return "none"
    if confidence.n is None or not 1 <= confidence.n <= _MOST:
        return "uncounted"
    if reader is not None and reader.passed(confidence.expires_at):
        return "expired"
    if confidence.unlike:
        return "unlike"
    if confidence.n < FEWEST:
        return "few"
    return _figure(value, *_interval(confidence, value, confidence.n))


def _interval(confidence: Confidence, value: float, n: int) -> tuple[float, float]:
    """The wider of the interval given and Wilson's: nobody can claim more than the sample allows."""
    shrink = 1 + _Z**2 / n
    middle = (value + _Z**2 / (2 * n)) / shrink
    half = _Z * math.sqrt(value * (1 - value) / n + _Z**2 / (4 * n**2)) / shrink
    given = [end for end in (confidence.lower, confidence.upper, value) if end is not None and 0 <= end <= 1]
    return min(middle - half, *given), max(middle + half, *given)


def _figure(value: float, low: float, high: float) -> Figure:
    word, segments = _rung(value, low)
    tenths = min(9, max(1, _rounded(value)))
    least, most = max(0, _rounded(low)), min(10, _rounded(high))
    if least < tenths - 1 or most > tenths + 1:
        return Figure(word, segments, "range", least, most, tenths * 10)
    if word == "very_likely" and value >= 0.925:  # noqa: PLR2004  # from here on 19 twentieths are nearer than 9 tenths
        return Figure(word, segments, "twentieths", least, most, 95)
    if word == "unlikely" and most <= _EITHER_WAY * 10:
        return Figure(word, segments, "fewer", 0, 4, 40)
    return Figure(word, segments, "about", tenths, tenths, tenths * 10)


def _rung(value: float, low: float) -> tuple[Word, int]:
    if low >= _VERY_LIKELY:
        return "very_likely", 4
    if value >= _LIKELY:
        return "likely", 3
    return ("either_way", 2) if value >= _EITHER_WAY else ("unlikely", 1)


def _rounded(value: float) -> int:
    return int(value * 10 + 0.5)
