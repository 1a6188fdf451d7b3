from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections import deque

    from fallbackkit._call import Call
    from fallbackkit.events import StoreLost, StoreRestored

__all__ = ["Shared", "StoreDown", "tell"]


class StoreDown(Exception):
    """A shared store does not answer in time. Whoever asked it decides by what it sees itself."""


class Shared(Protocol):
    """What every shared store knows of itself.

    Attributes:
        name: For events; says nothing secret.
        news: That it was lost or came back, once an outage, until somebody with observers tells them.
    """

    name: str
    news: deque[type[StoreLost | StoreRestored]]


def tell(store: Shared, call: Call) -> None:
    """Let the observers of ``call`` know what has become of the store."""
    while store.news and call.observers:
        with suppress(IndexError):  # another call was faster
            call.emit(store.news.popleft(), store=store.name)
