from __future__ import annotations

import re
from urllib.parse import urlsplit

import html5lib
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from fallbackkit.stories import Shelf, build, gallery
from fallbackkit.stories._assets import asset
from fallbackkit.stories._look import SWITCHES, Look

SWITCHED = [(name, value) for name, (_, values) in SWITCHES.items() for value, _ in values]


@pytest.fixture(scope="module")
def visit(shelf):
    """What a visitor gets for an address."""
    client = TestClient(gallery(shelf))

    def get(address, status=200):
        answer = client.get(address)
        assert status == answer.status_code
        return answer.text

    return get


def tree(page):
    """The page as a browser would read it, in strict mode."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)


def links(page):
    """Where its links lead."""
    return [each.get("href") for each in tree(page).iter("a")]


def test_the_first_page_leads_to_every_component(visit, shelf):
    """By problem, in their order."""
    page = visit("/")
    assert {f"/{component.name}" for component in shelf.components} <= set(links(page))
    places = [page.index(f">{component.problem.replace('?', '')}") for component in shelf.components]
    assert sorted(places) == places


def test_a_page_shows_every_state_with_its_code(visit, shelf):
    """All on one page, each with a sentence, a place to link to, and Python (75)."""
    for component in shelf.components:
        page = tree(visit(f"/{component.name}"))
        figures = {each.get("id"): "".join(each.itertext()) for each in page.iter("figure")}
        assert [story.name for story in component.stories] == list(figures)
        for story in component.stories:
            assert story.says in figures[story.name]
            assert "value = " in figures[story.name], story.name
            assert "cannot be drawn" not in figures[story.name]


@pytest.mark.parametrize(("name", "value"), SWITCHED)
def test_the_address_restores_a_switch(visit, name, value):
    """It is the chosen one there, the others stay as they are, and it is in every link from there (77)."""
    other = "width" if name != "width" else "theme"
    kept = Look(**{other: SWITCHES[other][1][1][0]})
    page = visit(f"/wait_progress{kept.query(**{name: value})}")
    chosen = [each.get("data-fks-set") for each in tree(page).iter("a") if each.get("aria-current") == "true"]
    assert {f"{name} {value}", f"{other} {getattr(kept, other)}"} <= set(chosen)
    assert len(SWITCHES) == len(chosen)
    asked = {f"{key}={getattr(kept, key)}" if key == other else f"{key}={value}" for key in {name, other}}
    usual = {f"{key}={values[0][0]}" for key, (_, values) in SWITCHES.items()}
    (home,) = [each.get("href") for each in tree(page).iter("a") if each.get("class") == "fks-brand"]
    assert asked - usual == set(filter(None, urlsplit(home).query.split("&")))


def test_what_is_switched_is_seen(visit):
    """In the markup of the states and of the page around them."""
    assert "Angehalten." in visit("/wait_progress?locale=de")
    assert 'lang="ar" dir="rtl"' in visit("/wait_progress?locale=ar")
    assert 'lang="en" dir="rtl"' in visit("/wait_progress?direction=rtl")
    assert 'class="fks dark"' in visit("/wait_progress?theme=dark")
    assert 'data-fks-width="320"' in visit("/wait_progress?width=320")
    assert "data-fk-clock" in visit("/wait_progress").split("<body")[0]
    assert "data-fk-clock" not in visit("/wait_progress?clock=on").split("<body")[0]
    assert "data-fk-clock" in visit("/wait_progress?clock=on&vt=1").split("<body")[0]


@pytest.mark.parametrize("query", ["?theme=pink", "?locale=../../etc", '?width="><script>', "?vt=2", "?x=1", "?theme="])
def test_what_an_address_asks_for_in_vain_is_left_as_usual(visit, query):
    """Nothing of it comes back."""
    assert visit("/wait_progress") == visit(f"/wait_progress{query}")


def test_an_address_without_stories_says_so(visit):
    """As text, whatever it is."""
    page = visit("/<script>alert(1)", status=404)
    assert "There is no such file of stories." in page
    assert "<script>alert" not in page
    visit("/assets/secret.txt", status=404)
    visit("/docs", status=404)


def test_a_broken_file_is_a_card_and_not_a_trace(folder):
    """On the first page and on its own, beside what works; so is a state that cannot be drawn."""
    text = (folder / "counter.py").read_text(encoding="utf-8")
    (folder / "wrong.py").write_text("import nowhere_to_be_found", encoding="utf-8")
    (folder / "half.py").write_text(text.replace('Ticket(id="77", position=2)', "1 / 0"), encoding="utf-8")
    client = TestClient(gallery(Shelf(folder)))
    for address in ("/", "/wrong"):
        page = client.get(address).text
        assert "wrong.py cannot be shown" in page
        assert "No module named" in page
        assert "Traceback" not in page
    page = client.get("/half").text
    assert "4821" in page
    assert "This state cannot be drawn. ZeroDivisionError: division by zero" in page


def test_a_value_without_code_is_still_shown(folder):
    """And says why there is none."""
    text = (folder / "counter.py").read_text(encoding="utf-8")
    (folder / "counter.py").write_text(text.replace('Ticket(id="77", position=2)', "type('T', (), {'case': 'ABC'})()"))
    page = TestClient(gallery(Shelf(folder))).get("/counter").text
    assert "ABC" in page
    assert "There is no code for this state. TypeError: T cannot be written as code" in page


def test_it_can_be_mounted_in_another_application(folder):
    """Its links and files are then below that place."""
    outer = FastAPI()
    outer.mount("/stories", gallery(Shelf(folder)))
    client = TestClient(outer)
    page = client.get("/stories/counter?theme=dark").text
    assert "/stories/?theme=dark" in links(page)
    for each in re.findall(r'(?:src|href)="(/[^"]+\.(?:css|js|svg))"', page):
        assert 200 == client.get(each).status_code


def test_nothing_is_asked_of_another_host(shelf):
    """The page allows none, and its files name none."""
    answer = TestClient(gallery(shelf)).get("/wait_progress")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    for name in ("gallery.css", "gallery.js"):
        assert "://" not in asset(name)


def test_the_gallery_styles_only_its_own():
    """Each selector has a class of its own at its end, or is about the page: no component looks better here."""
    css = re.sub(r"/\*.*?\*/", "", asset("gallery.css"), flags=re.DOTALL)
    for selectors in re.findall(r"([^{}]+)\{", re.sub(r"@[^{]+\{", "", css)):
        for selector in selectors.split(",\n"):
            assert selector.strip().startswith(".fks"), selector


@pytest.mark.parametrize("locale", ["en", "de", "ar", "en-XA"])
def test_the_pages_are_written_as_files(folder, tmp_path_factory, locale):
    """One a component and language, that lead to one another and to their own files."""
    home = tmp_path_factory.mktemp("site") / "deep"
    (folder / "wrong.py").write_text("1 / 0", encoding="utf-8")
    written = build(Shelf(folder), home)
    assert all(path.is_file() for path in written)
    for name in ("index", "counter", "wrong"):
        page = home / locale / f"{name}.html"
        assert page in written
        for each in re.findall(r'(?:src|href)="([^"#]+)"', page.read_text(encoding="utf-8")):
            assert (page.parent / each).resolve().is_relative_to(home)
            assert (page.parent / each).is_file(), each
    assert "en/index.html" in (home / "index.html").read_text(encoding="utf-8")
