from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fallbackkit._outcome import Answer, ToolCall, Usage
from fallbackkit._text import encodable
from fallbackkit.errors import Failure, FailureKind
from fallbackkit.providers import anthropic, google, langchain, openai, openai_responses, pydantic_ai
from fallbackkit.providers._garbled import garbled
from fallbackkit.providers._look import json_of, look, name_of, probability_facts, text_of
from fallbackkit.providers._provider import piece_by
from fallbackkit.providers._words import kind_of_words, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fallbackkit.providers._provider import Provider

__all__ = ["Pieces"]

_K = FailureKind


class Pieces:
    """An answer that arrives in pieces.

    Understood are strings; ``Answer``s, whose text is a piece and whose other fields are taken over;
    the chunks and events of OpenAI's chat, text and Responses APIs and of services of that form;
    Anthropic's events; Gemini's and LangChain's chunks; pydantic-ai's events; each as an object or as a dict, and what
    ``providers`` understand, who are asked first. None, empty and role-only pieces bring nothing. Anything
    else becomes the answer's ``data``; the last one stays. Not shared between calls.

    Attributes:
        begun: Whether anything of the answer itself has come: text, a tool call, data.
        visible: Whether there is something for the eye.
        model: Who answers, once that is known.
        logprobs: Of the tokens so far.
    """

    __slots__ = (
        *("_answer", "_calls", "_ends", "_error", "_facts", "_providers", "_refusal", "_texts"),
        *("begun", "logprobs", "model", "visible"),
    )

    def __init__(self, providers: Sequence[Provider] = ()) -> None:
        self.begun = self.visible = False
        self.model: str | None = None
        self.logprobs: list[float] = []
        self._providers = providers
        self._texts: list[str] = []
        self._answer: Answer | None = None
        self._facts: dict[str, Any] = {}
        self._calls: dict[Any, dict[str, Any]] = {}
        self._ends: bool | None = None
        self._refusal: list[str] = []
        self._error: FailureKind | None = None

    @property
    def text(self) -> str:
        """All text so far."""
        if len(self._texts) > 1:
            self._texts = ["".join(self._texts)]
        return self._texts[0] if self._texts else ""

    def add(self, piece: object) -> bool:
        """Take one piece; whether it brought something of the answer itself."""
        if self._providers and type(piece) is not str and type(piece) is not Answer:
            found = piece_by(self._providers, piece)
            piece = piece if found is None else found
        if type(piece) is str:
            text: str | None = piece
        elif type(piece) is Answer:
            text = self._text_of_answer(piece)
        else:
            text = self._text_of(piece)
        if text == "":
            return False
        self.begun = True
        if text is not None:
            self._texts.append(text)
            self.visible = self.visible or not text.isspace()
        return True

    def answer(self) -> Answer:
        """What has come so far."""
        facts = {**self._facts, **probability_facts(self.logprobs)}
        if self.model is not None:
            facts["model"] = self.model
        if self._calls:
            facts["tool_calls"] = tuple(_tool_call(call) for call in self._calls.values() if call["name"])
        if self._refusal:
            facts |= {"finish_reason": "refusal", "refusal": encodable("".join(self._refusal))}
        text = encodable(self.text)
        if self._answer is not None:
            return self._answer.model_copy(update={"text": text, **facts})
        return Answer(text=text, **facts)

    def failure(self, broken: Failure | None = None) -> Failure | None:
        """What is wrong with an answer that has ended here, or None.

        A chunk may carry an error, which says more than the break that follows. And a provider that names a reason
        for each end has not ended if it named none.

        Args:
            broken: How the stream broke off, if it did.
        """
        if self._error is not None:
            return Failure(kind=self._error, error=None if broken is None else broken.error)
        if broken is not None:
            return broken
        if self._ends is False:
            return Failure(kind=_K.CONNECTION_UPSTREAM)
        kind = garbled(self.text)
        return None if kind is None else Failure(kind=kind)

    def has_begun(self) -> None:
        """Who sends this names a reason for each end."""
        if self._ends is None:
            self._ends = False

    def note_end(self, reason: object) -> None:
        name = name_of(reason)
        if name is not None:
            self._ends = True
            self._facts["finish_reason"] = name

    def note_names(self, model: object, request_id: object) -> None:
        """Who answers, and by what to find it again; what comes first counts."""
        if self.model is None:
            self.model = name_of(model)
        name = name_of(request_id)
        if name is not None:
            self._facts.setdefault("request_id", name)

    def note_refusal(self, words: object) -> None:
        if type(words) is str and words:
            self._refusal.append(words)

    def note_usage(self, usage: Usage | None) -> None:
        """Counts grow while the answer does, and may come one by one."""
        before = self._facts.get("usage")
        if usage is None or before is None:
            self._facts |= {} if usage is None else {"usage": usage}
            return
        names = ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens")
        self._facts["usage"] = Usage(**{name: max(getattr(before, name), getattr(usage, name)) for name in names})

    def add_usage(self, usage: Usage | None) -> None:
        """Counts of this piece alone."""
        before = self._facts.get("usage")
        if usage is not None:
            self._facts["usage"] = usage if before is None else before + usage

    def note_call(self, index: object, name: object, arguments: object, call_id: object) -> None:
        """A part of a tool call; the parts of one call have the same index, or come one after the other."""
        key = index if isinstance(index, (int, str)) else name_of(call_id) or next(reversed(self._calls), 0)
        call = self._calls.setdefault(key, {"name": "", "arguments": [], "id": None})
        call["name"] = call["name"] or text_of(name)
        call["id"] = call["id"] or name_of(call_id)
        call["arguments"].append(arguments if type(arguments) is str else json_of(arguments))

    def add_call(self, name: object, arguments: object, call_id: object) -> None:
        """A tool call that has come as a whole."""
        self.note_call(len(self._calls), name, arguments, call_id)

    def take(self, **facts: Any) -> None:
        """Facts of the whole answer."""
        self._facts |= {name: fact for name, fact in facts.items() if fact is not None}

    def stop(self, thing: object) -> str:
        """An error came."""
        self._error = kind_of_words(words_of(thing)) or kind_of_words(words_of(look(thing, "error"))) or _K.PROVIDER_5XX
        return ""

    def other(self, piece: object) -> str | None:
        """A piece that nobody knows."""
        content = look(piece, "content")
        if isinstance(content, str) and not isinstance(piece, dict):
            return content
        if self._ends is not None:  # of a provider whose other pieces are known
            return ""
        self._facts["data"] = piece
        return None

    def _text_of_answer(self, piece: Answer) -> str | None:
        self._answer = piece
        return None if not piece.text and (piece.data is not None or piece.tool_calls) else piece.text

    def _text_of(self, piece: object) -> str | None:
        """The text that a piece brings, "" if it brings nothing, None if it brings something that is no text."""
        if piece is None:
            return ""
        if isinstance(piece, str):  # LangChain's ``text``, for one, is a kind of string
            return str.__str__(piece)
        choices = look(piece, "choices")
        if isinstance(choices, (list, tuple)):
            return openai.add_chunk(self, piece, choices)
        name = text_of(look(piece, "type"))
        if name in openai.HELPER_EVENTS:
            return self._text_of(look(piece, "chunk"))
        if look(piece, "error") is not None and (name in {"", "error"}):
            return self.stop(piece)
        if name.startswith("response."):
            return openai_responses.add_event(self, name.removeprefix("response."), piece)
        if name in {"ai", "AIMessageChunk"} and look(piece, "response_metadata") is not None:
            return langchain.add_chunk(self, piece)
        if name == "" and text_of(look(piece, "event_kind")):
            return pydantic_ai.add_event(self, piece)
        if name == "" and google.is_response(piece):
            return google.add_chunk(self, piece)
        return "" if name in anthropic.COPIES else anthropic.add_event(self, name, piece)


def _tool_call(call: dict[str, Any]) -> ToolCall:
    return ToolCall(name=encodable(call["name"]), arguments=encodable("".join(call["arguments"])), id=call["id"])
