"""How each API says an answer, an error and a stream, as the providers document it; with secrets planted throughout."""

from __future__ import annotations

import json
from typing import Any, ClassVar

KEY = "sk-proj-PLANTEDplantedPLANTED0123456789"
BEARER = "eyJhbGciOiJub25l.cGxhbnRlZA.planted-signature"
EMAIL = "dana.planted@customer.example"
HOST = "gpu-7.planted-cluster.internal"
PLACE = "/srv/planted/weights.safetensors"
PROMPT = "What did Planted Okafor earn in March?"
MARK = "planted"  # in each of them, in one case or another
GOSSIP = f"{HOST} could not serve {PROMPT!r} for {EMAIL} (api_key={KEY}, Authorization: Bearer {BEARER}) from {PLACE}"

MODEL = "model-that-served"
TEXT = "Five days, from the first of the month."
REFUSAL = f"I can't help with that. {GOSSIP}"
TOOL = "look_up_leave"
ARGUMENTS = '{"year": 2026}'
HALVES = (ARGUMENTS[:6], ARGUMENTS[6:])
PERSON = '{"name": "Ada", "age": 36}'
REQUEST_ID = "req_0123456789"

Body = dict[str, Any]


def _event(data: Body, name: str | None = None) -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


class Chat:
    """OpenAI's chat completions."""

    ends: ClassVar = {
        "stop": "stop",
        "length": "length",
        "filter": "content_filter",
        "tools": "tool_calls",
        "refusal": "stop",
    }
    gone = b"data: [DONE]\n\n"
    usage: ClassVar = {
        "prompt_tokens": 31,
        "completion_tokens": 17,
        "total_tokens": 48,
        "prompt_tokens_details": {"cached_tokens": 24},
        "completion_tokens_details": {"reasoning_tokens": 9},
    }

    def error(self, kind: str, code: str | None = None, message: str = GOSSIP) -> Body:
        return {"error": {"message": message, "type": kind, "code": code, "param": None}}

    def answer(self, text: str | None = TEXT, end: str = "stop", *, score: float | None = None) -> Body:
        message: Body = {"role": "assistant", "content": text, "refusal": None}
        choice: Body = {"index": 0, "message": message, "finish_reason": self.ends[end], "logprobs": None}
        if end == "refusal":
            message |= {"content": None, "refusal": REFUSAL}
        if end == "tools":
            message["tool_calls"] = [
                {"id": "call_1", "type": "function", "function": {"name": TOOL, "arguments": ARGUMENTS}}
            ]
        if score is not None:
            choice["logprobs"] = {"content": [{"token": "F", "logprob": score, "bytes": None, "top_logprobs": []}]}
        return self._envelope("chat.completion", [choice]) | {"usage": self.usage}

    def nothing(self) -> Body:
        return self._envelope("chat.completion", [])

    def begun(self) -> bytes:
        return self._chunk({"role": "assistant", "content": ""})

    opening = begun

    def piece(self, text: str) -> bytes:
        return self._chunk({"content": text})

    def refusing(self) -> bytes:
        return self._chunk({"refusal": REFUSAL})

    def calling(self) -> bytes:
        named = {"index": 0, "id": "call_1", "type": "function", "function": {"name": TOOL, "arguments": ""}}
        rest = [{"index": 0, "function": {"arguments": half}} for half in HALVES]
        return b"".join(self._chunk({"tool_calls": [each]}) for each in [named, *rest])

    def ending(self, end: str = "stop", text: str = TEXT) -> bytes:
        del text  # only the Responses API says it again
        spent = self._envelope("chat.completion.chunk", []) | {"usage": self.usage}
        return self._chunk({}, self.ends[end]) + _event(spent) + self.gone

    def failing(self, kind: str, code: str | None = None) -> bytes:
        return _event(self.error(kind, code))

    def _chunk(self, delta: Body, end: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": end, "logprobs": None}
        return _event(self._envelope("chat.completion.chunk", [choice]))

    def _envelope(self, kind: str, choices: list[Body]) -> Body:
        return {
            "id": "chatcmpl-1",
            "object": kind,
            "created": 1_800_000_000,
            "model": MODEL,
            "choices": choices,
            "system_fingerprint": "fp_planted",
        }


class Responses:
    """OpenAI's Responses API."""

    gone = b""
    usage: ClassVar = {
        "input_tokens": 31,
        "input_tokens_details": {"cached_tokens": 24},
        "output_tokens": 17,
        "output_tokens_details": {"reasoning_tokens": 9},
        "total_tokens": 48,
    }

    error = Chat.error

    def answer(self, text: str | None = TEXT, end: str = "stop", *, score: float | None = None) -> Body:
        part: Body = {"type": "output_text", "text": text or "", "annotations": [], "logprobs": []}
        if score is not None:
            part["logprobs"] = [{"token": "F", "logprob": score, "bytes": [], "top_logprobs": []}]
        if end == "refusal":
            part = {"type": "refusal", "refusal": REFUSAL}
        item: Body = {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [part]}
        if end == "tools":
            item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "status": "completed"}
            item |= {"name": TOOL, "arguments": ARGUMENTS}
        return self._ended(end, [item])

    def nothing(self) -> Body:
        return self._ended("stop", [])

    def begun(self) -> bytes:
        response = self._envelope("in_progress", [])
        return self._send("created", response=response) + self._send("in_progress", response=response)

    def opening(self) -> bytes:
        item = {"type": "message", "id": "msg_1", "status": "in_progress", "role": "assistant", "content": []}
        part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        added = self._send("output_item.added", item=item)
        return self.begun() + added + self._send("content_part.added", item_id="msg_1", content_index=0, part=part)

    def piece(self, text: str) -> bytes:
        return self._send("output_text.delta", item_id="msg_1", content_index=0, delta=text, logprobs=[])

    def refusing(self) -> bytes:
        return self._send("refusal.delta", item_id="msg_1", content_index=0, delta=REFUSAL)

    def calling(self) -> bytes:
        item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": TOOL, "arguments": ""}
        sent = [self._send("output_item.added", item=item | {"status": "in_progress"})]
        sent += [self._send("function_call_arguments.delta", item_id="fc_1", delta=half) for half in HALVES]
        done = self._send("function_call_arguments.done", item_id="fc_1", arguments=ARGUMENTS, name=TOOL)
        return b"".join([*sent, done])

    def ending(self, end: str = "stop", text: str = TEXT) -> bytes:
        whole = self.answer(text, end)
        if end in {"length", "filter"}:
            return self._send("incomplete", response=whole)
        return self._send("output_item.done", item=whole["output"][0]) + self._send("completed", response=whole)

    def failing(self, kind: str, code: str | None = None) -> bytes:
        return _event(
            {"type": "error", "code": code or kind, "message": GOSSIP, "param": None, "sequence_number": 9}, "error"
        )

    def failed(self, code: str) -> bytes:
        """The other way in which this API says so."""
        response = self._envelope("failed", []) | {"error": {"code": code, "message": GOSSIP}}
        return self._send("failed", response=response)

    def _ended(self, end: str, output: list[Body]) -> Body:
        reason = {"length": "max_output_tokens", "filter": "content_filter"}.get(end)
        whole = self._envelope("incomplete" if reason else "completed", output)
        return whole | {"usage": self.usage, "incomplete_details": {"reason": reason} if reason else None}

    def _send(self, name: str, /, **facts: Any) -> bytes:
        data = {"type": f"response.{name}", "sequence_number": 1, "output_index": 0, **facts}
        return _event(data, f"response.{name}")

    def _envelope(self, status: str, output: list[Body]) -> Body:
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 1_800_000_000,
            "model": MODEL,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "instructions": GOSSIP,
            "metadata": {"planted": GOSSIP},
            "output": output,
            "parallel_tool_calls": True,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "usage": None,
        }


class Messages:
    """Anthropic's messages."""

    ends: ClassVar = {
        "stop": "end_turn",
        "length": "max_tokens",
        "filter": "refusal",
        "tools": "tool_use",
        "refusal": "refusal",
    }
    gone = b'event: message_stop\ndata: {"type": "message_stop"}\n\n'
    usage: ClassVar = {
        "input_tokens": 7,
        "cache_read_input_tokens": 20,
        "cache_creation_input_tokens": 4,
        "output_tokens": 17,
    }

    def error(self, kind: str, code: str | None = None, message: str = GOSSIP) -> Body:
        del code  # this API has none
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": REQUEST_ID}

    def answer(self, text: str | None = TEXT, end: str = "stop", *, score: float | None = None) -> Body:
        del score  # this API gives no log probabilities
        blocks: list[Body] = [{"type": "text", "text": text, "citations": None}] if text else []
        if end == "refusal":
            blocks = []
        if end == "tools":
            blocks.append({"type": "tool_use", "id": "toolu_1", "name": TOOL, "input": json.loads(ARGUMENTS)})
        return self._envelope(blocks, self.ends[end], self.usage)

    def nothing(self) -> Body:
        return {"id": "msg_1", "type": "message", "role": "assistant", "model": MODEL, "usage": self.usage}

    def begun(self) -> bytes:
        message = self._envelope([], None, self.usage | {"output_tokens": 1})
        return _event({"type": "message_start", "message": message}, "message_start")

    def opening(self) -> bytes:
        return self.begun() + self._start({"type": "text", "text": "", "citations": None})

    def piece(self, text: str) -> bytes:
        return self._delta({"type": "text_delta", "text": text})

    def refusing(self) -> bytes:
        return b""  # the end alone says so

    def calling(self) -> bytes:
        sent = [self._start({"type": "tool_use", "id": "toolu_1", "name": TOOL, "input": {}})]
        return b"".join(sent + [self._delta({"type": "input_json_delta", "partial_json": half}) for half in HALVES])

    def ending(self, end: str = "stop", text: str = TEXT) -> bytes:
        del text  # the same
        delta = {"stop_reason": self.ends[end], "stop_sequence": None}
        spent = {"type": "message_delta", "delta": delta, "usage": self.usage}
        stop = {"type": "content_block_stop", "index": 0}
        return _event(stop, "content_block_stop") + _event(spent, "message_delta") + self.gone

    def failing(self, kind: str, code: str | None = None) -> bytes:
        return _event(self.error(kind, code), "error")

    def _start(self, block: Body) -> bytes:
        return _event({"type": "content_block_start", "index": 0, "content_block": block}, "content_block_start")

    def _delta(self, delta: Body) -> bytes:
        return _event({"type": "content_block_delta", "index": 0, "delta": delta}, "content_block_delta")

    def _envelope(self, content: list[Body], end: str | None, usage: Body) -> Body:
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": MODEL,
            "content": content,
            "stop_reason": end,
            "stop_sequence": None,
            "usage": usage,
        }


DIALECTS: dict[str, Chat | Responses | Messages] = {"chat": Chat(), "responses": Responses(), "messages": Messages()}
"""By the name of the API."""
