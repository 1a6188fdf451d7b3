from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from fallbackkit._outcome import Outcome
from fallbackkit.messages import ActionId
from fallbackkit.ui._base import View, events
from fallbackkit.ui.views._card import Card, outcome_card
from fallbackkit.ui.views._provenance import shows_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from markupsafe import Markup

    from fallbackkit.ui.views._card import Part

__all__ = ["OutcomeCard"]

_RATINGS = ("rated", "detailed", "withdrawn")
_OF_PARTS = ("citation_focus", "copy_quote", "copy_reference", "explain_opened", "open")


class OutcomeCard(View[Outcome]):
    """The whole outcome as one card: who answered, the answer, how sure, from where, what next.

    Used like any Gradio component: a handler returns or yields an ``Outcome``, a ``views.Card`` or None.
    Buttons raise events named after the action, with ``component``, ``action`` and ``id`` in
    ``gr.EventData``: ``card.retry(fn, …)``, ``.escalate``, ``.search``, ``.stop``, ``.copy_reference``, of
    the sources ``.open``, ``.citation_focus`` and ``.copy_quote``, of feedback ``.rated``, ``.detailed`` and
    ``.withdrawn``; ``.action`` hears all.

    Args:
        value: First outcome, or a function that gives it on each page load.
        show: The parts to show, of ``views.PARTS``; None shows all but ``feedback`` and ``cost``.
        tz: Zone in which times are shown; without it, the zone each came with.
        locale: BCP 47 tag for all the words.
        actions: Ids of the actions that the app handles; others get no button. None shows all.
        messages: Your own words; None for those of the kit.
        clock: Who says what time it is.
        **kwargs: As for ``gr.HTML``.

    Raises:
        ValueError: ``show`` names a part that a card does not have.

    Example:
        >>> import gradio as gr
        >>> with gr.Blocks():
        ...     card = OutcomeCard(actions=["retry"])
        ...     _ = card.retry(lambda: None, outputs=card)
    """

    EVENTS = events(*sorted({*get_args(ActionId), *_RATINGS, *_OF_PARTS}))
    view = staticmethod(outcome_card)
    model = Outcome

    def __init__(
        self,
        value: Outcome | Card | Callable[[], Outcome | Card | None] | None = None,
        *,
        show: Collection[Part] | None = None,
        **kwargs: Any,
    ) -> None:
        self._show = show
        super().__init__(value, **kwargs)  # type: ignore[arg-type]

    def drawn(self, value: Outcome | Card | None) -> Markup:
        """The value as HTML, for this component's reader, now."""
        return outcome_card(value, show=self._show, **self.reader())

    def public(self, value: Outcome | Card | None) -> Outcome | None:
        """No withheld answer, and no loose data that Gradio could take for a file."""
        outcome = value.outcome if isinstance(value, Card) else value
        if outcome is None:
            return None
        answer = outcome.answer.model_copy(update={"data": None}) if outcome.answer and shows_answer(outcome) else None
        return outcome.model_copy(update={"answer": answer})
