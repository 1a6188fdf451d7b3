from __future__ import annotations

import inspect
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, cast, get_args

import gradio as gr

from fallbackkit._clock import Clock, SystemClock
from fallbackkit.messages import ActionId
from fallbackkit.ui._base import Rendered, events, head
from fallbackkit.ui.views import outcome_card
from fallbackkit.ui.views._html import el

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Unpack

    from fallbackkit._outcome import Outcome
    from fallbackkit.ui.views._reader import For

__all__ = ["Actions", "Streams", "message", "replies"]

_ALIVE = "window.fallbackkit.settle(element);"
_HEARS = """
document.addEventListener("fk-action", ({ target, detail }) => {
  if (!target.closest(".fk-in-chat")) return;
  trigger(detail.action, detail);
  trigger("action", detail);
});
"""


class Streams(Protocol):
    """A wrapped function, as ``protect`` gives it."""

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[Outcome]:
        """Its Outcome as it grows."""
        ...


def message(outcome: Outcome, **reader: Unpack[For]) -> dict[str, Any]:
    """An Outcome as a message of the assistant, for the history of a ``gr.Chatbot``.

    The message holds the same card as ``OutcomeCard``, which opens, copies and shows its sources. What
    its buttons ask for is heard by an ``Actions`` on the page; without one, give ``actions=()``.

    Args:
        outcome: What to show. While it grows, put the new message in the place of the one before.
        **reader: See ``views.outcome_card``.

    Example:
        >>> from fallbackkit import Answer, Outcome
        >>> message(Outcome(status="answered", answer=Answer(text="Five days.")))["role"]
        'assistant'
    """
    drawn = el("div", outcome_card(outcome, **reader), class_="fk-in-chat")
    card = gr.HTML(str(drawn), js_on_load=_ALIVE, head=head(), apply_default_css=False, render=False)
    return {"role": "assistant", "content": card}


def replies(ask: Streams, *, clock: Clock | None = None, **reader: Unpack[For]) -> Callable[..., Any]:
    """A wrapped function as what a ``gr.ChatInterface`` calls: ``gr.ChatInterface(replies(ask))``.

    Each answer is a card that grows while the answer comes, and says so if it fails. The function is asked
    with the question alone; the history is the application's.

    Args:
        ask: The wrapped function, sync or async; its first parameter is the question.
        clock: Who says what time it is.
        **reader: See ``views.outcome_card``. By default no action is offered, as nobody hears them; name
            those for which there is an ``Actions`` on the page.

    Raises:
        TypeError: ``ask`` is not a wrapped function.

    Example:
        >>> from fallbackkit import protect
        >>> ask = protect(deadline=None)(lambda question: "Five days.")
        >>> len(list(replies(ask)("How many days of leave?", [])))
        2
    """
    if not callable(getattr(ask, "stream", None)):
        raise TypeError(f"`ask` must be a wrapped function, got {ask!r}; wrap it with fallbackkit.protect()")
    reader.setdefault("actions", ())
    told = clock or SystemClock()

    def shown(outcome: Outcome) -> Any:
        reading: For = {"now": datetime.fromtimestamp(told.time(), UTC), **reader}
        return message(outcome, **reading)["content"]

    def reply(question: str, *_: Any) -> Any:
        for outcome in ask.stream(question):
            yield shown(outcome)

    async def areply(question: str, *_: Any) -> Any:
        async for outcome in cast("AsyncIterator[Outcome]", ask.stream(question)):
            yield shown(outcome)

    return areply if inspect.isasyncgenfunction(ask.stream) else reply


class Actions(Rendered):
    """Hears what people press on the cards inside a ``gr.Chatbot``; shows nothing itself.

    ``heard.retry(fn, …)``, ``.escalate``, ``.search``…, or ``.action`` for all; ``gr.EventData`` has
    ``action`` and the ``id`` of the outcome.

    Example:
        >>> with gr.Blocks():
        ...     bot = gr.Chatbot()
        ...     heard = Actions()
        ...     _ = heard.retry(lambda history: history, bot, bot)
    """

    EVENTS = events(*sorted({*get_args(ActionId), "copy_reference"}))

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(None, visible="hidden", **kwargs)
        self.js_on_load = _HEARS
