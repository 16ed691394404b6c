"""The worker: a Trio task that drains cells, or that is one cell's task.

One worker at a time owns the ready queue.  It takes a cell, enters the cell's context
and drains its mailbox (`drain`); after a slice comes a checkpoint and the next slice.

If a hook suspends, this worker becomes the cell's task: it gives the ready queue away
(`_hand_over`), takes the cell's context as its task's own, and carries the coroutine
and then the rest of the mailbox on (`_hold`).  It is parked as a spare afterwards, in
every case: it must leave the cell's context before anybody else may enter it.

What a worker awaits is covered by one cancel scope, shielded from the outside.  Killing
a suspended actor cancels that scope; the used scope is then renewed (`run`).
"""

from __future__ import annotations

import contextvars

import trio
from trio.lowlevel import checkpoint, current_task, enable_ki_protection

from actors.exits import Killed

from .cell import Cell
from .drain import Drain
from .hub import SPARE_WORKERS
from .park import carry_on, park
from .state import Entry


class Worker(Drain):
    """One worker task and what it holds."""

    __slots__ = ()

    @enable_ki_protection
    async def run(self) -> None:
        """Work until the system closes, or there are spare workers enough."""
        hub = self.hub
        task = self.task = current_task()
        own_context = task.context
        hub.workers[task] = self
        hub.called -= 1
        interrupted: BaseException | None = None
        serving = True
        try:
            while serving:
                try:
                    self.used = False
                    with trio.CancelScope(shield=True) as self.scope:
                        if self.cell is not None:
                            await self._hold(interrupted)
                        serving = await self._serve(own_context)
                except BaseException as error:  # noqa: BLE001, ASYNC103 - goes to the cell
                    if self.coroutine is None:  # not an actor's: the engine's own
                        hub.broken(error)
                        return  # noqa: ASYNC104 - the system is told
                    interrupted = error
                else:
                    interrupted = None
        finally:
            del hub.workers[task]

    async def _serve(  # noqa: C901 - every way to get or to lose the queue
        self, own_context: contextvars.Context
    ) -> bool:
        """Drain the ready queue whenever it is this worker's turn; False: retire."""
        hub = self.hub
        ready = hub.ready
        task = self.task
        while True:
            if self.cell is not None or self.used:
                return True  # a used scope: renew it first
            if task.context is own_context:
                self.new_slice()
                if self.sweep():
                    assert self.cell is not None
                    self._hand_over()
                    task.context = self.cell.context
                    await self._hold(None)
                    if self.cell is not None:
                        return True  # a used scope: renew it first
                self.cell = None
            if task.context is not own_context:
                # it was a cell's task: it leaves the cell's context by parking
                task.context = own_context
                if hub.closing or len(hub.spares) >= SPARE_WORKERS:
                    return False
                hub.spares.append(self)
            elif ready:
                await checkpoint()
                continue
            else:
                if hub.closing:
                    return False
                hub.asleep = True
                hub.spares.append(self)
            await park(self.trap)
            hub.called -= 1
            if hub.closing:
                return False

    def _hand_over(self) -> None:
        """This task is a cell's now: the ready queue is somebody else's."""
        self.hub.hand_over()

    async def _hold(self, interrupted: BaseException | None) -> None:
        """Be the task of `self.cell` until its activation ends."""
        cell = self.cell
        assert cell is not None
        while True:
            if self.coroutine is not None:
                cancelled = not self.suspended  # in the last round, by the scope
                error = interrupted
                value: object = None
                if not cancelled:
                    try:
                        value = await carry_on(self.coroutine, self.waiting)
                    except Exception as crash:
                        if self.used:
                            raise  # the scope takes what is its own out of it
                        error = crash
                    finally:
                        self.suspended = False
                self.coroutine = None
                leave = self._resumed(cell, error, value, cancelled=cancelled)
                error = interrupted = None
                if leave:
                    cell.worker = None
                    break
                if self.used:
                    return
            if cell.queue or cell.attention or cell.closed:
                self.new_slice()
                if self.drain(cell):
                    continue
            else:
                self.rest(cell)
            break
        self.cell = None

    def _resumed(
        self, cell: Cell, error: BaseException | None, value: object, *, cancelled: bool
    ) -> bool:
        """Settle what the finished coroutine was.  True: the cell is done with."""
        entry, phase, message = self.entry, self.phase, self.message
        self.entry = self.message = None
        self.phase = "receive"
        if phase == "stopped":
            if error is not None:  # the engine's own: nothing can be trusted any more
                self.hub.interrupt(error)
            return not value
        cell.open_room()
        if error is None and not cancelled:
            if entry is not None or phase == "started":
                self.done(cell, entry, phase)
            return False
        if entry is None and phase == "receive":
            entry = Entry(message)
        if error is not None:
            self.escaped(cell, error, entry, phase)
        elif entry is not None:
            cell.lose(entry, cell.pending_exit or Killed())
        return False
