"""The card in FastAPI with htmx: ``uvicorn examples.fastapi_htmx:app``, then http://127.0.0.1:8000.

The answer grows on the page while it comes, and the buttons of the card are ordinary requests. htmx is one file; this
takes the one that the package django-htmx carries (``pip install --no-deps django-htmx``).
"""

from __future__ import annotations

import threading
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import FastAPI, Form
from fastapi.responses import FileResponse, HTMLResponse, Response
from markupsafe import Markup

from fallbackkit.ui import fonts, script, stylesheet, views

from .desk import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fallbackkit import Outcome

__all__ = ["app"]

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Help desk</title>
<link rel="stylesheet" href="fallbackkit.css">
<script src="htmx.js"></script>
<script src="fallbackkit.js" defer></script>
<style>body { margin: 24px auto; max-inline-size: 640px; font-family: system-ui }</style>
<main>
<h1>Help desk</h1>
<form hx-post="ask" hx-target="#answer">
<label>Your question <input name="question" required></label> <button>Ask</button>
</form>
<div id="answer"></div>
</main>
</html>
"""
LIVE = Markup('<div hx-get="answers/{key}" hx-trigger="every 300ms" hx-swap="outerHTML">{card}</div>')
DONE = Markup("""<div hx-post="answers/{key}" hx-trigger="fk-action" hx-swap="outerHTML"
 hx-vals='js:{{"action": event.detail.action}}'>{card}<p role="status">{heard}</p></div>""")

app = FastAPI()
asked: dict[str, str] = {}
latest: dict[str, Outcome] = {}


def _htmx() -> Path:
    spec = find_spec("django_htmx")
    if spec is None or spec.origin is None:
        raise SystemExit("htmx is missing: pip install --no-deps django-htmx, or serve a file of your own")
    return Path(spec.origin).parent / "static" / "django_htmx" / "htmx-2.min.js"


HTMX = _htmx()


@app.get("/", response_class=HTMLResponse)
def index() -> str:
    """The page, without an answer yet."""
    return PAGE


@app.get("/htmx.js")
def htmx() -> FileResponse:
    """The library itself."""
    return FileResponse(HTMX, media_type="text/javascript")


@app.get("/fallbackkit.css")
def css() -> Response:
    """One stylesheet for all components, with the typeface."""
    return Response(fonts() + stylesheet(), media_type="text/css")


@app.get("/fallbackkit.js")
def js() -> Response:
    """One small script for all components."""
    return Response(script(), media_type="text/javascript")


@app.post("/ask", response_class=HTMLResponse)
def begin(question: Annotated[str, Form()]) -> str:
    """Start asking, and show the card that says so."""
    stream = ask.stream(question)
    first = next(stream)
    asked[first.id], latest[first.id] = question, first
    threading.Thread(target=_follow, args=(stream,), daemon=True).start()
    return _drawn(first)


def _follow(stream: Iterator[Outcome]) -> None:
    for outcome in stream:
        latest[outcome.id] = outcome


@app.get("/answers/{key}", response_class=HTMLResponse)
def grown(key: str) -> str:
    """The card as it is now; the page stops asking once it is final."""
    return _drawn(latest[key])


@app.post("/answers/{key}", response_class=HTMLResponse)
def act(key: str, action: Annotated[str, Form()]) -> str:
    """What a button of the card asks for."""
    if action in {"retry", "wait", "new_answer"}:
        return begin(asked[key])
    return _drawn(latest[key], heard=action)


def _drawn(outcome: Outcome, heard: str = "") -> str:
    going_on = outcome.status in {"working", "streaming"}
    return (LIVE if going_on else DONE).format(key=outcome.id, card=views.outcome_card(outcome), heard=heard)
