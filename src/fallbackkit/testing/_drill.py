from __future__ import annotations

import asyncio
import inspect
import logging
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import partial
from typing import TYPE_CHECKING, Any

from fallbackkit import _checks
from fallbackkit.testing._drill_matrix import Matrix
from fallbackkit.testing._drill_rehearsal import look_at_queue, try_out
from fallbackkit.testing._drill_report import Rehearsal, Report
from fallbackkit.testing._drill_stage import wrapped
from fallbackkit.testing._timeline import running_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from fallbackkit.messages import Messages
    from fallbackkit.testing._drill_stage import Asked

__all__ = ["drill"]

_QUESTION = "What can you help me with?"
_in_a_drill: ContextVar[bool] = ContextVar("fallbackkit_in_a_drill", default=False)


def drill(
    ask: Asked,
    *args: Any,
    kwargs: Mapping[str, Any] | None = None,
    rehearse: bool = True,
    rehearse_primary: bool = False,
    rehearsal_limit: float = 10.0,
    limit: float = 30.0,
    actions: Collection[str] | None = None,
    locale: str = "en",
    messages: Messages | None = None,
) -> Report:
    """Run a wrapped function through every failure, at every step of its ladder, and say what people would see.

    First each fallback is called once for real, alone, with the arguments given here; the function itself
    is not. Then the pipeline is built once more with the same limits, fresh breakers, caches and budgets, and
    scripts in place of the functions: the first of them fail in every way there is, the others do what they did
    in the rehearsal, as slowly, on a virtual clock. Nothing of the original is touched: no ticket is filed,
    no breaker opens, no store is asked, no observer is called. Functions that the strategies were given (``key``,
    ``when``, ``check``, ``score``, ``choose``) are called. It runs from sync and async code, and holds its
    thread; one drill at a time.

    Args:
        ask: A wrapped function. Under another decorator it cannot be seen: hand over what the Pipeline made.
        *args: What to call it with. By default a sample question for each parameter without a default.
        kwargs: What to call it with by name.
        rehearse: Whether to call the fallbacks for real. If not, they play a sample answer.
        rehearse_primary: Whether to call the function itself, too.
        rehearsal_limit: Seconds that each may take then.
        limit: Seconds after which an answer is late, where the pipeline has no Deadline.
        actions: The ids of the actions that your page handles, as for OutcomeCard; None for all.
        locale: BCP 47 tag of the language that people read.
        messages: Your own words; without them, those of the kit.

    Raises:
        TypeError: ``ask`` is not a wrapped function, or cannot be called with these arguments.
        ValueError: A limit is out of range.

    Example:
        >>> from fallbackkit import Rung, protect
        >>> @protect(fallbacks=[Rung(lambda question: "Ask at the desk.", "rule", name="desk")], deadline=20)
        ... def ask(question: str) -> str:
        ...     raise ConnectionError
        >>> report = drill(ask, "When do you open?")
        >>> report.ok, report.steps
        (True, ('ask', 'desk'))
    """
    asked = wrapped(ask)
    if asked is None:
        raise TypeError(_not_wrapped(ask))
    given = _arguments(asked, args, dict(kwargs or {}))
    limit = _checks.seconds("limit", limit)
    first = 0 if rehearse_primary else 1
    rehearsing = partial(_rehearsals, first=first, limit=_checks.seconds("rehearsal_limit", rehearsal_limit))

    def run() -> Report:
        began = time.monotonic()
        with _quietly(), asyncio.Runner() as runner:
            matrix = Matrix(asked, *given, limit=limit, actions=actions, locale=locale, messages=messages)
            rehearsals = tuple(rehearsing(matrix, runner) if rehearse else _none_of(matrix))
            return Report(
                name=matrix.name,
                chain=asked.pipeline.describe(),
                steps=matrix.steps,
                faces=matrix.faces,
                rehearsals=rehearsals,
                cells=tuple(matrix.cells(runner)),
                left_out=matrix.left_out(),
                took=time.monotonic() - began,
                locale=locale,
                messages=messages,
            )

    return _off_the_loop(run)


def _rehearsals(matrix: Matrix, runner: asyncio.Runner, *, first: int, limit: float) -> Iterator[Rehearsal]:
    """Call the fallbacks, and let the matrix know how they do."""
    for part in matrix.parts:
        if part.step >= first:
            rehearsal, matrix.plays[part.index] = try_out(part, matrix.args, matrix.kwargs, limit, runner)
            yield rehearsal
    queue = look_at_queue(matrix.asked)
    if queue is not None:
        yield queue


def _none_of(matrix: Matrix) -> Iterator[Rehearsal]:
    for part in matrix.parts:
        if part.step:
            yield Rehearsal(rung=part.name, step_kind=part.kind, played="not rehearsed")


def _not_wrapped(ask: object) -> str:
    kind = type(ask).__name__
    if kind == "Pipeline":
        return "`ask` is a Pipeline; drill what it makes of your function: drill(pipeline(function))"
    return f"`ask` must be a wrapped function, got a {kind}; decorate it with protect(…) or a Pipeline"


def _arguments(asked: Asked, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What to call it with: what was given, or else a sample question for each text that it needs."""
    name = asked._target.name  # noqa: SLF001 - it is the kit's own
    try:
        signature = inspect.signature(asked)
    except ValueError:  # a built-in that does not tell
        return args or (_QUESTION,), kwargs
    if not args and not kwargs:
        args, kwargs = _samples(signature, name)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"`{name}` cannot be called with what was given: {error}; call it as your code does") from None
    return args, kwargs


def _samples(signature: inspect.Signature, name: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    needed = [each for each in signature.parameters.values() if each.default is each.empty and each.kind not in _REST]
    for parameter in needed:
        if parameter.annotation not in _TEXTS:
            raise TypeError(f"`{name}` needs `{parameter.name}`; give it after the function: drill({name}, …)")
    named = {each.name: _QUESTION for each in needed if each.kind is each.KEYWORD_ONLY}
    return (_QUESTION,) * (len(needed) - len(named)), named


_REST = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_TEXTS = (inspect.Parameter.empty, str, "str")


def _off_the_loop(fn: Callable[[], Report]) -> Report:
    """On a thread of its own where an event loop runs on this one."""
    if running_loop() is None:
        return fn()
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(copy_context().run, fn).result()


class _Hush(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - whatever it says
        return not _in_a_drill.get()


@contextmanager
def _quietly() -> Iterator[None]:
    """Faults made on purpose are no news, neither in the log nor as warnings."""
    logger = logging.getLogger("fallbackkit")
    hush = _Hush()
    token = _in_a_drill.set(True)
    logger.addFilter(hush)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            yield
    finally:
        logger.removeFilter(hush)
        _in_a_drill.reset(token)
