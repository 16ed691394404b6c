"""How sessions end: reaped, evicted, closed, crashed, given up.

Only idle sessions are reaped or evicted, and deciding so is one step: out of the idle
list, closed, and a prompt that comes from now on waits for the successor, which starts
when the old one has cleaned up.  Nothing here looks at more than the lane in question
and the oldest idle one.
"""

from __future__ import annotations

import math
import random
from collections import deque
from typing import Any

from actors import (
    AnyRef,
    CloseReason,
    Crashed,
    Decision,
    Exit,
    Failed,
    Killed,
    QuarantinedError,
    Session,
    SessionClosed,
    SessionQuarantined,
    Stopped,
)
from actors.hosting import (
    ASLEEP,
    BACKOFF,
    CLOSING,
    PLACE,
    QUARANTINED,
    STARTING,
    SUSPEND,
    UNSET,
    Family,
    Lane,
    actor_of,
)
from supervision._trees.journal import WINDOW

from .places import Places

AT_ONCE = 500  # sessions reaped before others have their turn
PAUSE = 0.001  # seconds between two such
_SESSION: Any = Session  # Any: a checker would lose its type arguments
_SUSPENDING = (CloseReason.REAPED, CloseReason.EVICTED, CloseReason.STOPPED)


class Ends(Places):
    """The part of the router that ends sessions."""

    __slots__ = ()

    def random(self) -> float:
        """Where the jitter of a backoff comes from: a number in [0, 1)."""
        return random.random()  # noqa: S311 - not for secrets

    def rest(self, lane: Lane) -> None:
        """It has nothing to do, or just got something."""
        if lane.busy:
            self.advance(lane)
        else:
            self.became_idle(lane)

    def became_idle(self, lane: Lane) -> None:
        """A lane has nothing to do."""
        if lane in self.idle:
            return
        self.idle.add(lane, self.now())
        self.arm_reaper()
        if self.crowd:
            self.admit_crowd()

    def arm_reaper(self) -> None:
        """See that somebody looks when the oldest idle one is due."""
        oldest = self.idle.oldest
        if self.reaper is None and oldest is not None and self.limits.idle != math.inf:
            self.reaper = self.at(oldest.since + self.limits.idle, self._reap)

    def _reap(self) -> None:
        self.reaper = None
        now = self.now()
        for _ in range(AT_ONCE):
            oldest = self.idle.oldest
            if oldest is None or oldest.since + self.limits.idle > now:
                self.arm_reaper()
                return
            self.close_lane(oldest, CloseReason.REAPED)
        self.reaper = self.at(now + PAUSE, self._reap)

    def close_lane(self, lane: Lane, reason: CloseReason) -> None:
        """Close a lane; nothing of it runs, or its turns have been aborted."""
        self.idle.remove(lane)
        if lane.session is None:
            self._closed(lane, reason)
            return
        if lane.phase == STARTING and lane.extra is not None:
            timer, lane.extra.timer = lane.extra.timer, None
            if timer is not None:
                timer.cancel()
        extra = lane.need_extra()
        lane.room = 0
        extra.reason = reason
        if lane.phase == CLOSING:
            return
        lane.phase = CLOSING
        if reason is not CloseReason.RESET and not lane.waiting:
            extra.leaving = True
            self.leaving += 1
        if lane.turn is None and not extra.asides:
            self.end_session(lane)

    def stay(self, lane: Lane) -> None:
        """A prompt has come to a lane that is closing: it keeps its place.

        Raises:
            SaturatedError: the place is promised to another, and none is idle.
        """
        extra = lane.need_extra()
        if not extra.leaving:
            return
        self.evict(lane.key, 1)
        extra.leaving = False
        self.leaving -= 1

    def end_session(self, lane: Lane) -> None:
        """A session that is to close has nothing to do any more: end its actor."""
        session = lane.session
        extra = lane.need_extra()
        if extra.suspending or session is None:
            return
        if extra.reason in _SUSPENDING and session._suspends:
            extra.suspending = True
            try:
                session.ref.tell_nowait(SUSPEND)
            except Exception:  # noqa: BLE001 - it ends already, or is choked: end it
                session.ref.stop()
            return
        if self.end_child(session.ref):
            self._gone(lane, Stopped())

    def _closed(self, lane: Lane, reason: CloseReason) -> None:
        """A lane that was to close has no actor any more."""
        extra = lane.extra
        if extra is not None:
            if extra.leaving:
                extra.leaving = False
                self.leaving -= 1
            if extra.timer is not None:
                extra.timer.cancel()
            extra.timer = extra.reason = extra.crashes = extra.crash = None
            extra.suspending = False
        lane.state = UNSET
        if lane.phase == PLACE:
            if not lane.busy:
                self.forget(lane)
            return
        lane.phase = ASLEEP
        if lane.busy:
            self.advance(lane)
        elif reason is CloseReason.RESET:
            self.became_idle(lane)
        else:
            self.forget(lane)

    # ------------------------------------------------------------------ how they end

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        """A session's actor ends: its lane decides what follows, when it has ended."""
        session = actor_of(child)
        if not isinstance(session, _SESSION):  # of a subclass of this router
            return super().child_ended(child, exit)
        lane: Lane = session._lane
        if lane.session is session:
            self.ends[child] = lane
        if isinstance(exit, Crashed):
            book = self.book
            if not book.full(self.now(), exit):
                crashes = lane.extra.crashes if lane.extra is not None else None
                book.ended(child.path, exit, "let go", len(crashes or ()))
            elif book.overdue:
                book.overdue = False
                self.at(self.now() + WINDOW, book.flush)
        return Decision.END

    def child_stopped(self, child: AnyRef, exit: Exit, undelivered: int) -> None:  # noqa: A002
        """A session's actor has ended."""
        del undelivered
        lane = self.ends.pop(child, None)
        if lane is not None:
            self._gone(lane, exit)

    def _gone(self, lane: Lane, exit: Exit) -> None:  # noqa: A002
        """Its actor has ended; what becomes of the lane?"""
        phase, lane.phase = lane.phase, CLOSING  # nothing begins meanwhile
        lane.session = None
        lane.room = 0
        self._unbegin_all(lane)
        extra = lane.extra
        crash = exit.error if isinstance(exit, Crashed) else None
        if phase == CLOSING:
            assert extra is not None
            reason: CloseReason = extra.reason
        elif phase == STARTING:
            reason = CloseReason.FAILED_TO_START
        elif crash is not None or isinstance(exit, Killed):
            reason = CloseReason.CRASHED
        else:
            reason = CloseReason.FINISHED
        self.say_closed(lane, reason)
        if phase == STARTING:
            late = extra is not None and extra.overdue
            if late and extra is not None:
                extra.overdue = False
            limit = f"not started within {self.limits.start_within:g} seconds"
            self._fail_start(lane, limit if late else "`started` failed", crash)
        elif phase == CLOSING or reason is CloseReason.FINISHED:
            self._closed(lane, reason)
        else:
            self._crashed(lane, crash)

    def say_closed(self, lane: Lane, reason: CloseReason) -> None:
        """Count and tell that an actor of this lane has ended."""
        self.closed[reason] += 1
        self.tell(SessionClosed, lane.key, lane.generation, reason)

    def _unbegin_all(self, lane: Lane) -> None:
        """Turns that its actor has not begun wait again."""
        asides = lane.extra.asides if lane.extra is not None else None
        for run in (*tuple((asides or {}).values()), lane.turn):
            if run is not None and run.waiting_still:
                self.unbegin(run)

    def _crashed(self, lane: Lane, crash: BaseException | None) -> None:
        extra = lane.need_extra()
        extra.criticals = 0
        now = self.now()
        if crash is not None:
            limit = self.limits.restarts
            if extra.crashes is None:
                extra.crashes = deque()
            crashes = extra.crashes
            crashes.append(now)
            while crashes and crashes[0] + limit.within < now:
                crashes.popleft()
            extra.crash = crash
            if len(crashes) > limit.restarts:
                self._quarantine(lane, crash)
                return
        backoff = self.limits.backoff
        if backoff is None or not lane.busy:
            lane.phase = ASLEEP
            self.rest(lane)
            return
        lane.phase = BACKOFF
        if now - extra.woken_at >= backoff.quiet:
            extra.row = 0
        delay = backoff.seconds(extra.row, self.random)
        extra.row += 1
        extra.woken_at = now + delay
        extra.timer = self.at(now + delay, lambda: self._wake(lane))

    def _wake(self, lane: Lane) -> None:
        if lane.phase == BACKOFF:
            lane.need_extra().timer = None
            lane.phase = ASLEEP
            self.rest(lane)

    def _quarantine(self, lane: Lane, crash: BaseException) -> None:
        lane.phase = QUARANTINED
        self.tell(SessionQuarantined, lane.key, crash)
        for receipt in lane.empty():
            self.settle(receipt, Failed(error=self.quarantined(lane)))
        self.admit_parked(lane)
        self.became_idle(lane)

    def quarantined(self, lane: Lane) -> QuarantinedError:
        """The error for who sends a prompt to it."""
        error = QuarantinedError(lane.key)
        error.__cause__ = lane.extra.crash if lane.extra is not None else None
        return error

    def give_up(self, turn: Family) -> None:
        """A turn does not end: go on without its session."""
        lane = turn.lane
        outcome = turn.outcome or turn.verdict
        assert outcome is not None
        session = turn.session
        extra = lane.need_extra()
        # another turn of the same session may have been given up just before
        mine = lane.session is session
        closing = mine and lane.phase == CLOSING
        if mine:
            lane.session = None
            lane.room = extra.criticals = 0
            self.say_closed(lane, CloseReason.GIVEN_UP)
            session.ref.kill()
            lane.phase = CLOSING  # nothing begins meanwhile
            self._unbegin_all(lane)
            if not closing:
                lane.phase = ASLEEP
        turn.conclude(turn.complete(outcome, late=True))
        if closing:
            self._closed(lane, extra.reason)
