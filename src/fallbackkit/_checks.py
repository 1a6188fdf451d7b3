from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, TypeVar

from fallbackkit.errors import Failure, FailureKind

__all__ = ["Handles", "Match", "count", "fraction", "function", "listed", "matching", "seconds", "words"]

Match: TypeAlias = "FailureKind | str | type[BaseException] | Callable[[Failure], bool]"
Handles: TypeAlias = Callable[[Failure], bool]
F = TypeVar("F", bound=Callable[..., Any] | None)


def seconds(name: str, value: float, *, zero: bool = False) -> float:
    """A finite number of seconds, above 0 (or from 0 on)."""
    number = math.nan if isinstance(value, bool) or not isinstance(value, int | float) else value
    if not 0 <= number <= sys.float_info.max or (number == 0 and not zero):
        bound = "0 or more" if zero else "more than 0"
        msg = f"`{name}` must be a finite number of seconds, {bound}, got {value!r}"
        raise ValueError(msg)
    return float(number)


def fraction(name: str, value: float) -> float:
    """A number in [0, 1]."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        msg = f"`{name}` must be between 0 and 1, got {value!r}"
        raise ValueError(msg)
    return float(value)


def function(name: str, value: F) -> F:
    """A function, or None where none has to be given."""
    if value is not None and not callable(value):
        msg = f"`{name}` must be a function, got {value!r}; pass the function itself, not its result"
        raise TypeError(msg)
    return value


def count(name: str, value: int, *, least: int = 1) -> int:
    """A whole number, at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        msg = f"`{name}` must be a whole number of {least} or more, got {value!r}"
        raise ValueError(msg)
    return value


def listed(on: Match | Iterable[Match]) -> tuple[Match, ...]:
    """One or several of what ``matching`` takes, as a tuple."""
    return (on,) if isinstance(on, str | type) or not isinstance(on, Iterable) else tuple(on)


def words(on: Iterable[Match]) -> str:
    """What is matched, for ``describe()``: the same words whatever the order."""
    return ", ".join(sorted(item if isinstance(item, str) else _name_of(item) for item in on))


def _name_of(item: object) -> str:
    return str(getattr(item, "__name__", type(item).__name__))


def matching(name: str, on: Match | Iterable[Match]) -> Handles:
    """A test for failures from kinds, kind ids, exception types, predicates, or several of them."""
    kinds: set[FailureKind] = set()
    types: list[type[BaseException]] = []
    predicates: list[Handles] = []
    for item in listed(on):
        if isinstance(item, str):
            kinds.add(_kind(name, item))
        elif isinstance(item, type) and issubclass(item, BaseException):
            types.append(item)
        elif callable(item) and not isinstance(item, type):
            predicates.append(item)
        else:
            msg = f"`{name}` takes failure kinds, exception types and predicates, got {item!r}"
            raise TypeError(msg)
    errors = tuple(types)

    def handles(failure: Failure) -> bool:
        return (
            failure.kind in kinds
            or isinstance(failure.error, errors)
            or any(predicate(failure) for predicate in predicates)
        )

    return handles


def _kind(name: str, value: str) -> FailureKind:
    try:
        return FailureKind(value)
    except ValueError:
        msg = f"`{name}` names no failure kind {value!r}; the kinds are {', '.join(FailureKind)}"
        raise ValueError(msg) from None
