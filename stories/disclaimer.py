"""What goes for all answers of a feature, or for one on which much depends.

Use ``once`` before somebody's first question, a footnote under a group of answers, ``contextual`` only where the stakes
are high. None of them replaces what an answer says of itself: people stop seeing what is always there.
"""

from __future__ import annotations

from fallbackkit.ui.views._disclaimer import Caveat, disclaimer

PROBLEM = "How sure is it?"
VIEW = disclaimer


def once() -> Caveat:
    """Before the first question: what it can do, and what it cannot."""
    return Caveat(
        id="first-use",
        form="once",
        can=("Find rules in the policies of HR and facilities", "Say which page a rule is from"),
        cannot=("See your contract or your leave account", "Decide anything about a person"),
        url="https://intranet.example/help/assistant",
    )


def once_in_own_words() -> Caveat:
    """The same, as short as it can be."""
    return Caveat(
        id="first-use-short",
        form="once",
        text="An AI reads our policies and answers in its own words. It has been wrong on travel costs before.",
    )


def accepted() -> Caveat:
    """Read once, it becomes the footnote."""
    return once().model_copy(update={"accepted": True})


def footnote() -> Caveat:
    """Under a group of answers, in the words of the kit."""
    return Caveat(id="footnote", url="https://intranet.example/help/assistant")


def footnote_in_own_words() -> Caveat:
    """Twelve words at most."""
    return Caveat(id="footnote-own", text="AI reads our policies for you. Check dates and amounts yourself.")


def about_money() -> Caveat:
    """An amount that somebody will act on."""
    return Caveat(id="money", form="contextual", about="money")


def about_a_deadline() -> Caveat:
    """A date that must not be missed."""
    return Caveat(id="deadline", form="contextual", about="deadline")


def about_health() -> Caveat:
    """A question that a doctor should answer."""
    return Caveat(id="health", form="contextual", about="health")


def about_rights() -> Caveat:
    """A contract, in the words of the house."""
    return Caveat(
        id="law",
        form="contextual",
        about="law",
        text="Ask the legal team at legal@intranet.example before you sign.",
        url="https://intranet.example/legal/contact",
    )


def about_a_person() -> Caveat:
    """A judgement that belongs to people."""
    return Caveat(id="people", form="contextual", about="people")


def a_lot_depends_on_it() -> Caveat:
    """Anything else on which much depends."""
    return Caveat(id="other", form="contextual")
