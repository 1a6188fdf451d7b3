from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import gradio as gr
import pytest
from playwright.sync_api import expect

import fallbackkit as fk
from fallbackkit.review import Answered, ReviewQueue
from fallbackkit.testing import FakeClock
from fallbackkit.ui import Actions, chat, message, replies, theme, views
from stories import outcome_card as answers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.filterwarnings("default"),  # Gradio's server warns in its own threads
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

CARD = ".fk-outcome-card"
STATUSES = f"[...document.querySelectorAll('{CARD}')].filter(e => e.checkVisibility()).map(e => e.dataset.status)"
LEAVE = fk.Source(title="Leave policy 2026", url="https://intranet.example/leave", check="quote_found")


class Service:
    """A model that may be down, or fall silent in the middle; and what is done with feedback."""

    def __init__(self) -> None:
        self.down = self.broken = False
        self.heard: list[tuple[str, str | None, tuple[str, ...]]] = []
        self.goes_on = threading.Event()

    def answer(self, question: str) -> Iterator[str]:
        """Five days."""
        if self.down:
            raise ConnectionError(question)
        yield "Five days "
        if "silent" in question:
            self.goes_on.wait(60)
        yield "until 31 March [1]."

    def hear(self, outcome_id: str, said: views.Feedback) -> None:
        """Keep it, or fail to."""
        if self.broken:
            raise ConnectionError(outcome_id)
        self.heard.append((outcome_id, said.rating, said.reasons))


def find(question: str) -> fk.Answer:
    """Search without a model."""
    return fk.Answer(text=f"One page matches {question}", sources=(LEAVE,))


@contextmanager
def served(app: gr.Blocks) -> Iterator[str]:
    """The app on a free port of this machine."""
    _, url, _ = app.launch(prevent_thread_lock=True, server_name="127.0.0.1", quiet=True, share=False, theme=theme())
    try:
        yield url
    finally:
        app.close(verbose=False)


@pytest.fixture(scope="module")
def queue() -> ReviewQueue:
    """Where a person looks."""
    return ReviewQueue("sqlite://")


@pytest.fixture(scope="module")
def service() -> Service:
    """Shared by the tests of this module; each sets it right before."""
    return Service()


@pytest.fixture(scope="module")
def url(service: Service, queue: ReviewQueue) -> Iterator[str]:
    """A chat with everything: a fallback, another way, a desk and feedback."""
    search = fk.Rung(find, "search", name="page search")
    ask = fk.Pipeline(fk.Fallback(search))(service.answer)  # without a breaker, which would know the tests before
    empty = views.Empty(examples=("How many days can I carry over?",), cannot=("approve leave",))
    find_pages = fk.Pipeline(name="pages")(find)
    with served(chat(ask, empty=empty, ways={"search": find_pages}, review=queue, feedback=service.hear)) as url:
        yield url


@pytest.fixture
def talking(page: Page, url: str, service: Service) -> Page:
    """A visitor who has just come."""
    service.down = service.broken = False
    service.heard.clear()
    service.goes_on.clear()
    page.goto(url)
    page.locator(".fk-empty-state").wait_for()
    return page


def ask(page: Page, question: str, *expected: str) -> None:
    """Ask, and wait until the cards are as expected."""
    page.get_by_label("Your question").fill(question)
    page.get_by_label("Your question").press("Enter")
    wait_for(page, *expected)


def wait_for(page: Page, *expected: str) -> None:
    """Until these are the states of the cards on the page."""
    page.wait_for_function(f"expected => JSON.stringify({STATUSES}) === JSON.stringify(expected)", arg=list(expected))


def test_an_answer_comes_and_a_failure_shows_what_took_its_place(talking, service):
    """The question stands above each answer; while the model is down, the search answers, and a banner says so."""
    ask(talking, "How many days?", "answered")
    expect(talking.get_by_label("Your question")).to_have_value("")
    service.down = True
    ask(talking, "And next year?", "answered", "degraded")
    talking.get_by_role("button", name="Matching pages found by search").wait_for()
    assert "How many days?" in talking.locator(".fk-talk-question").all_text_contents()
    service.down = False
    ask(talking, "And now?", "answered", "degraded", "answered")
    talking.get_by_text("Back to normal since").first.wait_for()
    expect(talking.locator(".fk-degraded-banner").first).to_contain_text("1 answer")


def test_the_conversation_is_there_after_a_reload(talking, service):
    """With what was said of each answer (rubric 22): nobody loses it with the page."""
    service.down = True
    ask(talking, "How many days?", "degraded")
    talking.reload()
    wait_for(talking, "degraded")
    talking.get_by_text("How many days?", exact=True).wait_for()
    talking.get_by_role("button", name="Start a new conversation").click()
    talking.locator(".fk-empty-state").wait_for()
    talking.reload()
    talking.locator(".fk-empty-state").wait_for()


def test_an_example_is_asked_with_one_press(talking):
    """The empty page offers questions, and says what is not possible."""
    talking.get_by_text("approve leave").wait_for()
    talking.get_by_role("button", name="How many days can I carry over?").click()
    wait_for(talking, "answered")


def test_stop_keeps_what_had_come(talking, service):
    """The words stay, and who ended it is named (rubric 45, 46 and 49)."""
    ask(talking, "silent", "streaming")
    talking.get_by_role("button", name="Stop", exact=True).click()
    wait_for(talking, "interrupted")
    service.goes_on.set()
    talking.locator(".fk-notice-title", has_text="You stopped the answer").wait_for()
    talking.locator(".fk-answer", has_text="Five days").wait_for()


def test_an_empty_question_is_asked_for(talking):
    """In words, and nothing else happens."""
    talking.get_by_role("button", name="Ask", exact=True).click()
    talking.get_by_text("Type a question first.").wait_for()


def test_the_first_click_is_counted_and_the_reason_is_added(talking, service):
    """Rubric 54: one record an answer, and the thank-you says so."""
    ask(talking, "How many days?", "answered")
    talking.get_by_role("button", name="Not helpful").click()
    talking.get_by_text("Thanks. Counted.").wait_for()
    talking.get_by_role("button", name="Out of date").click()
    talking.wait_for_function("document.querySelector('[aria-pressed=true][data-value=outdated]')")
    talking.wait_for_function("true")
    talking.get_by_text("Thanks").first.wait_for()
    ids = {outcome_id for outcome_id, _, _ in service.heard}
    assert 1 == len(ids)
    assert "down" == service.heard[0][1]


def test_feedback_that_is_not_taken_is_not_said_to_be(talking, service):
    """The application's own store failed: the person learns it."""
    service.broken = True
    ask(talking, "How many days?", "answered")
    talking.get_by_role("button", name="Helpful", exact=True).click()
    talking.locator(".fk-feedback-bar, .fk-card").get_by_text("couldn't send your feedback").first.wait_for()


def test_a_person_takes_over_and_their_answer_comes_back(talking, service, queue):
    """Filed with the draft that this server knows; the answer replaces the waiting card by itself."""
    ask(talking, "How many days?", "answered")
    talking.get_by_role("button", name="Ask a person").click()
    wait_for(talking, "awaiting_review")
    item = queue.search(state="pending")[-1]
    assert ("How many days?", "Five days until 31 March [1].") == (item.request.question, item.request.draft)
    claim = queue.claim("Anna K.", ticket=item.id)
    queue.decide(claim, Answered("Five days, and more with your manager's word."))
    talking.get_by_role("button", name="Track your question").click()
    wait_for(talking, "reviewed")
    talking.get_by_text("Five days, and more with your manager's word.").wait_for()


def test_asking_again_takes_the_place_of_what_failed(talking, service):
    """The same question stands there once, with its latest answer."""
    service.down = True
    ask(talking, "Who signs?", "degraded")
    service.down = False
    talking.get_by_role("button", name="Get a new answer").click()
    wait_for(talking, "answered")
    assert ["Who signs?"] == talking.locator(".fk-talk-question:visible").all_text_contents()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"ask": str.upper}, "`ask` must be a wrapped function"),
        ({"ways": {"magic": fk.Pipeline()(find)}}, "got 'magic'; rename it"),
        ({"ways": {"search": find}}, r"`ways\['search'\]` must be a wrapped function"),
        ({"ways": {"search": fk.Pipeline()(answers.streaming)}, "ask": None}, "`ask` must be a wrapped function"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(wrong, says):
    """When the chat is made, not when the first person asks."""
    given = {"ask": fk.Pipeline()(find), **wrong}
    with pytest.raises((TypeError, ValueError), match=says):
        chat(**given)


def test_an_async_way_needs_an_async_function():
    """One page has one runtime."""

    async def afind(question: str) -> str:
        return question

    with pytest.raises(TypeError, match="must be async if `ask` is"):
        chat(fk.Pipeline()(find), ways={"search": fk.Pipeline()(afind)})


def test_an_async_function_streams_too(page):
    """The same page on ``async def``."""

    async def tell(question: str):
        yield f"Five days, {question}"

    with served(chat(fk.protect(deadline=None)(tell))) as url:
        page.goto(url)
        page.locator(".fk-empty-state").wait_for()
        ask(page, "How many?", "answered")
        page.get_by_text("Five days, How many?").wait_for()


# In a Chatbot that is there already


def test_an_interface_changes_by_one_line(page):
    """``gr.ChatInterface(replies(ask))``: the card grows in the message, and what is pressed on it is heard."""
    wrapped = fk.protect(fallbacks=[fk.Rung(find, "search")], attempts=1, deadline=None)(Service().answer)
    with gr.Blocks(analytics_enabled=False) as app:
        gr.ChatInterface(replies(wrapped, actions=["escalate"]))
        heard, said = Actions(), gr.Textbox(label="Heard")
        heard.escalate(_told, None, said)
    with served(app) as url:
        page.goto(url)
        page.get_by_placeholder("Type a message").fill("How many?")
        page.get_by_placeholder("Type a message").press("Enter")
        page.locator(f"{CARD}[data-status=answered]").wait_for()
        page.get_by_role("button", name="Ask a person").click()
        page.wait_for_function("[...document.querySelectorAll('textarea, input')].some(e => e.value === 'escalate')")
        page.locator("[data-toggle=trail]").click()
        page.locator(".fk-trail .fk-panel").wait_for()


def _told(event: gr.EventData) -> str:
    return event.action


def test_a_message_is_a_card_of_the_assistant():
    """For a history that the application keeps itself."""
    made = message(answers.degraded_smaller_model(), now=answers.NOW)
    assert "assistant" == made["role"]
    assert "Answered by" in made["content"].value
    with pytest.raises(TypeError, match="`ask` must be a wrapped function"):
        replies(find)


def test_replies_offer_no_button_that_nobody_hears():
    """Unless the application names those that it hears."""
    clock = FakeClock()
    quiet, heard = (
        list(replies(fk.Pipeline(clock=clock)(find), clock=clock, **more)("How?"))
        for more in ({}, {"actions": ["escalate"]})
    )
    assert "Ask a person</button>" in heard[-1].value
    assert 'data-action="escalate" hidden' in quiet[-1].value
