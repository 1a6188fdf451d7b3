from __future__ import annotations

from fallbackkit._outcome import Confidence
from fallbackkit.ui._base import View, events
from fallbackkit.ui.views._confidence import Certainty, confidence_meter
from fallbackkit.ui.views._disclaimer import Caveat, disclaimer
from fallbackkit.ui.views._explanation import Explanation, explanation_popover
from fallbackkit.ui.views._hedge import Hedge, hedged_answer

__all__ = ["ConfidenceMeter", "Disclaimer", "ExplanationPopover", "HedgedAnswer"]


class ConfidenceMeter(View[Certainty]):
    """How sure we are: a number only with its basis and sample.

    Takes a ``Certainty``, a ``Confidence`` or an ``Outcome``. What is hidden does not leave the server. Events:
    ``verify_requested``, ``override`` (with the value ``right`` or ``wrong``), ``override_withdrawn``,
    ``explain_opened``. Arguments as ``OutcomeCard``.
    """

    EVENTS = events("verify_requested", "override", "override_withdrawn", "explain_opened")
    view = staticmethod(confidence_meter)
    model = Certainty

    def public(self, value: Certainty | None) -> Certainty | None:
        """Nothing that is not shown."""
        if value is not None and value.state != "shown":
            value = value.model_copy(update={"confidence": Confidence()})
        return super().public(value)


class HedgedAnswer(View[Hedge]):
    """An answer that begins with its doubt, its reason and a check. Takes a ``Hedge`` or an ``Outcome``.

    Events: ``escalate``, ``show_sources``, and of the citations in its text ``citation_focus``, ``open`` and
    ``copy_quote``. Arguments as ``OutcomeCard``.
    """

    EVENTS = events("escalate", "show_sources", "open", "citation_focus", "copy_quote")
    view = staticmethod(hedged_answer)
    model = Hedge


class ExplanationPopover(View[Explanation]):
    """What an answer is, what it used, how sure that is, and where it ends; the check comes first.

    Takes an ``Explanation`` or an ``Outcome``. Events: ``explain_opened``, ``change``, ``report``. Arguments as
    ``OutcomeCard``.
    """

    EVENTS = events("explain_opened", "change", "report")
    view = staticmethod(explanation_popover)
    model = Explanation


class Disclaimer(View[Caveat]):
    """What goes for all answers: once before the first use, as a footnote, or where much depends on one.

    Takes a ``Caveat``. Events: ``accepted``, ``details_opened``. Arguments as ``OutcomeCard``.
    """

    EVENTS = events("accepted", "details_opened")
    view = staticmethod(disclaimer)
    model = Caveat
