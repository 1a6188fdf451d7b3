"""Faults on demand, injected below the wrapper: an HTTP proxy between the client and the model."""

from __future__ import annotations

import json
import socket
import struct
import threading
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal, assert_never, get_args
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MODES", "Mode", "Outage"]

Mode = Literal["healthy", "slow", "rate limited", "down", "offline", "making things up"]
MODES: tuple[Mode, ...] = get_args(Mode)

_LONGEST_WAIT = 120.0
_PASSED_ON = ("Authorization", "Content-Type", "Accept")
_FAILURES: dict[Mode, tuple[int, dict[str, str], dict[str, str]]] = {
    "rate limited": (
        429,
        {"Retry-After": "60"},
        {"type": "requests", "code": "rate_limit_exceeded", "message": "Rate limit reached."},
    ),
    "down": (503, {}, {"type": "server_error", "message": "The server had an error."}),
}


class Outage:
    """The proxy. Set ``mode`` at any time from any thread; a call obeys the mode it began in.

    Args:
        upstream: Gives the model's base URL when a call needs it; raises or returns None if there
            is none, and then every call finds the connection closed.
        delay: Seconds that ``slow`` adds.
    """

    def __init__(self, upstream: Callable[[], str | None], *, delay: float = 6.0) -> None:
        self.upstream = upstream
        self.delay = delay
        self.mode: Mode = "healthy"
        self.closed = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.outage = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="outage", daemon=True).start()

    def close(self) -> None:
        """Stop; calls that wait are let go."""
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    outage: Outage

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away needs no traceback."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        outage = self.server.outage
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        match outage.mode:
            case "healthy":
                self._forward(body)
            case "slow":
                outage.closed.wait(outage.delay)
                self._forward(body)
            case "rate limited" | "down" as mode:
                status, headers, error = _FAILURES[mode]
                self._reply(status, json.dumps({"error": error}).encode(), headers)
            case "offline":
                self._hang_up()
            case "making things up":
                self._forward(_without_sources(body))
            case mode:
                assert_never(mode)

    def log_message(self, *_: object) -> None:
        """Nothing in the terminal."""

    def _forward(self, body: bytes) -> None:
        try:
            base = self.server.outage.upstream()
        except RuntimeError:
            base = None
        if base is None:
            self._hang_up()
            return
        to = urlsplit(base)
        connect = HTTPSConnection if to.scheme == "https" else HTTPConnection
        connection = connect(to.netloc, timeout=_LONGEST_WAIT)
        headers = {name: value for name in _PASSED_ON if (value := self.headers.get(name))}
        try:
            connection.request("POST", to.path.rstrip("/") + self.path, body, headers)
            response = connection.getresponse()
            kept = {name: value for name, value in response.getheaders() if name.lower() == "retry-after"}
            self._reply(response.status, response.read(), kept, response.headers.get_content_type())
        except (OSError, HTTPException):
            self._hang_up()
        finally:
            connection.close()

    def _reply(self, status: int, body: bytes, headers: dict[str, str], kind: str = "application/json") -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _hang_up(self) -> None:
        """Reset the connection, as a network that is gone does."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def _without_sources(body: bytes) -> bytes:
    """The same request for one feverish paragraph, with the bare question, no passages and no form."""
    request = json.loads(body)
    question = request["messages"][-1]["content"].rpartition("Question:")[2].strip()
    request |= {"messages": [{"role": "user", "content": question}], "temperature": 1.2, "stop": ["\n"]}
    request.pop("response_format", None)
    return json.dumps(request).encode()
