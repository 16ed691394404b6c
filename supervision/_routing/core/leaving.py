"""What follows when a session's actor has ended, or is given up.

What follows is decided by `parts.fates`; here it is carried out.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from actors import Aborted, CloseReason, Crashed, Exit, Failed, SessionQuarantined
from actors.hosting import SHUT_DOWN, TurnRun
from supervision._routing.parts.admission import quarantined
from supervision._routing.parts.fates import Fate, fate_of
from supervision._routing.parts.lane import (
    ASLEEP,
    BACKOFF,
    CLOSING,
    GONE,
    PLACE,
    QUARANTINED,
    STARTING,
    Lane,
)


class Leaving:
    """The ends of sessions, and of keys.

    Args:
        core: the other parts.
    """

    __slots__ = ("_core",)

    def __init__(self, core: Any) -> None:  # Any: its room stands above this one
        self._core = core

    def ended(self, lane: Lane, session: Any, exit_: Exit) -> None:
        """A session's actor has ended; what becomes of its lane?"""
        if lane.session is not session:
            return
        phase, lane.phase = lane.phase, CLOSING  # nothing begins meanwhile
        lane.session = None
        lane.room = 0
        self._unbegin_all(lane)
        self._conclude_all(lane)
        extra = lane.extra
        if extra is not None and extra.window is not None:
            extra.window.cancel()
            extra.window = None
        if lane.turn is None:
            self._follow(lane, phase, exit_)
        else:  # its end is being kept: what follows comes after it
            lane.need_extra().gone = partial(self._follow, lane, phase, exit_)

    def go_on(self, lane: Lane) -> None:
        """The end of its last turn has been kept."""
        extra = lane.need_extra()
        gone, extra.gone = extra.gone, None
        if gone is not None:
            gone()

    def _follow(self, lane: Lane, phase: int, exit_: Exit) -> None:
        """What follows when a session's actor has ended, and its turns have."""
        core, extra = self._core, lane.extra
        planned = extra.reason if phase == CLOSING and extra is not None else None
        fate, reason = fate_of(exit_, starting=phase == STARTING, planned=planned)
        core.sessions.say_closed(lane, reason)
        crash = exit_.error if isinstance(exit_, Crashed) else None
        match fate:
            case Fate.CLOSED:
                self.closed(lane, reason)
            case Fate.UNSTARTED:
                why = "`started` failed"
                if extra is not None and extra.overdue:
                    extra.overdue = False
                    why = f"not started within {core.limits.start_within:g} seconds"
                    text = f"could not be started: {why}"
                    core.world.log_failure(logging.ERROR, lane.key, text)
                core.sessions.fail_start(lane, why, crash, past=lane.generation > 1)
            case Fate.REPLACED:
                self._replace(lane, crash)

    def _unbegin_all(self, lane: Lane) -> None:
        """Turns that its actor has not begun wait again."""
        asides = lane.extra.asides if lane.extra is not None else None
        for run in (*tuple((asides or {}).values()), lane.turn):
            if run is not None and not run.has_begun:
                self._core.turns.unbegin(run)

    def _conclude_all(self, lane: Lane) -> None:
        """Turns of a session that is gone, whatever their code or their hooks still do.

        One of them was given up: its last words are being said, or it was the reason.
        """
        asides = lane.extra.asides if lane.extra is not None else None
        for run in (*tuple((asides or {}).values()), lane.turn):
            if run is not None:
                outcome = run.outcome or run.verdict or Aborted(SHUT_DOWN)
                run.conclude(outcome, late=True)

    def closed(self, lane: Lane, reason: CloseReason) -> None:
        """A lane that was to close has no actor any more."""
        core = self._core
        core.sessions.count_in(lane)
        extra = lane.extra
        if extra is not None:
            if extra.timer is not None:
                extra.timer.cancel()
            extra.timer = extra.reason = extra.crashes = extra.bringing = None
            extra.suspending = False
        lane.state = core.keeping.left_by(lane)
        if lane.phase == PLACE:
            if not lane.busy:
                self.forget(lane)
            return
        lane.phase = ASLEEP
        if lane.busy:
            core.turns.advance(lane)
        elif reason is CloseReason.RESET:
            core.reaping.became_idle(lane)
        else:
            self.forget(lane)

    def _replace(self, lane: Lane, crash: BaseException | None) -> None:
        """Its successor goes on with the state of the last completed turn."""
        core = self._core
        extra = lane.need_extra()
        extra.criticals = 0
        now = core.now()
        if crash is not None and self._is_too_much(lane, crash, now):
            self.quarantine(lane, crash)
            return
        backoff = core.limits.backoff
        if backoff is None or not lane.busy:
            lane.phase = ASLEEP
            self._core.sessions.rest(lane)
            return
        lane.phase = BACKOFF
        delay = lane.need_crashes().wait(now, backoff, core.world.random)
        extra.timer = core.at(now + delay, lambda: self._wake(lane))

    def _wake(self, lane: Lane) -> None:
        if lane.phase == BACKOFF:
            lane.need_extra().timer = None
            lane.phase = ASLEEP
            self._core.sessions.rest(lane)

    def _is_too_much(self, lane: Lane, crash: BaseException, now: float) -> bool:
        core, crashes = self._core, lane.need_crashes()
        if core.outage.crashed(lane.key, now) and not crashes.trial:
            crashes.latest = crash
            return False
        return not crashes.charge(crash, now, core.limits.restarts) or crashes.trial

    def try_again(self, lane: Lane) -> None:
        """The term of its quarantine is over: a prompt is let in."""
        lane.phase = ASLEEP
        lane.need_crashes().trial = True

    def quarantine(self, lane: Lane, crash: BaseException) -> None:
        """It has crashed too often; or did in its trial, or did not start."""
        core = self._core
        lane.phase = QUARANTINED
        term = lane.need_crashes().quarantine(
            core.now(), core.limits.quarantine, core.world.random
        )
        core.keeping.quarantined(lane, term, crash)
        core.tell(SessionQuarantined, lane.key, crash)
        text = (
            f"is quarantined: it has crashed too often, and is refused for {term:.0f} s"
        )
        core.world.log_failure(logging.ERROR, lane.key, text)
        self._confine(lane)

    def confine(self, lane: Lane, seconds: float, crash: BaseException) -> None:
        """A key comes out of its store in quarantine, for so much longer."""
        crashes = lane.need_crashes()
        crashes.until = self._core.now() + seconds
        crashes.latest = crash
        if lane.phase == PLACE:  # it needs none: its store knows
            self._fail_waiting(lane)
            self.forget(lane)
            return
        lane.phase = QUARANTINED
        self._confine(lane)

    def _fail_waiting(self, lane: Lane) -> None:
        for receipt in lane.empty():
            self._core.settle(receipt, Failed(error=quarantined(lane)))

    def _confine(self, lane: Lane) -> None:
        """What waits in quarantine waits for nothing."""
        core = self._core
        self._fail_waiting(lane)
        core.accepting.admit_parked(lane)
        core.reaping.became_idle(lane)

    def give_up(self, run: TurnRun) -> None:
        """A turn does not end: go on without its session."""
        core, lane = self._core, run.lane
        session = run.session
        # another turn of the same session may have been given up just before
        mine = lane.session is session
        closing = mine and lane.phase == CLOSING
        if mine:
            lane.session = None
            lane.room = lane.need_extra().criticals = 0
            self._core.sessions.say_closed(lane, CloseReason.GIVEN_UP)
            core.burning.add(session, run, core.now())
            core.world.kill_session(session)
            lane.phase = CLOSING  # nothing begins meanwhile
            self._unbegin_all(lane)
            self._conclude_all(lane)
            if not closing:
                lane.phase = ASLEEP
        outcome = run.outcome or run.verdict
        assert outcome is not None
        run.conclude(outcome, late=True)
        if mine and not closing:
            self._core.sessions.rest(lane)
        if closing:
            self.closed(lane, lane.need_extra().reason)

    def forget(self, lane: Lane) -> None:
        """Take a lane out of the map, once."""
        if lane.phase == GONE:
            return
        core = self._core
        core.idle.remove(lane)
        core.sessions.count_in(lane)
        core.places.leave(lane)
        lane.phase = GONE
        lane.state = None
        lane.room = 0
        if core.lanes.get(lane.key) is lane:
            del core.lanes[lane.key]
            core.tokens.left(lane.key)
        extra = lane.extra
        if extra is not None:
            extra.bringing = None
            # with a store it is the store that knows: a key costs no memory here
            if extra.known is not None and core.keeping.plain:
                core.past.keep(lane.key, extra.known, core.now())
            for timer in (extra.timer, extra.window):
                if timer is not None:
                    timer.cancel()
            if extra.tenant is not None:
                core.admission.leave(extra.tenant)
            core.accepting.admit_parked(lane)
        core.look_again()
        core.sessions.fill_places()
