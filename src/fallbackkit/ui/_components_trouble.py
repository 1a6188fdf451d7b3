from __future__ import annotations

from typing import get_args

from fallbackkit.messages import ActionId
from fallbackkit.ui._base import View, events
from fallbackkit.ui.views._countdown import Countdown, retry_countdown
from fallbackkit.ui.views._interrupted import Partial, interrupted_answer
from fallbackkit.ui.views._refusal import Refusal, refusal_card
from fallbackkit.ui.views._trouble import Trouble, error_card

__all__ = ["ErrorCard", "InterruptedAnswer", "RefusalCard", "RetryCountdown"]

_WAIT = ("retry_now", "pause", "cancel")
_CARD = ("copy_reference", "details_opened", "dismiss", "reopen")


class ErrorCard(View[Trouble]):
    """What failed and what to do next, without the answer. Takes a ``Trouble`` or an ``Outcome``.

    Events: those of ``OutcomeCard``, ``dismiss`` and ``reopen``, ``details_opened``, and those of a countdown in
    it: ``retry_now``, ``pause`` (``value`` is ``on`` or ``off``), ``cancel``. Arguments as ``OutcomeCard``.
    """

    EVENTS = events(*sorted({*get_args(ActionId), *_CARD, *_WAIT}))
    view = staticmethod(error_card)
    model = Trouble

    def public(self, value: Trouble | None) -> Trouble | None:
        """Never an answer: the card does not show it, and it may be a withheld one."""
        if value is None:
            return None
        return super().public(value.model_copy(update={"outcome": value.outcome.model_copy(update={"answer": None})}))


class RetryCountdown(View[Countdown]):
    """The wait until another try. Takes a ``Countdown``, or an ``Outcome`` whose failure asks for one.

    Events: ``retry_now`` (pressed, or at 0 if the wait is ``auto``), ``pause`` (``value`` is ``on`` or ``off``),
    ``cancel``, ``escalate``. Arguments as ``OutcomeCard``.
    """

    EVENTS = events(*_WAIT, "escalate")
    view = staticmethod(retry_countdown)
    model = Countdown


class InterruptedAnswer(View[Partial]):
    """An answer that stopped before it was whole. Takes a ``Partial``, or an interrupted ``Outcome``.

    Events: ``continue_answer``, ``retry``, ``keep``, ``discard``, ``escalate``. Arguments as ``OutcomeCard``.
    """

    EVENTS = events("continue_answer", "retry", "keep", "discard", "escalate")
    view = staticmethod(interrupted_answer)
    model = Partial

    def public(self, value: Partial | None) -> Partial | None:
        """A part that was removed stays on the server."""
        gone = value is not None and value.kept is False
        return super().public(value.model_copy(update={"text": ""}) if value and gone else value)


class RefusalCard(View[Refusal]):
    """What the assistant declined, and what it can do instead. Takes a ``Refusal``, or an ``Outcome``.

    Events: ``alternative`` (``value`` is its id), ``request_approval``, ``report``, ``escalate``. Arguments as
    ``OutcomeCard``.
    """

    EVENTS = events("alternative", "request_approval", "report", "escalate")
    view = staticmethod(refusal_card)
    model = Refusal
