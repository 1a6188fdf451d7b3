from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fallbackkit.messages._catalogue import Book

__all__ = ["LANGUAGES", "flat", "is_plural", "messages_of", "shipped"]

LANGUAGES = ("ar", "de", "en")
_CATEGORIES = frozenset({"zero", "one", "two", "few", "many", "other"})


@cache
def shipped(tag: str) -> Book:
    """The words of the kit in a language: the notices, and those of each component in a file of its own."""
    home = files("fallbackkit.messages") / "locales"
    paths = [home / f"{tag}.toml", *sorted((home / tag).iterdir(), key=lambda path: path.name)]
    book: dict[str, Any] = {}
    for path in paths:
        book |= flat(tomllib.loads(path.read_text(encoding="utf-8")))
    return book


def flat(table: Mapping[str, Any]) -> Book:
    """The messages of a file that is known to be right, by name."""
    return {key: tuple(text) if isinstance(text, list) else text for key, text in messages_of(table)}


def messages_of(table: Mapping[str, Any], *, known: Mapping[str, object] | None = None) -> Iterator[tuple[str, Any]]:
    """Each message of a file with its name; a table is one if it is ``known`` as one, or looks like a plural."""
    yield from _messages(table, known or {}, "")


def _messages(table: Mapping[str, Any], known: Mapping[str, object], above: str) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        key = above + name
        if isinstance(value, dict) and key not in known and not is_plural(value):
            yield from _messages(value, known, f"{key}.")
        else:
            yield key, value


def is_plural(value: object) -> bool:
    """Whether it is one message with a form for each plural category."""
    return isinstance(value, dict) and "other" in value and value.keys() <= _CATEGORIES
