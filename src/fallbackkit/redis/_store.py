from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from typing import TYPE_CHECKING

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from fallbackkit import _checks
from fallbackkit.redis._connection import Connection, Script

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Sequence

    from fallbackkit.events import StoreLost, StoreRestored

__all__ = ["RedisStore"]
