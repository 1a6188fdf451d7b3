from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import model_validator

from fallbackkit._outcome import Outcome, Source
from fallbackkit._text import Text
from fallbackkit.errors import FailureKind
from fallbackkit.ui.views._fold import folded
from fallbackkit.ui.views._html import clean, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._ladder import Figure, standing
from fallbackkit.ui.views._markdown import rich_text
from fallbackkit.ui.views._pieces import Props, button, buttons, component, disclosure
from fallbackkit.ui.views._provenance import is_model_made
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from typing import Unpack

    from markupsafe import Markup

    from fallbackkit.ui.views._pieces import Rail

__all__ = ["Hedge", "hedge", "hedged_answer"]

Level = Literal["plain", "medium", "low", "conflict", "abstained"]
Cause = Literal["conflict", "unsupported", "not_checked", "expired", "unlike", "often_wrong"]

_SENTENCES: dict[str, int] = {"medium": 5, "low": 3, "conflict": 3, "abstained": 2}
_DRAWINGS = {"medium": "info", "low": "attention", "conflict": "attention", "abstained": "unknown"}
_RAILS: dict[str, Rail] = {
    "plain": "live",
    "medium": "unsure",
    "low": "unsure",
    "conflict": "unsure",
    "abstained": "stopped",
}
_NEEDS_HELP = frozenset({"low", "conflict", "abstained"})
_SHOWN = frozenset({"answered", "degraded", "low_confidence", "reviewed", "streaming", "interrupted"})
_JUDGED = frozenset({"answered", "degraded", "low_confidence"})


class Hedge(Props):
    """An answer that says how far it can be relied on, before it says anything else.

    Attributes:
        level: ``plain`` says it without a doubt; ``abstained`` has no answer, and ``text`` what there is instead.
        text: Markdown.
        sources: Those that ``[1]`` in the text names.
        reason: What the doubt is about, in your words. A doubt without a reason is refused.
        cause: The same in the words of the kit; ``reason`` goes before it.
        steps: Checks that take under a minute each, in Markdown; for ``abstained``, what would help.
        voice: Who doubts. The first person is understood best.
        sentences: After how many the rest is folded away; by default none of ``plain``, and fewer the lower
            the level.
        label: Who wrote it: ``wrote`` is AI; ``drafted`` AI, and a person checked; None nobody that needs a label.
        whole: Whether the answer is complete; what still grows is not announced.
    """

    level: Level = "plain"
    text: Text = ""
    sources: tuple[Source, ...] = ()
    reason: Text | None = None
    cause: Cause | None = None
    steps: tuple[Text, ...] = ()
    voice: Literal["first_person", "impersonal"] = "first_person"
    sentences: int | None = None
    label: Literal["wrote", "drafted"] | None = "wrote"
    whole: bool = True

    @model_validator(mode="after")
    def _doubts_for_a_reason(self) -> Self:
        if self.level != "plain" and not (self.reason or "").strip() and self.cause is None:
            raise ValueError(
                f"`reason` must say what the doubt is about for the level {self.level!r}, got {self.reason!r}; write it"
                " in a sentence, or give a `cause` that the kit has words for"
            )
        if self.sentences is not None and self.sentences < 1:
            raise ValueError(f"`sentences` must be at least 1, got {self.sentences}; leave it out for the usual number")
        return self

    @classmethod
    def of(
        cls,
        outcome: Outcome,
        *,
        reason: str | None = None,
        steps: tuple[str, ...] = (),
        voice: Literal["first_person", "impersonal"] = "first_person",
    ) -> Self:
        """The answer of an outcome, with a doubt where it was measured or told.

        Args:
            outcome: Whose answer it is.
            reason: What the doubt is about, if you know more than the outcome does.
            steps: Checks that take under a minute each.
            voice: Who doubts.
        """
        level, cause = _doubt(outcome)
        return cls(
            id=outcome.id,
            level=level,
            text=outcome.text if outcome.status in _SHOWN else "",
            sources=outcome.sources if outcome.status in _SHOWN else (),
            reason=reason if level != "plain" else None,
            cause=cause,
            steps=steps,
            voice=voice,
            label=None if not is_model_made(outcome) else "drafted" if outcome.status == "reviewed" else "wrote",
            whole=outcome.status not in {"working", "streaming", "interrupted"},
        )


def hedged_answer(value: Hedge | Outcome | None, **reader: Unpack[For]) -> Markup:
    """An answer that begins with its doubt, and what to check: as much doubt as was measured, and no more.

    Args:
        value: What to show; None shows an empty state.
        **reader: See ``outcome_card``.

    Returns:
        HTML, escaped. Its buttons raise ``escalate`` and ``show_sources``.

    Example:
        >>> said = hedged_answer(Hedge(level="low", text="30 days.", cause="conflict"))
        >>> said.index("not sure about this one") < said.index("30 days.")
        True
    """
    given = Reader(**reader)
    shown = Hedge.of(value) if isinstance(value, Outcome) else value
    return component(
        "hedged-answer",
        el("div", hedge(shown or _EMPTY, given), class_="fk-card"),
        reader=given,
        live=_spoken(shown, given),
        rail=_RAILS.get(shown.level, "none")
        if shown is not None and (shown.text or shown.level != "plain")
        else "none",
        data_id=shown.id if shown else None,
        data_level=shown.level if shown else None,
    )


def hedge(value: Hedge, reader: Reader) -> list[Markup]:
    """The doubt, the answer, the checks, and the way to sources and to a person."""
    empty = _is_empty(value)
    head, rest = _folded(value)
    return [
        el("p", reader.say("ui.hedge.empty"), class_="fk-empty", hidden=not empty),
        el(
            "div",
            _doubted(value, reader),
            el("div", rich_text(head, value.sources, reader), class_="fk-answer", hidden=not head),
            disclosure("rest", reader.say("ui.hedge.rest"), _answer(rest, value, reader), shown=bool(rest)),
            el("p", reader.say(f"ui.ai.{_label(value)}"), class_="fk-ai", hidden=not value.text or value.label is None),
            class_="fk-hedged",
            hidden=empty,
        ),
        _checks(value, reader),
        _actions(value, reader),
    ]


def _is_empty(value: Hedge) -> bool:
    return not value.text and value.level == "plain"


def _answer(text: str, value: Hedge, reader: Reader) -> Markup | None:
    return el("div", rich_text(text, value.sources, reader, key="rest"), class_="fk-answer") if text else None


def _label(value: Hedge) -> str:
    return "drafted" if value.label == "drafted" else "wrote"


def _folded(value: Hedge) -> tuple[str, str]:
    text, most = clean(value.text), value.sentences or _SENTENCES.get(value.level)
    return folded(text, most) if most and value.whole else (text, "")


def _words(value: Hedge, reader: Reader) -> Markup | None:
    """The doubt in one or two sentences."""
    key = f"ui.hedge.{value.voice}.{value.level}"
    if value.level == "plain" or not reader.knows(key):
        return None
    said = el("strong", reader.say(key))
    reason = _reason(value, reader)
    return said if reason is None else reader.say("ui.hedge.both", hedge=said, reason=reason)


def _reason(value: Hedge, reader: Reader) -> Markup | None:
    if value.reason:
        return el("span", value.reason, dir="auto")
    key = f"ui.hedge.cause.{value.cause}"
    return reader.say(key) if reader.knows(key) else None


def _doubted(value: Hedge, reader: Reader) -> Markup:
    words = _words(value, reader)
    return el(
        "div",
        icon(_DRAWINGS.get(value.level, "info")),
        el("p", words, class_="fk-hedge"),
        class_="fk-doubt",
        hidden=words is None,
    )


def _checks(value: Hedge, reader: Reader) -> Markup:
    if value.level == "abstained":
        title = reader.say("ui.hedge.help")
    else:
        title = reader.say("ui.hedge.check", len(value.steps))
    return el(
        "div",
        el("b", title),
        el("ol", [el("li", rich_text(step, reader=reader, key="step")) for step in value.steps]),
        class_="fk-checks",
        hidden=not value.steps,
    )


def _actions(value: Hedge, reader: Reader) -> Markup:
    sources = value.level == "conflict" and reader.offers("show_sources")
    ask = value.level in _NEEDS_HELP and reader.offers("escalate")
    return buttons(
        button("show_sources", reader.say("actions.show_sources"), look="primary", shown=sources),
        button("escalate", reader.say("actions.escalate"), shown=ask),
        shown=sources or ask,
    )


def _spoken(value: Hedge | None, reader: Reader) -> str:
    if value is None or not value.whole or _is_empty(value):
        return ""
    words = _words(value, reader)
    if words is None:
        return reader.text("ui.hedge.ready")
    said = words.striptags()
    return reader.say("ui.hedge.ready_hedged", hedge=el("span", said)).striptags() if value.text else said


def _doubt(outcome: Outcome) -> tuple[Level, Cause | None]:
    """How much doubt, and what it is about."""
    if outcome.status not in _JUDGED:
        return "plain", None
    level, cause = _measured(outcome)
    if outcome.status != "low_confidence":
        return level, cause
    told = _told(outcome)
    if outcome.answer is None:
        return "abstained", told or cause or "not_checked"
    return ("conflict" if told == "conflict" else "low"), told or cause or "not_checked"


def _told(outcome: Outcome) -> Cause | None:
    if FailureKind.QUALITY_CONFLICT in outcome.reasons or any(each.check == "conflicts" for each in outcome.sources):
        return "conflict"
    return "unsupported" if FailureKind.QUALITY_UNSUPPORTED in outcome.reasons else None


def _measured(outcome: Outcome) -> tuple[Level, Cause | None]:
    """A doubt in step with what was measured. Where nothing was, there is nothing to tie a doubt to."""
    found = standing(outcome.confidence)
    if found == "unlike":
        return "medium", "unlike"
    if not isinstance(found, Figure):
        return "plain", None
    if found.word in {"very_likely", "likely"}:
        return "plain", None
    return ("medium" if found.word == "either_way" else "low"), "often_wrong"


_EMPTY = Hedge(id="", label=None)
