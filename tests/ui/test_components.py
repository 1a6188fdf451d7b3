from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import gradio as gr
import pytest
from hypothesis import given, settings

from fallbackkit import Answer, Outcome, ui
from fallbackkit.messages import ActionId
from fallbackkit.ui import _components
from fallbackkit.ui._stylesheet import bridge, fonts, stylesheet
from stories import outcome_card as stories
from tests.ui.corpus import HOSTILE, outcomes, poisoned

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

CARDS = (ui.AnsweredBy, ui.ConfidenceMeter, ui.ErrorCard, ui.EscalationTracker, ui.OutcomeCard, ui.SourceList)


def test_every_public_name_is_there():
    """The list of public names is sorted, and each of them loads."""
    assert ui.__all__ == sorted(ui.__all__)
    assert all(getattr(ui, name) for name in ui.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        ui.Nothing  # noqa: B018


def test_without_gradio_one_sentence_says_what_to_install():
    """A missing Gradio is an ImportError that names the remedy."""
    code = "import sys; sys.modules['gradio'] = None; import fallbackkit.ui as ui; ui.OutcomeCard"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)  # noqa: S603
    assert "ImportError: fallbackkit.ui.OutcomeCard needs Gradio: pip install 'fallbackkit[ui]'" in done.stderr


def test_gradio_writes_no_files_beside_ours():
    """Making a component leaves no interface file in the package."""
    assert not list(Path(_components.__file__).parent.glob("*.pyi"))


@pytest.mark.parametrize("card", CARDS)
def test_templates_are_constants(card):
    """What Gradio compiles in the browser is never built from data."""
    held = card(poisoned(HOSTILE[0]))
    assert held.html_template == ""
    assert (held.css_template, held.js_on_load) == ("", bridge())
    assert held.head == card().head


@pytest.mark.parametrize("action", [*get_args(ActionId), "action", "copy_reference"])
def test_every_action_can_be_listened_to(action):
    """Each action that the words offer is an event of the card."""
    with gr.Blocks(analytics_enabled=False) as app:
        card = ui.OutcomeCard()
        getattr(card, action)(lambda: None, outputs=card)
    assert [fn.targets for fn in app.fns.values()] == [[(card._id, action)]]


@given(outcomes)
@settings(max_examples=60)
def test_any_outcome_travels_to_the_browser_and_back(outcome):
    """What is sent is JSON that a browser can read, and comes back as an Outcome."""
    card = ui.OutcomeCard()
    payload = json.loads(json.dumps(card.postprocess(outcome), allow_nan=False).encode())
    back = card.preprocess(payload)
    assert back.status == outcome.status
    assert back.trail == () or len(back.trail) == len(outcome.trail)
    assert card.preprocess(card.postprocess(None)) is None


@pytest.mark.parametrize("status", ["awaiting_review", "unavailable"])
def test_a_withheld_answer_does_not_leave_the_server(status):
    """Neither the HTML nor the data for programs holds an answer that must not be seen."""
    sent = ui.OutcomeCard().postprocess(stories.answered().model_copy(update={"status": status}))
    assert "carry over" not in json.dumps(sent)


def test_loose_data_does_not_leave_the_server():
    """A model cannot make Gradio serve a file by answering with what looks like one."""
    trap = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    sent = ui.OutcomeCard().postprocess(Outcome(status="answered", answer=Answer(text="x", data=trap)))
    assert "passwd" not in json.dumps(sent)


def test_the_theme_asks_no_other_host():
    """Fonts and styles travel inside the stylesheet, which stays small."""
    css = ui.theme()._get_theme_css()
    rest = re.sub(r"url\(\"data:[^\"]*\"\)|url\(data:[^)]*\)", "", css)
    assert re.findall(r"url\(.*|@import.*|https?://.*", rest) == []
    assert ui.theme()._stylesheets == []
    assert len(css) < 150_000
    assert fonts().count("@font-face") == 6


def test_the_stylesheet_touches_only_our_own_parts():
    """Every rule is about a class that begins with fk-, so no page is changed by it."""
    bare = re.sub(r"/\*.*?\*/", "", stylesheet(), flags=re.DOTALL)
    heads = [each.strip() for each in re.findall(r"([^{}]+)\{", bare)]
    motions = [each.split()[1] for each in heads if each.startswith("@keyframes")]
    selectors = [
        one.strip()
        for each in heads
        if not each.startswith("@") and not (motions and each in {"from", "to"})
        for one in re.split(r",(?![^()]*\))", each)
    ]
    assert [each for each in selectors if not re.search(r"\.fk\b", each)] == []
    assert [each for each in motions if not each.startswith("fk-")] == []
    assert re.search(r"(?<!-)(margin|padding|border)-(left|right)|(?<![-\w])(left|right):", bare) is None
