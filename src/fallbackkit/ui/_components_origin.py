from __future__ import annotations

from fallbackkit.ui._base import View, events
from fallbackkit.ui.views._answered_by import Provenance, answered_by
from fallbackkit.ui.views._sources import Sources, source_list
from fallbackkit.ui.views._staleness import Staleness, stale_notice

__all__ = ["AnsweredBy", "SourceList", "StaleNotice"]


class SourceList(View[Sources]):
    """Where the answer comes from: verified sources first, each with its check in words.

    Arguments as ``OutcomeCard``. Takes ``Sources`` or an ``Outcome``. Events: ``open``, ``copy_quote``, ``recheck``,
    ``report_wrong`` and, of the citations in a text, ``citation_focus``; ``value`` is the number of the source.
    """

    EVENTS = events("open", "copy_quote", "recheck", "report_wrong", "citation_focus")
    view = staticmethod(source_list)
    model = Sources


class AnsweredBy(View[Provenance]):
    """Who answered; requested, actual, reason and every step in one click. No actions.

    Arguments as ``OutcomeCard``. Takes an ``Outcome``, or the ``Provenance`` that was kept of one.
    """

    EVENTS = events()
    view = staticmethod(answered_by)
    model = Provenance


class StaleNotice(View[Staleness]):
    """How old a saved answer is and why that matters; the old one stays until the new one is here.

    Arguments as ``OutcomeCard``. Takes ``Staleness``, or an ``Outcome`` whose answer may be a saved one. Events:
    ``refresh``, ``show_changes``.
    """

    EVENTS = events("refresh", "show_changes")
    view = staticmethod(stale_notice)
    model = Staleness
