"""What a cell has: its fields, and the invariants that everything rests on.

A cell is small, because a million of them is ordinary: what few actors need lives in
`Rare`, made when first needed, and so do the parts in there.

- `queue is None` if and only if the cell is *at rest*: no message, no worker, not in
  the ready queue, nothing to attend to.  Only then does a sender put it on the ready
  queue.
- `attention` is not 0 if and only if the fast way through messages is not enough.
- `closed` and an empty queue mean that the incarnation is to end.
- The queue is a `list` until two messages wait in it at once, then a `deque`: most
  mailboxes never hold more than one, and an empty deque takes 600 bytes.  Appending is
  the same for both; `grown_queue` is for whoever takes from the front.
- `room` is the depth below which a sender may append without a thought; below 0 it
  sends every sender the slow way (closed, suspended, traced, debugged, or a policy
  that looks).
"""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

import trio

from actors._engine.hub import Hub, TaskHolder
from actors._engine.parts.ages import Ages
from actors._engine.parts.children import youngest_first
from actors._engine.parts.life import ALIVE, ENDED
from actors._engine.parts.notices import Lane
from actors._engine.parts.senders import Senders
from actors._engine.parts.stash import Stash
from actors._engine.parts.tasks import Tasks
from actors._engine.parts.ticks import Ticks
from actors._engine.parts.watches import Watches
from actors._engine.seat import Props
from actors._engine.timers import Timer
from actors.actor import Actor
from actors.exits import Decision, Exit
from actors.mailbox import LatestQueue
from actors.messages import Ticket
from actors.ref import ActorRef

# attention
START: Final = 1  # run `started` first
SPECIAL: Final = 2  # entries in the queue that need bookkeeping
SENDERS: Final = 4  # somebody waits for room
CONTROL: Final = 8  # the control lane is not empty
FAIL: Final = 16  # the incarnation must end now: crashed, killed or halted
RESUME: Final = 32  # the owner has decided

STAMPED: Final = -2  # `room` while a worker holds the cell suspended, and else plain

_LIST: Any = list  # Any: a checker would lose its type arguments


class Rare:
    """What few cells need; defaults live in the class, so an empty one is small."""

    # parts
    control: Lane | None = None
    senders: Senders | None = None
    stash: Stash | None = None
    watches: Watches | None = None
    ticks: Ticks | None = None
    tasks: Tasks | None = None
    ages: Ages | None = None
    names: dict[str, Any] | None = None  # {name: child}
    # begun, not answered: {ticket: what sees that its request is dropped}
    held: dict[Ticket, object] | None = None
    # counters
    dropped = 0  # messages taken out to be dropped, never handled
    special = 0  # Entry objects in the queue
    accepted = 0  # messages numbered so far, when traced
    # its life
    incarnation = 1
    path: str | None = None  # once asked for
    errors: list[BaseException] | None = None  # crashes while ending
    killed = False  # kill came while ending
    retired = False  # never restart: somebody asked to stop meanwhile
    halting = False  # FAIL is up, but what it awaits is not cancelled yet
    unready = 0  # it will say itself when it is ready: see `beginning`
    info: object = None  # what it gave to `report_ready`
    stillborn = False  # the constructor failed: the old object has said its `stopped`
    decision: Decision | None = None
    grace_timer: Timer | None = None
    hook_scope: trio.CancelScope | None = None
    started: trio.Event | None = None
    ended: trio.Event | None = None
    last_exit: Exit | None = None  # for who waits for `ended`
    kept: Any = None  # what an incarnation leaves for those to come


class Fields(ActorRef[Any]):
    """The fields, and the few steps that keep the invariants."""

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

    # Any: owner, children and neighbours are cells, whose room stands above this one
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
        self.previous: Any
        self.next: Any
        self.youngest: Any = None
        self.room = -1 if hub.careful else props.room
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
    def exit(self) -> Exit | None:
        return self.pending_exit if self.state == ENDED else None

    @property
    def incarnation(self) -> int:
        """Counts its lives, from 1."""
        return self.rare.incarnation if self.rare is not None else 1

    def __repr__(self) -> str:
        return f"<ActorRef {self.path}>"

    def children(self) -> Iterator[Any]:
        """Its children, the youngest first."""
        return youngest_first(self)

    def need_rare(self) -> Rare:
        """Its `Rare`, made now if need be."""
        rare = self.rare
        if rare is None:
            rare = self.rare = Rare()
        return rare

    def new_queue(self) -> Any:
        """An empty queue for a cell that leaves its rest: see the top of this file."""
        if self.props.mailbox.key is not None:
            return LatestQueue()
        lists = self.hub.lists
        return lists.pop() if lists else []

    def leave_rest(self) -> Any:
        """From at rest to the ready queue.  The caller has seen `queue is None`."""
        hub = self.hub
        if hub.asleep:
            hub.wake()  # first: in another thread it raises, and nothing has changed
        queue = self.queue = self.new_queue()
        hub.ready.append(self)
        self.since = hub.tick
        return queue

    def be_ready(self) -> None:
        """To the ready queue, not being at rest and held by no worker."""
        hub = self.hub
        if hub.asleep:
            hub.wake()
        hub.ready.append(self)

    def rest_or_ready(self) -> None:
        """After a turn outside of a worker: to rest, or to the ready queue."""
        if self.queue or self.attention or self.closed:
            self.be_ready()
        else:
            self.queue = None

    def attend_to(self, flag: int) -> None:
        """Raise a flag, and see that a worker comes to look."""
        self.attention |= flag
        if self.queue is None:
            self.leave_rest()

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

    def ticket_closed(self, ticket: Ticket) -> None:
        """A request in this actor's care has met its end."""
        rare = self.rare
        if rare is not None and rare.held is not None:
            rare.held.pop(ticket, None)

    def ticket_late(self) -> None:
        """An answer came after the asker had left."""
        self.hub.late_replies += 1

    def open_room(self) -> None:
        """Set `room` to what it is for a cell that nobody holds suspended."""
        closed = self.closed or self.hub.careful
        self.room = -1 if closed else self.props.room
