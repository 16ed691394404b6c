"""`Writers`: who waits for room in a stream, first come, first served.

Each waits with its chunk, and whoever makes room takes the chunk over in the same step:
there is no moment at which somebody else could be first.  Cancelled means not put.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, TypeVar

import outcome
import trio
from trio.lowlevel import (
    Task,
    checkpoint,
    checkpoint_if_cancelled,
    current_task,
    enable_ki_protection,
    reschedule,
)

from actors._engine.park import WAKE, park

from .sleeper import give_back, lend

C = TypeVar("C")

LEFT: Final = "the block of this answer has been left"
"""What a reader is told who reads on."""

SCHEDULE_EVERY: Final = 63  # a mask: every 64th call enters the scheduler


class Writers(OrderedDict[Task, C]):
    """`{task: the chunk with which it waits}`, in their order."""

    __slots__ = ()

    @enable_ki_protection
    async def wait(self, chunk: C) -> None:
        """Wait until the chunk has been taken.

        Raises:
            trio.ClosedResourceError: it will not be.
        """
        task = current_task()
        self[task] = chunk
        sleeper = lend(self, task)
        try:
            await park(sleeper.trap)
        finally:
            give_back(sleeper)

    def forget(self, task: Task) -> None:
        """It has been cancelled."""
        del self[task]

    def take(self) -> C:
        """Take the chunk of the first; there is one."""
        task, chunk = self.popitem(last=False)
        reschedule(task, WAKE)
        return chunk

    def release(self) -> int:
        """Let all go on, as if their chunks had been taken; how many there were."""
        count = len(self)
        while self:
            self.take()
        return count

    def refuse(self) -> None:
        """Tell all that their chunks have not been taken."""
        while self:
            task, _ = self.popitem(last=False)
            reschedule(task, outcome.Error(trio.ClosedResourceError()))


async def pass_by(calls: int) -> None:
    """Be a cancellation point, and for every 64th of these calls a schedule point."""
    if calls & SCHEDULE_EVERY:
        await checkpoint_if_cancelled()
    else:
        await checkpoint()
