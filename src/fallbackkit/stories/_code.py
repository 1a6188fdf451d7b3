from __future__ import annotations

import dataclasses
import math
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic.fields import FieldInfo

__all__ = ["call", "code_of"]

_WIDTH = 88
_INDENT = 4
_PUBLIC = ("fallbackkit", "fallbackkit.ui.views")


def code_of(value: object, *, name: str = "value") -> str:
    """Python that builds an equal value: its imports, and one assignment that leaves out what is the default.

    Args:
        value: A pydantic model, a dataclass, an enum, a time, a container of such, or plain data.
        name: What the value is assigned to.

    Raises:
        TypeError: Part of it cannot be written as an expression.

    Example:
        >>> from fallbackkit import Ticket
        >>> print(code_of(Ticket(id="4821", position=2)))
        from fallbackkit import Ticket
        <BLANKLINE>
        value = Ticket(id="4821", position=2)
        <BLANKLINE>
    """
    names = _Names()
    expression = names.written(value)
    return f"{names.imports()}{name} = {_laid_out(expression, 0, len(name) + 3)}\n"


def call(value: object, function: Callable[..., Any], **arguments: object) -> str:
    """The same, and a call of the function with the value: ``html = wait_progress(value, locale="de")``."""
    names = _Names()
    made = names.written(value)
    names.need(function.__module__, function.__qualname__)
    called = _Call(function.__name__, (_Atom("value"),), _keywords(names, arguments))
    return f"{names.imports()}value = {_laid_out(made, 0, 8)}\nhtml = {_laid_out(called, 0, 7)}\n"


def _keywords(names: _Names, arguments: dict[str, object]) -> tuple[tuple[str, _Part], ...]:
    return tuple((key, names.written(each)) for key, each in arguments.items())


# An expression as a tree, so that it can be laid out


@dataclasses.dataclass(frozen=True, slots=True)
class _Atom:
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class _Call:
    """A call, or with an empty name and other brackets a tuple, list, set or dict."""

    name: str
    items: tuple[_Part, ...] = ()
    keywords: tuple[tuple[str, _Part], ...] = ()
    brackets: str = "()"
    mark: str = "="


_Part = _Atom | _Call


def _flat(part: _Part) -> str:
    if isinstance(part, _Atom):
        return part.text
    items = [*map(_flat, part.items), *(f"{key}{part.mark}{_flat(each)}" for key, each in part.keywords)]
    single = not part.name and part.brackets == "()" and len(items) == 1
    return f"{part.name}{part.brackets[0]}{', '.join(items)}{',' * single}{part.brackets[1]}"


def _laid_out(part: _Part, depth: int, used: int) -> str:
    """On one line if there is room, else one argument a line."""
    flat = _flat(part)
    if isinstance(part, _Atom):
        return _text_in_lines(flat, depth, used)
    if depth + used + len(flat) <= _WIDTH or not (part.items or part.keywords):
        return flat
    inner, edge = depth + _INDENT, " " * depth
    lines = [f"{' ' * inner}{_laid_out(each, inner, 1)},\n" for each in part.items]
    for key, each in part.keywords:
        lines.append(f"{' ' * inner}{key}{part.mark}{_laid_out(each, inner, len(key) + 2)},\n")
    return f"{part.name}{part.brackets[0]}\n{''.join(lines)}{edge}{part.brackets[1]}"


def _text_in_lines(text: str, depth: int, used: int) -> str:
    """A long string in parentheses, cut behind spaces; each piece is a string of its own."""
    if text[:1] not in "\"'" or depth + used + len(text) <= _WIDTH or " " not in text:
        return text
    value: str = _evaluated(text)
    room, pieces, line = _WIDTH - depth - _INDENT - 2, [], ""
    for word in _words(value):
        if line and len(_quoted(line + word)) > room:
            pieces.append(line)
            line = ""
        line += word
        if line.endswith("\n"):
            pieces.append(line)
            line = ""
    pieces += [line] if line else []
    inside = "".join(f"{' ' * (depth + _INDENT)}{_quoted(piece)}\n" for piece in pieces)
    return f"(\n{inside}{' ' * depth})" if len(pieces) > 1 else text


def _words(value: str) -> Iterator[str]:
    word = ""
    for letter in value:
        word += letter
        if letter in " \n":
            yield word
            word = ""
    yield word


def _evaluated(text: str) -> str:
    import ast

    found: str = ast.literal_eval(text)
    return found


def _quoted(text: str) -> str:
    """As ``repr``, with double quotes where it can."""
    shown = repr(f"'{text}")
    return f'"{shown[2:]}' if shown[0] == '"' else repr(text)


class _Names:
    """What has to be imported, as it turns out."""

    def __init__(self) -> None:
        self._found: dict[str, set[str]] = defaultdict(set)

    def need(self, module: str, name: str) -> str:
        """The name, imported from where it is public."""
        top = name.partition(".")[0]
        home = next((public for public in _PUBLIC if _has(public, module, top)), module)
        if home != "builtins":
            self._found[home].add(top)
        return name

    def imports(self) -> str:
        """Those of the standard library first."""
        own = sorted(home for home in self._found if home.partition(".")[0] in {"datetime", "zoneinfo", "enum", "math"})
        others = sorted(self._found.keys() - set(own))
        blocks = ["".join(self._line(home) for home in group) for group in (own, others) if group]
        return "".join(f"{block}\n" for block in blocks)

    def _line(self, home: str) -> str:
        names = sorted(self._found[home], key=lambda name: (not name.isupper(), not name[0].isupper(), name))
        line = f"from {home} import {', '.join(names)}\n"
        if len(line) <= _WIDTH + 1:
            return line
        return f"from {home} import (\n{''.join(f'    {name},{chr(10)}' for name in names)})\n"

    def written(self, value: object) -> _Part:
        """The value as an expression."""
        match value:
            case BaseModel():
                return self._model(value)
            case Enum():
                return _Atom(f"{self.need(type(value).__module__, type(value).__qualname__)}.{value.name}")
            case datetime() | timedelta() | timezone() | ZoneInfo() | date() | time():
                return self._time(value)
            case float() if not math.isfinite(value):
                return _Atom(f'float("{value}")')
            case None | bool() | int() | float() | bytes():
                return _Atom(repr(value))
            case str():
                return _Atom(_quoted(value))
            case tuple() | list() | set() | frozenset() | dict():
                return self._container(value)
            case _:
                return self._dataclass(value)

    def _container(self, value: Any) -> _Part:
        if isinstance(value, dict):
            pairs = tuple((_flat(self.written(key)), self.written(each)) for key, each in value.items())
            return _Call("", keywords=pairs, brackets="{}", mark=": ")
        items = tuple(map(self.written, value if isinstance(value, (tuple, list)) else sorted(value, key=repr)))
        match value:
            case tuple():
                return _Call("", items)
            case list():
                return _Call("", items, brackets="[]")
            case set() if items:
                return _Call("", items, brackets="{}")
            case _:
                return _Call(type(value).__name__, (_Call("", items),) if items else ())

    def _time(self, value: Any) -> _Part:
        if value is UTC:
            return _Atom(self.need("datetime", "UTC"))
        kind = type(value).__name__
        if isinstance(value, ZoneInfo):
            return _Call(self.need("zoneinfo", kind), (_Atom(_quoted(value.key)),))
        name = self.need("datetime", kind)
        if isinstance(value, timezone):
            return _Call(name, (self._time(value.utcoffset(None)),))
        if isinstance(value, timedelta):
            parts = {"days": value.days, "seconds": value.seconds, "microseconds": value.microseconds}
            return _Call(name, keywords=tuple((part, _Atom(repr(each))) for part, each in parts.items() if each))
        numbers = [getattr(value, part) for part in _PARTS[kind]]
        while len(numbers) > _LEAST[kind] and not numbers[-1]:
            numbers.pop()
        zoned = getattr(value, "tzinfo", None) is not None
        zone = (("tzinfo", self._time(_known(value))),) if zoned else ()
        return _Call(name, tuple(_Atom(str(number)) for number in numbers), zone)

    def _model(self, value: BaseModel) -> _Part:
        kind = type(value)
        given = {
            name: each
            for name, field in kind.model_fields.items()
            if (each := getattr(value, name)) != _default(field) or type(each) is not type(_default(field))
        }
        name = self.need(kind.__module__, kind.__qualname__)
        try:
            kind(**given)
        except ValidationError:  # a value that only a newer version would make
            name = f"{name}.model_construct"
        return _Call(name, keywords=tuple((key, self.written(each)) for key, each in given.items()))

    def _dataclass(self, value: Any) -> _Part:
        if not dataclasses.is_dataclass(value) or isinstance(value, type):
            raise TypeError(f"{type(value).__name__} cannot be written as code: {value!r}")
        shown = [
            (field.name, self.written(getattr(value, field.name)))
            for field in dataclasses.fields(value)
            if field.init and getattr(value, field.name) != field.default
        ]
        return _Call(self.need(type(value).__module__, type(value).__qualname__), keywords=tuple(shown))


_PARTS = {
    "datetime": ("year", "month", "day", "hour", "minute", "second", "microsecond"),
    "date": ("year", "month", "day"),
    "time": ("hour", "minute", "second", "microsecond"),
}
_LEAST = {"datetime": 3, "date": 3, "time": 0}


def _known(at: Any) -> Any:
    """Its zone, or what that is at this time if it has no name that Python knows (pydantic's own)."""
    if isinstance(at.tzinfo, (timezone, ZoneInfo)):
        return at.tzinfo
    offset = at.utcoffset()
    return UTC if not offset else timezone(offset)


def _default(field: FieldInfo) -> Any:
    try:
        return field.get_default(call_default_factory=True, validated_data={})
    except Exception:  # noqa: BLE001 - a factory that needs the other fields: then it is written out
        return None


def _has(public: str, module: str, name: str) -> bool:
    """Whether the name of that module is one of those that a package gives out."""
    if not module.startswith(f"{public}.") and module != public:
        return False
    home = import_module(public)
    return name in getattr(home, "__all__", ()) and getattr(getattr(home, name), "__module__", module) == module
