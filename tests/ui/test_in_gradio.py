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
from fallbackkit.ui.views._html import clean
from tests.ui.corpus import BERLIN, HOSTILE
from tests.ui.shelf import COMPONENTS, NOW, STORIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

from tests.browsing import watched

pytestmark = [
    pytest.mark.filterwarnings("default"),  # Gradio's server warns in its own threads
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
CLASSES = {name: getattr(ui, "".join(part.capitalize() for part in name.split("_"))) for name in COMPONENTS}
BY_NAME = {str(story): story for story in STORIES}
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


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """One page with every component; a story's name, or ``component number`` for hostile text, fills one of them."""
    clock = FakeClock(epoch=NOW.timestamp())
    first = {name: next(story for story in STORIES if story.component == name) for name in COMPONENTS}

    def show(wanted: str) -> dict[Any, Any]:
        name, _, number = wanted.partition(" ")
        story = BY_NAME[name]
        texts = cycle(HOSTILE[int(number) :] + HOSTILE[: int(number)]) if number else None
        value = poisoned(story.make(), texts) if texts else story.make()
        return {made[story.component]: value, done: wanted}

    with gr.Blocks(analytics_enabled=False) as app:
        wanted, done = gr.Textbox(label="Wanted"), gr.Textbox(label="Done")
        made = {name: each(first[name].make(), tz=BERLIN, clock=clock) for name, each in CLASSES.items()}
        wanted.submit(show, wanted, [*made.values(), done])
    with served(app) as url, watched(browser, width=1280, timeout=20_000) as page:
        page.goto(url)
        page.locator("[data-fk=wait-progress]").wait_for(state="attached")
        yield page


def show(page: Page, wanted: str) -> None:
    """Have Python update one component, and wait until it is there."""
    page.get_by_label("Wanted").fill(wanted)
    page.get_by_label("Wanted").press("Enter")
    page.wait_for_function("wanted => document.querySelectorAll('textarea, input')[1].value === wanted", arg=wanted)


@pytest.mark.parametrize("name", COMPONENTS)
def test_hostile_text_in_every_field_is_only_text(page, name):
    """Each field another one: no script, no dialog, no error box, no request; text stays text (rubric 83)."""
    story = max((each for each in STORIES if each.component == name), key=lambda each: len(repr(each.make())))
    show(page, f"{story} {COMPONENTS.index(name) % len(HOSTILE)}")
    assert page.locator(".error-container").count() == 0
    assert page.evaluate("window.pwned") is None
    shown = page.locator(f"[data-fk={name.replace('_', '-')}]").text_content()
    assert any(clean(text)[:200].split("\n")[0].strip() in shown for text in HOSTILE)
