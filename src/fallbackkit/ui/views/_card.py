from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from fallbackkit._outcome import Confidence, Status
from fallbackkit.messages import Notice
from fallbackkit.ui.views._confidence import confidence
from fallbackkit.ui.views._html import Child, el
from fallbackkit.ui.views._markdown import rich_text
from fallbackkit.ui.views._notice import actions, hedge, notice_box
from fallbackkit.ui.views._pieces import component
from fallbackkit.ui.views._provenance import author, by_line, is_model_made, provenance, rail
from fallbackkit.ui.views._reader import For, Reader
from fallbackkit.ui.views._sources import sources
from fallbackkit.ui.views._tracker import tracker
from fallbackkit.ui.views._trail import trail

if TYPE_CHECKING:
    from typing import Unpack

    from markupsafe import Markup

    from fallbackkit._outcome import Outcome

__all__ = [
    "confidence_meter",
    "error_card",
    "escalation_tracker",
    "outcome_card",
    "shows_answer",
    "source_list",
]

_KNOWN = frozenset(get_args(Status))
_SILENT = frozenset({"answered", "reviewed", "working", "streaming"})
_FINISHED = frozenset({"answered", "degraded", "low_confidence"})
_WITHHELD = frozenset({"awaiting_review", "unavailable", "working"})


def shows_answer(outcome: Outcome) -> bool:
    """Whether the answer may be on the screen; a withheld one may not."""
    return outcome.answer is not None and outcome.status not in _WITHHELD


def outcome_card(outcome: Outcome | None, **reader: Unpack[For]) -> Markup:
    """The whole outcome: who answered, the answer, how sure, from where, and what to do next.

    Pure and safe to call from any thread. The structure is the same for every outcome, so that
    an update by position keeps keyboard focus.

    Args:
        outcome: What to show; None shows an empty state.
        **reader: ``now``, the reader's present (without it times are absolute only); ``tz``, the
            zone times are shown in (without it, the zone each came with); ``locale``, a BCP 47 tag
            for all the words; ``actions``, the ids of the actions that the page handles
            (None offers all); ``messages``, your own words (None gives those of the kit).

    Returns:
        HTML, escaped; needs ``fallbackkit.ui.stylesheet()`` on the page.

    Example:
        >>> from fallbackkit import Answer, Outcome
        >>> "Five days." in outcome_card(Outcome(status="answered", answer=Answer(text="Five days.")))
        True
    """
    given = Reader(**reader)
    notice = _notice(outcome, given)
    return _frame("outcome-card", outcome, notice, _card(outcome, notice, given), given)


def confidence_meter(outcome: Outcome | None, **reader: Unpack[For]) -> Markup:
    """How sure we are, alone: a number only with its basis and sample. Arguments as ``outcome_card``."""
    given = Reader(**reader)
    return _alone("confidence-meter", outcome, given, _meter(outcome, given))


def source_list(outcome: Outcome | None, **reader: Unpack[For]) -> Markup:
    """The sources, alone: verified first, each with its check in words. Arguments as ``outcome_card``."""
    given = Reader(**reader)
    return _alone("source-list", outcome, given, _sources(outcome, given))


def error_card(outcome: Outcome | None, **reader: Unpack[For]) -> Markup:
    """What failed and what to do next, alone, without the answer. Arguments as ``outcome_card``."""
    given = Reader(**reader)
    notice = _notice(outcome, given)
    parts = [notice_box(notice), actions(outcome, notice, given), trail(outcome, given)]
    return _alone("error-card", outcome, given, [el("div", part, class_="fk-slot") for part in parts])


def escalation_tracker(outcome: Outcome | None, **reader: Unpack[For]) -> Markup:
    """How far a question is on its way to a person, alone. Arguments as ``outcome_card``."""
    given = Reader(**reader)
    return _alone("escalation-tracker", outcome, given, tracker(outcome.ticket if outcome else None, given))


def _notice(outcome: Outcome | None, reader: Reader) -> Notice | None:
    """The words, with times in the reader's zone."""
    if outcome is None:
        return None
    if outcome.status not in _KNOWN:
        title, body = reader.text("ui.card.newer"), reader.text("ui.card.newer_body")
        return Notice(title=title, body=body, lang=reader.lang, direction=reader.direction)
    return outcome.notice(reader.locale, zone=reader.tz, messages=reader.messages)


def _alone(name: str, outcome: Outcome | None, reader: Reader, body: Child) -> Markup:
    return _frame(name, outcome, _notice(outcome, reader), el("div", body, class_="fk-card"), reader)


def _card(outcome: Outcome | None, notice: Notice | None, reader: Reader) -> Markup:
    shown = outcome is not None and shows_answer(outcome)
    hedged = outcome is not None and outcome.status == "low_confidence" and shown
    boxed = notice if outcome is not None and outcome.status not in _SILENT and not hedged else None
    ticket = outcome.ticket if outcome is not None and outcome.status == "awaiting_review" else None
    return el(
        "article",
        _slot(provenance(outcome, reader)),
        _slot(_answer(outcome, notice, reader, hedged=hedged), shown=outcome is None or shown),
        _slot(tracker(ticket, reader, placed=False), shown=ticket is not None),
        _slot(_meter(outcome, reader), shown=_has_meter(outcome)),
        _slot(notice_box(boxed, titled=outcome is None or not outcome.degraded), shown=boxed is not None),
        _slot(_sources(outcome, reader), shown=shown and _is_final(outcome)),
        _slot(actions(outcome, notice, reader, on_screen="show_sources")),
        _slot(trail(outcome, reader)),
        class_="fk-card",
        aria_label=reader.text("ui.card.name"),
        aria_busy="true" if outcome is not None and outcome.status in {"working", "streaming"} else "false",
    )


def _slot(*content: Child, shown: bool = True) -> Markup:
    return el("div", *content, class_="fk-slot", hidden=not shown)


def _answer(outcome: Outcome | None, notice: Notice | None, reader: Reader, *, hedged: bool) -> list[Child]:
    if outcome is None:
        return [el("p", reader.say("ui.card.empty"), class_="fk-empty")]
    text = rich_text(outcome.text) if shows_answer(outcome) else None
    label: Literal["ui.ai.drafted", "ui.ai.wrote"] = "ui.ai.drafted" if outcome.status == "reviewed" else "ui.ai.wrote"
    return [
        el("div", hedge(notice) if hedged and notice else None, text, class_="fk-answer"),
        el("p", reader.say(label), class_="fk-ai", hidden=not is_model_made(outcome)),
    ]


def _is_final(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.status in _FINISHED | {"reviewed"}


def _has_meter(outcome: Outcome | None) -> bool:
    if outcome is None or outcome.status not in _FINISHED or not shows_answer(outcome):
        return False
    step = author(outcome)
    certain = step is not None and step.kind in {"rule", "search", "person"}
    return not certain or outcome.confidence.basis != "none"


def _meter(outcome: Outcome | None, reader: Reader) -> Markup:
    return confidence(outcome.confidence if outcome is not None else Confidence(), reader)


def _sources(outcome: Outcome | None, reader: Reader) -> Markup:
    if outcome is None or not shows_answer(outcome):
        return sources((), reader)
    return sources(outcome.sources, reader, model_made=is_model_made(outcome))


def _frame(name: str, outcome: Outcome | None, notice: Notice | None, body: Markup, reader: Reader) -> Markup:
    return component(
        name,
        body,
        reader=reader,
        live=_announcement(outcome, notice, reader),
        urgent=notice is not None and notice.speech == "alert",
        rail=rail(outcome),
        tone=notice.tone if notice is not None else "neutral",
        data_status=outcome.status if outcome is not None else "empty",
        data_id=outcome.id if outcome is not None else None,
    )


def _announcement(outcome: Outcome | None, notice: Notice | None, reader: Reader) -> str:
    if outcome is None or notice is None:
        return ""
    match outcome.status:
        case "working" | "streaming":
            return reader.text("ui.card.working")
        case "answered" | "degraded" | "reviewed":
            return reader.text("ui.card.ready", by=by_line(outcome, reader).striptags())
        case _:
            asks = notice.title.endswith(("?", "؟"))
            return reader.text(
                "ui.card.asked" if asks else "ui.card.said", title=notice.title, body=notice.body
            ).strip()
