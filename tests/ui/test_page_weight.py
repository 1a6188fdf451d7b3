from __future__ import annotations

import json

import gradio as gr
import pytest

from fallbackkit.ui import CostMeter, HealthPanel, LatencyWaterfall, OutcomeCard
from stories import health_panel, outcome_card
from tests.ui.html import parsed
from tests.ui.test_browser import served

pytestmark = [
    pytest.mark.filterwarnings("default"),  # Gradio's server warns in its own threads
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


def bearers(app):
    """For each component of ours, in order, whether it brings the stylesheet and the script along."""
    return ["head" in each["props"] for each in app.get_config_file()["components"] if each["type"] == "html"]


def test_one_component_of_a_page_brings_the_stylesheet():
    """However many there are, and of whatever kind; a page of many does not carry it many times."""
    with gr.Blocks(analytics_enabled=False) as app:
        with gr.Row(), gr.Column():
            OutcomeCard()
        HealthPanel()
        LatencyWaterfall()
        CostMeter()
    assert [True, False, False, False] == bearers(app)


def test_what_may_not_be_drawn_with_the_page_is_not_relied_on():
    """A hidden one, and one in a tab or a fold, may come later than the others, and so brings its own."""
    with gr.Blocks(analytics_enabled=False) as app:
        with gr.Tabs(), gr.Tab("Answers"):
            OutcomeCard()
        with gr.Accordion("Services", open=False):
            HealthPanel()
        OutcomeCard(visible=False)
        with gr.Column(visible=False):
            CostMeter()
        OutcomeCard()
        OutcomeCard()
    assert [True, True, True, True, True, False] == bearers(app)


def test_every_page_of_an_app_brings_its_own():
    """A visitor may come to the second one first."""
    with gr.Blocks(analytics_enabled=False) as app:
        OutcomeCard()
    with app.route("Second"):
        OutcomeCard()
        OutcomeCard()
    assert [True, True, False] == bearers(app)


def test_a_component_is_light():
    """What the browser learns of one is the card, and its value once more in short."""
    with gr.Blocks(analytics_enabled=False) as app:
        OutcomeCard()
        card = OutcomeCard(outcome_card.answered())
    told = app.get_config_file()["components"][-1]
    assert len(json.dumps(told)) < len(json.dumps(card.value)) + 6_000
    assert isinstance(card.value["data"], str)
    assert "null" not in card.value["data"]


def test_a_program_may_send_the_value_as_an_object():
    """Text is what the browser sends back; a caller of the API need not write JSON into JSON."""
    card = OutcomeCard()
    sent = card.postprocess(outcome_card.answered())
    assert outcome_card.answered().text == card.preprocess({"data": json.loads(sent["data"])}).text
    assert card.preprocess(sent) == card.preprocess({"data": json.loads(sent["data"])})


def test_those_that_bring_nothing_are_styled_and_work(page):
    """The second card has its rail, opens, and still does so after an update from Python."""
    with gr.Blocks(analytics_enabled=False) as app:
        HealthPanel(health_panel.slow())
        card = OutcomeCard(outcome_card.degraded_smaller_model())
        card.escalate(outcome_card.unavailable, None, card)
    with served(app) as url:
        page.goto(url)
        page.locator(".fk-outcome-card .fk-card").wait_for()
        toggle = page.locator("[data-toggle=trail]")
        toggle.press("Enter")
        assert page.locator(".fk-steps-table").is_visible()
        width = "getComputedStyle(document.querySelector('.fk-outcome-card .fk-card'), '::before').inlineSize"
        assert "4px" == page.evaluate(width)
        page.get_by_role("button", name="Ask a person").click()
        page.locator(".fk-outcome-card[data-status=unavailable]").wait_for()
        assert "true" == toggle.get_attribute("aria-expanded")
        assert "Every way to answer was tried." in "".join(parsed(page.locator(".fk-notice").inner_html()).itertext())
