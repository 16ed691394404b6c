"""Sessions come: a key's entry, a place for it, its actor; and they are closed.

What follows when the actor has ended is `leaving`.
"""

from __future__ import annotations

import contextlib
import math
from functools import partial
from typing import Any

from actors import (
    ActorStoppedError,
    CloseReason,
    DuplicateNameError,
    Failed,
    SaturatedError,
    SessionClosed,
    SessionOpened,
    SessionStartError,
    Stopped,
)
from actors.hosting import READY, SUSPEND, Fair, shown
from supervision._routing.parts.lane import (
    ASLEEP,
    CLOSING,
    OPEN,
    STARTING,
    UNSET,
    Lane,
)

_NOT_IN_NAMES = str.maketrans({"/": "%2F", "%": "%25", "~": "%7E"})
_SUSPENDING = (
    CloseReason.REAPED,
    CloseReason.EVICTED,
    CloseReason.STOPPED,
    CloseReason.MOVED,
    CloseReason.PASSIVATED,
)
_FORGETTING = (CloseReason.RESET, CloseReason.CLOSED)


class Sessions:
    """The life of keys.

    Args:
        core: the other parts.
    """

    __slots__ = ("_core",)

    def __init__(self, core: Any) -> None:  # Any: its room stands above this one
        self._core = core

    # ------------------------------------------------------------------------ they come

    def enter(self, key: str, tenant: str | None) -> Lane:
        """Make an entry for a new key; it has a place, or stands in line for one.

        Raises:
            SaturatedError: there is none, now or soon.
            TenantLimitError: its tenant has as many as he may, and none is idle.
        """
        core = self._core
        # others were first
        if core.places.unpromised <= 0 and core.accepting.waiting.must_wait:
            raise SaturatedError(key, core.limits.sessions)
        if tenant is not None:
            core.reaping.evict_own(key, tenant)
        if core.places.unpromised <= 0:
            core.reaping.evict(key, 1)
        lane = core.lanes[key] = Lane(key, core, core.now())
        core.tokens.entered(key)
        if core.places.enter(lane):
            lane.phase = ASLEEP
        if tenant is not None:
            lane.need_extra().tenant = tenant
            core.admission.enter(tenant)
        past = core.past.get(key, core.now())
        if past is not None:  # its entry knows from now on
            lane.need_extra().known = past
            core.past.forget(key)
        return lane

    def fill_places(self) -> None:
        """Give free places to those who wait in line."""
        core = self._core
        while (lane := core.places.next()) is not None:
            lane.phase = ASLEEP
            if lane.busy:
                self.spawn(lane)
            else:
                self._core.leaving.forget(lane)
        core.accepting.admit_crowd()
        core.keeping.room()

    def hold(self, lane: Lane) -> None:
        """Nothing of a lane can begin, for now: it gives its place to another."""
        core = self._core
        if lane.busy:
            if core.places.step_aside(lane):
                self._waits_no_more(lane)
                self.fill_places()
        elif lane.phase in (ASLEEP, STARTING):
            self._waits_no_more(lane)
            lane.phase = ASLEEP
            core.reaping.became_idle(lane)

    def _waits_no_more(self, lane: Lane) -> None:
        if lane.extra is not None:
            lane.extra.bringing = None

    def come_back(self, lane: Lane) -> None:
        """What was held can begin: as a new one it has a place, or stands in line."""
        core = self._core
        if not core.places.stands_beside(lane):
            return
        with contextlib.suppress(SaturatedError):  # then when one becomes idle
            core.reaping.evict(lane.key, 1)
        if core.places.step_back(lane):
            lane.phase = ASLEEP

    def spawn(self, lane: Lane) -> None:
        """Start a session for a lane that has a place, once that may be."""
        keeping = self._core.keeping
        self._core.idle.remove(lane)
        lane.phase = STARTING
        if keeping.plain:
            keeping.bring(lane, self._go)
            return
        lane.need_extra().bringing = asked = object()
        keeping.bring(lane, partial(self._brought, asked))

    def _brought(self, asked: object, lane: Lane) -> None:
        """What is known of a key is there, if that is still what it waits for."""
        extra = lane.need_extra()
        if extra.bringing is asked:
            extra.bringing = None
            self._go(lane)

    def _go(self, lane: Lane) -> None:
        core = self._core
        lane.generation += 1
        try:
            session = self._start(lane)
        except ActorStoppedError:  # the router is ending: `stopped` has the prompts
            lane.generation -= 1
            return
        except BaseException as error:
            lane.generation -= 1  # it was never born
            core.world.log_unborn(lane.key, error)
            past = lane.generation > 0
            self.fail_start(lane, "its constructor failed", error, past=past)
            if isinstance(error, Exception):
                return  # noqa: ASYNC104 - no Cancelled of a plain def
            raise
        lane.session = session
        core.books.opened += 1
        core.tell(SessionOpened, lane.key, lane.generation)
        if not session._props.started:
            self.ready(lane, session)
            return
        core.world.tell_session(session, READY)
        if core.limits.start_within != math.inf:
            within = core.limits.start_within
            lane.need_extra().timer = Fair(
                core, within, lambda: self._overdue(lane, session)
            )

    def _start(self, lane: Lane) -> Any:
        """Start its actor, under a name that no other has: the key, and which it is."""
        core, key = self._core, lane.key
        if "/" in key or "%" in key or "~" in key:
            key = key.translate(_NOT_IN_NAMES)
        name = key if lane.generation == 1 else f"{key}~{lane.generation}"
        try:
            session = core.world.start_session(lane, name)
        except DuplicateNameError:  # of one that was given up and has not ended
            name = f"{name}~~{core.books.opened}"
            session = core.world.start_session(lane, name)
        session._lane = lane
        if lane.state is UNSET:
            try:
                lane.state = session.new_state()
            except BaseException:
                core.world.kill_session(session)
                raise
        return session

    def ready(self, lane: Lane, session: Any) -> None:
        """A session's `started` is done."""
        if lane.session is not session or lane.phase != STARTING:
            return
        lane.phase = OPEN
        core = self._core
        extra = lane.extra
        if extra is not None:
            if extra.timer is not None:
                extra.timer.cancel()
                extra.timer = None
            asides, extra.aside_queue = extra.aside_queue, None
            for receipt in asides or ():
                if receipt.waits:
                    core.turns.give(lane, (receipt,), aside=True)
        core.turns.advance(lane)

    def _overdue(self, lane: Lane, session: Any) -> None:
        if lane.session is session and lane.phase == STARTING:
            lane.need_extra().overdue = True
            self._core.world.kill_session(session)

    def fail_start(
        self, lane: Lane, why: str, cause: BaseException | None, *, past: bool
    ) -> None:
        core = self._core
        if cause is not None:
            why = f"{why}: {shown(cause)}"
        error = SessionStartError(lane.key, why)
        error.__cause__ = cause
        for receipt in lane.empty():
            core.settle(receipt, Failed(error=error))
        crashes = lane.extra.crashes if lane.extra is not None else None
        if crashes is not None and crashes.trial:
            core.leaving.quarantine(lane, cause if cause is not None else error)
        elif past:  # its state is not thrown away
            lane.phase = ASLEEP
            core.accepting.admit_parked(lane)
            if lane.phase == ASLEEP:  # else who was let in has had it begin, or go
                self.rest(lane)
        else:
            self._core.leaving.forget(lane)

    # ----------------------------------------------------------------------- they leave

    def rest(self, lane: Lane) -> None:
        """It has no actor: it sleeps, or begins anew if somebody waits."""
        if lane.busy:
            self._core.turns.advance(lane)
        else:
            self._core.reaping.became_idle(lane)

    def close(self, lane: Lane, reason: CloseReason) -> None:
        """Close a lane; nothing of it runs, or its turns have been aborted."""
        core = self._core
        core.idle.remove(lane)
        if lane.session is None:
            self._core.leaving.closed(lane, reason)
            return
        extra = lane.need_extra()
        if lane.phase == STARTING:
            timer, extra.timer = extra.timer, None
            if timer is not None:
                timer.cancel()
        lane.room = 0
        extra.reason = reason
        if lane.phase == CLOSING:
            return
        lane.phase = CLOSING
        if extra.window is not None:
            extra.window.cancel()
            extra.window = None
        if reason is not CloseReason.RESET and not lane.waiting:
            self._count_out(lane)
        if lane.turn is None and not extra.asides:
            self.end(lane)
        core.accepting.admit_crowd()  # its place is free soon: who waits is the first

    def stay(self, lane: Lane, *, accepted: bool = True) -> None:
        """A prompt has come to a lane that is closing: it keeps its place.

        Args:
            lane: the key's entry.
            accepted: the prompt cannot be refused: its tenant's limit is not asked.

        Raises:
            SaturatedError: the place is promised to another, and none is idle.
            TenantLimitError: its tenant has as many as he may, and none is idle.
        """
        core = self._core
        if core.places.is_leaving(lane):
            if not accepted and lane.tenant is not None:
                core.reaping.evict_own(lane.key, lane.tenant)
            core.reaping.evict(lane.key, 1)
            self.count_in(lane)

    def _count_out(self, lane: Lane) -> None:
        """It gives its place back soon, and is not its tenant's any more."""
        core = self._core
        if core.places.will_leave(lane) and lane.tenant is not None:
            core.admission.leave(lane.tenant)

    def count_in(self, lane: Lane) -> None:
        """It does not give its place back soon: it stays, or has done so."""
        core = self._core
        if core.places.will_stay(lane) and lane.tenant is not None:
            core.admission.enter(lane.tenant)

    def end(self, lane: Lane) -> None:
        """A session that is to close has nothing to do any more: end its actor."""
        core = self._core
        session = lane.session
        extra = lane.need_extra()
        if extra.suspending or session is None:
            return
        if extra.reason in _SUSPENDING and session._suspends:
            extra.suspending = True
            try:
                core.world.tell_session(session, SUSPEND)
            except Exception:  # noqa: BLE001 - it ends already, or is choked: end it
                session.ref.stop()
            return
        if core.world.end_session(session):
            core.leaving.ended(lane, session, Stopped())

    def forgets(self, lane: Lane) -> bool:
        """Whether it is closing so that nothing of it is remembered."""
        return lane.extra is not None and lane.extra.reason in _FORGETTING

    def say_closed(self, lane: Lane, reason: CloseReason) -> None:
        """Count and tell that an actor of this lane has ended."""
        self._core.books.closed[reason] += 1
        self._core.tell(SessionClosed, lane.key, lane.generation, reason)
