from __future__ import annotations

import importlib
import inspect
import sys
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

__all__ = ["PROBLEMS", "Broken", "Component", "Shelf", "Story", "shipped"]

PROBLEMS = (
    "How sure is it?",
    "Where is it from?",
    "It is not available",
    "Waiting",
    "A person is needed",
    "Under the hood",
    "The whole answer",
)
_NAMES = "fallbackkit_stories"


@dataclass(frozen=True, slots=True)
class Story:
    """One state of a component. ``make`` returns what its view is given."""

    name: str
    says: str
    make: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Component:
    """One file of stories.

    Attributes:
        name: The file's name without its ending.
        problem: What the person has to cope with; components are grouped by it.
        guidance: When to use it and when not, a paragraph each.
        view: Draws what a story makes.
    """

    name: str
    problem: str
    guidance: tuple[str, ...]
    view: Callable[..., Any]
    stories: tuple[Story, ...]

    @property
    def title(self) -> str:
        return self.name.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that cannot be shown, and why, in a sentence."""

    name: str
    says: str

    def __str__(self) -> str:
        return f"{self.name}.py cannot be shown. {self.says}"


class Shelf:
    """All stories of a folder. Files that changed are read again; safe to share between threads.

    Args:
        folder: Holds one ``.py`` file a component, which may import others of them (``from . import another``); names
            that begin with ``_`` are left out.

    Raises:
        ValueError: There is no such folder, or no file of stories in it.

    Example:
        >>> len(Shelf(shipped()).components) > 0
        True
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder).resolve()
        self._lock = Lock()
        self._state: dict[Path, int] = {}
        self._found: list[Component | Broken] = []
        if not self._files():
            kind = "no file of stories" if self.folder.is_dir() else "no such folder"
            raise ValueError(
                f"`folder` must hold stories, got {str(folder)!r}: {kind}; put one .py file a component there"
            )

    @property
    def components(self) -> tuple[Component, ...]:
        """In the order of the problems, and by name."""
        found = [each for each in self._all() if isinstance(each, Component)]
        others = sorted({each.problem for each in found} - set(PROBLEMS))
        order = {problem: place for place, problem in enumerate((*PROBLEMS, *others))}
        return tuple(sorted(found, key=lambda each: (order[each.problem], each.name)))

    @property
    def broken(self) -> tuple[Broken, ...]:
        """The files that cannot be shown."""
        return tuple(each for each in self._all() if isinstance(each, Broken))

    def __getitem__(self, name: str) -> Component | Broken:
        return next(each for each in self._all() if each.name == name)

    def __contains__(self, name: str) -> bool:
        return any(path.stem == name for path in self._files())

    def _files(self) -> list[Path]:
        return [path for path in sorted(self.folder.glob("*.py")) if not path.stem.startswith("_")]

    def _all(self) -> list[Component | Broken]:
        state = {path: path.stat().st_mtime_ns for path in self._files()}
        with self._lock:
            if state != self._state:  # all of them: one may use another
                package = _package(self.folder)
                self._state, self._found = state, [_read(path, package) for path in state]
            return self._found


def shipped() -> Path:
    """The folder with the kit's own stories: as installed, or in a checkout."""
    home = Path(str(files("fallbackkit")))
    installed = home / "_stories"
    return installed if installed.is_dir() else home.parents[1] / "stories"


def _read(path: Path, package: ModuleType) -> Component | Broken:
    try:
        return _component(path.stem, importlib.import_module(f"{package.__name__}.{path.stem}"))
    except _Unusable as error:
        return Broken(path.stem, str(error))
    except Exception as error:  # noqa: BLE001 - the file is somebody's work in progress
        return Broken(path.stem, said(error, path))


class _Unusable(Exception):
    """The file is no file of stories, and why."""


def _package(folder: Path) -> ModuleType:
    """A new package that is the folder, so that one file of it can say ``from . import another``."""
    name = f"{_NAMES}_{blake2b(str(folder).encode(), digest_size=4).hexdigest()}"
    for module in [each for each in sys.modules if each == name or each.startswith(f"{name}.")]:
        del sys.modules[module]
    package = sys.modules[name] = ModuleType(name)
    package.__path__ = [str(folder)]
    importlib.invalidate_caches()
    return package


def _component(name: str, module: ModuleType) -> Component:
    problem, view = getattr(module, "PROBLEM", None), getattr(module, "VIEW", None)
    guidance = inspect.cleandoc(module.__doc__ or "")
    if not isinstance(problem, str):
        raise _Unusable('It has no PROBLEM; add one, such as PROBLEM = "Waiting".')
    if not callable(view):
        raise _Unusable("It has no VIEW; add the function that draws its stories: VIEW = views.wait_progress.")
    if not guidance:
        raise _Unusable("It does not say when to use the component; begin it with a docstring.")
    stories = tuple(_story(key, made) for key, made in vars(module).items() if _is_story(key, made, module))
    if not stories:
        raise _Unusable("It has no stories; add a function a state, which returns what the view is given.")
    paragraphs = tuple(" ".join(part.split()) for part in guidance.split("\n\n"))
    return Component(name, problem, paragraphs, view, stories)


def _is_story(name: str, made: object, module: ModuleType) -> bool:
    if not inspect.isfunction(made) or name.startswith("_"):
        return False
    return made.__module__ == module.__name__ and made.__name__ == name


def _story(name: str, make: Callable[[], Any]) -> Story:
    return Story(name, " ".join((make.__doc__ or "").split()), make)


def said(error: Exception, path: Path | None = None) -> str:
    """An exception as a sentence, with the line of the file where it came from."""
    line, cause = None, error.__traceback__
    while cause is not None:
        if path is not None and cause.tb_frame.f_code.co_filename == str(path):
            line = cause.tb_lineno
        cause = cause.tb_next
    if isinstance(error, SyntaxError):
        line = error.lineno
    where = f" (line {line})" if line else ""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}{where}{': ' if message else ''}{message}"
