"""A gallery of components: every state side by side, from one file a component and one function a state."""

from __future__ import annotations

from fallbackkit.stories._app import gallery, serve
from fallbackkit.stories._build import build
from fallbackkit.stories._code import code_of
from fallbackkit.stories._shelf import Broken, Component, Shelf, Story, shipped

__all__ = ["Broken", "Component", "Shelf", "Story", "build", "code_of", "gallery", "serve", "shipped"]
