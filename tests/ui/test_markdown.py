from __future__ import annotations

import html
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallbackkit import Source
from fallbackkit.ui.views._html import clean
from fallbackkit.ui.views._markdown import rich_text
from fallbackkit.ui.views._reader import Reader
from tests.ui.corpus import HOSTILE
from tests.ui.html import assert_harmless, elements, parsed, visible

SOURCES = (
    Source(title="Leave policy", url="https://intranet.example/leave", quote="Up to five days.", check="quote_found"),
    Source(title="Works agreement", check="changed"),
)
PIECES = ("[1]", "[2, 9]", "[a](https://x.example/)", "![b](https://y.example/p.png)", "<q>0</q>", "&lt;q&gt;0", "`c`")
PIECES += (
    "$x_1*y*z$",
    "*d*",
    "\n\n",
    "- ",
    "|a|\n|-|\n|",
    "> ",
    "[3]: https://z.example\n",
    "<b onclick=x>",
    "\\(",
    "e ",
)


def drawn(text, sources=(), **more):
    """The text as HTML."""
    return str(rich_text(text, sources, **more))


def tags(markup, tag):
    """All elements of that name."""
    return [each for each in elements(markup) if each.tag == tag]


def marks(markup):
    """What stands on the buttons of the citations."""
    return ["".join(each.itertext()) for each in tags(markup, "button")]


@pytest.mark.parametrize(
    ("text", "buttons", "words"),
    [
        ("a [1].", ["[1]"], "a [1]."),
        ("a [1, 2] b", ["[1]", "[2]"], "a [1][2] b"),
        ("a [1][2]", ["[1]", "[2]"], "a [1][2]"),
        ("a [2, 9]", ["[2]"], "a [2][9]"),
        ("a [1، 2]", ["[1]", "[2]"], "a [1][2]"),
        ("**a [1]**", ["[1]"], "a [1]"),
        ("a [0] [3] [999] [1-2] [x] []", [], "a [0] [3] [999] [1-2] [x] []"),
        ("`a [1]`", [], "a [1]"),
        ("$a[1]$", [], "$a[1]$"),
        ("\\[1]", [], "[1]"),
        ("[1](https://x.example)", [], "1 (x.example)"),
        ("[see [1]](https://x.example)", [], "see [1] (x.example)"),
        ("**Yes.**[1] _Five days._[2]", ["[1]", "[2]"], "Yes.[1] Five days.[2]"),
        ("```\na [1]\n\nb [2]\n```\nc [1]", ["[1]"], "a [1]\n\nb [2]\nc [1]"),
        ("a [1]\n\n~~~\nb [2], which is not all", ["[1]"], "a [1]\nb [2], which is not all"),
        ("5` long [1]\n\nand 3` wide [2]", ["[1]", "[2]"], "5` long [1]\nand 3` wide [2]"),
        ("    a [1] $b$", [], "a [1] $b$"),
        ("![plan [1]](https://x.example/p.png)", [], "plan [1] (x.example)"),
    ],
)
def test_a_number_is_a_button_where_it_names_a_source(text, buttons, words):
    """Each citation is a button, in a text that is otherwise as it was (rubric 16)."""
    markup = drawn(text, SOURCES)
    assert_harmless(markup)
    assert buttons == marks(markup)
    assert words == visible(markup.replace('class="fk-sr"', 'class="fk-sr" hidden')).strip()


def test_without_sources_every_number_stays_text():
    """There is nothing that it could open."""
    assert [] == marks(drawn("a [1]"))


def test_a_definition_of_the_answer_does_not_take_a_number_from_its_source():
    """A model writes link definitions as well; the source with that number is what opens."""
    markup = drawn("a [1]\n\n[1]: https://elsewhere.example", SOURCES)
    assert ["[1]"] == marks(markup)
    assert ["https://intranet.example/leave#:~:text=Up%20to%20five%20days."] == [
        each.get("href") for each in tags(markup, "a")
    ]


def test_a_citation_is_named_with_its_source_and_its_check():
    """Read out of its sentence, it says what it opens (rubric 14 and 16)."""
    first, second = tags(drawn("[1] [2]", SOURCES), "button")
    assert "Source 1, Leave policy, quote found" == first.get("aria-label")
    assert "Source 2, Works agreement, changed since it was read" == second.get("aria-label")
    assert "button" == first.get("type")
    assert first.get("data-toggle") != second.get("data-toggle")


def test_a_citation_opens_to_title_check_and_quote():
    """What lies behind it is in the page already, hidden."""
    panel = next(each for each in elements(drawn("[1]", SOURCES)) if each.get("class") == "fk-pop")
    assert "hidden" in panel.attrib
    words = "".join(panel.itertext())
    assert [True] * 3 == [part in words for part in ("Leave policy", "quote found", "Up to five days.")]


def test_the_same_source_may_be_cited_twice_and_opens_once():
    """Each button has a panel of its own, which outlives an update as text is added behind it."""
    keys = [each.get("data-toggle") for each in tags(drawn("[1] a [1]", SOURCES), "button")]
    assert 2 == len(set(keys))
    assert keys == [each.get("data-toggle") for each in tags(drawn("[1] a [1] b **c**", SOURCES), "button")]
    other = [each.get("data-toggle") for each in tags(drawn("[1] a [1]", SOURCES, key="second"), "button")]
    assert not {*keys} & {*other}


def test_a_citation_speaks_the_language_of_its_reader():
    """In a German page it has a German name, and an Arabic panel begins on the right."""
    assert "Quelle 1, Leave policy, Zitat gefunden" in drawn("[1]", SOURCES, reader=Reader(locale="de"))
    panel = next(
        each for each in elements(drawn("[1]", SOURCES, reader=Reader(locale="ar"))) if each.get("class") == "fk-pop"
    )
    assert ("rtl", "ar") == (panel.get("dir"), panel.get("lang"))


@pytest.mark.parametrize(
    "forged",
    [
        "%\ufdd00\ufdd1%",
        "%&#xFDD0;0&#xFDD1;%",
        "%&#64976;0&#64977;%",
        "`%&#xFDD0;0&#xFDD1;%`",
        "\\%&#xfdd0;0&#Xfdd1;%",
        "%&#xFDD2;%",
    ],
)
def test_no_text_forges_the_sign_of_a_mark(forged):
    """What an answer writes stays text, beside a real citation, in a link's words and address, and in a picture's."""
    texts = (
        f"{forged} [1]",
        f"[{forged}](https://x.example/{forged}) [1]",
        f"![{forged}](https://x.example/p.png) [1]",
    )
    for text in texts:
        for images in (False, True):
            markup = drawn(text, SOURCES, images=images)
            assert ["[1]"] == marks(markup)
            assert "&#" not in forged or forged.strip("`\\") in html.unescape(markup)
            assert all("fk-pop" not in value for each in tags(markup, "a") for value in each.attrib.values())


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.booleans())
@settings(max_examples=60)
def test_any_mixture_is_harmless_and_has_a_button_for_a_source_only(text, images):
    """Whatever meets whatever, the result is a document that holds only what is allowed."""
    markup = drawn(text, SOURCES, images=images)
    pictures = tags(markup, "img")
    assert {"https://y.example/p.png"} >= {each.get("src") for each in pictures}
    assert images or not pictures
    assert_harmless(re.sub("<img [^>]*>", "", markup))
    assert set(marks(markup)) <= {"[1]", "[2]"}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_harmless_wherever_it_stands(text):
    """In the answer, in a link, in a table, in code, and in the source behind a number."""
    sources = (Source(title=text, url=text, quote=text, locator=text),)
    for written in (text, f"[{text}](https://x.example)", f"|a|\n|-|\n|{text}|", f"```\n{text}\n```", f"{text} [1]"):
        assert_harmless(drawn(written, sources))
    panel = next(each for each in elements(drawn("[1]", sources)) if each.get("class") == "fk-pop")
    assert "".join(panel.itertext()).count(clean(text)) >= 3


@pytest.mark.parametrize(
    "maths",
    [
        "$a_1*b*c_2$",
        "$$a_1 * b * c$$",
        "\\(x_1 * y * z_1\\)",
        "\\[x*y*z\\]",
        "$$\na_1 * b\n- c\n# d\n$$",
        "\\[\na\n= b\n\\]",
        "$\\frac{a}{b}$",
        "$a < b$",
        "$|x|$",
        "$a &#xFDD0; b$",
        "\\[a \\\\[2pt] b\\]",
    ],
)
def test_maths_stays_as_it_is_written(maths):
    """No emphasis, list, heading or line is made of it, and it reads from left to right."""
    for markup in (drawn(maths), drawn(f"- {maths}") if "\n" not in maths else drawn(f"a\n{maths}\nb")):
        assert_harmless(markup)
        assert maths in "".join(parsed(markup).itertext())
        (kept,) = [each for each in elements(markup) if "fk-maths" in each.get("class", "").split()]
        assert ("ltr", maths) == (kept.get("dir"), "".join(kept.itertext()))


@pytest.mark.parametrize(
    "text", ["$5 and *$10*", "it costs 5$ or *6*$", "\\( *a*", "$$ *a*", "a$ *b* $c", "\\[\n*a*", "$$\n\n*a*\n\n$$"]
)
def test_a_price_and_an_open_bracket_are_no_maths(text):
    """What only looks like it is Markdown as before."""
    markup = drawn(text)
    assert 1 == len(tags(markup, "em"))
    assert "fk-maths" not in markup


def test_what_looks_like_maths_is_code_in_code_and_an_address_in_an_address():
    """It is whole, and nothing is made of it."""
    markup = drawn("`$a$ < $b$` and [c](https://x.example/$d$?e=$f$)\n\n|g|h|\n|-|-|\n|$5|\n|5$|\n\n    \\(i\\)")
    assert "fk-maths" not in markup
    assert ["$a$ < $b$", "\\(i\\)"] == ["".join(each.itertext()) for each in tags(markup, "code")]
    assert ["https://x.example/$d$?e=$f$"] == [each.get("href") for each in tags(markup, "a")]
    assert ["$5", "", "5$", ""] == ["".join(each.itertext()) for each in tags(markup, "td")]


def test_maths_on_lines_of_its_own_is_a_block():
    """In the middle of a sentence it stays there."""
    kept = [each.get("class") for each in tags(drawn("See $$a$$ and\n$$\nb\n$$\n\n> \\[c\\]"), "span")]
    assert ["fk-maths", "fk-maths fk-maths-alone", "fk-maths fk-maths-alone"] == kept


def test_a_picture_is_a_link_that_says_where_it_leads():
    """Loading it would tell its host who reads."""
    markup = drawn("![Room plan](https://pictures.example/plan.png)")
    assert [] == tags(markup, "img")
    (link,) = tags(markup, "a")
    assert ("https://pictures.example/plan.png", "_blank") == (link.get("href"), link.get("target"))
    assert "noreferrer" in link.get("rel").split()
    assert "Room plan" in visible(markup)
    assert "(pictures.example)" in visible(markup)


def test_a_picture_without_words_is_a_link_with_a_name():
    """In the reader's language."""
    assert "Picture" in visible(drawn("![](https://pictures.example/plan.png)"))
    assert "Bild" in visible(drawn("![](https://pictures.example/plan.png)", reader=Reader(locale="de")))


def test_a_picture_inside_a_link_is_its_words():
    """A link holds no other link (rubric 74)."""
    markup = drawn("[![Plan](https://a.example/p.png)](https://b.example/x)")
    assert ["https://b.example/x"] == [each.get("href") for each in tags(markup, "a")]
    assert "Plan" in visible(markup)


def test_allowed_pictures_are_loaded_late_and_by_nobody_s_name():
    """Only over https; all others stay links or text."""
    text = "![a](https://x.example/1.png) ![b](http://x.example/2.png) ![c](javascript:alert) ![d](data:image/png,0)"
    markup = drawn(text, images=True)
    (picture,) = tags(markup, "img")
    assert ("https://x.example/1.png", "a", "lazy", "no-referrer") == tuple(
        picture.get(name) for name in ("src", "alt", "loading", "referrerpolicy")
    )
    assert ["http://x.example/2.png"] == [each.get("href") for each in tags(markup, "a")]


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("[the plan](https://intranet.example/plan)", "(intranet.example)"),
        ("[https://intranet.example](https://intranet.example/plan)", None),
        ("[intranet.example](https://intranet.example/plan)", None),
        ("[intranet.example](https://elsewhere.example/)", "(elsewhere.example)"),
        ("[not evil.example at all](https://evil.example/)", "(evil.example)"),
        ("[https://bank.example@evil.example](https://bank.example@evil.example/)", "(evil.example)"),
        ("[write to us](mailto:desk@intranet.example)", "(desk@intranet.example)"),
        ("<https://intranet.example/plan>", None),
    ],
)
def test_a_link_says_where_it_leads_unless_its_words_do(link, shown):
    """The words of a link are the model's own."""
    (said,) = [*("".join(each.itertext()).strip() for each in tags(drawn(link), "small")), None][:1]
    assert shown == said


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "/relative", "vbscript:x", "ftp://x.example"]
)
def test_an_address_that_may_not_be_opened_makes_no_link(url):
    """It stays text, as it was written."""
    text = f'[a]({url} "c") <{url}> ![b]({url})'
    assert [] == tags(drawn(text), "a")
    assert text == visible(drawn(text)).strip()


def test_a_table_scrolls_by_keyboard_and_has_a_name():
    """In the reader's language."""
    for locale, name in (("en", "Table"), ("de", "Tabelle"), ("ar", "جدول")):
        region = parsed(drawn("|a|b|\n|-|-|\n|1|2|", reader=Reader(locale=locale)))[0]
        assert ("fk-scroll", "0", "group", name) == tuple(
            region.get(key) for key in ("class", "tabindex", "role", "aria-label")
        )
        assert "table" == region[0].tag


def test_a_column_of_numbers_is_aligned_as_it_was_written():
    """In the head and in each row, whichever cells are missing."""
    cells = [
        (each.tag, each.get("class"))
        for tag in ("th", "td")
        for each in tags(drawn("|a|b|c|\n|-|-:|:-:|\n|1|\n|1|2|3|"), tag)
    ]
    looks = [None, "fk-align-end", "fk-align-middle"]
    assert [*(("th", look) for look in looks), *(("td", look) for look in looks * 2)] == cells


def test_code_reads_from_left_to_right():
    """Fenced and indented, with nothing made of what is in it."""
    for text in ("```py\n<b>*x*</b>\n```", "    <b>*x*</b>"):
        (code,) = tags(drawn(text), "pre")
        assert ("ltr", "<b>*x*</b>") == (code.get("dir"), "".join(code.itertext()))


def test_each_block_finds_its_own_direction():
    """An Arabic paragraph after an English one begins on the right."""
    markup = drawn("One.\n\nواحد.\n\n# T\n\n- a\n\n> q\n\n|a|\n|-|\n|b|")  # noqa: RUF001  # it is Arabic
    blocks = [each for each in elements(markup) if each.tag in {"p", "h4", "ul", "blockquote", "table"}]
    assert ["auto"] * 7 == [each.get("dir") for each in blocks]


def test_headings_stay_below_those_of_the_page():
    """A first-level heading of an answer is one of the fourth level."""
    assert ["h4", "h6"] == [each.tag for each in elements(drawn("# a\n\n##### b"))]


def test_raw_html_is_text():
    """No tag of an answer becomes one of the page."""
    text = '<script>alert(1)</script> <a href="https://x.example" onclick="x">y</a> <q>z</q>'
    assert text == visible(drawn(text)).strip()


def test_markdown_between_tags_is_markdown():
    """A model that writes HTML writes no more than text, and the rest of its answer is as it meant it."""
    for text in ("<pre>\n\n**a**", "<!-- **a**", "<details>\n**a**\n</details>", "<script>\n**a**"):
        assert ["a"] == ["".join(each.itertext()) for each in tags(drawn(text), "strong")]


@pytest.mark.parametrize("unit", ["> ", "- ", "1. ", "*a **b ", "![", "[a]("])
def test_what_is_nested_too_deeply_is_text(unit):
    """Nothing is lost, and no page grows to a thousand levels."""
    markup = drawn(unit * 2000 + "the end")
    assert "the end" in visible(markup)
    assert 25 > max(markup.count("<" + tag) for tag in ("blockquote", "ul", "ol", "em", "strong"))
    assert_harmless(markup)


@pytest.mark.parametrize("unit", ["$$\n", "\\[\n", "\\(", "[1", "[a](https://x.example) ", "![a](", "[[1]"])
def test_twice_the_text_is_no_more_than_twice_the_work(unit):
    """Nothing is searched for its end again and again."""
    once, twice = (_calls(lambda size=size: drawn((unit * size)[:size], SOURCES)) for size in (3000, 6000))
    assert twice < 2.5 * once


def _calls(work):
    """How many functions of Python it calls."""
    count = 0

    def seen(_frame, event, _arg):
        nonlocal count
        count += event == "call"

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_a_model_that_repeats_itself_makes_no_page_of_panels():
    """The first 200 numbers open, the others stay text."""
    text = "[1] " * 300
    markup = drawn(text, SOURCES)
    assert 200 == len(marks(markup))
    assert text.strip() == visible(markup).strip()


def test_what_is_too_long_to_parse_is_whole():
    """A megabyte is shown as it is written."""
    text = "*word* [1] " * 90_909
    assert text == "".join(parsed(drawn(text, SOURCES)).itertext())
