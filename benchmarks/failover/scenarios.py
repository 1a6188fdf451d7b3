"""The scenarios: what the providers do, what is asked of the system, and what is looked at.

S01 to S16 are those of Failover Bench 0.1 (failoverbench/failoverbench), rebuilt from its published list; A01 to A19
are ours.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from benchmarks.failover import faults
from benchmarks.failover.provider import WORDS
from benchmarks.failover.score import (
    alive_after,
    attempts,
    came_back,
    gap,
    no_prefill_error,
    not_hammered,
    reports_fallback,
    reports_usage,
    served_in_outage,
    within,
)

if TYPE_CHECKING:
    from benchmarks.failover.asking import Need
    from benchmarks.failover.faults import Fault
    from benchmarks.failover.score import Check

Ideal = Literal["answer", "error", "either"]


@dataclass(frozen=True)
class Scenario:
    """One way in which providers fail.

    Attributes:
        title: What happens, for the table.
        primary: What the primary model does.
        fallback: What the fallback does.
        checks: What has to hold besides.
        patience: Seconds, unscaled, after which the call counts as hanging.
        need: ``text``; ``checked``: only text that the application's own check accepts; ``form``: JSON of a schema.
        ideal: How it should end: a whole ``answer``, a clean ``error``, or ``either``.
        calls: How many calls, evenly over 80 s.
    """

    id: str
    title: str
    primary: Fault
    checks: tuple[Check, ...] = ()
    fallback: Fault = faults.healthy
    patience: float = 45.0
    need: Need = "text"
    ideal: Ideal = "answer"
    calls: int = 1

    @property
    def published(self) -> bool:
        """Whether it is one of Failover Bench's."""
        return self.id.startswith("S")


_down = faults.refusing(503, *faults.OVERLOADED)
_too_long = faults.refusing(400, "context_length_exceeded", "invalid_request_error", "the prompt is too long")
_rejected = faults.refusing(400, "content_policy_violation", "invalid_request_error", "the safety system rejected it")
_failed = faults.refusing(500, None, "server_error", "the server had an error")

PUBLISHED = (
    Scenario(
        "S01",
        "429 with Retry-After: 2, once",
        faults.first(faults.limited_for_a_while),
        (attempts(least=2, advice=True), gap(1.8, advice=True), not_hammered(2, 1.5)),
        patience=20,
    ),
    Scenario(
        "S02",
        "429 without Retry-After, for good",
        faults.refusing(429, *faults.LIMITED),
        (not_hammered(4, 3), attempts(most=6)),
        patience=40,
    ),
    Scenario("S03", "500 once", faults.first(_failed), (attempts(least=2, advice=True),), patience=20),
    Scenario("S04", "503 for good", _down, (attempts(most=6),), patience=40),
    Scenario("S05", "connection reset before the headers, once", faults.first(faults.reset), patience=20),
    Scenario("S06", "no response at all", faults.silent, (within(100), attempts(most=1, advice=True)), patience=130),
    Scenario("S07", "first token after 20 s", faults.slow, (within(15, advice=True, with_fallback=True),), patience=60),
    Scenario("S08", "stream cut after 40 of 60 words", faults.cut, patience=40),
    Scenario("S09", "stream stalls after 20 words", faults.stalling, (within(45), alive_after), patience=70),
    Scenario("S10", "one event is no JSON", faults.malformed, (alive_after,), patience=30),
    Scenario(
        "S11", "stream without [DONE]", faults.saying(done=False), (within(8), reports_usage(advice=True)), patience=30
    ),
    Scenario("S12", "400, context too long", _too_long, (attempts(least=1, most=1),), patience=20),
    Scenario("S13", "400, content filter", _rejected, (attempts(least=1, most=1),), patience=20, ideal="error"),
    Scenario(
        "S14",
        "stream cut, and the fallback takes no prefill",
        faults.cut,
        (no_prefill_error,),
        fallback=faults.answering_without_prefill,
        patience=40,
    ),
    Scenario(
        "S15",
        "down for 60 s, then well; 20 calls",
        faults.flapping,
        (served_in_outage, came_back(30)),
        patience=30,
        calls=20,
    ),
    Scenario(
        "S16",
        "who is said to have answered after 503",
        _down,
        (reports_fallback, reports_usage(advice=True), attempts(most=6)),
    ),
)

_twenty = " ".join(WORDS[:20])

FURTHER = (
    Scenario("A01", "a refusal, in its own field", faults.saying(refusal="I can't help with that."), ideal="either"),
    Scenario(
        "A02",
        "a content filter ends it after 20 words",
        faults.saying(_twenty, finish="content_filter"),
        ideal="either",
    ),
    Scenario("A03", "the token limit ends it after 20 words", faults.saying(_twenty, finish="length")),
    Scenario("A04", "an empty answer", faults.saying("")),
    Scenario("A05", "a sign-in page, with status 200", faults.page),
    Scenario("A06", "an error in JSON, with status 200", faults.error_as_answer),
    Scenario("A07", "an error inside the stream, after 20 words", faults.error_inside),
    Scenario("A08", "a clean end after 20 words, without a reason", faults.ending_without_reason),
    Scenario("A09", "keep-alives only", faults.keep_alives, (within(45),)),
    Scenario("A10", "a word every 5 s", faults.dripping, (within(45),)),
    Scenario(
        "A11",
        "429 with Retry-After: 3600",
        faults.refusing(429, *faults.LIMITED, **{"Retry-After": "3600"}),
        (within(15),),
    ),
    Scenario(
        "A12",
        "429, quota used up",
        faults.refusing(429, "insufficient_quota", "insufficient_quota", "the quota is used up"),
        (attempts(most=1, advice=True),),
    ),
    Scenario(
        "A13",
        "401, wrong key",
        faults.refusing(401, "invalid_api_key", "invalid_request_error", "the key is wrong"),
        (attempts(most=1),),
    ),
    Scenario("A14", "bytes that are no UTF-8", faults.garbled, need="checked"),
    Scenario("A15", "replacement characters in the text", faults.scrambled, need="checked"),
    Scenario("A16", '"I don\'t know." for an answer', faults.saying("I don't know."), need="checked"),
    Scenario(
        "A17",
        "JSON that is not of the schema",
        faults.saying('{"city": "Lisbon", "days": "some"}'),
        fallback=faults.saying(json.dumps(faults.FORM)),
        need="form",
    ),
    Scenario("A18", "both providers down", _down, (attempts(most=6),), fallback=_down, ideal="error"),
    Scenario("A19", "primary down, fallback's stream cut", _down, fallback=faults.cut, ideal="error"),
)

ALL = (*PUBLISHED, *FURTHER)
