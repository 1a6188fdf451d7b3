"""What a model's SDK returned or raised, as an ``Answer`` or a ``Failure``.

Everything is recognised by its attributes and the names of its classes; no SDK is imported.
"""

from __future__ import annotations

from fallbackkit.providers._classify import classify
from fallbackkit.providers._provider import Provider
from fallbackkit.providers._read import read
from fallbackkit.providers._unmapped import unmapped

__all__ = ["Provider", "classify", "read", "unmapped"]
