from __future__ import annotations

import secrets
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, assert_never

import gradio as gr
from gradio.context import Context

from fallbackkit._clock import Clock, SystemClock
from fallbackkit.review import Answered, Approved, Claim, ClaimLost, Edited, Rejected
from fallbackkit.ui._base import Rendered
from fallbackkit.ui.views import review_case, review_list
from fallbackkit.ui.views._reader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fallbackkit.messages import Messages
    from fallbackkit.review import Decision, Item, ReviewQueue

__all__ = ["inbox"]

Way = Literal["edit", "answer", "reject"]

_REFRESH = 10.0
_FOCUS = "() => document.querySelector('[data-fk=review-case]').focus()"


def inbox(
    queue: ReviewQueue,
    *,
    reviewer: str | None = None,
    tz: tzinfo | None = None,
    locale: str = "en",
    messages: Messages | None = None,
    clock: Clock | None = None,
) -> gr.Blocks:
    """A desk for the people who answer what the assistant could not.

    Works alone (``inbox(queue).launch(theme=theme(), auth=…)``) and inside a tab
    (``inbox(queue).render()``). Who decides comes from the sign-in where the app has one. Several
    people may use it at once, also from several processes on one database.

    Args:
        queue: Where the questions wait.
        reviewer: Who decides where nobody signs in.
        tz: Zone in which times are shown; UTC without it.
        locale: BCP 47 tag of the reviewers' language.
        messages: Your own words; None for those of the kit.
        clock: Who says what time it is.

    Example:
        >>> from fallbackkit.review import ReviewQueue
        >>> desk = inbox(ReviewQueue("sqlite://"), reviewer="Anna")
    """
    desk = _Desk(queue, reviewer or "reviewer", _For(tz, locale, messages), clock or SystemClock())
    with _apart(), gr.Blocks(title=desk.text("title"), fill_width=True, analytics_enabled=False) as page:
        desk.lay_out()
        desk.connect(page)
    return page  # type: ignore[no-any-return]


@contextmanager
def _apart() -> Iterator[None]:
    """Build outside the surrounding Blocks, which would draw the page once more than ``render()`` does."""
    held = Context.root_block, Context.block
    Context.root_block = Context.block = None
    try:
        yield
    finally:
        Context.root_block, Context.block = held


class _For(NamedTuple):
    tz: tzinfo | None
    locale: str
    messages: Messages | None


class _Desk:
    """The page's parts and what they do. Holds no state of a visit; that is in ``gr.State``."""

    def __init__(self, queue: ReviewQueue, reviewer: str, shown: _For, clock: Clock) -> None:
        self.queue, self.reviewer, self.shown, self.clock = queue, reviewer, shown, clock
        self.words = Reader(locale=shown.locale, messages=shown.messages)

    def text(self, key: str, n: int | None = None, /, **values: str) -> str:
        """A message of the desk."""
        return self.words.text(f"ui.desk.{key}", n, **values)

    def lay_out(self) -> None:
        self.claim, self.way = gr.State(), gr.State()
        with gr.Row():
            with gr.Column(scale=2, min_width=320):
                self.next = gr.Button(self.text("do.next"), variant="primary", size="sm")
                self.list = Rendered()
            with gr.Column(scale=3, min_width=320):
                self.case = Rendered(self._case(None))
                with gr.Row(visible=False) as self.ways:
                    self.approve = gr.Button(self.text("do.approve"), size="sm")
                    self.edit = gr.Button(self.text("do.edit"), size="sm")
                    self.answer = gr.Button(self.text("do.answer"), size="sm")
                    self.reject = gr.Button(self.text("do.reject"), size="sm")
                    self.release = gr.Button(self.text("do.release"), size="sm")
                with gr.Column(visible=False) as self.writing:
                    self.typed = gr.Textbox(lines=5, autofocus=True, interactive=True)
                    with gr.Row():
                        self.send = gr.Button(self.text("do.send"), variant="primary", size="sm")
                        self.back = gr.Button(self.text("do.back"), size="sm")
        self.timer = gr.Timer(_REFRESH)

    def connect(self, page: gr.Blocks) -> None:
        shown = [
            self.list,
            self.case,
            self.claim,
            self.way,
            self.ways,
            self.approve,
            self.edit,
            self.writing,
            self.typed,
            self.send,
        ]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        page.load(self.refresh, None, self.list, **quiet)
        self.timer.tick(self.refresh, None, self.list, **quiet)
        moves: list[tuple[Callable[..., Any], Callable[..., Any], list[Any]]] = [
            (self.next.click, self.take_next, []),
            (self.list.claim, self.take, []),
            (self.approve.click, self.do_approve, [self.claim]),
            (self.release.click, self.do_release, [self.claim]),
            (self.send.click, self.do_send, [self.claim, self.way, self.typed]),
        ]
        for listen, fn, inputs in moves:
            listen(fn, inputs, shown, **quiet).then(None, js=_FOCUS, api_visibility="private")
        writers: list[tuple[gr.Button, Way]] = [(self.edit, "edit"), (self.answer, "answer"), (self.reject, "reject")]
        for button, way in writers:
            button.click(
                self.write_as(way),
                self.claim,
                [self.claim, self.case, self.way, self.ways, self.writing, self.typed, self.send],
                **quiet,
            )
        self.back.click(self.choose, None, [self.way, self.ways, self.writing], **quiet)

    def refresh(self, request: gr.Request) -> Any:
        return self._list(self._who(request))

    def take_next(self, request: gr.Request) -> dict[Any, Any]:
        who = self._who(request)
        claim = self.queue.claim(who)
        return self._show(who, claim, said="" if claim else self.text("said.none_free"))

    def take(self, event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
        who = self._who(request)
        claim = self.queue.claim(who, ticket=str(event.id))
        if claim is not None:
            return self._show(who, claim)
        return {self.list: self._list(who, self._taken(self.queue.get(str(event.id))))}

    def do_approve(self, claim: Claim, request: gr.Request) -> dict[Any, Any]:
        return self._decide(claim, Approved(), request)

    def do_send(self, claim: Claim, way: Way, words: str, request: gr.Request) -> dict[Any, Any]:
        if not words.strip():
            return {self.case: self._case(claim, self.text(f"missing.{way}"))}
        if way == "edit" and words == claim.item.request.draft:
            return {self.case: self._case(claim, self.text("said.unchanged"))}
        return self._decide(claim, _decision(way, words), request)

    def do_release(self, claim: Claim, request: gr.Request) -> dict[Any, Any]:
        try:
            self.queue.release(claim)
        except ClaimLost as lost:
            return {self.case: self._case(claim, self._lost(lost))}
        return self._show(self._who(request), None, said=self.text("said.released"))

    def write_as(self, way: Way) -> Callable[[Claim], dict[Any, Any]]:
        def write(claim: Claim) -> dict[Any, Any]:
            try:
                claim = self.queue.extend(claim)
            except ClaimLost as lost:
                return {self.case: self._case(claim, self._lost(lost))}
            start = claim.item.request.draft if way == "edit" else ""
            return {
                self.claim: claim,
                self.case: self._case(claim),
                self.way: way,
                self.ways: gr.Row(visible=False),
                self.writing: gr.Column(visible=True),
                self.typed: gr.Textbox(label=self.text(f"write.{way}"), value=start),
                self.send: gr.Button(self.text(f"send.{way}")),
            }

        return write

    def choose(self) -> dict[Any, Any]:
        return {self.way: None, self.ways: gr.Row(visible=True), self.writing: gr.Column(visible=False)}

    def _decide(self, claim: Claim, decision: Decision, request: gr.Request) -> dict[Any, Any]:
        who = self._who(request)
        try:
            self.queue.decide(claim, decision, submit_key=secrets.token_hex(8))
        except ClaimLost as lost:
            return {self.list: self._list(who), self.case: self._case(claim, self._lost(lost))}
        left = len(self._open())
        done = "rejected" if isinstance(decision, Rejected) else "answered"
        return self._show(who, self.queue.claim(who), said=self.text(done, left))

    def _show(self, who: str, claim: Claim | None, *, said: str = "") -> dict[Any, Any]:
        drafted = claim is not None and bool(claim.item.request.draft)
        return {
            self.list: self._list(who, said),
            self.case: self._case(claim),
            self.claim: claim,
            self.way: None,
            self.ways: gr.Row(visible=claim is not None),
            self.approve: gr.Button(visible=drafted),
            self.edit: gr.Button(visible=drafted),
            self.writing: gr.Column(visible=False),
        }

    def _open(self) -> list[Item]:
        return [item for item in self.queue.search() if item.state in {"pending", "claimed"}]

    def _list(self, who: str, status: str = "") -> Any:
        return review_list(self._open(), reviewer=who, status=status, now=self._now(), **self.shown._asdict())

    def _case(self, claim: Claim | None, status: str = "") -> Any:
        return review_case(claim, status=status, now=self._now(), **self.shown._asdict())

    def _taken(self, item: Item) -> str:
        if item.state == "claimed":
            return self.text("said.first", name=item.reviewer or self.text("said.another"))
        return self.text(f"said.{item.state}")

    def _lost(self, lost: ClaimLost) -> str:
        if lost.state == "claimed" and lost.reviewer:
            return self.text("said.has_it", name=lost.reviewer)
        if lost.state == "decided" and lost.reviewer:
            return self.text("said.has_answered", name=lost.reviewer)
        return self.text("said.withdrawn" if lost.state == "cancelled" else "said.lost")

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.time(), UTC)

    def _who(self, request: gr.Request) -> str:
        return request.username or self.reviewer


def _decision(way: Way, words: str) -> Decision:
    match way:
        case "edit":
            return Edited(words)
        case "answer":
            return Answered(words)
        case "reject":
            return Rejected(words)
        case _:
            assert_never(way)
