from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from string import Formatter
from typing import TYPE_CHECKING, Any
from unicodedata import category

from fallbackkit.messages import _cldr
from fallbackkit.messages._catalogue import LONGEST_BODY
from fallbackkit.messages._keys import Key, keys
from fallbackkit.messages._pseudo import PSEUDO
from fallbackkit.messages._shipped import flat, messages_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fallbackkit.messages._catalogue import Book

__all__ = ["LONGEST_TITLE", "read"]

LONGEST_TITLE = 60
_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|\d{3}))?")


def read(path: Path) -> tuple[str, Book]:
    """The language and the words of a file.

    Raises:
        ValueError: Something in it cannot be used; all that is wrong is said at once.
        OSError: It cannot be read.
    """
    tag = _cldr.canonical(path.stem)
    conventions = _cldr.conventions(tag)
    if path.suffix != ".toml" or conventions is None or tag in PSEUDO or not _TAG.fullmatch(tag):
        raise ValueError(
            f"{path} is not named for a language; name it by its BCP 47 tag, such as `fr.toml` or `pt-BR.toml`"
        )
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not TOML in UTF-8: {error}") from None
    found = dict(messages_of(table, known=keys()))
    problems = [
        f"{path}: `{key}` {wrong}" for key, text in found.items() for wrong in _problems(key, text, conventions)
    ]
    if problems:
        raise ValueError("\n".join(problems))
    return tag, flat(table)


def _problems(key: str, value: object, conventions: str) -> Iterator[str]:
    if key not in keys():
        near = get_close_matches(key, keys(), n=1)
        yield "is no message" + (f"; did you mean `{near[0]}`?" if near else "; see docs/messages.md for all there are")
        return
    kind = keys()[key]
    match kind.form, value:
        case "line", str():
            yield from _wrong(value, kind)
        case "title", str():
            yield from _wrong(value, kind)
            if len(value) > LONGEST_TITLE:
                yield f"has {len(value)} characters, and a title may have {LONGEST_TITLE}: {value!r}; shorten it"
        case "sentences", list():
            yield from _wrong_sentences(value, kind)
        case "plural", dict():
            yield from _wrong_forms(value, kind, conventions)
        case "sentences", _:
            yield f"must be a list of sentences, got {value!r}"
        case "plural", _:
            yield f"must be a table with a form for each plural category, got {value!r}"
        case _:
            yield f"must be text, got {value!r}"


def _wrong_sentences(sentences: list[Any], key: Key) -> Iterator[str]:
    for sentence in sentences:
        yield from _wrong(sentence, key)
    always = " ".join(each for each in sentences if isinstance(each, str) and "{" not in each)
    if len(always) > LONGEST_BODY:
        yield f"has {len(always)} characters that are always there, and a body may have {LONGEST_BODY}; shorten it"


def _wrong_forms(forms: dict[str, Any], key: Key, conventions: str) -> Iterator[str]:
    known = _cldr.categories(conventions)
    if "other" not in forms:
        yield "needs a form `other`, for every number that has none of its own"
    for name, form in forms.items():
        if name not in known:
            yield f"has a form {name!r}, which this language does not use; its forms are {', '.join(sorted(known))}"
        yield from _wrong(form, key)


def _wrong(text: object, key: Key) -> Iterator[str]:
    if not isinstance(text, str) or not text.strip():
        yield f"must be text and not empty, got {text!r}"
        return
    if any(category(letter) == "Cc" for letter in text):
        yield f"must stand on one line, got {text!r}"
    try:
        named = [(name, bool(how or form)) for _, name, form, how in Formatter().parse(text) if name is not None]
    except ValueError as error:
        yield f"has a brace that belongs to no placeholder ({error}): {text!r}; write it twice to show it"
        return
    for name, formatted in named:
        if name not in key.facts or formatted:
            may = ", ".join(f"{{{fact}}}" for fact in sorted(key.facts)) or "none"
            yield f"has a placeholder {{{name}}} that it cannot have: {text!r}; it can have {may}"
