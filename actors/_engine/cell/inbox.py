"""How messages come into a cell when the way in is not plain, and leave it unhandled.

Everything unusual has `room == -1` (or no room at all) and comes through `put`, which
decides once: accepted, must wait, or an error.  A message is accepted in the same step
in which the decision is made.  Whatever leaves the queue unhandled goes through `bury`
or `skip`, so that it has exactly one end.
"""

from __future__ import annotations

import contextlib
import weakref
from collections import deque
from threading import get_ident
from typing import Any

import trio

from actors._engine.parts.ages import MANY, Ages
from actors._engine.parts.entry import Entry
from actors._engine.parts.life import ENDED
from actors._engine.parts.notices import Item
from actors._engine.parts.overflow import verdict
from actors._engine.parts.senders import Sender, Senders
from actors._engine.seat import Own
from actors.errors import (
    ActorStoppedError,
    MailboxFullError,
    MessageDroppedError,
    NoReplyError,
    WrongThreadError,
)
from actors.events import DeadLetterReason, MessageAccepted, MessageEnd, MessageEnded
from actors.exits import Crashed
from actors.mailbox import LatestQueue, Overflow
from actors.messages import HELD, PENDING, QUEUED, Ticket, open_ticket

from .fields import CONTROL, SENDERS, SPECIAL, STAMPED, Fields

# Any throughout: messages are anything, and so is a queue that holds them


def put(
    cell: Fields, message: Any, ticket: Ticket | None = None, tick: Any = None
) -> bool:
    """Accept a message (True) or say that it must wait for room (False).

    Raises:
        ActorStoppedError, MailboxFullError, WrongThreadError: as
            `ActorRef.tell_nowait` says.
    """
    if get_ident() != cell.hub.thread:
        what = f"a message to {cell.path}"
        raise WrongThreadError(what)
    if cell.closed:
        raise stopped_error(cell)
    queue = cell.queue
    if (
        cell.room == STAMPED
        and ticket is None
        and tick is None
        and len(queue) < cell.props.room
    ):
        stamp(cell)
        queue.append(message)
        return True
    mailbox = cell.props.mailbox
    if mailbox.overflow is Overflow.KEEP_LATEST:
        _put_latest(cell, message, ticket, tick)
        return True
    match verdict(mailbox, len(queue) if queue is not None else 0):
        case "wait":
            return False
        case "reject":
            raise full_error(cell)
        case "drop it":
            reason = DeadLetterReason.DROPPED_NEWEST
            bury(cell, Entry(message, ticket, tick), reason)
            if ticket is not None:  # perhaps in another actor's care still
                ticket.fail(MessageDroppedError(cell.path, reason))
            return True
        case "drop oldest":
            _drop_oldest(cell)
        case _:
            pass
    accept(cell, as_queued(cell, message, ticket, tick))
    return True


def _drop_oldest(cell: Fields) -> None:
    queue = cell.grown_queue()
    cell.need_rare().dropped += 1
    bury(cell, taken(cell, queue.popleft()), DeadLetterReason.DROPPED_OLDEST)


def _put_latest(cell: Fields, message: Any, ticket: Ticket | None, tick: Any) -> None:
    mailbox = cell.props.mailbox
    assert mailbox.key is not None
    key = mailbox.key(message)  # may raise: the sender's message, its call
    queue = cell.queue if cell.queue is not None else cell.leave_rest()
    assert isinstance(queue, LatestQueue)
    if key in queue:
        entry = as_queued(cell, message, ticket, tick)
        old = queue.swap(key, _counted(cell, entry))
        bury(cell, taken(cell, old), DeadLetterReason.REPLACED)
        return
    if verdict(mailbox, len(queue)) == "drop oldest":
        _drop_oldest(cell)
    queue.put(key, _counted(cell, as_queued(cell, message, ticket, tick)))


def as_queued(cell: Fields, message: Any, ticket: Ticket | None, tick: Any) -> Any:
    """The message as it is queued: itself, or an `Entry` where it needs one."""
    if cell.hub.traced:
        rare = cell.need_rare()
        rare.accepted += 1
        entry = Entry(message, ticket, tick)
        entry.number = rare.accepted
        if MessageAccepted in cell.hub.events.wanted:
            now = cell.hub.now()
            cell.hub.publish(MessageAccepted(now, cell, entry.number, message))
        return entry
    if ticket is None and tick is None:
        return message
    return Entry(message, ticket, tick)


def _counted(cell: Fields, entry: Any) -> Any:
    if type(entry) is Entry:
        cell.need_rare().special += 1
        cell.attention |= SPECIAL
    return entry


def accept(cell: Fields, entry: Any) -> None:
    """Queue it; there is room."""
    if cell.worker is not None or cell.queue is not None:
        hub = cell.hub
        if cell.room < 0 and (hub.asleep or cell.worker is not None):
            stamp(cell)
    queue = cell.queue if cell.queue is not None else cell.leave_rest()
    queue.append(_counted(cell, entry))


def put_back(cell: Fields, entries: list[Entry]) -> None:
    """Queue what has been taken out before, in front of all."""
    if cell.queue is None:
        cell.leave_rest()
    queue = cell.grown_queue()
    for entry in reversed(entries):
        special = entry.ticket is not None
        queue.appendleft(_counted(cell, entry if special else entry.message))


def taken(cell: Fields, entry: Any) -> Entry:
    """Account for an entry that leaves the queue unhandled."""
    if type(entry) is not Entry:
        return Entry(entry)
    uncount(cell)
    return entry


def uncount(cell: Fields) -> None:
    """One `Entry` less in the queue."""
    rare = cell.need_rare()
    rare.special -= 1
    if not rare.special:
        cell.attention &= ~SPECIAL


def bury(cell: Fields, entry: Entry, reason: DeadLetterReason) -> None:
    """Make an accepted message a dead letter; its asker gets an error at once."""
    message = entry.message
    if isinstance(message, Own):
        trace_end(cell, entry.number, MessageEnd.SKIPPED)
        return
    if entry.tick is not None:
        entry.tick.taken()
    cell.hub.dead_letter(cell, message, reason)
    if entry.number:
        trace_end(cell, entry.number, MessageEnd.DEAD)
    ticket = open_ticket(message)
    if ticket is not None and ticket.holder is cell:
        error: Exception
        if reason is DeadLetterReason.UNDELIVERED or (
            reason is DeadLetterReason.KILLED
        ):
            error = stopped_error(cell)
        else:
            error = MessageDroppedError(cell.path, reason)
        ticket.fail(error)


def skip(cell: Fields, entry: Entry) -> None:
    """Drop an entry whose asker has left or whose timer was cancelled."""
    if entry.tick is not None:
        entry.tick.queued = False
    trace_end(cell, entry.number, MessageEnd.SKIPPED)


def trace_end(cell: Fields, number: int, end: MessageEnd) -> None:
    """Publish the end of a traced message."""
    if number and MessageEnded in cell.hub.events.wanted:
        cell.hub.publish(MessageEnded(cell.hub.now(), cell, number, end))


class _Drop(weakref.ref[Any]):
    """Is called when a request that was not answered is dropped: it never will be."""

    __slots__ = ("cell", "kind", "ticket")
    cell: Fields
    kind: str  # of request
    ticket: Ticket


def _dropped(drop: _Drop) -> None:
    # anywhere, in any thread: where an object dies is not ours to choose
    with contextlib.suppress(trio.RunFinishedError):
        drop.cell.hub.token.run_sync_soon(_unanswerable, drop)


def _unanswerable(drop: _Drop) -> None:
    cell, ticket = drop.cell, drop.ticket
    if ticket.care == HELD and ticket.holder is cell:
        ticket.fail(NoReplyError(cell.path, drop.kind))


def hold_ticket(cell: Fields, ticket: Ticket, request: Any) -> None:
    """Take a request that `receive` has not answered yet into care.

    Unless it was stashed, or handed on: then it is not in hand any more.  The actor may
    keep it and answer later; if it is dropped unanswered its asker is told at once.
    The asker keeps no reference of its own meanwhile, unless its code does.
    """
    if ticket.state != PENDING or ticket.care == QUEUED or ticket.holder is not cell:
        return
    rare = cell.need_rare()
    if rare.held is None:
        rare.held = {}
    drop: _Drop | None = None
    with contextlib.suppress(TypeError):  # a class without weak references
        drop = _Drop(request, _dropped)
        drop.cell, drop.ticket, drop.kind = cell, ticket, type(request).__name__
    rare.held[ticket] = drop
    ticket.care = HELD


# ------------------------------------------------------------------ who waits for room


def line_up(cell: Fields, sender: Sender) -> None:
    """Have it wait for room."""
    rare = cell.need_rare()
    if rare.senders is None:
        rare.senders = Senders()
    rare.senders.line_up(sender)
    cell.attention |= SENDERS


def admit(cell: Fields) -> None:
    """Let in those who wait, as far as there is room."""
    capacity = cell.props.mailbox.capacity

    def room() -> bool:
        return cell.queue is None or len(cell.queue) < capacity

    def let_in(sender: Sender) -> None:
        accept(cell, as_queued(cell, sender.message, sender.ticket, sender.tick))

    senders = cell.need_rare().senders
    if senders is None or senders.admit(room, let_in):
        cell.attention &= ~SENDERS


def turn_away(cell: Fields) -> None:
    """Fail those who wait for room: there will be none."""
    rare = cell.rare
    if rare is None or rare.senders is None:
        return
    senders, rare.senders = rare.senders, None
    cell.attention &= ~SENDERS
    senders.turn_away(lambda: stopped_error(cell))


def full_error(cell: Fields) -> MailboxFullError:
    """The error for a sender who finds no room."""
    depth = len(cell.queue) if cell.queue is not None else 0
    return MailboxFullError(cell.path, depth, cell.props.mailbox.capacity)


def stopped_error(cell: Fields) -> ActorStoppedError:
    """The error for a sender who comes too late."""
    error = ActorStoppedError(cell.path, cell.exit)
    exit_ = cell.pending_exit
    if isinstance(exit_, Crashed):
        error.__cause__ = exit_.error
    return error


# ------------------------------------------------------------------- the control lane


def control(cell: Fields, item: Item) -> None:
    """Put something into the control lane: never full, goes first."""
    if cell.state == ENDED:
        return
    rare = cell.need_rare()
    if rare.control is None:
        rare.control = deque()
    rare.control.append(item)
    cell.attend_to(CONTROL)


# ------------------------------------------------------------------------------- ages


def stamp(cell: Fields) -> None:
    """Note that messages which come from here on came now, or later."""
    now = cell.hub.now()
    rare = cell.need_rare()
    ages = rare.ages
    if ages is None:
        ages = rare.ages = Ages()
    if ages.wanted(now):
        if len(ages) > MANY:
            prune_ages(cell)
        ages.mark(cell.handled + rare.dropped + len(cell.queue), now)


def prune_ages(cell: Fields) -> None:
    """Move `since` up to the latest mark before the oldest queued message."""
    rare = cell.rare
    if rare is not None and rare.ages is not None:
        cell.since = rare.ages.since(cell.handled + rare.dropped, cell.since)
