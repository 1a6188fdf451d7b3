from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fallbackkit.errors import CannotAnswer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fallbackkit.errors import FailureKind
    from fallbackkit.testing._clock import FakeClock

__all__ = ["Fault", "Script"]


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


_HANG = 1e9


class Script:
    """A function that plays what it was given: values are returned, Faults strike, exceptions are raised.

    The last play is repeated. Use it as a plain function, or ``script.asynchronous`` as an async one.

    Args:
        *plays: What happens call by call; at least one.
        clock: What Faults and ``takes`` wait on.
        takes: Seconds that a call takes before it returns its value.

    Attributes:
        calls: The clock's time of each entry.

    Example:
        >>> from fallbackkit import Pipeline, Retry
        >>> from fallbackkit.testing import FakeClock
        >>> script = Script(Fault(kind="provider.5xx"), "fine", clock=FakeClock())
        >>> Pipeline(Retry(), clock=script.clock).outcome(script).text
        'fine'
    """

    def __init__(self, *plays: Any, clock: FakeClock, takes: float = 0.0) -> None:
        if not plays:
            msg = "`plays` is empty; give the Script at least one value, exception or Fault"
            raise ValueError(msg)
        self.plays = plays
        self.clock = clock
        self.takes = takes
        self.calls: list[float] = []
        self.__name__ = "script"

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        play, seconds = self._next()
        self.clock.sleep(seconds)
        return self._end(play)

    @property
    def asynchronous(self) -> Callable[..., Awaitable[Any]]:
        """The same script as an async function."""

        async def script(*_args: Any, **_kwargs: Any) -> Any:
            play, seconds = self._next()
            await self.clock.asleep(seconds)
            return self._end(play)

        return script

    def _next(self) -> tuple[Any, float]:
        play = self.plays[min(len(self.calls), len(self.plays) - 1)]
        self.calls.append(self.clock.now())
        if not isinstance(play, Fault):
            return play, self.takes
        return play, play.after if play.strike() is not None else _HANG

    def _end(self, play: Any) -> Any:
        error = play.strike() if isinstance(play, Fault) else play
        if isinstance(error, BaseException):
            raise error
        if error is None and isinstance(play, Fault):
            msg = "the Script hangs, and nothing cuts it off; put a Timeout or a Deadline into the pipeline"
            raise RuntimeError(msg)
        return play
