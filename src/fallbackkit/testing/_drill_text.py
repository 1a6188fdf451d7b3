from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fallbackkit.testing._drill_report import Cell, Finding, Rehearsal, Report

__all__ = ["heading", "noted", "red_by_finding", "span", "summary", "text", "where", "wrong"]

_WIDTH = 120
_KIND = 23
_FAULT = 31
_FEW = 2
_COLUMNS = 3
_SHORTEST = 4
_MILLI = 0.001


def text(report: Report) -> str:
    """The report for a terminal."""
    parts = [
        _head(report),
        _rehearsals(report),
        *(_matrix(report, columns) for columns in _in_columns(report)),
        _sights(report),
        _notes(report),
        _red(report),
        summary(report),
    ]
    whole = "\n\n".join(part for part in parts if part) + "\n"
    return "".join([each if each.isprintable() or each == "\n" else "\ufffd" for each in whole])


def summary(report: Report) -> str:
    """The verdict, in a line."""
    red, broken = len(report.red()), sum(not rehearsal.ok for rehearsal in report.rehearsals)
    wrong = [f"{_count(red, 'red cell')}"] * bool(red)
    wrong += [f"{_count(broken, 'fallback')} that would not answer today"] * bool(broken)
    verdict = " and ".join(wrong) if wrong else "No red cell"
    calls = f"{len(list(report.rows()))} faults, {len(report.cells)} calls, {report.took:.1f} s"
    return f"{verdict} ({calls})."


def _head(report: Report) -> str:
    told = f"Drill of `{report.name}`: {', then '.join(report.steps)}. Asked {', '.join(report.faces)}."
    return "\n".join([*_wrapped(told, "  "), *_wrapped(f"  {report.chain}", "  ")])


def _rehearsals(report: Report) -> str:
    if not report.rehearsals:
        return "Rehearsal\n  there is no fallback to rehearse"
    return "\n".join(["Rehearsal", *(line for each in report.rehearsals for line in _rehearsed(each))])


def _rehearsed(rehearsal: Rehearsal) -> Iterator[str]:
    took = "" if rehearsal.seconds is None else f" in {span(rehearsal.seconds)}"
    mark = "  " if rehearsal.ok else "  RED  "
    said = f": {rehearsal.sentence}" if rehearsal.sentence else took
    yield from _wrapped(f"{mark}{rehearsal.rung} {rehearsal.played}{said}", "      ")
    if rehearsal.remedy:
        yield from _wrapped(f"      {rehearsal.remedy}", "      ")


def _in_columns(report: Report) -> list[Sequence[int]]:
    """Which numbers of struck steps stand beside one another."""
    most = _COLUMNS if len(report.steps) > _FEW else _FEW
    depths = range(1, len(report.steps) + 1)
    return [depths[start : start + most] for start in range(0, len(depths), most)]


def heading(report: Report, depth: int) -> str:
    """Which steps fail in a column."""
    return f"{report.steps[0]} fails" if depth == 1 else f"and {report.steps[depth - 1]}"


def _matrix(report: Report, columns: Sequence[int]) -> str:
    kinds = len(report.steps) <= _FEW
    left = (_KIND if kinds else 0) + _FAULT
    width = (_WIDTH - left) // len(columns)
    numbers = {sight: number for number, sight in enumerate(report.sights(), 1)}
    lines = [
        *_wrapped(f"Who answers, after how long, calls of {' + '.join(report.steps)}, [what people read]", "  "),
        "",
        " " * left + _row([heading(report, depth) for depth in columns], width),
    ]
    for kind, fault, cells in report.rows():
        for n, (faces, line) in enumerate(_by_face(cells, columns, width, numbers)):
            if n == 0:
                lines.append(f"{kind:{_KIND}}" * kinds + f"{fault:{_FAULT}}" + line)
            else:
                lines.append(" " * (_KIND * kinds) + f"{f'  {faces}':{_FAULT}}" + line)
    return "\n".join(line.rstrip() for line in lines)


def _by_face(
    cells: Iterable[Cell], columns: Sequence[int], width: int, numbers: dict[tuple[object, ...], int]
) -> Iterator[tuple[str, str]]:
    """One line for all faces if they agree, else one for each that differs."""
    lines: dict[str, list[str]] = {}
    by_face: dict[str, dict[int, Cell]] = {}
    for cell in cells:
        by_face.setdefault(cell.face, {})[cell.struck] = cell
    for face, found in by_face.items():
        texts = [
            _brief(found[depth], numbers[found[depth].sight], width - 1) if depth in found else "-" for depth in columns
        ]
        lines.setdefault(_row(texts, width), []).append(face)
    for line, faces in lines.items():
        yield ", ".join(faces), line


def _row(texts: Iterable[str], width: int) -> str:
    return "".join(f"{_shortened(text, width - 1):{width}}" for text in texts)


def _brief(cell: Cell, number: int, width: int) -> str:
    """A cell in a few words; if there is too little room, the name is cut."""
    red = f"{cell.findings[0].verdict.upper()} " if cell.findings else ""
    took = "never" if cell.seconds is None else f"{cell.seconds:.1f} s"
    rest = f" {took} {'+'.join(map(str, cell.attempts))} [{number}]"
    return f"{red}{_shortened(cell.who, max(_SHORTEST, width - len(red + rest)))}{rest}"


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _sights(report: Report) -> str:
    lines = ["What people read"]
    for number, cell in enumerate(report.sights().values(), 1):
        title = f"“{cell.title}”" if cell.title else "nothing: an exception came out"
        lines += _wrapped(f"  [{number}] {title} ({cell.who}, {cell.status or 'raised'}){wrong(cell)}", "      ")
    return "\n".join(lines)


def wrong(cell: Cell) -> str:
    """What is wrong with what people see in it."""
    return "".join(f"; {finding.verdict}: {finding.sentence}" for finding in cell.findings if finding.verdict != "late")


def _notes(report: Report) -> str:
    lines = [*noted(report), *(f"left out: {why}" for why in report.left_out)]
    return "\n".join(
        ["Worth knowing", *(each for line in lines for each in _wrapped(f"  {line}", "    "))] * bool(lines)
    )


def noted(report: Report) -> list[str]:
    """What is worth knowing, and where."""
    found: dict[str, list[Cell]] = {}
    for cell in report.cells:
        for note in cell.notes:
            found.setdefault(note, []).append(cell)
    notes = [f"{note} ({_count(len(cells), 'cell')}: {where(cells)})" for note, cells in found.items()]
    return [_cost(report), *notes]


def _cost(report: Report) -> str:
    usages = [cell.usage for cell in report.cells if cell.usage is not None and cell.usage.cost is not None]
    if not usages:
        return "no answer says what it costs, so the cost is unknown"
    dearest = max(usages, key=lambda usage: usage.cost or 0)
    return f"the answers of a call cost up to {dearest.cost:g} {dearest.currency}; what failed attempts cost is unknown"


def _red(report: Report) -> str:
    lines = []
    for finding, cells in red_by_finding(report):
        lines += _wrapped(f"  {finding.verdict.upper()}  {finding.sentence}", "    ")
        lines += _wrapped(f"    To mend it: {finding.remedy}", "    ")
        lines += _wrapped(f"    {_count(len(cells), 'cell')}: {where(cells)}", "    ")
    return "\n".join(["Red", *lines]) if lines else ""


def red_by_finding(report: Report) -> list[tuple[Finding, list[Cell]]]:
    """What is wrong, each with the cells in which it is."""
    found: dict[Finding, list[Cell]] = {}
    for cell in report.red():
        for finding in cell.findings:
            found.setdefault(finding, []).append(cell)
    return list(found.items())


def where(cells: Iterable[Cell], most: int = 6) -> str:
    """In which faults."""
    faults = list(dict.fromkeys(cell.fault for cell in cells))
    more = f", and {len(faults) - most} more" if len(faults) > most else ""
    return ", ".join(faults[:most]) + more


def span(seconds: float) -> str:
    """How long something really took."""
    if seconds < _MILLI:
        return "under 1 ms"
    return f"{seconds / _MILLI:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _wrapped(line: str, indent: str) -> list[str]:
    return textwrap.wrap(line, _WIDTH, subsequent_indent=indent, break_on_hyphens=False)


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
