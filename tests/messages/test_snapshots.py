"""The exact words of every kind and situation, in each language, as a reviewer reads them."""

from __future__ import annotations

import difflib
import runpy
from pathlib import Path

import pytest

from fallbackkit.errors import FailureKind
from fallbackkit.messages import Messages
from fallbackkit.messages._files import read

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "write_copy.py"))
PAGE = ROOT / "docs" / "messages.md"

languages = pytest.mark.parametrize("locale", Messages().locales)


def differences(old, new):
    """What changed, and what to do about it."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
    return "run `python scripts/write_copy.py` and review:\n" + "\n".join(lines)


@languages
def test_the_words_are_those_that_were_reviewed(locale):
    """A change of words is a change of this file."""
    reviewed = (SCRIPT["COPY"] / f"{locale}.txt").read_text(encoding="utf-8")
    assert reviewed == SCRIPT["deck"](locale), differences(reviewed, SCRIPT["deck"](locale))


@languages
def test_the_deck_shows_every_message(locale):
    """Every kind, every situation, every button and every sentence can be seen there."""
    deck = SCRIPT["deck"](locale)
    book = Messages().catalogues(locale)[0].book
    for name, text in book.items():
        if not name.startswith("ui.") and (name.endswith((".title", ".clause")) or name.startswith("actions.")):
            hidden = name in ("actions.stop", "actions.wait", "actions.retry")
            assert text in deck or hidden, name


@languages
def test_our_own_files_keep_the_rules_for_files(locale, tmp_path):
    """They are read at run time without being checked again."""
    home = ROOT / "src" / "fallbackkit" / "messages" / "locales"
    book = {}
    for path in (home / f"{locale}.toml", *(home / locale).iterdir()):
        text = path.read_text(encoding="utf-8")
        own = tmp_path / f"{locale}.toml"
        own.write_text(text, encoding="utf-8")
        tag, words = read(own)
        assert locale == tag
        assert not book.keys() & words.keys()
        book |= words
    assert book == Messages().catalogues(locale)[0].book


def test_the_manual_lists_every_kind():
    """As it reads in English."""
    page = PAGE.read_text(encoding="utf-8")
    written = SCRIPT["put"](page, SCRIPT["table"]())
    assert page == written, differences(page, written)
    assert all(f"| `{kind}` |" in page for kind in FailureKind)
