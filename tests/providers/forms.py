"""Objects of the shapes that SDKs give, under the names that their classes have."""

from __future__ import annotations

from typing import Any


class Thing:
    """An object with the attributes given."""

    def __init__(self, **facts: Any) -> None:
        self.__dict__.update(facts)


def of(path: str, *bases: type) -> type:
    """A class as a package defines it: ``of("openai.APIError", Exception)``."""
    module, _, name = path.rpartition(".")
    return type(name, bases or (Thing,), {"__module__": module})


def error(path: str, *bases: type, **facts: Any) -> BaseException:
    """An exception of such a class, with the attributes given."""
    raised = of(path, *(bases or (Exception,)))()
    raised.__dict__.update(facts)
    return raised


def as_object(piece: Any) -> Any:
    """The same as an SDK's object."""
    if isinstance(piece, dict):
        return Thing(**{key: as_object(value) for key, value in piece.items()})
    return [as_object(each) for each in piece] if isinstance(piece, list) else piece
