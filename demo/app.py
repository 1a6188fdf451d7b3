"""The page: a question, the card, the outage slider, and the reviewer's desk in a second tab."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator  # noqa: TC003 - Gradio looks up what `run` takes and gives
from html import escape
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias

import gradio as gr

import fallbackkit as fk
from fallbackkit.events import Event, FellBack, RetryScheduled
from fallbackkit.review import ReviewRequest
from fallbackkit.ui import OutcomeCard, inbox

from . import manual
from .manual import watcher
from .outage import MODES, Mode

if TYPE_CHECKING:
    from .manual import Assistant

__all__ = ["CSS", "EXAMPLES", "build", "demo"]

demo: gr.Blocks

_News: TypeAlias = SimpleQueue[Event | fk.Outcome]

TITLE = "Ask the manual"
INTRO = (
    "A small language model answers questions about the Python language by quoting Python's own manual. It cannot "
    "write code and knows nothing outside the manual. What it cannot back up goes to a search, and then to a person."
)
EXAMPLES = (
    "What does the with statement guarantee?",
    "What does the nonlocal statement do?",
    "What is a context manager?",
    "What does str.title return?",
    "What is the while statement used for?",
    "How do I resize a PostgreSQL table?",
)
POSITIONS: dict[Mode, str] = {
    "healthy": "The model's service works as it should.",
    "slow": "Every answer of the model takes six seconds longer.",
    "rate limited": "The service refuses: too many requests, come back in a minute.",
    "down": "The service answers every request with an error.",
    "offline": "The connection to the service breaks.",
    "making things up": "The model gets the bare question without the manual, and invents an answer.",
}
_EMPTY = "Type a question first, or take one of the examples below."
_STILL_HERE = "Stopped. Your question is still in the box."
_STOPPED = fk.Outcome(status="unavailable", failure=fk.Failure(kind=fk.FailureKind.CANCELLED))
_ACTIONS = ("retry", "wait", "new_answer", "search", "escalate", "edit_question", "track")
_USUAL = "usually 1 to 5 s"
_SLOW_AFTER = 6.0
_TICK = 0.5
_FOLLOW_EVERY = 2.0

CSS = """
.gradio-container .main { max-inline-size: 1120px; margin-inline: auto; }
.gradio-container h1 { font-size: 32px; line-height: 38px; font-weight: 600; margin: 0; }
.intro p { color: var(--body-text-color-subdued); max-inline-size: 66ch; margin: 0; }
.under { align-items: center; }
.under > :last-child { flex: 1 1 240px; }
.chips { flex-wrap: wrap; gap: 8px; }
.chips button { font-weight: 400 !important; white-space: normal; text-align: start; }
.said { margin: 0; min-block-size: 20px; font-size: 14px; line-height: 20px; font-variant-numeric: tabular-nums; }
.side { border-inline-start: 1px solid var(--border-color-primary); padding-inline-start: 24px; }
.outage .wrap { display: grid; gap: 0; position: relative; }
.outage .wrap::before { content: ""; position: absolute; inset-block: 22px; inset-inline-start: 11px; inline-size: 2px;
  background: var(--checkbox-border-color); }
.outage .wrap label { position: relative; display: flex; align-items: center; gap: 12px; min-block-size: 44px;
  padding: 0; background: none !important; border: 0; font-size: 14px; line-height: 20px; }
.outage .wrap label span { margin: 0; }
.outage .wrap label.selected span { font-weight: 600; }
.outage .wrap input { inline-size: 24px; block-size: 24px; margin: 0; background-color: var(--body-background-fill);
  border: 2px solid var(--checkbox-border-color); }
.outage .wrap input:checked { background-color: var(--checkbox-background-color-selected);
  border-color: var(--checkbox-border-color-selected); }
.outage .wrap input:focus-visible { outline: 2px solid var(--color-accent); outline-offset: 2px; }
@media (max-width: 700px) {
  .said:empty { min-block-size: 0; }
  .side { border-inline-start: 0; padding-inline-start: 0; border-block-start: 1px solid var(--border-color-primary);
    padding-block-start: 16px; }
}
"""
# Gradio gives each radio button a name of its own, and then the arrow keys do not move between them.
_ONE_GROUP = """() => {
  const group = document.querySelector('.outage');
  const tie = () => group.querySelectorAll('input:not([name=outage])').forEach((each) => { each.name = 'outage' });
  tie();
  new MutationObserver(tie).observe(group, { subtree: true, childList: true, attributeFilter: ['name'] });
}"""
_FOCUS_QUESTION = "() => document.querySelector('.question textarea').focus()"


def build(assistant: Assistant) -> gr.Blocks:
    """The page for one assistant. Several people may use it at once; they share the outage slider."""
    page = _Page(assistant)
    with gr.Blocks(title=TITLE, fill_width=True, analytics_enabled=False) as blocks:
        gr.HTML(f"<h1>{TITLE}</h1>", padding=False)
        with gr.Tabs():
            with gr.Tab("Ask"):
                page.lay_out()
            with gr.Tab("Reviewer's inbox"):
                inbox(assistant.queue, reviewer="Reviewer").render()  # type: ignore[no-untyped-call]
        page.connect(blocks)
    return blocks  # type: ignore[no-any-return]


class _Page:
    """The page's parts and what they do. What a visitor asked is kept in the visitor's browser."""

    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant
        self.asked: list[tuple[str | None, _News]] = []  # who is waiting, and where to tell them something

    def lay_out(self) -> None:
        gr.Markdown(f"{INTRO} {_who_answers(self.assistant)}", elem_classes="intro")
        with gr.Row():
            with gr.Column(scale=3, min_width=280):
                self.question = gr.Textbox(label="Your question about Python", max_lines=6, elem_classes="question")
                with gr.Row(elem_classes="under"):
                    self.go = gr.Button("Ask", variant="primary", size="sm")
                    self.stop = gr.Button("Stop", size="sm", interactive=False)
                    self.said = gr.HTML(_said(""), padding=False)
                self.card = OutcomeCard(actions=_ACTIONS, padding=False)
                with gr.Row(elem_classes="chips"):
                    self.chips = [gr.Button(example, size="sm") for example in EXAMPLES]
            with gr.Column(scale=1, min_width=260, elem_classes="side"):
                self.outage = gr.Radio(
                    MODES,
                    value=lambda: self.assistant.outage.mode,
                    label="Outage slider: how is the model's service?",
                    elem_classes="outage",
                )
                self.position = gr.HTML(lambda: _position(self.assistant.outage.mode), padding=False)
        self.saved = gr.BrowserState({"question": "", "outcome": None}, storage_key="ask-the-manual")
        self.timer = gr.Timer(_FOLLOW_EVERY, active=False)

    def connect(self, blocks: gr.Blocks) -> None:
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        shown = [self.question, self.card, self.said, self.stop, self.saved, self.timer]
        for listen in (self.go.click, self.question.submit, self.card.retry, self.card.wait, self.card.new_answer):
            listen(self.run, self.question, shown, concurrency_limit=8, concurrency_id="ask", **quiet)
        for chip in self.chips:
            chip.click(self.run, chip, shown, concurrency_id="ask", **quiet)
        # Not with Gradio's `cancels`: a tick that is under way then arrives after the last word, and stands for ever.
        self.stop.click(self.stopped, **quiet)
        self.card.search(self.search, self.question, [self.card, self.saved], **quiet)
        self.card.escalate(self.escalate, [self.question, self.saved], [self.card, self.saved, self.timer], **quiet)
        self.card.edit_question(None, js=_FOCUS_QUESTION, api_visibility="private")
        follow: dict[str, Any] = {"inputs": self.saved, "outputs": [self.card, self.saved, self.timer]}
        self.timer.tick(self.follow, **follow, **quiet)
        self.card.track(self.follow, **follow, **quiet)
        blocks.load(
            self.restore, [self.question, self.saved], [self.question, self.card, self.saved, self.timer], **quiet
        )
        blocks.load(None, js=_ONE_GROUP, api_visibility="private")
        self.outage.input(self.turn, self.outage, self.position, **quiet)

    def run(self, question: str, request: gr.Request) -> Iterator[dict[Any, Any]]:
        """Ask, and say every half second how it goes."""
        if not question.strip():
            yield {self.said: _said(_EMPTY)}
            return
        waiting = (request.session_hash, _News())
        self.asked.append(waiting)
        try:
            yield from self._hear(question, waiting[1])
        finally:
            self.asked.remove(waiting)

    def _hear(self, question: str, news: _News) -> Iterator[dict[Any, Any]]:
        began = time.monotonic()
        working = fk.Outcome(status="working", requested="ask")
        yield {
            self.question: question,
            self.card: working,
            self.said: _said("Asking the model.", live=False),
            self.stop: gr.Button(interactive=True),
            self.timer: gr.Timer(active=False),
        }
        told = "Asking the model"
        for heard in _watch(self.assistant, question, news):
            if heard is _STOPPED:
                yield {self.card: heard, self.said: _said(_STILL_HERE), self.stop: gr.Button(interactive=False)}
            elif isinstance(heard, fk.Outcome):
                yield {self.said: _said(""), self.stop: gr.Button(interactive=False)} | self._show(question, heard)
            else:
                told = _told(heard) or told
                yield {self.said: _said(f"{told}. {_elapsed(time.monotonic() - began)}", live=False)}

    def stopped(self, request: gr.Request) -> None:
        """The call goes on, and nobody hears what comes of it."""
        for session, news in tuple(self.asked):
            if session == request.session_hash:
                news.put(_STOPPED)

    def search(self, question: str) -> dict[Any, Any]:
        """Only the search, without the model."""
        only = fk.Pipeline(fk.Fallback(fk.Rung(self.assistant.search, "search", name="keyword search")), name="ask")
        outcome = only.outcome(_passed_over, question)
        return {self.card: outcome, self.saved: _kept(question, outcome)}

    def escalate(self, question: str, saved: dict[str, Any]) -> dict[Any, Any]:
        """Ask a person, because the asker wants to."""
        outcome = _outcome(saved) or fk.Outcome(status="unavailable")
        ticket = self.assistant.queue.enqueue(
            ReviewRequest(
                question=saved["question"] or question,
                draft=outcome.text or None,
                reason=fk.FailureKind.QUALITY_LOW_CONFIDENCE,
                sources=outcome.sources,
                trail=outcome.trail,
                outcome_id=outcome.id,
                idempotency_key=outcome.id,
            )
        )
        return self._show(
            saved["question"] or question, outcome.model_copy(update={"status": "awaiting_review", "ticket": ticket})
        )

    def follow(self, saved: dict[str, Any]) -> dict[Any, Any]:
        """What has become of the ticket."""
        outcome = _outcome(saved)
        if outcome is None or outcome.ticket is None:
            return {self.timer: gr.Timer(active=False)}
        return self._show(saved["question"], self.assistant.queue.follow(outcome))

    def restore(self, question: str, saved: dict[str, Any]) -> dict[Any, Any]:
        """After the page was loaded again: the same question, the same card, its ticket as it stands now.

        What the visitor typed before the page was ready stays.
        """
        outcome = _outcome(saved)
        if outcome is None or question:
            return {self.timer: gr.Timer(active=False)}
        return {self.question: saved["question"], self.card: outcome, **self.follow(saved)}

    def turn(self, mode: Mode) -> str:
        self.assistant.outage.mode = mode
        return _position(mode)

    def _show(self, question: str, outcome: fk.Outcome) -> dict[Any, Any]:
        return {
            self.card: outcome,
            self.saved: _kept(question, outcome),
            self.timer: gr.Timer(active=outcome.status == "awaiting_review"),
        }


def _passed_over(_: str) -> fk.Answer:
    raise fk.CannotAnswer("cancelled", "the asker wants the search only")


def _watch(assistant: Assistant, question: str, news: _News) -> Iterator[Event | fk.Outcome | None]:
    """The call's events as they happen, None while nothing does, and its outcome last, or another that is put there."""

    def call() -> None:
        watcher.set(news.put)
        news.put(assistant.ask.outcome(question))

    threading.Thread(target=call, name="ask", daemon=True).start()
    while True:
        try:
            heard = news.get(timeout=_TICK)
        except Empty:
            yield None
            continue
        yield heard
        if isinstance(heard, fk.Outcome):
            return


def _told(event: Event | None) -> str | None:
    match event:
        case RetryScheduled():
            return "The model did not answer; asking it once more"
        case FellBack(failure=failure) if failure.kind is fk.FailureKind.QUALITY_LOW_CONFIDENCE:
            return "The model's answer is not backed well enough; searching the manual"
        case FellBack():
            return "The model did not answer; searching the manual"
        case _:
            return None


def _elapsed(seconds: float) -> str:
    if seconds < _SLOW_AFTER:
        return f"{seconds:.0f} s, {_USUAL}."
    return f"Slower than usual: {seconds:.0f} s, {_USUAL}. You can wait, or stop."


def _said(text: str, *, live: bool = True) -> str:
    """A line of text; one that counts seconds is not read out."""
    return f'<p class="said" role="{"status" if live else "timer"}">{escape(text)}</p>'


def _position(mode: Mode) -> str:
    return f'<p class="said" role="status"><b>Now {escape(mode)}.</b> {escape(POSITIONS[mode])}</p>'


def _who_answers(assistant: Assistant) -> str:
    lack = assistant.lack()
    if lack is not None:
        return f"**{lack}** Until then the search answers, and a person."
    where = "at the endpoint that you set" if assistant.endpoint else "on this machine"
    return f"The model is {assistant.model}, {where}."


def _kept(question: str, outcome: fk.Outcome) -> dict[str, Any]:
    return {"question": question, "outcome": outcome.model_dump(mode="json")}


def _outcome(saved: dict[str, Any]) -> fk.Outcome | None:
    data = saved.get("outcome")
    return fk.Outcome.model_validate(data) if data else None


def __getattr__(name: str) -> Any:
    """``demo`` is the page of the assistant that the environment describes, built when first asked for."""
    if name != "demo":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()["demo"] = build(manual.assistant)
    return globals()["demo"]
