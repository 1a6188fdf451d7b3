from __future__ import annotations

import json
import warnings

import gradio as gr
import pytest
from gradio_client.utils import json_schema_to_python_type

from fallbackkit import Outcome, ui
from fallbackkit.ui import views
from fallbackkit.ui._stylesheet import bridge, script, stylesheet
from stories import outcome_card as answers
from tests.ui.html import elements
from tests.ui.shelf import COMPONENTS, STORIES

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
CLASSES = {name: getattr(ui, "".join(part.capitalize() for part in name.split("_"))) for name in COMPONENTS}
TAKES_AN_OUTCOME = [name for name, each in CLASSES.items() if hasattr(each.model, "of") or each.model is Outcome]
each = pytest.mark.parametrize("story", STORIES, ids=str)
components = pytest.mark.parametrize("name", COMPONENTS)


@each
def test_what_can_be_pressed_can_be_listened_to(story):
    """Every action of every state is an event of its class, and so is ``action``, which hears all."""
    listened = {str(event) for event in CLASSES[story.component].EVENTS}
    pressed = {
        node.get(name)
        for node in elements(story.drawn())
        for name in ("data-action", "data-due", "data-off", "data-opened")
        if node.get(name)
    }
    assert pressed <= listened
    assert "action" in listened


@each
def test_a_value_travels_to_the_browser_and_back(story):
    """As JSON that a browser can read; what comes back draws the same again."""
    component = CLASSES[story.component]()
    sent = json.loads(json.dumps(component.postprocess(story.make()), allow_nan=False))
    back = component.preprocess(sent)
    assert (sent["data"] is None) == (back is None)
    assert back is None or isinstance(back, component.model)
    assert back is None or component.public(back).model_dump_json(exclude_defaults=True) == sent["data"]


@pytest.mark.parametrize("name", TAKES_AN_OUTCOME)
def test_a_handler_may_return_an_outcome(name):
    """Of each status; the component keeps of it what it shows, and never an answer that was withheld."""
    component = CLASSES[name]()
    for story in STORIES:
        if story.component == "outcome_card":
            sent = component.postprocess(story.make())
            assert (sent["data"] is None) == (component.preprocess(json.loads(json.dumps(sent))) is None)
    withheld = answers.answered().model_copy(update={"status": "awaiting_review"})
    assert "carry over" not in json.dumps(component.postprocess(withheld)["data"])


@components
def test_a_component_describes_itself_to_programs(name):
    """The schema of its value can be read by Gradio's client, which cannot follow references."""
    described = CLASSES[name]().api_info()
    assert "$ref" not in json.dumps(described)
    assert json_schema_to_python_type(described)


@components
def test_templates_are_constants(name):
    """What Gradio compiles in the browser is never built from data."""
    story = next(story for story in STORIES if story.component == name)
    held, bare = CLASSES[name](story.make()), CLASSES[name]()
    assert "" == held.html_template == bare.html_template
    assert ("", bridge()) == (held.css_template, held.js_on_load)
    assert bare.head == held.head


@components
def test_it_is_used_like_any_component_of_gradio(name):
    """Made inside Blocks, filled by a handler, and listened to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with gr.Blocks(analytics_enabled=False) as app:
            component = CLASSES[name]()
            component.action(lambda: None, outputs=component)
    assert [(component._id, "action")] == next(iter(app.fns.values())).targets


@components
def test_it_says_how_it_is_used(name):
    """A docstring that begins with a sentence, for the class and for its view."""
    for documented in (CLASSES[name], getattr(views, name)):
        first = documented.__doc__.strip().splitlines()[0]
        assert first.endswith((".", ":")) or "." in documented.__doc__
        assert len(first) > 20


def test_style_and_script_stay_small():
    """Both together are under 60 kB, and ask nobody for anything."""
    assert len(stylesheet().encode()) + len(script().encode()) < 60_000
    assert "url(" not in stylesheet()
    assert "@import" not in stylesheet()
    assert "fetch(" not in script()
    assert "http" not in script()
