from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from fallbackkit.messages import _cldr
from fallbackkit.messages._types import Action

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fallbackkit.messages._types import ActionId, Direction

__all__ = ["LONGEST_BODY", "Book", "Catalogue", "Text"]

Text: TypeAlias = "str | tuple[str, ...] | Mapping[str, str]"
Book: TypeAlias = "Mapping[str, Text]"

LONGEST_BODY = 140
_ISOLATE, _END = "\u2068", "\u2069"
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The words of one language, and the conventions of one reader. Immutable but for what it has made once."""

    lang: str
    conventions: str
    direction: Direction
    book: Book
    longest: int = LONGEST_BODY
    _made: dict[tuple[ActionId, bool], Action] = field(default_factory=dict)

    def line(self, key: str, values: Mapping[str, str] | None = None) -> str | None:
        """One message with its values, or None if this language has no wording for it."""
        text = self.book.get(key)
        return text.format_map(values or {}) if isinstance(text, str) else None

    def sentences(self, key: str) -> tuple[str, ...]:
        text = self.book.get(key, ())
        return text if isinstance(text, tuple) else ()

    def counted(self, key: str, count: int) -> str | None:
        """The form of a message that goes with the number."""
        forms: Any = self.book.get(key)
        if forms is None:
            return None
        form: str = forms.get(_cldr.plural(self.conventions, count)) or forms["other"]
        return form.format_map({"n": _cldr.number(self.conventions, count)})

    def action(self, action: ActionId, *, primary: bool) -> Action | None:
        """The button, made once."""
        made = self._made.get((action, primary))
        label = None if made else self.line(f"actions.{action}")
        if label is not None:
            made = self._made[action, primary] = Action(id=action, label=label, primary=primary)
        return made

    def isolated(self, value: str) -> str:
        """A value so that it keeps its own direction, and the sentence around it keeps its order."""
        mixed = self.direction == "rtl" or (
            not value.isascii() and any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in value)
        )
        return f"{_ISOLATE}{value}{_END}" if mixed else value
