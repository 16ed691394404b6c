"""What can be done about a session, by its key, and what the router says of itself.

Four verbs of four scopes, each a superset of the one before: `cancel` (the turn that
runs), `cancel_all` (what waits too), `reset` (its memory too), `close` (the key too).
All are one step; none waits for a session, so all work while it streams, starts or
hangs.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from actors import Abort, Aborted, CloseReason, Phase, Receipt, Withdrawn
from actors.hosting import (
    ASLEEP,
    BACKOFF,
    CLOSING,
    OPEN,
    PLACE,
    QUARANTINED,
    STARTING,
    Lane,
    check_key,
)

from .limits import Limits, RouterStatistics, SessionInfo, VerbResult
from .waiting import Waiting

_NAMES = {
    PLACE: "waiting for a place",
    STARTING: "starting",
    CLOSING: "closing",
    BACKOFF: "backing off",
    QUARANTINED: "quarantined",
    OPEN: "idle",
    ASLEEP: "idle",
}


class Verbs(Waiting):
    """The part of the router that is told what to do about sessions."""

    __slots__ = ()

    def cancel(
        self, key: str, *, hard: bool, reason: object, hint: str | None
    ) -> VerbResult:
        """See `RouterRef.cancel`."""
        lane = self._find(key)
        if lane is None:
            return VerbResult(known=False)
        return self._done(self._abort_turn(lane, reason, hint, hard=hard))

    def cancel_all(self, key: str, reason: object) -> VerbResult:
        """See `RouterRef.cancel_all`."""
        lane = self._find(key)
        if lane is None:
            return VerbResult(known=False)
        return self._clear(lane, reason)

    def end(self, key: str, how: CloseReason, reason: object) -> VerbResult:
        """See `RouterRef.reset` and `RouterRef.close`."""
        lane = self._find(key)
        self.keep_token(key, None)
        if lane is None:
            return VerbResult(known=False)
        if lane.phase == CLOSING and lane.extra is not None:
            result = self._clear(lane, reason)
            if not lane.extra.leaving:  # its place is promised to another
                lane.extra.reason = how
            return result
        # it is to begin nothing while it is being cleared
        withdrawn = self._withdraw_all(lane, reason)
        self._abort_asides(lane, reason)
        extra = lane.need_extra()
        extra.reason = how
        run = lane.turn
        steering = self._steering(lane)
        turn = run.id if run is not None else None
        self.close_lane(lane, how)
        if run is not None:
            result_of = run.abort(hard=True, reason=reason, hint=None, within=None)
            if result_of is not Abort.ABORTING:
                turn = None
        if extra.known is not None:
            extra.known = None
        return self._done(turn, withdrawn + steering)

    def abort(
        self,
        turn: int,
        *,
        hard: bool,
        reason: object,
        hint: str | None,
        within: float | None,
    ) -> Abort:
        """See `RouterRef.abort`."""
        run = self.turns.get(turn)
        if run is None:
            return Abort.STALE
        return run.abort(hard=hard, reason=reason, hint=hint, within=within)

    # ---------------------------------------------------------------------------------

    def _done(self, turn: int | None, withdrawn: tuple[int, ...] = ()) -> VerbResult:
        return VerbResult(known=True, turn=turn, withdrawn=withdrawn)

    def _find(self, key: str) -> Lane | None:
        check_key(key)
        return self.lanes.get(key)

    def _steering(self, lane: Lane) -> tuple[int, ...]:
        """The steering prompts that an abort of the turn would withdraw."""
        run = lane.turn
        waiting = run.steering if run is not None else None
        return tuple(each.id for each in waiting or () if each.ended is None)

    def _abort_turn(
        self, lane: Lane, reason: object, hint: str | None, *, hard: bool
    ) -> int | None:
        run = lane.turn
        if run is not None:
            done = run.abort(hard=hard, reason=reason, hint=hint, within=None)
            return run.id if done is Abort.ABORTING else None
        first = next(lane.live(), None)  # its turn is being prepared
        if first is not None:
            self.settle(first, Aborted(reason))
            lane.drop()
            self.admit_parked(lane)
            self.nothing_left(lane)
        return None

    def _abort_asides(self, lane: Lane, reason: object) -> None:
        asides = lane.extra.asides if lane.extra is not None else None
        for run in tuple((asides or {}).values()):
            run.abort(hard=True, reason=reason, hint=None, within=None)

    def _withdraw_all(self, lane: Lane, reason: object) -> tuple[int, ...]:
        withdrawn: list[Receipt[Any]] = lane.empty()
        for receipt in withdrawn:
            self.settle(receipt, Withdrawn(reason))
        return tuple(receipt.id for receipt in withdrawn)

    def _clear(self, lane: Lane, reason: object) -> VerbResult:
        """Take back what waits, abort what runs."""
        withdrawn = self._withdraw_all(lane, reason)
        steering = self._steering(lane)
        self._abort_asides(lane, reason)
        turn = None
        if lane.turn is not None:
            turn = self._abort_turn(lane, reason, None, hard=True)
        self.admit_parked(lane)
        self.nothing_left(lane)
        return self._done(turn, withdrawn + steering)

    # ------------------------------------------------------------------ looking at it

    def inspect(self, key: str) -> SessionInfo | None:
        """See `RouterRef.inspect`."""
        lane = self._find(key)
        return self.info(lane) if lane is not None else None

    def phase_of(self, lane: Lane) -> str:
        """What a session does, in words; `SessionInfo.phase`."""
        if lane.phase == OPEN:
            if lane.turn is not None:
                return lane.turn.turn.phase.value  # type: ignore[no-any-return] # a str
            if lane.busy:
                return "children"
        return _NAMES[lane.phase]

    def info(self, lane: Lane) -> SessionInfo:
        """What there is to say of one session."""
        run, extra = lane.turn, lane.extra
        now = self.now()
        watch = run.watch if run is not None else None
        last = watch.last_sign if watch is not None else lane.since
        own: dict[int, Any] = (run.children if run is not None else None) or {}
        children = sum(1 for child in own.values() if not child.detached)
        if extra is not None:
            children += extra.criticals
        tool = None
        if run is not None and run.turn.phase is Phase.TOOL:
            tool = run.watch.tool
        return SessionInfo(
            key=lane.key,
            owner=self.owner_of(lane),
            generation=lane.generation,
            phase=self.phase_of(lane),
            turn=run.id if run is not None else None,
            tool=tool,
            queued=lane.waiting,
            steering=len(self._steering(lane)),
            children=children,
            asides=len(extra.asides or ()) if extra is not None else 0,
            age=now - lane.created_at,
            idle=now - lane.since if lane in self.idle else None,
            last_activity=now - last,
        )

    def statistics(self) -> RouterStatistics:
        """See `RouterRef.statistics`; goes through the turns."""
        return RouterStatistics(
            sessions=len(self.lanes),
            idle=len(self.idle),
            turns_running=self.slots.running,
            turns_waiting=self.slots.waiting,
            slots=self.slots.limit,
            queued=self.unsettled,
            answering=sum(len(run.receipts) for run in self.turns.values() if run.slot),
            accepted=self.accepted,
            outcomes=MappingProxyType(dict(self.outcomes)),
            refused=MappingProxyType(dict(self.refused)),
            repeated=self.repeated,
            opened=self.opened,
            closed=MappingProxyType(dict(self.closed)),
            suspended=len(self.tokens),
            chunks=self.chunks,
            unread=self.unread,
            out_of_turn=self.out_of_turn,
            wait_seconds=self.wait_seconds,
            wait_longest=self.wait_longest,
            turn_seconds=MappingProxyType(dict(self.turn_seconds)),
            turns=MappingProxyType(dict(self.turn_counts)),
        )

    def configure(self, limits: Limits) -> None:
        """See `RouterRef.configure`."""
        self.limits = limits
        if self.reaper is not None:
            self.reaper.cancel()
            self.reaper = None
        self.arm_reaper()
        for run in self.slots.configure(limits.turns, limits.turns_per_owner):
            self.begin(run)
        while self.unpromised < 0 and self.idle.oldest is not None:
            self.close_lane(self.idle.oldest, CloseReason.EVICTED)
        self.fill_places()
