from __future__ import annotations

import math
from typing import Any


def look(thing: object, name: str) -> Any:
    """The dict item or attribute ``name`` of ``thing``, or None if there is none or it raises."""
    try:
        return thing.get(name) if isinstance(thing, dict) else getattr(thing, name, None)
    except Exception:  # noqa: BLE001 - a property of a foreign object may raise anything
        return None


def text_of(value: object) -> str:
    """``value`` if it is a string, else ""."""
    return value if type(value) is str else ""


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
