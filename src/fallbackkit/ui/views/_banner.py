from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from fallbackkit._outcome import StepKind
from fallbackkit._text import Text
from fallbackkit.ui.views._html import Child, bdi, el
from fallbackkit.ui.views._icons import ICONS, icon
from fallbackkit.ui.views._pieces import Props, Rail, button, buttons, component, facts
from fallbackkit.ui.views._reader import For, Reader, zoned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Unpack

    from markupsafe import Markup

__all__ = ["Banner", "banner", "degraded_banner", "mark", "plain", "together"]

Mode = Literal["slower", "limited", "fallback", "read_only", "recovering", "recovered", "maintenance"]
Scope = Literal["page", "panel", "answer"]

_RAILS: dict[str, Rail] = {"slower": "working", "fallback": "fallback", "recovering": "working", "recovered": "live"}
_SAVED: dict[str, Rail] = {"cache": "saved", "person": "person"}
_DRAWINGS = {
    "slower": "waiting",
    "limited": "info",
    "fallback": "mixed",
    "read_only": "lock",
    "recovering": "retry",
    "recovered": "ok",
    "maintenance": "waiting",
}


class Banner(Props):
    """What is wrong with the service as a whole, and what works all the same.

    Attributes:
        mode: ``slower``, ``limited`` (some features are off), ``fallback`` (something else answers),
            ``read_only``, ``recovering``, ``recovered``, or ``maintenance`` (planned).
        affected: Your names of what is slower, off or gone.
        still_works: Your names of what works; they are shown first.
        instead: Who answers meanwhile, in the mode ``fallback``.
        since: When it began; planned work may lie ahead.
        next_update_at: By when there will be news.
        expected_end: When it is to be over.
        back_at: Since when it is over.
        marked: How many answers given meanwhile carry a mark; None if they were not counted.
        scope: ``page``, ``panel`` (a part of it), or ``answer``: a line on an answer given meanwhile.
        dismissible: Whether people may hide it.
        once: Whether somebody who has seen it, by ``id`` on this device, is spared it on the next page.

    Raises:
        ValueError: Planned work without ``expected_end``, ``recovered`` without ``back_at``, or an end
            before its beginning.
    """

    mode: Mode
    affected: tuple[Text, ...] = ()
    still_works: tuple[Text, ...] = ()
    instead: StepKind | None = None
    since: datetime | None = None
    next_update_at: datetime | None = None
    expected_end: datetime | None = None
    back_at: datetime | None = None
    marked: int | None = Field(default=None, ge=0, le=10**9)
    scope: Scope = "page"
    dismissible: bool = False
    once: bool = False

    @model_validator(mode="after")
    def _says_when(self) -> Banner:
        if self.mode == "maintenance" and self.expected_end is None:
            raise ValueError(
                "`expected_end` must be given for the mode 'maintenance', got None: say until when, or use the mode"
                " 'limited' for trouble without a known end"
            )
        if self.mode == "recovered" and self.back_at is None:
            raise ValueError("`back_at` must be given for the mode 'recovered', got None: say since when all is well")
        for name in ("expected_end", "back_at"):
            end = getattr(self, name)
            if end is not None and self.since is not None and zoned(end) < zoned(self.since):
                raise ValueError(
                    f"`{name}` must not be before `since`, got {end.isoformat()} and {self.since.isoformat()}"
                )
        return self


def degraded_banner(value: Banner | None, **reader: Unpack[For]) -> Markup:
    """What is wrong with the service as a whole: what still works first, then the rest, and when there is news.

    Show one at a time: ``foremost`` chooses. Put it before the page's content; with ``scope="answer"`` it is a line
    to put on an answer. Arguments as ``outcome_card``.

    Example:
        >>> banner = Banner(mode="fallback", instead="cache", still_works=("search", "feedback"))
        >>> "Answers come from saved results for now" in degraded_banner(banner)
        True
    """
    given = Reader(**reader)
    on_answer = value is not None and value.scope == "answer"
    return component(
        "degraded-banner",
        mark(value, given) if value is not None and on_answer else banner(value, given),
        reader=given,
        live=_announcement(value, given) if value is not None and not on_answer else "",
        rail=_rail(value),
        data_id=value.id if value is not None else None,
        data_mode=value.mode if value is not None else "empty",
        data_once=value.id if value is not None and value.once else None,
    )


def banner(value: Banner | None, reader: Reader) -> Markup:
    """The notice for a page or a part of it."""
    shown = value is not None
    ahead = value is not None and _is_ahead(value, reader)
    return el(
        "div",
        icon(_drawing(value)),
        el("p", _title(value, reader, aloud=False) if value else None, class_="fk-note-title"),
        facts(_rows(value, reader, ahead=ahead) if value else ()),
        el("p", _marked(value, reader) if value else None, hidden=value is None or not _counts(value)),
        _buttons(value, reader),
        class_=f"fk-card fk-note fk-banner fk-scope-{value.scope if value else 'page'}",
        role="region",
        aria_label=reader.text("ui.banner.name"),
        hidden=not shown,
    )


def mark(value: Banner, reader: Reader) -> Markup:
    """The line that stays on an answer given meanwhile."""
    key = f"ui.banner.mark.{value.mode}"
    said = reader.say(key if reader.knows(key) else "ui.banner.mark.before")
    if value.since is not None and value.back_at is not None:
        start, end = bdi(reader.hour(value.since)), reader.time(value.back_at)
        said = reader.say("ui.banner.mark.between", mark=said, start=start, end=end)
    elif value.since is not None:
        said = reader.say("ui.banner.mark.since", mark=said, start=reader.time(value.since))
    return el("div", icon("info"), el("span", said), class_="fk-mark")


def together(names: Iterable[str], reader: Reader) -> Markup:
    """The names as one list: ``a, b and c``."""
    return el("span", reader.listed([bdi(name) for name in given(names)]))


def plain(names: Iterable[str], reader: Reader) -> str:
    """The same as plain text."""
    return "".join(str(part) for part in reader.listed(given(names)) if part)


def given(names: Iterable[str]) -> Sequence[str]:
    """Those that say something."""
    return [name for name in names if name.strip()]


def _rail(value: Banner | None) -> Rail:
    if value is None or value.scope == "answer":
        return "none"
    instead = _SAVED.get(value.instead or "") if value.mode == "fallback" else None
    return instead or _RAILS.get(value.mode, "stopped")


def _drawing(value: Banner | None) -> str:
    if value is None:
        return "info"
    instead = value.instead if value.mode == "fallback" else None
    return instead if instead in ICONS else _DRAWINGS.get(value.mode, "info")


def _is_ahead(value: Banner, reader: Reader) -> bool:
    """Whether planned work has not begun."""
    return value.mode == "maintenance" and value.since is not None and (reader.until(value.since) or 0) > 0


def _title(value: Banner, reader: Reader, *, aloud: bool) -> Markup:
    """``aloud``: in words that stay the same while time passes, so that they are not read out again."""
    if value.mode == "fallback":
        key = f"ui.banner.instead.{value.instead}"
        return reader.say(key if reader.knows(key) else "ui.banner.instead.other")
    if value.mode == "recovered" and value.back_at is not None:
        time = bdi(reader.hour(value.back_at)) if aloud else reader.time(value.back_at)
        return reader.say("ui.banner.title.recovered", time=time)
    if value.mode == "maintenance" and value.expected_end is not None:
        return _planned(value, value.expected_end, reader)
    key = f"ui.banner.title.{value.mode}"
    return reader.say(key) if reader.knows(key) else reader.say("ui.banner.newer", mode=value.mode)


def _planned(value: Banner, end: datetime, reader: Reader) -> Markup:
    if _is_ahead(value, reader) and value.since is not None:
        return reader.say("ui.banner.title.ahead", time=bdi(reader.hour(value.since)))
    key = "ui.banner.title.over" if reader.passed(end) else "ui.banner.title.maintenance"
    return reader.say(key, time=bdi(reader.hour(end)))


def _rows(value: Banner, reader: Reader, *, ahead: bool) -> list[tuple[Child, Child]]:
    affected = f"ui.banner.affected.{value.mode}"
    over = value.mode == "recovered"
    ended = reader.passed(value.expected_end)
    rows = [
        ("ui.banner.works", together(value.still_works, reader) if given(value.still_works) else None),
        (
            affected if reader.knows(affected) else "ui.banner.affected.newer",
            together(value.affected, reader) if given(value.affected) else None,
        ),
        ("ui.banner.starts" if ahead else "ui.banner.since", _time(None if over else value.since, reader)),
        ("ui.banner.ended" if ended else "ui.banner.ends", _time(None if over else value.expected_end, reader)),
        _update(None if over else value.next_update_at, reader),
    ]
    return [(reader.say(term), known) for term, known in rows]


def _time(at: datetime | None, reader: Reader) -> Markup | None:
    return None if at is None else reader.time(at)


def _update(at: datetime | None, reader: Reader) -> tuple[str, Markup | None]:
    if at is None:
        return "ui.banner.update", None
    by = reader.say("ui.banner.by", time=reader.time(at))
    return "ui.banner.overdue" if reader.passed(at) else "ui.banner.update", by


def _counts(value: Banner) -> bool:
    return value.marked is not None and value.mode != "maintenance"


def _marked(value: Banner, reader: Reader) -> Markup:
    if not value.marked:
        return reader.say("ui.banner.unmarked")
    if value.since is None:
        return reader.say("ui.banner.marked.meanwhile", value.marked)
    start = bdi(reader.hour(value.since))
    if value.back_at is None:
        return reader.say("ui.banner.marked.since", value.marked, start=start)
    return reader.say("ui.banner.marked.between", value.marked, start=start, end=bdi(reader.hour(value.back_at)))


def _buttons(value: Banner | None, reader: Reader) -> Markup:
    over = value is not None and value.mode == "recovered"
    work = value is not None and value.mode == "maintenance"
    reviews = value is not None and bool(value.marked) and _counts(value) and reader.offers("review_marked")
    follows = value is not None and not over and reader.offers("follow")
    hides = value is not None and value.dismissible and reader.offers("dismiss")
    return buttons(
        button("review_marked", reader.say("ui.banner.review"), shown=reviews),
        button("follow", reader.say("ui.banner.follow_work" if work else "ui.banner.follow"), shown=follows),
        button("dismiss", reader.say("ui.banner.hide"), look="quiet", shown=hides, data_hides=".fk-banner"),
        shown=reviews or follows or hides,
    )


def _announcement(value: Banner, reader: Reader) -> str:
    title = _title(value, reader, aloud=True).striptags()
    if value.mode == "recovered" and _counts(value):
        return reader.text("ui.banner.said.marked", title=title, marked=_marked(value, reader).striptags())
    works = given(value.still_works)
    said = (
        reader.text("ui.banner.said.works", title=title, names=plain(works, reader))
        if works
        else reader.text("ui.banner.said.alone", title=title)
    )
    at = value.next_update_at
    if at is None or value.mode == "recovered" or reader.passed(at):
        return said
    return reader.text("ui.banner.said.update", said=said, time=reader.hour(at))
