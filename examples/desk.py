"""A wrapped call that the examples share: a help desk whose model is down, so that a search answers."""

from __future__ import annotations

import fallbackkit as fk

__all__ = ["ask"]

LEAVE = fk.Source(
    title="Leave policy 2026",
    url="https://intranet.example/leave",
    locator="section 4",
    quote="Up to five days may be carried over until 31 March.",
    check="quote_found",
)


def find_pages(question: str) -> fk.Answer:
    """Search that needs no model."""
    return fk.Answer(text=f"One page matches *{question.strip()}*.", sources=(LEAVE,))


@fk.protect(fallbacks=[fk.Rung(find_pages, "search", name="page search")], attempts=1, deadline=20)
def ask(question: str) -> str:
    """Your call, as it is; this one never gets through."""
    raise ConnectionError(question)
