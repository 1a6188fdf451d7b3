"""What happens when…: each failure, run through a real pipeline on a virtual clock, and what comes of it.

Prints the tables of the README, or with ``--into README.md`` writes them there, between its two marks.
"""

from __future__ import annotations

import argparse
import logging
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx2
import openai

import fallbackkit as fk
from fallbackkit.redis import RedisStore
from fallbackkit.review import Answered, ReviewQueue
from fallbackkit.testing import Chunk, FakeClock, Fault, Script, Stream

if TYPE_CHECKING:
    from collections.abc import Callable

BEGIN, END = "<!-- what happens: written by scripts/what_happens.py -->", "<!-- what happens: end -->"
QUESTION = "How do I reset it?"
SHOWN = {
    "answered": "The answer, as if nothing had been",
    "degraded": "An answer from elsewhere, and what it stands in for",
    "low_confidence": "An unsure answer: marked as such, or withheld",
    "interrupted": "What arrived, marked as unfinished",
    "awaiting_review": "A case number and the place in line: a person will answer",
    "reviewed": "That person's answer",
    "unavailable": "An honest no, and what to do next",
}


class Row(NamedTuple):
    """A failure in a person's words, and how to bring it about."""

    when: str
    outcome: Callable[[], fk.Outcome]


def recommended(queue: ReviewQueue, small_model: Any, keyword_search: Any) -> dict[str, Any]:
    """The chain, outermost first, with a place for what is not always there."""
    rungs = [
        fk.Rung(small_model, "smaller_model", name="small_model"),
        fk.Rung(keyword_search, "search", name="keyword_search"),
    ]
    return {
        "escalate": fk.Escalate(queue),
        "deadline": fk.Deadline(20),
        "fallback": fk.Fallback(*rungs),
        "cache": None,
        "gate": None,
        "retry": fk.Retry(attempts=3),
        "hedge": None,
        "validate": fk.Validate(),
        "spend": None,
        "bulkhead": None,
        "breaker": fk.CircuitBreaker(),
        "timeout": fk.Timeout(8, first_token=5, idle=3),
    }


def ask(
    *plays: Any,
    small: Any = "Hold the power button.",
    search: Any = "Page 7: Resetting",
    calls: int = 1,
    between: float = 0.0,
    at_once: int = 1,
    stream: bool = False,
    capacity: int | None = None,
    answer: str | None = None,
    interruption: Any = "keep",
    **chosen: Any,
) -> fk.Outcome:
    """How the last of some calls ends, if the model plays so.

    Args:
        *plays: What the model does, call by call.
        small: What the smaller model does, if it is asked.
        search: What the search does, if it is asked.
        calls: How often to ask.
        between: Seconds from one call to the next.
        at_once: How many ask at the same time; the last of them counts.
        stream: Whether somebody looks on while the answer arrives.
        capacity: How many questions the review queue takes.
        answer: What a person then answers.
        interruption: What a pipeline does with a stream that breaks off.
        **chosen: Strategies to add to the chain, to exchange or to leave out, by name.
    """
    clock = FakeClock()
    model, smaller, pages = (
        Script(*each, clock=clock, takes=takes) for each, takes in [(plays, 1.5), ([small], 0.8), ([search], 0.1)]
    )
    queue = ReviewQueue("sqlite://", capacity=capacity, clock=clock)
    chain = recommended(queue, smaller, pages) | chosen
    strategies = [strategy for strategy in chain.values() if strategy is not None]
    pipeline = fk.Pipeline(*strategies, name="ask", interruption=interruption, clock=clock, rng=random.Random(0))

    def call() -> fk.Outcome:
        return [*pipeline.stream(model, QUESTION)][-1] if stream else pipeline.outcome(model, QUESTION)

    for _ in range(calls):
        outcome = clock.together(*[call] * at_once)[-1]
        clock.advance(between)
    if answer is not None:
        queue.decide(queue.claim("dana"), Answered(answer))
        outcome = queue.follow(outcome)
    queue.close()
    return outcome


def http(body: Any, status: int = 200, **headers: str) -> Any:
    """What OpenAI's own client makes of a response, or of a broken network: a value, or the error that it raises."""

    def answer(_request: httpx2.Request) -> httpx2.Response:
        if isinstance(body, Exception):
            raise body
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        sent = {"text": body} if isinstance(body, str) else {"json": body}
        return httpx2.Response(status, headers=named, **sent)

    with (
        httpx2.Client(transport=httpx2.MockTransport(answer)) as network,
        openai.OpenAI(api_key="-", base_url="http://provider", max_retries=0, http_client=network) as client,
    ):
        try:
            return client.chat.completions.create(model="large", messages=[{"role": "user", "content": QUESTION}])
        except openai.APIError as error:
            return error


def says(text: str | None, finish: str = "stop", **message: Any) -> Any:
    """A completion."""
    said = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}
    return http({"id": "1", "object": "chat.completion", "created": 1, "model": "large", "choices": [said]})


def error(status: int, code: str, **headers: str) -> Any:
    """A refused request."""
    return http({"error": {"message": "Sorry.", "type": None, "param": None, "code": code}}, status, **headers)


FINE = says("Hold the power button for ten seconds.")
DOWN = error(503, "server_error")
HANGS = Fault()
LOST = Fault(kind="connection.lost", after=1)
WORDS, BREAKS = Stream("Hold it ", "for ten seconds."), Stream("Hold the", LOST)
GATE = fk.ConfidenceGate(0.8)
ALONE: dict[str, Any] = {"fallback": None, "escalate": None}
DEAR = fk.Answer(text="Hold it.", model="large", usage=fk.Usage(input_tokens=900, output_tokens=90, cost=0.6))
UNSURE = fk.Answer(text="Hold the button?", score=0.4, score_basis="agreement", model="large")

ROWS = [
    Row("the model fails once", lambda: ask(DOWN, FINE)),
    Row("it hangs once", lambda: ask(HANGS, FINE)),
    Row("it hangs once, and is asked again beside it", lambda: ask(HANGS, FINE, hedge=fk.Hedge(2))),
    Row("it returns an empty text once", lambda: ask(says(""), FINE)),
    Row("it is rate limited, Retry-After 2 s", lambda: ask(error(429, "rate_limit_exceeded", retry_after="2"), FINE)),
    Row("a stream breaks off before its first word", lambda: ask(Stream(LOST), WORDS, stream=True)),
    Row("a stream sends nothing but empty chunks", lambda: ask(Stream(*[Chunk(after=1)] * 9), WORDS, stream=True)),
    Row(
        "a stream breaks off, and may start anew",
        lambda: ask(BREAKS, WORDS, stream=True, interruption="restart"),
    ),
    Row("Redis is gone", lambda: ask(FINE, breaker=fk.CircuitBreaker(store=RedisStore("redis://127.0.0.1:1")))),
    Row("the model hangs", lambda: ask(HANGS)),
    Row("it is down", lambda: ask(DOWN)),
    Row("it is rate limited, Retry-After 3600 s", lambda: ask(error(429, "rate_limit_exceeded", retry_after="3600"))),
    Row("there is no network", lambda: ask(http(httpx2.ConnectError("unreachable")))),
    Row("it returns a page of HTML", lambda: ask(http("<html><h1>Bad gateway</h1></html>", content_type="text/html"))),
    Row("it returns empty texts", lambda: ask(says(""))),
    Row("its answers are not of the schema", lambda: ask(says('{"steps": 3}'), validate=fk.Validate(schema=list[str]))),
    Row("its answer is cut off", lambda: ask(says("Hold the", finish="length"))),
    Row("it refuses", lambda: ask(says(None, refusal="I can't help with that."))),
    Row("it is unsure", lambda: ask(UNSURE, gate=GATE)),
    Row("the question is too long for it", lambda: ask(error(400, "context_length_exceeded"))),
    Row("the key is wrong", lambda: ask(error(401, "invalid_api_key"))),
    Row("the account has no credit", lambda: ask(error(429, "insufficient_quota"))),
    Row("our own code has a bug", lambda: ask(ZeroDivisionError())),
    Row("the breaker is open", lambda: ask(DOWN, calls=3)),
    Row("the day's money is spent", lambda: ask(DEAR, spend=fk.SpendLimit(1), calls=2)),
    Row("too many ask at once", lambda: ask(FINE, bulkhead=fk.Bulkhead(4, queue=4), at_once=9)),
    Row("the smaller model hangs, too", lambda: ask(HANGS, small=HANGS)),
    Row(
        "it is down, and the cache has an old answer",
        lambda: ask(FINE, DOWN, cache=fk.Cache(60, stale_if_error=3600), calls=2, between=600),
    ),
    Row("it is unsure, and you chose to show that", lambda: ask(UNSURE, gate=fk.ConfidenceGate(0.8, below="hedge"))),
    Row("it is unsure, and nobody else is there", lambda: ask(UNSURE, gate=GATE, fallback=None, escalate=None)),
    Row("a stream breaks off halfway", lambda: ask(BREAKS, stream=True)),
    Row("a stream falls silent halfway", lambda: ask(Stream("Hold the", HANGS), stream=True)),
    Row("every rung fails", lambda: ask(DOWN, small=HANGS, search="")),
    Row("… and a person answers", lambda: ask(DOWN, small=HANGS, search="", answer="Hold it for ten seconds.")),
    Row("every rung fails, and the review queue is full", lambda: ask(DOWN, small=HANGS, search="", capacity=0)),
    Row("the key is wrong, and nobody else is there", lambda: ask(error(401, "invalid_api_key"), **ALONE)),
    Row(
        "it is rate limited, Retry-After 3600 s, and nobody else is there",
        lambda: ask(error(429, "rate_limit_exceeded", retry_after="3600"), **ALONE),
    ),
]


def cells(row: Row) -> tuple[str, list[str]]:
    """The status, and what stands in the table."""
    outcome = row.outcome()
    notice = outcome.notice()
    served = outcome.served_by.kind.replace("_", " ") if outcome.served_by else "–"
    says = f"{notice.title}. {notice.body}".split(". ")
    return outcome.status, [
        row.when,
        served,
        _why(outcome),
        f"{outcome.duration:.1f} s",
        ". ".join(says[:2]).rstrip(".") + ".",
    ]


def _why(outcome: fk.Outcome) -> str:
    """What failed on the way; of an Outcome without an answer, what it ends with."""
    failed = [attempt.failure.kind for step in outcome.trail for attempt in step.attempts if attempt.failure]
    kinds = [outcome.failure.kind] if outcome.failure else outcome.reasons or failed
    return ", ".join(dict.fromkeys(f"`{kind}`" for kind in kinds)) or "–"


def tables() -> str:
    """The chain, and the rows under what the person gets to see."""
    chain = recommended(ReviewQueue("sqlite://"), ask, ask).values()
    described = "\n  > ".join(strategy.describe() for strategy in chain if strategy is not None)
    found = [cells(row) for row in ROWS]
    return f"```text\n{described}\n```\n\n" + "\n\n".join(
        "\n".join(
            [
                f"**{shown}** (`{status}`)",
                "",
                "| when | who answers | why | after | the card says |",
                "| --- | --- | --- | ---: | --- |",
                *[f"| {' | '.join(row)} |" for each, row in found if each == status],
            ]
        )
        for status, shown in SHOWN.items()
    )


def put(page: str, text: str) -> str:
    """The page with the text between its two marks.

    Raises:
        ValueError: The page has no such marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page needs the lines `{BEGIN}` and `{END}`, for the tables to stand between")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def main() -> None:
    """Print the tables, or write them into a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, help="a Markdown file: put the tables between its two marks")
    page = parser.parse_args().into
    logging.disable()  # what goes wrong here does so on purpose
    if page is None:
        print(tables())
        return
    page.write_text(put(page.read_text(encoding="utf-8"), tables()), encoding="utf-8")


if __name__ == "__main__":
    main()
