from __future__ import annotations

import json
import threading
from itertools import cycle
from typing import TYPE_CHECKING

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe

from fallbackkit.stories import Shelf, build, gallery, shipped
from fallbackkit.stories._app import listening
from fallbackkit.ui._stylesheet import stylesheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

NAMES = [component.name for component in Shelf(shipped()).components]
LOOKS = ("", "&theme=dark", "&locale=ar")
LOOK = """(at) => [...document.querySelector(at).querySelectorAll('.fk, .fk *')].map(each => {
  const style = getComputedStyle(each);
  return [each.tagName, ...['color', 'fontFamily', 'fontSize', 'fontWeight', 'lineHeight', 'letterSpacing', 'textAlign',
    'whiteSpace', 'margin', 'padding', 'backgroundColor', 'borderColor', 'cursor', 'direction'].map(key => style[key])];
})"""


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """The kit's own gallery on a free port of this machine."""
    with listening(6300) as listener:
        server = uvicorn.Server(uvicorn.Config(gallery(Shelf(shipped())), log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def opened(page: Page, address: str) -> Page:
    """The page, when its fonts and scripts are there."""
    page.goto(address)
    page.wait_for_selector("html[data-fk-ready]", state="attached")
    return page


@pytest.mark.parametrize(("name", "query"), list(zip(NAMES, cycle(LOOKS), strict=False)))
def test_two_pictures_of_a_page_are_the_same(page, served, name, query):
    """To the byte, whenever they are taken, of the whole page (82)."""
    pictures = []
    page.clock.install()
    for minutes in (0, 1):
        opened(page, f"{served}/{name}?vt=1&clock=on{query}")
        page.clock.run_for(minutes * 60_000)
        pictures.append(page.screenshot(full_page=True))
    assert pictures[0] == pictures[1]


def test_an_event_is_logged_with_its_payload(page, served):
    """Its name, the state it came from, and what goes along (79)."""
    opened(page, f"{served}/fallback_chooser")
    page.locator("#recommended").get_by_role("button", name="Continue this way").click()
    said = page.locator(".fks-last").inner_text()
    assert said.startswith("chosen in recommended ")
    assert {"component": "fallback-chooser", "id": "recommended", "value": "saved"} == json.loads(said.split(" ", 3)[3])


def test_code_and_links_are_copied_as_they_are_shown(page, served):
    """The code runs as it is; the link restores the page and the state (76, 77)."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, f"{served}/wait_progress?locale=de")
    state = page.locator("#cancelled")
    state.get_by_role("button", name="Copy the link to cancelled").click()
    assert f"{served}/wait_progress?locale=de#cancelled" == page.evaluate("navigator.clipboard.readText()")
    state.locator("summary").click()
    state.get_by_role("button", name="Copy the Python of cancelled").click()
    names: dict[str, object] = {}
    exec(page.evaluate("navigator.clipboard.readText()"), names)  # noqa: S102 - running it is the point
    assert "Angehalten." in str(names["html"])


@pytest.mark.parametrize("query", ["", "?theme=dark&width=320", "?locale=ar&width=768"])
def test_axe_finds_nothing_in_the_gallery_itself(page, served, query):
    """Its first page and a page of states, but for the components, which have tests of their own (60)."""
    for address in ("/", "/wait_progress"):
        opened(page, f"{served}{address}{query}")
        found = Axe().run(page, context={"exclude": [[".fk"]]}).response["violations"]
        assert [] == [each["id"] for each in found if each["impact"] in {"serious", "critical"}]


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_the_gallery_fits(page, served, width):
    """No page of it scrolls sideways as a whole (67)."""
    page.set_viewport_size({"width": width, "height": 800})
    for address in ("/", "/wait_progress", "/fallback_chooser?width=768&locale=ar"):
        opened(page, f"{served}{address}")
        assert width == page.evaluate("document.documentElement.scrollWidth")


def test_a_component_looks_as_it_does_anywhere_else(page, served):
    """Nothing that is computed for it differs from a bare page."""
    opened(page, f"{served}/wait_progress?vt=1")
    here = page.evaluate(LOOK, "#slower_than_usual .fks-frame")
    markup = page.locator("#slower_than_usual .fks-frame").inner_html()
    width = page.evaluate("document.querySelector('#slower_than_usual .fks-frame').clientWidth")
    page.set_content(f"<!doctype html><style>{stylesheet()}</style><div id=bare style='width:{width}px'>{markup}</div>")
    bare = page.evaluate(LOOK, "#bare")
    assert len(here) > 20
    assert bare == here


def test_the_keyboard_goes_from_the_switches_to_the_states(page, served):
    """And can skip what stands before them (62)."""
    opened(page, f"{served}/wait_progress")
    page.keyboard.press("Tab")
    assert "Skip to the states" == page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert "silent" == page.evaluate("document.activeElement.textContent")


def test_pages_without_a_server_have_the_same_switches(browser, tmp_path):
    """In the address as well: it restores them, and each link keeps the others (77)."""
    build(Shelf(shipped()), tmp_path)
    page = browser.new_page()
    opened(page, f"{(tmp_path / 'en' / 'wait_progress.html').as_uri()}?theme=dark&width=360")
    page.get_by_role("link", name="de", exact=True).click()
    page.wait_for_url("**/de/wait_progress.html?theme=dark&width=360")
    page.get_by_role("group", name="Direction").get_by_role("link", name="←").click()
    page.wait_for_url("**direction=rtl")
    page.get_by_role("group", name="Theme").get_by_role("link", name="Light").click()
    page.wait_for_url("**theme=light**")
    page.wait_for_selector("html[data-fk-ready]", state="attached")
    assert "fks" == page.evaluate("document.documentElement.className.trim()")
    assert "rtl" == page.evaluate("document.querySelector('.fk').dir")
    assert "360" == page.evaluate("document.documentElement.dataset.fksWidth")
    assert ["Light", "360", "de", "←", "Stopped"] == page.locator(".fks-bar [aria-current]").all_inner_texts()
