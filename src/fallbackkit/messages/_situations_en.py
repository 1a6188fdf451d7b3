from __future__ import annotations

from fallbackkit.messages._types import ActionId, Words

ACTIONS: dict[ActionId, str] = {
    "retry": "Try again",
    "wait": "Wait and try again",
    "continue_answer": "Continue the answer",
    "new_answer": "Get a new answer",
    "stop": "Stop the answer",
    "edit_question": "Edit your question",
    "copy_question": "Copy your question",
    "search": "Search the pages",
    "show_sources": "Show the sources",
    "escalate": "Ask a person",
    "track": "Track your question",
    "sign_in": "Sign in",
    "report": "Report a mistake",
}

OPERATOR_BODY = (
    "{cause}",
    "Kind {kind}.",
    "Reference {reference}.",
    "Case {ticket}.",
    "Asked {requested}, served by {served_by}.",
    "Asked {requested_unserved}.",
)

_KEPT = "Your question is still here."
_OFFER: tuple[ActionId, ...] = ("new_answer", "show_sources", "escalate")
_ABOVE = "What arrived is above."
_CASE = "Your case is {ticket}."

SITUATIONS: dict[str, Words] = {
    "working": Words("Working on your answer", ("It will appear here.",), actions=("stop",), main=False),
    "working.why": Words(
        "Still working on your answer",
        ("{Requested} {clause}.", "We're trying another way."),
        "info",
        actions=("stop",),
        main=False,
    ),
    "streaming": Words("The answer is arriving", ("It isn't complete yet.",), actions=("stop",), main=False),
    "answered": Words("Answered", (), actions=("show_sources", "escalate"), main=False),
    "answered.model": Words(
        "Answered by the main model",
        ("Check amounts and dates before you act.",),
        actions=("show_sources", "escalate"),
        main=False,
    ),
    "answered.smaller_model": Words(
        "Answered by the smaller model",
        ("Check amounts and dates before you act.",),
        actions=("show_sources", "escalate"),
        main=False,
    ),
    "answered.cache": Words(
        "Saved answer", ("Saved on {saved}.",), "info", actions=("new_answer", "show_sources"), main=False
    ),
    "answered.rule": Words("Answered by a fixed rule", (), actions=("show_sources", "escalate"), main=False),
    "answered.search": Words("Matching pages", (), actions=("show_sources", "escalate"), main=False),
    "answered.person": Words("Answered by a person", (), "success", actions=("show_sources",), main=False),
    "degraded": Words(
        "Answered in another way", ("{Requested} {clause}.", "Something may be missing."), "attention", actions=_OFFER
    ),
    "degraded.model": Words(
        "Answered by another model",
        ("{Requested} {clause}.", "This one may answer differently."),
        "attention",
        actions=_OFFER,
    ),
    "degraded.smaller_model": Words(
        "Answered by the smaller model",
        ("{Requested} {clause}.", "The smaller one may be weaker on long or hard questions."),
        "attention",
        actions=_OFFER,
    ),
    "degraded.cache": Words(
        "Saved answer",
        ("{Requested} {clause}.", "This was saved on {saved}.", "It may be out of date."),
        "info",
        actions=_OFFER,
    ),
    "degraded.rule": Words(
        "Answered by a fixed rule",
        ("{Requested} {clause}.", "The rule may not fit every case."),
        "attention",
        actions=_OFFER,
    ),
    "degraded.search": Words(
        "Matching pages instead of an answer",
        ("{Requested} {clause}.", "Read what was found."),
        "attention",
        actions=_OFFER,
    ),
    "degraded.person": Words("Answered by a person", ("{Requested} {clause}.",), "success", actions=("show_sources",)),
    "low_confidence.shown": Words(
        "I'm not sure about this one",
        ("Check it before you act on it.",),
        "attention",
        actions=("show_sources", "escalate", "edit_question"),
    ),
    "low_confidence.conflict": Words(
        "I'm not sure about this one",
        ("The sources disagree.", "Check it before you act on it."),
        "attention",
        actions=("show_sources", "escalate", "edit_question"),
    ),
    "low_confidence.unsupported": Words(
        "I'm not sure about this one",
        ("The sources don't back all of it.", "Check it before you act on it."),
        "attention",
        actions=("show_sources", "escalate", "edit_question"),
    ),
    "awaiting_review": Words(
        "Your question is waiting for a person", ("You're {place}.", _CASE), "info", actions=("track", "search")
    ),
    "awaiting_review.claimed": Words(
        "A person is looking at your question", ("You're {place}.", _CASE), "info", actions=("track", "search")
    ),
    "awaiting_review.decided": Words("A person has decided on your question", (_CASE,), "info", actions=("track",)),
    "awaiting_review.cancelled": Words(
        "Your question was withdrawn", ("No person will answer it.", _CASE), actions=("edit_question",)
    ),
    "awaiting_review.expired": Words(
        "Nobody answered in time",
        ("No person is looking at it now.", _KEPT, _CASE),
        "attention",
        actions=("escalate", "copy_question", "search"),
    ),
    "reviewed": Words("Reviewed by a person", ("{reviewer} checked or wrote this answer.",), "success", main=False),
    "declined": Words(
        "A person looked and gave no answer",
        (_KEPT, "Change it, or search the pages."),
        "neutral",
        actions=("edit_question", "search"),
    ),
    "interrupted": Words("The answer stopped early", ("It ends after {words}.", _ABOVE), "attention"),
    "interrupted.cancelled": Words("The answer was stopped", ("It ends after {words}.", _ABOVE)),
    "interrupted.output.truncated": Words(
        "The answer hit its length limit", ("It ends after {words}.", _ABOVE), "info", actions=("continue_answer",)
    ),
    "interrupted.nothing": Words("The answer stopped before it began", (_KEPT,), "attention"),
    "unavailable": Words("There is no answer", (_KEPT,), "attention", actions=("escalate", "copy_question")),
}
