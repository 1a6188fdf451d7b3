"""What a card costs: to draw, on a page of Gradio's, with each change of a stream, and in bytes."""

from __future__ import annotations

import gc
import os
import random
import shutil
import statistics
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import gradio as gr

import fallbackkit as fk
from benchmarks.race import Findings, Verdict
from fallbackkit.ui import OutcomeCard, views
from fallbackkit.ui._stylesheet import script, stylesheet
from tests.browsing import chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
PASSAGES = 200
SOURCES = 5
DRAWN = 1000
CARDS = 50
PIECES = 40
PAUSE = 0.03

# When the last of them is on the page, and a button answers.
INTERACTIVE = """last => new Promise(done => {
  const look = () => {
    const all = document.querySelectorAll('p');
    const button = document.querySelector('#answers-clicks');
    if (button && [...all].some(each => each.textContent.includes(last))) button.click();
    window.answered ? done(window.answered) : requestAnimationFrame(look);
  };
  look();
})"""
# When each piece of a stream is in the document, in ms of the page's clock.
WATCHED = """() => {
  window.seen = [];
  new MutationObserver(() => {
    const found = document.querySelector('#streamed')?.textContent.match(/piece (\\d+)/g);
    const at = found ? Number(found[found.length - 1].slice(6)) : -1;
    if (at >= 0 && window.seen[at] === undefined) window.seen[at] = performance.timeOrigin + performance.now();
  }).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""


def passage(number: int) -> fk.Source:
    """A page of an intranet, with what it says."""
    return fk.Source(
        title=f"Leave policy, part {number}",
        url=f"https://intranet.example/policies/leave-{number}",
        quote=f"Up to five days may be carried over, as rule {number} says.",
        locator=f"section {number % 9}",
        updated_at=NOW - timedelta(days=number % 700),
        check="quote_found" if number % 3 else "not_checked",
    )


def outcomes(many: int, *, known: bool = True) -> list[fk.Outcome]:
    """Answers, no two alike: each rests on five of two hundred passages, or on five that nobody has seen before."""
    rng = random.Random(0)
    corpus = [passage(number) for number in range(PASSAGES)]
    return [
        answer(index, rng.sample(corpus, SOURCES) if known else [passage(1000 + index * 9 + n) for n in range(SOURCES)])
        for index in range(many)
    ]


def answer(index: int, sources: list[fk.Source]) -> fk.Outcome:
    took = 1.5 + index * 0.00137
    text = (
        f"You can carry over **{index} days** of leave until 31 March. Days beyond that are lost, unless your manager"
        f" asked you in writing to work through them (case {index})."
    )
    return fk.Outcome(
        id=f"outcome-{index}",
        status="answered",
        answer=fk.Answer(text=text, sources=tuple(sources), model="desk-large-2"),
        confidence=fk.Confidence(value=0.5 + (index % 2000) * 0.0002, basis="measured", n=412, measured_at=NOW),
        requested="ask_policies",
        trail=(fk.Step(name="ask_policies", duration=took, attempts=(fk.Attempt(duration=took),)),),
        duration=took,
        created_at=NOW - timedelta(seconds=index * 7),
    )


def drawing(cards: list[fk.Outcome]) -> float:
    """Seconds for one card, the median of the second half of them."""
    gc.collect()
    gc.freeze()
    took = []
    for outcome in cards:
        start = time.perf_counter()
        views.outcome_card(outcome, now=NOW, tz=BERLIN)
        took.append(time.perf_counter() - start)
    gc.unfreeze()
    return statistics.median(took[len(took) // 2 :])


@contextmanager
def served(app: gr.Blocks) -> Iterator[str]:
    _, url, _ = app.queue(default_concurrency_limit=None).launch(
        prevent_thread_lock=True, server_name="127.0.0.1", quiet=True, share=False
    )
    try:
        yield url
    finally:
        app.close(verbose=False)


def page_of(make: Callable[[fk.Outcome], object], shown: list[fk.Outcome]) -> gr.Blocks:
    with gr.Blocks(analytics_enabled=False) as app:
        gr.Button("Are you there?", elem_id="answers-clicks").click(
            None, js="() => { window.answered ??= performance.now(); }"
        )
        for outcome in shown:
            make(outcome)
    return app


def interactive(browser: Browser, url: str, last: str) -> float:
    """Seconds from the request of a new visitor until all is there and a button answers."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(url, wait_until="commit")
    took: float = page.evaluate(INTERACTIVE, last)
    context.close()
    return took / 1000


def pages(browser: Browser, rounds: int) -> tuple[float, float]:
    """Seconds until a page of cards, and one of their texts, is interactive: the medians of visits in turns."""
    shown = outcomes(CARDS)
    last = f"case {CARDS - 1}"
    cards = page_of(lambda outcome: OutcomeCard(outcome, tz=BERLIN), shown)
    texts = page_of(lambda outcome: gr.Markdown(outcome.text), shown)
    with served(cards) as one, served(texts) as other:
        took = [(interactive(browser, one, last), interactive(browser, other, last)) for _ in range(rounds + 1)][1:]
    ours, theirs = zip(*took, strict=True)
    return statistics.median(ours), statistics.median(theirs)


def streamed(browser: Browser, make: Callable[[], gr.components.Component], update: Callable[[str], object]) -> float:
    """Seconds from the moment a handler yields a piece until the browser has it, the median of all."""
    left: dict[int, float] = {}

    def write() -> Iterator[object]:
        text = "You can carry over **five days** of leave until 31 March."
        for piece in range(PIECES):
            text += f" And here is piece {piece}"
            value = update(text)
            left[piece] = time.time() * 1000
            yield value
            time.sleep(PAUSE)

    with gr.Blocks(analytics_enabled=False) as app:
        start = gr.Button("Start", elem_id="start")
        with gr.Column(elem_id="streamed"):
            start.click(write, None, make())
    with served(app) as url:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(url)
        page.locator("#start").wait_for()
        page.evaluate(WATCHED)
        page.locator("#start").click()
        page.wait_for_function(f"window.seen[{PIECES - 1}] !== undefined")
        seen = page.evaluate("window.seen")
        page.close()
    return statistics.median(seen[piece] - at for piece, at in left.items() if seen[piece] is not None) / 1000


def growing(text: str) -> fk.Outcome:
    step = fk.Step(name="ask_policies", duration=0.9)
    return fk.Outcome(
        id="streamed", status="streaming", answer=fk.Answer(text=text), requested="ask_policies", trail=(step,)
    )


def streams(browser: Browser, rounds: int) -> tuple[float, float]:
    gc.collect()
    gc.freeze()  # what the subjects before have left is not collected here
    took = [
        (
            streamed(browser, lambda: OutcomeCard(tz=BERLIN), growing),
            streamed(browser, gr.Markdown, lambda text: text),
        )
        for _ in range(rounds)
    ]
    gc.unfreeze()
    ours, theirs = zip(*took, strict=True)
    return statistics.median(ours), statistics.median(theirs)


def found_chromium() -> str | None:
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, filter(None, names))), None)


def measure(found: Findings, *, rounds: int, calls: int) -> None:
    again, known, fresh = (
        drawing(cards) for cards in (outcomes(1) * 2 * DRAWN, outcomes(2 * DRAWN), outcomes(2 * DRAWN, known=False))
    )
    size = len((stylesheet() + script()).encode()) / 1000
    found.verdicts += [
        Verdict(f"a card with {SOURCES} sources, drawn again", again * 1e3, 0.3, "ms"),
        Verdict(f"a new answer with {SOURCES} sources of {PASSAGES}", known * 1e3, 0.3, "ms"),
        Verdict(f"a new answer with {SOURCES} sources that were never drawn before", fresh * 1e3, 0.5, "ms"),
        Verdict("CSS and JavaScript of all components", size, 60.0, "kB"),
    ]
    path = found_chromium()
    if path is None:
        print("No Chromium was found: the pages are not measured. Set CHROMIUM to the path of one.", file=sys.stderr)
        return
    with chromium(path) as browser:
        ours, theirs = pages(browser, max(3, rounds // 10))
        what = f"{CARDS} cards interactive, {ours:.2f} s / {CARDS} gr.Markdown, {theirs:.2f} s"
        found.verdicts.append(Verdict(what, ours / theirs, 1.5))
        ours, theirs = streams(browser, max(3, rounds // 10))
        what = f"a piece of a stream on the page, {ours * 1e3:.1f} ms / in gr.Markdown, {theirs * 1e3:.1f} ms"
        found.verdicts.append(Verdict(what, ours / theirs, 1.3))
