"""`Cell`: the whole seat.  Timers, watches, stash, child tasks, snapshot.

The layers below hold fields (`state`), how messages come in (`inbox`), how
incarnations begin (`life`) and end (`ending`), tell and ask (`sending`).
This one is what an actor reaches through its own methods.
"""

from __future__ import annotations

from typing import Any

import trio
from trio.lowlevel import disable_ki_protection, enable_ki_protection

from actors.errors import MailboxFullError, StashFullError
from actors.events import DeadLetterReason
from actors.mailbox import MailboxStatistics
from actors.messages import HELD as HELD_TICKET
from actors.messages import QUEUED, Terminated, open_ticket
from actors.snapshot import ActorSnapshot

from .life import Notice, split_crash
from .seat import check_async, check_seconds
from .sending import Send
from .state import (
    ALIVE,
    ENDED,
    FAIL,
    HELD,
    Entry,
    Sender,
    TaskHost,
)
from .timers import Timer


class Tick:
    """A timer of an actor; its message goes through the mailbox like any other."""

    __slots__ = ("cancelled", "cell", "key", "message", "period", "queued", "timer")

    def __init__(self, cell: Cell, message: Any, key: Any, period: float) -> None:
        self.cell = cell
        self.message = message
        self.key = self if key is None else key
        self.period = period  # 0: once
        self.timer: Timer | None = None
        self.cancelled = False
        self.queued = False  # in the mailbox, or waiting for room

    def set(self, deadline: float) -> None:
        """Have `fire` called at the deadline."""
        self.timer = self.cell.hub.timers.at(deadline, self.fire)

    def cancel(self) -> None:
        """End it; what it has queued will be skipped."""
        self.cancelled = True
        if self.timer is not None:
            self.timer.cancel()
        timers = self.cell.need_rare().timers
        if timers is not None and timers.get(self.key) is self:
            del timers[self.key]

    def dropped(self) -> None:
        """What it had queued became a dead letter."""
        self.queued = False
        if not self.period:
            self.cancel()

    def fire(self) -> None:
        """Queue the message, then set the next one."""
        timer, period = self.timer, self.period
        if not self.queued:
            self.queued = True
            self.cell.put_tick(self)
        if period and timer is not None and not self.cancelled:
            missed = (self.cell.hub.now() - timer.deadline) // period
            self.set(timer.deadline + period * (1 + missed))


@disable_ki_protection
async def _unprotected(async_fn: Any, args: tuple[Any, ...]) -> None:
    await async_fn(*args)


class Cell(Send):
    """The seat of one actor; its `ActorRef`."""

    __slots__ = ()

    @property
    def ref(self) -> Cell:
        """The actor's ref is the cell seen from outside."""
        return self

    @enable_ki_protection
    def timer(self, seconds: float, message: Any, key: object, *, repeat: bool) -> None:
        """See `Actor.after` and `Actor.every`."""
        seconds = check_seconds("seconds", seconds)
        if repeat and seconds == 0:
            msg = "every() needs more than 0 seconds"
            raise ValueError(msg)
        if self.state != ALIVE:
            raise self.stopped_error()
        self.cancel_timer(key)
        tick = Tick(self, message, key, seconds if repeat else 0)
        rare = self.need_rare()
        if rare.timers is None:
            rare.timers = {}
        rare.timers[tick.key] = tick
        if seconds == 0:
            tick.fire()
        else:
            tick.set(self.hub.now() + seconds)

    @enable_ki_protection
    def cancel_timer(self, key: object) -> bool:
        """See `Actor.cancel_timer`."""
        timers = self.rare.timers if self.rare is not None else None
        tick = timers.get(key) if timers and key is not None else None
        if tick is None:
            return False
        tick.cancel()
        return True

    def put_tick(self, tick: Tick) -> None:
        """Queue a timer's message, now or when there is room."""
        if self.closed:
            tick.queued = False
            return
        try:
            if not self.put(tick.message, tick=tick):
                self.line_up(Sender(None, (tick.message, None, tick)))
        except MailboxFullError:
            self.bury(Entry(tick.message, None, tick), DeadLetterReason.NO_ROOM)
        except Exception as error:  # noqa: BLE001 - the declaration's key function
            self.crash(error, Entry(tick.message, None, tick), "in Mailbox.key with")

    # ------------------------------------------------------------------- watches

    @enable_ki_protection
    def watch(self, ref: Any, message: Any) -> None:
        """See `Actor.watch`."""
        if not isinstance(ref, Cell):
            msg = f"watch() takes the ref of an actor, got {ref!r}"
            raise TypeError(msg)
        if self.state != ALIVE:
            raise self.stopped_error()
        rare = self.need_rare()
        if rare.watching is None:
            rare.watching = {}
        if ref in rare.watching:
            if rare.watching[ref] != message:
                msg = f"{ref.path} is watched already, with another message; unwatch it"
                raise ValueError(msg)
            return
        rare.watching[ref] = message
        if ref.state == ENDED:
            assert ref.pending_exit is not None
            notice = Terminated(ref, ref.pending_exit) if message is None else message
            self.control(Notice(ref, notice))
            return
        theirs = ref.need_rare()
        if theirs.watchers is None:
            theirs.watchers = {}
        theirs.watchers[self] = message

    # --------------------------------------------------------------------- stash

    @enable_ki_protection
    def stash(self, message: Any) -> None:
        """See `Actor.stash`."""
        rare = self.need_rare()
        if rare.stash is None:
            rare.stash = []
        if len(rare.stash) >= self.props.mailbox.stash:
            raise StashFullError(self.path, self.props.mailbox.stash)
        ticket = open_ticket(message)
        if ticket is not None:
            if ticket.care == HELD_TICKET:  # since an earlier turn
                self.ticket_closed(ticket)
            ticket.care = QUEUED
        rare.stash.append(Entry(message, ticket))
        rare.stashed = (self.handled, message)

    # --------------------------------------------------------------- child tasks

    @enable_ki_protection
    def start_task(self, async_fn: Any, args: tuple[Any, ...]) -> None:
        """See `Actor.start_soon`."""
        check_async("start_soon()", async_fn)
        rare = self.need_rare()
        host = rare.host
        failing = self.attention & FAIL or (host is not None and host.failing)
        if self.state != ALIVE or failing:
            raise self.stopped_error()
        if host is None or not host.count:
            host = rare.host = TaskHost()
            self.hub.nursery.start_soon(
                self._host_tasks, host, name=f"{self.path} tasks"
            )
        host.count += 1
        if host.nursery is None:
            host.waiting.append((async_fn, args))
        else:
            host.nursery.start_soon(self._run_task, host, async_fn, args)

    async def join_tasks(self) -> None:
        """Wait until its child tasks have ended; no checkpoint if there are none."""
        while self.rare is not None and (host := self.rare.host) is not None:
            await host.done.wait()

    @enable_ki_protection
    async def _host_tasks(self, host: TaskHost) -> None:
        """Hold the nursery of the child tasks open while there are any."""
        failure: BaseException | None = None
        try:
            async with trio.open_nursery() as nursery:
                host.nursery = nursery
                nursery.cancel_scope.shield = True
                if host.cancelled:
                    nursery.cancel_scope.cancel()
                (first, first_args), *others = host.waiting
                host.waiting.clear()
                for async_fn, args in others:
                    nursery.start_soon(self._run_task, host, async_fn, args)
                # the first needs no task of its own: this one would only wait
                await self._run_task(host, first, first_args)
        except BaseExceptionGroup as group:
            # our nursery's own level of grouping is taken off again
            failure = group.exceptions[0] if len(group.exceptions) == 1 else group
        finally:
            host.count = 0
            rare = self.need_rare()
            if rare.host is host:
                rare.host = None
        if failure is not None:
            crash, rest = split_crash(failure)
            if rest is not None:
                self.hub.interrupt(rest)
            if crash is not None:
                self.crash(crash, None, "in a child task")
        host.done.set()

    @enable_ki_protection
    async def _run_task(
        self, host: TaskHost, async_fn: Any, args: tuple[Any, ...]
    ) -> None:
        try:
            await _unprotected(async_fn, args)
        except BaseException as error:
            host.failing = True  # it stays the host until it has reported
            if host.crash is None and not isinstance(error, trio.Cancelled):
                host.crash = split_crash(error)[0]
            raise
        host.count -= 1

    # ---------------------------------------------------------------- visibility

    def mailbox_statistics(self, now: float) -> MailboxStatistics:
        """The mailbox's figures; O(1)."""
        depth = len(self.queue) if self.queue is not None else 0
        self.prune_marks()
        rare = self.rare
        senders = rare.senders if rare is not None else None
        return MailboxStatistics(
            depth=depth,
            high_water=max(self.high_water, depth),
            capacity=self.props.mailbox.capacity,
            oldest_age=now - self.since if depth else None,
            handled=self.handled,
            waiting_senders=len(senders) - rare.senders_gone if rare and senders else 0,
        )

    def _state_name(self) -> str:
        worker = self.worker
        if self.state == HELD:
            return "held"
        if self.state != ALIVE or self.attention & FAIL:
            return "ending"
        if self._is_starting():
            return "starting"
        if self.closed:
            return "stopping"
        if worker is not None:
            return "waiting" if worker.suspended else "running"
        return "idle" if self.queue is None else "ready"

    def snapshot(self, now: float) -> ActorSnapshot:
        """This actor and all below."""
        children = [child.snapshot(now) for child in self.children()]
        return self.picture(now, tuple(reversed(children)))

    def picture(
        self, now: float, children: tuple[ActorSnapshot, ...] = ()
    ) -> ActorSnapshot:
        """This actor, and what is given of those below."""
        worker = self.worker
        waits = worker is not None and worker.suspended and worker.message is not None
        host = self.rare.host if self.rare is not None else None
        return ActorSnapshot(
            path=self.path,
            cls=self.props.cls.__name__,
            state=self._state_name(),
            incarnation=self.incarnation,
            mailbox=self.mailbox_statistics(now),
            in_hand=type(worker.message).__name__
            if worker is not None and waits
            else None,
            in_hand_age=now - worker.since if worker is not None and waits else None,
            tasks=host.count if host is not None else 0,
            children=children,
        )
