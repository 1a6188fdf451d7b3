from __future__ import annotations

import math
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit import Answer, Attempt, Outcome, Step, Usage
from fallbackkit.ui._components_machinery import CostMeter
from fallbackkit.ui.views._cost import AvoidedBy, Cost, CostState, Period, cost_meter
from stories import cost_meter as stories
from stories import outcome_card
from tests.ui.corpus import HOSTILE, outcomes, poisoned
from tests.ui.html import assert_harmless, elements, parsed, path

UNITS = ("answer", "conversation", "call")


def lines(value, locale="en"):
    """Each line that is on the screen."""
    found = [each for each in elements(str(cost_meter(value, locale=locale))) if each.tag == "p"]
    return ["".join(each.itertext()).replace("\u00a0", " ") for each in found if "hidden" not in each.attrib]


def spoken(value):
    """What is read out."""
    return parsed(str(cost_meter(value)))[0][0].text


def meter(value):
    """The meter's attributes, or None while it is not there."""
    found = next(each for each in elements(str(cost_meter(value))) if each.get("class") == "fk-bar")
    return None if "hidden" in found.attrib else found.attrib


@pytest.mark.parametrize(
    ("story", "said"),
    [
        ("under", ["This answer cost 0.004 €.", "18.20 € of 50.00 € spent today. 31.80 € left."]),
        (
            "near",
            [
                "This answer cost 0.012 €.",
                "Close to the limit. 371.50 € of 400.00 € spent this month. 28.50 € left.",
            ],
        ),
        ("over", ["This answer cost 0.012 €.", "0.84 € over the limit. 5.84 € of 5.00 € spent this hour."]),
        (
            "unknown",
            [
                "What this answer cost is not known.",
                "The limit is 50.00 € a day. How much of it is spent is not known.",
            ],
        ),
        ("free", ["This answer cost nothing.", "The saved answer avoided about 0.03 €."]),
        ("estimate", ["This answer cost about 0.0011 €.", "The smaller model avoided about 0.011 €."]),
        ("conversation", ["This conversation cost 0.38 €."]),
        ("nothing_yet", ["Nothing has been asked yet."]),
    ],
)
def test_every_state_is_told_in_words_first(story, said):
    """What it cost, what that avoided, what is left of the limit."""
    assert said == lines(getattr(stories, story)())


@pytest.mark.parametrize("state", get_args(CostState))
def test_the_states_follow_from_the_amounts(state):
    """Each state has its story."""
    assert state == getattr(stories, state)().state


@pytest.mark.parametrize(("spent", "state"), [(7.99, "under"), (8.0, "near"), (10.0, "near"), (10.01, "over")])
def test_a_limit_is_near_from_eight_tenths_and_over_above_all_of_it(spent, state):
    """What is just used up is not over."""
    assert state == Cost(budget=10.0, spent=spent).state


def test_an_unknown_price_is_never_nothing():
    """Neither a zero nor the word for free stands anywhere."""
    assert ["What this answer cost is not known."] == lines(Cost(currency="EUR"))
    assert ["This answer cost nothing."] == lines(Cost(amount=0.0))


def test_the_meter_has_its_numbers_and_words():
    """What is spent of the limit, and the sentence for those who do not see it (rubric 4)."""
    near, over = stories.near(), stories.over()
    found = meter(near)
    assert ("meter", "0", f"{near.budget:g}", f"{near.spent:g}") == tuple(
        found[each] for each in ("role", "aria-valuemin", "aria-valuemax", "aria-valuenow")
    )
    assert found["aria-valuetext"].replace("\u00a0", " ") == lines(near)[1]
    assert f"{over.budget:g}" == meter(over)["aria-valuenow"]


@pytest.mark.parametrize("story", ["unknown", "free", "conversation", "nothing_yet"])
def test_without_a_limit_or_what_is_spent_there_is_no_meter(story):
    """Nothing is drawn that nobody knows."""
    assert meter(getattr(stories, story)()) is None


def test_only_a_limit_that_comes_near_is_read_out_and_only_once():
    """What is said holds no amount, so that the next answer does not say it again."""
    for value, said in (
        (stories.under(), None),
        (stories.near(), "Close to the limit."),
        (stories.over(), "Over the limit."),
    ):
        assert said == spoken(value)
    assert spoken(stories.near()) == spoken(stories.near().model_copy(update={"spent": 380.0}))


def outcome(*steps):
    """An answer that took these steps."""
    return Outcome(id="x", status="answered", answer=Answer(text="Five days."), trail=steps)


def step(kind="model", usage=None, verdict="answered", attempts=1):
    """One that was asked so often, and said what it took."""
    return Step(name=kind, kind=kind, usage=usage, verdict=verdict, attempts=(Attempt(duration=1.0),) * attempts)


PAID = Usage(input_tokens=900, output_tokens=90, cost=0.004, currency="EUR")


def test_the_price_of_an_outcome_is_that_of_its_steps():
    """Together, in their currency."""
    value = Cost.of(outcome(step(usage=PAID, verdict="failed"), step("smaller_model", usage=PAID)), budget=50.0)
    assert (0.008, "EUR", False, "smaller_model", 50.0) == (
        value.amount,
        value.currency,
        value.estimate,
        value.avoided_by,
        value.budget,
    )


def test_a_model_that_did_not_say_makes_it_an_estimate():
    """It was asked, so it may have cost something."""
    value = Cost.of(outcome(step(verdict="failed"), step("smaller_model", usage=PAID)))
    assert (0.004, True) == (value.amount, value.estimate)


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (step(),),
        (step(usage=Usage(input_tokens=9)),),
        (step(verdict="failed"), step("cache", attempts=0)),
    ],
)
def test_nobody_knows_what_was_not_said(steps):
    """No usage, no price, or a model that failed before the saved answer came: not free."""
    assert "unknown" == Cost.of(outcome(*steps)).state


@pytest.mark.parametrize("kind", ["cache", "rule", "search"])
def test_it_is_free_where_no_model_was_asked(kind):
    """A model that was left out, as its circuit was open, was not asked."""
    value = Cost.of(outcome(step(verdict="skipped"), step(verdict="failed", attempts=0), step(kind)))
    assert "free" == value.state
    assert ["This answer cost nothing."] == lines(value)


@pytest.mark.parametrize("locale", ["de", "ar"])
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("period", get_args(Period))
def test_every_word_is_in_the_readers_language(locale, unit, period):
    """No line is the same as in English."""
    for by in (*get_args(AvoidedBy), None):
        for more in ({"amount": 1.0}, {"amount": 1.0, "estimate": True}, {}, {"free": True}):
            for spent in (None, 1.0, 9.0, 11.0):
                value = Cost(unit=unit, period=period, avoided_by=by, saved=2.0, budget=10.0, spent=spent, **more)
                assert set(lines(value)).isdisjoint(lines(value, locale))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"amount": math.nan}, "finite"),
        ({"amount": -1.0}, "greater than or equal to 0"),
        ({"budget": 0.0}, "greater than 0"),
        ({"free": True, "amount": 2.0}, "`free` must not be given with an `amount` of 2.0; leave one of them out"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(wrong, said):
    """NaN, less than nothing, and a free answer with a price."""
    with pytest.raises(ValidationError, match=said):
        Cost.model_validate(wrong)


amounts_ = st.floats(0, 1e12)


@given(
    st.builds(
        Cost,
        amount=st.none() | amounts_,
        currency=st.sampled_from(["EUR", "JPY", "KWD", "XXX", "credits", ""]),
        unit=st.sampled_from(UNITS),
        budget=st.none() | st.floats(1e-9, 1e12),
        spent=st.none() | amounts_,
        period=st.sampled_from(get_args(Period)),
        saved=st.none() | st.floats(1e-9, 1e12),
        avoided_by=st.none() | st.sampled_from(get_args(AvoidedBy)),
        estimate=st.booleans(),
    )
)
@settings(max_examples=60, deadline=None)
def test_any_cost_is_drawn_and_travels(value):
    """Whatever the types allow draws, with its parts in place, and comes back from JSON."""
    markup = str(cost_meter(value))
    assert_harmless(markup)
    for mark in (("class", "fk-live"), ("class", "fk-bar"), ("class", "fk-cost-limit")):
        assert path(str(cost_meter(None)), mark) == path(markup, mark)
    assert value == Cost.model_validate_json(value.model_dump_json())


@given(outcomes)
@settings(max_examples=60, deadline=None)
def test_any_outcome_is_drawn(value):
    """Whatever its steps say of their price."""
    assert_harmless(str(cost_meter(value)))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_does_no_harm(text):
    """In the id and wherever a newer version may have put it."""
    for value in (
        poisoned(text),
        Cost(id=text),
        Cost.model_construct(
            id=text,
            unit=text,
            period=text,
            amount=1.0,
            currency=text,
            avoided_by=text,
            saved=1.0,
            budget=3.0,
            spent=2.0,
        ),
    ):
        assert_harmless(str(cost_meter(value)))


def test_what_a_provider_counts_in_is_shown_as_it_says():
    """Not every price is in a currency."""
    assert ["This answer cost 2.00 credits."] == lines(outcome(step(usage=Usage(cost=2.0, currency="credits"))))


def test_the_component_sends_a_price_and_nothing_else_of_an_outcome():
    """The answer does not leave the server with its price."""
    sent = CostMeter().postprocess(outcome_card.answered())
    assert "carry over" not in str(sent)
    assert "unknown" == CostMeter().preprocess(sent).state
