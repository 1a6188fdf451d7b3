from __future__ import annotations

import hashlib
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, get_args

from fallbackkit._checks import count, seconds
from fallbackkit._clock import SystemClock
from fallbackkit._outcome import Ticket, TicketState
from fallbackkit.errors import QueueFull
from fallbackkit.review import _follow, _rows
from fallbackkit.review._types import (
    Claim,
    Decision,
    Item,
    ReviewEvent,
    ReviewRequest,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fallbackkit._clock import Clock
    from fallbackkit._outcome import Outcome
    from fallbackkit.review._store import Store, Transaction

__all__ = ["ReviewQueue"]

_LONGEST_LEASE = 365 * 86400.0
_POLL = 0.2


class ReviewQueue:
    """Questions that wait for a person, kept in an SQLite file that outlives the process.

    A ticket is ``pending`` until a reviewer claims it, ``claimed`` until they decide or their lease
    ends, then ``decided``; or ``cancelled`` by the caller. A lease ends by the clock, whether or not
    anything runs at that moment. Every change and its event are one transaction.

    Safe to share between threads, and between processes that open the same file, also over a fork.
    Every method may wait for the disk, or up to 30 s for another process that is writing: call it on
    a worker thread where an event loop runs.

    Args:
        url: ``sqlite:///reviews.db`` for a file on a local disk, created if it is missing;
            ``sqlite://`` for one in memory that ends with this object.
        lease: Seconds a claim lasts unless it is extended; more than 0, at most a year.
        capacity: How many tickets may be open (pending or claimed) at once, all queues together;
            None for no limit. Audits fill at most half of it.
        redact: Applied to the question, the draft, the sources' quotes and the idempotency key before
            anything is stored. What it takes out is gone: an approved draft is answered as redacted.
        clock: Where the time comes from; leases run on the wall clock, because they outlive the process.

    Raises:
        ImportError: SQLAlchemy is missing.
        ValueError: An argument is out of its range, or no queue can be kept at ``url``.

    Example:
        >>> from fallbackkit.review import Approved, ReviewQueue, ReviewRequest
        >>> queue = ReviewQueue("sqlite://")
        >>> ticket = queue.enqueue(ReviewRequest(question="Is it covered?", draft="Yes, for two years."))
        >>> claim = queue.claim("dana")
        >>> queue.decide(claim, Approved()).state
        'decided'
        >>> queue.close()
    """

    def __init__(
        self,
        url: str,
        *,
        lease: float = 900.0,
        capacity: int | None = None,
        redact: Callable[[str], str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.url = url
        self.lease = seconds("lease", lease)
        if self.lease > _LONGEST_LEASE:
            raise ValueError(f"`lease` must be at most a year ({_LONGEST_LEASE:.0f} seconds), got {lease!r}")
        self.capacity = None if capacity is None else count("capacity", capacity, least=0)
        self._redact = redact
        self._clock = clock or SystemClock()
        self._store = _open(url)

    def __repr__(self) -> str:
        return f"ReviewQueue({self.url!r}, lease={self.lease:g})"

    def enqueue(self, request: ReviewRequest) -> Ticket:
        """File a question, or return the open ticket that has the same idempotency key.

        Raises:
            QueueFull: As many tickets as ``capacity`` are open, or half as many for an audit.
        """
        dedupe = None if request.idempotency_key is None else _digest(request.idempotency_key)
        stored = self._redacted(request)
        ticket_id = secrets.token_hex(16)
        with self._writing() as (rows, now):
            if dedupe is not None and (twin := rows.twin(request.queue, dedupe)) is not None:
                return _rows.ticket(twin)
            self._make_room(rows, request)
            rows.insert(
                now,
                id=ticket_id,
                queue=request.queue,
                priority=request.priority,
                dedupe=dedupe,
                request=stored.model_dump(mode="json"),
            )
            return _rows.ticket(_rows.known(rows, ticket_id))

    def claim(self, reviewer: str, *, queue: str | None = None, ticket: str | None = None) -> Claim | None:
        """Take the ticket that is next in line, or the one asked for, for the length of a lease.

        Highest priority first, then the oldest. Asking for a ticket that the same reviewer has claimed
        already moves the claim here: the older one is lost, as after a closed browser window.

        Args:
            reviewer: Who takes it, as your sign-in knows them; never what a form says.
            queue: Only from this queue; None for all.
            ticket: Only this one.

        Returns:
            The claim, or None if there is nothing to take; ``get(ticket).reviewer`` says who has one.
        """
        _rows.check_reviewer(reviewer)
        with self._writing() as (rows, now):
            row = rows.claim(
                now,
                reviewer=reviewer,
                token=secrets.token_urlsafe(24),
                lease_ends=now + self.lease,
                queue=queue,
                ticket=ticket,
            )
            return None if row is None else _rows.claim(row)

    def extend(self, claim: Claim) -> Claim:
        """Start the lease of a claim anew. The token stays.

        Raises:
            ClaimLost: The lease has ended, or the ticket has moved on.
        """
        with self._writing() as (rows, now):
            row = _rows.held(rows, claim)
            return _rows.claim(
                rows.change(row.id, now, kind="extended", actor=row.reviewer, lease_ends=now + self.lease)
            )

    def release(self, claim: Claim) -> None:
        """Give a ticket back undecided; it keeps its place in line.

        Raises:
            ClaimLost: The lease has ended, or the ticket has moved on.
        """
        with self._writing() as (rows, now):
            row = _rows.held(rows, claim)
            rows.change(row.id, now, kind="released", actor=row.reviewer, state="pending", **_FREE, reviewer=None)

    def decide(self, claim: Claim, decision: Decision, *, submit_key: str | None = None) -> Item:
        """Settle a ticket, once and for good. The reviewer on record is the one who claimed it.

        Args:
            claim: Counts until its lease ends, and not at that very moment.
            decision: ``Approved`` and ``Edited`` need a draft.
            submit_key: Sending the same claim and key again returns the first decision's item.

        Raises:
            ClaimLost: The lease has ended, or the ticket has moved on.
            ValueError: There is no draft to approve or edit.
        """
        verdict = _rows.DECISION.validate_python(decision)
        submission = None if submit_key is None else _digest(claim.token, submit_key)
        with self._writing() as (rows, now):
            row = _rows.known(rows, claim.item.id)
            if submission is not None and row.submission == submission:
                return _rows.item(row)
            row = _rows.held(rows, claim)
            _rows.check_draft(row, verdict)
            return _rows.item(
                rows.change(
                    row.id,
                    now,
                    kind="decided",
                    actor=row.reviewer,
                    state="decided",
                    decision=verdict.model_dump(mode="json"),
                    submission=submission,
                    **_FREE,
                )
            )

    def cancel(self, ticket_id: str) -> Item:
        """Withdraw a ticket that nobody waits for any more.

        Returns:
            The item as it stands then: one that was already settled stays as it is.
        """
        with self._writing() as (rows, now):
            row = _rows.known(rows, ticket_id)
            if row.state in _SETTLED:
                return _rows.item(row)
            return _rows.item(
                rows.change(row.id, now, kind="cancelled", actor=None, state="cancelled", **_FREE, reviewer=None)
            )

    def get(self, ticket_id: str) -> Item:
        """Return a ticket as it stands now.

        Raises:
            UnknownTicket: There is none with that id.
        """
        with self._reading() as rows:
            return _rows.item(_rows.known(rows, ticket_id))

    def wait(self, ticket_id: str, timeout: float) -> Item:
        """Wait until a ticket is settled, asking every 0.2 s. For scripts and tests: it holds its thread.

        Args:
            timeout: Seconds of the clock; 0 asks once.

        Raises:
            TimeoutError: It was still open at the end.
            UnknownTicket: There is none with that id.
        """
        until = self._clock.now() + seconds("timeout", timeout, zero=True)
        while (item := self.get(ticket_id)).state not in _SETTLED:
            left = until - self._clock.now()
            if left <= 0:
                raise TimeoutError(f"ticket {ticket_id} is still {item.state} after {timeout:g} s")
            self._clock.sleep(min(_POLL, left))
        return item

    def search(
        self, *, state: TicketState | None = None, queue: str | None = None, limit: int = 100
    ) -> tuple[Item, ...]:
        """Return tickets: open ones first and in the order of the line, then settled ones, the latest first."""
        if state is not None and state not in _STATES:
            raise ValueError(f"`state` must be one of {', '.join(_STATES)}, or None for all, got {state!r}")
        count("limit", limit)
        with self._reading() as rows:
            return tuple(_rows.item(row) for row in rows.search(state=state, queue=queue, limit=limit))

    def events(self, ticket_id: str) -> tuple[ReviewEvent, ...]:
        """Return the history of a ticket, oldest first.

        Raises:
            UnknownTicket: There is none with that id.
        """
        with self._reading() as rows:
            _rows.known(rows, ticket_id)
            history = rows.events(ticket_id)
        before = [None, *(row.state for row in history)]
        return tuple(
            ReviewEvent(
                ticket=ticket_id,
                at=_rows.date(row.at),
                actor=row.actor,
                kind=row.kind,
                before=before[row.version],
                after=row.state,
                version=row.version,
            )
            for row in history
        )

    def stats(self) -> dict[TicketState, int]:
        """Return how many tickets are in each state, zeros included. Reads an index over all tickets."""
        with self._reading() as rows:
            counts = rows.counts()
        return {state: counts.get(state, 0) for state in _STATES}

    def sweep(self) -> int:
        """Give back what has been claimed for longer than its lease; return how many.

        Nothing depends on it: every other method does the same first. It only dates the event closer
        to the end of the lease.
        """
        with self._store.write() as rows:
            return rows.lapse(self._clock.time())

    def follow(self, outcome: Outcome) -> Outcome:
        """Return an outcome as it stands now, for the screen of whoever asked.

        While the ticket is open, its state and position are fresh. Once a person has decided, the
        status is ``reviewed``, ``answer`` holds their words, ``served_by`` names them, and
        ``answer.finish_reason`` is the decision's kind. That holds for a rejection, too: its reason is
        what the person says. The draft's sources stay if it was approved or edited. A cancelled ticket
        makes an outcome that has been waiting ``unavailable``. Without a ticket nothing changes.

        Raises:
            UnknownTicket: The outcome's ticket is of another queue.
        """
        if outcome.ticket is None or outcome.status == "reviewed":
            return outcome
        return _follow.follow(outcome, self.get(outcome.ticket.id))

    def close(self) -> None:
        """Let go of the file. A queue in memory ends with it."""
        self._store.close()

    @contextmanager
    def _writing(self) -> Iterator[tuple[Transaction, float]]:
        with self._store.write() as rows:
            now = self._clock.time()
            rows.lapse(now)
            yield rows, now

    @contextmanager
    def _reading(self) -> Iterator[Transaction]:
        with self._store.read() as rows:
            late = rows.has_lapsed(self._clock.time())
        if late:
            self.sweep()
        with self._store.read() as rows:
            yield rows

    def _make_room(self, rows: Transaction, request: ReviewRequest) -> None:
        if self.capacity is None:
            return
        most = self.capacity // 2 if request.audit else self.capacity
        if (waiting := rows.count_open()) >= most:
            raise QueueFull(f"the review queue is full: {waiting} tickets are open, `capacity` is {self.capacity}")

    def _redacted(self, request: ReviewRequest) -> ReviewRequest:
        if self._redact is None:
            return request
        hide = self._hide
        sources = tuple(source.model_copy(update={"quote": hide(source.quote)}) for source in request.sources)
        return request.model_copy(
            update={
                "question": hide(request.question),
                "draft": hide(request.draft),
                "sources": sources,
                "idempotency_key": hide(request.idempotency_key),
            }
        )

    def _hide(self, text: str | None) -> str | None:
        if text is None or self._redact is None:
            return text
        hidden = self._redact(text)
        if not isinstance(hidden, str):
            raise TypeError(f"`redact` must return the text to store, got {type(hidden).__name__}; return a str")
        return hidden


_STATES: tuple[TicketState, ...] = get_args(TicketState)
_SETTLED = frozenset(_STATES) - {"pending", "claimed"}
_FREE: dict[str, Any] = {"token": None, "lease_ends": None}


def _open(url: str) -> Store:
    try:
        from fallbackkit.review._store import Store
    except ModuleNotFoundError as missing:
        raise ImportError("ReviewQueue keeps its tickets with SQLAlchemy: install fallbackkit[store].") from missing
    return Store(url)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
