"""What `drill --html` writes, which needs the cards of fallbackkit.ui."""

from __future__ import annotations

import sys

import pytest

from fallbackkit.cli import main

GOOD = ["drill", "sample:good", "returns"]


def test_the_page_and_the_build_servers_file_are_written(tmp_path, capsys):
    """Both at once, and said on the other channel."""
    page, junit = tmp_path / "drill.html", tmp_path / "drill.xml"
    assert 0 == main([*GOOD, "--html", str(page), "--junit", str(junit)])
    assert f"wrote {page}\nwrote {junit}\n" == capsys.readouterr().err
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert junit.exists()


def test_a_page_that_cannot_be_written_is_said_in_a_line(capsys):
    """Exit code 2, as for the other file."""
    assert 2 == main([*GOOD, "--html", "/nowhere/drill.html"])
    assert "fallbackkit drill: /nowhere/drill.html cannot be written: " in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["fallbackkit.ui.views", "fallbackkit.ui._stylesheet"])
def test_without_the_cards_it_says_what_to_install(missing, tmp_path, capsys, monkeypatch):
    """In a line, after the matrix; no traceback, and no file."""
    monkeypatch.delitem(sys.modules, "fallbackkit.testing._drill_page", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    assert 2 == main([*GOOD, "--html", str(tmp_path / "drill.html")])
    shown = capsys.readouterr()
    assert "provider.5xx" in shown.out
    assert "fallbackkit drill: Report.html() draws the cards of fallbackkit.ui: pip install 'fallbackkit[ui]'\n" == (
        shown.err
    )
    assert [] == list(tmp_path.iterdir())
