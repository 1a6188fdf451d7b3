from __future__ import annotations

from typing import Any

from fallbackkit._outcome import Answer, Usage
from fallbackkit._text import encodable
from fallbackkit.errors import Failure, FailureKind
from fallbackkit.providers._look import count_of, items_of, look, text_of
from fallbackkit.providers._signs import kind_of_words, words_of

__all__ = ["Pieces"]

_K = FailureKind
_COPIES = frozenset({"text", "input_json", "thinking", "citation", "message_stop", "content_block_stop", "ping"})


class Pieces:
    """An answer that arrives in pieces.

    Understood are strings; ``Answer``s, whose text is a piece and whose other fields are taken over;
    the chunks and events of OpenAI's chat, text and Responses APIs and of services of that form;
    Anthropic's events; messages with a ``content`` string; each as an object or as a dict. None, empty
    and role-only pieces bring nothing. Anything else becomes the answer's ``data``; the last one stays.
    Not shared between calls.

    Attributes:
        begun: Whether anything of the answer itself has come: text, a tool call, data.
        visible: Whether there is something for the eye.
    """

    __slots__ = ("_answer", "_ends", "_error", "_facts", "_refused", "_texts", "begun", "visible")

    def __init__(self) -> None:
        self.begun = self.visible = False
        self._texts: list[str] = []
        self._answer: Answer | None = None
        self._facts: dict[str, Any] = {}
        self._ends: bool | None = None
        self._refused = False
        self._error: FailureKind | None = None

    @property
    def text(self) -> str:
        """All text so far."""
        if len(self._texts) > 1:
            self._texts = ["".join(self._texts)]
        return self._texts[0] if self._texts else ""

    def add(self, piece: object) -> bool:
        """Take one piece; whether it brought something of the answer itself."""
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
        facts = dict(self._facts)
        if self._refused:
            facts["finish_reason"] = "refusal"
        text = encodable(self.text)
        if self._answer is not None:
            return self._answer.model_copy(update={"text": text, **facts})
        return Answer(text=text, **facts)

    def failure(self) -> Failure | None:
        """What is wrong with an answer that has ended here, or None.

        A chunk may carry an error. And a provider that names a reason for each end has not ended if it named none.
        """
        if self._error is not None:
            return Failure(kind=self._error)
        return Failure(kind=_K.CONNECTION_UPSTREAM) if self._ends is False else None

    def _text_of_answer(self, piece: Answer) -> str | None:
        self._answer = piece
        return None if piece.data is not None and not piece.text else piece.text

    def _text_of(self, piece: object) -> str | None:
        """The text that a piece brings, "" if it brings nothing, None if it brings something that is no text."""
        if piece is None:
            return ""
        choices = look(piece, "choices")
        if isinstance(choices, (list, tuple)):
            return self._choice(piece, choices)
        name = text_of(look(piece, "type"))
        if look(piece, "error") is not None and (name in {"", "error"}):
            return self._stop(piece)
        if name.startswith("response."):
            return self._response(name.removeprefix("response."), piece)
        return "" if name in _COPIES else self._event(name, piece)

    def _event(self, name: str, piece: object) -> str | None:
        match name:
            case "message_start":
                return self._message_start(piece)
            case "content_block_start":
                block = look(piece, "content_block")
                return None if look(block, "type") == "tool_use" else text_of(look(block, "text"))
            case "content_block_delta":
                return text_of(look(look(piece, "delta"), "text"))
            case "message_delta":
                return self._message_delta(piece)
            case "error":
                return self._stop(piece)
            case _:
                return self._other(piece)

    def _choice(self, chunk: object, choices: list[Any] | tuple[Any, ...]) -> str | None:
        self._ends = bool(self._ends)
        self._note_model(chunk)
        self._note_usage(look(chunk, "usage"), "prompt_tokens", "completion_tokens")
        if look(chunk, "error") is not None:
            return self._stop(chunk)
        if not choices:
            return ""
        choice = choices[0]
        delta = look(choice, "delta")
        self._note_end(look(choice, "finish_reason"))
        self._refused = self._refused or text_of(look(delta, "refusal")) != ""
        if items_of(look(delta, "tool_calls")) or look(delta, "function_call"):
            return None
        return text_of(look(delta, "content")) or text_of(look(choice, "text"))

    def _response(self, name: str, event: object) -> str | None:
        self._ends = bool(self._ends)
        response = look(event, "response")
        self._note_model(response)
        self._note_usage(look(response, "usage"), "input_tokens", "output_tokens")
        match name:
            case "output_text.delta":
                return text_of(look(event, "delta"))
            case "refusal.delta":
                self._refused = True
            case "function_call_arguments.delta":
                return None
            case "completed":
                self._note_end("stop")
            case "incomplete":
                self._note_end(look(look(response, "incomplete_details"), "reason") or "length")
            case "failed":
                self._stop(response)
            case _:
                pass
        return ""

    def _message_start(self, event: object) -> str:
        self._ends = bool(self._ends)
        message = look(event, "message")
        self._note_model(message)
        self._note_usage(look(message, "usage"), "input_tokens", "output_tokens")
        return ""

    def _message_delta(self, event: object) -> str:
        self._note_end(look(look(event, "delta"), "stop_reason"))
        self._note_usage(look(event, "usage"), "input_tokens", "output_tokens")
        return ""

    def _other(self, piece: object) -> str | None:
        content = look(piece, "content")
        if isinstance(content, str) and not isinstance(piece, dict):
            return content
        self._facts["data"] = piece
        return None

    def _stop(self, thing: object) -> str:
        self._error = kind_of_words(words_of(thing)) or kind_of_words(words_of(look(thing, "error"))) or _K.PROVIDER_5XX
        return ""

    def _note_end(self, reason: object) -> None:
        if text_of(reason):
            self._ends = True
            self._facts["finish_reason"] = encodable(text_of(reason))

    def _note_model(self, thing: object) -> None:
        if "model" not in self._facts and text_of(look(thing, "model")):
            self._facts["model"] = encodable(text_of(look(thing, "model")))

    def _note_usage(self, usage: object, spent: str, made: str) -> None:
        """Counts grow while the answer does, and may come one by one."""
        if usage is None:
            return
        before = self._facts.get("usage") or Usage()
        tokens = (
            max(before.input_tokens, count_of(look(usage, spent))),
            max(before.output_tokens, count_of(look(usage, made))),
        )
        if any(tokens):
            self._facts["usage"] = Usage(input_tokens=tokens[0], output_tokens=tokens[1])
