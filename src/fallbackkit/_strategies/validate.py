from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from fallbackkit import _checks
from fallbackkit._call import Reply, unusable
from fallbackkit._runtime import Strategy
from fallbackkit.errors import Failure, FailureKind, InvalidAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from fallbackkit._call import Call
    from fallbackkit._outcome import Answer
    from fallbackkit._runtime import Layer

__all__ = ["Validate"]


class Validate(Strategy):
    """Turns an answer that cannot be used into a failure: empty, cut off, refused, of the wrong form.

    With a ``schema`` or a ``check`` nothing of a stream is shown before its end. Safe to share between
    threads and tasks, if ``check`` is.

    Args:
        schema: A type for the structured data: a pydantic model, a dataclass, ``list[int]``, ….
            The answer's ``data``, or else its text read as JSON, has to fit; the parsed object
            becomes ``answer.data``.
        check: Called with the Answer; returns True if it can be used. May raise ValueError or fail
            an assertion instead.

    Example:
        >>> Validate(check=lambda answer: "TODO" not in answer.text).describe()
        'Validate(check)'
    """

    def __init__(self, *, schema: Any = None, check: Callable[[Answer], bool] | None = None) -> None:
        self._adapter: TypeAdapter[Any] | None = None if schema is None else TypeAdapter(schema)
        self._check = _checks.function("check", check)
        self.schema = schema
        self.holds = schema is not None or check is not None

    async def run(self, inner: Layer, call: Call) -> Reply:
        reply = await inner(call)
        if reply.failure is not None:
            return reply
        failure = unusable(reply)
        if failure is None and self._adapter is not None:
            reply = self._parsed(self._adapter, reply)
            failure = reply.failure
        if failure is None and self._check is not None:
            failure = self._checked(self._check, reply.answer)
        return reply if failure is None else call.refused(failure)

    def _parsed(self, adapter: TypeAdapter[Any], reply: Reply) -> Reply:
        answer = reply.answer
        if answer is None:
            return Reply(failure=_malformed("no answer to read", answer))
        try:
            read = adapter.validate_json if answer.data is None else adapter.validate_python
            data = read(answer.text if answer.data is None else answer.data)
        except ValidationError as error:
            return Reply(failure=_malformed("the answer does not fit the schema", answer, error))
        return Reply(reply.value, answer=answer.model_copy(update={"data": data}))

    def _checked(self, check: Callable[[Answer], bool], answer: Answer | None) -> Failure | None:
        if answer is None:
            return _malformed("no answer to check", answer)
        try:
            usable = check(answer)
        except (ValueError, AssertionError) as error:
            return _malformed("the check refused the answer", answer, error)
        return None if usable else _malformed("the check refused the answer", answer)

    def describe(self) -> str:
        parts = [getattr(self.schema, "__name__", str(self.schema))] if self.schema is not None else []
        parts += ["check"] if self._check is not None else []
        return f"Validate({', '.join(parts)})"


def _malformed(why: str, answer: Answer | None, cause: Exception | None = None) -> Failure:
    error = InvalidAnswer(why, answer)
    error.__cause__ = cause
    return Failure(kind=FailureKind.OUTPUT_MALFORMED, error=error)
