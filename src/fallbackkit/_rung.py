from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, get_args

from fallbackkit._outcome import StepKind
from fallbackkit._runtime import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from fallbackkit._runtime import Layer

__all__ = ["Rung"]


class Rung:
    """One alternative of a Fallback, or one target of a Route, and what to call it on the screen.

    Args:
        fn: Called with the same arguments as the wrapped function. A wrapped function keeps its
            own pipeline.
        kind: What sort of answerer it is: ``model``, ``smaller_model``, ``cache``, ``rule``,
            ``search``, ``person``; ``other`` if it is none of these.
        name: For the trail; by default the function's name.

    Attributes:
        asked: How often a Fallback has asked it in this process, about.
        answered: How often it answered then.

    Raises:
        TypeError: ``fn`` is not callable.
        ValueError: ``kind`` is not one of the closed set.

    Example:
        >>> Rung(str.upper, "rule").name
        'upper'
    """

    __slots__ = ("answered", "asked", "kind", "nested", "target")

    def __init__(self, fn: Callable[..., Any], kind: StepKind = "other", *, name: str | None = None) -> None:
        if kind not in get_args(StepKind):
            msg = f"`kind` must be one of {', '.join(get_args(StepKind))}, got {kind!r}"
            raise ValueError(msg)
        self.kind: StepKind = kind
        self.target = Target(fn, name)
        within = getattr(type(fn), "within", None)
        self.nested: Layer | None = None if within is None else partial(within, fn)
        self.asked = self.answered = 0

    @property
    def name(self) -> str:
        return self.target.name
