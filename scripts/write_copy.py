"""Every message of the kit as people read it: one file a language in ``tests/messages/copy``, and a table in the docs.

Run it after a change of words, and read the difference.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fallbackkit import FailureKind
from fallbackkit.messages import Messages, notice
from fallbackkit.messages._manner import KINDS, SITUATIONS

if TYPE_CHECKING:
    from fallbackkit.messages import Facts, Notice

ROOT = Path(__file__).parents[1]
COPY = ROOT / "tests" / "messages" / "copy"
PAGE = ROOT / "docs" / "messages.md"
BEGIN, END = "<!-- kinds: written by scripts/write_copy.py -->", "<!-- kinds: end -->"
CUT_BY = {
    "you": "cancelled",
    "connection": "connection.lost",
    "service": "timeout.mid_stream",
    "length": "output.truncated",
    "safety": "safety.refused",
    "nothing": "timeout.mid_stream",
}
AT = datetime(2026, 10, 14, 12, 14, tzinfo=UTC)
KNOWN: Facts = {
    "at": AT,
    "retry_after": 360,
    "limit": 20,
    "words": 120,
    "sources": 3,
    "requested": "large",
    "requested_kind": "model",
    "ticket": "7F3KQ2",
    "position": 2,
    "eta": 300,
    "reference": "ABC234",
    "saved_at": AT - timedelta(days=2),
}


def facts_of(situation: str) -> dict[str, Any]:
    """A call that ends in this situation."""
    status, _, rest = situation.partition(".")
    busy = FailureKind.PROVIDER_OVERLOADED
    match status:
        case "answered" | "degraded":
            why = {"why": busy} if status == "degraded" else {}
            return {"status": status, "served_kind": rest or "other", "served_by": "small", **why}
        case "low_confidence":
            doubts = {"conflict": FailureKind.QUALITY_CONFLICT, "unsupported": FailureKind.QUALITY_UNSUPPORTED}
            return {"status": status, "shown": True, "why": doubts.get(rest)}
        case "awaiting_review":
            return {"status": status, "ticket_state": rest or "pending"}
        case "interrupted":
            kind = FailureKind(CUT_BY.get(rest, "internal"))
            return {"status": status, "kind": kind, "shown": rest != "nothing"}
        case "declined":
            return {"status": "unavailable", "declined": True}
        case "reviewed":
            return {"status": status, "served_by": "Dana R."}
        case _:
            return {"status": status, "why": busy if rest == "why" else None}


def said(locale: str, facts: dict[str, Any], **how: Any) -> Notice:
    """The notice of a call of which everything is known."""
    return notice(locale=locale, zone="Europe/Berlin", **how, **(KNOWN | facts))


def deck(locale: str) -> str:
    """All words of one language."""
    words = Messages().catalogues(locale)[0]
    kinds = [
        f"{_entry(f'kinds.{kind}', locale, {'status': 'unavailable', 'kind': kind})}"
        f"    clause: {words.line('values.asked.model')} {words.line(f'kinds.{kind}.clause')}\n"
        for kind in KINDS
    ]
    situations = [_entry(f"situations.{situation}", locale, facts_of(situation)) for situation in SITUATIONS]
    return "\n".join([*kinds, *situations])


def _entry(name: str, locale: str, facts: dict[str, Any]) -> str:
    people = said(locale, facts)
    labels = " | ".join(f"*{action.label}" if action.primary else action.label for action in people.actions)
    lines = [
        people.title,
        people.body,
        f"> {labels}" if labels else "",
        f"operator: {said(locale, facts, audience='operator').body}",
    ]
    return f"{name} ({people.tone}, {people.speech})\n" + "".join(f"    {line}\n" for line in lines if line)


def table() -> str:
    """The kinds, for the manual."""
    rows = ["| kind | title | body, as far as the facts are known | what to do next |", "| --- | --- | --- | --- |"]
    for kind in KINDS:
        people = said("en", {"status": "unavailable", "kind": kind})
        rows.append(
            f"| `{kind}` | {people.title} | {people.body} | {' · '.join(action.label for action in people.actions)} |"
        )
    return "\n".join(rows)


def put(page: str, text: str) -> str:
    """The page with the text between its two marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page needs the lines `{BEGIN}` and `{END}`, for the table to stand between")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def main() -> None:
    """Write them all."""
    for locale in Messages().locales:
        (COPY / f"{locale}.txt").write_text(deck(locale), encoding="utf-8")
    PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), table()), encoding="utf-8")


if __name__ == "__main__":
    main()
