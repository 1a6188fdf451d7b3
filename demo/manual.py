"""Ask the manual: a small model that quotes, else a search, else a person."""

from __future__ import annotations

import getpass
import os
import tempfile
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fallbackkit as fk
from fallbackkit.review import ReviewQueue

from .corpus import Manual
from .evidence import score, shortlist, supporting
from .model_server import MODEL, ModelServer, missing
from .outage import Outage
from .prompt import EXAMPLE, messages, one_of, read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openai import OpenAI

    from fallbackkit.events import Event

    from .corpus import Passage
    from .evidence import Candidate

__all__ = ["Assistant", "Endpoint", "ask", "assistant", "reviews_url", "watcher"]

watcher: ContextVar[Callable[[Event], object]] = ContextVar("watcher", default=lambda _: None)
"""Hears the events of the calls made in this context, while they run."""

assistant: Assistant
ask: fk.Protected[[str], fk.Answer]

LONGEST_QUESTION = 1000
THRESHOLD = 0.9
_FOUND = 0.8
_PAGES = 3
_LOOKED_AT = 40
_FOR_THE_ASKER = (fk.FailureKind.INPUT_EMPTY_OR_VAGUE, fk.FailureKind.INPUT_TOO_LONG)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an OpenAI-compatible model answers."""

    base_url: str
    key: str
    model: str

    @classmethod
    def from_environment(cls) -> Endpoint | None:
        """From ASK_BASE_URL, ASK_API_KEY and ASK_MODEL; None without the first."""
        base_url = os.environ.get("ASK_BASE_URL")
        if not base_url:
            return None
        return cls(base_url, os.environ.get("ASK_API_KEY", "none"), os.environ.get("ASK_MODEL", MODEL))


class Assistant:
    """The model behind its fault proxy, the search and the people, as one wrapped function ``ask``.

    Safe to share between threads. Model and proxy start with the first question.

    Args:
        queue: Where questions wait for a person.
        endpoint: A model elsewhere; by default the local one.
        local_model: False leaves out the local model, too; then the search answers.
    """

    def __init__(
        self,
        queue: ReviewQueue,
        *,
        endpoint: Endpoint | None = None,
        local_model: bool = True,
    ) -> None:
        self.queue = queue
        self.endpoint = endpoint
        self.manual = Manual()
        self.server = ModelServer() if local_model and endpoint is None else None
        self.outage = Outage(self._upstream)
        self.breaker = fk.CircuitBreaker(consecutive=4, reset_timeout=5, max_reset_timeout=5, name="model")
        self.ask = fk.Pipeline(
            fk.Escalate(queue),
            fk.Deadline(25),
            fk.Fallback(fk.Rung(self.search, "search", name="keyword search"), on=_another_way_may_help),
            fk.ConfidenceGate(THRESHOLD),
            fk.Retry(attempts=2, max_wait=1),
            fk.Validate(),
            self.breaker,
            fk.Timeout(15),
            name="ask",
            observers=[_tell],
        )(self.quote)

    @property
    def model(self) -> str:
        """The model's name."""
        return self.endpoint.model if self.endpoint else MODEL

    def lack(self) -> str | None:
        """Why no model will answer, in one sentence; None if one should."""
        if self.endpoint is not None:
            return None
        return "The local language model is switched off." if self.server is None else missing()

    def warm_up(self) -> None:
        """Start the local model and let it read what every question begins with.

        Raises:
            RuntimeError: It is not installed, or did not start.
        """
        if self.server is not None:
            self.server.url()
            self.quote(EXAMPLE)

    def quote(self, question: str) -> fk.Answer:
        """Let the model pick the sentence of the manual that answers the question."""
        candidates = shortlist(self.manual, _checked(question))
        if not candidates:
            raise fk.CannotAnswer("retrieval.none", "no passage shares a word with the question")
        response = self._client.chat.completions.create(
            model=self.model,
            messages=messages(question, candidates),
            response_format=one_of(candidates),
            temperature=0,
            max_tokens=160,
            logprobs=True,
            timeout=fk.remaining(),
        )
        if (failure := fk.classify(response)) is not None:
            raise fk.CannotAnswer(failure.kind, "the model's reply cannot be used")
        text = read(response.choices[0].message.content or "")
        return fk.Answer(
            text=text,
            sources=_sources(text, candidates),
            score=score(self.manual, question, text, candidates),
            score_basis="retrieval",
            model=response.model,
            finish_reason=response.choices[0].finish_reason,
            usage=_usage(response.usage),
        )

    def search(self, question: str) -> fk.Answer:
        """The places in the manual that match, without AI; or the word that there are none."""
        found: dict[Passage, str] = {}
        for candidate in shortlist(self.manual, _checked(question), limit=_LOOKED_AT):
            if self.manual.coverage(question, f"{candidate.passage.name} {candidate.sentence}") >= _FOUND:
                found.setdefault(candidate.passage, candidate.sentence)
        if not found:
            raise fk.CannotAnswer("retrieval.none", "no sentence covers what the question is about")
        best = list(found.items())[:_PAGES]
        count = "One place in the manual matches" if len(best) == 1 else f"{len(best)} places in the manual match"
        return fk.Answer(
            text=f"{count} what you asked.",
            sources=tuple(
                fk.Source(title=passage.name, url=passage.url, quote=sentence, check="quote_found")
                for passage, sentence in best
            ),
        )

    def close(self) -> None:
        """Stop the model and the proxy. Questions and answers stay in the queue's file."""
        self.outage.close()
        self.manual.close()
        if "_client" in self.__dict__:
            self._client.close()
        if self.server is not None:
            self.server.close()

    @cached_property
    def _client(self) -> OpenAI:
        from openai import OpenAI

        key = self.endpoint.key if self.endpoint else self.server.key if self.server else "none"
        return OpenAI(base_url=self.outage.url, api_key=key, max_retries=0)

    def _upstream(self) -> str | None:
        if self.endpoint is not None:
            return self.endpoint.base_url
        return self.server.url() if self.server else None


def _tell(event: Event) -> None:
    watcher.get()(event)


def _another_way_may_help(failure: fk.Failure) -> bool:
    return failure.kind not in _FOR_THE_ASKER


def _checked(question: str) -> str:
    if not question.strip():
        raise fk.CannotAnswer("input.empty_or_vague", "the question is empty")
    if len(question) > LONGEST_QUESTION:
        raise fk.CannotAnswer("input.too_long", f"the question has {len(question)} characters")
    return question


def _sources(text: str, candidates: Sequence[Candidate]) -> tuple[fk.Source, ...]:
    _, quoted = supporting(text, candidates)
    return tuple(
        fk.Source(
            title=candidate.passage.name,
            url=candidate.passage.url,
            quote=candidate.sentence,
            check="quote_found" if quoted else "quote_not_found",
        )
        for candidate in quoted or candidates
    )


def _usage(usage: Any) -> fk.Usage | None:
    return fk.Usage(input_tokens=usage.prompt_tokens, output_tokens=usage.completion_tokens) if usage else None


def reviews_url() -> str:
    """The queue of questions: ASK_REVIEWS, or else a file of this user's among the temporary ones."""
    folder = Path(tempfile.gettempdir()) / f"ask-the-manual-{getpass.getuser()}"
    return os.environ.get("ASK_REVIEWS") or f"sqlite:///{folder.as_posix()}.db"


def __getattr__(name: str) -> Any:
    """``assistant`` and its ``ask`` are made when they are first asked for, from the environment."""
    if name not in {"ask", "assistant"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = Assistant(ReviewQueue(reviews_url()), endpoint=Endpoint.from_environment())
    globals().update(assistant=made, ask=made.ask)
    return globals()[name]
