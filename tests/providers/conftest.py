from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


class Reply(NamedTuple):
    """What the provider does with the next request: answers so, or breaks off.

    ``sent`` bytes of the body are sent (None: all of it), then the connection is closed, or held
    open until the test is over. Without a status it is closed, or held, before a word is said.
    ``parts`` are sent one by one instead of the body, as a stream; ``pause`` seconds between them.
    """

    status: int | None = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    kind: str = "application/json"
    sent: int | None = None
    held: bool = False
    parts: tuple[bytes, ...] = ()
    pause: float = 0.0


class Provider(ThreadingHTTPServer):
    """A provider on this machine that misbehaves as ``reply`` says."""

    daemon_threads = True
    reply = Reply()

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.over = threading.Event()
        self.hung_up = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def answer(self, message: dict[str, Any] | None = None, **rest: Any) -> None:
        """Reply with a chat completion; ``rest`` goes into its only choice."""
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **(message or {})}} | rest
        body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m-1", "choices": [choice]}
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        self.reply = Reply(body=json.dumps(body | {"usage": usage}).encode())

    def send(self, body: bytes, kind: str = "application/json", status: int = 200, **headers: str) -> None:
        """Reply with these bytes; header names take underscores for hyphens."""
        named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        self.reply = Reply(status, body, named, kind)

    def stream(self, *parts: Any, pause: float = 0.0, held: bool = False) -> None:
        """Reply with server-sent events: dicts are chunks, bytes go as they are."""
        sent = tuple(part if isinstance(part, bytes) else f"data: {json.dumps(part)}\n\n".encode() for part in parts)
        self.reply = Reply(kind="text/event-stream", parts=sent, pause=pause, held=held)

    def say(self, body: Any, status: int = 200, **headers: str) -> None:
        """Reply with any JSON body."""
        self.send(json.dumps(body).encode(), status=status, **headers)


class _Handler(BaseHTTPRequestHandler):
    server: Provider
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        reply = self.server.reply
        self.close_connection = True
        if reply.status is not None:
            self.send_response(reply.status)
            self.send_header("connection", "close")
            self.send_header("content-type", reply.kind)
            if not reply.parts:
                self.send_header("content-length", str(len(reply.body)))
            for name, value in reply.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body[: reply.sent])
            self._send_parts(reply)
        if reply.held:
            self.server.over.wait()

    def _send_parts(self, reply: Reply) -> None:
        for part in reply.parts:
            try:
                self.wfile.write(part)
            except OSError:
                self.server.hung_up.set()
                return
            self.server.over.wait(reply.pause)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """A misbehaving provider behind a real socket."""
    with Provider() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()
