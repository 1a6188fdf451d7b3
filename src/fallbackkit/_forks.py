"""In a forked process the parent's threads do not exist, and the locks that they held are held for ever."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet

__all__ = ["Inherited", "inherit"]


class Inherited(Protocol):
    """Something that a child cannot use as its parent left it."""

    def start_over(self) -> None:
        """Make new locks, and drop what the parent is going to finish."""
        ...


_inherited: WeakSet[Inherited] = WeakSet()


def inherit(it: Inherited) -> None:
    """Let ``it`` start over in every forked child, for as long as it is used."""
    _inherited.add(it)


def _start_over() -> None:
    for it in list(_inherited):
        it.start_over()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_over)
