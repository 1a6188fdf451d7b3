from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _at_home(monkeypatch):
    """The samples are found as a user's own module is: from the current folder."""
    monkeypatch.chdir(HERE)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    yield
    sys.modules.pop("sample", None)
