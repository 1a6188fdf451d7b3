from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

from fallbackkit.errors import FailureKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fallbackkit.errors import Failure

__all__ = ["Alerts"]

_MOST = 200


class Alerts:
    """Counts what only the owner can mend, and says when it is time to tell of it.

    That is a bug, a wrong setting or an empty account: a fallback serves people meanwhile, and would
    hide it. Each class of error is told of the first time, the tenth, the hundredth, and so on. Safe to
    share between threads and tasks.
    """

    def __init__(self) -> None:
        self._times: Counter[str] = Counter()
        self._lock = threading.Lock()

    def note(self, failure: Failure) -> int:
        """How often this has happened, if that is to be told now; else 0."""
        if not (failure.kind.ours or failure.kind is FailureKind.QUOTA_BILLING):
            return 0
        what = name_of(failure)
        with self._lock:
            if what not in self._times and len(self._times) >= _MOST:
                return 0
            self._times[what] += 1
            times = self._times[what]
        return times if set(str(times)[1:]) <= {"0"} and str(times)[0] == "1" else 0

    def counts(self) -> Mapping[str, int]:
        """How often each happened, most often first: "package.Class, kind", and "(no rule knows it)" of a gap."""
        with self._lock:
            return dict(self._times.most_common())


def name_of(failure: Failure) -> str:
    """The class, the kind, and whether that is only for want of a rule; no text of the error."""
    error = failure.error
    where = failure.gap or (f"{type(error).__module__}.{type(error).__qualname__}" if error is not None else "no error")
    return f"{where}, {failure.kind}" + (" (no rule knows it)" if failure.gap else "")
