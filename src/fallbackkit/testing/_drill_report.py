from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, computed_field

from fallbackkit._outcome import Outcome, Status, StepKind, Usage, _Value
from fallbackkit._text import Text
from fallbackkit.errors import FailureKind
from fallbackkit.testing._drill_stage import Face

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Cell", "Finding", "Rehearsal", "Report"]

Verdict = Literal["raw", "silent", "late", "dead end", "stuck"]
Played = Literal["answers", "takes tickets", "has no answer", "fails", "unusable", "too slow", "not rehearsed"]


class Finding(_Value):
    """What is wrong with a cell, and what to do about it.

    Attributes:
        verdict: ``raw``: an error or its words reach people; ``silent``: what is no whole answer of the first
            choice passes for one; ``late``: after the limit, or never; ``dead end``: no answer, and nothing to
            do next; ``stuck``: it ends unfinished.
    """

    verdict: Verdict
    sentence: Text
    remedy: Text


class Cell(_Value):
    """What becomes of one call in which one fault strikes the first steps of the ladder.

    Attributes:
        fault: What happens, in words; its ``kind`` is what that is in the kit's terms.
        struck: How many steps it strikes, the first ones.
        step: The last of these.
        face: How the function was asked: ``sync`` and ``async`` for ``outcome``, ``stream`` for ``stream``.
        status: How the call ended; None if an exception came out.
        title: What people read first.
        served_by: The step that answered, if any did.
        served_kind: What sort of answerer that is.
        seconds: Of virtual time until the end; None if it never came.
        attempts: Entries into user code, a number for each step.
        usage: What the answers said that they had consumed; None if they said nothing. An unknown cost is None.
        ticket: Whether a person got the question.
        findings: What is wrong; a cell without any is fine.
        notes: What is worth knowing, and not wrong.
        outcome: The whole of it; not serialised.
    """

    fault: Text
    kind: FailureKind
    struck: int
    step: Text
    face: Face
    status: Status | None
    title: Text
    served_by: Text | None
    served_kind: StepKind | None
    seconds: float | None
    attempts: tuple[int, ...]
    usage: Usage | None
    ticket: bool
    findings: tuple[Finding, ...] = ()
    notes: tuple[Text, ...] = ()
    outcome: Outcome | None = Field(default=None, exclude=True, repr=False)

    @property
    def ok(self) -> bool:
        return not self.findings

    @property
    def who(self) -> str:
        """Who has the last word, in a word or two."""
        if self.status == "interrupted":
            return "cut off"
        if self.served_by is not None:
            return "a saved answer" if self.served_kind == "cache" else self.served_by
        return "a person" if self.ticket else "nobody"

    @property
    def sight(self) -> tuple[object, ...]:
        """What tells what people see from what they see elsewhere."""
        wrong = tuple(finding.sentence for finding in self.findings if finding.verdict != "late")
        return self.status, self.who, self.title, wrong


class Rehearsal(_Value):
    """What one fallback did when it was called for real, alone.

    Attributes:
        played: ``has no answer``: it works, and has nothing to say to this question; ``takes tickets``: the people's
            queue would.
        kind: What was wrong.
        seconds: How long it took.
        sentence: The same in words, with the class of an exception and where it was raised, never its text.
        remedy: What to do; "" if nothing.
    """

    rung: Text
    step_kind: StepKind
    played: Played
    kind: FailureKind | None = None
    seconds: float | None = None
    sentence: Text = ""
    remedy: Text = ""

    @property
    def ok(self) -> bool:
        return self.played in {"answers", "takes tickets", "has no answer", "not rehearsed"}


class Report(_Value):
    """What a drill found. Immutable; JSON both ways, but for the outcomes themselves.

    Attributes:
        name: Of the function.
        chain: Its pipeline in one line.
        steps: The ladder: who is asked, in order.
        faces: How it was asked.
        rehearsals: One for each fallback.
        cells: One for each fault, number of steps struck, and face.
        left_out: Which faults do not apply, and why.
        took: Seconds that the drill took, rehearsals included.
        locale: Of what people read.
        messages: The application's own words, if there are any; not serialised.
    """

    name: Text
    chain: Text
    steps: tuple[Text, ...]
    faces: tuple[Face, ...]
    rehearsals: tuple[Rehearsal, ...]
    cells: tuple[Cell, ...]
    left_out: tuple[Text, ...] = ()
    took: float
    locale: Text = "en"
    messages: Any = Field(default=None, exclude=True, repr=False)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def ok(self) -> bool:
        """Whether no cell is red and every fallback works."""
        return not self.red() and all(rehearsal.ok for rehearsal in self.rehearsals)

    def red(self) -> tuple[Cell, ...]:
        """The cells in which something is wrong."""
        return tuple(cell for cell in self.cells if not cell.ok)

    def rows(self) -> Iterator[tuple[FailureKind, str, list[Cell]]]:
        """The cells fault by fault, in order."""
        found: dict[tuple[FailureKind, str], list[Cell]] = {}
        for cell in self.cells:
            found.setdefault((cell.kind, cell.fault), []).append(cell)
        for (kind, fault), cells in found.items():
            yield kind, fault, cells

    def sights(self) -> dict[tuple[object, ...], Cell]:
        """Everything different that people may see, each with a cell in which they do, in time if there is one."""
        found: dict[tuple[object, ...], Cell] = {}
        for cell in self.cells:
            if cell.sight not in found or (cell.ok and not found[cell.sight].ok):
                found[cell.sight] = cell
        return found

    def text(self) -> str:
        """The matrix for a terminal, at most 120 columns wide, and below it what is red and how to mend it."""
        from fallbackkit.testing._drill_text import text

        return text(self)

    def html(self) -> str:
        """One page, with nothing loaded from elsewhere: the matrix, and the cards that people would see.

        Raises:
            ImportError: ``fallbackkit[ui]`` is not installed.
        """
        from fallbackkit.testing._drill_page import page

        return page(self)

    def junit(self) -> str:
        """JUnit's XML for build servers: one test case a cell and a rehearsal."""
        from fallbackkit.testing._drill_junit import junit

        return junit(self)
