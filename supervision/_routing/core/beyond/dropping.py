"""`Dropping`: lanes end without outcomes, because their keys are other nodes'.

A lane that is *dropped* is out of the map at once, and its session is killed: its place
and its slot are free, and the key may come back as a new lane.  What its turns come to
does not count.  What was kept nowhere is lost, and told so.

One that is *given up in order* only loses what waits: its turn ends where it is, and
its session is suspended as one that is reaped.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from actors import Aborted, CloseReason, Lost, Receipt
from actors.hosting import ENDED, TurnRun, abort, cut
from supervision._routing.parts.lane import CLOSING, GONE, Lane

MOVED: Final = "its key is another node's"
"""Why what is kept nowhere gets no other outcome."""
MOVES: Final = "its key moves to another node"
"""Why a turn is cut that does not end in time."""


class Dropping:
    """The ends of lanes that go on elsewhere.

    Args:
        core: the other parts.
    """

    __slots__ = ("_core",)

    def __init__(self, core: Any) -> None:  # Any: its room stands above this one
        self._core = core

    def drop(self, lane: Lane) -> list[Receipt[Any]]:
        """End a lane without outcomes; what it had that is kept, but for its turns'.

        Their runs come to `Keeping.ended` in this step, or when their end is kept.
        """
        core = self._core
        left = self.take_kept(lane)
        for receipt in lane.empty():
            core.settle(receipt, Lost(MOVED))
        extra = lane.need_extra()
        runs = (*tuple((extra.asides or {}).values()), lane.turn)
        session, lane.session = lane.session, None
        lane.room = extra.criticals = 0
        lane.phase = CLOSING  # nothing begins meanwhile
        for run in runs:
            if run is None or run.phase is ENDED:  # in the latter case it is told
                continue
            if not run.has_begun and not run.aside:
                core.turns.unbegin(run)
                continue
            cut(run, Aborted(MOVED))
            if session is not None:
                core.burning.add(session, run, core.now())
        if session is not None:
            core.sessions.say_closed(lane, CloseReason.MOVED)
            core.world.kill_session(session)
        for run in runs:
            if run is not None and run.phase is not ENDED:
                run.conclude(run.verdict or Aborted(MOVED), late=True)
        left += self.take_kept(lane)  # of a turn that had not begun
        for receipt in lane.empty():
            core.settle(receipt, Lost(MOVED))
        core.leaving.forget(lane)
        return left

    def vanish(self, run: TurnRun) -> None:
        """A turn of a lane that was dropped has ended: its slot is free."""
        core, lane = self._core, run.lane
        if lane.turn is run:
            lane.turn = None
        if core.turns.running.get(run.id) is run:
            core.turns.vanish(run)
        core.look_again()

    def take_kept(self, lane: Lane) -> list[Receipt[Any]]:
        """Take out of a queue what a store keeps; the rest stays."""
        kept: list[Receipt[Any]] = []
        rest: deque[Receipt[Any]] = deque()
        for receipt in lane.live():
            (kept if is_stored(receipt) else rest).append(receipt)
        if kept:
            lane.queue, lane.waiting, lane.husks = rest, len(rest), 0
            lane.trim()
        return kept

    def let_rest(self, lane: Lane) -> list[Receipt[Any]]:
        """Have a lane end in order; what waits and is kept is taken out of it.

        To be called again when a turn of it has ended.
        """
        core = self._core
        run: TurnRun | None = lane.turn
        if (
            run is not None
            and not run.has_begun
            and run.phase is not ENDED
            and run.verdict is None
        ):
            core.turns.unbegin(run)
        left = self.take_kept(lane)
        core.accepting.admit_parked(lane)  # they go where the key is
        if lane.phase not in (CLOSING, GONE) and not lane.busy:
            core.sessions.close(lane, CloseReason.MOVED)
        return left

    def cut_short(self, lane: Lane) -> None:
        """What still runs of a lane has had its time."""
        run: TurnRun | None = lane.turn
        if run is None or not run.has_begun or run.phase is ENDED:
            return
        if run.verdict is None:
            self._core.turns.follow_ups(run)
            run.need_extra().returns = True
        abort(run, hard=True, reason=MOVES, hint=None, within=None)


def is_stored(receipt: Receipt[Any]) -> bool:
    """Whether a store keeps it, or is about to."""
    more = receipt._more
    row: Any = more.row if more is not None else None
    return row is not None and row.error is None
