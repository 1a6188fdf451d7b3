"""38, without its streams and its concurrency: what is saved, for how long, and what is said of its age."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import functools
import gc
import itertools
import logging
import math
import time
import uuid
from collections import OrderedDict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallbackkit as fk
from fallbackkit import events
from fallbackkit._cache.keys import NoKey, spell
from fallbackkit.testing import FakeClock, Fault, Script, Stream
from tests.core.stores import Calls, Stores

few = settings(max_examples=40)
DOWN = Fault(kind="provider.5xx")
half = st.integers(0, 600).map(lambda n: n / 2)  # exact also beside the seconds since 1970


@pytest.fixture(scope="session", params=["memory", "sqlite"])
def stores(request, tmp_path_factory):
    """Both kinds of store."""
    return Stores(request.param, tmp_path_factory.mktemp("stores"))


@few
@given(ttl=half.map(lambda n: n + 1), on_error=half, renewed=half, shown=st.none() | half, older=half, age=half)
def test_a_saved_answer_is_given_for_its_time(run, stores, ttl, on_error, renewed, shown, older, age):  # noqa: PLR0917
    """38: within ``ttl`` as it is; then at once and renewed, or after a failure, marked as stale; then not at all.

    Never one that was said longer ago than may be shown.
    """
    clock, seen = FakeClock(), []
    said = datetime.fromtimestamp(clock.time(), UTC) - timedelta(seconds=older)
    script = Script(fk.Answer(text="saved", created_at=said), DOWN, clock=clock)
    cache = fk.Cache(
        ttl,
        stale_if_error=on_error,
        stale_while_revalidate=renewed,
        store=stores.new(),
        max_age_shown=shown or None,
    )
    pipeline = fk.Pipeline(cache, clock=clock, observers=[seen.append])
    run.outcome(pipeline, script, "?")
    clock.advance(age)
    outcome = run.outcome(pipeline, script, "?")
    hidden = bool(shown) and age + older > shown
    fresh = age <= ttl and not hidden
    at_once = age <= ttl + renewed and not hidden
    given = at_once or (age <= ttl + on_error and not hidden)
    assert ("saved" if given else "") == outcome.text
    assert (1 if at_once else 2) == len(script.calls)
    assert ("answered" if fresh else "degraded" if given else "unavailable") == outcome.status
    reasons = [] if at_once else ["provider.5xx"]
    assert [*reasons, *["cache.stale"] * (given and not fresh)] == list(outcome.reasons)
    assert [(age, not fresh)] * given == [(e.age, e.stale) for e in seen if type(e) is events.CacheHit]
    if given:
        assert ["model"] * (not at_once) + ["cache"] == [step.kind for step in outcome.trail]
        assert said == outcome.answer.created_at


@pytest.fixture
def far_away(monkeypatch):
    """A machine nine hours off."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_away")
def test_a_saved_answer_keeps_its_first_date(run, stores, clock):
    """Giving it again makes it no younger; a date of its own is kept, and one without a zone is UTC."""
    asked_at = datetime.fromtimestamp(clock.time(), UTC)
    first = datetime(2027, 1, 1, tzinfo=UTC)
    naive = (asked_at - timedelta(seconds=25)).replace(tzinfo=None)
    answers = {
        "dated": fk.Answer(text="x", created_at=first),
        "naive": fk.Answer(text="x", created_at=naive),
        "undated": "x",
    }
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), clock=clock)
    strict = fk.Pipeline(fk.Cache(100, store=stores.new(), max_age_shown=40), clock=clock)
    for question, each in itertools.product(answers, (pipeline, strict)):
        run.outcome(each, answers.get, question)
    for _ in range(2):
        clock.advance(10)
        given = [run.outcome(pipeline, answers.get, question).answer.created_at for question in answers]
        assert [first, naive, asked_at] == given
        kinds = [run.outcome(strict, answers.get, question).served_by.kind for question in answers]
        assert ["model", "cache" if clock.now() < 15 else "model", "cache"] == kinds


def test_a_failure_and_an_unsure_answer_are_not_saved(run, stores, clock):
    """Only what passed the layers inside is given again."""
    for bad, chain in (
        (DOWN, []),
        ("", [fk.Validate()]),
        (fk.Answer(text="unsure", score=0.1), [fk.ConfidenceGate(0.5)]),
        (fk.Answer(text="unsure", score=0.1), [fk.ConfidenceGate(0.5, below="hedge")]),
        (None, []),
    ):
        script = Script(bad, fk.Answer(text="good", score=0.9), clock=clock)
        pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), *chain, clock=clock)
        run.outcome(pipeline, script, "?")
        assert ["good", "good"] == [run.outcome(pipeline, script, "?").text for _ in range(2)]
        assert 2 == len(script.calls)


def test_a_degraded_answer_is_not_saved(run, stores, clock):
    """What a chosen pipeline could only answer in another way would be given as the real thing later."""
    script = Script(DOWN, "good", clock=clock)
    chosen = fk.Pipeline(fk.Fallback(fk.Rung(run.fn(lambda _: "a rule"), "rule")), clock=clock)(run.fn(script))
    route = fk.Route(lambda _: "chosen", chosen=chosen)
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), route, clock=clock)
    outcomes = [run.outcome(pipeline, Script("unused", clock=clock), "?") for _ in range(3)]
    assert [("a rule", "degraded"), ("good", "answered"), ("good", "answered")] == [
        (outcome.text, outcome.status) for outcome in outcomes
    ]
    assert ["rule", "model", "cache"] == [outcome.served_by.kind for outcome in outcomes]


def test_a_saved_answer_costs_nothing_again(run, stores, clock):
    """Usage is counted where it arose."""
    usage = fk.Usage(input_tokens=3, output_tokens=5, cost=0.25)
    script = Script(fk.Answer(text="x", usage=usage), clock=clock)
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), clock=clock)
    assert [usage, None, None] == [run.outcome(pipeline, script, "?").usage for _ in range(3)]


def test_what_a_hit_is(run, clock):
    """From memory the same object; from a file what was said, as the function had returned it."""
    for value in ("text", fk.Answer(text="x", data=[1]), {"rows": [1, 2]}, 7):
        pipeline = fk.Pipeline(fk.Cache(100), clock=clock)
        assert all(value is run.value(pipeline, lambda v=value: v) for _ in range(2))


class Word(enum.StrEnum):
    RED = "red"


class Invoice(pydantic.BaseModel):
    total: float
    due: date


BILL = Invoice(total=2.5, due=date(2027, 3, 1))
COMPLETION = {"object": "chat.completion", "choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}


@pytest.mark.parametrize(
    ("value", "again", "schema"),
    [
        ("text \ud83d é", "text \ufffd é", None),
        (fk.Answer(text="x", data={"a": [1, None]}), None, None),
        ({"rows": [1, 2]}, {"rows": [1, 2]}, None),
        (7, 7, None),
        (BILL, BILL, Invoice),
        (fk.Answer(text="x", data=BILL), None, Invoice),
        (fk.Answer(text="x", data=(1, 2)), None, tuple[int, int]),
        (COMPLETION, fk.Answer(text="hi", finish_reason="stop"), None),
    ],
)
def test_what_comes_back_from_a_file(run, tmp_path, clock, value, again, schema):  # noqa: PLR0917
    """A string, an Answer, or data; in place of anything else its Answer. Data is of the type it was."""
    for _ in range(2):  # the second pipeline finds what the first one saved
        cache = fk.Cache(100, store=fk.SQLiteCache(tmp_path / "answers.db", schema=schema))
        pipeline = fk.Pipeline(cache, name="ask", clock=clock)
        first, hit = run.outcome(pipeline, lambda: value), run.outcome(pipeline, lambda: value)
        found = hit.value
        if isinstance(found, fk.Answer):
            found = found.model_copy(update={"created_at": None})
        assert (value if again is None else again) == found
        assert type(value if again is None else again) is type(found)
        data = [outcome.answer.data for outcome in (first, hit)]
        assert data[0] == data[1]
        assert type(data[0]) is type(data[1])
        assert "cache" == hit.served_by.kind


@pytest.mark.parametrize("data", [BILL, (1, 2), {1: 2}, object(), math.nan, {"at": date(2027, 1, 1)}, Word.RED])
def test_data_that_would_come_back_as_something_else_is_not_saved(run, tmp_path, clock, data):
    """It is asked for each time, with one warning that says what to do."""
    script = Script(fk.Answer(text="x", data=data), clock=clock)
    pipeline = fk.Pipeline(fk.Cache(100, store=fk.SQLiteCache(tmp_path / "answers.db")), clock=clock)
    with pytest.warns(UserWarning, match=r"would not come back.*SQLiteCache schema=") as told:
        assert [data] * 3 == [run.outcome(pipeline, script).answer.data for _ in range(3)]
    assert (1, 3) == (len(told), len(script.calls))


def test_an_answer_that_no_longer_fits_is_not_found(run, tmp_path, clock):
    """After a change of the schema the old form is asked for anew, and then the new one is there."""
    for schema, data in ((list[int], [1]), (Invoice, BILL), (Invoice, BILL)):
        cache = fk.Cache(100, store=fk.SQLiteCache(tmp_path / "answers.db", schema=schema))
        script = Script(fk.Answer(text="x", data=data), clock=clock)
        pipeline = fk.Pipeline(cache, name="ask", clock=clock)
        assert [data] * 2 == [run.outcome(pipeline, script, "?").answer.data for _ in range(2)]
    assert 0 == len(script.calls)


def test_the_parsed_answer_is_saved_with_its_data(run, stores, clock):
    """What Validate made of the text is there again."""
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), fk.Validate(schema=list[int]), clock=clock)
    script = Script("[1, 2]", clock=clock)
    outcomes = [run.outcome(pipeline, script, "?") for _ in range(2)]
    assert [([1, 2], "[1, 2]")] * 2 == [(outcome.answer.data, outcome.value) for outcome in outcomes]
    assert 1 == len(script.calls)


def test_each_question_has_its_own_answer(run, stores, clock):
    """Arguments, their names, the pipeline and its prompt tell answers apart."""
    store = stores.new()
    asked = []

    def ask(*args, **kwargs):
        asked.append((args, kwargs))
        return f"answer {len(asked)}"

    pipeline = fk.Pipeline(fk.Cache(100, store=store), clock=clock)
    questions = [
        *[(args, {}) for args in [(), ("a",), ("b",), ("a", "b"), ((), ("a",), {}), (("a",), {"k": "b"}, ())]],
        *[(("a",), {"k": "b"}), ((), {"k": "b"}), ((), {"k": "a"}), (("a",), {"k": "b", "l": "c"})],
    ]
    for _ in range(2):
        for n, (args, kwargs) in enumerate(questions, 1):
            assert f"answer {n}" == run.outcome(pipeline, ask, *args, **kwargs).text
    assert f"answer {n}" == run.outcome(pipeline, ask, "a", l="c", k="b").text
    for options in ({"name": "other"}, {"prompt_version": "2"}, {"variant": "b"}):
        other = fk.Pipeline(fk.Cache(100, store=store), clock=clock, **options)
        assert f"answer {len(asked) + 1}" == run.outcome(other, ask, "a").text


def test_a_new_version_forgets(run, stores, clock):
    """After a change of the prompt nothing of the old one is given; by default the pipeline says which it is."""
    store = stores.new()
    script = Script("old", "new", "third", clock=clock)

    def pipeline(version, of_prompt=None):
        return fk.Pipeline(fk.Cache(100, store=store, version=version), clock=clock, prompt_version=of_prompt)

    versions = [("1",), ("1",), ("2",), (None, "2"), ("1", "3"), (None, "3"), ("3",), ("2", "3")]
    asked = [run.outcome(pipeline(*version), script, "?").text for version in versions]
    assert ["old", "old", "new", "new", "old", "third", "third", "new"] == asked


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass
class Point:
    x: object
    y: object = 0


@dataclasses.dataclass(slots=True)
class Dot:
    x: object
    y: object = 0


class Loose(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    x: object = None

    @functools.cached_property
    def long(self):
        return [self.x] * 99

    def __iter__(self):
        return iter(())


leaves = st.one_of(
    *[
        st.none(),
        st.booleans(),
        st.integers(-3, 3),
        st.floats(-3, 3),
        st.sampled_from(["", "a", "1", "None", "a,b", "'"]),
    ],
    *[st.sampled_from([b"a", b"", Colour.RED, Colour.BLUE, Word.RED, "red", Decimal(1), uuid.UUID(int=1)])],
    *[st.sampled_from([date(2027, 1, 1), datetime(2027, 1, 1, tzinfo=UTC), "2027-01-01"])],
)
values = st.recursive(
    leaves,
    lambda inside: st.one_of(
        st.lists(inside, max_size=3),
        st.lists(inside, max_size=3).map(tuple),
        st.dictionaries(st.text("ab", max_size=1) | st.integers(0, 2), inside, max_size=3),
        st.frozensets(leaves, max_size=3),
        *[st.builds(kind, x=inside) for kind in (Point, Dot, Loose)],
        st.builds(lambda x, z: Loose(x=x, z=z), inside, inside),
    ),
    max_leaves=6,
)


def typed(value):
    """The value with the types of everything in it, so that ``==`` tells 1 from True."""
    kind = type(value)
    if kind in (list, tuple):
        return kind, [typed(item) for item in value]
    if kind is dict:
        return kind, sorted(((typed(key), typed(item)) for key, item in value.items()), key=repr)
    if kind is frozenset:
        return kind, sorted(map(typed, value), key=repr)
    if kind is Loose:
        return kind, typed(value.__dict__["x"]), typed(value.__pydantic_extra__)
    if kind in (Point, Dot):
        return kind, typed(value.x), typed(value.y)
    return kind, repr(value)


@settings(max_examples=500)
@given(one=values, other=values)
def test_keys_are_equal_for_equal_arguments_only(one, other):
    """Two values have one key if and only if they are equal, with their types."""
    assert (typed(one) == typed(other)) == (spell(one) == spell(other))
    assert spell(one).isascii()
    assert spell(one) != spell(one, other)


def test_what_looks_alike_has_keys_of_its_own():
    """One, in every form that it may have; and texts that look like something else."""
    ones = [1, True, 1.0, "1", b"1", "True", Colour.RED, Decimal(1), [1], (1,), {1}, frozenset({1}), {1: 1}, ["1"]]
    ones += [Point(1), Dot(1), Loose(x=1), {"x": 1, "y": 0}, {"x": 1}, ((1,),), ([1],), (1, ()), (1, 0), "(1,)", [[1]]]
    ones += [None, "None", (), "", [], {}, set(), uuid.UUID(int=1), str(uuid.UUID(int=1)), Word.RED, "red"]
    ones += [
        date(2027, 1, 1),
        datetime(2027, 1, 1, tzinfo=UTC),
        "2027-01-01",
        datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC),
    ]
    assert len(ones) == len({spell(one) for one in ones})


def test_the_order_of_a_dict_is_nothing_that_was_asked():
    """Keyword arguments and dicts are equal in any order; so are sets."""
    assert spell({"a": 1, "b": 2}) == spell({"b": 2, "a": 1})
    assert [0, 8] == list({0, 8}) != list({8, 0})  # noqa: PLC0208, RUF100 - as Python happens to keep them
    assert spell({0, 8}) == spell({8, 0})
    assert spell({"a"}) != spell(frozenset({"a"}))


def test_what_was_computed_of_a_model_is_no_part_of_it():
    """A cached property that somebody has looked at changes no key."""
    fresh, used = Loose(x=1), Loose(x=1)
    assert 99 == len(used.long)
    assert spell(fresh) == spell(used)


class Session:
    """Something that is the same for nobody else."""


class Pair(NamedTuple):
    a: int


class Odd(pydantic.BaseModel):
    def __getattribute__(self, name):
        if name == "__dict__":
            raise LookupError("sk-SECRET")
        return super().__getattribute__(name)


ENDLESS = []
ENDLESS.append(ENDLESS)
STRANGE = [Session(), Session, ENDLESS, Odd(), OrderedDict(a=1), Pair(1), [Session()], len]


@pytest.mark.parametrize("strange", STRANGE, ids=lambda it: type(it).__name__)
def test_arguments_that_make_no_key_are_served_unsaved(run, stores, clock, strange):
    """They are asked each time, with one warning that names ``key=``, and tells nothing of the value."""
    script = Script("fine", clock=clock)
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), clock=clock)
    with pytest.warns(UserWarning, match=r"`script` are not saved.*of what it is given, .*; give Cache key=") as told:
        assert ["fine"] * 3 == [run.outcome(pipeline, script, strange).text for _ in range(3)]
    assert (1, 3) == (len(told), len(script.calls))
    assert "SECRET" not in str(told[0].message)
    keyed = fk.Pipeline(fk.Cache(100, store=stores.new(), key=lambda _: "one"), clock=clock)
    assert ["fine"] * 3 == [run.outcome(keyed, script, strange).text for _ in range(3)]
    assert 4 == len(script.calls)


def test_the_warning_says_what_stands_in_the_way(run, clock):
    """The type of the argument; or that it is what ``key`` made."""
    with pytest.warns(UserWarning, match="what it is given, there is a Session in it;"):
        run.outcome(fk.Pipeline(fk.Cache(1), clock=clock), lambda _: "x", Session())
    with pytest.warns(UserWarning, match=r"what `key` returned, there is a Session in it;"):
        run.outcome(fk.Pipeline(fk.Cache(1, key=lambda _: Session()), clock=clock), lambda _: "x", "?")
    with pytest.warns(UserWarning, match=r"what it is given, it is nested more than 100 deep;"):
        run.outcome(fk.Pipeline(fk.Cache(1), clock=clock), lambda _: "x", ENDLESS)
    with pytest.warns(UserWarning, match=r"what it is given, it raised LookupError;"):
        run.outcome(fk.Pipeline(fk.Cache(1), clock=clock), lambda _: "x", Odd())


def test_what_is_nested_a_hundred_deep_is_still_a_key():
    """One more is none: a key is made far from the interpreter's own limit, where what is finalised fails, too."""
    deep = "x"
    for _ in range(100):
        deep = [deep]
    assert 100 == spell(deep).count("(")
    with pytest.raises(NoKey, match="more than 100 deep"):
        spell([deep])


def test_messages_are_a_key(run, stores, clock):
    """What people hand to a chat model is saved without a ``key``."""
    script = Script("one", "two", clock=clock)
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), clock=clock)
    texts = [run.outcome(pipeline, script, [{"role": "user", "content": c}]).text for c in "abab"]
    assert ["one", "two", "one", "two"] == texts


def test_a_key_of_your_own(run, stores, clock):
    """It is called with the call's arguments, and may leave out what does not matter."""
    script = Script("one", "two", clock=clock)
    cache = fk.Cache(100, store=stores.new(), key=lambda question, *, user: (question.lower(), user))
    pipeline = fk.Pipeline(cache, clock=clock)
    asked = [("Why?", "ana"), ("WHY?", "ana"), ("why?", "ben"), ("why?", "ana")]
    assert ["one", "one", "two", "one"] == [run.outcome(pipeline, script, q, user=u).text for q, u in asked]


def test_the_objects_of_a_method_do_not_share_answers(stores, clock):
    """One bot must not answer with what another said; where they are equal by value, they may."""

    @dataclasses.dataclass
    class Bot:
        tenant: str

        @fk.Pipeline(fk.Cache(100, store=stores.new()), clock=clock)
        def ask(self, question):
            asked.append(self.tenant)
            return f"{self.tenant}: {question}"

    asked = []
    assert ["ana: ?", "ben: ?", "ana: ?"] == [Bot(tenant).ask("?") for tenant in ("ana", "ben", "ana")]
    assert ["ana", "ben"] == asked


class Service:
    """Like most objects, it is equal to itself only."""

    def __init__(self, tenant):
        self.tenant = tenant
        self.asked = []

    def ask(self, question):
        self.asked.append(question)
        return f"{self.tenant}: {question}"

    async def aask(self, question):
        return self.ask(question)


class Slotted(Service):
    __slots__ = ()
    __hash__ = None

    def __eq__(self, other):
        return True


def test_the_answers_of_an_object_are_its_own(run, clock):
    """In memory, and for as long as it lives: another one that takes its place in memory has said nothing."""
    pipeline = fk.Pipeline(fk.Cache(100), clock=clock, name="ask")

    def ask(it):
        if run.way == "async":
            return run.runner.run(pipeline.aoutcome(it.aask, "?")).text
        return run.outcome(pipeline, it.ask, "?").text

    one, two = Service("ana"), Service("ben")
    if run.way != "threads":
        assert ["ana: ?", "ben: ?", "ana: ?"] == [ask(it) for it in (one, two, one)]
        assert (["?"], ["?"]) == (one.asked, two.asked)
        assert all(f"{n}: ?" == ask(Service(n)) for n in range(50))


def test_an_object_is_found_under_decorators(clock):
    """Under another pipeline, and under whatever says what it wraps."""
    cache = fk.Cache(100)
    outer, inner = fk.Pipeline(cache, clock=clock, name="ask"), fk.Pipeline(clock=clock)

    class Twice(Service):
        @outer
        @inner
        def twice(self, question):
            return self.ask(question)

    one, two = Twice("ana"), Twice("ben")
    assert ["ana: ?", "ben: ?", "ana: ?"] == [it.twice("?") for it in (one, two, one)]

    def shouted(fn):
        return functools.wraps(fn)(lambda question: fn(question).upper())

    assert ["ANA: !", "BEN: !", "ANA: !"] == [outer.call(shouted(it.ask), "!") for it in (one, two, one)]
    assert (["?", "!"], ["?", "!"]) == (one.asked, two.asked)


def test_in_a_file_nobody_knows_an_object(tmp_path, clock):
    """Another process has another one; with a ``key`` that is your word that they answer alike."""
    store = fk.SQLiteCache(tmp_path / "answers.db")
    service = Service("ana")
    with pytest.warns(UserWarning, match=r"there is a Service in it; give Cache key="):
        fk.Pipeline(fk.Cache(100, store=store), clock=clock, name="ask").outcome(service.ask, "?")
    with pytest.warns(UserWarning, match=r"there is a Slotted in it; give Cache key="):
        fk.Pipeline(fk.Cache(100), clock=clock, name="ask").outcome(Slotted("ana").ask, "?")
    pipeline = fk.Pipeline(fk.Cache(100, store=store, key=str), clock=clock, name="ask")
    assert ["ana: ?"] * 2 == [pipeline.outcome(it.ask, "?").text for it in (service, Service("ben"))]


def test_partials_do_not_share_answers(run, stores, clock):
    """What was given ahead is part of the question, by position, by name, and nested."""

    def ask(*args, **kwargs):
        return f"{args} {kwargs}"

    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), clock=clock, name="ask")
    forms = [
        functools.partial(ask),
        functools.partial(ask, "ana"),
        functools.partial(ask, user="ana"),
        functools.partial(functools.partial(ask, "ana").func, "ben"),
    ]
    if run.way == "sync":
        assert 4 == len({run.outcome(pipeline, form, "?").text for form in forms})
        assert [form("?") for form in forms] == [run.outcome(pipeline, form, "?").text for form in forms]


def test_a_key_that_raises_is_a_failure_like_any_other(run, clock):
    """38: nothing is asked and nothing saved; the next rung answers."""
    script = Script("unused", clock=clock)
    chain = [fk.Fallback(fk.Rung(run.fn(lambda _: "rule"), "rule")), fk.Cache(100, key=lambda _: 1 / 0)]
    outcome = run.outcome(fk.Pipeline(*chain, clock=clock), script, "?")
    assert ("rule", "internal", []) == (outcome.text, outcome.trail[0].failure.kind, script.calls)


def test_the_least_recently_used_answer_goes_first(run, clock):
    """The bound of the memory holds, and use keeps an answer."""
    asked = []
    pipeline = fk.Pipeline(fk.Cache(100, max_entries=2), clock=clock)

    def ask(question):
        asked.append(question)
        return question

    for question in "abacab":
        run.outcome(pipeline, ask, question)
    assert list("abcb") == asked


def test_two_caches_share_a_store(run, stores, clock):
    """Each by its own times."""
    store = stores.new()
    script = Script("one", "two", clock=clock)
    short, long = (fk.Pipeline(fk.Cache(ttl, store=store), clock=clock) for ttl in (10, 100))
    run.outcome(long, script, "?")
    clock.advance(50)
    assert ["one", "two", "two"] == [run.outcome(pipeline, script, "?").text for pipeline in (long, short, long)]


def test_a_wall_clock_that_was_set_back_makes_no_answer_young(run, tmp_path):
    """38: in a shared store nobody can tell any more how old it is: it is asked for again, and is not given stale."""
    script = Script("one", "two", DOWN, clock=FakeClock())
    store = fk.SQLiteCache(tmp_path / "answers.db")

    def ask(epoch):
        cache = fk.Cache(100, stale_if_error=1e6, stale_while_revalidate=1e6, store=store)
        return run.outcome(fk.Pipeline(cache, clock=FakeClock(epoch=epoch)), script, "?").text

    assert ["one", "one", "two", "two", ""] == [ask(epoch) for epoch in (2e6, 2e6 + 50, 1e6, 1e6 + 50, 5e5)]


class Jumping(FakeClock):
    """A wall clock that is set, while time goes on."""

    ahead = 0.0

    def time(self):
        return super().time() + self.ahead


def test_a_wall_clock_that_is_set_changes_nothing_in_memory(run):
    """24: there the age is what has passed since, whatever the date has become."""
    clock = Jumping()
    script = Script("one", "two", clock=clock)
    pipeline = fk.Pipeline(fk.Cache(100), clock=clock)
    run.outcome(pipeline, script, "?")
    for ahead in (1e6, -1e6):
        clock.ahead = ahead
        assert "one" == run.outcome(pipeline, script, "?").text
    clock.advance(101)
    assert "two" == run.outcome(pipeline, script, "?").text


# --- stale while revalidate ---


class Renewing:
    """A cache past its time, asked again."""

    def __init__(self, run, store, clock, *plays, takes=5.0, chain=(), **options):
        self.events = []
        self.run = run
        self.clock = clock
        self.calls = Calls(run, clock)
        self.script = Script("old", *plays, clock=clock, takes=takes)
        options = {"stale_while_revalidate": 100, **options}
        self.pipeline = fk.Pipeline(
            *chain, fk.Cache(10, store=store, **options), clock=clock, observers=[self.events.append], name="ask"
        )
        self.ask()
        clock.advance(20)

    def ask(self):
        return self.run.outcome(self.pipeline, self.script, "?")


@pytest.fixture
def renewing(run, stores, clock):
    """Makes a cache past its time."""
    return functools.partial(Renewing, run, stores.new(), clock)


def test_a_stale_answer_is_given_at_once_and_renewed_beside(renewing):
    """Nobody waits; it is marked and tells its age; the next one gets the new answer."""
    it = renewing("new")
    now = it.clock.now()
    outcome = it.ask()
    assert ("old", "degraded", ("cache.stale",)) == (outcome.text, outcome.status, outcome.reasons)
    assert [("ask", "cache", "answered", ())] == [(s.name, s.kind, s.verdict, s.attempts) for s in outcome.trail]
    assert (now, 0.0) == (it.clock.now(), outcome.duration)
    assert (20.0, True) == next((e.age, e.stale) for e in it.events if type(e) is events.CacheHit)
    it.calls.rest(6)
    assert [0.0, now] == it.script.calls
    outcome = it.ask()
    assert ("new", "answered", (), 2) == (outcome.text, outcome.status, outcome.reasons, len(it.script.calls))
    assert now + 5 == outcome.answer.created_at.timestamp() - 1_800_000_000


def test_one_renewal_at_a_time(renewing):
    """However often a stale answer is given meanwhile."""
    it = renewing("new", takes=5)
    assert ["old"] * 4 == [it.ask().text for _ in range(4)]
    it.calls.rest(2)
    assert ["old"] * 4 == [it.ask().text for _ in range(4)]
    it.calls.rest(4)
    assert (["new"] * 2, 2) == ([it.ask().text for _ in range(2)], len(it.script.calls))


def test_a_renewal_that_fails_changes_nothing_and_is_logged(renewing, caplog):
    """The stale answer stays as it is; its event has an id of its own; the next call tries again."""
    it = renewing(DOWN, "new")
    with caplog.at_level(logging.WARNING, "fallbackkit"):
        outcome = it.ask()
        it.calls.rest(1)
    assert ["a saved answer of `ask` was not renewed: provider.5xx"] == caplog.messages
    failed = [e for e in it.events if type(e) is events.AttemptFailed]
    assert 1 == len(failed)
    assert failed[0].call not in {outcome.id, it.events[0].call}
    assert "old" == it.ask().text
    it.calls.rest(6)
    assert "new" == it.ask().text


def test_a_renewal_that_stumbles_changes_nothing(renewing, caplog):
    """A bug in a layer inside is logged, and the renewal is over."""
    it = renewing("new", "newer")
    raising = iter([1 / 2, None, 1])

    def score(_):
        return next(raising) / 1

    gated = fk.ConfidenceGate(0.1, score=score)
    cache = fk.Cache(10, stale_while_revalidate=100)
    pipeline = fk.Pipeline(cache, gated, clock=it.clock, name="ask")
    it.run.outcome(pipeline, it.script, "!")
    it.clock.advance(20)
    assert "new" == it.run.outcome(pipeline, it.script, "!").text
    it.calls.rest(6)
    assert ["a strategy of `ask` raised", "a saved answer of `ask` was not renewed: internal"] == caplog.messages
    assert "new" == it.run.outcome(pipeline, it.script, "!").text
    it.calls.rest(6)
    assert "newer" == it.run.outcome(pipeline, it.script, "!").text


def test_a_renewal_is_under_the_limits_of_the_call(renewing, caplog):
    """Those outside of the cache, too."""
    it = renewing(Fault(), "new", chain=[fk.Deadline(8)])
    it.ask()
    it.calls.rest(7)
    assert [] == caplog.messages
    it.calls.rest(2)
    assert ["a saved answer of `ask` was not renewed: timeout.first_byte"] == caplog.messages


def test_a_renewal_without_a_thread_is_left_out(renewing, caplog, monkeypatch):
    """Too many calls hang, or the system gives none: the answer is given all the same, and a later call tries again."""
    it = renewing("new")
    if it.run.way != "sync":
        return
    for error in (fk.BulkheadFull("too many hang"), RuntimeError("can't start new thread")):
        monkeypatch.setattr(it.clock, "branch", functools.partial(raising, error))
        assert "old" == it.ask().text
        assert "a saved answer of `ask` was not renewed: there is no thread for it" == caplog.messages[-1]
        assert error is caplog.records[-1].error
    monkeypatch.undo()
    it.ask()
    it.calls.rest(6)
    assert "new" == it.ask().text


def raising(error, *_):
    """Raise it."""
    raise error


def test_a_renewal_is_nobodys_hit(renewing):
    """Also if somebody else has saved a new answer before it begins: no caller was given that one."""
    it = renewing("new", "newer")
    it.ask()
    other = fk.Pipeline(fk.Cache(10, store=it.pipeline.strategies[0].store), clock=it.clock, name="ask")
    assert "new" == it.run.outcome(other, lambda _: "new", "?").text
    it.events.clear()
    it.calls.rest(6)
    assert [] == it.events


def test_whoever_needs_an_answer_waits_for_a_renewal_under_way(renewing):
    """38: past the time for stale answers a call takes what the renewal brings, and does not ask beside it."""
    it = renewing("new", takes=200)
    it.ask()
    [outcome] = it.calls.outcomes((it.pipeline, it.script, "?", 150))
    assert ("new", 50.0, 2) == (outcome.text, outcome.duration, len(it.script.calls))


class Loops:
    """A cache in real event loops, past its time; the second and third load never end by themselves."""

    def __init__(self, store, *, hang=()):
        self.asked = 0
        self.clock = Moved()
        self.cache = fk.Cache(10, stale_while_revalidate=60, store=store, key=str)
        self.pipeline = fk.Pipeline(self.cache, clock=self.clock, name="ask")
        self._hang = hang

    async def _answer(self, _question):
        self.asked += 1
        number = self.asked
        if number in self._hang:
            await asyncio.get_running_loop().create_future()
        return f"answer {number}"

    async def ask(self, until=lambda: True):
        """The answer, once something has come about beside it."""
        outcome = await self.pipeline.aoutcome(self._answer, "?")
        async with asyncio.timeout(20):
            while not until():  # noqa: ASYNC110 - it is no event of this loop
                await asyncio.sleep(0.001)
        return outcome.text

    def asked_are(self, number):
        return lambda: self.asked == number

    def idle(self):
        return not self.cache._flights._flights


def test_a_renewal_ends_with_its_event_loop(stores):
    """Cancelled with the loop, or lost in one that is closed over it, it stands in nobody's way."""
    it = Loops(stores.new(), hang={2, 3})
    assert "answer 1" == asyncio.run(it.ask())
    it.clock.ahead = 20
    assert "answer 1" == asyncio.run(it.ask(it.asked_are(2)))
    assert it.idle()
    loop = asyncio.new_event_loop()
    assert "answer 1" == loop.run_until_complete(it.ask(it.asked_are(3)))
    loop.close()
    assert not it.idle()
    assert "answer 1" == asyncio.run(it.ask(it.idle))
    assert "answer 4" == asyncio.run(it.ask())
    gc.collect()  # asyncio complains of the task that was lost


def test_a_renewal_that_never_began_is_over(stores):
    """Cancelled before its first step, as a loop does that ends at once; the next call renews."""
    it = Loops(stores.new())

    async def main():
        await it.ask()
        it.clock.ahead = 20
        assert "answer 1" == await it.ask()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.01)
        assert (1, True) == (it.asked, it.idle())
        return [await it.ask(it.idle) for _ in range(2)]

    assert ["answer 1", "answer 2"] == asyncio.run(main())


class Moved(fk.SystemClock):
    """The machine's clock, some seconds ahead."""

    __slots__ = ("ahead",)

    def __init__(self):
        self.ahead = 0.0

    def now(self):
        return super().now() + self.ahead

    def time(self):
        return super().time() + self.ahead


# --- streams ---


def test_a_saved_answer_is_streamed_as_a_whole(run, stores, clock):
    """What a stream brought is saved; the next one gets it at once."""
    script = Script(Stream("fi", "ne"), clock=clock)
    pipeline = fk.Pipeline(fk.Cache(100, store=stores.new()), clock=clock)
    first, second = (run.stream(pipeline, script, "?") for _ in range(2))
    assert [("fine", "model"), ("fine", "cache")] == [(s[-1].text, s[-1].served_by.kind) for s in (first, second)]
    assert ["working", "answered"] == [outcome.status for outcome in second]
    assert 1 == len(script.calls)


def test_nothing_saved_takes_the_place_of_what_was_shown(run, stores, clock):
    """39: a stream that breaks off after its first words ends as interrupted, however good the saved answer."""
    script = Script("saved", Stream("Ne", Fault(kind="connection.lost", after=1)), DOWN, clock=clock)
    pipeline = fk.Pipeline(fk.Cache(10, stale_if_error=100, store=stores.new()), clock=clock)
    run.outcome(pipeline, script, "?")
    clock.advance(20)
    broken, down = (run.stream(pipeline, script, "?")[-1] for _ in range(2))
    assert ("interrupted", "Ne") == (broken.status, broken.text)
    assert ("degraded", "saved") == (down.status, down.text)


# --- construction ---


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"store": "answers.db"}, TypeError, r"`store` must be a MemoryCache or an SQLiteCache, got 'answers.db'"),
        ({"store": {}}, TypeError, r"`store` must be .*, got {}"),
        ({"store": fk.MemoryCache(), "max_entries": 5}, ValueError, r"`max_entries` is of the memory.* got 5; give it"),
        ({"max_entries": 0}, ValueError, r"`max_entries` must be a whole number of 1 or more, got 0"),
        ({"stale_while_revalidate": -1}, ValueError, r"`stale_while_revalidate` must be .*0 or more, got -1"),
        ({"max_age_shown": 0}, ValueError, r"`max_age_shown` must be .*more than 0, got 0"),
        ({"key": "question"}, TypeError, r"`key` must be a function, got 'question'"),
    ],
)
def test_bad_arguments_are_refused(options, error, sentence):
    """With the argument, the value and what to do."""
    with pytest.raises(error, match=sentence):
        fk.Cache(60, **options)


def test_a_cache_describes_itself(tmp_path):
    """48: its times, its store, nothing that changes."""
    cache = fk.Cache(60, stale_while_revalidate=5, stale_if_error=600, max_age_shown=3600, store=fk.MemoryCache())
    expected = "Cache(60 s, 5 s more while renewed, 600 s more on error, none said more than 3600 s ago, MemoryCache)"
    assert expected == cache.describe()
    assert "Cache(60 s, SQLiteCache)" == fk.Cache(60, store=fk.SQLiteCache(tmp_path / "a.db")).describe()
    assert "Cache(0.5 s)" == fk.Cache(0.5).describe()
    assert "Cache(60 s, at most 9 answers)" == fk.Cache(60, max_entries=9).describe()


def test_the_default_memory_holds_1024():
    """So that a cache that is forgotten does not fill the machine."""
    assert 1024 == fk.Cache(60)._store.max_entries == fk.MemoryCache().max_entries
    assert "MemoryCache(max_entries=1024)" == repr(fk.MemoryCache())
