"""How a stream is read: piece by piece, for a bounded time, on one thread or task from first to last.

Where a limit has to cut off a read, the stream is read ahead by a thread or a task of its own: a
generator must not hop from thread to thread, nor an async one from task to task. Where nothing has
to be cut off, or a clock does it by itself, the pieces are taken directly.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import math
import threading
from collections import deque
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from fallbackkit import _log, _threads
from fallbackkit._clock import UNTIL, LimitReached

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from fallbackkit._clock import Clock

__all__ = [
    "END",
    "NOTHING",
    "AsyncDirect",
    "AsyncFromThread",
    "AsyncReader",
    "Direct",
    "FromTask",
    "FromThread",
    "Reader",
]

END = object()
"""The stream has ended."""

NOTHING = object()
"""Nothing came in the time given."""

_AHEAD = 64
_GRACE = 0.1


class Reader(Protocol):
    """Takes the pieces of a stream, in the sync runtime.

    Attributes:
        patient: Whether the next piece may still be waited for after NOTHING.
    """

    patient: bool

    def read(self, seconds: float) -> Any:
        """The next piece, END, or NOTHING after ``seconds``. Raises what the stream raises."""
        ...

    def close(self) -> None:
        """Close the stream, whether it has ended or not."""
        ...


class AsyncReader(Protocol):
    """A Reader in the async runtime."""

    patient: bool

    async def read(self, seconds: float) -> Any: ...

    async def close(self) -> None: ...


class _Raised:
    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


class Direct:
    """Takes pieces where it stands; ``clock`` cuts off a read by itself, or there is no limit."""

    patient = False

    def __init__(self, stream: Iterator[Any], clock: Clock, until: float) -> None:
        self._stream = stream
        self._next = partial(next, stream, END)
        self._clock = clock
        self._until = (clock, until) if until < math.inf else None

    def read(self, seconds: float) -> Any:
        if seconds == math.inf:
            return self._next()
        token = UNTIL.set(self._until)
        try:
            return self._clock.limited(self._next, seconds)
        except LimitReached:
            return NOTHING
        finally:
            UNTIL.reset(token)

    def close(self) -> None:
        _close(self._stream)


class AsyncDirect:
    """Takes pieces in the task that asks; those of a plain iterator on a worker thread."""

    patient = False

    def __init__(self, stream: Any, clock: Clock, until: float) -> None:
        self._stream = stream
        self._clock = clock
        self._until = (clock, until) if until < math.inf else None
        plain = not hasattr(type(stream), "__anext__")
        self._next: Callable[[], Any] = (
            partial(_threads.arun, partial(next, stream, END)) if plain else partial(_anext, stream)
        )

    async def read(self, seconds: float) -> Any:
        if seconds == math.inf:
            return await self._next()
        token = UNTIL.set(self._until)
        try:
            return await self._clock.alimited(self._next, seconds)
        except LimitReached:
            return NOTHING
        finally:
            UNTIL.reset(token)

    async def close(self) -> None:
        await _aclose(self._stream)


async def _anext(stream: AsyncIterator[Any]) -> Any:
    try:
        return await stream.__anext__()
    except StopAsyncIteration:
        return END


class FromThread:
    """Takes pieces from a worker thread that reads ahead. Serves both runtimes, one at a time."""

    patient = True

    def __init__(self, stream: Iterator[Any]) -> None:
        self._pieces: SimpleQueue[Any] = SimpleQueue()
        self._room = threading.Event()
        self._closed = False
        self._wake: Callable[[], None] | None = None
        self._stream = stream
        try:
            self._job = _threads.start(self._pump)
        except BaseException:
            _close(stream)
            raise

    def _pump(self) -> None:
        try:
            for piece in self._stream:
                self._put(piece)
                if self._pieces.qsize() >= _AHEAD:
                    self._wait_for_room()
                if self._closed:
                    break
            self._put(END)
        except BaseException as error:  # noqa: BLE001 - handed to the reader, who raises it
            self._put(_Raised(error))
        finally:
            _close(self._stream)

    def _put(self, piece: Any) -> None:
        self._pieces.put(piece)
        wake = self._wake
        if wake is not None:
            wake()

    def _wait_for_room(self) -> None:
        self._room.clear()
        if self._pieces.qsize() >= _AHEAD and not self._closed:  # looked at again: room may have come before `clear`
            self._room.wait()

    def _got(self, piece: Any) -> Any:
        if not self._room.is_set() and self._pieces.qsize() < _AHEAD // 2:
            self._room.set()
        if type(piece) is _Raised:
            raise piece.error
        return piece

    def read(self, seconds: float) -> Any:
        try:
            piece = self._pieces.get(timeout=min(max(seconds, 0.0), threading.TIMEOUT_MAX))
        except Empty:
            return NOTHING
        return self._got(piece)

    async def aread(self, seconds: float) -> Any:
        if self._pieces.empty():
            await self._come(seconds)
        try:
            piece = self._pieces.get_nowait()
        except Empty:
            return NOTHING
        return self._got(piece)

    async def _come(self, seconds: float) -> None:
        """Wait until something has come."""
        loop = asyncio.get_running_loop()
        came: asyncio.Future[None] = loop.create_future()
        self._wake = lambda: _tell(loop, came)
        try:
            if self._pieces.empty():
                await _within(loop, came, seconds)
        finally:
            self._wake = None

    def close(self) -> None:
        self._closed = True
        self._room.set()
        self._job.cancel()


class AsyncFromThread:
    """FromThread for the async runtime."""

    patient = True

    def __init__(self, stream: Iterator[Any]) -> None:
        self._reader = FromThread(stream)

    async def read(self, seconds: float) -> Any:
        return await self._reader.aread(seconds)

    async def close(self) -> None:
        self._reader.close()


class FromTask:
    """Takes pieces from a task that reads ahead."""

    patient = True

    def __init__(self, stream: AsyncIterator[Any]) -> None:
        self._loop = asyncio.get_running_loop()
        self._pieces: deque[Any] = deque()
        self._came: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._task = self._loop.create_task(self._pump(stream))

    async def _pump(self, stream: AsyncIterator[Any]) -> None:
        try:
            async for piece in stream:
                self._put(piece)
                if len(self._pieces) >= _AHEAD:
                    self._room = self._loop.create_future()
                    await self._room
            self._put(END)
        except BaseException as error:
            self._put(_Raised(error))
            if not isinstance(error, Exception):
                raise
        finally:
            await _aclose(stream)

    def _put(self, piece: Any) -> None:
        self._pieces.append(piece)
        _end(self._came)

    async def read(self, seconds: float) -> Any:
        if not self._pieces:
            self._came = self._loop.create_future()
            await _within(self._loop, self._came, seconds)
            if not self._pieces:
                return NOTHING
        piece = self._pieces.popleft()
        if len(self._pieces) < _AHEAD // 2:
            _end(self._room)
        if type(piece) is _Raised:
            raise piece.error
        return piece

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait((self._task,), timeout=_GRACE)


def _end(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


def _tell(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop was closed
        loop.call_soon_threadsafe(_end, future)


async def _within(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None], seconds: float) -> None:
    timer = loop.call_later(max(seconds, 0.0), _end, future) if seconds < threading.TIMEOUT_MAX else None
    try:
        await future
    finally:
        if timer is not None:
            timer.cancel()


def _close(stream: Any) -> None:
    close = getattr(stream, "close", None)
    if close is None:
        return
    try:
        close()
    except Exception as error:  # noqa: BLE001 - a stream is foreign code, and what it had to say has been said
        _log.warning("a stream raised when it was closed", error=error)


async def _aclose(stream: Any) -> None:
    close = getattr(stream, "aclose", None) or getattr(stream, "close", None)
    if close is None:
        return
    try:
        closing = close()
        if inspect.isawaitable(closing):
            await closing
    except Exception as error:  # noqa: BLE001 - as above
        _log.warning("a stream raised when it was closed", error=error)
