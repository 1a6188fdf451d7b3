from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fallbackkit._outcome import Answer, Outcome, Step, Ticket
from fallbackkit.errors import Failure, FailureKind
from fallbackkit.messages import Audience, Notice, notice
from tests.messages.calls import AT, LANGUAGES, STATUSES, step

FINITE = st.floats(allow_nan=False, allow_infinity=False)
BERLIN = ZoneInfo("Europe/Berlin")
ISOLATES = re.compile("[\u2068\u2069]")


def test_a_degraded_answer_says_who_answered_and_why() -> None:
    """And what may be worse about it."""
    trail = (step("primary", "model", FailureKind.PROVIDER_OVERLOADED), step("small", "smaller_model"))
    outcome = Outcome(status="degraded", requested="primary", answer=Answer(text="x"), trail=trail)
    said = outcome.notice()
    assert said.title == "Answered by the smaller model"
    assert said.body == "The main model was busy. The smaller one may be weaker on long or hard questions."
    assert [action.id for action in said.actions] == ["new_answer", "escalate"]


def test_a_new_answer_is_not_offered_if_it_would_end_the_same() -> None:
    """The main model refused; asking it again does not help."""
    trail = (step("primary", "model", FailureKind.SAFETY_REFUSED), step("rules", "rule"))
    outcome = Outcome(status="degraded", requested="primary", answer=Answer(text="x"), trail=trail)
    assert [action.id for action in outcome.notice().actions] == ["escalate"]


def test_a_saved_answer_says_when_it_was_saved() -> None:
    """With the zone, because the reader may be elsewhere."""
    trail = (step("primary", "model", FailureKind.PROVIDER_5XX), step("cache", "cache"))
    answer = Answer(text="x", created_at=AT)
    said = Outcome(status="degraded", requested="primary", answer=answer, trail=trail).notice()
    assert said.title == "Saved answer"
    assert "This was saved on 14 October 2026 at 14:14 (CEST)." in said.body


@pytest.mark.parametrize(
    ("when", "at", "wait"),
    [
        ("at 14:20 (in 6 minutes, CEST)", AT, 360),
        ("at 14:14 (in 24 seconds, CEST)", AT, 24),
        ("on 15 October at 00:14 (in 10 hours, CEST)", AT, 36000),
        ("on 17 October at 14:14 (in 3 days, CEST)", AT, 3 * 86400),
        ("in 6 minutes", None, 360),
        ("in 1 second", AT.replace(tzinfo=None), 1),
        ("in 2 hours", datetime.max.replace(tzinfo=UTC), 7200),
    ],
)
def test_a_wait_is_said_in_both_ways(when, at, wait) -> None:
    """Absolute with zone and relative; relative alone if nobody knows when the call ended."""
    said = notice(status="unavailable", kind=FailureKind.CONNECTION_UPSTREAM, at=at, retry_after=wait)
    assert f"You can try again {when}. Your question is still here." == said.body


@pytest.mark.parametrize("wait", [None, 0, 0.4, -1, float("nan"), float("inf"), 1e300])
def test_a_wait_that_makes_no_sense_is_not_spoken_of(wait) -> None:
    """Silence is better than "in 0 seconds"."""
    said = notice(status="unavailable", kind=FailureKind.PROVIDER_5XX, at=AT, retry_after=wait, limit=wait)
    assert said.body == "Your question did not cause it. Your question is still here."


def test_a_limit_is_said_in_whole_units() -> None:
    """No decimals."""
    said = notice(status="unavailable", kind=FailureKind.TIMEOUT_FIRST_BYTE, limit=19.99951)
    assert said.body == "We stopped waiting after 20 seconds. Your question is still here."


def test_a_waiting_question_says_its_place() -> None:
    """The place, the time and the case."""
    outcome = Outcome(status="awaiting_review", ticket=Ticket(id="4821", position=1, eta=300))
    assert outcome.notice().body == "You're first in line, about 5 minutes. Your case is 4821."
    claimed = Outcome(status="awaiting_review", ticket=Ticket(id="4821", state="claimed"))
    assert claimed.notice().title == "A person is looking at your question"
    assert claimed.notice().actions[0].id == "track"


def test_a_reviewed_answer_names_the_person() -> None:
    """Whoever decided stands behind it."""
    outcome = Outcome(status="reviewed", answer=Answer(text="x"), trail=(step("Dana R.", "person"),))
    assert outcome.notice().body == "Dana R. checked or wrote this answer."


def test_a_withheld_answer_is_not_promised() -> None:
    """Shown with a hedge and withheld are two different notices."""
    shown = Outcome(status="low_confidence", answer=Answer(text="x"))
    withheld = Outcome(status="low_confidence")
    assert shown.notice().title == "I'm not sure about this one"
    assert withheld.notice().title == "I'm not sure enough to answer this"
    assert withheld.notice().actions[0].id == "escalate"


def test_an_interrupted_answer_says_how_much_arrived() -> None:
    """And does not speak of text above if there is none."""
    failure = Failure(kind=FailureKind.TIMEOUT_MID_STREAM)
    some = Outcome(status="interrupted", answer=Answer(text="one two three"), failure=failure)
    assert some.notice().body == "The answer service stopped sending it. It ends after 3 words. What arrived is above."
    assert "above" not in Outcome(status="interrupted", failure=failure).notice().body
    cut = some.model_copy(update={"failure": Failure(kind=FailureKind.OUTPUT_TRUNCATED)})
    assert cut.notice().actions[0].id == "continue_answer"


def test_a_question_that_a_person_declined_is_not_called_a_breakdown() -> None:
    """Somebody looked, and decided."""
    trail = (step("primary", "model", FailureKind.PROVIDER_5XX), Step(name="Dana", kind="person", verdict="rejected"))
    outcome = Outcome(status="unavailable", failure=Failure(kind=FailureKind.FALLBACK_EXHAUSTED), trail=trail)
    assert outcome.notice().title == "A person looked and gave no answer"


def test_an_unknown_audience_is_refused() -> None:
    """It decides what may be said, so a slip must not pass."""
    with pytest.raises(ValueError, match=r"`audience` must be .* got 'admin'"):
        Outcome(status="answered").notice(audience="admin")


hostile = st.text(max_size=200) | st.sampled_from(
    ["{limit}", "{0.__class__}", "{", "}}", "%s", "${1+1}", "<img onerror=x>", "\u202e", "a" * 10_000, "\n\n", "\x00"]
)


@given(
    name=hostile,
    ticket=hostile,
    audience=st.sampled_from(get_args(Audience)),
    status=st.sampled_from(STATUSES),
    locale=st.sampled_from([*LANGUAGES, "en-XA", "ar-XB"]) | st.text(max_size=50),
)
@example(name="\u2069\u202e", ticket="\u2068", audience="operator", status="degraded", locale="ar")
def test_hostile_values_stay_data(name, ticket, audience, status, locale) -> None:
    """They are never read as templates, never break a line, and never push the body over its length."""
    trail = (step(name, "model", FailureKind.INTERNAL), step(name, "person"))
    outcome = Outcome(status=status, requested=name, trail=trail, ticket=Ticket(id=ticket))
    said = outcome.notice(locale, audience)
    assert len(said.body) <= (280 if said.lang in ("en-XA", "ar-XB") else 140)
    assert said.lang == "ar-XB" or ISOLATES.sub("", said.body).replace("\xa0", " ").isprintable()
    assert said.body.count("\u2068") == said.body.count("\u2069")
    assert Notice.model_validate_json(said.model_dump_json()) == said


SECRETS = [
    "sk-proj-0123456789abcdefghij",
    "Bearer 0123456789abcdef",
    "dana@example.org",
    "https://internal.example.org/v1?key=1",
    "/home/dana/secrets.txt",
    "postgres://dana:hunter22@db.internal:5432/hr",
    "password: hunter22",
    "192.168.17.4:8000",
]


@given(
    secret=st.sampled_from(SECRETS),
    around=st.tuples(st.sampled_from(["", "model ", "a\n", "\u200b"]), st.sampled_from(["", " x", "\u202e", "," * 60])),
    status=st.sampled_from(STATUSES),
    kind=st.sampled_from(FailureKind),
    locale=st.sampled_from([*LANGUAGES, "en-XA", "ar-XB"]),
    audience=st.sampled_from(get_args(Audience)),
)
def test_no_secret_in_any_fact_is_ever_shown(*, secret, around, status, kind, locale, audience) -> None:
    """Names, references and the name of the zone come from elsewhere, and are redacted before they are shown."""
    text = secret.join(around)
    at = datetime(2026, 10, 14, 14, 14, tzinfo=timezone(timedelta(hours=2), text))
    names = dict.fromkeys(("requested", "served_by", "ticket", "reference"), text)
    facts = {"status": status, "kind": kind, "why": kind, "shown": True, "at": at, "saved_at": at, "retry_after": 9}
    said = notice(locale=locale, audience=audience, served_kind="cache", **facts, **names).model_dump_json()
    assert secret not in said
    assert "hunter22" not in said
    assert "0123456789" not in said


def test_a_secret_is_not_shown_by_halves() -> None:
    """It is taken out before a long name is cut, and signs that nobody sees do not hide it."""
    name = "the model with the key sk-proj-\x000123456789abcdefghijklmnop"
    said = notice(status="unavailable", requested=name, audience="operator")
    assert "Asked the model with the key [key]." == said.body


def test_braces_in_a_value_are_shown_as_they_are() -> None:
    """A case number that looks like a template is only a strange case number."""
    said = Outcome(status="awaiting_review", ticket=Ticket(id="{x[0]}")).notice()
    assert said.body == "Your case is {X[0]}."


@given(
    at=st.datetimes(timezones=st.sampled_from([None, UTC, BERLIN])),
    saved=st.datetimes(timezones=st.sampled_from([None, UTC, BERLIN])),
    zone=st.sampled_from([None, "Europe/Berlin", "America/New_York", "UTC", timezone(timedelta(hours=-12))]),
    locale=st.sampled_from(LANGUAGES),
    wait=FINITE,
    limit=FINITE,
    eta=FINITE,
)
def test_no_fact_breaks_the_words(*, at, saved, zone, locale, wait, limit, eta) -> None:
    """Any date and any number give words."""
    failure = Failure(kind=FailureKind.TIMEOUT_FIRST_BYTE, retry_after=wait, limit=limit)
    answer = Answer(text="x", created_at=saved)
    facts = {"answer": answer, "trail": (step("cache", "cache"),), "created_at": at}
    ticket = Ticket(id="1", position=1, eta=eta)
    for status in ("unavailable", "awaiting_review", "answered"):
        said = Outcome(status=status, failure=failure, ticket=ticket, **facts).notice(locale, zone=zone)
        assert "nan" not in said.body
        assert "inf" not in said.body
        assert len(said.body) <= 140


@pytest.mark.parametrize(
    ("zone", "when"),
    [
        ("Europe/Berlin", "at 14:20 (in 6 minutes, Berlin time)"),
        (ZoneInfo("America/New_York"), "at 08:20 (in 6 minutes, New York time)"),
        ("Asia/Kolkata", "at 17:50 (in 6 minutes, Kolkata time)"),
        ("America/Argentina/Ushuaia", "at 09:20 (in 6 minutes, Ushuaia time)"),
        ("UTC", "at 12:20 (in 6 minutes, UTC)"),
        ("Etc/GMT-3", "at 15:20 (in 6 minutes, +03)"),
        (timezone(timedelta(hours=5)), "at 17:20 (in 6 minutes, UTC+05:00)"),
        (None, "at 12:20 (in 6 minutes, UTC)"),
    ],
)
def test_times_are_told_in_the_zone_of_the_reader(zone, when) -> None:
    """Named for the place, if it is named for one."""
    outcome = Outcome(
        status="unavailable",
        failure=Failure(kind=FailureKind.RATE_USER, retry_after=360),
        created_at=datetime(2026, 10, 14, 12, 14, tzinfo=UTC),
    )
    assert f"More {when}. Your question is still here." == outcome.notice(zone=zone).body


@pytest.mark.parametrize(
    ("at", "zone"),
    [
        (datetime.min.replace(tzinfo=UTC), "America/Lima"),
        (datetime.max.replace(tzinfo=UTC), "Asia/Tokyo"),
        (datetime.max.replace(tzinfo=UTC), timezone(timedelta(hours=23))),
    ],
)
def test_a_time_that_the_zone_does_not_have_is_not_told(at, zone) -> None:
    """The relative one is."""
    said = notice(status="unavailable", kind=FailureKind.RATE_USER, at=at, retry_after=360, zone=zone)
    assert said.body.startswith("More in 6 minutes.")
    assert "" == notice(status="answered", served_kind="cache", at=at, saved_at=at, zone=zone).body


def test_a_wait_is_as_long_as_it_is_when_the_clocks_change() -> None:
    """An hour after 01:30 it is 03:30 in Berlin, on the night on which summer time begins."""
    at = datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN)
    said = notice(status="unavailable", kind=FailureKind.RATE_USER, at=at, retry_after=3600)
    assert "at 03:30 (in 60 minutes, Berlin time)" in said.body
    saved = notice(status="answered", served_kind="cache", saved_at=at, at=datetime(2026, 3, 29, 3, 30, tzinfo=BERLIN))
    assert "It was saved at 01:30 (60 minutes ago, Berlin time)." == saved.body


@pytest.mark.parametrize(
    ("ago", "zone", "when"),
    [
        (timedelta(minutes=6), None, "at 14:08 (6 minutes ago, CEST)"),
        (timedelta(0), None, "at 14:14 (1 second ago, CEST)"),
        (timedelta(days=2), "Europe/Berlin", "on 12 October at 14:14 (2 days ago, Berlin time)"),
        (timedelta(days=400), "Europe/Berlin", "on 9 September 2025 at 14:14 (400 days ago, Berlin time)"),
        (timedelta(minutes=-6), None, "on 14 October 2026 at 14:20 (CEST)"),
    ],
)
def test_the_age_of_a_saved_answer_is_said_in_both_ways(ago, zone, when) -> None:
    """With its day, if it was not today; without its age, if it cannot be."""
    said = notice(status="answered", served_kind="cache", at=AT, saved_at=AT - ago, zone=zone)
    assert f"It was saved {when}." == said.body


def test_the_first_moment_of_all_can_be_told() -> None:
    """In a zone in which it is earlier elsewhere than time goes."""
    at = datetime.min.replace(tzinfo=timezone(timedelta(hours=2)))
    said = notice(status="answered", served_kind="cache", at=at, saved_at=at)
    assert "It was saved at 00:00 (1 second ago, UTC+02:00)." == said.body


@pytest.mark.parametrize("name", ["", " \u200b", None])
def test_a_zone_without_a_name_is_told_by_its_distance(name) -> None:
    """A time without its zone would be another time elsewhere."""

    class Nameless(tzinfo):
        def utcoffset(self, at):
            return timedelta(hours=2)

        def dst(self, at):
            return timedelta()

        def tzname(self, at):
            return name

    at = datetime(2026, 10, 14, 14, 14, tzinfo=Nameless())
    said = notice(status="unavailable", kind=FailureKind.RATE_USER, at=at, retry_after=360)
    assert said.body.startswith("More at 14:20 (in 6 minutes, UTC+02:00).")


def test_a_time_without_zone_is_told_as_a_day() -> None:
    """Nobody knows which clock it is from."""
    said = notice(status="answered", served_kind="cache", at=AT, saved_at=datetime(2026, 10, 12, 23, 59))  # noqa: DTZ001
    assert "It was saved on 12 October 2026." == said.body


@pytest.mark.parametrize("zone", ["Europe/Berln", "", "../etc/passwd", "a\x00", "Europe", "x" * 5000])
def test_an_unknown_zone_is_refused(zone) -> None:
    """By its argument, its value, and where to find the right ones."""
    with pytest.raises(ValueError, match=r"`zone` must be an IANA name .* got .*available_timezones"):
        Outcome(status="answered").notice(zone=zone)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"zone": 2}, "`zone` must be a tzinfo or a name .* got 2"),
        ({"locale": None}, "`locale` must be a BCP 47 tag .* got None"),
        ({"messages": "fr.toml"}, r"`messages` must be a Messages, got 'fr.toml'; .*Messages\('fr.toml'\)"),
    ],
)
def test_an_option_of_another_type_is_refused(options, problem) -> None:
    """Where it is given, not somewhere inside."""
    with pytest.raises(TypeError, match=problem):
        Outcome(status="answered").notice(**options)


@pytest.mark.parametrize("tries", [-1, 1.5, True, "2"])
def test_tries_are_counted_in_whole_numbers(tries) -> None:
    """A mistake would bring back the button that should be gone."""
    with pytest.raises(ValueError, match="`tries` must be a whole number of 0 or more, got"):
        Outcome(status="unavailable").notice(tries=tries)


def test_the_number_of_tries_reaches_the_words() -> None:
    """The outcome does not know it; who shows it does."""
    outcome = Outcome(status="unavailable", failure=Failure(kind=FailureKind.PROVIDER_5XX))
    assert ["retry", "search", "escalate"] == [action.id for action in outcome.notice(tries=1).actions]
    assert ["search", "escalate"] == [action.id for action in outcome.notice(tries=2).actions]


@pytest.mark.parametrize("kind", [kind for kind in FailureKind if kind.asker_first])
def test_what_the_asker_has_to_do_first_is_said_whatever_else_was_tried(kind):
    """A fallback that fails as well is no reason to hide that one is signed out."""
    failed = Failure(kind="fallback.exhausted", steps=(Failure(kind=kind), Failure(kind="provider.5xx")))
    alone = Outcome(status="unavailable", failure=Failure(kind=kind))
    assert alone.notice() == Outcome(status="unavailable", failure=failed).notice()
