from __future__ import annotations

import re
from urllib.parse import quote

__all__ = ["topic_url"]

_SITE = "https://docs.python.org/3/"
_PAGES = {
    "reference/simple_stmts.html": """
        assert assignment augassign break continue del global import nonlocal pass raise return yield""",
    "reference/compound_stmts.html": """
        async class compound else for function if match try type-params while with""",
    "reference/expressions.html": """
        assignment-expressions atom-identifiers atom-literals attribute-references await binary bitwise booleans
        calls comparisons conversions dict exprlists in lambda lists operator-summary power shifting slicings
        subscriptions unary""",
    "reference/datamodel.html": """
        attribute-access callable-types context-managers customization numeric-types objects sequence-types
        specialnames types""",
    "reference/executionmodel.html": "annotation-scopes dynamic-features exceptions execmodel naming",
    "reference/lexical_analysis.html": "floating id-classes identifiers imaginary integers numbers strings",
    "library/stdtypes.html": """
        bltin-code-objects bltin-ellipsis-object bltin-null-object bltin-type-objects specialattrs string-methods
        truth typesfunctions typesmapping typesmethods typesmodules typesseq typesseq-mutable""",
    "library/pdb.html": "debugger",
    "library/string.html": "formatstrings",
}
_PAGE_OF = {topic: page for page, topics in _PAGES.items() for topic in topics.split()}
_ENTRY = re.compile(r"(?:class )?((?:object|str|pdb)\.\w+)\(")


def topic_url(topic: str, heading: str = "") -> str:
    """The place in the online manual: of a method with a dotted name, else of the whole topic.

    A topic's key is the label of its section there. A topic that a later Python brings leads to the
    manual's own search.
    """
    page = _PAGE_OF.get(topic)
    if page is None:
        return f"{_SITE}search.html?q={quote(topic)}"
    entry = _ENTRY.match(heading)
    return f"{_SITE}{page}#{entry[1] if entry else topic}"
