from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from fallbackkit import Answer, Outcome, Step
from fallbackkit.ui import views
from tests.ui.html import visible
from tests.ui.shelf import COMPONENTS, STORIES, page

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDTH = 1280
SHELVES = [COMPONENTS[start::5] for start in range(5)]
APPEARANCES = {
    "light": {},
    "dark": {"dark": True},
    "from right to left": {"locale": "ar"},
    "dark, long words": {"dark": True, "locale": "en-XA"},
}
SMALL = """[...document.querySelectorAll('.fk button, .fk input, .fk a, .fk textarea')]
  .filter(each => each.checkVisibility() && !each.closest('.fk-answer'))
  .map(each => [(each.closest('label') ?? each).getBoundingClientRect(), each.outerHTML.slice(0, 120)])
  .filter(([box]) => box.width < 24 || box.height < 24).map(([, text]) => text)"""
CUT = """[...document.querySelectorAll('.fk *')].filter(each => {
  const style = getComputedStyle(each);
  const clips = style.overflowX === 'hidden' || style.overflowY === 'hidden';
  return clips && !each.closest('.fk-live, .fk-sr') && style.webkitLineClamp === 'none'
    && (each.scrollHeight > each.clientHeight + 1 || each.scrollWidth > each.clientWidth + 1);
}).map(each => each.outerHTML.slice(0, 120))"""
SPACED = """* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }
p { margin-block-end: 2em !important }"""
BARE = """(() => {
  const each = document.activeElement;
  const style = getComputedStyle(each);
  return style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2 ? each.outerHTML.slice(0, 120) : null;
})()"""
FOCUSABLE = """(() => {
  const groups = new Set();
  return [...document.querySelectorAll('a[href], button, input, textarea, [tabindex="0"]')].filter((each) => {
    if (!each.checkVisibility() || each.matches(':disabled')) return false;
    if (each.type !== 'radio') return true;
    return !groups.has(each.name) && groups.add(each.name);
  }).length;
})()"""
MOVING = """[...document.querySelectorAll('.fk, .fk *')].filter(each => {
  const style = getComputedStyle(each);
  return parseFloat(style.transitionDuration) > 0 || style.animationName !== 'none';
}).map(each => each.outerHTML.slice(0, 120))"""


UPDATE = """
window.root = document.querySelector('[data-fk]');
window.live = root.querySelector('.fk-live');
async function update(html) {
  const heard = [];
  const ear = new MutationObserver(() => heard.push(live.textContent.trim()));
  ear.observe(live, { childList: true, characterData: true, subtree: true });
  fallbackkit.draw(root.parentElement, html);
  await new Promise((done) => setTimeout(done));
  ear.disconnect();
  return heard;
}"""
SHOWN = """(() => {
  const copy = root.cloneNode(true);
  copy.querySelectorAll('.fk-live').forEach(live => live.remove());
  return copy.textContent;
})()"""


def shelf(names: list[str]):
    """All states of these components."""
    return [story for story in STORIES if story.component in names]


def violations(page: Page) -> list[str]:
    """What axe finds serious or critical."""
    found = Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in {"serious", "critical"}]
    return [f"{each['id']}: {node['html'][:160]}" for each in serious for node in each["nodes"][:4]]


@pytest.mark.parametrize("names", SHELVES, ids=" ".join)
@pytest.mark.parametrize("appearance", APPEARANCES)
def test_axe_finds_nothing_in_any_state(page_, names, appearance):
    """Light, dark, from right to left, with long words; contrast is part of it (rubric 59 and 60)."""
    page_.set_content(page(shelf(names), **APPEARANCES[appearance]))
    assert [] == violations(page_)


@pytest.mark.parametrize("names", SHELVES, ids=" ".join)
@pytest.mark.parametrize(("width", "locale"), [(320, "en-XA"), (360, "ar"), (768, "de")])
def test_every_state_fits_and_can_be_hit(page_, names, width, locale):
    """No sideways scrolling, also at 400 % zoom, and no target under 24 pixels (rubric 61 and 67)."""
    page_.set_viewport_size({"width": width, "height": 900})
    page_.set_content(page(shelf(names), locale=locale))
    assert width == page_.evaluate("document.documentElement.scrollWidth")
    assert [] == page_.evaluate(SMALL)


@pytest.mark.parametrize("names", SHELVES, ids=" ".join)
def test_text_that_is_set_wider_is_not_cut(page_, names):
    """With the spacing that people may choose, and twice as large (rubric 68)."""
    page_.set_viewport_size({"width": 640, "height": 900})
    page_.set_content(page(shelf(names), locale="de"))
    page_.add_style_tag(content=SPACED)
    page_.evaluate("document.body.style.zoom = 2")
    assert [] == page_.evaluate(CUT)


@pytest.mark.parametrize("names", SHELVES, ids=" ".join)
def test_the_keyboard_reaches_everything_and_is_seen(page_, names):
    """Each control has its turn, with a ring of two pixels (rubric 62)."""
    page_.set_content(page(shelf(names), opened=False))
    count = page_.evaluate(FOCUSABLE)
    reached = 0
    for _ in range(count):
        page_.keyboard.press("Tab")
        assert None is page_.evaluate(BARE)
        reached += page_.evaluate("document.activeElement !== document.body")
    assert reached == count
    page_.keyboard.press("Tab")
    assert page_.evaluate("document.activeElement === document.body")


@pytest.mark.parametrize("names", SHELVES, ids=" ".join)
def test_nothing_moves_for_people_who_do_not_want_it(page_, names):
    """Rubric 69."""
    page_.emulate_media(reduced_motion="reduce")
    page_.set_content(page(shelf(names)))
    assert [] == page_.evaluate(MOVING)


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_change_of_state_is_said_once_and_keeps_its_nodes(page_, name):
    """One is drawn over the other: the frame and its live node stay, and one thing is said (rubric 63, 64)."""
    first, *others = stories = shelf([name])
    page_.set_content(page([first], opened=False))
    page_.add_script_tag(content=UPDATE)
    for story in (*others, *reversed(stories)):
        said = page_.evaluate("html => update(html)", story.drawn())
        assert len(said) <= 1, (str(story), said)
        assert page_.evaluate("document.contains(root) && document.contains(live)")
        assert page_.evaluate("root.dataset.fk") == name.replace("_", "-")
        assert page_.evaluate(SHOWN) == visible(story.drawn(), closed=True)


def test_each_piece_of_a_stream_reads_as_if_the_card_were_drawn_anew(page_):
    """Whatever the text becomes, and whatever it pretends to be; who is about to stop it keeps the focus."""
    text = (
        'One.\n\n- two `<div class="fk-slot" data-slot>`\n- **three**\n\n| a |\n|-|\n| b |\n\n```\nc\n```\n\n# The end'
    )
    drawn = [growing(text[: place + 1]) for place in range(0, len(text), 3)]
    page_.set_content(page([], opened=False))
    page_.evaluate("html => document.querySelector('main').innerHTML = `<div>${html}</div>`", drawn[0])
    page_.add_script_tag(content=UPDATE)
    page_.get_by_role("button", name="Stop the answer").focus()
    for html in drawn:
        assert [] == page_.evaluate("html => update(html)", html)
        assert (
            page_.evaluate(
                "html => { const a = document.createElement('div'); a.innerHTML = html; return "
                "root.isEqualNode(a.firstElementChild) || root.outerHTML; }",
                html,
            )
            is True
        )
    assert "Stop the answer" == page_.evaluate("document.activeElement.textContent")


def test_what_a_page_did_not_take_up_is_drawn_as_it_is(page_):
    """A verdict that was pressed, and of which the next drawing knows nothing, is not shown as given."""
    answered = Outcome(id="one", status="answered", answer=Answer(text="Five days."))
    html = str(views.outcome_card(answered, show=views.PARTS))
    page_.set_content(page([], opened=False))
    page_.evaluate("html => document.querySelector('main').innerHTML = `<div>${html}</div>`", html)
    page_.add_script_tag(content=UPDATE)
    pressed = page_.locator("[aria-pressed=true]")
    page_.evaluate("html => update(html)", html)
    page_.locator("[aria-pressed]").first.click()
    assert 1 == pressed.count()
    page_.evaluate("html => update(html)", html)
    assert 0 == pressed.count()


def test_columns_are_seen_as_they_were_aligned(page_):
    """The kit's own look of a table leaves them so."""
    html = growing("|a|b|c|\n|-|-:|:-:|\n|1|2|3|")
    page_.set_content(page([], opened=False))
    page_.evaluate("html => document.querySelector('main').innerHTML = html", html)
    seen = "[...document.querySelectorAll('th, td')].map(each => getComputedStyle(each).textAlign)"
    assert ["start", "end", "center"] * 2 == page_.evaluate(seen)


def growing(text: str) -> str:
    """A card whose answer has come so far."""
    step = Step(name="ask", duration=float(len(text)))
    outcome = Outcome(id="one", status="streaming", answer=Answer(text=text), trail=(step,), requested="ask")
    return str(views.outcome_card(outcome))


@pytest.fixture
def page_(page: Page) -> Page:
    """A page that is wide enough for a desk."""
    page.set_viewport_size({"width": WIDTH, "height": 900})
    return page
