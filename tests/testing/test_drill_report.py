"""A report in a terminal, for a build server, and as a page."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import html5lib
import pytest
from axe_playwright_python.sync_playwright import Axe

import fallbackkit as fk
from demo.manual import Assistant
from fallbackkit.review import ReviewQueue
from fallbackkit.testing import Report, drill
from tests.browsing import chromium, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

QUESTION = "How do I start it again?"
HOSTILE = "<img src=//evil.example/x onerror=alert(1)>\x00\x1b[31m\ud800 & ]]>"


def model(question: str) -> str:
    """Never called."""
    raise AssertionError(question)


def broken(question: str) -> str:
    """A fallback that is down."""
    raise ConnectionError(question)


def report(*names, **options) -> Report:
    """A drill of a pipeline with these rungs, the first of them down."""
    rungs = [fk.Rung(broken if n == 0 else str.upper, "rule", name=name) for n, name in enumerate(names)]
    layers = [fk.Deadline(20)] * options.get("limited", True) + ([fk.Fallback(*rungs)] if rungs else [])
    return drill(fk.Pipeline(*layers, fk.Retry(), name=options.get("name"))(model), QUESTION)


@pytest.fixture(scope="module")
def red() -> Report:
    """One with every sort of trouble, and names that nobody expects."""
    return report(HOSTILE, "desk", limited=False, name=HOSTILE)


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """Chromium, started once a module."""
    with chromium(chromium_path) as browser:
        yield browser


# In a terminal


@pytest.mark.parametrize("rungs", [(), ("small",), ("small", "keyword search"), ("a" * 50, "b", HOSTILE, "d", "e")])
def test_it_fits_a_terminal(rungs):
    """At most 120 columns and plain text, whatever the ladder; every fault and every step has its place."""
    found = report(*rungs)
    text = found.text()
    assert max(map(len, text.splitlines())) <= 120
    assert not {"\x1b", "\x00", "\ud800"} & set(text)
    assert all(fault in text for _, fault, _ in found.rows())
    assert all(f"[{number}]" in text for number in range(1, len(found.sights()) + 1))


def test_a_cell_says_who_when_and_at_what_cost():
    """And where to read what people see; faces that agree stand on one line."""
    text = report("small", "desk").text()
    (line,) = re.findall(r"^the account is out of credit.*$", text, re.MULTILINE)
    assert ["desk 0.0 s 1+1+1 [1]", "desk 0.0 s 1+1+1 [1]", "nobody 0.0 s 1+1+1"] == re.split(" {2,}", line[31:-4])
    assert re.search(r"^  \[1\] “.+” \(desk, degraded\)$", text, re.MULTILINE)


def test_faces_that_differ_stand_on_lines_of_their_own():
    """A stream that shows a cut off answer keeps it; a whole one goes to the next rung."""

    def streamed(question):
        yield model(question)

    ask = fk.Pipeline(fk.Deadline(20), fk.Fallback(str.upper), fk.Validate())(streamed)
    text = drill(ask, QUESTION).text()
    assert re.search(r"cut off at its length limit +upper .*\n {23}  stream +cut off ", text)


def test_red_is_told_with_what_mends_it():
    """Each sort once, with its cells; the fallback that is down, too; and the verdict in the last line."""
    text = report("small", "desk", limited=False).text()
    assert "  RED  small fails: ConnectionError at test_drill_report.py:" in text
    assert "LATE nobody never 1+1+1" in text
    assert re.search(r"\n  LATE  it never ends\n    To mend it: put a Deadline\(seconds\)", text)
    assert re.search(r"\n\d+ red cells and 1 fallback that would not answer today \(\d+ faults, \d+ calls, ", text)
    assert 1 == text.count("it never ends")


def test_a_good_report_has_nothing_red():
    """Its last line says so."""
    ask = fk.protect(fallbacks=[fk.Rung(str.upper, "rule")], deadline=20)(model)
    text = drill(ask, QUESTION).text()
    assert "RED" not in text
    assert "\n\nRed\n" not in text
    assert text.splitlines()[-1].startswith("No red cell (")


def test_the_page_in_the_docs_is_what_it_prints():
    """Each line of the example there comes out of the drill that stands above it."""
    page = (Path(__file__).parents[2] / "docs" / "drill.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)

    def small_model(question):
        raise AssertionError(question)

    search = fk.Rung(lambda question: f"Page 7 mentions: {question}", "search", name="keyword search")
    ask = fk.protect(fallbacks=[search], escalate_to=ReviewQueue("sqlite://"), deadline=20, timeout=8)(small_model)
    printed = drill(ask, QUESTION).text().splitlines()
    assert [] == [line for line in shown.splitlines() if line not in printed]


# For a build server


def test_junit_has_a_case_for_each_cell(red):
    """With its time, and a failure with the remedy where something is wrong."""
    suite = ET.fromstring(red.junit()).find("testsuite")  # noqa: S314 - it is ours
    cases = suite.findall("testcase")
    failures = suite.findall("testcase/failure")
    assert len(red.cells) + len(red.rehearsals) == len(cases) == int(suite.get("tests"))
    assert len(red.red()) + 1 == len(failures) == int(suite.get("failures"))
    assert len(cases) == len({(case.get("classname"), case.get("name")) for case in cases})
    never = next(case for case in cases if case.find("failure") is not None and "no answer comes" in case.get("name"))
    assert "late: it never ends" == never.find("failure").get("message")
    assert never.find("failure").text.startswith("put a Deadline(seconds)")
    assert None is never.get("time")
    assert {"late", "silent", "fails"} == {failure.get("type") for failure in failures}


def test_junit_of_a_good_report_has_no_failure():
    """And says which fallbacks were not rehearsed."""
    ask = fk.protect(fallbacks=[fk.Rung(str.upper, "rule")], deadline=20)(model)
    suite = ET.fromstring(drill(ask, QUESTION, rehearse=False).junit()).find("testsuite")  # noqa: S314
    assert ("0", "1", 1) == (suite.get("failures"), suite.get("skipped"), len(suite.findall("testcase/skipped")))
    assert [] == suite.findall("testcase/failure")


# As a page


def test_the_page_is_whole_and_well_formed(red):
    """A strict parser finds nothing wrong, names are shown as text, and nothing is loaded from anywhere."""
    page = red.html()
    document = html5lib.HTMLParser(strict=True).parse(page)
    assert "<img" not in page
    assert "\x00" not in page
    assert "&lt;img src=//evil.example/x" in page
    links = {each.get(name) for each in document.iter() for name in ("src", "href", "srcset", "data")} - {None}
    assert {"#sight-"} == {link[:7] for link in links}
    assert set(re.findall(r"url\((\w+):", page)) <= {"data"}


def test_every_number_leads_to_a_card(red):
    """Each sight has a card of its own, drawn as people see it."""
    page = red.html()
    assert set(re.findall(r'href="#(sight-\d+)"', page)) == set(re.findall(r'id="(sight-\d+)"', page))
    assert len(red.sights()) == page.count('data-fk="outcome-card"')
    travelled = Report.model_validate_json(report("small").model_dump_json())
    assert 0 == travelled.html().count('data-fk="outcome-card"')  # outcomes do not travel


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_can_be_read(browser, red, scheme, width):
    """It fits a phone, right to left too; axe finds nothing serious; a disclosure opens; nothing is asked of a host."""
    with watched(browser, width=width, timeout=10_000) as page:
        page.emulate_media(color_scheme=scheme)
        page.set_content(red.html())
        assert (scheme == "dark") == page.evaluate("document.documentElement.classList.contains('dark')")
        assert width == page.evaluate("document.documentElement.scrollWidth")
        found = Axe().run(page).response["violations"]
        assert [] == [each["id"] for each in found if each["impact"] in {"serious", "critical"}]
        opens = page.locator(".drill-cards [data-toggle]:visible").first
        opens.click()
        assert "true" == opens.get_attribute("aria-expanded")
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert width == page.evaluate("document.documentElement.scrollWidth")


def test_the_drill_needs_no_extra():
    """Neither pytest, hypothesis, Gradio nor SQLAlchemy is loaded, and the page alone asks for fallbackkit[ui]."""
    code = """
import sys
sys.modules |= dict.fromkeys(["nh3", "gradio", "pytest", "hypothesis", "sqlalchemy"])
import fallbackkit as fk
from fallbackkit.testing import drill
report = drill(fk.protect(fallbacks=[fk.Rung(str.upper, "rule")])(lambda question: question), "Why?")
assert report.ok, report.text()
report.junit()
try:
    report.html()
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    expected = "Report.html() draws the cards of fallbackkit.ui: pip install 'fallbackkit[ui]'\n"
    assert (expected, "") == (done.stdout, done.stderr)


# The demo


@pytest.mark.parametrize("question", ["What does the with statement guarantee?", "How do I resize a PostgreSQL table?"])
def test_the_demo_has_no_red_cell(question):
    """Whether its model is there or not, in less than five seconds; the search is called for real, the model is not."""
    assistant = Assistant(ReviewQueue("sqlite://"), local_model=False)
    try:
        found = drill(assistant.ask, question)
    finally:
        assistant.close()
        assistant.queue.close()
        gc.collect()
    assert found.ok, found.text()
    assert found.took < 5
    assert ("ask", "keyword search") == found.steps
