"""`Family`: the child turns of one turn.

A child turn is a child actor of its parent, so an abort of the parent reaches it, its
children and their tools by the rule that all actors obey.  A *critical* child is the
session's from the beginning, beside its parent: never detached, it only stays when its
parent ends in order.  Children take no slots (their parent holds one), so no number of
them and no depth can deadlock the router; they are bounded by depth and width.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import trio
from trio.lowlevel import ParkingLot, checkpoint

from actors._sessions.errors import (
    ChildSlotTimeoutError,
    DepthExceededError,
    TurnOverError,
)
from actors._sessions.events import ChildOrphaned
from actors._sessions.outcomes import Aborted, Outcome
from actors.errors import ActorStoppedError

from .early import cut
from .verdicts import PARENT_ENDED


class Family:
    """Which children a turn has, and who waits for one of them to go.

    Args:
        run: the parent.
    """

    __slots__ = ("_gone", "_room", "children", "run")

    def __init__(self, run: Any) -> None:  # Any: its room stands above this one
        self.run = run
        self.children: dict[int, Any] = {}  # {id: a child turn that has not ended}
        self._room = ParkingLot()  # who waits to have one more
        self._gone = ParkingLot()  # who waits until there is none

    def __len__(self) -> int:
        return len(self.children)

    async def wait_for_room(self) -> None:
        """Wait until there may be one more; first come, first served.

        Raises:
            DepthExceededError, ChildSlotTimeoutError, TurnOverError: it may not.
        """
        run = self.run
        policy = run.session.child_turns
        if depth_of(run) >= policy.depth:
            raise DepthExceededError(run.id, policy.depth)
        await checkpoint()
        with trio.move_on_after(policy.slot_wait):
            if len(self.children) >= policy.width or len(self._room):
                await self._room.park()
                while len(self.children) >= policy.width:  # somebody slipped in
                    await self._room.park()
            run.check_open("start a child")
            return
        raise ChildSlotTimeoutError(run.id, policy.width)

    def start(
        self, body: Callable[[Any], Awaitable[object]], *, critical: bool, direct: bool
    ) -> Any:
        """Start one; `Turn` is put around it by the caller, in this step.

        Raises:
            TurnOverError: the turn, or its session, is ending.
        """
        run = self.run
        if run.verdict is not None:  # it has been cut, and all that it had with it
            raise TurnOverError(run.id, "start a child")
        limit = run.session.child_turns.time_limit
        policy = attrs.evolve(run.policy, time_limit=limit, drain_window=0.0)
        number = run.host.next_turn_id()
        child = type(run)(number, run.lane, (), body, policy, parent=run)
        child.session = run.session
        child.stream = run.stream if direct else None
        kept = run.extra.partial if direct and run.extra is not None else None
        if kept is not None:
            child.need_extra().partial = kept  # its chunks are the answer's
        child.critical = critical
        owner = run.session if critical else run
        try:
            owner._seat.begin_work(child, run.quick, number)
        except ActorStoppedError as error:
            raise TurnOverError(run.id, "start a child") from error
        self.children[number] = child
        if critical:
            run._seat.replace_props(run.careful)
            run.host.critical_begins(run.lane)
        return child

    def over(self, child: Any, outcome: Outcome) -> None:
        """One has ended."""
        self.children.pop(child.id, None)
        self._room.unpark()
        self._gone.unpark_all()
        if not child.critical:
            return
        run = self.run
        # it has an outcome of its own, and nobody is there to look at it
        cut_with_it = isinstance(outcome, Aborted) and outcome.reason == PARENT_ENDED
        if run.need_extra().body_over and not cut_with_it:
            child.publish(ChildOrphaned, run.id, outcome)
            run.session._orphan(outcome, run.id)
        run.host.child_over(run.lane, child.session)

    def cut(self, verdict: Outcome, *, critical: bool) -> None:
        """End them now; `critical`: also those that may stay."""
        for child in tuple(self.children.values()):
            if critical or not child.critical:
                cut(child, verdict)

    async def wait_until_gone(self) -> None:
        """Wait until there is none."""
        while self.children:
            await self._gone.park()


def top_of(run: Any) -> Any:
    """The turn that all of a family belong to."""
    while run.parent is not None:
        run = run.parent
    return run


def depth_of(run: Any) -> int:
    """0 for a turn of its own, 1 for its child, and so on."""
    depth = 0
    while run.parent is not None:
        depth, run = depth + 1, run.parent
    return depth
