"""Use it from the moment somebody asks until there is something to show.

It says nothing for a second, then what is being done and how long that usually takes, and offers other ways once it
takes longer.

Do not use it for waits that end within a second, nor while an answer is already arriving: the answer shows that it
grows. For a wait until the next try, use the retry countdown.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fallbackkit.ui.views._choices import Choice
from fallbackkit.ui.views._waiting import Stage, Waiting, wait_progress

PROBLEM = "Waiting"
VIEW = wait_progress

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
SAVED = Choice(id="saved", kind="saved", wait=0)
PERSON = Choice(id="hr_desk", kind="person", label="Ask the HR desk", wait=13_200)
STAGES = (
    Stage(name="Finding pages", state="done"),
    Stage(name="Reading 3 documents", state="current"),
    Stage(name="Writing"),
    Stage(name="Checking quotes"),
)


def _since(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def silent() -> Waiting:
    """Under a second: the frame of the answer, and nothing that could flicker."""
    return Waiting(id="silent", started_at=_since(0.4), p50=4, p90=9, stages=STAGES)


def acknowledged() -> Waiting:
    """After a second: it is being worked on, and can be stopped."""
    return Waiting(id="acknowledged", started_at=_since(1.6), p50=4, p90=9, stages=STAGES)


def stage_named() -> Waiting:
    """After three seconds: what is being done, and how long it usually takes, as measured."""
    return Waiting(id="stage-named", started_at=_since(5), p50=4, p90=9, stages=STAGES)


def many_stages() -> Waiting:
    """40 personnel files, one after the other."""
    done = tuple(Stage(name=f"Reading file {number} of 40", state="done") for number in range(1, 18))
    later = tuple(Stage(name=f"Reading file {number} of 40") for number in range(19, 41))
    stages = (*done, Stage(name="Reading file 18 of 40", state="current"), *later)
    return Waiting(id="many-stages", started_at=_since(41), p50=75, p90=140, stages=stages, can_background=True)


def stages_not_known() -> Waiting:
    """The stages are not known: it goes on, and nothing pretends to know how far it is."""
    return Waiting(id="stages-not-known", started_at=_since(5), p50=4, p90=9)


def slower_than_usual() -> Waiting:
    """Past the time that 9 in 10 take: other ways are offered."""
    return Waiting(id="slower", started_at=_since(14), p50=4, p90=9, stages=STAGES, alternatives=(SAVED,))


def slower_offered_later() -> Waiting:
    """Slower than usual, but not so much that another way would be faster."""
    return Waiting(id="offered-later", started_at=_since(14), p50=4, p90=9, offer_after=30, alternatives=(SAVED,))


def much_slower() -> Waiting:
    """Half a minute, and it may go on in the background."""
    return Waiting(
        id="much-slower",
        started_at=_since(34),
        p50=4,
        p90=9,
        stages=STAGES,
        offer_after=30,
        alternatives=(SAVED, PERSON),
        can_background=True,
    )


def never_measured() -> Waiting:
    """Nobody has measured how long it takes, so nothing is said of what is usual."""
    return Waiting(id="never-measured", started_at=_since(14), alternatives=(SAVED,))


def queued() -> Waiting:
    """Others are ahead in the line; the place is known."""
    return Waiting(id="queued", state="queued", started_at=_since(4), position=3, size=12, p50=4, p90=9)


def next_in_line() -> Waiting:
    """First in line, for longer than anybody likes to stand there."""
    return Waiting(
        id="next", state="queued", started_at=_since(22), position=1, size=9, p50=4, p90=9, alternatives=(SAVED,)
    )


def cannot_be_stopped() -> Waiting:
    """The room is being booked, and a half-made booking would be worse."""
    stages = (Stage(name="Asking the calendar", state="done"), Stage(name="Booking Linden, 09:00", state="current"))
    return Waiting(id="booking", started_at=_since(5), p50=2, p90=6, stages=stages, can_cancel=False)


def cancelling() -> Waiting:
    """Stop was pressed, and what is under way is being ended."""
    return Waiting(id="cancelling", state="cancelling", started_at=_since(6), stages=STAGES)


def cancelled() -> Waiting:
    """Stopped, and what did not happen because of it."""
    return Waiting(id="cancelled", state="cancelled", started_at=_since(7), undone="sent")


def cancelled_in_own_words() -> Waiting:
    """Stopped, with what the application knows better."""
    note = "Linden was not booked. The invitation to Priya and Tom is still a draft."
    return Waiting(id="cancelled-booking", state="cancelled", started_at=_since(7), note=note)


def background() -> Waiting:
    """It goes on while the person does something else."""
    return Waiting(id="background", state="background", started_at=_since(48), p50=4, p90=9, stages=STAGES)


def done() -> Waiting:
    """It has ended; the answer is shown beside it."""
    return Waiting(id="done", state="done", started_at=_since(6), ended_at=NOW)
