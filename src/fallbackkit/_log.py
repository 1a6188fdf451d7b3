"""What the kit logs: what happened and where, never what an exception says, which may quote a prompt or a key."""

from __future__ import annotations

import logging
import traceback

from fallbackkit._redact import redact

__all__ = ["error", "trace", "warning"]

_logger = logging.getLogger("fallbackkit")


def warning(message: str, *args: object, error: BaseException | None = None) -> None:
    """Log something to know of, with the trace of an exception but not its words."""
    _log(logging.WARNING, message, args, error)


def error(message: str, *args: object, error: BaseException | None = None) -> None:
    """Log something to mend, with the trace of an exception but not its words."""
    _log(logging.ERROR, message, args, error)


def _log(level: int, message: str, args: tuple[object, ...], error: BaseException | None) -> None:
    """The exception itself is the record's ``error``, for handlers that may see it."""
    if not _logger.isEnabledFor(level):
        return
    file, line, function, _ = _logger.findCaller(stacklevel=3)
    record = _logger.makeRecord(_logger.name, level, file, line, message, args, None, function, {"error": error})
    record.exc_text = None if error is None else trace(error)  # what a Formatter shows in place of the traceback
    _logger.handle(record)


def trace(error: BaseException) -> str:
    """A traceback without values and without the words of others: files, lines, functions, and classes."""
    told = traceback.TracebackException.from_exception(error, lookup_lines=False)
    return "\n".join(_lines(told, error))


def _lines(told: traceback.TracebackException, error: BaseException) -> list[str]:
    lines: list[str] = []
    if told.__cause__ is not None and error.__cause__ is not None:
        lines += [*_lines(told.__cause__, error.__cause__), "which led to:"]
    lines += [f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}' for frame in told.stack]
    text = f": {redact(str(error))}" if _is_own(error) else " (its text is not logged)"
    return [*lines, f"{type(error).__module__}.{type(error).__qualname__}{text}"]


def _is_own(error: BaseException) -> bool:
    """Whether the kit itself raised it: its sentences quote nobody."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    where: str = step.tb_frame.f_globals.get("__name__", "") if step is not None else ""
    return where.partition(".")[0] == "fallbackkit" and not where.startswith("fallbackkit.testing")
