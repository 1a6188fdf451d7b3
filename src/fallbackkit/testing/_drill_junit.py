from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from fallbackkit.testing._drill_text import heading

if TYPE_CHECKING:
    from fallbackkit.testing._drill_report import Cell, Rehearsal, Report

__all__ = ["junit"]

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> str:
    """The report as JUnit's XML."""
    suite = ET.Element(
        "testsuite",
        name=_clean(f"drill of {report.name}"),
        tests=str(len(report.cells) + len(report.rehearsals)),
        failures=str(len(report.red()) + sum(not each.ok for each in report.rehearsals)),
        errors="0",
        skipped=str(sum(each.played == "not rehearsed" for each in report.rehearsals)),
        time=f"{report.took:.3f}",
    )
    for rehearsal in report.rehearsals:
        _rehearsal(suite, report, rehearsal)
    for cell in report.cells:
        _cell(suite, report, cell)
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=False) + "\n"


def _rehearsal(suite: ET.Element, report: Report, rehearsal: Rehearsal) -> None:
    case = _case(suite, report, f"rehearsal of {rehearsal.rung}", rehearsal.seconds)
    if rehearsal.played == "not rehearsed":
        ET.SubElement(case, "skipped")
    elif not rehearsal.ok:
        _fail(case, rehearsal.played, rehearsal.sentence, rehearsal.remedy)


def _cell(suite: ET.Element, report: Report, cell: Cell) -> None:
    steps = " ".join(heading(report, depth) for depth in range(1, cell.struck + 1))
    case = _case(suite, report, f"{cell.kind}: {cell.fault} | {steps} | {cell.face}", cell.seconds)
    for finding in cell.findings[:1]:  # a case has one failure
        more = [f"{each.verdict}: {each.sentence}; {each.remedy}" for each in cell.findings[1:]]
        _fail(case, finding.verdict, finding.sentence, "\n".join([finding.remedy, *more]))


def _case(suite: ET.Element, report: Report, name: str, seconds: float | None) -> ET.Element:
    case = ET.SubElement(suite, "testcase", classname=_clean(f"drill.{report.name}"), name=_clean(name))
    if seconds is not None:
        case.set("time", f"{seconds:.3f}")
    return case


def _fail(case: ET.Element, kind: str, sentence: str, remedy: str) -> None:
    failure = ET.SubElement(case, "failure", type=_clean(kind), message=_clean(f"{kind}: {sentence}"))
    failure.text = _clean(remedy)


def _clean(text: str) -> str:
    """Without what XML cannot carry, not even escaped."""
    return _NOT_XML.sub("\ufffd", text)
