from __future__ import annotations

import inspect
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fallbackkit import Answer, Confidence, FailureKind, Outcome, Source, Step
from fallbackkit._outcome import Status
from fallbackkit.ui._components_trust import HedgedAnswer
from fallbackkit.ui.views._fold import folded
from fallbackkit.ui.views._hedge import Cause, Hedge, Level, hedged_answer
from fallbackkit.ui.views._html import clean
from stories import hedged_answer as stories
from stories import outcome_card
from tests.ui.corpus import BERLIN, HOSTILE, outcomes
from tests.ui.html import assert_harmless, elements, parsed, path, visible

NOW = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
FOUND = inspect.getmembers(stories, inspect.isfunction)
STORIES = {name: make for name, make in FOUND if make.__module__ == stories.__name__}
DOUBTS = tuple(level for level in get_args(Level) if level != "plain")
AI = "AI wrote this."


def drawn(value, **reader):
    """The answer, for somebody in Berlin."""
    return str(hedged_answer(value, now=NOW, tz=BERLIN, **reader))


def said(value, locale="en"):
    """What is on the screen."""
    return visible(drawn(value, locale=locale))


@pytest.mark.parametrize("level", DOUBTS)
@pytest.mark.parametrize(("voice", "person"), [("first_person", "I"), ("impersonal", "is")])
def test_the_doubt_comes_first_and_says_why(level, voice, person):
    """Before the answer, in the voice that was chosen, with its reason (rubric 5 and 6)."""
    shown = said(Hedge(level=level, text="Thirty days.", reason="Two pages disagree.", voice=voice))
    doubt, _, rest = shown.partition("Two pages disagree.")
    assert rest.startswith("Thirty days.")
    assert ("I" in doubt.replace("'", " ").split()) == (person == "I")
    assert doubt.endswith(". ")


@pytest.mark.parametrize("level", DOUBTS)
def test_a_doubt_without_a_reason_is_refused(level):
    """With the remedy in the message."""
    for reason in (None, "", "  "):
        with pytest.raises(ValidationError, match=r"`reason` must say what the doubt is about .* or give a `cause`"):
            Hedge(level=level, text="Thirty days.", reason=reason)


def test_an_answer_without_a_doubt_is_left_alone():
    """Nothing is put before it, and no button follows."""
    shown = said(Hedge(text="Thirty days.", steps=()))
    assert shown.startswith("Thirty days.")
    assert "Ask a person" not in shown
    assert "Check" not in shown.replace("Check amounts", "")


@pytest.mark.parametrize("cause", get_args(Cause))
def test_each_cause_has_words_of_its_own(cause):
    """In every language; a reason in the application's words goes before it."""
    texts = {said(Hedge(level="low", cause=cause), locale) for locale in ("en", "de", "ar")}
    assert 3 == len(texts)
    others = {said(Hedge(level="low", cause=other)) for other in get_args(Cause)}
    assert len(get_args(Cause)) == len(others)
    assert "Own words." in said(Hedge(level="low", cause=cause, reason="Own words."))
    assert said(Hedge(level="low", cause=cause, reason="Own words.")) == said(Hedge(level="low", reason="Own words."))


def test_the_doubt_has_a_drawing_and_a_pattern():
    """Not a colour alone: a plain answer has neither."""
    plain, low = drawn(STORIES["plain"]()), drawn(STORIES["hedged_low"]())
    assert ('data-rail="live"', 'data-rail="unsure"') == tuple(
        next(mark for mark in ('data-rail="live"', 'data-rail="unsure"') if mark in each) for each in (plain, low)
    )
    hidden = [next(each for each in elements(markup) if each.get("class") == "fk-doubt") for markup in (plain, low)]
    assert [True, False] == ["hidden" in each.attrib for each in hidden]


def test_what_is_less_sure_is_not_longer():
    """The rest of a long answer is folded away, and is all there (rubric 7)."""
    text = " ".join(f"Sentence {number} is here." for number in range(1, 13))
    lengths = [
        said(Hedge(level=level, text=text, cause=None if level == "plain" else "not_checked")).count("Sentence")
        for level in ("plain", "medium", "low", "abstained")
    ]
    assert [12, 5, 3, 2] == lengths
    markup = drawn(Hedge(level="low", text=text, cause="not_checked"))
    assert text.split() == [
        word
        for each in elements(markup)
        if each.get("class") == "fk-answer"
        for word in "".join(each.itertext()).split()
    ]
    assert "Show the rest of the answer" in visible(markup)
    assert "Show the rest" not in said(Hedge(level="low", text="Short.", cause="not_checked"))
    assert 7 == said(Hedge(level="low", text=text, cause="not_checked", sentences=7)).count("Sentence")


@pytest.mark.parametrize(
    ("text", "head", "rest"),
    [
        ("One. Two. Three.", "One. Two.", "Three."),
        ("One.\n\nTwo.\n\nThree.", "One.\n\nTwo.", "Three."),
        ("One. **Two. Three.** Four.", "One. **Two. Three.** Four.", ""),
        ("One. “Two.” Three.", "One. “Two.”", "Three."),
        ("One.\n\n- Two.\n- Three.\n- Four.", "One.", "- Two.\n- Three.\n- Four."),
        ("One. Two.\n\n```\nThree. \n\nFour.\n```", "One. Two.", "```\nThree. \n\nFour.\n```"),
        ("One. Two [x][1]. Three.\n\n[1]: https://a.example", "One. Two [x][1]. Three.\n\n[1]: https://a.example", ""),
        ("أولًا. هل ثانيًا؟ ثالثًا.", "أولًا. هل ثانيًا؟", "ثالثًا."),
        ("One", "One", ""),
        ("", "", ""),
        ("It costs 3.50 euros. Two. Three.", "It costs 3.50 euros. Two.", "Three."),
    ],
)
def test_a_fold_never_cuts_an_element(text, head, rest):
    """Emphasis, lists, code and links stay whole."""
    assert (head, rest) == folded(text, 2)


@given(st.text(alphabet='.!?؟。 \n*_`[]()|->#1a"”', max_size=80), st.integers(1, 4))
@settings(max_examples=300)
def test_a_fold_loses_nothing(text, sentences):
    """But the space in between."""
    head, rest = folded(text, sentences)
    assert "".join(text.split()) == "".join((head + rest).split())


@pytest.mark.parametrize(("level", "steps", "title"), [
    ("low", 1, "Check this first, it takes under a minute"),
    ("medium", 2, "Check these first, each takes under a minute"),
    ("abstained", 2, "What would help"),
])  # fmt: skip
def test_a_check_can_be_done_at_once(level, steps, title):
    """It may lead somewhere, and says how long it takes."""
    value = Hedge(level=level, text="x", cause="conflict", steps=("Open the [policy](https://a.example/p).",) * steps)
    markup = drawn(value)
    assert title in visible(markup)
    assert steps == markup.count('href="https://a.example/p"')


def test_every_doubt_leaves_a_way_to_a_person():
    """The same button at the same place; sources first where they disagree."""
    for name in ("hedged_low", "conflicting_sources", "abstained"):
        assert "Ask a person" in said(STORIES[name]())
        assert "Ask a person" not in visible(drawn(STORIES[name](), actions={"show_sources"}))
    assert "Show the sources" in said(STORIES["conflicting_sources"]())
    assert "Show the sources" not in said(STORIES["hedged_low"]())
    assert "Show the sources" not in visible(drawn(STORIES["conflicting_sources"](), actions={"escalate"}))


@pytest.mark.parametrize("name", STORIES)
def test_what_ai_made_is_said_once(name):
    """Near the text, and not where there is none (rubric 11)."""
    assert said(STORIES[name]()).count(AI) == (name != "of_an_outcome_withheld")


def test_what_ai_did_not_make_is_not_labelled():
    """A person's words, a rule's; a draft that a person checked says so."""
    assert AI not in said(outcome_card.reviewed())
    rule = Outcome(status="answered", answer=Answer(text="Five."), trail=(Step(name="table", kind="rule"),))
    assert AI not in said(rule)
    assert "AI wrote the draft" in said(Hedge(text="Five.", label="drafted"))


MEASURED = {"basis": "measured", "n": 412}


@pytest.mark.parametrize(
    ("confidence", "level", "cause"),
    [
        (Confidence(value=0.95, **MEASURED), "plain", None),
        (Confidence(value=0.8, **MEASURED), "plain", None),
        (Confidence(value=0.5, **MEASURED), "medium", "often_wrong"),
        (Confidence(value=0.2, **MEASURED), "low", "often_wrong"),
        (Confidence(value=0.8, unlike=True, **MEASURED), "medium", "unlike"),
        (Confidence(), "plain", None),
        (Confidence(basis="model_said"), "plain", None),
    ],
)
def test_a_doubt_is_as_large_as_was_measured(confidence, level, cause):
    """And where nothing was measured, none is made up."""
    outcome = outcome_card.answered().model_copy(update={"confidence": confidence})
    hedge = Hedge.of(outcome)
    assert (level, cause) == (hedge.level, hedge.cause)
    assert said(hedge) == said(outcome)


@pytest.mark.parametrize(
    ("reasons", "sources", "text", "level", "cause"),
    [
        ((), (), "x", "low", "not_checked"),
        ((FailureKind.QUALITY_CONFLICT,), (), "x", "conflict", "conflict"),
        ((), (Source(title="a", check="conflicts"),), "x", "conflict", "conflict"),
        ((FailureKind.QUALITY_UNSUPPORTED,), (), "x", "low", "unsupported"),
        ((FailureKind.QUALITY_CONFLICT,), (), None, "abstained", "conflict"),
        ((), (), None, "abstained", "not_checked"),
    ],
)
def test_an_outcome_in_doubt_brings_its_reason(reasons, sources, text, level, cause):
    """Conflicting, unsupported, or below what was asked for."""
    answer = Answer(text=text, sources=sources) if text else None
    hedge = Hedge.of(Outcome(status="low_confidence", answer=answer, reasons=reasons))
    assert (level, cause) == (hedge.level, hedge.cause)
    own = Hedge.of(Outcome(status="low_confidence", answer=answer, reasons=reasons), reason="Own.", steps=("Look.",))
    assert "Own." in said(own)
    assert "Look." in said(own)


@pytest.mark.parametrize("status", ["working", "awaiting_review", "unavailable"])
def test_a_withheld_answer_is_not_in_the_page(status):
    """Nor in what the component sends beside it."""
    outcome = Outcome(status=status, answer=Answer(text="Withheld.", sources=(Source(title="Withheld"),)))
    assert "Withheld" not in drawn(outcome)
    assert "Withheld" not in str(HedgedAnswer(tz=BERLIN).postprocess(outcome))


def test_what_still_grows_is_not_read_out():
    """One message at the end, which begins with the doubt (rubric 64 and 65)."""
    spoken = [parsed(drawn(each))[0][0].text for each in (
        outcome_card.streaming(), outcome_card.interrupted(), outcome_card.answered(), STORIES["conflicting_sources"](),
        outcome_card.low_confidence_withheld(),
    )]  # fmt: skip
    assert [
        None,
        None,
        "Answer ready.",
        "Answer ready. I'm not sure about this one. Two of your documents disagree.",
        "I don't have a reliable answer. Nobody has checked how often answers like this one are right.",
    ] == spoken


@pytest.mark.parametrize("name", STORIES)
def test_what_can_hold_the_focus_keeps_its_place(name):
    """An update from any state to any other finds it there."""
    for mark in (("class", "fk-live"), ("data-toggle", "rest"), ("data-action", "escalate")):
        assert path(drawn(None), mark) == path(drawn(STORIES[name]()), mark)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("level", get_args(Level))
def test_hostile_text_in_every_field_stays_text(text, level):
    """The answer and the checks are Markdown, the rest is not."""
    source = Source(title=text, url=text, quote=text)
    value = Hedge(id=text, level=level, text=f"{text} [1]", sources=(source,), reason=f"{text}.", steps=(text,))
    markup = drawn(value)
    assert_harmless(markup)
    assert level == "plain" or clean(text) in "".join(parsed(markup).itertext())


HEDGES = st.builds(
    Hedge,
    level=st.sampled_from(get_args(Level)),
    text=st.text(),
    reason=st.text(min_size=1).filter(str.strip),
    cause=st.sampled_from([None, *get_args(Cause)]),
    steps=st.lists(st.text(), max_size=3).map(tuple),
    voice=st.sampled_from(["first_person", "impersonal"]),
    sentences=st.none() | st.integers(min_value=1),
    label=st.sampled_from([None, "wrote", "drafted"]),
    whole=st.booleans(),
)


@given(HEDGES, st.sampled_from(["en", "de", "ar", "en-XA"]))
@settings(max_examples=100)
def test_any_hedge_is_drawn(value, locale):
    """Harmless, and the same after a trip through JSON."""
    markup = drawn(value, locale=locale)
    assert_harmless(markup)
    assert markup == drawn(Hedge.model_validate_json(value.model_dump_json()), locale=locale)


@given(outcomes)
@settings(max_examples=40)
def test_any_outcome_is_drawn(outcome):
    """Whatever a pipeline left."""
    assert_harmless(drawn(outcome))


@pytest.mark.parametrize("status", get_args(Status))
def test_every_status_has_a_hedge(status):
    """And the id of its outcome."""
    assert "7" == Hedge.of(Outcome(id="7", status=status, answer=Answer(text="x"))).id


def test_what_a_newer_version_sends_is_shown_without_a_doubt_of_ours():
    """An unknown level, voice, cause or label: the text stays."""
    strange = {"text": "Thirty days.", "level": "vague", "voice": "choir", "cause": "moon", "label": "dreamt"}
    assert said(Hedge.model_construct(id="1", **strange)).startswith("Thirty days.")
    doubt = Hedge.model_construct(id="1", **{**strange, "level": "low", "voice": "first_person"})
    assert said(doubt).startswith("I'm not sure about this one.Thirty days.")


@pytest.mark.parametrize("unit", ["x" * 50 + " ", "Yes. ", "> ", ".)", "*a. "])
def test_much_is_shown_whole(unit):
    """A megabyte of text, folded or not, and two hundred checks."""
    text = (unit * 1_000_000)[:1_000_000]
    markup = drawn(Hedge(level="low", text=text, cause="conflict", steps=("Look.",) * 200))
    shown = markup.replace("&gt;", ">")
    assert text.count(unit.strip()) <= shown.count(unit.strip())
    assert 200 == markup.count("Look.")


@pytest.mark.parametrize("sentences", [0, -1])
def test_a_fold_after_nothing_is_refused(sentences):
    """With the remedy."""
    with pytest.raises(ValidationError, match="`sentences` must be at least 1, got"):
        Hedge(text="x", sentences=sentences)


def test_the_component_takes_what_the_view_takes():
    """And gives back what is on the screen."""
    card = HedgedAnswer(tz=BERLIN)
    for value in (STORIES["hedged_low"](), outcome_card.answered()):
        expected = value if isinstance(value, Hedge) else Hedge.of(value)
        assert expected == card.preprocess(card.postprocess(value))
    assert None is card.preprocess(card.postprocess(None))
