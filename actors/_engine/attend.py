"""The careful way: one unusual thing at a time, and what comes of a hook.

A cell that needs attention (its first start, an ask in the queue, a notice, a crash, a
decision of its owner) is served here, one step a call; the plain way through plain
messages is `drain`.  Both meet in what is done when a hook suspends, returns or
raises.

A step says what is next: None to go on with this cell, False when the worker is done
with it for now, True when a hook has suspended: then the coroutine and its first trap
are left in the worker's fields for `worker` to go on.
"""

from __future__ import annotations

import types
from collections.abc import Coroutine
from typing import Any

import trio

from actors.events import MessageBegun, MessageEnd
from actors.exits import Killed
from actors.messages import PENDING

from .cell import Cell
from .hub import Hub
from .life import ChildEnded, ChildNews, split_crash
from .park import Trap, make_trap
from .sending import refuse_result
from .slice import Slice
from .state import (
    CONTROL,
    ENDING,
    FAIL,
    HELD,
    RESUME,
    SENDERS,
    STAMPED,
    START,
    Entry,
)

COROUTINE: Any = types.CoroutineType  # Any: a checker would lose its type arguments


class Attend(Slice):
    """A worker's fields, and what it does when a cell needs attention."""

    __slots__ = (
        "asking",
        "cell",
        "coroutine",
        "entry",
        "message",
        "phase",
        "scope",
        "since",
        "suspended",
        "task",
        "trap",
        "used",
        "waiting",
    )

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self.task: trio.lowlevel.Task
        self.scope: trio.CancelScope
        self.used = False  # the scope has been cancelled
        self.trap: Trap = make_trap(lambda _: trio.lowlevel.Abort.SUCCEEDED)
        self.cell: Cell | None = None  # whose messages it handles
        self.message: Any = None  # in hand, while suspended
        self.entry: Entry | None = None  # of the message in hand
        self.phase = "receive"
        self.suspended = False
        self.since = 0.0
        self.asking: Any = None  # with debug on: the cell it waits for
        self.coroutine: Coroutine[Trap, Any, Any] | None = None
        self.waiting: Trap = None  # the coroutine's first trap

    def requeue(self, cell: Cell) -> None:
        """Budget over: the cell goes to the back of the ready queue."""
        cell.stamp()
        cell.prune_marks()
        if cell.closed:
            cell.arm_grace()
        cell.worker = None
        hub = self.hub
        hub.ready.append(cell)
        if hub.asleep:
            hub.wake()

    def leave(self, cell: Cell) -> bool:
        """Nothing more to do for it here."""
        cell.worker = None
        return False

    def attend(self, cell: Cell) -> bool | None:  # noqa: C901, PLR0911 - a priority list
        """Do one unusual thing.  None: go on; else the verdict of `drain`."""
        flags = cell.attention
        self.left -= 1
        if self.left <= 0 and self.over_budget() and not flags & FAIL:
            self.requeue(cell)
            return False
        rare = cell.rare
        if flags & RESUME:
            return None if cell.resume() else self.leave(cell)
        if flags & FAIL:
            return self.end(cell)
        if flags & START:
            cell.attention &= ~START
            self.phase = "started"
            return self._call(cell, cell.actor.started, (), None, "started")
        if flags & CONTROL:
            assert rare is not None
            assert rare.control is not None
            item = rare.control.popleft()
            if not rare.control:
                cell.attention &= ~CONTROL
            if type(item) is ChildEnded:
                child = item.child  # perhaps somebody has ended it for good meanwhile
                decision = cell.consult(child, item.exit, inside=True)
                if child.state == HELD and not child.attention & RESUME:
                    child.answered(decision)
                return None
            if type(item) is ChildNews:
                cell.listen(item)
                return None
            if rare.watching is not None:
                rare.watching.pop(item.ref, None)
            entry = Entry(item.message)
            return self._call(
                cell, cell.actor.receive, (item.message,), entry, "receive"
            )
        if flags & SENDERS:
            cell.admit()
        queue = cell.queue
        if not queue:
            return self.end(cell) if cell.closed else None
        return self._next(cell, queue)

    def _next(self, cell: Cell, queue: Any) -> bool | None:
        """Handle one message the careful way."""
        depth = len(queue)
        cell.high_water = max(cell.high_water, depth)
        raw = cell.grown_queue().popleft()
        cell.handled += 1
        self.hub.handled += 1
        if cell.attention & SENDERS:
            cell.admit()
        if type(raw) is not Entry:
            return self._call(cell, cell.actor.receive, (raw,), Entry(raw), "receive")
        cell.uncount()
        tick, ticket = raw.tick, raw.ticket
        if (tick is not None and tick.cancelled) or (
            ticket is not None and ticket.state != PENDING
        ):
            cell.skip(raw)
            return None
        if ticket is not None:
            ticket.care = 0
        if tick is not None:
            tick.queued = False
            if not tick.period:
                tick.cancel()
        if raw.number and MessageBegun in self.hub.events.wanted:
            now = self.hub.now()
            event = MessageBegun(now, cell, raw.number, cell.incarnation)
            self.hub.publish(event)
        return self._call(cell, cell.actor.receive, (raw.message,), raw, "receive")

    def _call(
        self,
        cell: Cell,
        hook: Any,
        args: tuple[Any, ...],
        entry: Entry | None,
        phase: str,
    ) -> bool | None:
        """Call a hook: None when it is done, True when it has suspended."""
        try:
            result: Any = hook(*args)
            if result is not None:
                if type(result) is not COROUTINE:
                    refuse_result(result, phase)
                try:
                    waiting = result.send(None)
                except StopIteration:
                    pass
                else:
                    self.entry = entry
                    message = entry.message if entry is not None else None
                    self.suspend(cell, result, waiting, message, phase)
                    return True
        except BaseException as error:  # noqa: BLE001, ASYNC103 - split, not swallowed
            self.escaped(cell, error, entry, phase)
        else:
            self.done(cell, entry, phase)
        return None

    def done(self, cell: Cell, entry: Entry | None, phase: str) -> None:
        """A hook has ended in order."""
        self.phase = "receive"
        if entry is not None:
            ticket = entry.ticket
            if ticket is not None:
                cell.hold_ticket(ticket)
            cell.trace_end(entry.number, MessageEnd.HANDLED)
        elif phase == "started" and not cell.attention & FAIL:
            cell.begun()

    def escaped(
        self, cell: Cell, error: BaseException, entry: Entry | None, phase: str
    ) -> None:
        """An exception has left a hook."""
        self.phase = "receive"
        if isinstance(error, Exception):
            cell.crash(error, entry, f"in {phase}" if entry is None else "handling")
            return
        crash, rest = split_crash(error)
        if rest is not None:
            self.hub.interrupt(rest)
        if crash is not None:
            cell.crash(crash, entry, f"in {phase}" if entry is None else "handling")
        else:
            if entry is not None:
                cell.lose(entry, Killed())
            cell.fail(Killed())

    def end(self, cell: Cell) -> bool | None:
        """End the incarnation, here and now if there is nothing to wait for."""
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

    def suspend(
        self, cell: Cell, coroutine: Any, waiting: Trap, message: Any, phase: str
    ) -> None:
        self.coroutine = coroutine
        self.waiting = waiting
        self.message = message
        self.phase = phase
        self.since = self.hub.tick
        self.suspended = True
        # senders stamp their messages while it waits
        cell.room = STAMPED if cell.room > 0 else -1
        if cell.attention & FAIL and cell.state != ENDING:
            assert cell.rare is not None
            if cell.rare.halting:
                cell.arm_grace()
            else:
                self.used = True
                self.scope.cancel()
        elif cell.closed and cell.state != ENDING:
            cell.arm_grace()
