from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING, get_args
from zoneinfo import ZoneInfo

from fallbackkit._checks import count
from fallbackkit.errors import FailureKind
from fallbackkit.messages._manner import KINDS, SITUATIONS
from fallbackkit.messages._messages import SHIPPED, Messages
from fallbackkit.messages._told import ENOUGH_TRIES, Told, Unknown
from fallbackkit.messages._types import Action, Audience, Facts, Notice

if TYPE_CHECKING:
    from typing import Unpack

    from fallbackkit.messages._catalogue import Catalogue
    from fallbackkit.messages._manner import Manner
    from fallbackkit.messages._types import ActionId

_K = FailureKind
_AUDIENCES = get_args(Audience)
_DOUBTS = {_K.QUALITY_CONFLICT: "conflict", _K.QUALITY_UNSUPPORTED: "unsupported"}
_CUT_BY = {
    _K.CANCELLED: "you",
    _K.CONNECTION_LOST: "connection",
    _K.OUTPUT_TRUNCATED: "length",
    _K.SAFETY_REFUSED: "safety",
}


def notice(
    *,
    locale: str = "en",
    audience: Audience = "user",
    zone: tzinfo | str | None = None,
    messages: Messages | None = None,
    **facts: Unpack[Facts],
) -> Notice:
    """Put what happened into words: what it means for the task, and what to do next.

    Titles have at most 60 characters and bodies at most 140. Values stay data: they are put into
    constant sentences, redacted, shortened, and never read as templates. They are not escaped for HTML.
    Safe to call from any thread.

    Args:
        locale: BCP 47 tag; one that nobody has words for gives English.
        audience: ``user`` never sees causes inside the system, names or references; ``operator`` does.
        zone: The zone that times are told in, or its IANA name; without it, the zone each came with.
        messages: Your own words; without them, those of the kit.
        **facts: See ``Facts``; ``status`` is needed.

    Raises:
        ValueError: The audience is not one of the two, the zone is unknown, or ``tries`` is below 0.
        TypeError: ``zone``, ``locale`` or ``messages`` is of another type.

    Example:
        >>> notice(status="unavailable", kind=FailureKind.RETRIEVAL_NONE).title
        'No matching pages'
    """
    if audience not in _AUDIENCES:
        raise ValueError(f'`audience` must be "user" or "operator", got {audience!r}')
    if not isinstance(locale, str):
        raise TypeError(f'`locale` must be a BCP 47 tag such as "en" or "pt-BR", got {locale!r}')
    if messages is not None and not isinstance(messages, Messages):
        raise TypeError(f"`messages` must be a Messages, got {messages!r}; read files with Messages({messages!r})")
    count("tries", facts.get("tries", 0), least=0)
    subject, manner = _subject(facts)
    catalogues = (messages or SHIPPED).catalogues(locale)
    title = f"{subject}.title"
    words = next((each for each in catalogues if title in each.book), catalogues[-1])
    told = Told(words, facts, _zone(zone))
    body = _filled(words, "operator.body", told) if audience == "operator" else ""
    return Notice(
        title=words.line(title) or "",
        body=body or _filled(words, f"{subject}.body", told),
        tone=manner.tone,
        speech=manner.speech,
        actions=_buttons(catalogues, _actions(manner, facts, waits=told.waits), main=manner.main),
        lang=words.lang,
        direction=words.direction,
    )


def _zone(zone: tzinfo | str | None) -> tzinfo | None:
    if zone is None or isinstance(zone, tzinfo):
        return zone
    if not isinstance(zone, str):
        raise TypeError(f'`zone` must be a tzinfo or a name such as "Europe/Berlin", got {zone!r}')
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f'`zone` must be an IANA name such as "Europe/Berlin", got {zone!r}; zoneinfo.available_timezones() lists'
            " those of this system, and `pip install tzdata` brings them where it has none"
        ) from None


def _subject(facts: Facts) -> tuple[str, Manner]:
    """The name of the message, and its manner."""
    situation = _situation(facts)
    status = situation.partition(".")[0]
    kind = facts.get("kind") or (_K.QUALITY_LOW_CONFIDENCE if status == "low_confidence" else None)
    if situation in ("unavailable", "low_confidence") and kind is not None:
        return f"kinds.{kind}", KINDS[kind]
    situation = situation if situation in SITUATIONS else status
    manner = SITUATIONS[situation]
    if status == "interrupted" and not manner.actions:
        manner = manner._replace(actions=KINDS[kind or _K.TIMEOUT_MID_STREAM].actions)
    return f"situations.{situation}", manner


def _situation(facts: Facts) -> str:
    status, why = facts["status"], facts.get("why")
    if status in ("answered", "degraded"):
        return f"{status}.{facts.get('served_kind')}"
    if status == "low_confidence" and facts.get("shown"):
        return f"{status}.{_DOUBTS.get(why, 'shown') if why else 'shown'}"
    if status == "awaiting_review":
        return f"{status}.{facts.get('ticket_state')}"
    if status == "interrupted":
        return f"{status}.{_cut_by(facts.get('kind')) if facts.get('shown') else 'nothing'}"
    if status == "working" and why:
        return "working.why"
    return "declined" if facts.get("declined") and status == "unavailable" else status


def _cut_by(kind: FailureKind | None) -> str:
    return _CUT_BY.get(kind, "service" if kind.outage else "") if kind is not None else ""


def _filled(words: Catalogue, key: str, told: Told) -> str:
    body = ""
    for sentence in words.sentences(key):
        try:
            said = sentence.format_map(told)
        except Unknown:
            continue
        longer = f"{body} {said}" if body else said
        body = longer if len(longer) <= words.longest else body
    return body


def _actions(manner: Manner, facts: Facts, *, waits: bool) -> tuple[ActionId, ...]:
    why = facts.get("why")
    drop = {"retry"} if waits and "wait" in manner.actions else {"wait"}
    if facts.get("tries", 0) >= ENOUGH_TRIES:
        drop |= {"retry", "wait"}
    if not facts.get("sources"):
        drop.add("show_sources")
    if facts["status"] in ("answered", "degraded") and why is not None and not why.transient:
        drop.add("new_answer")
    return tuple(each for each in manner.actions if each not in drop)


def _buttons(catalogues: tuple[Catalogue, ...], actions: tuple[ActionId, ...], *, main: bool) -> tuple[Action, ...]:
    """Each in the first language that has words for it."""
    found = (
        next(filter(None, (words.action(each, primary=main and each == actions[0]) for words in catalogues)))
        for each in actions
    )
    return tuple(found)
