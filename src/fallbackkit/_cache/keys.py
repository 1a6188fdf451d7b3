"""What two calls have in common if one of them may get the answer of the other."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from itertools import count, repeat
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NoKey", "Numbers", "spell", "what_comes_along"]

_PLAIN = frozenset({str, bytes, int, float, bool, type(None), date, Decimal, UUID})
# Far below the interpreter's own limit: at that, whatever happens to be finalised meanwhile fails as well.
_DEEPEST = 100


class NoKey(TypeError):
    """Something has no form that would be the same in another call or process."""


def spell(*parts: object) -> str:
    """The parts in ASCII: equal for equal parts of the same types, in every process, and for no others.

    Raises:
        NoKey: A part is not made of strings, bytes, numbers, booleans, None, dates, UUIDs, enums, tuples, lists,
            dicts, sets, pydantic models and dataclasses; or it is nested more than 100 deep.
    """
    try:
        return "\n".join(map(_spelled, parts))
    except NoKey:
        raise
    except Exception as error:  # these are somebody's objects: they may raise
        raise NoKey(f"it raised {type(error).__name__}") from error


class Numbers:
    """Tells objects apart that make no key themselves, for as long as they live in this process."""

    def __init__(self) -> None:
        self._numbers: WeakKeyDictionary[object, int] = WeakKeyDictionary()
        self._next = count()

    def of(self, it: object) -> int:
        try:
            return self._numbers.setdefault(it, next(self._next))
        except TypeError:  # it cannot be hashed, or not be referred to weakly
            raise NoKey(f"there is a {type(it).__qualname__} in it") from None


def what_comes_along(fn: object, numbers: Numbers | None) -> tuple[object, ...]:
    """What a function has been given besides a call's arguments: the object of a method, the arguments of a partial.

    Args:
        fn: Looked into under decorators that say what they wrap.
        numbers: For an object of which no key can be made, where it is enough to know which one it is.

    Raises:
        NoKey: It is not enough.
    """
    if type(fn) is FunctionType and not fn.__dict__:
        return ()
    if type(fn) is MethodType:
        return (_itself(fn.__self__, numbers),)
    if type(fn) is partial:
        return (fn.args, fn.keywords, *what_comes_along(fn.func, numbers))
    wrapped = getattr(fn, "__dict__", {}).get("__wrapped__")
    return () if wrapped is None else what_comes_along(wrapped, numbers)


def _itself(it: object, numbers: Numbers | None) -> object:
    try:
        spell(it)
    except NoKey:
        if numbers is None:
            raise
        return "object", numbers.of(it)
    return it


def _spelled(value: object, depth: int = 0) -> str:
    kind = type(value)
    if kind in _PLAIN or (kind is tuple and _PLAIN.issuperset(map(type, value))):  # type: ignore[call-overload]
        return ascii(value)  # strings are quoted, so that nothing below can look like one
    if depth == _DEEPEST:
        raise NoKey(f"it is nested more than {_DEEPEST} deep")
    depth += 1
    if kind is tuple or kind is list:
        return f"{kind.__name__}({_listed(map(_spelled, value, repeat(depth)))})"  # type: ignore[call-overload]
    if kind is set or kind is frozenset:
        return f"{kind.__name__}({_listed(sorted(map(_spelled, value, repeat(depth))))})"  # type: ignore[call-overload]
    if kind is dict:
        return f"dict({_pairs(value, depth)})"
    if isinstance(value, datetime):
        return f"datetime({value.isoformat()})"
    name = f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(value, Enum):
        return f"{name}.{value.name}"
    return f"{name}({_pairs(_fields(value), depth)})"


def _listed(items: Iterable[str]) -> str:
    return ",".join(items)


def _pairs(items: Any, depth: int) -> str:
    return _listed(sorted([f"{_spelled(key, depth)}:{_spelled(item, depth)}" for key, item in items.items()]))


def _fields(value: object) -> dict[str, object]:
    if isinstance(value, BaseModel):
        known = type(value).model_fields
        own = {name: item for name, item in value.__dict__.items() if name in known}
        return own | (value.__pydantic_extra__ or {})
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise NoKey(f"there is a {type(value).__qualname__} in it")
