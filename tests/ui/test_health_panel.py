from __future__ import annotations

import math
from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit import CircuitBreaker, Snapshot
from fallbackkit.testing import FakeClock
from fallbackkit.ui._components_machinery import HealthPanel
from fallbackkit.ui.views._health import health_panel
from fallbackkit.ui.views._html import clean
from fallbackkit.ui.views._services import BreakerState, Health, Service, ServiceState
from stories import health_panel as stories
from tests.ui.corpus import BERLIN, HOSTILE
from tests.ui.html import assert_harmless, elements, parsed, path, visible

NOW = stories.NOW
STATES = get_args(ServiceState)
AT_TEN = NOW - timedelta(minutes=10)


def drawn(value, **reader):
    """The panel as people in Berlin see it."""
    return str(health_panel(value, **{"now": NOW, "tz": BERLIN, **reader}))


def shown(value, **reader):
    """What is on the screen, on one line."""
    return " ".join(visible(drawn(value, **reader)).split())


def spoken(value, **reader):
    """What is read out."""
    return parsed(drawn(value, **reader))[0][0].text


def cells(value, **reader):
    """Each row of the table as its name and its lines."""
    found = [each for each in elements(drawn(value, **reader)) if each.tag == "tr"][1:]
    return [("".join(row[0].itertext()), ["".join(p.itertext()) for p in row[1].iter("p")]) for row in found]


def test_one_plain_sentence_says_how_it_is():
    """What is not well with since when and what is used instead, and what works."""
    said = "Answers: slow since 13:10, using the smaller model. Search: working. Feedback: working."
    assert said == spoken(stories.slow())
    assert shown(stories.slow()).startswith(said)
    assert "Everything is working." == spoken(stories.working())


def test_of_many_services_the_sentence_names_those_that_are_not_well():
    """At most four of them by name, and the rest counted in the plural of the language."""
    assert "Answers: slow since 13:10, using the smaller model. 10 others are working." == spoken(stories.many())
    ill = [Service(name=f"room {number}", state="failing") for number in range(6)]
    services = Health(services=(*ill, Service(name="search", state="working")))
    assert spoken(services).endswith("room 3: not working. 2 more have problems. 1 other is working.")
    assert "room 4" not in spoken(services)
    assert "خدمتان أخريان فيهما مشكلات." in spoken(services, locale="ar")


def test_it_speaks_when_a_state_changes_and_not_with_each_figure():
    """Neither a minute that passes nor a new measurement is read out."""
    before = stories.slow_for_operators()
    measured = before.services[0].model_copy(update={"success_rate": 0.97, "n": 500, "p50": 7.0})
    after = before.model_copy(update={"services": (measured, *before.services[1:])})
    assert spoken(before) == spoken(after, now=NOW + timedelta(minutes=3))
    changed = before.services[0].model_copy(update={"state": "failing"})
    assert spoken(before) != spoken(before.model_copy(update={"services": (changed, *before.services[1:])}))


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_an_icon_and_a_word(state):
    """Colour is not needed (rubric 41), and each state has a drawing of its own."""
    words = {each: _badge(each) for each in STATES}
    assert 1 == list(words.values()).count(words[state])
    word, path_ = words[state]
    assert word
    assert path_


def _badge(state):
    badge = next(each for each in elements(drawn(_one(state=state))) if "fk-health-state" in each.get("class", ""))
    return "".join(badge.itertext()), badge[0][0].get("d")


def _one(**more):
    return Health(id="x", services=(Service(**{"name": "desk-large-2", "plain_name": "Answers", **more}),))


def test_people_see_no_figures_and_no_circuit():
    """Names of machines, shares and breakers are for operators."""
    told = stories.failing().model_copy(update={"audience": "user"})
    assert not {"desk-large-2", "circuit", "p50", "%"} & set(shown(told).replace(",", "").split())
    assert (
        "Answers",
        ["not working", "since 13:10 (70 minutes ago, Berlin time)", "using the smaller model"],
    ) == cells(told)[0]


def test_operators_see_the_circuit_and_the_next_probe():
    """With the figures, each with the calls behind it."""
    assert [
        "not working",
        "since 13:10 (70 minutes ago, Berlin time)",
        "using the smaller model",
        "circuit open, next probe 14:20 (in 40 seconds, Berlin time)",
        "31% of 412 calls worked",
        "p50 12.0 s, p95 30.0 s",
        "getting worse",
    ] == cells(stories.failing())[0][1]


@pytest.mark.parametrize(
    ("share", "n", "said"),
    [
        (0.8, 5, "4 of 5 calls worked"),
        (1.0, 1, "1 of 1 call worked"),
        (0.988, 412, "99% of 412 calls worked"),
        (0.9995, 2000, "99% of 2,000 calls worked"),
        (0.0005, 2000, "1% of 2,000 calls worked"),
        (1.0, 2000, "100% of 2,000 calls worked"),
        (0.0, 100, "0% of 100 calls worked"),
    ],
)
def test_a_share_is_as_fine_as_its_calls_allow(share, n, said):
    """A percentage only of a hundred calls and more; all and none only if it was all or none."""
    value = _one(success_rate=share, n=n).model_copy(update={"audience": "operator"})
    assert said in cells(value)[0][1]


def test_what_was_not_measured_says_so():
    """No share, no number."""
    assert "not measured" in cells(_one(state="working").model_copy(update={"audience": "operator"}))[0][1]


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ((1.0, 0.98, 1.0), "steady"),
        ((0.5, 0.7, 0.9), "getting better"),
        ((0.9, None, 0.5), "getting worse"),
        ((1.0, 0.4, None, 1.0), "was worse"),
    ],
)
def test_the_line_says_in_a_word_what_it_shows(history, said):
    """Nobody has to read the drawing; a time without calls is a gap in it."""
    value = _one(history=history).model_copy(update={"audience": "operator"})
    assert said in cells(value)[0][1]
    line = next(each for each in elements(drawn(value)) if each.get("class") == "fk-spark")[0].get("d")
    assert len([each for each in history if each is not None]) == line.count("M") + line.count("L")
    assert (None in history) + 1 == line.count("M")


@pytest.mark.parametrize("history", [(), (1.0,), (None, None), (None, 0.5)])
def test_one_point_is_no_line(history):
    """Nothing is drawn of what cannot be compared."""
    assert "fk-spark" not in drawn(_one(history=history).model_copy(update={"audience": "operator"}))


@pytest.mark.parametrize(("locale", "said"), [("de", "Answers: seit 13:10 langsam, das kleinere Modell springt ein.")])
def test_german_says_it_in_its_own_order(locale, said):
    """The sentence is one message, not parts in the order of English."""
    assert spoken(stories.slow(), locale=locale).startswith(said)


@pytest.mark.parametrize("locale", ["de", "ar"])
@pytest.mark.parametrize("state", STATES)
def test_every_word_is_in_the_readers_language(locale, state):
    """No line of the table is the same as in English."""
    value = _one(state=state, since=AT_TEN, fallback="cache", breaker="open", history=(1, 0.2), success_rate=0.5, n=9)
    value = value.model_copy(update={"audience": "operator"})
    assert set(cells(value)[0][1]).isdisjoint(cells(value, locale=locale)[0][1])
    assert spoken(value) != spoken(value, locale=locale)


def test_a_breakers_snapshot_is_a_service():
    """It is read as it is, without a strategy in sight: state, share, calls, and when the next probe is."""
    clock = FakeClock()
    breaker = CircuitBreaker(name="desk-large-2", min_calls=2, reset_timeout=40, clock=clock)
    for _ in range(2):
        breaker.settle(breaker.acquire(), "failure")
    service = Service.of(breaker.snapshot(), name=breaker.name, plain_name="Answers", now=NOW, fallback="search")
    assert ("failing", "open", 0.0, 2) == (service.state, service.breaker, service.success_rate, service.n)
    assert NOW + timedelta(seconds=40) == service.next_probe_at
    assert Service.of(breaker.snapshot(), name="x").next_probe_at is None


@pytest.mark.parametrize(
    ("state", "calls", "failures", "slow", "seen"),
    [
        ("closed", 0, 0, 0, "unknown"),
        ("closed", 100, 5, 20, "working"),
        ("closed", 100, 5, 21, "slow"),
        ("closed", 100, 6, 90, "some_failing"),
        ("open", 100, 60, 0, "failing"),
        ("half_open", 100, 60, 0, "recovering"),
        ("isolated", 0, 0, 0, "paused"),
    ],
)
def test_a_breakers_state_and_rates_become_a_state(state, calls, failures, slow, seen):
    """Five failures in a hundred and twenty slow calls are still an ordinary day."""
    rates = (failures / calls, slow / calls) if calls else (None, None)
    snapshot = Snapshot(
        state=state,
        calls=calls,
        failures=failures,
        failure_rate=rates[0],
        slow=slow,
        slow_rate=rates[1],
        retry_after=None,
        trials=0,
    )
    assert seen == Service.of(snapshot, name="x").state


def test_a_share_without_its_calls_is_refused():
    """With the remedy in the sentence; and so is what is no number or no share."""
    with pytest.raises(ValidationError, match=r"`success_rate` is 0\.9 but `n` is None: .* give it as `n`"):
        Service(name="x", success_rate=0.9)
    for wrong in ({"p50": math.nan}, {"success_rate": 1.4, "n": 3}, {"history": [2.0]}, {"n": 0}):
        with pytest.raises(ValidationError, match="Input should be"):
            Service.model_validate({"name": "x", **wrong})


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("audience", ["user", "operator"])
def test_hostile_text_in_every_field_stays_text(text, audience):
    """Name, plain name and what is used instead."""
    service = Service(name=text, plain_name=text + "2", state="slow", fallback=text, since=NOW)
    markup = drawn(Health(id=text, services=(service,), audience=audience))
    assert_harmless(markup)
    assert "".join(parsed(markup).itertext()).count(clean(text)) >= 3


services = st.builds(
    Service,
    name=st.text(max_size=30),
    plain_name=st.text(max_size=30),
    state=st.sampled_from(STATES),
    since=st.none() | st.datetimes(),
    success_rate=st.none() | st.floats(0, 1),
    n=st.integers(1, 10**12),
    p50=st.none() | st.floats(0, 1e9),
    p95=st.none() | st.floats(0, 1e9),
    breaker=st.none() | st.sampled_from(get_args(BreakerState)),
    next_probe_at=st.none() | st.datetimes(),
    fallback=st.none() | st.text(max_size=10) | st.sampled_from(["cache", "other", "model"]),
    history=st.lists(st.none() | st.floats(0, 1), max_size=80),
)


@given(st.lists(services, max_size=8), st.sampled_from(["user", "operator"]))
@settings(max_examples=50, deadline=None)
def test_any_services_are_drawn_and_travel(each, audience):
    """Whatever the types allow draws, with its live node in place, and comes back from JSON."""
    value = Health(services=tuple(each), audience=audience)
    markup = drawn(value)
    assert_harmless(markup)
    assert path(drawn(None), ("class", "fk-live")) == path(markup, ("class", "fk-live"))
    assert value == Health.model_validate_json(value.model_dump_json())


def test_two_hundred_services_and_a_megabyte_of_name_are_drawn():
    """Nothing is cut from the table, and the sentence stays short of the names."""
    many = [Service(name=f"service {number}", state="slow") for number in range(200)]
    assert 200 == len(cells(Health(services=tuple(many))))
    assert "x" * 1_000_000 in drawn(_one(plain_name="x" * 1_000_000))


def test_what_a_newer_version_says_is_shown_as_it_is():
    """An unknown state or breaker is verbatim, with the drawing of the unknown."""
    service = Service.model_construct(name="x", state="melting", breaker="fused", n=None)
    markup = drawn(Health.model_construct(id="x", services=(service,), audience="operator"))
    assert_harmless(markup)
    assert {"melting", "fused"} <= {each.text for each in elements(markup)}


def test_no_services_are_a_calm_empty_frame():
    """None and none at all read alike, and there is no table without rows to see."""
    assert (
        "No services are watched here."
        == shown(Health())
        == visible(drawn(None)).strip().removesuffix("ServicesServiceState")
    )


def test_the_component_sends_and_reads_its_services():
    """As JSON, both ways."""
    panel = HealthPanel()
    assert stories.failing() == panel.preprocess(panel.postprocess(stories.failing()))
