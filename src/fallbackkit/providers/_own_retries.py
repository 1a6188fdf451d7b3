from __future__ import annotations

import inspect
from contextlib import suppress
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING

from fallbackkit.providers._look import count_of, look

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["retrying_clients"]


def retrying_clients(fn: object) -> list[tuple[str, int]]:
    """The clients that a function uses and that retry by themselves: two layers that retry multiply.

    Args:
        fn: A function, a method, a partial or a callable object. A function that is wrapped already
            has been looked at.

    Returns:
        The name and number of retries of each client, once. It is known by what OpenAI's, Anthropic's and
        those made like them have in common: ``with_options`` and ``max_retries``.
    """
    found: dict[int, tuple[str, int]] = {}
    for name, thing in _used_by(fn):
        retries = count_of(look(thing, "max_retries")) if callable(look(type(thing), "with_options")) else 0
        if retries:
            found.setdefault(id(thing), (name, retries))
    return list(found.values())


def _used_by(fn: object) -> Iterator[tuple[str, object]]:
    """What a function finds by name: in its module, around it, in its defaults, or in its ``self``."""
    if isinstance(fn, partial):
        yield from ((f"argument {n}", value) for n, value in enumerate(fn.args, 1))
        yield from fn.keywords.items()
        yield from _used_by(fn.func)
    elif isinstance(fn, MethodType):
        yield from _held_by(fn.__self__, fn.__func__)
        yield from _used_by(fn.__func__)
    elif isinstance(fn, FunctionType):
        yield from _named_by(fn)
        yield from _used_by(look(fn, "__wrapped__"))
    else:
        called = look(type(fn), "__call__")
        if isinstance(called, FunctionType):
            yield from _held_by(fn, called)
            yield from _used_by(called)


def _held_by(owner: object, method: object) -> Iterator[tuple[str, object]]:
    """What a method can reach in its object; no property is evaluated."""
    yield type(owner).__name__, owner
    function = inspect.unwrap(method) if callable(method) else None
    names = _names(function.__code__) if isinstance(function, FunctionType) else []
    for name in [*names, "_client"]:  # where the methods of an SDK's resources have theirs
        thing = inspect.getattr_static(owner, name, None)
        yield f"self.{name}", look(owner, name) if inspect.ismemberdescriptor(thing) else thing


def _named_by(function: FunctionType) -> Iterator[tuple[str, object]]:
    code = function.__code__
    names = _names(code)
    known = function.__globals__
    for name in names:
        thing = known.get(name)
        yield name, thing
        if isinstance(thing, ModuleType):
            yield from ((f"{name}.{each}", vars(thing)[each]) for each in names if each in vars(thing))
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # a closure variable that is not bound yet
            yield name, cell.cell_contents
    defaults = function.__defaults__ or ()
    yield from zip(code.co_varnames[code.co_argcount - len(defaults) :], defaults, strict=False)
    yield from (function.__kwdefaults__ or {}).items()


def _names(code: CodeType) -> list[str]:
    """The global names and attributes that a function uses, and the functions inside it."""
    inner = [name for each in code.co_consts if isinstance(each, CodeType) for name in _names(each)]
    return [*code.co_names, *inner]
