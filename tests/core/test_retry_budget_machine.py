from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import fallbackkit as fk
from fallbackkit._runtime import SYNC, Target
from fallbackkit.testing import FakeClock

WINDOW = 10.0  # slices of 1 s, and every time is a multiple of 0.25 s: the arithmetic is exact


class Model:
    """What a budget should do, from the whole history, with lists and no cleverness."""

    def __init__(self, ratio, floor):
        self.ratio = ratio
        self.floor = floor
        self.requests = []
        self.retries = []  # (granted, started)

    def counted(self, now):
        """Requests of the last 10 slices; retries of the last 11, and those to come."""
        requests = sum(now // 1 - 10 < request // 1 for request in self.requests)
        return requests, sum(now // 1 - 11 < start // 1 for _, start in self.retries)

    def allowed(self, requests):
        return max(self.floor, self.ratio * requests)

    def withdraw(self, now, wait):
        requests, retries = self.counted(now)
        if retries + 1 > self.allowed(requests):
            return False
        self.retries.append((now, now + min(wait, WINDOW)))
        return True


class Budgets(RuleBasedStateMachine):
    """Two budgets on one time line, and calls that pass one of them or both."""

    @initialize(
        start=st.integers(0, 400),
        limits=st.lists(
            st.tuples(st.sampled_from([0.0, 0.07, 0.2, 0.5, 1.0]), st.integers(0, 4)), min_size=2, max_size=2
        ),
    )
    def build(self, start, limits):
        self.clock = FakeClock(start / 4)
        self.pipeline = fk.Pipeline(clock=self.clock)
        self.budgets = [fk.RetryBudget(ratio=ratio, floor=floor, window=WINDOW) for ratio, floor in limits]
        self.models = [Model(*given) for given in limits]
        for budget in self.budgets:
            budget._follow(self.clock)

    @rule(passes=st.lists(st.integers(0, 1), min_size=1, max_size=2), times=st.integers(1, 12))
    def a_call_begins(self, passes, times):
        for _ in range(times):
            call = self.pipeline.start(Target(str), SYNC, (), {})
            for n in passes:
                self.budgets[n].request(call)
            for n in set(passes):
                self.models[n].requests.append(self.clock.now())

    @rule(n=st.integers(0, 1), wait=st.sampled_from([0.0, 0.0, 0.25, 0.75, 3.0, 9.75, 10.0, 12.0, 500.0]))
    def a_retry_is_asked_for(self, n, wait):
        now = self.clock.now()
        assert self.models[n].withdraw(now, wait) == self.budgets[n].withdraw(wait)

    @rule(quarters=st.sampled_from([1, 2, 4, 7, 36, 40, 44, 88]))
    def time_passes(self, quarters):
        self.clock.advance(quarters / 4)

    @rule()
    def all_is_quiet(self):
        """13: after quiescence, nothing is in use."""
        self.clock.advance(22)
        for budget in self.budgets:
            assert (0, 0, budget.floor) == (
                budget.snapshot().requests,
                budget.snapshot().retries,
                budget.snapshot().left,
            )

    @invariant()
    def the_snapshot_is_right(self):
        """13: permits in use are never negative."""
        for budget, model in zip(getattr(self, "budgets", ()), getattr(self, "models", ()), strict=True):
            requests, retries = model.counted(self.clock.now())
            left = max(0, int(model.allowed(requests)) - retries)
            assert fk.BudgetSnapshot(requests=requests, retries=retries, left=left) == budget.snapshot()
            assert min(requests, retries, left) >= 0

    def teardown(self):
        """13: in any window, retries ≤ max(floor, ratio × requests in the window before the last was granted)."""
        for model in getattr(self, "models", ()):
            for _, first in model.retries:
                window = [retry for retry in model.retries if first <= retry[1] < first + WINDOW]
                last = max(granted for granted, _ in window)
                requests = sum(last - WINDOW < request <= last for request in model.requests)
                assert len(window) <= model.allowed(requests)


TestBudgets = Budgets.TestCase
TestBudgets.settings = settings(max_examples=150, stateful_step_count=40)
