"""The language manual that ships inside CPython, in passages that can be searched."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from math import log
from pydoc_data.topics import topics
from typing import TYPE_CHECKING

from .links import topic_url
from .words import distinctive, stems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Hit", "Manual", "Passage", "sentences"]

_LONGEST_PASSAGE = 900
_FEWEST_WORDS = 3
_SENTENCE_END = re.compile(r"(?<=[.!?:])(?:[”\")]*)\s+(?=[\"“(A-Z*])")
_PROSE = re.compile(r"[a-z]{2,} [a-z]{2,} .*[.:)’”]$")
_TABLE = re.compile(r"(?m)^\s*[+=|][-=+| ]{3}")
_DEFINITION = re.compile(r"^[\w.]+(?:\(.*\)|\[.*\])?$")


def sentences(text: str) -> list[str]:
    """The sentences of a passage's prose, verbatim; code and grammar are left out."""
    prose = (block for block in text.split("\n\n") if "\n" not in block)
    return [
        sentence for block in prose for sentence in _SENTENCE_END.split(block) if len(sentence.split()) >= _FEWEST_WORDS
    ]


@dataclass(frozen=True, slots=True)
class Passage:
    """A few paragraphs of one section.

    Attributes:
        heading: The sub-section or the method that they describe.
        part: How many passages under the same heading stand before this one.
    """

    topic: str
    title: str
    heading: str
    text: str
    part: int = 0

    @property
    def url(self) -> str:
        """The place in the online manual."""
        return topic_url(self.topic, self.heading)

    @property
    def name(self) -> str:
        """What a person would call the place."""
        return self.title if self.heading in {"", self.title} else f"{self.title}: {self.heading}"


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found. ``rank`` is bm25 as SQLite counts it: lower is better."""

    passage: Passage
    rank: float


def _reflow(block: str) -> str:
    line = " ".join(block.split())
    return line if _PROSE.search(line) and ">>>" not in line else block


def _paragraphs(text: str) -> Iterator[tuple[str, str]]:
    """Yields (heading, paragraph). Text under an indented definition belongs to that definition."""
    section = definition = ""
    blocks = [block.strip("\n") for block in re.split(r"\n\s*\n", text) if block.strip()]
    for block in blocks:
        first, _, rest = block.partition("\n")
        if re.fullmatch(r"([*=\-~^])\1{2,}", rest.strip()):
            section, definition = first.strip(), ""
        elif not block.startswith(" ") and _DEFINITION.match(first.removeprefix("class ")):
            definition = first
            body = "\n".join(line[3:] for line in rest.split("\n") if line.startswith("   "))
            if body:
                yield definition, _reflow(body)
        elif block.startswith("   ") and definition:
            yield definition, _reflow(re.sub(r"(?m)^   ", "", block))
        else:
            definition = ""
            yield section, _reflow(block)


def _passages(topic: str, text: str, seen: set[str]) -> Iterator[Passage]:
    title = text.partition("\n")[0].strip()
    heading, part, held = "", 0, list[str]()
    for where, paragraph in _paragraphs(text):
        if paragraph in seen or "::=" in paragraph or _TABLE.search(paragraph):
            continue
        seen.add(paragraph)
        if held and (where != heading or sum(map(len, held)) + len(paragraph) > _LONGEST_PASSAGE):
            yield Passage(topic, title, heading, "\n\n".join(held), part)
            held, part = [], part + 1
        heading, part = where, part if where == heading else 0
        held.append(paragraph)
    if held:
        yield Passage(topic, title, heading, "\n\n".join(held), part)


def _all_passages() -> Iterator[Passage]:
    """Short topics first: the long ones repeat them, and the short one names the better link."""
    seen: set[str] = set()
    for topic in sorted(topics, key=lambda name: (len(topics[name]), f'"{name}"' not in topics[name][:40], name)):
        yield from _passages(topic, topics[topic], seen)


class Manual:
    """The searchable manual, indexed in memory. Safe to share between threads.

    Example:
        >>> Manual().search("What does the with statement guarantee?")[0].passage.topic
        'with'
    """

    def __init__(self) -> None:
        self.passages = tuple(_all_passages())
        self._lock = threading.Lock()
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._db.execute(
            """create virtual table page using fts5(
                heading, body, tokenize="unicode61 remove_diacritics 0 tokenchars '_'"
            )"""
        )
        documents = [(stems(page.name), stems(page.text)) for page in self.passages]
        self._db.executemany("insert into page values (?, ?)", ((" ".join(h), " ".join(b)) for h, b in documents))
        self._frequency = Counter(word for heading, body in documents for word in {*heading, *body})

    def close(self) -> None:
        """Drop the index."""
        with self._lock:
            self._db.close()

    def weight(self, stem: str) -> float:
        """Inverse document frequency: high for a rare word, highest for one that the manual never uses."""
        return log(1 + len(self.passages) / (1 + self._frequency[stem]))

    def coverage(self, question: str, text: str) -> float:
        """How much of what the question is about the text mentions at all, in [0, 1], rare words counting more."""
        wanted = distinctive(question)
        total = sum(map(self.weight, wanted))
        found = set(stems(text))
        return sum(self.weight(stem) for stem in wanted if stem in found) / total if total else 0.0

    def search(self, question: str, limit: int = 5) -> list[Hit]:
        """The best passages by bm25. Any text is a valid question; one without words finds nothing.

        Args:
            limit: How many passages at most.
        """
        wanted = distinctive(question)
        if not wanted:
            return []
        with self._lock:
            rows = self._db.execute(
                "select rowid, bm25(page, 4.0, 1.0) as score from page where page match ? order by score limit ?",
                (_query(wanted), limit),
            ).fetchall()
        return [Hit(self.passages[row - 1], score) for row, score in rows]


def _query(wanted: Iterable[str]) -> str:
    words = tuple(wanted)
    return " OR ".join(f'"{term}"' for term in (*words, *map(" ".join, pairwise(words))))
