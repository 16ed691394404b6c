"""Tell and ask: the ways of a message to an actor that is open and has room.

`tell_nowait` is five lines: it touches the queue, `room` and, if the cell was at rest,
the ready queue.  `tell` adds a cancellation point.  An ask of a cell at rest with a
plain `receive` is answered here, in the asking task; every other ask
goes by mail and parks on its ticket.
"""

from __future__ import annotations

import inspect
from typing import Any

import trio
from trio.lowlevel import (
    checkpoint,
    checkpoint_if_cancelled,
    current_task,
    enable_ki_protection,
)

from actors.errors import DeadlockError
from actors.messages import (
    ANSWERED,
    PENDING,
    Parking,
    Request,
    Ticket,
    open_ticket,
    set_ticket,
    unaskable,
)

from .ending import End
from .hub import SCHEDULE_EVERY, TaskHolder
from .life import split_crash
from .park import park
from .seat import check_seconds
from .state import SPECIAL, Entry
from .timers import Timer

_REQUEST: Any = Request  # Any: a checker would lose R in isinstance


class Send(End):
    """What senders call."""

    __slots__ = ()

    @enable_ki_protection
    def tell_nowait(self, message: Any) -> None:
        queue = self.queue
        if queue is not None:
            if len(queue) < self.room:
                queue.append(message)
                return
        elif self.room > 0:
            # as leave_rest, without the calls
            hub = self.hub
            lists = hub.lists
            if lists:
                queue = self.queue = lists.pop()
                queue.append(message)
            else:
                self.queue = [message]
            hub.ready.append(self)
            if hub.asleep:
                hub.wake()
            self.since = hub.tick
            return
        if not self.put(message):
            raise self.full_error()

    @enable_ki_protection
    async def tell(self, message: Any) -> None:
        hub = self.hub
        hub.sends += 1
        if hub.sends & SCHEDULE_EVERY:
            await checkpoint_if_cancelled()
        else:
            await checkpoint()
        queue = self.queue
        if queue is not None and len(queue) < self.room:
            queue.append(message)
        elif not self.put(message):
            await self.wait_for_room(message)

    @enable_ki_protection
    async def ask(  # noqa: C901, PLR0912 - the inline way is written out: 18 % faster
        self, request: Any, *, within: float | None = None
    ) -> Any:
        if within is not None:
            check_seconds("within", within)
        try:
            fresh = request._ticket is None
        except AttributeError:  # not a request, or one that attrs has not made
            fresh = isinstance(request, _REQUEST)
        if not fresh:
            raise unaskable(request)
        ticket = Ticket(self)
        set_ticket(request, ticket)
        sent = False
        try:
            if self.queue is None and self.room > 0 and self.props.plain:
                hub = self.hub
                hub.sends += 1
                if hub.sends & SCHEDULE_EVERY:
                    await checkpoint_if_cancelled()
                else:
                    await checkpoint()
                # no checkpoint from this test to the end of the answer
                if self.queue is None and self.room > 0:
                    sent = True
                    self.queue = []  # busy: senders append, nobody else enters
                    self.handled += 1
                    hub.handled += 1
                    try:
                        result: object = self.context.run(self.actor.receive, request)
                        if result is not None:
                            refuse_result(result, "a plain receive")
                    except BaseException as error:  # noqa: BLE001, ASYNC103 - split
                        self._inline_escaped(error, request, ticket)
                    else:
                        if ticket.state == PENDING:
                            self.hold_ticket(ticket)
                    finally:
                        if self.queue or self.attention or self.closed:
                            self.rest_or_ready()
                        else:
                            self.queue = None
            if ticket.state == PENDING:
                await self._ask_by_mail(request, ticket, within, sent=sent)
        except BaseException:
            ticket.abandon()
            raise
        if ticket.state == ANSWERED:
            return ticket.value
        try:
            raise ticket.value
        finally:
            del ticket, request  # no cycle through the traceback

    @enable_ki_protection
    async def _ask_by_mail(  # noqa: C901 - `put` is written out
        self, request: Any, ticket: Ticket, within: float | None, *, sent: bool
    ) -> None:
        """Queue the request unless it is `sent`, and park until it is settled."""
        hub = self.hub
        asker: TaskHolder | None = None
        if not sent:
            worker = self.worker
            if worker is not None and worker.task is current_task():
                raise DeadlockError((self.path, self.path))
            if hub.debug:
                asker = self._asker()
        timer: Timer | None = None
        if within is not None:
            timer = hub.timers.at(self.hub.now() + within, ticket.too_slow)
        parkings = hub.parkings
        parking = parkings.pop() if parkings else Parking()
        try:
            if not sent:
                queue = self.queue
                if (len(queue) if queue is not None else 0) < self.room:
                    # as `put`, without the calls
                    self.need_rare().special += 1
                    self.attention |= SPECIAL
                    if queue is None:
                        queue = self.leave_rest()
                    queue.append(Entry(request, ticket))
                elif not self.put(request, ticket):
                    await self.wait_for_room(request, ticket)
            if ticket.state == PENDING:
                parking.task = current_task()
                parking.ticket = ticket
                ticket.parking = parking
                await park(parking.trap)
        finally:
            parking.ticket = parking.task = None
            parkings.append(parking)
            if timer is not None:
                timer.cancel()
            if asker is not None:
                asker.asking = None

    def _asker(self) -> TaskHolder | None:
        """With debug on: note who asks, unless it closes a circle of waiting actors.

        Raises:
            DeadlockError: it does.
        """
        task: trio.lowlevel.Task | None = current_task()
        workers = self.hub.workers
        while task is not None and task not in workers:  # a nursery inside receive
            nursery = task.parent_nursery
            task = nursery.parent_task if nursery is not None else None
        asker = workers[task] if task is not None else None
        if asker is None or asker.cell is None:
            return None
        cycle = [asker.cell.path]
        cell: Any = self
        while cell is not None:
            cycle.append(cell.path)
            if cell is asker.cell:
                raise DeadlockError(tuple(cycle))
            cell = cell.worker.asking if cell.worker is not None else None
        asker.asking = self
        return asker

    def tell_from_thread(self, message: Any) -> None:
        hub = self.hub
        hub.inbox.append((self, message))
        if not hub.flush_due:  # two threads may both see this: one flush too many
            hub.flush_due = True
            hub.token.run_sync_soon(hub.flush_inbox)

    @enable_ki_protection
    def forward(self, request: Any) -> None:
        ticket = open_ticket(request)
        if ticket is None:
            if not isinstance(request, _REQUEST):
                msg = f"forward() takes a Request, got {request!r}"
                raise TypeError(msg)
            self.tell_nowait(request)
            return
        if not self.put(request, ticket):
            raise self.full_error()
        ticket.hand_to(self)

    def _inline_escaped(
        self, error: BaseException, request: Any, ticket: Ticket
    ) -> None:
        """An exception has left a `receive` that answered inline."""
        crash, rest = split_crash(error)
        if crash is not None:
            self.crash(crash, Entry(request, ticket), "handling")
        else:
            ticket.fail(self.stopped_error())
            self.kill()
        if rest is not None:
            raise rest from None  # noqa: ASYNC104 - Cancelled cannot come from a plain def


def refuse_result(result: Any, what: str) -> None:
    """Crash on a hook that returns what it must not.

    Raises:
        TypeError: always.
    """
    if inspect.iscoroutine(result):
        result.close()
        msg = f"{what} returned a coroutine; declare it `async def`"
    else:
        msg = f"{what} must return None, got {result!r}"
    raise TypeError(msg)
