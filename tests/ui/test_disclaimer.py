from __future__ import annotations

import inspect
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit.ui._components_trust import Disclaimer
from fallbackkit.ui.views._disclaimer import Caveat, disclaimer
from fallbackkit.ui.views._html import clean
from stories import disclaimer as stories
from tests.ui.corpus import BERLIN, HOSTILE
from tests.ui.html import assert_harmless, elements, parsed, path, visible

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
FOUND = inspect.getmembers(stories, inspect.isfunction)
STORIES = {name: make for name, make in FOUND if make.__module__ == stories.__name__}
FORMS = get_args(Caveat.model_fields["form"].annotation)
TOPICS = get_args(Caveat.model_fields["about"].annotation)
LABEL = "AI wrote this. Check amounts and dates before you act."


def drawn(value, **reader):
    """The disclaimer, for somebody in Berlin."""
    return str(disclaimer(value, now=NOW, tz=BERLIN, **reader))


def said(value, locale="en"):
    """What is on the screen."""
    return visible(drawn(value, locale=locale)).strip()


@pytest.mark.parametrize("locale", ["en", "de", "ar"])
def test_a_footnote_is_one_short_line(locale):
    """At most twelve words, in the kit's own words, too (rubric 11)."""
    shown = said(Caveat(), locale)
    assert 0 < len(shown.split()) <= 12
    assert locale != "en" or LABEL == shown


def test_a_long_footnote_is_refused():
    """The message says how long it is and what to do."""
    Caveat(text="word " * 12)
    with pytest.raises(ValidationError, match=r"at most 12 words, got 13: .*shorten it and put the rest behind `url`"):
        Caveat(text="word " * 13)
    assert "word " * 12 + "word" in said(Caveat(form="once", text="word " * 13))


def test_before_the_first_use_it_says_what_the_feature_can_do_and_cannot():
    """With one button, which the page must handle (rubric 10)."""
    shown = said(STORIES["once"]())
    places = [shown.index(text) for text in ("Before you start", "What it can do", "Find rules", "What it cannot do")]
    assert places == sorted(places)
    assert shown.index("What it cannot do") < shown.index("See your contract") < shown.index("Start asking")
    assert "Start asking" not in visible(drawn(STORIES["once"](), actions=()))
    assert "What it can" not in said(STORIES["once_in_own_words"]())


def test_what_was_read_once_becomes_the_footnote():
    """And its own long text is not kept."""
    own = Caveat(form="once", text="A long text. " * 20, can=("Walk",), accepted=True)
    assert LABEL == said(own)


@pytest.mark.parametrize("about", TOPICS)
def test_where_much_depends_on_it_the_check_is_named(about):
    """Each topic has its own words in every language, and they are read out with the answer."""
    texts = {said(Caveat(form="contextual", about=about), locale) for locale in ("en", "de", "ar")}
    assert 3 == len(texts)
    assert len(TOPICS) == len({said(Caveat(form="contextual", about=other)) for other in TOPICS})
    title, _, body = parsed(drawn(Caveat(form="contextual", about=about)))[0][0].text.partition(". ")
    assert title + body == said(Caveat(form="contextual", about=about))


@pytest.mark.parametrize("name", ["once", "accepted", "footnote"])
def test_what_is_always_there_is_not_read_out(name):
    """Only what comes up with an answer is."""
    assert None is parsed(drawn(STORIES[name]()))[0][0].text


@pytest.mark.parametrize("form", FORMS)
def test_more_is_one_click_away_if_it_may_be_opened(form):
    """A link that is an event, too; no other address becomes one."""
    markup = drawn(Caveat(form=form, url="https://intranet.example/help"))
    link = next(each for each in elements(markup) if each.tag == "a")
    assert ("https://intranet.example/help", "details_opened") == (link.get("href"), link.get("data-action"))
    for url in ("javascript:alert(1)", "", None):
        assert said(Caveat(form=form, url=url)) == said(Caveat(form=form))


def test_ai_is_named_once():
    """One footnote for a group of answers (rubric 11)."""
    for name in ("accepted", "footnote", "footnote_in_own_words", "once"):
        assert 1 == said(STORIES[name]()).count("AI")


@pytest.mark.parametrize("name", STORIES)
def test_what_can_hold_the_focus_keeps_its_place(name):
    """An update from any state to any other finds it there."""
    for mark in (("class", "fk-live"), ("data-action", "accepted")):
        assert path(drawn(None), mark) == path(drawn(STORIES[name]()), mark)
    assert "" == said(None)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("form", ["once", "contextual"])
def test_hostile_text_in_every_field_stays_text(text, form):
    """It is shown as it is."""
    markup = drawn(Caveat(id=text, form=form, text=text, can=(text,), cannot=(text,), url=text))
    assert_harmless(markup)
    assert {"once": 3, "contextual": 1}[form] <= visible(markup).count(clean(text))


CAVEATS = st.builds(
    Caveat,
    form=st.sampled_from(["once", "contextual"]),
    text=st.none() | st.text(),
    about=st.sampled_from(TOPICS),
    can=st.lists(st.text(), max_size=3).map(tuple),
    cannot=st.lists(st.text(), max_size=3).map(tuple),
    url=st.none() | st.text(),
    accepted=st.booleans(),
)


@given(CAVEATS, st.sampled_from(["en", "de", "ar", "en-XA"]))
@settings(max_examples=100)
def test_any_caveat_is_drawn(value, locale):
    """Harmless, and the same after a trip through JSON."""
    markup = drawn(value, locale=locale)
    assert_harmless(markup)
    assert markup == drawn(Caveat.model_validate_json(value.model_dump_json()), locale=locale)


def test_what_a_newer_version_sends_is_a_footnote():
    """Or a warning without a topic."""
    assert LABEL == said(Caveat.model_construct(id="1", form="banner"))
    other = said(Caveat.model_construct(id="1", form="contextual", about="weather"))
    assert said(Caveat(form="contextual")) == other


def test_much_is_shown_whole():
    """A megabyte, and two hundred things that it can do."""
    markup = drawn(Caveat(form="once", text="x" * 1_000_000, can=("y",) * 200))
    assert "x" * 1_000_000 in markup
    assert 200 == markup.count(">y</span></li>")


def test_the_component_gives_back_what_is_on_the_screen():
    """Or nothing."""
    shown = Disclaimer(tz=BERLIN)
    assert STORIES["once"]() == shown.preprocess(shown.postprocess(STORIES["once"]()))
    assert None is shown.preprocess(shown.postprocess(None))
