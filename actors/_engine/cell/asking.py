"""Asks that go by mail, and senders that wait for room: tasks that park.

An ask parks its task on the ticket; who holds the request wakes it.  A sender parks in
the line before the mailbox.  With debug on, a circle of waiting actors is found before
it closes.
"""

from __future__ import annotations

from threading import get_ident
from typing import Any

import trio
from trio.lowlevel import current_task, enable_ki_protection

from actors._engine.crashes import split_crash
from actors._engine.hub import TaskHolder
from actors._engine.park import make_trap, park
from actors._engine.parts.entry import Entry
from actors._engine.parts.senders import Sender
from actors._engine.timers import Timer
from actors.errors import DeadlockError
from actors.messages import (
    PENDING,
    Parking,
    Request,
    Ticket,
    open_ticket,
    set_ticket,
)

from .fields import SPECIAL, Fields
from .inbox import full_error, line_up, put, stopped_error
from .moves import crash, kill

_REQUEST: Any = Request  # Any: a checker would lose R in isinstance

# Any throughout: messages are anything


@enable_ki_protection
async def wait_for_room(
    cell: Fields, message: Any, ticket: Ticket | None = None
) -> None:
    """Wait in the senders' queue until the message is accepted.

    Raises:
        ActorStoppedError: the actor stops first.
    """
    hub = cell.hub
    sender = Sender(current_task(), message, ticket, hub=hub)
    line_up(cell, sender)
    if ticket is not None:
        ticket.parking = sender  # `within` may be over while it waits

    def leave(_: object) -> trio.lowlevel.Abort:
        _leaves(cell, sender)
        if ticket is not None:
            ticket.abandon()
        return trio.lowlevel.Abort.SUCCEEDED

    await park(make_trap(leave))
    hub.woken -= 1  # by whoever woke it
    if sender.error is not None:
        raise sender.error
    if ticket is not None and ticket.state != PENDING and not sender.admitted:
        _leaves(cell, sender)  # `within` is over


def _leaves(cell: Fields, sender: Sender) -> None:
    senders = cell.rare.senders if cell.rare is not None else None
    if senders is not None:
        senders.leave(sender)


@enable_ki_protection
async def ask_by_mail(  # noqa: C901, PLR0912 - `put` is written out
    cell: Fields, request: Any, ticket: Ticket, within: float | None, *, sent: bool
) -> None:
    """Queue the request unless it is `sent`, and park until it is settled."""
    hub = cell.hub
    if get_ident() != hub.thread:
        set_ticket(request, None)  # it has not been asked
        hub.check_thread("ask()")
    if within is None:
        within = hub.ask_within
    asker: TaskHolder | None = None
    if not sent:
        worker = cell.worker
        if worker is not None and worker.task is current_task():
            raise DeadlockError((cell.path, cell.path))
        if hub.debug:
            asker = _asker(cell)
    timer: Timer | None = None
    if within is not None:
        timer = hub.timers.at(hub.now() + within, ticket.too_slow)
    parkings = hub.parkings
    parking = parkings.pop() if parkings else Parking(hub)
    try:
        if not sent:
            queue = cell.queue
            if (len(queue) if queue is not None else 0) < cell.room:
                # as `put`, without the calls
                if queue is None:
                    queue = cell.leave_rest()
                cell.need_rare().special += 1
                cell.attention |= SPECIAL
                queue.append(Entry(request, ticket))
            elif not put(cell, request, ticket):
                await wait_for_room(cell, request, ticket)
        request = None  # who drops it is to be the last: see `hold_ticket`
        if ticket.state == PENDING:
            parking.task = current_task()
            parking.ticket = ticket
            ticket.parking = parking
            await park(parking.trap)
            hub.woken -= 1  # by whoever woke it
    finally:
        parking.ticket = parking.task = None
        parkings.append(parking)
        if timer is not None:
            timer.cancel()
        if asker is not None:
            asker.asking = None


def _asker(cell: Fields) -> TaskHolder | None:
    """Note who asks, unless it closes a circle of waiting actors.

    Raises:
        DeadlockError: it does.
    """
    task: trio.lowlevel.Task | None = current_task()
    workers = cell.hub.workers
    while task is not None and task not in workers:  # a nursery inside receive
        nursery = task.parent_nursery
        task = nursery.parent_task if nursery is not None else None
    asker = workers[task] if task is not None else None
    if asker is None or asker.cell is None:
        return None
    circle = [asker.cell.path]
    asked: Fields | None = cell
    while asked is not None:
        circle.append(asked.path)
        if asked is asker.cell:
            raise DeadlockError(tuple(circle))
        asked = asked.worker.asking if asked.worker is not None else None
    asker.asking = cell
    return asker


def inline_escaped(
    cell: Fields, error: BaseException, request: Any, ticket: Ticket
) -> None:
    """An exception has left a `receive` that answered in the asking task."""
    crashed, rest = split_crash(error)
    if crashed is not None:
        crash(cell, crashed, Entry(request, ticket), "handling")
    else:
        ticket.fail(stopped_error(cell))
        kill(cell)
    if rest is not None:
        raise rest from None  # noqa: ASYNC104 - Cancelled cannot come from a plain def


@enable_ki_protection
def forward(cell: Fields, request: Any) -> None:
    """See `ActorRef.forward`."""
    cell.hub.check_thread("forward()")
    ticket = open_ticket(request)
    if ticket is None:
        if not isinstance(request, _REQUEST):
            msg = f"forward() takes a Request, got {request!r}"
            raise TypeError(msg)
        cell.tell_nowait(request)
        return
    if not put(cell, request, ticket):
        raise full_error(cell)
    ticket.hand_to(cell)
