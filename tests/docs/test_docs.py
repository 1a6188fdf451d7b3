from __future__ import annotations

import doctest
import importlib
import inspect
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SRC = ROOT / "src"
MODULES = [
    ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted((SRC / "fallbackkit").rglob("*.py"))
]
FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(page, *languages):
    """Each fenced block, padded so that a traceback names the page's own line."""
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        if found[1] in languages:
            yield "\n" * text[: found.start(2)].count("\n") + found[2]


def anchors(page):
    """The heading anchors, as the usual Markdown hosts make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pages
def test_every_python_block_runs(page, tmp_path, monkeypatch, request):
    """The blocks of a page run in order, in one namespace, in an empty folder; then the tests that they define."""
    monkeypatch.chdir(tmp_path)
    namespace = runpy.run_path(str(Path(__file__).with_name("prelude.py")))
    for block in blocks(page, "python"):
        exec(compile(block, page, "exec"), namespace)  # noqa: S102 - running it is the point
    for test in [value for name, value in namespace.items() if name.startswith("test_")]:
        test(**{name: request.getfixturevalue(name) for name in inspect.signature(test).parameters})


@pages
def test_every_command_exists(page):
    """What a page tells people to type is there: make targets and this repository's scripts."""
    targets = set(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    text = page.read_text(encoding="utf-8")
    shell = "\n".join(blocks(page, "sh", "bash", "shell", "console"))
    named = re.findall(r"^(?:\$ )?make ([a-z]+)", shell, re.MULTILINE) + re.findall(r"`make ([a-z]+)`", text)
    assert set() == set(named) - targets
    scripts = re.findall(r"(?:python|sh|bash) ((?:[\w.-]+/)+[\w.-]+)", shell + text)
    assert [] == [script for script in scripts if not (ROOT / script).exists()]


@pages
def test_every_link_inside_the_repository_resolves(page):
    """Links to files and headings of this repository lead somewhere."""
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name} links to {link}"
        assert not anchor or anchor in anchors(target), f"{page.name} links to {link}"


@pytest.mark.parametrize("module", MODULES)
def test_every_docstring_example_runs(module, tmp_path, monkeypatch):
    """The examples in the docstrings give what they say they give."""
    monkeypatch.chdir(tmp_path)
    failed, _ = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert failed == 0
