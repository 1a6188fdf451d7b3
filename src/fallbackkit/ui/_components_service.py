from __future__ import annotations

from fallbackkit.ui._base import View, events
from fallbackkit.ui.views._banner import Banner, degraded_banner
from fallbackkit.ui.views._empty import Empty, empty_state
from fallbackkit.ui.views._offline import Offline, offline_notice
from fallbackkit.ui.views._quota import Quota, quota_notice

__all__ = ["DegradedBanner", "EmptyState", "OfflineNotice", "QuotaNotice"]


class DegradedBanner(View[Banner]):
    """What is wrong with the service as a whole, what works all the same, and that it is over.

    Give it ``foremost(…)`` of all that could be said: there is one at a time. Arguments as ``OutcomeCard``.
    Events: ``review_marked``, ``follow``, ``dismiss``; what was dismissed is hidden at once, and stays so while the
    handler returns None.
    """

    EVENTS = events("dismiss", "follow", "review_marked")
    view = staticmethod(degraded_banner)
    model = Banner


class QuotaNotice(View[Quota]):
    """How much of a limit is used, and when there is more; a handler may return an ``Outcome`` too.

    Arguments as ``OutcomeCard``. Events: ``saved_answers``, ``search``, ``notify``, ``ask_for_more``,
    ``escalate``, and ``retry`` once the count should have started again.
    """

    EVENTS = events("ask_for_more", "escalate", "notify", "retry", "saved_answers", "search")
    view = staticmethod(quota_notice)
    model = Quota


class OfflineNotice(View[Offline]):
    """What becomes of people's work while they are offline. The browser shows it, as nothing can be fetched then.

    Arguments as ``OutcomeCard``. Events: ``offline`` and ``online`` (raised in the browser; Python hears of them when
    it can be reached again), ``keep_mine``, ``keep_other``, ``compare``, ``dismiss``.
    """

    EVENTS = events("compare", "dismiss", "keep_mine", "keep_other", "offline", "online")
    view = staticmethod(offline_notice)
    model = Offline


class EmptyState(View[Empty]):
    """What belongs here, and how to begin. Arguments as ``OutcomeCard``.

    Events: ``example`` (its ``value`` is the question), ``ask``, ``edit_question``, ``clear_filters``, ``ask_access``,
    ``search``, ``escalate``.
    """

    EVENTS = events("ask", "ask_access", "clear_filters", "edit_question", "escalate", "example", "search")
    view = staticmethod(empty_state)
    model = Empty
