"""Draining: a worker handles one cell's messages in place, by plain calls.

`drain` is the inner loop of the framework.  It goes on with one cell until its mailbox
is empty (the cell is at rest), the slice is over (the cell goes to the back of the
ready queue), the incarnation has ended, or a hook suspends.

It takes messages in batches: as many as are there, at most as many as there are to the
next look at the clock.  If there are more and other cells are ready, they go first, so
that a busy cell keeps nobody waiting for longer than a batch.  Nobody but the worker
takes from a queue during a batch (dropping the oldest makes room for one that follows
at once), so a batch needs no look at the depth; only `attention` can end it early.
`high_water` is thus looked at between batches: it may miss, by at most one stride, what
an actor has put into its own mailbox.
"""

from __future__ import annotations

from itertools import repeat
from typing import Any

from trio.lowlevel import enable_ki_protection

from actors._engine.cell.cell import Cell
from actors._engine.crashes import refuse_result

from .attend import COROUTINE, attend
from .hand import Hand

_LIST: Any = list  # Any: a checker would lose its type arguments


@enable_ki_protection
def drain(hand: Hand, cell: Cell) -> bool:  # noqa: C901, PLR0911, PLR0912, PLR0915
    """Handle a cell's messages.  True: suspended.  False: done with it for now.

    Runs in the cell's context, protected from Ctrl-C, which actors' hooks are not (they
    were marked when their class was made).
    """
    hub = hand.hub
    budget = hand.slice
    while True:
        if cell.attention:
            verdict = attend(hand, cell)
            if verdict is None:
                continue
            return verdict
        queue: Any = cell.queue  # Any: a list, a deque or a LatestQueue
        depth = len(queue)
        if not depth:
            if cell.closed:
                verdict = hand.end(cell)
                if verdict is None:
                    continue
                return verdict
            hand.rest(cell)
            return False
        if budget.left <= 0 and budget.over():
            hand.requeue(cell)
            return False
        if type(queue) is _LIST and depth > 1:
            queue = cell.grown_queue()
        take = queue.pop if type(queue) is _LIST else queue.popleft
        cell.high_water = max(cell.high_water, depth)
        left = budget.left
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
                        budget.left = left - cell.handled + before
                        hand.entry = None
                        hand.suspend(cell, result, waiting, message, "receive")
                        return True
            except BaseException as error:  # noqa: BLE001, ASYNC103 - split
                if hand.crashed(cell, error, message):
                    hub.handled += cell.handled - before
                    budget.left = left - cell.handled + before
                    return False  # noqa: ASYNC104 - the cell has it
                break  # noqa: ASYNC104
            if cell.attention:
                break
        hub.handled += cell.handled - before
        budget.left = left - cell.handled + before
        if hub.ready and queue and not cell.attention:  # their turn
            hand.requeue(cell)
            return False
