from __future__ import annotations

import re
from itertools import product
from typing import get_args

import pytest

from fallbackkit.errors import TRANSIENT, FailureKind
from fallbackkit.messages import ActionId, Audience, Messages, notice
from fallbackkit.messages._keys import keys
from fallbackkit.messages._manner import KINDS, SITUATIONS
from tests.messages.calls import LANGUAGES, STATUSES, outcomes

AGAIN = {"retry", "wait"}
ISOLATES = re.compile("[\u2068\u2069]")
EVERYWHERE = r"!|[{}<>]|\d{3}|\b(?:api|json|null|none|cache|token|http|sdk|provider|timeout|exception|error)\b"
FORBIDDEN = {
    "en": r"please|oops|whoops|uh-oh|invalid|illegal|forbidden|error|exception|timeout|time-out|token|circuit|breaker"
    r"|schema|hallucinat|threshold|rung|quota|credit|\bkey\b|went wrong|technical difficult|maintenance|shortly"
    r"|immediately|support\b|trying again in",
    "de": r"bitte\b|hoppla|\bups\b|ungültig|unzulässig|illegal|verboten|fehler|ausnahme|zeitüberschreitung|zeitlimit"
    r"|anbieter|schema|halluzin|schwelle|kontingent|guthaben|schlüssel|schiefgelaufen|schief gegangen"
    r"|technische|wartungsarbeiten|in kürze|umgehend|sofort|\b(?:du|dir)\b|\bdein",
    "ar": r"فضلك|يرجى|الرجاء|عفو|غير صالح|غير صحيح|غير قانوني|ممنوع|محظور|خطأ|استثناء|رمز|مزو|مخطط|هلوسة|رصيد|مفتاح"
    r"|صيانة|\bقريبًا|فورًا|حدث خطأ|[a-z]{2,}|[,;?]",  # noqa: RUF001 - they are letters
}
SORRY = {"en": "sorry", "de": "leid", "ar": "نعتذر"}
CALM = [
    *("rate.user", "rate.shared", "quota.billing", "input.too_long", "output.truncated", "safety.refused"),
    *("permission", "quality.out_of_scope", "cancelled", "auth.expired", "human.unavailable"),
]

languages = pytest.mark.parametrize("locale", LANGUAGES)
kinds = pytest.mark.parametrize("kind", FailureKind)


def read(outcome, locale):
    """What is on the screen, without the signs that nobody sees."""
    said = outcome.notice(locale, zone="Europe/Berlin")
    return ISOLATES.sub("", f"{said.title} {said.body}")


@languages
@pytest.mark.parametrize("status", STATUSES)
@kinds
def test_every_outcome_has_words_that_keep_the_copy_rules(status, kind, locale):
    """Short, in whole sentences, in one language, with at most one primary action."""
    for outcome, audience in product(outcomes(status, kind), get_args(Audience)):
        said = outcome.notice(locale, audience, zone="Europe/Berlin")
        assert 0 < len(said.title) <= 60
        assert len(said.body) <= 140
        assert said.title[-1] not in ".,:،!"
        assert said.body == "" or said.body[-1] == "."
        assert ".." not in ISOLATES.sub("", said.body)
        assert {action.id for action in said.actions} <= set(get_args(ActionId))
        assert len({action.id for action in said.actions}) == len(said.actions)
        assert (locale, "rtl" if locale == "ar" else "ltr") == (said.lang, said.direction)
        assert all(action.primary == (number == 0) for number, action in enumerate(said.actions)) or not any(
            action.primary for action in said.actions
        )


@languages
@pytest.mark.parametrize("status", STATUSES)
@kinds
def test_people_are_spared_codes_and_jargon(status, kind, locale):
    """No kind, reference, name of a rung, status number, blame or word of the trade reaches a user."""
    for outcome in outcomes(status, kind):
        shown = read(outcome, locale).replace("2026", "")
        assert re.search(EVERYWHERE, shown, re.IGNORECASE) is None, shown
        shown = shown.replace("Dana R", "").replace("T1", "").replace("UTC", "")
        assert re.search(FORBIDDEN[locale], shown, re.IGNORECASE) is None, shown
        assert "primary" not in shown
        assert outcome.failure is None or outcome.failure.reference not in shown


@languages
@kinds
def test_only_what_our_side_lost_is_apologised_for(kind, locale):
    """Once, and never for a limit or a refusal."""
    said = notice(status="unavailable", kind=kind, locale=locale)
    assert (kind == "internal") == (SORRY[locale] in said.body)
    assert SORRY[locale] not in said.title


@languages
def test_words_begin_with_a_capital_and_go_on_without(locale):
    """Sentence case: in English and German no title shouts, and no label is in title case."""
    for name, text in Messages().catalogues(locale)[0].book.items():
        if isinstance(text, str) and name.endswith(".title") and locale != "ar":
            assert text[0].isupper()
        assert not re.search(r"\b[A-ZÄÖÜ]{4,}\b", str(text))
        if name.startswith("actions.") and locale == "en":
            assert text[0].isupper()
            assert text[1:] == text[1:].lower()


@kinds
def test_trying_again_is_offered_only_where_it_can_help(kind):
    """The kind is transient, or it will pass at a known time; waiting and trying at once are not both offered."""
    for wait in (None, 40.0):
        ids = {action.id for action in notice(status="unavailable", kind=kind, retry_after=wait).actions}
        helps = kind in TRANSIENT or (wait is not None and kind == "circuit.open")
        assert bool(ids & AGAIN) == helps
        assert not ids >= AGAIN


@languages
@pytest.mark.parametrize("tries", [2, 3, 50])
@kinds
def test_it_is_never_offered_a_third_time(kind, tries, locale):
    """The alternatives lead, and the words do not speak of trying again either."""
    facts = {"status": "unavailable", "kind": kind, "retry_after": 360, "locale": locale}
    once, often = (notice(tries=count, **facts) for count in (1, tries))
    assert not {action.id for action in often.actions} & AGAIN
    assert [action for action in once.actions if action.id not in AGAIN][1:] == list(often.actions[1:])
    assert [True, *[False] * (len(often.actions) - 1)] == [action.primary for action in often.actions]
    again = {"en": "try again", "de": "noch einmal versuchen", "ar": "المحاولة مرة أخرى خلال"}[locale]
    assert again not in often.body


@pytest.mark.parametrize("status", ["degraded", "low_confidence", "interrupted", "unavailable"])
@pytest.mark.parametrize("sources", [0, 3])
@pytest.mark.parametrize("tries", [0, 2])
@kinds
def test_every_failure_leaves_one_thing_to_do_first(kind, status, sources, tries):
    """Whatever is known of it, there is something to do, and exactly one primary action, which comes first."""
    for shown in (True, False):
        said = notice(status=status, kind=kind, why=kind, shown=shown, sources=sources, tries=tries)
        assert [True, *[False] * (len(said.actions) - 1)] == [action.primary for action in said.actions]


@pytest.mark.parametrize("kind", CALM)
def test_limits_refusals_and_stops_are_not_red(kind):
    """They are no disaster."""
    assert notice(status="unavailable", kind=FailureKind(kind)).tone in ("neutral", "info", "attention")


def test_little_is_red():
    """Only where work or money is at risk, or nothing else works."""
    assert {"tool.partial", "fallback.exhausted", "internal"} == {
        kind for kind in FailureKind if notice(status="unavailable", kind=kind).tone == "danger"
    }


@languages
def test_every_kind_reads_differently(locale):
    """No two kinds share a title or a cause, so that none is a copy of another by mistake."""
    book = Messages().catalogues(locale)[0].book
    for part in ("title", "cause"):
        said = [book[f"kinds.{kind}.{part}"] for kind in FailureKind]
        assert len(set(said)) == len(said)


@languages
def test_the_cause_of_an_interruption_is_named(locale):
    """You, the connection, the service, the length, or safety."""
    causes = ("cancelled", "connection.lost", "timeout.mid_stream", "output.truncated", "safety.refused", "internal")
    said = [notice(status="interrupted", shown=True, words=3, kind=FailureKind(kind), locale=locale) for kind in causes]
    assert len({each.title + each.body for each in said}) == len(causes)


@languages
@kinds
def test_the_question_that_was_asked_is_spoken_of(kind, locale):
    """People learn that it is still there, unless the message asks for another one or is about an answer."""
    exempt = {"input.unsupported", "input.empty_or_vague", "safety.refused", "cache.stale"}
    said = notice(status="unavailable", kind=kind, locale=locale)
    kept = {"en": "still here", "de": "noch da", "ar": "ما زال هنا"}[locale]
    assert (kept in said.body) == (kind not in exempt)


def test_each_kind_and_situation_has_its_manner_and_its_words():
    """A new failure kind without them fails here, in each of the three languages."""
    assert set(FailureKind) == set(KINDS)
    assert ("ar", "de", "en") == Messages().locales
    for locale in LANGUAGES:
        assert () == Messages().missing(locale)
    assert {f"kinds.{kind}.title" for kind in FailureKind} <= set(keys())
    assert {f"situations.{situation}.title" for situation in SITUATIONS} <= set(keys())


@kinds
def test_operators_read_the_kind_and_the_reference(kind):
    """In every language, so that they can search the log for it."""
    for locale in LANGUAGES:
        facts = {"status": "unavailable", "kind": kind, "reference": "7F3K2M", "requested": "large"}
        people, operators = (notice(locale=locale, audience=audience, **facts) for audience in get_args(Audience))
        read = ISOLATES.sub("", operators.body)
        assert f" {kind}." in read
        assert " 7F3K2M." in read
        assert people.body != operators.body
