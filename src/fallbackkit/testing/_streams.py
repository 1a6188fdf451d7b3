from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fallbackkit.testing._faults import ending, seconds_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fallbackkit.testing._clock import FakeClock

__all__ = ["AsyncPlaying", "Chunk", "Playing", "Stream"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece of a stream, ``after`` seconds of the clock.

    Example:
        >>> Chunk("Hold ", after=0.2).after
        0.2
    """

    value: Any = None
    after: float = 0.0


class Stream:
    """A play of a Script that answers piece by piece.

    Args:
        *pieces: What comes, in order: values as they are, ``Chunk(value, after=…)`` for one that takes
            time, ``Chunk(after=…)`` for a keep-alive (its value is None), and Faults and exceptions
            for what goes wrong on the way; a Fault without a kind or an error hangs.
        every: Seconds before each piece that does not say so itself.

    Example:
        >>> from fallbackkit.testing import FakeClock, Fault, Script
        >>> script = Script(Stream("It re", Chunk("starts.", after=0.2)), clock=FakeClock())
        >>> "".join(script("How?"))
        'It restarts.'
        >>> script.closed
        1
    """

    __slots__ = ("every", "pieces")

    def __init__(self, *pieces: Any, every: float = 0.0) -> None:
        self.pieces = pieces
        self.every = every

    def __repr__(self) -> str:
        return f"Stream({', '.join([*map(repr, self.pieces), f'every={self.every:g}'])})"


class _Playing:
    """A stream under way.

    Attributes:
        taken: How many pieces were taken.
        closed: Whether it has come to its end, or was closed. A read that was cut off does neither.
    """

    def __init__(self, stream: Stream, clock: FakeClock) -> None:
        self.taken = 0
        self.closed = False
        self._stream = stream
        self._clock = clock

    def _next(self) -> tuple[Any, float]:
        """The next play and the seconds that it takes."""
        pieces: Sequence[Any] = self._stream.pieces
        if self.taken >= len(pieces):
            self.closed = True
        if self.closed:
            raise StopIteration
        piece = pieces[self.taken]
        if isinstance(piece, Chunk):
            return piece.value, piece.after
        return piece, seconds_of(piece, self._stream.every)

    def _end(self, play: Any) -> Any:
        try:
            value = ending(play)
        except BaseException:
            self.closed = True
            raise
        self.taken += 1
        return value


class Playing(_Playing):
    """A stream under way, as SDKs hand them out: an iterator with ``close``."""

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        play, seconds = self._next()
        self._clock.sleep(seconds)
        return self._end(play)

    def close(self) -> None:
        self.closed = True


class AsyncPlaying(_Playing):
    """A stream under way, as async SDKs hand them out: an async iterator with ``aclose``."""

    def __aiter__(self) -> AsyncPlaying:
        return self

    async def __anext__(self) -> Any:
        try:
            play, seconds = self._next()
        except StopIteration:
            raise StopAsyncIteration from None
        await self._clock.asleep(seconds)
        return self._end(play)

    async def aclose(self) -> None:
        self.closed = True
