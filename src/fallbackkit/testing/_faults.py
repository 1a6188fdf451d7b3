from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fallbackkit.errors import CannotAnswer

if TYPE_CHECKING:
    from fallbackkit.errors import FailureKind

__all__ = ["Fault", "ending", "seconds_of"]

_HANG = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong, ``after`` seconds of the clock.

    Give ``kind`` for a failure in the kit's terms, or ``error`` for an exception of your own; with
    neither, the call hangs until its limit.

    Example:
        >>> Fault(kind="rate.shared", retry_after=8).kind
        'rate.shared'
    """

    kind: FailureKind | str | None = None
    error: BaseException | None = None
    after: float = 0.0
    retry_after: float | None = None

    def strike(self) -> BaseException | None:
        """The exception to raise, or None to hang."""
        if self.error is not None:
            return self.error
        return None if self.kind is None else CannotAnswer(self.kind, retry_after=self.retry_after)


def seconds_of(play: Any, takes: float) -> float:
    """How long a play takes, if a value takes ``takes``."""
    if not isinstance(play, Fault):
        return takes
    return play.after if play.strike() is not None else _HANG


def ending(play: Any) -> Any:
    """What a play comes to, once its time has passed: a value, or an exception raised."""
    error = play.strike() if isinstance(play, Fault) else play
    if isinstance(error, BaseException):
        raise error
    if error is None and isinstance(play, Fault):
        msg = "a Fault hangs, and nothing cuts it off; put a Timeout or a Deadline into the pipeline"
        raise RuntimeError(msg)
    return play
