"""The books of restarts: who is over a limit, and what happened lately.

Pure: time comes in as a number.  The window is that of `RestartLimit`: it slides, and
both its ends count.
"""

from __future__ import annotations

import math
from collections import deque

from actors import Exit
from supervision._trees.policies import RestartLimit, RestartRecord

# Records kept for a person; stamps are kept as the limit needs them.  Each keeps its
# exception alive, and with it the actor that crashed: few are enough.
LATEST = 20


Entry = tuple[float, str, Exit, float]
"""A `RestartRecord` before somebody looks: when, who, why, after which delay."""


class Ledger:
    """The restarts that count for one limit, and the latest as records."""

    __slots__ = ("_latest", "_restarts", "_stamps", "_within")

    def __init__(self, limit: RestartLimit | None) -> None:
        self._restarts: float = math.inf if limit is None else limit.restarts
        self._within = 0.0 if limit is None else limit.within
        self._stamps: deque[float] = deque()  # those that count
        self._latest: deque[Entry] = deque(maxlen=LATEST)

    def charge(self, entry: Entry) -> bool:
        """Enter a restart; False if it is one too many."""
        self._latest.append(entry)
        now = entry[0]
        stamps = self._stamps
        stamps.append(now)
        while stamps[0] + self._within < now:
            stamps.popleft()
        return len(stamps) <= self._restarts

    def records(self) -> tuple[RestartRecord, ...]:
        """The latest, oldest first."""
        return tuple(RestartRecord(*each) for each in self._latest)

    def counted(self) -> tuple[RestartRecord, ...]:
        """Those of the latest that count, oldest first."""
        return self.records()[-len(self._stamps) :] if self._stamps else ()
