from __future__ import annotations

from fallbackkit.review._queue import ReviewQueue
from fallbackkit.review._types import (
    Answered,
    Approved,
    Claim,
    ClaimLost,
    Decision,
    Edited,
    Item,
    Rejected,
    ReviewEvent,
    ReviewRequest,
    UnknownTicket,
)

__all__ = [
    "Answered",
    "Approved",
    "Claim",
    "ClaimLost",
    "Decision",
    "Edited",
    "Item",
    "Rejected",
    "ReviewEvent",
    "ReviewQueue",
    "ReviewRequest",
    "UnknownTicket",
]
