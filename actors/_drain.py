"""Draining: a worker handles the messages of one cell in place, by plain calls.

`drain` is the inner loop of the framework.  Its fast way handles messages of a cell
that needs no attention; `_attend` does one unusual thing at a time.  Both end when the
mailbox is empty (the cell is at rest), when the budget is used up (the cell goes to the
back of the ready queue), when the incarnation has ended, or when a hook suspends: then
the coroutine and its first trap are left in the worker's fields for `_worker` to go on.

The budget: half a millisecond by Trio's clock, or 1,024 messages, whichever comes
first.  The clock is read every `stride` messages, and the stride follows how long they
take: long handlers are followed by a look at the clock at once.  On a MockClock time
stands still while code runs, so there only the number counts, and runs repeat.

Everything here runs in the cell's context and is protected from Ctrl-C; actors' hooks
are not (they were marked when their class was made).
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Coroutine
from typing import Any

import trio
from trio.lowlevel import enable_ki_protection

from ._cell import Cell
from ._cell_life import ChildEnded, split_crash
from ._cell_send import refuse_result
from ._cell_state import CONTROL, ENDING, FAIL, HELD, RESUME, SENDERS, START, Entry
from ._events import MessageBegun, MessageEnd
from ._exits import Killed
from ._hub import Hub
from ._messages import PENDING
from ._park import Trap, make_trap

SLICE_SECONDS = 0.0005
SLICE_MESSAGES = 1024
MAX_STRIDE = 64
_COROUTINE: Any = types.CoroutineType  # Any: a checker would lose its type arguments


class Drain:
    """What a worker does with a cell, as far as it goes without waiting."""

    __slots__ = (
        "asking",
        "cell",
        "coroutine",
        "entry",
        "hub",
        "left",
        "message",
        "phase",
        "scope",
        "since",
        "slice_end",
        "slice_start",
        "stride",
        "suspended",
        "task",
        "total",
        "trap",
        "waiting",
    )

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.task: trio.lowlevel.Task
        self.scope: trio.CancelScope
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
        self.stride = 16
        self.left = self.total = 0  # messages to the next look at the clock; of a slice
        self.slice_start = self.slice_end = 0.0

    def _new_slice(self) -> None:
        now = self.hub.tick = self.slice_start = trio.current_time()
        self.slice_end = now + SLICE_SECONDS
        self.left = self.stride
        self.total = SLICE_MESSAGES

    def _over_budget(self) -> bool:
        """Look at the clock: is this slice over?"""
        now = trio.current_time()
        self.total -= self.stride
        done = SLICE_MESSAGES - self.total
        spent = now - self.slice_start
        if now >= self.slice_end or self.total <= 0:
            if spent > SLICE_SECONDS:
                self.stride = max(
                    1, min(MAX_STRIDE, int(done * SLICE_SECONDS / spent / 4))
                )
            self.total = 0
            return True
        if spent < SLICE_SECONDS / 8 and self.stride < MAX_STRIDE:
            self.stride *= 2
        self.left = self.stride
        return False

    @enable_ki_protection
    def drain(self, cell: Cell) -> bool:  # noqa: C901, PLR0912, PLR0915 - one loop
        """Handle a cell's messages.  True: suspended.  False: done with it for now.

        Runs in the cell's context.
        """
        hub = self.hub
        while True:
            if cell.attention:
                verdict = self._attend(cell)
                if verdict is None:
                    continue
                return verdict
            queue = cell.queue
            assert queue is not None
            small = type(queue) is list  # then pop() takes its only message
            pop = queue.pop if small else queue.popleft
            receive = cell.actor.receive
            high = cell.high_water
            limit = 1 if small and high else high
            left = self.left
            before = cell.handled
            while not cell.attention:
                depth = len(queue)
                if not depth:
                    hub.handled += cell.handled - before
                    self.left = left
                    if cell.queue is not queue:
                        break  # it has been replaced meanwhile: look again
                    if cell.closed:
                        verdict = self._end(cell)
                        if verdict is None:
                            break
                        return verdict
                    # no checkpoint between the test and the rest
                    cell.queue = cell.worker = None
                    if type(queue) is deque:
                        hub.recycle(queue)
                    return False
                if depth > limit:
                    if depth > high:
                        cell.high_water = high = depth
                    limit = high
                    if small:
                        if depth > 1:
                            small = False
                            queue = cell.grown_queue()
                            pop = queue.popleft
                        else:
                            limit = 1
                message = pop()
                cell.handled += 1
                try:
                    result: Any = receive(message)
                    if result is not None:
                        if type(result) is not _COROUTINE:
                            refuse_result(result, "receive")
                        try:
                            waiting = result.send(None)
                        except StopIteration:
                            pass
                        else:
                            hub.handled += cell.handled - before
                            self.left = left - 1
                            self.entry = None
                            self._suspend(cell, result, waiting, message, "receive")
                            return True
                except BaseException as error:  # noqa: BLE001, ASYNC103 - split, not swallowed
                    self._escaped(cell, error, Entry(message), "receive")
                left -= 1
                if left <= 0:
                    self.left = 0
                    if self._over_budget() and (queue or cell.attention):
                        hub.handled += cell.handled - before
                        self._requeue(cell)
                        return False
                    left = self.left or 1
            else:
                hub.handled += cell.handled - before
                self.left = left

    def _requeue(self, cell: Cell) -> None:
        """Budget over: the cell goes to the back of the ready queue."""
        cell.mark(trio.current_time())
        if cell.closed:
            cell.arm_grace()
        cell.worker = None
        hub = self.hub
        hub.ready.append(cell)
        if hub.asleep:
            hub.wake()

    def _leave(self, cell: Cell) -> bool:
        """Nothing more to do for it here."""
        cell.worker = None
        return False

    def _attend(self, cell: Cell) -> bool | None:  # noqa: C901, PLR0911 - a priority list
        """Do one unusual thing.  None: go on; else the verdict of `drain`."""
        flags = cell.attention
        self.left -= 1
        if self.left <= 0 and self._over_budget() and not flags & FAIL:
            self._requeue(cell)
            return False
        rare = cell.rare
        if flags & RESUME:
            return None if cell.resume() else self._leave(cell)
        if flags & FAIL:
            return self._end(cell)
        if flags & START:
            cell.attention &= ~START
            return self._call(cell, cell.actor.started, (), None, "started")
        if flags & CONTROL:
            assert rare is not None
            assert rare.control is not None
            item = rare.control.popleft()
            if not rare.control:
                cell.attention &= ~CONTROL
            if type(item) is ChildEnded:
                if item.child.state != HELD:  # ended meanwhile, with whoever had it
                    return None
                item.child.decide(cell.consult(item.child, item.exit, inside=True))
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
            return self._end(cell) if cell.closed else None
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
            ticket.queued = False
        if tick is not None:
            tick.queued = False
            if not tick.period:
                tick.cancel()
        if raw.number and MessageBegun in self.hub.events.wanted:
            now = trio.current_time()
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
                if type(result) is not _COROUTINE:
                    refuse_result(result, phase)
                try:
                    waiting = result.send(None)
                except StopIteration:
                    pass
                else:
                    self.entry = entry
                    message = entry.message if entry is not None else None
                    self._suspend(cell, result, waiting, message, phase)
                    return True
        except BaseException as error:  # noqa: BLE001, ASYNC103 - split, not swallowed
            self._escaped(cell, error, entry, phase)
        else:
            self._done(cell, entry, phase)
        return None

    def _done(self, cell: Cell, entry: Entry | None, phase: str) -> None:
        """A hook has ended in order."""
        if entry is not None:
            ticket = entry.ticket
            if ticket is not None:
                cell.hold_ticket(ticket)
            cell.trace_end(entry.number, MessageEnd.HANDLED)
        elif phase == "started" and not cell.attention & FAIL:
            cell.publish_started()

    def _escaped(
        self, cell: Cell, error: BaseException, entry: Entry | None, phase: str
    ) -> None:
        """An exception has left a hook."""
        crash, rest = split_crash(error)
        if rest is not None:
            self.hub.interrupt(rest)
        if crash is not None:
            doing = (
                f"in {phase}" if entry is None else f"handling {entry.message!r:.200}"
            )
            cell.crash(crash, entry, doing)
        else:
            if entry is not None:
                cell.lose(entry, Killed())
            cell.fail(Killed())

    def _end(self, cell: Cell) -> bool | None:
        """End the incarnation, here and now if there is nothing to wait for."""
        ending = cell.begin_end()
        if ending is True:
            return None
        if ending is False:
            return self._leave(cell)
        try:
            waiting = ending.send(None)
        except StopIteration as stop:
            return None if stop.value else self._leave(cell)
        self.entry = None
        self._suspend(cell, ending, waiting, None, "stopped")
        return True

    def _suspend(
        self, cell: Cell, coroutine: Any, waiting: Trap, message: Any, phase: str
    ) -> None:
        self.coroutine = coroutine
        self.waiting = waiting
        self.message = message
        self.phase = phase
        self.since = self.hub.tick
        self.suspended = True
        cell.room = -1  # senders stamp their messages while it waits
        if cell.attention & FAIL and cell.state != ENDING:
            self.scope.cancel()
        elif cell.closed and cell.state != ENDING:
            cell.arm_grace()
