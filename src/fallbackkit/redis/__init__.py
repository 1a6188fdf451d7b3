from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fallbackkit.redis._store import RedisStore

__all__ = ["RedisStore"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        home = import_module(f"{__name__}._store")
    except ModuleNotFoundError as error:
        if error.name != "redis":
            raise
        raise ImportError(f"fallbackkit.redis.{name} needs redis-py: pip install 'fallbackkit[redis]'") from error
    value = getattr(home, name)
    globals()[name] = value
    return value
