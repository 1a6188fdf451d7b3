from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Literal, Self

from pydantic import model_validator

from fallbackkit._outcome import Confidence, Outcome, Source
from fallbackkit._text import Text
from fallbackkit.ui.views._confidence import told
from fallbackkit.ui.views._html import Child, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._pieces import Props, button, buttons, component, popover
from fallbackkit.ui.views._provenance import author, is_model_made
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from typing import Unpack

    from markupsafe import Markup

__all__ = ["Explanation", "explanation", "explanation_popover"]

Made = Literal["model", "smaller_model", "cache", "rule", "search", "person", "draft", "other"]

_MOST_WORDS = 90
_MOST_USED = 3
_BY_HAND = frozenset({"rule", "person"})
_SHOWN = frozenset({"answered", "degraded", "low_confidence", "reviewed"})


class Explanation(Props):
    """What a person may want to know of an answer, to check it rather than to believe it.

    More than 90 words warn: people who read more rely more on an answer, right or wrong.

    Attributes:
        made: How the answer came about; None if there is none.
        what: What it is, in your words; without them, in those of the kit.
        used: Titles of what it rests on, the first three of which are named.
        confidence: How sure it is, and what that rests on.
        checks: What to check, before anything else is said; without them, the kit proposes one.
        why: Why it says so.
        cannot: What it cannot do; without it, the kit says what goes for every answer of its kind.
    """

    made: Made | None = "model"
    what: Text | None = None
    used: tuple[Text, ...] = ()
    confidence: Confidence = Confidence()
    checks: tuple[Text, ...] = ()
    why: Text | None = None
    cannot: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _is_short(self) -> Self:
        given = [self.what or "", self.why or "", *self.used[:_MOST_USED], *self.checks, *self.cannot]
        count = sum(len(each.split()) for each in given)
        if count > _MOST_WORDS:
            warnings.warn(
                f"an Explanation should have at most {_MOST_WORDS} words, got {count}: people read a longer one as a"
                " reason to trust the answer; keep the checks and shorten the rest",
                stacklevel=2,
            )
        return self

    @classmethod
    def of(cls, outcome: Outcome, *, checks: tuple[str, ...] = (), cannot: tuple[str, ...] = ()) -> Self:
        """That of an outcome: who answered, from what, and how sure that is.

        Args:
            outcome: Whose answer it is.
            checks: What to check.
            cannot: What your feature cannot do.
        """
        if outcome.status not in _SHOWN or outcome.answer is None:
            return cls(id=outcome.id, made=None)
        return cls(
            id=outcome.id,
            made=_made(outcome),
            used=tuple(source.title for source in sorted(outcome.sources, key=_unverified) if source.used),
            confidence=outcome.confidence,
            checks=checks,
            cannot=cannot,
        )


def explanation_popover(value: Explanation | Outcome | None, **reader: Unpack[For]) -> Markup:
    """A button that opens what an answer is, what it used, how sure that is and what it cannot do; the check is first.

    It never opens by itself. Escape closes it and gives the focus back.

    Args:
        value: What to explain; None says that there is nothing to explain yet.
        **reader: See ``outcome_card``.

    Returns:
        HTML, escaped. It raises ``explain_opened``, and its buttons ``change`` and ``report``.

    Example:
        >>> "Leave policy 2026" in explanation_popover(Explanation(used=("Leave policy 2026",)))
        True
    """
    given = Reader(**reader)
    shown = Explanation.of(value) if isinstance(value, Outcome) else value
    return component(
        "explanation-popover",
        explanation(shown or _NOTHING, given),
        reader=given,
        data_id=shown.id if shown else None,
    )


def explanation(value: Explanation, reader: Reader) -> Markup:
    """The button, and the panel that it opens."""
    parts = [
        _part("check", _lines(_checks(value, reader)), reader),
        _part("what", _own(value.what) or _made_words(value, reader), reader),
        _part("used", _used(value, reader), reader),
        _part("sure", told(value.confidence, reader), reader, shown=_is_measurable(value)),
        _part("why", _own(value.why), reader, shown=bool(value.why)),
        _part("cannot", _cannot(value, reader), reader),
    ]
    panel = [el("dl", parts, class_="fk-explain"), _actions(reader)]
    label = [icon("info"), el("span", reader.say("ui.explain.open"))]
    return el(
        "div",
        el("p", reader.say("ui.explain.empty"), class_="fk-empty", hidden=value.made is not None),
        el(
            "div",
            popover(
                "explain",
                label,
                el("div", panel, role="group", aria_label=reader.text("ui.explain.name")),
                opened="explain_opened",
            ),
            hidden=value.made is None,
        ),
    )


def _part(name: str, said: Child, reader: Reader, *, shown: bool = True) -> Markup:
    return el("div", el("dt", reader.say(f"ui.explain.{name}")), el("dd", said), hidden=not shown or not said)


def _own(text: str | None) -> Markup | None:
    return el("span", text, dir="auto") if text else None


def _lines(items: list[Markup]) -> Markup | None:
    return el("ul", [el("li", item) for item in items], role="list") if items else None


def _checks(value: Explanation, reader: Reader) -> list[Markup]:
    if value.checks:
        return [el("span", check, dir="auto") for check in value.checks]
    if value.used:
        return [reader.say("ui.explain.checks.source", title=el("bdi", value.used[0]))]
    return [] if value.made in _BY_HAND else [reader.say("ui.explain.checks.plain")]


def _made_words(value: Explanation, reader: Reader) -> Markup:
    key = f"ui.explain.made.{value.made}"
    return reader.say(key if reader.knows(key) else "ui.explain.made.other")


def _used(value: Explanation, reader: Reader) -> Markup | None:
    if not value.used:
        return None if value.made in _BY_HAND else reader.say("ui.explain.nothing")
    named: list[Child] = [el("bdi", title) for title in value.used[:_MOST_USED]]
    more = len(value.used) - _MOST_USED
    if more > 0:
        named.append(reader.say("ui.explain.more", more))
    return el("span", reader.listed(named))


def _cannot(value: Explanation, reader: Reader) -> Child:
    if value.cannot:
        return _lines([el("span", each, dir="auto") for each in value.cannot])
    key = f"ui.explain.limits.{value.made}"
    return reader.say(key) if reader.knows(key) else None


def _is_measurable(value: Explanation) -> bool:
    """A rule or a person is not sure to some degree, unless somebody measured it."""
    return value.made not in _BY_HAND or value.confidence.basis != "none"


def _actions(reader: Reader) -> Markup:
    change, report = reader.offers("change"), reader.offers("report")
    return el(
        "div",
        el("b", reader.say("ui.explain.act"), class_="fk-sr"),
        buttons(
            button("change", reader.say("ui.explain.change"), shown=change),
            button("report", reader.say("actions.report"), look="quiet", shown=report),
        ),
        hidden=not (change or report),
    )


def _unverified(source: Source) -> bool:
    return source.check != "quote_found"


def _made(outcome: Outcome) -> Made:
    if outcome.status == "reviewed":
        return "draft" if is_model_made(outcome) else "person"
    step = author(outcome)
    if step is None:
        return "model"
    return "model" if step.kind == "other" and is_model_made(outcome) else step.kind


_NOTHING = Explanation(id="", made=None)
