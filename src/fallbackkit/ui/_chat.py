from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast, get_args

import gradio as gr

from fallbackkit import _log
from fallbackkit._clock import SystemClock
from fallbackkit._outcome import Confidence, Outcome
from fallbackkit.errors import QueueFull
from fallbackkit.messages import ActionId
from fallbackkit.ui._base import View, events
from fallbackkit.ui._turns import banner_of, cut_off, public, rated, request_for, stored, turns_in
from fallbackkit.ui.views import Choice, Choices, Empty, Feedback, Talk, Turn, talk, turn
from fallbackkit.ui.views._choices import ChoiceKind
from fallbackkit.ui.views._html import el
from fallbackkit.ui.views._reader import Reader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from datetime import tzinfo

    from fallbackkit._clock import Clock
    from fallbackkit.messages import Messages
    from fallbackkit.review import ReviewQueue
    from fallbackkit.ui._chatbot import Streams

__all__ = ["chat"]

_FOLLOW_EVERY = 5.0
_RATINGS = ("rated", "detailed", "withdrawn")
_AGAIN = ("retry", "wait", "new_answer")
_Prepare: TypeAlias = "Callable[[str, list[Turn], Any], Turn | None]"
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_FAILED = frozenset({"unavailable", "interrupted", "low_confidence"})
_WORKING = frozenset({"working", "streaming"})
_FOCUS = "() => document.querySelector('.fk-chat-question textarea').focus()"
_COPY = "(saved) => { navigator.clipboard?.writeText(saved.at(-1)?.question ?? '') }"
_PAGE = """
.fk-chat { max-inline-size: 760px; margin-inline: auto; inline-size: 100%; }
.fk-chat-said { min-block-size: 20px; font-size: 14px; line-height: 20px; margin: 0; }
"""


class _Log(View[Talk]):
    EVENTS = events("example", *_RATINGS)
    view = staticmethod(talk)
    model = Talk

    def public(self, value: Talk | None) -> Talk | None:
        """Nothing: no handler reads it, and each turn stands in the browser once already."""
        del value
        return None


class _Now(View[Turn]):
    EVENTS = events(*sorted({*get_args(ActionId), *_RATINGS, "chosen", "copy_reference"}))
    view = staticmethod(turn)
    model = Turn

    def public(self, value: Turn | None) -> Turn | None:
        """No answer that was withheld."""
        return super().public(None if value is None else public(value))


def chat(
    ask: Streams,
    *,
    title: str = "",
    empty: Empty | None = None,
    ways: Mapping[str, Streams] | None = None,
    review: ReviewQueue | None = None,
    feedback: Callable[[str, Feedback], None] | None = None,
    storage_key: str = "fallbackkit-chat",
    tz: tzinfo | None = None,
    locale: str = "en",
    messages: Messages | None = None,
    clock: Clock | None = None,
) -> gr.Blocks:
    """A complete chat on a wrapped function, which shows each answer as it comes and each failure for what it is.

    Streams, stops, asks again or in another way, hands over to a person, takes feedback, keeps what
    arrived of an answer that broke off, says when the service is back, and keeps the conversation in the
    visitor's own browser over a reload. ``chat(ask).launch(theme=theme())``. Several people may use it at once.

    Args:
        ask: A function wrapped by ``protect`` or a Pipeline, sync or async; its first parameter is the question.
        title: Stands above; empty for none.
        empty: What to show before the first question: what this is for, what it cannot do, examples.
        ways: Other wrapped functions that may be asked the same question, by the kind of choice they are:
            ``{"search": find_pages, "smaller_model": ask_small}``. They are offered where an answer failed.
            Sync ones for a sync ``ask``, async ones for an async.
        review: Where questions wait for a person; without it, nobody is offered.
        feedback: Called with the outcome's id and what the person said of it, each time it changes.
            Called in a worker thread; if it raises, the person is told that it was not sent.
        storage_key: Under which the browser keeps the conversation; one for each chat of a site.
        tz: Zone in which times are shown; UTC without it.
        locale: BCP 47 tag for all the words.
        messages: Your own words; None for those of the kit.
        clock: Who says what time it is.

    Raises:
        TypeError: ``ask``, or one of the ``ways``, is not a wrapped function, or not of the same sort.
        ValueError: A key of ``ways`` is not a kind of choice.

    Example:
        >>> from fallbackkit import protect
        >>> page = chat(protect(deadline=None)(lambda question: "Five days."))
    """
    given = {"tz": tz, "locale": locale, "messages": messages, "clock": clock or SystemClock()}
    asked = _checked("ask", ask)
    desk = _Desk(asked, _each(ways or {}, asked), review, feedback, empty or Empty(), storage_key, given)
    with gr.Blocks(title=title or desk.words.text("ui.chat.title"), fill_width=True, analytics_enabled=False) as page:
        _Talking(desk, desk.lay_out(title)).connect(page)
    return cast("gr.Blocks", page)


def _checked(name: str, ask: Any) -> Streams:
    if not callable(getattr(ask, "stream", None)):
        raise TypeError(f"`{name}` must be a wrapped function, got {ask!r}; wrap it with fallbackkit.protect()")
    return cast("Streams", ask)


def _each(ways: Mapping[str, Any], ask: Streams) -> dict[str, Streams]:
    for kind, way in ways.items():
        if kind not in get_args(ChoiceKind):
            kinds = ", ".join(get_args(ChoiceKind))
            raise ValueError(f"`ways` must be named for the kinds of choice ({kinds}), got {kind!r}; rename it")
        if _is_async(_checked(f"ways[{kind!r}]", way)) != _is_async(ask):
            raise TypeError(f"`ways[{kind!r}]` must be async if `ask` is, and sync if not; got {way!r}")
    return dict(ways)


def _is_async(ask: Streams) -> bool:
    return inspect.isasyncgenfunction(ask.stream)


@dataclass(frozen=True)
class _Desk:
    """The page's parts and what they do. Holds no state of a visit: that is in the browser, and in ``gr.State``."""

    ask: Streams
    ways: Mapping[str, Streams]
    review: ReviewQueue | None
    feedback: Callable[[str, Feedback], None] | None
    empty: Empty
    storage_key: str
    given: dict[str, Any]

    @property
    def words(self) -> Reader:
        return Reader(locale=self.given["locale"], messages=self.given["messages"])

    def lay_out(self, title: str) -> _Parts:
        say = self.words.text
        with gr.Column(elem_classes="fk-chat"):
            gr.HTML(f"<style>{_PAGE}</style>{el('h1', title) if title else ''}", padding=False)
            log = _Log(Talk(empty=self.empty), actions=("example", *_RATINGS), **self.given)
            now = _Now(actions=self._offered(), **self.given)
            question = gr.Textbox(label=say("ui.chat.question"), max_lines=6, elem_classes="fk-chat-question")
            with gr.Row():
                go = gr.Button(say("ui.chat.ask"), variant="primary", size="sm")
                stop = gr.Button(say("ui.chat.stop"), size="sm", interactive=False)
                clear = gr.Button(say("ui.chat.clear"), size="sm")
            said = gr.HTML(_line(""), padding=False)
        saved = gr.BrowserState([], storage_key=self.storage_key)
        return _Parts(
            log, now, question, go, stop, clear, said, saved, gr.State({}), gr.Timer(_FOLLOW_EVERY, active=False)
        )

    def _offered(self) -> tuple[str, ...]:
        review = ("escalate", "track") if self.review else ()
        search = ("search",) if "search" in self.ways else ()
        return (*_AGAIN, "stop", "edit_question", "copy_question", "chosen", *_RATINGS, *review, *search)


class _Parts(NamedTuple):
    """What is on the page, and what is kept for it."""

    log: _Log
    now: _Now
    question: gr.Textbox
    go: gr.Button
    stop: gr.Button
    clear: gr.Button
    said: gr.HTML
    saved: gr.BrowserState
    kept: gr.State
    timer: gr.Timer


class _Talking:
    """What happens on the page."""

    def __init__(self, desk: _Desk, parts: _Parts) -> None:
        self.desk, self.on = desk, parts

    def connect(self, page: gr.Blocks) -> None:
        on = self.on
        runs = self._asking()
        stopping = {"inputs": [on.now, on.saved, on.kept], "outputs": self._all(), "cancels": runs, **_QUIET}
        on.stop.click(self.stopped, **stopping)
        on.now.stop(self.stopped, **stopping)
        on.clear.click(self.cleared, None, self._all(), cancels=runs, **_QUIET)
        on.now.copy_question(None, on.saved, js=_COPY, api_visibility="private")
        edit = on.now.edit_question(self.edited, on.saved, on.question, **_QUIET)
        edit.then(None, js=_FOCUS, api_visibility="private")
        for part, name in product((on.log, on.now), _RATINGS):
            getattr(part, name)(self.told, on.saved, [on.log, on.now, on.saved], **_QUIET)
        follow: dict[str, Any] = {"inputs": [on.saved, on.kept], "outputs": self._all(), **_QUIET}
        if self.desk.review is not None:
            on.now.escalate(self.escalated, **follow)
            on.now.track(self.followed, **follow)
            on.timer.tick(self.followed, **follow)
        page.load(self.restored, **follow)

    def _all(self) -> list[Any]:
        on = self.on
        return [on.log, on.now, on.question, on.said, on.stop, on.saved, on.kept, on.timer]

    def _asking(self) -> list[Any]:
        """Everything that asks, so that all of it can be stopped."""
        on, desk = self.on, self.desk
        told, shown = [on.question, on.saved, on.kept], self._all()
        how: dict[str, Any] = {"concurrency_limit": 16, "concurrency_id": f"ask {id(self)}", **_QUIET}
        ways: list[tuple[Any, Callable[..., Any]]] = [
            (on.go.click, self.runs(_new)),
            (on.question.submit, self.runs(_new)),
            (on.log.example, self.runs(_example)),
            *((getattr(on.now, name), self.runs(_again)) for name in _AGAIN),
            *((on.now.search, self.runs(_again, way)) for kind, way in desk.ways.items() if kind == "search"),
            (on.now.chosen, self.runs(_again, self._chosen)),
        ]
        return [listen(run, told, shown, **how) for listen, run in ways]

    def _chosen(self, event: Any) -> Streams:
        return self.desk.ways.get(str(event.value), self.desk.ask)

    def runs(self, prepare: _Prepare, way: Streams | Callable[[Any], Streams] | None = None) -> Any:
        """A handler that asks and shows the answer as it grows; ``way`` is asked, or says of an event who is."""
        begin = partial(self._begun, prepare)

        def asked(event: Any) -> Streams:
            return way(event) if inspect.ismethod(way) else cast("Streams", way or self.desk.ask)

        def run(question: str, saved: Any, kept: dict[str, Any], event: gr.EventData) -> Any:
            turn, first = begin(question, saved, event)
            yield first
            if turn is not None:
                for outcome in asked(event).stream(turn.question):
                    yield self._grown(turn, outcome, saved, kept)

        async def run_async(question: str, saved: Any, kept: dict[str, Any], event: gr.EventData) -> Any:
            turn, first = begin(question, saved, event)
            yield first
            if turn is not None:
                async for outcome in cast("AsyncIterator[Outcome]", asked(event).stream(turn.question)):
                    yield self._grown(turn, outcome, saved, kept)

        return run_async if _is_async(self.desk.ask) else run

    def _begun(self, prepare: _Prepare, question: str, saved: Any, event: Any) -> tuple[Turn | None, dict[Any, Any]]:
        earlier = turns_in(saved)
        turn = prepare(question, earlier, event)
        if turn is None:
            return None, {self.on.said: _line(self.desk.words.text("ui.chat.empty"))}
        shown = {
            self.on.log: self._talk(earlier[:-1] if turn.tries else earlier, turn),
            self.on.now: turn,
            self.on.question: "",
            self.on.said: _line(""),
            self.on.stop: gr.Button(interactive=True),
            self.on.timer: gr.Timer(active=False),
        }
        return turn, shown

    def _grown(self, turn: Turn, outcome: Outcome, saved: Any, kept: dict[str, Any]) -> dict[Any, Any]:
        if outcome.status in _WORKING:  # each says all that holds now: a browser that is busy may skip one
            growing = turn.model_copy(update={"outcome": outcome})
            return {self.on.now: growing, self.on.stop: gr.Button(interactive=True)}
        earlier = turns_in(saved)
        return self._ended(earlier[:-1] if turn.tries else earlier, turn, outcome, kept)

    def _ended(self, earlier: list[Turn], turn: Turn, outcome: Outcome, kept: dict[str, Any]) -> dict[Any, Any]:
        """The answer is final: show it, and keep it."""
        ended = turn.model_copy(update={"outcome": outcome, "choices": self._choices(outcome)})
        return {
            self.on.log: self._talk(earlier, ended),
            self.on.now: ended,
            self.on.stop: gr.Button(interactive=False),
            self.on.saved: stored([*earlier, ended]),
            self.on.kept: {**kept, outcome.id: outcome.model_dump(mode="json")},
            self.on.timer: gr.Timer(active=outcome.status == "awaiting_review"),
        }

    def _talk(self, earlier: Sequence[Turn], now: Turn | None = None) -> Talk:
        turns = tuple(each.model_copy(update={"choices": None}) for each in earlier)
        everything = (*turns, now) if now else turns
        return Talk(turns=turns, banner=banner_of(everything), empty=None if everything else self.desk.empty)

    def _choices(self, outcome: Outcome) -> Choices | None:
        """Other ways to answer, where this one has failed; for the search alone, the card has a button."""
        if outcome.status not in _FAILED or not self.desk.ways.keys() - {"search"}:
            return None
        options = tuple(Choice(id=kind, kind=cast("ChoiceKind", kind)) for kind in self.desk.ways)
        return Choices(id=outcome.id, options=options, acts=True)

    def stopped(self, now: Turn | None, saved: Any, kept: dict[str, Any]) -> dict[Any, Any]:
        """What had come stays; the browser knows how far it was."""
        if now is None or now.outcome is None or now.outcome.status not in _WORKING:
            return {self.on.stop: gr.Button(interactive=False)}
        earlier = turns_in(saved)
        return self._ended(earlier[:-1] if now.tries else earlier, now, cut_off(now.outcome), kept)

    def cleared(self) -> dict[Any, Any]:
        fresh: dict[Any, Any] = {self.on.log: self._talk(()), self.on.now: None, self.on.saved: [], self.on.kept: {}}
        idle = {self.on.stop: gr.Button(interactive=False), self.on.timer: gr.Timer(active=False)}
        return {**fresh, **idle, self.on.question: "", self.on.said: _line("")}

    def edited(self, saved: Any) -> str:
        turns = turns_in(saved)
        return turns[-1].question if turns else ""

    def told(self, saved: Any, event: gr.EventData) -> dict[Any, Any]:
        """The first click counts; what follows changes the same record."""
        turns = [self._with_feedback(each, event) for each in turns_in(saved)]
        if not turns:
            return {}
        return {self.on.log: self._talk(turns[:-1], turns[-1]), self.on.now: turns[-1], self.on.saved: stored(turns)}

    def _with_feedback(self, turn: Turn, event: gr.EventData) -> Turn:
        if turn.outcome is None or turn.outcome.id != event.id:
            return turn
        said = {name: getattr(event, name, None) for name in ("action", "value", "reasons", "text")}
        given = rated(turn.feedback or Feedback(id=turn.outcome.id), said)
        if self.desk.feedback is not None:
            try:
                self.desk.feedback(turn.outcome.id, given)
            except Exception as error:  # noqa: BLE001 - the application's own: the person is told, and the log
                _log.warning("`feedback` of chat() failed; the person is told that it was not sent", error=error)
                given = given.model_copy(update={"state": "failed"})
        return turn.model_copy(update={"feedback": given})

    def escalated(self, saved: Any, kept: dict[str, Any]) -> dict[Any, Any]:
        """File the question. What the reviewer sees of the answer is this server's own, never the browser's."""
        turns = turns_in(saved)
        if self.desk.review is None or not turns:
            return {}
        last = turns[-1]
        shown = last.outcome or Outcome(status="unavailable")
        ours = Outcome.model_validate(kept[shown.id]) if shown.id in kept else None
        try:
            ticket = self.desk.review.enqueue(request_for(last.question, shown.id, ours))
        except QueueFull:
            return {self.on.said: _line(self.desk.words.text("ui.chat.full"))}
        waiting = {"status": "awaiting_review", "ticket": ticket, "answer": None, "confidence": Confidence()}
        return self._ended(turns[:-1], last, shown.model_copy(update=waiting), kept)

    def followed(self, saved: Any, kept: dict[str, Any]) -> dict[Any, Any]:
        """What has become of the ticket."""
        turns = turns_in(saved)
        outcome = turns[-1].outcome if turns else None
        if self.desk.review is None or outcome is None or outcome.ticket is None:
            return {self.on.timer: gr.Timer(active=False)}
        return self._ended(turns[:-1], turns[-1], self.desk.review.follow(outcome), kept)

    def restored(self, saved: Any, kept: dict[str, Any]) -> dict[Any, Any]:
        """After the page was loaded again: the same conversation, and the ticket as it stands now."""
        turns = turns_in(saved)
        if not turns:
            return {self.on.log: self._talk(())}
        return {self.on.log: self._talk(turns[:-1], turns[-1]), self.on.now: turns[-1], **self.followed(saved, kept)}


def _new(question: str, turns: list[Turn], event: Any) -> Turn | None:
    del turns, event
    return Turn(question=question, outcome=Outcome(status="working")) if question.strip() else None


def _example(question: str, turns: list[Turn], event: Any) -> Turn | None:
    del question
    return _new(str(event.value), turns, event)


def _again(question: str, turns: list[Turn], event: Any) -> Turn | None:
    """The same question once more; after the second time, that is no longer offered."""
    del question, event
    last = turns[-1] if turns else None
    return last and Turn(question=last.question, outcome=Outcome(status="working"), tries=last.tries + 1)


def _line(text: str) -> str:
    return str(el("p", text, class_="fk-chat-said", role="status"))
