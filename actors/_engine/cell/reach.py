"""What an actor reaches through its own methods: timers, watches, stash, child tasks.

Each is a part that is made when first needed; here it is given the cell's world.
"""

from __future__ import annotations

from typing import Any

from trio.lowlevel import current_task, enable_ki_protection

from actors._engine.checks import checked_seconds
from actors._engine.crashes import split_crash
from actors._engine.parts.entry import Entry
from actors._engine.parts.life import ALIVE, ENDED
from actors._engine.parts.notices import Notice, drop_notices
from actors._engine.parts.senders import Sender
from actors._engine.parts.stash import Stash
from actors._engine.parts.tasks import Tasks
from actors._engine.parts.ticks import Tick, Ticks
from actors._engine.parts.watches import Watches
from actors._engine.seat import check_async
from actors._engine.timers import Timer
from actors.errors import ActorStoppedError, MailboxFullError, StashFullError
from actors.events import DeadLetterReason
from actors.messages import HELD as HELD_TICKET
from actors.messages import QUEUED, open_ticket
from actors.ref import Terminated

from .fields import CONTROL, FAIL, Fields
from .inbox import bury, control, line_up, put, stopped_error
from .moves import crash

# Any throughout: messages are anything, and so is what a user gives as a ref


# ------------------------------------------------------------------------------ timers


class _World:
    """The cell, as its ticks see it."""

    __slots__ = ("_cell",)

    def __init__(self, cell: Fields) -> None:
        self._cell = cell

    def now(self) -> float:
        return self._cell.hub.now()

    def at(self, deadline: float, call: Any) -> Timer:
        return self._cell.hub.timers.at(deadline, call)

    def queue(self, tick: Tick) -> None:
        cell = self._cell
        if cell.closed:
            tick.queued = False
            return
        try:
            if not put(cell, tick.message, tick=tick):
                line_up(cell, Sender(None, tick.message, None, tick, hub=cell.hub))
        except MailboxFullError:
            bury(cell, Entry(tick.message, None, tick), DeadLetterReason.NO_ROOM)
        except Exception as error:  # noqa: BLE001 - the declaration's key function
            crash(cell, error, Entry(tick.message, None, tick), "in Mailbox.key with")


@enable_ki_protection
def timer(
    cell: Fields, seconds: float, message: Any, key: object, *, repeat: bool
) -> None:
    """See `Actor.after` and `Actor.every`."""
    cell.hub.check_thread("every()" if repeat else "after()")
    seconds = checked_seconds("seconds", seconds)
    if repeat and seconds == 0:
        msg = "every() needs more than 0 seconds"
        raise ValueError(msg)
    if cell.state != ALIVE:
        raise stopped_error(cell)
    rare = cell.need_rare()
    if rare.ticks is None:
        rare.ticks = Ticks(_World(cell))
    rare.ticks.set(seconds, message, key, repeat=repeat)


@enable_ki_protection
def cancel_timer(cell: Fields, key: object) -> bool:
    """See `Actor.cancel_timer`."""
    cell.hub.check_thread("cancel_timer()")
    ticks = cell.rare.ticks if cell.rare is not None else None
    return ticks is not None and ticks.cancel(key)


# ----------------------------------------------------------------------------- watches


@enable_ki_protection
def watch(cell: Fields, ref: Any, message: Any) -> None:
    """See `Actor.watch`."""
    cell.hub.check_thread("watch()")
    if not isinstance(ref, Fields):
        msg = f"watch() takes the ref of an actor, got {ref!r}"
        raise TypeError(msg)
    if cell.state != ALIVE:
        raise stopped_error(cell)
    if not _watches(cell).watch(ref, message):
        return
    if ref.state == ENDED:
        assert ref.pending_exit is not None
        notice = Terminated(ref, ref.pending_exit) if message is None else message
        control(cell, Notice(ref, notice))
    else:
        _watches(ref).add_watcher(cell, message)


def _watches(cell: Fields) -> Watches:
    rare = cell.need_rare()
    if rare.watches is None:
        rare.watches = Watches()
    return rare.watches


@enable_ki_protection
def unwatch(cell: Fields, ref: Any) -> None:
    """See `Actor.unwatch`."""
    cell.hub.check_thread("unwatch()")
    rare = cell.rare
    if rare is None or rare.watches is None or not rare.watches.unwatch(ref):
        return
    theirs = ref.rare
    if theirs is not None and theirs.watches is not None:
        theirs.watches.drop_watcher(cell)
    lane = rare.control
    if lane:
        drop_notices(lane, ref)
        if not lane:
            cell.attention &= ~CONTROL


def unwatch_all(cell: Fields) -> None:
    """The incarnation ends, and with it all that it watches."""
    rare = cell.rare
    if rare is not None and rare.watches is not None:
        for ref in rare.watches.watching:
            unwatch(cell, ref)


# ------------------------------------------------------------------------------- stash


@enable_ki_protection
def stash(cell: Fields, message: Any) -> None:
    """See `Actor.stash`."""
    cell.hub.check_thread("stash()")
    rare = cell.need_rare()
    if rare.stash is None:
        rare.stash = Stash()
    capacity = cell.props.mailbox.stash
    if len(rare.stash) >= capacity:
        raise StashFullError(cell.path, capacity)
    ticket = open_ticket(message)
    if ticket is not None:
        if ticket.care == HELD_TICKET:  # since an earlier turn
            cell.ticket_closed(ticket)
        ticket.care = QUEUED
    rare.stash.add(Entry(message, ticket), cell.handled)


# ------------------------------------------------------------------------- child tasks


@enable_ki_protection
def start_task(cell: Fields, async_fn: Any, args: tuple[Any, ...]) -> None:
    """See `Actor.start_soon`."""
    cell.hub.check_thread("start_soon()")
    check_async("start_soon()", async_fn)
    rare = cell.need_rare()
    tasks = rare.tasks
    failing = cell.attention & FAIL or (tasks is not None and tasks.failing)
    if cell.state != ALIVE or failing:
        raise stopped_error(cell)
    if tasks is None or not tasks.count:

        def began() -> None:
            cell.hub.holders[current_task()] = cell

        def ended(tasks: Tasks, failure: BaseException | None) -> None:
            del cell.hub.holders[current_task()]
            _tasks_ended(cell, tasks, failure)

        tasks = rare.tasks = Tasks(began, ended)
        cell.hub.nursery.start_soon(tasks.hold, name=f"{cell.path} tasks")
    tasks.add(async_fn, args)


def _tasks_ended(cell: Fields, tasks: Tasks, failure: BaseException | None) -> None:
    rare = cell.need_rare()
    if rare.tasks is tasks:
        rare.tasks = None
    if failure is not None:
        crashed, rest = split_crash(failure)
        if rest is not None:
            cell.hub.interrupt(rest)
        if crashed is not None:
            crash(cell, crashed, None, "in a child task")


async def join_tasks(cell: Fields) -> None:
    """Wait until its child tasks have ended; no checkpoint if there are none."""
    while cell.rare is not None and (tasks := cell.rare.tasks) is not None:
        await tasks.wait_ended()


# -------------------------------------------------------------- from other threads


def tell_or_bury(cell: Fields, message: Any) -> None:
    """Queue a message that cannot wait, or make it a dead letter."""
    reason = DeadLetterReason.NO_ROOM
    try:
        if put(cell, message):
            return
    except ActorStoppedError:
        reason = DeadLetterReason.STOPPED
    except MailboxFullError:
        pass
    except Exception as error:  # noqa: BLE001 - the declaration's key function
        crash(cell, error, Entry(message), "in Mailbox.key with")
        return
    bury(cell, Entry(message), reason)


def tell_from_thread(cell: Fields, message: Any) -> None:
    """See `ActorRef.tell_from_thread`."""
    hub = cell.hub
    hub.inbox.append((cell, message))
    if not hub.flush_due:  # two threads may both see this: one flush too many
        hub.flush_due = True
        hub.token.run_sync_soon(hub.flush_inbox)
