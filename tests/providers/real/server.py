"""A provider on this machine that misbehaves as the model that is asked for says: its name is the scenario's."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from typing import TYPE_CHECKING, Self

from tests.providers.real.dialects import DIALECTS
from tests.providers.real.scenarios import SCENARIOS, Do

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.providers.real.scenarios import Act

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_APIS = {"completions": "chat", "responses": "responses", "messages": "messages"}


def acts_for(path: str, body: bytes) -> Sequence[Act]:
    """What to do with a request."""
    api = _APIS[path.partition("?")[0].rpartition("/")[2]]
    return SCENARIOS[json.loads(body)["model"]].acts(DIALECTS[api])


class Server:
    """Serves on a free port of the loopback, in a thread of its own, until the end of the ``with`` block.

    Args:
        acts: What to do with a request, by its path and body.
    """

    def __init__(self, acts: Callable[[str, bytes], Sequence[Act]] = acts_for) -> None:
        self._acts = acts
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._nobody = socket.socket()
        self.url = ""
        self.closed_url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self._nobody.bind(("127.0.0.1", 0))  # bound, but nobody listens there
        self.closed_url = f"http://127.0.0.1:{self._nobody.getsockname()[1]}"
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._nobody.close()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def _stop(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            lengths = [line.split(":")[1] for line in head.lower().split("\r\n") if line.startswith("content-length:")]
            body = await reader.readexactly(int(lengths[0]) if lengths else 0)
            for act in self._acts(head.split(" ", 2)[1], body):
                await _perform(act, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over
        finally:
            writer.close()


async def _perform(act: Act, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    match act:
        case bytes():
            writer.write(act)
            await writer.drain()
        case Do.HANG:
            await reader.read()
        case Do.RESET:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()
        case float() | int():
            await asyncio.sleep(act)
