"""How sessions come: a lane, a place for it, its actor.

A lane with a place counts against `Limits.sessions`; one without waits in line until
another has gone, its clean-up included, so there are never more sessions than allowed.
"""

from __future__ import annotations

import math
from typing import Any

from actors import (
    ActorStoppedError,
    CloseReason,
    Crashed,
    Failed,
    SaturatedError,
    SessionOpened,
    SessionStartError,
)
from actors.hosting import (
    ASLEEP,
    GONE,
    OPEN,
    PLACE,
    READY,
    STARTING,
    UNSET,
    Lane,
    Props,
    actor_of,
)

from .turns import Turns

IDS = 1_000_000_000  # ids of one incarnation of the router


class Places(Turns):
    """The part of the router that starts and ends sessions."""

    __slots__ = ()

    # -------------------------------------------------------------------- places

    @property
    def unpromised(self) -> int:
        """How many places are free, or will be soon, and promised to nobody."""
        return self.limits.sessions - self.used + self.leaving - len(self.line)

    def find_place(self, key: str) -> None:
        """See that one more lane will have a place, now or soon.

        Raises:
            SaturatedError: none is idle.
        """
        if self.unpromised > 0:
            return
        if self.crowd and not self.admitting:
            raise SaturatedError(key, self.limits.sessions)
        self.evict(key, 1)

    def evict(self, key: str, wanted: int) -> None:
        """Make the longest idle ones go until so many places are unpromised.

        Raises:
            SaturatedError: there are not enough that are idle.
        """
        while self.unpromised < wanted:
            oldest = self.idle.oldest
            if oldest is None:
                raise SaturatedError(key, self.limits.sessions)
            self.close_lane(oldest, CloseReason.EVICTED)

    def new_lane(self, key: str) -> Lane:
        """Make a lane; the caller has found a place for it."""
        if self.events is None:
            hub = self._seat.hub
            self.events = hub.events
            self.clock = hub.now
            # the ids of an incarnation before are never used again
            self.turn_ids = base = (self._seat.incarnation - 1) * IDS
            self.ids += base
            self.unused += base
        lane = self.lanes[key] = Lane(key, self, self.now())
        if self.used < self.limits.sessions and not self.line:
            self.used += 1
            lane.phase = ASLEEP
        else:
            self.line.append(lane)
        return lane

    def fill_places(self) -> None:
        """Give free places to those who wait in line."""
        while self.line and self.used < self.limits.sessions:
            lane = self.line.popleft()
            if lane.phase != PLACE:
                continue
            self.used += 1
            lane.phase = ASLEEP
            if lane.busy:
                self.spawn(lane)
            else:
                self.forget(lane)
        self.admit_crowd()

    def forget(self, lane: Lane) -> None:
        """Take a lane out of the map."""
        self.idle.remove(lane)
        if lane.phase != PLACE:
            self.used -= 1
        lane.phase = GONE
        lane.state = None
        if self.lanes.get(lane.key) is lane:
            del self.lanes[lane.key]
        extra = lane.extra
        if extra is not None:
            if extra.timer is not None:
                extra.timer.cancel()
            owner = extra.owner
            if owner is not None:
                left = self.owners[owner] - 1
                if left:
                    self.owners[owner] = left
                else:
                    del self.owners[owner]
            self.admit_parked(lane)
        self.look_again()
        self.fill_places()

    # ------------------------------------------------------------------- starting

    def spawn(self, lane: Lane) -> None:
        """Start a session for a lane that has a place."""
        self.idle.remove(lane)
        lane.phase = STARTING
        lane.generation += 1
        try:
            ref = self.start(self.make, *self.args, name=self._name(lane))
        except ActorStoppedError:  # the router is ending: `stopped` has the prompts
            lane.generation -= 1
            return
        except BaseException as error:
            self._stillborn(lane, error)
            if isinstance(error, Exception):
                return  # noqa: ASYNC104 - no Cancelled of a plain def
            raise
        session = actor_of(ref)
        lane.session = session
        session._lane = lane
        if lane.state is UNSET:
            lane.state = session.initial_state
        self.opened += 1
        self.tell(SessionOpened, lane.key, lane.generation)
        props: Props = session.props
        if not props.started:
            self.session_ready(lane, session)
            return
        ref.tell_nowait(READY)
        if self.limits.start_within != math.inf:
            deadline = self.now() + self.limits.start_within
            extra = lane.need_extra()
            extra.timer = self.at(deadline, lambda: self._overdue(lane, session))

    def _name(self, lane: Lane) -> str:
        """The last part of its path: the key, as far as a path can have it."""
        key = lane.key
        name = key.replace("%", "%25").replace("/", "%2F") if "/" in key else key
        # one that was given up may still have the name
        return name if lane.generation == 1 else f"{name}~{lane.generation}"

    def session_ready(self, lane: Lane, session: Any) -> None:
        """A session's `started` is done."""
        if lane.session is not session or lane.phase != STARTING:
            return
        lane.phase = OPEN
        extra = lane.extra
        if extra is not None:
            if extra.timer is not None:
                extra.timer.cancel()
                extra.timer = None
            asides, extra.aside_queue = extra.aside_queue, None
            for receipt in asides or ():
                if receipt.ended is None:
                    self.begin_aside(lane, receipt)
        self.advance(lane)

    def _overdue(self, lane: Lane, session: Any) -> None:
        if lane.session is session and lane.phase == STARTING:
            lane.need_extra().overdue = True
            session.ref.kill()

    def _stillborn(self, lane: Lane, error: BaseException) -> None:
        self.book.ended(lane.key, Crashed(error), "it could not be started", 0)
        self._fail_start(lane, "its constructor failed", error)

    def _fail_start(self, lane: Lane, why: str, cause: BaseException | None) -> None:
        error = SessionStartError(lane.key, why)
        error.__cause__ = cause
        for receipt in lane.empty():
            self.settle(receipt, Failed(error=error))
        if lane.generation > 1:  # it has a past: the state is not thrown away
            lane.phase = ASLEEP
            self.admit_parked(lane)
            self.rest(lane)
        else:
            self.forget(lane)
