"""The queue against a model in plain Python, with a clock that jumps and no sweep unless one is asked for."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fallbackkit.errors import QueueFull
from fallbackkit.review import Answered, Approved, Claim, ClaimLost, Edited, Rejected, ReviewQueue, ReviewRequest
from fallbackkit.testing import FakeClock

LEASE = 10.0
CAPACITY = 5
SETTLED = {"decided", "cancelled"}
PATH = {
    (None, "enqueued", "pending"),
    ("pending", "claimed", "claimed"),
    ("claimed", "claimed", "claimed"),
    ("claimed", "extended", "claimed"),
    ("claimed", "released", "pending"),
    ("claimed", "lapsed", "pending"),
    ("claimed", "decided", "decided"),
    ("pending", "cancelled", "cancelled"),
    ("claimed", "cancelled", "cancelled"),
}

REVIEWERS = st.sampled_from(["ana", "ben"])
QUEUES = st.sampled_from(["a", "b"])
ELAPSED = st.sampled_from([0, LEASE, 1, LEASE - 1, LEASE / 2])
PICKS = st.integers(0, 11)
REQUESTS = st.builds(
    ReviewRequest,
    question=st.just("?"),
    queue=QUEUES,
    priority=st.integers(0, 2),
    idempotency_key=st.sampled_from([None, None, "k", "l"]),
    draft=st.sampled_from(["draft", None]),
)
DECISIONS = st.sampled_from([Approved(), Edited("edited"), Rejected("no"), Answered("own words")])


@dataclass(frozen=True)
class Known:
    id: str
    number: int
    queue: str
    priority: int
    key: str | None
    draft: str | None
    state: str = "pending"
    reviewer: str | None = None
    token: str | None = None
    lease_ends: float | None = None
    decision: object = None
    submitted: tuple[str, str] | None = None

    def at(self, now: float) -> Known:
        """What it is at that moment, whether or not anything has noticed."""
        if self.state == "claimed" and self.lease_ends <= now:
            return replace(self, state="pending", reviewer=None, token=None, lease_ends=None)
        return self

    @property
    def place(self):
        return -self.priority, self.number


class QueueMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.known: dict[str, Known] = {}
        self.claims: list[Claim] = []
        self.settled: dict[str, tuple] = {}
        self.history: dict[str, list[tuple]] = {}
        self.open()

    def open(self) -> None:
        self.queue = ReviewQueue("sqlite://", lease=LEASE, capacity=CAPACITY, clock=self.clock)

    def teardown(self) -> None:
        self.queue.close()

    @property
    def now(self) -> float:
        return self.clock.time()

    def notice(self) -> None:
        """The queue has just committed or read: leases that had ended are given back."""
        self.known = {id_: item.at(self.now) for id_, item in self.known.items()}

    def current(self, id_: str) -> Known:
        return self.known[id_].at(self.now)

    def line(self, queue: str | None = None) -> list[Known]:
        items = (item.at(self.now) for item in self.known.values())
        pending = [item for item in items if item.state == "pending" and queue in {None, item.queue}]
        return sorted(pending, key=lambda item: item.place)

    def rows(self) -> list[tuple]:
        return self.read(
            "SELECT id, state, reviewer, token, lease_ends, decision IS NOT NULL, attempts, version, queue, dedupe "
            "FROM fk_item ORDER BY seq"
        )

    def event_rows(self) -> list[tuple]:
        return self.read("SELECT item_id, version, kind, state, at, actor FROM fk_event ORDER BY seq")

    def read(self, statement: str) -> list[tuple]:
        """Past the queue, so that looking changes nothing."""
        with self.queue._store.read() as rows:
            return [tuple(row) for row in rows._connection.exec_driver_sql(statement)]

    def refused(self, error: type[Exception], call) -> Exception:
        before = self.rows(), self.event_rows()
        with pytest.raises(error) as raised:
            call()
        assert (self.rows(), self.event_rows()) == before
        return raised.value

    def ticket(self, pick: int) -> str:
        return list(self.known)[pick % len(self.known)]

    def claim(self, pick: int) -> Claim:
        """Half of the time one that still counts, if there is one."""
        live = [claim for claim in self.claims if self.current(claim.item.id).token == claim.token]
        among = live if live and pick % 2 else self.claims
        return among[pick // 2 % len(among)]

    @initialize(requests=st.lists(REQUESTS, min_size=2, max_size=CAPACITY + 1))
    def file_some(self, requests):
        for request in requests:
            self.enqueue(request)

    @rule(request=REQUESTS)
    def enqueue(self, request):
        queue, key = request.queue, request.idempotency_key
        is_open = [item for item in self.known.values() if item.state not in SETTLED]
        twin = next((item for item in is_open if key and (item.queue, item.key) == (queue, key)), None)
        if twin is None and len(is_open) >= CAPACITY:
            self.refused(QueueFull, lambda: self.queue.enqueue(request))
            return
        rows = len(self.rows())
        ticket = self.queue.enqueue(request)
        self.notice()
        if twin is not None:
            assert (ticket.id, len(self.rows())) == (twin.id, rows)
            assert ticket.state == self.known[twin.id].state
            return
        assert ticket.id not in self.known
        self.known[ticket.id] = Known(ticket.id, rows, queue, request.priority, key, request.draft)
        assert ticket.position == 1 + self.line(queue).index(self.known[ticket.id])

    def taken(self, reviewer, best, claim):
        self.notice()
        if best is None:
            assert claim is None
            return
        assert (claim.item.id, claim.reviewer, claim.item.state) == (best.id, reviewer, "claimed")
        assert claim.token not in {other.token for other in self.claims}
        self.claims.append(claim)
        self.known[best.id] = replace(
            best, state="claimed", reviewer=reviewer, token=claim.token, lease_ends=self.now + LEASE
        )

    @rule(reviewer=REVIEWERS, queue=st.none() | QUEUES, elapsed=ELAPSED)
    def claim_the_next(self, reviewer, queue, elapsed):
        self.clock.advance(elapsed)
        best = next(iter(self.line(queue)), None)
        self.taken(reviewer, best, self.queue.claim(reviewer, queue=queue))

    @rule(reviewer=REVIEWERS, pick=PICKS, elapsed=ELAPSED)
    def claim_this(self, reviewer, pick, elapsed):
        self.clock.advance(elapsed)
        item = self.current(self.ticket(pick))
        free = item.state == "pending" or (item.state == "claimed" and item.reviewer == reviewer)
        self.taken(reviewer, item if free else None, self.queue.claim(reviewer, ticket=item.id))

    def lost(self, claim, call) -> bool:
        """Whether the claim counts no longer; if so, the call was refused and said who has the ticket."""
        item = self.current(claim.item.id)
        if item.state == "claimed" and item.token == claim.token:
            return False
        error = self.refused(ClaimLost, call)
        assert (error.ticket, error.state, error.reviewer) == (item.id, item.state, item.reviewer)
        assert item.reviewer is None or item.reviewer in str(error)
        return True

    @precondition(lambda self: self.claims)
    @rule(pick=PICKS, elapsed=ELAPSED)
    def extend(self, pick, elapsed):
        self.clock.advance(elapsed)
        claim = self.claim(pick)
        if not self.lost(claim, lambda: self.queue.extend(claim)):
            extended = self.queue.extend(claim)
            assert extended.token == claim.token
            self.notice()
            self.known[claim.item.id] = replace(self.known[claim.item.id], lease_ends=self.now + LEASE)

    @precondition(lambda self: self.claims)
    @rule(pick=PICKS, elapsed=ELAPSED)
    def release(self, pick, elapsed):
        self.clock.advance(elapsed)
        claim = self.claim(pick)
        if not self.lost(claim, lambda: self.queue.release(claim)):
            self.queue.release(claim)
            self.notice()
            self.known[claim.item.id] = replace(
                self.known[claim.item.id], state="pending", reviewer=None, token=None, lease_ends=None
            )

    @precondition(lambda self: self.claims)
    @rule(pick=PICKS, decision=DECISIONS, key=st.sampled_from(["s", None]), elapsed=ELAPSED)
    def decide(self, pick, decision, key, elapsed):
        self.clock.advance(elapsed)
        claim = self.claim(pick)

        def call():
            return self.queue.decide(claim, decision, submit_key=key)

        item = self.current(claim.item.id)
        if key is not None and item.submitted == (claim.token, key):
            assert (item.decision, item.reviewer) == (call().decision, call().decided_by)
            self.notice()
            return
        if self.lost(claim, call):
            return
        if item.draft is None and isinstance(decision, (Approved, Edited)):
            self.refused(ValueError, call)
            return
        decided = call()
        assert (decided.state, decided.decision, decided.decided_by) == ("decided", decision, item.reviewer)
        self.notice()
        self.known[item.id] = replace(
            item, state="decided", token=None, lease_ends=None, decision=decision, submitted=(claim.token, key)
        )

    @precondition(lambda self: self.claims)
    @rule(decision=DECISIONS, pick=PICKS)
    def submit_every_claim_of_a_ticket_again(self, decision, pick):
        """Only the form that decided it is told so; nothing changes."""
        item = self.current(self.claim(pick).item.id)
        before = self.rows()
        for claim in self.claims:
            if item.state != "decided" or claim.item.id != item.id:
                continue
            if item.submitted == (claim.token, "s"):
                assert self.queue.decide(claim, decision, submit_key="s").decision == item.decision
            else:
                assert self.lost(claim, lambda late=claim: self.queue.decide(late, decision, submit_key="s"))
        if self.rows() != before:
            self.notice()

    @precondition(lambda self: self.claims)
    @rule(pick=PICKS, decision=DECISIONS)
    def decide_with_a_forged_token(self, pick, decision):
        forged = self.claim(pick).model_copy(update={"token": "forged"})
        assert self.lost(forged, lambda: self.queue.decide(forged, decision, submit_key="s"))

    @precondition(lambda self: sum(item.state not in SETTLED for item in self.known.values()) > CAPACITY - 2)
    @rule(pick=PICKS, elapsed=ELAPSED)
    def cancel(self, pick, elapsed):
        self.clock.advance(elapsed)
        item = self.current(self.ticket(pick))
        cancelled = self.queue.cancel(item.id)
        self.notice()
        assert cancelled.state == (item.state if item.state in SETTLED else "cancelled")
        if item.state not in SETTLED:
            self.known[item.id] = replace(item, state="cancelled", reviewer=None, token=None, lease_ends=None)

    @rule(seconds=st.sampled_from([1, LEASE]))
    def the_wall_clock_is_set_back(self, seconds):
        self.clock.advance(-seconds)

    @rule()
    def sweep(self):
        late = sum(item != item.at(self.now) for item in self.known.values())
        assert self.queue.sweep() == late
        assert self.queue.sweep() == 0
        self.notice()

    @rule(pick=PICKS, elapsed=ELAPSED)
    def look(self, pick, elapsed):
        self.clock.advance(elapsed)
        item = self.current(self.ticket(pick))
        seen = self.queue.get(item.id)
        self.notice()
        assert (seen.state, seen.decision) == (item.state, item.decision)
        assert (seen.reviewer or seen.decided_by) == item.reviewer
        line = [other.id for other in self.line(item.queue)]
        assert seen.position == (1 + line.index(item.id) if item.id in line else None)

    @rule()
    def look_at_all(self):
        counts = self.queue.stats()
        self.notice()
        found = {state: [item.id for item in self.queue.search(state=state)] for state in counts}
        assert {state: len(ids) for state, ids in found.items()} == counts
        assert sorted(id_ for ids in found.values() for id_ in ids) == sorted(self.known)
        assert found["pending"] == [item.id for item in self.line()]

    @invariant()
    def the_rows_are_those_of_the_model(self):
        stored = {row[0]: row[1:5] for row in self.rows()}
        assert stored == {i.id: (i.state, i.reviewer, i.token, i.lease_ends) for i in self.known.values()}

    @invariant()
    def every_row_is_sound(self):
        rows = self.rows()
        for _, state, reviewer, token, lease_ends, has_decision, *_ in rows:
            assert (state == "claimed") == (token is not None) == (lease_ends is not None)
            assert (state == "decided") == bool(has_decision)
            assert (state in {"claimed", "decided"}) == (reviewer is not None)
        keys = [(row[8], row[9]) for row in rows if row[1] not in SETTLED and row[9]]
        assert len(keys) == len(set(keys))
        for row in rows:
            assert self.settled.get(row[0], row) == row
        self.settled = {row[0]: row for row in rows if row[1] in SETTLED}

    @invariant()
    def every_history_is_a_path(self):
        history: dict[str, list[tuple]] = {}
        for id_, *entry in self.event_rows():
            history.setdefault(id_, []).append(tuple(entry))
        for id_, state, *_, attempts, version, _, _ in self.rows():
            entries = history[id_]
            assert entries[: len(self.history.get(id_, []))] == self.history.get(id_, [])
            assert [entry[0] for entry in entries] == list(range(version + 1))
            states = [None, *(entry[2] for entry in entries)]
            assert {(states[i], entry[1], entry[2]) for i, entry in enumerate(entries)} <= PATH
            assert states[-1] == state
            assert [entry[3] for entry in entries] == sorted(entry[3] for entry in entries)
            assert sum(entry[1] == "claimed" for entry in entries) == attempts
            assert sum(entry[1] == "decided" for entry in entries) == (state == "decided")
        self.history = history


class FileMachine(QueueMachine):
    """The same on a file, with restarts."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        super().__init__()

    def open(self) -> None:
        path = Path(self.folder.name) / "reviews.db"
        self.queue = ReviewQueue(f"sqlite:///{path}", lease=LEASE, capacity=CAPACITY, clock=self.clock)

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()

    @rule()
    def restart(self):
        self.queue.close()
        self.open()


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=50, stateful_step_count=35, deadline=None)
TestFileMachine = FileMachine.TestCase
TestFileMachine.settings = settings(max_examples=8, stateful_step_count=30, deadline=None)
