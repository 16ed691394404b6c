"""The idle sessions, in the order in which they became idle.  Pure.

A list through the lanes themselves: adding, removing and finding the oldest take the
same time for ten as for a million, and no memory of their own.  The order is both the
order of reaping (every session is idle for as long before it is reaped) and that of
eviction (the least recently used goes first; ties in the order of becoming idle).

Those of a tenant are also in a line of their own, in the same order, so that finding
his oldest looks at nobody else's.
"""

from __future__ import annotations

import math
from collections import OrderedDict

from .lane import Lane


class IdleList:
    """A list of lanes; a lane is in it at most once."""

    __slots__ = ("_members", "_own", "oldest", "youngest")

    def __init__(self) -> None:
        self.oldest: Lane | None = None
        self.youngest: Lane | None = None
        self._members = 0
        # {tenant: his, the oldest first}; a dict would look for its first one by one
        self._own: dict[str, OrderedDict[Lane, None]] = {}

    def __len__(self) -> int:
        return self._members

    def __contains__(self, lane: Lane) -> bool:
        return lane.older is not None or lane is self.oldest

    def due(self, now: float, after: float) -> Lane | None:
        """The oldest, if it has been idle for `after` seconds: it is to be reaped."""
        oldest = self.oldest
        return oldest if oldest is not None and oldest.since + after <= now else None

    def next_due(self, after: float) -> float:
        """The instant at which `due` will find one, if nothing happens; inf: never."""
        return math.inf if self.oldest is None else self.oldest.since + after

    def oldest_of(self, tenant: str) -> Lane | None:
        """The oldest of a tenant's; None: none of his is idle."""
        own = self._own.get(tenant)
        return next(iter(own)) if own is not None else None

    def count_of(self, tenant: str) -> int:
        """How many of a tenant's are idle."""
        return len(self._own.get(tenant, ()))

    def add(self, lane: Lane, now: float) -> None:
        """Add one as the youngest."""
        lane.since = now
        older = self.youngest
        lane.older = older
        if older is None:
            self.oldest = lane
        else:
            older.younger = lane
        self.youngest = lane
        self._members += 1
        extra = lane.extra
        if extra is not None and extra.tenant is not None:
            own = self._own.get(extra.tenant)
            if own is None:
                own = self._own[extra.tenant] = OrderedDict()
            own[lane] = None

    def remove(self, lane: Lane) -> bool:
        """Remove one; False if it is not in the list."""
        if lane not in self:
            return False
        older, younger = lane.older, lane.younger
        if older is None:
            self.oldest = younger
        else:
            older.younger = younger
        if younger is None:
            self.youngest = older
        else:
            younger.older = older
        lane.older = lane.younger = None
        self._members -= 1
        extra = lane.extra
        if extra is not None and extra.tenant is not None:
            own = self._own.get(extra.tenant)
            if own is not None:
                own.pop(lane, None)  # its tenant may have become known just now
                if not own:
                    del self._own[extra.tenant]
        return True
