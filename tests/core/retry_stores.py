"""What every store has to do where processes count retries together. Subclass it, and give it your store."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import fallbackkit as fk
from fallbackkit._runtime import SYNC, Target
from fallbackkit.testing import FakeClock


def began(budget, clock, times):
    """That many calls through nothing but the budget."""
    for _ in range(times):
        budget.request(fk.Pipeline(clock=clock).start(Target(str), SYNC, (), {}))


class RetryStoreSuite:
    """Needs two fixtures: ``store``, empty, and ``pass_time``, which lets seconds pass on the store's clock."""

    @pytest.fixture
    def withdraw(self, store):
        """Ask for a retry under limits of 0.2, 2 and 10 s."""

        def ask(*requests, budget="a", wait=0.0, ratio=0.2, floor=2):
            return store.withdraw(budget, ratio=ratio, floor=floor, window=10.0, wait=wait, requests=requests)

        return ask

    def test_the_floor_is_granted_without_requests(self, withdraw):
        """And no more."""
        assert [True, True, False, False] == [withdraw() for _ in range(4)]

    def test_a_share_of_the_requests_is_granted(self, withdraw):
        """13: what one process reports, another may use; what was refused is not counted."""
        assert withdraw((0.0, 10), (3.0, 5))
        assert [True, True, False, False] == [withdraw() for _ in range(4)]
        assert [True, False] == [withdraw((0.0, 5)), withdraw()]

    def test_requests_are_noted_when_nothing_is_granted(self, withdraw):
        """They were told once, and are not told again."""
        assert [True, True, False] == [withdraw(), withdraw(), withdraw((0.0, 14))]
        assert [True, False] == [withdraw((0.0, 1)), withdraw()]

    def test_old_requests_allow_nothing(self, withdraw):
        """Those of a window ago are forgotten, those within are not."""
        assert [True, True] == [withdraw(), withdraw()]
        assert not withdraw((10.0, 100))
        assert withdraw((8.5, 100))

    def test_requests_and_retries_grow_old(self, withdraw, pass_time):
        """Requests count for 0.9 to 1 of the window, retries for 1 to 1.1: never too many are granted."""
        assert all([withdraw((0.0, 20)), withdraw(), withdraw(), withdraw()])
        pass_time(8.75)
        assert not withdraw((0.0, 1))
        pass_time(1.25)
        assert not withdraw()
        pass_time(1.0)
        assert [True, True, False] == [withdraw(), withdraw(), withdraw()]

    def test_a_retry_counts_when_it_starts(self, withdraw, pass_time):
        """13: those that are about to start, and then a window long."""
        assert [True, True, False] == [withdraw(wait=9.0), withdraw(wait=9.0), withdraw()]
        pass_time(18.0)
        assert not withdraw()
        pass_time(2.0)
        assert withdraw()

    def test_budgets_of_other_names_are_others(self, withdraw):
        """One name, one budget."""
        assert [True, True, False] == [withdraw(), withdraw(), withdraw()]
        assert withdraw(budget="b")

    def test_no_ratio_and_no_floor_grant_nothing(self, withdraw):
        """The bounds are what they say."""
        assert [False, False] == [withdraw((0.0, 9), floor=0, ratio=0.0), withdraw((0.0, 9), floor=0, ratio=0.05)]
        assert [True, False] == [withdraw((0.0, 2), floor=0, ratio=0.05), withdraw(floor=0, ratio=0.05)]

    def test_asking_at_once_grants_no_more(self, withdraw):
        """13: one step each, whoever comes first."""
        ready = threading.Barrier(8)

        def ask(_):
            ready.wait(30)
            return sum(withdraw((0.0, 5)) for _ in range(5))

        with ThreadPoolExecutor(8) as pool:
            assert 40 == sum(pool.map(ask, range(8))) + sum(withdraw() for _ in range(41))

    def test_processes_share_one_budget(self, store):
        """13: two budgets of one name are one; requests are told with the next retry, and once."""
        clock = FakeClock()
        one, two, other = (
            fk.RetryBudget(floor=1, store=store, name=name, clock=clock) for name in ("shared", "shared", "other")
        )
        began(one, clock, 9)
        began(two, clock, 11)
        assert [True, True] == [one.withdraw(), two.withdraw()]
        assert [True, True, False] == [one.withdraw(), one.withdraw(), two.withdraw()]
        assert [True, False] == [other.withdraw(), other.withdraw()]
        began(two, clock, 5)
        assert [False, True, False] == [one.withdraw(), two.withdraw(), one.withdraw()]
