"""What each vendor's streams are read into, and what any pieces at all do to it."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit.errors import Failure, FailureKind
from fallbackkit.providers import classify, read
from fallbackkit.providers._pieces import Pieces
from tests.providers.forms import Thing, as_object, of
from tests.providers.test_vendors import USAGE

SECRET = "sk-planted-0123456789"
CALL = fk.ToolCall(name="look_up", arguments='{"page": 7}', id="call-1")


def chat(delta, finish=None, index=0, **more):
    """A chunk of a chat completion."""
    return {
        "id": "chatcmpl-1",
        "model": "m-1",
        "choices": [{"index": index, "delta": delta, "finish_reason": finish, **more}],
    }


def called(index, name=None, arguments=None, call_id=None):
    """A part of a tool call."""
    return {"index": index, "id": call_id, "function": {"name": name, "arguments": arguments}}


def lang(content="", **facts):
    """A chunk of LangChain's."""
    plain = {"type": "AIMessageChunk", "content": content, "response_metadata": {}, "usage_metadata": None}
    return of("langchain_core.messages.ai.AIMessageChunk")(
        **plain | {"additional_kwargs": {}, "tool_call_chunks": []} | facts
    )


def agent(kind, name, **facts):
    """An event of pydantic-ai's."""
    return of(f"pydantic_ai.messages.{name}")(event_kind=kind, **facts)


def gemini(*parts, end=None, **facts):
    """A chunk of Gemini's."""
    candidate = {"content": {"parts": list(parts)}, "finishReason": end}
    return {"modelVersion": "m-1", "responseId": "r-1", "candidates": [candidate]} | facts


def result(**facts):
    """The last event of a run."""
    plain = {
        "kind": "response",
        "parts": [],
        "model_name": "m-1",
        "finish_reason": "stop",
        "provider_response_id": "r-1",
    }
    usage = Thing(input_tokens=11, output_tokens=7, cache_read_tokens=5, details={"reasoning_tokens": 3})
    run = of("pydantic_ai.run.AgentRunResult")(output="Five days.", response=Thing(**plain | facts), usage=usage)
    return agent("agent_run_result", "AgentRunResultEvent", result=run)


def gathered(pieces):
    """All pieces, taken."""
    found = Pieces()
    for piece in pieces:
        found.add(piece)
    return found


TOKENS = {"input_tokens": 11, "output_tokens": 7}
OPENAI_DETAILS = {"input_tokens_details": {"cached_tokens": 5}, "output_tokens_details": {"reasoning_tokens": 3}}
STREAMS = {
    "chat": [
        chat({"role": "assistant", "content": ""}),
        chat({"content": "Five "}),
        chat({"content": "Six "}, index=1),
        chat({"content": "days."}),
        chat({}, finish="stop"),
        {
            "choices": [],
            "usage": {
                "prompt_tokens": 11,
                "completion_tokens": 7,
                "prompt_tokens_details": {"cached_tokens": 5},
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
        },
    ],
    "chat helper": [
        {"type": "chunk", "chunk": chat({"content": "Five "}), "snapshot": {}},
        {"type": "content.delta", "delta": "Five ", "snapshot": "Five "},
        {"type": "chunk", "chunk": chat({"content": "days."}, finish="stop"), "snapshot": {}},
        {"type": "content.done", "content": "Five days.", "parsed": None},
    ],
    "responses": [
        {"type": "response.created", "response": {"id": "chatcmpl-1", "model": "m-1"}},
        {"type": "response.output_text.delta", "delta": "Five "},
        {"type": "response.output_text.delta", "delta": "days."},
        {"type": "response.news", "delta": "!"},
        {"type": "response.completed", "response": {"usage": {**TOKENS, **OPENAI_DETAILS}}},
    ],
    "messages": [
        {
            "type": "message_start",
            "message": {
                "id": "chatcmpl-1",
                "model": "m-1",
                "usage": {"input_tokens": 6, "cache_read_input_tokens": 5, "output_tokens": 1},
            },
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Five days."}},
        {"type": "news", "news": SECRET},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "stop"},
            "usage": {"output_tokens": 7, "output_tokens_details": {"thinking_tokens": 3}},
        },
        {"type": "message_stop"},
    ],
}


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("shape", [dict, as_object])
def test_a_stream_gives_what_the_whole_gives(name, shape):
    """Text once, of the first answer alone; model, end, request and usage with its parts; no data of events."""
    answer = gathered([shape(piece) for piece in STREAMS[name]]).answer()
    expected = fk.Answer(text="Five days.", model="m-1", finish_reason="stop", request_id="chatcmpl-1", usage=USAGE)
    assert expected == answer.model_copy(update={"usage": answer.usage or USAGE})
    assert (answer.usage is None) == (name == "chat helper")


def test_langchain_s_chunks_are_read():
    """Strings and lists of blocks; counts of the pieces add up; the metadata come at the end."""
    pieces = [
        lang(
            "Five ", usage_metadata={"input_tokens": 11, "output_tokens": 3, "input_token_details": {"cache_read": 5}}
        ),
        lang([{"type": "text", "text": "days."}, {"type": "reasoning", "text": "Hm."}]),
        lang(usage_metadata={"input_tokens": 0, "output_tokens": 4, "output_token_details": {"reasoning": 3}}),
        lang(response_metadata={"finish_reason": "stop", "model_name": "m-1", "id": "r-1"}),
    ]
    expected = fk.Answer(text="Five days.", model="m-1", finish_reason="stop", request_id="r-1", usage=USAGE)
    assert (expected, None) == (gathered(pieces).answer(), gathered(pieces).failure())


def test_langchain_s_chunks_of_a_stream_that_broke_off_say_so():
    """Where the provider is one that names its ends; and one that failed has ended with an error."""
    begun = [lang("Five ", response_metadata={"model_provider": "openai"}), lang("days.")]
    assert "connection.upstream" == gathered(begun).failure().kind
    failed = lang(response_metadata={"status": "failed", "error": {"code": "rate_limit_exceeded"}})
    assert "rate.shared" == gathered([*begun, failed]).failure().kind
    assert None is gathered([lang("Five "), lang("days.")]).failure()


def test_gemini_s_chunks_are_read():
    """Text, calls that come as wholes, and an end; a prompt that was blocked is an end, too."""
    counts = {"promptTokenCount": 11, "candidatesTokenCount": 4, "cachedContentTokenCount": 5, "thoughtsTokenCount": 3}
    pieces = [gemini({"text": "Five "}), gemini({"text": "days."}, end="STOP", usageMetadata=counts)]
    expected = fk.Answer(text="Five days.", model="m-1", finish_reason="STOP", request_id="r-1", usage=USAGE)
    assert (expected, None) == (gathered(pieces).answer(), gathered(pieces).failure())
    assert "connection.upstream" == gathered(pieces[:1]).failure().kind
    call = {"functionCall": {"name": "look_up", "args": {"page": 7}, "id": "call-1"}}
    called = gathered([gemini(call, call), gemini({"text": "!"}, end="STOP")])
    assert ((CALL, CALL), "!") == (called.answer().tool_calls, called.text)
    blocked = gathered([gemini(candidates=[], promptFeedback={"blockReason": "OTHER"})])
    assert (None, "safety.refused") == (blocked.failure(), classify(blocked.answer()).kind)


def test_pydantic_ai_s_events_are_read():
    """Parts that begin and grow; thoughts and what goes on between are no text."""
    pieces = [
        agent("part_start", "PartStartEvent", part=Thing(part_kind="thinking", content="Hm.")),
        agent("part_start", "PartStartEvent", part=Thing(part_kind="text", content="Five ")),
        agent("part_delta", "PartDeltaEvent", delta=Thing(part_delta_kind="text", content_delta="days.")),
        agent("final_result", "FinalResultEvent"),
        agent("function_tool_result", "FunctionToolResultEvent", content=SECRET, part=Thing(content=SECRET)),
        result(),
    ]
    expected = fk.Answer(text="Five days.", model="m-1", finish_reason="stop", request_id="r-1", usage=USAGE)
    assert (expected, None) == (gathered(pieces).answer(), gathered(pieces).failure())
    assert "connection.upstream" == gathered([*pieces[:3], result(state="interrupted")]).failure().kind
    assert "length" == gathered([*pieces[:3], result(finish_reason="length")]).answer().finish_reason


@pytest.mark.parametrize(
    "pieces",
    [
        [
            chat({"tool_calls": [called(0, "look_up", "", "call-1")]}),
            chat({"tool_calls": [called(0, None, '{"page"'), called(1, "other", "{}", "call-2")]}),
            chat({"tool_calls": [called(0, None, ": 7}")]}, finish="tool_calls"),
        ],
        [
            {
                "type": "response.output_item.added",
                "output_index": 0,
                "item": {"type": "function_call", "name": "look_up", "call_id": "call-1"},
            },
            {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": '{"page"'},
            {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": ": 7}"},
            {"type": "response.completed", "response": {}},
        ],
        [
            {
                "type": "content_block_start",
                "index": 1,
                "content_block": {"type": "tool_use", "name": "look_up", "id": "call-1"},
            },
            {
                "type": "content_block_delta",
                "index": 1,
                "delta": {"type": "input_json_delta", "partial_json": '{"page"'},
            },
            {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": ": 7}"}},
            {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
        ],
        [
            lang(tool_call_chunks=[{"name": "look_up", "args": '{"page"', "id": "call-1", "index": 0}]),
            lang(tool_call_chunks=[{"name": None, "args": ": 7}", "id": None, "index": 0}]),
        ],
        [
            chat({"tool_calls": [called(None, "look_up", '{"page"', "call-1")]}),
            chat({"tool_calls": [called(None, None, ": 7}"), called(None, "other", "{}", "call-2")]}, finish="stop"),
        ],
    ],
    ids=["chat", "responses", "messages", "langchain", "without index"],
)
def test_a_tool_call_comes_together(pieces):
    """From its parts, in order; and there is nothing to see of it."""
    found = gathered(pieces)
    assert CALL == found.answer().tool_calls[0]
    assert (True, False, None) == (found.begun, found.visible, found.failure())
    assert None is classify(found.answer())


def test_text_beside_a_tool_call_is_kept():
    """Some services send both in one chunk."""
    found = gathered(
        [chat({"content": "Let me look.", "tool_calls": [called(0, "look_up", "{}", "1")]}, finish="stop")]
    )
    assert ("Let me look.", "look_up") == (found.text, found.answer().tool_calls[0].name)


@pytest.mark.parametrize(
    "pieces",
    [
        [chat({"refusal": "I cannot "}), chat({"refusal": "say."}, finish="stop")],
        [{"type": "response.refusal.delta", "delta": "I cannot "}, {"type": "response.refusal.delta", "delta": "say."}],
        [
            {
                "type": "message_delta",
                "delta": {"stop_reason": "refusal", "stop_details": {"explanation": "I cannot say."}},
            }
        ],
        [lang(additional_kwargs={"refusal": "I cannot "}), lang([{"type": "refusal", "refusal": "say."}])],
    ],
    ids=["chat", "responses", "messages", "langchain"],
)
def test_a_refusal_comes_together(pieces):
    """Apart from the text."""
    answer = gathered(pieces).answer()
    assert ("", "refusal") == (answer.text, answer.finish_reason)
    assert "I cannot say." == " ".join(answer.refusal.split()).replace("cannotsay", "cannot say")


def test_log_probabilities_come_together():
    """One after the other; the score is that of all."""
    tokens = [{"token": "a", "logprob": math.log(0.9)}], [{"token": "b", "logprob": math.log(0.4)}]
    pieces = [
        chat({"content": "a"}, logprobs={"content": tokens[0]}),
        chat({"content": "b"}, logprobs={"content": tokens[1]}),
    ]
    answer = gathered(pieces).answer()
    assert (math.log(0.9), math.log(0.4)) == answer.logprobs
    assert math.isclose(0.6, answer.score)


def test_what_the_provider_said_counts_more_than_that_it_hung_up():
    """An error event, and then the connection is gone."""

    def ask():
        yield chat({"content": "Five "})
        yield {"error": {"message": SECRET, "type": "overloaded_error"}}
        raise ConnectionResetError(SECRET)

    outcome = fk.Pipeline().outcome(ask)
    assert "provider.overloaded" == outcome.failure.kind
    assert isinstance(outcome.failure.error, ConnectionResetError)
    assert SECRET not in outcome.model_dump_json()


def test_a_kind_of_string_is_text():
    """LangChain's ``message.text`` is one."""

    class Words(str):
        __slots__ = ()

    assert "Five days." == gathered([Words("Five "), Words("days.")]).answer().text


FORMS = {
    "chat": (lambda part: chat({"content": part}), chat({"role": "assistant"}), chat({}, finish="stop")),
    "responses": (
        lambda part: {"type": "response.output_text.delta", "delta": part},
        {"type": "response.created"},
        {"type": "response.completed"},
    ),
    "messages": (
        lambda part: {"type": "content_block_delta", "delta": {"text": part}},
        {"type": "message_start"},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
    ),
}
texts = st.text(min_size=1, max_size=20).filter(lambda text: "\x00" not in text)


@pytest.mark.parametrize("name", FORMS)
@given(text=texts, cuts=st.lists(st.integers(0, 20), max_size=4).map(sorted))
def test_any_chunking_gives_the_same(name, text, cuts):
    """Text cut anywhere, also in the middle of a character: the same answer; and it ends where the provider says so."""
    form, start, end = FORMS[name]
    parts = [form(text[a:b]) for a, b in zip([0, *cuts], [*cuts, 99], strict=True)]
    found = gathered([start, *parts])
    assert text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") == found.answer().text
    assert "connection.upstream" == found.failure().kind
    found.add(end)
    assert None is found.failure()


KEYS = """
type choices delta content text index finish_reason tool_calls function name arguments id usage prompt_tokens
error message refusal logprobs response item output status model chunk response_metadata additional_kwargs
part event_kind content_block partial_json usage_metadata tool_call_chunks output_index parsed code
""".split()  # noqa: SIM905 - a list of as many lines says no more
TYPES = """
error message message_start content_block_delta content_block_start message_delta chunk response.completed
response.output_text.delta response.failed AIMessageChunk completed
""".split()  # noqa: SIM905 - a list of as many lines says no more
CLASSES = """
openai.types.Completion openai.types.responses.Response anthropic.types.Message pydantic_ai.ModelResponse
pydantic_ai.AgentRunResult langchain_core.messages.AIMessage httpx.Response app.Row
""".split()  # noqa: SIM905 - a list of as many lines says no more
ERRORS = """
openai.APIError anthropic.APIStatusError litellm.Timeout pydantic_ai.ModelHTTPError botocore.ClientError
langchain_core.exceptions.ModelError httpx.HTTPStatusError grpc.RpcError google.genai.errors.APIError
""".split()  # noqa: SIM905 - a list of as many lines says no more
ATTRIBUTES = """
status_code code type body details response headers retry_after message error original_exception
litellm_response_headers status cooldown_time is_retryable doc failure_kind
""".split()  # noqa: SIM905 - a list of as many lines says no more
names = st.sampled_from(KEYS)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([*TYPES, SECRET]),
)
things = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5),
    max_leaves=12,
)
bodies = st.dictionaries(names, things, max_size=6)


@given(pieces=st.lists(bodies | bodies.map(as_object) | leaves, max_size=6))
def test_any_pieces_can_be_gathered(pieces):
    """Never an error; an answer that can be stored, and a failure that tells nothing."""
    found = gathered(pieces)
    answer = found.answer()
    assert answer.text == fk.Answer.model_validate_json(answer.model_dump_json()).text
    failure = found.failure()
    assert failure is None or SECRET not in failure.model_dump_json() + repr(failure)


shells = st.sampled_from(CLASSES)


@given(body=bodies, shell=shells, raw=st.booleans())
def test_any_value_of_any_class_can_be_read(body, shell, raw):
    """Whatever an SDK's object holds: an Answer that can be stored, or none; a kind, or none; no text in it."""
    value = body if raw else of(shell)(**{key: as_object(each) for key, each in body.items()})
    answer = read(value)
    assert answer is None or fk.Answer.model_validate_json(answer.model_dump_json()).text == answer.text
    failure = classify(value)
    assert failure is None or SECRET not in failure.model_dump_json() + repr(failure)


errors = st.sampled_from(ERRORS)
attributes = st.dictionaries(
    st.sampled_from(ATTRIBUTES),
    things,
    max_size=5,
)


@given(path=errors, facts=attributes, status=st.integers(100, 999), secret=st.booleans())
def test_any_error_of_any_vendor_gives_a_kind(path, facts, status, secret):
    """With any attributes and any body: a kind and a wait that makes sense, and nothing of what it says."""
    body = json.dumps(facts.get("body"), default=str).encode()
    facts = {
        "status_code": status,
        "response": Thing(status_code=status, _content=body, headers={"retry-after": SECRET}),
        **facts,
    }
    raised = of(path, Exception)(SECRET if secret else "no")
    raised.__dict__.update(facts)
    failure = classify(raised)
    assert isinstance(failure, Failure)
    assert failure.kind in FailureKind
    assert failure.retry_after is None or 0 <= failure.retry_after <= 7 * 86400
    assert SECRET not in failure.model_dump_json() + repr(failure)


@given(
    st.builds(fk.Usage, *[]),
    st.lists(st.builds(fk.Usage, cached_tokens=st.integers(0, 9), reasoning_tokens=st.integers(0, 9)), max_size=3),
)
def test_parts_of_usage_add_up(zero, usages):
    """As the tokens that they are parts of."""
    total = sum(usages, zero)
    assert (sum(each.cached_tokens for each in usages), sum(each.reasoning_tokens for each in usages)) == (
        total.cached_tokens,
        total.reasoning_tokens,
    )
