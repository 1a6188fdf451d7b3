from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"gradio", "sqlalchemy", "openai", "numpy", "pandas", "redis", "opentelemetry", "scipy", "hypothesis", "babel"}


def loaded_by(statement):
    """Top-level names in ``sys.modules`` after the statement, in a fresh interpreter."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import fallbackkit",
        "from fallbackkit import *",
        "import fallbackkit; fallbackkit.protect()(lambda question: question)('?')",
        "import fallbackkit.review",
        "import fallbackkit.providers, fallbackkit.messages, fallbackkit.events",
    ],
)
def test_core_loads_nothing_heavy(statement):
    """Importing and using the core costs nobody a web framework, a database or an SDK."""
    loaded = loaded_by(statement)
    assert {"fallbackkit", "pydantic"} <= loaded or statement == "import fallbackkit"
    # pybreaker takes redis with it where redis is installed.
    assert set() == (loaded & HEAVY) - loaded_by("import pybreaker")


def test_this_environment_has_what_the_core_must_not_load():
    """The test above means something only where the heavy packages could be imported."""
    assert {"gradio", "sqlalchemy", "openai", "numpy"} <= loaded_by("import gradio, sqlalchemy, openai, numpy")
