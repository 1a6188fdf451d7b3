"""Every message there is: its name in the files of words, its form, and the facts that it may name."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias, get_args

from fallbackkit.errors import FailureKind
from fallbackkit.messages._manner import SITUATIONS
from fallbackkit.messages._types import ActionId

__all__ = ["KEYS", "Form", "Key"]

Form: TypeAlias = Literal["line", "title", "sentences", "plural"]


class Key(NamedTuple):
    """What a message is made of."""

    form: Form = "line"
    facts: frozenset[str] = frozenset()


_TITLE = Key("title")
_FOR_PEOPLE = frozenset({"again", "asked", "clause", "limit", "place", "reviewer", "saved", "ticket", "when", "words"})
_BODY = Key("sentences", _FOR_PEOPLE)
_INSIDE = frozenset({"cause", "kind", "reference", "requested", "served_by", "unserved"})
_MOMENT = frozenset({"day", "time", "zone"})

KEYS: dict[str, Key] = {
    **{f"actions.{action}": Key() for action in get_args(ActionId)},
    "operator.body": Key("sentences", _FOR_PEOPLE | _INSIDE),
    "values.reviewer": Key(),
    "values.zone": Key(facts=frozenset({"place"})),
    **{f"values.asked.{kind}": Key() for kind in ("model", "smaller_model", "search", "person", "other")},
    "values.line.first": Key(),
    "values.line.later": Key(facts=frozenset({"position"})),
    "values.line.timed": Key(facts=frozenset({"place", "span"})),
    "values.moment.today": Key(facts=_MOMENT | {"relative"}),
    "values.moment.dated": Key(facts=_MOMENT | {"relative"}),
    "values.moment.absolute": Key(facts=_MOMENT),
    "values.moment.date": Key(facts=frozenset({"day"})),
    "values.words": Key("plural", frozenset({"n"})),
}
for _kind in FailureKind:
    KEYS[f"kinds.{_kind}.title"] = _TITLE
    KEYS[f"kinds.{_kind}.body"] = _BODY
    KEYS[f"kinds.{_kind}.clause"] = KEYS[f"kinds.{_kind}.cause"] = Key()
for _situation in SITUATIONS:
    KEYS[f"situations.{_situation}.title"] = _TITLE
    KEYS[f"situations.{_situation}.body"] = _BODY
