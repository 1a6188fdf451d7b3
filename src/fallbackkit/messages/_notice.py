from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING, get_args

from fallbackkit.errors import FailureKind
from fallbackkit.messages._kinds_en import KINDS
from fallbackkit.messages._situations_en import ACTIONS, OPERATOR_BODY, SITUATIONS
from fallbackkit.messages._spoken_en import spoken
from fallbackkit.messages._types import Action, Audience, Catalogue, Facts, Notice, Words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from fallbackkit.messages._types import ActionId

_CATALOGUES = {"en": Catalogue(KINDS, SITUATIONS, ACTIONS, OPERATOR_BODY, spoken)}
_LONGEST_BODY = 140
_DOUBTS = {FailureKind.QUALITY_CONFLICT: "conflict", FailureKind.QUALITY_UNSUPPORTED: "unsupported"}


def notice(*, locale: str = "en", audience: Audience = "user", **facts: Unpack[Facts]) -> Notice:
    """Put what happened into words: what it means for the task, and what to do next.

    Titles have at most 60 characters and bodies at most 140. Values stay data: they are put into
    constant sentences, shortened, and never read as templates. They are not escaped for HTML.

    Args:
        locale: BCP 47 tag; an unknown one gives English.
        audience: ``user`` never sees causes inside the system, names or references; ``operator`` does.
        **facts: See ``Facts``; ``status`` is needed.

    Raises:
        ValueError: The audience is not one of the two.

    Example:
        >>> notice(status="unavailable", kind=FailureKind.RETRIEVAL_NONE).title
        'No matching pages'
    """
    if audience not in get_args(Audience):
        raise ValueError(f'`audience` must be "user" or "operator", got {audience!r}')
    catalogue = _CATALOGUES.get(locale) or _CATALOGUES.get(locale.partition("-")[0]) or _CATALOGUES["en"]
    words = _words(catalogue, facts)
    values = catalogue.spoken(facts) | _kind_values(catalogue, facts)
    body = _fill(catalogue.operator_body, values) if audience == "operator" else ""
    actions = _actions(words, facts, waits="when" in values)
    return Notice(
        title=words.title,
        body=body or _fill(words.body, values),
        tone=words.tone,
        speech=words.speech,
        actions=tuple(
            Action(id=each, label=catalogue.actions[each], primary=words.main and each == actions[0])
            for each in actions
        ),
    )


def _words(catalogue: Catalogue, facts: Facts) -> Words:
    situation = _situation(facts)
    status = situation.partition(".")[0]
    kind = facts.get("kind") or (FailureKind.QUALITY_LOW_CONFIDENCE if status == "low_confidence" else None)
    if situation in ("unavailable", "low_confidence") and kind is not None:
        return catalogue.kinds[kind].words
    words = catalogue.situations.get(situation) or catalogue.situations[status]
    if status == "interrupted" and not words.actions:
        return words._replace(actions=catalogue.kinds[kind or FailureKind.TIMEOUT_MID_STREAM].words.actions)
    return words


def _situation(facts: Facts) -> str:
    status, why = facts["status"], facts.get("why")
    if status in ("answered", "degraded"):
        return f"{status}.{facts.get('served_kind')}"
    if status == "low_confidence" and facts.get("shown"):
        return f"{status}.{_DOUBTS.get(why, 'shown') if why else 'shown'}"
    if status == "awaiting_review":
        return f"{status}.{facts.get('ticket_state')}"
    if status == "interrupted":
        return f"{status}.{facts.get('kind')}" if facts.get("shown") else f"{status}.nothing"
    if status == "working" and why:
        return "working.why"
    return "declined" if facts.get("declined") and status == "unavailable" else status


def _kind_values(catalogue: Catalogue, facts: Facts) -> dict[str, str]:
    kind = facts.get("kind") or facts.get("why")
    why = facts.get("why")
    clause = {"clause": catalogue.kinds[why].clause} if why else {}
    return clause | ({"kind": str(kind), "cause": catalogue.kinds[kind].cause} if kind else {})


def _fill(sentences: tuple[str, ...], values: Mapping[str, str]) -> str:
    body = ""
    for sentence in sentences:
        if any(field not in values for _, field, _, _ in Formatter().parse(sentence) if field):
            continue
        longer = f"{body} {sentence.format_map(values)}".lstrip()
        body = longer if len(longer) <= _LONGEST_BODY else body
    return body


def _actions(words: Words, facts: Facts, *, waits: bool) -> tuple[ActionId, ...]:
    why = facts.get("why")
    drop = {"retry"} if waits and "wait" in words.actions else {"wait"}
    if not facts.get("sources"):
        drop.add("show_sources")
    if facts["status"] in ("answered", "degraded") and why is not None and not why.transient:
        drop.add("new_answer")
    return tuple(each for each in words.actions if each not in drop)
