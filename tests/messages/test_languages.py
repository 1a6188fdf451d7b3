from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallbackkit.errors import FailureKind
from fallbackkit.messages import Messages, _cldr, notice

AT = datetime(2026, 10, 14, 12, 14, tzinfo=UTC)
BUSY = {"status": "unavailable", "kind": FailureKind.RATE_USER, "at": AT}


def later(locale, wait):
    """The sentence that says when there is more."""
    return notice(locale=locale, zone="Europe/Berlin", retry_after=wait, **BUSY).body.split(". ")[0]


@pytest.mark.parametrize(
    ("locale", "wait", "expected"),
    [
        ("en", 360, "More at 14:20 (in 6 minutes, Berlin time)"),
        ("en-US", 360, "More at 2:20 PM (in 6 minutes, Berlin time)"),
        ("en-US", 86400, "More on October 15 at 2:14 PM (in 24 hours, Berlin time)"),
        ("en-GB", 86400, "More on 15 October at 14:14 (in 24 hours, Berlin time)"),
        ("de", 60, "Neue gibt es um 14:15 Uhr (in 60 Sekunden, Ortszeit Berlin)"),
        ("de-AT", 1, "Neue gibt es um 14:14 Uhr (in 1 Sekunde, Ortszeit Berlin)"),
        ("ar", 7200, "تتوفر إجابات جديدة عند الساعة \u20684:14 م\u2069 (خلال ساعتين، بتوقيت \u2068برلين\u2069)"),
        ("ar-EG", 660, "تتوفر إجابات جديدة عند الساعة \u20682:25 م\u2069 (خلال 11 دقيقة، بتوقيت \u2068برلين\u2069)"),
    ],
)
def test_times_are_told_as_the_language_and_the_country_do(locale, wait, expected):
    """The clock, the order of day and month, and the forms of the numbers."""
    assert expected == re.sub("[\u202f\xa0]", " ", later(locale, wait))


@pytest.mark.parametrize(
    ("wait", "said"),
    [(1, "1 second"), (89.2, "90 seconds"), (90, "2 minutes"), (361, "7 minutes"), (5399, "90 minutes")],
)
def test_a_wait_is_never_said_to_be_shorter_than_it_is(wait, said):
    """Who comes back in time is not sent away."""
    assert f"(in {said}, Berlin time)" in later("en", wait)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, "تنتهي بعد كلمة واحدة."),
        (2, "تنتهي بعد كلمتين."),
        (3, "تنتهي بعد 3 كلمات."),
        (11, "تنتهي بعد 11 كلمة."),
        (100, "تنتهي بعد 100 كلمة."),
    ],
)
def test_arabic_has_its_six_forms(count, expected):
    """A count is not one or many."""
    said = notice(status="interrupted", kind=FailureKind.INTERNAL, shown=True, words=count, locale="ar")
    assert said.body.startswith(expected)


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("en", "It ends after 1,234 words."),
        ("de", "Sie endet nach 1.234 Wörtern."),
        ("de-CH", "Sie endet nach 1’234 Wörtern."),
    ],
)
def test_numbers_are_written_as_the_country_does(locale, expected):
    """Their thousands are marked."""
    said = notice(status="interrupted", kind=FailureKind.INTERNAL, shown=True, words=1234, locale=locale)
    assert said.body.replace("'", "’").startswith(expected)  # the Swiss mark is straight since Babel 2.19


def test_a_foreign_name_keeps_its_own_direction():
    """Between signs that isolate it: in Arabic always, elsewhere if it is written from right to left."""
    said = {
        (locale, name): notice(status="reviewed", served_by=name, locale=locale).body
        for locale in ("en", "ar")
        for name in ("Dana R.", "דנה")
    }
    assert "Dana R. checked or wrote this answer." == said["en", "Dana R."]
    assert "\u2068דנה\u2069 checked or wrote this answer." == said["en", "דנה"]
    assert "تمت عن طريق \u2068Dana R.\u2069 مراجعة هذه الإجابة أو كتابتها." == said["ar", "Dana R."]


@pytest.mark.parametrize(
    "locale", ["en", "en-GB", "EN_us", "tlh", "fr", "pt-BR", "", "en_US.UTF-8", "../../etc", "x" * 999]
)
def test_an_unknown_locale_gives_english(locale):
    """Words in another language are better than none, and they say which one they are in."""
    said = notice(status="unavailable", kind=FailureKind.RETRIEVAL_NONE, locale=locale)
    assert ("No matching pages", "en", "ltr") == (said.title, said.lang, said.direction)


@pytest.mark.parametrize("locale", ["de", "DE", "de-AT", "de_CH", "de_DE.UTF-8", "de-Latn-LI", "de-x-formal"])
def test_a_country_reads_the_words_of_its_language(locale):
    """However the tag is written."""
    said = notice(status="unavailable", kind=FailureKind.RETRIEVAL_NONE, locale=locale)
    assert ("Keine passenden Seiten", "de") == (said.title, said.lang)


@given(locale=st.text(max_size=60) | st.from_regex(r"[a-zA-Z]{2,3}([-_][a-zA-Z0-9]{2,8}){0,3}", fullmatch=True))
def test_any_locale_gives_words(locale):
    """It comes from a browser."""
    assert notice(status="working", locale=locale).title


def test_a_very_long_tag_is_not_taken_apart():
    """Its length is anybody's choice."""
    assert len(_cldr.chain("a-" * 3000)) <= 40


def fields(text):
    """The placeholders of a message."""
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name)


def texts(book):
    """Each string of a language, by a name of its own."""
    for key, text in book.items():
        if isinstance(text, str):
            yield key, text
        elif isinstance(text, tuple):
            yield from ((f"{key}.{number}", sentence) for number, sentence in enumerate(text))
        else:
            yield from ((f"{key}.{form}", sentence) for form, sentence in text.items())


def test_the_long_pseudo_locale_shows_what_does_not_fit():
    """Each text of English is at least 40 % longer, accented, in brackets, and has the same placeholders."""
    english, pseudo = (dict(texts(Messages().catalogues(locale)[0].book)) for locale in ("en", "en-XA"))
    assert english.keys() == pseudo.keys()
    for key, text in english.items():
        long = pseudo[key]
        assert ("[", "]") == (long[0], long[-1])
        assert len(long) >= 1.4 * len(text)
        assert fields(text) == fields(long)
        plain = re.sub(r"{\w+}", "", text)
        assert plain not in long or not re.search("[a-zA-Z]", plain)


def test_the_pseudo_locale_that_mirrors_reads_from_right_to_left():
    """The same words, the other way round, with the placeholders as they were."""
    english, pseudo = (dict(texts(Messages().catalogues(locale)[0].book)) for locale in ("en", "ar-XB"))
    for key, text in english.items():
        assert text == re.sub("[\u202e\u202c]", "", pseudo[key])
        assert fields(text) == fields(pseudo[key])
    said = notice(status="unavailable", kind=FailureKind.RETRIEVAL_NONE, locale="ar-XB")
    assert ("\u202eNo matching pages\u202c", "ar-XB", "rtl") == (said.title, said.lang, said.direction)


def test_a_pseudo_locale_leaves_nothing_out():
    """What is longer by design would not fit into 140 characters, and is there to be seen."""
    facts = {"at": AT, "retry_after": 360, "limit": 20, "zone": "Europe/Berlin"}
    said = notice(status="unavailable", kind=FailureKind.TIMEOUT_FIRST_BYTE, locale="en-XA", **facts)
    assert 3 == said.body.count("] [") + 1
    assert len(said.body) > 140


def test_a_moment_of_yesterday_is_not_today():
    """The day is named as soon as it is another one where the reader is."""
    saved = AT - timedelta(hours=13)
    here = notice(status="answered", served_kind="cache", at=AT, saved_at=saved, zone="Europe/Berlin", locale="de").body
    there = notice(status="answered", served_kind="cache", at=AT, saved_at=saved, zone="Asia/Tokyo", locale="de").body
    assert "Sie wurde um 01:14 Uhr (vor 13 Stunden, Ortszeit Berlin) gespeichert." == here
    assert "Sie wurde um 08:14 Uhr (vor 13 Stunden, Ortszeit Tokio) gespeichert." == there
    west = notice(status="answered", served_kind="cache", at=AT, saved_at=saved, zone="America/Lima", locale="de").body
    assert "Sie wurde am 13. Oktober um 18:14 Uhr (vor 13 Stunden, Ortszeit Lima) gespeichert." == west
