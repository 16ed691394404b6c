"""Child turns: a turn's own helpers, which never outlive what owns them.

A child runs in its parent's nursery, so an abort of the parent reaches it, its children
and their tools in one step.  A *critical* child runs beside its parent, as a task of
the session: it is the session's from the beginning, never detached, and only stays when
its parent ends in order.  Children take no slots (their parent holds one), so no number
of them and no depth can deadlock the router; they are bounded by depth and width.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import trio
from trio.lowlevel import ParkingLot, checkpoint

from .errors import ChildSlotTimeoutError, DepthExceededError
from .events import ChildOrphaned
from .outcomes import Aborted, Outcome
from .receipt import WORK
from .run import TurnRun
from .state import ENDED, PARENT_ENDED, TurnState


class Family(TurnRun):
    """A turn that may have children."""

    __slots__ = ()

    @property
    def steerable(self) -> bool:
        """Whether prompts may be put into it: not into work of `run_exclusive`."""
        return self.receipts[0].kind is not WORK

    @property
    def top(self) -> TurnState:
        """The turn that all of them belong to."""
        run: TurnState = self
        while run.parent is not None:
            run = run.parent
        return run

    async def wait_for_width(self) -> None:
        """Wait until it may have one more child.

        Raises:
            DepthExceededError, ChildSlotTimeoutError, TurnOverError: it may not.
        """
        self.check_open("start a child")
        policy = self.session.child_turns
        if self.depth >= policy.depth:
            raise DepthExceededError(self.id, policy.depth)
        await checkpoint()
        if self.no_children is None:
            self.no_children = ParkingLot()
        with trio.move_on_after(policy.slot_wait):
            while len(self.children or ()) >= policy.width:
                await self.no_children.park()
            self.check_open("start a child")
            return
        raise ChildSlotTimeoutError(self.id, policy.width)

    def new_child(
        self, body: Callable[[Any], Awaitable[object]], *, critical: bool
    ) -> Family:
        """Make a child; it is started by `start_child`."""
        limit = self.session.child_turns.time_limit
        policy = attrs.evolve(self.policy, time_limit=limit, drain_window=0.0)
        run_id = self.host.next_turn_id()
        child = Family(run_id, self.lane, (), body, policy, parent=self)
        child.session = self.session
        child.detached = critical
        if self.children is None:
            self.children = {}
        self.children[run_id] = child
        return child

    def start_child(self, child: Family) -> None:
        """Start its task."""
        if child.detached:
            self.lane.need_extra().criticals += 1
            try:
                self.session.start_soon(child.run)
            except BaseException:
                self.lane.need_extra().criticals -= 1
                raise
        else:
            assert self.nursery is not None
            self.nursery.start_soon(child.run)

    def child_over(self, child: TurnState, outcome: Outcome) -> None:
        """A child has ended."""
        if self.children is not None:
            self.children.pop(child.id, None)
        if self.no_children is not None:
            self.no_children.unpark()
        # it has an outcome of its own, and nobody is there to look at it
        cut_with_it = isinstance(outcome, Aborted) and outcome.reason == PARENT_ENDED
        if child.detached and self.body_over and not cut_with_it:
            child.publish(ChildOrphaned, self.id, outcome)
            self.session._orphan(outcome, self.id)
        if child.detached and self.lane.session is child.session:
            self.lane.need_extra().criticals -= 1
            self.host.child_over(self.lane, self.session)

    async def wait_ended(self) -> None:
        """Wait until it has ended."""
        if self.phase is ENDED:
            await checkpoint()
            return
        if self.when_ended is None:
            self.when_ended = trio.Event()
        await self.when_ended.wait()
