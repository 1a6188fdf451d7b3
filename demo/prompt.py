"""What the model is asked, and how its reply is read."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .evidence import Candidate

__all__ = ["EXAMPLE", "messages", "one_of", "read"]

_SYSTEM = "You answer questions about Python by quoting the manual."
_DEL = """\
The del statement: It is an error if the name is unbound.
The del statement: Deletion of a name removes the binding of that name from the local or global namespace.
The del statement: Deletion of a target list recursively deletes each target, from left to right."""
_ZFILL = """\
str.zfill(width): Return a copy of the string left filled with zeros to make a string of length width.
str.zfill(width): A leading sign prefix is handled by inserting the padding after the sign character."""
_SHOTS = (
    (
        _DEL,
        "What does deleting a name do?",
        "Deletion of a name removes the binding of that name from the local or global namespace.",
    ),
    (
        _ZFILL,
        "What does str.zfill return?",
        "Return a copy of the string left filled with zeros to make a string of length width.",
    ),
)
EXAMPLE = _SHOTS[0][1]


def _code(sentence: str) -> str:
    """The manual marks code with double quotes; a card and a model know backticks better."""
    return re.sub(r'"([^"\s][^"\n]*?)"', r"`\1`", sentence)


def messages(question: str, candidates: Sequence[Candidate]) -> list[Any]:
    """Two worked examples, which a small model needs, then the candidates and the question.

    Only the last message depends on the question, so a server that remembers prefixes reads little.
    """
    text = "\n".join(
        f"{candidate.passage.name}: {_code(candidate.sentence)}".replace('"', "") for candidate in candidates
    )
    shots = [
        {"role": role, "content": content}
        for manual, asked, answer in _SHOTS
        for role, content in (("user", _turn(manual, asked)), ("assistant", json.dumps({"answer": answer})))
    ]
    return [{"role": "system", "content": _SYSTEM}, *shots, {"role": "user", "content": _turn(text, question)}]


def _turn(text: str, question: str) -> str:
    return f"Manual:\n{text}\n\nQuestion: {question}"


def one_of(candidates: Sequence[Candidate]) -> Any:
    """Structured output: the answer is one of these sentences."""
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "string", "enum": [_code(candidate.sentence) for candidate in candidates]}},
        "required": ["answer"],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "quote", "strict": True, "schema": schema}}


def read(content: str) -> str:
    """The answer in the form asked for; else, from a model that keeps to none, the text as it came."""
    try:
        return str(json.loads(content)["answer"])
    except (ValueError, KeyError, TypeError):
        return content.strip()
