"""The README says what happens when something fails; this is where it is made to say what really happens."""

from __future__ import annotations

import difflib
import runpy
from pathlib import Path
from typing import get_args

import pytest

from fallbackkit._outcome import Status

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "what_happens.py"))
README = ROOT / "README.md"


def test_the_readme_says_what_happens():
    """Every row is run, and has to come out as it is printed."""
    said = README.read_text(encoding="utf-8")
    happens = SCRIPT["put"](said, SCRIPT["tables"]())
    changes = "\n".join(difflib.unified_diff(said.splitlines(), happens.splitlines(), n=0, lineterm=""))
    assert said == happens, f"run `python scripts/what_happens.py --into README.md`:\n{changes}"


def test_every_way_to_end_is_shown():
    """Each status that a call can end with has a row, and no two rows are about the same."""
    rows = [SCRIPT["cells"](row) for row in SCRIPT["ROWS"]]
    assert set(get_args(Status)) - {"working", "streaming"} == {status for status, _ in rows} == set(SCRIPT["SHOWN"])
    assert len(rows) == len({cells[0] for _, cells in rows})


def test_only_what_stands_between_the_marks_is_exchanged():
    """The rest of the page is the author's."""
    page = SCRIPT["put"](f"before {SCRIPT['BEGIN']} old {SCRIPT['END']} after", "new")
    assert (True, True, False) == (page.startswith("before "), page.endswith(" after"), " old " in page)
    assert "\n\nnew\n\n" in page
    assert page == SCRIPT["put"](page, "new")


def test_a_page_without_the_marks_is_refused():
    """Otherwise the page would grow by a second copy."""
    with pytest.raises(ValueError, match="the page needs the lines"):
        SCRIPT["put"]("# A page", "new")
