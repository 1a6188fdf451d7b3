from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING

from fallbackkit.providers._signs import is_known_bug, kind_of_error

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PACKAGES", "unmapped"]

PACKAGES = (
    *("openai", "anthropic", "litellm", "langchain_core", "langchain_openai", "langchain_anthropic", "pydantic_ai"),
    *("httpx", "httpx2", "requests", "aiohttp"),
)
"""The packages whose exceptions the kit means to know."""

_WHERE = ("", ".exceptions", ".errors", ".client_exceptions", ".chat_models", ".types.router")
_NOT_OF_A_CALL = (
    *("aiohttp.web", "aiohttp.test", "litellm.caching", "litellm.integrations", "litellm.llms", "litellm.proxy"),
    *("litellm.repositories", "litellm.tracing"),
)


def unmapped(package: str) -> list[str]:
    """The exception classes of an installed package of which no rule knows anything.

    Those that the package defines where its users find them, and in what that imports. Private classes, warnings, what
    a server raises and what no module holds do not count. The package is imported if it is installed, which with
    LiteLLM takes seconds and may ask the network for prices.

    Args:
        package: Its top-level name, one of ``PACKAGES``.

    Returns:
        "package.module.Class" each, sorted; none if the package is not installed or cannot be imported.
    """
    if importlib.util.find_spec(package) is None:
        return []
    for each in _WHERE:
        _load(package + each)
    classes = (cls for cls in _subclasses(BaseException) if cls.__module__.partition(".")[0] == package)
    return sorted({f"{cls.__module__}.{cls.__qualname__}" for cls in classes if _counts(cls) and not _is_known(cls)})


def _load(module: str) -> None:
    try:
        importlib.import_module(module)
    except Exception:  # noqa: BLE001 - a package that cannot be imported raises nothing either
        return


def _subclasses(cls: type[BaseException]) -> Iterator[type[BaseException]]:
    for each in type.__subclasses__(cls):
        yield each
        yield from _subclasses(each)


def _counts(cls: type[BaseException]) -> bool:
    private = cls.__name__.startswith("_") or cls.__module__.startswith(_NOT_OF_A_CALL)
    return not private and _is_held(cls) and not issubclass(cls, (Warning, SystemExit))


def _is_held(cls: type[BaseException]) -> bool:
    """Whether its module has it: a test's stand-in, or a class that was made anew, only bears the name."""
    found: object = sys.modules.get(cls.__module__)
    for part in cls.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is cls


def _is_known(cls: type[BaseException]) -> bool:
    """Whether anything is known of an exception that has no attributes yet."""
    if issubclass(cls, BaseExceptionGroup):  # what it holds says more
        return True
    error = _made(cls)
    return error is not None and (is_known_bug(error) or kind_of_error(error) is not None)


def _made(cls: type[BaseException]) -> BaseException | None:
    """An exception of the class, without what its ``__init__`` would ask for."""
    for maker in (cls, OSError, BaseException):
        try:
            return maker.__new__(cls)
        except TypeError:  # of two built-in classes, one has to make it
            continue
    return None
