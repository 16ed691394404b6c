"""How messages come into a cell when the way in is not plain.

Everything unusual has `room == -1` (or no room at all) and comes through `put`, which
decides once: accepted, must wait, or an error.  A message is accepted in the same step
in which the decision is made.  Whatever leaves the queue unhandled goes through `bury`
or `skip`, so that it has exactly one end.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from typing import Any

import trio
from trio.lowlevel import (
    current_task,
    enable_ki_protection,
    reschedule,
)

from actors.errors import (
    ActorStoppedError,
    MailboxFullError,
    MessageDroppedError,
)
from actors.events import DeadLetterReason, MessageAccepted, MessageEnd, MessageEnded
from actors.exits import Crashed
from actors.mailbox import LatestQueue, Overflow
from actors.messages import HELD, PENDING, QUEUED, Ticket, open_ticket

from .park import WAKE, make_trap, park
from .state import SENDERS, SPECIAL, STAMPED, CellState, Entry, Own, Sender

_SWEEP_ABOVE = 64


class Inbox(CellState):
    """How messages come in, and leave unhandled."""

    __slots__ = ()

    @abstractmethod
    def crash(self, error: Exception, entry: Entry | None, doing: str) -> None:
        """An exception escaped: the incarnation is to end (`life`)."""

    def put(self, message: Any, ticket: Ticket | None = None, tick: Any = None) -> bool:
        """Accept a message (True) or say that it must wait for room (False).

        Raises:
            ActorStoppedError, MailboxFullError: as `ActorRef.tell_nowait` says.
        """
        if self.closed:
            raise self.stopped_error()
        queue = self.queue
        if (
            self.room == STAMPED
            and ticket is None
            and tick is None
            and len(queue) < self.props.room
        ):
            self.stamp()
            queue.append(message)
            return True
        mailbox = self.props.mailbox
        if isinstance(queue, LatestQueue) or (
            queue is None and mailbox.overflow is Overflow.KEEP_LATEST
        ):
            return self._put_latest(message, ticket, tick)
        if queue is not None and len(queue) >= mailbox.capacity:
            match mailbox.overflow:
                case Overflow.REJECT:
                    raise self.full_error()
                case Overflow.DROP_NEWEST:
                    reason = DeadLetterReason.DROPPED_NEWEST
                    self.bury(Entry(message, ticket, tick), reason)
                    if ticket is not None:  # perhaps in another actor's care still
                        ticket.fail(MessageDroppedError(self.path, reason))
                    return True
                case Overflow.DROP_OLDEST:
                    self._drop_oldest()
                case _:
                    return False
        self.accept(self.entry(message, ticket, tick))
        return True

    def _drop_oldest(self) -> None:
        queue = self.grown_queue()
        self.need_rare().dropped += 1
        self.bury(self.taken(queue.popleft()), DeadLetterReason.DROPPED_OLDEST)

    def _put_latest(self, message: Any, ticket: Ticket | None, tick: Any) -> bool:
        mailbox = self.props.mailbox
        assert mailbox.key is not None
        key = mailbox.key(message)  # may raise: the sender's message, its call
        queue = self.queue if self.queue is not None else self.leave_rest()
        assert isinstance(queue, LatestQueue)
        if key in queue:
            entry = self.entry(message, ticket, tick)
            old = queue.swap(key, self._counted(entry))
            self.bury(self.taken(old), DeadLetterReason.REPLACED)
            return True
        if len(queue) >= mailbox.capacity:
            self._drop_oldest()
        queue.put(key, self._counted(self.entry(message, ticket, tick)))
        return True

    def entry(self, message: Any, ticket: Ticket | None, tick: Any) -> Any:
        """The message as it is queued: itself, or an `Entry` where it needs one."""
        if self.hub.traced:
            rare = self.need_rare()
            rare.accepted += 1
            entry = Entry(message, ticket, tick)
            entry.number = rare.accepted
            if MessageAccepted in self.hub.events.wanted:
                now = self.hub.now()
                event = MessageAccepted(now, self, entry.number, message)
                self.hub.publish(event)
            return entry
        if ticket is None and tick is None:
            return message
        return Entry(message, ticket, tick)

    def _counted(self, entry: Any) -> Any:
        if type(entry) is Entry:
            self.need_rare().special += 1
            self.attention |= SPECIAL
        return entry

    def accept(self, entry: Any) -> None:
        """Queue it; there is room."""
        if self.worker is not None or self.queue is not None:
            hub = self.hub
            if self.room < 0 and (hub.asleep or self.worker is not None):
                self.stamp()
        queue = self.queue if self.queue is not None else self.leave_rest()
        queue.append(self._counted(entry))

    def taken(self, entry: Any) -> Entry:
        """Account for an entry that leaves the queue unhandled."""
        if type(entry) is not Entry:
            return Entry(entry)
        self.uncount()
        return entry

    def uncount(self) -> None:
        """One `Entry` less in the queue."""
        rare = self.need_rare()
        rare.special -= 1
        if not rare.special:
            self.attention &= ~SPECIAL

    def bury(self, entry: Entry, reason: DeadLetterReason) -> None:
        """Make an accepted message a dead letter; its asker gets an error at once."""
        message = entry.message
        if isinstance(message, Own):
            self.trace_end(entry.number, MessageEnd.SKIPPED)
            return
        if entry.tick is not None:
            entry.tick.dropped()
        self.hub.dead_letter(self, message, reason)
        if entry.number:
            self.trace_end(entry.number, MessageEnd.DEAD)
        ticket = open_ticket(message)
        if ticket is not None and ticket.holder is self:
            error: Exception
            if reason is DeadLetterReason.UNDELIVERED or (
                reason is DeadLetterReason.KILLED
            ):
                error = self.stopped_error()
            else:
                error = MessageDroppedError(self.path, reason)
            ticket.fail(error)

    def trace_end(self, number: int, end: MessageEnd) -> None:
        """Publish the end of a traced message."""
        if number and MessageEnded in self.hub.events.wanted:
            self.hub.publish(MessageEnded(self.hub.now(), self, number, end))

    @enable_ki_protection
    async def wait_for_room(self, message: Any, ticket: Ticket | None = None) -> None:
        """Wait in the senders' queue until the message is accepted.

        Raises:
            ActorStoppedError: the actor stops first.
        """
        sender = Sender(current_task(), (message, ticket, None))
        self.line_up(sender)
        if ticket is not None:
            ticket.parking = sender  # `within` may be over while it waits

        def leave(_: object) -> trio.lowlevel.Abort:
            self._leaves(sender)
            if ticket is not None:
                ticket.abandon()
            return trio.lowlevel.Abort.SUCCEEDED

        await park(make_trap(leave))
        if sender.error is not None:
            raise sender.error
        if ticket is not None and ticket.state != PENDING and not sender.admitted:
            self._leaves(sender)  # `within` is over

    def _leaves(self, sender: Sender) -> None:
        """A sender waits no more; sweep when the larger half has left."""
        rare = self.need_rare()
        if sender.gone or rare.senders is None:
            return
        sender.gone = True
        sender.entry = (None, None, None)
        rare.senders_gone += 1
        if rare.senders_gone > _SWEEP_ABOVE and (
            rare.senders_gone * 2 > len(rare.senders)
        ):
            rare.senders = deque(s for s in rare.senders if not s.gone)
            rare.senders_gone = 0

    def line_up(self, sender: Sender) -> None:
        """Append to those who wait for room."""
        rare = self.need_rare()
        if rare.senders is None:
            rare.senders = deque()
        rare.senders.append(sender)
        self.attention |= SENDERS

    def admit(self) -> None:
        """Let in those who wait, as far as there is room."""
        rare = self.need_rare()
        senders = rare.senders
        while senders:
            sender = senders[0]
            message, ticket, tick = sender.entry
            if not sender.gone and (ticket is None or ticket.state == PENDING):
                queue = self.queue
                if queue is not None and len(queue) >= self.props.mailbox.capacity:
                    return
                if ticket is not None:
                    ticket.parking = None
                self.accept(self.entry(message, ticket, tick))
                sender.admitted = True
                if sender.task is not None:
                    reschedule(sender.task, WAKE)
            elif sender.gone:
                rare.senders_gone -= 1
            else:
                sender.gone = True  # its ticket is closed; it has not run yet
            senders.popleft()
        self.attention &= ~SENDERS

    def turn_away(self) -> None:
        """Fail those who wait for room: there will be none."""
        rare = self.rare
        if rare is None or rare.senders is None:
            return
        for sender in rare.senders:
            ticket = sender.entry[1]
            if ticket is not None:
                ticket.fail(self.stopped_error())  # wakes it, unless it has left
            elif not sender.gone and sender.task is not None:
                sender.error = self.stopped_error()
                reschedule(sender.task, WAKE)
        rare.senders = None
        rare.senders_gone = 0
        self.attention &= ~SENDERS

    def tell_or_bury(self, message: Any) -> None:
        """Queue a message that cannot wait, or make it a dead letter."""
        try:
            if self.put(message):
                return
        except ActorStoppedError:
            self.bury(Entry(message), DeadLetterReason.STOPPED)
        except MailboxFullError:
            self.bury(Entry(message), DeadLetterReason.NO_ROOM)
        except Exception as error:  # noqa: BLE001 - the declaration's key function
            self.crash(error, Entry(message), "in Mailbox.key with")
        else:
            self.bury(Entry(message), DeadLetterReason.NO_ROOM)

    def full_error(self) -> MailboxFullError:
        """The error for a sender who finds no room."""
        depth = len(self.queue) if self.queue is not None else 0
        return MailboxFullError(self.path, depth, self.props.mailbox.capacity)

    def stopped_error(self) -> ActorStoppedError:
        """The error for a sender who comes too late."""
        error = ActorStoppedError(self.path, self.exit)
        exit_ = self.pending_exit
        if isinstance(exit_, Crashed):
            error.__cause__ = exit_.error
        return error

    def ticket_closed(self, ticket: Ticket) -> None:
        """A request in this actor's care has met its end."""
        rare = self.rare
        if rare is not None and rare.held is not None:
            rare.held.discard(ticket)

    def ticket_late(self) -> None:
        """An answer came after the asker had left."""
        self.hub.late_replies += 1

    @enable_ki_protection
    def unstash_all(self) -> int:
        """See `Actor.unstash_all`."""
        rare = self.rare
        stash = rare.stash if rare is not None else None
        if not stash:
            return 0
        assert rare is not None
        rare.stash = None
        if self.queue is None:
            self.leave_rest()
        queue = self.grown_queue()
        for entry in reversed(stash):
            special = entry.ticket is not None
            queue.appendleft(entry if special else entry.message)
            if special:
                rare.special += 1
                self.attention |= SPECIAL
        return len(stash)

    def skip(self, entry: Entry) -> None:
        """Drop an entry whose asker has left or whose timer was cancelled."""
        if entry.tick is not None:
            entry.tick.queued = False
        self.trace_end(entry.number, MessageEnd.SKIPPED)

    def hold_ticket(self, ticket: Ticket) -> None:
        """Take a request that `receive` has not answered yet into care.

        Unless it was stashed, or handed on: then it is not in hand any more.
        """
        if (
            ticket.state != PENDING
            or ticket.care == QUEUED
            or ticket.holder is not self
        ):
            return
        rare = self.need_rare()
        if rare.held is None:
            rare.held = set()
        rare.held.add(ticket)
        ticket.care = HELD

    def set_aside(self, message: Any) -> bool:
        """Whether the message in hand has been stashed in this turn."""
        rare = self.rare
        stashed = rare.stashed if rare is not None else None
        return (
            stashed is not None and stashed[0] == self.handled and stashed[1] is message
        )
