from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from fallbackkit import _log
from fallbackkit._outcome import Answer
from fallbackkit.errors import FailureKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Provider", "answer_by", "checked", "kind_by", "piece_by"]

R = TypeVar("R")


class Provider:
    """What the errors and answers of one more service mean.

    Derive from it, and give one to ``Pipeline(…, providers=[…])`` or ``protect(providers=[…])``. It is asked before
    what the kit knows by itself. Each method may be left out, and returns None for what is not the service's own. One
    that raises is logged and passed over. Methods are called from any thread.

    Example:
        >>> from fallbackkit import Answer, Pipeline
        >>> class Oracle(Provider):
        ...     def kind_of(self, error):
        ...         return "provider.overloaded" if str(error) == "E42" else None
        ...     def read(self, value):
        ...         return Answer(text=value["says"]) if isinstance(value, dict) and "says" in value else None
        >>> ask = Pipeline(providers=[Oracle()])(lambda question: {"says": "Five days."})
        >>> ask.outcome("How long?").text
        'Five days.'
    """

    def kind_of(self, error: BaseException) -> FailureKind | str | None:
        """The kind of failure that an exception is, or its id such as ``"rate.shared"``.

        It is asked for the exception that was raised and for those it was raised from.
        """

    def read(self, value: Any) -> Answer | None:
        """What a function returned, as an Answer.

        A bad answer says so: no text, or the ``finish_reason`` "length", "refusal", "content_filter" or "error".
        """

    def read_piece(self, piece: Any) -> str | Answer | None:
        """A piece of a stream: its text ("" if it brings none), or an Answer.

        The text of an Answer is a piece; its other fields are taken over, and the last ones stay.
        """


def checked(providers: Iterable[Provider]) -> tuple[Provider, ...]:
    """The argument of a Pipeline, if it is right.

    Raises:
        TypeError: It is no list, or holds something else.
    """
    if isinstance(providers, Provider):
        raise TypeError("`providers` must be a list; put the Provider into one: providers=[…]")
    listed = tuple(providers)
    for each in listed:
        if not isinstance(each, Provider):
            made = "; make one: providers=[Name()]" if isinstance(each, type) else ""
            raise TypeError(f"`providers` must hold objects of classes derived from Provider, got {each!r}{made}")
    return listed


def kind_by(providers: Sequence[Provider], error: BaseException) -> FailureKind | None:
    """The kind that the first provider who knows an exception says. Never raises."""
    return _first(providers, "kind_of", error, FailureKind)


def answer_by(providers: Sequence[Provider], value: object) -> Answer | None:
    """The Answer that the first provider who knows a value makes of it. Never raises."""
    return _first(providers, "read", value, _answer)


def piece_by(providers: Sequence[Provider], piece: object) -> str | Answer | None:
    """What the first provider who knows a piece makes of it. Never raises."""
    return _first(providers, "read_piece", piece, _piece)


def _answer(found: object) -> Answer:
    if not isinstance(found, Answer):
        raise TypeError("`read` has to give an Answer or None")
    return found


def _piece(found: object) -> str | Answer:
    if type(found) is not str and type(found) is not Answer:
        raise TypeError("`read_piece` has to give a string, an Answer or None")
    return found


def _first(providers: Sequence[Provider], method: str, thing: object, accept: Callable[[Any], R]) -> R | None:
    for provider in providers:
        try:
            found = getattr(provider, method)(thing)
            if found is not None:
                return accept(found)
        except Exception as error:  # noqa: BLE001 - a provider is foreign code, and its bug no reason to fail
            _log.error("%s.%s raised, and was passed over", type(provider).__name__, method, error=error)
    return None
