from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections import deque

    from fallbackkit._call import Call
    from fallbackkit.events import StoreLost, StoreRestored

__all__ = ["Shared", "StoreDown", "able", "tell"]

S = TypeVar("S")


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


def able(store: S, verb: str) -> S:
    """The store that something was given, if it can do what is asked of it.

    Raises:
        TypeError: It cannot; an address for example, which has to be given to a store.
    """
    if store is not None and not callable(getattr(store, verb, None)):
        # Its type only: an address may have a password in it.
        msg = f"`store` must be a store like fallbackkit.redis.RedisStore(url), got a {type(store).__name__}"
        raise TypeError(msg)
    return store


def tell(store: Shared, call: Call) -> None:
    """Let the observers of ``call`` know what has become of the store."""
    while store.news and call.observers:
        with suppress(IndexError):  # another call was faster
            call.emit(store.news.popleft(), store=store.name)
