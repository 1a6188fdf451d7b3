from __future__ import annotations

import inspect
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["warn_of_own_retries"]

_SDKS = frozenset({"anthropic", "openai"})


def warn_of_own_retries(fn: Callable[..., Any]) -> None:
    """Warn if a function names an SDK client that retries by itself: two layers that retry multiply."""
    for name, client in _named_by(fn).items():
        retries = getattr(client, "max_retries", 0) if type(client).__module__.partition(".")[0] in _SDKS else 0
        if isinstance(retries, int) and retries > 0:
            warnings.warn(
                f"`{name}` retries by itself (max_retries={retries}), and so does the pipeline; "
                f"make it with max_retries=0, or use {name}.with_options(max_retries=0)",
                UserWarning,
                stacklevel=3,
            )


def _named_by(fn: Callable[..., Any]) -> dict[str, Any]:
    """The objects that a plain function finds by name, in its module or around it."""
    function = inspect.unwrap(getattr(fn, "__func__", fn))
    if not inspect.isfunction(function):
        return {}
    code = function.__code__
    named = {name: function.__globals__[name] for name in code.co_names if name in function.__globals__}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            named[name] = cell.cell_contents
        except ValueError:  # a closure variable that is not bound yet
            continue
    return named
