from __future__ import annotations

import re
from itertools import chain
from pydoc_data.topics import topics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.corpus import Manual, sentences
from demo.links import topic_url
from demo.words import distinctive, stems

MANUAL = Manual()
AWKWARD = [
    "",
    "?!",
    '"',
    'a AND NOT b OR NEAR("c" d) * ^ : -',
    "heading:with; drop table page;--",
    "\x00 \ud800 \u202e with",
    "مرحبا שלום with",
    "with " * 10_000,
    "${alert(1)} {{7*7}} <img onerror=x>",
    "x" * 50_000,
]


def plain(text: str) -> str:
    """The text with single spaces."""
    return " ".join(text.split())


@given(st.text() | st.sampled_from(AWKWARD))
def test_any_text_is_a_question(question):
    """No question raises; what is found is ranked, and coverage stays in [0, 1]."""
    hits = MANUAL.search(question)
    assert [hit.rank for hit in hits] == sorted(hit.rank for hit in hits)
    assert all(0 <= MANUAL.coverage(question, hit.passage.text) <= 1 for hit in hits)


@pytest.mark.parametrize("question", AWKWARD)
def test_awkward_questions_find_what_their_words_deserve(question):
    """Query syntax, control characters and 50 kB are words like any other, or none."""
    assert bool(MANUAL.search(question)) == any(
        MANUAL.weight(stem) < MANUAL.weight("qqq") for stem in distinctive(question)
    )


def test_every_passage_is_verbatim():
    """Apart from line breaks, a passage stands word for word in the topic that it names."""
    whole = {topic: plain(text) for topic, text in topics.items()}
    paragraphs = ((passage.topic, plain(each)) for passage in MANUAL.passages for each in passage.text.split("\n\n"))
    assert [each for topic, each in paragraphs if each not in whole[topic]] == []


def test_no_paragraph_is_indexed_twice():
    """The long topics repeat the short ones; each paragraph counts once."""
    paragraphs = list(chain.from_iterable(passage.text.split("\n\n") for passage in MANUAL.passages))
    assert len(paragraphs) > 1000
    assert [each for each in set(paragraphs) if len(each) > 80 and paragraphs.count(each) > 1] == []


def test_every_topic_has_its_page():
    """Each topic of this Python leads to a section of the online manual."""
    pattern = re.compile(r"https://docs\.python\.org/3/(reference|library)/\w+\.html#[\w-]+")
    assert [topic for topic in topics if not pattern.fullmatch(topic_url(topic))] == []


@pytest.mark.parametrize(
    ("topic", "heading", "place"),
    [
        ("with", "", "reference/compound_stmts.html#with"),
        ("string-methods", "str.strip([chars])", "library/stdtypes.html#str.strip"),
        ("customization", "object.__init__(self[, ...])", "reference/datamodel.html#object.__init__"),
        ("debugger", "Debugger Commands", "library/pdb.html#debugger"),
        ("news & <views>", "", "search.html?q=news%20%26%20%3Cviews%3E"),
    ],
)
def test_links_lead_to_the_place(topic, heading, place):
    """To the method's own entry where there is one, to the manual's search for an unknown topic."""
    assert f"https://docs.python.org/3/{place}" == topic_url(topic, heading)


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("What does the with statement guarantee?", "with"),
        ("How do I remove whitespace from both ends of a string?", "string-methods"),
        ("What does finally do when I return?", "try"),
        ("When is __del__ called?", "customization"),
    ],
)
def test_the_best_passage_comes_first(manual, question, topic):
    """bm25 with the heading counted more finds the topic."""
    assert topic == manual.search(question)[0].passage.topic


def test_a_python_word_counts_where_grammar_says_so():
    """``with`` is a stop word, except before a word such as ``statement``."""
    assert ("with", "statement") == distinctive("What about the with statement?")
    assert ("list",) == distinctive("What do I do with a list?")


def test_forms_of_a_word_have_one_stem():
    """Endings do not matter, dunder names stay whole."""
    assert 1 == len({*stems("raise raises raised raising")})
    assert 1 == len({*stems("stop stops stopped stopping")})
    assert ["__init__"] == stems("__init__()")


def test_sentences_leave_code_out():
    """Prose is split into sentences, verbatim; indented code is not prose."""
    text = 'The "pass" statement does nothing. It is a null operation.\n\n   def f():\n       pass'
    assert ['The "pass" statement does nothing.', "It is a null operation."] == sentences(text)
