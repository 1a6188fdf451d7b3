from __future__ import annotations

import math
import re
import threading
from bisect import bisect_left, insort
from collections import deque
from typing import TYPE_CHECKING, Any, Self, cast

from fallbackkit import _budget, _checks
from fallbackkit._fork import Fork
from fallbackkit._forks import inherit
from fallbackkit._runtime import Strategy
from fallbackkit._shared import tell
from fallbackkit.errors import BulkheadFull
from fallbackkit.events import Hedged

if TYPE_CHECKING:
    from fallbackkit._budget import RetryBudget
    from fallbackkit._call import Call, Reply
    from fallbackkit._outcome import Answer
    from fallbackkit._runtime import Layer
    from fallbackkit._waiting import Branch, Waiter

__all__ = ["Hedge"]

_WARM = 20
_LAST = 200
_GRACE = 1.0


class Hedge(Strategy):
    """Asks once more beside an attempt that is slow, and takes the first answer.

    It cuts off the slow tail of a dependency that is usually quick, for a few more calls: with ``after="p95"``
    for about one call in twenty. Use it where asking twice does no harm. The others are given up as
    soon as one has answered: a task is cancelled, and gets a second to clean up; a thread cannot be stopped, goes
    on unheard, and counts among the 64 that may hang. What is given up is neither a success nor a failure for the
    layers inside, and stands in the trail as cancelled. A failure does not start a hedge early, that is what
    Retry is for, but while another attempt runs its answer is waited for; if all fail, the first failure
    comes back. Where somebody looks on, the first stream that has something to show has won. Every attempt
    runs on a thread or in a task of its own. Safe to share between threads and tasks, if your function and
    your observers are.
    Source: Dean and Barroso, The Tail at Scale, 2013.

    Args:
        after: Seconds without an answer before the first hedge, and again before each further one; 0 asks all
            at once. Or the share of calls that are quick enough: ``"p95"`` waits as long as 95 % of the last
            200 first attempts took to answer (one that lost counts with the time it had until then), and hedges
            nothing before 20 are known.
        max_hedges: How often to ask beside the first attempt, at least 1.
        budget: Shared with everything else that calls the same dependency; when it is used up, no hedge starts.

    Raises:
        TypeError: ``budget`` is not a RetryBudget.
        ValueError: ``after`` is neither seconds nor a percentile, or ``max_hedges`` is out of range.

    Example:
        >>> Hedge("p95").describe()
        'Hedge(after p95, at most 1)'
    """

    def __init__(self, after: float | str, *, max_hedges: int = 1, budget: RetryBudget | None = None) -> None:
        self.after = after
        self.max_hedges = _checks.count("max_hedges", max_hedges)
        self._usual = _Usual(after) if isinstance(after, str) else None
        self._pause = math.inf if isinstance(after, str) else _checks.seconds("after", after, zero=True)
        self._budget = _budget.checked(budget)

    async def run(self, inner: Layer, call: Call) -> Reply:
        if self._budget is not None:
            self._budget.request(call)
        race = _Race(inner, call)
        closed = False
        try:
            return await self._first_answer(race)
        except GeneratorExit:
            closed = True  # and nothing may be awaited any more
            raise
        finally:
            race.give_up()
            if call.runtime.suspends and not closed:
                await self._clean_up(race)
            race.end()

    async def _first_answer(self, race: _Race) -> Reply:
        call = race.call
        now = call.clock.now
        pause = self._pause if self._usual is None else self._usual.seconds()
        due = race.started + pause
        try:
            race.start()
        except BulkheadFull as error:
            return call.failed(error)
        while (reply := race.verdict()) is None:
            woken = await call.runtime.wait(call, race.waiter, max(0.0, due - now()))
            race.waiter = call.runtime.waiter()  # before the verdict: whoever ends after it wakes this one
            if race.leader is not None:
                due = math.inf
                await self._show(race)
            elif not woken:
                due = now() + pause if await self._hedge(race) else math.inf
        await self._end_show(race)
        if self._usual is not None and race.tells_of_the_first(reply):
            self._usual.add((now() if race.led_at is None else race.led_at) - race.started)
        return reply

    async def _show(self, race: _Race) -> None:
        """Whose words are shown has won: the others are given up, and all that it says goes out."""
        race.give_up(but=race.leader)
        answer = race.latest
        if answer is not None:
            race.latest = None
            await race.call.show(answer)

    async def _end_show(self, race: _Race) -> None:
        """What was shown of a stream that broke off stays, or is withdrawn."""
        leader, call = race.leader, race.call
        if leader is None or not call.shown:
            return
        if not leader.fork.shown:
            await call.retract()
        elif leader.fork.partial is not None:
            call.keep(leader.fork.partial)

    async def _hedge(self, race: _Race) -> bool:
        """Ask once more, if that may be."""
        call = race.call
        hedge = len(race.runners)
        if hedge > self.max_hedges or call.clock.now() >= race.until or not await self._granted(call):
            return False
        if race.verdict() is not None:  # the budget's store took its time
            return False
        try:
            race.start()
        except BulkheadFull:
            return False
        call.emit(Hedged, step=call.step, hedge=hedge, after=call.clock.now() - race.started)
        return True

    async def _granted(self, call: Call) -> bool:
        budget = self._budget
        if budget is None or budget.store is None:
            return budget is None or budget.withdraw()
        granted = await call.runtime.store(budget.withdraw)
        tell(budget.store, call)
        return granted

    async def _clean_up(self, race: _Race) -> None:
        """Wait for the tasks that were cancelled; one that does not end in time is left to itself."""
        call = race.call
        until = call.clock.now() + _GRACE
        interruption = None
        while not race.over() and (left := until - call.clock.now()) > 0:
            try:
                await call.runtime.wait(call, race.waiter, left)
            except GeneratorExit:
                raise
            except BaseException as error:  # noqa: BLE001 - cancelled meanwhile: it comes out when the tasks have ended
                interruption = error
            race.waiter = call.runtime.waiter()
        if interruption is not None:
            raise interruption

    def anew(self, **instead: Any) -> Self:
        """Make it once more, with a budget of its own."""
        return super().anew(**{"budget": self._budget and self._budget.anew(), **instead})

    def describe(self) -> str:
        after = self.after if isinstance(self.after, str) else f"{self.after:g} s"
        budget = "" if self._budget is None else f", {self._budget.describe()}"
        return f"Hedge(after {after}, at most {self.max_hedges}{budget})"


class _Runner:
    """One attempt, and what became of it."""

    __slots__ = ("branch", "fork", "reply")

    def __init__(self, fork: Fork, branch: Branch[Reply]) -> None:
        self.fork = fork
        self.branch = branch
        self.reply: Reply | None = None


class _Race:
    """The attempts of one call, in the order in which they were started.

    Attributes:
        waiter: Woken by the next attempt that ends, or has something to show.
        leader: The attempt whose words are shown, if any are.
        led_at: The clock's time at which it began to lead.
        latest: What it has to show.
        until: The limit of the call. The attempts end at it by themselves, and tell the layers inside;
            the call has none meanwhile, so that it waits for them.
    """

    def __init__(self, inner: Layer, call: Call) -> None:
        self.inner = inner
        self.call = call
        self.started = call.clock.now()
        self.runners: list[_Runner] = []
        self.winner: _Runner | None = None
        self.latest: Answer | None = None
        self.led_at: float | None = None
        self._leaders: list[Fork] = []
        self.waiter: Waiter = call.runtime.waiter()
        self.until = call.until
        call.until = math.inf

    def start(self) -> None:
        call = self.call
        fork = Fork(call, len(self.runners), self._take)
        fork.until = self.until
        if self.runners:
            fork.waited = call.clock.now() - self.started
        coroutine = self.inner(fork)
        try:
            branch = call.runtime.branch(fork, coroutine, self._wake)
        except BaseException:
            coroutine.close()
            raise
        self.runners.append(_Runner(fork, branch))

    def _wake(self) -> None:
        self.waiter.wake()

    async def _take(self, call: Call, answer: Answer | None) -> None:
        """Take what an attempt has to show: the first one that has anything leads, and the others are lost."""
        fork = cast("Fork", call)
        if answer is not None:
            if not self._leaders:
                self._leaders.append(fork)  # two threads may, and the first of them leads
            if self._leaders[0] is not fork:
                fork.give_up()
                fork.heed()
            if self.led_at is None:
                self.led_at = call.clock.now()
            self.latest = answer
            self._wake()

    @property
    def leader(self) -> _Runner | None:
        first = self._leaders[0] if self._leaders else None
        return next((runner for runner in self.runners if runner.fork is first), None)

    def verdict(self) -> Reply | None:
        """The first answer, or if all have failed the first one's failure. None as long as one may still answer."""
        leader = self.leader
        if leader is not None:
            self.winner = leader
            return leader.branch.result() if leader.branch.done() else None
        for runner in self.runners:
            if runner.reply is None and runner.branch.done():
                runner.reply = runner.branch.result()
                if runner.reply.failure is None:
                    self.winner = runner
                    return runner.reply
        return self.runners[0].reply if all(runner.reply is not None for runner in self.runners) else None

    def tells_of_the_first(self, reply: Reply) -> bool:
        """Whether the first attempt took until now to answer, or did not in that time."""
        first = self.runners[0]
        return reply.failure is None and (first.reply is None or first is self.winner)

    def over(self) -> bool:
        return all(runner.branch.done() for runner in self.runners)

    def give_up(self, *, but: _Runner | None = None) -> None:
        """Stop caring for the attempts that are not over, but for one."""
        for runner in self.runners:
            if runner is not but and not (runner.branch.done() or runner.fork.given_up):
                runner.fork.give_up()
                runner.branch.cancel()

    def end(self) -> None:
        """List every entry into user code, that of the winner last."""
        self.call.until = self.until
        for runner in sorted(self.runners, key=lambda runner: runner is self.winner):
            self.call.attempts += runner.fork.made()


class _Usual:
    """How long a share of the last first attempts took at most. Bounded memory, O(log n) to look up."""

    __slots__ = ("__weakref__", "_last", "_lock", "_share", "_sorted")

    def __init__(self, percentile: str) -> None:
        match = re.fullmatch(r"p([1-9]\d?)", percentile)
        if match is None:
            raise ValueError(f"`after` must be seconds, or a percentile from 'p1' to 'p99', got {percentile!r}")
        self._share = int(match[1]) / 100
        self._last: deque[float] = deque()
        self._sorted: list[float] = []
        self._lock = threading.Lock()
        inherit(self)

    def start_over(self) -> None:
        """In a forked child: what took its time in the parent will here."""
        self._lock = threading.Lock()

    def add(self, seconds: float) -> None:
        with self._lock:
            if len(self._last) == _LAST:
                del self._sorted[bisect_left(self._sorted, self._last.popleft())]
            self._last.append(seconds)
            insort(self._sorted, seconds)

    def seconds(self) -> float:
        """Infinite as long as too little is known."""
        with self._lock:
            known = len(self._sorted)
            return self._sorted[math.ceil(self._share * known) - 1] if known >= _WARM else math.inf
