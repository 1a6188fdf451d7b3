from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from fallbackkit.messages import _cldr
from fallbackkit.messages._catalogue import Catalogue
from fallbackkit.messages._files import read
from fallbackkit.messages._keys import keys
from fallbackkit.messages._pseudo import PSEUDO, disguised
from fallbackkit.messages._shipped import LANGUAGES, shipped

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from fallbackkit.messages._catalogue import Book, Text

__all__ = ["SHIPPED", "Messages"]

_LAST = "en"


class Messages:
    """The words of the kit, with words of your own laid over them.

    The kit has English, German and Arabic, and the pseudo-locales ``en-XA`` and ``ar-XB``. A file
    named for a language (``fr.toml``, ``pt-BR.toml``) replaces messages or adds a language, message by
    message; later files lie over earlier ones. What ``pt-BR`` does not say is taken from ``pt``, and a
    notice without a title in either is said in English as a whole. Immutable; safe to share between
    threads and tasks. Build it once, when the program starts.

    Args:
        *paths: Files of words, or folders of them.

    Raises:
        ValueError: A file has an unknown message or placeholder, a title that is too long, a plural
            without ``other``, or is not TOML, and all that is wrong with it is said at once; or a
            folder has no such file.
        OSError: A path cannot be read.

    Example:
        >>> Messages().locales
        ('ar', 'de', 'en')
    """

    def __init__(self, *paths: str | os.PathLike[str]) -> None:
        self._own: dict[str, Book] = {}
        for path in _each(paths):
            tag, book = read(path)
            self._own[tag] = {**self._own.get(tag, {}), **book}
        self._catalogues: dict[tuple[str, ...], Catalogue | None] = {}

    def __repr__(self) -> str:
        return f"<Messages {', '.join(self.locales)}>"

    @property
    def locales(self) -> tuple[str, ...]:
        """The languages that there are words in, without the pseudo-locales."""
        return tuple(sorted({*LANGUAGES, *self._own}))

    def missing(self, locale: str) -> tuple[str, ...]:
        """The messages that have no wording in this language, and so are said in English or not at all.

        Args:
            locale: BCP 47 tag.

        Returns:
            Their names, as they stand in a file: ``kinds.timeout.first_byte.title``; for a plural, the
            name of each form (``values.words.few``).

        Example:
            >>> Messages().missing("de")
            ()
        """
        found = self._catalogue(_cldr.chain(locale))
        if found is None:
            return tuple(keys())
        gaps = [key for key in keys() if key not in found.book]
        for key, forms in found.book.items():
            if isinstance(forms, dict):
                gaps += [f"{key}.{form}" for form in sorted(_cldr.categories(found.conventions) - set(forms))]
        return tuple(gaps)

    def catalogues(self, locale: str) -> tuple[Catalogue, ...]:
        """For the kit itself: the words to try, in order. The last ones are complete."""
        return _catalogues(self, locale)

    def _catalogue(self, tags: tuple[str, ...]) -> Catalogue | None:
        """What is said in this language, or None if nothing is."""
        tags = self._known(tags)
        if tags not in self._catalogues:
            self._catalogues[tags] = self._compiled(tags)
        return self._catalogues[tags]

    def _known(self, tags: tuple[str, ...]) -> tuple[str, ...]:
        """The conventions that are meant, and the tags with words: so what is kept does not grow with what is asked."""
        if tags[0] in PSEUDO:
            return tags[:1]
        conventions = _cldr.conventions(tags[0]) or _LAST
        return (conventions, *(tag for tag in tags if tag in LANGUAGES or tag in self._own))

    def _compiled(self, tags: tuple[str, ...]) -> Catalogue | None:
        conventions, *worded = tags
        if conventions in PSEUDO:
            return disguised(conventions, self._book(_LAST), _cldr.conventions(_LAST) or _LAST)
        if not worded:
            return None
        book: dict[str, Text] = {}
        for tag in reversed(worded):
            book |= self._book(tag)
        return Catalogue(worded[0], conventions, _cldr.direction(conventions), book)

    def _book(self, tag: str) -> Book:
        return {**(shipped(tag) if tag in LANGUAGES else {}), **self._own.get(tag, {})}


@lru_cache(maxsize=256)
def _catalogues(messages: Messages, locale: str) -> tuple[Catalogue, ...]:
    found = (messages._catalogue(tags) for tags in (_cldr.chain(locale), (_LAST,)))  # noqa: SLF001  # of this module
    return tuple(catalogue for catalogue in found if catalogue is not None)


def _each(paths: tuple[str | os.PathLike[str], ...]) -> Iterator[Path]:
    for path in map(Path, paths):
        found = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        if not found:
            raise ValueError(f"{path} has no file of words; name the folder that holds your `fr.toml`")
        yield from found


SHIPPED = Messages()
