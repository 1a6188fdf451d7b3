"""An answer that arrives in pieces, in every form that providers send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallbackkit import Answer, Source, Usage
from fallbackkit.providers._pieces import Pieces


class Event:
    """An SDK's object."""

    def __init__(self, **facts):
        self.__dict__ |= facts


def as_object(piece):
    """The same piece as an SDK's object."""
    if isinstance(piece, dict):
        return Event(**{key: as_object(value) for key, value in piece.items()})
    return [as_object(each) for each in piece] if isinstance(piece, list) else piece


def chat(content=None, finish=None, **more):
    """A chunk of a chat completion."""
    choice = {"index": 0, "delta": {"content": content, **more}, "finish_reason": finish}
    return {"object": "chat.completion.chunk", "model": "m-1", "choices": [choice]}


USAGE = {"model": "m-1", "choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7}}
CHAT = [chat("", role="assistant"), chat("Five "), chat("days."), chat(finish="stop"), USAGE]
TEXT = [
    {"choices": [{"text": "Five "}], "model": "m-1"},
    {"choices": [{"text": "days.", "finish_reason": "stop"}]},
    USAGE,
]
RESPONSE = [
    {"type": "response.created", "response": {"model": "m-1"}},
    {"type": "response.output_item.added", "item": {}},
    {"type": "response.output_text.delta", "delta": "Five "},
    {"type": "response.output_text.delta", "delta": "days."},
    {"type": "response.output_text.done", "text": "Five days."},
    {"type": "response.completed", "response": {"usage": {"input_tokens": 11, "output_tokens": 7}}},
]
MESSAGE = [
    {"type": "message_start", "message": {"model": "m-1", "usage": {"input_tokens": 11, "output_tokens": 1}}},
    {"type": "content_block_start", "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Five "}},
    {"type": "text", "text": "Five ", "snapshot": "Five "},
    {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "days."}},
    {"type": "content_block_stop"},
    {"type": "message_delta", "delta": {"stop_reason": "stop"}, "usage": {"output_tokens": 7}},
    {"type": "message_stop"},
]


def gathered(pieces):
    """All pieces, taken."""
    found = Pieces()
    for piece in pieces:
        found.add(piece)
    return found


@pytest.mark.parametrize("form", [CHAT, TEXT, RESPONSE, MESSAGE], ids=["chat", "text", "responses", "messages"])
@pytest.mark.parametrize("shape", [dict, as_object])
def test_every_form_gives_the_same_answer(form, shape):
    """Text once, model, usage and finish reason; as dicts and as objects."""
    found = gathered([shape(piece) for piece in form])
    expected = Answer(
        text="Five days.", model="m-1", finish_reason="stop", usage=Usage(input_tokens=11, output_tokens=7)
    )
    assert (expected, None) == (found.answer(), found.failure())


@pytest.mark.parametrize(
    ("form", "silent"), [(CHAT, [0, 3, 4]), (RESPONSE, [0, 1, 4, 5]), (MESSAGE, [0, 1, 2, 4, 6, 7, 8])]
)
def test_only_content_begins_an_answer(form, silent):
    """42: roles, pings, copies and ends bring nothing of the answer itself."""
    brought = [Pieces().add(piece) for piece in form]
    assert silent == [at for at, something in enumerate(brought) if not something]


@pytest.mark.parametrize("form", [CHAT[:3], RESPONSE[:5], MESSAGE[:7]], ids=["chat", "responses", "messages"])
def test_an_end_without_a_reason_is_a_break(form):
    """A provider that names a reason for each end has not ended if it named none."""
    assert "connection.upstream" == gathered(form).failure().kind


def test_strings_end_where_they_end():
    """Nothing is missing where no reason is ever named."""
    found = gathered(["Five ", "", None, "days."])
    assert ("Five days.", None) == (found.answer().text, found.failure())


@pytest.mark.parametrize(
    ("piece", "kind"),
    [
        ({"error": {"message": "no", "type": "overloaded_error"}}, "provider.overloaded"),
        ({"type": "error", "error": {"type": "rate_limit_error"}}, "rate.shared"),
        ({"error": {"message": "no", "code": 502}, "choices": []}, "provider.5xx"),
        ({"type": "response.failed", "response": {"error": {"code": "rate_limit_exceeded"}}}, "rate.shared"),
        ({"type": "error", "message": "who knows"}, "provider.5xx"),
    ],
)
@pytest.mark.parametrize("shape", [dict, as_object])
def test_an_error_may_come_as_a_piece(piece, kind, shape):
    """It is a failure of the stream, whatever came before."""
    found = gathered(["Five ", shape(piece)])
    assert (kind, "Five ") == (found.failure().kind, found.answer().text)


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        ([chat("Fi", finish="length")], "length"),
        ([chat(refusal="I'm "), chat(refusal="sorry", finish="stop")], "refusal"),
        ([{"type": "response.refusal.delta", "delta": "no"}, RESPONSE[-1]], "refusal"),
        (
            [{"type": "response.incomplete", "response": {"incomplete_details": {"reason": "max_output_tokens"}}}],
            "max_output_tokens",
        ),
        ([{"type": "response.incomplete", "response": {}}], "length"),
    ],
)
def test_the_end_says_why(pieces, reason):
    """Cut off and refused answers say so, and a refusal's words are no answer."""
    found = gathered(pieces)
    assert reason == found.answer().finish_reason
    assert None is found.failure()
    assert "sorry" not in found.answer().text


@pytest.mark.parametrize(
    "piece",
    [
        chat(tool_calls=[{"index": 0, "function": {"name": "f"}}]),
        chat(function_call={"name": "f"}),
        {"type": "response.function_call_arguments.delta", "delta": "{"},
        {"type": "content_block_start", "content_block": {"type": "tool_use", "name": "f"}},
        {"rows": [1, 2]},
        Answer(text="", data={"rows": 1}),
    ],
)
def test_tools_and_data_are_content_for_no_eye(piece):
    """They satisfy the first-token clock, and show nothing."""
    found = Pieces()
    assert found.add(piece)
    assert (True, False) == (found.begun, found.visible)


def test_the_last_data_stays():
    """A function may yield a growing structure."""
    assert {"rows": [1, 2]} == gathered([{"rows": [1]}, {"rows": [1, 2]}]).answer().data


def test_an_answer_brings_what_strings_cannot():
    """Its text is a piece; sources and score are taken over."""
    source = Source(title="Leave policy")
    answer = gathered(["Five ", Answer(text="days.", sources=(source,), score=0.9)]).answer()
    assert ("Five days.", (source,), 0.9) == (answer.text, answer.sources, answer.score)


def test_a_message_with_content_is_text():
    """As LangChain's chunks are."""
    assert "Five days." == gathered([Event(content="Five "), Event(content="days.")]).answer().text


def test_blank_text_begins_but_is_not_visible():
    """A line feed satisfies the first-token clock, and there is nothing to see."""
    found = Pieces()
    assert found.add("\n")
    assert (True, False) == (found.begun, found.visible)
    found.add("x")
    assert found.visible


def test_half_characters_find_their_other_half():
    """A surrogate pair cut in two is whole again; one left alone is marked."""
    assert "\N{GRINNING FACE}" == gathered(["\ud83d", "\ude00"]).answer().text
    assert "a\ufffd" == gathered(["a", "\ud83d"]).answer().text


@given(st.lists(st.one_of(st.text(), st.none(), st.binary(), st.integers(), st.dictionaries(st.text(), st.integers()))))
def test_nothing_breaks_it(pieces):
    """Any objects: the text is that of the strings, in order."""
    found = gathered(pieces)
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    assert text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") == found.answer().text
