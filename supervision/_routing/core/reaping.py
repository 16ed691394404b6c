"""Sessions that nobody needs go: reaped after so long, evicted for another, put away.

Only idle sessions go, and deciding so is one step: out of the idle list, closed, and a
prompt that comes from now on waits for the successor, which starts when the old one has
cleaned up.  Nothing here looks at more than the oldest idle one.  A key in quarantine
is not reaped before its term is over; it is evicted as any.
"""

from __future__ import annotations

import math
from typing import Any

from actors import CloseReason, SaturatedError, TenantLimitError
from supervision._routing.parts.lane import CLOSING, QUARANTINED, Lane

AT_ONCE = 500  # sessions reaped before others have their turn
PAUSE = 0.001  # seconds between two such


class Reaping:
    """One timer, set to the instant at which the oldest idle one is due.

    Args:
        core: the other parts.
    """

    __slots__ = ("_core", "_timer", "armed")

    def __init__(self, core: Any) -> None:  # Any: its room stands above this one
        self._core = core
        self._timer: Any = None
        self.armed = False
        """Whether nothing is to be done when a session becomes idle."""

    def became_idle(self, lane: Lane) -> None:
        """A lane has nothing to do."""
        core, idle = self._core, self._core.idle
        if lane.older is not None or lane is idle.oldest:  # as `lane in idle`
            return
        idle.add(lane, core.now())
        if core.places.unpromised < 0:  # the limit has been lowered, or one came back
            self.shrink()
        if lane.extra is not None and lane.extra.tenant is not None:
            self._shrink_own(lane.extra.tenant)
        if not self.armed:
            self._arm()
        if core.accepting.waiting.crowd:
            core.accepting.admit_crowd()
        if not core.keeping.plain:
            core.keeping.room()  # this one's, if there is no other

    def nothing_left(self, lane: Lane) -> None:
        """The prompt that a lane was woken for may have been taken back."""
        if lane.busy:
            return
        extra = lane.extra
        if extra is not None and extra.crashes is not None:
            extra.crashes.trial = False  # it was taken back
        if lane.may_rest:
            self.became_idle(lane)
            self._core.turns.open_way(lane)
        elif self._core.places.stands_beside(lane):
            self._core.leaving.forget(lane)

    def passivate(self, lane: Lane) -> bool:
        """Make this one go, if it is idle, or goes already; False: it is not.

        A key in quarantine has no session.  Its entry stays, so that prompts are
        refused, as before, and not accepted to fail.
        """
        core = self._core
        if lane.phase == QUARANTINED:
            return True
        if lane in core.idle:
            core.sessions.close(lane, CloseReason.PASSIVATED)
            return True
        return (
            lane.phase == CLOSING and not lane.busy and not core.sessions.forgets(lane)
        )

    def evict(self, key: str, wanted: int) -> None:
        """Make the longest idle ones go until so many places are unpromised.

        Raises:
            SaturatedError: there are not enough that are idle.
        """
        core = self._core
        while core.places.unpromised < wanted:
            oldest = core.idle.oldest
            if oldest is None:
                raise SaturatedError(key, core.limits.sessions)
            core.sessions.close(oldest, CloseReason.EVICTED)

    def evict_own(self, key: str, tenant: str) -> None:
        """Make the tenant's longest idle ones go until he may have one more.

        Raises:
            TenantLimitError: there are not enough of his that are idle.
        """
        core = self._core
        limit = core.limits.sessions_per_tenant
        while not core.admission.may_own(tenant, limit):
            oldest = core.idle.oldest_of(tenant)
            if oldest is None:
                has = core.admission.owns(tenant)
                raise TenantLimitError(key, tenant, limit, has)
            core.sessions.close(oldest, CloseReason.EVICTED)

    def _shrink_own(self, tenant: str) -> None:
        """As `shrink`, if a tenant has more than one may have."""
        core = self._core
        limit = core.limits.sessions_per_tenant
        while limit is not None and core.admission.owns(tenant) > limit:
            oldest = core.idle.oldest_of(tenant)
            if oldest is None:
                return
            core.sessions.close(oldest, CloseReason.EVICTED)

    def shrink(self) -> None:
        """There are more sessions than may be: idle ones go, the longest idle first.

        Those that are busy go when they become idle.
        """
        core = self._core
        while core.places.unpromised < 0 and core.idle.oldest is not None:
            core.sessions.close(core.idle.oldest, CloseReason.EVICTED)

    def restart(self) -> None:
        """The limits have changed: those that are idle go if there are too many."""
        self.stop()
        self.shrink()
        limit = self._core.limits.sessions_per_tenant
        if limit is not None:
            for tenant in self._core.admission.over(limit):
                self._shrink_own(tenant)
        self._arm()

    def stop(self) -> None:
        """Nothing is reaped any more."""
        self.armed = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        core = self._core
        due = core.idle.next_due(core.limits.idle)
        if due != math.inf and self._timer is None:
            self._timer = core.at(due, self._reap)
        timed = due != math.inf or core.limits.idle == math.inf
        self.armed = timed and core.places.unpromised >= 0

    def _reap(self) -> None:
        self._timer = None
        core = self._core
        now = core.now()
        for _ in range(AT_ONCE):
            oldest = core.idle.due(now, core.limits.idle)
            if oldest is None:
                self._arm()
                return
            if oldest.phase == QUARANTINED and self._is_kept_out(oldest, now):
                core.idle.remove(oldest)
                core.idle.add(oldest, now)  # it is looked at again after as long
                continue
            core.sessions.close(oldest, CloseReason.REAPED)
        self._timer = core.at(now + PAUSE, self._reap)

    def _is_kept_out(self, lane: Lane, now: float) -> bool:
        """Whether the term of its quarantine is not over: here it is remembered."""
        crashes = lane.extra.crashes if lane.extra is not None else None
        return crashes is not None and now < crashes.until
