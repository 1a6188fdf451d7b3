from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from tests.providers.real.dialects import PROMPT


class Person(BaseModel):
    name: str
    age: int


@dataclass(frozen=True, slots=True)
class Question:
    """What a library is asked: where, what, and how long its client waits."""

    url: str
    api: str
    streams: bool
    schema: bool
    patience: float
    model: str
    prompt: str = PROMPT
