from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from fallbackkit._outcome import Usage
from fallbackkit._text import encodable

if TYPE_CHECKING:
    from collections.abc import Iterator


def look(thing: object, name: str) -> Any:
    """The dict item or attribute ``name`` of ``thing``, or None if there is none or it raises."""
    try:
        return thing.get(name) if isinstance(thing, dict) else getattr(thing, name, None)
    except Exception:  # noqa: BLE001 - a property of a foreign object may raise anything
        return None


def text_of(value: object) -> str:
    """``value`` if it is a string, else ""."""
    return value if type(value) is str else ""


def name_of(value: object) -> str | None:
    """``value`` if it is a string with something in it, as UTF-8 can carry it, else None."""
    return encodable(value) if type(value) is str and value else None


def number_of(value: object) -> float | None:
    """``value`` if it is a finite number of zero or more, else None."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < math.inf else None


def count_of(value: object) -> int:
    """``value`` if it is a count, else 0."""
    return value if type(value) is int and value > 0 else 0


def items_of(value: object) -> list[Any] | tuple[Any, ...]:
    """``value`` if it is a list or a tuple, else an empty one."""
    return value if isinstance(value, (list, tuple)) else ()


def classes_of(value: object) -> Iterator[tuple[str, str]]:
    """The package and the name of each class that ``value`` is of, its own first."""
    for cls in type(value).__mro__:
        yield text_of(cls.__module__).partition(".")[0], cls.__name__


def is_of(value: object, package: str, *names: str) -> bool:
    """Whether ``value`` is of one of these classes of a package."""
    return any(root == package and name in names for root, name in classes_of(value))


def json_of(value: object) -> str:
    """``value`` as the JSON that it was, or would be."""
    if isinstance(value, str):
        return encodable(value)
    try:
        return "" if value is None else encodable(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError, RecursionError):
        return ""


def usage_of(spent: object, made: object, cached: object = None, reasoned: object = None) -> Usage | None:
    """The counts that make sense, or None if there are none."""
    counts = {
        "input_tokens": count_of(spent),
        "output_tokens": count_of(made),
        "cached_tokens": count_of(cached),
        "reasoning_tokens": count_of(reasoned),
    }
    return Usage(**counts) if any(counts.values()) else None


def logprobs_of(tokens: object) -> list[float]:
    """The log probability of each token chosen; none at all if one of them is no such number."""
    found = [look(token, "logprob") for token in items_of(tokens)]
    right = all(isinstance(each, (int, float)) and not isinstance(each, bool) and each <= 0 for each in found)
    return [float(each) for each in found] if right else []


def probability_facts(logprobs: list[float]) -> dict[str, Any]:
    """The fields of an Answer that follow from log probabilities, if there are any.

    The score is the geometric mean of the tokens' probabilities, so it does not depend on length.
    """
    if not logprobs:
        return {}
    finite = all(map(math.isfinite, logprobs))
    return {
        "score": math.exp(math.fsum(logprobs) / len(logprobs)),
        "score_basis": "model_said",
        "logprobs": tuple(logprobs) if finite else None,
    }
