from __future__ import annotations

from fallbackkit.errors import FailureKind
from fallbackkit.messages._types import ActionId, KindWords, Words

_K = FailureKind
_KEPT = "Your question is still here."
_AGAIN = "You can try again {when}."
_ELSEWHERE: tuple[ActionId, ...] = ("search", "escalate")

KINDS: dict[FailureKind, KindWords] = {
    _K.TIMEOUT_FIRST_BYTE: KindWords(
        Words(
            "The answer is taking too long",
            ("We stopped waiting after {limit}.", _AGAIN, _KEPT),
            "attention",
            "alert",
            ("retry", *_ELSEWHERE),
        ),
        "took too long",
        "No answer came within the time limit.",
    ),
    _K.TIMEOUT_MID_STREAM: KindWords(
        Words("The answer stopped early", (_AGAIN, _KEPT), "attention", "status", ("retry", *_ELSEWHERE)),
        "stopped halfway",
        "The stream stalled before it was finished.",
    ),
    _K.CONNECTION_LOST: KindWords(
        Words("You seem to be offline", ("Nothing is lost.", _KEPT), "neutral", "status", ("retry",)),
        "lost the connection",
        "The connection on the user's side dropped.",
    ),
    _K.CONNECTION_UPSTREAM: KindWords(
        Words("We can't reach the answer service", (_AGAIN, _KEPT), "attention", "status", ("retry", *_ELSEWHERE)),
        "could not be reached",
        "The provider could not be reached: network, DNS or TLS.",
    ),
    _K.PROVIDER_5XX: KindWords(
        Words(
            "The answer service had a problem",
            ("Your question did not cause it.", _AGAIN, _KEPT),
            "attention",
            "status",
            ("retry", *_ELSEWHERE),
        ),
        "had a problem",
        "The provider failed or sent something that is no answer.",
    ),
    _K.PROVIDER_OVERLOADED: KindWords(
        Words("The answer service is very busy", (_AGAIN, _KEPT), "neutral", "status", ("wait", "retry", *_ELSEWHERE)),
        "was busy",
        "The provider, or the limit on calls at once, is at capacity.",
    ),
    _K.RATE_USER: KindWords(
        Words("You've used up your answers for now", ("More {when}.", _KEPT), "neutral", "status", _ELSEWHERE),
        "has no more answers for you now",
        "The user's own limit is reached.",
    ),
    _K.RATE_SHARED: KindWords(
        Words(
            "The shared answers are used up for now",
            ("More {when}.", _KEPT),
            "neutral",
            "status",
            ("wait", "retry", *_ELSEWHERE),
        ),
        "has reached its limit",
        "The provider limits the rate of this account.",
    ),
    _K.QUOTA_BILLING: KindWords(
        Words("Answers are paused for now", ("Trying again won't help.", _KEPT), "attention", "status", _ELSEWHERE),
        "is paused",
        "The provider account is out of credit: add credit or raise its cap.",
    ),
    _K.AUTH_EXPIRED: KindWords(
        Words("You were signed out", ("Sign in to go on.", _KEPT), "info", "alert", ("sign_in", "copy_question")),
        "needs you to sign in",
        "The user's session has ended.",
    ),
    _K.AUTH_CONFIG: KindWords(
        Words(
            "Answers are switched off",
            ("There is a setup problem on our side.", _KEPT),
            "attention",
            "status",
            _ELSEWHERE,
        ),
        "is switched off",
        "The provider refused the key, the account or the model's name.",
    ),
    _K.PERMISSION: KindWords(
        Words(
            "Part of this needs access you don't have",
            ("Ask for access, or ask without that part.",),
            "info",
            "status",
            ("edit_question", "escalate"),
        ),
        "may not open everything it needs",
        "The user may not see a source.",
    ),
    _K.INPUT_TOO_LONG: KindWords(
        Words(
            "That text is too long",
            ("Shorten it, or ask about one part of it.",),
            "info",
            "alert",
            ("edit_question", "escalate"),
        ),
        "can't read a text this long",
        "The input is over the model's or the provider's limit.",
    ),
    _K.INPUT_UNSUPPORTED: KindWords(
        Words(
            "This can't be read here",
            ("Use another format, or type your question instead.",),
            "info",
            "alert",
            ("edit_question", "escalate"),
        ),
        "can't read this format",
        "The file type or the language is not supported.",
    ),
    _K.INPUT_EMPTY_OR_VAGUE: KindWords(
        Words(
            "What would you like to know?",
            ("Add a few words about what you need.",),
            "neutral",
            "status",
            ("edit_question",),
        ),
        "needs to know more",
        "The input is empty or says too little.",
    ),
    _K.OUTPUT_MALFORMED: KindWords(
        Words("The answer came back in a form we can't use", (_KEPT,), "neutral", "status", ("retry", *_ELSEWHERE)),
        "gave an answer we can't use",
        "The output did not parse or does not fit the schema.",
    ),
    _K.OUTPUT_EMPTY: KindWords(
        Words("No answer came back", ("That's on our side.", _KEPT), "attention", "status", ("retry", *_ELSEWHERE)),
        "gave no answer",
        "The call succeeded with blank output.",
    ),
    _K.OUTPUT_TRUNCATED: KindWords(
        Words(
            "The answer was too long to finish",
            ("Ask about one part of it.", _KEPT),
            "info",
            "status",
            ("edit_question", "escalate"),
        ),
        "ran out of room",
        "The output was cut at its length limit.",
    ),
    _K.QUALITY_LOW_CONFIDENCE: KindWords(
        Words(
            "I'm not sure enough to answer this",
            ("What I had may be wrong, so it is not shown.", _KEPT),
            "attention",
            "status",
            ("escalate", "show_sources", "search", "edit_question"),
        ),
        "was not sure enough",
        "The score is missing or under the threshold.",
    ),
    _K.QUALITY_UNSUPPORTED: KindWords(
        Words(
            "The sources don't back this answer",
            ("Check the sources, or ask a person.",),
            "attention",
            "status",
            ("show_sources", "escalate", "search"),
        ),
        "said things its sources don't back",
        "Statements were not found in the sources.",
    ),
    _K.QUALITY_CONFLICT: KindWords(
        Words(
            "Your sources disagree",
            ("Compare them, or ask a person which one counts.",),
            "attention",
            "status",
            ("show_sources", "escalate", "search"),
        ),
        "found sources that disagree",
        "Sources contradict each other.",
    ),
    _K.QUALITY_OUT_OF_SCOPE: KindWords(
        Words(
            "I don't cover this topic",
            ("Ask about another topic, or ask a person.",),
            "neutral",
            "status",
            ("escalate", "search", "edit_question"),
        ),
        "doesn't cover this topic",
        "The question is outside what the assistant is for.",
    ),
    _K.RETRIEVAL_NONE: KindWords(
        Words(
            "No matching pages",
            ("Use a different word, or ask a person.", _KEPT),
            "neutral",
            "status",
            ("edit_question", "escalate"),
        ),
        "found no matching pages",
        "The search found nothing.",
    ),
    _K.RETRIEVAL_DOWN: KindWords(
        Words(
            "I can't open your documents now",
            ("I won't answer from memory.", _AGAIN, _KEPT),
            "attention",
            "status",
            ("retry", "escalate"),
        ),
        "couldn't open your documents",
        "The search store is not available.",
    ),
    _K.SAFETY_REFUSED: KindWords(
        Words(
            "I can't help with that",
            ("Ask in another way, or ask a person.", "Tell us if this is a mistake."),
            "neutral",
            "status",
            ("edit_question", "escalate", "report"),
        ),
        "declined to answer",
        "The model or a content filter refused.",
    ),
    _K.SAFETY_INJECTION: KindWords(
        Words(
            "One source was left out",
            ("It contains instructions aimed at the assistant.", _KEPT),
            "attention",
            "status",
            ("report", "escalate"),
        ),
        "met a source it must not follow",
        "A source holds instructions for the model.",
    ),
    _K.TOOL_FAILED: KindWords(
        Words(
            "The action didn't go through",
            ("Check what was done before you do it again.",),
            "attention",
            "alert",
            ("escalate", "copy_question"),
        ),
        "couldn't finish an action",
        "A tool call failed.",
    ),
    _K.TOOL_PARTIAL: KindWords(
        Words(
            "Only part of it was done",
            ("Check what is done before you repeat anything.",),
            "danger",
            "alert",
            ("escalate", "copy_question"),
        ),
        "did only part of it",
        "Some of several tool calls failed.",
    ),
    _K.CIRCUIT_OPEN: KindWords(
        Words(
            "Answers are paused so the service can recover",
            (_AGAIN, _KEPT),
            "info",
            "status",
            ("wait", *_ELSEWHERE),
        ),
        "is paused so it can recover",
        "The circuit breaker is open after repeated failures.",
    ),
    _K.FALLBACK_EXHAUSTED: KindWords(
        Words(
            "We couldn't answer this",
            ("Every way to answer was tried.", _KEPT),
            "danger",
            "alert",
            ("escalate", "copy_question", "search"),
        ),
        "couldn't answer",
        "Every rung failed.",
    ),
    _K.CACHE_STALE: KindWords(
        Words(
            "This is an old answer",
            ("It was saved on {saved}.", "It may be out of date."),
            "info",
            "status",
            ("new_answer", "escalate"),
        ),
        "has no fresh answer",
        "The cached answer is past its time to live.",
    ),
    _K.HUMAN_UNAVAILABLE: KindWords(
        Words(
            "Nobody can take your question right now",
            (_KEPT,),
            "neutral",
            "status",
            ("copy_question", "search"),
        ),
        "can't take questions right now",
        "The review queue is full or nobody is on duty.",
    ),
    _K.CANCELLED: KindWords(
        Words("Stopped", (_KEPT,), "neutral", "status", ("new_answer", "edit_question")),
        "was stopped",
        "The caller cancelled the call.",
    ),
    _K.INTERNAL: KindWords(
        Words(
            "Something broke on our side",
            ("We lost the answer, sorry.", _KEPT),
            "danger",
            "alert",
            ("escalate", "report", "copy_question"),
        ),
        "couldn't answer",
        "The application raised an unknown error, or sent a bad request.",
    ),
}
