from __future__ import annotations

import argparse
import importlib
import importlib.util
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main"]

_FINE, _TO_MEND, _NOT_UNDERSTOOD = 0, 1, 2
_TARGET = "where the wrapped function is: `package.module:name`, found from the current folder"


def main(arguments: Sequence[str] | None = None) -> int:
    """The ``fallbackkit`` command.

    Args:
        arguments: As on the command line; None reads them there.

    Returns:
        The exit code: 0 fine, 1 something to mend, 2 what was asked for cannot be done.

    Raises:
        SystemExit: Help was asked for (0), or the command was not understood (2).
    """
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except _Unusable as error:
        print(f"fallbackkit {options.command}: {error}", file=sys.stderr)
        return _NOT_UNDERSTOOD
    return code


class _Unusable(Exception):
    """What was asked for cannot be done, and why."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fallbackkit",
        description="Rehearse how an AI feature fails, and look at what it needs, before an outage does.",
        epilog="Each command explains itself: fallbackkit drill --help. Exit codes: 0 fine, 1 something to mend, "
        "2 the command was not understood.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    _add_drill(commands)
    _add_doctor(commands)
    _add_stories(commands)
    demo = commands.add_parser(
        "demo",
        help="ask a manual: a local model, a search, a person",
        description="Start the demo's page. `fallbackkit demo --help` after installing fallbackkit[demo] says more.",
        add_help=False,
    )
    demo.add_argument("rest", nargs=argparse.REMAINDER)
    demo.set_defaults(run=_demo)
    return parser


def _add_drill(commands: Any) -> None:
    drill = commands.add_parser(
        "drill",
        help="run a wrapped function through every failure, and show what people would see",
        description="Runs a wrapped function through every kind of failure, at every step of its ladder, on a virtual "
        "clock, and prints who would answer, when, and what is wrong with that. Each fallback is called once for "
        "real first, with the arguments that you give; the function itself is not. Nothing that the function "
        "keeps (breakers, caches, budgets, tickets) is touched.",
        epilog="example: fallbackkit drill shop.help:ask 'How do I return a parcel?' --html drill.html",
    )
    drill.add_argument("target", metavar="MODULE:NAME", help=_TARGET)
    drill.add_argument("arguments", nargs="*", help="what to call it with; each is a string")
    drill.add_argument("--limit", type=float, metavar="SECONDS", help="when an answer is late, if there is no Deadline")
    drill.add_argument("--no-rehearsal", action="store_true", help="do not call the fallbacks for real")
    drill.add_argument("--html", type=Path, metavar="FILE", help="write a page with the cards that people would see")
    drill.add_argument("--junit", type=Path, metavar="FILE", help="write the result for a build server")
    drill.add_argument("--json", action="store_true", help="print the report as JSON")
    drill.set_defaults(run=_drill)


def _add_doctor(commands: Any) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="say what is installed, open, unrehearsed, or without words",
        description="Says what is installed, which breakers are open, which clients retry by themselves, which "
        "fallbacks nobody has tried, which errors no rule knows, and which messages have no words in a language. "
        "Nothing is called and nothing changed.",
        epilog="example: fallbackkit doctor shop.help:ask --drill drill.json --messages words/fr.toml",
    )
    doctor.add_argument("targets", nargs="*", metavar="MODULE:NAME", help=_TARGET)
    doctor.add_argument(
        "--drill",
        type=Path,
        metavar="FILE",
        help="what `fallbackkit drill --json` printed: its fallbacks are rehearsed",
    )
    doctor.add_argument(
        "--messages", type=Path, action="append", default=[], metavar="FILE", help="your own words; may be repeated"
    )
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")
    doctor.set_defaults(run=_doctor)


def _add_stories(commands: Any) -> None:
    stories = commands.add_parser(
        "stories",
        help="show every state of every component, side by side",
        description="Shows what people see when an AI feature fails: each component in each of its states, light and "
        "dark, narrow and wide, in several languages, with the Python of each state. Without PATH it shows the folder "
        "`stories` of the current folder, or the kit's own stories if there is none. A file that you change is read "
        "again when you load its page.",
        epilog="example: fallbackkit stories --port 8080, or without a server: fallbackkit stories --build site",
    )
    stories.add_argument("path", nargs="?", type=Path, metavar="PATH", help="folder with one .py file a component")
    stories.add_argument("--port", type=int, default=6116, help="port of the page; the next free one if it is taken")
    stories.add_argument("--build", type=Path, metavar="DIR", help="write the pages into a folder, and stop")
    stories.set_defaults(run=_stories)


def _drill(options: argparse.Namespace) -> int:
    from fallbackkit.testing import drill

    ask = _load(options.target)
    limits = {} if options.limit is None else {"limit": options.limit}
    try:
        report = drill(ask, *options.arguments, rehearse=not options.no_rehearsal, **limits)
    except (TypeError, ValueError) as error:
        raise _Unusable(str(error)) from error
    print(report.model_dump_json(indent=2) if options.json else report.text())
    for file, make in ((options.html, report.html), (options.junit, report.junit)):
        if file is not None:
            _write(file, make)
    return _FINE if report.ok else _TO_MEND


def _doctor(options: argparse.Namespace) -> int:
    from fallbackkit.doctor import examine
    from fallbackkit.messages import Messages

    asks = [_load(target) for target in options.targets]
    try:
        found = examine(*asks, rehearsed=_rehearsed(options.drill), messages=Messages(*options.messages))
    except (OSError, TypeError, ValueError) as error:
        raise _Unusable(str(error)) from error
    print(found.model_dump_json(indent=2) if options.json else found.text())
    return _FINE if found.ok else _TO_MEND


def _demo(options: argparse.Namespace) -> int:
    for package in ("fallbackkit._demo", "demo"):  # as installed, and in a checkout
        if importlib.util.find_spec(package) is not None:
            sys.argv = [f"fallbackkit {options.command}", *options.rest]
            try:
                runpy.run_module(package, run_name="__main__", alter_sys=False)
            except SystemExit as end:
                return int(end.code or 0)
            return _FINE
    raise _Unusable("the demo is not installed; pip install 'fallbackkit[demo]'")


def _stories(options: argparse.Namespace) -> int:
    try:
        from fallbackkit.stories import Shelf, build, serve, shipped

        here = Path("stories")
        shelf = Shelf(options.path or (here if here.is_dir() else shipped()))
        if options.build is None:
            serve(shelf, port=options.port)
        else:
            print(f"wrote {len(build(shelf, options.build))} files; open {options.build / 'index.html'}")
            for each in shelf.broken:
                print(f"fallbackkit stories: {each}", file=sys.stderr)
    except ModuleNotFoundError as error:
        raise _Unusable(f"{error.name} is not installed; pip install 'fallbackkit[ui]'") from error
    except (ImportError, OSError, ValueError) as error:
        raise _Unusable(str(error)) from error
    return _TO_MEND if shelf.broken else _FINE


def _rehearsed(file: Path | None) -> set[str]:
    if file is None:
        return set()
    from fallbackkit.testing import Report

    report = Report.model_validate_json(file.read_text(encoding="utf-8"))
    return {rehearsal.rung for rehearsal in report.rehearsals if rehearsal.ok}


def _load(target: str) -> Any:
    module, colon, name = target.partition(":")
    if not (module and colon and name):
        raise _Unusable(f"{target!r} does not say where the function is; write it as package.module:name")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise _Unusable(f"{module!r} cannot be imported ({why}); start from the folder that holds it") from error
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            raise _Unusable(f"{module!r} has no {name!r}; name the wrapped function in it") from error
    if not hasattr(found, "pipeline"):
        kind = type(found).__name__
        raise _Unusable(f"{target} is not wrapped, but of type {kind}; decorate it with protect(…) or a Pipeline")
    return found


def _write(file: Path, make: Callable[[], str]) -> None:
    try:
        text = make()
    except ImportError as error:  # it says what to install
        raise _Unusable(str(error)) from error
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _Unusable(f"{file} cannot be written: {error.strerror}") from error
    print(f"wrote {file}", file=sys.stderr)
