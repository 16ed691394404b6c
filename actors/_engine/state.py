"""The seat of an actor: what a cell is made of, and its place in the tree.

A cell is small, because a million of them is ordinary: what few actors need lives in
`Rare`, made when first needed.  The invariants that everything rests on:

- `queue is None` if and only if the cell is *at rest*: no message, no worker, not in
  the ready queue, nothing to attend to.  Only then does a sender put it on the ready
  queue.
- `attention` is not 0 if and only if the fast way through messages is not enough.
- `closed` and an empty queue mean that the incarnation is to end.
- The queue is a `list` until two messages wait in it at once, then a `deque`: most
  mailboxes never hold more than one, and an empty deque takes 600 bytes.  Appending is
  the same for both; `grown_queue` is for whoever takes from the front.
- `room` is the depth below which a sender may append without a thought; below 0 it
  sends every sender the slow way (closed, suspended, traced, or a policy that looks).

Layers: this file holds the fields; `inbox.py` how messages come in,
`life.py` how they are asked to end, `owning.py` what an owner is told,
`starting.py`, `ending.py` and `following.py` how incarnations begin, end and
follow each other, `cell.py` the rest.
"""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

import trio

from actors.actor import Actor
from actors.exits import Exit
from actors.mailbox import LatestQueue
from actors.messages import Ticket
from actors.ref import ActorRef

from .hub import Hub, TaskHolder
from .seat import Props
from .timers import Timer

# state
ALIVE: Final = 0  # starting, idle, handling, or draining after a stop
ENDING: Final = 1  # the incarnation ends: tasks, children, `stopped`
HELD: Final = 2  # ended, and the owner has not decided yet
ENDED: Final = 3  # for good

# attention
START: Final = 1  # run `started` first
SPECIAL: Final = 2  # entries in the queue that need bookkeeping
SENDERS: Final = 4  # somebody waits for room
CONTROL: Final = 8  # the control lane is not empty
FAIL: Final = 16  # the incarnation must end now: crashed or killed
RESUME: Final = 32  # the owner has decided

STAMPED: Final = -2  # `room` while a worker holds the cell suspended, and else plain
STAMP_SECONDS: Final = 0.001  # how exact the stamps are
MANY_STAMPS: Final = 64

_LIST: Any = list  # Any: a checker would lose its type arguments


class Entry:
    """A queued message that needs bookkeeping: an ask, a timer's tick, a traced one."""

    __slots__ = ("message", "number", "tick", "ticket")

    def __init__(
        self, message: Any, ticket: Ticket | None = None, tick: Any = None
    ) -> None:
        self.message = message
        self.ticket = ticket
        self.tick = tick
        self.number = 0  # in the trace; 0 if not traced


class Own:
    """A message of the house's own to one of its actors: nobody's to lose.

    So it is never a dead letter, nor told to `undelivered`.
    """

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __repr__(self) -> str:
        return f"<{self._what}>"


GO: Final = Own("go")
"""What a piece of work is told, once, when it is to begin."""


class Sender:
    """A task that waits for room, or a tick that does (no task)."""

    __slots__ = ("admitted", "entry", "error", "gone", "task")

    def __init__(self, task: trio.lowlevel.Task | None, entry: Any) -> None:
        self.task = task
        self.entry = entry
        self.gone = False
        self.admitted = False
        self.error: BaseException | None = None


class TaskHost:
    """The nursery of an incarnation's child tasks, open while there are any."""

    def __init__(self) -> None:
        self.cancelled = False
        self.nursery: trio.Nursery | None = None
        self.waiting: list[tuple[Any, tuple[Any, ...]]] = []  # until it is open
        self.count = 0
        self.failing = False  # a task has crashed
        self.crash: Exception | None = None  # the first one, until it is reported
        self.done = trio.Event()

    def cancel(self) -> None:
        """Cancel its tasks, also those that have not begun."""
        self.cancelled = True
        if self.nursery is not None:
            self.nursery.cancel_scope.cancel()


class Rare:
    """What few cells need; defaults live in the class, so an empty one is small."""

    control: deque[Any] | None = None  # Notice or ChildEnded, first come first served
    senders: deque[Sender] | None = None
    senders_gone = 0  # of these, how many wait no more
    dropped = 0  # messages taken out to be dropped, never handled
    special = 0  # Entry objects in the queue
    accepted = 0  # messages numbered so far, when traced
    held: set[Ticket] | None = None  # begun, not answered
    stash: list[Any] | None = None
    stashed: tuple[int, Any] | None = None  # the latest: in which turn, what
    watchers: dict[Any, Any] | None = None  # {watching cell: its message or None}
    watching: dict[Any, Any] | None = None  # {watched cell: message or None}
    timers: dict[Any, Any] | None = None  # {key or the tick itself: tick}
    names: dict[str, Any] | None = None  # {name: child}
    host: TaskHost | None = None
    incarnation = 1
    path: str | None = None  # once asked for
    errors: list[BaseException] | None = None  # crashes while ending
    killed = False  # kill came while ending
    retired = False  # never restart: somebody asked to stop meanwhile
    halting = False  # FAIL is up, but what it awaits is not cancelled yet
    unready = 0  # it will say itself when it is ready: see `starting`
    info: object = None  # what it gave to `report_ready`
    stillborn = False  # the constructor failed: the old object has said its `stopped`
    decision: Any = None
    grace_timer: Timer | None = None
    hook_scope: trio.CancelScope | None = None
    started: trio.Event | None = None
    ended: trio.Event | None = None
    marks: deque[tuple[int, float]] | None = None  # (n, t): those after n came from t


class CellState(ActorRef[Any]):
    """The fields."""

    __slots__ = (
        "actor",
        "args",
        "attention",
        "closed",
        "context",
        "given",
        "handled",
        "high_water",
        "hub",
        "next",
        "owner",
        "pending_exit",
        "previous",
        "props",
        "queue",
        "rare",
        "room",
        "since",
        "state",
        "worker",
        "youngest",
    )

    def __init__(
        self,
        hub: Hub,
        owner: Any,
        props: Props,
        args: tuple[Any, ...],
        name: str | int | None,
        context: contextvars.Context,
    ) -> None:
        self.hub = hub
        self.owner = owner  # the owning cell; None for the root
        self.props = props
        self.args = args
        self.given = name  # its name; a number, once asked for, if it was given none
        self.context: contextvars.Context = context
        self.actor: Actor[Any]
        # Any: a list, a deque or a LatestQueue, told apart where it matters
        self.queue: Any = None
        self.previous: CellState | None
        self.next: CellState | None
        self.youngest: Any = None  # of its children; older ones by `previous`
        self.room = -1 if hub.traced else props.room
        self.attention: int = 0
        self.worker: TaskHolder | None = None  # who handles its messages just now
        self.state: int = ALIVE
        self.closed: bool = False  # takes no more messages
        self.handled: int = 0  # messages taken out of the queue
        self.high_water: int = 0
        self.since: float = 0.0  # the clock when it last left rest
        self.rare: Rare | None = None
        self.pending_exit: Exit | None = None  # why the incarnation is to end, or did
        hub.started += 1

    @property
    def path(self) -> str:
        rare = self.rare
        if rare is not None and rare.path is not None:
            return rare.path
        names: list[str] = []
        cell = self
        while cell.owner is not None:
            names.append(cell.name)
            cell = cell.owner
        path = "/" + "/".join(reversed(names))
        if rare is not None:
            rare.path = path
        return path

    @property
    def name(self) -> str:
        name = self.given
        if type(name) is str:
            return name
        if name is None:
            hub = self.hub
            hub.names = name = self.given = hub.names + 1
        return f"{self.props.label}-{name}"

    @property
    def root_closed(self) -> bool:
        """The system is stopping."""
        return self.owner is None and self.closed

    @property
    def exit(self) -> Exit | None:
        return self.pending_exit if self.state == ENDED else None

    @property
    def incarnation(self) -> int:
        """Counts its lives, from 1."""
        return self.rare.incarnation if self.rare is not None else 1

    def __repr__(self) -> str:
        return f"<ActorRef {self.path}>"

    def need_rare(self) -> Rare:
        """Its `Rare`, made now if need be."""
        rare = self.rare
        if rare is None:
            rare = self.rare = Rare()
        return rare

    def children(self) -> Iterator[Any]:
        """Its children, the youngest first."""
        child = self.youngest
        while child is not None:
            older = child.previous
            yield child
            child = older

    def link(self, child: CellState) -> None:
        """Make it the youngest child."""
        youngest = self.youngest
        child.previous = youngest
        child.next = None
        if youngest is not None:
            youngest.next = child
        self.youngest = child
        if type(child.given) is str:
            rare = self.need_rare()
            if rare.names is None:
                rare.names = {}
            rare.names[child.given] = child

    def unlink(self, child: CellState) -> None:
        """Forget a child that has ended."""
        older, younger = child.previous, child.next
        if younger is None:
            self.youngest = older
        else:
            younger.previous = older
        if older is not None:
            older.next = younger
        child.previous = child.next = None
        if type(child.given) is str:
            names = self.need_rare().names
            assert names is not None
            del names[child.given]

    def move(self, child: CellState, younger: CellState) -> None:
        """Make one child the next older of another."""
        older, next_younger = child.previous, child.next
        if next_younger is None:
            self.youngest = older
        else:
            next_younger.previous = older
        if older is not None:
            older.next = next_younger
        child.previous, child.next = younger.previous, younger
        if younger.previous is not None:
            younger.previous.next = child
        younger.previous = child

    def new_queue(self) -> Any:
        """An empty queue for a cell that leaves its rest: see the top of this file."""
        key = self.props.mailbox.key
        return [] if key is None else LatestQueue()

    def leave_rest(self) -> Any:
        """From at rest to the ready queue.  The caller has seen `queue is None`."""
        hub = self.hub
        queue = self.queue = self.new_queue()
        hub.ready.append(self)
        if hub.asleep:
            hub.wake()
        self.since = hub.tick
        return queue

    def grown_queue(self) -> Any:
        """The queue as one that can be taken from at the front."""
        queue = self.queue
        if type(queue) is not _LIST:
            return queue
        spare = self.hub.deques
        grown: deque[Any] = spare.pop() if spare else deque()
        grown.extend(queue)
        queue.clear()  # a worker may have it in hand
        self.queue = grown
        return grown

    def attend_to(self, flag: int) -> None:
        """Raise a flag, and see that a worker comes to look."""
        self.attention |= flag
        if self.queue is None:
            self.leave_rest()

    def open_room(self) -> None:
        """Set `room` to what it is for a cell that nobody holds suspended."""
        closed = self.closed or self.hub.traced
        self.room = -1 if closed else self.props.room

    def stamp(self) -> None:
        """Note that messages which come from here on came now, or later."""
        now = self.hub.now()
        rare = self.need_rare()
        marks = rare.marks
        if marks is None:
            marks = rare.marks = deque()
        elif marks and now < marks[-1][1] + STAMP_SECONDS:
            return
        elif len(marks) > MANY_STAMPS:
            self.prune_marks()
        marks.append((self.handled + rare.dropped + len(self.queue), now))

    def prune_marks(self) -> None:
        """Move `since` up to the latest mark before the oldest queued message."""
        marks = self.rare.marks if self.rare is not None else None
        while marks and marks[0][0] <= self.handled + self.need_rare().dropped:
            self.since = marks.popleft()[1]
