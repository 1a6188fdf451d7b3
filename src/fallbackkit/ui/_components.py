from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from fallbackkit._outcome import Outcome
from fallbackkit.messages import ActionId
from fallbackkit.ui import views
from fallbackkit.ui._base import View, events
from fallbackkit.ui.views._card import shows_answer

if TYPE_CHECKING:
    from gradio.events import EventListener

__all__ = ["AnsweredBy", "ConfidenceMeter", "ErrorCard", "EscalationTracker", "OutcomeCard", "SourceList"]

_ACTIONS = events(*sorted({*get_args(ActionId), "copy_reference"}))


class _OfOutcome(View[Outcome]):
    EVENTS: ClassVar[list[EventListener]] = _ACTIONS  # type: ignore[misc]
    model = Outcome

    def public(self, value: Outcome | None) -> Any:
        """No withheld answer, and no loose data that Gradio could take for a file."""
        if value is None:
            return None
        answer = value.answer.model_copy(update={"data": None}) if value.answer and shows_answer(value) else None
        return json.loads(value.model_copy(update={"answer": answer}).model_dump_json())


class OutcomeCard(_OfOutcome):
    """The whole outcome as one card: who answered, the answer, how sure, from where, what next.

    Used like any Gradio component: a handler returns or yields an ``Outcome`` or None. Buttons raise
    events named after the action, with ``component``, ``action`` and ``id`` in ``gr.EventData``:
    ``card.retry(fn, …)``, ``.escalate``, ``.search``, ``.stop``, ``.copy_reference``; ``.action`` hears all.

    Args:
        value: First outcome, or a function that gives it on each page load.
        tz: Zone in which times are shown; without it, the zone each came with.
        locale: BCP 47 tag for all the words.
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


class AnsweredBy(_OfOutcome):
    """Who answered: requested, actual and reason in one click. Arguments as ``OutcomeCard``."""

    view = staticmethod(views.answered_by)


class ConfidenceMeter(_OfOutcome):
    """How sure we are: a number only with its basis and sample. Arguments as ``OutcomeCard``."""

    view = staticmethod(views.confidence_meter)


class SourceList(_OfOutcome):
    """Where the answer comes from, verified first. Arguments as ``OutcomeCard``."""

    view = staticmethod(views.source_list)


class ErrorCard(_OfOutcome):
    """What failed and what to do next, without the answer. Arguments and events as ``OutcomeCard``."""

    view = staticmethod(views.error_card)


class EscalationTracker(_OfOutcome):
    """How far a question is on its way to a person. Arguments as ``OutcomeCard``."""

    view = staticmethod(views.escalation_tracker)
