from __future__ import annotations

from typing import Annotated

from pydantic import PlainSerializer

__all__ = ["Text", "encodable"]


def encodable(text: str) -> str:
    """The text with a sign for each half character, which a model may send and UTF-8 cannot carry."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


Text = Annotated[str, PlainSerializer(encodable, when_used="json")]
