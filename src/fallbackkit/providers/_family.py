from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from fallbackkit.errors import FailureKind

__all__ = ["Family"]


class Family(NamedTuple):
    """What the exceptions of a family of packages say by their classes.

    Attributes:
        roots: The top-level names of the packages.
        kinds: By the name of a class: its own and its subclasses' kind, if neither a code nor a status says more.
        sure: The same, whatever the code and the status.
        bare: The kind of a class's own errors, which says nothing about its subclasses.
        kind_of: What else is certain, whatever the code and the status.
    """

    roots: tuple[str, ...]
    kinds: dict[str, FailureKind]
    sure: dict[str, FailureKind] = {}  # noqa: RUF012 - a NamedTuple's defaults are never changed
    bare: dict[str, FailureKind] = {}  # noqa: RUF012 - as above
    kind_of: Callable[[BaseException], FailureKind | None] | None = None
