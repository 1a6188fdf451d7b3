from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from tests.browsing import chromium, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.filterwarnings("default"),  # Gradio's server warns in its own threads
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
CARD = ".fk-outcome-card"


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """Chromium, once for the module."""
    with chromium(chromium_path) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new visitor, whose page may ask nobody but this machine."""
    with watched(browser, width=900, timeout=15_000) as page:
        yield page


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The app on a free port of this machine."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    running = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    running.start()
    while not server.started:
        time.sleep(0.01)  # until uvicorn says so
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        server.should_exit = True
        running.join()
        listening.close()


def test_one_file_of_plain_html(page, tmp_path):
    """Written by the command that the example names; the card opens, and its buttons are heard."""
    made = subprocess.run([sys.executable, "-m", "examples.plain"], check=True, capture_output=True)
    page.set_content(made.stdout.decode())
    page.locator("[data-toggle=by]").click()
    page.get_by_text("The main model could not be reached").first.wait_for()
    page.get_by_role("button", name="Ask a person").click()
    assert "escalate of outcome-card" == page.locator("#heard").inner_text()


def test_fastapi_with_htmx(page):
    """The card grows without a line of script in the page, and a button is a request."""
    from examples.fastapi_htmx import app

    with served(app) as url:
        page.goto(url)
        page.get_by_label("Your question").fill("parking")
        page.get_by_role("button", name="Ask", exact=True).click()
        page.locator(f"{CARD}[data-status=degraded]").wait_for()
        assert page.get_by_text("One page matches").is_visible()
        page.locator("[data-toggle=trail]").click()
        page.locator(".fk-trail .fk-panel").wait_for()
        page.get_by_role("button", name="Ask a person").click()
        page.get_by_text("escalate", exact=True).wait_for()
        page.get_by_role("button", name="Get a new answer").click()
        page.get_by_text("escalate", exact=True).wait_for(state="detached")


def test_gradio_inside_fastapi_inside_an_iframe(page):
    """The card works there, asks nobody else, and takes nothing of the look around it."""
    from examples.mounted import app

    with served(app) as url:
        page.goto(url)
        inside = page.frame_locator("iframe")
        inside.get_by_label("Your question").fill("parking")
        inside.get_by_label("Your question").press("Enter")
        inside.locator(f"{CARD}[data-status=degraded]").wait_for()
        colour = inside.locator(f"{CARD} .fk-answer p").evaluate("e => getComputedStyle(e).color")
        assert "rgb(119, 0, 0)" != colour
        inside.get_by_role("button", name="Get a new answer").click()
        inside.locator(f"{CARD}[data-status=degraded]").wait_for()


def test_on_a_foreign_page_the_look_is_its_own(page):
    """Rules of the page around for bare elements do not reach into the card."""
    from examples.plain import page as plain

    page.set_content(plain("parking"))
    before = page.locator(CARD).evaluate(_LOOK)
    page.add_style_tag(
        content="p, button, table, h3, span { color: #700; margin: 9px; font: 30px serif; text-transform: uppercase }"
    )
    assert before == page.locator(CARD).evaluate(_LOOK)


_LOOK = """(card) => ['.fk-answer p', '.fk-button'].map((what) => {
  const { fontSize, marginBlockStart, fontFamily, textTransform } = getComputedStyle(card.querySelector(what));
  return [what, fontSize, marginBlockStart, fontFamily, textTransform];
})"""
