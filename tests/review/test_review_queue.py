from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fallbackkit import Answer, Failure, FailureKind, Outcome, Source, Step, Ticket
from fallbackkit.errors import QueueFull
from fallbackkit.review import (
    Answered,
    Approved,
    ClaimLost,
    Edited,
    Rejected,
    ReviewQueue,
    ReviewRequest,
    UnknownTicket,
)

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
SOURCE = Source(title="Manual", url="https://example.org/m", quote="For two years.", check="quote_found")


def request(**facts) -> ReviewRequest:
    """A request with a draft and a source."""
    return ReviewRequest(**{"question": "Is it covered?", "draft": "Yes.", "sources": (SOURCE,), **facts})


def waiting(ticket: Ticket, **facts) -> Outcome:
    """What the asker sees while the ticket is open."""
    trail = (Step(name="ask", verdict="failed", failure=Failure(kind=FailureKind.PROVIDER_5XX)),)
    return Outcome(**{"status": "awaiting_review", "ticket": ticket, "trail": trail, **facts})


class TestKeeping:
    @given(text=ANY_TEXT)
    @example(text="a\x00b")
    @example(text="\ud800 alone, and a pair of halves \ud83d\ude00")
    @example(text="\u202egnp.exe\u202c \u2066x\u2069")
    @example(text="${alert(1)} {{x}} <script>" * 2000)
    def test_any_text_survives_verbatim(self, text):
        """Question, draft and decision come back as they were given, whatever characters they hold."""
        queue = ReviewQueue("sqlite://")
        queue.enqueue(ReviewRequest(question=text, draft=text, idempotency_key=text if text.strip() else None))
        claim = queue.claim("dana")
        assert (text, text) == (claim.item.request.question, claim.item.request.draft)
        said = f"x{text}"
        queue.decide(claim, Answered(said))
        assert said == queue.get(claim.item.id).decision.text
        queue.close()

    def test_the_whole_request_comes_back(self, queue):
        """Every field of the request, with nested values, is read back equal."""
        whole = request(
            reason=FailureKind.QUALITY_LOW_CONFIDENCE,
            score=0.25,
            trail=(Step(name="ask", verdict="failed", failure=Failure(kind=FailureKind.TIMEOUT_FIRST_BYTE, limit=8)),),
            name="help",
            outcome_id="abc",
            idempotency_key="k",
            queue="claims",
            priority=-3,
        )
        assert whole == queue.get(queue.enqueue(whole).id).request

    def test_a_file_outlives_its_queue_object(self, tmp_path, clock):
        """After a restart the claim still holds, can be decided, and the history is complete."""
        url = f"sqlite:///{tmp_path / 'reviews.db'}"
        first = ReviewQueue(url, clock=clock)
        ticket = first.enqueue(request())
        claim = first.claim("dana")
        first.close()
        second = ReviewQueue(url, clock=clock)
        assert "dana" == second.get(ticket.id).reviewer
        second.decide(claim, Approved())
        assert ["enqueued", "claimed", "decided"] == [event.kind for event in second.events(ticket.id)]
        second.close()

    def test_redaction_comes_before_storing(self, tmp_path):
        """No byte of the database files holds what `redact` took out."""
        secret = "4111-1111"
        queue = ReviewQueue(f"sqlite:///{tmp_path / 'r.db'}", redact=lambda text: text.replace(secret, "[card]"))
        said = f"my card {secret}"
        source = SOURCE.model_copy(update={"quote": said})
        ticket = queue.enqueue(request(question=said, draft=said, sources=(source,), idempotency_key=said))
        stored = queue.get(ticket.id).request
        assert ["my card [card]"] * 3 == [stored.question, stored.draft, stored.sources[0].quote]
        assert not any(secret.encode() in file.read_bytes() for file in tmp_path.iterdir())
        assert ticket.id == queue.enqueue(request(idempotency_key=said)).id
        queue.close()

    def test_a_redaction_that_fails_stores_nothing(self, open_queue):
        """What cannot be redacted is not kept."""
        queue = open_queue(redact=lambda text: None)
        with pytest.raises(TypeError, match="`redact` must return"):
            queue.enqueue(request())
        assert 0 == sum(queue.stats().values())


class TestLine:
    def test_a_full_queue_refuses_and_frees_with_each_settled_ticket(self, open_queue):
        """Open tickets count, claimed or not; the same key still gets its ticket; settling makes room."""
        queue = open_queue(capacity=2)
        keyed = queue.enqueue(request(idempotency_key="k"))
        queue.enqueue(request())
        claim = queue.claim("dana")
        with pytest.raises(QueueFull, match="2 tickets are open, `capacity` is 2"):
            queue.enqueue(request())
        again = queue.enqueue(request(idempotency_key="k"))
        assert (keyed.id, "claimed") == (again.id, again.state)
        queue.decide(claim, Approved())
        assert 2 == queue.enqueue(request(idempotency_key="k")).position

    def test_a_key_is_free_again_once_its_ticket_is_settled(self, queue):
        """The same idempotency key after the decision is a new question."""
        first = queue.enqueue(request(idempotency_key="k"))
        queue.cancel(first.id)
        assert first.id != queue.enqueue(request(idempotency_key="k")).id

    def test_settled_tickets_come_last_and_the_latest_first(self, queue, clock):
        """A search over all states shows the line, then what was settled most recently."""
        old, new, waiting_ = (queue.enqueue(request()).id for _ in range(3))
        for id_ in (old, new):
            clock.advance(1)
            queue.decide(queue.claim("dana", ticket=id_), Approved())
        assert [waiting_, new, old] == [item.id for item in queue.search()]
        assert [waiting_, new] == [item.id for item in queue.search(limit=2)]
        assert () == queue.search(queue="other")

    def test_ids_and_tokens_cannot_be_guessed(self, queue):
        """Ids and tokens carry at least 128 random bits, and the token is not in the repr."""
        ids = {queue.enqueue(request()).id for _ in range(20)}
        assert {32} == {len(id_) for id_ in ids}
        claim = queue.claim("dana")
        assert len(claim.token) >= 22
        assert claim.token not in repr(claim)


class TestClaims:
    def test_a_late_decision_is_told_who_has_the_ticket(self, queue, clock):
        """The message names the person who has it now, and the attributes say the same."""
        ticket = queue.enqueue(request())
        late = queue.claim("ana")
        clock.advance(60)
        queue.claim("ben")
        with pytest.raises(ClaimLost, match=r"ben has the ticket until 2027-01-15 08:02:00 UTC") as lost:
            queue.decide(late, Approved())
        assert (ticket.id, "claimed", "ben") == (lost.value.ticket, lost.value.state, lost.value.reviewer)

    @pytest.mark.parametrize(
        ("meanwhile", "told"),
        [
            (lambda queue, claim, clock: clock.advance(60), "its lease has ended and nobody has the ticket"),
            (lambda queue, claim, clock: queue.decide(claim, Approved()), "ana decided it at"),
            (lambda queue, claim, clock: queue.cancel(claim.item.id), "the ticket is cancelled"),
            (lambda queue, claim, clock: queue.claim("ana", ticket=claim.item.id), "ana has the ticket until"),
        ],
    )
    def test_a_lost_claim_says_what_happened(self, queue, clock, meanwhile, told):
        """Each way of losing a claim has its own words."""
        queue.enqueue(request())
        claim = queue.claim("ana")
        meanwhile(queue, claim, clock)
        for act in (queue.extend, queue.release, lambda lost: queue.decide(lost, Approved())):
            with pytest.raises(ClaimLost, match=told):
                act(claim)

    def test_a_decision_counts_up_to_the_end_of_the_lease(self, queue, clock):
        """Accepted just before the end; refused at that moment."""
        for _ in range(2):
            queue.enqueue(request())
        in_time, late = queue.claim("ana"), queue.claim("ana")
        assert timedelta(seconds=60) == in_time.expires_at - in_time.item.created_at
        clock.advance(59.99)
        assert "decided" == queue.decide(in_time, Approved()).state
        clock.advance(0.01)
        with pytest.raises(ClaimLost):
            queue.decide(late, Approved())

    def test_a_ticket_decided_twice_by_the_same_form_is_decided_once(self, queue):
        """The second submission of one form gets the first decision, whatever it says."""
        queue.enqueue(request())
        claim = queue.claim("dana")
        first = queue.decide(claim, Approved(), submit_key="form-1")
        assert first == queue.decide(claim, Rejected("no"), submit_key="form-1")

    def test_a_submit_key_is_worth_nothing_with_another_claim(self, queue, clock):
        """Whoever lost the ticket is not told that their decision was taken because the keys are alike."""
        queue.enqueue(request())
        late = queue.claim("ana")
        clock.advance(60)
        queue.decide(queue.claim("ben"), Approved(), submit_key="1")
        with pytest.raises(ClaimLost, match="ben decided it"):
            queue.decide(late, Rejected("no"), submit_key="1")

    def test_the_reviewer_on_record_is_the_one_who_claimed(self, queue):
        """A claim whose name was changed on the way decides in the name of its owner."""
        queue.enqueue(request())
        claim = queue.claim("dana").model_copy(update={"reviewer": "the boss"})
        assert "dana" == queue.decide(claim, Approved()).decided_by

    @pytest.mark.parametrize("draft", [None, "", "  "])
    @pytest.mark.parametrize("decision", [Approved(), Edited("Better.")])
    def test_without_a_draft_there_is_nothing_to_approve(self, queue, decision, draft):
        """Approving or editing nothing is refused in words, and the claim goes on."""
        queue.enqueue(request(draft=draft))
        claim = queue.claim("dana")
        with pytest.raises(ValueError, match="`decision` must be Answered or Rejected"):
            queue.decide(claim, decision)
        assert "decided" == queue.decide(claim, Answered("Yes.")).state

    @pytest.mark.parametrize("blank", ["", " \n"])
    @pytest.mark.parametrize("kind", [Edited, Rejected, Answered])
    def test_a_decision_says_something(self, kind, blank):
        """A blank text or reason is refused where it is made."""
        with pytest.raises(ValueError, match="must say something"):
            kind(blank)

    def test_cancelling_what_is_settled_changes_nothing(self, queue):
        """The caller who gives up too late gets the decision."""
        ticket = queue.enqueue(request())
        decided = queue.decide(queue.claim("dana"), Approved())
        assert decided == queue.cancel(ticket.id)


class TestWaiting:
    def test_wait_returns_the_decision_of_another_thread(self, tmp_path):
        """A thread that waits sees what a person decides elsewhere."""
        queue = ReviewQueue(f"sqlite:///{tmp_path / 'r.db'}")
        ticket = queue.enqueue(request())
        person = threading.Thread(target=lambda: queue.decide(queue.claim("dana"), Answered("Yes.")))
        person.start()
        assert "dana" == queue.wait(ticket.id, 30).decided_by
        person.join()
        queue.close()

    def test_wait_gives_up_at_its_limit_on_the_given_clock(self, queue, clock):
        """No longer than the time-out, and no real second of it with a fake clock."""
        ticket = queue.enqueue(request())
        with pytest.raises(TimeoutError, match=rf"ticket {ticket.id} is still pending after 10 s"):
            queue.wait(ticket.id, 10)
        assert 10 == pytest.approx(clock.now())

    def test_wait_for_nothing_asks_once(self, queue):
        """A time-out of 0 returns what is settled and refuses the rest."""
        ticket = queue.enqueue(request())
        with pytest.raises(TimeoutError):
            queue.wait(ticket.id, 0)
        queue.cancel(ticket.id)
        assert "cancelled" == queue.wait(ticket.id, 0).state


class TestFollowing:
    def test_an_open_ticket_shows_its_place(self, queue):
        """State and position are fresh; everything else stays."""
        first, second = queue.enqueue(request()), queue.enqueue(request())
        outcome = waiting(second, failure=Failure(kind=FailureKind.FALLBACK_EXHAUSTED))
        assert 2 == queue.follow(outcome).ticket.position
        queue.claim("dana", ticket=first.id)
        assert 1 == queue.follow(outcome).ticket.position
        queue.claim("dana")
        followed = queue.follow(outcome)
        assert ("claimed", None) == (followed.ticket.state, followed.ticket.position)
        assert outcome == followed.model_copy(update={"ticket": second})

    @pytest.mark.parametrize(
        ("decision", "text", "sources"),
        [
            (Approved(), "Yes.", (SOURCE,)),
            (Edited("Yes, for two years."), "Yes, for two years.", (SOURCE,)),
            (Answered("Ask the shop."), "Ask the shop.", ()),
            (Rejected("We give no legal advice."), "We give no legal advice.", ()),
        ],
    )
    def test_a_decided_ticket_gives_the_persons_words(self, queue, clock, decision, text, sources):
        """Whatever the decision, the person serves; the sources stay only behind the draft."""
        outcome = waiting(queue.enqueue(request()), failure=Failure(kind=FailureKind.FALLBACK_EXHAUSTED))
        clock.advance(30)
        queue.decide(queue.claim("dana"), decision)
        followed = queue.follow(outcome)
        assert ("reviewed", text, sources) == (followed.status, followed.text, followed.sources)
        assert ("dana", "person", 30) == (
            followed.served_by.name,
            followed.served_by.kind,
            followed.served_by.duration,
        )
        assert (decision.kind, None, "decided") == (
            followed.answer.finish_reason,
            followed.failure,
            followed.ticket.state,
        )
        assert outcome.trail == followed.trail[:-1]
        assert followed == Outcome.model_validate_json(followed.model_dump_json())

    def test_following_twice_changes_nothing_more(self, queue):
        """A screen that asks again gets the same outcome."""
        outcome = waiting(queue.enqueue(request()))
        queue.decide(queue.claim("dana"), Approved())
        assert queue.follow(outcome) == queue.follow(queue.follow(outcome))

    def test_a_cancelled_ticket_ends_the_waiting(self, queue):
        """Nobody will answer any more: unavailable, with one reference however often it is asked."""
        outcome = waiting(queue.enqueue(request()))
        queue.cancel(outcome.ticket.id)
        followed = queue.follow(outcome)
        assert ("unavailable", FailureKind.CANCELLED) == (followed.status, followed.failure.kind)
        assert followed == queue.follow(outcome) == queue.follow(followed)

    def test_a_cancelled_ticket_leaves_an_answer_that_was_shown(self, queue):
        """An answer that was on the screen stays there."""
        outcome = waiting(queue.enqueue(request()), status="low_confidence", answer=Answer(text="Perhaps."))
        queue.cancel(outcome.ticket.id)
        assert ("low_confidence", "Perhaps.") == (queue.follow(outcome).status, queue.follow(outcome).text)

    def test_half_a_character_in_an_answer_reaches_the_screen_as_a_sign(self, queue):
        """The outcome's JSON is sound; the item keeps what was typed."""
        outcome = waiting(queue.enqueue(request()))
        queue.decide(queue.claim("dana"), Answered("a\ud800b"))
        assert "a\ufffdb" == Outcome.model_validate_json(queue.follow(outcome).model_dump_json()).text
        assert "a\ud800b" == queue.get(outcome.ticket.id).decision.text

    def test_an_outcome_without_a_ticket_is_returned_as_it_is(self, queue):
        """There is nothing to follow."""
        outcome = Outcome(status="answered", answer=Answer(text="Yes."))
        assert outcome is queue.follow(outcome)

    def test_a_ticket_of_another_queue_is_named(self, queue):
        """An unknown id is a typed error that says what to check."""
        for act in (queue.get, queue.cancel, queue.events, lambda id_: queue.follow(waiting(Ticket(id=id_)))):
            with pytest.raises(UnknownTicket, match="no ticket 'elsewhere' in this queue"):
                act("elsewhere")
