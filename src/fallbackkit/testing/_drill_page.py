"""The report as one page that needs nothing else: no file, no address, no font from elsewhere."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from fallbackkit.testing._drill_text import heading, noted, red_by_finding, span, summary, where, wrong

try:
    from fallbackkit.ui._stylesheet import fonts, stylesheet
    from fallbackkit.ui.views import outcome_card
    from fallbackkit.ui.views._html import el
    from fallbackkit.ui.views._icons import icon
except ModuleNotFoundError as missing:
    raise ImportError("Report.html() draws the cards of fallbackkit.ui: pip install 'fallbackkit[ui]'") from missing

if TYPE_CHECKING:
    from markupsafe import Markup

    from fallbackkit.testing._drill_report import Cell, Rehearsal, Report
    from fallbackkit.ui.views._html import Child

__all__ = ["page"]

_SCRIPT = """
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark", dark.matches);
dark.addEventListener("change", follow);
follow();
addEventListener("click", (event) => {
  const button = event.target.closest("[data-toggle]");
  if (!button) return;
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(open));
  button.nextElementSibling.hidden = !open;
});
"""


_META = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'


def page(report: Report) -> str:
    """The report as HTML, every value escaped."""
    css = (files("fallbackkit.testing") / "drill.css").read_text("utf-8")
    style = f"<style>{fonts()}\n{stylesheet()}\n{css}</style>"
    title = el("title", f"Drill of {report.name}")
    parts = [_head(report), _rehearsals(report), _red(report), _matrix(report), _cards(report), _notes(report)]
    main = el("main", parts, class_="fk drill")
    return (
        f'<!doctype html>\n<html lang="en" dir="ltr">\n<head>{_META}{title}{style}</head>\n'
        f"<body>{main}<script>{_SCRIPT}</script></body>\n</html>\n"
    )


def _head(report: Report) -> Markup:
    tickets = any(cell.ticket for cell in report.cells)
    steps = [*report.steps, *["a person"] * tickets]
    return el(
        "header",
        el("h1", f"Drill of {report.name}"),
        el(
            "p",
            icon("ok" if report.ok else "danger"),
            el("span", summary(report)),
            class_=f"drill-verdict{'' if report.ok else ' is-red'}",
        ),
        el("ol", [el("li", el("span", step)) for step in steps], class_="drill-ladder", role="list"),
        el("p", f"Asked {', '.join(report.faces)}, on a virtual clock. Times are of that clock.", class_="drill-facts"),
        el("details", el("summary", "The whole chain"), el("code", report.chain)),
    )


def _section(title: str, intro: str, *body: Child) -> Markup:
    return el("section", el("h2", title), el("p", intro), *body)


def _rehearsals(report: Report) -> Markup | None:
    if not report.rehearsals:
        return _section("Rehearsal", "There is no fallback to rehearse.")
    return _section(
        "Rehearsal",
        "What each fallback did when it was called for real, alone, with the same arguments.",
        el("ul", [_rehearsed(each) for each in report.rehearsals], class_="drill-list", role="list"),
    )


def _rehearsed(rehearsal: Rehearsal) -> Markup:
    took = None if rehearsal.seconds is None else el("small", f" in {span(rehearsal.seconds)}")
    said = el("p", f"{rehearsal.sentence[:1].upper()}{rehearsal.sentence[1:]}.") if rehearsal.sentence else None
    remedy = el("p", el("small", f"To mend it: {rehearsal.remedy}.")) if rehearsal.remedy else None
    word = el("span", rehearsal.played, class_="is-ok-word" if rehearsal.ok else "is-red-word")
    return el("li", el("b", rehearsal.rung), el("div", el("p", word, took), said, remedy))


def _red(report: Report) -> Markup | None:
    findings = red_by_finding(report)
    if not findings:
        return None
    items = [
        el(
            "li",
            el("span", finding.verdict, class_="is-red-word"),
            el(
                "div",
                el("b", f"{finding.sentence[:1].upper()}{finding.sentence[1:]}."),
                el("p", f"To mend it: {finding.remedy}."),
                el("p", el("small", where(cells))),
            ),
        )
        for finding, cells in findings
    ]
    return _section("What is wrong", "And what to do about it.", el("ul", items, class_="drill-list", role="list"))


def _matrix(report: Report) -> Markup:
    depths = range(1, len(report.steps) + 1)
    headings = [heading(report, depth) for depth in depths]
    numbers = {sight: number for number, sight in enumerate(report.sights(), 1)}
    rows = []
    for kind, fault, cells in report.rows():
        found = [[cell for cell in cells if cell.struck == depth] for depth in depths]
        first = el("th", fault, el("code", kind), scope="row", role="rowheader")
        rest = [_cell(each, numbers, step) for each, step in zip(found, headings, strict=True)]
        rows.append(el("tr", first, *rest, role="row"))
    head = [el("th", name, scope="col", role="columnheader") for name in ["What happens", *headings]]
    return _section(
        "The matrix",
        f"Who answers, after how long, and with how many calls of {', '.join(report.steps)}. "
        "The number leads to what people see.",
        el(
            "table",
            el("thead", el("tr", *head, role="row"), role="rowgroup"),
            el("tbody", *rows, role="rowgroup"),
            class_="drill-matrix",
            role="table",
        ),
    )


def _cell(cells: list[Cell], numbers: dict[tuple[object, ...], int], step: str) -> Markup:
    """What becomes of it in each face; once, if they agree."""
    lines: dict[tuple[object, ...], list[Cell]] = {}
    for cell in cells:
        lines.setdefault((cell.sight, cell.seconds, cell.attempts, cell.findings), []).append(cell)
    shown = [_line(alike, numbers, told=len(lines) > 1) for alike in lines.values()]
    red = any(not cell.ok for cell in cells)
    return el("td", shown or el("small", "–"), class_="is-red" if red else None, data_step=step, role="cell")


def _line(cells: list[Cell], numbers: dict[tuple[object, ...], int], *, told: bool) -> Markup:
    cell, number = cells[0], numbers[cells[0].sight]
    took = "never ends" if cell.seconds is None else f"{cell.seconds:.1f} s"
    calls = " + ".join(map(str, cell.attempts))
    cost = "" if cell.usage is None or cell.usage.cost is None else f", {cell.usage.cost:g} {cell.usage.currency}"
    faces = f"{', '.join(each.face for each in cells)}: " if told else ""
    verdicts = [el("span", f"{finding.verdict}: ", class_="is-red-word") for finding in cell.findings[:1]]
    return el(
        "div",
        el("a", str(number), href=f"#sight-{number}", aria_label=f"What people see: {number}"),
        el("span", *verdicts, cell.who),
        el("small", f"{faces}{took}, calls {calls}{cost}"),
        class_="drill-cell",
    )


def _cards(report: Report) -> Markup:
    cards = [_card(number, cell, report) for number, cell in enumerate(report.sights().values(), 1)]
    return _section(
        "What people see",
        "Each card as it is drawn for them. The buttons do nothing here.",
        el("div", *cards, class_="drill-cards"),
    )


def _card(number: int, cell: Cell, report: Report) -> Markup:
    times = len({(each.kind, each.fault, each.struck) for each in report.cells if each.sight == cell.sight})
    drawn: Child = el("p", "Nothing: an exception came out.")
    if cell.outcome is not None:
        drawn = outcome_card(cell.outcome, now=cell.outcome.created_at, locale=report.locale, messages=report.messages)
    elif cell.status is not None:
        drawn = el("p", cell.title)
    often = f"in {times} places, first: {cell.fault}" if times > 1 else cell.fault
    red = el("span", wrong(cell), class_="is-red-word") if wrong(cell) else None
    caption = el("figcaption", el("b", str(number)), el("span", f"{cell.who}, {often}", red))
    return el("figure", caption, drawn, id=f"sight-{number}")


def _notes(report: Report) -> Markup | None:
    notes = [*noted(report), *(f"Left out: {why}" for why in report.left_out)]
    if not notes:
        return None
    return _section(
        "Worth knowing",
        "And not wrong.",
        el("ul", [el("li", el("span", note)) for note in notes], class_="drill-notes"),
    )
