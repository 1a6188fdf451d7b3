from __future__ import annotations

import secrets
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Literal, assert_never

import gradio as gr
from gradio.context import Context

from fallbackkit._clock import Clock, SystemClock
from fallbackkit.review import Answered, Approved, Claim, ClaimLost, Edited, Rejected
from fallbackkit.ui._base import Rendered
from fallbackkit.ui.views import review_case, review_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fallbackkit.review import Decision, Item, ReviewQueue

__all__ = ["inbox"]

Way = Literal["edit", "answer", "reject"]

_WAYS: dict[Way, tuple[str, str, str]] = {
    "edit": ("The answer, with your edits", "Send my edits", "Write the answer first."),
    "answer": ("Your answer, as the requester reads it", "Send my answer", "Write the answer first."),
    "reject": ("The reason, as the requester reads it", "Reject and send the reason", "Write the reason first."),
}
_REFRESH = 10.0
_FOCUS = "() => document.querySelector('[data-fk=review-case]').focus()"


def inbox(
    queue: ReviewQueue,
    *,
    reviewer: str | None = None,
    tz: tzinfo | None = None,
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
        clock: Who says what time it is.

    Example:
        >>> from fallbackkit.review import ReviewQueue
        >>> desk = inbox(ReviewQueue("sqlite://"), reviewer="Anna")
    """
    desk = _Desk(queue, reviewer or "reviewer", tz, clock or SystemClock())
    with _apart(), gr.Blocks(title="Review desk", fill_width=True, analytics_enabled=False) as page:
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


class _Desk:
    """The page's parts and what they do. Holds no state of a visit; that is in ``gr.State``."""

    def __init__(self, queue: ReviewQueue, reviewer: str, tz: tzinfo | None, clock: Clock) -> None:
        self.queue, self.reviewer, self.tz, self.clock = queue, reviewer, tz, clock

    def lay_out(self) -> None:
        self.claim, self.way = gr.State(), gr.State()
        with gr.Row():
            with gr.Column(scale=2, min_width=320):
                self.next = gr.Button("Take the next question", variant="primary", size="sm")
                self.list = Rendered()
            with gr.Column(scale=3, min_width=320):
                self.case = Rendered(review_case(None))
                with gr.Row(visible=False) as self.ways:
                    self.approve = gr.Button("Approve and send", size="sm")
                    self.edit = gr.Button("Approve with my edits", size="sm")
                    self.answer = gr.Button("Answer in my words", size="sm")
                    self.reject = gr.Button("Reject and tell the requester why", size="sm")
                    self.release = gr.Button("Give it back", size="sm")
                with gr.Column(visible=False) as self.writing:
                    self.words = gr.Textbox(lines=5, autofocus=True, interactive=True)
                    with gr.Row():
                        self.send = gr.Button("Send", variant="primary", size="sm")
                        self.back = gr.Button("Back to the choices", size="sm")
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
            self.words,
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
            (self.send.click, self.do_send, [self.claim, self.way, self.words]),
        ]
        for listen, fn, inputs in moves:
            listen(fn, inputs, shown, **quiet).then(None, js=_FOCUS, api_visibility="private")
        writers: list[tuple[gr.Button, Way]] = [(self.edit, "edit"), (self.answer, "answer"), (self.reject, "reject")]
        for button, way in writers:
            button.click(
                self.write_as(way),
                self.claim,
                [self.claim, self.case, self.way, self.ways, self.writing, self.words, self.send],
                **quiet,
            )
        self.back.click(self.choose, None, [self.way, self.ways, self.writing], **quiet)

    def refresh(self, request: gr.Request) -> Any:
        return self._list(self._who(request))

    def take_next(self, request: gr.Request) -> dict[Any, Any]:
        who = self._who(request)
        claim = self.queue.claim(who)
        return self._show(who, claim, said="" if claim else "Nothing is free to take.")

    def take(self, event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
        who = self._who(request)
        claim = self.queue.claim(who, ticket=str(event.id))
        if claim is not None:
            return self._show(who, claim)
        return {self.list: self._list(who, _taken(self.queue.get(str(event.id))))}

    def do_approve(self, claim: Claim, request: gr.Request) -> dict[Any, Any]:
        return self._decide(claim, Approved(), request)

    def do_send(self, claim: Claim, way: Way, words: str, request: gr.Request) -> dict[Any, Any]:
        if not words.strip():
            return {self.case: self._case(claim, _WAYS[way][2])}
        if way == "edit" and words == claim.item.request.draft:
            return {self.case: self._case(claim, "You changed nothing. If the draft is right, go back and approve it.")}
        return self._decide(claim, _decision(way, words), request)

    def do_release(self, claim: Claim, request: gr.Request) -> dict[Any, Any]:
        try:
            self.queue.release(claim)
        except ClaimLost as lost:
            return {self.case: self._case(claim, _lost(lost))}
        return self._show(self._who(request), None, said="Given back. It keeps its place in line.")

    def write_as(self, way: Way) -> Callable[[Claim], dict[Any, Any]]:
        label, send, _ = _WAYS[way]

        def write(claim: Claim) -> dict[Any, Any]:
            try:
                claim = self.queue.extend(claim)
            except ClaimLost as lost:
                return {self.case: self._case(claim, _lost(lost))}
            return {
                self.claim: claim,
                self.case: self._case(claim),
                self.way: way,
                self.ways: gr.Row(visible=False),
                self.writing: gr.Column(visible=True),
                self.words: gr.Textbox(label=label, value=claim.item.request.draft if way == "edit" else ""),
                self.send: gr.Button(send),
            }

        return write

    def choose(self) -> dict[Any, Any]:
        return {self.way: None, self.ways: gr.Row(visible=True), self.writing: gr.Column(visible=False)}

    def _decide(self, claim: Claim, decision: Decision, request: gr.Request) -> dict[Any, Any]:
        who = self._who(request)
        try:
            self.queue.decide(claim, decision, submit_key=secrets.token_hex(8))
        except ClaimLost as lost:
            return {self.list: self._list(who), self.case: self._case(claim, _lost(lost))}
        left = len(self._open())
        done = "Rejected" if isinstance(decision, Rejected) else "Answered"
        return self._show(who, self.queue.claim(who), said=f"{done}. {left} left.")

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
        return review_list(self._open(), reviewer=who, status=status, now=self._now(), tz=self.tz)

    def _case(self, claim: Claim | None, status: str = "") -> Any:
        return review_case(claim, status=status, now=self._now(), tz=self.tz)

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


def _taken(item: Item) -> str:
    if item.state == "claimed":
        return f"{item.reviewer or 'Another reviewer'} took this case first."
    return f"This case is closed: {item.state}."


def _lost(lost: ClaimLost) -> str:
    if lost.state == "claimed" and lost.reviewer:
        return f"{lost.reviewer} has this case now. Nothing of yours was sent; your text is still here."
    if lost.state == "decided" and lost.reviewer:
        return f"{lost.reviewer} has answered this case. Nothing of yours was sent; your text is still here."
    if lost.state == "cancelled":
        return "The requester withdrew this question. Nothing was sent."
    return "Your hold on this case has ended. Take it again to answer; your text is still here."
