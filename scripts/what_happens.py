"""What happens when…: each failure, run through a real pipeline on a virtual clock, and what comes of it.

Prints the table of the README, or with ``--into README.md`` writes it there, between its two marks.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import openai

import fallbackkit as fk
from fallbackkit.review import ReviewQueue
from fallbackkit.testing import Chunk, FakeClock, Fault, Script, Stream

BEGIN, END = "<!-- what happens: written by scripts/what_happens.py -->", "<!-- end of what happens -->"


def ask(
    *plays: Any,
    small: Any = "Hold the power button.",
    search: Any = "Page 7: Resetting",
    room: int | None = None,
    calls: int = 1,
    between: float = 0.0,
    stream: bool = False,
    takes: float = 1.5,
    **chosen: Any,
) -> fk.Outcome:
    """How the last of some calls ends, if the model plays so and the fallbacks give what is named.

    Args:
        plays: What the model does, call by call.
        small: What the smaller model does.
        search: What the search does.
        room: How many open tickets the review queue takes; None for any number.
        calls: How often to ask.
        between: Seconds from one question to the next.
        stream: Whether the answer is shown while it arrives.
        takes: Seconds that the model takes for an answer.
        chosen: Strategies of the chain that are added or exchanged, by name; and ``interruption``.
    """
    clock = FakeClock()
    models = [Script(*plays, clock=clock, takes=takes), Script(small, clock=clock, takes=0.8), Script(search, clock=clock, takes=0.1)]
    interruption = chosen.pop("interruption", "keep")
    queue = ReviewQueue("sqlite://", capacity=room, clock=clock)
    chain = {
        "escalate": fk.Escalate(queue),
        "deadline": fk.Deadline(20),
        "fallback": fk.Fallback(fk.Rung(models[1], "smaller_model"), fk.Rung(models[2], "search")),
        "cache": None,
        "gate": None,
        "retry": fk.Retry(attempts=3),
        "validate": fk.Validate(),
        "breaker": fk.CircuitBreaker(),
        "timeout": fk.Timeout(8, first_token=5, idle=3),
    } | chosen
    pipeline = fk.Pipeline(*filter(None, chain.values()), name="ask", clock=clock, rng=random.Random(0))
    for number in range(calls):
        clock.advance(between if number else 0)
        outcome = [*pipeline.stream(models[0], "How do I reset it?")][-1] if stream else pipeline.outcome(models[0], "How?")
    queue.close()
    return outcome

http = lambda *a: None
if __name__ == "__main__":
    for plays, more in [([Fault()],{}),([Fault(kind="rate.shared",retry_after=3600)],{}),(["<html>"],{}),([fk.CannotAnswer("auth.config")],dict(small=Fault(),search="")),
      ([Stream("Hel",Chunk("lo",after=1),Fault(kind="connection.lost",after=1))],dict(stream=True)),
      ([fk.Answer(text="x",score=.3)],dict(gate=fk.ConfidenceGate(.8))),
      ([fk.Answer(text="x",score=.3)],dict(gate=fk.ConfidenceGate(.8,below="hedge"))),
      ([fk.Answer(text="x",score=.3)],dict(gate=fk.ConfidenceGate(.8),small="",search="",escalate=None)),
      (["fine",Fault(kind="provider.5xx")],dict(calls=2,between=4000,cache=fk.Cache(3600,stale_if_error=86400))),
      ([Fault(kind="provider.5xx")],dict(calls=3)),
      ([Fault(kind="provider.5xx")],dict(small="",search="",room=0)),
    ]:
        o=ask(*plays,**more); n=o.notice()
        print(o.status,"|",o.served_by and o.served_by.kind,"|",o.failure and o.failure.kind.value,[str(r) for r in o.reasons],"|",round(o.duration,1),"|",n.title,"|",n.body)
