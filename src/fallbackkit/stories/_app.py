from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from fallbackkit.stories._assets import TYPES, asset
from fallbackkit.stories._look import Look
from fallbackkit.stories._pages import Pages, count

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

    from fallbackkit.stories._shelf import Shelf

__all__ = ["gallery", "listening", "serve"]

_HOST = "127.0.0.1"
_LAST_PORT = 65535
_HEADERS = {
    # fonts are in the stylesheet, and a component's bar has its length in its style
    "Content-Security-Policy": "default-src 'self'; font-src data:; style-src 'self' 'unsafe-inline'",
    "Cache-Control": "no-store",
}


def gallery(shelf: Shelf) -> FastAPI:
    """The gallery as an application: mount it, or let ``serve`` start it.

    Raises:
        ImportError: FastAPI is not installed.
    """
    try:
        from fastapi import FastAPI, Response
    except ModuleNotFoundError as error:
        raise ImportError("the gallery needs FastAPI and uvicorn: pip install 'fallbackkit[ui]'") from error
    app = FastAPI(title="Stories", docs_url=None, redoc_url=None, openapi_url=None)

    def pages(request: Request) -> Pages:
        return Pages(shelf, base=request.scope.get("root_path", ""))

    def answer(text: str, kind: str = "text/html", status: int = 200) -> Response:
        return Response(text, status, _HEADERS, f"{kind}; charset=utf-8")

    def home(request: Request) -> Response:
        return answer(pages(request).home(Look.of(request.query_params)))

    def component(request: Request) -> Response:
        name, look = request.path_params["name"], Look.of(request.query_params)
        if name in shelf:
            return answer(pages(request).component(name, look))
        return answer(pages(request).missing(name, look), status=404)

    def static(request: Request) -> Response:
        name = request.path_params["name"]
        try:
            return answer(asset(name), TYPES[name.rpartition(".")[2]])
        except KeyError:
            return answer("There is no such file.", "text/plain", 404)

    for path, endpoint in (("/", home), ("/assets/{name}", static), ("/{name}", component)):
        app.add_route(path, endpoint)
    return app


def serve(shelf: Shelf, *, port: int = 6116) -> None:
    """Serve the gallery to this machine until Ctrl+C.

    Args:
        shelf: What is shown.
        port: The next free one is taken if something else has it.

    Raises:
        ImportError: FastAPI or uvicorn is not installed.
        OSError: No port is free there.
        ValueError: There is no such port.
    """
    app = gallery(shelf)
    import uvicorn

    with listening(port) as listener, suppress(KeyboardInterrupt):
        _say(shelf, f"http://{_HOST}:{listener.getsockname()[1]}")
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


def _say(shelf: Shelf, at: str) -> None:
    components, states = len(shelf.components), sum(len(each.stories) for each in shelf.components)
    lines = [f"Stories: {at}  ({count(components, 'component')}, {count(states, 'state')}; Ctrl+C stops it)"]
    lines += [f"  {broken}" for broken in shelf.broken]
    print("\n".join(lines), flush=True)  # noqa: T201 - it talks to a terminal


def listening(port: int) -> socket.socket:
    """A socket on the first free port from that one on."""
    if not 0 <= port <= _LAST_PORT:
        raise ValueError(f"`port` must be from 0 to {_LAST_PORT}, got {port}; 0 takes any that is free")
    for tried in range(port, min(port + 20, _LAST_PORT + 1)):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, tried))
        except OSError:
            listener.close()
            continue
        listener.listen()  # who comes before the server is ready waits
        return listener
    raise OSError(f"no port from {port} to {port + 19} is free; name another one")
