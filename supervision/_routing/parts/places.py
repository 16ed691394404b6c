"""`Places`: who may have a session.  Pure.

A lane with a place counts against `Limits.sessions`; one without waits in line until
another has gone, its clean-up included, so there are never more sessions than allowed.
A place is *promised* to each lane in line; a session that is leaving makes one more
that can be promised.

A lane of which nothing can begin stands *beside*: it has no place, and waits for none,
until it comes back.  So many may stand there as there are places.
"""

from __future__ import annotations

from .lane import PLACE, Lane


class Places:
    """A number of places, and the line of those who wait for one.

    Args:
        limit: how many there are.
    """

    __slots__ = ("_beside", "_line", "leaving", "limit", "used")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        """Lanes that have a place: all but those in line, or beside."""
        self.leaving = 0
        """Of these: will give it back soon."""
        self._line: dict[Lane, None] = {}  # in PLACE, first come first served
        self._beside: set[Lane] = set()  # in PLACE too

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._line)

    @property
    def unpromised(self) -> int:
        """How many places are free, or will be soon, and promised to nobody.

        Below 0 when the limit has been lowered.
        """
        return self.limit - self.used + self.leaving - len(self._line)

    def enter(self, lane: Lane) -> bool:
        """A new lane takes a place (True), or stands in line."""
        if self.used < self.limit and not self._line:
            self.used += 1
            return True
        self._line[lane] = None
        return False

    def leave(self, lane: Lane) -> None:
        """It is forgotten: its place is free, or it has left the line."""
        if lane in self._beside:
            self._beside.discard(lane)
        elif lane.phase == PLACE:
            self._line.pop(lane, None)
        else:
            self.used -= 1

    def step_aside(self, lane: Lane) -> bool:
        """It stands beside from now on; False: too many do, it stays where it is."""
        if lane in self._beside:
            return True
        if len(self._beside) >= self.limit:
            return False
        self.leave(lane)
        self._beside.add(lane)
        lane.phase = PLACE
        return True

    def stands_beside(self, lane: Lane) -> bool:
        """Whether it has no place, and waits for none."""
        return lane in self._beside

    def step_back(self, lane: Lane) -> bool:
        """It takes a place again (True), or stands in line for one."""
        self._beside.discard(lane)
        return self.enter(lane)

    def next(self) -> Lane | None:
        """Give a free place to the first in line; None: there is none, or nobody."""
        if not self._line or self.used >= self.limit:
            return None
        lane = next(iter(self._line))
        del self._line[lane]
        self.used += 1
        return lane

    def is_leaving(self, lane: Lane) -> bool:
        """Whether its place is counted as free soon."""
        return lane.extra is not None and lane.extra.leaving

    def will_leave(self, lane: Lane) -> bool:
        """It will give its place back soon; False: that is known."""
        extra = lane.need_extra()
        if extra.leaving:
            return False
        extra.leaving = True
        self.leaving += 1
        return True

    def will_stay(self, lane: Lane) -> bool:
        """It keeps its place after all, or has given it back; False: that is known."""
        extra = lane.extra
        if extra is None or not extra.leaving:
            return False
        extra.leaving = False
        self.leaving -= 1
        return True
