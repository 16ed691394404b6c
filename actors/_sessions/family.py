"""`Family`: the child turns of one turn.

A child turn is a child actor of its parent, so an abort of the parent reaches it, its
children and their tools by the rule that all actors obey.  A *critical* child is the
session's from the beginning, beside its parent: never detached, it only stays when its
parent ends in order.  Children take no slots (their parent holds one), so no number of
them and no depth can deadlock the router; they are bounded by depth and width.
"""

from __future__ import annotations

from typing import Any

import trio
from trio.lowlevel import ParkingLot, checkpoint

from .errors import ChildSlotTimeoutError, DepthExceededError
from .outcomes import Outcome


class Family:
    """Which children a turn has, and who waits for one of them to go.

    Args:
        run: the parent.
    """

    __slots__ = ("_changed", "children", "run")

    def __init__(self, run: Any) -> None:  # Any: its room stands above this one
        self.run = run
        self.children: dict[int, Any] = {}  # {id: a child turn that has not ended}
        self._changed = ParkingLot()

    def __len__(self) -> int:
        return len(self.children)

    async def wait_for_room(self) -> None:
        """Wait until there may be one more.

        Raises:
            DepthExceededError, ChildSlotTimeoutError, TurnOverError: it may not.
        """
        run = self.run
        policy = run.session.child_turns
        if run.depth >= policy.depth:
            raise DepthExceededError(run.id, policy.depth)
        await checkpoint()
        with trio.move_on_after(policy.slot_wait):
            while len(self.children) >= policy.width:
                await self._changed.park()
            run.check_open("start a child")
            return
        raise ChildSlotTimeoutError(run.id, policy.width)

    def add(self, child: Any) -> None:
        """There is one more."""
        self.children[child.id] = child

    def gone(self, child: Any) -> None:
        """One has ended."""
        self.children.pop(child.id, None)
        self._changed.unpark_all()

    def cut(self, verdict: Outcome, *, critical: bool) -> None:
        """End them now; `critical`: also those that may stay."""
        for child in tuple(self.children.values()):
            if critical or not child.critical:
                child.cut(verdict)

    async def wait_until_gone(self) -> None:
        """Wait until there is none."""
        while self.children:
            await self._changed.park()
