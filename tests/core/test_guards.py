"""What is known to go wrong in an outage is said when the pipeline is built."""

from __future__ import annotations

import functools
import re
import warnings
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit import _watch
from fallbackkit.testing import Chaos

REMEMBERING = {
    "Cache": lambda: fk.Cache(60),
    "Hedge": lambda: fk.Hedge("p95"),
    "SpendLimit": lambda: fk.SpendLimit(10),
    "Bulkhead": lambda: fk.Bulkhead(4),
    "CircuitBreaker": fk.CircuitBreaker,
}
ORDER = ["Fallback", "Cache", "Route", "Hedge", "SpendLimit", "Bulkhead", "CircuitBreaker"]


async def aask(question):
    """An async function."""
    return question


def choose(_question):
    """Chooses the function itself."""


def here():
    """Where the caller of this function stands in the source."""
    import sys

    return sys._getframe(1).f_lineno


@pytest.fixture(autouse=True)
def _nothing_built_yet(monkeypatch):
    monkeypatch.setattr(_watch, "_places", {})


def told(build, *args):
    """The warnings of a function."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        build(*args)
    return [str(each.message) for each in seen]


# A strategy inside itself


def by_decorator(fn):
    """A decorator of somebody else's around a wrapped function."""

    @functools.wraps(fn)
    def loud(question):
        return fn(question)

    return loud


class Desk:
    """Has a method that is wrapped."""

    def __init__(self, pipeline):
        type(self).ask = pipeline(type(self).plain)

    def plain(self, question):
        """Answer."""
        return question


def wrapped_in(pipeline):
    """All the ways in which a function may run in a pipeline."""
    fn = pipeline(str.upper)
    yield fn
    yield functools.partial(functools.partial(fn))
    yield by_decorator(by_decorator(fn))
    yield fk.Pipeline(fk.Retry())(fn)
    yield fk.Pipeline(fk.Fallback(fn))(str.lower)
    yield fk.Pipeline(fk.Route(choose, inner=fn))(str.lower)
    yield by_decorator(fk.Pipeline(fk.Fallback(fk.Pipeline(fk.Route(choose, inner=fn))(str.lower)))(str.lower))
    yield Desk(pipeline).ask


@pytest.mark.parametrize("name", REMEMBERING)
def test_a_strategy_inside_itself_is_refused(name):
    """Directly, as a rung or a target that stands inside, at any depth; the sentence names it."""
    strategy = REMEMBERING[name]()
    for fn in wrapped_in(fk.Pipeline(strategy)):
        refused = pytest.raises(ValueError, match=f"the same `{name}` stands inside itself: .*take it out of one")
        with refused:
            fk.Pipeline(strategy)(fn)
        if ORDER.index(name) < ORDER.index("Route"):
            with refused:
                fk.Pipeline(strategy, fk.Route(choose, inner=fn))
        fk.Pipeline(REMEMBERING[name]())(fn)
        fk.Pipeline(fk.Fallback(fn), strategy)
        fk.Pipeline(fk.Fallback(fn, fn), fk.Retry())(fn)


def test_an_async_function_is_looked_into_as_well():
    """Its pipeline is found the same way."""
    cache = fk.Cache(60)
    with pytest.raises(ValueError, match="the same `Cache` stands inside itself"):
        fk.Pipeline(cache)(fk.Pipeline(cache)(aask))


def test_limits_may_be_used_as_often_as_one_likes():
    """What remembers nothing does no harm twice."""
    limit, retry, gate = fk.Timeout(8), fk.Retry(), fk.ConfidenceGate(0.5)
    inner = fk.Pipeline(gate, retry, limit)(str.upper)
    fk.Pipeline(gate, retry, limit)(inner)


POOL = st.sampled_from(sorted(REMEMBERING))
trees = st.recursive(
    st.just(None),
    lambda children: st.tuples(
        st.sets(st.tuples(POOL, st.integers(0, 1)), max_size=2), children, st.lists(children, max_size=2)
    ),
    max_leaves=6,
)


def paths(tree):
    """Every way through a tree of pipelines, as the strategies that it passes."""
    if tree is None:
        return [[]]
    held, fn, rungs = tree
    chain = sorted(held, key=lambda each: ORDER.index(each[0]))
    ways = [[*chain, *way] for way in paths(fn)]
    return ways + [way for rung in rungs for way in paths(rung)]


@settings(max_examples=150)
@given(tree=trees)
def test_exactly_what_is_inside_itself_is_refused(tree):
    """Any tree of pipelines, with strategies shared at will, is built iff no way through it passes one twice."""
    made = {}

    def build(tree):
        if tree is None:
            return lambda question: question
        held, fn, rungs = tree
        for each in held:
            made.setdefault(each, REMEMBERING[each[0]]())
        chain = [made[each] for each in sorted(held, key=lambda each: ORDER.index(each[0]))]
        if len({type(each) for each in chain}) < len(chain):
            chain = chain[:1]
            held = {next(each for each in held if made[each] is chain[0])}
        fallback = [fk.Fallback(*map(build, rungs))] if rungs else []
        return fk.Pipeline(*fallback, *chain)(build(fn))

    def unique(tree):
        if tree is None:
            return None
        held, fn, rungs = tree
        chain = sorted(held, key=lambda each: ORDER.index(each[0]))
        if len({name for name, _ in chain}) < len(chain):
            held = {chain[0]}
        return held, unique(fn), [unique(rung) for rung in rungs]

    tree = unique(tree)
    if all(len(way) == len(set(way)) for way in paths(tree)):
        build(tree)
        return
    with pytest.raises(ValueError, match="stands inside itself"):
        build(tree)


# Route


def test_layers_around_a_target_that_has_its_own_are_refused():
    """They would not reach it, or reach it twice: the sentence names the layer and the target."""
    inner = fk.Pipeline(fk.Retry())(str.upper)
    for layer in (fk.Retry(), fk.Validate(), fk.Timeout(8)):
        name = type(layer).__name__
        with pytest.raises(
            ValueError, match=rf"`{name}` stands inside `Route`, but the target `small` has .*move `{name}`"
        ):
            fk.Pipeline(fk.Route(choose, plain=str.lower, small=inner), layer)
        fk.Pipeline(fk.Route(choose, plain=str.lower), layer)
    fk.Pipeline(fk.Deadline(20), fk.Fallback(str.lower), fk.Cache(60), fk.Route(choose, small=inner), Chaos(rate=0.1))


@pytest.mark.parametrize("name", ["Bulkhead", "CircuitBreaker"])
def test_one_breaker_for_all_targets_is_warned_of(name):
    """A target that is down would close the way to the others; the remedy is told, and it is silent."""
    with pytest.warns(
        UserWarning, match=rf"`{name}` stands inside `Route`.*pipeline of its own: Pipeline\({name}\("
    ) as seen:
        fk.Pipeline(fk.Route(choose, small=str.upper), REMEMBERING[name]())
    assert [(__file__, here() - 1)] == [(each.filename, each.lineno) for each in seen]
    own = fk.Pipeline(REMEMBERING[name]())
    assert [] == told(lambda: fk.Pipeline(fk.Route(choose, small=own(str.upper), large=own(str.lower)))(own(str.title)))


# A rung without a limit


def limited(fn):
    """A function with a pipeline of its own."""
    return fk.Pipeline(fk.Timeout(3))(fn)


@pytest.mark.parametrize(
    ("chain", "names"),
    [
        ([fk.Fallback(str.upper)], []),
        ([fk.Fallback(aask, fk.Rung(str.upper, "model")), fk.Retry()], []),
        ([fk.Fallback(str.upper), fk.Timeout(8)], ["upper"]),
        (
            [fk.Fallback(str.upper, fk.Rung(str.lower, "search", name="the manual")), fk.Timeout(8)],
            ["upper", "the manual"],
        ),
        ([fk.Fallback(fk.Rung(str.upper, "rule"), fk.Rung(str.lower, "cache")), fk.Timeout(8)], []),
        ([fk.Fallback(limited(str.upper)), fk.Timeout(8)], []),
        ([fk.Fallback(fk.Rung(limited(str.upper), "model")), fk.Timeout(8)], []),
        ([fk.Deadline(20), fk.Fallback(str.upper), fk.Timeout(8)], []),
        ([fk.Timeout(8)], []),
    ],
)
def test_a_rung_that_may_hang_is_warned_of(chain, names):
    """Where a Timeout says that limits are wanted, and nothing limits the rung; each rung is named, with the remedy."""
    warned = told(lambda: fk.Pipeline(*chain))
    assert names == [re.match(r"`Timeout` does not reach the fallback `(.+?)`", text)[1] for text in warned]
    assert all("add a Deadline(seconds)" in text and "Pipeline(Timeout(seconds))(" in text for text in warned)


# A client that retries by itself


class Client:
    """Made as OpenAI's clients are."""

    def __init__(self, max_retries=2):
        self.max_retries = max_retries

    def with_options(self, **options):
        """A copy with other options."""
        return Client(**options)


class Resource:
    """Has the client where an SDK's resources have it, and a property that must not be touched."""

    def __init__(self, client):
        self._client = client
        self.limit = 3

    @property
    def costly(self):
        """Opens a connection."""
        raise AssertionError

    def create(self, question):
        """Ask."""
        return question, self.limit, self.costly


class Settings:
    """Says how often to retry, and is no client."""

    max_retries = 3


class Slotted:
    """Keeps its client in a slot."""

    __slots__ = ("llm",)

    def __init__(self, client):
        self.llm = client

    def __call__(self, question):
        """Ask."""
        return self.llm, question


class Shared:
    """All instances have one client."""

    llm = Client()

    def ask(self, question):
        """Ask."""
        return self.llm, question


client, quiet, llms = Client(), Client(max_retries=0), ModuleType("llms")
llms.default, llms.unused = Client(), Client()


def uses_global(question):
    """Ask."""
    return client, question


def uses_module(question):
    """Ask."""
    return llms.default, question


def uses_inner(question):
    """Ask, in a function inside."""
    return [client for _ in question]


def uses_default(question, model=None, llm=client, *, other=quiet):
    """Ask."""
    return question, llm, other, model


def uses_keyword(question, *, llm=client):
    """Ask."""
    return question, llm


def uses_twice(question, again=client):
    """Ask."""
    return client, question, again


def uses_given(question, *, llm):
    """Ask."""
    return question, llm


def uses_quiet(question):
    """Ask."""
    return quiet, question, unknown  # noqa: F821 - it need not be there yet


def around(found):
    """A function that finds its client around it."""

    def ask(question):
        return found, question

    return ask


def unbound():
    """A function that finds nothing around it yet."""

    def ask(question):
        return later, question

    if not ask:
        later = client
    return ask


FINDS = {
    "client": uses_global,
    "client, again": uses_twice,
    "llms.default": uses_module,
    "client, inside": uses_inner,
    "llm": uses_default,
    "llm, by keyword": uses_keyword,
    "found": around(client),
    "argument 1": functools.partial(uses_quiet, client),
    "llm, given": functools.partial(uses_given, llm=client),
    "client, behind": functools.partial(uses_global),
    "client, decorated": by_decorator(uses_global),
    "self._client": Resource(client).create,
    "self.llm": Slotted(client),
    "self.llm, shared": Shared().ask,
    "Client": Client().with_options,
}
FINDS_NONE = [
    uses_quiet,
    around(quiet),
    around(None),
    around(Settings()),
    unbound(),
    Resource(quiet).create,
    Resource(3).create,
    len,
    str.upper,
]


@pytest.mark.parametrize("name", FINDS)
def test_a_client_that_retries_by_itself_is_warned_of(name):
    """Wherever the function finds it; once, by the name it has there, with the remedy, at the line that wraps."""
    fn, name = FINDS[name], name.partition(",")[0]
    remedy = f"make it with max_retries=0, or use {name}.with_options(max_retries=0)"
    text = f"`{name}` retries by itself (max_retries=2), which no pipeline sees or limits; {remedy}"
    for build in (
        lambda: fk.Pipeline(fk.Retry())(fn),
        lambda: fk.Pipeline(fk.Fallback(fk.Rung(str.upper), fn)),
        lambda: fk.Pipeline(fk.Route(choose, small=fn)),
    ):
        assert [text] == told(build)
    with pytest.warns(UserWarning, match="retries by itself") as seen:
        fk.protect(deadline=None)(fn)
    assert [(__file__, here() - 1)] == [(each.filename, each.lineno) for each in seen]


@pytest.mark.parametrize("fn", FINDS_NONE)
def test_what_does_not_retry_is_not_warned_of(fn):
    """A client without retries, no client, nothing to find: silence, and no property is evaluated."""
    assert [] == told(lambda: fk.Pipeline(fk.Fallback(fn))(fn))


def test_a_wrapped_function_is_warned_of_where_it_was_wrapped():
    """Not again by every pipeline that uses it."""
    with pytest.warns(UserWarning, match="`client` retries by itself"):
        fn = fk.Pipeline()(uses_global)
    assert [] == told(lambda: fk.Pipeline(fk.Fallback(fn), fk.Route(choose, small=fn))(fn))


# A pipeline for each call


def asked(times, build, *questions):
    """Build and ask, again and again."""
    for _ in range(times):
        wrapped = build()
        for question in questions:
            wrapped.outcome(question)


def new(*chain):
    """A builder of pipelines around one and the same function."""
    return lambda: fk.Pipeline(*[make() for make in chain])(str.upper)


@pytest.mark.parametrize("name", REMEMBERING)
@pytest.mark.parametrize("calls", [1, 2])
def test_a_pipeline_built_for_each_call_is_warned_of(name, calls):
    """Once for its place in the source, after a dozen, naming what forgets."""
    build = new(lambda: fk.Deadline(20), REMEMBERING[name])
    (text,) = [text for text in told(asked, 40, build, *["?"] * calls) if "built here" in text]
    assert (
        f"a Pipeline is built here for each call, so that its `{name}` forgets between calls; build it once, " in text
    )


def test_the_warning_points_to_the_place():
    """Its file and line are those where the pipeline is built, also through ``protect``; each place has its own."""

    def ask():
        fk.protect(deadline=None)(str.upper)("?")
        fk.Pipeline(fk.Cache(60))(str.upper)("?")

    with pytest.warns(UserWarning, match="built here") as seen:
        [ask() for _ in range(20)]
    first = ask.__code__.co_firstlineno
    assert [(Path(__file__).name, first + n) for n in (1, 2)] == sorted(
        (Path(each.filename).name, each.lineno) for each in seen
    )
    assert "its `CircuitBreaker` forgets" in str(seen[0].message) + str(seen[1].message)


@pytest.mark.parametrize(
    ("build", "questions"),
    [
        (new(fk.Retry, lambda: fk.Timeout(8)), "?"),
        (new(lambda: fk.Hedge(3)), "?"),
        (new(fk.CircuitBreaker), "???"),
        (new(fk.CircuitBreaker), ""),
    ],
    ids=["nothing to forget", "nothing to forget either", "called often", "never called"],
)
def test_other_pipelines_are_not_warned_of(build, questions):
    """What remembers nothing, is used for a while, or is not used at all."""
    assert [] == told(asked, 40, build, *questions)


def test_a_factory_is_not_warned_of():
    """A pipeline for each of many tenants, kept, and each called once."""
    kept = []

    def build():
        kept.append(fk.Pipeline(fk.CircuitBreaker())(str.upper))
        return kept[-1]

    assert [] == told(asked, 200, build, "?")
    (place,) = _watch._places.values()
    assert len(place.known) <= 65


def test_a_dozen_is_not_warned_of():
    """A handful that came and went is no habit."""
    assert [] == told(asked, 10, new(fk.CircuitBreaker), "?")


def test_one_that_is_used_well_ends_the_count():
    """Only a dozen wasted in a row are a habit."""
    build = new(fk.CircuitBreaker)
    assert [] == told(lambda: [asked(1, build, *questions) for questions in (["?"] * 9 + ["???"]) * 5])


def test_a_breaker_that_is_kept_forgets_nothing():
    """Only the pipeline around it is new; also where several take turns."""
    breakers = [fk.CircuitBreaker(), fk.CircuitBreaker()] * 20
    assert [] == told(asked, 40, lambda: fk.Pipeline(breakers.pop())(str.upper), "?")


def test_what_is_kept_elsewhere_is_not_forgotten():
    """A shared budget and a store outlive the pipeline; a budget of its own does not."""
    budget = fk.RetryBudget()
    for name in ("Cache", "CircuitBreaker", "SpendLimit"):
        assert "store" in vars(REMEMBERING[name]())
    for kept in (lambda: budget, lambda: fk.RetryBudget(store=SimpleNamespace(withdraw=len))):
        assert [] == told(asked, 40, new(lambda kept=kept: fk.Retry(budget=kept())), "?")
    (text,) = told(asked, 40, new(lambda: fk.Retry(budget=fk.RetryBudget())), "?")
    assert "its `RetryBudget` forgets" in text


def test_streams_count_as_calls():
    """The other face of the same pipeline."""

    def ask():
        list(fk.Pipeline(fk.CircuitBreaker()).stream(lambda: iter(["a", "b"])))

    assert 1 == len(told(lambda: [ask() for _ in range(20)]))


def test_code_that_is_in_no_file_is_left_alone():
    """A console gives every statement the same place."""
    code = "import fallbackkit as fk\nfor _ in range(40): fk.Pipeline(fk.Cache(9))(str.upper)('?')"
    assert [] == told(exec, compile(code, "<stdin>", "exec"), {})


def test_places_are_bounded(monkeypatch):
    """Memory does not grow with the source."""
    monkeypatch.setattr(_watch, "_MOST_PLACES", 3)
    code = "import fallbackkit as fk\n" + "fk.Pipeline(fk.Cache(9))\n" * 5
    exec(compile(code, "five.py", "exec"), {})  # noqa: S102 - five lines that build
    assert 3 == len(_watch._places)
