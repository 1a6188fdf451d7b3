from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request

FLAGS = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)

_LEAVING = "this page is being left"


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS.split())
        yield browser
        browser.close()


@contextmanager
def watched(browser: Browser, *, width: int, timeout: float) -> Iterator[Page]:
    """A new visitor's page. Fails at the end if it asked another host, opened a dialog or logged an error."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.set_default_timeout(timeout)
    seen = _Seen()
    page.on("request", seen.request)
    page.on("domcontentloaded", seen.arrived)
    page.on("dialog", seen.dialog)
    page.on("pageerror", lambda error: seen.error(str(error), str(error)))
    page.on("console", seen.console)
    page.add_init_script(f"self === top && addEventListener('beforeunload', () => console.debug('{_LEAVING}'))")
    yield page
    seen.leaving = True
    context.close()
    assert seen.wrong == [], seen.wrong


class _Seen:
    """What went wrong on a page."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.leaving = False

    def request(self, request: Request) -> None:
        if _outside(request.url):
            self.wrong.append(request.url)

    def arrived(self, _: Page) -> None:
        self.leaving = False

    def dialog(self, dialog: Dialog) -> None:
        self.wrong.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def console(self, message: ConsoleMessage) -> None:
        if message.text == _LEAVING:
            self.leaving = True
        elif message.type == "error":
            self.error(message.text, message.location["url"])

    def error(self, text: str, source: str) -> None:
        """Gradio's own code complains of what it is listening to when its page is left; ours never does."""
        if not (self.leaving and "/assets/" in source):
            self.wrong.append(text)


def _outside(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "data:", "blob:"))
