from __future__ import annotations

import inspect
import json
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit import Answer, Outcome, Source
from fallbackkit._outcome import Check
from fallbackkit.ui._components_origin import SourceList
from fallbackkit.ui._stylesheet import script, stylesheet
from fallbackkit.ui.views._html import clean, el
from fallbackkit.ui.views._markdown import rich_text
from fallbackkit.ui.views._pieces import component
from fallbackkit.ui.views._reader import Reader
from fallbackkit.ui.views._sources import Sources, source_list, sources
from stories import source_list as stories
from tests.ui.corpus import BERLIN, HOSTILE, outcomes
from tests.ui.html import assert_harmless, elements, parsed, path, visible

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
STORIES = {
    name: make for name, make in inspect.getmembers(stories, inspect.isfunction) if make.__module__ == stories.__name__
}
CHECKS = get_args(Check)
WORDS = {
    "quote_found": "quote found",
    "quote_not_found": "opened, quote not found",
    "not_checked": "not checked yet",
    "unreachable": "could not be opened",
    "changed": "changed since it was read",
    "conflicts": "conflicts with another source",
}


def drawn(value, **reader):
    """The list, for somebody in Berlin."""
    return str(source_list(value, now=NOW, tz=BERLIN, **reader))


def said(value, **reader):
    """What is on the screen, on one line."""
    return " ".join(visible(drawn(value, **reader)).split())


def entries(markup):
    """The list items, each as its text, those that are hidden as well."""
    return [" ".join("".join(each.itertext()).split()) for each in elements(markup) if each.tag == "li"]


def links(markup):
    """Where the titles lead."""
    return [each.get("href") for each in elements(markup) if each.tag == "a"]


def of(*checks, **more):
    """One source a check."""
    return Sources(id="x", items=tuple(Source(title=f"T{i}", check=check) for i, check in enumerate(checks)), **more)


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_stands_beside_its_source_in_words(check):
    """With a drawing of its own, and not by colour (rubric 14)."""
    markup = drawn(of(check))
    assert WORDS[check] in visible(markup)
    (mark,) = [each for each in elements(markup) if "fk-check" in (each.get("class") or "").split()]
    assert "true" == mark[0].get("aria-hidden")


def test_the_checks_differ_in_their_drawing_where_they_differ_in_what_to_do():
    """Found, doubtful, not opened and not looked at are told apart in grey."""
    shapes = {
        check: drawn(of(check)).partition('class="fk-check')[2].partition("</svg>")[0].partition(">")[2]
        for check in ("quote_found", "conflicts", "unreachable", "not_checked")
    }
    assert 4 == len(set(shapes.values()))


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("changed", "This page changed on 3 October, after we read it. Open it to make sure."),
        ("conflicts", "Another source says something else."),
        ("quote_not_found", "did not find these words"),
        ("unreachable", "nothing in it was checked"),
    ],
)
def test_what_a_check_means_is_said_where_it_is_not_plain(check, words):
    """In a sentence of its own."""
    source = Source(title="T", check=check, updated_at=datetime(2026, 10, 3, tzinfo=UTC))
    assert words in said(Sources(items=(source,)))
    assert words not in said(Sources(items=(source.model_copy(update={"check": "quote_found"}),)))


def test_a_change_of_unknown_date_is_told_without_one():
    """Nothing is made up."""
    assert "This page changed after we read it." in said(of("changed"))


def test_verified_sources_stand_above_the_others_and_that_is_said():
    """They keep their numbers from the answer (rubric 18)."""
    value = of("not_checked", "quote_found", "conflicts", "quote_found")
    assert ["2T1", "4T3", "3T2", "1T0"] == [entry.split(" ")[0][:3] for entry in entries(drawn(value))]
    shown = said(value)
    assert shown.index("T3") < shown.index("Not verified") < shown.index("T2")


@pytest.mark.parametrize("checks", [("quote_found", "quote_found"), ("not_checked", "changed")])
def test_nothing_is_set_apart_where_all_are_alike(checks):
    """The line between them stands only where there are both."""
    assert "Not verified" not in said(of(*checks))


def test_the_sum_counts_each_state():
    """Sources first, then what was found about them, in the reader's language."""
    value = of("quote_found", "quote_found", "not_checked")
    assert said(value).startswith("3 sources. 2 quotes found and 1 not checked.")
    assert said(of("quote_found")).startswith("1 source. 1 quote found.")
    assert said(value, locale="de").startswith("3 Quellen. 2 Zitate gefunden und 1 nicht geprüft.")
    assert "مصدران" in said(of("quote_found", "changed"), locale="ar")


def test_the_sum_is_what_is_read_out():
    """Once, and the list itself is not."""
    assert (
        "3 sources. 2 quotes found and 1 not checked." == parsed(drawn(stories.verified_and_not_checked()))[0][0].text
    )
    assert parsed(drawn(None))[0][0].text is None


def test_no_sources_is_said():
    """And where the answer comes from then, if a model gave it (rubric 19)."""
    assert "No sources. This answer comes from the model's general knowledge." == said(stories.none())
    assert "No sources." == said(stories.none_of_a_person())
    assert "No sources." in visible(str(sources((), Reader())))


def test_a_title_is_a_link_that_says_it_opens_a_new_tab():
    """Its name is the title, and nothing else stands in it (rubric 15 and 73)."""
    (link,) = [each for each in elements(drawn(stories.one_source())) if each.tag == "a"]
    assert "Leave policy 2026 (opens in a new tab)" == "".join(link.itertext())
    assert ("_blank", "noopener noreferrer nofollow") == (link.get("target"), link.get("rel"))


def test_a_link_may_open_in_the_same_tab():
    """Then it does not say otherwise."""
    value = Sources(items=(stories.LEAVE_POLICY,), open_in="same_tab")
    (link,) = [each for each in elements(drawn(value)) if each.tag == "a"]
    assert ("Leave policy 2026", None) == ("".join(link.itertext()), link.get("target"))


@pytest.mark.parametrize(
    ("url", "quote", "href"),
    [
        ("https://x.example/a", "Five days.", "https://x.example/a#:~:text=Five%20days."),
        (
            "https://x.example/a",
            "well-known, really & so",
            "https://x.example/a#:~:text=well%2Dknown%2C%20really%20%26%20so",
        ),
        (
            "https://x.example/a",
            "one two three four five six seven eight nine ten eleven twelve thirteen",
            "https://x.example/a#:~:text=one%20two%20three%20four%20five,nine%20ten%20eleven%20twelve%20thirteen",
        ),
        ("https://x.example/a#s4", "Five days.", "https://x.example/a#s4"),
        ("mailto:desk@x.example", "Five days.", "mailto:desk@x.example"),
        ("https://x.example/a", None, "https://x.example/a"),
        ("https://x.example/a", "x" * 9000, "https://x.example/a#:~:text=" + "x" * 300 + "," + "x" * 300),
    ],
)
def test_a_link_leads_to_the_place_of_the_quote(url, quote, href):
    """If the address names no place yet; a long quote by its first and last words."""
    assert [href] == links(drawn(Sources(items=(Source(title="T", url=url, quote=quote, check="quote_found"),))))


def test_a_quote_that_is_not_there_is_no_place():
    """The link leads to the page."""
    assert ["https://intranet.example/finance/travel-guide"] == links(drawn(stories.quote_not_found()))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "http:", "x" * 5000, "/relative"])
def test_an_address_that_may_not_be_opened_is_shown_as_text(url):
    """It is no link, and the title still stands."""
    markup = drawn(Sources(items=(Source(title="Handbook", url=url, quote="q"),)))
    assert [] == links(markup)
    assert [True, True] == [part in visible(markup) for part in ("Handbook", url)]


def test_the_time_of_a_check_is_told():
    """Today to the minute, and before that the day; not where nothing was looked at."""
    assert "checked 14:14 (6 minutes ago, Berlin time)" in said(Sources(items=(stories.LEAVE_POLICY,)))
    assert "checked 12 October" in said(Sources(items=(stories.WORKS_AGREEMENT,)))
    never = stories.LEAVE_POLICY.model_copy(update={"check": "not_checked"})
    assert "checked 14:14" not in said(Sources(items=(never,)))


def test_the_same_list_is_told_anew_to_a_later_reader():
    """What is remembered of a drawing does not outlive the minute that it tells."""
    value = Sources(items=(stories.LEAVE_POLICY,))
    said(value)
    later = source_list(value, now=NOW + timedelta(minutes=4), tz=BERLIN)
    assert "(10 minutes ago, Berlin time)" in visible(str(later))
    assert "12:14" in visible(str(source_list(value, now=NOW, tz=UTC)))


def test_no_number_says_how_well_a_source_matches():
    """A percentage would be read as that of being right (rubric 20)."""
    assert "%" not in said(stories.every_state())
    assert "score" not in Source.model_fields


def test_what_was_only_found_is_no_source():
    """It is not counted, is not seen at first, and keeps its number."""
    markup = drawn(stories.found_and_not_used())
    shown = " ".join(visible(markup).split())
    assert shown.startswith("1 source. 1 quote found.")
    assert "Room plan" not in shown
    assert "Show 2 pages that were found and not used" in shown
    assert ["1", "2", "3"] == [entry[0] for entry in entries(markup)]
    hidden = drawn(stories.found_and_not_used().model_copy(update={"show_unused": False}))
    assert "Room plan" not in hidden
    for unused in (stories.ROOM_PLAN, stories.LEAVE_POLICY):
        shown = said(Sources(items=(unused.model_copy(update={"used": False}),)))
        assert "No sources. Show 1 page that was found and not used" == shown.replace(".S", ". S")


def test_more_than_a_few_stand_behind_a_disclosure():
    """At least one that is not verified is seen at once, and all are in the page."""
    value = of(*["quote_found"] * 6, "not_checked", "conflicts", max_visible=4)
    shown = said(value)
    assert [True, False, True, False] == [f"T{index}" in shown for index in (3, 4, 7, 6)]
    assert "Show 2 more" in shown
    assert "Show 1 more" in shown
    assert 8 == len(entries(drawn(value)))
    assert "more" not in said(of("quote_found", "not_checked"))


def test_two_hundred_sources_are_all_there():
    """None is dropped, and the first ones are seen."""
    assert 200 == len(entries(drawn(of(*["quote_found"] * 120, *["changed"] * 80))))


def test_what_can_be_done_with_a_source_is_named_with_its_number():
    """Five buttons with the same name would be none (rubric 61 and 62)."""
    buttons = [each for each in elements(drawn(stories.changed_since())) if each.get("data-action")]
    tools = [each for each in buttons if each.tag == "button" and "hidden" not in each.attrib]
    assert [("copy_quote", "1"), ("recheck", "1"), ("report_wrong", "1")] == [
        (each.get("data-action"), each.get("data-value")) for each in tools
    ]
    for each in tools:
        assert "1" in each.get("aria-label")
        assert each.get("aria-label").startswith("".join(each.itertext()))
    assert "Linden seats 24." == tools[0].get("data-copy")


def test_what_the_page_does_not_handle_is_not_offered():
    """Copying needs no page."""
    shown = said(stories.changed_since(), actions=["recheck"])
    assert [True, True, False] == [words in shown for words in ("Copy quote", "Check again", "Report as wrong")]


def test_a_found_quote_is_not_offered_to_be_checked_again():
    """And one that is missing cannot be copied."""
    assert "Check again" not in said(stories.one_source())
    assert "Copy quote" not in said(of("not_checked"))


def test_inside_a_card_there_is_nothing_to_press_but_the_links():
    """The list of an answer is to be read."""
    markup = str(sources(stories.every_state().items, Reader(now=NOW)))
    assert {"open"} == {each.get("data-action") for each in elements(markup) if each.get("data-action")}


def test_the_compact_layout_keeps_the_checks():
    """Title and state stay, quote and place go."""
    shown = said(stories.compact())
    assert "quote found" in shown
    assert "Up to five days" not in shown
    assert "cards" == next(
        each.get("data-layout") for each in elements(drawn(stories.cards())) if each.get("data-layout")
    )


@pytest.mark.parametrize("status", ["working", "awaiting_review", "unavailable"])
def test_the_sources_of_a_withheld_answer_are_withheld(status):
    """They tell what it says."""
    answer = Answer(text="Five days.", sources=(stories.LEAVE_POLICY,))
    outcome = Outcome(status=status, answer=answer)
    assert "Leave policy" not in drawn(outcome)
    assert [] == json.loads(SourceList().postprocess(outcome)["data"]).get("items", [])


def test_what_can_hold_the_focus_keeps_its_place():
    """A check that comes in does not move the buttons of a source (rubric 63)."""
    markups = [drawn(of(check)) for check in CHECKS if check != "quote_found"]
    for mark in (("class", "fk-live"), ("data-action", "report_wrong"), ("data-toggle", "sources-unused")):
        assert 1 == len({str(path(markup, mark)) for markup in markups})


@pytest.mark.parametrize("locale", ["de", "ar"])
@pytest.mark.parametrize("story", STORIES)
def test_every_state_has_words_of_its_own_in_each_language(story, locale):
    """No English is left over."""
    value = STORIES[story]()
    assert_harmless(drawn(value, locale=locale))
    shown = said(value, locale=locale)
    assert not {"source", "checked", "quote", "Show", "Report"} & set(shown.replace(".", " ").split())


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(text):
    """In every field of a source."""
    items = tuple(
        Source(title=text, url=url, quote=text, locator=text, check=check)
        for check in CHECKS
        for url in (text, f"https://x.example/?q={text}")
    )
    markup = drawn(Sources(id=text, items=items, max_visible=20))
    assert_harmless(markup)
    assert "".join(parsed(markup).itertext()).count(clean(text)) >= 3 * len(items)


ITEMS = st.builds(
    Source,
    title=st.text(max_size=20),
    url=st.none() | st.text(max_size=20) | st.just("https://x.example/a"),
    quote=st.none() | st.text(max_size=30),
    locator=st.none() | st.text(max_size=9),
    check=st.sampled_from(CHECKS),
    checked_at=st.none() | st.datetimes() | st.datetimes(timezones=st.just(UTC)),
    updated_at=st.none() | st.datetimes() | st.datetimes(timezones=st.just(UTC)),
    used=st.booleans(),
)


@given(st.lists(ITEMS, max_size=8), st.sampled_from(["list", "cards", "compact"]), st.integers(1, 9), st.booleans())
@settings(max_examples=80)
def test_any_list_draws_harmlessly(items, layout, most, made):
    """And travels as JSON."""
    value = Sources(items=tuple(items), layout=layout, max_visible=most, model_made=made)
    assert_harmless(drawn(value))
    assert value == Sources.model_validate_json(value.model_dump_json())


@given(outcomes)
@settings(max_examples=40)
def test_any_outcome_draws(outcome):
    """What Python keeps of it draws the same."""
    assert_harmless(drawn(outcome))
    assert drawn(outcome) == drawn(Sources.of(outcome))


def test_a_megabyte_of_quote_is_whole():
    """Nothing is cut."""
    text = "word " * 200_000
    assert text in "".join(
        parsed(drawn(Sources(items=(Source(title=text, url="https://x.example", quote=text),)))).itertext()
    )


def test_a_check_of_a_newer_version_is_told_as_it_is():
    """Calmly, below the verified ones, and counted."""
    newer = Source.model_construct(title="T", url=None, quote=None, locator=None, updated_at=None, check="sealed")
    newer = newer.model_copy(update={"checked_at": None, "used": True})
    value = Sources.model_construct(id="x", items=(newer, stories.LEAVE_POLICY), layout="mosaic", max_visible=4)
    value = value.model_copy(update={"show_unused": True, "open_in": "new_tab", "model_made": False})
    shown = said(value)
    assert "sealed" in shown
    assert "1 quote found and 1 in another state" in shown


def test_less_than_one_to_see_is_refused():
    """With the name of the argument."""
    with pytest.raises(ValidationError, match="max_visible"):
        Sources(max_visible=0)


def test_nothing_draws_a_calm_frame():
    """It says what belongs here."""
    assert "The sources of an answer appear here." == said(None)


def test_the_component_takes_an_outcome_and_keeps_its_sources():
    """What comes back from the browser is what was drawn."""
    shelf = SourceList()
    value = shelf.preprocess(shelf.postprocess(stories.verified_and_not_checked()))
    assert Sources.of(stories.verified_and_not_checked()) == value
    assert {"open", "copy_quote", "recheck", "report_wrong", "citation_focus"} < {
        str(event) for event in SourceList.EVENTS
    }


# In the browser


@pytest.fixture
def stage(page):
    """A plain page with an answer that has two citations; what it raises is written down."""
    reader = Reader(now=NOW, tz=BERLIN)
    text = rich_text(
        "Days that were refused are carried over [2], others until 31 March [1].", stories.verified().items, reader
    )
    card = component("outcome-card", el("div", el("div", text, class_="fk-answer"), class_="fk-card"), reader=reader)
    page.set_viewport_size({"width": 360, "height": 700})
    page.set_content(f"<!doctype html><html lang=en><title>x</title><style>{stylesheet()}</style><main>{card}</main>")
    page.evaluate("window.heard = []; addEventListener('fk-action', (event) => heard.push(event.detail))")
    page.add_script_tag(content=script())
    return page


def test_a_citation_opens_and_closes_by_keyboard_and_the_focus_returns(stage):
    """Enter opens, Tab enters, Escape closes (rubric 12 and 17)."""
    button = stage.get_by_role("button", name="Source 1, Leave policy 2026, quote found")
    link = stage.get_by_role("link", name="Leave policy 2026")
    button.focus()
    stage.keyboard.press("Enter")
    assert "true" == button.get_attribute("aria-expanded")
    stage.keyboard.press("Tab")
    assert link.evaluate("each => each === document.activeElement")
    stage.keyboard.press("Escape")
    assert button.evaluate("each => each === document.activeElement")
    assert not link.is_visible()
    assert [{"component": "outcome-card", "action": "citation_focus", "id": None, "value": "1"}] == stage.evaluate(
        "heard"
    )


def test_a_citation_stays_open_under_the_pointer_and_closes_by_a_click_elsewhere(stage):
    """It is persistent, the pointer may enter it, and no second one lies over it (rubric 17)."""
    first, second = stage.locator(".fk-cite").all()
    panels = stage.locator(".fk-pop:visible")
    first.click()
    box = panels.bounding_box()
    stage.mouse.move(box["x"] + 5, box["y"] + 5)
    stage.mouse.click(box["x"] + 5, box["y"] + box["height"] - 5)
    assert 1 == panels.count()
    second.click(force=True)
    assert 1 == panels.count()
    stage.mouse.click(180, 690)
    assert 0 == panels.count()


def test_a_citation_never_makes_the_page_scroll_sideways(stage):
    """At 360 px, wherever its number stands; and each is large enough to hit (rubric 61 and 67)."""
    for button in stage.locator(".fk-cite").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 24
        button.click(force=True)
        assert 360 >= stage.evaluate("document.documentElement.scrollWidth")
        stage.keyboard.press("Escape")
