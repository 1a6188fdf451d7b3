from __future__ import annotations

import re

import pytest

from fallbackkit import FailureKind, Source
from fallbackkit.messages import Messages
from fallbackkit.review import Claim, Item, ReviewQueue, ReviewRequest
from fallbackkit.ui import inbox
from fallbackkit.ui.views import review_case, review_list
from tests.ui.corpus import BERLIN, LATER
from tests.ui.html import assert_harmless, elements, visible

REQUEST = ReviewRequest(
    question="42?", draft="6 × 7", score=0.5, sources=(Source(title="7"),), reason=FailureKind.PROVIDER_OVERLOADED
)
AUDIT = REQUEST.model_copy(update={"reason": None, "draft": None})
NAMES = {"state": "claimed", "created_at": LATER}
ITEMS = [
    Item(id="1", state="pending", request=REQUEST, created_at=LATER),
    Item(id="2", request=REQUEST, reviewer="1", **NAMES),
    Item(id="3", request=AUDIT, reviewer=None, **NAMES),
]
VIEWS = {
    "list": lambda **reader: review_list(ITEMS, reviewer="1", **reader),
    "others": lambda **reader: review_list(ITEMS[2:], reviewer="1", **reader),
    "empty": lambda **reader: review_list([], reviewer="1", **reader),
    "case": lambda **reader: review_case(_claim(REQUEST), **reader),
    "audit": lambda **reader: review_case(_claim(AUDIT), **reader),
    "no case": lambda **reader: review_case(None, **reader),
}


def _claim(request):
    item = Item(id="1", state="claimed", request=request, created_at=LATER)
    return Claim(item=item, reviewer="1", token="t", expires_at=LATER)


def _outside(text):
    """What stands in no brackets, also where they are nested."""
    rest = re.sub(r"\[[^\[\]]*\]", "", text)
    return rest if rest == text else _outside(rest)


@pytest.mark.parametrize("name", VIEWS)
def test_every_word_of_the_desk_comes_from_the_catalogue(name):
    """In the pseudo-locale each is in brackets; each language has its own (72)."""
    for locale in ("en", "de", "ar", "en-XA"):
        assert_harmless(str(VIEWS[name](locale=locale, now=LATER, tz=BERLIN)))
    assert [] == re.findall("[A-Za-z]{3,}", _outside(visible(str(VIEWS[name](locale="en-XA", now=LATER, tz=BERLIN)))))
    assert 3 == len({visible(str(VIEWS[name](locale=locale))) for locale in ("en", "de", "ar")})


def test_the_desk_speaks_the_language_of_the_reviewers():
    """Its buttons and its title, and the application's own words where it has some."""
    page = inbox(ReviewQueue("sqlite://"), locale="de")
    labels = {block.value for block in page.blocks.values() if type(block).__name__ == "Button"}
    assert "Prüftisch" == page.title
    assert {"Nächste Frage übernehmen", "Freigeben und senden", "Zurückgeben"} <= labels


def test_the_desk_uses_the_words_of_the_application(tmp_path):
    """A file of words replaces those of the kit."""
    (tmp_path / "en.toml").write_text('[ui.desk.do]\nnext = "Give me one"\n', encoding="utf-8")
    page = inbox(ReviewQueue("sqlite://"), messages=Messages(tmp_path))
    assert "Give me one" in {block.value for block in page.blocks.values() if type(block).__name__ == "Button"}


def test_the_reason_is_told_in_the_reviewers_language():
    """As the rest of the page, with the direction that goes with it."""
    drawn = str(review_case(_claim(REQUEST), locale="ar"))
    assert "المساعد" in visible(drawn)
    assert "rtl" == next(elements(drawn)).get("dir")
