"""What a worker has in hand: a cell, its message, and what the hook awaits.

A hook that suspends is left here, with its first trap, for the worker to go on as the
cell's task.  What comes of a hook that has ended is settled here too, whether it did so
on the spot or after a wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Coroutine
from typing import Any

import trio

from actors._engine.cell.beginning import begun
from actors._engine.cell.cell import Cell
from actors._engine.cell.fields import FAIL, STAMPED
from actors._engine.cell.inbox import hold_ticket, prune_ages, stamp, trace_end
from actors._engine.cell.moves import KILLED, arm_grace, crash, fail, lose
from actors._engine.crashes import split_crash
from actors._engine.hub import Hub
from actors._engine.park import Trap, make_trap
from actors._engine.parts.entry import Entry
from actors._engine.parts.life import ENDING
from actors.events import MessageEnd
from actors.messages import PENDING

from .slice import Slice


class Hand:
    """One worker's; a cell knows it as its `worker`."""

    __slots__ = (
        "asking",
        "cell",
        "coroutine",
        "entry",
        "hub",
        "message",
        "phase",
        "scope",
        "since",
        "slice",
        "suspended",
        "task",
        "trap",
        "used",
        "waiting",
    )

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.slice = Slice(hub)
        self.task: trio.lowlevel.Task
        self.scope: trio.CancelScope
        self.used = False  # the scope has been cancelled
        self.trap: Trap = make_trap(lambda _: trio.lowlevel.Abort.SUCCEEDED)
        self.cell: Cell | None = None  # whose messages it handles
        # Any: messages are anything
        self.message: Any = None  # in hand, while suspended
        self.entry: Entry | None = None  # of the message in hand
        self.phase = "receive"
        self.suspended = False
        self.since = 0.0
        self.asking: Any = None  # with debug on: the cell it waits for
        self.coroutine: Coroutine[Trap, Any, Any] | None = None
        self.waiting: Trap = None  # the coroutine's first trap

    def cancel(self) -> None:
        """Cancel what the held cell awaits."""
        self.used = True
        self.scope.cancel()

    # ------------------------------------------------------------ done with a cell

    def rest(self, cell: Cell) -> None:
        """Nothing to do for it: no checkpoint between that test and this."""
        queue = cell.queue
        cell.queue = cell.worker = None
        if type(queue) is deque:
            self.hub.recycle(queue)

    def requeue(self, cell: Cell) -> None:
        """The cell goes to the back of the ready queue."""
        stamp(cell)
        prune_ages(cell)
        if cell.closed:
            arm_grace(cell)
        cell.worker = None
        cell.be_ready()

    def leave(self, cell: Cell) -> bool:
        """Nothing more to do for it here."""
        cell.worker = None
        return False

    def end(self, cell: Cell) -> bool | None:
        """End the incarnation, here and now if there is nothing to wait for.

        None: a new one is there, go on; False: done; True: suspended.
        """
        ending = cell.begin_end()
        if ending is True:
            return None
        if ending is False:
            return self.leave(cell)
        try:
            waiting = ending.send(None)
        except StopIteration as stop:
            return None if stop.value else self.leave(cell)
        self.entry = None
        self.suspend(cell, ending, waiting, None, "stopped")
        return True

    # -------------------------------------------------------------- a hook that waits

    # Any: a coroutine yields to Trio what Trio knows; messages are anything
    def suspend(
        self, cell: Cell, coroutine: Any, waiting: Trap, message: Any, phase: str
    ) -> None:
        """A hook has suspended: keep it for the worker to go on."""
        self.coroutine = coroutine
        self.waiting = waiting
        self.message = message
        self.phase = phase
        self.since = self.hub.tick
        self.suspended = True
        # senders stamp their messages while it waits
        cell.room = STAMPED if cell.room > 0 else -1
        if cell.attention & FAIL and cell.state != ENDING:
            rare = cell.rare  # None: a cell at rest, killed by its own hook
            if rare is not None and rare.halting:
                arm_grace(cell)
            else:
                self.used = True
                self.scope.cancel()
        elif cell.closed and cell.state != ENDING:
            arm_grace(cell)

    # ------------------------------------------------------------ a hook that is over

    def done(self, cell: Cell, entry: Entry | None, phase: str) -> None:
        """A hook has ended in order."""
        self.phase = "receive"
        if entry is not None:
            ticket = entry.ticket
            if ticket is not None and ticket.state == PENDING:
                hold_ticket(cell, ticket, entry.message)
            if entry.number:
                stash = cell.rare.stash if cell.rare is not None else None
                aside = stash is not None and stash.holds(entry.message, cell.handled)
                end = MessageEnd.STASHED if aside else MessageEnd.HANDLED
                trace_end(cell, entry.number, end)
        elif phase == "started" and not cell.attention & FAIL:
            begun(cell)

    def escaped(
        self, cell: Cell, error: BaseException, entry: Entry | None, phase: str
    ) -> None:
        """An exception has left a hook."""
        self.phase = "receive"
        doing = f"in {phase}" if entry is None else "handling"
        if isinstance(error, Exception):
            crash(cell, error, entry, doing)
            return
        crashed, rest = split_crash(error)
        if rest is not None:
            self.hub.interrupt(rest)
        if crashed is not None:
            crash(cell, crashed, entry, doing)
        else:
            if entry is not None:
                lose(cell, entry, KILLED)
            fail(cell, KILLED)

    def crashed(self, cell: Cell, error: BaseException, message: Any) -> bool:
        """A plain message has not been handled.  True: done with the cell for now."""
        verdict = cell.recover(message, error)
        if verdict is None:
            self.escaped(cell, error, Entry(message), "receive")
            return False
        return not verdict and not self.leave(cell)
