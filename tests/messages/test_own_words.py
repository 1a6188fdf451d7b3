from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from fallbackkit._outcome import Outcome, Step
from fallbackkit.errors import Failure, FailureKind
from fallbackkit.messages import Messages
from fallbackkit.messages._keys import keys

NOTHING = Outcome(status="unavailable", failure=Failure(kind=FailureKind.RETRIEVAL_NONE))
FRENCH = """
[kinds.retrieval.none]
title = "Aucune page trouvée"
body = ["Essayez un autre mot.", "Votre question est toujours là."]

[values.words]
one = "{n} mot"
many = "{n} de mots"
other = "{n} mots"
"""


@pytest.fixture
def file(tmp_path):
    """Writes a file of words."""

    def write(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_message_is_replaced_alone(file):
    """The rest of it, and all others, stay as they are; elsewhere nothing changes."""
    own = Messages(file("en.toml", '[kinds.retrieval.none]\ntitle = "Nothing in the handbook"\n'))
    assert "Nothing in the handbook" == NOTHING.notice(messages=own).title
    assert NOTHING.notice().body == NOTHING.notice(messages=own).body
    assert "Keine passenden Seiten" == NOTHING.notice("de", messages=own).title
    assert "No matching pages" == NOTHING.notice().title
    assert () == own.missing("en")


def test_later_files_lie_over_earlier_ones(file, tmp_path):
    """And a folder stands for its files."""
    file("en.toml", '[actions]\nescalate = "Ask the help desk"\ncopy_question = "Keep a copy"\n')
    (tmp_path / "more").mkdir()
    last = file("more/en.toml", '[actions]\nescalate = "Ask Dana"\n')
    labels = [action.label for action in Outcome(status="unavailable").notice(messages=Messages(tmp_path)).actions]
    assert ["Ask the help desk", "Keep a copy"] == labels
    labels = [
        action.label for action in Outcome(status="unavailable").notice(messages=Messages(tmp_path, last)).actions
    ]
    assert ["Ask Dana", "Keep a copy"] == labels


def test_a_language_is_added(file):
    """What it does not say is said in English as a whole; of its buttons, those that it has no words for."""
    own = Messages(file("fr.toml", FRENCH))
    said = NOTHING.notice("fr-CH", messages=own)
    assert ("Aucune page trouvée", "fr", "ltr") == (said.title, said.lang, said.direction)
    assert "Essayez un autre mot. Votre question est toujours là." == said.body
    assert ["Edit your question", "Ask a person"] == [action.label for action in said.actions]
    other = Outcome(status="unavailable").notice("fr", messages=own)
    assert ("There is no answer", "Your question is still here.", "en") == (other.title, other.body, other.lang)
    assert ("ar", "de", "en", "fr") == own.locales
    assert "<Messages ar, de, en, fr>" == repr(own)


def test_what_one_country_does_not_say_is_taken_from_its_language(file):
    """pt-BR before pt before English, message by message."""
    file("pt.toml", '[kinds.retrieval.none]\ntitle = "Nenhuma página"\nbody = ["Use outra palavra."]\n')
    own = Messages(file("pt_br.toml", '[kinds.retrieval.none]\ntitle = "Nada encontrado"\n').parent)
    brazil, portugal, spain = (NOTHING.notice(locale, messages=own) for locale in ("pt-BR", "pt-PT", "es"))
    assert ("Nada encontrado", "Use outra palavra.", "pt-BR") == (brazil.title, brazil.body, brazil.lang)
    assert ("Nenhuma página", "pt") == (portugal.title, portugal.lang)
    assert ("No matching pages", "en") == (spain.title, spain.lang)


def test_a_script_is_preferred_to_another_one(file):
    """Taiwan reads traditional signs, also if its tag does not say so."""
    file("zh.toml", '[kinds.retrieval.none]\ntitle = "没有匹配的页面"\n')
    own = Messages(file("zh-Hant.toml", '[kinds.retrieval.none]\ntitle = "沒有符合的頁面"\n').parent)
    assert "沒有符合的頁面" == NOTHING.notice("zh-TW", messages=own).title
    assert "没有匹配的页面" == NOTHING.notice("zh-CN", messages=own).title


def test_a_sentence_whose_fact_has_no_words_in_this_language_is_left_out(file):
    """No notice is half in one language and half in another."""
    text = '[situations.degraded]\ntitle = "Autrement"\nbody = ["{asked} {clause}.", "Quelque chose manque."]\n'
    failed = Step(name="large", verdict="failed", failure=Failure(kind=FailureKind.PROVIDER_5XX))
    outcome = Outcome(status="degraded", requested="large", trail=(failed, Step(name="rules", kind="other")))
    assert "Quelque chose manque." == outcome.notice("fr", messages=Messages(file("fr.toml", text))).body


def test_what_is_missing_is_listed(file):
    """By the names that stand in a file; a plural by the forms that it lacks."""
    own = Messages(file("fr.toml", FRENCH), file("ar.toml", '[values.words]\nother = "{n} كلمة"\n'))
    missing = own.missing("fr")
    assert {"actions.retry", "kinds.retrieval.none.clause", "situations.working.why.title"} <= set(missing)
    assert not {"kinds.retrieval.none.title", "values.words"} & set(missing)
    assert set(missing) < set(keys())
    assert tuple(f"values.words.{form}" for form in ("few", "many", "one", "two", "zero")) == own.missing("ar")
    assert tuple(keys()) == own.missing("sw")
    assert () == own.missing("de-CH") == own.missing("en-XA")


def test_a_plural_falls_back_to_its_last_form(file):
    """A file may have `other` alone, and forms of two files are never mixed."""
    own = Messages(file("en.toml", '[values.words]\nother = "{n} words or so"\n'))
    cut = Outcome(status="interrupted", answer={"text": "one"}, failure=Failure(kind=FailureKind.INTERNAL))
    assert cut.notice(messages=own).body.startswith("It ends after 1 words or so.")


def test_own_words_are_disguised_too(file):
    """A pseudo-locale is made from the English that is in use."""
    own = Messages(file("en.toml", '[kinds.retrieval.none]\ntitle = "Nil"\n'))
    assert NOTHING.notice("en-XA", messages=own).title.startswith("[Ñîļ")


TITLE = "kinds.retrieval.none"
WRONG = [
    (
        "[kinds.retrieval.non]\ntitle = 'x'",
        "`kinds.retrieval.non.title` is no message; did you mean `kinds.retrieval.none.title`?",
    ),
    ("greeting = 'x'", "`greeting` is no message"),
    (f"[{TITLE}]\ntitle = '{'x' * 61}'", "`kinds.retrieval.none.title` has 61 characters, and a title may have 60"),
    (f"[{TITLE}]\ntitle = '{{limit}}'", "has a placeholder {limit} that it cannot have: '{limit}'; it can have none"),
    (
        f"[{TITLE}]\nbody = ['{{kind}}.']",
        "has a placeholder {kind} that it cannot have: '{kind}.'; it can have {again}, {asked}",
    ),
    (f"[{TITLE}]\nbody = ['{{when.__class__}}']", "has a placeholder {when.__class__} that it cannot have"),
    (f"[{TITLE}]\nbody = ['{{when!r}}']", "has a placeholder {when} that it cannot have"),
    (f"[{TITLE}]\nbody = ['{{}}']", "has a placeholder {} that it cannot have"),
    (f"[{TITLE}]\nbody = ['50 % {{']", "has a brace that belongs to no placeholder"),
    (f"[{TITLE}]\nbody = 'One.'", "`kinds.retrieval.none.body` must be a list of sentences, got 'One.'"),
    (f"[{TITLE}]\nbody = ['{'x' * 141}']", "has 141 characters that are always there, and a body may have 140"),
    (f"[{TITLE}]\nbody = [3]", "must be text and not empty, got 3"),
    (f"[{TITLE}]\ntitle = ' '", "must be text and not empty, got ' '"),
    (f"[{TITLE}]\ntitle = 3", "`kinds.retrieval.none.title` must be text, got 3"),
    (f'[{TITLE}]\ntitle = "a\\nb"', "must stand on one line, got 'a\\nb'"),
    ("[values]\nwords = 'x'", "`values.words` must be a table with a form for each plural category, got 'x'"),
    ("[values.words]\none = '{n} mot'", "`values.words` needs a form `other`"),
    (
        "[values.words]\nfew = 'x'\nother = 'x'",
        "has a form 'few', which this language does not use; its forms are many, one, other",
    ),
    ("[values.words]\nother = '{count}'", "has a placeholder {count} that it cannot have: '{count}'; it can have {n}"),
    ("title = ", "is not TOML in UTF-8: Invalid value (at "),
]


@pytest.mark.parametrize(("text", "problem"), WRONG, ids=[problem[:40] for _, problem in WRONG])
def test_a_mistake_in_a_file_is_said_when_it_is_read(file, text, problem):
    """By file, message, value and remedy, before anybody could see it."""
    path = file("fr.toml", text)
    with pytest.raises(ValueError, match=re.escape(problem)) as refused:
        Messages(path)
    assert str(path) in str(refused.value)


def test_all_mistakes_of_a_file_are_said_at_once(file):
    """A translator does not mend one after the other."""
    path = file("fr.toml", f"[{TITLE}]\ntitle = 3\nbody = 'x'\n[values.words]\none = '{{m}}'\n")
    with pytest.raises(ValueError, match="title` must be") as refused:
        Messages(path)
    assert 4 == len(str(refused.value).splitlines())


@pytest.mark.parametrize("name", ["words.toml", "klingon.toml", "fr.txt", "en-XA.toml", ".toml", "fr_words.toml"])
def test_a_file_is_named_for_its_language(file, name):
    """Otherwise nobody would ever read it."""
    with pytest.raises(ValueError, match=r"is not named for a language; name it by its BCP 47 tag"):
        Messages(file(name, ""))


def test_a_file_that_is_not_there_is_named(tmp_path):
    """As Python does."""
    with pytest.raises(FileNotFoundError, match=r"fr\.toml"):
        Messages(tmp_path / "fr.toml")


def test_a_long_body_may_have_a_sentence_to_spare(file):
    """What depends on a fact is left out if it does not fit, so it does not count."""
    own = Messages(file("en.toml", f"[{TITLE}]\nbody = ['{'x' * 99}.', 'More {{when}} {'y' * 99}.', 'z.']\n"))
    assert f"{'x' * 99}. z." == NOTHING.notice(messages=own).body


def test_a_folder_without_words_is_refused(tmp_path):
    """It is the wrong one."""
    with pytest.raises(ValueError, match="has no file of words; name the folder that holds your"):
        Messages(tmp_path)


def test_a_file_in_another_encoding_is_refused(tmp_path):
    """And not read as rubbish."""
    path = tmp_path / "fr.toml"
    path.write_bytes('[actions]\nretry = "Réessayer"\n'.encode("latin-1"))
    with pytest.raises(ValueError, match="is not TOML in UTF-8"):
        Messages(path)


def test_messages_are_shared_by_threads(file):
    """Whoever asks first makes what the others use."""
    own = Messages(file("fr.toml", FRENCH))
    with ThreadPoolExecutor(8) as threads:
        said = set(threads.map(lambda n: NOTHING.notice(("fr", "de", "ar")[n % 3], messages=own).title, range(300)))
    assert {"Aucune page trouvée", "Keine passenden Seiten", "لا توجد صفحات مطابقة"} == said


def test_memory_does_not_grow_with_what_browsers_send():
    """Tags that nobody has words for are not kept one by one."""
    own = Messages()
    for number in range(3000):
        NOTHING.notice(f"de-x-{number}", messages=own)
        NOTHING.notice(f"q{number}", messages=own)
    assert len(own._catalogues) < 5
