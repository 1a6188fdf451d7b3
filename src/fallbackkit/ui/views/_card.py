from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, get_args

from markupsafe import Markup, escape
from pydantic import Field

from fallbackkit._outcome import Answer, Confidence, Outcome, Status, Step, make_outcome, trusting
from fallbackkit.messages import Notice
from fallbackkit.ui.views._confidence import confidence
from fallbackkit.ui.views._cost import Cost, cost
from fallbackkit.ui.views._feedback import Feedback, feedback
from fallbackkit.ui.views._html import HOLE, Child, Shape, el
from fallbackkit.ui.views._markdown import rich_text
from fallbackkit.ui.views._notice import actions, hedge, notice_box
from fallbackkit.ui.views._pieces import Props, component
from fallbackkit.ui.views._provenance import author, by_line, is_model_made, provenance, rail, shows_answer
from fallbackkit.ui.views._reader import For, Reader
from fallbackkit.ui.views._sources import sources
from fallbackkit.ui.views._tracker import tracker
from fallbackkit.ui.views._trail import trail
from fallbackkit.ui.views._waiting import Waiting, waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Unpack

__all__ = ["PARTS", "Card", "Part", "outcome_card"]

Part = Literal[
    "by", "answer", "person", "confidence", "notice", "sources", "waiting", "actions", "feedback", "cost", "trail"
]
PARTS: tuple[Part, ...] = get_args(Part)
"""All parts of a card, in the order in which they stand."""

_SLOT = Shape(el("div", HOLE, class_="fk-slot", data_slot=True))
_NO_SLOT = el("div", class_="fk-slot", data_slot=True, hidden=True)
_USUAL = frozenset(PARTS) - {"feedback", "cost"}
_KNOWN = frozenset(get_args(Status))
_SILENT = frozenset({"answered", "reviewed", "working", "streaming"})
_JUDGED = frozenset({"answered", "degraded", "low_confidence"})
_FINAL = _JUDGED | {"reviewed"}
_SIGN = "\ufdd0"  # of no script: no text that has been cleaned holds it


class Card(Props):
    """An outcome with what only its page knows.

    Attributes:
        outcome: What to show.
        tries: How often the person has asked the same again; after the second time, that is not offered any more.
        feedback: What the person has said of the answer.
        show: The parts to show, in any order; None shows all but ``feedback`` and ``cost``.
    """

    outcome: Outcome | None = None
    tries: int = Field(default=0, ge=0)
    feedback: Feedback | None = None
    show: tuple[Part, ...] | None = None


def outcome_card(
    value: Outcome | Card | None, *, show: Collection[Part] | None = None, **reader: Unpack[For]
) -> Markup:
    """The whole outcome: who answered, the answer, how sure, from where, and what to do next.

    Give it each outcome of a stream as it comes. Pure and safe to call from any thread. The structure
    is the same for every outcome, so that an update by position keeps keyboard focus.

    Args:
        value: What to show; None shows an empty state.
        show: The parts to show, of ``PARTS``; None shows all but ``feedback`` and ``cost``. A Card's own goes first.
        **reader: ``now``, the reader's present (without it times are absolute only); ``tz``, the
            zone times are shown in (without it, the zone each came with); ``locale``, a BCP 47 tag
            for all the words; ``actions``, the ids of the actions that the page handles
            (None offers all); ``messages``, your own words (None gives those of the kit).

    Returns:
        HTML, escaped; needs ``fallbackkit.ui.stylesheet()`` on the page.

    Raises:
        ValueError: ``show`` names a part that a card does not have.

    Example:
        >>> from fallbackkit import Answer, Outcome
        >>> "Five days." in outcome_card(Outcome(status="answered", answer=Answer(text="Five days.")))
        True
    """
    given = Reader(**reader)
    card = value if isinstance(value, Card) else card_of(value)
    shown = _parts(card.show if card.show is not None else show)
    return _while_written(card, shown, given) or _drawn(card, shown, given)


def _drawn(card: Card, shown: Collection[str], given: Reader, *, text: Markup | None = None) -> Markup:
    """``text`` stands for the answer, where it has been drawn before."""
    outcome = card.outcome
    notice = _notice(card, given)
    return component(
        "outcome-card",
        _body(card, notice, shown, given, text),
        reader=given,
        live=_announcement(outcome, notice, given),
        urgent=notice is not None and notice.speech == "alert",
        rail=rail(outcome),
        tone=notice.tone if notice is not None else "neutral",
        data_status=outcome.status if outcome is not None else "empty",
        data_id=outcome.id if outcome is not None else None,
    )


# While an answer is being written


def _while_written(card: Card, shown: Collection[str], reader: Reader) -> Markup | None:
    """Only the text changes: what is around it is drawn once. None where something else could change as well."""
    outcome = card.outcome
    if outcome is None or outcome.status != "streaming" or outcome.answer is None:
        return None
    if "cost" in shown or reader.messages is not None:
        return None
    timeless = Reader(locale=reader.locale, actions=reader.actions)
    try:
        before, after = _around(_without_text(card, outcome, outcome.answer), frozenset(shown), timeless)
    except TypeError:  # it holds what cannot be remembered
        return None
    return Markup("").join((before, rich_text(outcome.text, (), reader), after))


@lru_cache(maxsize=64)
def _around(card: Card, shown: frozenset[str], reader: Reader) -> tuple[Markup, Markup]:
    before, _, after = str.partition(_drawn(card, shown, reader, text=escape(_SIGN)), _SIGN)
    return Markup(before), Markup(after)  # noqa: S704  # drawn one line above


def _without_text(card: Card, outcome: Outcome, answer: Answer) -> Card:
    """The same but for what a stream changes with each piece."""
    steps = [_step({**vars(step), "attempts": (), "duration": 0.0}) for step in outcome.trail]
    said = _so_far({**vars(answer), "text": _SIGN if answer.text else "", "data": None, "logprobs": None})
    now = {"value": None, "answer": said, "trail": tuple(steps), "duration": 0.0, "created_at": None}
    return _made({**vars(card), "outcome": make_outcome({**vars(outcome), **now})})


_step, _so_far = trusting(Step), trusting(Answer)


def card_of(
    outcome: Outcome | None, *, tries: int = 0, feedback: Feedback | None = None, show: tuple[Part, ...] | None = None
) -> Card:
    """A card of what is known to be right, or from a newer version: a view judges no value."""
    about = outcome.id if outcome is not None else ""
    return _made({"id": about, "outcome": outcome, "tries": tries, "feedback": feedback, "show": show})


_made = trusting(Card)


def _parts(show: Collection[Part] | None) -> Collection[str]:
    if show is None:
        return _USUAL
    for part in show:
        if part not in PARTS:
            raise ValueError(f"`show` must be of {', '.join(PARTS)}; got {part!r}; leave it out, or name it as listed")
    return show


def _notice(card: Card, reader: Reader) -> Notice | None:
    """The words, with times in the reader's zone."""
    outcome = card.outcome
    if outcome is None:
        return None
    if outcome.status not in _KNOWN:
        title, body = reader.text("ui.card.newer"), reader.text("ui.card.newer_body")
        return Notice(title=title, body=body, lang=reader.lang, direction=reader.direction)
    return outcome.notice(reader.locale, zone=reader.tz, messages=reader.messages, tries=card.tries)


def _body(card: Card, notice: Notice | None, show: Collection[str], reader: Reader, text: Markup | None) -> Markup:
    outcome = card.outcome
    answered = outcome is not None and shows_answer(outcome)
    hedged = outcome is not None and outcome.status == "low_confidence" and answered
    boxed = notice if outcome is not None and outcome.status not in _SILENT and not hedged else None
    asked = outcome.ticket if outcome is not None and outcome.status == "awaiting_review" else None
    drawing = "person" if outcome is not None and outcome.status == "awaiting_review" else None
    final = outcome is not None and answered and outcome.status in _FINAL
    going_on = _going_on(outcome, reader) if "waiting" in show else None
    spent = _spent(outcome) if "cost" in show else None
    titled = outcome is None or not outcome.degraded or "by" not in show

    def slot(part: Part, draw: Callable[[], Child], *, on: bool) -> Markup:
        return _SLOT(draw()) if on and part in show else _NO_SLOT

    return el(
        "article",
        _kept("by" in show, provenance(outcome, reader)),
        slot("answer", lambda: _answer(outcome, notice, reader, text, hedged=hedged), on=outcome is None or answered),
        slot("person", lambda: tracker(asked, reader, placed=False), on=asked is not None),
        slot("confidence", lambda: confidence(_sure(outcome), reader), on=_has_meter(outcome)),
        slot("notice", lambda: notice_box(boxed, titled=titled, drawing=drawing), on=boxed is not None),
        slot("sources", lambda: _sources(outcome, reader), on=final),
        slot("waiting", lambda: waiting(going_on, reader), on=going_on is not None),
        _kept(
            "actions" in show,
            actions(outcome, notice, reader, without=_on_screen(show, going_on)),
        ),
        slot("feedback", lambda: feedback(_said(card), reader), on=final),
        slot("cost", lambda: cost(spent, reader), on=spent is not None),
        _kept("trail" in show, trail(outcome, reader)),
        class_="fk-card",
        aria_label=reader.text("ui.card.name"),
        aria_busy="true" if outcome is not None and outcome.status in {"working", "streaming"} else "false",
    )


def _kept(on: bool, content: Markup) -> Markup:  # noqa: FBT001
    """A slot whose content is there in every state, since it may hold the focus."""
    return _SLOT(content) if on else el("div", content, class_="fk-slot", data_slot=True, hidden=True)


def _on_screen(show: Collection[str], going_on: Waiting | None) -> frozenset[str]:
    """Actions that need no button, since what they do is there."""
    listed = {"show_sources"} if "sources" in show else set()
    return frozenset(listed | ({"stop"} if going_on is not None else set()))


def _answer(
    outcome: Outcome | None, notice: Notice | None, reader: Reader, text: Markup | None, *, hedged: bool
) -> list[Child]:
    if outcome is None:
        return [el("p", reader.say("ui.card.empty"), class_="fk-empty")]
    if text is None and shows_answer(outcome):
        text = rich_text(outcome.text, outcome.sources if outcome.status in _FINAL else (), reader)
    label = "ui.ai.drafted" if outcome.status == "reviewed" else "ui.ai.wrote"
    return [
        el("div", hedge(notice) if hedged and notice else None, text, class_="fk-answer"),
        el("p", reader.say(label), class_="fk-ai", hidden=not is_model_made(outcome)),
    ]


def _sure(outcome: Outcome | None) -> Confidence:
    return outcome.confidence if outcome is not None else Confidence()


def _has_meter(outcome: Outcome | None) -> bool:
    if outcome is None or outcome.status not in _JUDGED or not shows_answer(outcome):
        return False
    step = author(outcome)
    certain = step is not None and step.kind in {"rule", "search", "person"}
    return not certain or outcome.confidence.basis != "none"


def _sources(outcome: Outcome | None, reader: Reader) -> Markup | None:
    return sources(outcome.sources, reader, model_made=is_model_made(outcome)) if outcome is not None else None


def _going_on(outcome: Outcome | None, reader: Reader) -> Waiting | None:
    """How long it has been taking, as far as the outcome knows."""
    if outcome is None or outcome.status != "working" or outcome.created_at is None:
        return None
    try:
        started = outcome.created_at - timedelta(seconds=outcome.duration)
    except OverflowError:
        return None
    return Waiting(id=outcome.id, started_at=started, can_cancel=reader.offers("stop"))


def _said(card: Card) -> Feedback:
    return card.feedback or Feedback(id=card.outcome.id if card.outcome is not None else "")


def _spent(outcome: Outcome | None) -> Cost | None:
    return Cost.of(outcome) if outcome is not None and outcome.usage is not None else None


@lru_cache(maxsize=256)
def _plain(line: Markup) -> str:
    return line.striptags()


def _announcement(outcome: Outcome | None, notice: Notice | None, reader: Reader) -> str:
    if outcome is None or notice is None:
        return ""
    match outcome.status:
        case "working" | "streaming":
            return reader.text("ui.card.working")
        case "answered" | "degraded" | "reviewed":
            return reader.text("ui.card.ready", by=_plain(by_line(outcome, reader)))
        case _:
            asks = notice.title.endswith(("?", "؟"))
            key = "ui.card.asked" if asks else "ui.card.said"
            return reader.text(key, title=notice.title, body=notice.body).strip()
