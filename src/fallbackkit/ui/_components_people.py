from __future__ import annotations

from fallbackkit.ui._base import View, events
from fallbackkit.ui.views._autonomy import Dial, autonomy_dial
from fallbackkit.ui.views._feedback import Feedback, feedback_bar
from fallbackkit.ui.views._handover import Handover
from fallbackkit.ui.views._tracker import escalation_tracker
from fallbackkit.ui.views._undo import Undoable, undo_bar

__all__ = ["AutonomyDial", "EscalationTracker", "FeedbackBar", "UndoBar"]


class EscalationTracker(View[Handover]):
    """How far a question is on its way to a person. Takes a ``Handover``, an ``Outcome`` or a ``Ticket``.

    Events: ``requested`` (with ``draft``), ``edit_shared``, ``replied`` (with ``reply``), ``closed``, ``reopened``,
    ``cancelled``. Arguments as ``OutcomeCard``.
    """

    EVENTS = events("requested", "edit_shared", "replied", "closed", "reopened", "cancelled")
    view = staticmethod(escalation_tracker)
    model = Handover


class FeedbackBar(View[Feedback]):
    """Whether an answer helped, counted with the first click.

    Events: ``rated``, ``detailed`` and ``withdrawn``, all with the ``id`` of the answer. Arguments as ``OutcomeCard``.
    """

    EVENTS = events("rated", "detailed", "withdrawn")
    view = staticmethod(feedback_bar)
    model = Feedback


class AutonomyDial(View[Dial]):
    """How much the assistant may do alone, for one task.

    Event: ``changed``, whose ``value`` is the level as text. It comes from the browser: hold it against the policy.
    Arguments as ``OutcomeCard``.
    """

    EVENTS = events("changed")
    view = staticmethod(autonomy_dial)
    model = Dial


class UndoBar(View[Undoable]):
    """What can be taken back, for how long, and what a person changed.

    Events: ``undone``, ``restored``, ``overridden``, ``expired``. Arguments as ``OutcomeCard``.
    """

    EVENTS = events("undone", "restored", "overridden", "expired")
    view = staticmethod(undo_bar)
    model = Undoable
