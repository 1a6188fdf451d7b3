"""What the blocks of the pages may use without defining it: a client of the shape people have."""

from __future__ import annotations

from types import SimpleNamespace


def _create(**request):
    message = SimpleNamespace(role="assistant", content="Hold the power button for ten seconds.", refusal=None)
    choice = SimpleNamespace(index=0, finish_reason="stop", logprobs=None, message=message)
    usage = SimpleNamespace(prompt_tokens=12, completion_tokens=8, total_tokens=20)
    return SimpleNamespace(
        id="1", object="chat.completion", model=request.get("model", "small"), choices=[choice], usage=usage
    )


async def _acreate(**request):
    return _create(**request)


client = SimpleNamespace(chat=SimpleNamespace(completions=SimpleNamespace(create=_create)))
aclient = SimpleNamespace(chat=SimpleNamespace(completions=SimpleNamespace(create=_acreate)))


def small_model(question):
    """A second model, of the same shape."""
    return _create(model="small", question=question)


def keyword_search(question):
    """No AI at all."""
    return f"Page 7 of the handbook mentions: {question}"
