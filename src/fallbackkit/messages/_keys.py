"""Every message there is: its name in the files of words, its form, and the facts that it may name."""

from __future__ import annotations

from functools import cache
from string import Formatter
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from fallbackkit.errors import FailureKind
from fallbackkit.messages._manner import SITUATIONS
from fallbackkit.messages._shipped import shipped
from fallbackkit.messages._types import ActionId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fallbackkit.messages._catalogue import Text

__all__ = ["Form", "Key", "keys"]

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

_NOTICES: dict[str, Key] = {
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
    _NOTICES[f"kinds.{_kind}.title"] = _TITLE
    _NOTICES[f"kinds.{_kind}.body"] = _BODY
    _NOTICES[f"kinds.{_kind}.clause"] = _NOTICES[f"kinds.{_kind}.cause"] = Key()
for _situation in SITUATIONS:
    _NOTICES[f"situations.{_situation}.title"] = _TITLE
    _NOTICES[f"situations.{_situation}.body"] = _BODY


@cache
def keys() -> Mapping[str, Key]:
    """All messages: those of the notices, and those of the components, for which the English words are the model."""
    return _NOTICES | {name: _modelled(text) for name, text in shipped("en").items() if name not in _NOTICES}


def _modelled(text: Text) -> Key:
    form: Form = "line" if isinstance(text, str) else "sentences" if isinstance(text, tuple) else "plural"
    texts = (text,) if isinstance(text, str) else text if isinstance(text, tuple) else text.values()
    return Key(form, frozenset(name for each in texts for _, name, _, _ in Formatter().parse(each) if name is not None))
