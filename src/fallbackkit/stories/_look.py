from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from markupsafe import Markup

from fallbackkit.stories._code import call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fallbackkit.stories._shelf import Component

__all__ = ["PRESENT", "SWITCHES", "Look"]

PRESENT = datetime(2026, 10, 14, 12, 20, tzinfo=UTC)
_DIRECTION = re.compile(r' dir="(?:ltr|rtl)"')

SWITCHES: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "theme": ("Theme", (("light", "Light"), ("dark", "Dark"))),
    "width": ("Width", (("fit", "Fit"), ("320", "320"), ("360", "360"), ("768", "768"), ("full", "Full"))),
    "locale": ("Language", (("en", "en"), ("de", "de"), ("ar", "ar"), ("en-XA", "en-XA"))),
    "direction": ("Direction", (("auto", "Own"), ("ltr", "→"), ("rtl", "←"))),
    "clock": ("Clock", (("off", "Stopped"), ("on", "Running"))),
}
"""What can be chosen: its name, and the values with theirs. The first value is the usual one."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the states are shown. It is all in the address, so that a link shows the same again.

    Attributes:
        vt: Whether two pictures of the page have to be the same: nothing moves, counts or blinks.
    """

    theme: str = "light"
    width: str = "fit"
    locale: str = "en"
    direction: str = "auto"
    clock: str = "off"
    vt: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Look:
        """What an address asks for; what it asks for in vain is left as usual."""
        known: Any = {
            name: query[name] for name, (_, values) in SWITCHES.items() if name in query and query[name] in dict(values)
        }
        return cls(**known, vt=query.get("vt") == "1")

    def query(self, **changes: str) -> str:
        """The address that restores it, from its ``?`` on; empty where all is as usual."""
        given: Any = changes
        changed = replace(self, **given)
        said = [(name, getattr(changed, name)) for name in SWITCHES if getattr(changed, name) != _usual(name)]
        said += [("vt", "1")] if changed.vt else []
        return f"?{urlencode(said)}" if said else ""

    @property
    def reader(self) -> dict[str, Any]:
        """For whom the states are drawn."""
        return {"now": PRESENT, "tz": ZoneInfo("Europe/Berlin"), "locale": self.locale}

    def drawn(self, component: Component, value: object) -> Markup:
        """The state, as the reader sees it."""
        markup = component.view(value, **self.reader)
        if self.direction == "auto":
            return Markup(markup)  # noqa: S704 - a view escapes what it shows
        return Markup(_DIRECTION.sub(f' dir="{self.direction}"', str(markup), count=1))  # noqa: S704 - the same

    def code(self, component: Component, value: object) -> str:
        """Python that draws the state as it is shown, but for a direction that is not the language's own."""
        given = {name: each for name, each in self.reader.items() if (name, each) != ("locale", "en")}
        return call(value, component.view, **given)


def _usual(name: str) -> Any:
    return next(field.default for field in fields(Look) if field.name == name)
