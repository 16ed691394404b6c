"""What can be done about a session, by its key.

Four verbs of four scopes, each a superset of the one before: `cancel` (the turn that
runs), `cancel_all` (what waits too), `reset` (its memory too), `close` (the key too).
All are one step; none waits for a session, so all work while it streams, starts or
hangs.  What a verb names is what happens: a prompt that it says was taken back has its
outcome when it returns.  An aborted answer may still have last words, up to its
outcome; of one that is forgotten nothing reaches a reader once the verb has returned.
"""

from __future__ import annotations

from typing import Any

from actors import Abort, Aborted, CloseReason, Withdrawn
from actors.hosting import TurnRun, abort, steering_of, withdraw_steering
from supervision._routing.limits import Limits
from supervision._routing.nodes.words import elsewhere
from supervision._routing.parts.lane import CLOSING, Lane, check_key
from supervision._routing.reports import VerbResult


class Verbs:
    """The verbs.

    Args:
        core: the other parts.
    """

    __slots__ = ("_core",)

    def __init__(self, core: Any) -> None:  # Any: its room stands above this one
        self._core = core

    def find(self, key: str, what: str) -> Lane | None:
        """The key's entry, for a verb; None: unknown.

        Raises:
            TypeError, BadInputError: not a key.
            ElsewhereError: it is another node's.
        """
        check_key(key)
        lane: Lane | None = self._core.lanes.get(key)
        if lane is None:
            self.look_where(key, what)
        return lane

    def look_where(self, key: str, what: str) -> None:
        """Raises ElsewhereError: a key is another node's."""
        others = self._core.keeping.others
        if others is not None and others.has(key):
            raise elsewhere(others, key, what)

    def cancel(
        self, key: str, *, hard: bool, reason: object, hint: str | None
    ) -> VerbResult:
        """See `RouterRef.cancel`."""
        lane = self.find(key, "cancel()")
        if lane is None:
            return self._without_lane(key)
        run: TurnRun | None = lane.turn
        if run is None:
            self._abort_unmade(lane, reason)
            return VerbResult(known=True, key=key)
        steering = tuple(receipt.id for receipt in steering_of(run))
        done = abort(run, hard=hard, reason=reason, hint=hint, within=None)
        if done is not Abort.ABORTING:
            return VerbResult(known=True, key=key)
        return VerbResult(known=True, turn=run.id, withdrawn=steering, key=key)

    def cancel_all(self, key: str, reason: object) -> VerbResult:
        """See `RouterRef.cancel_all`."""
        lane = self.find(key, "cancel_all()")
        if lane is None:
            return self._without_lane(key)
        return self._clear(lane, reason)

    def end(self, key: str, how: CloseReason, reason: object) -> VerbResult:
        """See `RouterRef.reset` and `RouterRef.close`."""
        core = self._core
        what = "reset()" if how is CloseReason.RESET else "close()"
        lane = self.find(key, what)
        forgotten = core.tokens.keep(key, None)
        core.readers.forget(key)
        core.past.forget(key)
        if lane is None:  # it may have been suspended: it will not be resumed
            stored = core.keeping.forgotten_unseen(key, reason)
            return VerbResult(known=bool(forgotten or stored), key=key)
        core.keeping.forgotten(lane, reason)
        extra = lane.need_extra()
        if extra.known is not None:
            extra.known.forget_messages()
        if lane.phase == CLOSING:
            result = self._clear(lane, reason)
            if not extra.leaving:  # else its place is promised to another
                extra.reason = how
            return result
        # it is to begin nothing while it is being cleared
        extra.reason = how
        withdrawn = self._withdraw_all(lane, reason)
        self._abort_asides(lane, reason)
        run: TurnRun | None = lane.turn
        core.sessions.close(lane, how)
        turn = self._end_turn(run, reason)
        core.accepting.admit_parked(lane)  # they wait for the successor, if any
        return VerbResult(known=True, turn=turn, withdrawn=withdrawn, key=lane.key)

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
        run: TurnRun | None = self._core.turns.running.get(turn)
        if run is None:
            return Abort.STALE
        return abort(run, hard=hard, reason=reason, hint=hint, within=within)

    def configure(self, limits: Limits) -> None:
        """See `RouterRef.configure`."""
        core = self._core
        core.limits = limits
        core.places.limit = limits.sessions
        core.turns.configure(limits.turns, limits.turns_per_tenant)
        core.readers.configure(limits.replays)
        core.reaping.restart()
        core.sessions.fill_places()

    # ---------------------------------------------------------------------------------

    def _without_lane(self, key: str) -> VerbResult:
        """A key that has no session: nothing runs or waits there."""
        return VerbResult(known=key in self._core.tokens.suspended, key=key)

    def _clear(self, lane: Lane, reason: object) -> VerbResult:
        """Take back what waits, abort what runs."""
        withdrawn = self._withdraw_all(lane, reason)
        self._abort_asides(lane, reason)
        turn = self._end_turn(lane.turn, reason)
        self._core.accepting.admit_parked(lane)
        self._core.reaping.nothing_left(lane)
        return VerbResult(known=True, turn=turn, withdrawn=withdrawn, key=lane.key)

    def _withdraw_all(self, lane: Lane, reason: object) -> tuple[int, ...]:
        """What waits for a turn or a checkpoint, whatever its turn is doing."""
        core = self._core
        queued = lane.empty()
        for receipt in queued:
            core.settle(receipt, Withdrawn(reason))
        run: TurnRun | None = lane.turn
        steering = withdraw_steering(run, reason) if run is not None else ()
        return (*(receipt.id for receipt in queued), *steering)

    def _end_turn(self, run: TurnRun | None, reason: object) -> int | None:
        """Abort it; its id, if that was this call's doing."""
        if run is None:
            return None
        done = abort(run, hard=True, reason=reason, hint=None, within=None)
        return run.id if done is Abort.ABORTING else None

    def _abort_asides(self, lane: Lane, reason: object) -> None:
        asides = lane.extra.asides if lane.extra is not None else None
        for run in tuple((asides or {}).values()):
            abort(run, hard=True, reason=reason, hint=None, within=None)

    def _abort_unmade(self, lane: Lane, reason: object) -> None:
        """The prompts that would have been the first turn: it is being prepared."""
        core = self._core
        batch = core.policy(lane).batch
        for each in lane.take(batch):
            core.settle(each, Aborted(reason))
        core.accepting.admit_parked(lane)
        core.turns.advance(lane)
        core.reaping.nothing_left(lane)
