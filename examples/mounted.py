"""A Gradio page inside a FastAPI app, and that page inside an iframe: ``uvicorn examples.mounted:app``.

The help desk is at http://127.0.0.1:8000/desk/, and the page around it at http://127.0.0.1:8000.
"""

from __future__ import annotations

import gradio as gr
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from fallbackkit.ui import OutcomeCard, theme

from .desk import ask

__all__ = ["app"]

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Intranet</title>
<style>
body { font: 18px/1.6 Georgia, serif; margin: 0; background: #f6efe2 }
p, button, table { color: #700; letter-spacing: 0.1em }
main { max-inline-size: 720px; margin: 24px auto; padding-inline: 16px }
iframe { inline-size: 100%; block-size: 640px; border: 1px solid #b9a }
</style>
<main>
<h1>Intranet</h1>
<p>This page has a look of its own, which the help desk below does not take over.</p>
<iframe src="desk/" title="Help desk"></iframe>
</main>
</html>
"""

with gr.Blocks(title="Help desk", analytics_enabled=False) as desk:
    question = gr.Textbox(label="Your question")
    card = OutcomeCard(actions=["new_answer"])
    question.submit(ask.outcome, question, card)
    card.new_answer(ask.outcome, question, card)

intranet = FastAPI()


@intranet.get("/", response_class=HTMLResponse)
def index() -> str:
    """The page around it."""
    return PAGE


app = gr.mount_gradio_app(intranet, desk, path="/desk", theme=theme())
