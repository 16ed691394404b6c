"""Draining: a worker handles messages in place, by plain calls.

`sweep` takes cells off the ready queue.  The commonest of all, one plain message for a
cell at rest, it handles itself; everything else is `drain`, the inner loop of the
framework, which goes on with one cell until its mailbox is empty (the cell is at rest),
the slice is over (the cell goes to the back of the ready queue), the incarnation has
ended, or a hook suspends.

`drain` takes messages in batches: as many as are there, at most as many as there are to
the next look at the clock.  If there are more and other cells are ready, they go first,
so that a busy cell keeps nobody waiting for longer than a batch.  Nobody but the worker
takes from a queue during a batch (dropping the oldest makes room for one that follows
at once), so a batch needs no look at the depth; only `attention` can end it early.
`high_water` is thus looked at between batches: it may miss, by at most one stride, what
an actor has put into its own mailbox.

`drain` runs in the cell's context, `sweep` enters it for the hook alone.  Both are
protected from Ctrl-C; actors' hooks are not (they were marked when their class was
made).
"""

from __future__ import annotations

from collections import deque
from itertools import repeat
from typing import Any

from trio.lowlevel import enable_ki_protection

from actors.messages import PENDING

from .attend import COROUTINE, Attend
from .cell import Cell
from .sending import refuse_result
from .state import SPECIAL, Entry

_LIST: Any = list  # Any: a checker would lose its type arguments


class Drain(Attend):
    """What a worker does with cells, as far as it goes without waiting."""

    __slots__ = ()

    def cancel(self) -> None:
        """Cancel what the held cell awaits."""
        self.used = True
        self.scope.cancel()

    @enable_ki_protection
    def sweep(self) -> bool:  # noqa: C901, PLR0912 - one loop
        """Drain ready cells until the slice is over.  True: one has suspended."""
        hub = self.hub
        ready = hub.ready
        lists = hub.lists
        while ready:
            cell: Cell = ready.popleft()
            self.cell = cell
            cell.worker = self
            queue = cell.queue
            small = type(queue) is _LIST and len(queue) == 1
            if small and not cell.attention:
                message = queue.pop()
                cell.handled += 1
                hub.handled += 1
                if not cell.high_water:
                    cell.high_water = 1
                try:
                    result: Any = cell.context.run(cell.actor.receive, message)
                    if result is not None:
                        if type(result) is not COROUTINE:
                            refuse_result(result, "receive")
                        try:
                            waiting = cell.context.run(result.send, None)
                        except StopIteration:
                            pass
                        else:
                            self.left -= 1
                            self.entry = None
                            self.suspend(cell, result, waiting, message, "receive")
                            return True
                except BaseException as error:  # noqa: BLE001, ASYNC103 - split, not swallowed
                    gone = self._crashed(cell, error, message)
                else:
                    gone = False
                if gone:
                    pass
                elif queue or cell.attention or cell.closed or cell.queue is not queue:
                    if cell.context.run(self.drain, cell):
                        return True
                else:
                    # no checkpoint between the test and the rest
                    cell.queue = cell.worker = None
                    lists.append(queue)
            else:
                if small and cell.attention == SPECIAL and self._answer(cell, queue):
                    return True
                if cell.context.run(self.drain, cell):
                    return True
            # every cell counts, also one that only ended
            self.left -= 1
            if self.total <= 0 or (self.left <= 0 and self.over_budget()):
                return False
        return False

    def rest(self, cell: Cell) -> None:
        """Nothing to do for it: no checkpoint between that test and this."""
        queue = cell.queue
        cell.queue = cell.worker = None
        if type(queue) is deque:
            self.hub.recycle(queue)

    def _crashed(self, cell: Cell, error: BaseException, message: Any) -> bool:
        """A plain message has not been handled.  True: done with the cell for now."""
        verdict = cell.recover(message, error)
        if verdict is None:
            self.escaped(cell, error, Entry(message), "receive")
            return False
        return not verdict and not self.leave(cell)

    def _answer(self, cell: Cell, queue: list[Any]) -> bool:  # noqa: C901 - one step
        """Handle the one ask that has come to a cell at rest.  True: suspended.

        What `attend` would do, at two thirds of the price.
        """
        hub = self.hub
        entry = queue[0]
        if hub.traced or entry.tick is not None:
            return False
        queue.pop()
        cell.attention = 0
        assert cell.rare is not None
        cell.rare.special = 0
        cell.handled += 1
        hub.handled += 1
        self.left -= 1
        if not cell.high_water:
            cell.high_water = 1
        ticket = entry.ticket
        if ticket.state != PENDING:  # the asker has left
            return False
        ticket.care = 0
        try:
            result: Any = cell.context.run(cell.actor.receive, entry.message)
            if result is not None:
                if type(result) is not COROUTINE:
                    refuse_result(result, "receive")
                try:
                    waiting = cell.context.run(result.send, None)
                except StopIteration:
                    pass
                else:
                    self.entry = entry
                    self.suspend(cell, result, waiting, entry.message, "receive")
                    return True
        except BaseException as error:  # noqa: BLE001, ASYNC103 - split, not swallowed
            self.escaped(cell, error, entry, "receive")
        else:
            if ticket.state == PENDING:
                cell.hold_ticket(ticket)
        return False

    @enable_ki_protection
    def drain(self, cell: Cell) -> bool:  # noqa: C901, PLR0911, PLR0912, PLR0915 - a loop
        """Handle a cell's messages.  True: suspended.  False: done with it for now.

        Runs in the cell's context.
        """
        hub = self.hub
        while True:
            if cell.attention:
                verdict = self.attend(cell)
                if verdict is None:
                    continue
                return verdict
            if self.left <= 0 and self.over_budget():
                self.requeue(cell)
                return False
            queue: Any = cell.queue
            depth = len(queue)
            if not depth:
                if cell.closed:
                    verdict = self.end(cell)
                    if verdict is None:
                        continue
                    return verdict
                self.rest(cell)
                return False
            if type(queue) is _LIST and depth > 1:
                queue = cell.grown_queue()
            take = queue.pop if type(queue) is _LIST else queue.popleft
            cell.high_water = max(cell.high_water, depth)
            left = self.left
            receive = cell.actor.receive
            before = cell.handled
            for _ in repeat(None, min(depth, left)):
                message = take()
                cell.handled += 1
                try:
                    result: Any = receive(message)
                    if result is not None:
                        if type(result) is not COROUTINE:
                            refuse_result(result, "receive")
                        try:
                            waiting = result.send(None)
                        except StopIteration:
                            pass
                        else:
                            hub.handled += cell.handled - before
                            self.left = left - cell.handled + before
                            self.entry = None
                            self.suspend(cell, result, waiting, message, "receive")
                            return True
                except BaseException as error:  # noqa: BLE001, ASYNC103 - split, not swallowed
                    if self._crashed(cell, error, message):
                        hub.handled += cell.handled - before
                        self.left = left - cell.handled + before
                        return False  # noqa: ASYNC104 - the cell has it
                    break  # noqa: ASYNC104
                if cell.attention:
                    break
            hub.handled += cell.handled - before
            self.left = left - cell.handled + before
            if hub.ready and queue and not cell.attention:  # their turn
                self.requeue(cell)
                return False
