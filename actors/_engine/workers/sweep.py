"""Sweeping: a worker takes cells off the ready queue, until the slice is over.

The commonest of all, one message for a cell at rest, plain or asked, is handled here at
once, the cell's context being entered for the hook alone.  Everything else is `drain`.
"""

from __future__ import annotations

from typing import Any

from trio.lowlevel import enable_ki_protection

from actors._engine.cell.cell import Cell
from actors._engine.cell.fields import SPECIAL
from actors._engine.cell.inbox import hold_ticket
from actors._engine.crashes import refuse_result
from actors.exits import Crashed
from actors.messages import PENDING

from .attend import COROUTINE
from .drain import drain
from .hand import Hand

_LIST: Any = list  # Any: a checker would lose its type arguments


@enable_ki_protection
def sweep(hand: Hand) -> bool:  # noqa: C901, PLR0911, PLR0912, PLR0915 - a loop
    """Drain ready cells until the slice is over.  True: one has suspended."""
    hub = hand.hub
    ready = hub.ready
    lists = hub.lists
    budget = hand.slice
    while ready:
        cell: Cell = ready.popleft()
        hand.cell = cell
        cell.worker = hand
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
                        budget.left -= 1
                        hand.entry = None
                        hand.suspend(cell, result, waiting, message, "receive")
                        return True
            except BaseException as error:  # noqa: BLE001, ASYNC103 - split
                gone = hand.crashed(cell, error, message)
            else:
                gone = False
        elif small and cell.attention == SPECIAL:
            if _answer(hand, cell, queue):
                return True
            gone = False
        elif cell.context.run(drain, hand, cell):
            return True
        else:
            gone = True
        if gone:
            pass
        elif queue or cell.attention or cell.queue is not queue:
            if cell.context.run(drain, hand, cell):
                return True
        elif cell.closed:  # as `drain`, without the loop
            exit_ = cell.pending_exit
            if (
                cell.rare is None
                and cell.youngest is None
                and exit_ is not None
                and type(exit_) is not Crashed
                and cell.context.run(cell.vanish, exit_)
            ):
                verdict: bool | None = False
            else:
                verdict = cell.context.run(hand.end, cell)
            if verdict or (verdict is None and cell.context.run(drain, hand, cell)):
                return True
        else:
            # no checkpoint between the test and the rest
            cell.queue = cell.worker = None
            lists.append(queue)
        # every cell counts, also one that only ended
        budget.left -= 1
        if budget.total <= 0 or (budget.left <= 0 and ready and budget.over()):
            return False
    return False


# Any: messages are anything
def _answer(hand: Hand, cell: Cell, queue: list[Any]) -> bool:  # noqa: C901 - one step
    """Handle the one ask that has come to a cell at rest.  True: suspended.

    What `attend` would do, at two thirds of the price.
    """
    hub = hand.hub
    entry = queue[0]
    if hub.traced or entry.tick is not None:
        return False
    queue.pop()
    cell.attention = 0
    assert cell.rare is not None
    cell.rare.special = 0
    cell.handled += 1
    hub.handled += 1
    hand.slice.left -= 1
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
                hand.entry = entry
                hand.suspend(cell, result, waiting, entry.message, "receive")
                return True
    except BaseException as error:  # noqa: BLE001, ASYNC103 - split, not swallowed
        hand.escaped(cell, error, entry, "receive")
    else:
        if ticket.state == PENDING:
            hold_ticket(cell, ticket, entry.message)
    return False
