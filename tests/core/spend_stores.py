"""What every book of spending has to do, in memory or where processes share it. Subclass it, and give it yours."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

DAY = 86400.0


class SpendStoreSuite:
    """Needs one fixture: ``store``, empty. Money is in billionths."""

    @pytest.fixture
    def set_aside(self, store):
        """Set money aside from 100."""

        def ask(ledger="a", *, limit=100, estimate=30):
            return store.set_aside(ledger, limit=limit, estimate=estimate, seconds=DAY)

        return ask

    def test_no_more_is_set_aside_than_there_is(self, store, set_aside):
        """What is under way counts as spent."""
        assert [30, 30, 30, None] == [set_aside() for _ in range(4)]
        assert (0, 90) == tuple(store.balance("a"))

    def test_the_real_cost_takes_the_place_of_the_estimate(self, store, set_aside):
        """A charge frees what was set aside for it."""
        assert [30, 30, 30] == [set_aside() for _ in range(3)]
        store.charge("a", held=30, cost=10)
        assert (10, 60) == tuple(store.balance("a"))
        assert [30, None] == [set_aside(), set_aside()]

    def test_the_last_bit_can_be_spent(self, store, set_aside):
        """Up to the limit, and including it."""
        assert [50, 50, None] == [set_aside(estimate=estimate) for estimate in (50, 50, 1)]
        store.charge("a", held=50, cost=49)
        assert [1, None] == [set_aside("b", limit=1, estimate=1), set_aside("b", limit=1, estimate=1)]

    def test_the_dearest_attempt_is_the_estimate(self, store, set_aside):
        """A dear one teaches caution, and a cheap one after it does not take it back."""
        assert 10 == set_aside(estimate=10)
        store.charge("a", held=10, cost=25)
        assert 25 == set_aside(estimate=10)
        store.charge("a", held=25, cost=1)
        assert [25, 25, None] == [set_aside(estimate=10) for _ in range(3)]
        assert (26, 50) == tuple(store.balance("a"))

    def test_one_attempt_is_always_possible(self, set_aside):
        """However dear it may be, no more than the limit is set aside."""
        assert [20, None] == [set_aside(limit=20), set_aside(limit=20)]

    def test_more_than_the_limit_may_have_been_spent(self, store, set_aside):
        """Then nothing is set aside; the sum says how much it was."""
        assert 30 == set_aside()
        store.charge("a", held=30, cost=170)
        assert set_aside(estimate=1) is None
        assert (170, 0) == tuple(store.balance("a"))

    def test_what_is_given_back_costs_nothing(self, store, set_aside):
        """A cancelled attempt leaves no trace."""
        assert 30 == set_aside()
        store.charge("a", held=30, cost=0)
        assert (0, 0) == tuple(store.balance("a"))
        assert [30, 30, 30, None] == [set_aside() for _ in range(4)]

    def test_a_charge_without_anything_set_aside_counts(self, store, set_aside):
        """The attempt began while the store was down."""
        assert 30 == set_aside()
        store.charge("a", held=0, cost=40)
        assert (40, 30) == tuple(store.balance("a"))
        assert set_aside() is None

    def test_no_more_is_freed_than_was_set_aside(self, store, set_aside):
        """What is set aside is never negative, so nobody gains by an attempt that is settled twice."""
        assert 30 == set_aside()
        store.charge("a", held=30, cost=0)
        store.charge("a", held=30, cost=0)
        assert (0, 0) == tuple(store.balance("a"))

    def test_a_ledger_that_is_gone_stays_so(self, store, set_aside):
        """A period that is over is not begun again by an attempt that ends late."""
        store.charge("never", held=30, cost=30)
        assert (0, 0) == tuple(store.balance("never"))
        assert 30 == set_aside("never")

    def test_ledgers_do_not_touch_one_another(self, store, set_aside):
        """One name, one ledger, whatever is in the name."""
        names = ["a", "b", "a:b", "ü ✓\n", "", "a" * 1000]
        assert [[30, 30, 30, None]] * 6 == [[set_aside(name) for _ in range(4)] for name in names]
        assert [(0, 90)] * 6 == [tuple(store.balance(name)) for name in names]

    def test_sums_stay_exact(self, store, set_aside):
        """A million dollars in billionths, and one billionth more."""
        million = 10**15
        assert million == set_aside(limit=million + 1, estimate=million)
        assert 1 == set_aside(limit=million + 1, estimate=1)
        assert set_aside(limit=million + 1, estimate=1) is None
        store.charge("a", held=million, cost=million - 1)
        store.charge("a", held=1, cost=1)
        assert (million, 0) == tuple(store.balance("a"))

    def test_attempts_at_once_do_not_overspend(self, store, set_aside):
        """Eight threads set aside, spend, and set aside again: never more than the limit together."""
        ready = threading.Barrier(8)
        sums = []

        def spend(_):
            ready.wait(30)
            spent = 0
            for _ in range(40):
                held = set_aside(limit=1000, estimate=7)
                if held is not None:
                    sums.append(sum(store.balance("a")))
                    store.charge("a", held=held, cost=7)
                    spent += 7
            return spent

        with ThreadPoolExecutor(8) as pool:
            spent = sum(pool.map(spend, range(8)))
        assert (994, 0) == tuple(store.balance("a"))
        assert 994 == spent
        assert max(sums) <= 1000
