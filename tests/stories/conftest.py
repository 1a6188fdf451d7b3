from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fallbackkit.stories import Shelf, shipped
from tests.browsing import chromium, watched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

GOOD = '''"""Use it when you count.

Do not use it for other things."""

from fallbackkit import Ticket
from fallbackkit.ui.views._html import el

PROBLEM = "Waiting"
VIEW = lambda ticket, **reader: el("div", ticket.case, class_="fk", dir="ltr")


def first() -> Ticket:
    """The first."""
    return Ticket(id="4821")


def second() -> Ticket:
    """Another."""
    return Ticket(id="77", position=2)


def _helper():
    return None
'''


@pytest.fixture(scope="session")
def shelf() -> Shelf:
    """The kit's own stories."""
    return Shelf(shipped())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good file of stories."""
    (tmp_path / "counter.py").write_text(GOOD, encoding="utf-8")
    return tmp_path


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
