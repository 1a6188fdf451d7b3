from __future__ import annotations

import gc
import socket
import time
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from demo.app import CSS, EXAMPLES, build
from demo.manual import Assistant
from fallbackkit.review import ReviewQueue
from fallbackkit.ui import theme
from tests.browsing import chromium, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.xdist_group("model"),
    pytest.mark.filterwarnings("default"),  # Gradio's server warns in its own threads
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
ANSWERED, OUT_OF_SCOPE = EXAMPLES[0], EXAMPLES[-1]
HOSTILE = "${alert(1)} {{7*7}} `x` <img src=x onerror=alert(1)> \u202e \\u0041 postgres"
LIMIT = 60_000
WATCH = """() => {
  new MutationObserver((_, observer) => {
    if (!document.querySelector('[data-status=working]')) return;
    window.seen = performance.now();
    observer.disconnect();
  }).observe(document.body, { subtree: true, childList: true, attributes: true });
  document.addEventListener('click', () => { window.began = performance.now() }, { capture: true, once: true });
}"""


@pytest.fixture(scope="module", autouse=True)
def leftovers() -> Iterator[None]:
    """Collect Gradio's open sockets where the module's own filters still let them pass."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def url(loaded: Assistant) -> Iterator[str]:
    """The page on the real model."""
    app = build(loaded)
    _, url, _ = app.launch(
        prevent_thread_lock=True, server_name="127.0.0.1", quiet=True, share=False, theme=theme(), css=CSS
    )
    yield url
    app.close(verbose=False)


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """Chromium, started once."""
    with chromium(chromium_path) as browser:
        yield browser


@pytest.fixture
def visitor(browser: Browser, assistant: Assistant) -> Iterator[Page]:
    """A new visitor; fails the test if a page asks another host, opens a dialog or logs an error."""
    expect.set_options(timeout=LIMIT)
    with watched(browser, width=1200, timeout=LIMIT) as page:
        yield page


@pytest.fixture
def page(visitor: Page, url: str) -> Page:
    """The demo's page, opened by a new visitor."""
    visitor.goto(url)
    question(visitor).wait_for()
    return visitor


def question(page: Page):
    """The question box."""
    return page.get_by_label("Your question about Python")


def ask(page: Page, text: str) -> None:
    """Type a question and send it."""
    question(page).fill(text)
    page.get_by_role("button", name="Ask", exact=True).click()


def next_answer(page: Page, text: str) -> str | None:
    """Ask, and the status of the answer to that, not of the one before."""
    before = page.locator(".fk-outcome-card").get_attribute("data-id")
    ask(page, text)
    finished = page.locator(f".fk-outcome-card[data-id]:not([data-status=working], [data-id='{before}'])")
    expect(finished).to_be_visible()
    return finished.get_attribute("data-status")


def card(page: Page, status: str):
    """The card, once it has this status."""
    return page.locator(f".fk-outcome-card[data-status={status}]")


def turn(page: Page, position: str) -> None:
    """Move the slider."""
    page.get_by_label(position, exact=True).check()
    expect(page.get_by_text(f"Now {position}.")).to_be_visible()


def test_a_question_is_answered_with_its_source(page):
    """Ask: working at once, then the model's quote, who gave it, and a link to the manual."""
    page.evaluate(WATCH)
    ask(page, ANSWERED)
    answer = card(page, "answered")
    expect(answer).to_contain_text("will always be called")
    expect(answer).to_contain_text("Answered by the main model")
    expect(answer).to_contain_text("quote found")
    expect(answer).to_contain_text("Not measured")
    link = answer.get_by_role("link", name='The "with" statement')
    assert "https://docs.python.org/3/reference/compound_stmts.html#with" == link.get_attribute("href")
    assert 0 < page.evaluate("window.seen - window.began") < 1000
    assert ANSWERED == question(page).input_value()


@pytest.mark.parametrize("position", ["rate limited", "down", "offline", "making things up"])
def test_the_slider_degrades_the_answer_and_the_card_says_so(page, position):
    """Each fault: the search answers instead of the model, and that stands on the card."""
    turn(page, position)
    ask(page, ANSWERED)
    answer = card(page, "degraded")
    expect(answer).to_contain_text("Matching pages found by search instead of the main model")
    expect(answer.get_by_role("button", name="Ask a person")).to_be_visible()
    turn(page, "healthy")


def test_slow_counts_the_seconds_and_can_be_stopped(page, assistant, monkeypatch):
    """While it is slow the page says how long it takes; Stop ends it calmly and keeps the question."""
    monkeypatch.setattr(assistant.outage, "delay", 12.0)
    turn(page, "slow")
    ask(page, ANSWERED)
    expect(page.get_by_text("Slower than usual")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped. Your question is still in the box.")).to_be_visible()
    expect(card(page, "unavailable")).to_be_visible()
    page.wait_for_timeout(1500)
    expect(card(page, "unavailable")).to_be_visible()
    expect(page.get_by_text("Stopped. Your question is still in the box.")).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_be_disabled()
    assert ANSWERED == question(page).input_value()


def test_a_person_answers_and_the_askers_card_follows(page, assistant):
    """Out of scope becomes a ticket; the reviewer answers in the second tab; the card shows it, also after reload."""
    page.get_by_role("button", name=OUT_OF_SCOPE).click()
    expect(card(page, "awaiting_review")).to_contain_text("You're first in line")
    page.reload()
    expect(card(page, "awaiting_review")).to_be_visible()
    assert OUT_OF_SCOPE == question(page).input_value()
    page.get_by_role("tab", name="Reviewer's inbox").click()
    page.get_by_role("button", name="Take the next question").click()
    page.get_by_role("button", name="Answer in my words").click()
    page.get_by_label("Your answer, as the requester reads it").fill("Ask the database team. <b>Not</b> ${here}.")
    page.get_by_role("button", name="Send my answer").click()
    expect(page.get_by_text("Answered. 0 left.").first).to_be_attached()
    page.get_by_role("tab", name="Ask", exact=True).click()
    expect(card(page, "reviewed")).to_contain_text("Ask the database team. <b>Not</b> ${here}.")
    page.reload()
    expect(card(page, "reviewed")).to_contain_text("Ask the database team.")


def test_an_asker_may_want_a_person_anyway(page, assistant):
    """Ask a person on an answered card files the question with the answer as the draft."""
    ask(page, ANSWERED)
    card(page, "answered").get_by_role("button", name="Ask a person").click()
    expect(card(page, "awaiting_review")).to_be_visible()
    item = next(item for item in assistant.queue.search(state="pending") if item.request.question == ANSWERED)
    assert "always be called" in item.request.draft
    assistant.queue.cancel(item.id)
    expect(card(page, "unavailable")).to_be_visible()


def test_the_model_comes_back(page):
    """Down until the breaker opens; healthy again, asking again soon brings the model's answer."""
    turn(page, "down")
    assert ["degraded", "degraded"] == [next_answer(page, ANSWERED) for _ in range(2)]
    turn(page, "healthy")
    began = time.monotonic()
    while next_answer(page, ANSWERED) != "answered":
        assert time.monotonic() - began < 20


def test_nothing_to_ask_is_a_hint(page, assistant):
    """An empty question is no call; it says what to do."""
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Type a question first")).to_be_visible()
    expect(card(page, "empty")).to_be_visible()


def test_a_question_of_50_kb_is_a_calm_card(page):
    """Too long: the card says so, and the text is still in the box."""
    ask(page, "with " * 10_000)
    expect(card(page, "unavailable")).to_contain_text("too long")
    assert 50_000 == len(question(page).input_value())


def test_hostile_text_stays_text(page, assistant):
    """Markup and templates in a question reach the reviewer verbatim, and nothing runs."""
    ask(page, HOSTILE)
    expect(card(page, "awaiting_review")).to_be_visible()
    assert HOSTILE == question(page).input_value()
    page.get_by_role("tab", name="Reviewer's inbox").click()
    expect(page.get_by_text("<img src=x onerror=alert(1)>").first).to_be_visible()
    for item in assistant.queue.search(state="pending"):
        assistant.queue.cancel(item.id)


def test_the_keyboard_is_enough(page):
    """Tab to the box, Enter, Tab to the slider, arrows, and the answer's buttons, without a mouse."""
    question(page).focus()
    page.keyboard.type(ANSWERED)
    page.keyboard.press("Enter")
    expect(card(page, "answered")).to_be_visible()
    assert reach(page, lambda found: found == "radio", limit=15)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text("Now slow.")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text("Now rate limited.")).to_be_visible()
    question(page).focus()
    page.keyboard.press("Enter")
    expect(card(page, "degraded")).to_be_visible()
    assert reach(page, lambda found: found.startswith("Ask a person"), limit=12)
    page.keyboard.press("Enter")
    expect(card(page, "awaiting_review")).to_be_visible()


def reach(page: Page, wanted, limit: int) -> bool:
    """Press Tab until the focused control is the wanted one."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        if wanted(page.evaluate("(e => e.type === 'radio' ? 'radio' : e.textContent.trim())(document.activeElement)")):
            return True
    return False


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 1200), ("light", 360)])
def test_the_page_is_accessible_and_fits(visitor, url, scheme, width):
    """Axe finds nothing serious, before and after an answer and on the desk; nothing scrolls sideways."""
    page = visitor
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{url}?__theme={scheme}")
    question(page).wait_for()
    found = violations(page)
    ask(page, ANSWERED)
    expect(card(page, "answered")).to_be_visible()
    found += violations(page)
    assert width == page.evaluate("document.documentElement.scrollWidth")
    page.get_by_role("tab", name="Reviewer's inbox").click()
    expect(page.get_by_role("button", name="Take the next question")).to_be_visible()
    assert [] == found + violations(page)


def violations(page: Page) -> list[str]:
    """What axe finds serious or critical."""
    page.wait_for_timeout(400)
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in {"serious", "critical"}]


def test_without_a_model_the_page_says_so(browser):
    """The page opens, says what answers instead, and the search answers."""
    assistant = Assistant(ReviewQueue("sqlite://"), local_model=False)
    app = build(assistant)
    _, url, _ = app.launch(prevent_thread_lock=True, server_name="127.0.0.1", quiet=True, theme=theme(), css=CSS)
    page = browser.new_page()
    page.goto(url)
    expect(page.get_by_text("The local language model is switched off.")).to_be_visible()
    ask(page, ANSWERED)
    expect(card(page, "degraded")).to_contain_text("Matching pages")
    page.close()
    app.close(verbose=False)
    assistant.close()


def test_a_taken_port_is_no_obstacle(capsys):
    """The next free port is used, and the terminal says so."""
    from demo.__main__ import _free

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert _free(port) not in {0, port}
    assert f"port {port} is taken" in capsys.readouterr().out
