"""The careful way: one unusual thing at a time.

A cell that needs attention (its first start, an ask in the queue, a notice, a crash, a
decision of its owner) is served here, one step a call; the plain way through plain
messages is `drain`.

A step says what is next: None to go on with this cell, False when the worker is done
with it for now, True when a hook has suspended and is kept in the hand.
"""

from __future__ import annotations

import types
from typing import Any

from actors._engine.cell.cell import Cell
from actors._engine.cell.fields import (
    CONTROL,
    FAIL,
    RESUME,
    SENDERS,
    START,
    Rare,
)
from actors._engine.cell.inbox import admit, skip, uncount
from actors._engine.cell.moves import answered
from actors._engine.cell.owner import consult, listen
from actors._engine.cell.succession import resume
from actors._engine.crashes import refuse_result
from actors._engine.parts.entry import Entry
from actors._engine.parts.life import HELD
from actors._engine.parts.notices import ChildEnded, ChildNews
from actors.events import MessageBegun
from actors.messages import PENDING

from .hand import Hand

COROUTINE: Any = types.CoroutineType  # Any: a checker would lose its type arguments


def attend(hand: Hand, cell: Cell) -> bool | None:  # noqa: PLR0911 - a priority list
    """Do one unusual thing, the most urgent first."""
    flags = cell.attention
    budget = hand.slice
    budget.left -= 1
    if budget.left <= 0 and budget.over() and not flags & FAIL:
        hand.requeue(cell)
        return False
    rare = cell.rare
    if flags & RESUME:
        return None if resume(cell) else hand.leave(cell)
    if flags & FAIL:
        return hand.end(cell)
    if flags & START:
        cell.attention &= ~START
        hand.phase = "started"
        return _call(hand, cell, cell.actor.started, (), None, "started")
    if flags & CONTROL:
        assert rare is not None
        return _control(hand, cell, rare)
    if flags & SENDERS:
        admit(cell)
    queue = cell.queue
    if not queue:
        return hand.end(cell) if cell.closed else None
    return _next(hand, cell, queue)


def _control(hand: Hand, cell: Cell, rare: Rare) -> bool | None:
    """Take one item from the control lane."""
    lane = rare.control
    assert lane is not None
    item = lane.popleft()
    if not lane:
        cell.attention &= ~CONTROL
    if isinstance(item, ChildEnded):
        child = item.child  # perhaps somebody has ended it for good meanwhile
        decision = consult(cell, child, item.exit, inside=True)
        if child.state == HELD and not child.attention & RESUME:
            answered(child, decision)
        return None
    if isinstance(item, ChildNews):
        listen(cell, item)
        return None
    if rare.watches is not None:
        rare.watches.unwatch(item.ref)
    entry = Entry(item.message)
    return _call(hand, cell, cell.actor.receive, (item.message,), entry, "receive")


# Any: a list, a deque or a LatestQueue, of messages
def _next(hand: Hand, cell: Cell, queue: Any) -> bool | None:
    """Handle one message."""
    hub = hand.hub
    cell.high_water = max(cell.high_water, len(queue))
    raw = cell.grown_queue().popleft()
    cell.handled += 1
    hub.handled += 1
    if cell.attention & SENDERS:
        admit(cell)
    if type(raw) is not Entry:
        return _call(hand, cell, cell.actor.receive, (raw,), Entry(raw), "receive")
    uncount(cell)
    tick, ticket = raw.tick, raw.ticket
    if ticket is not None:
        if ticket.state != PENDING:  # the asker has left
            skip(cell, raw)
            return None
        ticket.care = 0
    if tick is not None:
        if tick.cancelled:
            skip(cell, raw)
            return None
        tick.taken()
    if raw.number and MessageBegun in hub.events.wanted:
        hub.publish(MessageBegun(hub.now(), cell, raw.number, cell.incarnation))
    return _call(hand, cell, cell.actor.receive, (raw.message,), raw, "receive")


# Any: a hook is called with what it takes
def _call(
    hand: Hand,
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
                hand.entry = entry
                message = entry.message if entry is not None else None
                hand.suspend(cell, result, waiting, message, phase)
                return True
    except BaseException as error:  # noqa: BLE001, ASYNC103 - split, not swallowed
        hand.escaped(cell, error, entry, phase)
    else:
        hand.done(cell, entry, phase)
    return None
