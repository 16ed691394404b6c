"""The worker: a Trio task that drains cells, or that is one cell's task.

One worker at a time owns the ready queue.  It takes a cell, enters the cell's context
and drains its mailbox (`sweep`); after a slice comes a checkpoint and the next slice.

If a hook suspends, this worker becomes the cell's task: it gives the ready queue away
(`Hub.hand_over`), takes the cell's context as its task's own, and carries the coroutine
and then the rest of the mailbox on (`_hold`).  It is parked as a spare afterwards, in
every case: it must leave the cell's context before anybody else may enter it.

What a worker awaits is covered by one cancel scope, shielded from the outside.  Killing
a suspended actor cancels that scope; the used scope is then renewed (`run`).
"""

from __future__ import annotations

import contextvars
from threading import get_ident

import trio
from trio.lowlevel import (
    checkpoint,
    current_task,
    enable_ki_protection,
    reschedule,
)

from actors._engine.cell.cell import Cell
from actors._engine.cell.moves import KILLED, lose
from actors._engine.hub import SPARE_WORKERS, Hub
from actors._engine.park import WAKE, carry_on, park
from actors._engine.parts.entry import Entry
from actors.errors import WrongThreadError

from .drain import drain
from .hand import Hand
from .slice import MESSAGES
from .sweep import sweep


def wake(hub: Hub) -> None:
    """Get a worker for the ready queue, before anything is put there.

    Raises:
        WrongThreadError: called in another thread than Trio's.
    """
    if get_ident() != hub.thread:
        what = "something that wakes an actor"
        raise WrongThreadError(what)
    hub.asleep = False
    if hub.pausing:  # a worker has its next slice anyway
        hub.pausing = False
        return
    hub.tick = hub.now()
    hub.called += 1
    if hub.spares:
        reschedule(hub.spares.pop().task, WAKE)
    else:
        hub.spawn()


class Worker:
    """One worker task."""

    __slots__ = ("_hand", "_hub")

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._hand = Hand(hub)

    @enable_ki_protection
    async def run(self) -> None:
        """Work until the system closes, or there are spare workers enough."""
        hub = self._hub
        hand = self._hand
        task = hand.task = current_task()
        own_context = task.context
        hub.workers[task] = hand
        hub.called -= 1
        interrupted: BaseException | None = None
        serving = True
        try:
            while serving:
                try:
                    hand.used = False
                    with trio.CancelScope(shield=True) as hand.scope:
                        if hand.cell is not None:
                            await self._hold(interrupted)
                        serving = await self._serve(own_context)
                except BaseException as error:  # noqa: BLE001, ASYNC103 - to the cell
                    if hand.coroutine is None:  # not an actor's: the engine's own
                        hub.broken(error)
                        return  # noqa: ASYNC104 - the system is told
                    interrupted = error
                else:
                    interrupted = None
        finally:
            del hub.workers[task]

    async def _serve(  # noqa: C901, PLR0912 - every way to get or to lose the queue
        self, own_context: contextvars.Context
    ) -> bool:
        """Drain the ready queue whenever it is this worker's turn; False: retire."""
        hub = self._hub
        hand = self._hand
        ready = hub.ready
        task = hand.task
        while True:
            if hand.cell is not None or hand.used:
                return True  # a used scope: renew it first
            if task.context is own_context:
                piece = hand.slice  # as `Slice.begin`
                hub.tick = piece._start = piece._looked = hub.now()
                piece._woken = hub.woken
                piece.left = piece._stride
                piece.total = MESSAGES
                some = bool(ready)
                if sweep(hand):
                    assert hand.cell is not None
                    hub.hand_over()
                    task.context = hand.cell.context
                    await self._hold(None)
                    if hand.cell is not None:
                        return True  # a used scope: renew it first
                elif some:
                    hub.suspending = 1
                hand.cell = None
            if task.context is not own_context:
                # it was a cell's task: it leaves the cell's context by parking
                task.context = own_context
                if hub.closing or len(hub.spares) >= SPARE_WORKERS:
                    return False
                hub.spares.append(hand)
            elif ready:
                # other tasks run, and other threads: whoever has something for an
                # actor at rest meanwhile is to come by `wake`
                hub.asleep = hub.pausing = True
                try:
                    await checkpoint()
                finally:
                    hub.asleep = hub.pausing = False
                continue
            else:
                if hub.closing:
                    return False
                hub.asleep = True
                hub.spares.append(hand)
            await park(hand.trap)
            hub.called -= 1
            if hub.closing:
                return False

    async def _hold(self, interrupted: BaseException | None) -> None:
        """Be the task of the cell in hand until its activation ends."""
        hand = self._hand
        cell = hand.cell
        assert cell is not None
        while True:
            if hand.coroutine is not None:
                cancelled = not hand.suspended  # in the last round, by the scope
                error = interrupted
                value: object = None
                if not cancelled:
                    try:
                        value = await carry_on(hand.coroutine, hand.waiting)
                    except Exception as crash:
                        if hand.used:
                            raise  # the scope takes what is its own out of it
                        error = crash
                    finally:
                        hand.suspended = False
                hand.coroutine = None
                leave = self._resumed(cell, error, value, cancelled=cancelled)
                error = interrupted = None
                if leave:
                    cell.worker = None
                    break
                if hand.used:
                    return
            if cell.queue or cell.attention or cell.closed:
                hand.slice.begin()
                if drain(hand, cell):
                    continue
            else:
                hand.rest(cell)
            break
        hand.cell = None

    def _resumed(
        self, cell: Cell, error: BaseException | None, value: object, *, cancelled: bool
    ) -> bool:
        """Settle what the finished coroutine was.  True: the cell is done with."""
        hand = self._hand
        entry, phase, message = hand.entry, hand.phase, hand.message
        hand.entry = hand.message = None
        hand.phase = "receive"
        if phase == "stopped":
            if error is not None:  # the engine's own: nothing can be trusted any more
                self._hub.interrupt(error)
            return not value
        cell.open_room()
        if error is None and not cancelled:
            if entry is not None or phase == "started":
                hand.done(cell, entry, phase)
            return False
        if entry is None and phase == "receive":
            entry = Entry(message)
        if error is not None:
            hand.escaped(cell, error, entry, phase)
        elif entry is not None:
            lose(cell, entry, cell.pending_exit or KILLED)
        return False
