"""What each vendor's whole values are read into."""

from __future__ import annotations

import json
import math
from enum import StrEnum

import pytest

from fallbackkit import Answer, ToolCall, Usage
from fallbackkit.providers import classify, read
from tests.providers.forms import Thing, as_object, of

USAGE = Usage(input_tokens=11, output_tokens=7, cached_tokens=5, reasoning_tokens=3)
CALL = ToolCall(name="look_up", arguments='{"page": 7}', id="call-1")
CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "m-1",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Five days.", "refusal": None, "tool_calls": None},
        }
    ],
    "usage": {
        "prompt_tokens": 11,
        "completion_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 5},
        "completion_tokens_details": {"reasoning_tokens": 3},
    },
}
RESPONSE = {
    "id": "resp-1",
    "object": "response",
    "model": "m-1",
    "status": "completed",
    "output": [
        {"type": "reasoning", "summary": []},
        {"type": "message", "content": [{"type": "output_text", "text": "Five days."}]},
    ],
    "usage": {
        "input_tokens": 11,
        "output_tokens": 7,
        "input_tokens_details": {"cached_tokens": 5},
        "output_tokens_details": {"reasoning_tokens": 3},
    },
}
MESSAGE = {
    "id": "msg-1",
    "type": "message",
    "model": "m-1",
    "stop_reason": "stop",
    "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Five days."}],
    "usage": {
        "input_tokens": 4,
        "cache_creation_input_tokens": 2,
        "cache_read_input_tokens": 5,
        "output_tokens": 7,
        "output_tokens_details": {"thinking_tokens": 3},
    },
}
GEMINI = {
    "responseId": "gemini-1",
    "modelVersion": "m-1",
    "candidates": [
        {"finishReason": "stop", "content": {"parts": [{"text": "Hm.", "thought": True}, {"text": "Five days."}]}}
    ],
    "usageMetadata": {
        "promptTokenCount": 11,
        "candidatesTokenCount": 4,
        "cachedContentTokenCount": 5,
        "thoughtsTokenCount": 3,
    },
}
TOOL = {"id": "call-1", "type": "function", "function": {"name": "look_up", "arguments": '{"page": 7}'}}
shapes = pytest.mark.parametrize("shape", [dict, as_object])


def lang(**facts):
    """A message of LangChain's."""
    plain = {"content": "Five days.", "response_metadata": {}, "tool_calls": [], "usage_metadata": None, "id": "run-1"}
    return of("langchain_core.messages.ai.AIMessage")(**{"type": "ai", "additional_kwargs": {}} | plain | facts)


def run(output, **facts):
    """A result of pydantic-ai's, with the response that it comes from."""
    plain = {
        "kind": "response",
        "parts": [],
        "model_name": "m-1",
        "finish_reason": "stop",
        "provider_response_id": "r-1",
    }
    response = of("pydantic_ai.messages.ModelResponse")(**plain | facts)
    usage = Thing(input_tokens=11, output_tokens=7, cache_read_tokens=5, details={"reasoning_tokens": 3})
    return of("pydantic_ai.run.AgentRunResult")(output=output, response=response, usage=usage)


def gemini(*parts, reason="STOP", **facts):
    """A response of google-genai's, whose reasons are an enumeration's."""
    end = StrEnum("FinishReason", [reason])[reason]
    candidate = Thing(content=Thing(parts=[as_object(part) for part in parts]), finish_reason=end)
    return of("google.genai.types.GenerateContentResponse")(**{"candidates": [candidate], "parsed": None} | facts)


def chat(**message):
    """A completion with another message, or another end."""
    end = message.pop("finish_reason", "stop")
    return CHAT | {"choices": [{"index": 0, "finish_reason": end, "message": {"content": None} | message}]}


def response(*output, **facts):
    """A response with another output."""
    return RESPONSE | {"output": list(output)} | facts


def message(*content, **facts):
    """A message of Anthropic's with other content."""
    return MESSAGE | {"content": list(content)} | facts


@pytest.mark.parametrize(
    ("request_id", "form"),
    [("chatcmpl-1", CHAT), ("resp-1", RESPONSE), ("msg-1", MESSAGE)],
    ids=["chat", "responses", "messages"],
)
@shapes
def test_every_form_gives_the_same_answer(request_id, form, shape):
    """Text, model, end, usage with its parts, and by what to find it again; thoughts are no answer."""
    expected = Answer(text="Five days.", model="m-1", finish_reason="stop", usage=USAGE, request_id=request_id)
    assert expected == read(shape(form))
    assert None is classify(shape(form))


def test_gemini_gives_it_too():
    """As the API sends it; the SDK's object has other names for the same."""
    expected = Answer(text="Five days.", model="m-1", finish_reason="stop", usage=USAGE, request_id="gemini-1")
    assert expected == read(GEMINI)
    usage = Thing(prompt_token_count=11, candidates_token_count=4, cached_content_token_count=5, thoughts_token_count=3)
    facts = {"model_version": "m-1", "response_id": "gemini-1", "usage_metadata": usage}
    assert expected == read(gemini({"text": "Five days."}, reason="stop", **facts))


def test_langchain_and_pydantic_ai_give_it_too():
    """A message with its metadata, and a run's result with its response."""
    details = {"input_token_details": {"cache_read": 5}, "output_token_details": {"reasoning": 3}}
    meta = {"model_name": "m-1", "finish_reason": "stop", "id": "r-1"}
    usage = {"input_tokens": 11, "output_tokens": 7, **details}
    expected = Answer(text="Five days.", model="m-1", finish_reason="stop", usage=USAGE, request_id="r-1")
    assert expected == read(lang(response_metadata=meta, usage_metadata=usage)) == read(run("Five days."))


def test_the_id_of_a_request_comes_before_that_of_its_response():
    """The SDK keeps the header's; an HTTP client's response has it in the headers."""
    asked = as_object(CHAT)
    asked._request_id = "req-1"
    assert "req-1" == read(asked).request_id
    body = json.dumps(CHAT).encode()
    fetched = of("httpx.Response")(status_code=200, _content=body, headers={"x-request-id": "req-2"})
    assert ("req-2", "Five days.") == (read(fetched).request_id, read(fetched).text)
    fetched.headers = {"request-id": "req-3"}
    assert "req-3" == read(fetched).request_id
    assert None is read(lang()).request_id  # LangChain's own number is nobody's


@pytest.mark.parametrize(
    "value",
    [
        chat(tool_calls=[TOOL]),
        chat(tool_calls=[TOOL], finish_reason="tool_calls"),
        response({"type": "function_call", "name": "look_up", "arguments": '{"page": 7}', "call_id": "call-1"}),
        message({"type": "tool_use", "name": "look_up", "input": {"page": 7}, "id": "call-1"}, stop_reason="tool_use"),
        lang(content="", tool_calls=[{"name": "look_up", "args": {"page": 7}, "id": "call-1"}]),
        gemini({"function_call": Thing(name="look_up", args={"page": 7}, id="call-1")}),
    ],
    ids=["chat", "chat, named", "responses", "messages", "langchain", "gemini"],
)
def test_a_tool_call_without_text_is_an_answer(value):
    """Its arguments are JSON, whether they were sent so or not."""
    assert (CALL,) == read(value).tool_calls
    assert None is classify(value)
    assert None is classify(read(value))


def test_arguments_that_are_no_json_are_left_out():
    """The call is still one."""
    spoilt = lang(content="", tool_calls=[{"name": "look_up", "args": {1, 2}, "id": "call-1"}])
    assert (ToolCall(name="look_up", id="call-1"),) == read(spoilt).tool_calls


def test_other_calls_are_read():
    """A function of the old form, and a tool of one's own whose input is no JSON."""
    assert (ToolCall(name="f", arguments="{}"),) == read(
        chat(function_call={"name": "f", "arguments": "{}"})
    ).tool_calls
    own = {"id": "1", "type": "custom", "custom": {"name": "run", "input": "ls"}}
    assert (ToolCall(name="run", arguments="ls", id="1"),) == read(chat(tool_calls=[own])).tool_calls


@pytest.mark.parametrize(
    "value",
    [
        chat(tool_calls=[TOOL], finish_reason="length"),
        response(status="incomplete"),
        response(status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
        message({"type": "text", "text": "Fi"}, stop_reason="max_tokens"),
        message({"type": "text", "text": "Fi"}, stop_reason="pause_turn"),
        lang(response_metadata={"stop_reason": "max_tokens"}),
        lang(response_metadata={"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}),
        lang(response_metadata={"status": "incomplete"}),
        run("Fi", finish_reason="length"),
        gemini({"text": "Fi"}, reason="MAX_TOKENS"),
    ],
)
def test_what_was_cut_off_says_so(value):
    """Also a tool call, whose arguments are then half."""
    assert "output.truncated" == classify(value).kind


@pytest.mark.parametrize(
    "value",
    [
        chat(refusal="I cannot say."),
        chat(content=[{"type": "refusal", "refusal": "I cannot say."}]),
        chat(provider_specific_fields={"refusal": "I cannot say."}),
        response({"type": "message", "content": [{"type": "refusal", "refusal": "I cannot say."}]}),
        message({"type": "text", "text": "I cannot say."}, stop_reason="refusal"),
        message(stop_reason="refusal", stop_details={"explanation": "I cannot say."}),
        lang(content="", additional_kwargs={"refusal": "I cannot say."}),
        lang(content=[{"type": "refusal", "refusal": "I cannot say."}]),
    ],
)
def test_a_refusal_keeps_its_words_apart(value):
    """They are never the answer's text."""
    answer = read(value)
    assert ("", "I cannot say.", "refusal") == (answer.text, answer.refusal, answer.finish_reason)
    assert "safety.refused" == classify(value).kind


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("provider.5xx", of("openai.types.responses.response.Response")(error={"message": "no"}, status=None)),
        ("rate.shared", response(status="failed", error={"code": "rate_limit_exceeded"})),
        ("provider.5xx", response(status="failed", error=None)),
        ("output.empty", response(status="in_progress")),
        ("output.empty", response()),
        ("output.empty", response({"type": "web_search_call"})),
        ("cancelled", response(status="cancelled")),
        ("provider.5xx", of("anthropic.types.message.Message")(content=None, type=None)),
        ("provider.overloaded", Thing(type="error", error={"type": "overloaded_error"}, content=None)),
        ("connection.upstream", message({"type": "text", "text": "Fi"}, stop_reason=None)),
        (
            "connection.upstream",
            of("openai.types.ParsedChatCompletion")(choices=[as_object(chat(finish_reason=None)["choices"][0])]),
        ),
        ("output.empty", message()),
        ("output.empty", lang(content=[])),
        ("output.malformed", lang(content="", invalid_tool_calls=[{"name": "f", "args": "{", "id": "1"}])),
        (
            "output.truncated",
            lang(content="", invalid_tool_calls=[{"name": "f"}], response_metadata={"finish_reason": "length"}),
        ),
        ("provider.5xx", lang(response_metadata={"status": "failed"})),
        ("safety.refused", run("Fi", finish_reason="content_filter")),
        ("connection.upstream", run("Fi", state="interrupted")),
        ("connection.upstream", run("Fi", finish_reason=None, provider_name="anthropic")),
        ("connection.upstream", run("Fi", provider_details={}, provider_name="openai")),
        ("output.empty", run("")),
        ("output.empty", gemini()),
        ("output.malformed", gemini(reason="MALFORMED_FUNCTION_CALL")),
        ("safety.refused", gemini(reason="SAFETY")),
        ("safety.refused", gemini(candidates=None, prompt_feedback=Thing(block_reason="OTHER"))),
        ("provider.5xx", gemini(candidates=None)),
        ("rate.shared", chat(content="x") | {"choices": [{"error": {"code": 429}, "message": {"content": "Fi"}}]}),
    ],
)
def test_a_bad_value_is_a_failure(kind, value):
    """Errors in the place of an answer, answers that have not come, and those that broke off."""
    assert kind == classify(value).kind


def test_data_is_read():
    """The parsed object, an image, an agent's output; never the SDK's own object, which holds the prompt."""
    parsed = {"type": "message", "content": [{"type": "output_text", "text": "{}", "parsed": {"days": 5}}]}
    assert {"days": 5} == read(response(parsed)).data
    image = {"type": "image_generation_call", "result": "aGk="}
    assert [image] == read(response(image)).data
    assert None is classify(response(image))
    assert {"days": 5} == read(message({"type": "text", "text": "{}", "parsed_output": {"days": 5}})).data
    assert {"days": 5} == read(run({"days": 5}, finish_reason="tool_call")).data
    assert None is classify(run({"days": 5}, finish_reason="tool_call"))
    for value in (CHAT, RESPONSE, MESSAGE):
        assert None is read(as_object(value)).data


def test_a_structure_with_its_raw_message_is_read():
    """What LangChain gives with ``include_raw``."""
    raw = {"raw": lang(content='{"days": 5}'), "parsed": {"days": 5}, "parsing_error": None}
    assert ('{"days": 5}', {"days": 5}) == (read(raw).text, read(raw).data)
    assert "output.malformed" == classify(raw | {"parsed": None, "parsing_error": ValueError()}).kind
    cut = lang(content='{"da', response_metadata={"finish_reason": "length"})
    assert "output.truncated" == classify({"raw": cut, "parsed": None, "parsing_error": ValueError()}).kind
    failed = lang(response_metadata={"status": "failed"})
    assert "provider.5xx" == classify(raw | {"raw": failed}).kind
    refused = lang(content="", additional_kwargs={"refusal": "No."})
    assert "safety.refused" == classify({"raw": refused, "parsed": None, "parsing_error": ValueError()}).kind


def test_log_probabilities_are_read():
    """Of chat, text and Responses completions and of LangChain's messages; the score follows from them."""
    tokens = [{"token": "a", "logprob": math.log(0.9)}, {"token": "b", "logprob": math.log(0.4)}]
    choice = {"message": {"content": "ab"}, "finish_reason": "stop", "logprobs": {"content": tokens}}
    text = {"text": "ab", "logprobs": {"token_logprobs": [None, math.log(0.9), math.log(0.4)]}}
    part = {"type": "output_text", "text": "ab", "logprobs": tokens}
    values = [
        {"choices": [choice]},
        {"choices": [text]},
        response({"type": "message", "content": [part]}),
        lang(response_metadata={"logprobs": {"content": tokens}}),
        run("ab", provider_details={"finish_reason": "stop", "logprobs": tokens}),
        gemini(
            candidates=[
                as_object(
                    {
                        "content": {"parts": [{"text": "ab"}]},
                        "logprobs_result": {
                            "chosen_candidates": [{"log_probability": each["logprob"]} for each in tokens]
                        },
                    }
                )
            ]
        ),
        run("ab", parts=[Thing(part_kind="text", content="ab", provider_details={"logprobs": tokens})]),
    ]
    for answer in map(read, values):
        assert (math.log(0.9), math.log(0.4)) == answer.logprobs
        assert math.isclose(0.6, answer.score)
    endless = read({"choices": [choice | {"logprobs": {"content": [{"logprob": -math.inf}]}}]})
    assert (0.0, None) == (endless.score, endless.logprobs)


def test_an_older_pydantic_ai_is_read():
    """Usage was a method, and the response is the last message of its kind."""
    plain = run("Five days.")
    usage = plain.usage
    messages = [plain.response, Thing(kind="request")]
    older = of("pydantic_ai.agent.AgentRunResult")(
        output="Five days.", usage=lambda: usage, all_messages=lambda: messages
    )
    assert read(plain) == read(older)


def http(status=200, body=b"", package="httpx", name="Response", content="_content"):
    """A response of an HTTP client's, received."""
    return of(f"{package}.{name}")(status_code=status, headers={}, **{content: body})


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (None, http(body=json.dumps(CHAT).encode())),
        (None, http(body=json.dumps(RESPONSE).encode())),
        (None, http(body=json.dumps(MESSAGE).encode())),
        (None, http(body=b"Five days.")),
        (None, http(body=b'{"rows": []}')),
        (None, http(body=None)),
        ("provider.5xx", http(503)),
        ("rate.shared", http(429, package="requests")),
        ("rate.shared", http(429, package="aiohttp", name="ClientResponse", content="_body")),
        ("quota.billing", http(429, b'{"error": {"code": "insufficient_quota"}}')),
        ("input.too_long", http(400, b'{"error": {"message": "Prompt is too long: 9 > 5"}}')),
        ("provider.5xx", http(body=b"<html>login</html>")),
        ("provider.overloaded", http(body=b'{"error": {"message": "no", "type": "overloaded_error"}}')),
        ("output.malformed", http(body=b"\x00\x01")),
        ("output.empty", http(body=b"")),
        ("provider.5xx", http(body=b'{"object": "chat.completion", "choices": []}')),
    ],
)
def test_a_response_of_an_http_client_is_looked_into(kind, value):
    """An error status, a page and an error body are no answers; nothing is read from the network."""
    failure = classify(value)
    assert kind == (failure.kind if failure else None)


def test_other_classes_of_these_names_are_not_taken_for_it():
    """A user's own Response, Message, or ModelResponse is data."""
    for name in ("web.Response", "mail.Message", "forms.AgentRunResult"):
        value = of(name)(status_code=503, type="mail", content="x")
        assert value is read(value).data
        assert None is classify(value)
