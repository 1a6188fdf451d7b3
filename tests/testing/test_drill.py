"""What the drill finds, what it leaves alone, and what it costs."""

from __future__ import annotations

import asyncio
import functools
import logging
import random
import sys
import threading
import warnings

import pytest
from hypothesis import given, settings

import fallbackkit as fk
from fallbackkit.errors import FailureKind
from fallbackkit.messages import Action, Notice
from fallbackkit.review import ReviewQueue, ReviewRequest
from fallbackkit.testing import Chaos, FakeClock, Fault, Report, Script, drill
from fallbackkit.testing._drill_faults import FAULTS, SECRETS
from fallbackkit.testing._drill_matrix import Matrix
from fallbackkit.testing._drill_stage import Play
from fallbackkit.testing._drill_verdicts import Ended, judge
from tests.core.chains import chains

QUESTION = "How do I start it again?"


def model(question: str) -> str:
    """The function that a drill must never call."""
    raise AssertionError(question)


def desk(question: str) -> str:
    """A fallback that works."""
    return f"Ask at the desk: {question}"


def good(fn=model, **options):
    """What a careful application builds."""
    rung = fk.Rung(desk, "rule", name="desk")
    return fk.protect(
        **{"fallbacks": [rung], "deadline": 20, "timeout": 8, "escalate_to": ReviewQueue("sqlite://"), **options}
    )(fn)


def verdicts(report):
    """Every verdict, and in which faults."""
    found = {}
    for cell in report.red():
        for finding in cell.findings:
            found.setdefault(finding.verdict, set()).add(cell.fault)
    return found


def cell(report, fault, struck=1, face="sync"):
    """One cell."""
    return next(each for each in report.cells if (each.fault, each.struck, each.face) == (fault, struck, face))


# What it finds


def test_a_careful_pipeline_has_no_red_cell():
    """Every fault, at both steps, in all three faces, ends in an answer or a next step, in time."""
    report = drill(good(), QUESTION)
    assert report.ok, report.text()
    assert (("model", "desk"), ("sync", "async", "stream")) == (report.steps, report.faces)
    assert {1, 2} == {each.struck for each in report.cells}
    assert {"degraded", "awaiting_review", "unavailable", "interrupted"} == {each.status for each in report.cells}


def test_every_failure_kind_strikes():
    """The rows cover the closed set; what does not apply is named, with the reason."""
    assert set(FailureKind) == {fault.kind for fault in FAULTS}
    pipeline = good(min_confidence=0.8, cache=60, schema=dict)
    assert set(FailureKind) == {each.kind for each in drill(pipeline, QUESTION).cells}
    assert ("cache.stale, 503, with an old answer saved: no Cache that gives answers past their time",) == tuple(
        why for why in drill(good(), QUESTION).left_out if why.startswith("cache")
    )


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.text)
@pytest.mark.filterwarnings("ignore:.*answered without a score")
def test_each_fault_is_of_its_kind(fault):
    """The form in which it strikes is classified as what its row says; two are an outage like any other."""
    clock = FakeClock()
    gate = [fk.ConfidenceGate(0.5)] * (fault.needs == "gate")
    validate = fk.Validate(schema=dict if fault.needs == "form" else None)
    script = Script(fault.play(QUESTION), clock=clock)
    failure = fk.Pipeline(fk.Deadline(100), *gate, validate, clock=clock).outcome(script, QUESTION).failure
    assert ("provider.5xx" if fault.needs in {"queue", "saved answer"} else fault.kind) == failure.kind


def test_each_fault_fits_the_terminal():
    """At most 30 characters, and no two alike."""
    assert len(FAULTS) == len({fault.text for fault in FAULTS})
    assert max(len(fault.text) for fault in FAULTS) <= 30


def test_what_is_no_answer_and_passes_for_one_is_silent():
    """Without Validate, cut off, blank, refused and HTML answers are shown; nothing else is red."""
    report = drill(fk.Pipeline(fk.Deadline(20), fk.Retry())(model), QUESTION)
    assert {
        "silent": {
            "status 200 with an HTML page",
            "a blank answer",
            "a stream without a word",
            "cut off at its length limit",
            "the model refuses",
            "a filter cuts it off",
        }
    } == verdicts(report)
    assert {"put Validate() into the pipeline; for unsure answers, a ConfidenceGate"} == {
        finding.remedy for each in report.red() for finding in each.findings
    }


def test_what_nothing_cuts_off_never_ends():
    """Without a limit a hang is late, its time unknown; the remedy names what to add."""
    report = drill(fk.Pipeline(fk.Validate())(model), QUESTION)
    assert {"late": {"no answer comes", "only keep-alives come", "the words stop halfway"}} == verdicts(report)
    hang = cell(report, "no answer comes")
    assert (None, "it never ends") == (hang.seconds, hang.findings[0].sentence)
    assert "Deadline(seconds)" in hang.findings[0].remedy


def test_a_limit_of_attempts_alone_may_be_late():
    """Five attempts of 15 s pass 30 s and 70 s, but not 90 s, and no Deadline of 100 s."""
    layers = [fk.Retry(attempts=5), fk.Validate(), fk.Timeout(15)]
    assert {"late": {"no answer comes", "only keep-alives come"}} == verdicts(
        drill(fk.Pipeline(*layers)(model), QUESTION)
    )
    assert "late" in verdicts(drill(fk.Pipeline(*layers)(model), QUESTION, limit=70))
    assert {} == verdicts(drill(fk.Pipeline(*layers)(model), QUESTION, limit=90))
    assert {} == verdicts(drill(fk.Pipeline(fk.Deadline(100), *layers)(model), QUESTION))


def test_an_exception_that_comes_out_is_raw():
    """A predicate that ends the program is told with its place; the other cells are fine."""

    def when(failure):
        return sys.exit(1) if failure.kind is FailureKind.PROVIDER_OVERLOADED else True

    ask = fk.Pipeline(fk.Escalate(ReviewQueue("sqlite://"), when=when), fk.Deadline(20), fk.Validate())(model)
    report = drill(ask, QUESTION)
    assert {"raw": {"status 529, overloaded"}} == verdicts(report)
    came_out = cell(report, "status 529, overloaded")
    assert (None, "") == (came_out.status, came_out.title)
    assert came_out.findings[0].sentence.startswith("SystemExit came out at test_drill.py:")


def test_a_traceback_for_an_answer_is_raw():
    """A fallback that returns the text of its exception is found, wherever it answers."""

    def honest(question):
        return "Traceback (most recent call last):\n  ValueError: sk-live"

    report = drill(good(fallbacks=[fk.Rung(honest, "rule")]), QUESTION)
    assert "status 503" in verdicts(report)["raw"]
    assert "let `honest` raise" in cell(report, "status 503").findings[0].remedy


def test_actions_that_the_page_does_not_handle_are_dead_ends():
    """Who is signed out and may only ask a person, who cannot take it either, has nothing to do next."""
    report = drill(fk.protect(deadline=20)(model), QUESTION, actions=("escalate", "retry", "edit_question"))
    assert {"dead end"} == verdicts(report).keys()
    assert {"the asker is signed out"} <= verdicts(report)["dead end"]
    remedy = cell(report, "the asker is signed out").findings[0].remedy
    assert remedy.startswith("let the page handle one of sign_in")


def test_a_notice_that_leads_nowhere_is_a_dead_end():
    """Without a title, without an action, or without one that is the first to take."""
    failed = fk.Outcome(status="unavailable")
    retry = Action(id="retry", label="Try again", primary=True)
    other = Action(id="search", label="Search the pages")

    def sentences(**words):
        notice = Notice(**{"title": "No answer", "body": "", "actions": (retry, other), **words})
        return [finding.sentence for finding in judge(Ended(outcome=failed, notice=notice))]

    assert [] == sentences()
    assert ["the notice has no title"] == sentences(title=" ")
    assert ["there is no whole answer, and nothing to do next"] == sentences(actions=())
    assert ["no action is the primary one"] == sentences(actions=(other,))


def test_people_may_read_another_language():
    """The titles are in it."""
    titles = {cell(drill(good(), QUESTION, locale=each), "status 503", 2).title for each in ("en", "de", "ar")}
    assert 3 == len(titles)


def test_an_end_that_is_none_is_stuck():
    """A call whose last Outcome is still growing has not ended."""
    for status in ("working", "streaming"):
        (finding,) = judge(Ended(outcome=fk.Outcome(status=status)))
        assert "stuck" == finding.verdict


def test_words_of_an_exception_are_found_wherever_they_stand():
    """The planted secret in an answer, and the question in what the notice says."""
    told = fk.Outcome(status="answered", answer=fk.Answer(text=f"failed: {SECRETS[0]}"))
    assert ["raw"] == [finding.verdict for finding in judge(Ended(outcome=told))]
    notice = fk.Outcome(status="unavailable").notice()
    asked = (notice.title + "          ",), (notice.title,)
    findings = [judge(Ended(outcome=fk.Outcome(status="unavailable"), asked=each)) for each in asked]
    assert [0, 1] == [len([each for each in found if each.verdict == "raw"]) for found in findings]


def test_another_than_the_requested_one_has_to_be_named():
    """Answered, and not by who was asked, is silent."""
    trail = (fk.Step(name="ask", verdict="failed"), fk.Step(name="desk"))
    outcome = fk.Outcome(status="answered", requested="ask", trail=trail, answer=fk.Answer(text="Five."))
    (finding,) = judge(Ended(outcome=outcome))
    assert ("silent", "desk answers in place of ask, and nothing says so") == (finding.verdict, finding.sentence)
    assert () == judge(Ended(outcome=outcome.model_copy(update={"status": "degraded"})))


def test_a_full_queue_is_played_at_the_last_step():
    """Nobody answers and nobody can be asked: there still is something to do."""
    report = drill(good(), QUESTION)
    full = [each for each in report.cells if each.fault == "503, and the queue is full"]
    assert {(2, "unavailable", False, True)} == {(each.struck, each.status, each.ticket, each.ok) for each in full}


def test_a_saved_answer_stands_in():
    """Where a Cache gives old answers, a 503 ends in one, and no fallback is asked."""
    report = drill(good(cache=60), QUESTION)
    saved = cell(report, "503, with an old answer saved")
    assert ("degraded", "cache", (3, 0), "a saved answer") == (
        saved.status,
        saved.served_kind,
        saved.attempts,
        saved.who,
    )
    renewed = fk.Pipeline(fk.Deadline(20), fk.Cache(60, stale_while_revalidate=60), fk.Validate())(model)
    report = drill(renewed, QUESTION)
    assert report.ok, report.text()
    assert ("degraded", (1,)) == (cell(report, "503, with an old answer saved").status, report.cells[-1].attempts)


def test_attempts_and_cost_are_counted():
    """Entries a step, and what an answer says it cost; what nobody says is unknown."""
    usage = fk.Usage(input_tokens=3, output_tokens=5, cost=0.25)
    priced = fk.Rung(lambda question: fk.Answer(text="Five.", usage=usage), "smaller_model", name="small")
    report = drill(good(fallbacks=[priced, fk.Rung(desk, "rule")]), QUESTION)
    assert ((3, 1, 0), 0.25) == (cell(report, "status 503").attempts, cell(report, "status 503").usage.cost)
    assert ((3, 1, 1), None) == (cell(report, "status 503", 2).attempts, cell(report, "status 503", 2).usage)
    assert "the answers of a call cost up to 0.25 USD" in report.text()
    assert "no answer says what it costs" in drill(good(), QUESTION).text()


# Rehearsals


def rehearsed(fn, **options):
    """What the rehearsal of one fallback says."""
    ask = good(fallbacks=[fk.Rung(fn, "rule", name="rung")], escalate_to=None)
    return drill(ask, QUESTION, **options).rehearsals[0]


def test_each_fallback_is_called_once_for_real_and_the_function_never():
    """With the arguments given; the matrix needs no further call."""
    calls = []

    def first(question, *, polite):
        calls.append(("first", question, polite))
        return "Five."

    def second(question, *, polite):
        calls.append(("second", question, polite))
        return "Six."

    def asked(question, *, polite):
        raise AssertionError(question)

    report = drill(good(asked, fallbacks=[first, second]), QUESTION, kwargs={"polite": True})
    assert [("first", QUESTION, True), ("second", QUESTION, True)] == calls
    assert [("first", "answers"), ("second", "answers"), ("review queue", "takes tickets")] == [
        (each.rung, each.played) for each in report.rehearsals
    ]
    assert report.ok


def test_a_fallback_that_is_down_today_is_red():
    """With the class of its error, its place and its kind, and no word of what it says."""

    def down(question):
        raise ConnectionError(f"{SECRETS[0]} {question}")

    rehearsal = rehearsed(down)
    assert ("fails", False, "connection.upstream") == (rehearsal.played, rehearsal.ok, rehearsal.kind)
    assert rehearsal.sentence.startswith("ConnectionError at test_drill.py:")
    ask = good(fallbacks=[down])
    report = drill(ask, QUESTION)
    assert ("awaiting_review", False) == (cell(report, "status 503").status, report.ok)
    assert () == report.red()
    assert not any(word in report.model_dump_json() for word in (*SECRETS, QUESTION))


@pytest.mark.parametrize("value", [None, "", "  ", fk.Answer(text="The answ", finish_reason="length")])
def test_a_fallback_without_an_answer_is_red(value):
    """What it returns is looked at as a Fallback does."""
    assert ("unusable", False) == ((rehearsal := rehearsed(lambda question: value)).played, rehearsal.ok)


def test_a_fallback_that_hangs_is_given_up():
    """At the rehearsal's limit, and the matrix plays the hang."""
    let_go = threading.Event()

    def hung(question):
        let_go.wait(30)

    try:
        ask = good(fallbacks=[hung], escalate_to=None)
        report = drill(ask, QUESTION, rehearsal_limit=0.05)
    finally:
        let_go.set()
    assert ("too slow", False) == (report.rehearsals[0].played, report.rehearsals[0].ok)
    assert ("unavailable", 20.0) == (
        cell(report, "the key is refused").status,
        cell(report, "the key is refused").seconds,
    )


def test_a_fallback_that_finds_nothing_works():
    """It has no answer to this question, which is said and not red."""

    def search(question):
        raise fk.CannotAnswer("retrieval.none")

    rehearsal = rehearsed(search)
    assert ("has no answer", True, "retrieval.none") == (rehearsal.played, rehearsal.ok, rehearsal.kind)
    assert "drill with a question" in rehearsal.remedy


def test_without_a_rehearsal_nothing_is_called():
    """The fallbacks play a sample answer, and are said not to have been rehearsed."""
    report = drill(good(fallbacks=[model]), QUESTION, rehearse=False)
    assert ["not rehearsed"] == [each.played for each in report.rehearsals]
    assert report.ok
    assert "A sample answer." == cell(report, "status 503").outcome.text


def test_the_function_itself_may_be_rehearsed():
    """Only if that is asked for."""
    report = drill(good(str.upper), "hello", rehearse_primary=True)
    assert [("upper", "answers"), ("desk", "answers")] == [(each.rung, each.played) for each in report.rehearsals[:2]]


def test_a_queue_that_would_refuse_is_red():
    """A full one, and one that is gone; none gets a ticket."""
    queue = ReviewQueue("sqlite://", capacity=1)
    queue.enqueue(ReviewRequest(question="Why?"))
    (full,) = [each for each in drill(good(escalate_to=queue), QUESTION).rehearsals if each.rung == "review queue"]
    assert (False, "it is full: 1 tickets wait, `capacity` is 1") == (full.ok, full.sentence)
    assert 1 == queue.stats()["pending"]

    class Gone:
        def enqueue(self, request):
            raise AssertionError(request)

        def stats(self):
            raise OSError("disk")

    ask = fk.Pipeline(fk.Escalate(Gone()), fk.Deadline(20), fk.Validate())(model)
    assert ["OSError when it is looked at"] == [each.sentence for each in drill(ask, QUESTION).rehearsals]


def test_a_fallback_that_needs_more_than_is_kept_for_it_is_noted():
    """It answers where the model fails at once, and is cut off where the model hangs; that is worth knowing."""
    ask = fk.Pipeline(fk.Deadline(20), fk.Fallback(desk), fk.Validate())(model)
    matrix = Matrix(ask, (QUESTION,), {})
    matrix.plays[1] = Play("Ask at the desk.", 3.0)
    with asyncio.Runner() as runner:
        cells = {(each.fault, each.struck, each.face): each for each in matrix.cells(runner)}
    assert ("degraded", 3.0, ()) == tuple(
        getattr(cells["the key is refused", 1, "sync"], name) for name in ("status", "seconds", "notes")
    )
    hang = cells["no answer comes", 1, "sync"]
    assert ("unavailable", 20.0) == (hang.status, hang.seconds)
    assert "`desk` takes 3 s, and was cut off after 1 s; give Fallback a larger `reserve`" in hang.notes


# How it asks


async def amodel(question):
    """The same, async."""
    raise AssertionError(question)


def gen(question):
    """The same, as a generator."""
    yield from ()
    raise AssertionError(question)


async def agen(question):
    """The same, as an async generator."""
    yield ""
    raise AssertionError(question)


@pytest.mark.parametrize(
    ("fn", "faces"),
    [
        (model, ("sync", "async", "stream")),
        (gen, ("sync", "async", "stream")),
        (amodel, ("async", "stream")),
        (agen, ("async", "stream")),
    ],
)
def test_a_function_is_asked_in_each_of_its_faces(fn, faces):
    """A plain one also within an event loop; one that yields is cut off in mid-stream in each of them."""
    report = drill(good(fn), QUESTION)
    assert report.ok, report.text()
    assert faces == report.faces
    halfway = {each.face for each in report.cells if each.fault == "the words stop halfway"}
    assert (set(faces) if fn in {gen, agen} else {"stream"}) == halfway
    assert "interrupted" == cell(report, "the words stop halfway", face="stream").status


def test_a_drill_runs_inside_an_event_loop():
    """As in an async test, or a notebook."""

    async def inside():
        return drill(good(amodel), QUESTION)

    assert asyncio.run(inside()).ok


@settings(max_examples=25)
@given(chain=chains())
@pytest.mark.filterwarnings("ignore:.*answered without a score")
def test_sync_and_async_agree_whatever_the_chain(chain):
    """Any pipeline can be drilled, without entering what it is made of, and its two faces give the same cells."""
    from tests.core.conftest import Run

    built = chain.build(Run("sync", None))
    report = drill(built.pipeline(built.script), QUESTION, rehearse=False)
    told = {"face", "outcome", "title"}
    both = [
        [each.model_dump(exclude=told) for each in report.cells if each.face == face and each.fault != "stream"]
        for face in ("sync", "async")
    ]
    assert both[0] == both[1] != []
    assert [] == [*built.script.calls, *(call for rung in built.rungs for call in rung.calls), *built.events]
    assert not {"raw", "stuck", "dead end"} & verdicts(report).keys()


def test_two_drills_find_the_same():
    """Apart from how long they took and the ids of calls."""
    first, second = (drill(good(min_confidence=0.8), QUESTION, rehearse=False) for _ in range(2))
    assert first.model_dump(exclude={"took"}) == second.model_dump(exclude={"took"})


def test_the_ladder_goes_down_into_fallbacks_of_fallbacks():
    """A rung that is a pipeline of its own is struck part by part, behind its own limits."""
    small = fk.protect(fallbacks=[fk.Rung(desk, "rule", name="inner desk")], deadline=5)(desk)
    report = drill(good(fallbacks=[fk.Rung(small, "smaller_model", name="small"), fk.Rung(desk, "rule")]), QUESTION)
    assert ("model", "small", "inner desk", "desk") == report.steps
    assert ["small", "inner desk", "desk", "review queue"] == [each.rung for each in report.rehearsals]
    assert ["small", "inner desk", "desk", "a person"] == [cell(report, "status 503", n).who for n in (1, 2, 3, 4)]
    assert report.ok, report.text()


def test_the_targets_of_a_route_are_struck_with_the_function():
    """They stand in its place, and are rehearsed as little."""
    route = fk.Route(lambda question: "small", small=model)
    ask = fk.Pipeline(fk.Deadline(20), fk.Fallback(desk), route, fk.Validate())(model)
    report = drill(ask, QUESTION)
    assert ("model", "desk") == report.steps
    assert ["desk"] == [each.rung for each in report.rehearsals]
    assert ((1, 1), "desk") == (cell(report, "status 503").attempts, cell(report, "status 503").who)


# What it leaves alone


def test_nothing_of_the_original_is_touched():
    """No ticket, no event, no breaker, no budget, no money, no place, no saved answer, no count of a rung."""
    touched = []

    class Store:
        name, shared, news = "store", True, []

        def note(self, *args, **_kwargs):
            touched.append(args)

        get = put = set_aside = charge = balance = withdraw = exchange = note

    store = Store()
    queue = ReviewQueue("sqlite://")
    events, budget = [], fk.RetryBudget(store=store)
    rung = fk.Rung(desk, "rule")
    breaker = fk.CircuitBreaker(consecutive=1, store=store)
    spend = fk.SpendLimit(1, store=store, cost=lambda answer: 1.0)
    cache = fk.Cache(60, stale_if_error=60, store=store)
    bulkhead = fk.Bulkhead(1)
    ask = fk.Pipeline(
        fk.Escalate(queue, audit=1.0),
        fk.Deadline(20),
        fk.Fallback(rung),
        cache,
        fk.ConfidenceGate(0.5, score=lambda answer: None),
        fk.Retry(budget=budget),
        fk.Hedge(1, budget=budget),
        fk.Validate(),
        spend,
        bulkhead,
        breaker,
        fk.Timeout(4),
        Chaos(rate=1.0, faults=[Fault(error=AssertionError())]),
        observers=[events.append],
        rng=random.Random(7),
    )(model)
    drawn = ask.pipeline.rng.getstate()
    assert drill(ask, QUESTION).ok
    assert ([], [], {0}) == (touched, events, set(queue.stats().values()))
    assert (0, "closed", 0, 0) == (bulkhead.active, breaker.state, rung.asked, breaker.snapshot().calls)
    assert drawn == ask.pipeline.rng.getstate()
    assert {} == dict(ask.pipeline.alerts.counts())


def test_strategies_shared_between_pipelines_stay_shared():
    """A breaker that two steps have in common opens for both of them."""
    breaker = fk.CircuitBreaker(consecutive=1)
    small = fk.Pipeline(breaker)(desk)
    ask = fk.Pipeline(fk.Deadline(20), fk.Fallback(fk.Rung(small, "smaller_model", name="small")), breaker)
    report = drill(ask(model), QUESTION)
    assert ((1, 0), "unavailable") == (cell(report, "status 503").attempts, cell(report, "status 503").status)
    assert "closed" == breaker.state


def test_it_is_quiet(caplog):
    """Faults made on purpose are neither logged nor warned of; afterwards both are as they were."""
    logger = logging.getLogger("fallbackkit")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drill(good(min_confidence=0.8), QUESTION)
        warnings.simplefilter("ignore")
        may_hang = fk.Pipeline(fk.Fallback(desk), fk.Timeout(5))(model)  # which is warned of here, and not below
        warnings.simplefilter("error")
        drill(may_hang, QUESTION)
    assert [] == caplog.records
    assert [] == logger.filters
    fk.protect()(lambda question: None).pipeline.outcome(lambda: {}["missing"])
    assert ["ERROR"] == [record.levelname for record in caplog.records]


def test_no_text_is_scored_twice():
    """A gate's own function may ask a model."""
    scored = []

    def score(answer):
        scored.append(answer.text)
        return 0.9

    small = fk.Pipeline(fk.ConfidenceGate(0.8, score=score), fk.Validate())(desk)
    report = drill(good(fallbacks=[fk.Rung(small, "smaller_model", name="small")]), QUESTION)
    assert "small" == cell(report, "status 503").served_by
    assert [desk(QUESTION)] == scored


# What it is given


def test_without_arguments_it_asks_a_sample_question():
    """For each text that the function needs; anything else has to be given."""
    asked = []

    def helper(question: str, tone: str = "calm", *, topic) -> str:
        asked.append((question, tone, topic))
        return "Five."

    def needs_a_number(question: str, shelf: int) -> str:
        raise AssertionError

    def needs_more(question: str, tone: str = "calm", *, topic) -> str:
        raise AssertionError

    assert drill(good(needs_more, fallbacks=[helper])).ok
    assert [("What can you help me with?", "calm", "What can you help me with?")] == asked
    assert drill(good(functools.partial(needs_more, topic="parcels"))).ok
    with pytest.raises(TypeError, match=r"`needs_a_number` needs `shelf`; give it after the function"):
        drill(good(needs_a_number))


@pytest.mark.parametrize(
    ("ask", "options", "error", "says"),
    [
        (model, {}, TypeError, r"`ask` must be a wrapped function, got a function; decorate it"),
        (fk.Pipeline(fk.Retry()), {}, TypeError, r"`ask` is a Pipeline; drill what it makes of your function"),
        (good(), {"kwargs": {"tone": "calm"}}, TypeError, r"`model` cannot be called with what was given: .*'tone'"),
        (good(), {"limit": 0}, ValueError, r"`limit` must be a finite number of seconds, more than 0, got 0"),
        (good(), {"rehearsal_limit": -1}, ValueError, r"`rehearsal_limit` must be a finite number of seconds"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(ask, options, error, says):
    """Before anything is called."""
    with pytest.raises(error, match=says):
        drill(ask, QUESTION, **options)


def test_a_report_travels():
    """As JSON both ways, without the outcomes."""
    report = drill(good(fallbacks=[lambda question: None]), QUESTION)
    travelled = Report.model_validate_json(report.model_dump_json())
    assert report.model_dump(mode="json") == travelled.model_dump(mode="json")
    assert (False, report.text()) == (travelled.ok, travelled.text())
    assert "outcome" not in report.cells[0].model_dump()
