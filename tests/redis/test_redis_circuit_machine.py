"""The machine in Redis is the machine in the process, and many processes are one breaker."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

import fallbackkit as fk
from fallbackkit.events import CircuitClosed, CircuitHalfOpened, CircuitOpened
from tests.core.test_circuit_breaker_machine import EVENT, LEGAL, RULES, WINDOW, BreakerMachine
from tests.redis.timed import TimedStore

STATES = {CircuitClosed: {"closed"}, CircuitHalfOpened: {"half_open"}, CircuitOpened: {"open", "isolated"}}


class Fleet:
    """Breakers of one name, one for each process. Whoever's turn it is acts, tells the store, and has looked before."""

    def __init__(self, breakers):
        self.breakers = breakers
        self.turn = 0
        self.owners = {}

    @property
    def breaker(self):
        """The one whose turn it is."""
        return self.breakers[self.turn]

    def look(self, breaker=None):
        """Tell the store what there is to tell, and follow it."""
        breaker = breaker or self.breaker
        breaker._exchange(breaker._shared)
        return breaker

    @property
    def state(self):
        return self.look().state

    def snapshot(self):
        return self.look().snapshot()

    def acquire(self):
        permit = self.breaker.acquire()
        self.owners[permit] = self.breaker
        return permit

    def settle(self, permit, *how):
        self.owners[permit].settle(permit, *how)
        self.look(self.owners[permit])

    def release(self, permit):
        self.owners[permit].release(permit)

    def isolate(self):
        self.breaker.isolate()

    def reset(self):
        self.breaker.reset()


class SharedMachine(BreakerMachine):
    """The machine of a breaker of one process, over several that take turns."""

    processes = 1

    def __init__(self, server):
        super().__init__()
        self.server = server

    @initialize(rules=RULES, start=st.sampled_from([0.0, 7.75, 1e9]))
    def build(self, rules, start):
        self.server.client.flushall()
        super().build(rules, start)
        others = [self.breaker_of(window=WINDOW, **rules) for _ in range(self.processes - 1)]
        self.breakers = [self.breaker, *others]
        self.logs = [self.events, *([] for _ in others)]
        self.pipelines = [self.pipeline, *map(self.pipeline_of, others, self.logs[1:])]
        self.breaker = Fleet(self.breakers)

    def breaker_of(self, **options):
        store = TimedStore(self.server.url, self.clock)
        store.fresh = -1.0
        return fk.CircuitBreaker(store=store, clock=self.clock, **options)

    def pipeline_of(self, breaker, log):
        return fk.Pipeline(
            breaker,
            clock=self.clock,
            observers=[lambda event: log.append(type(event)) if type(event) in EVENT.values() else None],
        )

    def teardown(self):
        if not hasattr(self, "model"):
            return
        super().teardown()
        for breaker in self.breakers:
            store = breaker._shared.store
            assert [] == list(store.news)
            store.close()

    def serve(self, script, way):
        self.pipeline = self.pipelines[self.breaker.turn]
        outcome = super().serve(script, way)
        self.breaker.look()
        return outcome

    @rule(turn=st.integers(0, 2))
    def next_process(self, turn):
        """Somebody else acts from now on."""
        self.breaker.turn = turn % self.processes

    def check_events(self):
        """30: one process tells every change; what each of many tells is a legal way to where they all are."""
        if self.processes == 1:
            super().check_events()
            return
        for breaker, log in zip(self.breakers, self.logs, strict=True):
            self.breaker.look(breaker)
            told = [
                *(STATES[event] for event in log if event in STATES),
                *({state} for state, _ in breaker._circuit.moves),
            ]
            paths = [["closed"]]
            for states in told:
                paths = [[*path, state] for path in paths for state in states if (path[-1], state) in LEGAL]
            assert self.model.rules["shadow"] or any(path[-1] == self.model.state for path in paths)


@pytest.mark.parametrize("processes", [1, 3])
def test_many_processes_are_one_breaker(server, processes):
    """16 to 30: whoever takes a step, all of them together do what the model of one breaker does."""
    machine = type("Machine", (SharedMachine,), {"processes": processes})
    few = settings(max_examples=60, stateful_step_count=40, deadline=None)
    run_state_machine_as_test(lambda: machine(server), settings=few)
