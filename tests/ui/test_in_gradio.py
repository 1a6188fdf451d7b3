"""Every component inside one real Gradio page, with hostile text in every field."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import cycle
from typing import TYPE_CHECKING, Any

import gradio as gr
import pytest
from pydantic import BaseModel

from fallbackkit import ui
from fallbackkit.testing import FakeClock
from tests.ui.corpus import BERLIN, HOSTILE
from tests.ui.shelf import COMPONENTS, NOW, STORIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

from tests.browsing import watched
from tests.ui.html import visible

pytestmark = [
    pytest.mark.filterwarnings("default"),  # Gradio's server warns in its own threads
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
CLASSES = {name: getattr(ui, "".join(part.capitalize() for part in name.split("_"))) for name in COMPONENTS}
KEPT = {"id", "url", "policy_url", "link", "currency"}


def poisoned(value: Any, texts: Iterator[str]) -> Any:
    """The value with one of these texts in every field that holds free text."""
    if isinstance(value, BaseModel):
        fields = {
            name: poisoned(getattr(value, name), texts)
            for name, field in type(value).model_fields.items()
            if name not in KEPT and "Literal" not in str(field.annotation)
        }
        return value.model_copy(update=fields)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(poisoned(each, texts) for each in value))
    if isinstance(value, tuple):
        return tuple(poisoned(each, texts) for each in value)
    return next(texts) if type(value) is str else value


@contextmanager
def served(app: gr.Blocks) -> Iterator[str]:
    """The app on a free port of this machine."""
    _, url, _ = app.launch(prevent_thread_lock=True, server_name="127.0.0.1", quiet=True, share=False, theme=ui.theme())
    try:
        yield url
    finally:
        app.close(verbose=False)


def hostile(name: str) -> Any:
    """The story of that component that says most, with hostile text in every field, each field another one."""
    story = max((each for each in STORIES if each.component == name), key=lambda each: len(repr(each.make())))
    first = COMPONENTS.index(name) % len(HOSTILE)
    return poisoned(story.make(), cycle(HOSTILE[first:] + HOSTILE[:first]))


@pytest.fixture(scope="module")
def kit() -> dict[str, Any]:
    """Every component, each with its first story."""
    clock = FakeClock(epoch=NOW.timestamp())
    first = {name: next(story for story in STORIES if story.component == name) for name in COMPONENTS}
    return {name: each(first[name].make(), tz=BERLIN, clock=clock, render=False) for name, each in CLASSES.items()}


@pytest.fixture(scope="module")
def page(browser: Browser, kit: dict[str, Any]) -> Iterator[Page]:
    """One page with every component; its name, written and sent, fills one of them with hostile text."""
    with gr.Blocks(analytics_enabled=False) as app:
        wanted, done = gr.Textbox(label="Wanted"), gr.Textbox(label="Done")
        for component in kit.values():
            component.render()
        wanted.submit(lambda name: {kit[name]: hostile(name), done: name}, wanted, [*kit.values(), done])
    with served(app) as url, watched(browser, width=1280, timeout=20_000) as page:
        page.goto(url)
        page.locator("[data-fk=wait-progress]").wait_for(state="attached")
        yield page


def show(page: Page, name: str) -> str:
    """Have Python update that component, wait until it is there, and read its text without what it announces."""
    page.get_by_label("Wanted").fill(name)
    page.get_by_label("Wanted").press("Enter")
    page.wait_for_function("wanted => document.querySelectorAll('textarea, input')[1].value === wanted", arg=name)
    shown: str = page.locator(f"[data-fk={name.replace('_', '-')}]").evaluate(
        """shown => {
            const copy = shown.cloneNode(true)
            copy.querySelectorAll(".fk-live").forEach(live => live.remove())
            return copy.textContent
        }"""
    )
    return shown


@pytest.mark.parametrize("name", COMPONENTS)
def test_hostile_text_in_every_field_is_only_text(page, kit, name):
    """No script, no dialog, no error box, no request; each character is on the page as Python sent it (rubric 83)."""
    shown = show(page, name)
    assert page.locator(".error-container").count() == 0
    assert page.evaluate("window.pwned") is None
    assert shown == visible(kit[name].postprocess(hostile(name))["html"], closed=True)
