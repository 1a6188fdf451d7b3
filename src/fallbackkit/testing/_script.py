from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from fallbackkit.testing._faults import ending, seconds_of
from fallbackkit.testing._streams import AsyncPlaying, Playing, Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from fallbackkit.testing._clock import FakeClock

__all__ = ["Script"]


class Script:
    """A function that plays what it was given: values are returned, Faults strike, exceptions are raised.

    The last play is repeated. Use it as a plain function, ``script.asynchronous`` as an async one,
    and ``script.generator`` and ``script.agenerator`` as functions that yield. Safe to share between
    threads and tasks.

    Args:
        *plays: What happens call by call; at least one. A ``Stream`` answers piece by piece.
        clock: What Faults, streams and ``takes`` wait on.
        takes: Seconds that a call takes before it returns its value, or hands out its stream.

    Attributes:
        calls: The clock's time of each entry.
        streams: The streams that were handed out, each with ``taken`` and ``closed``.

    Example:
        >>> from fallbackkit import Pipeline, Retry
        >>> from fallbackkit.testing import FakeClock, Fault
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
        self.streams: list[Playing | AsyncPlaying] = []
        self.__name__ = "script"
        self._lock = threading.Lock()

    @property
    def closed(self) -> int:
        """How many of the streams have come to their end or were closed."""
        return sum(stream.closed for stream in self.streams)

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        play = self._next()
        self.clock.sleep(seconds_of(play, self.takes))
        return self._end(play, Playing)

    @property
    def asynchronous(self) -> Callable[..., Awaitable[Any]]:
        """The same script as an async function; a stream is an async iterator, to be awaited first."""

        async def script(*_args: Any, **_kwargs: Any) -> Any:
            play = self._next()
            await self.clock.asleep(seconds_of(play, self.takes))
            return self._end(play, AsyncPlaying)

        return script

    @property
    def generator(self) -> Callable[..., Iterator[Any]]:
        """The same script as a function that yields; what is no stream is a single piece."""

        def script(*_args: Any, **_kwargs: Any) -> Iterator[Any]:
            played = self()
            if not isinstance(played, Playing):
                yield played
                return
            with contextlib.closing(played):
                yield from played

        return script

    @property
    def agenerator(self) -> Callable[..., AsyncIterator[Any]]:
        """The same script as an async function that yields; what is no stream is a single piece."""

        async def script(*_args: Any, **_kwargs: Any) -> AsyncIterator[Any]:
            played = await self.asynchronous()
            if not isinstance(played, AsyncPlaying):
                yield played
                return
            async with contextlib.aclosing(played):
                async for piece in played:
                    yield piece

        return script

    def _next(self) -> Any:
        with self._lock:
            play = self.plays[min(len(self.calls), len(self.plays) - 1)]
            self.calls.append(self.clock.now())
        return play

    def _end(self, play: Any, kind: type[Playing | AsyncPlaying]) -> Any:
        if not isinstance(play, Stream):
            return ending(play)
        stream = kind(play, self.clock)
        self.streams.append(stream)
        return stream
