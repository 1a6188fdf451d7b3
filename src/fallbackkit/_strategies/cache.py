from __future__ import annotations

import math
import threading
import warnings
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from fallbackkit import _checks, _log
from fallbackkit._cache.flights import LEADING, Flight, Flights
from fallbackkit._cache.keys import NoKey, Numbers, spell, what_comes_along
from fallbackkit._cache.memory import MemoryCache, Saved
from fallbackkit._call import Call, Reply
from fallbackkit._runtime import Strategy
from fallbackkit._shared import Shared, StoreDown, tell
from fallbackkit.errors import BulkheadFull, DeadlineExceeded, FailureKind
from fallbackkit.events import CacheHit

if TYPE_CHECKING:
    from collections.abc import Callable

    from fallbackkit._outcome import Answer
    from fallbackkit._runtime import Layer

__all__ = ["Cache", "CacheStore"]

_OF_THE_ASKER = frozenset({FailureKind.AUTH_EXPIRED, FailureKind.PERMISSION, FailureKind.RATE_USER})
"""What was refused to one caller says nothing about the next."""

T = TypeVar("T")


class CacheStore(Shared, Protocol):
    """Where a Cache keeps answers. A method of a shared one raises StoreDown if it cannot answer.

    Attributes:
        shared: Whether it lies outside of this process: then it is waited for, and goes by the wall clock.
    """

    shared: bool

    def get(self, key: str) -> Saved | None:
        """What was saved under ``key``, of any age."""
        ...

    def put(self, key: str, saved: Saved) -> None:
        """Save it in place of what there was."""
        ...


class Cache(Strategy):
    """Saves answers, gives them again to whoever asks the same, and asks once for all who ask at the same time.

    Only what passed the layers inside is saved, no failure, and no degraded or hedged answer. A saved answer
    keeps its first date in ``created_at``, and costs nothing again: it has no ``usage``.

    While one call asks, others that ask the same wait, each inside its own limits, and get its answer or its
    failure; they make no attempt. If that call is cancelled, or its own time is up, one of them goes on in its
    place. What concerns that call alone (its session, permission or rate limit, a degraded answer) each of them
    asks for itself. A stream waits for others, but nobody waits for a stream. Caches and processes that share a
    store ask once each.

    An answer is given to everybody who asks with equal arguments: what else it depends on, such as the user, has to
    be an argument, or part of ``key``. Safe to share between threads, tasks, event loops and pipelines.
    Source: RFC 5861, HTTP Cache-Control Extensions for Stale Content, 2010.

    Args:
        ttl: Seconds for which a saved answer is given without asking.
        stale_if_error: Seconds after these for which it is given if asking fails.
        stale_while_revalidate: Seconds after ``ttl`` for which it is given at once, degraded as any that is past
            its time, and renewed beside the call: on a thread, or in a task of its event loop, within the call's
            limits. A failure there is logged, and changes nothing. Events from there have a ``call`` of their own.
        store: Where answers are kept, by default in memory. ``SQLiteCache`` keeps them in a file. While it cannot
            be used, nothing is found, and nothing saved. Pipelines of one name, version and variant that share a
            store share their answers: give each its own ``name``.
        key: Makes the key from the call's arguments. By default it is made of them, and for a method of its
            object. They then have to be made of strings, bytes, numbers, booleans, None, dates, UUIDs, enums,
            tuples, lists, dicts, sets, pydantic models and dataclasses; answers to others are not saved. In memory
            the object of a method may be any, and its answers end with it.
        version: Part of every key: change it with the prompt, and old answers are forgotten. By default the
            pipeline's ``prompt_version``.
        max_age_shown: An answer that was said more seconds ago, by its ``created_at``, is never given from here.
        max_entries: Bound of the memory, 1024 by default; the answer that was not used for longest goes first.

    Raises:
        TypeError: ``store`` or ``key`` is not what it has to be.
        ValueError: A number is out of range, or ``max_entries`` is given beside a store.

    Warns:
        UserWarning: Once, when no key can be made of the arguments.

    Example:
        >>> Cache(3600, stale_if_error=86400).describe()
        'Cache(3600 s, 86400 s more on error)'
    """

    def __init__(
        self,
        ttl: float,
        *,
        stale_if_error: float = 0.0,
        stale_while_revalidate: float = 0.0,
        store: CacheStore | None = None,
        key: Callable[..., object] | None = None,
        version: str | None = None,
        max_age_shown: float | None = None,
        max_entries: int | None = None,
    ) -> None:
        self.ttl = _checks.seconds("ttl", ttl)
        self.stale_if_error = _checks.seconds("stale_if_error", stale_if_error, zero=True)
        self.stale_while_revalidate = _checks.seconds("stale_while_revalidate", stale_while_revalidate, zero=True)
        self.max_age_shown = None if max_age_shown is None else _checks.seconds("max_age_shown", max_age_shown)
        self.max_entries = max_entries
        self.store = store
        self._store = _store(store, max_entries)
        self._key = _checks.function("key", key)
        self._version = version
        self._flights = Flights()
        self._numbers = None if self._store.shared else Numbers()
        self._warned = False

    async def run(self, inner: Layer, call: Call) -> Reply:
        key = self._key_of(call)
        if key is None:
            return await inner(call)
        saved = await self._find(key, call)
        found = self._given(saved, call, self.ttl)
        if found is not None:
            return found
        found = self._given(saved, call, self.ttl + self.stale_while_revalidate, stale=True)
        if found is not None:
            self._renew(inner, call, key)
            return found
        reply = await self._load(inner, call, key)
        if reply.failure is None or call.shown:
            return reply
        found = self._given(saved, call, self.ttl + self.stale_if_error, stale=True, instead=reply)
        return reply if found is None else found

    async def _load(self, inner: Layer, call: Call, key: str) -> Reply:
        """Ask, unless somebody does already: then take what comes of that."""
        while True:
            # A stream leads nobody: whoever looks at it may stop anywhere.
            flight, leads = (self._flights.find(key), False) if call.streams else self._flights.join(key)
            if flight is None or _waits_for_itself(flight, call):
                return await self._ask(Flight(), inner, call, key)
            if leads:
                return await self._lead(flight, inner, call, key)
            reply = await self._follow(flight, call)
            if reply is not None:
                return reply
            if flight.alone:
                return await self._ask(Flight(), inner, call, key)

    async def _lead(self, flight: Flight, inner: Layer, call: Call, key: str, *, renews: bool = False) -> Reply:
        """Ask for all who wait."""
        flight.thread = threading.get_ident()
        token = LEADING.set((*LEADING.get(), flight))
        try:
            if not renews:
                # Another load may have ended between the look at the store and now.
                found = self._given(await self._find(key, call), call, self.ttl)
                if found is not None:
                    return found
            return await self._ask(flight, inner, call, key)
        except Exception as error:
            flight.reply = call.failed(error)
            raise
        finally:
            self._flights.end(key, flight)
            with suppress(ValueError):  # a coroutine that is dropped may be closed in another context
                LEADING.reset(token)

    async def _follow(self, flight: Flight, call: Call) -> Reply | None:
        """What came of somebody else's load; None if it says nothing to this call."""
        waiter = call.runtime.waiter()
        flight.wake_at_end(waiter)
        if not await call.runtime.wait(call, waiter):
            limit = max(0.0, call.until - call.step_started)
            return call.failed(DeadlineExceeded(f"no answer within {limit:.3g} s", limit))
        reply = flight.reply
        if reply is not None and reply.failure is None and reply.answer is not None:
            call.step_kind = "cache"
            call.emit(CacheHit, age=0.0, stale=False)
        return reply

    async def _ask(self, flight: Flight, inner: Layer, call: Call, key: str) -> Reply:
        """Ask, tell the others, and save what may be given again."""
        reply = await inner(call)
        answer = None if reply.failure is not None else reply.answer
        if answer is not None:
            said = answer.created_at or datetime.fromtimestamp(call.clock.time(), UTC)
            answer = answer.model_copy(update={"created_at": said, "usage": None})
        _tell(flight, reply, answer, call)
        if answer is not None and not (reply.hedged or call.degraded):
            await self._save(key, Saved(reply.value, answer, self._now(call)), call)
        return reply

    def _renew(self, inner: Layer, call: Call, key: str) -> None:
        """Ask beside the call, unless somebody does already."""
        flight, leads = self._flights.join(key)
        if not leads:
            return
        beside = Call(call.target, call.args, call.kwargs, call.runtime, call.pipeline)
        beside.step_kind = call.step_kind
        beside.end_by(call.clock, call.until)
        renewal = self._renewal(flight, inner, beside, key)
        flight.home = call.runtime.waiter()
        try:
            flight.branch = call.runtime.branch(beside, renewal, partial(self._flights.end, key, flight))
        except (BulkheadFull, RuntimeError) as error:  # there is no thread for it
            _log.warning("a saved answer of `%s` was not renewed: there is no thread for it", call.name, error=error)
        finally:
            if flight.branch is None:
                renewal.close()
                self._flights.end(key, flight)

    async def _renewal(self, flight: Flight, inner: Layer, call: Call, key: str) -> None:
        try:
            reply = await self._lead(flight, inner, call, key, renews=True)
        except Exception as error:  # noqa: BLE001 - what a strategy was given to call is foreign code
            reply = call.stumbled(error)
        if reply.failure is not None:
            _log.warning("a saved answer of `%s` was not renewed: %s", call.name, reply.failure.kind)

    def _given(
        self, saved: Saved | None, call: Call, most: float, *, stale: bool = False, instead: Reply | None = None
    ) -> Reply | None:
        """The saved answer, if there is one of at most that age, ``instead`` of what ended the step."""
        age = math.inf if saved is None else self._age(saved, call)
        if saved is None or age > most:
            return None
        if instead is not None:
            call.close_step(instead)
            call.open_step(call.step, "cache")
        call.step_kind = "cache"
        if stale:
            call.degraded = call.stale = True
        call.emit(CacheHit, age=age, stale=stale)
        return Reply(saved.value, answer=saved.answer)

    def _age(self, saved: Saved, call: Call) -> float:
        """Seconds since it was saved; infinite if nobody can tell, or if it must not be shown any more."""
        age = self._now(call) - saved.at
        if age < 0:  # the wall clock was set back
            return math.inf
        said = saved.answer.created_at
        if said is None or self.max_age_shown is None:
            return age
        said = said if said.tzinfo is not None else said.replace(tzinfo=UTC)
        return age if call.clock.time() - said.timestamp() <= self.max_age_shown else math.inf

    def _now(self, call: Call) -> float:
        """Two processes have the wall clock in common, and no other."""
        return call.clock.time() if self._store.shared else call.clock.now()

    async def _find(self, key: str, call: Call) -> Saved | None:
        store = self._store
        return store.get(key) if not store.shared else await self._reach(call, store.get, key)

    async def _save(self, key: str, saved: Saved, call: Call) -> None:
        store = self._store
        return store.put(key, saved) if not store.shared else await self._reach(call, store.put, key, saved)

    async def _reach(self, call: Call, verb: Callable[..., T], *args: Any) -> T | None:
        """Ask a store outside of this process. One that is gone has nothing."""
        try:
            return await call.runtime.store(verb, *args)
        except StoreDown:
            return None
        finally:
            tell(self._store, call)

    def _key_of(self, call: Call) -> str | None:
        version = call.pipeline.prompt_version if self._version is None else self._version
        try:
            return spell(call.name, version, call.pipeline.variant, *self._asked(call))
        except NoKey as why:
            self._warn(call, why)
            return None

    def _asked(self, call: Call) -> tuple[object, ...]:
        """What tells the question from others."""
        if self._key is not None:
            return (self._key(*call.args, **call.kwargs),)
        along = what_comes_along(call.target.fn, self._numbers)
        return (call.args, call.kwargs, along) if along or call.kwargs else (call.args,)

    def _warn(self, call: Call, why: NoKey) -> None:
        if self._warned:
            return
        self._warned = True
        what = "what it is given" if self._key is None else "what `key` returned"
        warnings.warn(
            f"answers of `{call.name}` are not saved, because no key can be made of {what}, {why}; give Cache "
            "key=, a function of the arguments that returns strings, numbers, or tuples of them",
            UserWarning,
            stacklevel=2,
        )

    def anew(self, **instead: Any) -> Self:
        """Make it once more, empty, with a memory of its own in place of ``store``."""
        return super().anew(**{"store": None, **instead})

    def describe(self) -> str:
        renewed = f", {self.stale_while_revalidate:g} s more while renewed" if self.stale_while_revalidate else ""
        on_error = f", {self.stale_if_error:g} s more on error" if self.stale_if_error else ""
        shown = "" if self.max_age_shown is None else f", none said more than {self.max_age_shown:g} s ago"
        bound = "" if self.max_entries is None else f", at most {self.max_entries} answers"
        store = "" if self.store is None else f", {type(self.store).__name__}"
        return f"Cache({self.ttl:g} s{renewed}{on_error}{shown}{bound}{store})"


def _waits_for_itself(flight: Flight, call: Call) -> bool:
    """Whether the load cannot go on before this call does: it is a part of it, or holds up its event loop."""
    return flight in LEADING.get() or (not call.runtime.suspends and flight.thread == threading.get_ident())


def _tell(flight: Flight, reply: Reply, answer: Answer | None, call: Call) -> None:
    """What came of a load, as far as it concerns those who wait for it. At its own limit, one of them goes on."""
    failure = reply.failure
    if failure is None:
        flight.alone = call.degraded  # of why it is, only its own trail can tell
    else:
        flight.alone = failure.kind in _OF_THE_ASKER
    if flight.alone or (failure is not None and call.clock.now() >= call.until):
        return
    shared = Reply(reply.value, failure, answer)
    shared.hedged = reply.hedged
    flight.reply = shared


def _store(store: CacheStore | None, max_entries: int | None) -> CacheStore:
    if store is None:
        return MemoryCache() if max_entries is None else MemoryCache(max_entries)
    if not (callable(getattr(store, "get", None)) and callable(getattr(store, "put", None))):
        raise TypeError(f"`store` must be a MemoryCache or an SQLiteCache, got {store!r}; SQLiteCache(path) is a file")
    if max_entries is not None:
        raise ValueError(
            f"`max_entries` is of the memory that is used without a `store`, got {max_entries!r}; give it to the store"
        )
    return store
