from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from tests.browsing import chromium, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module", autouse=True)
def leftovers() -> Iterator[None]:
    """Collect Gradio's open sockets and loops where the module's own filters still let them pass."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """Chromium, started once a module: its event loop must not outlive the tests that use it."""
    with chromium(chromium_path) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new page that fails the test if it asks another host, opens a dialog or logs an error."""
    with watched(browser, width=1280, timeout=10_000) as page:
        yield page
