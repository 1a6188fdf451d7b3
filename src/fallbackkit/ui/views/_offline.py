from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from fallbackkit._text import Text
from fallbackkit.ui.views._banner import given, plain, together
from fallbackkit.ui.views._html import Child, bdi, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._pieces import Props, button, buttons, component
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from typing import Unpack

    from markupsafe import Markup

__all__ = ["Offline", "offline", "offline_notice"]

OfflineState = Literal["offline", "read_only", "queued", "sending", "sent", "conflict"]

_AWAY = frozenset({"offline", "read_only", "queued"})
_DRAWINGS = {"sending": "waiting", "sent": "ok", "conflict": "attention"}


class Offline(Props):
    """What becomes of people's work while they are offline, and what became of it.

    Attributes:
        state: What is true while they are away: ``offline`` (the app keeps a question and sends it later),
            ``read_only`` (nothing can be sent until they are back), ``queued`` (``waiting`` are kept on the
            device); or once they are back: ``sending``, ``sent``, ``conflict``.
        waiting: How many questions wait, are sent, or were sent.
        still_works: Your names of what works on the device; without them, reading earlier answers does.
        about: What was changed elsewhere meanwhile, in your words, for ``conflict``.
        watch: Whether the browser tells when they are away and back, as it must: nothing can be fetched then.
            False draws the state as it is.
    """

    state: OfflineState = "offline"
    waiting: int = Field(default=0, ge=0, le=10**9)
    still_works: tuple[Text, ...] = ()
    about: Text | None = None
    watch: bool = True


def offline_notice(value: Offline | None, **reader: Unpack[For]) -> Markup:
    """Says that somebody is offline, what works, and what becomes of what they asked; disables nothing.

    Both texts are in the page from the start, and the script shows one of them as the connection goes and
    comes, raising ``offline`` and ``online``. ``fallbackkit.waiting(3)`` in the browser tells it how many
    questions your page keeps. Arguments as ``outcome_card``.

    Example:
        >>> "sent when" in offline_notice(Offline(state="queued"))
        True
    """
    reading = Reader(**reader)
    watch = value is not None and value.watch
    return component(
        "offline-notice",
        offline(value, reading),
        reader=reading,
        live=_announcement(value, reading) if value is not None else "",
        data_id=value.id if value is not None else None,
        data_state=value.state if value is not None else "empty",
        data_network="online" if watch else None,
    )


def offline(value: Offline | None, reader: Reader) -> Markup:
    """What is said while they are away, and when they are back."""
    away = value is not None and value.state in _AWAY
    shows_away = value is not None and away and not value.watch
    return el(
        "div",
        el("div", _away(value, reader), class_="fk-card fk-note", **_when("offline", value, shows_away, reader)),
        el(
            "div",
            _back(value, reader),
            class_="fk-card fk-note",
            **_when("online", value, value is not None and not away, reader),
        ),
        class_="fk-offline",
    )


def _when(network: str, value: Offline | None, shown: bool, reader: Reader) -> dict[str, object]:  # noqa: FBT001
    """When a part is seen, and what is read out then."""
    said = "" if value is None else _said_away(value, reader) if network == "offline" else _said_back(value, reader)
    return {"data_when": network, "data_said": said, "hidden": not shown}


def _away(value: Offline | None, reader: Reader) -> list[Child]:
    works = reader.say("ui.offline.reading")
    if value is not None and given(value.still_works):
        works = reader.say("ui.offline.works", names=together(value.still_works, reader))
    waiting = value.waiting if value is not None and value.state in _AWAY else 0
    count = el("b", bdi(reader.number(waiting)), data_waiting="")
    return [
        icon("offline"),
        el("p", reader.say("ui.offline.title"), class_="fk-note-title"),
        el("p", el("span", works), " ", el("span", reader.say(_kept(value)))),
        el("p", reader.say("ui.offline.waiting", count=count), class_="fk-count", hidden=not waiting),
    ]


def _kept(value: Offline | None) -> str:
    state = value.state if value is not None else "read_only"
    if state == "read_only":
        return "ui.offline.kept.read_only"
    return "ui.offline.kept.queued" if value is not None and value.waiting else "ui.offline.kept.offline"


def _back(value: Offline | None, reader: Reader) -> list[Child]:
    state = value.state if value is not None else "offline"
    conflict = state == "conflict"
    about = value.about if value is not None and conflict else None
    hides = not conflict and reader.offers("dismiss")
    shown = {each: conflict and reader.offers(each) for each in ("compare", "keep_mine", "keep_other")}
    return [
        icon(_DRAWINGS.get(state, "ok")),
        el("p", _back_title(value, reader), class_="fk-note-title"),
        el("p", bdi(about or ""), hidden=not about),
        el("p", _then(value, reader)),
        buttons(
            [button(each, reader.say(f"ui.offline.{each}"), look=_look(each), shown=on) for each, on in shown.items()],
            button("dismiss", reader.say("ui.banner.hide"), look="quiet", shown=hides, data_hides="[data-when]"),
            shown=hides or any(shown.values()),
        ),
    ]


def _look(action: str) -> Literal["primary", "plain"]:
    return "primary" if action == "compare" else "plain"


def _back_title(value: Offline | None, reader: Reader) -> Markup:
    conflict = value is not None and value.state == "conflict"
    return reader.say("ui.offline.conflict.title" if conflict else "ui.offline.back")


def _then(value: Offline | None, reader: Reader) -> Markup:
    if value is None:
        return reader.say("ui.offline.then.read_only")
    if value.state == "conflict":
        return reader.say("ui.offline.conflict.body")
    if value.state in {"sending", "sent"} and value.waiting:
        return reader.say(f"ui.offline.{value.state}", value.waiting)
    key = f"ui.offline.then.{value.state}"
    return reader.say(
        key if reader.knows(key) else f"{key}_all" if reader.knows(f"{key}_all") else "ui.offline.then.read_only"
    )


def _said_away(value: Offline, reader: Reader) -> str:
    names = plain(value.still_works, reader)
    return reader.text(
        "ui.offline.spoken",
        title=reader.text("ui.offline.title"),
        works=reader.text("ui.offline.works", names=names) if names else reader.text("ui.offline.reading"),
        kept=reader.text(_kept(value)),
    )


def _said_back(value: Offline, reader: Reader) -> str:
    title, body = _back_title(value, reader).striptags(), _then(value, reader).striptags()
    return reader.text("ui.offline.returned", title=title, body=body)


def _announcement(value: Offline, reader: Reader) -> str:
    """What the page was drawn with; the script says the rest."""
    if value.state not in _AWAY:
        return _said_back(value, reader)
    return "" if value.watch else _said_away(value, reader)
