"""The hub: what all cells and workers of one system share.

The ready queue, the spare workers, the counters, the pools.  A cell that gets work
appends itself to `ready` and, if nobody drains it (`asleep`), calls `wake`.  Knows
neither cells nor workers, only that a worker has a task: `spawn` is given by the
system.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import trio
from trio.lowlevel import checkpoint

from actors.events import DeadLetter, DeadLetterReason, DeadLetters, Event, Events
from actors.messages import Parking
from actors.ref import AnyRef
from actors.snapshot import Late

from .timers import Timers

SPARE_DEQUES = 256
SPARE_LISTS = 4096
SPARE_WORKERS = 256
CALLED_AT_ONCE = 128  # workers, when one cell after the other suspends
SCHEDULE_EVERY = 63  # a mask: every 64th tell or inline ask is a schedule point


class TaskHolder(Protocol):
    """A worker, as the hub and the cells see it."""

    task: trio.lowlevel.Task
    cell: Any
    phase: str
    message: Any
    since: float
    suspended: bool
    asking: Any

    def cancel(self) -> None:
        """Cancel what the held cell awaits."""


class Hub:
    """One per system; a bag of shared state with three verbs."""

    __slots__ = (
        "ask_within",
        "asked",
        "asleep",
        "broken",
        "called",
        "careful",
        "closing",
        "crashes",
        "cut",
        "dead_letters",
        "debug",
        "deques",
        "ended",
        "events",
        "flush_due",
        "fresh",
        "giving_way",
        "handled",
        "holders",
        "inbox",
        "interrupt",
        "late",
        "late_replies",
        "lists",
        "names",
        "notes",
        "now",
        "nursery",
        "parkings",
        "pausing",
        "ready",
        "restarts",
        "sends",
        "spares",
        "spawn",
        "started",
        "suspending",
        "thread",
        "tick",
        "timers",
        "token",
        "traced",
        "wake",
        "woken",
        "workers",
    )

    def __init__(
        self, *, debug: bool, dead_letters: int, ask_within: float | None = None
    ) -> None:
        self.ask_within = ask_within  # of an ask that does not say
        self.ready: deque[Any] = deque()  # cells with work, each at most once
        self.asleep = True  # nobody drains `ready`: who appends must wake
        self.pausing = False  # asleep, but only until a worker has its next slice
        self.spares: list[TaskHolder] = []  # parked workers
        self.called = 0  # workers that are on their way to the ready queue
        self.suspending = 1  # how many are called when a cell suspends
        self.workers: dict[trio.lowlevel.Task, TaskHolder] = {}
        # {what holds the nursery of a cell's child tasks: the cell}
        self.holders: dict[trio.lowlevel.Task, Any] = {}
        self.deques: list[deque[Any]] = []  # empty ones, for the next mailbox
        # empty lists that never held more than one, for the next message to a cell at
        # rest: a fresh one each would also bring a garbage collection every 700
        self.lists: deque[list[Any]] = deque(maxlen=SPARE_LISTS)
        self.parkings: list[Parking] = []  # free ones, for the next ask
        self.inbox: deque[tuple[Any, Any]] = deque()  # (cell, message) of other threads
        self.flush_due = False
        # Trio's clock, without the look at the thread's run that `current_time` takes
        self.now: Callable[[], float] = trio.lowlevel.current_clock().current_time
        self.tick = self.now()  # when a slice began
        self.asked: Any = None  # the child about which its owner is just being asked
        self.sends = self.names = 0
        # tasks that could run and have not yet:
        self.giving_way = 0  # askers at their schedule point
        self.woken = 0  # by an answer, or by room in a mailbox
        self.handled = self.started = self.ended = self.restarts = 0
        self.crashes = self.late_replies = 0
        self.timers = Timers(self._timer_failed)
        self.events = Events()
        self.thread = self.events.thread  # that of Trio: no other may come in
        self.dead_letters = DeadLetters(dead_letters)
        self.late: list[Late] | None = None  # who was late, once the system stops
        # what rooms above remember of this system, {whose: what}; Any: theirs to know
        self.notes: dict[Any, Any] = {}
        # called in the new context of each actor, which is a copy of its owner's
        self.fresh: Callable[[], object] | None = None
        self.traced = False
        self.debug = debug
        self.careful = debug  # or traced: every message goes the long way in
        self.closing = False
        self.cut = False  # the total deadline of the stop is over
        self.token = trio.lowlevel.current_trio_token()
        self.nursery: trio.Nursery
        self.spawn: Callable[[], None]
        self.wake: Callable[[], None]  # get a worker for the ready queue
        self.broken: Callable[[BaseException], None]
        self.interrupt: Callable[[BaseException], None]

    def check_thread(self, what: str) -> None:
        """Refuse a call that comes from another thread than Trio's.

        Raises:
            WrongThreadError: it does.
        """
        self.events.check_thread(what)

    def _timer_failed(self, error: BaseException) -> None:
        self.broken(error)

    def hand_over(self) -> None:
        """A worker has become a cell's task: others go on with the ready queue.

        One more comes if that was the exception.  If one cell after the other suspends,
        twice as many come each time: each of those that wait would else have to wait
        for a round of Trio's loop of its own.  Whoever then handles cells that do not
        suspend begins anew with one (`Worker`).
        """
        waiting = len(self.ready)
        if not waiting:
            self.asleep = True
            return
        for _ in range(min(waiting, self.suspending) - self.called):
            self.wake()
        self.suspending = min(2 * self.suspending, CALLED_AT_ONCE)

    async def give_way(self) -> None:
        """A schedule point: slices are short until the caller has its turn."""
        self.giving_way += 1
        try:
            await checkpoint()
        finally:
            self.giving_way -= 1

    def recycle(self, queue: Any) -> None:
        """Keep an empty deque for the next mailbox."""
        if len(self.deques) < SPARE_DEQUES:
            self.deques.append(queue)

    def publish(self, event: Event) -> None:
        """Publish, for callers that have looked at `events.wanted`."""
        self.events.publish(event)

    def dead_letter(self, ref: AnyRef, message: Any, reason: DeadLetterReason) -> None:
        """Record a message that no actor will handle."""
        now = self.now()
        self.dead_letters.add(now, ref, message, reason)
        if DeadLetter in self.events.wanted:
            self.events.publish(DeadLetter(now, ref, message, reason))

    def flush_inbox(self) -> None:
        """Deliver what other threads have sent; called by Trio, in its thread."""
        # the flag goes down first: who appends from now on asks for a flush again
        self.flush_due = False
        inbox = self.inbox
        for _ in range(len(inbox)):
            cell, message = inbox.popleft()
            cell.tell_or_bury(message)
