from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import gradio as gr
import pytest
from axe_playwright_python.sync_playwright import Axe

from fallbackkit import FailureKind
from fallbackkit.review import ReviewQueue, ReviewRequest
from fallbackkit.ui import OutcomeCard, inbox, theme, views
from fallbackkit.ui.views._html import clean
from stories import outcome_card as stories
from tests.ui.corpus import BERLIN, HOSTILE, LATER, STORIES, poisoned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, Request

pytestmark = [
    pytest.mark.filterwarnings("default"),  # Gradio's server warns in its own threads
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

CARD = ".fk-outcome-card"
FOCUS = "document.activeElement.dataset.toggle ?? document.activeElement.dataset.fk ?? document.activeElement.tagName"
SMALL = """[...document.querySelectorAll('.fk button, .fk-source a')]
  .map(each => [each.getBoundingClientRect(), each.textContent])
  .filter(([box]) => box.width && (box.width < 24 || box.height < 24)).map(([, text]) => text)"""


@contextmanager
def served(app: gr.Blocks, **options: object) -> Iterator[str]:
    """The app on a free port of this machine."""
    _, url, _ = app.launch(
        prevent_thread_lock=True, server_name="127.0.0.1", quiet=True, share=False, theme=theme(), **options
    )
    try:
        yield url
    finally:
        app.close(verbose=False)


@pytest.fixture(scope="module")
def desk_app() -> Iterator[str]:
    """A page with one card; typing a story's name, or the number of a hostile text, shows it."""

    def show(name: str) -> object:
        return poisoned(HOSTILE[int(name)], "answered") if name.isdigit() else STORIES[name]()

    with gr.Blocks(title="Help desk", analytics_enabled=False) as app:
        question = gr.Textbox(label="Your question")
        ask = gr.Button("Show", size="sm")
        card = OutcomeCard(stories.degraded_smaller_model(), tz=BERLIN)
        heard = gr.Textbox(label="Heard")
        ask.click(show, question, card)
        question.submit(show, question, card)
        card.new_answer(stories.unavailable, None, card)
        card.escalate(hear, card, heard, trigger_mode="multiple")
        card.action(lambda: None, trigger_mode="multiple")
    with served(app) as url:
        yield url


def hear(shown: object, event: gr.EventData) -> str:
    """What a handler learns of an event."""
    return f"{event.component} {event.action} {event.id} {shown.status}"


def gallery(*, dark: bool = False, direction: str = "ltr") -> str:
    """All stories on one plain page, with every disclosure open, without Gradio."""
    outcomes = [story() for story in STORIES.values()] + [stories.unavailable(kind) for kind in FailureKind]
    cards = [str(views.outcome_card(outcome, now=LATER, tz=BERLIN)) for outcome in (*outcomes, None)]
    body = (
        "".join(cards)
        .replace('aria-expanded="false"', 'aria-expanded="true"')
        .replace('"fk-panel" hidden', '"fk-panel"')
    )
    css = (
        theme()._get_theme_css()
        + "body{background:var(--body-background-fill);color:var(--body-text-color)}.fk{margin:16px}"
    )
    return (
        f'<!doctype html><html lang="en" dir="{direction}" class="{"dark" * dark}"><title>Stories</title>'
        f"<style>{css}</style><main><h1>Stories</h1>{body}</main>"
    )


def violations(page: Page) -> list[str]:
    """What axe finds serious or critical."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in {"serious", "critical"}]


@pytest.mark.parametrize(("dark", "direction"), [(False, "ltr"), (True, "rtl")])
def test_axe_finds_nothing_in_any_state(page, dark, direction):
    """Every story and failure kind, all disclosures open, has no serious or critical finding."""
    page.set_content(gallery(dark=dark, direction=direction))
    assert violations(page) == []


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_every_state_fits_and_can_be_hit(page, width):
    """No state scrolls sideways, and every target is at least 24 by 24 pixels."""
    page.set_viewport_size({"width": width, "height": 900})
    page.set_content(gallery())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(SMALL) == []


def show(page: Page, name: str) -> None:
    """Ask the app for a story, with the keyboard."""
    page.get_by_label("Your question").fill(name)
    page.get_by_label("Your question").press("Enter")


def test_an_event_reaches_python_with_its_payload(page, desk_app):
    """A click arrives as the action's event, with component, action, id and the outcome shown."""
    page.goto(desk_app)
    page.get_by_role("button", name="Ask a person").click()
    page.wait_for_function("document.querySelectorAll('textarea, input')[1]?.value")
    assert page.get_by_label("Heard").input_value() == "outcome-card escalate degraded degraded"


def test_a_double_click_acts_once(page, desk_app):
    """The second click on the same action of the same outcome is the same click."""
    asked = []
    page.on("request", lambda request: asked.append(request.post_data_json["fn_index"]) if _is_event(request) else None)
    page.goto(desk_app)
    page.get_by_role("button", name="Ask a person").dblclick()
    page.get_by_role("button", name="Get a new answer").click()
    page.locator(f"{CARD}[data-status=unavailable]").wait_for()  # and so whatever was sent before it has been sent
    assert len(asked) <= 4  # each action once, and `action` with each
    assert 3 == len(set(asked))


def _is_event(request: Request) -> bool:
    return "queue/join" in request.url


def test_focus_and_open_disclosures_survive_an_update(page, desk_app):
    """An update from Python keeps the focused button, the open panel and the live region."""
    page.goto(desk_app)
    trail = page.locator("[data-toggle=trail]")
    trail.press("Enter")
    page.evaluate("window.live = document.querySelector('.fk-live')")
    page.get_by_label("Your question").fill("interrupted")
    page.evaluate("[...document.querySelectorAll('button')].find(b => b.textContent.trim() === 'Show').click()")
    trail.focus()
    page.locator(f"{CARD}[data-status=interrupted]").wait_for()
    assert page.evaluate(FOCUS) == "trail"
    assert trail.get_attribute("aria-expanded") == "true"
    assert page.locator(".fk-steps-table").is_visible()
    assert "stopped early" in page.evaluate("document.contains(live) && live.textContent")


def test_focus_does_not_fall_on_another_action(page, desk_app):
    """When the pressed button becomes a different one, the focus moves to the card, not to that button."""
    page.goto(desk_app)
    page.get_by_role("button", name="Get a new answer").press("Enter")
    page.locator(f"{CARD}[data-status=unavailable]").wait_for()
    page.wait_for_function(f"({FOCUS}) === 'outcome-card'")


def test_a_disclosure_works_by_keyboard(page, desk_app):
    """Enter opens who answered, Escape closes it and returns to the button."""
    page.goto(desk_app)
    by = page.locator("[data-toggle=by]")
    by.press("Enter")
    assert page.get_by_text("Requested").is_visible()
    by.press("Escape")
    assert by.get_attribute("aria-expanded") == "false"
    assert page.evaluate(FOCUS) == "by"


def test_tab_reaches_everything_in_order(page, desk_app):
    """The keyboard passes who answered, the source, the actions and the trail, in the order they are read."""
    page.goto(desk_app)
    page.locator("[data-toggle=by]").focus()
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText.split('(')[0].split(':')[0].trim()"))
    assert reached == ["Leave policy 2026", "Get a new answer", "Ask a person", "What the system did"]


def test_hostile_text_does_not_run_in_gradio(page, desk_app):
    """Hostile text in every field shows as it is: no script, no dialog, no error box."""
    page.goto(desk_app)
    for number, text in enumerate(HOSTILE):
        show(page, str(number))
        page.wait_for_function("id => document.querySelector('.fk')?.dataset.id === id", arg=clean(text))
        assert page.evaluate("document.querySelector('.fk-source-title').textContent").startswith(clean(text))
        assert page.locator(".error-container").count() == 0
        assert page.evaluate("window.pwned") is None


def test_the_page_carries_its_own_fonts(page, desk_app):
    """The text is set in the shipped font, which no request fetched."""
    page.goto(desk_app)
    page.locator(CARD).wait_for()
    page.evaluate("document.fonts.ready")
    loaded = page.evaluate("[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)")
    assert any("Atkinson Hyperlegible Next" in family for family in loaded)
    assert not page.evaluate("performance.getEntriesByType('resource').some(e => /woff|font/.test(e.name))")


@pytest.mark.parametrize("dark", ["", "?__theme=dark"])
def test_axe_finds_nothing_on_the_gradio_page(page, desk_app, dark):
    """The card inside a real app is as clean as alone."""
    page.goto(desk_app + dark)
    page.locator(CARD).wait_for()
    found = [each for each in violations(page) if "fk-" in each]
    assert found == []


@pytest.fixture
def queue() -> ReviewQueue:
    """Three questions; one of them is with Dana."""
    queue = ReviewQueue("sqlite://")
    queue.enqueue(
        ReviewRequest(
            question="How long is the notice period?", draft="14 days.", reason=FailureKind.QUALITY_LOW_CONFIDENCE
        )
    )
    queue.enqueue(ReviewRequest(question="Who signs off a trip to Oslo?"))
    queue.enqueue(ReviewRequest(question="Can I take half a day of leave?", draft="Yes."))
    queue.claim("Dana R.", ticket=queue.search()[1].id)
    return queue


@pytest.fixture
def reviewer_page(page, queue) -> Iterator[Page]:
    """The desk in a tab of another app, open for Anna."""
    with gr.Blocks(title="Help desk", analytics_enabled=False) as app:
        with gr.Tab("Ask"):
            gr.Markdown("Ask here.")
        with gr.Tab("Review"):
            inbox(queue, reviewer="Anna K.", tz=BERLIN).render()
    with served(app) as url:
        page.goto(url)
        page.get_by_role("tab", name="Review").click()
        page.locator(".fk-review-item").first.wait_for()
        yield page


def decided(queue: ReviewQueue) -> list[tuple[str, str, str | None]]:
    """What has been decided, by whom."""
    done = [item for item in queue.search() if item.state == "decided"]
    return [(item.decision.kind, item.request.question.split()[0], item.decided_by) for item in done]


def test_a_reviewer_takes_and_approves_and_moves_on(reviewer_page, queue):
    """Approving sends the draft, says how many are left and opens the next question (rubric 57)."""
    page = reviewer_page
    assert page.get_by_text("with Dana R.").is_visible()
    page.get_by_role("button", name="Take the next question").click()
    page.get_by_text("14 days.").wait_for()
    page.get_by_role("button", name="Approve and send").click()
    page.locator(".fk-status", has_text="Answered. 2 left.").wait_for()
    page.get_by_text("Yes.").wait_for()
    assert decided(queue) == [("approved", "How", "Anna K.")]
    page.wait_for_function("document.activeElement.dataset.fk === 'review-case'")


def test_a_rejection_needs_a_reason(reviewer_page, queue):
    """An empty reason is asked for; with one, the requester gets it (rubric 57)."""
    page = reviewer_page
    page.get_by_role("button", name="Take this case").first.click()
    page.get_by_role("button", name="Reject and tell the requester why").click()
    page.get_by_role("button", name="Reject and send the reason").click()
    page.locator(".fk-status", has_text="Write the reason first.").wait_for()
    page.get_by_label("The reason").fill("Ask the facilities team.")
    page.get_by_role("button", name="Reject and send the reason").click()
    page.locator(".fk-status", has_text="Rejected. 2 left.").wait_for()
    assert queue.search(state="decided")[0].decision.reason == "Ask the facilities team."


def test_edits_start_from_the_draft(reviewer_page, queue):
    """The editor opens with the draft, and the edited text is what is sent."""
    page = reviewer_page
    page.get_by_role("button", name="Take the next question").click()
    page.get_by_role("button", name="Approve with my edits").click()
    editor = page.get_by_label("The answer, with your edits")
    editor.wait_for()
    assert editor.input_value() == "14 days."
    editor.fill("14 days to the end of the month.")
    page.get_by_role("button", name="Send my edits").click()
    page.locator(".fk-status", has_text="Answered. 2 left.").wait_for()
    assert decided(queue) == [("edited", "How", "Anna K.")]


def test_a_conflict_names_who_has_the_case(reviewer_page, queue):
    """A decision after the claim was lost says who holds the case now, and sends nothing."""
    page = reviewer_page
    page.get_by_role("button", name="Take the next question").click()
    page.get_by_role("button", name="Approve and send").wait_for()
    held = next(item for item in queue.search() if item.reviewer == "Anna K.")
    claim = queue.claim("Anna K.", ticket=held.id)
    queue.release(claim)
    queue.claim("Maria", ticket=held.id)
    page.get_by_role("button", name="Approve and send").click()
    page.locator(".fk-status", has_text="Maria has this case now.").wait_for()
    assert decided(queue) == []


def test_axe_finds_nothing_on_the_desk(reviewer_page):
    """The desk with a case open has no serious or critical finding in our parts."""
    page = reviewer_page
    page.get_by_role("button", name="Take the next question").click()
    page.get_by_role("button", name="Approve and send").wait_for()
    assert [each for each in violations(page) if "fk-" in each] == []
