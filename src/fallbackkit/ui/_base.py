from __future__ import annotations

import base64
from abc import ABCMeta
from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import gradio as gr
from gradio.component_meta import ComponentMeta, updateable
from gradio.events import EventListener
from pydantic import BaseModel

from fallbackkit._clock import Clock, SystemClock
from fallbackkit.ui._stylesheet import bridge, script, stylesheet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from markupsafe import Markup

    from fallbackkit.messages import Messages
    from fallbackkit.ui.views._reader import For

__all__ = ["Rendered", "View", "events"]

P = TypeVar("P", bound=BaseModel)

_KEPT = ("type", "anyOf", "items", "prefixItems", "enum", "const", "format")
_ALWAYS_DRAWN = (gr.Blocks, gr.Column, gr.Row, gr.Group)


@cache
def head() -> str:
    """Stylesheet and script, which Gradio puts on the page once however many components bring them."""
    css = base64.b64encode(stylesheet().encode()).decode()
    return f'<link rel="stylesheet" href="data:text/css;base64,{css}"><script>{script()}</script>'


class Quiet(ComponentMeta):
    """Gradio's metaclass writes a ``.pyi`` file beside the source of each new class; this one does not."""

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> Any:
        if "__init__" in attrs:
            attrs["__init__"] = updateable(attrs["__init__"])  # type: ignore[no-untyped-call]
        attrs |= {str(event): event.listener for event in attrs.get("EVENTS", ())}
        return ABCMeta.__new__(cls, name, bases, attrs)


def events(*names: str) -> Any:  # Gradio's own classes disagree on the type
    """Listeners for these actions, and for ``action``, which hears every one of them."""
    return [EventListener(name) for name in (*names, "action")]


class Rendered(gr.HTML, metaclass=Quiet):
    """A view on a page: shows the HTML that its handlers return, and raises an event an action."""

    EVENTS = events("claim")

    def __init__(self, value: Any = None, **kwargs: Any) -> None:
        super().__init__(
            value,
            html_template="",  # the bridge draws: Gradio would compile a template and compare all of it, each time
            js_on_load=bridge(),
            head=head(),
            apply_default_css=False,
            **kwargs,
        )

    def get_config(self) -> dict[str, Any]:  # type: ignore[override]
        """What the browser needs to know. Only one component of a page brings the stylesheet and the script along.

        Gradio reads them once a component otherwise, which would be most of the time that a page of many takes.
        """
        config = super().get_config()
        first = _bearer(self) if _is_drawn(self) else None
        return config if first in {None, self} else config | {"head": None}

    def postprocess(self, value: Markup | None) -> dict[str, Any]:  # type: ignore[override]
        return {"html": str(value or "")}

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "properties": {"html": {"type": "string"}}}

    def example_payload(self) -> dict[str, Any]:
        return {"html": ""}

    def example_value(self) -> None:
        return None


def _is_drawn(block: Any) -> bool:
    """Whether the browser draws it with the page: it is not made later, and not in a part that may be closed."""
    if block.rendered_in is not None:
        return False
    above = block
    while above is not None and above.visible is True:
        above = above.parent
        if above is not None and type(above) not in _ALWAYS_DRAWN:
            return False
    return above is None


def _bearer(component: Rendered) -> Rendered | None:
    """The component of the same page that brings along what all of them need."""
    root: Any = component
    while root.parent is not None:
        root = root.parent
    blocks = getattr(root, "blocks", {}).values()
    return next(
        (each for each in blocks if isinstance(each, Rendered) and each.page == component.page and _is_drawn(each)),
        None,
    )


class View(Rendered, Generic[P]):
    """A component with a value of its own type: ``view`` draws what ``model`` holds.

    A subclass names both, and its events. See ``OutcomeCard`` for the arguments.
    """

    EVENTS = events()
    view: ClassVar[Callable[..., Markup]]
    model: ClassVar[type[BaseModel]]

    def __init__(
        self,
        value: P | Callable[[], P | None] | None = None,
        *,
        tz: tzinfo | None = None,
        locale: str = "en",
        actions: Sequence[str] | None = None,
        messages: Messages | None = None,
        clock: Clock | None = None,
        **kwargs: Any,
    ) -> None:
        self._tz, self._locale, self._clock = tz, locale, clock or SystemClock()
        self._messages = messages
        self._actions = None if actions is None else frozenset(actions) | {"copy_reference"}
        super().__init__(value, **kwargs)

    def postprocess(self, value: Any) -> dict[str, Any]:  # type: ignore[override]
        """The value, or what its type can make of another: of an ``Outcome``, above all."""
        made = getattr(self.model, "of", None)
        shown: P | None = value if made is None or value is None or isinstance(value, self.model) else made(value)
        public = self.public(shown)
        data = None if public is None else public.model_dump_json(exclude_defaults=True)
        return {"html": str(self.drawn(shown)), "data": data}  # an object, the browser would watch part by part

    def drawn(self, value: P | None) -> Markup:
        """The value as HTML, for this component's reader, now."""
        return type(self).view(value, **self.reader())

    def reader(self) -> For:
        """For whom it is drawn, now."""
        now = datetime.fromtimestamp(self._clock.time(), UTC)
        return {
            "now": now,
            "tz": self._tz,
            "locale": self._locale,
            "actions": self._actions,
            "messages": self._messages,
        }

    def public(self, value: P | None) -> P | None:
        """As much of the value as may leave the server."""
        return value

    def preprocess(self, payload: dict[str, Any] | None) -> P | None:  # type: ignore[override]
        """What is on the screen. It comes from the browser: fine to show again, not to decide by."""
        data = (payload or {}).get("data")
        if isinstance(data, str):
            return self.model.model_validate_json(data)  # type: ignore[return-value]
        return self.model.model_validate(data) if data else None  # type: ignore[return-value]

    def api_info(self) -> dict[str, Any]:
        """The HTML, and the value behind it: JSON as text, or as an object where a program sends it."""
        data = {"type": "string", "contentMediaType": "application/json", "contentSchema": _schema(self.model)}
        return {"type": "object", "properties": {"html": {"type": "string"}, "data": data}}


@cache
def _schema(model: type[BaseModel]) -> Any:
    """As Gradio's client can read it, and short, as each component carries it thrice: names and types, one level deep.

    The client may follow references for ever, and does not know a bare ``false``.
    """
    schema = model.model_json_schema(mode="serialization")
    return _short(schema, schema.pop("$defs", {}))


def _short(part: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_short(each, definitions) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return {"type": definitions[name].get("type", "object"), "title": name}
    fields = part.get("properties")
    kept = {key: _short(part[key], definitions) for key in _KEPT if key in part}
    return kept if fields is None else kept | {"properties": {k: _short(v, definitions) for k, v in fields.items()}}
