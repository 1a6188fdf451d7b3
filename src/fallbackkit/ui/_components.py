from __future__ import annotations

import base64
import json
from abc import ABCMeta
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import gradio as gr
from gradio.component_meta import ComponentMeta, updateable
from gradio.events import EventListener

from fallbackkit._clock import Clock, SystemClock
from fallbackkit._outcome import Outcome
from fallbackkit.messages import ActionId, Messages
from fallbackkit.ui import views
from fallbackkit.ui._stylesheet import script, stylesheet
from fallbackkit.ui.views._card import shows_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from markupsafe import Markup

__all__ = ["AnsweredBy", "ConfidenceMeter", "ErrorCard", "EscalationTracker", "OutcomeCard", "Rendered", "SourceList"]

_EVENTS = tuple(sorted({*get_args(ActionId), "action", "claim", "copy_reference"}))


def head() -> str:
    """The stylesheet as a link, which Gradio puts on the page once however many components ask for it."""
    css = base64.b64encode(stylesheet().encode()).decode()
    return f'<link rel="stylesheet" href="data:text/css;base64,{css}">'


class Quiet(ComponentMeta):
    """Gradio's metaclass writes a ``.pyi`` file beside the source of each new class; this one does not."""

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> Any:
        if "__init__" in attrs:
            attrs["__init__"] = updateable(attrs["__init__"])  # type: ignore[no-untyped-call]
        attrs |= {str(event): event.listener for event in attrs.get("EVENTS", ())}
        return ABCMeta.__new__(cls, name, bases, attrs)


class Rendered(gr.HTML, metaclass=Quiet):
    """A view on a page: shows the HTML that its handlers return, and raises an event an action."""

    EVENTS: ClassVar[list[EventListener]] = [EventListener(name) for name in _EVENTS]  # type: ignore[misc]

    def __init__(self, value: Any = None, **kwargs: Any) -> None:
        super().__init__(
            value,
            html_template="${value.html}",
            js_on_load=script(),
            head=head(),
            apply_default_css=False,
            **kwargs,
        )

    def postprocess(self, value: Markup | None) -> dict[str, Any]:  # type: ignore[override]
        return {"html": str(value or "")}

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "properties": {"html": {"type": "string"}, "outcome": {"type": "object"}}}

    def example_payload(self) -> dict[str, Any]:
        return self.postprocess(None)

    def example_value(self) -> None:
        return None


class _View(Rendered):
    view: ClassVar[Callable[..., Markup]]

    def __init__(
        self,
        value: Outcome | Callable[[], Outcome | None] | None = None,
        *,
        tz: tzinfo | None = None,
        locale: str = "en",
        actions: Sequence[str] | None = None,
        messages: Messages | None = None,
        clock: Clock | None = None,
        **kwargs: Any,
    ) -> None:
        self._tz, self._locale, self._clock = tz, locale, clock or SystemClock()
        self._messages = messages
        self._actions = None if actions is None else frozenset(actions) | {"copy_reference"}
        super().__init__(value, **kwargs)

    def postprocess(self, value: Outcome | None) -> dict[str, Any]:  # type: ignore[override]
        now = datetime.fromtimestamp(self._clock.time(), UTC)
        draw = type(self).view
        html = draw(value, now=now, tz=self._tz, locale=self._locale, actions=self._actions, messages=self._messages)
        return {"html": str(html), "outcome": _for_browser(value)}

    def preprocess(self, payload: dict[str, Any] | None) -> Outcome | None:  # type: ignore[override]
        """The outcome on the screen. It comes from the browser: fine to show again, not to decide by."""
        data = (payload or {}).get("outcome")
        return Outcome.model_validate(data) if data else None


def _for_browser(outcome: Outcome | None) -> Any:
    """What may leave the server: no withheld answer, and no loose data that Gradio could take for a file."""
    if outcome is None:
        return None
    answer = outcome.answer.model_copy(update={"data": None}) if outcome.answer and shows_answer(outcome) else None
    return json.loads(outcome.model_copy(update={"answer": answer}).model_dump_json())


class OutcomeCard(_View):
    """The whole outcome as one card: who answered, the answer, how sure, from where, what next.

    Used like any Gradio component: a handler returns or yields an ``Outcome`` or None. Buttons raise
    events named after the action, with ``component``, ``action`` and ``id`` in ``gr.EventData``:
    ``card.retry(fn, …)``, ``.escalate``, ``.search``, ``.stop``, ``.copy_reference``; ``.action`` hears all.

    Args:
        value: First outcome, or a function that gives it on each page load.
        tz: Zone in which times are shown; without it, the zone each came with.
        locale: BCP 47 tag for the words of the notice.
        actions: Ids of the actions that the app handles; others get no button. None shows all.
        messages: Your own words; None for those of the kit.
        clock: Who says what time it is.
        **kwargs: As for ``gr.HTML``.

    Example:
        >>> import gradio as gr
        >>> with gr.Blocks():
        ...     card = OutcomeCard(actions=["retry"])
        ...     _ = card.retry(lambda: None, outputs=card)
    """

    view = staticmethod(views.outcome_card)


class AnsweredBy(_View):
    """Who answered: requested, actual and reason in one click. Arguments as ``OutcomeCard``."""

    view = staticmethod(views.answered_by)


class ConfidenceMeter(_View):
    """How sure we are: a number only with its basis and sample. Arguments as ``OutcomeCard``."""

    view = staticmethod(views.confidence_meter)


class SourceList(_View):
    """Where the answer comes from, verified first. Arguments as ``OutcomeCard``."""

    view = staticmethod(views.source_list)


class ErrorCard(_View):
    """What failed and what to do next, without the answer. Arguments and events as ``OutcomeCard``."""

    view = staticmethod(views.error_card)


class EscalationTracker(_View):
    """How far a question is on its way to a person. Arguments as ``OutcomeCard``."""

    view = staticmethod(views.escalation_tracker)
